//! Updated Cholesky factor `A = L L^T` of a Gram matrix: append a row, delete a row and column, solve.
//!
//! L is packed by rows (row i at `i (i + 1) / 2`), so that a row is one slice for the substitutions.

use crate::rom::dense::{axpy, dot, vectorised};

/// The factor.
#[derive(Debug, Clone, Default)]
pub struct Factor {
    n: usize,
    l: Vec<f64>,
}

impl Factor {
    /// Order of the matrix.
    #[cfg(test)]
    pub fn order(&self) -> usize {
        self.n
    }

    /// Row i of L, `i + 1` entries.
    #[inline(always)]
    pub fn row(&self, i: usize) -> &[f64] {
        let start = i * (i + 1) / 2;
        &self.l[start..start + i + 1]
    }

    /// Borders A with `cross` (length n) and `diagonal`. Where the new squared pivot is below `least` (or NaN), the
    /// factor is left as it was and `false` returned.
    pub fn append(&mut self, cross: &[f64], diagonal: f64, least: f64) -> bool {
        let start = self.l.len();
        self.l.extend_from_slice(cross);
        self.l.push(0.0);
        let (old, new) = self.l.split_at_mut(start);
        let pivot = vectorised(|| {
            for i in 0..self.n {
                let row = &old[i * (i + 1) / 2..][..i + 1];
                new[i] = (new[i] - dot(&row[..i], &new[..i])) / row[i];
            }
            diagonal - dot(&new[..self.n], &new[..self.n])
        });
        if pivot.is_nan() || pivot < least {
            self.l.truncate(start);
            return false;
        }
        new[self.n] = pivot.sqrt();
        self.n += 1;
        true
    }

    /// Removes the last row and column.
    pub fn pop(&mut self) {
        self.n -= 1;
        self.l.truncate(self.n * (self.n + 1) / 2);
    }

    /// Removes row and column `j` of A: the rows below keep their norms under Givens rotations of neighbouring columns.
    /// `rotations` is a buffer.
    pub fn remove(&mut self, j: usize, rotations: &mut Vec<(f64, f64)>) {
        rotations.clear();
        let mut to = j * (j + 1) / 2;
        for i in j + 1..self.n {
            let start = i * (i + 1) / 2;
            let row = &mut self.l[start..start + i + 1];
            let mut left = row[j];
            for (c, &(cos, sin)) in (j..).zip(rotations.iter()) {
                let right = row[c + 1];
                row[c] = cos * left + sin * right;
                left = cos * right - sin * left;
            }
            let last = row[i];
            let length = left.hypot(last);
            rotations.push((left / length, last / length));
            row[i - 1] = length;
            self.l.copy_within(start..start + i, to);
            to += i;
        }
        self.n -= 1;
        self.l.truncate(to);
    }

    /// `x <- A^-1 x` and `y <- A^-1 y`, in place.
    pub fn solve_two(&self, x: &mut [f64], y: &mut [f64]) {
        vectorised(|| {
            for i in 0..self.n {
                let row = self.row(i);
                x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
                y[i] = (y[i] - dot(&row[..i], &y[..i])) / row[i];
            }
            for i in (0..self.n).rev() {
                let row = self.row(i);
                x[i] /= row[i];
                y[i] /= row[i];
                let (xi, yi) = (x[i], y[i]);
                axpy(-xi, &row[..i], &mut x[..i]);
                axpy(-yi, &row[..i], &mut y[..i]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(i: usize, j: usize) -> f64 {
        let (a, b) = (i as f64, j as f64);
        if i == j { 3.0 + 0.1 * a } else { 1.0 / (1.0 + (a - b).abs() + 0.01 * a * b) }
    }

    fn build(indices: &[usize]) -> Factor {
        let mut f = Factor::default();
        for (k, &i) in indices.iter().enumerate() {
            let cross: Vec<f64> = indices[..k].iter().map(|&j| entry(i, j)).collect();
            assert!(f.append(&cross, entry(i, i), 1e-13));
        }
        f
    }

    #[test]
    fn the_factor_reproduces_the_matrix_and_solves_with_it() {
        let indices: Vec<usize> = (0..9).collect();
        let f = build(&indices);
        let x0: Vec<f64> = indices.iter().map(|&i| (i as f64).sin()).collect();
        let mut b: Vec<f64> =
            indices.iter().map(|&i| indices.iter().map(|&j| entry(i, j) * x0[j]).sum()).collect();
        let mut c = b.clone();
        f.solve_two(&mut b, &mut c);
        for (x, y) in b.iter().zip(&x0) {
            assert!((x - y).abs() < 1e-14);
        }
        assert_eq!(b, c);
    }

    #[test]
    fn a_removed_row_leaves_the_factor_of_the_smaller_matrix() {
        for j in 0..7 {
            let mut f = build(&[0, 1, 2, 3, 4, 5, 6]);
            f.remove(j, &mut Vec::new());
            let rest: Vec<usize> = (0..7).filter(|i| *i != j).collect();
            let direct = build(&rest);
            assert_eq!(f.order(), 6);
            for (x, y) in f.l.iter().zip(&direct.l) {
                assert!((x - y).abs() < 1e-14);
            }
            assert_eq!(f.l.len(), direct.l.len());
        }
    }

    #[test]
    fn a_dependent_column_is_refused_and_changes_nothing() {
        let mut f = build(&[0, 1]);
        let before = f.clone();
        assert!(!f.append(&[entry(0, 0), entry(0, 1)], entry(0, 0), 1e-13));
        assert_eq!(f.l, before.l);
        assert!(!f.append(&[f64::NAN, 0.0], 1.0, 1e-13));
        assert_eq!(f.l, before.l);
    }
}
