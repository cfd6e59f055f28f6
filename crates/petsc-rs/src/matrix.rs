//! Distributed sparse matrices (aij), assembled from coordinate (COO) triplets.

use crate::error::{Error, Result, check, int};
use crate::session::Session;
use crate::vector::Vector;
use mpi::traits::Communicator;
use petsc_sys::*;
use std::ptr::{null, null_mut};
use std::vec::Vec;

const WHAT: &str = "a matrix";

/// What the caller knows of a matrix, whatever its values will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symmetry {
    /// Nothing.
    None,
    /// A = Aᵀ, possibly indefinite: Cholesky means LDLᵀ with pivoting.
    Symmetric,
    /// A = Aᵀ, xᵀAx > 0: Cholesky without pivoting.
    PositiveDefinite,
}

/// A square distributed matrix. Each rank holds contiguous rows.
#[derive(Debug)]
pub struct Matrix {
    raw: Mat,
    session: Session,
    entries: usize,
    /// Whether the values of the pattern are PETSc's own array, entry by entry.
    in_place: bool,
    /// Values on their way to PETSc, where they are not.
    values: Vec<f64>,
}

impl Matrix {
    /// A square matrix with `n_local` rows on this rank and room for the entries (`rows[k]`, `cols[k]`), global
    /// numbers; one place may occur several times, on several ranks too (the values are added), and rows may belong
    /// to other ranks. `block_size` unknowns belong together (3 for displacements); it divides `n_local`.
    ///
    /// A pattern without repetitions whose entries come row by row, columns ascending, is taken as it is on one rank: no
    /// maps are kept and values are written where PETSc stores them. Other arrays are copied, since PETSc sorts them.
    ///
    /// # Errors
    /// Arrays of different length, a number below 0 (PETSc would drop the entry silently) or beyond the matrix, or a
    /// PETSc failure.
    ///
    /// # Collective
    pub fn from_coo<C: Communicator>(
        comm: &C,
        n_local: usize,
        rows: &[i32],
        cols: &[i32],
        block_size: usize,
    ) -> Result<Matrix> {
        let session = Session::current(WHAT)?;
        if rows.len() != cols.len() {
            return Err(Error::Argument(format!("{} row and {} column numbers", rows.len(), cols.len())));
        }
        if let Some(k) = (0..rows.len()).find(|&k| rows[k] < 0 || cols[k] < 0) {
            return Err(Error::Argument(format!(
                "entry {k} of the pattern is at row {}, column {}",
                rows[k], cols[k]
            )));
        }
        let n = int(n_local, "local rows of a matrix")?;
        let count =
            PetscCount::try_from(rows.len()).map_err(|_| Error::Argument("too many entries".into()))?;
        let mut m =
            Matrix { raw: null_mut(), session, entries: rows.len(), in_place: false, values: Vec::new() };
        check!(MatCreate(comm.as_raw(), &mut m.raw))?;
        check!(MatSetSizes(m.raw, n, n, PETSC_DETERMINE, PETSC_DETERMINE))?;
        check!(MatSetBlockSize(m.raw, int(block_size, "block size")?))?;
        check!(MatSetType(m.raw, c"aij".as_ptr()))?;
        let (mut row_layout, mut col_layout, mut size) = (null_mut(), null_mut(), 0);
        check!(MatGetLayouts(m.raw, &mut row_layout, &mut col_layout))?;
        check!(PetscLayoutSetUp(row_layout))?;
        check!(PetscLayoutSetUp(col_layout))?;
        check!(MatGetSize(m.raw, &mut size, null_mut()))?;
        // PETSc without debugging does not look, and writes beyond its arrays
        if let Some(k) = (0..rows.len()).find(|&k| rows[k] >= size || cols[k] >= size) {
            let (i, j) = (rows[k], cols[k]);
            return Err(Error::Argument(format!(
                "entry {k} of the pattern, ({i}, {j}), is outside {size} rows"
            )));
        }
        if comm.size() == 1 && sorted(rows, cols) {
            let mut start = vec![0; n_local + 1];
            rows.iter().for_each(|&i| start[i as usize + 1] += 1);
            (0..n_local).for_each(|i| start[i + 1] += start[i]);
            check!(MatSeqAIJSetPreallocationCSR(m.raw, start.as_ptr(), cols.as_ptr(), null()))?;
            m.in_place = true;
            return Ok(m);
        }
        let (mut rows, mut cols) = (rows.to_vec(), cols.to_vec());
        check!(MatSetPreallocationCOO(m.raw, count, rows.as_mut_ptr(), cols.as_mut_ptr()))?;
        Ok(m)
    }

