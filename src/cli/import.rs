//! `ferrom import`.

use super::Answer;
use super::args::Import;
use crate::config::{Case, read_case};
use crate::error::{Kind, Result};
use crate::formats::calculix::is_deck;
use crate::parallel::agree;
use crate::stages::{Context, import};
use std::path::Path;

pub(super) fn run(cx: &Context, args: &Import) -> Result<Answer> {
    let is_inp = args.results.extension().is_some_and(|e| e == "inp");
    let case_path = args.case.clone().or_else(|| is_inp.then(|| args.results.clone()));
    let case = agree(cx.comm, case_path.map(|p| read_case(&p)).transpose())?;
    let case = match case {
        None if args.results.extension().is_some_and(|e| e == "rst") => of_results(cx, &args.results)?,
        case => case,
    };
    let results = match is_inp {
        true if is_deck(&args.results) => args.results.with_extension("frd"),
        true => args.results.with_extension("ut"),
        false => args.results.clone(),
    };
    let times = import(cx, &results, case.as_ref(), &args.output)?;
    cx.say(format_args!("{times} times written to {}", args.output.display()));
    Ok(Answer::new(serde_json::json!({"times": times, "output": args.output})))
}

/// The case that results of Ansys tell; where they do not tell all of it, a warning says what is missing.
fn of_results(cx: &Context, results: &Path) -> Result<Option<Case>> {
    match agree(cx.comm, read_case(results)) {
        Ok(case) => Ok(Some(case)),
        Err(e) if e.kind == Kind::Case => {
            cx.warn(format_args!("{e}: imported without a case, which `ferrom offline` will ask for (-c)"));
            Ok(None)
        }
        Err(e) => Err(e),
    }
}
