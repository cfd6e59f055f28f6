//! The search itself: forward phase over the pool, backward pruning, exchange cycles.
//!
//! Every rank holds its candidates and knows the residual; the least-squares problem lives on rank 0, whose decisions
//! are broadcast, so that ranks never part ways.

use super::active_set::{ActiveSet, Outcome};
use super::integrands::Integrands;
use super::pool::{Candidates, Known};
use super::totals::Totals;
use super::{Options, Problem, Stop};
use crate::parallel::Comm;

/// Iterations over which progress is judged, and the least progress.
const PATIENCE: usize = 100;
const LEAST_PROGRESS: f64 = 1e-3;
/// Scores below this fraction of the residual are rounding.
const POSITIVE: f64 = 1e-12;
/// Overshoot of an exchange cycle relative to the cycle before, after a cycle without gain.
const DEEPER: f64 = 0.8;
/// Exchange cycles: at most this many, and this many without gain.
const CYCLES: usize = 24;
const IDLE_CYCLES: i32 = 5;

/// What a search found: this rank's points by local index, and how it ended.
#[derive(Debug, Clone)]
pub struct Found {
    /// `(local index, weight)`.
    pub weights: Vec<(u32, f64)>,
    /// Columns tried.
    pub iterations: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// The stop with this number.
pub fn stop_of(code: u8) -> Stop {
    use Stop::*;
    [Tolerance, ZeroIntegrals, Rounding, Rank, NoProgress, Kkt, MaxPoints]
        .into_iter()
        .find(|s| *s as u8 == code)
        .unwrap_or(NoProgress)
}

/// The cubature of the points that `comm` spans, to `||G x - b|| <= tolerance ||b||`.
///
/// # Collective
pub fn search<I: Integrands>(
    comm: &Comm,
    problem: &Problem<'_, I>,
    totals: &Totals,
    options: &Options,
    tolerance: f64,
) -> Found {
    if totals.zero {
        return Found { weights: Vec::new(), iterations: 0, stop: Stop::ZeroIntegrals };
    }
    let mut s = Search::new(comm, problem, totals, options, tolerance);
    s.warm_start();
    let mut stop = if s.error <= s.limit { Stop::Tolerance } else { s.forward(options.overshoot) };
    s.prune();
    let mut best = s.snapshot();
    if options.exchange && stop == Stop::Tolerance {
        let mut idle = 0;
        for _ in 0..CYCLES {
            // Deeper where shallow cycles have given nothing.
            let again = s.forward(options.overshoot * DEEPER.powi(idle));
            s.prune();
            let now = s.snapshot();
            if again == Stop::Tolerance && now.count < best.count {
                best = now;
                idle = 0;
            } else {
                idle += 1;
            }
            if idle == IDLE_CYCLES {
                break;
            }
        }
    }
    if best.error <= tolerance * totals.norm {
        stop = Stop::Tolerance;
    }
    s.found(best, stop)
}

struct Search<'a, I: Integrands> {
    comm: &'a Comm,
    problem: &'a Problem<'a, I>,
    options: &'a Options,
    candidates: Candidates<'a, I>,
    known: Known,
    /// On rank 0 only.
    set: Option<ActiveSet>,
    /// This rank's points in use: global id, local index.
    mine: Vec<(u64, u32)>,
    /// Number of points in use, all ranks.
    count: usize,
    /// `||b - G x||` without the volume row, and what rounding can leave of it.
    error: f64,
    rounding: f64,
    /// `tolerance ||b||`.
    limit: f64,
    column: Vec<f64>,
    message: Vec<f64>,
    /// Number of ids at the end of the message: points that left.
    left: usize,
    iterations: usize,
}

/// A cubature met on the way.
struct Snapshot {
    /// Ids and weights, on rank 0.
    weights: Vec<(u64, f64)>,
    /// Number of points.
    count: usize,
    /// `||G x - b||`.
    error: f64,
}

