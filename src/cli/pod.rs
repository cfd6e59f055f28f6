//! `ferrom pod`.

use super::Answer;
use super::args::{Pod, PodMethodArg};
use crate::error::{Error, Result};
use crate::report::Table;
use crate::rom::pod::Method;
use crate::stages::{Context, PodOptions, pod};

pub(super) fn run(cx: &Context, args: &Pod) -> Result<Answer> {
    let options = PodOptions {
        dataset: args.dataset.clone(),
        tolerance: args.tol,
        method: args.method.map(|m| match m {
            PodMethodArg::Gram => Method::Gram,
            PodMethodArg::Tsqr => Method::Tsqr,
        }),
        max_modes: args.max_modes,
        memory_limit: args.memory_limit.map(|b| b.0 as usize),
    };
    let r = pod(cx, &args.file, &options, args.output.as_deref())?;
    let mut table = Table::new(&["decomposition", ""]);
    let mut row = |name: &str, value: String| table.row(&[name.to_owned(), value]);
    row("snapshots x values", format!("{} x {}", r.snapshots, r.values));
    row("modes", format!("{} ({}{})", r.modes, r.method, if r.streamed { ", streamed" } else { "" }));
    if let (Some(first), Some(last)) = (r.singular_values.first(), r.singular_values.last()) {
        row("singular values, first and last", format!("{first:.6e} {last:.6e}"));
    }
    row("largest projection error of a snapshot", format!("{:.1e}", r.projection_error));
    row("departure from orthonormality", format!("{:.1e}", r.orthogonality));
    cx.say(table);
    let json = serde_json::to_value(&r).map_err(|e| Error::run(e.to_string()))?;
    Ok(Answer::new(json))
}
