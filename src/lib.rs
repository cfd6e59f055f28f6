//! `ferrom`: reduced-order models for nonlinear structural mechanics, built from finite-element results.
//!
//! The map, in the direction of the imports (each module uses only those below it):
//!
//! | module | what for |
//! |---|---|
//! | [`cli`] | one file per command: reads a case, calls a stage, prints |
//! | [`report`] | tables, summary.json |
//! | [`stages`] | import, solve, offline, online, compare: what a command or a library user calls |
//! | [`config`] | the TOML case, and Z-set inputs read as one |
//! | [`rom`] | POD, cubature, gappy reconstruction, the reduced model |
//! | [`solver`] | the high-fidelity Newton solver on PETSc |
//! | [`store`] | the HDF5 files: snapshots, reduced model, run |
//! | [`structure`] | a subdomain with its materials: the law over all its points, named quantities |
//! | [`loads`] | forces, prescribed displacements, temperature; time functions |
//! | [`formats`] | other programs' files |
//! | [`material`] | constitutive laws, called by batches |
//! | [`fem`] | reference elements, quadrature, strain operators |
//! | [`mesh`] | topology, sets, subdomains, partition |
//! | [`parallel`] | communicator and collective agreement |

pub mod cli;
pub mod config;
pub mod error;
pub mod fem;
pub mod formats;
pub mod loads;
pub mod material;
pub mod mesh;
pub mod parallel;
pub mod report;
pub mod rom;
pub mod solver;
pub mod stages;
pub mod store;
pub mod structure;

pub use error::{Error, Result};
