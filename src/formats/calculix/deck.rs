//! What a deck holds, as it holds it: numbers and names of CalculiX, in upper case. [`Deck::mesh`] makes a mesh of it.

use super::cards::Place;
use super::history::History;
use super::materials::DeckMaterial;
use super::reader;
use crate::error::{Error, Result};
use crate::mesh::ElementKind;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A deck.
#[derive(Debug, Clone, Default)]
pub struct Deck {
    /// The file, for messages.
    pub path: PathBuf,
    /// Number of each node, in the order of the file.
    pub node_ids: Vec<u64>,
    /// Coordinates of each node.
    pub points: Vec<[f64; 3]>,
    /// Elements, in the order of the file.
    pub elements: DeckElements,
    /// Node sets: numbers.
    pub node_sets: BTreeMap<String, Vec<u64>>,
    /// Element sets: numbers.
    pub element_sets: BTreeMap<String, Vec<u64>>,
    /// Surfaces of faces: element and face (from 1).
    pub surfaces: BTreeMap<String, Vec<(u64, u8)>>,
    /// Materials by name.
    pub materials: BTreeMap<String, DeckMaterial>,
    /// Solid sections: element set and material.
    pub sections: Vec<Section>,
    /// Steps and what acts in them.
    pub history: History,
    /// Cards that were skipped because they have no effect here.
    pub skipped: Vec<String>,
    /// The first thing that a case may not leave out and that is not read.
    pub refused: Option<(Place, String)>,
    /// What a reader of the case should be told.
    pub warnings: Vec<String>,
}

/// `*SOLID SECTION`.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Element set.
    pub set: String,
    /// Material.
    pub material: String,
    /// Where it stands.
    pub place: Place,
}

/// The elements of a deck; one entry each, but for the nodes.
#[derive(Debug, Clone, Default)]
pub struct DeckElements {
    /// Number.
    pub ids: Vec<u64>,
    /// Kind.
    pub kinds: Vec<ElementKind>,
    /// Node numbers of all elements, one after the other; the order is ours, too.
    pub nodes: Vec<u64>,
}

impl Deck {
    /// Reads a deck and the files that it includes. What a case may not leave out and is not read is remembered in
    /// [`Deck::refused`].
    ///
    /// # Errors
    /// File, line, value and remedy.
    pub fn read(path: &Path) -> Result<Deck> {
        reader::read(path)
    }

    pub(super) fn error(
        &self,
        place: &Place,
        problem: impl std::fmt::Display,
        remedy: impl std::fmt::Display,
    ) -> Error {
        Error::input(&self.path, place, problem, remedy)
    }
}

/// The kind that a CalculiX element type stands for.
pub(super) fn element_kind(name: &str) -> Option<ElementKind> {
    Some(match name {
        "C3D4" => ElementKind::C3d4R1,
        "C3D6" => ElementKind::C3d6R2,
        "C3D8" => ElementKind::C3d8,
        "C3D10" => ElementKind::C3d10R4,
        "C3D15" => ElementKind::C3d15R9,
        "C3D20" => ElementKind::C3d20,
        "C3D20R" => ElementKind::C3d20r,
        _ => return None,
    })
}
