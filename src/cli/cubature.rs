//! `ferrom cubature`.

use super::Answer;
use super::args::{Cubature, EcmMode};
use crate::error::{Error, Kind, Result};
use crate::report::Table;
use crate::stages::{Context, CubatureOptions, cubature};

pub(super) fn run(cx: &Context, args: &Cubature) -> Result<Answer> {
    let options = CubatureOptions {
        tolerance: args.tol,
        exchange: args.exchange,
        global: matches!(args.method, EcmMode::Global),
        max_points: args.max_points,
        memory_limit: args.memory_limit.map(|b| b.0 as usize),
    };
    let r = cubature(cx, &args.file, &options, args.output.as_deref())?;
    let mut table = Table::new(&["cubature", ""]);
    let mut row = |name: &str, value: String| table.row(&[name.to_owned(), value]);
    row("integrands x points", format!("{} x {}", r.integrands, r.candidates));
    row("points chosen", r.points.to_string());
    row("relative error of the integrals", format!("{:.1e} ({})", r.error, r.stop));
    row("sum of weights / volume - 1", format!("{:.1e}", r.weight_defect));
    row("smallest weight / volume", format!("{:.1e}", r.least_weight / r.volume));
    cx.say(table);
    let json = serde_json::to_value(&r).map_err(|e| Error::run(e.to_string()))?;
    let mut answer = Answer::new(json);
    if !r.converged {
        let text = format!(
            "the cubature stopped at a relative error of {:.2e}, above {:e}: {}",
            r.error, args.tol, r.stop
        );
        answer.verdict = Err(Error::new(Kind::Tolerance, text));
    }
    Ok(answer)
}
