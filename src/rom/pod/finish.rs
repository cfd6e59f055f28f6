//! The common end: from combinations of snapshots to orthonormal modes with accurate singular values.
//!
//! `Psi_0 = U V_n Sigma_n^-1` is orthonormal but for rounding. With `Psi_0 = Psi R`, the snapshots in the span of `V_n` have
//! the coefficients `R Sigma_n`: its singular values are those of the projection, its left singular vectors rotate Psi into
//! the principal directions. The snapshots are not read for that.

use super::panels::{
    Columns, ROWS, combine, gram_block, gram_of, mirror, project, row_blocks, times, times_seen,
};
use super::peaks::Peaks;
use super::right::{Kept, Method, Right};
use super::{Diagonal, InnerProduct, Pod, PodError, Snapshots, Truncation};
use crate::parallel::Comm;
use crate::rom::dense::{axpy, dot, product, to_column_major, vectorised};
use faer::MatRef;

/// Departure from orthonormality that needs no further pass.
const ORTHONORMAL: f64 = 2e-14;
/// Squared pivot of the modes' Gram matrix below which a mode is a combination of the previous ones.
const DEPENDENT: f64 = 1e-8;
/// Squared relative projection error below which it is measured from differences of fields, not from singular values.
const CANCELLED: f64 = 1e-8;

/// The modes, once [`Right`] of the same snapshots and product is known.
///
/// `ids`: global id of each local value, for the signs of the modes.
///
/// # Errors
/// [`PodError`], the same on every rank.
///
/// # Collective
/// A rank may have no values.
pub fn modes<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: &P,
    ids: &[u64],
    truncation: Truncation,
    right: Right,
) -> Result<Pod, PodError> {
    super::check(comm, snapshots, ids.len(), truncation)?;
    let kept = right.keep(truncation);
    let (rows, s) = (snapshots.len(), snapshots.count());
    let modes = combine(snapshots, &kept.t, kept.n);
    let gram = gram_of(comm, &modes, rows, kept.n, inner);
    let first = Rotation::new(comm, &gram, &right.values[..kept.n])?;
    let mut n = first.kept;
    let mut singular_values = first.singular_values;
    let mut modes = times(modes, rows, kept.n, &first.w, n);
    (modes, n) = orthonormalise(comm, modes, rows, n, inner);
    if n < kept.n || right.couples(kept.n) {
        // Coefficients (n x S) and their principal directions.
        let a = project(comm, &modes, n, snapshots, inner);
        let (values, rotation) = principal(comm, &a, n, s)?;
        singular_values = values;
        modes = times(modes, rows, n, &rotation, n);
    }
    let mut peaks = Peaks::new(n);
    peaks.see(&modes, rows, 0, &|i| ids[i]);
    flip(&mut modes, rows, &peaks.signs(comm));
    let orthogonality = departure(&gram_of(comm, &modes, rows, n, inner), n);
    let projection_errors = projection_errors(comm, snapshots, inner, &modes, n, &right.squares);
    Ok(Pod { modes, count: n, singular_values, spectrum: right.values, projection_errors, orthogonality })
}

/// POD of a matrix (`rows x s`, column-major) whose memory the modes take over; diagonal products only. `id`: global id
/// of a local value.
///
/// The matrix is gone when modes are there: projection errors follow from the singular values left out. Those of
/// [`Method::Gram`] are known to about 1e-16 of the first one's square: a relative projection error above 1e-6 has two digits
/// or more, one below 1e-7 is an order of magnitude.
///
/// # Errors
/// [`PodError`], the same on every rank.
///
/// # Collective
/// A rank may have no values.
pub fn pod_in_place(
    comm: &Comm,
    matrix: Vec<f64>,
    s: usize,
    inner: Diagonal<'_>,
    id: &dyn Fn(usize) -> u64,
    truncation: Truncation,
    method: Method,
) -> Result<Pod, PodError> {
    let rows = matrix.len() / s.max(1);
    let columns = Columns { a: &matrix, rows, count: s };
    let right = Right::new(comm, &columns, &inner, truncation, method, ROWS)?;
    let mut kept = right.keep(truncation);
    let mut t = std::mem::take(&mut kept.t);
    let (mut a, mut m, mut n) = (matrix, s, kept.n);
    let mut peaks = Peaks::new(n);
    // Psi_0, then Psi; once more where Psi_0 was far from orthonormal.
    let mut pass = |a: Vec<f64>, m: usize, t: &[f64], n: usize| {
        let (mut gram, mut buffer) = (vec![0.0; n * n], Vec::new());
        peaks = Peaks::new(n);
        let a = times_seen(a, rows, m, t, n, |first, count, block| {
            let d = inner;
            gram_block(block, count, n, count, d, first, &mut buffer, &mut gram);
            peaks.see(block, count, first, id);
        });
        comm.sum(&mut gram);
        mirror(&mut gram, n);
        (a, gram, peaks.signs(comm))
    };
    let mut signs;
    let mut gram;
    (a, gram, signs) = pass(a, m, &t, n);
    let first = Rotation::new(comm, &gram, &right.values[..n])?;
    let singular_values = first.singular_values.clone();
    t = first.turned(&signs);
    (m, n) = (n, first.kept);
    (a, gram, signs) = pass(a, m, &t, n);
    for _ in 0..3 {
        if departure(&gram, n) <= ORTHONORMAL {
            break;
        }
        let (again, count) = independent(comm, &gram, n);
        (a, gram, signs) = pass(a, n, &again, count);
        n = count;
    }
    flip(&mut a, rows, &signs);
    let orthogonality = departure(&gram, n);
    let projection_errors = kept.errors(&right, n);
    Ok(Pod { modes: a, count: n, singular_values, spectrum: right.values, projection_errors, orthogonality })
}

