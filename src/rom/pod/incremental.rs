//! Incremental POD (method.md 2.2): one more snapshot into a basis, without the old snapshots.

use super::{InnerProduct, Pod, PodError, Truncation, pod_gram};
use crate::parallel::Comm;

/// The basis of `modes` (orthonormal, with their `singular_values`) and of one new snapshot.
///
/// The old snapshots enter by their modes times singular values, which have the same correlation; the result is their
/// POD with the new one, truncated. A snapshot within `truncation.relative` of the basis changes singular values only.
///
/// # Errors
/// [`PodError`]: a snapshot that is not finite.
///
/// # Collective
pub fn pod_extend<P: InnerProduct + ?Sized>(
    comm: &Comm,
    modes: &[Vec<f64>],
    singular_values: &[f64],
    snapshot: &[f64],
    inner: &P,
    ids: &[u64],
    truncation: Truncation,
) -> Result<Pod, PodError> {
    let mut all: Vec<Vec<f64>> =
        modes.iter().zip(singular_values).map(|(mode, s)| mode.iter().map(|x| s * x).collect()).collect();
    all.push(snapshot.to_vec());
    pod_gram(comm, &all[..], inner, ids, truncation)
}
