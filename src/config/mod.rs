//! The case: what is computed, with which loads, materials and tolerances.
//!
//! A [`Case`] comes from a TOML file (`case.toml`, see `docs/case.md`) or from a solver's own input (Z-set or CalculiX `.inp`, an Ansys deck).
//! Reading checks everything that can be checked without the mesh; names of sets are checked when the mesh is there.

mod ansys;
mod bytes;
mod calculix;
mod case;
mod options;
mod read;
mod toml_case;
mod zset;

pub use bytes::Bytes;
pub use case::Case;
pub use options::{CubatureMode, LinearKind, OfflineOptions, OnlineOptions, OutputSpec, SolverOptions};
pub use read::read_case;
