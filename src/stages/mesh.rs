//! Meshes on any number of ranks, and their partition.

use crate::error::Result;
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
    share_mesh(comm, whole)
}

/// Gives each rank its subdomain of the mesh that rank 0 holds.
///
/// # Collective
pub(super) fn share_mesh(comm: &Comm, whole: Option<Mesh>) -> Result<Subdomain> {
    let mesh = distribute(comm, whole, None)?;
    Ok(Subdomain::new(comm, mesh))
}

/// Writes a mesh cut into `parts` subdomains as a store without times, one part each.
///
/// # Errors
/// The mesh cannot be read; more parts than elements; the output cannot be written.
pub fn partition(path: &Path, parts: usize) -> Result<(Mesh, Vec<u32>)> {
    let mesh = formats::read_mesh(path)?;
    let part = crate::mesh::partition(&mesh, parts)?;
    Ok((mesh, part))
}
