//! The error indicator over a run: what it says of a step, and what it carries from step to step (method.md 3.3).

use super::super::online::Dual;
use super::AdaptiveOptions;
use crate::error::{Error, Result, nearest};
use crate::rom::calibration::{Calibration, SATURATION};
use crate::store::ReducedModel;
use std::fmt;

/// The indicator of the triggers, the predicted error and its bound.
pub(super) struct Watch {
    triggers: Vec<String>,
    tolerance: f64,
    safety: f64,
    failed: bool,
    residual_high: bool,
    /// Largest indicator of the step.
    pub indicator: f64,
    /// Largest `eta ||q||` of the steps so far, by trigger: an enrichment sets eta to zero, but the error made stays in
    /// the state.
    carried: Vec<f64>,
    trial: Vec<f64>,
    /// `max (carried / ||q||)` after the step.
    pub accumulated: f64,
    /// Predicted error of the step.
    pub predicted: f64,
    /// Upper bound of the error at the stated level.
    pub bound: f64,
    /// Whether prediction and bound are calibrated.
    pub calibrated: bool,
    /// Whether the indicator is beyond all that was calibrated: it says nothing about the size of the error.
    beyond: bool,
    last_enriched: bool,
    calibration: Option<Calibration>,
}

impl Watch {
    /// Watches the triggers of the options.
    ///
    /// # Errors
    /// The model has no such quantity.
    pub fn new(model: &ReducedModel, options: &AdaptiveOptions) -> Result<Watch> {
        let known: Vec<&str> = model.duals.iter().map(|d| d.name.as_str()).collect();
        for name in &options.triggers {
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
        Ok(Watch {
            calibration,
            beyond: false,
            triggers: options.triggers.clone(),
            tolerance: options.tolerance,
            safety: options.safety,
            failed: false,
            residual_high: false,
            indicator: 0.0,
            carried: vec![0.0; options.triggers.len()],
            trial: vec![0.0; options.triggers.len()],
            accumulated: 0.0,
            predicted: 0.0,
            bound: 0.0,
            calibrated: true,
            last_enriched: false,
        })
    }

    /// What the user should know of the calibration before relying on it.
    pub fn doubt(&self) -> Option<String> {
        match &self.calibration {
            None => Some(
                "the model has no calibration of its indicator: predicted errors and bounds are the plain factor, not \
                 calibrated; build the model with [offline] calibrate = true and 'p' among its quantities"
                    .to_owned(),
            ),
            Some(c) => c.few_pairs.as_ref().map(|add| {
                format!("the error indicator is calibrated on few pairs, and its bound is wide: {add}")
            }),
        }
    }

    /// Looks at the fits of a trial step; `failed`: the reduced Newton did not converge.
    pub fn look(&mut self, duals: &[Dual], failed: bool) {
        (self.failed, self.residual_high, self.last_enriched) = (failed, false, false);
        self.indicator = 0.0;
        self.accumulated = 0.0;
        for (k, name) in self.triggers.iter().enumerate() {
            let Some(d) = duals.iter().find(|d| d.name == *name) else { continue };
            // NaN must trigger, and max would drop it
            self.indicator = if d.residual.is_nan() { f64::INFINITY } else { self.indicator.max(d.residual) };
            self.trial[k] = self.carried[k].max(d.residual * d.norm);
            self.accumulated = self.accumulated.max(self.trial[k] / d.norm.max(f64::MIN_POSITIVE));
        }
        self.predict();
    }

    /// Prediction and bound from the accumulated indicator; without calibration the plain factor, named uncalibrated.
    fn predict(&mut self) {
        let eta = self.accumulated;
        match &self.calibration {
            Some(c) => {
                let p = c.predict(eta);
                (self.predicted, self.bound, self.calibrated) = (p.mean, p.bound, p.calibrated);
                // below all that was calibrated the bound of the smallest indicator holds all the more
                let largest = c.pairs.iter().map(|p| p.pair.eta).fold(0.0, f64::max);
                self.beyond = self.indicator > largest.min(SATURATION);
                self.calibrated |= eta < largest && eta.is_finite();
            }
            None => {
                (self.predicted, self.bound, self.calibrated) = (eta, self.safety * eta, false);
                self.beyond = self.indicator > SATURATION;
            }
        }
    }

    /// Takes the verdict of the full residual.
    pub fn see_residual(&mut self, high: bool) {
        self.residual_high = high;
    }

    /// Whether the step must not be accepted.
    pub fn wrong(&self) -> bool {
        self.failed
            || self.residual_high
            || self.indicator.is_nan()
            || self.indicator > self.tolerance / self.safety
    }

    /// The step is accepted: its indicator is carried on.
    pub fn accept(&mut self) {
        self.carried.copy_from_slice(&self.trial);
    }

    /// The step was replaced by a high-fidelity one: the indicator of the trial does not count.
    pub fn enriched(&mut self) {
        self.last_enriched = true;
        self.accumulated = 0.0;
        self.predict();
    }

    /// What is stored of the step.
    pub fn row(&self) -> [(&'static str, f64); 6] {
        [
            ("indicator", if self.indicator.is_finite() { self.indicator } else { f64::MAX }),
            ("accumulated indicator", self.accumulated),
            ("predicted", self.predicted),
            ("bound", self.bound),
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
