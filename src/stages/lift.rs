//! Lifts of prescribed motions: the elastic displacement of a unit motion of one set, the others held.

use super::Context;
use crate::config::Case;
use crate::error::Result;
use crate::solver::elastic_lift;
use crate::structure::{LoadedStructure, Structure};

/// The lift of the `i`-th prescribed displacement of the case.
///
/// # Errors
/// The linear solver failed.
///
/// # Collective
pub fn lift(cx: &Context, structure: &Structure, case: &Case, i: usize) -> Result<Vec<f64>> {
    let loaded = LoadedStructure::new(cx.comm, structure, &case.loading)?;
    elastic_lift(cx.comm, structure, &loaded, super::solve::newton_options(case).linear, i)
}
