//! Room on the disk, taken before HDF5 writes into it.
//!
//! HDF5 1.10 does not survive a failing write: it keeps the half-closed dataset and crashes when MPI ends the library.
//! So the blocks are reserved first; a full disk is then an ordinary error of this module, and HDF5 never meets it.

use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::Path;

/// Reserved at a time where the disk has it, so that small writes cost no call each.
const STRIDE: u64 = 64 << 20;

/// The room of one file.
#[derive(Debug)]
pub(super) struct Room {
    file: File,
    reserved: u64,
    reserves: bool,
}

impl Room {
    /// For the file at `path`, which is created empty.
    pub fn new(path: &Path) -> io::Result<Room> {
        Ok(Room { file: File::create(path)?, reserved: 0, reserves: true })
    }

    /// Forgets what was reserved: the file has been emptied.
    pub fn forget(&mut self) {
        self.reserved = 0;
    }

    /// Makes sure that the file can grow to `bytes`.
    ///
    /// # Errors
    /// Disk full, quota or file size limit reached.
    pub fn ensure(&mut self, bytes: u64) -> io::Result<()> {
        if bytes <= self.reserved {
            return Ok(());
        }
        let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        if limit.is_some_and(|l| bytes > l) {
            return Err(Errno::FBIG.into());
        }
        if self.reserves {
            for to in [bytes.max(self.reserved + STRIDE), bytes] {
                match fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.reserved, to - self.reserved) {
                    Ok(()) => {
                        self.reserved = to;
                        return Ok(());
                    }
                    Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) if to > bytes => {}
                    // File systems without reservation.
                    Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => break,
                    Err(e) => return Err(e.into()),
                }
            }
            self.reserves = false;
        }
        let disk = fstatvfs(&self.file)?;
        let used = self.file.metadata()?.len();
        match bytes.saturating_sub(used) > disk.f_bavail.saturating_mul(disk.f_frsize) {
            true => Err(Errno::NOSPC.into()),
            false => Ok(()),
        }
    }

    /// Syncs the finished file and gives back the room that it did not use.
    pub fn finish(&self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        self.file.set_len(length)?;
        self.file.sync_all()
    }

    /// Empties the file of a failure, so that its room is free at once even where something still holds it open.
    pub fn give_up(&self) {
        let _ = self.file.set_len(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn unused_room_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut room = Room::new(&path).unwrap();
        room.ensure(1 << 20).unwrap();
        room.ensure(2 << 20).unwrap();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
        room.finish().unwrap();
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!(found.len(), 10);
        assert!(found.blocks() * 512 < 1 << 20, "{} blocks", found.blocks());
        assert!(room.ensure(u64::MAX / 4).is_err());
    }
}
