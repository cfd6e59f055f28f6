//! Passes over tall matrices by row blocks, so that snapshots are read in pieces and products run at full speed.

use super::lower::{Tall, add_lower};
use super::{Diagonal, InnerProduct, Snapshots};
use crate::parallel::Comm;
use crate::rom::dense::{product, transposed_product};

/// Rows per block where memory is no concern: 1024 rows of 100 columns are 0.8 MB.
pub const ROWS: usize = 1024;
/// Bytes of the buffers of full columns that a general inner product needs.
const COLUMN_BYTES: usize = 64 << 20;

/// Number of full columns of this rank's length that fit in the buffer, at least 8.
pub fn column_block(rows: usize, columns: usize) -> usize {
    (COLUMN_BYTES / (8 * rows.max(1))).max(8).min(columns.max(1))
}

/// Row ranges `(first, count)` of at most `block` rows.
pub fn row_blocks(rows: usize, block: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows.div_ceil(block)).map(move |b| (b * block, block.min(rows - b * block)))
}

/// Shows all snapshots block by block: `each(first, n, block, stride)`, column s at `s stride`. In place where the
/// snapshots lie in memory.
pub fn visit<S: Snapshots + ?Sized>(
    snapshots: &S,
    rows_per_block: usize,
    mut each: impl FnMut(usize, usize, &[f64], usize),
) {
    let (rows, s) = (snapshots.len(), snapshots.count());
    if let Some(a) = snapshots.columns() {
        for (first, n) in row_blocks(rows, rows_per_block) {
            each(first, n, &a[first..], rows);
        }
        return;
    }
    let mut block = vec![0.0; rows_per_block.min(rows) * s];
    for (first, n) in row_blocks(rows, rows_per_block) {
        let block = &mut block[..n * s];
        snapshots.read_block(first, n, block);
        each(first, n, block, n);
    }
}

/// Multiplies the rows of a block (`n x columns`) by weights.
pub fn scale_rows(block: &mut [f64], weights: &[f64]) {
    for column in block.chunks_exact_mut(weights.len()) {
        column.iter_mut().zip(weights).for_each(|(x, w)| *x *= w);
    }
}

/// The block (`n x m`, column stride `stride`, rows from `first`), its rows times the weights; `buffer` holds a copy.
fn weighted<'b>(
    block: &'b [f64],
    n: usize,
    m: usize,
    stride: usize,
    d: Diagonal<'_>,
    first: usize,
    buffer: &'b mut Vec<f64>,
) -> (&'b [f64], usize) {
    let Diagonal::Weights(w) = d else { return (block, stride) };
    buffer.clear();
    for j in 0..m {
        buffer.extend(block[j * stride..j * stride + n].iter().zip(&w[first..]).map(|(x, w)| x * w));
    }
    (buffer, n)
}

/// Adds the lower triangle of `a^T D a` of a block of rows (`n x m`, column stride `stride`).
pub fn gram_block(
    a: &[f64],
    n: usize,
    m: usize,
    stride: usize,
    d: Diagonal<'_>,
    first: usize,
    buffer: &mut Vec<f64>,
    gram: &mut [f64],
) {
    if m == 0 || n == 0 {
        return;
    }
    let (other, other_stride) = weighted(a, n, m, stride, d, first, buffer);
    let other = Tall { values: other, stride: other_stride };
    add_lower(n, m, Tall { values: a, stride }, other, gram);
}

/// Copies the lower triangle (column-major) into the upper one.
pub fn mirror(a: &mut [f64], n: usize) {
    for j in 0..n {
        for i in j + 1..n {
            a[i * n + j] = a[j * n + i];
        }
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
    match inner.diagonal() {
        Some(d) => {
            let mut buffer = Vec::new();
            visit(snapshots, ROWS, |first, n, block, stride| {
                let (block, stride) = weighted(block, n, s, stride, d, first, &mut buffer);
                transposed_product(n, &a[first..], m, rows, block, s, stride, true, &mut out);
            });
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
                visit(snapshots, ROWS, |first, n, block, stride| {
                    transposed_product(n, &image[first..], width, rows, block, s, stride, true, part);
                });
                for (to, from) in out.chunks_exact_mut(m).zip(part.chunks_exact(width)) {
                    to[start..start + width].copy_from_slice(from);
                }
            }
        }
    }
    comm.sum(&mut out);
    out
}

/// The columns `a` (`rows x count`, column-major) as snapshots.
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

    fn columns(&self) -> Option<&[f64]> {
        Some(self.a)
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
    let columns = Columns { a, rows, count: m };
    let Some(d) = inner.diagonal() else { return project(comm, a, m, &columns, inner) };
    let (mut gram, mut buffer) = (vec![0.0; m * m], Vec::new());
    visit(&columns, ROWS, |first, n, block, stride| {
        gram_block(block, n, m, stride, d, first, &mut buffer, &mut gram);
    });
    comm.sum(&mut gram);
    mirror(&mut gram, m);
    gram
}

/// `a <- a t`, `a`: `rows x m`, `t`: `m x n`, column-major, `n <= m`; `rows x n` in the memory of `a`. `each(first, count,
/// block)` sees every block of the product.
pub fn times_seen(
    mut a: Vec<f64>,
    rows: usize,
    m: usize,
    t: &[f64],
    n: usize,
    mut each: impl FnMut(usize, usize, &[f64]),
) -> Vec<f64> {
    let mut block = vec![0.0; ROWS.min(rows) * n];
    for (first, count) in row_blocks(rows, ROWS) {
        let block = &mut block[..count * n];
        product(count, &a[first..], m, rows, t, n, block, count);
        for (k, column) in block.chunks_exact(count).enumerate() {
            a[k * rows + first..k * rows + first + count].copy_from_slice(column);
        }
        each(first, count, block);
    }
    a.truncate(rows * n);
    a
}

/// As [`times_seen`], for nobody to see.
pub fn times(a: Vec<f64>, rows: usize, m: usize, t: &[f64], n: usize) -> Vec<f64> {
    times_seen(a, rows, m, t, n, |_, _, _| ())
}

/// `U t` (`rows x n`), `t`: `S x n`, column-major.
pub fn combine<S: Snapshots + ?Sized>(snapshots: &S, t: &[f64], n: usize) -> Vec<f64> {
    let (rows, s) = (snapshots.len(), snapshots.count());
    let mut out = vec![0.0; rows * n];
    visit(snapshots, ROWS, |first, count, block, stride| {
        product(count, block, s, stride, t, n, &mut out[first..], rows);
    });
    out
}
