//! QDEIM interpolation points: pivoted QR of the transposed basis (Drmac, Gugercin, SISC 38, 2016).
//!
//! Column pivoting on `B^T` chooses, one by one, the row of `B` whose part orthogonal to the rows already chosen is
//! largest. The rows stay on their ranks: each step costs one search over ranks and the broadcast of one row of `m`
//! numbers. The result does not depend on the partition: ties within 1e-9 go to the lowest global id.

use super::dense::{axpy, blur, dot};
use crate::parallel::Comm;

/// The chosen points.
#[derive(Debug, Clone, PartialEq)]
pub struct Qdeim {
    /// Global ids in the order of choice, the same on every rank; fewer than `m` where the basis has a lower rank.
    pub ids: Vec<u64>,
    /// Rank that holds each of [`Qdeim::ids`].
    pub owners: Vec<usize>,
    /// `(position in ids, local index)` of the chosen points of this rank.
    pub local: Vec<(usize, usize)>,
    /// Magnitude of the diagonal of R, non-increasing: its decay is the rank of the basis.
    pub diagonal: Vec<f64>,
}

/// Chooses up to `m` rows of the distributed matrix B so that they are as independent as possible.
///
/// `basis(k, row)`: copies this rank's row `k`, `m` numbers; `ids`: global ids of the rows, each row on one rank. Rows with a
/// NaN are never chosen. The choice ends early at the numerical rank (`m` machine epsilons of the first pivot). Holds one
/// copy of the basis.
///
/// # Collective
/// `m` must agree; a rank may have no rows.
pub fn qdeim(comm: &Comm, basis: impl Fn(usize, &mut [f64]), m: usize, ids: &[u64]) -> Qdeim {
    let mut rest = vec![0.0; ids.len() * m];
    rest.chunks_exact_mut(m.max(1)).enumerate().for_each(|(k, row)| basis(k, row));
    let mut taken = vec![false; ids.len()];
    let mut directions: Vec<f64> = Vec::with_capacity(m * m);
    let mut out = Qdeim { ids: Vec::new(), owners: Vec::new(), local: Vec::new(), diagonal: Vec::new() };
    for step in 0..m {
        let mut best = (f64::NEG_INFINITY, u64::MAX, usize::MAX);
        for (k, row) in rest.chunks_exact(m).enumerate().filter(|(k, _)| !taken[*k]) {
            let size = blur(dot(row, row));
            if size > best.0 || (size == best.0 && ids[k] < best.1) {
                best = (size, ids[k], k);
            }
        }
        let (size, id, owner) = comm.argmax(best.0, best.1);
        let floor = out.diagonal.first().map_or(0.0, |d| m as f64 * f64::EPSILON * d);
        if size.is_nan() || size <= floor * floor {
            break;
        }
        let mut row = vec![0.0; m];
        if comm.rank() == owner {
            taken[best.2] = true;
            out.local.push((step, best.2));
            basis(best.2, &mut row);
        }
        comm.broadcast(&mut row, owner);
        // Twice is enough (Parlett): the direction is orthogonal to the previous ones to rounding.
        for _ in 0..2 {
            for q in directions.chunks_exact(m) {
                axpy(-dot(&row, q), q, &mut row);
            }
        }
        let length = dot(&row, &row).sqrt();
        if length <= floor {
            if comm.rank() == owner {
                out.local.pop();
            }
            break;
        }
        row.iter_mut().for_each(|x| *x /= length);
        for other in rest.chunks_exact_mut(m) {
            axpy(-dot(other, &row), &row, other);
        }
        directions.extend_from_slice(&row);
        out.ids.push(id);
        out.owners.push(owner);
        out.diagonal.push(length);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(basis: &[f64]) -> impl Fn(usize, &mut [f64]) {
        |k, row| row.copy_from_slice(&basis[k * row.len()..(k + 1) * row.len()])
    }

    fn wavy(points: usize, m: usize) -> Vec<f64> {
        (0..points * m)
            .map(|e| {
                let (k, i) = (e / m, e % m);
                ((k as f64 + 0.3) * (i as f64 + 1.0) * 0.11).sin() + 0.01 * i as f64
            })
            .collect()
    }

    #[test]
    fn the_points_of_an_identity_basis_are_its_non_zero_rows() {
        let mut basis = vec![0.0; 10 * 3];
        for (row, column) in [(2, 0), (5, 1), (7, 2)] {
            basis[row * 3 + column] = 1.0 + column as f64;
        }
        let ids: Vec<u64> = (100..110).collect();
        let found = qdeim(&Comm::serial(), rows(&basis), 3, &ids);
        assert_eq!(found.ids, vec![107, 105, 102]);
        assert_eq!(found.local, vec![(0, 7), (1, 5), (2, 2)]);
    }

    #[test]
    fn equal_rows_are_chosen_by_lowest_global_id() {
        let basis = [1.0, 0.0, 1.0, 0.0, 0.0, 0.5];
        let found = qdeim(&Comm::serial(), rows(&basis), 2, &[9, 4, 1]);
        assert_eq!(found.ids, vec![4, 1]);
    }

    #[test]
    fn a_basis_of_lower_rank_gives_as_many_points_as_its_rank() {
        let basis: Vec<f64> = wavy(50, 2).chunks(2).flat_map(|r| [r[0], r[1], r[0] - 2.0 * r[1]]).collect();
        let ids: Vec<u64> = (0..50).collect();
        assert_eq!(qdeim(&Comm::serial(), rows(&basis), 3, &ids).ids.len(), 2);
        assert!(qdeim(&Comm::serial(), rows(&[0.0; 6]), 3, &[0, 1]).ids.is_empty());
        assert!(qdeim(&Comm::serial(), rows(&[]), 3, &[]).ids.is_empty());
    }

    proptest! {
        #[test]
        fn the_order_of_the_rows_does_not_change_the_points(shift in 1usize..60) {
            let (n, m) = (60, 5);
            let basis = wavy(n, m);
            let ids: Vec<u64> = (0..n as u64).collect();
            let straight = qdeim(&Comm::serial(), rows(&basis), m, &ids);
            let mut turned = basis.clone();
            turned.rotate_left(shift * m % (n * m));
            let mut turned_ids = ids.clone();
            turned_ids.rotate_left(shift % n);
            prop_assert_eq!(straight.ids, qdeim(&Comm::serial(), rows(&turned), m, &turned_ids).ids);
        }

        #[test]
        fn pivots_never_grow(seed in 0u64..1000) {
            let basis: Vec<f64> = (0..200u64).map(|k| ((k * 7919 + seed * 104729) % 1009) as f64 / 1009.0 - 0.5).collect();
            let ids: Vec<u64> = (0..50).collect();
            let found = qdeim(&Comm::serial(), rows(&basis), 4, &ids);
            for pair in found.diagonal.windows(2) {
                prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-8));
            }
        }
    }
}
