//! The stages: what a command calls, and what a program that uses this library would call.
//!
//! Every stage is collective over the communicator of its [`Context`] and ends on every rank with the same result.

mod cells;
mod compare;
mod export;
mod history;
mod import;
mod info;
mod lift;
mod mesh;
mod offline;
mod online;
mod solve;
mod source;

pub use compare::{CompareReport, CompareRow, Norm, compare};
pub use export::export_zset;
pub use import::import;
pub use info::describe;
pub use lift::lift;
pub use mesh::{load_mesh, partition};
pub use offline::{OfflineReport, offline};
pub use online::{OnlineSummary, online};
pub use solve::{SolveReport, solve};

use crate::parallel::Comm;
pub use crate::report::Progress;
use crate::report::StageTimers;

/// What every stage is given.
pub struct Context<'c> {
    /// All ranks.
    pub comm: &'c Comm,
    /// No progress.
    pub quiet: bool,
    /// Time of the stages.
    pub timers: StageTimers,
}

impl<'c> Context<'c> {
    /// A context that speaks on rank 0.
    pub fn new(comm: &'c Comm, quiet: bool) -> Context<'c> {
        Context { comm, quiet, timers: StageTimers::default() }
    }

    /// Progress over some steps.
    pub fn progress(&self, what: &str, total: usize) -> Progress {
        Progress::new(what, total, self.comm.is_root() && !self.quiet)
    }

    /// Tells the user something, once.
    pub fn say(&self, text: impl std::fmt::Display) {
        if self.comm.is_root() && !self.quiet {
            eprintln!("{text}");
        }
    }

    /// A warning, once; also when quiet.
    pub fn warn(&self, text: impl std::fmt::Display) {
        if self.comm.is_root() {
            log::warn!("{text}");
        }
    }
}
