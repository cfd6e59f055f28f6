//! Enrichment of the model of an adaptive run (method.md 3.4): the high-fidelity step, the bases, the model assembled anew.

use super::run::Run;
use crate::error::Result;
use crate::rom::online::advance;
use crate::solver::FullState;

/// Tolerance of the cubature over that of the error. Rates of p grow with a high power of the stress (8 to 30 here), so that
/// p errs as much more than the forces that the cubature integrates: with 1/20 a model missed the steps that it was
/// enriched with, with 1/150 a second pass over the same load was not free everywhere (docs/adaptive.md).
pub(super) const CUBATURE: f64 = 1.0 / 300.0;

/// A high-fidelity step that was taken.
pub(super) struct FullStep {
    /// Newton iterations.
    pub iterations: u32,
    /// Share of the triggers' fields outside of the bases as they were.
    pub outside: f64,
    /// The full state before it.
    before: FullState,
    /// Its displacement less the prescribed motions.
    shape: Vec<f64>,
}

impl Run<'_> {
    /// One high-fidelity step to `t` from the replayed state, and the bases with what it found. `guess`: the step as the
    /// model takes it, in coefficients of its vectors. The model is not assembled anew: [`Run::renew`].
    pub(super) fn enrich(&mut self, t: f64, guess: Option<&[f64]>) -> Result<FullStep> {
        let (cx, options) = (self.cx, self.options);
        self.catch_up()?;
        let before = self.replay.state().clone();
        self.full.clone_from(&before);
        if let Some(increments) = guess {
            self.u.copy_from_slice(&before.displacement);
            self.model.add_displacement(increments, &mut self.u);
        }
        let guess = guess.map(|_| self.u.as_slice());
        let report = cx.timers.time("high-fidelity", || self.high.step(&mut self.full, t, guess))?;
        let mut shape = self.full.displacement.clone();
        for (lift, (value, amplitude)) in self.model.bases.lifts.iter().zip(&self.lifts) {
            crate::rom::dense::axpy(-value * amplitude.value(t), &lift.1, &mut shape);
        }
        let outside = cx.timers.time("bases", || -> Result<f64> {
            let bases = &mut self.model.bases;
            self.products.extend_modes(bases, &shape, options.tolerance / 1000.0)?;
            self.products.extend_duals(bases, &self.full, options.tolerance / 100.0, &options.triggers)
        })?;
        self.state.time = t;
        self.state.coefficients = self.products.project(&self.model.bases.modes, &shape);
        self.state.coefficients.extend(self.lifts.iter().map(|(v, a)| v * a.value(t)));
        self.replay.reset(&self.full);
        Ok(FullStep { iterations: report.iterations, outside, before, shape })
    }

    /// The step to `t` as the model takes it from the full state, in coefficients of the vectors that it was assembled of;
    /// none where its Newton fails.
    pub(super) fn ahead(&mut self, t: f64) -> Option<Vec<f64>> {
        let mut start = self.state.coefficients.clone();
        start.drain(self.model.assembled_modes()..self.model.bases.modes.len());
        let mut trial = self.model.reduced_state(start.clone(), &self.full);
        advance(&mut self.model.system, &mut trial, t).ok()?;
        Some(difference(&trial.coefficients, &start))
    }

    /// Tolerance of the cubatures of this run.
    pub(super) fn cubature_tolerance(&self) -> f64 {
        if self.renewed {
            self.model.tolerance
        } else {
            self.model.tolerance.max(CUBATURE * self.options.tolerance)
        }
    }

    /// The model of the bases as they are, after a high-fidelity step, and the reduced state at its end.
    pub(super) fn renew(&mut self, step: &FullStep) -> Result<()> {
        let cx = self.cx;
        let t = self.state.time;
        let mut tolerance = self.cubature_tolerance();
        self.renewed = true;
        for attempt in 0..2 {
            cx.timers.time("reduction", || self.model.rebuild(tolerance))?;
            let (difference, eta) = self.solve_again(t, &step.before, &step.shape)?;
            let doubtful = eta > self.options.tolerance / self.options.safety;
            if (difference <= 100.0 * tolerance && !doubtful) || attempt == 1 {
                break;
            }
            tolerance /= 3.0;
            log::info!(
                "the new model misses its own step by {difference:.1e}, indicator {eta:.1e}: cubature tolerance now \
                 {tolerance:.1e}"
            );
        }
        self.state = self.model.reduced_state(std::mem::take(&mut self.state.coefficients), &self.full);
        Ok(())
    }

    /// The step to `t` by the new model, from the full state before it: relative difference of the coefficients to those
    /// of the high-fidelity displacement `shape`, and the largest indicator of the triggers. A reduced step that fails
    /// counts as a difference of 1.
    fn solve_again(&mut self, t: f64, before: &FullState, shape: &[f64]) -> Result<(f64, f64)> {
        let mut start = before.displacement.clone();
        for (lift, (value, amplitude)) in self.model.bases.lifts.iter().zip(&self.lifts) {
            crate::rom::dense::axpy(-value * amplitude.value(before.time), &lift.1, &mut start);
        }
        let mut coefficients = self.products.project(&self.model.bases.modes, &start);
        coefficients.extend(self.lifts.iter().map(|(v, a)| v * a.value(before.time)));
        let mut again = self.model.reduced_state(coefficients, before);
        if advance(&mut self.model.system, &mut again, t).is_err() {
            return Ok((1.0, 1.0));
        }
        let target = self.products.project(&self.model.bases.modes, shape);
        let d = difference(&target, &again.coefficients);
        let size = crate::rom::dense::norm(&target);
        let triggers = &self.options.triggers;
        self.model.fit(&again, |name| triggers.iter().any(|t| t == name));
        let watched = self.model.duals.iter().filter(|d| triggers.contains(&d.name));
        // max would drop NaN
        let eta =
            watched.fold(0.0, |worst: f64, d| if d.residual.is_nan() { 1.0 } else { worst.max(d.residual) });
        Ok((if size > 0.0 { crate::rom::dense::norm(&d) / size } else { 0.0 }, eta))
    }
}

/// `a - b`, as far as the shorter goes.
pub(super) fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
