//! The bytes of a file that is read from any place on, without holding it.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open file, or its bytes.
#[derive(Debug)]
pub(in crate::formats) struct Source {
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
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is a folder, for which `remedy` says what to name.
    pub fn open(path: &Path, remedy: &str) -> Result<Source> {
        let cannot =
            |e: std::io::Error| Error::input(path, "", format!("cannot be read ({e})"), "check its path");
        let file = File::open(path).map_err(cannot)?;
        let found = file.metadata().map_err(cannot)?;
        if found.is_dir() {
            return Err(Error::input(path, "", "is a folder, not a file", remedy));
        }
        Ok(Source { path: path.to_owned(), bytes: Bytes::File(file), size: found.len() })
    }

    pub fn of_bytes(path: &Path, bytes: Vec<u8>) -> Source {
        let size = bytes.len() as u64;
        Source { path: path.to_owned(), bytes: Bytes::Memory(bytes), size }
    }

    /// Reads from byte `from` on; the number of bytes that came, 0 at the end.
    pub fn read_at(&self, out: &mut [u8], from: u64) -> std::io::Result<usize> {
        match &self.bytes {
            Bytes::File(file) => file.read_at(out, from),
            Bytes::Memory(all) => {
                let start = usize::try_from(from).unwrap_or(usize::MAX).min(all.len());
                (&all[start..]).read(out)
            }
        }
    }

    /// Fills `out` from byte `from` on.
    pub fn fill_at(&self, mut out: &mut [u8], mut from: u64) -> std::io::Result<()> {
        while !out.is_empty() {
            match self.read_at(out, from) {
                Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => (out, from) = (&mut out[read..], from + read as u64),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// What it means where a file cannot be read that could be opened.
    pub fn failed(&self, at: u64, e: &std::io::Error) -> Error {
        let remedy = "the file changed since it was opened, or its disk fails: copy it again";
        Error::input(&self.path, format!("byte {at}"), format!("cannot be read ({e})"), remedy)
    }
}
