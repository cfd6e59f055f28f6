//! Sums over all points that do not depend on the partition: b, V, and the norms of the columns. The points of an element,
//! which lie on one rank, may be added in plain arithmetic ([`Integrands::add_sum`]), elements are with compensation.

use super::integrands::Integrands;
use super::{CubatureError, Problem};
use crate::parallel::{Comm, Dd};
use crate::rom::dense::{dot, vectorised};

/// b, V, and what follows from them.
#[derive(Debug, Clone)]
pub struct Totals {
    /// `b = sum_k w_k g_k`, all ranks.
    pub b: Vec<f64>,
    /// `V = sum_k w_k`, all ranks.
    pub volume: f64,
    /// `||b||`.
    pub norm: f64,
    /// Squared norms of this rank's columns.
    pub squares: Vec<f64>,
    /// Whether b is zero to rounding: `||b|| <= 8 eps_mach sum_k |w_k| ||g_k||`.
    pub zero: bool,
}

/// Compensated sums of vectors, entry by entry, in separate arrays so that the loop is vectorised.
#[derive(Debug)]
pub struct Sums {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Sums {
    /// Zeros.
    pub fn new(n: usize) -> Sums {
        Sums { high: vec![0.0; n], low: vec![0.0; n] }
    }

    /// Adds `factor * terms`.
    pub fn add(&mut self, factor: f64, terms: &[f64]) {
        vectorised(|| {
            for ((high, low), t) in self.high.iter_mut().zip(&mut self.low).zip(terms) {
                let x = factor * t;
                let s = *high + x;
                let d = s - *high;
                *low += (*high - (s - d)) + (x - d);
                *high = s;
            }
        });
    }

    /// The sums.
    pub fn parts(&self) -> Vec<Dd> {
        self.high.iter().zip(&self.low).map(|(&hi, &lo)| Dd { hi, lo }).collect()
    }
}

impl Totals {
    /// Sums over all ranks.
    ///
    /// # Errors
    /// Values that are not finite, a volume that is not positive; the same on every rank.
    ///
    /// # Collective
    pub fn new<I: Integrands>(comm: &Comm, problem: &Problem<'_, I>) -> Result<Totals, CubatureError> {
        let rows = problem.integrands.rows();
        let (mut sums, mut work) = (Sums::new(rows), Vec::new());
        let (mut volume, mut magnitude) = (Dd::default(), Dd::default());
        let mut squares = vec![0.0; problem.ids.len()];
        let mut first = 0;
        for element in problem.elements.chunk_by(|a, b| a == b) {
            let at = first..first + element.len();
            let (w, squares) = (&problem.weights[at.clone()], &mut squares[at]);
            problem.integrands.add_sum(first, w, &mut sums, squares, &mut work);
            first += element.len();
        }
        let mut bad = u64::MAX;
        for ((&w, &id), &square) in problem.weights.iter().zip(problem.ids).zip(&squares) {
            volume.add(w);
            magnitude.add(w.abs() * square.sqrt());
            if !square.is_finite() || !w.is_finite() {
                bad = bad.min(id);
            }
        }
        let bad = comm.min_u64(bad);
        if bad != u64::MAX {
            return Err(CubatureError::NotFinite { point: bad });
        }
        let mut parts = sums.parts();
        parts.extend([volume, magnitude]);
        let mut b = comm.sum_exact(&parts);
        let (magnitude, volume) = (b.pop().unwrap_or(0.0), b.pop().unwrap_or(0.0));
        if volume.is_nan() || volume <= 0.0 {
            return Err(CubatureError::Volume { volume });
        }
        let norm = dot(&b, &b).sqrt();
        Ok(Totals { b, volume, norm, squares, zero: norm <= 8.0 * f64::EPSILON * magnitude })
    }

    /// The totals of a rank that has no points.
    pub fn without_points(&self) -> Totals {
        Totals { b: vec![0.0; self.b.len()], volume: 0.0, norm: 0.0, squares: Vec::new(), zero: true }
    }
}

/// `sum_k x_k g_k` and `sum_k x_k` over all ranks, compensated, for this rank's `(local index, weight)`.
///
/// # Collective
pub fn integrals<I: Integrands>(comm: &Comm, integrands: &I, weights: &[(u32, f64)]) -> (Vec<f64>, f64) {
    let mut column = vec![0.0; integrands.rows()];
    let mut sums = Sums::new(column.len());
    let mut total = Dd::default();
    for &(k, x) in weights {
        integrands.column(k as usize, &mut column);
        sums.add(x, &column);
        total.add(x);
    }
    let mut parts = sums.parts();
    parts.push(total);
    let mut all = comm.sum_exact(&parts);
    let sum = all.pop().unwrap_or(0.0);
    (all, sum)
}
