//! Parts of the file made one mesh: nodes that parts share become one.

use super::hdf::Source;
use super::mesh_read::Header;
use crate::error::Result;
use crate::mesh::{Conventions, Mesh};
use std::ops::Range;

/// Labels of some rows; `None` where the file has none.
fn labels(file: &Source, name: &str, total: usize, rows: &Range<usize>) -> Result<Option<Vec<u64>>> {
    let Some(table) = file.optional(name)? else { return Ok(None) };
    table.expect(&[Some(total)])?;
    table.some::<u64>(rows.clone()).map(Some)
}

/// Size of the whole structure: the attribute, else what the labels tell, else the rows.
fn global_count(file: &Source, attribute: &str, index: &str, rows: usize) -> Result<u64> {
    if let Some(n) = file.attribute::<u64>("ferrom/mesh", attribute)? {
        return Ok(n);
    }
    let Some(table) = file.optional(index)? else { return Ok(rows as u64) };
    let mut most = 0;
    table.pieces::<u64>(|_, piece| {
        most = piece.into_iter().fold(most, |m, i| m.max(i.saturating_add(1)));
        Ok(())
    })?;
    Ok(most)
}

/// Conventions of the mesh; files without them are older than CalculiX' came in.
fn conventions(file: &Source) -> Result<Conventions> {
    let Some(name) = file.attribute_text("ferrom/mesh", "conventions")? else {
        return Ok(Conventions::Exact);
    };
    Conventions::from_name(&name).ok_or_else(|| {
        let place = "ferrom/mesh, attribute conventions";
        file.wrong(place, format!("'{name}' is not known"), "known are exact and calculix")
    })
}

/// The mesh of some consecutive parts, nodes and elements in the order of the whole structure, without sets.
pub(super) fn merge_parts(file: &Source, header: &Header, parts: Range<usize>) -> Result<Mesh> {
    let n_parts = header.n_parts();
    let (all_nodes, all_elements) = (header.nodes[n_parts], header.elements[n_parts]);
    let node_rows = header.nodes[parts.start]..header.nodes[parts.end];
    let element_rows = header.elements[parts.start]..header.elements[parts.end];
    let mut mesh = Mesh {
        n_nodes_global: global_count(file, "n_nodes", "ferrom/mesh/node_index", all_nodes)?,
        n_elements_global: global_count(file, "n_elements", "ferrom/mesh/element_index", all_elements)?,
        conventions: conventions(file)?,
        ..Mesh::default()
    };
    let small = |what: &str, n: usize| {
        let problem =
            format!("{n} {what} in one group of parts are more than the 4294967295 that a rank can number");
        u32::try_from(n).map_err(|_| file.wrong("VTKHDF", problem, "use more ranks"))
    };
    small("nodes", node_rows.len())?;
    small("connectivity entries", header.connectivity[parts.end] - header.connectivity[parts.start])?;

    // Nodes: one local node per position in the whole structure.
    let index = labels(file, "ferrom/mesh/node_index", all_nodes, &node_rows)?;
    if index.is_none() && n_parts > 1 {
        let problem = format!("is missing, and the mesh has {n_parts} parts");
        let remedy =
            "write the position of each node row in the whole structure, so that parts can be joined";
        return Err(file.wrong("ferrom/mesh/node_index", problem, remedy));
    }
    let index = index.unwrap_or_else(|| (0..all_nodes as u64).collect());
    let order = sorted(&index);
    let ids = labels(file, "ferrom/mesh/node_ids", all_nodes, &node_rows)?;
    let points = file.dataset("VTKHDF/Points")?;
    let flat = points.block::<f64>(&[node_rows.clone(), 0..3])?;
    if let Some(bad) = flat.iter().position(|x| !x.is_finite()) {
        let problem = format!("node row {} has the coordinate {}", node_rows.start + bad / 3, flat[bad]);
        return Err(points.wrong(problem, "coordinates must be finite"));
    }
    let mut local = vec![0u32; index.len()];
    let part_of = |row: usize| header.nodes.partition_point(|s| *s <= node_rows.start + row);
    let mut previous = None;
    for &row in &order {
        let (row, g) = (row as usize, index[row as usize]);
        if g >= mesh.n_nodes_global {
            let problem = format!("names position {g} but the structure has {} nodes", mesh.n_nodes_global);
            return Err(file.wrong("ferrom/mesh/node_index", problem, "positions count from 0"));
        }
        match previous {
            Some((p, at)) if p == g => {
                if part_of(at) == part_of(row) {
                    let problem = format!("names position {g} twice in one part");
                    return Err(file.wrong(
                        "ferrom/mesh/node_index",
                        problem,
                        "every node of a part has its own",
                    ));
                }
            }
            _ => {
                mesh.node_index.push(g);
                mesh.node_ids.push(ids.as_ref().map_or(g + 1, |ids| ids[row]));
                mesh.points.push([flat[3 * row], flat[3 * row + 1], flat[3 * row + 2]]);
            }
        }
        previous = Some((g, row));
        local[row] = (mesh.node_index.len() - 1) as u32;
    }

    // Elements.
    let cells = read_cells(file, header, &parts, &local)?;
    let index = labels(file, "ferrom/mesh/element_index", all_elements, &element_rows)?
        .unwrap_or_else(|| element_rows.clone().map(|e| e as u64).collect());
    let ids = labels(file, "ferrom/mesh/element_ids", all_elements, &element_rows)?;
    let kinds = header.kinds(file, element_rows.clone())?;
    mesh.offsets.push(0);
    for row in sorted(&index) {
        let row = row as usize;
        let (g, kind, nodes) =
            (index[row], kinds[row], &cells.nodes[cells.starts[row]..cells.starts[row + 1]]);
        if g >= mesh.n_elements_global || mesh.element_index.last() == Some(&g) {
            let problem =
                format!("position {g} appears twice or is not below the {} elements", mesh.n_elements_global);
            return Err(file.wrong(
                "ferrom/mesh/element_index",
                problem,
                "every element has its own, counted from 0",
            ));
        }
        if nodes.len() != kind.n_nodes() {
            let row = element_rows.start + row;
            let problem = format!(
                "element row {row} ({kind}) has {} nodes where {} are due",
                nodes.len(),
                kind.n_nodes()
            );
            return Err(file.wrong("VTKHDF/Offsets", problem, "make Offsets and Types agree"));
        }
        mesh.element_index.push(g);
        mesh.element_ids.push(ids.as_ref().map_or(g + 1, |ids| ids[row]));
        mesh.kinds.push(kind);
        mesh.connectivity.extend_from_slice(nodes);
        mesh.offsets.push(mesh.connectivity.len() as u32);
    }
    Ok(mesh)
}

