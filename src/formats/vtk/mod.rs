//! Meshes of VTK: unstructured grids in XML (`.vtu`) and in the legacy format (`.vtk`).
//!
//! Read here and not by the crate `vtkio` (0.6.3): of files that VTK 9 writes it refuses every legacy one (version 5.1), most
//! compressed ones (VTK's default) and raw appended ones, and it panics on some. XML, base64 and zlib come from crates.
//!
//! Cells of lower dimension become sets: faces the face set `faces`. Integer arrays of the cells with one component become
//! sets too, named `<array>=<value>`: element sets for solids, face sets for faces, node sets for edges and corners.

mod legacy;
mod numbers;
mod vtu;

#[cfg(test)]
pub(in crate::formats) mod tests;

use super::cells::{Cells, Shape};
use crate::error::{Error, Result};
use crate::mesh::{ElementKind, FaceKind, Mesh};
use std::collections::BTreeSet;
use std::path::Path;

/// Remedy for what VTK does not write.
const DAMAGED: &str = "the file is damaged or truncated: write it again";
/// An array with more different values names no sets.
const MOST_SETS: usize = 1000;

/// An unstructured grid.
#[derive(Debug, Default)]
struct Grid {
    points: Vec<[f64; 3]>,
    /// Points of all cells.
    connectivity: Vec<i64>,
    /// End of each cell's points in `connectivity`.
    ends: Vec<i64>,
    /// VTK's numbers of the types.
    types: Vec<i64>,
    /// Integer arrays of the cells.
    arrays: Vec<(String, Vec<i64>)>,
}

/// Reads a mesh; the whole structure. Nodes and elements are labelled by their places in the file, from 1.
///
/// # Errors
/// File, place, value and remedy: another kind of data, a cell that is not supported, damage.
pub(super) fn read_mesh(path: &Path) -> Result<Mesh> {
    let bytes = std::fs::read(path)
        .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its path"))?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Mesh> {
    let grid = if bytes.starts_with(b"# vtk DataFile") {
        legacy::read(path, bytes)?
    } else {
        vtu::read(path, bytes)?
    };
    grid.mesh(path)
}

impl Grid {
    fn mesh(self, path: &Path) -> Result<Mesh> {
        let n = self.types.len();
        let wrong = |place: String, problem: String| Err(Error::input(path, place, problem, DAMAGED));
        if self.ends.len() != n {
            return wrong(String::new(), format!("{n} types for {} cells", self.ends.len()));
        }
        let sets: Vec<&(String, Vec<i64>)> = self
            .arrays
            .iter()
            .filter(|(_, v)| v.len() == n && v.iter().collect::<BTreeSet<_>>().len() <= MOST_SETS)
            .collect();
        let labels = (1..=self.points.len() as u64).collect();
        let mut cells = Cells::new(labels, self.points);
        let mut start = 0;
        for (i, (&end, &kind)) in self.ends.iter().zip(&self.types).enumerate() {
            let place = || format!("cell {}", i + 1);
            let found = usize::try_from(end).ok().and_then(|end| self.connectivity.get(start..end));
            let Some(nodes) = found else {
                return wrong(place(), format!("its points end at {end} of {}", self.connectivity.len()));
            };
            start += nodes.len();
            let shape = shape(kind).map_err(|what| {
                let remedy = "tetrahedra, wedges and hexahedra of 4, 10, 6, 15, 8, 20 points are read";
                Error::input(path, place(), format!("{what} is not supported"), remedy)
            })?;
            if nodes.len() != shape.n_nodes() {
                return wrong(
                    place(),
                    format!("has {} points where its type has {}", nodes.len(), shape.n_nodes()),
                );
            }
            let mut local = [0; 20];
            for (l, &p) in local.iter_mut().zip(nodes) {
                *l = match u32::try_from(p) {
                    Ok(l) if (l as usize) < cells.points.len() => l,
                    _ => return wrong(place(), format!("has the point {p} of {}", cells.points.len())),
                };
            }
            let local = &mut local[..nodes.len()];
            if let Shape::Solid(ElementKind::C3d6 | ElementKind::C3d15) = shape {
                turn_wedge(&cells.points, local);
            }
            let mut groups: Vec<String> = sets.iter().map(|(name, v)| format!("{name}={}", v[i])).collect();
            if let Shape::Face(_) = shape {
                groups.push("faces".to_owned());
            }
            cells.push(i as u64 + 1, shape, local, &groups);
        }
        cells.finish(path)
    }
}

fn shape(kind: i64) -> std::result::Result<Shape, String> {
    Ok(match kind {
        10 => Shape::Solid(ElementKind::C3d4),
        // 4 points, as other programs integrate it
        24 => Shape::Solid(ElementKind::C3d10R4),
        12 => Shape::Solid(ElementKind::C3d8),
        25 => Shape::Solid(ElementKind::C3d20),
        13 => Shape::Solid(ElementKind::C3d6),
        26 => Shape::Solid(ElementKind::C3d15),
        5 => Shape::Face(FaceKind::T3),
        22 => Shape::Face(FaceKind::T6),
        9 => Shape::Face(FaceKind::Q4),
        23 => Shape::Face(FaceKind::Q8),
        3 => Shape::Nodes(2),
        21 => Shape::Nodes(3),
        1 => Shape::Nodes(1),
        14 | 27 | 37 => return Err("a pyramid".to_owned()),
        29 | 33 => return Err("a hexahedron with 24 or 27 points".to_owned()),
        28 => return Err("a 9-point quadrilateral".to_owned()),
        32 => return Err("an 18-point wedge".to_owned()),
        11 => return Err("a voxel".to_owned()),
        42 => return Err("a polyhedron".to_owned()),
        other => return Err(format!("a cell of type {other}")),
    })
}

/// Programs differ in the direction of the first triangle of a wedge: VTK's own linear wedge looks away from the second
/// triangle, its quadratic one, and most files, towards it. Here it looks towards it.
fn turn_wedge(points: &[[f64; 3]], nodes: &mut [u32]) {
    let edge = |i: usize| -> [f64; 3] {
        std::array::from_fn(|c| points[nodes[i] as usize][c] - points[nodes[0] as usize][c])
    };
    let (a, b, h) = (edge(1), edge(2), edge(3));
    let normal = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    if normal.iter().zip(&h).map(|(n, h)| n * h).sum::<f64>() < 0.0 {
        for (i, j) in [(1, 2), (4, 5), (6, 8), (9, 11), (13, 14)] {
            if j < nodes.len() {
                nodes.swap(i, j);
            }
        }
    }
}
