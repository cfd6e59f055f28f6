//! A training case read from a snapshot store.

use crate::error::{Error, Result};
use crate::loads::{Loading, TemperatureHistory};
use crate::parallel::{Comm, agree};
use crate::rom::offline::History;
use crate::store::SnapshotFile;
use std::cell::RefCell;

/// Displacements of a store; temperatures of the store, or of the case where the store has none (or not those of t = 0).
pub(super) struct StoredHistory<'c> {
    comm: &'c Comm,
    file: SnapshotFile,
    /// Times, with t = 0 before them where the store begins later.
    times: Vec<f64>,
    virgin: bool,
    case: Option<RefCell<TemperatureHistory>>,
    stored_temperature: bool,
}

impl<'c> StoredHistory<'c> {
    /// Checks that there is a displacement.
    ///
    /// # Errors
    /// No times or no displacement; a field of the loading cannot be read.
    ///
    /// # Collective
    pub fn new(comm: &'c Comm, file: SnapshotFile, loading: &Loading) -> Result<StoredHistory<'c>> {
        let names = agree(comm, file.nodal_names())?;
        let lacks =
            |what: &str, remedy: &str| Err(Error::input(file.path(), "", format!("holds no {what}"), remedy));
        if !names.iter().any(|n| n == "U") {
            return lacks("displacement 'U'", "write VTKHDF/PointData/U (docs/store.md)");
        }
        let Some(&first) = file.times().first() else {
            return lacks("time", "write at least one time after t = 0");
        };
        // a store that begins after t = 0 leaves out the virgin structure
        let virgin = first > 0.0;
        let mut times = file.times().to_vec();
        if virgin {
            times.insert(0, 0.0);
        }
        let stored_temperature = names.iter().any(|n| n == "temperature");
        // the store does not tell the temperature of the virgin structure, which thermal strains count from
        let initial = virgin && loading.temperature.is_some();
        let case = if stored_temperature && !initial {
            None
        } else {
            let mesh = file.mesh();
            let history = TemperatureHistory::at_nodes(loading, &mesh.node_index, mesh.n_nodes_global);
            Some(RefCell::new(agree(comm, history)?))
        };
        Ok(StoredHistory { comm, file, times, virgin, case, stored_temperature })
    }

    /// The store.
    pub fn file(&self) -> &SnapshotFile {
        &self.file
    }

    /// Step of the store that is step `step` of this history; `None` for the virgin structure that was added.
    pub fn stored_step(&self, step: usize) -> Option<usize> {
        step.checked_sub(usize::from(self.virgin))
    }
}

impl History for StoredHistory<'_> {
    fn name(&self) -> String {
        self.file.path().display().to_string()
    }

    fn times(&self) -> &[f64] {
        &self.times
    }

    fn displacement(&self, step: usize, out: &mut [f64]) -> Result<()> {
        match self.stored_step(step) {
            Some(k) => self.file.read_nodal_into(self.comm, k, "U", out),
            None => {
                out.fill(0.0);
                Ok(())
            }
        }
    }

    fn temperature(&self, step: usize, out: &mut [f64]) -> Result<()> {
        match (self.stored_step(step), &self.case) {
            (Some(k), _) if self.stored_temperature => {
                self.file.read_nodal_into(self.comm, k, "temperature", out)
            }
            (_, Some(case)) => {
                case.borrow_mut().evaluate(self.times[step], out);
                Ok(())
            }
            (_, None) => self.file.read_nodal_into(self.comm, 0, "temperature", out),
        }
    }
}
