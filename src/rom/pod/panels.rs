//! Passes over tall matrices by row blocks, so that snapshots are read in pieces and products run at full speed.

use super::{Diagonal, InnerProduct, Snapshots};
use crate::parallel::Comm;
use crate::rom::dense::{product, transposed_product};

/// Rows per block: 4096 rows of 100 columns are 3 MB.
pub const ROWS: usize = 4096;
/// Bytes of the buffers of full columns that a general inner product needs.
const COLUMN_BYTES: usize = 256 << 20;

/// Number of full columns of this rank's length that fit in the buffer, at least 8.
pub fn column_block(rows: usize, columns: usize) -> usize {
    (COLUMN_BYTES / (8 * rows.max(1))).max(8).min(columns.max(1))
}

/// Row ranges `(first, count)`.
pub fn row_blocks(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows.div_ceil(ROWS)).map(move |b| (b * ROWS, ROWS.min(rows - b * ROWS)))
}

/// Reads rows `first .. first + n` of all snapshots into `block` (`n x S`, column-major).
pub fn read_block<S: Snapshots + ?Sized>(snapshots: &S, first: usize, n: usize, block: &mut [f64]) {
    for (s, column) in block.chunks_exact_mut(n.max(1)).enumerate() {
        snapshots.read(s, first, column);
    }
}

/// Multiplies the rows of a block (`n x columns`) by weights.
pub fn scale_rows(block: &mut [f64], weights: &[f64]) {
    for column in block.chunks_exact_mut(weights.len()) {
        column.iter_mut().zip(weights).for_each(|(x, w)| *x *= w);
    }
}

/// `out = a^T M U` (`m x S`, column-major) summed over ranks, for columns `a` (`rows x m`) and the snapshots U.
/// M is applied to `a`.
///
/// # Collective
pub fn project<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    a: &[f64],
    m: usize,
    snapshots: &S,
    inner: &P,
) -> Vec<f64> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let mut out = vec![0.0; m * s];
    let mut block = vec![0.0; ROWS.min(rows) * s];
    match inner.diagonal() {
        Some(d) => {
            for (first, n) in row_blocks(rows) {
                let block = &mut block[..n * s];
                read_block(snapshots, first, n, block);
                if let Diagonal::Weights(w) = d {
                    scale_rows(block, &w[first..first + n]);
                }
                transposed_product(n, &a[first..], m, rows, block, s, n, true, &mut out);
            }
        }
        None => {
            let width = column_block(rows, m);
            let mut image = vec![0.0; rows * width];
            let mut part = vec![0.0; width * s];
            for start in (0..m).step_by(width) {
                let width = width.min(m - start);
                for j in 0..width {
                    let from = &a[(start + j) * rows..(start + j + 1) * rows];
                    inner.apply(from, &mut image[j * rows..(j + 1) * rows]);
                }
                let part = &mut part[..width * s];
                part.fill(0.0);
                for (first, n) in row_blocks(rows) {
                    let block = &mut block[..n * s];
                    read_block(snapshots, first, n, block);
                    transposed_product(n, &image[first..], width, rows, block, s, n, true, part);
                }
                for (to, from) in out.chunks_exact_mut(m).zip(part.chunks_exact(width)) {
                    to[start..start + width].copy_from_slice(from);
                }
            }
        }
    }
    comm.sum(&mut out);
    out
}

/// The columns `a` (`rows x m`, column-major) as snapshots.
pub struct Columns<'a> {
    /// Entries.
    pub a: &'a [f64],
    /// Values per column.
    pub rows: usize,
    /// Number of columns.
    pub count: usize,
}

impl Snapshots for Columns<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn read(&self, s: usize, first: usize, out: &mut [f64]) {
        out.copy_from_slice(&self.a[s * self.rows + first..][..out.len()]);
    }
}

/// Gram matrix `a^T M a` over ranks (`m x m`).
///
/// # Collective
pub fn gram_of<P: InnerProduct + ?Sized>(
    comm: &Comm,
    a: &[f64],
    rows: usize,
    m: usize,
    inner: &P,
) -> Vec<f64> {
    project(comm, a, m, &Columns { a, rows, count: m }, inner)
}

/// `a <- a t`, `a`: `rows x m`, `t`: `m x n`, column-major; returns `rows x n`, in the memory of `a` where `n <= m`.
pub fn times(mut a: Vec<f64>, rows: usize, m: usize, t: &[f64], n: usize) -> Vec<f64> {
    let mut block = vec![0.0; ROWS.min(rows) * n];
    for (first, count) in row_blocks(rows) {
        let block = &mut block[..count * n];
        product(count, &a[first..], m, rows, t, n, block, count);
        for (k, column) in block.chunks_exact(count).enumerate() {
            a[k * rows + first..k * rows + first + count].copy_from_slice(column);
        }
    }
    a.truncate(rows * n);
    a
}

/// `U t` (`rows x n`), `t`: `S x n`, column-major.
pub fn combine<S: Snapshots + ?Sized>(snapshots: &S, t: &[f64], n: usize) -> Vec<f64> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let mut out = vec![0.0; rows * n];
    let mut block = vec![0.0; ROWS.min(rows) * s];
    for (first, count) in row_blocks(rows) {
        let block = &mut block[..count * s];
        read_block(snapshots, first, count, block);
        product(count, block, s, count, t, n, &mut out[first..], rows);
    }
    out
}
