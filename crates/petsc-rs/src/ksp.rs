//! Linear solvers: Krylov methods with preconditioners, and factorisations, all chosen through options.

use crate::error::{Error, NotConverged, Result, check, text};
use crate::matrix::Matrix;
use crate::session::Session;
use crate::vector::Vector;
use mpi::traits::Communicator;
use petsc_sys::*;
use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

const WHAT: &str = "a linear solver";

/// How a linear solve ended.
#[derive(Debug, Clone, PartialEq)]
pub struct SolveInfo {
    /// Iterations of the Krylov method (1 for a factorisation).
    pub iterations: usize,
    /// Residual norm as the solver saw it last (its own norm; 0 when it computed none).
    pub residual_norm: f64,
    /// Name of PETSc's reason, e.g. `CONVERGED_RTOL`.
    pub reason: String,
}

/// A linear solver. Its method, preconditioner and tolerances come from the options that start with its prefix:
/// `-{prefix}ksp_type`, `-{prefix}pc_type`, `-{prefix}ksp_rtol` and so on.
#[derive(Debug)]
pub struct Ksp {
    raw: KSP,
    session: Session,
}

impl Ksp {
    /// A solver that reads options with `prefix` (without leading `-`, usually with a trailing `_`).
    ///
    /// # Errors
    /// PETSc does not run or fails.
    ///
    /// # Collective
    pub fn new<C: Communicator>(comm: &C, prefix: &str) -> Result<Ksp> {
        let session = Session::current(WHAT)?;
        let prefix =
            CString::new(prefix).map_err(|_| Error::Argument("an options prefix contains a nul".into()))?;
        let mut ksp = Ksp { raw: null_mut(), session };
        check!(KSPCreate(comm.as_raw(), &mut ksp.raw))?;
        check!(KSPSetOptionsPrefix(ksp.raw, prefix.as_ptr()))?;
        Ok(ksp)
    }

    fn raw(&self) -> Result<KSP> {
        self.session.require(WHAT)?;
        Ok(self.raw)
    }

    fn pc(&self) -> Result<PC> {
        let mut pc = null_mut();
        check!(KSPGetPC(self.raw()?, &mut pc))?;
        Ok(pc)
    }

