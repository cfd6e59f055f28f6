//! `ferrom export`.

use super::Answer;
use super::args::{Export, ExportFormat};
use crate::error::Result;
use crate::stages::{self, Context, export};

pub(super) fn run(cx: &Context, args: &Export) -> Result<Answer> {
    let format = match args.format {
        ExportFormat::Zset => stages::ExportFormat::Zset,
        ExportFormat::Vtkhdf => stages::ExportFormat::Vtkhdf,
        ExportFormat::Calculix => stages::ExportFormat::Calculix(args.encoding),
    };
    let times = export(cx, &args.run, format, &args.output)?;
    cx.say(format_args!("{times} times written to {}", args.output.display()));
    Ok(Answer::new(serde_json::json!({"times": times, "output": args.output})))
}
