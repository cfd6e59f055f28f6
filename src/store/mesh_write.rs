//! The mesh into the file: VTKHDF geometry, one part per rank, and the labels and sets that VTKHDF has no slot for.

use super::output::Output;
use super::rows::{Blocks, to_root};
use super::sets;
use crate::error::Result;
use crate::mesh::{ElementKind, Mesh};
use crate::parallel::{Comm, Wire, agree};
use hdf5::H5Type;

/// Rows of the file by rank.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Nodes: interface nodes once per rank that holds them.
    pub nodes: Blocks,
    /// Elements.
    pub elements: Blocks,
    /// Integration points.
    pub points: Blocks,
}

impl Layout {
    /// Of the subdomains of all ranks.
    ///
    /// # Collective
    pub fn new(comm: &Comm, mesh: &Mesh) -> Layout {
        Layout::of_parts(comm, std::slice::from_ref(mesh))
    }

    /// Of several parts on each rank.
    ///
    /// # Collective
    pub fn of_parts(comm: &Comm, parts: &[Mesh]) -> Layout {
        let total = |of: fn(&Mesh) -> usize| Blocks::new(comm, parts.iter().map(of).sum());
        Layout {
            nodes: total(Mesh::n_nodes),
            elements: total(Mesh::n_elements),
            points: total(Mesh::n_points),
        }
    }
}

/// Does something to the file on rank 0; all ranks learn how it went.
///
/// # Collective
pub(super) fn on_root(
    comm: &Comm,
    out: &mut Option<Output>,
    act: impl FnOnce(&mut Output) -> Result<()>,
) -> Result<()> {
    let done = match out {
        Some(out) => act(out),
        None => Ok(()),
    };
    agree(comm, done)
}

/// Writes a distributed array of known length: `width` values per row, a second dimension only where it is above 1.
///
/// # Collective
pub(super) fn put<T: Wire + H5Type>(
    comm: &Comm,
    out: &mut Option<Output>,
    name: &str,
    blocks: &Blocks,
    width: usize,
    mine: &[T],
) -> Result<()> {
    let shape = if width == 1 { vec![blocks.total()] } else { vec![blocks.total(), width] };
    on_root(comm, out, |out| out.dataset::<T>(name, &shape, false, 0))?;
    to_root(comm, blocks, width, mine, |rows, values| match out {
        Some(out) if width == 1 => out.write(name, &[rows], values),
        Some(out) => out.write(name, &[rows, 0..width], values),
        None => Ok(()),
    })?;
    on_root(comm, out, |out| out.close(name))
}

/// Writes mesh, labels and sets: one part per rank.
///
/// # Errors
/// What writing fails with, the same on every rank.
///
/// # Collective
pub(super) fn write_mesh(comm: &Comm, out: &mut Option<Output>, mesh: &Mesh, layout: &Layout) -> Result<()> {
    write_mesh_parts(comm, out, std::slice::from_ref(mesh), mesh, layout)
}

/// As [`write_mesh`], for a rank that holds several parts; `sets` are taken from another mesh of the same structure.
///
/// # Errors
/// What writing fails with, the same on every rank.
///
/// # Collective
pub(super) fn write_mesh_parts(
    comm: &Comm,
    out: &mut Option<Output>,
    parts: &[Mesh],
    sets: &Mesh,
    layout: &Layout,
) -> Result<()> {
    let count = |of: fn(&Mesh) -> usize| -> Vec<i64> { parts.iter().map(|m| of(m) as i64).collect() };
    let one = Blocks::new(comm, parts.len());
    put(comm, out, "VTKHDF/NumberOfPoints", &one, 1, &count(Mesh::n_nodes))?;
    put(comm, out, "VTKHDF/NumberOfCells", &one, 1, &count(Mesh::n_elements))?;
    put(comm, out, "VTKHDF/NumberOfConnectivityIds", &one, 1, &count(|m| m.connectivity.len()))?;
    let points: Vec<f64> = parts.iter().flat_map(|m| m.points.as_flattened()).copied().collect();
    put(comm, out, "VTKHDF/Points", &layout.nodes, 3, &points)?;
    let ids: Vec<i64> = parts.iter().flat_map(|m| &m.connectivity).map(|&n| i64::from(n)).collect();
    put(comm, out, "VTKHDF/Connectivity", &Blocks::new(comm, ids.len()), 1, &ids)?;
    let mut offsets: Vec<i64> = Vec::new();
    for mesh in parts {
        // a part without elements has one offset all the same
        offsets.extend(mesh.offsets.iter().take(1.max(mesh.n_elements() + 1)).map(|&o| i64::from(o)));
        if mesh.offsets.is_empty() {
            offsets.push(0);
        }
    }
    put(comm, out, "VTKHDF/Offsets", &Blocks::new(comm, offsets.len()), 1, &offsets)?;
    let types: Vec<u8> = parts.iter().flat_map(|m| &m.kinds).map(|k| k.vtk_type()).collect();
    put(comm, out, "VTKHDF/Types", &layout.elements, 1, &types)?;

    on_root(comm, out, |out| {
        out.group("ferrom/mesh")?;
        out.attribute("ferrom/mesh", "n_nodes", &[sets.n_nodes_global])?;
        out.attribute("ferrom/mesh", "n_elements", &[sets.n_elements_global])?;
        let names: Vec<&str> = ElementKind::ALL.iter().map(|k| k.name()).collect();
        out.attribute_text("ferrom/mesh", "kind_names", &names.join(" "))?;
        out.attribute_text("ferrom/mesh", "conventions", sets.conventions.name())
    })?;
    let labels = |of: fn(&Mesh) -> &Vec<u64>| -> Vec<u64> { parts.iter().flat_map(of).copied().collect() };
    put(comm, out, "ferrom/mesh/node_ids", &layout.nodes, 1, &labels(|m| &m.node_ids))?;
    put(comm, out, "ferrom/mesh/node_index", &layout.nodes, 1, &labels(|m| &m.node_index))?;
    put(comm, out, "ferrom/mesh/element_ids", &layout.elements, 1, &labels(|m| &m.element_ids))?;
    put(comm, out, "ferrom/mesh/element_index", &layout.elements, 1, &labels(|m| &m.element_index))?;
    let kinds: Vec<u8> = parts.iter().flat_map(|m| &m.kinds).map(|k| k.code()).collect();
    put(comm, out, "ferrom/mesh/kinds", &layout.elements, 1, &kinds)?;
    sets::write(comm, out, sets)
}