    pub(crate) fn raw(&self) -> Result<Mat> {
        self.session.require(WHAT)?;
        Ok(self.raw)
    }

    /// Replaces all values: `values[k]` belongs to entry `k` of the pattern; those of one place are added.
    ///
    /// # Errors
    /// Another number of values than of entries, or PETSc fails.
    ///
    /// # Collective
    pub fn set_values(&mut self, values: &[f64]) -> Result<()> {
        if values.len() != self.entries {
            return Err(Error::Argument(format!(
                "{} values for a pattern of {} entries",
                values.len(),
                self.entries
            )));
        }
        self.with_values(|to| to.copy_from_slice(values))
    }

    /// Lets `fill` write all values, one for each entry of the pattern; what they hold before is not defined.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn with_values<R>(&mut self, fill: impl FnOnce(&mut [f64]) -> R) -> Result<R> {
        let raw = self.raw()?;
        if !self.in_place {
            self.values.resize(self.entries, 0.0);
            let done = fill(&mut self.values);
            check!(MatSetValuesCOO(raw, self.values.as_ptr(), InsertMode::INSERT_VALUES))?;
            return Ok(done);
        }
        let mut array = null_mut();
        check!(MatSeqAIJGetArrayWrite(raw, &mut array))?;
        let done = if self.entries == 0 {
            fill(&mut [])
        } else {
            // Safety: a sequential matrix with the pattern of `from_coo` holds `entries` values, lent until restored
            fill(unsafe { std::slice::from_raw_parts_mut(array, self.entries) })
        };
        check!(MatSeqAIJRestoreArrayWrite(raw, &mut array))?;
        Ok(done)
    }

    /// States what holds for these and all later values, so that solvers need not test it.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn set_symmetry(&mut self, symmetry: Symmetry) -> Result<()> {
        let raw = self.raw()?;
        let symmetric = PetscBool::Type::from(symmetry != Symmetry::None);
        let definite = PetscBool::Type::from(symmetry == Symmetry::PositiveDefinite);
        // the eternal flags keep the others when values change
        for (option, value) in [
            (MatOption::MAT_SYMMETRIC, symmetric),
            (MatOption::MAT_SYMMETRY_ETERNAL, symmetric),
            (MatOption::MAT_SPD, definite),
            (MatOption::MAT_SPD_ETERNAL, definite),
        ] {
            check!(MatSetOption(raw, option, value))?;
        }
        Ok(())
    }

    /// The symmetric part `(A + Aᵀ) / 2` of a matrix whose pattern is symmetric, into a matrix of its own: `part`, where an
    /// earlier call has made it. Its pattern stays, and with it symbolic factorisations.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn symmetric_part(&self, part: Option<Matrix>) -> Result<Matrix> {
        let raw = self.raw()?;
        let reuse = if part.is_some() { MatReuse::MAT_REUSE_MATRIX } else { MatReuse::MAT_INITIAL_MATRIX };
        let mut part = part.unwrap_or(Matrix {
            raw: null_mut(),
            session: self.session,
            entries: 0,
            in_place: false,
            values: Vec::new(),
        });
        check!(MatTranspose(raw, reuse, &mut part.raw))?;
        check!(MatAXPY(part.raw, 1.0, raw, MatStructure::SAME_NONZERO_PATTERN))?;
        check!(MatScale(part.raw, 0.5))?;
        Ok(part)
    }

    /// Gives multigrid the vectors that the operator nearly annihilates (rigid-body modes without supports). They
    /// are orthonormalised here (modified Gram-Schmidt, twice), and those that depend on the earlier ones are
    /// dropped; the number kept is returned. An empty set removes an earlier one.
    ///
    /// # Errors
    /// A vector of another distribution, or PETSc fails.
    ///
    /// # Collective
    pub fn set_near_null_space(&mut self, vectors: Vec<Vector>) -> Result<usize> {
        let raw = self.raw()?;
        let mut kept: Vec<Vector> = Vec::with_capacity(vectors.len());
        for mut v in vectors {
            let length = v.norm()?;
            for _ in 0..2 {
                for q in &kept {
                    let c = v.dot(q)?;
                    v.add_scaled(-c, q)?;
                }
            }
            let rest = v.norm()?;
            if rest > 1e-8 * length {
                v.scale(1.0 / rest)?;
                kept.push(v);
            }
        }
        if kept.is_empty() {
            check!(MatSetNearNullSpace(raw, null_mut()))?;
            return Ok(0);
        }
        let handles = kept.iter().map(Vector::raw).collect::<Result<Vec<_>>>()?;
        let mut comm = std::mem::MaybeUninit::uninit();
        check!(PetscObjectGetComm(raw.cast(), comm.as_mut_ptr()))?;
        let mut space: MatNullSpace = null_mut();
        let n = int(handles.len(), "number of near-null vectors")?;
        // Safety: the communicator was set by the checked call before; PETSc takes references to the vectors
        check!(MatNullSpaceCreate(
            comm.assume_init(),
            PetscBool::PETSC_FALSE,
            n,
            handles.as_ptr(),
            &mut space
        ))?;
        let set = check!(MatSetNearNullSpace(raw, space));
        check!(MatNullSpaceDestroy(&mut space))?;
        set.map(|()| kept.len())
    }

    /// A zero vector with the distribution of the rows.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn new_vector(&self) -> Result<Vector> {
        let mut raw = null_mut();
        check!(MatCreateVecs(self.raw()?, null_mut(), &mut raw))?;
        // Safety: just created, owned here
        let mut vector = unsafe { Vector::from_raw(raw, self.session) };
        vector.fill(0.0)?;
        Ok(vector)
    }

    /// `y = A x`.
    ///
    /// # Errors
    /// Distributions that do not fit, or PETSc fails.
    ///
    /// # Collective
    pub fn mult(&self, x: &Vector, y: &mut Vector) -> Result<()> {
        check!(MatMult(self.raw()?, x.raw()?, y.raw()?))
    }

    /// Stored entries on all ranks.
    ///
    /// # Errors
    /// PETSc fails.
    ///
    /// # Collective
    pub fn stored_entries(&self) -> Result<f64> {
        let mut info = std::mem::MaybeUninit::<MatInfo>::uninit();
        check!(MatGetInfo(self.raw()?, MatInfoType::MAT_GLOBAL_SUM, info.as_mut_ptr()))?;
        // Safety: filled by the checked call before
        Ok(unsafe { info.assume_init() }.nz_used)
    }
}

/// Whether entries come row by row with ascending columns, none twice.
fn sorted(rows: &[i32], cols: &[i32]) -> bool {
    let place = |k: usize| (rows[k], cols[k]);
    i32::try_from(rows.len()).is_ok() && (1..rows.len()).all(|k| place(k - 1) < place(k))
}

impl Drop for Matrix {
    /// # Collective
    fn drop(&mut self) {
        if self.session.runs() && !self.raw.is_null() {
            // the handle is owned and the session runs. A failure leaves a leak, nothing to report to
            let _ = check!(MatDestroy(&mut self.raw));
        }
    }
}
