//! From pairs to a [`Calibration`].

use super::conformal::{
    self, GROUPS, Quantile, divide, group_sizes, level_quantile, pairs_needed, quantile, quantile_of_runs,
};
use super::curve::{Curve, grid, interpolate};
use super::gp::{Estimate, Process};
use super::{
    Calibration, CalibrationError, Division, FactorReport, Model, Pair, ProcessReport, SATURATION, Score,
    UsedPair,
};

/// Fewer fitted pairs than this do not determine a process with three parameters.
const FEWEST_FOR_PROCESS: usize = 6;

/// Below this indicator a model errs by what it neglects (truncation, cubature, Newton), not by what it has not seen.
const NOISE: f64 = 1e-4;

/// A pair's logarithms: `x = log10 eta`, `y = log10 e`.
type Point = (f64, f64);

/// Calibrates at `level` (in (0, 1); 0.95 is usual) from `pairs` in any order; `seed` decides which are held
/// back. The same input gives the same bits.
///
/// # Errors
/// [`CalibrationError::NoPairs`], [`CalibrationError::Level`].
pub fn calibrate(pairs: &[Pair], level: f64, seed: u64) -> Result<Calibration, CalibrationError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(CalibrationError::Level { level });
    }
    let given = pairs.len();
    let positive = |v: f64| v.is_normal() && v > 0.0;
    let mut used: Vec<Pair> =
        pairs.iter().copied().filter(|p| positive(p.eta) && positive(p.error)).collect();
    let unusable = given - used.len();
    used.retain(|p| p.eta <= SATURATION);
    let saturated = given - unusable - used.len();
    if used.is_empty() {
        return Err(CalibrationError::NoPairs { given, unusable, saturated });
    }
    // The order in which the runs were read must not matter.
    used.sort_by(|a, b| {
        a.eta.total_cmp(&b.eta).then(a.error.total_cmp(&b.error)).then(a.group.cmp(&b.group))
    });
    let held = divide(&used, level, seed);
    let part = |which: bool| -> Vec<Point> {
        used.iter().zip(&held).filter(|(_, h)| **h == which).map(|(p, _)| point(p)).collect()
    };
    let (fitted, held_back) = (part(false), part(true));
    let all: Vec<Point> = used.iter().map(point).collect();
    let held_pairs: Vec<Pair> = used.iter().zip(&held).filter(|(_, h)| **h).map(|(p, _)| *p).collect();
    let groups = group_sizes(&used).len();
    let division = Division {
        given,
        unusable,
        saturated,
        fitted: fitted.len(),
        held_back: held_back.len(),
        groups,
        held_back_groups: group_sizes(&held_pairs).len(),
        by_group: groups >= GROUPS,
    };

    let nodes = grid(all[0].0, all[all.len() - 1].0);
    let enough = held_back.len() >= pairs_needed(level);
    let runs: Option<Vec<u32>> = division.by_group.then(|| held_pairs.iter().map(|p| p.group).collect());
    let all_runs: Option<Vec<u32>> = division.by_group.then(|| used.iter().map(|p| p.group).collect());
    let data = Data {
        all_runs,
        fitted: &fitted,
        held_back: &held_back,
        all: &all,
        nodes: &nodes,
        runs,
        level,
        enough,
    };
    let (factor, factor_quantile) = fit_factor(&data);
    let process = fit_process(&data);
    // The same coverage: the process may not buy tightness with pairs that the factor covers, beyond the
    // level.
    let kept = match &process {
        Some(p)
            if p.score.coverage >= factor.score.coverage.min(level)
                && data.worst_run(&p.curve) >= data.worst_run(&factor.curve).min(level)
                && p.score.mean_ratio < factor.score.mean_ratio
                && data.height(&p.curve) < data.height(&factor.curve) =>
        {
            Model::GaussianProcess
        }
        _ => Model::Factor,
    };
    // the process is judged by the runs held back, the factor by all
    let runs_used = match kept {
        Model::GaussianProcess => division.held_back_groups,
        Model::Factor => groups,
    };
    let few_runs = (enough && division.by_group && runs_used < pairs_needed(level))
        .then(|| few_runs(&division, level, runs_used));
    let few_pairs = (!enough).then(|| few_pairs(&division, level, factor_quantile.widening));
    let pairs = used.into_iter().zip(held).map(|(pair, held_back)| UsedPair { pair, held_back }).collect();
    Ok(Calibration {
        level,
        seed,
        division,
        kept,
        process,
        factor,
        few_pairs,
        few_runs,
        few_cases: None,
        pairs,
        rehearsed: None,
    })
}

