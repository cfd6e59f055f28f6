//! Wall time of the stages of a run, over ranks, and peak memory.

use super::Table;
use crate::parallel::{Comm, peak_memory};
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Named stages with their total time on this rank, in the order of their first use.
#[derive(Debug)]
pub struct StageTimers {
    start: Instant,
    stages: RefCell<Vec<(&'static str, u64, Duration)>>,
}

impl Default for StageTimers {
    fn default() -> Self {
        StageTimers { start: Instant::now(), stages: RefCell::default() }
    }
}

impl StageTimers {
    /// Runs `work` as part of a stage. Every rank must use the same stages in the same order.
    pub fn time<T>(&self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        let from = Instant::now();
        let out = work();
        let spent = from.elapsed();
        let mut stages = self.stages.borrow_mut();
        match stages.iter_mut().find(|s| s.0 == stage) {
            Some(s) => {
                s.1 += 1;
                s.2 += spent;
            }
            None => stages.push((stage, 1, spent)),
        }
        out
    }

    /// Seconds of a stage on this rank.
    pub fn seconds(&self, stage: &str) -> f64 {
        self.stages.borrow().iter().find(|s| s.0 == stage).map_or(0.0, |s| s.2.as_secs_f64())
    }

    /// The table of stages and the same as JSON: count, minimum, average and maximum over ranks, share of the whole,
    /// and the peak memory of every rank.
    ///
    /// # Collective
    pub fn summary(&self, comm: &Comm) -> (Table, serde_json::Value) {
        let (calls, bytes) = comm.traffic();
        let (calls, bytes) = (comm.max_u64(calls), comm.max_u64(bytes));
        let whole = comm.max1(self.start.elapsed().as_secs_f64());
        let memory = peak_memory();
        let (memory_of, _) = comm.all_gather(&[memory]);
        let memory_min = memory_of.iter().copied().fold(f64::INFINITY, f64::min);
        let memory_max = memory_of.iter().copied().fold(0.0, f64::max);
        let mut table = Table::new(&["stage", "count", "min s", "avg s", "max s", "share"]);
        let mut rows = Vec::new();
        let stages = self.stages.borrow().clone();
        let names: Vec<u8> = stages.iter().flat_map(|s| [s.0.as_bytes(), b"\n"].concat()).collect();
        let same = comm.min_u64(names.len() as u64) == comm.max_u64(names.len() as u64);
        for (name, count, spent) in stages.iter().filter(|_| same) {
            let s = spent.as_secs_f64();
            let (min, max, avg) = (comm.min1(s), comm.max1(s), comm.sum1(s) / comm.size() as f64);
            let share = 100.0 * avg / whole;
            table.row(&[
                (*name).to_owned(),
                count.to_string(),
                format!("{min:.3}"),
                format!("{avg:.3}"),
                format!("{max:.3}"),
                format!("{share:.0} %"),
            ]);
            rows.push(serde_json::json!({"stage": name, "count": count, "min": min, "avg": avg, "max": max}));
        }
        table.note(format!(
            "whole run {whole:.3} s on {} rank{}; peak memory of a rank {:.0} MB (least {:.0} MB)",
            comm.size(),
            if comm.size() == 1 { "" } else { "s" },
            memory_max / 1e6,
            memory_min / 1e6
        ));
        let json = serde_json::json!({
            "ranks": comm.size(), "seconds": whole, "stages": rows,
            "communication_of_a_rank": {"calls": calls, "bytes": bytes},
            "peak_memory_bytes": {"min": memory_min, "max": memory_max, "ranks": memory_of},
        });
        (table, json)
    }
}
