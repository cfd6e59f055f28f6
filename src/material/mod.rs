//! Constitutive laws, called by batches of integration points (method.md, section 4).
//!
//! A [`Law`] is the mechanical part: strain history in, stress, state and consistent tangent out. A [`Material`] adds
//! what every law shares: thermal strain relative to t = 0, mass density, names.

mod batch;
mod law;

pub use batch::{Input, Output, Status};
pub use law::{Law, LawError, Variable};
