//! Adaptive enrichment (method.md 3.4): a high-fidelity step from a replayed full state, and the bases with what it
//! found.
//!
//! What this file does not do: it decides nothing; the stage compares the indicator with the tolerance.

use crate::error::{Error, Result};
use crate::fem::MassMatrix;
use crate::parallel::Comm;
use crate::rom::dense::{dot, vectorised};
use crate::rom::offline::Driver;
use crate::rom::offline::assemble::{Bases, DualBasis};
use crate::rom::pod::{Diagonal, PodError, ProductFn, pod_extend};
use crate::solver::{FullState, HighFidelity, StepReport};
use crate::structure::{LoadedStructure, Structure};

/// One step of the high-fidelity model: all that enrichment asks of a solver.
pub trait HighFidelityStep {
    /// Takes a full state to time `to`; `guess`: a displacement that may be near that at `to`.
    ///
    /// # Errors
    /// The step failed; the state is that of the last sub-step that converged.
    ///
    /// # Collective
    fn step(&mut self, state: &mut FullState, to: f64, guess: Option<&[f64]>) -> Result<StepReport>;
}

impl HighFidelityStep for HighFidelity<'_> {
    fn step(&mut self, state: &mut FullState, to: f64, guess: Option<&[f64]>) -> Result<StepReport> {
        self.advance_from(state, to, guess)
    }
}

/// The full state along a reduced run: integrated anew, at every point, along the reduced displacements since the last
/// full state (exact for the reduced kinematics).
pub struct Replay<'s> {
    driver: Driver<'s>,
    loaded: LoadedStructure,
    temperature: Vec<f64>,
}

impl<'s> Replay<'s> {
    /// From a full state on, under a loading.
    pub fn new(
        comm: &'s Comm,
        structure: &'s Structure,
        loaded: &LoadedStructure,
        state: FullState,
    ) -> Replay<'s> {
        let temperature = vec![0.0; structure.geometry.n_points()];
        let driver = Driver::from_state(comm, structure, state, loaded.initial_temperature.clone(), 1);
        Replay { driver, loaded: loaded.clone(), temperature }
    }

    /// Integrates the laws to time `t`, where the displacement is `u`.
    ///
    /// # Errors
    /// A law fails.
    ///
    /// # Collective
    pub fn advance(&mut self, t: f64, u: &[f64]) -> Result<()> {
        self.loaded.temperature.evaluate(t, &mut self.temperature);
        self.driver.advance_at_points(t, u, &self.temperature)
    }

    /// The state reached.
    pub fn state(&self) -> &FullState {
        &self.driver.state
    }

    /// Goes on from another full state.
    pub fn reset(&mut self, state: &FullState) {
        self.driver.state.clone_from(state);
    }
}

/// The products that bases are orthonormal in, on a structure.
pub struct Products<'s> {
    comm: &'s Comm,
    structure: &'s Structure,
    mass: MassMatrix<'s>,
}

impl<'s> Products<'s> {
    /// Assembles the mass matrix.
    pub fn new(comm: &'s Comm, structure: &'s Structure) -> Products<'s> {
        Products { comm, structure, mass: MassMatrix::new(&structure.sub.mesh) }
    }

    /// L2 products of a displacement with every mode: its reduced coordinates.
    ///
    /// # Collective
    pub fn project(&self, modes: &[Vec<f64>], u: &[f64]) -> Vec<f64> {
        let mut mu = vec![0.0; u.len()];
        self.mass.apply(u, 3, &mut mu);
        let mut out: Vec<f64> = modes.iter().map(|m| vectorised(|| dot(m, &mu))).collect();
        self.comm.sum(&mut out);
        out
    }

    /// Adds a displacement to the modes.
    ///
    /// # Errors
    /// It is not finite.
    ///
    /// # Collective
    pub fn extend_modes(&self, bases: &mut Bases, u: &[f64], tolerance: f64) -> Result<()> {
        let product = ProductFn(|u: &[f64], mu: &mut [f64]| self.mass.apply(u, 3, mu));
        pod_extend(self.comm, &mut bases.modes, &mut bases.singular_values, u, &product, tolerance)
            .map_err(|e| failed("displacement", &e))?;
        Ok(())
    }

    /// Adds the fields of a full state to the dual bases. Returns the largest share, over the quantities `watched`, of a
    /// field outside of the span that its basis had before.
    ///
    /// # Errors
    /// A field is not finite.
    ///
    /// # Collective
    pub fn extend_duals(
        &self,
        bases: &mut Bases,
        state: &FullState,
        tolerance: f64,
        watched: &[String],
    ) -> Result<f64> {
        let n = self.structure.geometry.n_points();
        let mut outside = 0.0f64;
        for dual in &mut bases.duals {
            let mut values = vec![0.0; n * dual.quantity.components];
            dual.quantity.evaluate(
                &self.structure.points,
                &state.strain,
                &state.stress,
                &state.state,
                &mut values,
            );
            let share = self.extend_dual(dual, &values, tolerance)?;
            if watched.contains(&dual.quantity.name) {
                outside = outside.max(share);
            }
        }
        Ok(outside)
    }

    fn extend_dual(&self, dual: &mut DualBasis, values: &[f64], tolerance: f64) -> Result<f64> {
        let square = |v: &[f64]| self.comm.sum1(vectorised(|| dot(v, v)));
        let size = square(values);
        if size == 0.0 {
            return Ok(0.0);
        }
        if size > square(&dual.largest) {
            dual.largest.copy_from_slice(values);
        }
        pod_extend(
            self.comm,
            &mut dual.columns,
            &mut dual.singular_values,
            values,
            &Diagonal::Identity,
            tolerance,
        )
        .map_err(|e| failed(&dual.quantity.name, &e))
    }
}

fn failed(what: &str, e: &PodError) -> Error {
    Error::run(format!("the basis of '{what}' cannot be extended: {e}"))
}
