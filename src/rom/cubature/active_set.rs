//! Non-negative least squares with one equality, by an active set: `min ||G_z x - b||, x >= 0, sum x = V`.
//!
//! Works in unit columns: `xi_j = x_j ||g_j||`, `o_j = 1 / ||g_j||`, `A` = Gram matrix of the unit columns, held by its
//! updated Cholesky factor. Columns and b carry a last entry, `alpha` and `alpha V`, so that A stays regular; the
//! equality makes that row exact. Lives on one rank.

use super::cholesky::Factor;
use crate::rom::dense::{axpy, dot, norm, vectorised};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

/// Squared pivot of the unit-column Gram matrix below which a column depends on the others.
const LEAST_PIVOT: f64 = 1e-13;
/// A solution is refined where its gradient departs from the multiplier by more than this fraction of the residual.
const REFINE: f64 = 1e-9;

/// What became of a column that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in, the residual went down.
    Accepted,
    /// It depends on the columns already in; nothing changed.
    Dependent,
    /// The residual did not go down; nothing changed.
    NoDecrease,
}

/// The columns in use, their weights and the residual.
#[derive(Debug, Clone)]
pub struct ActiveSet {
    /// Length of a column: integrands + 1.
    rows: usize,
    b: Vec<f64>,
    volume: f64,
    /// Unit columns, by slot.
    columns: Vec<f64>,
    free: Vec<usize>,
    now: State,
    saved: State,
    factor: Factor,
    saved_factor: Factor,
    factor_saved: bool,
    rotations: Vec<(f64, f64)>,
    p: Vec<f64>,
    q: Vec<f64>,
    /// Slots left in this operation; they are free once it is kept.
    left: Vec<usize>,
    /// Ids that left since the caller last took them.
    pub dropped: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
struct State {
    id: Vec<u64>,
    slot: Vec<usize>,
    o: Vec<f64>,
    xi: Vec<f64>,
    /// `column_j . r`.
    gradient: Vec<f64>,
    r: Vec<f64>,
}

impl State {
    fn copy_from(&mut self, other: &State) {
        self.id.clone_from(&other.id);
        self.slot.clone_from(&other.slot);
        self.o.clone_from(&other.o);
        self.xi.clone_from(&other.xi);
        self.gradient.clone_from(&other.gradient);
        self.r.clone_from(&other.r);
    }

