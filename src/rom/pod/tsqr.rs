//! POD by a QR factorisation: singular values down to rounding of the largest one, not of its square.
//!
//! Diagonal products: TSQR (Demmel et al., SISC 34, 2012) on rows scaled by the square roots of their weights, only the
//! factor R being kept; ranks' factors are stacked and factored once more. Other products: shifted Cholesky QR, repeated
//! (Fukaya et al., SISC 42, 2020): `R^T R = U^T M U + shift`, `U <- U R^-1`, until U is orthonormal.

use super::panels::{ROWS, gram_of, scale_rows, times, visit};
use super::right::{Method, Right};
use super::{Diagonal, InnerProduct, Pod, PodError, Snapshots, Truncation, check_squares, finish};
use crate::parallel::Comm;
use crate::rom::dense::{dot, product, to_column_major, vectorised};
use faer::{Mat, MatRef};

/// POD of the snapshots through R of `U = Q R`, Q orthonormal in the inner product.
///
/// Keeps modes with singular values above `8 S` machine epsilons of the first. For a product that is not diagonal one
/// copy of the snapshots is held (`len x S`). Rank 0 factors a stack of `ranks S x S`.
///
/// # Errors
/// [`PodError`], the same on every rank.
///
/// # Collective
/// A rank may have no values.
pub fn pod_tsqr<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    ids: &[u64],
    truncation: Truncation,
) -> Result<Pod, PodError> {
    let right = Right::new(comm, snapshots, inner, truncation, Method::Tsqr, ROWS)?;
    finish::modes(comm, snapshots, inner, ids, truncation, right)
}

/// Singular values and right singular vectors of R.
///
/// # Collective
pub fn right<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    block: usize,
) -> Result<Right, PodError> {
    let s = snapshots.count();
    let squares = squared_norms(comm, snapshots, inner, block);
    check_squares(&squares)?;
    let r = match inner.diagonal() {
        Some(d) => {
            let negative = match d {
                Diagonal::Identity => None,
                Diagonal::Weights(w) => w.iter().copied().find(|w| *w < 0.0),
            };
            let least = comm.min1(negative.unwrap_or(0.0));
            if least < 0.0 {
                return Err(PodError::NotPositive { snapshot: 0, square: least });
            }
            stacked_factor(comm, local_factor(snapshots, d, block), s)
        }
        None => cholesky_factor(comm, snapshots, inner, &squares),
    };
    // R = X Sigma Y^T; modes = U Y Sigma^-1.
    let svd = MatRef::from_column_major_slice(&r, r.len() / s, s).thin_svd();
    if comm.any(svd.is_err()) {
        return Err(PodError::Decomposition { size: s });
    }
    let svd = svd.map_err(|_| PodError::Decomposition { size: s })?;
    let known = (r.len() / s).min(s);
    let mut values: Vec<f64> = (0..s).map(|k| if k < known { svd.S()[k] } else { 0.0 }).collect();
    let mut vectors = Vec::with_capacity(s * s);
    for k in 0..s {
        vectors.extend((0..s).map(|i| if k < known { svd.V()[(i, k)] } else { 0.0 }));
    }
    comm.broadcast(&mut values, 0);
    comm.broadcast(&mut vectors, 0);
    Ok(Right { values, vectors, squares, floor: (8.0 * s as f64 * f64::EPSILON).powi(2) })
}

/// `(u_s, u_s)` over ranks.
///
/// # Collective
fn squared_norms<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    block: usize,
) -> Vec<f64> {
    let s = snapshots.count();
    if let Some(d) = inner.diagonal() {
        let mut squares = vec![0.0; s];
        visit(snapshots, block, |first, n, u, stride| {
            for (k, square) in squares.iter_mut().enumerate() {
                let u = &u[k * stride..k * stride + n];
                *square += match d {
                    Diagonal::Identity => vectorised(|| dot(u, u)),
                    Diagonal::Weights(w) => u.iter().zip(&w[first..]).map(|(u, w)| w * u * u).sum(),
                };
            }
        });
        comm.sum(&mut squares);
        return squares;
    }
    let mut u = vec![0.0; snapshots.len()];
    let mut image = u.clone();
    let mut squares: Vec<f64> = (0..snapshots.count())
        .map(|s| {
            snapshots.read(s, 0, &mut u);
            inner.apply(&u, &mut image);
            vectorised(|| dot(&u, &image))
        })
        .collect();
    comm.sum(&mut squares);
    squares
}

