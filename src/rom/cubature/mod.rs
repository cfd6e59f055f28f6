//! Empirical cubature: few points `z` and weights `x >= 0` with `||G_z x - b|| <= eps ||b||` and `sum x = V`.
//!
//! Source: Hernandez, Caicedo, Ferrer, CMAME 313 (2017), with the changes of the method page, section 2.3: normalised
//! columns, the volume as an equality, a pool of candidates, an updated Cholesky factor, overshoot and pruning.
//!
//! Symbols: `g_k` = all integrands at integration point k (length `rows`); `b = sum_k w_k g_k`; `V = sum_k w_k`, the
//! volume; high-fidelity weights `w_k` may be negative, cubature weights `x_k` are positive.
//!
//! [`global`] solves one problem over all ranks: each iteration is a search over ranks, the broadcast of the chosen
//! column, and the small least-squares problem on rank 0, which tells the others the residual. Sums are compensated and
//! scores compared to 1e-9, so that the points do not depend on the number of ranks. [`local`] lets every rank solve its
//! own problem without communication, with tolerances that guarantee the global one.
//!
//! Not here: files, elements, and how the integrands came about.

mod active_set;
mod cholesky;
mod integrands;
mod pool;
mod search;
mod totals;

#[cfg(test)]
mod tests;

pub use integrands::{Dense, Factored, Integrands, Products};

use crate::error::Error;
use crate::parallel::Comm;
use totals::Totals;

/// How to search. [`Options::new`] gives the tuned values.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// eps in `||G_z x - b|| <= eps ||b||`, Euclidean norm over the integrands.
    pub tolerance: f64,
    /// The forward phase goes on to `overshoot * tolerance` before points are pruned.
    pub overshoot: f64,
    /// Number of candidates in the pool, all ranks together.
    pub pool: usize,
    /// Iterations after which the pool is remade.
    pub pool_age: usize,
    /// The pool is also remade when its best score fell below this fraction of its value at the last refresh.
    pub pool_decay: f64,
    /// Repeat forward and backward phases while the number of points falls: 2 to 4 % fewer points, 3 times the cost.
    pub exchange: bool,
    /// Warm start: global ids and weights (0 where there is none yet) of points to begin with; unknown ids are passed over.
    pub start: Vec<(u64, f64)>,
    /// No more points than this in the forward phase.
    pub max_points: Option<usize>,
}

impl Options {
    /// The tuned values for tolerance eps.
    pub fn new(tolerance: f64) -> Options {
        Options {
            tolerance,
            overshoot: 0.6,
            pool: 500,
            pool_age: 20,
            pool_decay: 0.3,
            exchange: false,
            start: Vec::new(),
            max_points: None,
        }
    }

    /// For the cubature of a model that is made anew again and again from a warm start: all points are looked at a third as
    /// often, and the forward phase ends nearer to the tolerance. Measured on a blade of 47,067 unknowns: 2 to 3 times as
    /// fast, 5 % more points.
    pub fn again(tolerance: f64) -> Options {
        Options { overshoot: 0.95, pool: 1000, pool_age: 60, pool_decay: 0.1, ..Options::new(tolerance) }
    }
}

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// `||G_z x - b|| <= eps ||b||`.
    Tolerance,
    /// All integrals vanish to rounding: nothing to integrate, no points.
    ZeroIntegrals,
    /// The residual is at the level of rounding, above the tolerance.
    Rounding,
    /// Every promising column depends on those in use.
    Rank,
    /// The error fell by less than 0.1 % in 100 iterations, or no promising column lowers it.
    NoProgress,
    /// No column with a positive score: the best non-negative weights, above the tolerance (Karush-Kuhn-Tucker point).
    Kkt,
    /// `max_points` reached.
    MaxPoints,
}

impl Stop {
    /// A few words for a log line.
    pub fn words(self) -> &'static str {
        match self {
            Stop::Tolerance => "tolerance reached",
            Stop::ZeroIntegrals => "all integrals are zero: no points",
            Stop::Rounding => "residual at rounding level",
            Stop::Rank => "all remaining columns depend on the chosen ones",
            Stop::NoProgress => "no progress",
            Stop::Kkt => "best non-negative weights, above the tolerance",
            Stop::MaxPoints => "largest number of points reached",
        }
    }
}

