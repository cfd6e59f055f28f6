//! Solution of the reduced system, replicated on every rank, without allocation.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::perm::PermRef;
use faer::{Conj, MatMut, Par};

/// Buffers of an LU factorisation of an `n x n` matrix.
pub(super) struct DenseSolver {
    n: usize,
    forward: Vec<usize>,
    backward: Vec<usize>,
    memory: MemBuffer,
}

impl DenseSolver {
    pub fn new(n: usize) -> DenseSolver {
        let scratch = factor::lu_in_place_scratch::<usize, f64>(n, n, Par::Seq, Default::default())
            .or(solve::solve_in_place_scratch::<usize, f64>(n, 1, Par::Seq));
        DenseSolver { n, forward: vec![0; n], backward: vec![0; n], memory: MemBuffer::new(scratch) }
    }

    /// Solves `matrix x = rhs` in place of both; `matrix` is column-major.
    pub fn solve(&mut self, matrix: &mut [f64], rhs: &mut [f64]) {
        let n = self.n;
        if n == 0 {
            return;
        }
        let mut a = MatMut::from_column_major_slice_mut(matrix, n, n);
        factor::lu_in_place(
            a.rb_mut(),
            &mut self.forward,
            &mut self.backward,
            Par::Seq,
            MemStack::new(&mut self.memory),
            Default::default(),
        );
        let perm = PermRef::new_checked(&self.forward, &self.backward, n);
        solve::solve_in_place_with_conj(
            a.rb(),
            a.rb(),
            perm,
            Conj::No,
            MatMut::from_column_major_slice_mut(rhs, n, 1),
            Par::Seq,
            MemStack::new(&mut self.memory),
        );
    }
}
use faer::prelude::*;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_satisfies_the_system() {
        let n = 7;
        let a: Vec<f64> = (0..n * n).map(|i| ((i * 37 % 23) as f64 - 11.0) / 7.0).collect();
        let b: Vec<f64> = (0..n).map(|i| i as f64 - 2.0).collect();
        let (mut lu, mut x) = (a.clone(), b.clone());
        DenseSolver::new(n).solve(&mut lu, &mut x);
        for i in 0..n {
            let ax: f64 = (0..n).map(|j| a[j * n + i] * x[j]).sum();
            assert!((ax - b[i]).abs() < 1e-11, "{ax} {}", b[i]);
        }
    }
}
