//! The common end: from combinations of snapshots to orthonormal modes with accurate singular values.

use super::panels::{ROWS, combine, gram_of, project, row_blocks, times};
use super::{InnerProduct, Pod, PodError, Snapshots};
use crate::parallel::Comm;
use crate::rom::dense::{axpy, dot, product, signs, to_column_major, vectorised};
use faer::MatRef;

/// Departure from orthonormality that needs no further pass.
const ORTHONORMAL: f64 = 2e-14;
/// Squared pivot of the modes' Gram matrix below which a mode is a combination of the previous ones.
const DEPENDENT: f64 = 1e-8;
/// Relative projection error below which the difference of squares has lost its digits.
const CANCELLED: f64 = 1e-4;

/// Modes `U t`, `t`: `S x n` column-major, the same on every rank; then re-orthogonalised, projected, rotated.
///
/// # Collective
pub fn finish<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    ids: &[u64],
    t: Vec<f64>,
    n: usize,
    spectrum: Vec<f64>,
    squares: &[f64],
) -> Result<Pod, PodError> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let (modes, n) = orthonormalise(comm, combine(snapshots, &t, n), rows, n, inner);
    // Coefficients (n x S) and their principal directions.
    let a = project(comm, &modes, n, snapshots, inner);
    let svd = MatRef::from_column_major_slice(&a, n, s).thin_svd();
    if comm.any(svd.is_err()) {
        return Err(PodError::Decomposition { size: s });
    }
    let svd = svd.map_err(|_| PodError::Decomposition { size: s })?;
    let mut singular_values: Vec<f64> = (0..n.min(s)).map(|k| svd.S()[k]).collect();
    let mut rotation = to_column_major(svd.U());
    comm.broadcast(&mut singular_values, 0);
    comm.broadcast(&mut rotation, 0);
    let mut modes = times(modes, rows, n, &rotation, n);
    let signs = signs(comm, &modes, ids, n);
    for (mode, sign) in modes.chunks_exact_mut(rows.max(1)).zip(signs) {
        if sign < 0.0 {
            mode.iter_mut().for_each(|x| *x = -*x);
        }
    }
    let orthogonality = departure(&gram_of(comm, &modes, rows, n, inner), n);
    let projection_errors = projection_errors(comm, snapshots, inner, &modes, n, squares);
    Ok(Pod { modes, count: n, singular_values, spectrum, projection_errors, orthogonality })
}

/// Cholesky QR, repeated: `a <- a R^-1` with `R^T R = a^T M a`, until orthonormal to rounding; modes that depend on the
/// previous ones are left out. Returns the columns and their number.
///
/// # Collective
fn orthonormalise<P: InnerProduct + ?Sized>(
    comm: &Comm,
    mut a: Vec<f64>,
    rows: usize,
    mut n: usize,
    inner: &P,
) -> (Vec<f64>, usize) {
    for _ in 0..4 {
        let gram = gram_of(comm, &a, rows, n, inner);
        if departure(&gram, n) <= ORTHONORMAL {
            break;
        }
        let (mut t, mut kept) = inverse_factor(&gram, n);
        let mut count = [kept as u64];
        comm.broadcast(&mut count, 0);
        kept = count[0] as usize;
        t.resize(n * kept, 0.0);
        comm.broadcast(&mut t, 0);
        a = times(a, rows, n, &t, kept);
        n = kept;
    }
    (a, n)
}

/// `max |g_ij - delta_ij|`.
pub fn departure(gram: &[f64], n: usize) -> f64 {
    (0..n * n).map(|e| (gram[e] - f64::from(u8::from(e / n == e % n))).abs()).fold(0.0, f64::max)
}

/// Columns of `R^-1` (`n x kept`, column-major) for the independent columns of a Gram matrix, by Gram-Schmidt in the
/// metric it defines.
fn inverse_factor(gram: &[f64], n: usize) -> (Vec<f64>, usize) {
    let mut t: Vec<f64> = Vec::with_capacity(n * n);
    let mut images: Vec<f64> = Vec::with_capacity(n * n);
    let mut image = vec![0.0; n];
    for k in 0..n {
        let mut v = vec![0.0; n];
        v[k] = 1.0;
        for _ in 0..2 {
            for (q, image) in t.chunks_exact(n).zip(images.chunks_exact(n)) {
                axpy(-dot(image, &v), q, &mut v);
            }
        }
        multiply(gram, &v, &mut image);
        let square = dot(&image, &v);
        if square > DEPENDENT * gram[k * n + k] {
            let scale = 1.0 / square.sqrt();
            t.extend(v.iter().map(|x| x * scale));
            images.extend(image.iter().map(|x| x * scale));
        }
    }
    let kept = t.len() / n.max(1);
    (t, kept)
}

/// `out = g v`, g symmetric.
fn multiply(g: &[f64], v: &[f64], out: &mut [f64]) {
    for (o, column) in out.iter_mut().zip(g.chunks_exact(v.len())) {
        *o = dot(column, v);
    }
}

/// Relative projection errors. Differences of squares where they are exact enough, differences of fields elsewhere.
///
/// # Collective
fn projection_errors<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    modes: &[f64],
    n: usize,
    squares: &[f64],
) -> Vec<f64> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let a = project(comm, modes, n, snapshots, inner);
    let rest = |k: usize| 1.0 - dot(&a[k * n..(k + 1) * n], &a[k * n..(k + 1) * n]) / squares[k];
    let fine: Vec<usize> = (0..s).filter(|&k| squares[k] > 0.0 && rest(k) < CANCELLED * CANCELLED).collect();
    let mut parts = vec![0.0; fine.len()];
    let mut difference = vec![0.0; rows];
    let mut image = vec![0.0; rows];
    let mut fitted = vec![0.0; ROWS.min(rows)];
    for (part, &k) in parts.iter_mut().zip(&fine) {
        snapshots.read(k, 0, &mut difference);
        for (first, count) in row_blocks(rows) {
            let fitted = &mut fitted[..count];
            product(count, &modes[first..], n, rows, &a[k * n..(k + 1) * n], 1, fitted, count);
            difference[first..first + count].iter_mut().zip(&*fitted).for_each(|(d, f)| *d -= f);
        }
        inner.apply(&difference, &mut image);
        *part = vectorised(|| dot(&difference, &image));
    }
    comm.sum(&mut parts);
    let mut errors: Vec<f64> =
        (0..s).map(|k| if squares[k] > 0.0 { rest(k).max(0.0).sqrt() } else { 0.0 }).collect();
    for (part, &k) in parts.iter().zip(&fine) {
        errors[k] = (part.max(0.0) / squares[k]).sqrt();
    }
    errors
}
