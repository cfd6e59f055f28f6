//! `ferrom online`.

use super::args::{Online, RebuildBy, Watch};
use super::{Answer, write_figure};
use crate::config::{Case, read_case};
use crate::error::{Error, Kind, Result};
use crate::parallel::agree;
use crate::rom::calibration::LEAST;
use crate::stages::{AdaptiveOptions, Context, Rebuild, adaptive, online};

pub(super) fn run(cx: &Context, args: &Online) -> Result<Answer> {
    let case = agree(cx.comm, args.case.as_ref().map(|p| read_case(p)).transpose())?;
    let adjust = |case: &mut Case| {
        case.time.cycles = args.cycles.unwrap_or(case.time.cycles);
        case.online.tolerance = args.newton_tol.unwrap_or(case.online.tolerance);
    };
    let summary = online(cx, &args.model, case.as_ref(), adjust, &args.rebuild, &args.output)?;
    cx.say(format_args!(
        "{} increments, {} Newton iterations, {:.1} microseconds per increment; written to {}",
        summary.increments,
        summary.iterations,
        1e6 * summary.seconds / summary.increments.max(1) as f64,
        args.output.display()
    ));
    if let Some(file) = &args.figure {
        match &summary.history {
            Some(h) => write_figure(cx, file, || h.svg())?,
            None => cx.warn("the model does not rebuild p: there is no indicator to draw (--figure)"),
        }
    }
    let json = serde_json::to_value(&summary).map_err(|e| Error::run(e.to_string()))?;
    Ok(Answer::new(json))
}

pub(super) fn run_adaptive(cx: &Context, args: &Online) -> Result<Answer> {
    let case = agree(cx.comm, args.case.as_ref().map(|p| read_case(p)).transpose())?;
    let adjust = |case: &mut Case| {
        case.time.cycles = args.cycles.unwrap_or(case.time.cycles);
        case.online.tolerance = args.newton_tol.unwrap_or(case.online.tolerance);
    };
    let options = adaptive_options(&args.watch, &args.rebuild);
    let summary = adaptive(cx, &args.model, case.as_ref(), adjust, &options, &args.output)?;
    cx.say(format_args!(
        "{} of {} increments were high-fidelity steps; {} modes, {} points; written to {}",
        summary.enriched.len(),
        summary.increments,
        summary.modes,
        summary.points,
        args.output.display()
    ));
    let json = serde_json::to_value(&summary).map_err(|e| Error::run(e.to_string()))?;
    if let Some(file) = &args.figure {
        write_figure(cx, file, || summary.history.svg())?;
    }
    let verdict = match summary.stopped {
        Some(why) => Err(Error::new(Kind::Tolerance, why)),
        None => Ok(()),
    };
    Ok(Answer { json, verdict })
}

/// The options of an adaptive run.
pub(super) fn adaptive_options(w: &Watch, fields: &[String]) -> AdaptiveOptions {
    AdaptiveOptions {
        tolerance: w.error_tol,
        safety: LEAST,
        triggers: w.trigger.clone(),
        max_enrichments: w.max_enrichments,
        max_seconds: w.max_seconds,
        rebuild: match w.rebuild_by {
            RebuildBy::Replay => Rebuild::Replay,
            RebuildBy::Gappy => Rebuild::Gappy,
        },
        fields: fields.to_vec(),
        residual_every: w.residual_every,
        save: w.save_model.clone(),
    }
}
