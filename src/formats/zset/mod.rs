//! Files of Z-set (Zebulon): meshes, results, inputs and material files.
//!
//! | file | reader |
//! |---|---|
//! | `.geof` (text), `.geo` (binary) | [`read_mesh`] |
//! | `.ut` | [`UtIndex`] |
//! | `.node`, `.integ` beside a `.ut` | [`Results`]; of a computation by sub-domains: [`SplitResults`]; either: [`Stored`] |
//! | temperature and pressure `.node` (bare records) | [`read_record`] |
//!
//! Everything leaves this folder in the internal conventions (`docs/conventions.md`): nodes of elements and faces in
//! VTK order, tensors in the order 11, 22, 33, 12, 23, 31, strains with engineering shears where asked for. The order
//! of integration points is Z-set's own, so their data are never permuted.

mod blocks;
mod elements;
mod geo;
mod geof;
pub mod inp;
mod layout;
mod lines;
pub mod material;
mod places;
mod records;
mod results;
mod runs;
mod source;
mod split;
mod subdomains;
mod ut;
mod writer;

#[cfg(test)]
pub(in crate::formats) mod damage_tests;
#[cfg(test)]
mod mesh_tests;

pub use blocks::{Block, Document, Row};
pub use elements::{element_order, face_order};
pub use inp::Inp;
pub use layout::Layout;
pub use material::ZsetMaterial;
pub use places::{Place, Places};
pub use records::read_record;
pub use results::{Results, TENSOR};
pub use source::{FieldSource, Shear, Stored};
pub use split::SplitResults;
pub use subdomains::{Decomposition, Piece, read_subdomains};
pub use ut::{Step, UtIndex};
pub use writer::{ResultWriter, write_geof, write_ut};

use crate::error::{Error, Result};
use crate::mesh::Mesh;
use std::path::Path;

/// Reads a mesh: `.geof` as text, `.geo` as binary. The result is closed as a whole structure
/// ([`Mesh::close_whole`]): positions follow the file, which is the order of every result file.
///
/// # Errors
/// File, place, value and remedy of the first thing that is wrong; a type of element that is not supported.
pub fn read_mesh(path: &Path) -> Result<Mesh> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("geof") => geof::read_geof(path),
        Some("geo") => geo::read_geo(path),
        _ => Err(Error::input(
            path,
            "",
            "the extension does not tell the format of the mesh",
            "name a .geof (text) or .geo (binary) file",
        )),
    }
}