/// R (at most `S` rows, column-major) of this rank's scaled rows, block after block.
fn local_factor<S: Snapshots + ?Sized>(snapshots: &S, d: Diagonal<'_>, rows_per_block: usize) -> Mat<f64> {
    let s = snapshots.count();
    let mut r = Mat::<f64>::zeros(0, s);
    let mut block = Vec::new();
    // below a few times S rows, most of the work would go into the old R
    visit(snapshots, rows_per_block.max(4 * s).max(4096), |first, n, u, stride| {
        block.clear();
        (0..s).for_each(|k| block.extend_from_slice(&u[k * stride..k * stride + n]));
        if let Diagonal::Weights(w) = d {
            let roots: Vec<f64> = w[first..first + n].iter().map(|w| w.sqrt()).collect();
            scale_rows(&mut block, &roots);
        }
        let view = MatRef::from_column_major_slice(&block, n, s);
        let above = r.nrows();
        let stack =
            Mat::from_fn(above + n, s, |i, j| if i < above { r[(i, j)] } else { view[(i - above, j)] });
        r = stack.qr().thin_R().to_owned();
    });
    r
}

/// R of the ranks' factors on top of each other; the same on every rank. Column-major, at most S rows.
///
/// # Collective
fn stacked_factor(comm: &Comm, r: Mat<f64>, s: usize) -> Vec<f64> {
    // Row-major, so that concatenation stacks.
    let flat: Vec<f64> = (0..r.nrows()).flat_map(|i| (0..s).map(move |j| (i, j))).map(|e| r[e]).collect();
    let (all, _) = comm.gather(&flat, 0);
    let mut out = Vec::new();
    if comm.is_root() {
        let stack = MatRef::from_row_major_slice(&all, all.len() / s, s);
        out = to_column_major(stack.qr().thin_R());
    }
    comm.broadcast_vec(&mut out, 0);
    out
}

/// R of `U = Q R` by shifted Cholesky QR, repeated.
///
/// # Collective
fn cholesky_factor<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    squares: &[f64],
) -> Vec<f64> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let mut q = vec![0.0; rows * s];
    snapshots.read_block(0, rows, &mut q);
    let mut r: Vec<f64> = (0..s * s).map(|e| f64::from(u8::from(e / s == e % s))).collect();
    let values = comm.sum_u64(rows as u64) as f64;
    let mut trace: f64 = squares.iter().sum();
    for _ in 0..8 {
        let gram = gram_of(comm, &q, rows, s, inner);
        let off = finish::departure(&gram, s);
        if off <= 1e-13 {
            break;
        }
        // The shift of the paper, 11 (m n + n (n + 1)) u ||U||^2, is needed until the columns are well conditioned.
        let shift = 11.0 * (values + s as f64 + 1.0) * s as f64 * f64::EPSILON * 0.5 * trace / s as f64;
        let factor = if off < 0.5 { cholesky(&gram, s, 0.0) } else { None };
        let mut step = factor
            .or_else(|| cholesky(&gram, s, shift))
            .unwrap_or_else(|| (0..s * s).map(|e| if e / s == e % s { trace.sqrt() } else { 0.0 }).collect());
        comm.broadcast(&mut step, 0);
        q = times(q, rows, s, &upper_inverse(&step, s), s);
        let mut next = vec![0.0; s * s];
        product(s, &step, s, s, &r, s, &mut next, s);
        r = next;
        trace = s as f64;
    }
    r
}

/// Upper factor (column-major) of `g + shift I`; `None` where a pivot is not positive.
fn cholesky(g: &[f64], n: usize, shift: f64) -> Option<Vec<f64>> {
    let mut r = vec![0.0; n * n];
    for j in 0..n {
        for i in 0..=j {
            let s: f64 = (0..i).map(|k| r[i * n + k] * r[j * n + k]).sum();
            let a = g[j * n + i] - s + if i == j { shift } else { 0.0 };
            if i < j {
                r[j * n + i] = a / r[i * n + i];
            } else if a > 0.0 {
                r[j * n + j] = a.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(r)
}

/// Inverse (column-major) of an upper triangular matrix (column-major).
fn upper_inverse(r: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for j in 0..n {
        inverse[j * n + j] = 1.0 / r[j * n + j];
        for i in (0..j).rev() {
            let s: f64 = (i + 1..=j).map(|k| r[k * n + i] * inverse[j * n + k]).sum();
            inverse[j * n + i] = -s / r[i * n + i];
        }
    }
    inverse
}
