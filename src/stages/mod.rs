//! The stages: what a command calls, and what a program that uses this library would call.
//!
//! Every stage is collective over the communicator of its [`Context`] and ends on every rank with the same result.

mod adaptive;
mod ansys;
mod calculix;
mod calibrate;
mod cells;
mod check_law;
mod compare;
mod cubature;
mod export;
mod history;
mod import;
mod info;
mod lift;
mod mesh;
mod offline;
mod online;
mod pod;
mod solve;
mod source;
mod train;
mod training;
mod watch;

pub use adaptive::{AdaptiveOptions, AdaptiveSummary, DEFAULT_TOLERANCE, Rebuild, adaptive};
pub use check_law::{LawCheck, LawReports, check_law};
pub use compare::{CompareReport, CompareRow, Norm, compare};
pub use cubature::{CubatureOptions, CubatureReport, cubature};
pub use export::{ExportFormat, export};
pub use import::import;
pub use info::describe;
pub use lift::lift;
pub use mesh::{load_mesh, partition};
pub use offline::{MemoryReport, OfflineReport, offline};
pub use online::{OnlineSummary, online};
pub use pod::{PodOptions, PodReport, pod};
pub use solve::{SolveReport, solve};
pub use train::{TrainReport, TrainedCase, train};

use crate::error::{Error, Kind, Result};
use crate::parallel::{Comm, agree};
pub use crate::report::Progress;
use crate::report::StageTimers;
use std::path::Path;

/// Finds out before the work whether a file of that name can be written, and that it is none of the inputs; leaves
/// nothing behind.
///
/// # Errors
/// It is an input (exit code 2) or cannot be written (exit code 1), the same on every rank.
///
/// # Collective
pub(crate) fn check_output(comm: &Comm, out: &Path, inputs: &[&Path]) -> Result<()> {
    let check = || {
        let same =
            |input: &&&Path| matches!((out.canonicalize(), input.canonicalize()), (Ok(a), Ok(b)) if a == b);
        match inputs.iter().find(same) {
            Some(_) => {
                let what = "the output would replace this input";
                Err(Error::case_file(out, "--output", what, "name another file"))
            }
            None => crate::store::check_writable(out),
        }
    };
    agree(comm, if comm.is_root() { check() } else { Ok(()) })
}

/// Items `0 .. n` of this rank, where consecutive ones go to one rank.
pub(crate) fn share(comm: &Comm, n: usize) -> std::ops::Range<usize> {
    let at = |r: usize| (n as u128 * r as u128 / comm.size() as u128) as usize;
    at(comm.rank())..at(comm.rank() + 1)
}

/// A failed run says what is on disk: never a part of its own output.
pub(crate) fn without_output(e: Error, out: &Path) -> Error {
    let left = if out.exists() { "is still the earlier file" } else { "was not written" };
    match e.kind {
        Kind::Run if !e.message.starts_with(&out.display().to_string()) => {
            Error::run(format!("{}; {} {left}", e.message, out.display()))
        }
        _ => e,
    }
}

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
            crate::report::tell(text);
        }
    }

    /// A warning, once; also when quiet.
    pub fn warn(&self, text: impl std::fmt::Display) {
        if self.comm.is_root() {
            log::warn!("{text}");
        }
    }
}
