//! What a person sees of a run: progress, the table of stages, numbers as JSON.

mod progress;
mod stages;
mod table;

pub use progress::Progress;
pub use stages::StageTimers;
pub use table::Table;
