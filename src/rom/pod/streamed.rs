//! POD of snapshots that do not fit in memory: only blocks of rows and small matrices are held.

use super::finish::{Rotation, departure};
use super::panels::{gram_block, mirror, visit};
use super::peaks::Peaks;
use super::right::Right;
use super::{Diagonal, PodError, Snapshots, Truncation};
use crate::parallel::Comm;
use crate::rom::dense::product;

/// As [`super::Pod`], its modes given away block by block.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamedPod {
    /// Number of modes n.
    pub count: usize,
    /// Singular values of the projected snapshots, n of them.
    pub singular_values: Vec<f64>,
    /// All singular values.
    pub spectrum: Vec<f64>,
    /// Relative projection errors, as [`super::pod_in_place`] knows them.
    pub projection_errors: Vec<f64>,
    /// `max |(psi_i, psi_j) - delta_ij|`, measured.
    pub orthogonality: f64,
}

/// `(first, count, n, block)` of the modes, and the number of calls of every rank.
pub type Output<'f> = (&'f mut dyn FnMut(usize, usize, usize, &[f64]), u64);

/// The modes, before they are all known.
struct Modes<'m> {
    /// `S x n0`.
    t: &'m [f64],
    n0: usize,
    /// `n0 x n`.
    w: &'m [f64],
    n: usize,
}

impl Modes<'_> {
    /// Their values, block by block, `count x n` column-major. The same bits in every pass.
    fn visit<S: Snapshots + ?Sized>(
        &self,
        snapshots: &S,
        block: usize,
        mut each: impl FnMut(usize, usize, &[f64]),
    ) {
        let s = snapshots.count();
        let (mut first_modes, mut modes) = (Vec::new(), Vec::new());
        visit(snapshots, block, |first, count, u, stride| {
            first_modes.resize(count * self.n0, 0.0);
            modes.resize(count * self.n, 0.0);
            product(count, u, s, stride, self.t, self.n0, &mut first_modes, count);
            product(count, &first_modes, self.n0, count, self.w, self.n, &mut modes, count);
            each(first, count, &modes);
        });
    }
}

/// POD in four passes over the snapshots, `block` rows at a time: the one of `right`, orthonormality, signs, output.
///
/// `output` is given the modes' rows `first .. first + count` of this rank, column-major `count x n`, in order, in as many
/// calls as its number on every rank: the last ones with no rows, so that it may communicate. Memory: `block (S + 2 n)` values and a few `S x S` matrices.
///
/// # Errors
/// [`PodError`], the same on every rank.
///
/// # Collective
/// A rank may have no values.
pub fn pod_streamed<S: Snapshots + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    inner: Diagonal<'_>,
    id: &dyn Fn(usize) -> u64,
    truncation: Truncation,
    right: Right,
    block: usize,
    output: Option<Output<'_>>,
) -> Result<StreamedPod, PodError> {
    let kept = right.keep(truncation);
    let n0 = kept.n;
    let mut w: Vec<f64> = (0..n0 * n0).map(|e| f64::from(u8::from(e / n0 == e % n0))).collect();
    let mut n = n0;
    let mut singular_values = Vec::new();
    let mut signs = Vec::new();
    let mut orthogonality = f64::INFINITY;
    for pass in 0..4 {
        let (mut gram, mut buffer, mut peaks) = (vec![0.0; n * n], Vec::new(), Peaks::new(n));
        Modes { t: &kept.t, n0, w: &w, n }.visit(snapshots, block, |first, count, modes| {
            gram_block(modes, count, n, count, inner, first, &mut buffer, &mut gram);
            peaks.see(modes, count, first, id);
        });
        comm.sum(&mut gram);
        mirror(&mut gram, n);
        signs = peaks.signs(comm);
        orthogonality = departure(&gram, n);
        if pass > 0 && orthogonality <= 1e-13 {
            break;
        }
        let values = if pass == 0 { &right.values[..n] } else { &singular_values[..] };
        let turn = Rotation::new(comm, &gram, values)?;
        let mut next = vec![0.0; n0 * turn.kept];
        product(n0, &w, n, n0, &turn.w, turn.kept, &mut next, n0);
        (w, n, singular_values) = (next, turn.kept, turn.singular_values);
    }
    for (column, sign) in w.chunks_exact_mut(n0).zip(&signs) {
        column.iter_mut().for_each(|x| *x *= sign);
    }
    if let Some((put, calls)) = output {
        let mut made = 0;
        Modes { t: &kept.t, n0, w: &w, n }.visit(snapshots, block, |first, count, modes| {
            put(first, count, n, modes);
            made += 1;
        });
        (made..calls).for_each(|_| put(snapshots.len(), 0, n, &[]));
    }
    let projection_errors = kept.errors(&right, n);
    Ok(StreamedPod { count: n, singular_values, spectrum: right.values, projection_errors, orthogonality })
}
