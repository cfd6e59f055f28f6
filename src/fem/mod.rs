//! Reference elements, quadrature, strain operators, element and face integrals.
//!
//! Everything here is local to a subdomain: integrals over the structure are sums over ranks that the caller makes.

mod faces;
mod geometry;
mod mass;
mod nodal;
mod operators;
pub mod quadrature;
pub mod reference;

pub use faces::FaceIntegral;
pub use geometry::Geometry;
pub use mass::MassMatrix;
pub use nodal::{NodalMean, extrapolation};
pub use operators::{ElementWork, vectorised};
