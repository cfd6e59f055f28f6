//! The HDF5 files: snapshots, runs, reduced models.
//!
//! Every file is a VTKHDF unstructured grid (ParaView opens it as it is) with a `/ferrom` group beside it for what
//! VTKHDF has no slot for. The schema, one page with shapes and units: `docs/store.md`.
//!
//! Writing: rank 0 holds the file, the rows of the other ranks reach it in bounded pieces. Reading: every rank opens
//! the file and reads its own rows. No MPI-IO: a failure (full disk, truncated file) stays on one rank, where it can be
//! turned into one sentence that all ranks agree on.
//!
//! What this folder does not do: it converts no units, computes nothing, and knows no other program's files.

#![allow(clippy::single_range_in_vec_init, reason = "a block of a dataset is one range per dimension")]

mod fields;
mod hdf;
mod matrix;
mod merge;
mod mesh_read;
mod mesh_write;
mod model;
mod model_read;
mod model_write;
mod names;
mod output;
mod reader;
mod room;
mod rows;
mod scratch;
mod sets;
mod writer;

pub use hdf::start_library;
pub use matrix::{MatrixFile, MatrixWriter};
pub use model::{
    DualQuantity, FaceOperator, Lift, LoadOperators, ModelFields, ReducedModel, ReducedPoints, SmallTable,
};
pub use model_read::ModelFile;
pub use names::{SCHEMA_VERSION, StoreKind};
pub use output::check_writable;
pub use reader::{Parts, ReducedRun, SnapshotFile, kind_of, stored_mesh};
pub use scratch::Scratch;
pub use writer::{Field, SnapshotWriter, Step, write_parts};
