//! The offline stage (method.md, section 2): from displacement histories to a reduced model.
//!
//! [`drive`]: the law along the recorded strains; [`basis`]: displacement modes and their strains; [`select`]: cubature
//! points and the points of dual quantities; [`reduce`]: load operators; [`assemble`]: the model out of all
//! these; [`Recorded`]: snapshots in memory or on the disk. What this folder does not do: no files but these; the
//! histories come through the trait [`History`].

pub mod assemble;
pub mod basis;
pub mod drive;
mod recorded;
pub mod reduce;
pub mod select;
mod truth;

pub use drive::{Driver, History};
pub use recorded::{Chosen, Recorded};
pub use truth::Truth;
