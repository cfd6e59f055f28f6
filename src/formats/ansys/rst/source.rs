//! The bytes of a result file, read a window at a time. Nothing is allocated that the file could not hold.

use crate::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes read at once. Records are decoded from the window, so no copy of a whole record is made.
const WINDOW: u64 = 1 << 16;

/// An open file, or its bytes. Words have 4 bytes and count from 0; every word of a file at least as long as `size`.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    bytes: Bytes,
    /// Length in bytes.
    pub size: u64,
}

#[derive(Debug)]
enum Bytes {
    File(File),
    Memory(Vec<u8>),
}

impl Source {
    pub fn open(path: &Path) -> Result<Source> {
        let cannot =
            |e: std::io::Error| Error::input(path, "", format!("cannot be read ({e})"), "check its path");
        let file = File::open(path).map_err(cannot)?;
        let found = file.metadata().map_err(cannot)?;
        if found.is_dir() {
            return Err(Error::input(path, "", "is a folder, not a file", "name the .rst in it"));
        }
        Ok(Source { path: path.to_owned(), bytes: Bytes::File(file), size: found.len() })
    }

    pub fn of_bytes(path: &Path, bytes: Vec<u8>) -> Source {
        let size = bytes.len() as u64;
        Source { path: path.to_owned(), bytes: Bytes::Memory(bytes), size }
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader { source: self, window: Vec::new(), start: 0 }
    }

    /// Something wrong in the record at word `at`, which holds `what`.
    pub fn error(&self, at: u64, what: &str, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
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
        match &self.source.bytes {
            Bytes::Memory(all) => Ok(all.get(from as usize..end as usize)),
            Bytes::File(file) => {
                if from < self.start || end > self.start + self.window.len() as u64 {
                    let length = WINDOW.max(count as u64).min(self.source.size - from);
                    self.window.resize(length as usize, 0);
                    self.start = from;
                    file.read_exact_at(&mut self.window, from).map_err(|e| {
                        // what the window holds is not known any more
                        self.window.clear();
                        Error::input(
                            &self.source.path,
                            format!("byte {from}"),
                            format!("cannot be read ({e})"),
                            "the file changed since it was opened, or its disk fails: copy it again",
                        )
                    })?;
                }
                let at = (from - self.start) as usize;
                Ok(self.window.get(at..at + count))
            }
        }
    }
}
