//! Dense kernels on slices that the reduced-order algorithms share: products with a fixed order of operations,
//! a comparison that rounding cannot upset, and thin wrappers of faer's matrix product.

pub use crate::fem::vectorised;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Number of partial sums in [`dot`]: the order of additions is part of the result.
const LANES: usize = 16;

/// Dot product of two slices of one length, with 16 interleaved partial sums: the bits depend on the operands only.
#[inline(always)]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            sums[l] += sums[l + half];
        }
        half /= 2;
    }
    sums[0] + tail
}

/// Euclidean norm, by [`dot`].
#[inline]
pub fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `y += alpha x`.
#[inline(always)]
pub fn axpy(alpha: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += alpha * x;
    }
}

/// `out = sum_k c_k column_k`, the terms added in this order.
pub fn combine(columns: &[Vec<f64>], c: &[f64], out: &mut [f64]) {
    /// Values that stay in the first cache while the columns pass.
    const BLOCK: usize = 1024;
    vectorised(
        #[inline(always)]
        || {
            for (block, out) in out.chunks_mut(BLOCK).enumerate() {
                out.fill(0.0);
                let at = block * BLOCK..block * BLOCK + out.len();
                for (column, &c) in columns.iter().zip(c) {
                    axpy(c, &column[at.clone()], out);
                }
            }
        },
    );
}

/// Rounds to 30 binary digits (relative 1e-9): values that differ by rounding only become equal, so that a choice
/// between them is made by global id and not by the number of ranks. Keeps the order, zero, infinities and NaN.
#[inline]
pub fn blur(x: f64) -> f64 {
    const DROPPED: u64 = 1 << 22;
    if !x.is_finite() {
        return x;
    }
    f64::from_bits((x.to_bits() + DROPPED / 2) & !(DROPPED - 1))
}

/// `out = a^T b` (`m x n`, column-major), `a`: `k x m`, `b`: `k x n`, both column-major with column strides `lda`, `ldb`.
pub fn transposed_product(
    k: usize,
    a: &[f64],
    m: usize,
    lda: usize,
    b: &[f64],
    n: usize,
    ldb: usize,
    accumulate: bool,
    out: &mut [f64],
) {
    if m == 0 || n == 0 {
        return;
    }
    let how = if accumulate { Accum::Add } else { Accum::Replace };
    let a = MatRef::from_column_major_slice_with_stride(a, k, m, lda);
    let b = MatRef::from_column_major_slice_with_stride(b, k, n, ldb);
    matmul(MatMut::from_column_major_slice_mut(out, m, n), how, a.transpose(), b, 1.0, Par::Seq);
}

/// `out = a b` (`m x n`, column stride `ldo`), `a`: `m x k` with column stride `lda`, `b`: `k x n` packed; column-major.
pub fn product(m: usize, a: &[f64], k: usize, lda: usize, b: &[f64], n: usize, out: &mut [f64], ldo: usize) {
    if m == 0 || n == 0 {
        return;
    }
    let a = MatRef::from_column_major_slice_with_stride(a, m, k, lda);
    let b = MatRef::from_column_major_slice(b, k, n);
    matmul(
        MatMut::from_column_major_slice_with_stride_mut(out, m, n, ldo),
        Accum::Replace,
        a,
        b,
        1.0,
        Par::Seq,
    );
}

/// Writes columns as the rows of `out`, `len x columns.len()`; in blocks, so that both are read and written in cache lines.
pub fn interleave(columns: &[impl AsRef<[f64]>], out: &mut [f64]) {
    const BLOCK: usize = 128;
    let m = columns.len();
    if m == 0 {
        return;
    }
    for (b, rows) in out.chunks_mut(BLOCK * m).enumerate() {
        for (i, column) in columns.iter().enumerate() {
            let values = &column.as_ref()[b * BLOCK..];
            rows[i..].iter_mut().step_by(m).zip(values).for_each(|(r, x)| *r = *x);
        }
    }
}

