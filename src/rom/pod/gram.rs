//! POD by the correlation matrix.

use super::panels::{ROWS, column_block, gram_block, mirror, row_blocks, visit};
use super::right::{Method, Right};
use super::{InnerProduct, Pod, PodError, Snapshots, Truncation, check_squares, finish};
use crate::parallel::Comm;
use crate::rom::dense::transposed_product;
use faer::{MatRef, Side};

/// Eigenvalues at or below this fraction of the first are rounding of the correlation matrix.
const FLOOR: f64 = 1e-15;

/// POD of the snapshots by the eigenvectors of `C_ij = (u_i, u_j)`, one sum over ranks.
///
/// `ids`: global id of each local value, for the signs of the modes. No mode with an eigenvalue at or below 1e-15 of the
/// first: below `eps = 1e-7` use [`super::pod_tsqr`].
///
/// # Errors
/// [`PodError`], the same on every rank.
///
/// # Collective
/// A rank may have no values.
pub fn pod_gram<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    ids: &[u64],
    truncation: Truncation,
) -> Result<Pod, PodError> {
    let right = Right::new(comm, snapshots, inner, truncation, Method::Gram, ROWS)?;
    finish::modes(comm, snapshots, inner, ids, truncation, right)
}

/// Eigenvalues and eigenvectors of C.
///
/// # Collective
pub fn right<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    block: usize,
) -> Result<Right, PodError> {
    let s = snapshots.count();
    let mut c = correlation(snapshots, inner, block);
    comm.sum(&mut c);
    let squares: Vec<f64> = (0..s).map(|i| c[i * s + i]).collect();
    check_squares(&squares)?;
    let c = MatRef::from_column_major_slice(&c, s, s);
    // Ascending; rank 0 decides, so that ranks on different processors agree.
    let eigen = c.self_adjoint_eigen(Side::Lower).map_err(|_| PodError::Decomposition { size: s });
    if comm.any(eigen.is_err()) {
        return Err(PodError::Decomposition { size: s });
    }
    let eigen = eigen?;
    let mut values: Vec<f64> = (0..s).rev().map(|k| eigen.S()[k].max(0.0).sqrt()).collect();
    let mut vectors = Vec::with_capacity(s * s);
    for k in (0..s).rev() {
        vectors.extend((0..s).map(|i| eigen.U()[(i, k)]));
    }
    comm.broadcast(&mut values, 0);
    comm.broadcast(&mut vectors, 0);
    Ok(Right { values, vectors, squares, floor: FLOOR })
}

/// This rank's part of C, column-major `S x S`.
fn correlation<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    snapshots: &S,
    inner: &P,
    rows_per_block: usize,
) -> Vec<f64> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let mut c = vec![0.0; s * s];
    if let Some(d) = inner.diagonal() {
        let mut weighted = Vec::new();
        visit(snapshots, rows_per_block, |first, n, block, stride| {
            gram_block(block, n, s, stride, d, first, &mut weighted, &mut c);
        });
        mirror(&mut c, s);
        return c;
    }
    // Blocks of full columns: M is applied once to each snapshot.
    let width = column_block(rows, s);
    let mut u = vec![0.0; rows];
    let mut image = vec![0.0; rows * width];
    let mut block = vec![0.0; rows_per_block.min(rows) * s];
    let mut part = vec![0.0; s * width];
    for start in (0..s).step_by(width) {
        let width = width.min(s - start);
        for j in 0..width {
            snapshots.read(start + j, 0, &mut u);
            inner.apply(&u, &mut image[j * rows..(j + 1) * rows]);
        }
        let above = start + width;
        let part = &mut part[..above * width];
        part.fill(0.0);
        for (first, n) in row_blocks(rows, rows_per_block) {
            let block = &mut block[..n * above];
            for (k, column) in block.chunks_exact_mut(n).enumerate() {
                snapshots.read(k, first, column);
            }
            transposed_product(n, block, above, n, &image[first..], width, rows, true, part);
        }
        for (j, column) in part.chunks_exact(above).enumerate() {
            for (i, x) in column.iter().enumerate() {
                c[(start + j) * s + i] = *x;
                c[i * s + start + j] = *x;
            }
        }
    }
    c
}
