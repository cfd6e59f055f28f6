//! The online stage (method.md 3.1 and 3.2): Newton on the reduced points, gappy reconstruction of dual quantities.
//!
//! [`ReducedSystem`] holds what one rank needs of the model under a loading; nothing in it has the size of the mesh.

mod dense_solve;
mod loads;
mod newton;
mod system;

pub use loads::{Moments, reduce};
pub use newton::{OnlineReport, advance};
pub use system::{NewtonTolerances, PointsState, ReducedPoints, ReducedState, ReducedSystem};
