//! The case as the stages use it.

use super::{OfflineOptions, OnlineOptions, OutputSpec, SolverOptions};
use crate::error::{Error, Kind, Result};
use crate::loads::{Loading, TimeSteps};
use crate::structure::MaterialEntry;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A load case: everything that a high-fidelity or reduced run needs besides the mesh or the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// File that it was read from.
    pub path: PathBuf,
    /// Mesh file, where the case names one.
    pub mesh: Option<PathBuf>,
    /// Time steps.
    pub time: TimeSteps,
    /// Loads, prescribed displacements, temperature, tables.
    pub loading: Loading,
    /// Materials; where two cover an element the last one counts.
    pub materials: Vec<MaterialEntry>,
    /// High-fidelity solver.
    pub solver: SolverOptions,
    /// Building the reduced model.
    pub offline: OfflineOptions,
    /// Running the reduced model.
    pub online: OnlineOptions,
    /// What is written.
    pub output: OutputSpec,
}

impl Case {
    /// The case as text, to be kept in result files.
    ///
    /// # Errors
    /// It cannot be written as TOML (an internal failure).
    pub fn to_text(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::run(format!("the case could not be written as TOML: {e}")))
    }

    /// The case that a result file keeps; `file` is named in errors.
    ///
    /// # Errors
    /// [`crate::error::Kind::Input`] where the text is not a case.
    pub fn from_text(text: &str, file: &Path) -> Result<Case> {
        toml::from_str(text).map_err(|e| {
            Error::input(file, "/ferrom/case", e.message(), "rewrite the file with this version of ferrom")
        })
    }

    /// Puts the case's file before an error of the case that names only the place in it.
    pub fn locate(&self, e: Error) -> Error {
        if e.kind == Kind::Case { e.placed_in(&self.path) } else { e }
    }

    /// Checks what needs no mesh.
    ///
    /// # Errors
    /// [`crate::error::Kind::Case`] naming the file.
    pub fn check(&self) -> Result<()> {
        let here = |e: String| Error::case_file(&self.path, "", e, "");
        self.time.check().map_err(|e| here(format!("[time] {e}")))?;
        self.loading.check(self.time.end()).map_err(|e| here(e.message))?;
        self.solver.check().map_err(|e| here(format!("[solver] {e}")))?;
        self.offline.check().map_err(|e| here(format!("[offline] {e}")))?;
        self.online.check().map_err(|e| here(format!("[online] {e}")))?;
        if self.materials.is_empty() {
            return Err(here("no material is given; add a [[material]]".into()));
        }
        for entry in &self.materials {
            entry.material.build().map_err(|e| here(e.to_string()))?;
        }
        Ok(())
    }
}
