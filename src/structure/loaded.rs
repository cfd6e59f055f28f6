//! A structure under a loading: assembled load vectors, prescribed dofs, temperature at the integration points.

use super::Structure;
use crate::error::{Error, Kind, Result};
use crate::loads::{Amplitude, Load, Loading, PrescribedDofs, TemperatureHistory, nodal_vector};
use crate::parallel::{Comm, agree};

/// The loads of a case on this rank's part of the structure.
#[derive(Debug, Clone)]
pub struct LoadedStructure {
    /// Prescribed dofs.
    pub fixed: PrescribedDofs,
    /// Nodal vectors, consistent at shared nodes, and their amplitudes.
    pub loads: Vec<(Vec<f64>, Amplitude)>,
    /// Temperature at the integration points.
    pub temperature: TemperatureHistory,
    /// Temperature at the integration points at t = 0.
    pub initial_temperature: Vec<f64>,
}

/// Errors of the case are told with the load that they are in; those of a field name its file already.
fn in_load(e: Error, load: &Load) -> Error {
    if e.kind == Kind::Case { e.while_doing(load.describe()) } else { e }
}

impl LoadedStructure {
    /// Builds the vectors and reads the fields.
    ///
    /// # Errors
    /// A set, table or field of the loading is missing.
    ///
    /// # Collective
    pub fn new(comm: &Comm, structure: &Structure, loading: &Loading) -> Result<LoadedStructure> {
        let mesh = &structure.sub.mesh;
        let fixed = PrescribedDofs::new(comm, &structure.sub, loading)?;
        let mut loads = Vec::with_capacity(loading.loads.len());
        for load in &loading.loads {
            let vector = nodal_vector(comm, &structure.sub, load, &structure.density);
            let placed = vector.map_err(|e| in_load(e, load));
            let vector = agree(comm, placed)?;
            loads.push((vector, loading.amplitude(load)?));
        }
        loads.iter_mut().for_each(|(f, _)| structure.assemble(comm, f));
        let nodal = TemperatureHistory::at_nodes(loading, &mesh.node_index, mesh.n_nodes_global);
        let mut temperature = agree(comm, nodal)?.mapped(|field| structure.at_points(field));
        let mut initial_temperature = vec![0.0; structure.geometry.n_points()];
        temperature.evaluate(0.0, &mut initial_temperature);
        Ok(LoadedStructure { fixed, loads, temperature, initial_temperature })
    }

    /// External force at time `t`, consistent at shared nodes.
    pub fn external_force(&self, t: f64, out: &mut [f64]) {
        out.fill(0.0);
        for (shape, amplitude) in &self.loads {
            let a = amplitude.value(t);
            out.iter_mut().zip(shape).for_each(|(o, f)| *o += a * f);
        }
    }

    /// `external - internal` on the free dofs, 0 on the prescribed ones.
    pub fn free_residual(&self, external: &[f64], internal: &[f64], out: &mut [f64]) {
        for (dof, r) in out.iter_mut().enumerate() {
            *r = if self.fixed.is_fixed(dof) { 0.0 } else { external[dof] - internal[dof] };
        }
    }
}

impl Structure {
    /// Norm of the free residual of a stress field at time `t`, relative to that of the external or internal force
    /// (whichever is larger): reactions count as forces and not as residual.
    ///
    /// # Collective
    pub fn equilibrium_residual(&self, comm: &Comm, loaded: &LoadedStructure, t: f64, stress: &[f64]) -> f64 {
        let zero = || vec![0.0; 3 * self.sub.mesh.n_nodes()];
        let (mut external, mut internal, mut free) = (zero(), zero(), zero());
        loaded.external_force(t, &mut external);
        self.geometry.internal_force(&self.sub.mesh, stress, &mut internal);
        self.assemble(comm, &mut internal);
        loaded.free_residual(&external, &internal, &mut free);
        let norm = |v: &[f64]| self.dot(comm, v, v).sqrt();
        let reference = norm(&external).max(norm(&internal));
        if reference > 0.0 { norm(&free) / reference } else { 0.0 }
    }
}
