//! Communicator, collective agreement on failures, chunked messages, compensated sums, memory of the process.
//!
//! Every collective here is safe for counts above 2^31 (messages are cut into pieces) and for ranks that
//! contribute nothing. What it does not do: it starts no threads and hides no point-to-point pattern.

mod agree;
mod comm;
mod compensated;
mod memory;
mod traffic;

pub use agree::agree;
pub use comm::{Comm, Wire};
pub use compensated::Dd;
pub use memory::{MemoryLimit, peak_memory};

/// Ends all ranks at once with an exit code, whatever they are doing. For panics: nothing is flushed or finalised.
pub fn abort(code: i32) -> ! {
    use mpi::traits::Communicator;
    mpi::topology::SimpleCommunicator::world().abort(code)
}
