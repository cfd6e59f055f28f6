//! QDEIM interpolation points: pivoted QR of the transposed basis (Drmac, Gugercin, SISC 38, 2016).
//!
//! Column pivoting on `B^T` chooses, one by one, the row of `B` whose part orthogonal to the rows already chosen is
//! largest. The rows stay on their ranks: each step costs one search over ranks and the broadcast of one row of `m`
//! numbers. The result does not depend on the partition: ties within 1e-9 go to the lowest global id.

use super::dense::{axpy, blur, dot, vectorised};
use crate::parallel::Comm;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

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
/// `rows`: this rank's rows, `m` numbers each; `ids`: global ids of the rows, each row on one rank. Rows with a NaN are never
/// chosen. The choice ends early at the numerical rank (`m` machine epsilons of the first pivot).
///
/// # Collective
/// `m` must agree; a rank may have no rows.
pub fn qdeim(comm: &Comm, rows: Vec<f64>, m: usize, ids: &[u64]) -> Qdeim {
    let mut rest = Rest::new(rows, m, ids);
    let mut out = Qdeim { ids: Vec::new(), owners: Vec::new(), local: Vec::new(), diagonal: Vec::new() };
    for step in 0..m {
        let best = rest.largest();
        let (size, id) = best.map_or((f64::NEG_INFINITY, u64::MAX), |k| (rest.sizes[k], ids[k]));
        let (size, id, owner) = comm.argmax(size, id);
        let floor = out.diagonal.first().map_or(0.0, |d| m as f64 * f64::EPSILON * d);
        if size.is_nan() || size <= floor * floor {
            break;
        }
        let mut row = vec![0.0; m];
        let chosen = best.filter(|_| comm.rank() == owner);
        if let Some(k) = chosen {
            row.copy_from_slice(&rest.rows[k * m..(k + 1) * m]);
        }
        comm.broadcast(&mut row, owner);
        // the row lacks its parts along them: once more makes it orthogonal to rounding (Parlett)
        for q in rest.directions.chunks_exact(m) {
            axpy(-dot(&row, q), q, &mut row);
        }
        let length = dot(&row, &row).sqrt();
        if length <= floor {
            break;
        }
        row.iter_mut().for_each(|x| *x /= length);
        rest.directions.extend_from_slice(&row);
        if let Some(k) = chosen {
            rest.order.pop();
            out.local.push((step, k));
        }
        out.ids.push(id);
        out.owners.push(owner);
        out.diagonal.push(length);
    }
    out
}

/// The rows less their parts along the chosen directions. That only makes them shorter, so that a row is brought up to date
/// no sooner than its last known size is the largest of all: most rows never are.
struct Rest<'a> {
    rows: Vec<f64>,
    m: usize,
    ids: &'a [u64],
    /// Squared norms as last known, blurred.
    sizes: Vec<f64>,
    /// Directions taken off each row.
    done: Vec<u32>,
    /// Rows by size, the lowest id first among equals.
    order: BinaryHeap<(Size, Reverse<u64>, usize)>,
    /// Orthonormal, one after the other.
    directions: Vec<f64>,
}

impl<'a> Rest<'a> {
    fn new(rows: Vec<f64>, m: usize, ids: &'a [u64]) -> Rest<'a> {
        let mut sizes = vec![0.0; ids.len()];
        vectorised(|| {
            sizes.iter_mut().zip(rows.chunks_exact(m.max(1))).for_each(|(s, row)| *s = blur(dot(row, row)));
        });
        let numbers = sizes.iter().zip(ids).enumerate().filter(|(_, (size, _))| !size.is_nan());
        let order = numbers.map(|(k, (size, id))| (Size(*size), Reverse(*id), k)).collect();
        Rest { rows, m, ids, done: vec![0; sizes.len()], sizes, order, directions: Vec::new() }
    }

    /// The row of the largest size, up to date; it stays in the order.
    fn largest(&mut self) -> Option<usize> {
        let m = self.m;
        loop {
            let k = self.order.peek()?.2;
            let first = m * self.done[k] as usize;
            if first == self.directions.len() {
                return Some(k);
            }
            self.order.pop();
            let row = &mut self.rows[k * m..(k + 1) * m];
            let (directions, size) = (&self.directions[first..], &mut self.sizes[k]);
            vectorised(
                #[inline(always)]
                || {
                    for q in directions.chunks_exact(m) {
                        axpy(-dot(row, q), q, row);
                        // of all directions one by one: the same whenever the row is brought up to date
                        *size = size.min(blur(dot(row, row)));
                    }
                },
            );
            self.done[k] = (self.directions.len() / m) as u32;
            self.order.push((Size(self.sizes[k]), Reverse(self.ids[k]), k));
        }
    }
}

/// A size in the order of numbers.
#[derive(PartialEq)]
struct Size(f64);

impl Eq for Size {}

impl Ord for Size {
    fn cmp(&self, other: &Size) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Size {
    fn partial_cmp(&self, other: &Size) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        let found = qdeim(&Comm::serial(), basis.clone(), 3, &ids);
        assert_eq!(found.ids, vec![107, 105, 102]);
        assert_eq!(found.local, vec![(0, 7), (1, 5), (2, 2)]);
    }

    #[test]
    fn equal_rows_are_chosen_by_lowest_global_id() {
        let basis = vec![1.0, 0.0, 1.0, 0.0, 0.0, 0.5];
        let found = qdeim(&Comm::serial(), basis, 2, &[9, 4, 1]);
        assert_eq!(found.ids, vec![4, 1]);
    }

    #[test]
    fn a_basis_of_lower_rank_gives_as_many_points_as_its_rank() {
        let basis: Vec<f64> = wavy(50, 2).chunks(2).flat_map(|r| [r[0], r[1], r[0] - 2.0 * r[1]]).collect();
        let ids: Vec<u64> = (0..50).collect();
        assert_eq!(qdeim(&Comm::serial(), basis.clone(), 3, &ids).ids.len(), 2);
        assert!(qdeim(&Comm::serial(), vec![0.0; 6], 3, &[0, 1]).ids.is_empty());
        assert!(qdeim(&Comm::serial(), Vec::new(), 3, &[]).ids.is_empty());
    }

    proptest! {
        #[test]
        fn the_order_of_the_rows_does_not_change_the_points(shift in 1usize..60) {
            let (n, m) = (60, 5);
            let basis = wavy(n, m);
            let ids: Vec<u64> = (0..n as u64).collect();
            let straight = qdeim(&Comm::serial(), basis.clone(), m, &ids);
            let mut turned = basis.clone();
            turned.rotate_left(shift * m % (n * m));
            let mut turned_ids = ids.clone();
            turned_ids.rotate_left(shift % n);
            prop_assert_eq!(straight.ids, qdeim(&Comm::serial(), turned.clone(), m, &turned_ids).ids);
        }

        #[test]
        fn pivots_never_grow(seed in 0u64..1000) {
            let basis: Vec<f64> = (0..200u64).map(|k| ((k * 7919 + seed * 104729) % 1009) as f64 / 1009.0 - 0.5).collect();
            let ids: Vec<u64> = (0..50).collect();
            let found = qdeim(&Comm::serial(), basis.clone(), 4, &ids);
            for pair in found.diagonal.windows(2) {
                prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-8));
            }
        }
    }
}
