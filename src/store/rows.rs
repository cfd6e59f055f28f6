//! Rows of a distributed array: to rank 0 in bounded pieces, and from the file to wherever a rank needs them.

use super::hdf::{PIECE_BYTES, Table};
use crate::error::{Error, Result};
use crate::parallel::{Comm, Wire, agree};
use hdf5::H5Type;
use std::ops::Range;

/// Bytes that rank 0 receives at a time.
const ROUND_BYTES: usize = 16 << 20;
/// Rows that are not needed but read anyway, because a separate read costs more.
const GAP: u64 = 256;

/// How many rows each rank contributes, in rank order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocks {
    starts: Vec<usize>,
    rank: usize,
}

impl Blocks {
    /// From this rank's number of rows.
    ///
    /// # Collective
    pub fn new(comm: &Comm, mine: usize) -> Blocks {
        let (counts, _) = comm.all_gather(&[mine as u64]);
        let mut starts = vec![0];
        let mut at = 0usize;
        for n in counts {
            at += n as usize;
            starts.push(at);
        }
        Blocks { starts, rank: comm.rank() }
    }

    /// Rows of all ranks.
    pub fn total(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Rows of this rank.
    pub fn mine(&self) -> Range<usize> {
        self.starts[self.rank]..self.starts[self.rank + 1]
    }
}

/// Brings everyone's rows (`width` values each) to rank 0 in pieces of at most 16 MB: `write(rows, values)` there.
///
/// # Errors
/// A wrong length on any rank; what `write` fails with. The same on every rank.
///
/// # Collective
pub(super) fn to_root<T: Wire>(
    comm: &Comm,
    blocks: &Blocks,
    width: usize,
    mine: &[T],
    mut write: impl FnMut(Range<usize>, &[T]) -> Result<()>,
) -> Result<()> {
    let due = blocks.mine().len() * width;
    let checked = if mine.len() == due {
        Ok(())
    } else {
        Err(Error::run(format!(
            "a field to be stored has {} values on rank {} where {due} are due",
            mine.len(),
            comm.rank()
        )))
    };
    agree(comm, checked)?;
    let step = (ROUND_BYTES / (width * size_of::<T>()).max(1)).max(1);
    let mut done = Ok(());
    let mut at = 0;
    while at < blocks.total() {
        let round = at..(at + step).min(blocks.total());
        let own = blocks.mine();
        let (from, to) = (own.start.max(round.start), own.end.min(round.end));
        let piece = if from < to { &mine[(from - own.start) * width..(to - own.start) * width] } else { &[] };
        let (all, _) = comm.gather(piece, 0);
        if comm.is_root() && done.is_ok() {
            done = write(round.clone(), &all);
        }
        at = round.end;
    }
    agree(comm, done)
}

/// A run of consecutive rows in the file that are consecutive here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// First row in the file.
    pub file: u64,
    /// Number of rows.
    pub len: u64,
    /// First row here.
    pub local: u64,
}

/// Where this rank's rows lie in the file.
#[derive(Debug, Clone, Default)]
pub(super) struct RowMap {
    runs: Vec<Run>,
    n_local: usize,
}

impl RowMap {
    /// From runs that cover the local rows once, in any order.
    pub fn new(mut runs: Vec<Run>) -> RowMap {
        runs.retain(|r| r.len > 0);
        runs.sort_unstable();
        let n_local = runs.iter().map(|r| r.len as usize).sum();
        let mut merged: Vec<Run> = Vec::new();
        for r in runs {
            match merged.last_mut() {
                Some(m) if m.file + m.len == r.file && m.local + m.len == r.local => m.len += r.len,
                _ => merged.push(r),
            }
        }
        merged.shrink_to_fit();
        RowMap { runs: merged, n_local }
    }

    /// From the file's row of each local row.
    pub fn from_rows(rows: impl Iterator<Item = u64>) -> RowMap {
        RowMap::new(rows.enumerate().map(|(l, file)| Run { file, len: 1, local: l as u64 }).collect())
    }

    /// Number of local rows.
    pub fn n_local(&self) -> usize {
        self.n_local
    }

    /// Reads this rank's rows into `out` (`n_local x width`). `place` makes the ranges of a block of the dataset from
    /// a range of rows.
    pub fn read<T: H5Type + Copy>(
        &self,
        table: &Table<'_>,
        width: usize,
        place: impl Fn(Range<usize>) -> Vec<Range<usize>>,
        out: &mut [T],
    ) -> Result<()> {
        let most = ((PIECE_BYTES / (width * size_of::<T>()).max(1)) as u64).max(1);
        let mut first = 0;
        while first < self.runs.len() {
            let start = self.runs[first].file;
            let mut end = start + self.runs[first].len;
            let mut last = first + 1;
            while let Some(r) = self.runs.get(last) {
                if r.file > end + GAP || r.file + r.len > start + most {
                    break;
                }
                end = end.max(r.file + r.len);
                last += 1;
            }
            let mut at = start;
            while at < end {
                let to = (at + most).min(end);
                let values = table.block::<T>(&place(at as usize..to as usize))?;
                for r in &self.runs[first..last] {
                    let (a, b) = (r.file.max(at), (r.file + r.len).min(to));
                    if a < b {
                        let n = (b - a) as usize * width;
                        let (from, into) =
                            ((a - at) as usize * width, (r.local + a - r.file) as usize * width);
                        out[into..into + n].copy_from_slice(&values[from..from + n]);
                    }
                }
                at = to;
            }
            first = last;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_follow_each_other_make_one_run() {
        let map = RowMap::from_rows([7u64, 3, 4, 5, 8].into_iter());
        assert_eq!(
            map.runs,
            [
                Run { file: 3, len: 3, local: 1 },
                Run { file: 7, len: 1, local: 0 },
                Run { file: 8, len: 1, local: 4 }
            ]
        );
    }

    #[test]
    fn rows_reach_the_root_in_order() {
        let comm = Comm::serial();
        let blocks = Blocks::new(&comm, 3);
        let mut seen = Vec::new();
        to_root(&comm, &blocks, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], |rows, v| {
            seen.push((rows, v.to_vec()));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(0..3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
        assert!(to_root(&comm, &blocks, 2, &[1.0], |_, _| Ok(())).is_err());
    }
}
