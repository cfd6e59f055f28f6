//! The reduced model as plain data: what the offline stage leaves to the online stage.
//!
//! Two parts: [`ReducedModel`], whose size does not depend on the mesh (surfaces excepted), and the mesh-sized fields,
//! given as [`ModelFields`] to the writer and read one by one from a [`super::ModelFile`].

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reduced model. `n` = number of modes, `l` = number of lifts, `z` = reduced points.
///
/// In the hands of a writer `points`, the dual rows and the face operators hold this rank's share, in any order; all
/// else is the same on every rank. After [`ReducedModel::read_online`] `points` and the dual rows hold a contiguous
/// block of the points, and all else, face operators included, is complete on every rank.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReducedModel {
    /// Modes `n` of the displacement.
    pub n_modes: usize,
    /// Nodes of the whole structure (set by the reader).
    pub n_nodes: u64,
    /// Singular values of the snapshots, descending: those of the modes first, then of what was cut off, where known.
    pub singular_values: Vec<f64>,
    /// What each lift prescribes, in the order of the columns after the modes.
    pub lifts: Vec<Lift>,
    /// The reduced integration points.
    pub points: ReducedPoints,
    /// Quantities that can be rebuilt on the whole mesh.
    pub duals: Vec<DualQuantity>,
    /// What external forces are made of.
    pub loads: LoadOperators,
    /// Material specifications, TOML: `points.material` counts them.
    pub materials: String,
    /// The case that the model was built for, TOML.
    pub case: String,
    /// Calibration of the error indicator, JSON; empty where there is none.
    pub calibration: String,
    /// How the model came to be.
    pub provenance: String,
    /// Tolerances that were used, by name: `pod`, `ecm`, …
    pub tolerances: BTreeMap<String, f64>,
    /// Volume of the structure: the sum of the weights.
    pub volume: f64,
    /// Further small tables, by name: calibration pairs, training coordinates, …
    pub tables: BTreeMap<String, SmallTable>,
}

/// A displacement that is prescribed and not zero: `u = sum_j g_j(t) lift_j + sum_i gamma_i psi_i`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// Node set that is moved.
    pub node_set: String,
    /// Direction: 0, 1, 2.
    pub dof: u32,
    /// Name of the time function `g_j` in the case.
    pub table: String,
}

/// The reduced integration points and the rows that the online stage needs there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReducedPoints {
    /// Number of points of the whole model (set by the reader).
    pub n_global: u64,
    /// Number in the whole model of the first point here (set by the reader).
    pub first: u64,
    /// Label of the element of each point.
    pub element_id: Vec<u64>,
    /// Position of that element in the whole structure.
    pub element_index: Vec<u64>,
    /// Which of the element's integration points it is, from 0.
    pub number: Vec<u32>,
    /// Coordinates.
    pub x: Vec<[f64; 3]>,
    /// Cubature weight (a volume); 0 for points that only serve to rebuild dual quantities.
    pub weight: Vec<f64>,
    /// Material, counted from 0 in `materials`.
    pub material: Vec<u32>,
    /// Start of each point's nodes in `nodes` and `shapes`; one more entry than points.
    pub node_offsets: Vec<u64>,
    /// Nodes of the elements, by position in the whole structure.
    pub nodes: Vec<u64>,
    /// Weight of each of these nodes for a nodal scalar at the point.
    pub shapes: Vec<f64>,
    /// Strain of every mode, then of every lift: `z x (n + l) x 6`, engineering shears, order 11 22 33 12 23 31.
    pub strain: Vec<f64>,
}

impl ReducedPoints {
    /// Number of points here.
    pub fn len(&self) -> usize {
        self.element_id.len()
    }

    /// Whether there is no point here.
    pub fn is_empty(&self) -> bool {
        self.element_id.is_empty()
    }
}

/// A quantity at integration points that is rebuilt on the whole mesh from its values at the reduced points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DualQuantity {
    /// Its name: `sig`, `p`, …
    pub name: String,
    /// Values per point.
    pub components: usize,
    /// Columns `m` of its basis.
    pub m: usize,
    /// Singular values of its snapshots, descending, at least `m`.
    pub singular_values: Vec<f64>,
    /// Largest `||q_z||_2` over the training: `Q` of the error indicator.
    pub q_max: f64,
    /// Largest `||q||_{L2(Omega)}` over the training: `Q'` of the true error.
    pub q_max_l2: f64,
    /// Rows of the basis at the reduced points here: `z x components x m`.
    pub rows: Vec<f64>,
}

/// External forces, reduced: any load of these kinds is a combination of these numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadOperators {
    /// By face set.
    pub faces: BTreeMap<String, FaceOperator>,
    /// By element set: 12 moments per mode, `n x 12`: `int rho psi` (3), then `int rho psi_a x_b` (9, b fastest).
    pub elements: BTreeMap<String, Vec<f64>>,
    /// The same over the whole structure.
    pub whole: Vec<f64>,
    /// By node set: sum of each mode over the nodes, `n x 3`.
    pub nodes: BTreeMap<String, Vec<f64>>,
}

/// Integrals of the modes over each face of a set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaceOperator {
    /// Position of each face in the set of the whole structure.
    pub position: Vec<u64>,
    /// `int psi . normal dA`: `faces x n`. A pressure `p` works with `-p` times this.
    pub normal: Vec<f64>,
    /// `int psi dA`: `faces x 3 x n`.
    pub area: Vec<f64>,
}

/// A small dense table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SmallTable {
    /// Number of columns.
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f64>,
}

/// The mesh-sized fields of a model, this rank's part, as the writer takes them.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModelFields<'a> {
    /// Each mode: `n_nodes x 3`.
    pub modes: &'a [Vec<f64>],
    /// Each lift: `n_nodes x 3`.
    pub lifts: &'a [Vec<f64>],
    /// For each dual quantity, each column of its basis: `n_points x components`.
    pub duals: &'a [&'a [Vec<f64>]],
}
