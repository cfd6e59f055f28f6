//! The functions to integrate, seen from the search: columns and products with a residual, never the whole matrix.

use super::totals::Sums;
use crate::rom::dense::{dot, vectorised};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::borrow::Cow;

/// Integration points per matrix product: a fixed number, so that the bits of a product do not depend on the partition.
const BLOCK: usize = 64;

/// Products with a residual over a set of points.
pub trait Products {
    /// `out[k] = g_k . r` for every point of the set; `r`: one entry per integrand. `work` is grown once and reused.
    fn products(&self, r: &[f64], out: &mut [f64], work: &mut Vec<f64>);
}

/// The integrands `f_q` at this rank's points: a matrix G (`rows x points`) with columns `g_k`, in whatever form.
pub trait Integrands: Products {
    /// A few points copied out of the whole, for repeated products.
    type Subset: Products + Default;
    /// Number of integrands, the same on every rank.
    fn rows(&self) -> usize;
    /// Number of points on this rank.
    fn points(&self) -> usize;
    /// `g_k`, all integrands at local point `k`; `out`: length `rows()`.
    fn column(&self, k: usize, out: &mut [f64]);
    /// Adds `sum_k w_k g_k` over the local points `first .. first + weights.len()`, those of one element; `squares[k]` is
    /// `||g_k||^2`. `work` is grown once and reused.
    fn add_sum(
        &self,
        first: usize,
        weights: &[f64],
        sums: &mut Sums,
        squares: &mut [f64],
        work: &mut Vec<f64>,
    );
    /// Fills `into` with the given local points, in that order, reusing its memory.
    fn subset(&self, points: &[u32], into: &mut Self::Subset);
}

/// `f_(i,s)(x_k) = sigma_s(x_k) : eps(psi_i)(x_k)` in factored form (method 2.3): memory `6 (n + S)` per point.
///
/// Integrand `q = i S + s`, mode `i < n`, stress snapshot `s < S`. Component `c` of 11, 22, 33, 12, 23, 31
/// (engineering shear strains, plain shear stresses).
#[derive(Debug, Clone, Default)]
pub struct Factored<'a> {
    modes: usize,
    snapshots: usize,
    points: usize,
    strain: Cow<'a, [f64]>,
    stress: Cow<'a, [f64]>,
}

impl<'a> Factored<'a> {
    /// Borrows the factors: `strain[(6 k + c) n + i]` = component c of the strain of mode i at local point k (row-major
    /// `6 points x n`); `stress[(6 k + c) S + s]` = component c of stress snapshot s (row-major `6 points x S`).
    ///
    /// # Panics
    /// If the lengths are not `6 points n` and `6 points S`.
    pub fn new(
        points: usize,
        modes: usize,
        strain: &'a [f64],
        snapshots: usize,
        stress: &'a [f64],
    ) -> Factored<'a> {
        assert_eq!(strain.len(), 6 * points * modes, "strain must be 6 points x modes");
        assert_eq!(stress.len(), 6 * points * snapshots, "stress must be 6 points x snapshots");
        Factored { modes, snapshots, points, strain: Cow::Borrowed(strain), stress: Cow::Borrowed(stress) }
    }
}

impl Products for Factored<'_> {
    /// `g_k . r = E_k : (Sigma_k R^T)`, `R` = r as `n x S`: a matrix product per block of points, then a dot product.
    fn products(&self, r: &[f64], out: &mut [f64], work: &mut Vec<f64>) {
        let (n, s) = (self.modes, self.snapshots);
        if n == 0 || s == 0 {
            out.fill(0.0);
            return;
        }
        work.resize(6 * BLOCK * (n + s), 0.0);
        let (y, pad) = work.split_at_mut(6 * BLOCK * n);
        let r = MatRef::from_row_major_slice(r, n, s);
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let first = 6 * block * BLOCK;
            let rows = 6 * out.len();
            let stress = &self.stress[first * s..(first + rows) * s];
            let stress = if out.len() == BLOCK {
                stress
            } else {
                pad[..rows * s].copy_from_slice(stress);
                pad[rows * s..].fill(0.0);
                &*pad
            };
            matmul(
                MatMut::from_column_major_slice_mut(y, n, 6 * BLOCK),
                Accum::Replace,
                r,
                MatRef::from_column_major_slice(stress, s, 6 * BLOCK),
                1.0,
                Par::Seq,
            );
            let strain = &self.strain[first * n..(first + rows) * n];
            vectorised(|| {
                for ((o, e), y) in out.iter_mut().zip(strain.chunks_exact(6 * n)).zip(y.chunks_exact(6 * n)) {
                    *o = dot(e, y);
                }
            });
        }
    }
}

