//! `a^T b` of tall blocks, its lower triangle only: tiles of 4 x 3 columns whose sums stay in vector registers.

use pulp::{Arch, Simd, WithSimd};

/// Columns of `a` and of `b` in a tile: 12 sums, 3 columns and 1 column are the 16 registers of AVX2.
const TALL: usize = 4;
const WIDE: usize = 3;
/// Rows at a time: 7 columns of a tile fit in the first cache, 100 columns in the second.
const ROWS: usize = 512;

/// Columns of one length, `stride` apart.
#[derive(Clone, Copy)]
pub struct Tall<'a> {
    /// The first column, and all that follows.
    pub values: &'a [f64],
    /// From a column to the next.
    pub stride: usize,
}

/// Adds the lower triangle of `a^T b` (`m x m`, column-major), `a` and `b`: `n x m`.
pub fn add_lower(n: usize, m: usize, a: Tall<'_>, b: Tall<'_>, gram: &mut [f64]) {
    Arch::new().dispatch(Product { n, m, a, b, gram });
}

struct Product<'a> {
    n: usize,
    m: usize,
    a: Tall<'a>,
    b: Tall<'a>,
    gram: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { n, m, a, b, gram } = self;
        for first in (0..n).step_by(ROWS) {
            let rows = (first, n.min(first + ROWS));
            for j in (0..m).step_by(WIDE) {
                let right = [b.column(j, m, rows), b.column(j + 1, m, rows), b.column(j + 2, m, rows)];
                for i in (j..m).step_by(TALL) {
                    let left = [
                        a.column(i, m, rows),
                        a.column(i + 1, m, rows),
                        a.column(i + 2, m, rows),
                        a.column(i + 3, m, rows),
                    ];
                    let sums = tile(simd, left, right);
                    for k in 0..TALL {
                        for l in 0..WIDE {
                            let (row, column) = (i + k, j + l);
                            if column <= row && row < m {
                                gram[column * m + row] += sums[k][l];
                            }
                        }
                    }
                }
            }
        }
    }
}

impl<'a> Tall<'a> {
    /// Rows of a column; beyond `m` those of the last one.
    #[inline(always)]
    fn column(self, j: usize, m: usize, rows: (usize, usize)) -> &'a [f64] {
        let at = j.min(m - 1) * self.stride;
        &self.values[at + rows.0..at + rows.1]
    }
}

/// Dot products of all pairs.
#[inline(always)]
fn tile<S: Simd>(simd: S, a: [&[f64]; TALL], b: [&[f64]; WIDE]) -> [[f64; WIDE]; TALL] {
    let ((a0, t0), (a1, t1), (a2, t2), (a3, t3)) =
        (S::as_simd_f64s(a[0]), S::as_simd_f64s(a[1]), S::as_simd_f64s(a[2]), S::as_simd_f64s(a[3]));
    let ((b0, u0), (b1, u1), (b2, u2)) =
        (S::as_simd_f64s(b[0]), S::as_simd_f64s(b[1]), S::as_simd_f64s(b[2]));
    let mut sums = [[simd.splat_f64s(0.0); WIDE]; TALL];
    for ((((((x0, x1), x2), x3), y0), y1), y2) in a0.iter().zip(a1).zip(a2).zip(a3).zip(b0).zip(b1).zip(b2) {
        let (x, y) = ([*x0, *x1, *x2, *x3], [*y0, *y1, *y2]);
        for k in 0..TALL {
            for l in 0..WIDE {
                sums[k][l] = simd.mul_add_e_f64s(x[k], y[l], sums[k][l]);
            }
        }
    }
    let (t, u) = ([t0, t1, t2, t3], [u0, u1, u2]);
    let mut out = [[0.0; WIDE]; TALL];
    for k in 0..TALL {
        for l in 0..WIDE {
            let mut rest = 0.0;
            for r in 0..t[k].len() {
                rest += t[k][r] * u[l][r];
            }
            out[k][l] = simd.reduce_sum_f64s(sums[k][l]) + rest;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_columns_has_its_dot_product() {
        for (n, m) in [(1, 1), (3, 2), (515, 7), (1030, 13)] {
            let stride = n + 2;
            let value = |k: usize| (k * 37 % 101) as f64 - 50.0;
            let a: Vec<f64> = (0..m * stride).map(value).collect();
            let b: Vec<f64> = (0..m * n).map(|k| value(k + 5)).collect();
            let mut gram = vec![1.0; m * m];
            add_lower(n, m, Tall { values: &a, stride }, Tall { values: &b, stride: n }, &mut gram);
            for (j, i) in (0..m).flat_map(|j| (0..m).map(move |i| (j, i))) {
                let sum: f64 = (0..n).map(|r| a[i * stride + r] * b[j * n + r]).sum();
                // whole numbers: exact in any order
                assert_eq!(gram[j * m + i], if i >= j { 1.0 + sum } else { 1.0 }, "{n} x {m}: {i}, {j}");
            }
        }
    }
}
