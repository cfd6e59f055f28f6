//! Files of Ansys MAPDL: the mesh of decks, `.cdb` (`CDWRITE`) and `.dat` (Workbench), and results ([`rst`]).
//!
//! | of a deck or result file | in the mesh |
//! |---|---|
//! | SOLID185, SOLID45 | `c3d8`; collapsed `c3d6`, `c3d4` |
//! | SOLID186, SOLID95 | `c3d20r`, or `c3d20` with full integration (KEYOPT(2) = 1, KEYOPT(11) = 0); collapsed `c3d15`, `c3d10_4` |
//! | SOLID187, SOLID92 | `c3d10_4` |
//! | MESH200, KEYOPT(1) 8 to 11 | `c3d4`, `c3d10_4`, `c3d8`, `c3d20r`: a mesh without physics |
//! | surfaces, contacts, beams, shells, … | left out, with a warning; other volumes and pyramids are refused |
//! | materials and element types | element sets `mat1`, `type1`, … |
//! | components (`CMBLOCK`) | sets of their names; a node component is a face set, too, where it holds all nodes of outer faces |
//! | SURF154 on outer faces | face set of their type: `type2` |
//! | the outer faces | face set `skin` |
//!
//! Nodes that no volume has are left out. Faces point outward. Nothing is converted: the units are the deck's.
//! Materials and loads of decks are not read here.

mod blocks;
mod columns;
mod deck;
mod lines;
mod mesh;
mod reader;
pub mod rst;
mod shapes;
mod skin;
mod types;

pub use deck::{Component, Deck, DeckElements};
pub use types::ElementType;

use crate::error::Result;
use crate::mesh::Mesh;
use std::path::Path;

/// Reads the mesh of a deck, or of a result file (`.rst`); the whole structure.
///
/// # Errors
/// As [`Deck::read`], [`rst::RstResults::open`] and [`Deck::mesh`].
pub fn read_mesh(path: &Path) -> Result<Mesh> {
    if path.extension().is_some_and(|e| e == "rst") {
        return rst::RstResults::open(path)?.deck()?.mesh();
    }
    Deck::read(path)?.mesh()
}
