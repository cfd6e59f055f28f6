//! Result files of Ansys MAPDL (`.rst`), versions 13 to 25, and the parts of distributed runs.
//!
//! [`Rst`] is one file as it is: Ansys' own numbers, orders and systems, every record as stored. [`RstResults`] is a
//! computation, of one file or of parts, for those who want a mesh and fields on it: global axes, our orders.
//!
//! Records are decoded from a window of the file, one at a time: the memory needed is that of the lists of nodes and
//! elements and of the record asked for, never that of the file. Every address and count is checked against the size of
//! the file before anything is allocated.
//!
//! Not read: records compressed by zlib, big-endian files, complex and modal results as fields (the raw values are).

mod case;
mod elements;
mod geometry;
mod header;
mod materials;
mod mesh;
mod nodal;
mod points;
mod quantities;
mod record;
mod results;
mod set;
mod source;

pub use elements::{ElementRecord, ElementTable, StoredRecord};
pub use geometry::{RstElementType, RstElements, RstNode};
pub use header::{RstHeader, StoredSet};
pub use materials::{RstMaterial, RstProperty, RstTable};
pub use nodal::{NodalKind, NodalValues, NodeValue};
pub use results::RstResults;
pub use set::SetHeader;

use crate::error::{Error, Result};
use geometry::Geometry;
use source::Source;
use std::path::Path;

/// One result file, open.
#[derive(Debug)]
pub struct Rst {
    source: Source,
    /// What it says of itself.
    pub header: RstHeader,
    /// Number of each node, in the order of the nodal results: neither sorted nor that of the coordinates.
    pub nodes: Vec<u32>,
    /// Number of each element, in the order of the element results.
    pub elements: Vec<u32>,
    /// The sets, in the order of time.
    pub sets: Vec<StoredSet>,
    geometry: Geometry,
    /// Word of the list of nodes of all parts; 0: none.
    global_nodes: u64,
}

impl Rst {
    /// Opens a file and reads its headers and lists.
    ///
    /// # Errors
    /// It is no result file of Ansys, or damaged: file, place, value.
    pub fn open(path: &Path) -> Result<Rst> {
        Rst::of_source(Source::open(path, "name the .rst in it")?)
    }

    /// A file that is in memory; `path` is for messages.
    ///
    /// # Errors
    /// As [`Rst::open`].
    pub fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Rst> {
        Rst::of_source(Source::of_bytes(path, bytes))
    }

    fn of_source(source: Source) -> Result<Rst> {
        let mut reader = source.reader();
        let index = header::read(&mut reader)?;
        let geometry = Geometry::read(&mut reader, index.geometry)?;
        Ok(Rst {
            header: index.header,
            nodes: index.nodes,
            elements: index.elements,
            sets: index.sets,
            geometry,
            global_nodes: index.global_nodes,
            source,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Numbers of the nodes of all parts, in the first part of a distributed run; `None` in other files.
    ///
    /// # Errors
    /// The record is damaged.
    pub fn nodes_of_all_parts(&self) -> Result<Option<Vec<u32>>> {
        if self.global_nodes == 0 {
            return Ok(None);
        }
        let n = usize::try_from(self.header.global_nodes).unwrap_or(usize::MAX);
        header::labels(&mut self.source.reader(), self.global_nodes, n, "list of the nodes of all parts")
            .map(Some)
    }

    fn set(&self, set: usize) -> Result<&StoredSet> {
        self.sets.get(set).ok_or_else(|| {
            let problem = format!("set {} was asked for, of {}", set.saturating_add(1), self.sets.len());
            Error::input(&self.source.path, "", problem, "sets are counted from 1")
        })
    }
}
