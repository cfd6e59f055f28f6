//! `ferrom train`: greedy training over load cases (method.md 3.4): the reduced model runs over all of them, the most
//! doubtful one first is mended by high-fidelity steps, until every bound is below the tolerance.

use super::{AdaptiveOptions, AdaptiveSummary, Context, adaptive};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::parallel::agree;
use std::path::{Path, PathBuf};

/// What training did with one case, in the order of the work.
#[derive(Debug, Clone, serde::Serialize)]
pub struct TrainedCase {
    /// The case's file.
    pub case: PathBuf,
    /// Largest bound of its error before, by the model of that moment.
    pub bound_before: f64,
    /// High-fidelity steps that it cost.
    pub steps: usize,
    /// Modes of the model afterwards.
    pub modes: usize,
}

/// What training did.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct TrainReport {
    /// Cases that cost high-fidelity steps, in that order.
    pub trained: Vec<TrainedCase>,
    /// Largest bound of every case by the final model.
    pub bounds: Vec<(PathBuf, f64)>,
    /// High-fidelity steps in all.
    pub steps: usize,
    /// Whether every case runs without a further high-fidelity step.
    pub complete: bool,
}

/// Trains `model` over `cases` and writes the result to `out`. `options.max_enrichments` is the budget of all cases
/// together.
///
/// # Errors
/// As [`adaptive`].
///
/// # Collective
pub fn train(
    cx: &Context,
    model: &Path,
    cases: &[Case],
    options: &AdaptiveOptions,
    out: &Path,
) -> Result<TrainReport> {
    if cases.is_empty() {
        return Err(Error::case("no case to train on was given"));
    }
    let mut report = TrainReport::default();
    let scratch = Scratch::beside(cx, model, out)?;
    let run = |model: &Path, case: &Case, budget: usize, save: Option<PathBuf>| -> Result<AdaptiveSummary> {
        let o = AdaptiveOptions { max_enrichments: budget, save, fields: Vec::new(), ..options.clone() };
        adaptive(cx, model, Some(case), |_| {}, &o, &scratch.run)
    };
    let mut current = model.to_owned();
    loop {
        // every case by the model as it is, without enrichment: how far it comes, and its largest bound
        let mut doubts = Vec::with_capacity(cases.len());
        for case in cases {
            let s = run(&current, case, 0, None)?;
            doubts.push((s.stopped.is_some(), s.reached / case.time.end(), s.bound));
        }
        report.bounds = cases.iter().zip(&doubts).map(|(c, d)| (c.path.clone(), d.2)).collect();
        // the most doubtful: the one that stops earliest; among equals the one with the largest bound
        let stops = (0..cases.len()).filter(|&i| doubts[i].0);
        let worst = stops
            .min_by(|&a, &b| doubts[a].1.total_cmp(&doubts[b].1).then(doubts[b].2.total_cmp(&doubts[a].2)));
        let Some(worst) = worst else {
            report.complete = true;
            break;
        };
        let left = options.max_enrichments.saturating_sub(report.steps);
        if left == 0 {
            break;
        }
        let s = run(&current, &cases[worst], left, Some(scratch.model.clone()))?;
        let steps = s.enriched.len();
        cx.say(format_args!(
            "{}: bound {:.1e}; {steps} high-fidelity steps, {} modes",
            cases[worst].path.display(),
            doubts[worst].2,
            s.modes
        ));
        report.steps += steps;
        report.trained.push(TrainedCase {
            case: cases[worst].path.clone(),
            bound_before: doubts[worst].2,
            steps,
            modes: s.modes,
        });
        scratch.keep(cx, out)?;
        current = out.to_owned();
        if steps == 0 {
            // the case cannot be mended further: another round would do the same
            break;
        }
    }
    if current == model {
        copy(cx, model, out)?;
    }
    Ok(report)
}

/// Files of the work, removed at the end.
struct Scratch {
    run: PathBuf,
    model: PathBuf,
    root: bool,
}

impl Scratch {
    fn beside(cx: &Context, model: &Path, out: &Path) -> Result<Scratch> {
        super::check_output(cx.comm, out, &[model])?;
        let name = |what: &str| {
            let stem = out.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            out.with_file_name(format!(".{stem}.{what}.h5"))
        };
        Ok(Scratch { run: name("run"), model: name("model"), root: cx.comm.is_root() })
    }

    /// The model of the last round becomes the result.
    fn keep(&self, cx: &Context, out: &Path) -> Result<()> {
        let moved = if self.root { std::fs::rename(&self.model, out) } else { Ok(()) };
        agree(cx.comm, moved.map_err(|e| Error::run(format!("{}: cannot be written ({e})", out.display()))))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.root {
            let _ = std::fs::remove_file(&self.run);
            let _ = std::fs::remove_file(&self.model);
        }
    }
}

fn copy(cx: &Context, from: &Path, to: &Path) -> Result<()> {
    let copied = if cx.comm.is_root() && from != to { std::fs::copy(from, to).map(drop) } else { Ok(()) };
    agree(cx.comm, copied.map_err(|e| Error::run(format!("{}: cannot be written ({e})", to.display()))))
}
