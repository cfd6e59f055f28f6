//! The outer faces of a mesh: those that belong to one element only. Their normals point out of it.

use crate::mesh::{Face, FaceKind, Mesh};

/// Vertices of a face in ascending order; the fourth of a triangle is `u32::MAX`.
pub(super) type Key = [u32; 4];

/// The outer faces, by element.
pub(super) struct Skin {
    faces: Vec<Face>,
    /// Vertices and place in `faces`, ascending.
    keys: Vec<(Key, u32)>,
}

/// The key of some vertices; `None` for less than three or more than four.
pub(super) fn key(vertices: &[u32]) -> Option<Key> {
    let mut key = [u32::MAX; 4];
    if !(3..=4).contains(&vertices.len()) {
        return None;
    }
    key[..vertices.len()].copy_from_slice(vertices);
    key.sort_unstable();
    Some(key)
}

impl Skin {
    /// Finds the outer faces.
    pub fn new(mesh: &Mesh) -> Skin {
        let mut all: Vec<(Key, u32, u8)> = Vec::new();
        for (e, kind) in mesh.kinds.iter().enumerate() {
            let nodes = mesh.nodes_of(e);
            for (f, face) in kind.faces().iter().enumerate() {
                let n = if face.len() % 3 == 0 { 3 } else { 4 };
                let mut vertices = [0; 4];
                vertices.iter_mut().zip(*face).for_each(|(v, &at)| *v = nodes[at]);
                // element and face numbers fit: a mesh has fewer than 2^32 nodes of elements
                all.extend(key(&vertices[..n]).map(|key| (key, e as u32, f as u8)));
            }
        }
        all.sort_unstable();
        let mut outer: Vec<(Key, u32, u8)> =
            all.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() == 1).map(|same| same[0]).collect();
        drop(all);
        outer.sort_unstable_by_key(|o| (o.1, o.2));
        let faces = outer.iter().filter_map(|&(_, e, f)| face(mesh, e as usize, f as usize)).collect();
        let mut keys: Vec<(Key, u32)> = outer.iter().zip(0..).map(|(o, i)| (o.0, i)).collect();
        keys.sort_unstable();
        Skin { faces, keys }
    }

    /// The outer face with these vertices.
    pub fn find(&self, key: &Key) -> Option<Face> {
        let at = self.keys.binary_search_by_key(key, |k| k.0).ok()?;
        self.faces.get(self.keys[at].1 as usize).copied()
    }

    /// The outer faces all of whose nodes are `wanted`, numbered as a set.
    pub fn within(&self, wanted: impl Fn(u32) -> bool) -> Vec<Face> {
        numbered(self.faces.iter().filter(|f| f.nodes().iter().all(|&n| wanted(n))).copied())
    }
}

/// Faces with their positions in a set.
pub(super) fn numbered(faces: impl Iterator<Item = Face>) -> Vec<Face> {
    faces.zip(0..).map(|(face, position)| Face { position, ..face }).collect()
}

fn face(mesh: &Mesh, e: usize, f: usize) -> Option<Face> {
    let places = mesh.kinds[e].faces()[f];
    let mut nodes = [0; 8];
    nodes.iter_mut().zip(places).for_each(|(n, &at)| *n = mesh.nodes_of(e)[at]);
    Some(Face { kind: FaceKind::from_nodes(places.len())?, nodes, position: 0 })
}
