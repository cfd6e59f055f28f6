//! Newton's method for one step of the high-fidelity model: find u with `R(u) = F_ext - int B^T sigma = 0` on the free
//! dofs. Converged where `||R_free|| <= tolerance max(||F_ext||, ||F_int||)`, both norms over all dofs, so that
//! reactions count where nothing else loads the structure; or below the rounding of the internal forces.

use super::assembly::Assembly;
use super::forcing::forcing;
use super::lift::{Elastic, distinct_temperatures};
use super::line_search::LineSearch;
use super::linear::{LinearOptions, LinearSolver};
use super::state::FullState;
use super::steps::{Failed, StepReport, advance_with_cuts, law_failure};
use crate::error::Result;
use crate::loads::Loading;
use crate::material::{MaterialWorkspace, Status};
use crate::parallel::Comm;
use crate::structure::{LoadedStructure, Step, Structure};

/// How a step is solved.
#[derive(Debug, Clone, PartialEq)]
pub struct NewtonOptions {
    /// Relative tolerance on the residual.
    pub tolerance: f64,
    /// Most iterations of an attempt.
    pub max_iterations: u32,
    /// Smallest step, relative to the increment.
    pub min_step: f64,
    /// Linear solver.
    pub linear: LinearOptions,
}

/// Sums of internal force contributions lose this share of their magnitude to rounding.
const ROUNDING: f64 = 1e-13;
/// Strains are differences of displacements: this share of `K_ii u_i` is lost where they cancel (rigid motions, free
/// expansions).
const CANCELLATION: f64 = 1e-15;

/// The high-fidelity model of a loaded structure.
pub struct HighFidelity<'s> {
    comm: &'s Comm,
    structure: &'s Structure,
    options: NewtonOptions,
    assembly: Assembly,
    linear: LinearSolver<'s>,
    loaded: LoadedStructure,
    work: MaterialWorkspace,
    tangent: Vec<f64>,
    /// Scratch nodal vectors.
    external: Vec<f64>,
    internal: Vec<f64>,
    magnitude: Vec<f64>,
    /// Norm of the magnitudes of the internal force where every stress is 1.
    magnitude_of_unit: f64,
    residual: Vec<f64>,
    correction: Vec<f64>,
    right_hand_side: Vec<f64>,
    solution: Vec<f64>,
}

