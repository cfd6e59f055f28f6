//! `ferrom partition`.

use super::Answer;
use super::args::Partition;
use crate::error::{Error, Result};
use crate::parallel::agree;
use crate::stages::{Context, partition};
use std::path::PathBuf;

pub(super) fn run(cx: &Context, args: &Partition) -> Result<Answer> {
    let out = args.output.clone().unwrap_or_else(|| {
        let stem = args.mesh.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        PathBuf::from(format!("{stem}-{}.h5", args.parts))
    });
    if args.parts == 0 {
        return Err(Error::case("0 subdomains were asked for; give at least 1"));
    }
    // the work of one rank: the others wait for its verdict
    let done = if cx.comm.is_root() { partition(&args.mesh, args.parts, &out) } else { Ok(Vec::new()) };
    let sizes = agree(cx.comm, done)?;
    cx.say(format_args!("{} subdomains of {sizes:?} elements written to {}", args.parts, out.display()));
    Ok(Answer::new(serde_json::json!({"parts": args.parts, "elements": sizes, "output": out})))
}
