//! The error indicator over a run: what it says of a step, and what it carries from step to step (method.md 3.3).

use super::online::Dual;
use crate::error::{Error, Result, nearest};
use crate::rom::calibration::history::History;
use crate::rom::calibration::{Calibration, SATURATION};
use crate::store::ReducedModel;
use std::fmt;

/// The quantity whose error is calibrated.
pub(super) const WATCHED: &str = "p";

/// The indicator of the triggers, the predicted error of p and its bound.
pub(super) struct Watch {
    triggers: Vec<String>,
    tolerance: f64,
    safety: f64,
    failed: bool,
    residual_high: bool,
    stress_high: bool,
    /// Largest indicator of the step.
    pub indicator: f64,
    /// Path that the misfit of each trigger has gone in the accepted steps: an enrichment sets the indicator to zero, but
    /// the error made stays in the state.
    carried: Vec<f64>,
    trial: Vec<f64>,
    norms: Vec<f64>,
    /// Sizes of the triggers, and those when a step was last accepted or replaced.
    sizes: Vec<f64>,
    last_sizes: Vec<f64>,
    /// Path of the misfit of p over its norm, with the step.
    pub accumulated: f64,
    /// Predicted error of the step.
    pub predicted: f64,
    /// Upper bound of the error at the stated level.
    pub bound: f64,
    /// Whether prediction and bound are calibrated.
    pub calibrated: bool,
    /// Whether the indicator itself is beyond what was calibrated: it says nothing about the size of the error.
    beyond: bool,
    last_enriched: bool,
    calibration: Option<Calibration>,
    history: History,
}

impl Watch {
    /// Watches `triggers`, with a tolerance of the error (infinite: nothing is ever wrong) and the error over indicator
    /// that is counted on.
    ///
    /// # Errors
    /// The model has no such quantity.
    pub fn new(model: &ReducedModel, triggers: &[String], tolerance: f64, safety: f64) -> Result<Watch> {
        let known: Vec<&str> = model.duals.iter().map(|d| d.name.as_str()).collect();
        for name in triggers {
            if !known.contains(&name.as_str()) {
                let hint = nearest(name, known.iter().copied()).map_or(known.join(", "), str::to_owned);
                return Err(Error::case(format!(
                    "the model does not rebuild '{name}', so it cannot trigger; it has {hint} (--trigger)"
                )));
            }
        }
        let calibration = match model.calibration.as_str() {
            "" => None,
            text => Some(Calibration::from_json(text)?),
        };
        let zeros = || vec![0.0; triggers.len()];
        let mut watch = Watch {
            history: History::new(calibration.as_ref().map(|c| c.level)),
            calibration,
            beyond: false,
            triggers: triggers.to_vec(),
            tolerance,
            safety,
            failed: false,
            residual_high: false,
            stress_high: false,
            indicator: 0.0,
            carried: zeros(),
            trial: zeros(),
            norms: zeros(),
            sizes: zeros(),
            last_sizes: zeros(),
            accumulated: 0.0,
            predicted: 0.0,
            bound: 0.0,
            calibrated: true,
            last_enriched: false,
        };
        watch.predict();
        Ok(watch)
    }

    /// Whether a quantity is watched.
    pub fn watches(&self, name: &str) -> bool {
        self.triggers.iter().any(|t| t == name)
    }

    /// What the user should know of the calibration before relying on it.
    pub fn doubt(&self) -> Option<String> {
        match &self.calibration {
            None => Some(
                "the model has no calibration of its indicator: predicted errors and bounds are the plain factor, not \
                 calibrated; build the model with [offline] calibrate = true and 'p' among its quantities"
                    .to_owned(),
            ),
            Some(c) => c.advice().map(|advice| format!("error indicator: {advice}")),
        }
    }

    /// Looks at the fits of a trial step; `failed`: the reduced Newton did not converge.
    pub fn look(&mut self, duals: &[Dual], failed: bool) {
        (self.failed, self.last_enriched) = (failed, false);
        (self.residual_high, self.stress_high) = (false, false);
        self.indicator = 0.0;
        for (k, name) in self.triggers.iter().enumerate() {
            let Some(d) = duals.iter().find(|d| d.name == *name) else { continue };
            // NaN must trigger, and max would drop it
            self.indicator = if d.residual.is_nan() { f64::INFINITY } else { self.indicator.max(d.residual) };
            self.trial[k] = self.carried[k] + d.path;
        }
        self.see_sizes(duals);
        self.predict();
    }

