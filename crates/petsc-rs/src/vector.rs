//! Distributed vectors: each rank holds one contiguous part.

use crate::error::{Error, Result, check, int};
use crate::session::Session;
use mpi::traits::Communicator;
use petsc_sys::*;
use std::ptr::null_mut;
use std::vec::Vec;

const WHAT: &str = "a vector";

/// A distributed vector of real numbers.
#[derive(Debug)]
pub struct Vector {
    raw: petsc_sys::Vec,
    session: Session,
}

impl Vector {
    /// A zero vector with `n_local` entries on this rank.
    ///
    /// # Errors
    /// PETSc does not run; more than 2^31 - 1 entries on this rank (or, as PETSc's error, in all).
    ///
    /// # Collective
    pub fn new<C: Communicator>(comm: &C, n_local: usize) -> Result<Vector> {
        let session = Session::current(WHAT)?;
        let n = int(n_local, "local length of a vector")?;
        let mut vector = Vector { raw: null_mut(), session };
        check!(VecCreate(comm.as_raw(), &mut vector.raw))?;
        check!(VecSetSizes(vector.raw, n, PETSC_DETERMINE))?;
        check!(VecSetType(vector.raw, c"standard".as_ptr()))?;
        Ok(vector)
    }

    /// Takes over a handle that the caller owns.
    ///
    /// # Safety
    /// `raw` is a live vector of the current session, owned by the caller.
    pub(crate) unsafe fn from_raw(raw: petsc_sys::Vec, session: Session) -> Vector {
        Vector { raw, session }
    }

    pub(crate) fn raw(&self) -> Result<petsc_sys::Vec> {
        self.session.require(WHAT)?;
        Ok(self.raw)
    }

    /// A zero vector of the same distribution.
    ///
    /// # Errors
    /// PETSc does not run or fails.
    ///
    /// # Collective
    pub fn duplicate(&self) -> Result<Vector> {
        let mut vector = Vector { raw: null_mut(), session: self.session };
        check!(VecDuplicate(self.raw()?, &mut vector.raw))?;
        vector.fill(0.0)?;
        Ok(vector)
    }

    /// Number of entries on this rank.
    ///
    /// # Errors
    /// PETSc does not run.
    pub fn local_len(&self) -> Result<usize> {
        let mut n = 0;
        check!(VecGetLocalSize(self.raw()?, &mut n))?;
        Ok(usize::try_from(n).unwrap_or(0))
    }

    /// Number of entries on all ranks.
    ///
    /// # Errors
    /// PETSc does not run.
    pub fn global_len(&self) -> Result<usize> {
        let mut n = 0;
        check!(VecGetSize(self.raw()?, &mut n))?;
        Ok(usize::try_from(n).unwrap_or(0))
    }

    /// Lets `read` look at the entries of this rank.
    ///
    /// # Errors
    /// PETSc does not run or fails.
    pub fn with_array<R>(&self, read: impl FnOnce(&[f64]) -> R) -> Result<R> {
        let n = self.local_len()?;
        let mut p = std::ptr::null();
        check!(VecGetArrayRead(self.raw, &mut p))?;
        // Safety: PETSc gives n entries, which nobody writes while `self` is borrowed; it may give null for none
        let result = read(if n == 0 { &[] } else { unsafe { std::slice::from_raw_parts(p, n) } });
        check!(VecRestoreArrayRead(self.raw, &mut p))?;
        Ok(result)
    }

    /// Lets `write` change the entries of this rank.
    ///
    /// # Errors
    /// PETSc does not run or fails.
    pub fn with_array_mut<R>(&mut self, write: impl FnOnce(&mut [f64]) -> R) -> Result<R> {
        let n = self.local_len()?;
        let mut p = null_mut();
        check!(VecGetArray(self.raw, &mut p))?;
        // Safety: as in `with_array`, with `self` borrowed for writing
        let result = write(if n == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(p, n) } });
        check!(VecRestoreArray(self.raw, &mut p))?;
        Ok(result)
    }

    /// Copies `values` (local length) into this rank's part.
    ///
    /// # Errors
    /// The lengths differ, or PETSc fails.
    pub fn copy_from(&mut self, values: &[f64]) -> Result<()> {
        self.same_length(values.len())?;
        self.with_array_mut(|a| a.copy_from_slice(values))
    }

    /// Copies this rank's part into `values` (local length).
    ///
    /// # Errors
    /// The lengths differ, or PETSc fails.
    pub fn copy_to(&self, values: &mut [f64]) -> Result<()> {
        self.same_length(values.len())?;
        self.with_array(|a| values.copy_from_slice(a))
    }

    /// This rank's part.
    ///
    /// # Errors
    /// PETSc fails.
    pub fn to_vec(&self) -> Result<Vec<f64>> {
        self.with_array(<[f64]>::to_vec)
    }

    fn same_length(&self, given: usize) -> Result<()> {
        let n = self.local_len()?;
        if n == given {
            return Ok(());
        }
        Err(Error::Argument(format!("a vector with {n} entries on this rank was given an array of {given}")))
    }

    /// Sets every entry to `value`.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn fill(&mut self, value: f64) -> Result<()> {
        check!(VecSet(self.raw()?, value))
    }

    /// Multiplies every entry by `factor`.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        check!(VecScale(self.raw()?, factor))
    }

    /// `self += factor * other`, of the same distribution.
    ///
    /// # Errors
    /// The distributions differ, or PETSc fails.
    ///
    /// # Collective
    pub fn add_scaled(&mut self, factor: f64, other: &Vector) -> Result<()> {
        check!(VecAXPY(self.raw()?, factor, other.raw()?))
    }

    /// Scalar product over all ranks.
    ///
    /// # Errors
    /// The distributions differ, or PETSc fails.
    ///
    /// # Collective
    pub fn dot(&self, other: &Vector) -> Result<f64> {
        let mut value = 0.0;
        check!(VecDot(self.raw()?, other.raw()?, &mut value))?;
        Ok(value)
    }

    /// Euclidean norm over all ranks.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn norm(&self) -> Result<f64> {
        let mut value = 0.0;
        check!(VecNorm(self.raw()?, NormType::NORM_2, &mut value))?;
        Ok(value)
    }
}

impl Drop for Vector {
    /// # Collective
    fn drop(&mut self) {
        if self.session.runs() && !self.raw.is_null() {
            // the handle is owned and the session runs. A failure leaves a leak, nothing to report to
            let _ = check!(VecDestroy(&mut self.raw));
        }
    }
}
