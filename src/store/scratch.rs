//! Vectors of one length on the disk, in a file that no name leads to: it is gone when this process ends, however it ends.

use super::room::Room;
use crate::error::{Error, Result};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Vectors of a rank, written one after the other, read in pieces.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    file: File,
    room: Room,
    len: usize,
    count: usize,
}

impl Scratch {
    /// An empty file for vectors of `len` numbers; `path`: a name in the folder to use, of this rank alone.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn new(path: &Path, len: usize) -> Result<Scratch> {
        let open = || {
            let room = Room::new(path)?;
            let file = File::options().read(true).write(true).open(path)?;
            std::fs::remove_file(path)?;
            Ok((room, file))
        };
        let (room, file) = open().map_err(|e| failed(path, "cannot be created", e))?;
        Ok(Scratch { path: path.to_owned(), file, room, len, count: 0 })
    }

    /// Length of a vector.
    pub fn length(&self) -> usize {
        self.len
    }

    /// Number of vectors.
    pub fn count(&self) -> usize {
        self.count
    }

    fn place(&self, k: usize, first: usize) -> u64 {
        8 * (k as u64 * self.len as u64 + first as u64)
    }

    /// Appends a vector.
    ///
    /// # Errors
    /// The disk is full.
    ///
    /// # Panics
    /// The length is not `len`.
    pub fn push(&mut self, values: &[f64]) -> Result<()> {
        assert_eq!(values.len(), self.len, "vectors of one length");
        let (start, end) = (self.place(self.count, 0), self.place(self.count + 1, 0));
        let put = self.room.ensure(end);
        let put = put.and_then(|()| self.file.write_all_at(bytemuck::cast_slice(values), start));
        put.map_err(|e| failed(&self.path, "cannot be written", e))?;
        self.count += 1;
        Ok(())
    }

    /// Copies the values `first .. first + out.len()` of vector `k`.
    ///
    /// # Errors
    /// The disk fails.
    pub fn read(&self, k: usize, first: usize, out: &mut [f64]) -> Result<()> {
        let at = self.place(k, first);
        let read = self.file.read_exact_at(bytemuck::cast_slice_mut(out), at);
        read.map_err(|e| failed(&self.path, "cannot be read", e))
    }
}

fn failed(path: &Path, what: &str, e: std::io::Error) -> Error {
    Error::run(format!(
        "{}: the file of snapshots that do not fit in memory {what}: {e}; make room there, or raise the memory limit",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_back_and_the_folder_stays_empty() {
        let folder = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::new(&folder.path().join("s"), 3).unwrap();
        scratch.push(&[1.0, 2.0, 3.0]).unwrap();
        scratch.push(&[4.0, 5.0, 6.0]).unwrap();
        let mut out = [0.0; 2];
        scratch.read(1, 1, &mut out).unwrap();
        assert_eq!((out, scratch.count()), ([5.0, 6.0], 2));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(scratch.read(2, 0, &mut out).is_err());
        assert!(Scratch::new(&folder.path().join("no/s"), 3).is_err());
    }
}