struct Data<'a> {
    fitted: &'a [Point],
    held_back: &'a [Point],
    all: &'a [Point],
    nodes: &'a [f64],
    /// The run of each held-back pair, where whole runs were held back.
    runs: Option<Vec<u32>>,
    /// The run of each pair, likewise.
    all_runs: Option<Vec<u32>>,
    level: f64,
    enough: bool,
}

impl Data<'_> {
    /// The quantile of the held-back residuals; where they are too few, the largest of all residuals, widened
    /// by the number that was held back.
    fn quantile(&self, residual: impl Fn(&Point) -> f64) -> Quantile {
        let of = |points: &[Point]| points.iter().map(&residual).collect::<Vec<f64>>();
        let held_back = of(self.held_back);
        let mut q = match &self.runs {
            Some(runs) => quantile_of_runs(&held_back, runs, self.level),
            None => quantile(&held_back, self.level),
        };
        if !self.enough {
            q.value = of(self.all).into_iter().fold(q.value, f64::max);
        }
        q
    }

    /// Mean of the bound (`log10`) over the indicators above [`NOISE`]: between clusters of pairs a process knows nothing, which
    /// the pairs do not show.
    fn height(&self, curve: &Curve) -> f64 {
        let above = || curve.eta.iter().zip(&curve.bound).filter(|(x, _)| **x >= NOISE.log10());
        above().map(|(_, b)| b).sum::<f64>() / above().count().max(1) as f64
    }

    /// Smallest share of a run's pairs below the bound, over all runs (over all pairs where no whole runs were held back).
    fn worst_run(&self, curve: &Curve) -> f64 {
        let runs = self.all_runs.clone().unwrap_or_else(|| vec![0; self.all.len()]);
        let mut counts = std::collections::BTreeMap::<u32, (f64, f64)>::new();
        for (&(x, y), run) in self.all.iter().zip(runs) {
            let (covered, total) = counts.entry(run).or_default();
            *covered += f64::from(u8::from(interpolate(&curve.eta, &curve.bound, x) - y >= -1e-9));
            *total += 1.0;
        }
        counts.values().map(|(covered, total)| covered / total).fold(1.0, f64::min)
    }

    fn score(&self, curve: &Curve) -> Score {
        score(curve, if self.held_back.is_empty() { self.all } else { self.held_back })
    }
}

/// How a curve's bound does on points, of which there is one at least.
pub(super) fn score(curve: &Curve, points: &[Point]) -> Score {
    let n = points.len() as f64;
    let mut ratios: Vec<f64> =
        points.iter().map(|&(x, y)| interpolate(&curve.eta, &curve.bound, x) - y).collect();
    ratios.sort_by(f64::total_cmp);
    // The pair that is the quantile lies on the bound, up to rounding.
    let covered = ratios.iter().filter(|r| **r >= -1e-9).count();
    let middle = ratios.len() / 2;
    let median =
        if ratios.len() % 2 == 1 { ratios[middle] } else { 0.5 * (ratios[middle - 1] + ratios[middle]) };
    Score {
        coverage: covered as f64 / n,
        mean_ratio: ratios.iter().map(|r| 10f64.powf(*r)).sum::<f64>() / n,
        median_ratio: 10f64.powf(median),
    }
}

/// The points of pairs that were held back, or of all where none was.
pub(super) fn judged(pairs: &[UsedPair]) -> Vec<Point> {
    let any = pairs.iter().any(|p| p.held_back);
    pairs.iter().filter(|p| p.held_back == any).map(|p| point(&p.pair)).collect()
}

fn point(p: &Pair) -> Point {
    (p.eta.log10(), p.error.log10())
}

