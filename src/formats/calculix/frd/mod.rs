//! Results of CalculiX (`.frd`): text with short or long labels, binary with 4- or 8-byte numbers (little-endian).
//!
//! Source: the format as the manual of CalculiX GraphiX (section "Result Format") gives it and `ccx` 2.20 writes it.
//!
//! ```text
//!     2C   nodes            -1 label x y z           | int32 label, 3 float64 (float32: format 2 of other programs)
//!     3C   elements         -1 label type group mat, -2 nodes  | int32 label, type, group, material, nodes
//!   100C   values at nodes: time, count, format
//!    -4    name, number of components;  -5  component (column 33: 1 = derived, not stored)
//!    -1    label, 6 values; -2 the next 6           | int32 label, float32 or float64 values
//!    -3    end of a block of text;   9999 end of the file
//! ```
//!
//! [`Frd::open`] notes where the blocks are; [`Frd::read`] reads one. The memory needed is that of the block asked for.
//! A file that ends at the border of a block, as while CalculiX still runs, is read up to there: [`Frd::cut`].

mod block;
mod index;
mod mesh;
mod write;

#[cfg(test)]
pub(in crate::formats) mod damage_tests;
#[cfg(test)]
mod tests;

pub use block::{Block, Encoding, NodalValues};
pub use mesh::{ElementType, FrdElements, FrdNodes};
pub use write::{FrdWriter, NodalQuantity};

use super::source::{self, Source};
use crate::error::{Error, Result};
use std::path::Path;

/// A result file, open.
#[derive(Debug)]
pub struct Frd {
    source: Source,
    nodes: index::Listing,
    elements: Option<index::Listing>,
    /// The blocks of values, in the order of the file.
    pub blocks: Vec<Block>,
    /// Where the file ends although it is not complete: `None` for one that CalculiX has closed.
    pub cut: Option<String>,
}

/// The blocks of one increment.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Number of the step, from 1.
    pub step: u32,
    /// Number of the increment in its step, from 1.
    pub increment: u32,
    /// Total time, with the 10 digits of the file.
    pub time: f64,
    /// Positions in [`Frd::blocks`].
    pub blocks: std::ops::Range<usize>,
}

impl Frd {
    /// Opens a file and notes its blocks.
    ///
    /// # Errors
    /// It is no `.frd` file, or damaged: file, place, value, remedy. A block of values in which the file ends is left out.
    pub fn open(path: &Path) -> Result<Frd> {
        index::read(source::open(path)?)
    }

    /// A file that is in memory; `path` is for messages.
    ///
    /// # Errors
    /// As [`Frd::open`].
    pub fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Frd> {
        index::read(Source::of_bytes(path, bytes))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The increments, in the order of the file.
    pub fn states(&self) -> Vec<State> {
        let mut states: Vec<State> = Vec::new();
        for (i, b) in self.blocks.iter().enumerate() {
            match states.last_mut() {
                Some(s) if (s.step, s.increment, s.time) == (b.step, b.increment, b.time) => {
                    s.blocks.end = i + 1
                }
                _ => states.push(State {
                    step: b.step,
                    increment: b.increment,
                    time: b.time,
                    blocks: i..i + 1,
                }),
            }
        }
        states
    }

    /// Position of the block of that name (`DISP`, `STRESS`, …) in an increment.
    pub fn find(&self, state: &State, name: &str) -> Option<usize> {
        state.blocks.clone().find(|&b| self.blocks[b].name == name)
    }

    /// The values of a block, in the order of the file.
    ///
    /// # Errors
    /// The block is damaged, or a value is not finite: node and component.
    pub fn read(&self, block: usize) -> Result<NodalValues> {
        let b = self.block(block)?;
        // a value takes at least 4 bytes
        let room = usize::try_from(self.source.size / 4).unwrap_or(usize::MAX);
        let mut out = NodalValues {
            nodes: Vec::with_capacity(b.records.min(room)),
            components: b.components.len(),
            values: Vec::with_capacity(b.records.saturating_mul(b.components.len()).min(room)),
        };
        self.visit(block, |node, values| {
            out.nodes.push(node);
            out.values.extend_from_slice(values);
            Ok(())
        })?;
        Ok(out)
    }

    /// The values of a block at some nodes: `nodes x components`, in the order asked for.
    ///
    /// # Errors
    /// As [`Frd::read`]; the block has nothing at one of the nodes.
    pub fn read_at(&self, block: usize, nodes: &[u64]) -> Result<Vec<f64>> {
        let b = self.block(block)?;
        let n = b.components.len();
        let places = crate::formats::ids::IdMap::new(nodes).map_err(|(first, _)| {
            Error::run(format!("{}: node {} was asked for twice", self.path().display(), nodes[first]))
        })?;
        let mut values = vec![f64::NAN; nodes.len() * n];
        self.visit(block, |node, found| {
            if let Some(at) = places.get(node) {
                values[at as usize * n..][..n].copy_from_slice(found);
            }
            Ok(())
        })?;
        match nodes.iter().zip(values.chunks_exact(n)).find(|(_, v)| v[0].is_nan()) {
            None => Ok(values),
            Some((node, _)) => {
                let problem = format!("holds nothing at node {node}");
                Err(Error::input(
                    self.path(),
                    b.place(),
                    problem,
                    "write the results at all nodes (no NSET=)",
                ))
            }
        }
    }

    fn block(&self, block: usize) -> Result<&Block> {
        self.blocks.get(block).ok_or_else(|| {
            let problem = format!("block {block} was asked for, of {}", self.blocks.len());
            Error::input(self.path(), "", problem, "blocks are counted from 0")
        })
    }
}
