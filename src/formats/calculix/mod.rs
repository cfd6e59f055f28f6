//! Files of CalculiX 2.20 ([`Deck`], [`frd`], [`dat`]).
//!
//! | file | reader |
//! |---|---|
//! | `.inp` (mesh, materials, steps and loads) | [`Deck`] |
//! | `.frd` (results at nodes, and the mesh) | [`frd::Frd`] |
//! | `.dat` (prints at integration points and nodes) | [`dat::Dat`], as fields of a mesh [`Prints`] |
//!
//! | of a deck | in the mesh |
//! |---|---|
//! | `C3D4`, `C3D6`, `C3D8`, `C3D10` | `c3d4_1`, `c3d6_2`, `c3d8`, `c3d10_4` |
//! | `C3D15`, `C3D20`, `C3D20R` | `c3d15_9`, `c3d20`, `c3d20r` |
//! | `*NSET`, `*ELSET`, `*SURFACE` | sets of their names, in upper case |
//! | `*DLOAD` on face n of a set, of an element | face sets `SET Pn`, `element 5 Pn` |
//! | loads on parts of sets | sets such as `3 nodes 6b1c…`, whose names tell their members |

mod cards;
#[cfg(test)]
pub(in crate::formats) mod damage_tests;
pub mod dat;
mod deck;
pub mod frd;
mod groups;
mod history;
mod law;
mod materials;
mod mesh;
mod prints;
mod reader;
mod source;
mod steps;
mod temperature;

pub use cards::Place;
pub use deck::{Deck, DeckElements, Section};
pub use groups::{Group, Groups};
pub use history::{Body, BodyLoad, Change, Changes, DeckAmplitude, DeckStep, History, Target};
pub use law::Unmapped;
pub use materials::{DeckMaterial, Hardening, Table};
pub use prints::Prints;
pub use temperature::{Knot, field as temperature_field};

use std::io::BufRead;
use std::path::Path;

/// Whether a `.inp` is a deck of CalculiX and not an input of Z-set: the first command has one star and not four.
pub fn is_deck(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut reader = std::io::BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, 1 << 16).read_until(b'\n', &mut line);
        if !read.is_ok_and(|n| n > 0) {
            return false;
        }
        let text = line.trim_ascii().to_ascii_lowercase();
        if text.starts_with(b"****calcul") {
            return false;
        }
        if text.first() == Some(&b'*') && text.get(1).is_some_and(u8::is_ascii_alphabetic) {
            return true;
        }
    }
}
