//! Proper orthogonal decomposition of snapshots that are distributed over ranks.
//!
//! Snapshots `u_s`, `s < S`; inner product `(u, v) = sum_d u_d . M_d v_d` over subdomains, so that nodes of interfaces,
//! present on several ranks, need no owner. Modes `psi_k` are orthonormal in it.
//!
//! [`pod_gram`]: eigenvectors of the correlation matrix `C_ij = (u_i, u_j)` (method 2.1): one sum over ranks, resolves
//! modes down to `1e-7` of the first. [`pod_tsqr`]: a QR factorisation of the snapshots instead of C, for tolerances
//! below that. Both end alike: modes `U V Sigma^-1` re-orthogonalised, and the small matrix of their coefficients
//! decomposed, so that the singular values are accurate and the modes are the principal directions of the projection.
//!
//! [`pod_in_place`]: the same of a matrix in memory that the modes overwrite; [`pod_streamed`]: block by block, for
//! snapshots that do not fit in memory.
//!
//! Not here: where snapshots come from.

#[cfg(test)]
pub(super) use panels::gram_block;

mod finish;
mod gram;
mod incremental;
mod lower;
mod panels;
mod peaks;
mod right;
mod streamed;
mod tsqr;

#[cfg(test)]
mod tests;

pub use finish::{modes, pod_in_place};
pub use gram::pod_gram;
pub use incremental::pod_extend;
pub use panels::{Columns, ROWS, column_block};
pub use right::{Method, Right};
pub use streamed::{StreamedPod, pod_streamed};
pub use tsqr::pod_tsqr;

use crate::error::Error;
use crate::parallel::Comm;

/// Snapshots in whatever storage: `count()` vectors of `len()` local values.
///
/// Reading does not fail: a source that can must fill with NaN and remember why; the NaN is then reported.
pub trait Snapshots {
    /// Number of snapshots S, the same on every rank.
    fn count(&self) -> usize;
    /// Number of values of a snapshot on this rank.
    fn len(&self) -> usize;
    /// Whether this rank has no values.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Copies the values `first .. first + out.len()` of snapshot `s`.
    fn read(&self, s: usize, first: usize, out: &mut [f64]);
    /// Copies the values `first .. first + n` of all snapshots, one after the other.
    fn read_block(&self, first: usize, n: usize, out: &mut [f64]) {
        for (s, column) in out.chunks_exact_mut(n.max(1)).enumerate() {
            self.read(s, first, column);
        }
    }
    /// All values, one snapshot after the other, where they lie so in memory: they are then read in place.
    fn columns(&self) -> Option<&[f64]> {
        None
    }
}

/// Snapshots in memory; all of one length.
impl Snapshots for [Vec<f64>] {
    fn count(&self) -> usize {
        <[Vec<f64>]>::len(self)
    }

    fn len(&self) -> usize {
        self.first().map_or(0, Vec::len)
    }

    fn read(&self, s: usize, first: usize, out: &mut [f64]) {
        out.copy_from_slice(&self[s][first..first + out.len()]);
    }
}

/// An inner product by its local contribution.
pub trait InnerProduct {
    /// `mu = M_d u`, `M_d` symmetric, positive semi-definite; both of local length.
    fn apply(&self, u: &[f64], mu: &mut [f64]);

    /// Its diagonal where `M_d` is diagonal: it then costs nothing, and the QR method needs no products.
    fn diagonal(&self) -> Option<Diagonal<'_>> {
        None
    }
}

/// A diagonal product.
#[derive(Debug, Clone, Copy)]
pub enum Diagonal<'a> {
    /// Sum over local values: for values that live on one rank each (integration points).
    Identity,
    /// Weights `>= 0` per local value; values shared by ranks must share their weight (1 / multiplicity).
    Weights(&'a [f64]),
}

impl InnerProduct for Diagonal<'_> {
    fn apply(&self, u: &[f64], mu: &mut [f64]) {
        match self {
            Diagonal::Identity => mu.copy_from_slice(u),
            Diagonal::Weights(w) => mu.iter_mut().zip(u).zip(*w).for_each(|((m, u), w)| *m = w * u),
        }
    }

    fn diagonal(&self) -> Option<Diagonal<'_>> {
        Some(*self)
    }
}

/// A product given by a closure `(u, mu)` that writes `mu = M_d u`.
pub struct ProductFn<F: Fn(&[f64], &mut [f64])>(pub F);

impl<F: Fn(&[f64], &mut [f64])> InnerProduct for ProductFn<F> {
    fn apply(&self, u: &[f64], mu: &mut [f64]) {
        (self.0)(u, mu);
    }
}

/// How many modes to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truncation {
    /// eps: keep `n = max(n_a, n_b)`, `n_a = #{k : sigma_k > eps sigma_1}`, `n_b` = least n with
    /// `sum_{k > n} sigma_k^2 <= eps^2 sum_k sigma_k^2`.
    pub relative: f64,
    /// At most this many (at least one mode is kept).
    pub max_modes: Option<usize>,
}

impl Truncation {
    /// By tolerance only.
    pub fn new(relative: f64) -> Truncation {
        Truncation { relative, max_modes: None }
    }

    /// Number of modes for squared singular values (descending, not negative), none at or below `floor` times the first.
    pub fn count(&self, squares: &[f64], floor: f64) -> usize {
        let first = squares.first().copied().unwrap_or(0.0);
        let eps2 = self.relative.powi(2);
        let n_a = squares.iter().filter(|l| **l > eps2 * first).count();
        // Summed from the small end, so that the tail keeps its digits.
        let total: f64 = squares.iter().rev().sum();
        let mut tail = 0.0;
        let mut n_b = squares.len();
        for l in squares.iter().rev() {
            tail += l;
            if tail > eps2 * total {
                break;
            }
            n_b -= 1;
        }
        let resolved = squares.iter().filter(|l| **l > floor * first).count();
        n_a.max(n_b).min(resolved).min(self.max_modes.unwrap_or(usize::MAX).max(1))
    }
}

