//! The high-fidelity solver (method.md, section 1): Newton on PETSc, step by step.
//!
//! [`HighFidelity::advance`] is one step with its cutting; the stage `solve` runs a whole case. What this folder does not
//! do: no large strains, no contact, no dynamics.

mod assembly;
mod forcing;
mod lift;
mod line_search;
pub mod linear;
mod newton;
mod state;
mod steps;

pub use lift::elastic_lift;
pub use newton::{HighFidelity, NewtonOptions};
pub use state::FullState;
pub use steps::{Failed, StepReport, advance_with_cuts, law_failure};
