//! `ferrom export`.

use super::Answer;
use super::args::{Export, ExportFormat};
use crate::error::Result;
use crate::stages::{Context, export_zset};

pub(super) fn run(cx: &Context, args: &Export) -> Result<Answer> {
    let times = match args.format {
        ExportFormat::Zset => export_zset(cx, &args.run, &args.output)?,
    };
    cx.say(format_args!("{times} times written to {}", args.output.display()));
    Ok(Answer::new(serde_json::json!({"times": times, "output": args.output})))
}
