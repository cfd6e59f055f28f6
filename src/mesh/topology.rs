//! The mesh: nodes, elements, sets.

use super::{ElementKind, FaceKind};
use std::collections::BTreeMap;

/// A face of a face set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// Its shape.
    pub kind: FaceKind,
    /// Local nodes in VTK order; the first `kind.n_nodes()` count. Their orientation gives the normal.
    pub nodes: [u32; 8],
    /// Position in the set of the whole structure, from 0: the place of its value in a per-face field.
    pub position: u64,
}

impl Face {
    /// Its nodes.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes[..self.kind.n_nodes()]
    }
}

/// How fields are interpolated and loads integrated, beyond the rule that each [`ElementKind`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conventions {
    /// Temperatures by the shape functions, loads by rules that are exact on straight elements.
    #[default]
    Exact,
    /// Those of CalculiX 2.20: one mean temperature in `c3d8`, a trilinear one in `c3d20`; body forces and pressures by
    /// the points of the stiffness.
    Calculix,
}

impl Conventions {
    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Conventions::Exact => "exact",
            Conventions::Calculix => "calculix",
        }
    }

    /// The conventions of that name.
    pub fn from_name(name: &str) -> Option<Conventions> {
        [Conventions::Exact, Conventions::Calculix].into_iter().find(|c| c.name() == name)
    }
}

/// Nodes, elements and sets of the whole structure or of one subdomain.
///
/// Local numbers (`u32`) are positions in these arrays. Every node and element also carries the label that its source
/// gave it (`*_ids`, unique) and its position in the whole structure (`*_index`, from 0, the order of the source's
/// files): the same on any number of ranks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// Source label of each node.
    pub node_ids: Vec<u64>,
    /// Position of each node in the whole structure.
    pub node_index: Vec<u64>,
    /// Coordinates.
    pub points: Vec<[f64; 3]>,
    /// Source label of each element.
    pub element_ids: Vec<u64>,
    /// Position of each element in the whole structure.
    pub element_index: Vec<u64>,
    /// Kind of each element.
    pub kinds: Vec<ElementKind>,
    /// Start of each element's nodes in `connectivity`; one more entry than elements.
    pub offsets: Vec<u32>,
    /// Nodes of all elements, VTK order.
    pub connectivity: Vec<u32>,
    /// Node sets: local nodes, in the order of the source.
    pub node_sets: BTreeMap<String, Vec<u32>>,
    /// Element sets: local elements.
    pub element_sets: BTreeMap<String, Vec<u32>>,
    /// Face sets.
    pub face_sets: BTreeMap<String, Vec<Face>>,
    /// How temperatures are interpolated and loads integrated.
    pub conventions: Conventions,
    /// Nodes of the whole structure.
    pub n_nodes_global: u64,
    /// Elements of the whole structure.
    pub n_elements_global: u64,
    /// Faces of each set in the whole structure.
    pub n_faces_global: BTreeMap<String, u64>,
}

/// A mesh that is not usable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MeshError {
    /// A set that a case names does not exist.
    #[error("the mesh has no {what} '{name}'{}", nearest_hint(.name, .known))]
    NoSuchSet {
        /// `node set`, `element set` or `face set`.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The mapping of an element is not invertible.
    #[error(
        "element {id} ({kind}) is inverted or degenerate: determinant {determinant:.3e} at integration point {point}; \
         check its node order and coordinates"
    )]
    Inverted {
        /// Source label.
        id: u64,
        /// Its kind.
        kind: ElementKind,
        /// Integration point, from 1.
        point: usize,
        /// Jacobian determinant there.
        determinant: f64,
    },
    /// More ranks than elements.
    #[error("{parts} subdomains were asked of a mesh of {elements} elements; use at most {elements} ranks")]
    TooManyParts {
        /// Subdomains asked for.
        parts: usize,
        /// Elements there are.
        elements: usize,
    },
    /// A partition that was brought from elsewhere does not fit.
    #[error("the partition given does not fit the mesh: {0}")]
    GivenPartition(String),
    /// The partitioner failed.
    #[error("the graph partitioner failed: {0}")]
    Partition(String),
}

fn nearest_hint(name: &str, known: &[String]) -> String {
    match crate::error::nearest(name, known.iter().map(String::as_str)) {
        Some(n) => format!("; the nearest name is '{n}'"),
        None if known.is_empty() => "; it has none at all".to_owned(),
        None => format!("; there are {}", known.join(", ")),
    }
}

impl From<MeshError> for crate::Error {
    fn from(e: MeshError) -> crate::Error {
        let kind = match e {
            MeshError::NoSuchSet { .. } | MeshError::TooManyParts { .. } => crate::error::Kind::Case,
            MeshError::Inverted { .. } | MeshError::GivenPartition(_) => crate::error::Kind::Input,
            MeshError::Partition(_) => crate::error::Kind::Run,
        };
        crate::Error::new(kind, e.to_string())
    }
}