/// `e <= max(c eta, floor)`. The floor is what models err where the indicator says next to nothing: the quantile of the
/// errors below [`NOISE`], as far as the `c` of the pairs above does not explain them. `c` is the quantile of `e / eta` of the
/// pairs above the floor, of all runs: it is one number, which no part of them could fit too well.
fn fit_factor(data: &Data<'_>) -> (FactorReport, Quantile) {
    let noise = |(x, _): &&Point| *x < NOISE.log10();
    let own = |of: Vec<f64>| level_quantile(of, data.level);
    let above = own(data.all.iter().filter(|p| !noise(p)).map(|(x, y)| y - x).collect());
    let unexplained = |(x, y): &Point| if *y > above + x { *y } else { f64::NEG_INFINITY };
    // without pairs above nothing tells a floor from a factor
    let floor = match above.is_finite() {
        true => own(data.all.iter().filter(noise).map(unexplained).collect()),
        false => f64::NEG_INFINITY,
    };
    let above_floor = || data.fitted.iter().filter(|(_, y)| *y > floor).map(|(x, y)| y - x);
    let mean = above_floor().sum::<f64>() / above_floor().count().max(1) as f64;
    let residual = |(x, y): &Point| if *y <= floor { f64::NEG_INFINITY } else { y - x - mean };
    let q = match &data.all_runs {
        Some(runs) => {
            let residuals: Vec<f64> = data.all.iter().map(residual).collect();
            Quantile {
                widening: data.quantile(residual).widening,
                ..quantile_of_runs(&residuals, runs, data.level)
            }
        }
        None => data.quantile(residual),
    };
    let bound = mean + q.value + q.widening.log10();
    let means = data.nodes.iter().map(|x| x + mean).collect();
    let bounds = data.nodes.iter().map(|x| (x + bound).max(floor + q.widening.log10())).collect();
    let curve = Curve::new(data.nodes.to_vec(), means, bounds);
    let score = data.score(&curve);
    let report = FactorReport {
        bound: 10f64.powf(bound),
        floor: 10f64.powf(floor),
        mean: 10f64.powf(mean),
        curve,
        score,
    };
    (report, q)
}

/// The process on the grid. Residuals are taken from the tabulated mean and deviation, so that the bound
/// covers the pair that is the quantile exactly, whatever the grid.
fn fit_process(data: &Data<'_>) -> Option<ProcessReport> {
    if data.nodes.len() < 2 || data.fitted.len() < FEWEST_FOR_PROCESS {
        return None;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = data.fitted.iter().copied().unzip();
    let process = Process::fit(&x, &y)?;
    let estimates = process.estimate(data.nodes);
    if estimates.iter().any(|e| !(e.mean.is_finite() && e.deviation.is_finite() && e.deviation > 0.0)) {
        return None;
    }
    let column = |f: fn(&Estimate) -> f64| estimates.iter().map(f).collect::<Vec<f64>>();
    let (mean, deviation) = (column(|e| e.mean), column(|e| e.deviation));
    let q = data
        .quantile(|&(x, y)| (y - interpolate(data.nodes, &mean, x)) / interpolate(data.nodes, &deviation, x));
    let widened = q.widening.log10();
    let bound = mean.iter().zip(&deviation).map(|(m, d)| m + q.value * d + widened).collect();
    let curve = Curve::new(data.nodes.to_vec(), mean, bound);
    let score = data.score(&curve);
    let report = ProcessReport {
        parameters: process.parameters(),
        pairs: process.points(),
        quantile: q.value,
        curve,
        score,
    };
    Some(report)
}

/// What is missing and what to add.
fn few_pairs(division: &Division, level: f64, widening: f64) -> String {
    let needed = pairs_needed(level);
    let add = match division.by_group {
        true => format!(
            "whole runs are held back, at most half of the pairs: add runs until about {} pairs are there",
            3 * needed
        ),
        false => format!(
            "add about {} pairs, best from {} runs or more: models with fewer modes, trained on the first part of \
             the time interval, or without one of the cases",
            (2 * needed).saturating_sub(division.fitted + division.held_back).max(1),
            conformal::GROUPS
        ),
    };
    format!(
        "{} of {} calibration pairs are held back and a bound at level {level} needs {needed}: the bound is the largest \
         residual times {widening:.2}; {add}",
        division.held_back,
        division.fitted + division.held_back
    )
}

/// Enough pairs, but from too few runs that differ.
fn few_runs(division: &Division, level: f64, runs: usize) -> String {
    format!(
        "the {} calibration pairs come from {runs} runs that count here, and a bound at level {level} for new runs needs {}: it \
         is that of the worst of these runs; add runs, not steps",
        division.fitted + division.held_back,
        pairs_needed(level)
    )
}
