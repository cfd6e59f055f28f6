//! `ferrom import`.

use super::Answer;
use super::args::Import;
use crate::config::read_case;
use crate::error::Result;
use crate::formats::calculix::is_deck;
use crate::parallel::agree;
use crate::stages::{Context, import};

pub(super) fn run(cx: &Context, args: &Import) -> Result<Answer> {
    let is_inp = args.results.extension().is_some_and(|e| e == "inp");
    let case_path = args.case.clone().or_else(|| is_inp.then(|| args.results.clone()));
    let case = agree(cx.comm, case_path.map(|p| read_case(&p)).transpose())?;
    let results = match is_inp {
        true if is_deck(&args.results) => args.results.with_extension("frd"),
        true => args.results.with_extension("ut"),
        false => args.results.clone(),
    };
    let times = import(cx, &results, case.as_ref(), &args.output)?;
    cx.say(format_args!("{times} times written to {}", args.output.display()));
    Ok(Answer::new(serde_json::json!({"times": times, "output": args.output})))
}
