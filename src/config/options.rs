//! Options of the stages, with their defaults.

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
}

impl Default for OfflineOptions {
    fn default() -> Self {
        OfflineOptions {
            pod_tolerance: 1e-6,
            dual_tolerance: 1e-6,
            max_modes: None,
            pod: PodMethod::Gram,
            cubature_tolerance: 1e-5,
            cubature: CubatureMode::Global,
            exchange: false,
            quantities: Vec::new(),
            substeps: 1,
            warn_deviation: 1e-3,
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
