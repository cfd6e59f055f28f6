//! What a plugin may ask about the program around it.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// The process that a plugin is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Rank of the program.
    pub rank: usize,
    /// Number of its ranks.
    pub ranks: usize,
    /// Whether this is a child process that holds the plugin alone.
    pub isolated: bool,
}

static RANK: AtomicI32 = AtomicI32::new(0);
static RANKS: AtomicI32 = AtomicI32::new(1);
static ISOLATED: AtomicBool = AtomicBool::new(false);

/// Sets it, before the first law is built.
pub fn set(host: Host) {
    RANK.store(i32::try_from(host.rank).unwrap_or(i32::MAX), Ordering::Relaxed);
    RANKS.store(i32::try_from(host.ranks).unwrap_or(i32::MAX), Ordering::Relaxed);
    ISOLATED.store(host.isolated, Ordering::Relaxed);
}

/// What was set; else a single process.
pub fn get() -> Host {
    let count = |n: &AtomicI32| usize::try_from(n.load(Ordering::Relaxed)).unwrap_or(0);
    Host { rank: count(&RANK), ranks: count(&RANKS), isolated: ISOLATED.load(Ordering::Relaxed) }
}
