//! What a person sees of a run: progress, the table of stages, numbers as JSON.

mod progress;
mod stages;
mod table;

pub use progress::Progress;
pub use stages::StageTimers;
pub use table::Table;

/// Writes a line to standard error. That nobody reads it any more, as behind `| head`, is no fault of the run.
pub fn tell(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes a line to standard output, as [`tell`] does.
pub fn answer(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}
