//! Constitutive laws, called by batches of integration points (method.md, section 4).
//!
//! A [`Law`] is the mechanical part: strain history in, stress, state and consistent tangent out. A [`Material`] adds
//! what every law shares: thermal strain relative to t = 0, mass density, names.

mod batch;
pub mod chaboche;
pub mod check;
mod coefficient;
pub mod creep;
pub mod crystal;
pub mod elastic;
pub mod elasticity;
mod flow;
mod increment;
mod lanes;
mod law;
#[expect(clippy::module_inception, reason = "a file is found under the name of its type")]
mod material;
pub mod plugins;
mod points;
mod random;
#[cfg(test)]
mod reference_tests;
mod spec;
mod tensor;
#[cfg(test)]
pub(crate) mod testing;

pub use batch::{Input, Output, Site, Status};
pub use coefficient::Coefficient;
pub use flow::Flow;
pub use law::{Law, LawError, Variable};
pub use material::{Material, MaterialWorkspace, Step, ThermalExpansion};
pub use spec::{LawSpec, MaterialSpec, serve_isolated};
pub use tensor::Axes;
