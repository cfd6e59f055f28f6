//! Loads: what acts on the structure and how it varies in time.
//!
//! A load is a shape in space times an amplitude in time; a temperature history is a sum of nodal fields with
//! time-dependent weights. The high-fidelity solver turns shapes into nodal vectors ([`nodal_vector`]); the reduced
//! model turns the same [`Load`]s into a few numbers without the mesh.

mod field;
mod spec;
mod steps;
mod temperature;
mod time;
mod vectors;

pub use field::Field;
pub use spec::{Dof, Load, Loading, Prescribed, Shape};
pub use steps::TimeSteps;
pub use temperature::{TemperatureHistory, TemperatureSpec};
pub use time::{Amplitude, Table};
pub use vectors::{PrescribedDofs, centrifugal_density, nodal_vector};
