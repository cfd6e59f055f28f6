//! What a deck holds, as it holds it: numbers, order and node lists of Ansys. [`Deck::mesh`] makes a mesh of it.

use super::history::History;
use super::materials::DeckMaterial;
use super::reader;
use super::types::ElementType;
use crate::error::Result;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Nodes, elements, element types and components of a deck.
#[derive(Debug, Clone, Default)]
pub struct Deck {
    /// The file, for messages.
    pub path: PathBuf,
    /// Number of each node, in the order of the file.
    pub node_ids: Vec<u64>,
    /// Global Cartesian coordinates of each node, in the unit of the deck.
    pub points: Vec<[f64; 3]>,
    /// Angles (degrees; xy, yz, zx) of the coordinate system of each node whose system is not the global one, by
    /// position.
    pub angles: BTreeMap<usize, [f64; 3]>,
    /// Elements, in the order of the file.
    pub elements: DeckElements,
    /// Mid-side nodes that were put back in results, ascending: number, and the ends of their edge.
    pub means: Vec<[u64; 3]>,
    /// Element types by their number in the deck.
    pub types: BTreeMap<u32, ElementType>,
    /// Node components (`CMBLOCK`).
    pub node_components: BTreeMap<String, Component>,
    /// Element components (`CMBLOCK`).
    pub element_components: BTreeMap<String, Component>,
    /// System of units that `/UNITS` names. Nothing is converted.
    pub units: Option<String>,
    /// Loads and load steps; without `SOLVE` all of it is one load step.
    pub history: History,
    /// Materials by number.
    pub materials: BTreeMap<u32, DeckMaterial>,
    /// `ETCON,SET`: key options of the formulation are chosen by Ansys (SOLID186: reduced integration).
    pub best_options: bool,
    /// Line of `NLGEOM,ON`.
    pub large_strains: Option<usize>,
    /// Commands that were skipped because they have no effect here.
    pub skipped: Vec<String>,
    /// Line and name of the first command that a case may not leave out and that is not read.
    pub refused: Option<(usize, String)>,
}

/// The elements of a deck; one entry each, but for the nodes.
#[derive(Debug, Clone, Default)]
pub struct DeckElements {
    /// Number.
    pub ids: Vec<u64>,
    /// Material number.
    pub materials: Vec<u32>,
    /// Number of the element type in the deck.
    pub types: Vec<u32>,
    /// Line of the file.
    pub lines: Vec<usize>,
    /// End of each element's nodes in `nodes`.
    pub ends: Vec<usize>,
    /// Node numbers of all elements, one after the other, 0 where there is no node.
    pub nodes: Vec<u64>,
}

impl DeckElements {
    /// Node numbers of the element at position `e`.
    pub fn nodes_of(&self, e: usize) -> &[u64] {
        let start = if e == 0 { 0 } else { self.ends[e - 1] };
        &self.nodes[start..self.ends[e]]
    }
}

/// Numbers of the members of a component, as ranges (both ends belong to them) in ascending order without overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component(Vec<(u64, u64)>);

impl Component {
    /// From ranges in any order.
    pub(super) fn new(mut ranges: Vec<(u64, u64)>) -> Component {
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Component(merged)
    }

    /// Whether a number belongs to it.
    pub fn contains(&self, id: u64) -> bool {
        let after = self.0.partition_point(|r| r.0 <= id);
        after > 0 && id <= self.0[after - 1].1
    }

    /// How many numbers it holds.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|r| r.1 - r.0).fold(self.0.len() as u64, u64::saturating_add)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Deck {
    /// Reads a deck (`.cdb` of `CDWRITE`, `.dat` of Workbench). What a case may not
    /// leave out and is not read is remembered in [`Deck::refused`].
    ///
    /// # Errors
    /// File, line, value and remedy: a block that is damaged, a command that changes the mesh in a way that is not
    /// read.
    pub fn read(path: &Path) -> Result<Deck> {
        reader::read(path)
    }
}