impl<'s> HighFidelity<'s> {
    /// Builds load vectors, the matrix pattern and the linear solver.
    ///
    /// # Errors
    /// A set, table or field of the loading is missing; the linear solver cannot be set up.
    ///
    /// # Collective
    pub fn new(
        comm: &'s Comm,
        structure: &'s Structure,
        loading: &Loading,
        options: NewtonOptions,
    ) -> Result<HighFidelity<'s>> {
        let mesh = &structure.sub.mesh;
        let loaded = LoadedStructure::new(comm, structure, loading)?;
        let n_points = structure.geometry.n_points();
        let assembly = Assembly::new(comm, &structure.sub);
        let symmetric = !comm.any(!structure.points.symmetric());
        let linear = LinearOptions { symmetric, lagged: true, ..options.linear.clone() };
        let linear = assembly.linear_solver(comm, &structure.sub, &loaded.fixed, linear)?;
        let (n, owned) = (3 * mesh.n_nodes(), 3 * assembly.owned_nodes.len());
        let mut sizes = vec![0.0; n];
        let magnitude_of_unit = magnitude(comm, structure, &vec![1.0; 6 * n_points], &mut sizes);
        Ok(HighFidelity {
            comm,
            structure,
            options,
            assembly,
            linear,
            loaded,
            work: MaterialWorkspace::default(),
            tangent: vec![0.0; 36 * n_points],
            external: vec![0.0; n],
            internal: vec![0.0; n],
            magnitude: sizes,
            magnitude_of_unit,
            residual: vec![0.0; n],
            correction: vec![0.0; n],
            right_hand_side: vec![0.0; owned],
            solution: vec![0.0; owned],
        })
    }

    /// Unknowns of the structure, prescribed ones included.
    pub fn unknowns(&self) -> u64 {
        self.linear.unknowns()
    }

    /// The virgin structure at t = 0.
    pub fn virgin(&self) -> FullState {
        FullState::virgin(self.structure, self.loaded.initial_temperature.clone())
    }

    /// PETSc options that were given and never used: misspelt ones, mostly.
    pub fn unused_options(&self) -> Vec<String> {
        self.linear.unused_options()
    }

    /// The loads it computes under.
    pub fn loaded(&self) -> &LoadedStructure {
        &self.loaded
    }

    /// Elastic displacements under the thermal strains at some of `times`, the prescribed dofs held: a linear solve each,
    /// with factors that the first step starts with. At most three times are taken: those whose temperatures (less the
    /// initial ones) are farthest from each other.
    ///
    /// # Errors
    /// The linear solver failed.
    ///
    /// # Collective
    pub fn thermoelastic_modes(&mut self, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        let (comm, structure) = (self.comm, self.structure);
        let chosen = distinct_temperatures(comm, &self.loaded, times);
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        Elastic::new(comm, structure, &self.loaded, &mut self.assembly, &mut self.linear, None)?
            .thermal(&chosen)
    }

    /// Advances the state to time `to`, in as many sub-steps as it takes. On failure the state is that of the last
    /// sub-step that converged.
    ///
    /// # Errors
    /// [`crate::error::Kind::Run`]: no convergence in the smallest step; the linear solver failed.
    ///
    /// # Collective
    pub fn advance(&mut self, state: &mut FullState, to: f64) -> Result<StepReport> {
        self.advance_from(state, to, None)
    }

    /// As [`HighFidelity::advance`], with `guess`, a displacement near that at `to`, as the first iterate of the whole step.
    /// Where Newton's method does not converge from there, the step begins as any other.
    ///
    /// # Errors
    /// As [`HighFidelity::advance`].
    ///
    /// # Collective
    pub fn advance_from(
        &mut self,
        state: &mut FullState,
        to: f64,
        mut guess: Option<&[f64]>,
    ) -> Result<StepReport> {
        let min_step = self.options.min_step;
        let mut trial = state.clone();
        advance_with_cuts(state.time, to, min_step, |_, t1, report| {
            let mut done = self.attempt(state, &mut trial, t1, guess, report)?;
            if done.is_err() && guess.take().is_some() {
                done = self.attempt(state, &mut trial, t1, None, report)?;
            }
            if done.is_ok() {
                std::mem::swap(state, &mut trial);
            }
            Ok(done)
        })
    }

    /// One step without cutting, from `from` into `to`.
    fn attempt(
        &mut self,
        from: &FullState,
        to: &mut FullState,
        t1: f64,
        guess: Option<&[f64]>,
        report: &mut StepReport,
    ) -> Result<std::result::Result<(), Failed>> {
        let (comm, structure) = (self.comm, self.structure);
        to.time = t1;
        to.displacement.copy_from_slice(guess.unwrap_or(&from.displacement));
        self.loaded.temperature.evaluate(t1, &mut to.temperature);
        self.loaded.external_force(t1, &mut self.external);
        let external_norm2 = structure.dot(comm, &self.external, &self.external);
        let prescribed = self.loaded.fixed.values(t1);
        // increments of the prescribed dofs, imposed with the first correction
        self.correction.fill(0.0);
        let mut moves = false;
        for (dof, &term) in self.loaded.fixed.term_of.iter().enumerate().filter(|(_, t)| **t != u32::MAX) {
            let at = prescribed[term as usize];
            if guess.is_some() {
                to.displacement[dof] = at;
            }
            let d = at - to.displacement[dof];
            self.correction[dof] = d;
            moves |= d != 0.0;
        }
        let moves = comm.any(moves);
        let (mut first_norm, mut cancelling) = (0.0f64, f64::INFINITY);
        let (mut last_norm, mut driving) = (f64::INFINITY, 0.0);
        let (mut iteration, mut search) = (0, LineSearch::none());
        loop {
            if let Err(failed) = self.evaluate(from, to, iteration == 0 && guess.is_none()) {
                return Ok(Err(failed));
            }
            let norm = structure.dot(comm, &self.residual, &self.residual).sqrt();
            let internal = structure.dot(comm, &self.internal, &self.internal);
            let reference = external_norm2.max(internal).sqrt();
            // the least of all iterations: displacements that run away must not pass for rounding
            if iteration > 0 {
                cancelling = cancelling.min(self.assembly.diagonal_force(comm, &to.displacement));
            }
            let tolerated = self.options.tolerance * reference;
            let floor = self.rounding(&to.stress, tolerated)
                + if iteration > 0 { CANCELLATION * cancelling + ROUNDING * driving } else { 0.0 };
            report.residual = if reference > 0.0 { norm / reference } else { norm };
            let imposed = iteration > 0 || !moves;
            // an infinite reference would accept anything
            let finite = norm.is_finite() && reference.is_finite();
            if imposed && finite && norm <= tolerated.max(floor) {
                return Ok(Ok(()));
            }
            if let Some(change) = search.next(|| structure.dot(comm, &self.correction, &self.residual)) {
                add(&mut to.displacement, change, &self.correction);
                continue;
            }
            if !finite || (iteration > 1 && norm > 1e4 * first_norm) {
                let reason = format!("Newton diverged: residual {norm:.3e} at iteration {iteration}");
                return Ok(Err(Failed { reason, factor: 0.5 }));
            }
            // before prescribed displacements are imposed the residual says nothing
            if iteration <= 1 {
                first_norm = first_norm.max(norm);
            }
            if iteration == self.options.max_iterations {
                break;
            }
            report.iterations += 1;
            let du = (iteration == 0 && moves).then_some(self.correction.as_slice());
            self.magnitude.fill(0.0);
            let fixed = &self.loaded.fixed;
            let (assembly, tangent, lifted) = (&mut self.assembly, &self.tangent, &mut self.magnitude);
            let filled = self
                .linear
                .set_values(|values| assembly.fill(comm, structure, fixed, tangent, du, lifted, values));
            if let Err(e) = filled {
                return if e.kind == crate::error::Kind::Run {
                    Ok(Err(Failed { reason: e.message, factor: 0.5 }))
                } else {
                    Err(e)
                };
            }
            if moves && iteration == 0 {
                structure.assemble(comm, &mut self.magnitude);
                self.residual.iter_mut().zip(&self.magnitude).for_each(|(r, l)| *r -= l);
            }
            if iteration == 0 {
                // what the step has to balance: a load that vanishes leaves the rounding of it, and no reference
                driving = structure.dot(comm, &self.residual, &self.residual).sqrt();
            }
            let forcing = forcing(norm, last_norm, tolerated.max(floor), self.linear.is_direct());
            last_norm = norm;
            match self.solve_linear(forcing) {
                Ok(iterations) => report.linear_iterations += iterations,
                Err(e) if e.kind == crate::error::Kind::Run => {
                    return Ok(Err(Failed { reason: e.message, factor: 0.5 }));
                }
                Err(e) => return Err(e),
            }
            // the residual before prescribed displacements are imposed is not the slope along this correction
            search = if imposed {
                LineSearch::along(structure.dot(comm, &self.correction, &self.residual))
            } else {
                LineSearch::none()
            };
            add(&mut to.displacement, 1.0, &self.correction);
            for (dof, &term) in self.loaded.fixed.term_of.iter().enumerate().filter(|(_, t)| **t != u32::MAX)
            {
                self.correction[dof] = 0.0;
                to.displacement[dof] = prescribed[term as usize];
            }
            iteration += 1;
        }
        let reason = format!(
            "Newton did not converge in {} iterations: relative residual {:.3e}, tolerance {:.1e}",
            self.options.max_iterations, report.residual, self.options.tolerance
        );
        Ok(Err(Failed { reason, factor: 0.5 }))
    }

    /// Strain (that of `from` where the displacement is still the same), stress, tangent, internal force and free residual
    /// of the displacement in `to`.
    ///
    /// # Collective
    fn evaluate(
        &mut self,
        from: &FullState,
        to: &mut FullState,
        at_start: bool,
    ) -> std::result::Result<(), Failed> {
        let (comm, structure) = (self.comm, self.structure);
        let mesh = &structure.sub.mesh;
        if at_start {
            to.strain.copy_from_slice(&from.strain);
        } else {
            structure.geometry.strain(mesh, &to.displacement, &mut to.strain);
        }
        let step = Step {
            dt: to.time - from.time,
            time_start: from.time,
            strain: &to.strain,
            strain_start: &from.strain,
            temperature: &to.temperature,
            temperature_start: &from.temperature,
            temperature_initial: &self.loaded.initial_temperature,
        };
        let status = structure.points.update(
            &step,
            &from.state,
            &mut to.state,
            &mut to.stress,
            Some(&mut self.tangent),
            &mut self.work,
        );
        let (factor, here) = match status {
            Status::Done => (1.0, None),
            Status::Cut { point, factor } => {
                let complaint = structure.points.complaint(point);
                (factor, Some(law_failure(&structure.describe_point(point), factor, complaint)))
            }
        };
        let factor = comm.min1(factor);
        if factor < 1.0 {
            return Err(Failed::of_law(comm, here, factor));
        }
        self.internal.fill(0.0);
        structure.geometry.internal_force(mesh, &to.stress, &mut self.internal);
        structure.assemble(comm, &mut self.internal);
        self.loaded.free_residual(&self.external, &self.internal, &mut self.residual);
        Ok(())
    }

    /// What the internal force of a stress field loses to rounding; 0 where that is below `tolerated` for certain, since
    /// the largest stress everywhere loses less.
    ///
    /// # Collective
    fn rounding(&mut self, stress: &[f64], tolerated: f64) -> f64 {
        let largest = self.comm.max1(stress.iter().fold(0.0, |m, s| s.abs().max(m)));
        if ROUNDING * largest * self.magnitude_of_unit <= tolerated {
            return 0.0;
        }
        ROUNDING * magnitude(self.comm, self.structure, stress, &mut self.magnitude)
    }

    /// Solves for the free part of the correction; returns the linear iterations.
    fn solve_linear(&mut self, forcing: f64) -> Result<u64> {
        for (i, &node) in self.assembly.owned_nodes.iter().enumerate() {
            for c in 0..3 {
                let dof = 3 * node as usize + c;
                self.right_hand_side[3 * i + c] =
                    if self.loaded.fixed.is_fixed(dof) { 0.0 } else { self.residual[dof] };
            }
        }
        self.solution.fill(0.0);
        let info = self.linear.solve_to(&self.right_hand_side, &mut self.solution, forcing)?;
        for (i, &node) in self.assembly.owned_nodes.iter().enumerate() {
            for c in 0..3 {
                let dof = 3 * node as usize + c;
                if !self.loaded.fixed.is_fixed(dof) {
                    self.correction[dof] = self.solution[3 * i + c];
                }
            }
        }
        // prescribed increments are the same on every rank, so the owner's values serve all dofs
        self.structure.sub.copy_from_owner(self.comm, &mut self.correction, 3);
        Ok(info.iterations as u64)
    }
}

fn add(to: &mut [f64], factor: f64, direction: &[f64]) {
    to.iter_mut().zip(direction).for_each(|(u, d)| *u += factor * d);
}

/// Norm of the magnitudes of the contributions to the internal force of a stress field.
///
/// # Collective
fn magnitude(comm: &Comm, structure: &Structure, stress: &[f64], sizes: &mut [f64]) -> f64 {
    sizes.fill(0.0);
    structure.geometry.internal_magnitude(&structure.sub.mesh, stress, sizes);
    structure.assemble(comm, sizes);
    structure.dot(comm, sizes, sizes).sqrt()
}
