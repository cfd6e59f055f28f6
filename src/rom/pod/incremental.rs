//! Incremental POD (method.md 2.2): one more snapshot into a basis, without the old snapshots.

use super::{InnerProduct, PodError};
use crate::parallel::Comm;
use crate::rom::dense::{axpy, dot, vectorised};

/// Orthogonalisation loses as many digits as cancel: below this share it is done twice, so that modes are orthonormal to 1e-12.
const CANCELS: f64 = 1e-4;

/// Adds the part of `snapshot` outside of the span of the orthonormal `modes` as a further mode, with its norm as its
/// singular value, unless it is at most `tolerance` of the snapshot. Returns that share.
///
/// Nothing is truncated or rotated: a snapshot that is small beside the others (another load level) is told from noise by
/// its own size, and coordinates of the old modes keep their meaning.
///
/// # Errors
/// [`PodError::NotFinite`].
///
/// # Collective
pub fn pod_extend<P: InnerProduct + ?Sized>(
    comm: &Comm,
    modes: &mut Vec<Vec<f64>>,
    singular_values: &mut Vec<f64>,
    snapshot: &[f64],
    inner: &P,
    tolerance: f64,
) -> Result<f64, PodError> {
    let mut rest = snapshot.to_vec();
    let mut product = vec![0.0; rest.len()];
    inner.apply(&rest, &mut product);
    let size = comm.sum1(dot(&rest, &product)).max(0.0).sqrt();
    if !size.is_finite() {
        return Err(PodError::NotFinite { snapshot: 0 });
    }
    if size == 0.0 {
        return Ok(0.0);
    }
    let mut left = size;
    // twice is enough (Parlett), and once where little cancels
    for _ in 0..2 {
        let before = left;
        let mut along: Vec<f64> = modes.iter().map(|m| vectorised(|| dot(m, &product))).collect();
        comm.sum(&mut along);
        modes.iter().zip(along).for_each(|(m, c)| vectorised(|| axpy(-c, m, &mut rest)));
        inner.apply(&rest, &mut product);
        left = comm.sum1(dot(&rest, &product)).max(0.0).sqrt();
        if left > CANCELS * before || left <= tolerance * size {
            break;
        }
    }
    if left > tolerance * size {
        rest.iter_mut().for_each(|x| *x /= left);
        singular_values.truncate(modes.len());
        singular_values.push(left);
        modes.push(rest);
    }
    Ok(left / size)
}
