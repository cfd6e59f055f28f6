//! Piecewise linear functions of time, plain or repeated every cycle.

use serde::{Deserialize, Serialize};

/// A table of values over times, linear between. Before its first time it keeps its first value.
///
/// With `cycle = [start, end]` it repeats from `start` with the period `end - start`, without jumps: a cycle after the
/// first begins with the value at which the one before ended, and goes on linearly from there to its first point
/// after `start`. A point at `start` counts in the first cycle only. (Where it has the value of the end, the table
/// is periodic; where it has not, it describes how the first cycle is reached: a rotor that runs up once.)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Increasing times.
    pub times: Vec<f64>,
    /// One value per time.
    pub values: Vec<f64>,
    /// Start and end of the repeated interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<[f64; 2]>,
}

impl Table {
    /// What is wrong with it, as the end of a sentence that starts with its name; `end` is the last time needed.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self, end: f64) -> Result<(), String> {
        let (n, m) = (self.times.len(), self.values.len());
        if n == 0 {
            return Err("has no times; give at least one time and one value".into());
        }
        if n != m {
            return Err(format!("has {n} times and {m} values; give one value per time"));
        }
        if let Some(i) = self.times.iter().chain(&self.values).position(|x| !x.is_finite()) {
            return Err(format!("has a value that is not a finite number (entry {}); replace it", i % n + 1));
        }
        if let Some(i) = (1..n).find(|&i| self.times[i] <= self.times[i - 1]) {
            return Err(format!(
                "has times that do not increase: time {} is {} after {}; sort them and remove duplicates",
                i + 1,
                self.times[i],
                self.times[i - 1]
            ));
        }
        match self.cycle {
            Some([a, b]) if b <= a => {
                Err(format!("has a cycle from {a} to {b}; its end must be after its start"))
            }
            Some(_) => Ok(()),
            None if n > 1 && self.times[n - 1] < end * (1.0 - 1e-9) => Err(format!(
                "ends at t = {}, before the end of the run at t = {end}; extend it or make it repeat with cycle = [start, end]",
                self.times[n - 1]
            )),
            None => Ok(()),
        }
    }

    /// Value at time `t`.
    pub fn value(&self, t: f64) -> f64 {
        let (i, j, s) = between(&self.times, |&x| x, self.cycle, t);
        if s == 0.0 { self.values[i] } else { (1.0 - s) * self.values[i] + s * self.values[j] }
    }
}

/// `(i, j, s)` such that the value at time `t` is `(1 - s) v_i + s v_j`, for values at the increasing times of `points`
/// (at least one), repeated over `cycle` as [`Table`] says.
pub(super) fn between<P>(
    points: &[P],
    time: impl Fn(&P) -> f64,
    cycle: Option<[f64; 2]>,
    t: f64,
) -> (usize, usize, f64) {
    let (t, later) = match cycle {
        Some([start, end]) => time_in_cycle(t, start, end),
        None => (t, None),
    };
    let i = points.partition_point(|p| time(p) < t);
    if let Some([start, end]) = later {
        // where the cycle before ended, and the first point after it
        let last = points.partition_point(|p| time(p) <= end).saturating_sub(1);
        let first = points.partition_point(|p| time(p) <= start);
        if i <= first {
            return match points.get(first).map(&time) {
                Some(next) => (last, first, ((t - start) / (next - start)).clamp(0.0, 1.0)),
                None => (last, last, 0.0),
            };
        }
    }
    if i == 0 {
        return (0, 0, 0.0);
    }
    if i == points.len() {
        return (i - 1, i - 1, 0.0);
    }
    let (t0, t1) = (time(&points[i - 1]), time(&points[i]));
    (i - 1, i, (t - t0) / (t1 - t0))
}

/// The time within the first cycle that stands for `t`, and the cycle where `t` is in a later one; the end of a cycle
/// belongs to it, not to the next.
fn time_in_cycle(t: f64, start: f64, end: f64) -> (f64, Option<[f64; 2]>) {
    let period = end - start;
    let cycles = (t - start) / period;
    // rounding in accumulated times must not jump to the next cycle
    let before = (cycles * (1.0 - 1e-12) - 1e-9).ceil() - 1.0;
    if before <= 0.0 { (t, None) } else { ((t - before * period).clamp(start, end), Some([start, end])) }
}

/// How a load varies: one, or a table, or its square (rotation).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Amplitude {
    /// The table; `None` is the constant 1.
    pub table: Option<Table>,
    /// Whether the value is squared.
    pub squared: bool,
}

impl Amplitude {
    /// Value at time `t`.
    pub fn value(&self, t: f64) -> f64 {
        let v = self.table.as_ref().map_or(1.0, |f| f.value(t));
        if self.squared { v * v } else { v }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saw() -> Table {
        Table { times: vec![0.0, 0.5, 2.0], values: vec![0.0, 10.0, 4.0], cycle: Some([0.0, 2.0]) }
    }

    #[test]
    fn a_repeated_table_has_no_jumps() {
        let f = saw();
        assert_eq!((f.value(2.0), f.value(6.0)), (4.0, 4.0));
        // from the end of the cycle before (4) to the second point (10)
        assert!((f.value(2.25) - 7.0).abs() < 1e-12);
        assert_eq!((f.value(0.25), f.value(2.5)), (5.0, 10.0));
        assert!((f.value(3.25) - f.value(1.25)).abs() < 1e-12);
        // 20 increments of 0.2 accumulate rounding
        let t: f64 = (0..20).map(|_| 0.2).sum();
        assert!((f.value(t) - 4.0).abs() < 1e-9 && (f.value(t + 1e-6) - 4.0).abs() < 1e-4);
    }

    #[test]
    fn a_repeated_table_whose_ends_agree_is_periodic() {
        let f = Table { values: vec![4.0, 10.0, 4.0], ..saw() };
        for i in 0..40 {
            let t = 0.05 * f64::from(i);
            assert!((f.value(t + 6.0) - f.value(t)).abs() < 1e-9, "{t}");
        }
    }

    #[test]
    fn a_table_that_does_not_fill_its_cycle_keeps_its_last_value_and_then_goes_to_its_first() {
        let f = Table { times: vec![0.5, 1.0], values: vec![1.0, 3.0], cycle: Some([0.0, 2.0]) };
        assert_eq!((f.value(0.0), f.value(1.5), f.value(2.0)), (1.0, 3.0, 3.0));
        assert!((f.value(2.25) - 2.0).abs() < 1e-12 && (f.value(2.75) - 2.0).abs() < 1e-12);
        let one = Table { times: vec![0.0], values: vec![7.0], cycle: Some([0.0, 2.0]) };
        assert_eq!((one.value(1.0), one.value(5.0)), (7.0, 7.0));
    }

    #[test]
    fn a_plain_table_must_reach_the_end_of_the_run() {
        let f = Table { cycle: None, ..saw() };
        assert!(f.check(2.0).is_ok());
        assert!(f.check(3.0).is_err_and(|e| e.contains("ends at t = 2")));
    }
}