impl Kept {
    /// Relative projection errors from what was left out, modes beyond `n` included.
    pub(super) fn errors(&self, right: &Right, n: usize) -> Vec<f64> {
        let s = right.squares.len();
        let dropped =
            |i: usize| (n..self.n).map(|k| (right.values[k] * right.vectors[k * s + i]).powi(2)).sum::<f64>();
        let share = |i: usize| (self.tails[i] + dropped(i)) / right.squares[i];
        (0..s).map(|i| if right.squares[i] > 0.0 { share(i).min(1.0).sqrt() } else { 0.0 }).collect()
    }
}

/// Turns `Psi_0` into orthonormal principal directions.
pub(super) struct Rotation {
    /// `Psi = Psi_0 w`, `n x kept` column-major.
    pub w: Vec<f64>,
    /// Directions that do not depend on the previous ones.
    pub kept: usize,
    /// Singular values of the projected snapshots.
    pub singular_values: Vec<f64>,
}

impl Rotation {
    /// From the Gram matrix of `Psi_0` and its singular values.
    ///
    /// # Collective
    pub fn new(comm: &Comm, gram: &[f64], values: &[f64]) -> Result<Rotation, PodError> {
        let n = values.len();
        let (inverse, kept) = independent(comm, gram, n);
        // R Sigma = (R^-T G) Sigma
        let mut coefficients = vec![0.0; kept * n];
        for (j, column) in coefficients.chunks_exact_mut(kept.max(1)).enumerate() {
            for (c, q) in column.iter_mut().zip(inverse.chunks_exact(n)) {
                *c = dot(q, &gram[j * n..(j + 1) * n]) * values[j];
            }
        }
        let (singular_values, rotation) = principal(comm, &coefficients, kept, n)?;
        let mut w = vec![0.0; n * kept];
        product(n, &inverse, kept, n, &rotation, kept, &mut w, n);
        Ok(Rotation { w, kept, singular_values })
    }

    /// `w` with the signs that make the largest entries of the modes positive, foretold from those of `Psi_0`, which are
    /// the same but for small rotations.
    pub fn turned(&self, signs: &[f64]) -> Vec<f64> {
        let n = signs.len();
        let mut w = self.w.clone();
        for column in w.chunks_exact_mut(n) {
            let main = (0..n).max_by(|&i, &j| column[i].abs().total_cmp(&column[j].abs()));
            if main.is_some_and(|i| column[i] * signs[i] < 0.0) {
                column.iter_mut().for_each(|x| *x = -*x);
            }
        }
        w
    }
}

/// Singular values and left singular vectors (`n x n`) of coefficients (`n x s`, column-major), those of rank 0.
///
/// # Collective
fn principal(comm: &Comm, a: &[f64], n: usize, s: usize) -> Result<(Vec<f64>, Vec<f64>), PodError> {
    let svd = MatRef::from_column_major_slice(a, n, s).thin_svd();
    if comm.any(svd.is_err()) {
        return Err(PodError::Decomposition { size: s });
    }
    let svd = svd.map_err(|_| PodError::Decomposition { size: s })?;
    let mut values: Vec<f64> = (0..n.min(s)).map(|k| svd.S()[k]).collect();
    let mut rotation = to_column_major(svd.U());
    comm.broadcast(&mut values, 0);
    comm.broadcast(&mut rotation, 0);
    Ok((values, rotation))
}

/// Turns the columns with a negative sign.
fn flip(modes: &mut [f64], rows: usize, signs: &[f64]) {
    for (mode, sign) in modes.chunks_exact_mut(rows.max(1)).zip(signs) {
        if *sign < 0.0 {
            mode.iter_mut().for_each(|x| *x = -*x);
        }
    }
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
        let (t, kept) = independent(comm, &gram, n);
        a = times(a, rows, n, &t, kept);
        n = kept;
    }
    (a, n)
}

/// `max |g_ij - delta_ij|`.
pub fn departure(gram: &[f64], n: usize) -> f64 {
    (0..n * n).map(|e| (gram[e] - f64::from(u8::from(e / n == e % n))).abs()).fold(0.0, f64::max)
}

/// [`inverse_factor`] of rank 0.
///
/// # Collective
fn independent(comm: &Comm, gram: &[f64], n: usize) -> (Vec<f64>, usize) {
    let (mut t, kept) = inverse_factor(gram, n);
    let mut count = [kept as u64];
    comm.broadcast(&mut count, 0);
    let kept = count[0] as usize;
    t.resize(n * kept, 0.0);
    comm.broadcast(&mut t, 0);
    (t, kept)
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
    let fine: Vec<usize> = (0..s).filter(|&k| squares[k] > 0.0 && rest(k) < CANCELLED).collect();
    let mut parts = vec![0.0; fine.len()];
    let mut difference = vec![0.0; rows];
    let mut image = vec![0.0; rows];
    let mut fitted = vec![0.0; ROWS.min(rows)];
    for (part, &k) in parts.iter_mut().zip(&fine) {
        snapshots.read(k, 0, &mut difference);
        for (first, count) in row_blocks(rows, ROWS) {
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
