//! The bytes of a result file, read a window at a time. Nothing is allocated that the file could not hold.

use crate::error::{Error, Result};
pub(super) use crate::formats::source::Source;
use std::fmt;

/// Bytes read at once. Records are decoded from the window, so no copy of a whole record is made.
const WINDOW: u64 = 1 << 16;

/// Words have 4 bytes and count from 0.
impl Source {
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { source: self, window: Vec::new(), start: 0 }
    }

    /// Something wrong in the record at word `at`, which holds `what`.
    pub(super) fn record_error(
        &self,
        at: u64,
        what: &str,
        problem: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Error {
        let place = format!("record at byte {} ({what})", at.saturating_mul(4));
        Error::input(&self.path, place, problem, remedy)
    }
}

/// Reads anywhere in a file, best in ascending order.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    pub source: &'s Source,
    window: Vec<u8>,
    start: u64,
}

impl Reader<'_> {
    /// `count` bytes from `from` on; `None` beyond the end of the file. `count` is at most [`WINDOW`].
    pub fn bytes(&mut self, from: u64, count: usize) -> Result<Option<&[u8]>> {
        let Some(end) = from.checked_add(count as u64).filter(|&end| end <= self.source.size) else {
            return Ok(None);
        };
        if from < self.start || end > self.start + self.window.len() as u64 {
            let length = WINDOW.max(count as u64).min(self.source.size - from);
            self.window.resize(length as usize, 0);
            self.start = from;
            if let Err(e) = self.source.fill_at(&mut self.window, from) {
                // what the window holds is not known any more
                self.window.clear();
                return Err(self.source.failed(from, &e));
            }
        }
        let at = (from - self.start) as usize;
        Ok(self.window.get(at..at + count))
    }
}
