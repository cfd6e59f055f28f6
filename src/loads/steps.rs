//! The time discretisation of a run.

use serde::{Deserialize, Serialize};

/// Equal increments over segments of a cycle, repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSteps {
    /// Number of repetitions.
    #[serde(default = "one")]
    pub cycles: u32,
    /// End time of each segment within one cycle, increasing; the first segment starts at 0.
    pub times: Vec<f64>,
    /// Number of equal increments of each segment.
    pub increments: Vec<u32>,
}

fn one() -> u32 {
    1
}

impl TimeSteps {
    /// Length of one cycle.
    pub fn period(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    /// Last time of the run.
    pub fn end(&self) -> f64 {
        self.period() * f64::from(self.cycles)
    }

    /// What is wrong with it.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.times.is_empty() || self.times.len() != self.increments.len() {
            return Err(format!(
                "{} segment times and {} increments; give one number of increments per segment",
                self.times.len(),
                self.increments.len()
            ));
        }
        let mut last = 0.0;
        for &t in &self.times {
            if !t.is_finite() || t <= last {
                return Err(format!("segment times must increase from 0: {t} comes after {last}"));
            }
            last = t;
        }
        if self.increments.contains(&0) || self.cycles == 0 {
            return Err("increments and cycles must be at least 1".into());
        }
        Ok(())
    }

    /// End time of every increment, without the initial time 0.
    pub fn end_times(&self) -> Vec<f64> {
        let mut out = Vec::new();
        for cycle in 0..self.cycles {
            let base = f64::from(cycle) * self.period();
            let mut from = 0.0;
            for (&to, &n) in self.times.iter().zip(&self.increments) {
                out.extend((1..=n).map(|i| base + from + (to - from) * (f64::from(i) / f64::from(n))));
                from = to;
            }
        }
        out
    }
}
