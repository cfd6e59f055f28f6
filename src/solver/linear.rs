//! K u = f on PETSc: what the Newton loop of the high-fidelity solver calls.
//!
//! K is given by triplets whose pattern is fixed and whose values change from iteration to iteration; prescribed
//! displacements are eliminated before (their rows and columns hold a diagonal only). Unknowns are numbered by owner:
//! the three displacements of the first owned node of rank 0 first, x, y, z, and so on.
//!
//! # Default options
//! All start with `-ferrom_`, and each gives way to the same option in the environment variable PETSC_OPTIONS, among
//! the options that PETSc was started with, or in [`LinearOptions::options`] (in this order).
//!
//! | kind | symmetric | not symmetric |
//! |---|---|---|
//! | [`LinearKind::Direct`] | `ksp_type preonly`, `pc_type cholesky`, `pc_factor_mat_solver_type mumps`, `mat_mumps_icntl_14 100` | `pc_type lu`, the rest as left |
//! | [`LinearKind::Iterative`] | `ksp_type cg`, `ksp_norm_type unpreconditioned`, `ksp_rtol` ([`LinearOptions::rtol`]), `ksp_max_it 2000`, `pc_type gamg`, `pc_gamg_reuse_interpolation true` | `ksp_type fgmres`, `ksp_gmres_restart 100`, the rest as left |
//!
//! With [`LinearOptions::lagged`] a factorisation is the preconditioner of the Krylov method of the row below, that of the
//! symmetric part where K is not symmetric, by CHOLMOD on one rank; multigrid takes `mg_levels_ksp_chebyshev_esteig
//! 0,0.1,0,1.5`.
//!
//! `mat_mumps_icntl_14` is the workspace of MUMPS beyond its estimate, in per cent. Its own default of 20 fails at
//! random on several ranks (INFOG(1) = -9). Where 100, or the user's value, fails too, the factorisation is repeated
//! with 200, 400 and 800, unless the value comes from PETSC_OPTIONS or PETSc was started with it.
//!
//! A symmetric matrix that turns out not to be positive definite (negative pivots) is factorised again as LDLᵀ with
//! pivoting, and so are all later ones.
//!
//! GAMG works on nodes (block size 3) with the six rigid-body modes as near-null space, zero at prescribed
//! displacements: Adams, Bayraktar, Keaveny, Papadopoulos, "Ultrascalable implicit finite element analyses in solid
//! mechanics with over a half a billion degrees of freedom" (SC 2004).
//!
//! # Reproducible bits
//! On one rank two runs give the same bits. On several, MUMPS and the coarse operators of GAMG add numbers in the order
//! in which messages arrive: solutions differ in the last digits from run to run. [`LinearOptions::reproducible`] makes
//! `Auto` iterative there, and GAMG use products of a fixed order (`-matptap_via allatonce`, an option of PETSc as a
//! whole, without prefix), whose set-up takes several times as long. Nothing makes MUMPS reproducible.

mod checks;
mod defaults;
mod lag;
mod repair;
mod rigid_body;
mod settings;

use crate::error::{Error, Result};
use crate::parallel::{Comm, agree};
use lag::Lag;
use mpi::topology::SimpleCommunicator;
use petsc_rs::{Ksp, Matrix, NotConverged, Symmetry, Vector, options};
pub use settings::{DIRECT_UP_TO, LinearKind, LinearOptions, PREFIX};
use std::collections::BTreeSet;

/// A relative residual beyond this, after a factorisation, is a failure: no digit of the solution is right.
const LARGEST_DIRECT_RESIDUAL: f64 = 1e-2;

/// The part of the system that this rank knows before any value.
#[derive(Debug, Clone, Copy)]
pub struct Pattern<'a> {
    /// Global row of each triplet. Rows of other ranks are allowed; triplets of one place are added.
    pub rows: &'a [i32],
    /// Global column of each triplet.
    pub cols: &'a [i32],
    /// Position of each owned node (any unit). A rank may own none.
    pub coordinates: &'a [[f64; 3]],
    /// Whether each owned unknown is prescribed, 3 per owned node.
    pub constrained: &'a [bool],
}