/// Copies a faer matrix into a packed column-major vector.
pub fn to_column_major(a: MatRef<'_, f64>) -> Vec<f64> {
    let mut out = Vec::with_capacity(a.nrows() * a.ncols());
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            out.push(a[(i, j)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_apart_by_rounding_compare_equal_after_blurring() {
        let x = 0.1 + 0.2;
        assert_ne!(x, 0.3);
        assert_eq!(blur(x), blur(0.3));
        assert!(blur(1.0 + 1e-8) > blur(1.0));
        assert!(blur(-1.0 - 1e-8) < blur(-1.0));
        assert_eq!(blur(0.0), 0.0);
        assert_eq!(blur(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(blur(f64::NAN).is_nan());
    }

    /// What docs/performance.md measures the algorithms by: processor seconds of one thread, the best of several.
    #[test]
    #[ignore = "prints rates of the machine: cargo test --release --lib roofline -- --ignored --nocapture"]
    fn roofline() {
        let seconds = || {
            let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
            t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64
        };
        let best = |work: &mut dyn FnMut()| {
            let run = |_| {
                let from = seconds();
                work();
                seconds() - from
            };
            (0..7).map(run).fold(f64::INFINITY, f64::min)
        };
        let numbers = |n: usize| -> Vec<f64> { (0..n).map(|k| (k % 97) as f64 * 0.01).collect() };
        let n = 1000;
        let (a, b, mut c) = (numbers(n * n), numbers(n * n), vec![0.0; n * n]);
        let t = best(&mut || product(n, &a, n, n, &b, n, &mut c, n));
        eprintln!("product 1000 x 1000 x 1000: {:.1} GFLOP/s", 2e-9 * 1e9 / t);
        for s in [50, 100] {
            for rows in [512, 1024, 2048, 4096] {
                let (a, mut c) = (numbers(rows * s), vec![0.0; s * s]);
                let count = 200_000 / rows;
                let mut pad = Vec::new();
                let t = best(&mut || {
                    (0..count).for_each(|_| {
                        super::super::pod::gram_block(
                            &a,
                            rows,
                            s,
                            rows,
                            super::super::pod::Diagonal::Identity,
                            0,
                            &mut pad,
                            &mut c,
                        )
                    })
                });
                let lower = 1e-9 * (s * s * rows * count) as f64 / t;
                let t = best(&mut || {
                    (0..count).for_each(|_| transposed_product(rows, &a, s, rows, &a, s, rows, true, &mut c))
                });
                let gram = 2e-9 * (s * s * rows * count) as f64 / t;
                let m = 27;
                let (b, mut c) = (numbers(s * m), vec![0.0; rows * m]);
                let t =
                    best(&mut || (0..count).for_each(|_| product(rows, &a, s, rows, &b, m, &mut c, rows)));
                let tall = 2e-9 * (s * m * rows * count) as f64 / t;
                eprintln!(
                    "{rows} x {s}: a^T a {gram:.1}, its lower half {lower:.1}, a b with 27 columns {tall:.1} GFLOP/s"
                );
            }
        }
        let x = numbers(32 << 20);
        let t = best(&mut || assert!(vectorised(|| dot(&x, &x)) > 0.0));
        eprintln!("reading 256 MB: {:.1} GB/s", 8e-9 * x.len() as f64 / t);
        let mut y = x.clone();
        let t = best(&mut || vectorised(|| axpy(1e-9, &x, &mut y)));
        eprintln!("y += a x, 256 MB each, 3 numbers moved: {:.1} GB/s", 24e-9 * x.len() as f64 / t);
    }

    #[test]
    fn interleaved_columns_are_rows() {
        let columns: Vec<Vec<f64>> =
            (0..3).map(|i| (0..300).map(|k| f64::from(10 * k + i)).collect()).collect();
        let mut rows = vec![0.0; 900];
        interleave(&columns, &mut rows);
        assert!((0..900).all(|k| rows[k] == columns[k % 3][k / 3]));
        interleave(&columns[..0], &mut []);
    }

    #[test]
    fn a_dot_product_of_ones_counts_its_terms() {
        for n in [0, 1, 15, 16, 17, 100] {
            assert_eq!(dot(&vec![1.0; n], &vec![1.0; n]), n as f64);
        }
    }
}
