//! Calibration of the error indicator: from pairs (indicator `eta`, true error `e`) of runs whose truth is
//! known, a curve `e <= bound(eta)` that holds at a stated level.
//!
//! Two models are fitted on one part of the pairs: a Gaussian process of `log10 e` on `log10 eta` ([`gp`])
//! and the plain factor `e <= max(c eta, floor)`. The other part, held back, corrects both by the split-conformal
//! quantile ([`conformal`]; Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, JASA 113, 2018). The process is kept
//! only where it is tighter. Either way the result is a table on a grid of `eta` ([`curve`]), so that it can
//! be stored as plain data; [`figure`] draws it. Pure algebra: no communicator, no files.
//!
//! What the level means: a pair *exchangeable* with those held back is below the bound with about that
//! probability: at least that for each model, of which the choice on the same pairs may cost a little. Where
//! whole runs are held back (four groups or more) the quantile is that of the runs
//! ([`conformal::quantile_of_runs`]), so that it holds for new runs of the kind of those; with fewer runs it speaks
//! of further steps of the same runs only. A case unlike all of them may do worse: only its own truth tells.

pub mod conformal;
pub mod curve;
pub mod figure;
pub mod fit;
pub mod gp;
pub mod history;
#[cfg(test)]
mod tests;

use crate::error::Error;
use curve::{Curve, Place};
use serde::{Deserialize, Serialize};

pub use fit::calibrate;

/// Above this indicator nothing is said: `eta` saturates near one whatever the error is.
pub const SATURATION: f64 = 0.3;

/// Error over indicator that is counted on where nothing else is known, and at least: about 2 is usual, and an adaptive run,
/// which carries its error on, may be worse than the plain runs of a calibration.
pub const LEAST: f64 = 3.0;

/// Fewer load cases than this are told to the user.
pub const FEW_CASES: usize = 5;

/// How far above the largest calibrated indicator the bound, which grows in proportion there, still counts as
/// calibrated. Below the smallest its bound holds all the more.
pub const DECADES_ABOVE: f64 = 1.0;

/// An indicator and the true error beside it, both relative (no unit).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Indicator.
    pub eta: f64,
    /// True error.
    pub error: f64,
    /// Which run the pair comes from: pairs of one run are not independent.
    pub group: u32,
}

/// A pair that was used, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UsedPair {
    /// The pair.
    #[serde(flatten)]
    pub pair: Pair,
    /// Held back for the quantile; otherwise the models were fitted on it.
    pub held_back: bool,
}

/// Which model gives the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// `log10 e = f(log10 eta)`, a Gaussian process.
    GaussianProcess,
    /// `e <= max(c eta, floor)`.
    Factor,
}

/// How a bound does on the held-back pairs (on all where none is held back). The quantile was chosen on the
/// same pairs, so the coverage is at least the level by construction; on cases not used here it must be
/// measured anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of the pairs whose error is not above the bound.
    pub coverage: f64,
    /// Mean of bound over error.
    pub mean_ratio: f64,
    /// Median of bound over error.
    pub median_ratio: f64,
}

/// The Gaussian process that was fitted, whether kept or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessReport {
    /// What maximum likelihood found.
    pub parameters: gp::Parameters,
    /// Number of pairs it was fitted on, after thinning.
    pub pairs: usize,
    /// Conformal quantile: standard deviations between mean and bound.
    pub quantile: f64,
    /// Mean and bound on the grid.
    pub curve: Curve,
    /// On the held-back pairs.
    pub score: Score,
}

/// The plain factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorReport {
    /// `c` of `e <= max(c eta, floor)`.
    pub bound: f64,
    /// What the models err where the indicator says next to nothing.
    pub floor: f64,
    /// Geometric mean of `e / eta` over the pairs it was fitted on.
    pub mean: f64,
    /// Mean and bound on the grid.
    pub curve: Curve,
    /// On the held-back pairs.
    pub score: Score,
}

/// How the pairs were divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// Pairs that were given.
    pub given: usize,
    /// Left out: zero, negative or not a finite number.
    pub unusable: usize,
    /// Left out: indicator above [`SATURATION`].
    pub saturated: usize,
    /// Pairs that the models were fitted on.
    pub fitted: usize,
    /// Pairs held back.
    pub held_back: usize,
    /// Number of runs among the used pairs.
    pub groups: usize,
    /// Number of runs among the pairs held back.
    pub held_back_groups: usize,
    /// Whole runs were held back (four runs or more); otherwise single pairs.
    pub by_group: bool,
}

/// A calibrated indicator: plain data, see [`Calibration::to_json`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Level of the bound, in (0, 1).
    pub level: f64,
    /// Seed of the division.
    pub seed: u64,
    /// How the pairs were divided.
    pub division: Division,
    /// Which model gives mean and bound.
    pub kept: Model,
    /// The Gaussian process; none where there were too few pairs, or one indicator only, to fit it.
    pub process: Option<ProcessReport>,
    /// The plain factor.
    pub factor: FactorReport,
    /// Too few pairs were held back for the level: the bound was widened, by how much, and what to add.
    pub few_pairs: Option<String>,
    /// Enough pairs but from too few runs that differ: the bound is the largest residual held back, not
    /// widened.
    pub few_runs: Option<String>,
    /// The runs are of few load cases ([`FEW_CASES`]): by how much the bound was widened, and what to add.
    pub few_cases: Option<String>,
    /// The pairs that were used, in ascending order of indicator.
    pub pairs: Vec<UsedPair>,
    /// The calibration of adaptive runs, where some were rehearsed: they carry errors on that high-fidelity steps bound.
    #[serde(default)]
    pub rehearsed: Option<Box<Calibration>>,
}

