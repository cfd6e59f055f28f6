//! What an adaptive run is asked for, and what it tells.

use crate::rom::calibration::history::History;
use std::path::PathBuf;

/// Error aimed at where nothing else is asked for.
pub const DEFAULT_TOLERANCE: f64 = 3e-2;

/// How fields are rebuilt for the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// By the law at every integration point along the reduced displacements: exact for them.
    Replay,
    /// By the dual bases.
    Gappy,
}

/// How a run watches and mends itself.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaptiveOptions {
    /// Error aimed at in the triggers.
    pub tolerance: f64,
    /// Error over indicator that is counted on (method.md 3.3: about 3).
    pub safety: f64,
    /// Quantities whose indicator triggers.
    pub triggers: Vec<String>,
    /// Most enrichments.
    pub max_enrichments: usize,
    /// Most seconds of the run, after which no enrichment begins.
    pub max_seconds: f64,
    /// How fields are rebuilt.
    pub rebuild: Rebuild,
    /// Fields to write: `U`, dual quantities.
    pub fields: Vec<String>,
    /// Every how many increments the full equilibrium residual is computed; 0: at the first increment only.
    pub residual_every: usize,
    /// Where the enriched model goes.
    pub save: Option<PathBuf>,
}

/// What an adaptive run did.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct AdaptiveSummary {
    /// Increments.
    pub increments: usize,
    /// Times of the high-fidelity steps.
    pub enriched: Vec<f64>,
    /// Modes at the end.
    pub modes: usize,
    /// Cubature points at the end.
    pub points: usize,
    /// Largest indicator of an accepted step.
    pub indicator: f64,
    /// Largest predicted error of an accepted step.
    pub predicted: f64,
    /// Accepted steps whose prediction is not calibrated.
    pub uncalibrated: usize,
    /// Full equilibrium residuals that were computed: time, value.
    pub equilibrium: Vec<(f64, f64)>,
    /// Why the run stopped before its end, where it did; the run so far and the last model were written.
    pub stopped: Option<String>,
    /// Time reached.
    pub reached: f64,
    /// Largest bound of the error over the steps, that of the step where the run stopped included.
    pub bound: f64,
    /// What the indicator said of every increment.
    pub history: History,
    /// Seconds of the whole run, of its high-fidelity steps, and of its reduced steps with their indicators.
    pub seconds: [f64; 3],
    /// Seconds of the error indicator alone: the fits of the triggers.
    pub indicator_seconds: f64,
}