    /// Takes the sizes of the triggers: those of a trial, or of the high-fidelity step that replaced it.
    pub fn see_sizes(&mut self, duals: &[Dual]) {
        for (k, name) in self.triggers.iter().enumerate() {
            let Some(d) = duals.iter().find(|d| d.name == *name) else { continue };
            (self.sizes[k], self.norms[k]) = (d.size, d.norm.max(f64::MIN_POSITIVE));
        }
    }

    /// Prediction and bound of the error of p from its accumulated indicator; without calibration the plain factor of
    /// all triggers, named uncalibrated.
    fn predict(&mut self) {
        let ratios = || self.trial.iter().zip(&self.norms).map(|(a, n)| if *a > 0.0 { a / n } else { 0.0 });
        let watched = self.triggers.iter().position(|t| t == WATCHED);
        match (&self.calibration, watched.and_then(|k| ratios().nth(k))) {
            (Some(c), Some(accumulated)) => {
                self.accumulated = accumulated;
                // an adaptive run is told by its like, as far as these go
                let rehearsed = c.rehearsed.as_ref().filter(|_| self.tolerance.is_finite());
                let rehearsed = rehearsed.map(|r| r.predict(accumulated)).filter(|p| p.calibrated);
                let p = rehearsed.unwrap_or_else(|| c.predict(accumulated));
                (self.predicted, self.bound, self.calibrated) = (p.mean, p.bound, p.calibrated);
                self.beyond = !c.predict(self.indicator).calibrated;
            }
            _ => {
                self.accumulated = ratios().fold(0.0, f64::max);
                (self.predicted, self.bound) = (self.accumulated, self.safety * self.accumulated);
                self.calibrated = false;
                self.beyond = self.indicator > SATURATION;
            }
        }
    }

    /// Whether the reduced Newton of the step did not converge.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Takes the verdict of the full residual.
    pub fn see_residual(&mut self, high: bool) {
        self.residual_high = high;
    }

    /// Takes the indicator of the stress where p begins to grow: rates of p err by a multiple of what the stress errs, so that
    /// half of what p itself may show is asked.
    pub fn see_stress(&mut self, indicator: Option<f64>) {
        self.stress_high =
            indicator.is_some_and(|eta| eta.is_nan() || eta > self.tolerance / (2.0 * self.safety));
    }

    /// Whether the step must not be accepted.
    pub fn wrong(&self) -> bool {
        self.failed
            || self.residual_high
            || self.stress_high
            || self.beyond
            || self.indicator.is_nan()
            || self.indicator > self.tolerance / self.safety
    }

    /// Whether a quantity is more than twice what it was at the last step.
    pub fn grows(&self, name: &str) -> bool {
        self.triggers.iter().position(|t| t == name).is_some_and(|k| self.sizes[k] > 2.0 * self.last_sizes[k])
    }

    /// Whether the error made so far has left what was calibrated, which no high-fidelity step mends: the state that it
    /// starts from is the one in doubt.
    pub fn lost(&self) -> bool {
        self.calibration.is_some() && self.watches(WATCHED) && !self.calibrated
    }

    /// The step to `time` is accepted: the path of its misfit is carried on.
    pub fn accept(&mut self, time: f64) {
        self.carried.copy_from_slice(&self.trial);
        self.note(time);
    }

    /// The step to `time` was replaced by a high-fidelity one: its trial does not count, the error made before does. A step
    /// without a trial has the share of its fields outside of the bases as its indicator.
    pub fn enriched(&mut self, time: f64, untried: Option<f64>) {
        self.indicator = untried.unwrap_or(self.indicator);
        self.last_enriched = true;
        self.trial.copy_from_slice(&self.carried);
        self.predict();
        self.note(time);
    }

    fn note(&mut self, time: f64) {
        self.last_sizes.copy_from_slice(&self.sizes);
        let h = &mut self.history;
        h.time.push(time);
        h.indicator.push(self.indicator.min(f64::MAX));
        h.predicted.push(self.predicted.min(f64::MAX));
        h.bound.push(self.bound.min(f64::MAX));
        h.calibrated.push(self.calibrated);
        h.enriched.push(self.last_enriched);
    }

    /// What was said of the steps so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What is stored of the step.
    pub fn row(&self) -> [(&'static str, f64); 6] {
        [
            ("indicator", self.indicator.min(f64::MAX)),
            ("accumulated indicator", self.accumulated),
            ("predicted", self.predicted.min(f64::MAX)),
            ("bound", self.bound.min(f64::MAX)),
            ("calibrated", f64::from(u8::from(self.calibrated))),
            ("enriched", f64::from(u8::from(self.last_enriched))),
        ]
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "indicator {:.1e}, predicted error {:.1e}, bound {:.1e} ({})",
            self.indicator,
            self.predicted,
            self.bound,
            if self.calibrated { "calibrated" } else { "uncalibrated" }
        )
    }
}
