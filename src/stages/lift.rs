//! Lifts of prescribed motions: the elastic displacement of a unit motion of one set, the others held.

use crate::config::Case;
use crate::error::Result;
use crate::parallel::Comm;
use crate::solver::elastic_lift;
use crate::structure::{LoadedStructure, Structure};

/// The lift of the `i`-th prescribed displacement of the case.
///
/// # Errors
/// The linear solver failed.
///
/// # Collective
pub fn lift(comm: &Comm, structure: &Structure, case: &Case, i: usize) -> Result<Vec<f64>> {
    let loaded = LoadedStructure::new(comm, structure, &case.loading)?;
    elastic_lift(comm, structure, &loaded, super::solve::newton_options(case).linear, i)
}