/// One cubature point of this rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Local index of the integration point.
    pub local: u32,
    /// Its global id.
    pub id: u64,
    /// Global id of its element.
    pub element: u64,
    /// Its weight x > 0, the unit of the volume.
    pub weight: f64,
}

/// The cubature and what was verified of it, on all integrands, after the search.
#[derive(Debug, Clone, PartialEq)]
pub struct Cubature {
    /// Points of this rank, by local index.
    pub points: Vec<Point>,
    /// Number of points on each rank.
    pub per_rank: Vec<usize>,
    /// `||G_z x - b|| / ||b||`, over all ranks; 0 where b = 0.
    pub error: f64,
    /// Smallest weight; infinite without points.
    pub least_weight: f64,
    /// `sum x`, compensated.
    pub sum: f64,
    /// V.
    pub volume: f64,
    /// `||b||`.
    pub norm: f64,
    /// Columns tried (in `local`, the largest number over ranks).
    pub iterations: usize,
    /// Why the search ended (in `local`, the first rank that did not reach its tolerance speaks).
    pub stop: Stop,
    /// Whether the verified error is within the tolerance.
    pub converged: bool,
}

impl Cubature {
    /// Number of points, all ranks.
    pub fn count(&self) -> usize {
        self.per_rank.iter().sum()
    }
}

/// Why there is no cubature.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CubatureError {
    /// A NaN or infinity.
    #[error(
        "an integrand or the weight of integration point {point} is not a finite number; check the stresses there"
    )]
    NotFinite {
        /// Global id of the first such point.
        point: u64,
    },
    /// V is not positive.
    #[error(
        "the integration weights sum to {volume:e}: the volume must be positive; check the orientation of the elements"
    )]
    Volume {
        /// V.
        volume: f64,
    },
    /// Lengths that do not fit.
    #[error(
        "{ids} point ids, {elements} element ids, {weights} weights were given for {points} points; they must agree"
    )]
    Shape {
        /// Number of ids.
        ids: usize,
        /// Number of element ids.
        elements: usize,
        /// Number of weights.
        weights: usize,
        /// Number of points.
        points: usize,
    },
    /// A tolerance that is not a positive number.
    #[error("a cubature tolerance of {0} has no meaning; give a number between 0 and 1")]
    Tolerance(f64),
}

impl From<CubatureError> for Error {
    fn from(e: CubatureError) -> Error {
        Error::run(e.to_string())
    }
}

/// This rank's part of a cubature problem.
#[derive(Debug)]
pub struct Problem<'a, I: Integrands> {
    /// The integrands.
    pub integrands: &'a I,
    /// Weights `w_k`, may be negative; the unit of the volume.
    pub weights: &'a [f64],
    /// Global id of each local point: unique over ranks.
    pub ids: &'a [u64],
    /// Global id of each point's element: the points of one element lie on one rank.
    pub elements: &'a [u64],
}

/// One cubature for all ranks.
///
/// # Errors
/// [`CubatureError`], the same on every rank. Not reaching the tolerance is no error: see [`Cubature::converged`].
///
/// # Collective
/// The number of integrands and `options` must agree; a rank may have no points.
pub fn global<I: Integrands>(
    comm: &Comm,
    problem: &Problem<'_, I>,
    options: &Options,
) -> Result<Cubature, CubatureError> {
    check(comm, problem, options)?;
    let totals = Totals::new(comm, problem)?;
    let found = search::search(comm, problem, &totals, options, options.tolerance);
    Ok(verify(comm, problem, &totals, options.tolerance, found))
}

