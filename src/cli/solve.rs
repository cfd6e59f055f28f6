//! `ferrom solve`.

use super::Answer;
use super::args::Solve;
use crate::config::{Case, read_case};
use crate::error::{Error, Result};
use crate::parallel::agree;
use crate::stages::{Context, solve};

pub(super) fn run(cx: &Context, args: &Solve) -> Result<Answer> {
    let case = agree(cx.comm, read_case(&args.case).and_then(|c| adjust(c, args)))?;
    let report = solve(cx, &case, &args.output)?;
    cx.say(format_args!(
        "{} increments, {} Newton iterations, {:.2} s in the steps; written to {}",
        report.increments,
        report.iterations,
        report.seconds,
        args.output.display()
    ));
    let json = serde_json::to_value(&report).map_err(|e| Error::run(e.to_string()))?;
    Ok(Answer::new(json))
}

fn adjust(mut case: Case, args: &Solve) -> Result<Case> {
    if let Some(mesh) = &args.mesh {
        case.mesh = Some(mesh.clone());
    }
    if let Some(q) = &args.quantities {
        case.output.quantities.clone_from(q);
    }
    if let Some(t) = args.newton_tol {
        case.solver.tolerance = t;
    }
    let words: Vec<&str> = args.petsc.as_deref().unwrap_or("").split_whitespace().collect();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(key) = word.strip_prefix('-').filter(|k| k.starts_with(|c: char| c.is_ascii_alphabetic()))
        else {
            return Err(Error::case(format!("--petsc: '{word}' is not an option; write \"-name value\"")));
        };
        let is_value =
            |w: &&str| !w.starts_with('-') || w[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let value = words.next_if(is_value).unwrap_or("");
        case.solver.petsc.insert(key.to_owned(), value.to_owned());
    }
    case.check()?;
    Ok(case)
}
