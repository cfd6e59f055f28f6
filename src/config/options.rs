//! Options of the stages, with their defaults.

use super::Bytes;
use crate::rom::offline::basis::PodMethod;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[solver]`: the high-fidelity solver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SolverOptions {
    /// Newton: `||R_free|| <= tolerance ||F||`.
    pub tolerance: f64,
    /// Newton iterations before the step is cut.
    pub max_iterations: u32,
    /// Smallest step, relative to the increment.
    pub min_step: f64,
    /// `auto`, `direct` (MUMPS) or `iterative` (Krylov + GAMG).
    pub linear: LinearKind,
    /// Relative tolerance of the iterative solver.
    pub linear_tolerance: f64,
    /// Any PETSc option, without its leading dash: `{ ksp_type = "cg", ksp_max_it = 100 }`; no value: `""`.
    #[serde(deserialize_with = "words")]
    pub petsc: BTreeMap<String, String>,
}

/// Strings, numbers and booleans alike, as words.
fn words<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let word = |(key, value): (String, toml::Value)| {
        let word = match value {
            toml::Value::String(s) => s,
            toml::Value::Array(_) | toml::Value::Table(_) => {
                return Err(serde::de::Error::custom(format!(
                    "option '{key}' must be a string, a number or true"
                )));
            }
            other => other.to_string(),
        };
        Ok((key, word))
    };
    BTreeMap::<String, toml::Value>::deserialize(from)?.into_iter().map(word).collect()
}

/// What is wrong with a tolerance, which must lie between 0 and 1.
fn share(key: &str, value: f64) -> Result<(), String> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(format!("{key} is {value}; give a number between 0 and 1"))
}

/// What is wrong with a count, which must be at least 1.
fn some(key: &str, value: usize) -> Result<(), String> {
    if value > 0 { Ok(()) } else { Err(format!("{key} is 0; give at least 1")) }
}

impl SolverOptions {
    /// What is wrong with it.
    ///
    /// # Errors
    /// The end of a sentence that starts with the name of the section.
    pub fn check(&self) -> Result<(), String> {
        share("tolerance", self.tolerance)?;
        some("max_iterations", self.max_iterations as usize)?;
        step("min_step", self.min_step)?;
        share("linear_tolerance", self.linear_tolerance)
    }
}

/// The smallest step may be the increment itself: then nothing is cut.
fn step(key: &str, value: f64) -> Result<(), String> {
    if value > 0.0 && value <= 1.0 { Ok(()) } else { share(key, value) }
}

impl OfflineOptions {
    /// What is wrong with it.
    ///
    /// # Errors
    /// As [`SolverOptions::check`].
    pub fn check(&self) -> Result<(), String> {
        share("pod_tolerance", self.pod_tolerance)?;
        share("dual_tolerance", self.dual_tolerance)?;
        share("cubature_tolerance", self.cubature_tolerance)?;
        some("max_modes", self.max_modes.unwrap_or(1))?;
        some("substeps", self.substeps as usize)
    }
}

impl OnlineOptions {
    /// What is wrong with it.
    ///
    /// # Errors
    /// As [`SolverOptions::check`].
    pub fn check(&self) -> Result<(), String> {
        share("tolerance", self.tolerance)?;
        some("max_iterations", self.max_iterations as usize)?;
        step("min_step", self.min_step)
    }
}

impl Default for SolverOptions {
    fn default() -> Self {
        SolverOptions {
            tolerance: 1e-8,
            max_iterations: 25,
            min_step: 1e-4,
            linear: LinearKind::Auto,
            linear_tolerance: 1e-9,
            petsc: BTreeMap::new(),
        }
    }
}

/// Which linear solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinearKind {
    /// Direct for small problems.
    Auto,
    /// MUMPS.
    Direct,
    /// Krylov with algebraic multigrid.
    Iterative,
}

/// One cubature problem for the structure, or one for each subdomain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CubatureMode {
    /// One problem, the same points on any number of ranks.
    Global,
    /// One problem for each rank, no communication.
    Local,
}

/// `[offline]`: building the reduced model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfflineOptions {
    /// POD tolerance of displacements (method.md 2.1).
    pub pod_tolerance: f64,
    /// POD tolerance of dual quantities.
    pub dual_tolerance: f64,
    /// Most modes.
    pub max_modes: Option<usize>,
    /// Method.
    pub pod: PodMethod,
    /// Cubature tolerance.
    pub cubature_tolerance: f64,
    /// Global or local cubature.
    pub cubature: CubatureMode,
    /// Exchange cycles: fewer points for more time.
    pub exchange: bool,
    /// Quantities that the online stage can rebuild at every integration point; empty: `p` where the law has it, and
    /// stress.
    pub quantities: Vec<String>,
    /// Sub-steps of the law between two snapshots.
    pub substeps: u32,
    /// Deviation between recomputed and stored quantities that gives a warning.
    pub warn_deviation: f64,
    /// Memory of a rank's process; its part of 80 % of the machine's where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<Bytes>,
    /// Whether the error indicator is calibrated: some reduced runs over the training cases.
    pub calibrate: bool,
    /// Level of the calibrated bound.
    pub level: f64,
    /// Seed of the calibration.
    pub seed: u64,
}

impl Default for OfflineOptions {
    fn default() -> Self {
        OfflineOptions {
            pod_tolerance: 1e-6,
            dual_tolerance: 1e-8,
            max_modes: None,
            pod: PodMethod::Gram,
            cubature_tolerance: 1e-5,
            cubature: CubatureMode::Global,
            exchange: false,
            quantities: Vec::new(),
            substeps: 1,
            warn_deviation: 1e-3,
            memory_limit: None,
            calibrate: true,
            level: 0.95,
            seed: 1,
        }
    }
}

/// `[online]`: running the reduced model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnlineOptions {
    /// Newton: `||F - f|| <= tolerance ||F||`.
    pub tolerance: f64,
    /// Newton iterations before the step is cut.
    pub max_iterations: u32,
    /// Smallest step, relative to the increment.
    pub min_step: f64,
}

impl Default for OnlineOptions {
    fn default() -> Self {
        OnlineOptions { tolerance: 1e-8, max_iterations: 25, min_step: 1e-4 }
    }
}

/// `[output]`: what a run writes besides the displacement or the reduced coordinates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSpec {
    /// Every how many increments (the last one is always written).
    pub every: u32,
    /// Integration-point quantities: `sig`, `eto`, `p`, any internal variable.
    pub quantities: Vec<String>,
}

impl Default for OutputSpec {
    fn default() -> Self {
        OutputSpec { every: 1, quantities: vec!["sig".into(), "p".into()] }
    }
}

impl OutputSpec {
    /// Whether increment `i` (from 0) of `n` is written.
    pub fn writes(&self, i: usize, n: usize) -> bool {
        (i + 1).is_multiple_of(self.every.max(1) as usize) || i + 1 == n
    }
}