/// Names of the element set of all elements, in the spelling of Z-set and ours.
pub const ALL_ELEMENTS: [&str; 3] = ["ALL_ELEMENT", "all", "ALL"];
/// Names of the node set of all nodes.
const ALL_NODES: [&str; 3] = ["ALLNODE", "ALL_NODE", "all"];

impl Mesh {
    /// Number of local nodes.
    pub fn n_nodes(&self) -> usize {
        self.points.len()
    }

    /// Number of local elements.
    pub fn n_elements(&self) -> usize {
        self.kinds.len()
    }

    /// Number of local integration points.
    pub fn n_points(&self) -> usize {
        self.kinds.iter().map(|k| k.n_points()).sum()
    }

    /// Local nodes of element `e`.
    pub fn nodes_of(&self, e: usize) -> &[u32] {
        &self.connectivity[self.offsets[e] as usize..self.offsets[e + 1] as usize]
    }

    /// Start of each element's integration points in a local point array; one more entry than elements.
    pub fn point_offsets(&self) -> Vec<usize> {
        let mut offsets = Vec::with_capacity(self.n_elements() + 1);
        let mut at = 0;
        offsets.push(0);
        for k in &self.kinds {
            at += k.n_points();
            offsets.push(at);
        }
        offsets
    }

    /// Adds an element at the end.
    pub fn push_element(&mut self, id: u64, kind: ElementKind, nodes: &[u32]) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.element_ids.push(id);
        self.element_index.push(self.element_index.len() as u64);
        self.kinds.push(kind);
        self.connectivity.extend_from_slice(nodes);
        self.offsets.push(self.connectivity.len() as u32);
    }

    /// Declares that this mesh is the whole structure: fills the positions and global counts from the local arrays.
    pub fn close_whole(&mut self) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.node_index = (0..self.n_nodes() as u64).collect();
        self.element_index = (0..self.n_elements() as u64).collect();
        self.n_nodes_global = self.n_nodes() as u64;
        self.n_elements_global = self.n_elements() as u64;
        self.n_faces_global = self.face_sets.iter().map(|(n, f)| (n.clone(), f.len() as u64)).collect();
    }

    /// Local nodes of a node set; a face or element set of that name gives its nodes too. `ALLNODE` is every node.
    ///
    /// # Errors
    /// [`MeshError::NoSuchSet`] with the nearest name.
    pub fn node_set(&self, name: &str) -> Result<Vec<u32>, MeshError> {
        if let Some(s) = self.node_sets.get(name) {
            return Ok(s.clone());
        }
        if ALL_NODES.contains(&name) {
            return Ok((0..self.n_nodes() as u32).collect());
        }
        let mut nodes: Vec<u32> = if let Some(f) = self.face_sets.get(name) {
            f.iter().flat_map(|f| f.nodes().to_vec()).collect()
        } else if let Some(e) = self.element_sets.get(name) {
            e.iter().flat_map(|&e| self.nodes_of(e as usize).to_vec()).collect()
        } else {
            return Err(no_such("node set", name, self.node_sets.keys()));
        };
        nodes.sort_unstable();
        nodes.dedup();
        Ok(nodes)
    }

    /// Local elements of an element set; `ALL_ELEMENT` is every element.
    ///
    /// # Errors
    /// [`MeshError::NoSuchSet`] with the nearest name.
    pub fn element_set(&self, name: &str) -> Result<Vec<u32>, MeshError> {
        match self.element_sets.get(name) {
            Some(s) => Ok(s.clone()),
            None if ALL_ELEMENTS.contains(&name) => Ok((0..self.n_elements() as u32).collect()),
            None => Err(no_such("element set", name, self.element_sets.keys())),
        }
    }

    /// The element that each of these faces belongs to: the first that all its nodes are nodes of.
    pub fn elements_of_faces(&self, faces: &[Face]) -> Vec<Option<u32>> {
        let mut by_first: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, face) in faces.iter().enumerate() {
            by_first.entry(face.nodes[0]).or_default().push(i);
        }
        let mut found = vec![None; faces.len()];
        for e in 0..self.n_elements() {
            let nodes = self.nodes_of(e);
            for &i in nodes.iter().filter_map(|n| by_first.get(n)).flatten() {
                if found[i].is_none() && faces[i].nodes().iter().all(|n| nodes.contains(n)) {
                    found[i] = Some(e as u32);
                }
            }
        }
        found
    }

    /// Local faces of a face set.
    ///
    /// # Errors
    /// [`MeshError::NoSuchSet`] with the nearest name.
    pub fn face_set(&self, name: &str) -> Result<&[Face], MeshError> {
        self.face_sets
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| no_such("face set", name, self.face_sets.keys()))
    }
}

fn no_such<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a String>) -> MeshError {
    MeshError::NoSuchSet { what, name: name.to_owned(), known: known.cloned().collect() }
}
