//! Progress of a loop over time steps: a bar on a terminal, one line per step elsewhere; rank 0 only, on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// Progress over `total` steps.
pub struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    total: usize,
    done: usize,
}

impl Progress {
    /// Progress that only `speaks` (rank 0, not quiet) shows.
    pub fn new(what: &str, total: usize, speaks: bool) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let bar = (speaks && terminal).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg} ({eta} left)");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(what.to_owned());
            bar
        });
        Progress { bar, lines: speaks && !terminal, total, done: 0 }
    }

    /// One step is done; `message` is made only where it is shown.
    pub fn step(&mut self, message: impl FnOnce() -> String) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_message(message());
            bar.inc(1);
        } else if self.lines {
            super::tell(format_args!("  {:>4}/{} {}", self.done, self.total, message()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