/// Rows in the order of their labels.
fn sorted(index: &[u64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..index.len() as u32).collect();
    if !index.is_sorted() {
        order.sort_by_key(|&r| index[r as usize]);
    }
    order
}

struct Cells {
    starts: Vec<usize>,
    nodes: Vec<u32>,
}

/// Connectivity of some parts in merged local nodes.
fn read_cells(file: &Source, header: &Header, parts: &Range<usize>, local: &[u32]) -> Result<Cells> {
    let (connectivity, offsets) = (file.dataset("VTKHDF/Connectivity")?, file.dataset("VTKHDF/Offsets")?);
    let mut cells = Cells { starts: vec![0], nodes: Vec::new() };
    for p in parts.clone() {
        let n_nodes = header.nodes[p + 1] - header.nodes[p];
        let first = header.nodes[p] - header.nodes[parts.start];
        for n in connectivity.some::<i64>(header.connectivity[p]..header.connectivity[p + 1])? {
            let node = usize::try_from(n).ok().filter(|n| *n < n_nodes).ok_or_else(|| {
                let problem = format!("names node {n} in part {p}, which has {n_nodes} nodes");
                connectivity.wrong(problem, "connectivity counts from 0 in each part")
            })?;
            cells.nodes.push(local[first + node]);
        }
        // Offsets has one entry more than elements in every part.
        let starts = offsets.some::<i64>(header.elements[p] + p..header.elements[p + 1] + p + 1)?;
        let due = header.connectivity[p + 1] - header.connectivity[p];
        let ends_well =
            starts.first() == Some(&0) && starts.last().is_some_and(|e| usize::try_from(*e) == Ok(due));
        if !ends_well || !starts.is_sorted() {
            let problem = format!("does not grow from 0 to {due} in part {p}");
            return Err(
                offsets.wrong(problem, "give the start of each element's nodes and the end, for every part")
            );
        }
        let base = header.connectivity[p] - header.connectivity[parts.start];
        // Sorted between 0 and `due`, so never negative.
        cells.starts.extend(starts[1..].iter().map(|s| base + s.unsigned_abs() as usize));
    }
    Ok(cells)
}