impl Integrands for Factored<'_> {
    type Subset = Factored<'static>;

    fn rows(&self) -> usize {
        self.modes * self.snapshots
    }

    fn points(&self) -> usize {
        self.points
    }

    fn column(&self, k: usize, out: &mut [f64]) {
        let (n, s) = (self.modes, self.snapshots);
        let e = &self.strain[6 * k * n..6 * (k + 1) * n];
        let sigma = &self.stress[6 * k * s..6 * (k + 1) * s];
        let (s0, rest) = sigma.split_at(s);
        let (s1, rest) = rest.split_at(s);
        let (s2, rest) = rest.split_at(s);
        let (s3, rest) = rest.split_at(s);
        let (s4, s5) = rest.split_at(s);
        if s == 0 {
            return;
        }
        let s5 = &s5[..s];
        vectorised(|| {
            for (i, f) in out.chunks_exact_mut(s).enumerate() {
                let e: [f64; 6] = std::array::from_fn(|c| e[c * n + i]);
                let f = &mut f[..s];
                for q in 0..s {
                    f[q] = ((e[0] * s0[q] + e[1] * s1[q]) + (e[2] * s2[q] + e[3] * s3[q]))
                        + (e[4] * s4[q] + e[5] * s5[q]);
                }
            }
        });
    }

    /// `(w E)^T Sigma` over the rows of the block, and `||g_k||^2 = (E_k E_k^T) : (Sigma_k Sigma_k^T)`.
    fn add_sum(
        &self,
        first: usize,
        weights: &[f64],
        sums: &mut Sums,
        squares: &mut [f64],
        work: &mut Vec<f64>,
    ) {
        let (n, s, count) = (self.modes, self.snapshots, weights.len());
        squares.fill(0.0);
        if n == 0 || s == 0 {
            return;
        }
        let strain = &self.strain[6 * first * n..6 * (first + count) * n];
        let stress = &self.stress[6 * first * s..6 * (first + count) * s];
        work.resize(6 * count * n + n * s, 0.0);
        let (weighted, out) = work.split_at_mut(6 * count * n);
        let rows = weighted.chunks_exact_mut(6 * n).zip(strain.chunks_exact(6 * n));
        rows.zip(weights).for_each(|((to, e), w)| to.iter_mut().zip(e).for_each(|(t, x)| *t = w * x));
        matmul(
            MatMut::from_row_major_slice_mut(out, n, s),
            Accum::Replace,
            MatRef::from_row_major_slice(weighted, 6 * count, n).transpose(),
            MatRef::from_row_major_slice(stress, 6 * count, s),
            1.0,
            Par::Seq,
        );
        sums.add(1.0, out);
        vectorised(
            #[inline(always)]
            || {
                let points = strain.chunks_exact(6 * n).zip(stress.chunks_exact(6 * s));
                for (square, (e, sigma)) in squares.iter_mut().zip(points) {
                    let row = |c: usize| (&e[c * n..][..n], &sigma[c * s..][..s]);
                    for c in 0..6 {
                        let (ec, sc) = row(c);
                        *square += dot(ec, ec) * dot(sc, sc);
                        for d in 0..c {
                            let (ed, sd) = row(d);
                            *square += 2.0 * dot(ec, ed) * dot(sc, sd);
                        }
                    }
                    // rounding
                    if *square < 0.0 {
                        *square = 0.0;
                    }
                }
            },
        );
    }

    fn subset(&self, points: &[u32], into: &mut Factored<'static>) {
        into.modes = self.modes;
        into.snapshots = self.snapshots;
        into.points = points.len();
        let (n, s) = (6 * self.modes, 6 * self.snapshots);
        for (from, to, width) in [(&self.strain, &mut into.strain, n), (&self.stress, &mut into.stress, s)] {
            let to = to.to_mut();
            to.clear();
            for &k in points {
                let k = k as usize;
                to.extend_from_slice(&from[k * width..(k + 1) * width]);
            }
        }
    }
}

/// The integrands as a matrix in memory: for files of integrands and for tests.
#[derive(Debug, Clone, Default)]
pub struct Dense<'a> {
    rows: usize,
    points: usize,
    columns: Cow<'a, [f64]>,
}