/// Modes and what they leave out.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Modes, column-major `len x n`, this rank's values; orthonormal over ranks; the entry of largest magnitude is
    /// positive (lowest global id among magnitudes equal to 1e-9).
    pub modes: Vec<f64>,
    /// Number of modes n, the same on every rank.
    pub count: usize,
    /// Singular values of the projected snapshots, descending; n entries, the unit of the norm.
    pub singular_values: Vec<f64>,
    /// All singular values that the method saw, before truncation; `S` entries (zeros where rounding made them negative).
    pub spectrum: Vec<f64>,
    /// `||u_s - sum_k (u_s, psi_k) psi_k|| / ||u_s||` per snapshot; 0 for a zero snapshot.
    pub projection_errors: Vec<f64>,
    /// `max |(psi_i, psi_j) - delta_ij|`, measured.
    pub orthogonality: f64,
}

impl Pod {
    /// The modes one by one; no more than one of them is held twice at a time.
    pub fn into_columns(self) -> Vec<Vec<f64>> {
        let rows = self.modes.len() / self.count.max(1);
        let mut modes = self.modes;
        let mut columns: Vec<Vec<f64>> = (0..self.count)
            .rev()
            .map(|k| {
                let column = modes.split_off(k * rows);
                modes.shrink_to_fit();
                column
            })
            .collect();
        columns.reverse();
        columns
    }

    /// Mode k, this rank's values.
    pub fn mode(&self, k: usize) -> &[f64] {
        let rows = self.modes.len() / self.count;
        &self.modes[k * rows..(k + 1) * rows]
    }
}

/// Why there are no modes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PodError {
    /// S = 0.
    #[error("there are no snapshots to compress; give at least one time step with a displacement")]
    NoSnapshots,
    /// All snapshots have norm zero.
    #[error(
        "all {count} snapshots are zero in the chosen inner product; check the field, or use the l2 product"
    )]
    Zero {
        /// S.
        count: usize,
    },
    /// A NaN or infinity.
    #[error(
        "snapshot {snapshot} (from 0) has a value that is not a finite number; remove it or repair the run"
    )]
    NotFinite {
        /// The first such snapshot.
        snapshot: usize,
    },
    /// The form is not positive.
    #[error(
        "the inner product gives snapshot {snapshot} the squared norm {square:e}: it is not positive; check the \
         weights or the mass matrix"
    )]
    NotPositive {
        /// The first such snapshot.
        snapshot: usize,
        /// Its squared norm.
        square: f64,
    },
    /// Lengths that do not fit, on some rank.
    #[error(
        "{ids} global ids were given for snapshots of {values} values; the arrays of the mesh do not fit together"
    )]
    Shape {
        /// Number of ids on that rank.
        ids: usize,
        /// Number of values on that rank.
        values: usize,
    },
    /// A tolerance that is not a number in [0, 1).
    #[error("a POD tolerance of {0} has no meaning; give a number between 0 and 1")]
    Tolerance(f64),
    /// The small decomposition did not converge.
    #[error(
        "the decomposition of the {size} x {size} snapshot matrix did not converge; scale or remove snapshots"
    )]
    Decomposition {
        /// Order of the matrix.
        size: usize,
    },
}

impl From<PodError> for Error {
    fn from(e: PodError) -> Error {
        Error::run(e.to_string())
    }
}

/// POD of values over integration points (dual quantities): identity product; no value is shared by ranks.
///
/// `ids`: global id per local value. Uses the correlation matrix down to `eps = 1e-7`, the QR method below.
///
/// # Errors
/// [`PodError`], the same on every rank.
///
/// # Collective
pub fn pod_identity<S: Snapshots + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    ids: &[u64],
    truncation: Truncation,
) -> Result<Pod, PodError> {
    if truncation.relative < 1e-7 {
        pod_tsqr(comm, snapshots, &Diagonal::Identity, ids, truncation)
    } else {
        pod_gram(comm, snapshots, &Diagonal::Identity, ids, truncation)
    }
}

/// Checks what can be checked before reading, the same way on every rank.
///
/// # Collective
fn check<S: Snapshots + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    ids: usize,
    truncation: Truncation,
) -> Result<(), PodError> {
    let values = snapshots.len();
    let bad = comm.min_u64(if ids == values { u64::MAX } else { comm.rank() as u64 });
    if bad != u64::MAX {
        let mut numbers = [ids as u64, values as u64];
        comm.broadcast(&mut numbers, bad as usize);
        return Err(PodError::Shape { ids: numbers[0] as usize, values: numbers[1] as usize });
    }
    if snapshots.count() == 0 {
        return Err(PodError::NoSnapshots);
    }
    if !(0.0..1.0).contains(&truncation.relative) {
        return Err(PodError::Tolerance(truncation.relative));
    }
    Ok(())
}

/// Refuses squared norms (the same on every rank) that are no numbers, negative beyond rounding, or all zero.
fn check_squares(squares: &[f64]) -> Result<(), PodError> {
    if let Some(snapshot) = squares.iter().position(|c| !c.is_finite()) {
        return Err(PodError::NotFinite { snapshot });
    }
    let largest = squares.iter().copied().fold(0.0, f64::max);
    if let Some(snapshot) = squares.iter().position(|c| *c < -1e-12 * largest) {
        return Err(PodError::NotPositive { snapshot, square: squares[snapshot] });
    }
    if largest > 0.0 { Ok(()) } else { Err(PodError::Zero { count: squares.len() }) }
}
