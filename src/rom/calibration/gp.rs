//! Gaussian-process regression in one variable (Rasmussen, Williams 2006, ch. 2 and 5): `y = f(x) + noise`,
//! `cov f = s^2 k(|x - x'| / l)`, `k(r) = (1 + a + a^2/3) exp(-a)`, `a = sqrt(5) r` (Matern 5/2), noise
//! variance `s^2 g`; x and y standardised to mean 0 and deviation 1.
//!
//! Likelihood: with `A = K + g I = L L^T` (`n x n`), `s^2 = y^T A^-1 y / n` maximises it at given `l, g`,
//! which leaves `min_{l, g} n/2 log s^2 + sum_i log L_ii`: a grid of starts, then Nelder-Mead from the best
//! ones in `(log l, log g)`.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

/// More points than this are thinned: the cost grows with the cube.
pub const MOST_POINTS: usize = 500;

/// Correlation length, in deviations of x. The lower limit keeps the curve from following single pairs.
const LENGTH: (f64, f64) = (0.3, 30.0);
/// Noise variance over process variance. The lower limit keeps `A` well conditioned.
const NOISE: (f64, f64) = (1e-4, 1e3);
/// Starts from which the search descends, and its number of steps.
const DESCENTS: usize = 2;
const STEPS: usize = 40;

/// What maximum likelihood found, and the standardisation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Correlation length, in the unit of x.
    pub length: f64,
    /// Standard deviation of the process, in the unit of y.
    pub deviation: f64,
    /// Standard deviation of the noise, in the unit of y.
    pub noise: f64,
    /// Log-likelihood of the standardised data at its maximum.
    pub log_likelihood: f64,
}

/// A fitted process.
#[derive(Debug)]
pub struct Process {
    x: Scale,
    y: Scale,
    points: Vec<f64>,
    length: f64,
    noise: f64,
    likelihood: f64,
    fit: Factored,
}

/// Mean and standard deviation of a new observation (noise included) at one x, in the unit of y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

#[derive(Debug, Clone, Copy)]
struct Scale {
    centre: f64,
    width: f64,
}

impl Scale {
    fn of(values: &[f64]) -> Scale {
        let n = values.len().max(1) as f64;
        let centre = values.iter().sum::<f64>() / n;
        let width = (values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / n).sqrt();
        // Values that are all equal have rounding for width.
        let width = if width > 1e-9 * (1.0 + centre.abs()) { width } else { 1.0 };
        Scale { centre, width }
    }

    fn apply(&self, v: f64) -> f64 {
        (v - self.centre) / self.width
    }
}

#[derive(Debug)]
struct Factored {
    llt: Llt<f64>,
    /// `A^-1 y`.
    weights: Mat<f64>,
    /// `s^2`.
    variance: f64,
    /// `n/2 log s^2 + sum log L_ii`.
    cost: f64,
}

fn matern(r: f64) -> f64 {
    let a = 5f64.sqrt() * r;
    (1.0 + a + a * a / 3.0) * (-a).exp()
}

/// Factors `A` at `(length, noise)`; none where it is not positive definite or the numbers are not finite.
fn factor(x: &[f64], y: &[f64], length: f64, noise: f64) -> Option<Factored> {
    let n = x.len();
    let a = Mat::from_fn(n, n, |i, j| match i.cmp(&j) {
        std::cmp::Ordering::Greater => matern((x[i] - x[j]).abs() / length),
        std::cmp::Ordering::Equal => 1.0 + noise,
        // Only the lower triangle is read.
        std::cmp::Ordering::Less => 0.0,
    });
    let llt = Llt::new(a.as_ref(), Side::Lower).ok()?;
    let rhs = Mat::from_fn(n, 1, |i, _| y[i]);
    let weights = llt.solve(&rhs);
    let fit: f64 = (0..n).map(|i| y[i] * weights[(i, 0)]).sum();
    // Data without any spread would send log s^2 to minus infinity.
    let variance = (fit / n as f64).max(1e-12);
    let log_det: f64 = (0..n).map(|i| llt.L()[(i, i)].ln()).sum();
    let cost = 0.5 * n as f64 * variance.ln() + log_det;
    (cost.is_finite() && (0..n).all(|i| weights[(i, 0)].is_finite())).then_some(Factored {
        llt,
        weights,
        variance,
        cost,
    })
}

/// The indices of at most `most` of `n` ascending points, evenly spaced, both ends included.
pub fn thin(n: usize, most: usize) -> Vec<usize> {
    if n <= most || most < 2 {
        return (0..n).collect();
    }
    (0..most).map(|i| i * (n - 1) / (most - 1)).collect()
}

