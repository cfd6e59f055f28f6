//! What both methods find first: singular values and right singular vectors of the snapshots, small and replicated.

use super::{InnerProduct, PodError, Snapshots, Truncation, gram, tsqr};
use crate::parallel::Comm;

/// How the right singular vectors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Eigenvectors of the correlation matrix.
    Gram,
    /// Singular vectors of the factor R of a QR factorisation.
    Tsqr,
}

/// `U = Psi Sigma V^T`: Sigma and V, the same on every rank.
#[derive(Debug, Clone)]
pub struct Right {
    /// Singular values, descending, S of them.
    pub values: Vec<f64>,
    /// V, `S x S` column-major.
    pub vectors: Vec<f64>,
    /// `(u_s, u_s)`.
    pub squares: Vec<f64>,
    /// Squared singular values at or below this share of the first are rounding.
    pub floor: f64,
}

/// The kept part of V: `Psi = U t` to rounding.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Number of modes.
    pub n: usize,
    /// `V_n Sigma_n^-1`, `S x n` column-major.
    pub t: Vec<f64>,
    /// Squared distance of each snapshot from the modes: `sum_(k > n) sigma_k^2 V_sk^2`.
    pub tails: Vec<f64>,
}

impl Right {
    /// Of the snapshots, which are read `block` values at a time.
    ///
    /// # Errors
    /// [`PodError`], the same on every rank.
    ///
    /// # Collective
    pub fn new<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
        comm: &Comm,
        snapshots: &S,
        inner: &P,
        truncation: Truncation,
        method: Method,
        block: usize,
    ) -> Result<Right, PodError> {
        super::check(comm, snapshots, snapshots.len(), truncation)?;
        match method {
            Method::Gram => gram::right(comm, snapshots, inner, block),
            Method::Tsqr => tsqr::right(comm, snapshots, inner, block),
        }
    }

    /// Number of modes that a truncation keeps.
    pub fn count(&self, truncation: Truncation) -> usize {
        let squares: Vec<f64> = self.values.iter().map(|v| v * v).collect();
        truncation.count(&squares, self.floor)
    }

    /// Truncates.
    pub fn keep(&self, truncation: Truncation) -> Kept {
        let s = self.values.len();
        let squares: Vec<f64> = self.values.iter().map(|v| v * v).collect();
        let n = self.count(truncation);
        let mut t = Vec::with_capacity(s * n);
        let mut tails = vec![0.0; s];
        for (k, v) in self.vectors.chunks_exact(s).enumerate() {
            if k < n {
                t.extend(v.iter().map(|x| x / self.values[k]));
            } else {
                tails.iter_mut().zip(v).for_each(|(e, x)| *e += squares[k] * x * x);
            }
        }
        Kept { n, t, tails }
    }

    /// Whether the correlation of kept and left-out directions, which is rounding of the first singular value's square,
    /// shows in the smallest of `n` singular values: beyond 1e-3 of it.
    pub fn couples(&self, n: usize) -> bool {
        self.floor * self.values[0].powi(2) > 1e-3 * self.values[n - 1].powi(2)
    }
}