/// How a solve ended.
#[derive(Debug, Clone, PartialEq)]
pub struct SolveInfo {
    /// Krylov iterations (1 for a factorisation).
    pub iterations: usize,
    /// |f - K u|, computed from the solution.
    pub residual_norm: f64,
    /// The same over |f| (0 for f = 0).
    pub relative_residual: f64,
    /// PETSc's reason, e.g. `CONVERGED_RTOL`.
    pub reason: String,
}

/// A linear solver for one pattern: set up with values, solve, again.
///
/// PETSc must run (`petsc_rs::Petsc`) for the whole life of it.
pub struct LinearSolver<'c> {
    comm: &'c Comm,
    world: &'c SimpleCommunicator,
    matrix: Matrix,
    rhs: Vector,
    solution: Vector,
    residual: Vector,
    ksp: Option<Ksp>,
    direct: bool,
    settings: LinearOptions,
    /// Of the matrix that is factorised.
    symmetry: Symmetry,
    /// Symmetric part that makes the preconditioner, where K is not symmetric.
    part: Option<Matrix>,
    /// Whether CHOLMOD has failed.
    without_cholmod: bool,
    workspace: usize,
    used: BTreeSet<String>,
    entries: usize,
    unknowns: u64,
    lag: Lag,
}

impl<'c> LinearSolver<'c> {
    /// Allocates the matrix; values come with [`LinearSolver::factor_or_setup`].
    ///
    /// # Errors
    /// No MPI (see [`Comm::serial`]), PETSc does not run, arrays that do not fit together, a row or column outside
    /// the matrix, more than 2^31 - 1 unknowns.
    ///
    /// # Collective
    pub fn new(comm: &'c Comm, pattern: Pattern<'_>, settings: LinearOptions) -> Result<LinearSolver<'c>> {
        let Some(world) = comm.mpi() else {
            return Err(Error::run(
                "the linear solver needs PETSc, and PETSc needs MPI: start MPI before the solve",
            ));
        };
        let n = 3 * pattern.coordinates.len();
        let unknowns = comm.sum_u64(n as u64);
        agree(comm, checks::pattern(&pattern, unknowns).and_then(|()| checks::settings(&settings)))?;
        let direct = match settings.kind {
            LinearKind::Direct => true,
            LinearKind::Iterative => false,
            // MUMPS on several ranks adds in the order of arrival
            LinearKind::Auto => unknowns <= DIRECT_UP_TO && !(settings.reproducible && comm.size() > 1),
        };
        let symmetry = if settings.symmetric || (settings.lagged && direct) {
            Symmetry::PositiveDefinite
        } else {
            Symmetry::None
        };
        let build = || -> petsc_rs::Result<(Matrix, Vector, Vector, Vector)> {
            let mut matrix = Matrix::from_coo(world, n, pattern.rows, pattern.cols, 3)?;
            matrix.set_symmetry(if settings.symmetric { symmetry } else { Symmetry::None })?;
            let (rhs, solution, residual) =
                (matrix.new_vector()?, matrix.new_vector()?, matrix.new_vector()?);
            Ok((matrix, rhs, solution, residual))
        };
        let built = agree(comm, build().map_err(from_petsc));
        let (mut matrix, rhs, solution, residual) = built.map_err(|e| e.while_doing("linear solver"))?;
        if !direct {
            let modes = rigid_body::modes(comm, &pattern, &rhs).and_then(|m| matrix.set_near_null_space(m));
            agree(comm, modes.map_err(from_petsc))?;
        }
        Ok(LinearSolver {
            comm,
            world,
            matrix,
            rhs,
            solution,
            residual,
            ksp: None,
            direct,
            settings,
            symmetry,
            part: None,
            without_cholmod: false,
            workspace: 0,
            used: BTreeSet::new(),
            entries: pattern.rows.len(),
            unknowns,
            lag: Lag::new(direct, unknowns),
        })
    }

    /// Unknowns on all ranks.
    pub fn unknowns(&self) -> u64 {
        self.unknowns
    }

    /// Whether this is a factorisation, which [`LinearKind::Auto`] decides.
    pub fn is_direct(&self) -> bool {
        self.direct
    }

    /// Takes new values (one per triplet of the pattern) and factorises, or rebuilds the multigrid hierarchy. The
    /// symbolic factorisation, or the interpolation between the levels, of the first call is reused.
    ///
    /// # Errors
    /// Another number of values, a value that is not finite, a failed factorisation.
    ///
    /// # Collective
    pub fn factor_or_setup(&mut self, values: &[f64]) -> Result<()> {
        agree(self.comm, checks::values(values, self.entries))?;
        self.set_values(|to| to.copy_from_slice(values))
    }

    /// As [`LinearSolver::factor_or_setup`], with values that `fill` writes: what they hold before is not defined. With
    /// [`LinearOptions::lagged`] factors or levels of earlier values may be kept.
    ///
    /// # Errors
    /// A value that is not finite, a failed factorisation.
    ///
    /// # Collective
    pub fn set_values(&mut self, fill: impl FnOnce(&mut [f64])) -> Result<()> {
        let entries = self.entries;
        let filled = self.matrix.with_values(|values| {
            fill(values);
            checks::values(values, entries)
        });
        agree(self.comm, filled.map_err(from_petsc).and_then(|checked| checked))?;
        match self.ksp.as_mut().filter(|_| self.settings.lagged && self.lag.keeps()) {
            None => self.refresh(),
            Some(ksp) => {
                let kept = ksp.set_reuse_preconditioner(true).and_then(|()| {
                    ksp.set_operators(&self.matrix, self.part.as_ref().unwrap_or(&self.matrix))
                });
                self.lag.grows_old();
                agree(self.comm, kept.map_err(from_petsc))
            }
        }
    }

    /// Factorises, or builds the levels, for the values that are there.
    fn refresh(&mut self) -> Result<()> {
        let start = std::time::Instant::now();
        if self.settings.lagged && !self.direct {
            // the smoothers' estimates of eigenvalues are those of the values that the levels were built with
            self.ksp = None;
        }
        self.lag.renews();
        if self.settings.lagged && self.direct && !self.settings.symmetric {
            agree(self.comm, self.take_symmetric_part().map_err(from_petsc))?;
        }
        loop {
            match self.set_up_once() {
                Ok(()) if !self.found_negative_pivots()? => break,
                Ok(()) => self.use_pivoting()?,
                // INFOG is the same on all ranks, and so is what is done about it
                Err(petsc_rs::Error::NotConverged(why)) if self.can_repair(&why) => self.repair(&why)?,
                // it stops at a matrix that is not positive definite; this is one rank, with nobody to agree with
                Err(petsc_rs::Error::Call { .. }) if self.takes_cholmod() => {
                    self.without_cholmod = true;
                    self.ksp = None;
                }
                Err(e) => {
                    self.ksp = None;
                    return agree(self.comm, Err(from_petsc(e)));
                }
            }
        }
        agree(self.comm, Ok(()))?;
        if self.settings.verbose && self.comm.is_root() {
            let method = self.method().unwrap_or_default();
            log::info!(
                "linear set-up: {method}, {} unknowns, {:.2} s",
                self.unknowns,
                start.elapsed().as_secs_f64()
            );
        }
        Ok(())
    }

    fn set_up_once(&mut self) -> petsc_rs::Result<()> {
        let scope = options::Scope::open(&self.option_list())?;
        let mut ksp = match self.ksp.take() {
            Some(ksp) => ksp,
            None => {
                let mut ksp = Ksp::new(self.world, PREFIX)?;
                ksp.set_from_options()?;
                self.lag.learns(ksp.tolerances()?);
                ksp
            }
        };
        ksp.set_reuse_preconditioner(false)?;
        ksp.set_operators(&self.matrix, self.part.as_ref().unwrap_or(&self.matrix))?;
        let done = ksp.set_up();
        self.ksp = Some(ksp);
        self.used.extend(scope.close()?);
        done
    }

    fn take_symmetric_part(&mut self) -> petsc_rs::Result<()> {
        let mut part = self.matrix.symmetric_part(self.part.take())?;
        part.set_symmetry(self.symmetry)?;
        self.part = Some(part);
        Ok(())
    }

    /// Solves K u = f for the owned unknowns of each rank; `u` need not be set before. Where K holds a diagonal only
    /// and f is 0, a factorisation gives u = 0 exactly, an iterative solver up to rounding.
    ///
    /// # Errors
    /// No [`LinearSolver::factor_or_setup`] before, other lengths than the owned unknowns, a right-hand side that is
    /// not finite, no convergence (`u` is then unchanged).
    ///
    /// # Collective
    pub fn solve(&mut self, rhs: &[f64], u: &mut [f64]) -> Result<SolveInfo> {
        self.solve_to(rhs, u, self.settings.rtol)
    }

    /// As [`LinearSolver::solve`], where a Krylov method need not reduce the residual below `rtol |f|`. With
    /// [`LinearOptions::lagged`] a solve that fails with factors or levels of earlier values is repeated with new ones.
    ///
    /// # Errors
    /// As [`LinearSolver::solve`].
    ///
    /// # Collective
    pub fn solve_to(&mut self, rhs: &[f64], u: &mut [f64], rtol: f64) -> Result<SolveInfo> {
        let start = std::time::Instant::now();
        let load = match self.rhs.local_len() {
            Ok(n) if rhs.len() != n || u.len() != n => Err(Error::run(format!(
                "the linear solver was given {} loads and {} unknowns for {n} owned unknowns",
                rhs.len(),
                u.len()
            ))),
            Ok(_) if !rhs.iter().all(|f| f.is_finite()) => Err(Error::run(
                "the right-hand side of the linear system is not finite: look at loads and stresses",
            )),
            Ok(_) => self.rhs.copy_from(rhs).map_err(from_petsc),
            Err(e) => Err(from_petsc(e)),
        };
        agree(self.comm, load)?;
        let mut solved = self.solve_loaded(rtol);
        if matches!(solved, Err(petsc_rs::Error::NotConverged(_))) && self.lag.is_old() {
            self.refresh()?;
            solved = self.solve_loaded(rtol);
        }
        if matches!(&solved, Err(petsc_rs::Error::NotConverged(why)) if self.is_indefinite(why)) {
            self.settings.symmetric = false;
            self.ksp = None;
            self.refresh()?;
            solved = self.solve_loaded(rtol);
        }
        let solved = solved.map_err(from_petsc);
        let info = agree(self.comm, solved.and_then(|info| self.check_solution(info)))?;
        agree(self.comm, self.solution.copy_to(u).map_err(from_petsc))?;
        if self.settings.verbose && self.comm.is_root() {
            log::info!(
                "linear solve: {} iterations, relative residual {:.1e}, {}, {:.2} s",
                info.iterations,
                info.relative_residual,
                info.reason,
                start.elapsed().as_secs_f64()
            );
        }
        Ok(info)
    }

    /// Whether conjugate gradients have found that they do not apply, in the lagged mode, which then takes GMRES.
    fn is_indefinite(&self, why: &NotConverged) -> bool {
        self.settings.lagged && self.settings.symmetric && !self.direct && why.name.contains("INDEFINITE")
    }

    fn solve_loaded(&mut self, rtol: f64) -> petsc_rs::Result<SolveInfo> {
        let scope = options::Scope::open(&self.option_list())?;
        let Some(ksp) = self.ksp.as_mut() else {
            return Err(petsc_rs::Error::Argument("the linear solver was not set up with values".into()));
        };
        if self.settings.lagged {
            let (rtol, iterations) = self.lag.limits(rtol, self.settings.rtol);
            ksp.set_tolerances(rtol, iterations)?;
        }
        let done = ksp.solve(&self.rhs, &mut self.solution)?;
        self.used.extend(scope.close()?);
        self.matrix.mult(&self.solution, &mut self.residual)?;
        self.residual.add_scaled(-1.0, &self.rhs)?;
        let (residual_norm, load) = (self.residual.norm()?, self.rhs.norm()?);
        let relative_residual = if load > 0.0 { residual_norm / load } else { 0.0 };
        self.lag.counts(done.iterations, relative_residual);
        Ok(SolveInfo { iterations: done.iterations, residual_norm, relative_residual, reason: done.reason })
    }

    fn check_solution(&self, info: SolveInfo) -> Result<SolveInfo> {
        let fine = if self.direct {
            info.relative_residual <= LARGEST_DIRECT_RESIDUAL
        } else {
            info.relative_residual.is_finite()
        };
        if fine {
            return Ok(info);
        }
        let r = info.relative_residual;
        Err(Error::run(format!(
            "the linear solve left a relative residual of {r:.1e}: the stiffness matrix is singular to working precision; look for parts that are free to move"
        )))
    }

    fn option_list(&self) -> Vec<(String, Option<String>)> {
        let definite = self.settings.symmetric && self.symmetry == Symmetry::PositiveDefinite;
        let method = defaults::Method { direct: self.direct, definite, cholmod: self.takes_cholmod() };
        defaults::option_list(&self.settings, method, self.workspace, self.comm.size() > 1)
    }

    /// Method, preconditioner and package in one line, e.g. `preonly + cholesky (mumps)`; before the first set-up it
    /// says so.
    ///
    /// # Errors
    /// PETSc fails.
    pub fn method(&self) -> Result<String> {
        let Some(ksp) = &self.ksp else { return Ok("not set up".into()) };
        let (method, preconditioner, package) = ksp.method().map_err(from_petsc)?;
        let package = package.map(|p| format!(" ({p})")).unwrap_or_default();
        Ok(format!("{method} + {preconditioner}{package}"))
    }

    /// Those of [`LinearOptions::options`] and of PETSC_OPTIONS that PETSc has not asked for: after a solve, misspelt
    /// ones and ones that do not apply (or are overridden by PETSC_OPTIONS).
    pub fn unused_options(&self) -> Vec<String> {
        let used = |key: &String| self.used.iter().any(|u| u.eq_ignore_ascii_case(key));
        let given = self.settings.options.iter().map(|(k, _)| defaults::full_name(k)).filter(|k| !used(k));
        // between two set-ups only the options of the environment are left
        let around = options::unused().unwrap_or_default().into_iter().map(|(name, _)| name);
        given.chain(around).collect()
    }
}

/// PETSc's code for a type or package that it does not have: a wrong option, which no shorter step mends.
const UNKNOWN_TYPE: i32 = 86;

fn from_petsc(e: petsc_rs::Error) -> Error {
    match &e {
        petsc_rs::Error::Call { code: UNKNOWN_TYPE, .. } => {
            Error::case(format!("[solver] petsc: {e}; correct the PETSc options"))
        }
        _ => Error::run(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_mpi_the_remedy_is_told() {
        let node = Pattern { rows: &[0], cols: &[0], coordinates: &[[0.0; 3]], constrained: &[false; 3] };
        let comm = Comm::serial();
        let error = LinearSolver::new(&comm, node, LinearOptions::default()).err().expect("no MPI");
        assert!(error.message.contains("MPI"), "{error}");
    }
}
