//! From pairs to a [`Calibration`].

use super::conformal::{
    self, GROUPS, Quantile, divide, group_sizes, pairs_needed, quantile, quantile_of_runs,
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
    let point = |p: &Pair| (p.eta.log10(), p.error.log10());
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
    let (process, process_quantile) = fit_process(&data).unzip();
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
    let effective = match (kept, process_quantile) {
        (Model::GaussianProcess, Some(q)) => q.effective,
        _ => factor_quantile.effective,
    };
    let few_runs = (enough && effective < pairs_needed(level)).then(|| few_runs(&division, level, effective));
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
            None => quantile(&held_back, held_back.len(), self.level),
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
        let points = if self.held_back.is_empty() { self.all } else { self.held_back };
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
}

/// `e <= c eta + floor`. The floor is what the models err where the indicator says next to nothing: the quantile of the
/// errors below [`NOISE`]. `c` is the quantile of `(e - floor) / eta`, of all pairs: one number, which no part of them could
/// fit too well; whole runs where they were held back, see [`quantile_of_runs`].
fn fit_factor(data: &Data<'_>) -> (FactorReport, Quantile) {
    let noise = || data.all.iter().filter(|(x, _)| *x < NOISE.log10());
    let mut low: Vec<f64> = noise().map(|(_, y)| 10f64.powf(*y)).collect();
    low.sort_by(f64::total_cmp);
    let floor = match low.len() {
        0 => 0.0,
        n => low[((n as f64 * data.level).ceil() as usize).clamp(1, n) - 1],
    };
    let mean = data.fitted.iter().map(|(x, y)| y - x).sum::<f64>() / data.fitted.len().max(1) as f64;
    // an error below the floor asks for nothing
    let ratio = |(x, y): &Point| (10f64.powf(*y) - floor).max(1e-3 * 10f64.powf(*y)).log10() - x;
    let mut q = match &data.all_runs {
        Some(runs) => {
            let residuals: Vec<f64> = data.all.iter().map(|p| ratio(p) - mean).collect();
            quantile_of_runs(&residuals, runs, data.level)
        }
        None => data.quantile(|p| ratio(p) - mean),
    };
    if data.all_runs.is_some() {
        q = Quantile { widening: data.quantile(|p| ratio(p) - mean).widening, ..q };
    }
    let bound = mean + q.value + q.widening.log10();
    let means = data.nodes.iter().map(|x| x + mean).collect();
    let bounds = data.nodes.iter().map(|x| (10f64.powf(x + bound) + floor * q.widening).log10()).collect();
    let curve = Curve::new(data.nodes.to_vec(), means, bounds);
    let score = data.score(&curve);
    (FactorReport { bound: 10f64.powf(bound), floor, mean: 10f64.powf(mean), curve, score }, q)
}

/// The process on the grid. Residuals are taken from the tabulated mean and deviation, so that the bound
/// covers the pair that is the quantile exactly, whatever the grid.
fn fit_process(data: &Data<'_>) -> Option<(ProcessReport, Quantile)> {
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
    Some((report, q))
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
fn few_runs(division: &Division, level: f64, effective: usize) -> String {
    format!(
        "the {} held-back calibration pairs come from {} runs and are alike within a run: for a new run they count as \
         {effective} and a bound at level {level} needs {}; the bound is that of the worst of these runs; add runs, not steps",
        division.held_back,
        division.held_back_groups,
        pairs_needed(level)
    )
}
