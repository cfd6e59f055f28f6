//! What a rank hands to MPI: calls and bytes, counted.

use std::cell::Cell;

/// Calls of MPI that carry values, and the bytes of them that this rank brings.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    calls: Cell<u64>,
    bytes: Cell<u64>,
}

impl Traffic {
    /// One more call, for `n` values of this type from here.
    pub fn count<T>(&self, n: usize) {
        self.calls.set(self.calls.get() + 1);
        self.bytes.set(self.bytes.get() + (n * size_of::<T>()) as u64);
    }

    /// Calls and bytes so far.
    pub fn total(&self) -> (u64, u64) {
        (self.calls.get(), self.bytes.get())
    }
}
