//! One more interpolation row for one more basis vector (DEIM: Chaturantabut, Sorensen, SIAM J. Sci. Comput. 32, 2010):
//! the one where the vector is farthest from its interpolation by the vectors before it. Rows chosen before stay, which
//! costs one pass over the basis instead of the pivoted QR factorisation of [`super::qdeim`].

use super::dense::{blur, combine};
use crate::parallel::Comm;
use faer::prelude::Solve;
use faer::{Mat, MatRef};

/// The rows of a basis that interpolate it, as many as its vectors: those of this rank.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Rows of all ranks.
    pub count: usize,
    /// `(position among all, local row)`.
    pub local: Vec<(usize, usize)>,
}

/// Adds the row of the last of `columns` to those of the columns before it; whether there is one: not where that column is
/// interpolated exactly. `ids`: global ids of the local rows; ties within 1e-9 go to the lowest.
///
/// # Panics
/// Where `rows` are not as many as the columns before the last.
///
/// # Collective
pub fn next_row(comm: &Comm, columns: &[Vec<f64>], ids: &[u64], rows: &mut Rows) -> bool {
    let Some((new, old)) = columns.split_last() else { return false };
    let m = old.len();
    assert_eq!(rows.count, m, "one row for each column");
    // columns of the small system and its right-hand side, each entry from the rank of its row
    let mut small = vec![0.0; m * (m + 1)];
    for &(position, row) in &rows.local {
        columns.iter().enumerate().for_each(|(i, column)| small[i * m + position] = column[row]);
    }
    comm.sum(&mut small);
    let (matrix, rhs) = small.split_at(m * m);
    let mut rest = vec![0.0; new.len()];
    if m > 0 {
        let rhs = Mat::from_fn(m, 1, |i, _| rhs[i]);
        let c = MatRef::from_column_major_slice(matrix, m, m).partial_piv_lu().solve(&rhs);
        let c: Vec<f64> = (0..m).map(|i| c[(i, 0)]).collect();
        combine(old, &c, &mut rest);
    }
    let mut best = (f64::NEG_INFINITY, u64::MAX, usize::MAX);
    for (k, ((r, x), &id)) in rest.iter().zip(new).zip(ids).enumerate() {
        let size = blur((x - r).abs());
        if size > best.0 || (size == best.0 && id < best.1) {
            best = (size, id, k);
        }
    }
    let (size, _, owner) = comm.argmax(best.0, best.1);
    let found = size > 0.0;
    if found {
        if comm.rank() == owner {
            rows.local.push((m, best.2));
        }
        rows.count += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_interpolated_by_as_many_rows() {
        let column = |p: i32| -> Vec<f64> { (0..50).map(|k| (f64::from(k) / 49.0).powi(p)).collect() };
        let columns: Vec<Vec<f64>> = (0..5).map(column).collect();
        let ids: Vec<u64> = (0..50).collect();
        let mut rows = Rows::default();
        (1..=5).for_each(|m| assert!(next_row(&Comm::serial(), &columns[..m], &ids, &mut rows)));
        let mut chosen: Vec<usize> = rows.local.iter().map(|r| r.1).collect();
        chosen.sort_unstable();
        chosen.dedup();
        assert_eq!((rows.count, chosen.len()), (5, 5));
        // the constant takes the lowest of equals, the straight line the far end
        assert_eq!((rows.local[0].1, rows.local[1].1), (0, 49));
    }

    #[test]
    fn a_zero_vector_adds_nothing() {
        let mut rows = Rows::default();
        assert!(!next_row(&Comm::serial(), &[vec![0.0; 4]], &[0, 1, 2, 3], &mut rows));
        assert_eq!(rows.count, 0);
    }
}
