//! Plain HDF5 files of matrices (`docs/matrices.md`): input of `ferrom pod` and `ferrom cubature`, and their output.

use super::hdf::{PIECE_BYTES, Source};
use super::output::Output;
use crate::error::{Error, Result};
use crate::parallel::{Comm, agree};
use std::ops::Range;
use std::path::Path;

/// A file of matrices, open on this rank.
#[derive(Debug)]
pub struct MatrixFile {
    source: Source,
}

impl MatrixFile {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is not HDF5.
    pub fn open(path: &Path) -> Result<MatrixFile> {
        Source::open(path).map(|source| MatrixFile { source })
    }

    /// Whether there is a dataset of this name.
    pub fn has(&self, name: &str) -> bool {
        self.source.has(name)
    }

    /// An error at a dataset.
    pub fn wrong(&self, name: &str, problem: impl std::fmt::Display, remedy: &str) -> Error {
        self.source.wrong(name, problem, remedy)
    }

    /// Shape of a dataset; its dimensions must be `due` where that is given.
    ///
    /// # Errors
    /// It is missing or has another shape.
    pub fn shape(&self, name: &str, due: &[Option<usize>]) -> Result<Vec<usize>> {
        if !self.has(name) {
            return Err(self.source.wrong(
                name,
                "the dataset is missing",
                "write it in the layout of docs/matrices.md",
            ));
        }
        let table = self.source.dataset(name)?;
        let fits = table.shape.len() == due.len()
            && table.shape.iter().zip(due).all(|(a, b)| b.is_none_or(|b| b == *a));
        if fits {
            return Ok(table.shape);
        }
        let text = |d: &Option<usize>| d.map_or("any".to_owned(), |d| d.to_string());
        let due: Vec<String> = due.iter().map(text).collect();
        let problem = format!("has shape {:?} where [{}] is due", table.shape, due.join(", "));
        Err(self.source.wrong(name, problem, "write it in the layout of docs/matrices.md"))
    }

    /// Reads a block, row-major, in pieces: `each(first of the second dimension, piece)` with the first index fixed at
    /// `row`.
    ///
    /// # Errors
    /// It cannot be read as numbers.
    pub fn row_pieces(
        &self,
        name: &str,
        row: usize,
        columns: Range<usize>,
        mut each: impl FnMut(usize, &[f64]),
    ) -> Result<()> {
        let table = self.source.dataset(name)?;
        let width: usize = table.shape[2..].iter().product();
        let step = (PIECE_BYTES / 8 / width.max(1)).max(1);
        let mut at = columns.start;
        while at < columns.end {
            let end = (at + step).min(columns.end);
            let mut ranges = vec![row..row + 1, at..end];
            ranges.extend(table.shape[2..].iter().map(|n| 0..*n));
            each(at, &table.block::<f64>(&ranges)?);
            at = end;
        }
        Ok(())
    }

    /// Some entries of a one-dimensional dataset.
    ///
    /// # Errors
    /// It is missing, has another shape or type.
    pub fn vector<T: hdf5::H5Type>(&self, name: &str, rows: Range<usize>) -> Result<Vec<T>> {
        self.source.dataset(name)?.some(rows)
    }
}

/// A file of matrices being written by rank 0.
#[derive(Debug)]
pub struct MatrixWriter {
    out: Option<Output>,
}

impl MatrixWriter {
    /// Creates the file under a temporary name.
    ///
    /// # Errors
    /// It cannot be written; the same on every rank.
    ///
    /// # Collective
    pub fn create(comm: &Comm, path: &Path) -> Result<MatrixWriter> {
        let made = if comm.is_root() { Output::plain(path).map(Some) } else { Ok(None) };
        agree(comm, made).map(|out| MatrixWriter { out })
    }

    fn on_root(&mut self, comm: &Comm, work: impl FnOnce(&mut Output) -> Result<()>) -> Result<()> {
        agree(comm, self.out.as_mut().map_or(Ok(()), work))
    }

    /// Writes a whole dataset that rank 0 knows.
    ///
    /// # Errors
    /// Disk full and the like; the same on every rank.
    ///
    /// # Collective
    pub fn whole<T: hdf5::H5Type>(
        &mut self,
        comm: &Comm,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) -> Result<()> {
        self.on_root(comm, |out| out.whole(name, shape, values))
    }

    /// Creates a dataset for [`MatrixWriter::columns`].
    ///
    /// # Errors
    /// As [`MatrixWriter::whole`].
    ///
    /// # Collective
    pub fn dataset(&mut self, comm: &Comm, name: &str, shape: &[usize]) -> Result<()> {
        self.on_root(comm, |out| out.dataset::<f64>(name, shape, false, 0))
    }

    /// Writes columns `first .. first + values.len() / rows` of a matrix of `rows` rows, row-major, other ones on each rank.
    ///
    /// # Errors
    /// As [`MatrixWriter::whole`].
    ///
    /// # Collective
    pub fn columns(
        &mut self,
        comm: &Comm,
        name: &str,
        rows: usize,
        first: usize,
        values: &[f64],
    ) -> Result<()> {
        let (starts, _) = comm.gather(&[first as u64], 0);
        let (all, counts) = comm.gather(values, 0);
        self.on_root(comm, |out| {
            let mut at = 0;
            for (&start, &count) in starts.iter().zip(&counts) {
                let n = count / rows.max(1);
                if n > 0 {
                    let start = start as usize;
                    out.write(name, &[0..rows, start..start + n], &all[at..at + count])?;
                }
                at += count;
            }
            Ok(())
        })
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// As [`MatrixWriter::whole`].
    ///
    /// # Collective
    pub fn commit(self, comm: &Comm) -> Result<()> {
        agree(comm, self.out.map_or(Ok(()), Output::commit))
    }
}
