//! Meshes of files that list solids, their surfaces, edges and corners alike, as Gmsh and VTK do.

use super::ids::{keep_first, take_nodes};
use crate::error::{Error, Result};
use crate::mesh::{ElementKind, Face, FaceKind, Mesh};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What a cell becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Shape {
    /// An element.
    Solid(ElementKind),
    /// A face of a face set.
    Face(FaceKind),
    /// An edge or a corner with that many nodes: nodes of a node set.
    Nodes(usize),
}

impl Shape {
    pub fn n_nodes(self) -> usize {
        match self {
            Shape::Solid(kind) => kind.n_nodes(),
            Shape::Face(kind) => kind.n_nodes(),
            Shape::Nodes(n) => n,
        }
    }
}

/// The cells of a file, collected.
#[derive(Debug, Default)]
pub(in crate::formats) struct Cells {
    /// Label of each node.
    pub node_ids: Vec<u64>,
    /// Coordinates.
    pub points: Vec<[f64; 3]>,
    mesh: Mesh,
    faces: BTreeMap<String, Vec<(FaceKind, [u32; 8])>>,
}

impl Cells {
    /// Nodes with their labels, and no cells yet.
    pub fn new(node_ids: Vec<u64>, points: Vec<[f64; 3]>) -> Cells {
        Cells { node_ids, points, ..Cells::default() }
    }

    /// Adds a cell. `nodes`: positions in [`Cells::points`], VTK order; `groups`: names of the sets that it belongs to.
    pub fn push(&mut self, id: u64, shape: Shape, nodes: &[u32], groups: &[String]) {
        match shape {
            Shape::Solid(kind) => {
                let e = self.mesh.n_elements() as u32;
                self.mesh.push_element(id, kind, nodes);
                for name in groups {
                    self.mesh.element_sets.entry(name.clone()).or_default().push(e);
                }
            }
            Shape::Face(kind) => {
                let mut list = [0; 8];
                list[..nodes.len()].copy_from_slice(nodes);
                for name in groups {
                    self.faces.entry(name.clone()).or_default().push((kind, list));
                }
            }
            Shape::Nodes(_) => {
                for name in groups {
                    self.mesh.node_sets.entry(name.clone()).or_default().extend_from_slice(nodes);
                }
            }
        }
    }

    /// The mesh: nodes of no element left out, faces turned outward.
    ///
    /// # Errors
    /// There is no solid.
    pub fn finish(self, path: &Path) -> Result<Mesh> {
        let mut mesh = self.mesh;
        if mesh.n_elements() == 0 {
            let remedy =
                "give a mesh of tetrahedra, hexahedra or wedges, with a physical group of the volume in Gmsh";
            return Err(Error::input(path, "", "holds no solid elements", remedy));
        }
        let place = take_nodes(&mut mesh, &self.node_ids, &self.points);
        for set in mesh.node_sets.values_mut() {
            set.iter_mut().for_each(|n| *n = place[*n as usize]);
            set.retain(|&n| n != u32::MAX);
            keep_first(set);
        }
        let sides = sides(&mesh);
        for (name, faces) in self.faces {
            let set: &mut Vec<Face> = mesh.face_sets.entry(name).or_default();
            for (kind, mut nodes) in faces {
                let used = &mut nodes[..kind.n_nodes()];
                used.iter_mut().for_each(|n| *n = place[*n as usize]);
                if used.contains(&u32::MAX) {
                    continue;
                }
                let mut face = Face { kind, nodes, position: set.len() as u64 };
                // between two elements both sides are outward: the file's own is kept
                if let Some(&(outward, false)) = sides.get(&key(&face)) {
                    face.nodes = outward;
                }
                set.push(face);
            }
        }
        mesh.close_whole();
        Ok(mesh)
    }
}

/// Nodes of the sides of all elements, seen from outside, and whether two elements share the side.
fn sides(mesh: &Mesh) -> HashMap<[u32; 8], ([u32; 8], bool)> {
    let mut out: HashMap<[u32; 8], ([u32; 8], bool)> = HashMap::new();
    for (e, kind) in mesh.kinds.iter().enumerate() {
        let of_element = mesh.nodes_of(e);
        for side in kind.faces() {
            let Some(kind) = FaceKind::from_nodes(side.len()) else { continue };
            let mut nodes = [0; 8];
            nodes.iter_mut().zip(*side).for_each(|(n, &i)| *n = of_element[i]);
            let face = Face { kind, nodes, position: 0 };
            out.entry(key(&face)).and_modify(|s| s.1 = true).or_insert((nodes, false));
        }
    }
    out
}

/// The nodes of a face in ascending order.
fn key(face: &Face) -> [u32; 8] {
    let mut key = [u32::MAX; 8];
    key[..face.nodes().len()].copy_from_slice(face.nodes());
    key.sort_unstable();
    key
}