impl Process {
    /// Fits `y` on `x` by maximum likelihood. `x`, `y`: one length, finite; more than [`MOST_POINTS`] are
    /// thinned in the order given (sort by x). None without points, or where no covariance could be factored.
    pub fn fit(x: &[f64], y: &[f64]) -> Option<Process> {
        if x.is_empty() || x.len() != y.len() || x.iter().chain(y).any(|v| !v.is_finite()) {
            return None;
        }
        let kept = thin(x.len(), MOST_POINTS);
        let (x, y): (Vec<f64>, Vec<f64>) = kept.iter().map(|&i| (x[i], y[i])).unzip();
        let (x_scale, y_scale) = (Scale::of(&x), Scale::of(&y));
        let points: Vec<f64> = x.iter().map(|&v| x_scale.apply(v)).collect();
        let values: Vec<f64> = y.iter().map(|&v| y_scale.apply(v)).collect();
        let (low, high) = ([LENGTH.0.ln(), NOISE.0.ln()], [LENGTH.1.ln(), NOISE.1.ln()]);
        let cost =
            |p: [f64; 2]| factor(&points, &values, p[0].exp(), p[1].exp()).map_or(f64::INFINITY, |f| f.cost);
        let mut starts: Vec<([f64; 2], f64)> = Vec::new();
        for length in [0.5f64, 1.5, 5.0, 15.0] {
            for noise in [1e-3f64, 1e-2, 1e-1, 1.0, 10.0] {
                let p = [length.ln(), noise.ln()];
                starts.push((p, cost(p)));
            }
        }
        starts.sort_by(|a, b| a.1.total_cmp(&b.1));
        let best = starts
            .iter()
            .take(DESCENTS)
            .map(|&(p, c)| nelder_mead(&cost, p, c, low, high))
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        let (length, noise) = (best.0[0].exp(), best.0[1].exp());
        let fit = factor(&points, &values, length, noise)?;
        let n = points.len() as f64;
        let likelihood = -fit.cost - 0.5 * n * (1.0 + std::f64::consts::TAU.ln());
        Some(Process { x: x_scale, y: y_scale, points, length, noise, likelihood, fit })
    }

    /// Number of points, after thinning.
    pub fn points(&self) -> usize {
        self.points.len()
    }

    /// The parameters in the units of the data.
    pub fn parameters(&self) -> Parameters {
        let deviation = self.fit.variance.sqrt() * self.y.width;
        Parameters {
            length: self.length * self.x.width,
            deviation,
            noise: deviation * self.noise.sqrt(),
            log_likelihood: self.likelihood,
        }
    }

    /// A new observation at each of `x`: mean `k^T A^-1 y`, variance `s^2 (1 + g - k^T A^-1 k)`.
    pub fn estimate(&self, x: &[f64]) -> Vec<Estimate> {
        let n = self.points.len();
        let k = Mat::from_fn(n, x.len(), |i, j| {
            matern((self.points[i] - self.x.apply(x[j])).abs() / self.length)
        });
        let solved = self.fit.llt.solve(&k);
        (0..x.len())
            .map(|j| {
                let mean: f64 = (0..n).map(|i| k[(i, j)] * self.fit.weights[(i, 0)]).sum();
                let known: f64 = (0..n).map(|i| k[(i, j)] * solved[(i, j)]).sum();
                // Never below the noise, where rounding would put it.
                let variance = self.fit.variance * (1.0 + self.noise - known).max(self.noise);
                Estimate {
                    mean: self.y.centre + self.y.width * mean,
                    deviation: self.y.width * variance.sqrt(),
                }
            })
            .collect()
    }
}

/// Nelder-Mead in two variables inside a box, from `start` with cost `at_start`: the best point and its cost.
fn nelder_mead(
    cost: &impl Fn([f64; 2]) -> f64,
    start: [f64; 2],
    at_start: f64,
    low: [f64; 2],
    high: [f64; 2],
) -> ([f64; 2], f64) {
    let inside = |p: [f64; 2]| [p[0].clamp(low[0], high[0]), p[1].clamp(low[1], high[1])];
    let valued = |p: [f64; 2]| {
        let p = inside(p);
        (p, cost(p))
    };
    // Towards the middle of the box, so that clamping does not flatten the first triangle.
    let step = |d: usize| if start[d] < 0.5 * (low[d] + high[d]) { 0.7 } else { -0.7 };
    let mut simplex =
        [(start, at_start), valued([start[0] + step(0), start[1]]), valued([start[0], start[1] + step(1)])];
    for _ in 0..STEPS {
        simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
        let [best, middle, worst] = simplex;
        if (worst.1 - best.1).abs() < 1e-6 {
            break;
        }
        let centre = [0.5 * (best.0[0] + middle.0[0]), 0.5 * (best.0[1] + middle.0[1])];
        let along = |t: f64| {
            valued([centre[0] + t * (worst.0[0] - centre[0]), centre[1] + t * (worst.0[1] - centre[1])])
        };
        let reflected = along(-1.0);
        if reflected.1 < best.1 {
            let expanded = along(-2.0);
            simplex[2] = if expanded.1 < reflected.1 { expanded } else { reflected };
        } else if reflected.1 < middle.1 {
            simplex[2] = reflected;
        } else {
            let contracted = along(if reflected.1 < worst.1 { -0.5 } else { 0.5 });
            if contracted.1 < worst.1.min(reflected.1) {
                simplex[2] = contracted;
            } else {
                for vertex in &mut simplex[1..] {
                    *vertex = valued([0.5 * (best.0[0] + vertex.0[0]), 0.5 * (best.0[1] + vertex.0[1])]);
                }
            }
        }
    }
    simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
    simplex[0]
}
