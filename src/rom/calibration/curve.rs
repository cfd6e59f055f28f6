//! A bound as a table: `log10` of mean and bound at ascending `log10 eta`, straight lines between.

use serde::{Deserialize, Serialize};

/// Intervals of the grid between the smallest and the largest calibrated indicator.
pub const INTERVALS: usize = 200;

/// Mean and bound of the error over the indicator; all arrays have one length (1 where all indicators are
/// equal).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// `log10 eta`, ascending.
    pub eta: Vec<f64>,
    /// `log10` of the mean.
    pub mean: Vec<f64>,
    /// `log10` of the bound, never decreasing and never below the mean.
    pub bound: Vec<f64>,
}

/// Where an indicator lies relative to the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Below the first entry.
    Below,
    /// In the table.
    Inside,
    /// Above the last entry, by so many decades.
    Above {
        /// Decades.
        decades: f64,
    },
}

/// A curve's values at one indicator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// `log10` of the mean.
    pub mean: f64,
    /// `log10` of the bound.
    pub bound: f64,
    /// Where the indicator lies.
    pub place: Place,
}

/// `log10 eta` of the grid from `low` to `high` (`log10` too).
pub fn grid(low: f64, high: f64) -> Vec<f64> {
    if high - low < 1e-9 {
        return vec![low];
    }
    let step = (high - low) / INTERVALS as f64;
    let mut nodes: Vec<f64> = (0..INTERVALS).map(|i| low + step * i as f64).collect();
    // Not low + step * INTERVALS, which rounding may put below the largest pair.
    nodes.push(high);
    nodes
}

/// Straight line between the entries of `values` at ascending `nodes`, constant beyond both ends. Non-empty,
/// one length.
pub fn interpolate(nodes: &[f64], values: &[f64], x: f64) -> f64 {
    let right = nodes.partition_point(|&node| node < x);
    if right == 0 {
        return values[0];
    }
    if right == nodes.len() {
        return values[right - 1];
    }
    let (x0, x1) = (nodes[right - 1], nodes[right]);
    let share = (x - x0) / (x1 - x0);
    // This form reproduces both ends exactly and never leaves them, so that a monotone table gives a monotone
    // line.
    (values[right - 1] * (1.0 - share) + values[right] * share)
        .clamp(values[right - 1].min(values[right]), values[right - 1].max(values[right]))
}

impl Curve {
    /// From mean and raw bound at the nodes: the bound becomes its own running maximum (and at least the
    /// mean).
    pub fn new(eta: Vec<f64>, mean: Vec<f64>, mut bound: Vec<f64>) -> Curve {
        let mut largest = f64::NEG_INFINITY;
        for (b, m) in bound.iter_mut().zip(&mean) {
            largest = largest.max(*b).max(*m);
            *b = largest;
        }
        Curve { eta, mean, bound }
    }

    /// Mean and bound at indicator `eta` (not its logarithm): constant below the table, in proportion to
    /// `eta` above.
    pub fn at(&self, eta: f64) -> Value {
        let (Some(&first), Some(&last)) = (self.eta.first(), self.eta.last()) else {
            return Value {
                mean: f64::INFINITY,
                bound: f64::INFINITY,
                place: Place::Above { decades: f64::INFINITY },
            };
        };
        let x = if eta > 0.0 { eta.log10() } else { f64::NEG_INFINITY };
        let above = (x - last).max(0.0);
        // Writing a table may move its ends by one digit; that must not put the extreme pairs outside.
        let slack = 1e-9;
        let place = if x < first - slack {
            Place::Below
        } else if x > last + slack {
            Place::Above { decades: above }
        } else {
            Place::Inside
        };
        Value {
            mean: interpolate(&self.eta, &self.mean, x) + above,
            bound: interpolate(&self.eta, &self.bound, x) + above,
            place,
        }
    }

    /// The largest indicator in the table whose bound (`log10`) is not above `tolerance`.
    pub fn last_below(&self, tolerance: f64) -> Option<f64> {
        let right = self.bound.partition_point(|&b| b <= tolerance);
        let left = right.checked_sub(1)?;
        let mut x = self.eta[left];
        if right < self.eta.len() {
            let share = (tolerance - self.bound[left]) / (self.bound[right] - self.bound[left]);
            x += share * (self.eta[right] - x);
        }
        Some(10f64.powf(x))
    }

    /// That the arrays are a table.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        let n = self.eta.len();
        if n == 0 || self.mean.len() != n || self.bound.len() != n {
            return Err(format!(
                "a curve has {n} indicators, {} means, {} bounds",
                self.mean.len(),
                self.bound.len()
            ));
        }
        if let Some(i) = (0..n)
            .find(|&i| !(self.eta[i].is_finite() && self.mean[i].is_finite() && self.bound[i].is_finite()))
        {
            return Err(format!("entry {i} of a curve is not a finite number"));
        }
        if let Some(i) = (1..n).find(|&i| self.eta[i] <= self.eta[i - 1] || self.bound[i] < self.bound[i - 1])
        {
            return Err(format!("entry {i} of a curve is below the one before it"));
        }
        Ok(())
    }
}