    /// The matrix to solve with, and the one that makes the preconditioner. To be called again when their values have
    /// changed; the solver keeps references to them.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn set_operators(&mut self, a: &Matrix, preconditioner: &Matrix) -> Result<()> {
        check!(KSPSetOperators(self.raw()?, a.raw()?, preconditioner.raw()?))
    }

    /// Reads the options. Some are read later: those of multigrid levels and of MUMPS in [`Ksp::set_up`].
    ///
    /// # Errors
    /// An option has a value that PETSc does not know, or PETSc fails.
    ///
    /// # Collective
    pub fn set_from_options(&mut self) -> Result<()> {
        check!(KSPSetFromOptions(self.raw()?))
    }

    /// Whether to keep the preconditioner (or factors) when the matrix changes.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn set_reuse_preconditioner(&mut self, reuse: bool) -> Result<()> {
        check!(KSPSetReusePreconditioner(self.raw()?, PetscBool::Type::from(reuse)))
    }

    /// Relative tolerance and most iterations, as the options have them.
    ///
    /// # Errors
    /// PETSc fails.
    pub fn tolerances(&self) -> Result<(f64, i32)> {
        let (mut rtol, mut iterations) = (0.0, 0);
        check!(KSPGetTolerances(self.raw()?, &mut rtol, null_mut(), null_mut(), &mut iterations))?;
        Ok((rtol, iterations))
    }

    /// Sets relative tolerance and most iterations.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn set_tolerances(&mut self, rtol: f64, iterations: i32) -> Result<()> {
        let keep = f64::from(PETSC_DEFAULT);
        check!(KSPSetTolerances(self.raw()?, rtol, keep, keep, iterations))
    }

    /// Builds the preconditioner or factorises. Nothing is done where the matrix has not changed since.
    ///
    /// # Errors
    /// [`Error::NotConverged`] when the factorisation fails; else PETSc's.
    ///
    /// # Collective
    pub fn set_up(&mut self) -> Result<()> {
        let raw = self.raw()?;
        check!(KSPSetUp(raw))?;
        let mut failed = PCFailedReason::PC_NOERROR;
        check!(PCGetFailedReason(self.pc()?, &mut failed))?;
        if failed == PCFailedReason::PC_NOERROR {
            return Ok(());
        }
        Err(Error::NotConverged(NotConverged {
            reason: KSPConvergedReason::KSP_DIVERGED_PC_FAILED,
            name: "DIVERGED_PC_FAILED".into(),
            iterations: 0,
            residual_norm: 0.0,
            mumps: self.mumps_error()?,
        }))
    }

    /// Solves A x = b, from x = 0 unless the options say otherwise.
    ///
    /// # Errors
    /// [`Error::NotConverged`] when the solver stops without a solution (PETSc itself calls that a success); `x`
    /// then holds its last iterate.
    ///
    /// # Collective
    pub fn solve(&mut self, b: &Vector, x: &mut Vector) -> Result<SolveInfo> {
        let raw = self.raw()?;
        check!(KSPSolve(raw, b.raw()?, x.raw()?))?;
        let (mut its, mut reason, mut norm, mut name) = (0, 0, 0.0, null());
        check!(KSPGetIterationNumber(raw, &mut its))?;
        check!(KSPGetConvergedReason(raw, &mut reason))?;
        check!(KSPGetResidualNorm(raw, &mut norm))?;
        check!(KSPGetConvergedReasonString(raw, &mut name))?;
        // Safety: PETSc gives a static string
        let name = unsafe { text(name) };
        let iterations = usize::try_from(its).unwrap_or(0);
        if reason > 0 {
            return Ok(SolveInfo { iterations, residual_norm: norm, reason: name });
        }
        let mumps = self.mumps_error()?;
        Err(Error::NotConverged(NotConverged { reason, name, iterations, residual_norm: norm, mumps }))
    }

    /// Names of the method and of the preconditioner, e.g. `("cg", "gamg")`, and of the package that factorises.
    ///
    /// # Errors
    /// PETSc fails.
    pub fn method(&self) -> Result<(String, String, Option<String>)> {
        let (raw, pc) = (self.raw()?, self.pc()?);
        let (mut ksp_type, mut pc_type) = (null(), null());
        check!(KSPGetType(raw, &mut ksp_type))?;
        check!(PCGetType(pc, &mut pc_type))?;
        // Safety: PETSc gives null or a string that lives as long as the object
        Ok(unsafe { (text(ksp_type), text(pc_type), self.factor_package()?) })
    }

    fn factor_package(&self) -> Result<Option<String>> {
        let mut package = null();
        check!(PCFactorGetMatSolverType(self.pc()?, &mut package))?;
        // Safety: null where the preconditioner is no factorisation, else a string that lives as long as it
        Ok((!package.is_null()).then(|| unsafe { CStr::from_ptr(package) }.to_string_lossy().into_owned()))
    }

    fn mumps_factor(&self) -> Result<Option<Mat>> {
        if self.factor_package()?.as_deref() != Some("mumps") {
            return Ok(None);
        }
        let mut factor = null_mut();
        check!(PCFactorGetMatrix(self.pc()?, &mut factor))?;
        Ok((!factor.is_null()).then_some(factor))
    }

    /// INFOG(1) and INFOG(2) where MUMPS factorises and failed.
    fn mumps_error(&self) -> Result<Option<(i32, i32)>> {
        Ok(self.mumps_info(1)?.zip(self.mumps_info(2)?).filter(|(one, _)| *one < 0))
    }

    /// INFOG(`index`) of the MUMPS factorisation; `None` for other solvers. Index from 1, as in its users' guide.
    ///
    /// # Errors
    /// PETSc fails; there is no factor before [`Ksp::set_up`].
    pub fn mumps_info(&self, index: i32) -> Result<Option<i32>> {
        let Some(factor) = self.mumps_factor()? else { return Ok(None) };
        let mut value = 0;
        check!(MatMumpsGetInfog(factor, index, &mut value))?;
        Ok(Some(value))
    }

    /// ICNTL(`index`) of the MUMPS factorisation; `None` for other solvers. Index from 1, as in its users' guide.
    ///
    /// # Errors
    /// As [`Ksp::mumps_info`].
    pub fn mumps_control(&self, index: i32) -> Result<Option<i32>> {
        let Some(factor) = self.mumps_factor()? else { return Ok(None) };
        let mut value = 0;
        check!(MatMumpsGetIcntl(factor, index, &mut value))?;
        Ok(Some(value))
    }
}

impl Drop for Ksp {
    /// # Collective
    fn drop(&mut self) {
        if self.session.runs() && !self.raw.is_null() {
            // the handle is owned and the session runs. A failure leaves a leak, nothing to report to
            let _ = check!(KSPDestroy(&mut self.raw));
        }
    }
}
