//! Meshes on any number of ranks, and their partition.

use crate::error::{Error, Result};
use crate::formats;
use crate::mesh::{Mesh, Subdomain, distribute, restrict};
use crate::parallel::{Comm, agree};
use crate::store::{stored_mesh, write_parts};
use std::path::Path;

/// Reads a mesh file and gives each rank its subdomain. Of a store of ours the parts are kept where there are enough.
///
/// # Errors
/// The file is not a mesh; more ranks than elements.
///
/// # Collective
pub fn load_mesh(comm: &Comm, path: &Path) -> Result<Subdomain> {
    if path.extension().is_some_and(|e| e == "h5" || e == "vtkhdf") {
        return stored_mesh(comm, path);
    }
    let whole = if comm.is_root() { formats::read_mesh(path).map(Some) } else { Ok(None) };
    let whole = agree(comm, whole)?;
    share_mesh(comm, whole, None).map_err(|e| of_file(e, path))
}

/// Names the mesh file in an error that does not.
pub(super) fn of_file(e: Error, path: &Path) -> Error {
    if e.message.starts_with(&path.display().to_string()) { e } else { e.while_doing(path.display()) }
}

/// Gives each rank its subdomain of the mesh that rank 0 holds; `part`: the rank of each element, where it is given.
///
/// # Collective
pub(super) fn share_mesh(comm: &Comm, whole: Option<Mesh>, part: Option<Vec<u32>>) -> Result<Subdomain> {
    let mesh = distribute(comm, whole, part)?;
    Ok(Subdomain::new(comm, mesh))
}

/// Gives every rank the quantities, with their components, that rank 0 knows.
///
/// # Collective
pub(super) fn share_quantities(comm: &Comm, known: Vec<(String, usize)>) -> Vec<(String, usize)> {
    let mut text: Vec<u8> =
        known.into_iter().flat_map(|(name, n)| format!("{name} {n}\n").into_bytes()).collect();
    comm.broadcast_vec(&mut text, 0);
    let entry =
        |line: &str| line.split_once(' ').and_then(|(name, n)| Some((name.to_owned(), n.parse().ok()?)));
    String::from_utf8_lossy(&text).lines().filter_map(entry).collect()
}

/// Writes a mesh cut into `parts` subdomains to `out`, a store without times that a case can name as its mesh; returns
/// the number of elements of each. The work of one rank.
///
/// # Errors
/// The mesh cannot be read; more parts than elements; the output cannot be written.
pub fn partition(path: &Path, parts: usize, out: &Path) -> Result<Vec<usize>> {
    super::check_output(&Comm::serial(), out, &[path])?;
    let mesh = formats::read_mesh(path)?;
    let part = crate::mesh::partition(&mesh, parts).map_err(|e| of_file(e.into(), path))?;
    let pieces = restrict(&mesh, &part, parts);
    let sizes = pieces.iter().map(Mesh::n_elements).collect();
    write_parts(out, &mesh, &pieces)?;
    Ok(sizes)
}
