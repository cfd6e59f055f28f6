//! Incremental POD (method.md 2.2): one more snapshot into a basis, without the old snapshots.

use super::{Diagonal, InnerProduct, PodError};
use crate::parallel::Comm;
use crate::rom::dense::{axpy, dot, vectorised};

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
    // twice is enough (Parlett), and needed: what once leaves grows from mode to mode
    let mut along: Vec<f64> = modes.iter().map(|m| vectorised(|| dot(m, &product))).collect();
    comm.sum(&mut along);
    let mut again = subtract(modes, &along, &mut rest);
    if !matches!(inner.diagonal(), Some(Diagonal::Identity)) {
        inner.apply(&rest, &mut product);
        again = modes.iter().map(|m| vectorised(|| dot(m, &product))).collect();
    }
    comm.sum(&mut again);
    modes.iter().zip(again).for_each(|(m, c)| vectorised(|| axpy(-c, m, &mut rest)));
    inner.apply(&rest, &mut product);
    let left = comm.sum1(dot(&rest, &product)).max(0.0).sqrt();
    if left > tolerance * size {
        rest.iter_mut().for_each(|x| *x /= left);
        singular_values.truncate(modes.len());
        singular_values.push(left);
        modes.push(rest);
    }
    Ok(left / size)
}

/// Subtracts `sum_k c_k mode_k` from `rest`; products of the modes with what is left, block by block, so that every mode is
/// read once.
fn subtract(modes: &[Vec<f64>], c: &[f64], rest: &mut [f64]) -> Vec<f64> {
    /// Values of all modes together that stay in the second cache.
    const CACHED: usize = 1 << 16;
    let mut products = vec![0.0; modes.len()];
    let block = (CACHED / modes.len().max(1)).max(256);
    for (b, rest) in rest.chunks_mut(block).enumerate() {
        let at = b * block..b * block + rest.len();
        vectorised(
            #[inline(always)]
            || {
                modes.iter().zip(c).for_each(|(m, c)| axpy(-c, &m[at.clone()], rest));
                products.iter_mut().zip(modes).for_each(|(p, m)| *p += dot(&m[at.clone()], rest));
            },
        );
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors of an orthogonalisation that loses three digits would grow a thousandfold with every mode.
    #[test]
    fn modes_of_fields_that_differ_little_from_each_other_stay_orthonormal() {
        let n = 500;
        let (mut modes, mut sizes) = (Vec::new(), Vec::new());
        for k in 0..30 {
            let field: Vec<f64> = (0..n)
                .map(|i| {
                    let x = f64::from(i) / f64::from(n);
                    1.0 + x + 1e-3 * (7.0 * f64::from(k + 1) * x).sin()
                })
                .collect();
            let share =
                pod_extend(&Comm::serial(), &mut modes, &mut sizes, &field, &Diagonal::Identity, 1e-6);
            assert!(share.is_ok());
        }
        assert!(modes.len() > 20);
        for (i, a) in modes.iter().enumerate() {
            for (j, b) in modes.iter().enumerate() {
                assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-13, "{i} {j}");
            }
        }
    }
}
