//! Factorisations that fail and are tried once more: MUMPS with more workspace, and LDLᵀ with pivoting where a matrix is not
//! positive definite.

use super::{LinearSolver, PREFIX, defaults, from_petsc};
use crate::error::Result;
use crate::parallel::agree;
use petsc_rs::{NotConverged, Symmetry, options};

impl LinearSolver<'_> {
    /// Whether the defaults are CHOLMOD: faster than MUMPS, for one rank and positive definite matrices.
    pub(super) fn takes_cholmod(&self) -> bool {
        self.direct
            && self.settings.lagged
            && self.comm.size() == 1
            && self.symmetry == Symmetry::PositiveDefinite
            && !self.without_cholmod
    }

    /// Whether another attempt may succeed: more workspace, or LDLᵀ instead of LLᵀ.
    pub(super) fn can_repair(&self, why: &NotConverged) -> bool {
        match why.mumps {
            Some((-8 | -9, _)) => {
                // what PETSc was started with, or PETSC_OPTIONS, would win over a new value
                self.workspace + 1 < defaults::WORKSPACES.len()
                    && !options::has_option(PREFIX, "mat_mumps_icntl_14").unwrap_or(true)
            }
            Some((-10 | -40, _)) => self.symmetry == Symmetry::PositiveDefinite,
            _ => false,
        }
    }

    pub(super) fn repair(&mut self, why: &NotConverged) -> Result<()> {
        if !matches!(why.mumps, Some((-8 | -9, _))) {
            return self.use_pivoting();
        }
        self.workspace += 1;
        self.ksp = None;
        if self.comm.is_root() {
            let percent = defaults::WORKSPACES[self.workspace];
            log::warn!("the workspace of MUMPS was too small: now {percent} % beyond its estimate");
        }
        Ok(())
    }

    /// Whether a Cholesky factorisation without pivoting went through although the matrix is not positive definite:
    /// it is then inaccurate. INFOG(12) counts negative pivots, except those of a front that ScaLAPACK factorises,
    /// which end with INFOG(1) = -40.
    pub(super) fn found_negative_pivots(&self) -> Result<bool> {
        if self.symmetry != Symmetry::PositiveDefinite {
            return Ok(false);
        }
        let pivots = self.ksp.as_ref().map_or(Ok(None), |ksp| ksp.mumps_info(12)).map_err(from_petsc);
        Ok(agree(self.comm, pivots)?.is_some_and(|n| n > 0))
    }

    pub(super) fn use_pivoting(&mut self) -> Result<()> {
        self.symmetry = Symmetry::Symmetric;
        self.ksp = None;
        let factorised = self.part.as_mut().unwrap_or(&mut self.matrix);
        agree(self.comm, factorised.set_symmetry(self.symmetry).map_err(from_petsc))?;
        if self.comm.is_root() {
            log::info!("the stiffness matrix is not positive definite: from now on factorised with pivoting");
        }
        Ok(())
    }
}
