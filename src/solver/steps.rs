//! Step control: an increment is taken whole, or cut until it converges, and its end is always hit.

use crate::error::{Error, Result};
use crate::parallel::{Comm, agree};

/// What happened in one increment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepReport {
    /// Newton iterations, over all attempts.
    pub iterations: u32,
    /// Iterations of the linear solver.
    pub linear_iterations: u64,
    /// Sub-steps that the increment was cut into.
    pub substeps: u32,
    /// Attempts that failed.
    pub cuts: u32,
    /// Relative residual of the last iteration.
    pub residual: f64,
}

/// Why an attempt failed: a sentence, and how much shorter the next attempt should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// What happened.
    pub reason: String,
    /// Suggested factor on the step; 0: no shorter step would help.
    pub factor: f64,
}

impl Failed {
    /// A law that failed on some rank: `here` is what this one has to say, if it failed here; `factor` is the same on
    /// every rank. Every rank gets the sentence of the lowest rank that failed.
    ///
    /// # Collective
    pub fn of_law(comm: &Comm, here: Option<String>, factor: f64) -> Failed {
        let told = agree(comm, here.map_or(Ok(()), |reason| Err(Error::run(reason))));
        let reason = told.err().map_or_else(|| "a law failed".to_owned(), |e| e.message);
        Failed { reason, factor }
    }
}

/// What is said of a law that failed at a place and asks for a shorter step, with its own complaint if it has one.
pub fn law_failure(place: &str, factor: f64, complaint: Option<String>) -> String {
    match complaint {
        Some(why) => format!("the law of {place} failed: {why}"),
        None => format!("the law of {place} failed and asks for {factor:.2} of the step"),
    }
}

/// Advances from `from` to `to` by `attempt(t0, t1)`, halving (or more, as the failure suggests) after a failure, and
/// growing again after successes. `min_step` is relative to the increment.
///
/// # Errors
/// [`crate::error::Kind::Run`] once a step would be shorter than allowed; an error of `attempt` itself.
pub fn advance_with_cuts(
    from: f64,
    to: f64,
    min_step: f64,
    mut attempt: impl FnMut(f64, f64, &mut StepReport) -> Result<std::result::Result<(), Failed>>,
) -> Result<StepReport> {
    let whole = to - from;
    let mut report = StepReport::default();
    let (mut t, mut dt) = (from, whole);
    while t < to {
        // the last sub-step ends exactly at `to`
        let end = if t + dt * (1.0 + 1e-9) >= to { to } else { t + dt };
        match attempt(t, end, &mut report)? {
            Ok(()) => {
                report.substeps += 1;
                t = end;
                dt *= 2.0;
            }
            Err(failed) => {
                report.cuts += 1;
                if failed.factor == 0.0 {
                    let reason = failed.reason;
                    return Err(Error::run(format!("the step from t = {t} to t = {end} failed: {reason}")));
                }
                dt = (end - t) * failed.factor.clamp(0.05, 0.5);
                if dt < min_step * whole {
                    return Err(Error::run(format!(
                        "the step from t = {t} to t = {to} failed even in pieces of {dt:.3e}: {}; check loads and material, \
                         use smaller increments, or lower min_step",
                        failed.reason
                    )));
                }
                log::info!("step to t = {end} failed ({}); retrying with dt = {dt:.3e}", failed.reason);
            }
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_hit_exactly_whatever_is_cut() {
        let mut ends = Vec::new();
        let report = advance_with_cuts(0.0, 0.3, 1e-3, |t0, t1, _| {
            if t1 - t0 > 0.11 {
                return Ok(Err(Failed { reason: "too long".into(), factor: 0.5 }));
            }
            ends.push(t1);
            Ok(Ok(()))
        });
        assert_eq!(ends.last(), Some(&0.3));
        assert!(report.is_ok_and(|r| r.cuts > 0 && r.substeps as usize == ends.len()));
    }

    #[test]
    fn a_hopeless_step_ends_with_its_reason() {
        let e = advance_with_cuts(0.0, 1.0, 1e-2, |_, _, _| {
            Ok(Err(Failed { reason: "no root".into(), factor: 0.1 }))
        });
        assert!(e.is_err_and(|e| e.message.contains("no root")));
    }
}
