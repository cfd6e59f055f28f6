//! Snapshots of the training as they are made: in memory, or on the disk where they do not fit.

use crate::error::{Error, Result};
use crate::parallel::{Comm, agree};
use crate::rom::pod::Snapshots;
use crate::store::Scratch;
use std::cell::RefCell;
use std::path::Path;

/// Snapshots of one field on this rank, all of one length.
#[derive(Debug)]
pub struct Recorded {
    len: usize,
    kept: Kept,
    failed: RefCell<Option<Error>>,
}

#[derive(Debug)]
enum Kept {
    Memory(Vec<Vec<f64>>),
    Disk(Scratch),
}

impl Recorded {
    /// In memory; `scratch`: in a file that has this name while it is created.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn new(len: usize, scratch: Option<&Path>) -> Result<Recorded> {
        let kept = match scratch {
            Some(path) => Kept::Disk(Scratch::new(path, len)?),
            None => Kept::Memory(Vec::new()),
        };
        Ok(Recorded { len, kept, failed: RefCell::default() })
    }

    /// Adds a snapshot.
    ///
    /// # Errors
    /// The disk is full.
    pub fn push(&mut self, values: &[f64]) -> Result<()> {
        match &mut self.kept {
            Kept::Memory(all) => all.push(values.to_vec()),
            Kept::Disk(scratch) => scratch.push(values)?,
        }
        Ok(())
    }

    /// A whole snapshot.
    pub fn whole(&self, s: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.len];
        self.read(s, 0, &mut out);
        out
    }

    /// Bytes on the disk.
    pub fn on_disk(&self) -> u64 {
        match &self.kept {
            Kept::Memory(_) => 0,
            Kept::Disk(scratch) => 8 * (scratch.count() * scratch.length()) as u64,
        }
    }

    /// `found`, unless a snapshot could not be read meanwhile: then NaN came instead, and this is the reason.
    ///
    /// # Errors
    /// Reading failed on some rank; else that of `found`.
    ///
    /// # Collective
    pub fn unless_failed<T>(&self, comm: &Comm, found: Result<T>) -> Result<T> {
        agree(comm, self.failed.borrow_mut().take().map_or(Ok(()), Err))?;
        found
    }
}

impl Snapshots for Recorded {
    fn count(&self) -> usize {
        match &self.kept {
            Kept::Memory(all) => all.len(),
            Kept::Disk(scratch) => scratch.count(),
        }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, s: usize, first: usize, out: &mut [f64]) {
        match &self.kept {
            Kept::Memory(all) => all[..].read(s, first, out),
            Kept::Disk(scratch) => {
                if let Err(e) = scratch.read(s, first, out) {
                    out.fill(f64::NAN);
                    self.failed.borrow_mut().get_or_insert(e);
                }
            }
        }
    }
}

/// Some of the snapshots.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'s> {
    /// Where they are.
    pub of: &'s Recorded,
    /// Which.
    pub steps: &'s [usize],
}

impl Snapshots for Chosen<'_> {
    fn count(&self) -> usize {
        self.steps.len()
    }

    fn len(&self) -> usize {
        self.of.len
    }

    fn read(&self, s: usize, first: usize, out: &mut [f64]) {
        self.of.read(self.steps[s], first, out);
    }
}