/// What the calibration says of one indicator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Expected error (geometric mean), relative.
    pub mean: f64,
    /// Upper bound of the error at the level, relative; never decreases with the indicator.
    pub bound: f64,
    /// The indicator lies where the calibration has pairs; if not, treat the error as unknown.
    pub calibrated: bool,
}

/// Why there is no calibration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// No pair is left.
    #[error(
        "none of the {given} calibration pairs can be used ({unusable} zero or not a number, {saturated} with an \
         indicator above {SATURATION}); add runs whose error is known, for example of models with fewer modes"
    )]
    NoPairs {
        /// Pairs that were given.
        given: usize,
        /// Zero, negative or not a finite number.
        unusable: usize,
        /// Indicator above [`SATURATION`].
        saturated: usize,
    },
    /// A level that is no probability.
    #[error("the level {level} of the error bound is not between 0 and 1; 0.95 is usual")]
    Level {
        /// What was given.
        level: f64,
    },
    /// A stored calibration that cannot be read.
    #[error("the stored calibration of the error indicator cannot be read ({problem}); calibrate again")]
    Stored {
        /// What is wrong with it.
        problem: String,
    },
}

impl From<CalibrationError> for Error {
    fn from(e: CalibrationError) -> Error {
        match e {
            CalibrationError::Level { .. } => Error::case(e.to_string()),
            _ => Error::run(e.to_string()),
        }
    }
}

impl Calibration {
    /// Raises the bounds (to `least` times the indicator at least) for the number of load cases that the runs are of:
    /// models of one case are alike, whatever part of it they know. The factor `(1 + 1 / cases)^times` is prudence, not a
    /// theorem; docs/indicator.md has what it gives. The scores are those of the raised bounds.
    pub fn widen(&mut self, cases: usize, times: i32, least: f64) {
        let by = (1.0 + 1.0 / cases.max(1) as f64).powi(times);
        let judged = fit::judged(&self.pairs);
        let raise = |curve: &mut Curve, score: &mut Score| {
            let bounds = curve.eta.iter().zip(&mut curve.bound);
            bounds.for_each(|(x, b)| *b = (*b + by.log10()).max(x + least.log10()));
            *score = fit::score(curve, &judged);
        };
        raise(&mut self.factor.curve, &mut self.factor.score);
        if let Some(p) = &mut self.process {
            raise(&mut p.curve, &mut p.score);
        }
        self.few_cases = (cases < FEW_CASES).then(|| {
            let s = if cases == 1 { "" } else { "s" };
            format!(
                "the calibration runs are of {cases} load case{s}, so the bound is {by:.2} times what they ask for, and it \
                 speaks of loads like theirs: add training cases that span the loads to come"
            )
        });
    }

    /// What to add for a tighter or safer bound, in order of weight.
    pub fn advice(&self) -> Option<&str> {
        self.few_cases.as_deref().or(self.few_pairs.as_deref()).or(self.few_runs.as_deref())
    }

    /// The curve of the model that was kept.
    pub fn curve(&self) -> &Curve {
        match (self.kept, &self.process) {
            (Model::GaussianProcess, Some(process)) => &process.curve,
            _ => &self.factor.curve,
        }
    }

    /// The score of the model that was kept.
    pub fn score(&self) -> Score {
        match (self.kept, &self.process) {
            (Model::GaussianProcess, Some(process)) => process.score,
            _ => self.factor.score,
        }
    }

    /// Mean and bound of the error at indicator `eta`. Below the calibrated indicators both are those of the
    /// smallest; above they grow in proportion to `eta`, and beyond [`DECADES_ABOVE`] or [`SATURATION`] they are
    /// not calibrated. NaN gives infinity.
    pub fn predict(&self, eta: f64) -> Prediction {
        if eta.is_nan() {
            return Prediction { mean: f64::INFINITY, bound: f64::INFINITY, calibrated: false };
        }
        let value = self.curve().at(eta);
        let calibrated = eta <= SATURATION
            && match value.place {
                Place::Below | Place::Inside => true,
                Place::Above { decades } => decades <= DECADES_ABOVE,
            };
        Prediction { mean: 10f64.powf(value.mean), bound: 10f64.powf(value.bound), calibrated }
    }

    /// The largest indicator whose bound is not above `tolerance`: an online run may go on while it stays
    /// below. None where even the smallest calibrated indicator has a larger bound.
    pub fn largest_indicator(&self, tolerance: f64) -> Option<f64> {
        self.curve().last_below(tolerance.log10())
    }

    /// As JSON text, for the model file.
    ///
    /// # Errors
    /// [`CalibrationError::Stored`] where the text cannot be made, which no calibration made here causes.
    pub fn to_json(&self) -> Result<String, CalibrationError> {
        serde_json::to_string(self).map_err(|e| CalibrationError::Stored { problem: e.to_string() })
    }

    /// From [`Calibration::to_json`]; numbers may differ from those stored in the last digit.
    ///
    /// # Errors
    /// [`CalibrationError::Stored`]: not such a text, or a curve whose table is not one.
    pub fn from_json(text: &str) -> Result<Calibration, CalibrationError> {
        let stored = |problem: String| CalibrationError::Stored { problem };
        let c: Calibration = serde_json::from_str(text).map_err(|e| stored(e.to_string()))?;
        if c.kept == Model::GaussianProcess && c.process.is_none() {
            return Err(stored("it keeps a Gaussian process that is not there".into()));
        }
        c.factor.curve.check().map_err(stored)?;
        if let Some(process) = &c.process {
            process.curve.check().map_err(stored)?;
        }
        Ok(c)
    }
}
