//! `ferrom train`.

use super::Answer;
use super::args::Train;
use super::online::adaptive_options;
use crate::config::read_case;
use crate::error::{Error, Kind, Result};
use crate::parallel::agree;
use crate::report::Table;
use crate::stages::{Context, train};

pub(super) fn run(cx: &Context, args: &Train) -> Result<Answer> {
    let cases = agree(cx.comm, args.cases.iter().map(|p| read_case(p)).collect::<Result<Vec<_>>>())?;
    let options = adaptive_options(&args.watch, &[]);
    let report = train(cx, &args.model, &cases, &options, &args.output)?;
    let mut table = Table::new(&["case", "bound of the error", "high-fidelity steps"]);
    for (case, bound) in &report.bounds {
        let steps: usize = report.trained.iter().filter(|t| t.case == *case).map(|t| t.steps).sum();
        table.row(&[case.display().to_string(), format!("{bound:.1e}"), steps.to_string()]);
    }
    cx.say(table);
    cx.say(format_args!("{} high-fidelity steps; model written to {}", report.steps, args.output.display()));
    let verdict = if report.complete {
        Ok(())
    } else {
        Err(Error::new(
            Kind::Tolerance,
            format!(
                "after {} high-fidelity steps some cases still ask for more; the model so far is in {}; raise \
                 --max-enrichments or --error-tol",
                report.steps,
                args.output.display()
            ),
        ))
    };
    let json = serde_json::to_value(&report).map_err(|e| Error::run(e.to_string()))?;
    Ok(Answer { json, verdict })
}
