//! The entry of largest magnitude of each column of a distributed matrix, seen block by block: it decides the signs.

use crate::parallel::Comm;
use crate::rom::dense::{blur, vectorised};

/// Best entry of each column so far, on this rank: magnitude (blurred), global id, sign.
#[derive(Debug, Clone)]
pub struct Peaks {
    best: Vec<(f64, u64, f64)>,
}

/// Largest magnitude of a slice.
#[inline(always)]
fn largest(x: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 16];
    let chunks = x.chunks_exact(16);
    let tail = chunks.remainder().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    for chunk in chunks {
        for (m, x) in lanes.iter_mut().zip(chunk) {
            *m = if x.abs() > *m { x.abs() } else { *m };
        }
    }
    lanes.iter().fold(tail, |m, x| m.max(*x))
}

impl Peaks {
    /// For `n` columns.
    pub fn new(n: usize) -> Peaks {
        Peaks { best: vec![(f64::NEG_INFINITY, u64::MAX, 1.0); n] }
    }

    /// Sees `rows` more rows of all columns (column-major), the first one with local number `first`.
    pub fn see(&mut self, block: &[f64], rows: usize, first: usize, id: &dyn Fn(usize) -> u64) {
        for (best, column) in self.best.iter_mut().zip(block.chunks_exact(rows.max(1))) {
            let size = blur(vectorised(|| largest(column)));
            if size < best.0 {
                continue;
            }
            for (i, x) in column.iter().enumerate().filter(|(_, x)| blur(x.abs()) == size) {
                let id = id(first + i);
                if size > best.0 || id < best.1 {
                    *best = (size, id, if *x < 0.0 { -1.0 } else { 1.0 });
                }
            }
        }
    }

    /// Signs that make the largest entries positive; among equal ones the lowest id decides.
    ///
    /// # Collective
    pub fn signs(&self, comm: &Comm) -> Vec<f64> {
        self.best
            .iter()
            .map(|best| {
                let (_, _, owner) = comm.argmax(best.0, best.1);
                let mut sign = [best.2];
                comm.broadcast(&mut sign, owner);
                sign[0]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_entry_decides_the_sign_and_the_lowest_id_among_equals() {
        let columns = [1.0, -3.0, 2.0, -2.0, 2.0, 0.0];
        let signs = |ids: [u64; 3]| {
            let (mut whole, mut parts) = (Peaks::new(2), Peaks::new(2));
            whole.see(&columns, 3, 0, &|i| ids[i]);
            parts.see(&[1.0, -2.0], 1, 0, &|i| ids[i]);
            parts.see(&[-3.0, 2.0, 2.0, 0.0], 2, 1, &|i| ids[i]);
            assert_eq!(whole.signs(&Comm::serial()), parts.signs(&Comm::serial()));
            whole.signs(&Comm::serial())
        };
        assert_eq!(signs([5, 6, 7]), vec![-1.0, -1.0]);
        assert_eq!(signs([9, 6, 7]), vec![-1.0, 1.0]);
    }
}