/// Each rank its own cubature, without communication in the search. Rank d gets the tolerance
/// `eps_d = eps ||b|| / sum_d ||b_d||`, so that `||G_z x - b|| <= sum_d eps_d ||b_d|| = eps ||b||` over all ranks.
///
/// # Errors
/// As [`global`]; a rank with points needs a positive volume of its own.
///
/// # Collective
/// As [`global`].
pub fn local<I: Integrands>(
    comm: &Comm,
    problem: &Problem<'_, I>,
    options: &Options,
) -> Result<Cubature, CubatureError> {
    check(comm, problem, options)?;
    let totals = Totals::new(comm, problem)?;
    let alone = Comm::serial();
    let has_points = !problem.ids.is_empty();
    let own = if has_points { Totals::new(&alone, problem) } else { Ok(totals.without_points()) };
    let bad = comm.min_u64(if own.is_err() { comm.rank() as u64 } else { u64::MAX });
    if bad != u64::MAX {
        // Points with finite integrands are known by now: only the volume of a rank can be wrong.
        let mut volume = [match own {
            Err(CubatureError::Volume { volume }) => volume,
            _ => f64::NAN,
        }];
        comm.broadcast(&mut volume, bad as usize);
        return Err(CubatureError::Volume { volume: volume[0] });
    }
    let own = own?;
    let sum = comm.sum1(own.norm);
    let tolerance = if sum > 0.0 { options.tolerance * (totals.norm / sum) } else { options.tolerance };
    let mut found = search::search(&alone, problem, &own, options, tolerance);
    let speaker = comm.min_u64(if matches!(found.stop, Stop::Tolerance | Stop::ZeroIntegrals) {
        u64::MAX
    } else {
        comm.rank() as u64
    });
    let mut code = [found.stop as u8];
    if speaker != u64::MAX {
        comm.broadcast(&mut code, speaker as usize);
    } else {
        code[0] = if comm.any(found.stop == Stop::Tolerance) {
            Stop::Tolerance as u8
        } else {
            Stop::ZeroIntegrals as u8
        };
    }
    found.stop = search::stop_of(code[0]);
    found.iterations = comm.max_u64(found.iterations as u64) as usize;
    Ok(verify(comm, problem, &totals, options.tolerance, found))
}

fn check<I: Integrands>(
    comm: &Comm,
    problem: &Problem<'_, I>,
    options: &Options,
) -> Result<(), CubatureError> {
    let points = problem.integrands.points();
    let (ids, elements, weights) = (problem.ids.len(), problem.elements.len(), problem.weights.len());
    let fits = ids == points && elements == points && weights == points && u32::try_from(points).is_ok();
    let bad = comm.min_u64(if fits { u64::MAX } else { comm.rank() as u64 });
    if bad != u64::MAX {
        let mut numbers = [ids as u64, elements as u64, weights as u64, points as u64];
        comm.broadcast(&mut numbers, bad as usize);
        let [ids, elements, weights, points] = numbers.map(|n| n as usize);
        return Err(CubatureError::Shape { ids, elements, weights, points });
    }
    // Every rank has the same options: no agreement is needed.
    if options.tolerance.is_finite() && options.tolerance > 0.0 {
        Ok(())
    } else {
        Err(CubatureError::Tolerance(options.tolerance))
    }
}

/// Error, sum and least weight from the columns themselves, whatever the search believed.
fn verify<I: Integrands>(
    comm: &Comm,
    problem: &Problem<'_, I>,
    totals: &Totals,
    tolerance: f64,
    found: search::Found,
) -> Cubature {
    let points: Vec<Point> = found
        .weights
        .iter()
        .map(|&(k, weight)| Point {
            local: k,
            id: problem.ids[k as usize],
            element: problem.elements[k as usize],
            weight,
        })
        .collect();
    let (integrals, sum) = totals::integrals(comm, problem.integrands, &found.weights);
    let square: f64 = integrals.iter().zip(&totals.b).map(|(a, b)| (a - b).powi(2)).sum();
    let error = if totals.zero { 0.0 } else { square.sqrt() / totals.norm };
    let (_, per_rank) = comm.all_gather(&vec![0u8; points.len()]);
    let least_weight = comm.min1(points.iter().map(|p| p.weight).fold(f64::INFINITY, f64::min));
    let converged = error <= tolerance * (1.0 + 1e-9);
    Cubature {
        points,
        per_rank,
        error,
        least_weight,
        sum,
        volume: totals.volume,
        norm: totals.norm,
        iterations: found.iterations,
        stop: found.stop,
        converged,
    }
}