    fn remove(&mut self, j: usize) {
        self.id.remove(j);
        self.slot.remove(j);
        self.o.remove(j);
        self.xi.remove(j);
        self.gradient.remove(j);
    }
}

impl ActiveSet {
    /// The empty set for `b` (augmented: last entry alpha V) and the volume V.
    pub fn new(b: Vec<f64>, volume: f64) -> ActiveSet {
        let now = State { r: b.clone(), ..State::default() };
        ActiveSet {
            rows: b.len(),
            b,
            volume,
            columns: Vec::new(),
            free: Vec::new(),
            now,
            saved: State::default(),
            factor: Factor::default(),
            saved_factor: Factor::default(),
            factor_saved: false,
            rotations: Vec::new(),
            p: Vec::new(),
            q: Vec::new(),
            left: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Number of columns in use.
    pub fn len(&self) -> usize {
        self.now.id.len()
    }

    /// Residual `b - G x`, augmented.
    pub fn residual(&self) -> &[f64] {
        &self.now.r
    }

    /// `||b - G x||` without the volume row.
    pub fn error(&self) -> f64 {
        norm(&self.now.r[..self.rows - 1])
    }

    /// `lambda = (b.r - r.r) / V`, the multiplier of the equality; 0 while the set is empty.
    pub fn multiplier(&self) -> f64 {
        if self.now.id.is_empty() {
            return 0.0;
        }
        (dot(&self.b, &self.now.r) - dot(&self.now.r, &self.now.r)) / self.volume
    }

    /// What rounding alone can leave of the residual.
    pub fn rounding(&self) -> f64 {
        8.0 * f64::EPSILON * self.now.xi.iter().sum::<f64>()
    }

    /// Ids and weights in use.
    pub fn weights(&self) -> impl Iterator<Item = (u64, f64)> {
        let s = &self.now;
        s.id.iter().zip(&s.xi).zip(&s.o).map(|((&id, xi), o)| (id, xi * o))
    }

    /// Tries to bring in the augmented column of point `id`, whose norm is `length`.
    pub fn try_add(&mut self, id: u64, column: &[f64], length: f64) -> Outcome {
        let before = dot(&self.now.r, &self.now.r);
        let first = self.now.id.is_empty();
        self.save();
        let Some(slot) = self.append(id, column, length) else { return Outcome::Dependent };
        let unit = &self.columns[slot * self.rows..][..self.rows];
        self.now.gradient.push(vectorised(|| dot(unit, &self.now.r)));
        self.settle();
        // The first column brings the volume from 0 to V: its residual may be larger than b.
        if first || dot(&self.now.r, &self.now.r) < before {
            self.keep();
            return Outcome::Accepted;
        }
        self.restore();
        self.factor.pop();
        self.free.push(slot);
        Outcome::NoDecrease
    }

    /// Brings in a column with a weight, before any other, and solves nothing: see [`ActiveSet::settle_seeds`].
    pub fn seed(&mut self, id: u64, column: &[f64], length: f64, weight: f64) {
        let o = 1.0 / length;
        self.now.slot.push(self.columns.len() / self.rows);
        self.columns.extend(column.iter().map(|x| o * x));
        self.now.id.push(id);
        self.now.o.push(o);
        self.now.xi.push(weight.max(0.0) * length);
        self.now.gradient.push(0.0);
    }

    /// Solves on the columns brought in by [`ActiveSet::seed`], leaving out those that depend on others or block.
    pub fn settle_seeds(&mut self) {
        let n = self.now.id.len();
        if n == 0 {
            return;
        }
        // one matrix product for all: column by column the Gram matrix is limited by the memory's speed
        let columns = MatRef::from_column_major_slice(&self.columns, self.rows, n);
        let mut gram = Mat::<f64>::zeros(n, n);
        matmul(gram.as_mut(), Accum::Replace, columns.transpose(), columns, 1.0, Par::Seq);
        let mut taken: Vec<usize> = Vec::with_capacity(n);
        let mut refused = Vec::new();
        for j in 0..n {
            self.p.clear();
            self.p.extend(taken.iter().map(|&i| gram[(i, j)]));
            if self.factor.append(&self.p, gram[(j, j)], LEAST_PIVOT) {
                taken.push(j);
            } else {
                refused.push(j);
            }
        }
        for j in refused.into_iter().rev() {
            self.free.push(self.now.slot[j]);
            self.dropped.push(self.now.id[j]);
            self.now.remove(j);
        }
        self.save();
        self.update_residual();
        self.settle();
        self.keep();
    }

    /// Appends a column with weight zero to the factor and the lists (all but the gradient); its slot, or `None` where
    /// it depends on the others.
    fn append(&mut self, id: u64, column: &[f64], length: f64) -> Option<usize> {
        let slot = self.free.pop().unwrap_or(self.columns.len() / self.rows);
        if slot * self.rows == self.columns.len() {
            self.columns.resize(self.columns.len() + self.rows, 0.0);
        }
        let o = 1.0 / length;
        for (to, from) in self.columns[slot * self.rows..][..self.rows].iter_mut().zip(column) {
            *to = o * from;
        }
        self.p.resize(self.len(), 0.0);
        let unit = &self.columns[slot * self.rows..][..self.rows];
        transposed_times(&self.columns, self.rows, &self.now.slot, unit, &mut self.p);
        let diagonal = vectorised(|| dot(unit, unit));
        if !self.factor.append(&self.p, diagonal, LEAST_PIVOT) {
            self.free.push(slot);
            return None;
        }
        self.now.id.push(id);
        self.now.slot.push(slot);
        self.now.o.push(o);
        self.now.xi.push(0.0);
        Some(slot)
    }

    /// Backward pruning: leaves out points, the least harmful first (`xi_j^2 / B_jj`, B the inverse of A projected on
    /// the equality), while `||G x - b|| <= limit`.
    pub fn prune(&mut self, limit: f64) {
        if self.len() < 2 {
            return;
        }
        let ids = self.now.id.clone();
        let n = ids.len();
        let mut inverse = self.projected_inverse();
        let mut at: Vec<usize> = (0..n).collect();
        let mut refused = vec![false; n];
        while self.len() > 1 {
            let mut best = (f64::INFINITY, usize::MAX);
            for (j, &k) in at.iter().enumerate().filter(|(_, k)| !refused[**k]) {
                let harm = self.now.xi[j].powi(2) / inverse[k * n + k].max(f64::MIN_POSITIVE);
                if harm < best.0 {
                    best = (harm, j);
                }
            }
            let (harm, j) = best;
            if j == usize::MAX || self.error().powi(2) + harm > limit.powi(2) * (1.0 + 1e-9) {
                return;
            }
            let known = self.dropped.len();
            self.save();
            self.leave_out(j);
            self.settle();
            if self.error() > limit {
                self.restore();
                refused[at[j]] = true;
                continue;
            }
            self.keep();
            for d in known..self.dropped.len() {
                let Some(j) = at.iter().position(|&k| ids[k] == self.dropped[d]) else { continue };
                let k = at.remove(j);
                let pivot = inverse[k * n + k];
                let row: Vec<f64> = inverse[k * n..(k + 1) * n].to_vec();
                for &i in &at {
                    axpy(-row[i] / pivot, &row, &mut inverse[i * n..(i + 1) * n]);
                }
            }
        }
    }

    /// `A^-1 - q q^T / (o.q)`, `q = A^-1 o`; row-major n x n.
    fn projected_inverse(&mut self) -> Vec<f64> {
        let n = self.len();
        let l = Mat::from_fn(n, n, |i, j| if j <= i { self.factor.row(i)[j] } else { 0.0 });
        let mut inverse_l = Mat::<f64>::zeros(n, n);
        faer::linalg::triangular_inverse::invert_lower_triangular(inverse_l.as_mut(), l.as_ref(), Par::Seq);
        let mut out = vec![0.0; n * n];
        let view = faer::MatMut::from_row_major_slice_mut(&mut out, n, n);
        matmul(view, Accum::Replace, inverse_l.transpose(), inverse_l.as_ref(), 1.0, Par::Seq);
        let o = MatRef::from_column_major_slice(&self.now.o, n, 1);
        let mut q = vec![0.0; n];
        let view = MatRef::from_row_major_slice(&out, n, n);
        matmul(
            faer::MatMut::from_column_major_slice_mut(&mut q, n, 1),
            Accum::Replace,
            view,
            o,
            1.0,
            Par::Seq,
        );
        let scale = 1.0 / dot(&q, &self.now.o);
        for (row, qi) in out.chunks_exact_mut(n).zip(&q) {
            axpy(-qi * scale, &q, row);
        }
        out
    }

    /// Solves on the present columns, leaving out those that block, then refines once where rounding shows.
    fn settle(&mut self) {
        let multiplier = loop {
            let multiplier = self.step();
            if self.p.iter().all(|y| *y > 0.0) {
                break multiplier;
            }
            // Move towards y up to the first weight that vanishes (lowest id among equals).
            let s = &mut self.now;
            let mut first = (f64::INFINITY, u64::MAX, 0);
            for (j, (&xi, &y)) in s.xi.iter().zip(&self.p).enumerate().filter(|(_, (_, y))| **y <= 0.0) {
                let t = if xi > 0.0 { xi / (xi - y) } else { 0.0 };
                if t < first.0 || (t == first.0 && s.id[j] < first.1) {
                    first = (t, s.id[j], j);
                }
            }
            let (t, _, j) = first;
            if t > 0.0 {
                for (xi, y) in s.xi.iter_mut().zip(&self.p) {
                    *xi = (*xi + t * (y - *xi)).max(0.0);
                }
                // At y the gradient would be multiplier o: it is linear in between, and r need not be known.
                for (g, o) in s.gradient.iter_mut().zip(&s.o) {
                    *g += t * (multiplier * o - *g);
                }
            }
            self.drop_column(j);
            if self.now.id.is_empty() {
                self.now.r.copy_from_slice(&self.b);
                return;
            }
        };
        self.now.xi.copy_from_slice(&self.p);
        self.update_residual();
        let s = &self.now;
        let off = s.gradient.iter().zip(&s.o).map(|(g, o)| (g - multiplier * o).abs()).fold(0.0, f64::max);
        if off > REFINE * norm(&s.r) {
            self.step();
            if self.p.iter().all(|y| *y > 0.0) {
                self.now.xi.copy_from_slice(&self.p);
                self.update_residual();
            }
        }
    }

    /// `p <- xi + A^-1 g - t q`, `g = G^T r`, `q = A^-1 o`, and the multiplier `t = (o.A^-1 g - (V - o.xi)) / (o.q)`.
    fn step(&mut self) -> f64 {
        let s = &self.now;
        self.p.clone_from(&s.gradient);
        self.q.clone_from(&s.o);
        self.factor.solve_two(&mut self.p, &mut self.q);
        let gap = self.volume - dot(&s.o, &s.xi);
        let t = (dot(&s.o, &self.p) - gap) / dot(&s.o, &self.q);
        for ((p, xi), q) in self.p.iter_mut().zip(&s.xi).zip(&self.q) {
            *p += xi - t * q;
        }
        t
    }

    /// `r = b - G x` and `g = G^T r`.
    fn update_residual(&mut self) {
        let s = &mut self.now;
        let (columns, rows) = (&self.columns, self.rows);
        s.r.copy_from_slice(&self.b);
        vectorised(|| {
            let column = |slot: usize| &columns[slot * rows..][..rows];
            let mut xs = s.xi.chunks_exact(4);
            let mut slots = s.slot.chunks_exact(4);
            for (x, slot) in (&mut xs).zip(&mut slots) {
                let (a, b, c, d) = (column(slot[0]), column(slot[1]), column(slot[2]), column(slot[3]));
                for ((((r, a), b), c), d) in s.r.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *r -= (x[0] * a + x[1] * b) + (x[2] * c + x[3] * d);
                }
            }
            for (x, &slot) in xs.remainder().iter().zip(slots.remainder()) {
                axpy(-x, column(slot), &mut s.r);
            }
        });
        transposed_times(columns, rows, &s.slot, &s.r, &mut s.gradient);
    }

    /// Removes column j with its weight: r takes its contribution back.
    fn leave_out(&mut self, j: usize) {
        let s = &mut self.now;
        axpy(s.xi[j], &self.columns[s.slot[j] * self.rows..][..self.rows], &mut s.r);
        self.drop_column(j);
        let s = &mut self.now;
        transposed_times(&self.columns, self.rows, &s.slot, &s.r, &mut s.gradient);
    }

    fn drop_column(&mut self, j: usize) {
        if !self.factor_saved {
            self.saved_factor.clone_from(&self.factor);
            self.factor_saved = true;
        }
        self.factor.remove(j, &mut self.rotations);
        self.left.push(self.now.slot[j]);
        self.dropped.push(self.now.id[j]);
        self.now.remove(j);
    }

    fn save(&mut self) {
        self.saved.copy_from(&self.now);
        self.factor_saved = false;
        self.left.clear();
    }

    fn keep(&mut self) {
        self.free.append(&mut self.left);
    }

    fn restore(&mut self) {
        std::mem::swap(&mut self.now, &mut self.saved);
        if self.factor_saved {
            std::mem::swap(&mut self.factor, &mut self.saved_factor);
        }
        self.dropped.truncate(self.dropped.len() - self.left.len());
        self.left.clear();
    }
}

/// `out_j = column_j . v` for the columns in the given slots.
fn transposed_times(columns: &[f64], rows: usize, slots: &[usize], v: &[f64], out: &mut [f64]) {
    vectorised(|| {
        for (o, &slot) in out.iter_mut().zip(slots) {
            *o = dot(&columns[slot * rows..][..rows], v);
        }
    });
}
