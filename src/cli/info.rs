//! `ferrom info`.

use super::Answer;
use super::args::Info;
use crate::error::Result;
use crate::stages::{Context, describe};

pub(super) fn run(cx: &Context, args: &Info) -> Result<Answer> {
    let json = describe(cx.comm, &args.file)?;
    cx.say(format_args!("{}\n{json:#}", args.file.display()));
    Ok(Answer::new(json))
}
