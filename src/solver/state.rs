//! The full state of the structure at a time.

use crate::structure::{PointState, Structure};

/// Everything that a step starts from, on this rank.
#[derive(Debug, Clone, PartialEq)]
pub struct FullState {
    /// Time.
    pub time: f64,
    /// Displacement, `3 n_nodes`.
    pub displacement: Vec<f64>,
    /// Temperature at the integration points.
    pub temperature: Vec<f64>,
    /// Total strain at the integration points, `n x 6`, engineering shears.
    pub strain: Vec<f64>,
    /// Stress at the integration points, `n x 6`.
    pub stress: Vec<f64>,
    /// Internal variables.
    pub state: PointState,
}

impl FullState {
    /// The virgin structure at t = 0.
    pub fn virgin(structure: &Structure, temperature: Vec<f64>) -> FullState {
        let n = structure.geometry.n_points();
        FullState {
            time: 0.0,
            displacement: vec![0.0; 3 * structure.sub.mesh.n_nodes()],
            temperature,
            strain: vec![0.0; 6 * n],
            stress: vec![0.0; 6 * n],
            state: structure.points.initial_state(),
        }
    }
}