impl<'a> Dense<'a> {
    /// Borrows G, column-major `rows x points`: entry `k rows + q` is integrand q at local point k.
    ///
    /// # Panics
    /// If the length is not `rows points`.
    pub fn new(rows: usize, points: usize, columns: &'a [f64]) -> Dense<'a> {
        assert_eq!(columns.len(), rows * points, "G must be rows x points");
        Dense { rows, points, columns: Cow::Borrowed(columns) }
    }
}

impl Products for Dense<'_> {
    fn products(&self, r: &[f64], out: &mut [f64], _work: &mut Vec<f64>) {
        if self.rows == 0 {
            out.fill(0.0);
            return;
        }
        vectorised(|| {
            for (o, g) in out.iter_mut().zip(self.columns.chunks_exact(self.rows)) {
                *o = dot(g, r);
            }
        });
    }
}

impl Integrands for Dense<'_> {
    type Subset = Dense<'static>;

    fn rows(&self) -> usize {
        self.rows
    }

    fn points(&self) -> usize {
        self.points
    }

    fn column(&self, k: usize, out: &mut [f64]) {
        out.copy_from_slice(&self.columns[k * self.rows..(k + 1) * self.rows]);
    }

    fn add_sum(
        &self,
        first: usize,
        weights: &[f64],
        sums: &mut Sums,
        squares: &mut [f64],
        _work: &mut Vec<f64>,
    ) {
        squares.fill(0.0);
        let columns = self.columns[first * self.rows..].chunks_exact(self.rows.max(1));
        for ((column, w), square) in columns.zip(weights).zip(squares) {
            sums.add(*w, column);
            *square = vectorised(|| dot(column, column));
        }
    }

    fn subset(&self, points: &[u32], into: &mut Dense<'static>) {
        into.rows = self.rows;
        into.points = points.len();
        let to = into.columns.to_mut();
        to.clear();
        for &k in points {
            let k = k as usize;
            to.extend_from_slice(&self.columns[k * self.rows..(k + 1) * self.rows]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factored_products_are_those_of_the_matrix() {
        let (points, n, s) = (70, 3, 4);
        let value = |k: usize| ((k * 7919 % 1013) as f64) / 500.0 - 1.0;
        let strain: Vec<f64> = (0..6 * points * n).map(value).collect();
        let stress: Vec<f64> = (0..6 * points * s).map(|k| value(3 * k + 1)).collect();
        let r: Vec<f64> = (0..n * s).map(|k| value(11 * k)).collect();
        let factored = Factored::new(points, n, &strain, s, &stress);
        let mut columns = vec![0.0; n * s * points];
        for k in 0..points {
            factored.column(k, &mut columns[k * n * s..(k + 1) * n * s]);
            for (i, j) in (0..n).flat_map(|i| (0..s).map(move |j| (i, j))) {
                let f: f64 = (0..6).map(|c| strain[(6 * k + c) * n + i] * stress[(6 * k + c) * s + j]).sum();
                assert!((columns[k * n * s + i * s + j] - f).abs() < 1e-13);
            }
        }
        let dense = Dense::new(n * s, points, &columns);
        let weights: Vec<f64> = (0..points).map(|k| value(5 * k)).collect();
        let (mut sum, mut expected) = (Sums::new(n * s), Sums::new(n * s));
        let mut squares = vec![0.0; BLOCK];
        factored.add_sum(3, &weights[3..3 + BLOCK], &mut sum, &mut squares, &mut Vec::new());
        let mut of_columns = squares.clone();
        dense.add_sum(3, &weights[3..3 + BLOCK], &mut expected, &mut of_columns, &mut Vec::new());
        assert!(squares.iter().zip(&of_columns).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + b)));
        let pairs = sum.parts().into_iter().zip(expected.parts());
        pairs.for_each(|(a, b)| assert!((a.value() - b.value()).abs() < 1e-12));
        let (mut a, mut b, mut work) = (vec![0.0; points], vec![0.0; points], Vec::new());
        factored.products(&r, &mut a, &mut work);
        dense.products(&r, &mut b, &mut work);
        for (x, y) in a.iter().zip(&b) {
            assert!((x - y).abs() < 1e-12);
        }
        let chosen = [69u32, 0, 33];
        let (mut few, mut c) = (Factored::default(), vec![0.0; 3]);
        factored.subset(&chosen, &mut few);
        few.products(&r, &mut c, &mut work);
        for (x, &k) in c.iter().zip(&chosen) {
            assert_eq!(*x, a[k as usize]);
        }
    }
}
