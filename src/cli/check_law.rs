//! `ferrom check-law`.

use super::Answer;
use super::args::CheckLaw;
use crate::config::read_case;
use crate::error::{Error, Kind, Result};
use crate::material::check::{CheckOptions, LawReport};
use crate::parallel::agree;
use crate::report::Table;
use crate::stages::{Context, LawCheck, check_law};

pub(super) fn run(cx: &Context, args: &CheckLaw) -> Result<Answer> {
    let case = agree(cx.comm, read_case(&args.case))?;
    let wanted = LawCheck {
        material: args.material.clone(),
        temperature: match args.temperature.as_deref() {
            None => None,
            Some(&[low, high]) => Some((low, high)),
            Some(_) => return Err(Error::case("--temperature takes two numbers, --temperature LOW,HIGH")),
        },
        dt: args.step,
        options: CheckOptions {
            paths: args.paths,
            steps: args.steps,
            strain: args.strain,
            seed: args.seed,
            tolerance: args.tol,
            ..CheckOptions::default()
        },
    };
    let reports = check_law(cx.comm, &case, &wanted)?;
    let mut all = serde_json::Map::new();
    for (name, law, report) in &reports {
        cx.say(format_args!("material '{name}', law '{law}'\n{}", table(report)));
        report.findings.iter().for_each(|f| cx.warn(format_args!("material '{name}': {f}")));
        let mut json = serde_json::to_value(report)
            .map_err(|e| Error::run(format!("the report could not be written as JSON: {e}")))?;
        json["law"] = law.clone().into();
        all.insert(name.clone(), json);
    }
    let bad: Vec<&str> = reports.iter().filter(|r| !r.2.findings.is_empty()).map(|r| r.0.as_str()).collect();
    let verdict = match bad.as_slice() {
        [] => Ok(()),
        names => Err(Error::new(
            Kind::Tolerance,
            format!("{}: the law of {} has faults, told above", args.case.display(), names.join(", ")),
        )),
    };
    let verdict = agree(cx.comm, verdict);
    Ok(Answer { json: serde_json::json!({ "materials": all }), verdict })
}

fn table(r: &LawReport) -> Table {
    let mut table = Table::new(&["check", "found", "of steps"]);
    let mut row = |what: &str, found: String, of: String| table.row(&[what.to_owned(), found, of]);
    let ratio = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.1e}"));
    row("steps taken", r.steps.to_string(), String::new());
    row("shorter than asked for", r.shortened.to_string(), r.steps.to_string());
    row("refused", r.refused.to_string(), r.steps.to_string());
    row("values not finite", r.not_finite.to_string(), r.steps.to_string());
    row("error of the tangent", format!("{:.1e}", r.tangent.error), r.tangent.judged.to_string());
    row("tangent not to be judged", r.tangent.rough.to_string(), r.steps.to_string());
    row("asymmetry of the tangent", format!("{:.1e}", r.asymmetry), r.steps.to_string());
    row("least work of closed cycles", ratio(r.cycle_work), String::new());
    row("of small closed cycles", ratio(r.small_cycle_work), String::new());
    row("dependence on the batch", ratio(r.batch), String::new());
    row("ns per point", format!("{:.0}", r.nanoseconds), String::new());
    r.remarks.iter().for_each(|t| table.note(t.clone()));
    table
}
