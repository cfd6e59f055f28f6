//! Meshes on any number of ranks, and their partition.

use crate::error::{Error, Result};
use crate::formats;
use crate::mesh::{Mesh, Subdomain, distribute};
use crate::parallel::{Comm, agree};
use std::path::Path;

/// Reads a mesh file and gives each rank its subdomain.
///
/// # Errors
/// The file is not a mesh; more ranks than elements.
///
/// # Collective
pub fn load_mesh(comm: &Comm, path: &Path) -> Result<Subdomain> {
    let whole = if comm.is_root() { formats::read_mesh(path).map(Some) } else { Ok(None) };
    let whole = agree(comm, whole)?;
    let mesh = distribute(comm, whole, None)?;
    Ok(Subdomain::new(comm, mesh))
}
