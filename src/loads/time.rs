//! Piecewise linear functions of time, plain or repeated every cycle.

use serde::{Deserialize, Serialize};

/// A table of values over times, linear between.
///
/// With `cycle = [start, end]` it repeats from `start` with the period `end - start`; at the instant where one cycle
/// ends and the next begins it has the value of the end. Before its first time it keeps its first value.
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
        let mut t = t;
        if let Some([start, end]) = self.cycle {
            t = time_in_cycle(t, start, end);
        }
        let i = self.times.partition_point(|&x| x < t);
        if i == 0 {
            return self.values[0];
        }
        if i == self.times.len() {
            return self.values[i - 1];
        }
        let (t0, t1) = (self.times[i - 1], self.times[i]);
        let s = (t - t0) / (t1 - t0);
        (1.0 - s) * self.values[i - 1] + s * self.values[i]
    }
}

/// The time within the first cycle that stands for `t`; the end of a cycle belongs to it, not to the next.
pub(super) fn time_in_cycle(t: f64, start: f64, end: f64) -> f64 {
    let period = end - start;
    let cycles = (t - start) / period;
    // rounding in accumulated times must not jump to the next cycle
    let before = (cycles * (1.0 - 1e-12) - 1e-9).ceil() - 1.0;
    if before <= 0.0 { t } else { (t - before * period).clamp(start, end) }
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
    fn a_cycle_ends_with_its_last_value_and_then_starts_anew() {
        let f = saw();
        assert_eq!(f.value(2.0), 4.0);
        assert_eq!(f.value(6.0), 4.0);
        assert!((f.value(2.25) - 5.0).abs() < 1e-12);
        // 20 increments of 0.2 accumulate rounding
        let t: f64 = (0..20).map(|_| 0.2).sum();
        assert!((f.value(t) - 4.0).abs() < 1e-9);
        assert!(f.value(t + 1e-3) < 0.1);
    }

    #[test]
    fn a_plain_table_must_reach_the_end_of_the_run() {
        let f = Table { cycle: None, ..saw() };
        assert!(f.check(2.0).is_ok());
        assert!(f.check(3.0).is_err_and(|e| e.contains("ends at t = 2")));
    }
}