impl<'a, I: Integrands> Search<'a, I> {
    fn new(
        comm: &'a Comm,
        problem: &'a Problem<'a, I>,
        totals: &Totals,
        options: &'a Options,
        tolerance: f64,
    ) -> Search<'a, I> {
        let alpha = totals.norm / totals.volume;
        let norms = totals.squares.iter().map(|s| (s + alpha * alpha).sqrt()).collect();
        let mut b = totals.b.clone();
        b.push(alpha * totals.volume);
        Search {
            comm,
            problem,
            options,
            candidates: Candidates::new(problem.integrands, problem.ids, problem.elements, norms),
            known: Known { r: b.clone(), multiplier: 0.0, alpha },
            column: vec![0.0; b.len() + 1],
            set: comm.is_root().then(|| ActiveSet::new(b, totals.volume)),
            mine: Vec::new(),
            count: 0,
            error: totals.norm,
            rounding: 0.0,
            limit: tolerance * totals.norm,
            message: Vec::new(),
            left: 0,
            iterations: 0,
        }
    }

    /// Rank 0 tells the residual and the points that left; every rank applies it.
    fn share(&mut self, outcome: Option<Outcome>) -> Option<Outcome> {
        const HEAD: usize = 6;
        self.message.clear();
        if let Some(set) = &mut self.set {
            let code = match outcome {
                None => 0.0,
                Some(Outcome::Accepted) => 1.0,
                Some(Outcome::Dependent) => 2.0,
                Some(Outcome::NoDecrease) => 3.0,
            };
            let head = [
                code,
                set.multiplier(),
                set.error(),
                set.rounding(),
                set.len() as f64,
                set.dropped.len() as f64,
            ];
            self.message.extend_from_slice(&head);
            self.message.extend_from_slice(set.residual());
            self.message.extend(set.dropped.drain(..).map(f64::from_bits));
        }
        self.comm.broadcast_vec(&mut self.message, 0);
        let m = &self.message;
        (self.known.multiplier, self.error, self.rounding, self.count) = (m[1], m[2], m[3], m[4] as usize);
        let rows = self.known.r.len();
        self.known.r.copy_from_slice(&m[HEAD..HEAD + rows]);
        let outcome = match m[0] as u8 {
            1 => Some(Outcome::Accepted),
            2 => Some(Outcome::Dependent),
            3 => Some(Outcome::NoDecrease),
            _ => None,
        };
        self.left = m[5] as usize;
        outcome
    }

    /// The owners of the points that left take them back as candidates. Ids travel as bit patterns.
    fn take_back(&mut self) {
        let start = self.message.len() - self.left;
        for bits in &self.message[start..] {
            let id = bits.to_bits();
            if let Some(at) = self.mine.iter().position(|m| m.0 == id) {
                let (_, k) = self.mine.swap_remove(at);
                self.candidates.set_used(k, false);
            }
        }
    }

    /// Brings the column of point `id` (local index `k` on `owner`) to rank 0 and tries it there, or seeds it with a weight.
    fn try_column(&mut self, id: u64, owner: usize, k: u32, seed: Option<f64>) -> Outcome {
        let rows = self.known.r.len();
        if self.comm.rank() == owner {
            self.problem.integrands.column(k as usize, &mut self.column[..rows - 1]);
            self.column[rows - 1] = self.known.alpha;
            self.column[rows] = self.candidates.norm(k);
        }
        self.comm.broadcast(&mut self.column, owner);
        let (column, length) = (&self.column[..rows], self.column[rows]);
        let outcome = self.set.as_mut().map(|set| match seed {
            None => set.try_add(id, column, length),
            Some(weight) => {
                set.seed(id, column, length, weight);
                Outcome::Accepted
            }
        });
        let outcome = self.share(outcome).unwrap_or(Outcome::NoDecrease);
        if outcome == Outcome::Accepted && self.comm.rank() == owner {
            self.mine.push((id, k));
            self.candidates.set_used(k, true);
        }
        self.take_back();
        self.iterations += 1;
        outcome
    }

    fn warm_start(&mut self) {
        if self.options.start.is_empty() {
            return;
        }
        let local: std::collections::HashMap<u64, u32> =
            self.problem.ids.iter().zip(0u32..).map(|(&id, k)| (id, k)).collect();
        for &(id, weight) in &self.options.start {
            let mine = local.get(&id).copied();
            let owner = self.comm.min_u64(if mine.is_some() { self.comm.rank() as u64 } else { u64::MAX });
            if owner != u64::MAX && !self.comm.any(self.mine.iter().any(|m| m.0 == id)) {
                self.try_column(id, owner as usize, mine.unwrap_or(u32::MAX), Some(weight));
            }
        }
        if let Some(set) = &mut self.set {
            set.settle_seeds();
        }
        self.share(None);
        self.take_back();
    }

    /// Adds points until the error is below `overshoot` times the limit, or a named stop.
    fn forward(&mut self, overshoot: f64) -> Stop {
        let target = overshoot * self.limit;
        let rows = self.known.r.len();
        let (mut dependent, mut useless) = (0usize, 0usize);
        let mut reference = self.error;
        let start = self.iterations;
        self.candidates.age = usize::MAX;
        self.candidates.lift_bans();
        loop {
            if self.error <= target {
                return Stop::Tolerance;
            }
            if self.count > 0 && self.error <= self.rounding {
                return Stop::Rounding;
            }
            if self.count >= rows {
                return Stop::Rank;
            }
            if self.options.max_points.is_some_and(|most| self.count >= most) {
                return Stop::MaxPoints;
            }
            let done = self.iterations - start;
            if done > 0 && done.is_multiple_of(PATIENCE) {
                if self.error > (1.0 - LEAST_PROGRESS) * reference {
                    return Stop::NoProgress;
                }
                reference = self.error;
            }
            let (score, id, owner, k) = self.candidate();
            if score <= self.smallest_score() {
                return match (dependent, useless) {
                    (0, 0) => Stop::Kkt,
                    (_, 0) => Stop::Rank,
                    _ => Stop::NoProgress,
                };
            }
            match self.try_column(id, owner, k, None) {
                Outcome::Accepted => {
                    (dependent, useless) = (0, 0);
                    self.candidates.lift_bans();
                }
                refused => {
                    if refused == Outcome::Dependent {
                        dependent += 1;
                    } else {
                        useless += 1;
                    }
                    if self.comm.rank() == owner {
                        self.candidates.ban(k);
                    }
                }
            }
        }
    }

    fn smallest_score(&self) -> f64 {
        POSITIVE * self.error
    }

    /// The best candidate of the pool, which is remade when it is old, worn or empty.
    fn candidate(&mut self) -> (f64, u64, usize, u32) {
        if self.candidates.age < self.options.pool_age {
            self.candidates.age += 1;
            let chosen = self.candidates.choose(self.comm, &self.known);
            if chosen.0 > self.smallest_score()
                && chosen.0 >= self.options.pool_decay * self.candidates.best_at_refresh
            {
                return chosen;
            }
        }
        self.candidates.refresh(self.comm, &self.known, self.options.pool);
        let chosen = self.candidates.choose(self.comm, &self.known);
        self.candidates.best_at_refresh = chosen.0;
        self.candidates.age = 1;
        chosen
    }

    fn prune(&mut self) {
        if self.error > self.limit {
            return;
        }
        let limit = self.limit;
        if let Some(set) = &mut self.set {
            set.prune(limit);
        }
        self.share(None);
        self.take_back();
    }

    fn snapshot(&self) -> Snapshot {
        let weights = self.set.as_ref().map_or(Vec::new(), |set| set.weights().collect());
        Snapshot { weights, count: self.count, error: self.error }
    }

    /// Gives every rank its points of `best`.
    fn found(self, best: Snapshot, stop: Stop) -> Found {
        let mut flat: Vec<u64> = best.weights.iter().flat_map(|(id, x)| [*id, x.to_bits()]).collect();
        self.comm.broadcast_vec(&mut flat, 0);
        let chosen: std::collections::HashMap<u64, f64> =
            flat.chunks_exact(2).map(|c| (c[0], f64::from_bits(c[1]))).collect();
        let weights = self
            .problem
            .ids
            .iter()
            .zip(0u32..)
            .filter_map(|(id, k)| chosen.get(id).map(|x| (k, *x)))
            .collect();
        Found { weights, iterations: self.iterations, stop }
    }
}
