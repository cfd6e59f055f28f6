//! A field given by a number or by a file with one value per node or face.

use crate::error::Result;
use crate::formats;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Values at nodes or faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Field {
    /// The same everywhere.
    Uniform(f64),
    /// One record of a file.
    File {
        /// `.node` (bare big-endian float32) or text, one value per line.
        path: PathBuf,
        /// Record, from 1.
        record: u64,
    },
    /// Temperatures of the nodes in an Ansys deck, or in results of Ansys.
    Ansys {
        /// Deck or `.rst`.
        path: PathBuf,
        /// Load step of the deck, or set of the results, from 0.
        step: usize,
    },
}

impl Field {
    /// Values at the given positions of a field of `total` values.
    ///
    /// # Errors
    /// The file is missing, too short, or holds a value that is not finite.
    pub fn values(&self, positions: &[u64], total: u64) -> Result<Vec<f64>> {
        match self {
            Field::Uniform(v) => Ok(vec![*v; positions.len()]),
            Field::File { path, record } => formats::read_field(path, *record, total, positions),
            Field::Ansys { path, step } => formats::ansys::read_temperatures(path, *step, total, positions),
        }
    }
}
