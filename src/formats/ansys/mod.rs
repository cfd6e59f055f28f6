//! Files of Ansys MAPDL: mesh, materials and loads of decks, `.cdb` (`CDWRITE`) and `.dat` (Workbench, APDL input), and
//! results ([`rst`]).
//!
//! | of a deck or result file | in the mesh |
//! |---|---|
//! | SOLID185, SOLID45 | `c3d8b` (SOLID185 with KEYOPT(2) = 0), `c3d8`; collapsed `c3d6`, `c3d4` |
//! | SOLID186, SOLID95 | `c3d20r`, or `c3d20_14` with full integration (KEYOPT(2) = 1, KEYOPT(11) = 0); collapsed `c3d15`, `c3d10_4` |
//! | SOLID187, SOLID92 | `c3d10_4` |
//! | MESH200, KEYOPT(1) 8 to 11 | `c3d4`, `c3d10_4`, `c3d8`, `c3d20r`: a mesh without physics |
//! | PLANE182, KEYOPT(3) 0 or 2 | one layer of `c3d8`, 1 thick |
//! | surfaces, contacts, beams, shells, … | left out, with a warning; other volumes and pyramids are refused |
//! | materials and element types | element sets `mat1`, `type1`, … |
//! | components (`CMBLOCK`) | sets of their names; a node component is a face set, too, where it holds all nodes of outer faces |
//! | SURF154 on outer faces | face set of their type: `type2` |
//! | loads (`D`, `F`, `SFE`, `SF`) | sets `D_UX_1`, `F_X_1`, `P_1`, … of what is loaded alike |
//! | the outer faces | face set `skin` |
//!
//! Nodes that no volume has are left out. Faces point outward. Nothing is converted: the units are the deck's.
//! Parameters, arithmetic, `*DO` and `*IF` are carried out; solid modelling, `*USE` and `*GET` are not, and are refused
//! where a case would depend on them.

mod actions;
mod blocks;
mod columns;
mod commands;
#[cfg(test)]
pub(in crate::formats) mod damage_tests;
mod deck;
mod expression;
mod fields;
mod history;
mod law;
mod lines;
mod materials;
mod mesh;
mod mids;
mod planes;
mod reader;
pub mod rst;
mod select;
mod shapes;
mod skin;
mod temperatures;
mod types;
mod units;

pub use deck::{Component, Deck, DeckElements};
pub use history::{Changes, Group, History, LoadStep, Rotation};
pub use law::Unmapped;
pub use materials::{DeckMaterial, MaterialTable, TableRow};
pub use planes::Groups;
pub use types::ElementType;

use crate::error::{Error, Result};
use crate::mesh::Mesh;
use std::path::Path;

/// Reads the mesh of a deck, or of a result file (`.rst`); the whole structure.
///
/// # Errors
/// As [`Deck::read`], [`rst::RstResults::open`] and [`Deck::mesh`].
pub fn read_mesh(path: &Path) -> Result<Mesh> {
    if path.extension().is_some_and(|e| e == "rst") {
        let deck = rst::RstResults::open(path)?.deck()?;
        if let Some([_, a, b]) = deck.means.first() {
            let problem = format!(
                "{} mid-side nodes are missing, the first between nodes {a} and {b}",
                deck.means.len()
            );
            return Err(Error::input(
                path,
                "",
                problem,
                "it can be imported; to compute on it, mesh it with whole elements",
            ));
        }
        return deck.mesh();
    }
    Deck::read(path)?.mesh()
}

/// Temperatures of a deck at the end of a load step, or of a result file in a set (from 0), at positions of the `total`
/// nodes of its mesh.
///
/// # Errors
/// As [`Deck::read`] and [`Deck::temperatures`], or [`rst::RstResults::temperatures`]; the file is of another mesh.
pub fn read_temperatures(path: &Path, step: usize, total: u64, positions: &[u64]) -> Result<Vec<f64>> {
    let values = match path.extension().is_some_and(|e| e == "rst") {
        true => rst::RstResults::open(path)?.temperatures(step)?,
        false => Deck::read(path)?.temperatures(step)?,
    };
    let at = |p: &u64| usize::try_from(*p).ok().and_then(|p| values.get(p)).copied();
    match positions.iter().map(at).collect::<Option<Vec<f64>>>().filter(|_| values.len() as u64 == total) {
        Some(values) => Ok(values),
        None => {
            let problem = format!("gives {} nodes a temperature where the mesh has {total}", values.len());
            Err(Error::input(path, "", problem, "use it with its own mesh"))
        }
    }
}
