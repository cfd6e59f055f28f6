//! The reduced system of one rank under a loading.

use super::dense_solve::DenseSolver;
use crate::loads::{Amplitude, TemperatureHistory};
use crate::material::MaterialWorkspace;
use crate::parallel::Comm;
use crate::rom::dense::vectorised;
use crate::solver::FullState;
use crate::structure::{PointSet, PointState, Structure};

/// Reduced integration points of this rank. Strain rows: `strain_rows[(6 k + c) m + i]` is component c of the strain
/// of basis vector i at point k (engineering shears), `m = modes + lifts`.
pub struct ReducedPoints {
    /// Materials and state layout.
    pub set: PointSet,
    /// Strains of the basis vectors, row-major `6 points x m`.
    pub strain_rows: Vec<f64>,
    /// Cubature weights; all zero for the points that only dual quantities need.
    pub weights: Vec<f64>,
    /// Temperature at the points.
    pub temperature: TemperatureHistory,
    /// Temperature at t = 0.
    pub initial_temperature: Vec<f64>,
}

impl ReducedPoints {
    /// Points with their temperature history.
    pub fn new(
        set: PointSet,
        strain_rows: Vec<f64>,
        weights: Vec<f64>,
        mut temperature: TemperatureHistory,
    ) -> ReducedPoints {
        let mut initial_temperature = vec![0.0; weights.len()];
        temperature.evaluate(0.0, &mut initial_temperature);
        ReducedPoints { set, strain_rows, weights, temperature, initial_temperature }
    }

    /// Number of points of this rank.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether this rank has none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Strains for basis coefficients `a` (length m).
    pub(super) fn strain(&self, a: &[f64], strain: &mut [f64]) {
        vectorised(
            #[inline(always)]
            || {
                for (s, row) in strain.iter_mut().zip(self.strain_rows.chunks_exact(a.len().max(1))) {
                    *s = short_dot(row, a);
                }
            },
        );
    }
}

/// Dot product of two short slices, with four partial sums.
#[inline(always)]
fn short_dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_chunks, b_chunks) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 4];
    for (x, y) in a_chunks.zip(b_chunks) {
        for l in 0..4 {
            sums[l] += x[l] * y[l];
        }
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + tail
}

/// State of some reduced points.
#[derive(Debug, Clone, PartialEq)]
pub struct PointsState {
    /// Temperature.
    pub temperature: Vec<f64>,
    /// Strain, `n x 6`.
    pub strain: Vec<f64>,
    /// Stress, `n x 6`.
    pub stress: Vec<f64>,
    /// Internal variables.
    pub state: PointState,
}

impl PointsState {
    /// The state of a structure at the points whose local integration points are `places`.
    pub fn of_structure(
        points: &ReducedPoints,
        places: &[u32],
        structure: &Structure,
        full: &FullState,
    ) -> PointsState {
        let six =
            |values: &[f64]| places.iter().flat_map(|&p| values[6 * p as usize..][..6].to_vec()).collect();
        let mut state = points.set.initial_state();
        for (z, &p) in places.iter().enumerate() {
            let from = structure.points.state_of(&full.state, p as usize);
            points.set.state_of_mut(&mut state, z).copy_from_slice(from);
        }
        PointsState {
            temperature: places.iter().map(|&p| full.temperature[p as usize]).collect(),
            strain: six(&full.strain),
            stress: six(&full.stress),
            state,
        }
    }

    pub(super) fn virgin(points: &ReducedPoints) -> PointsState {
        let n = points.len();
        PointsState {
            temperature: points.initial_temperature.clone(),
            strain: vec![0.0; 6 * n],
            stress: vec![0.0; 6 * n],
            state: points.set.initial_state(),
        }
    }
}

/// Where a reduced run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedState {
    /// Time.
    pub time: f64,
    /// Reduced coordinates, then the lifts' amplitudes: the coefficients of all basis vectors.
    pub coefficients: Vec<f64>,
    /// At the cubature points.
    pub active: PointsState,
    /// At the points of the dual quantities only.
    pub extra: PointsState,
}

/// How the reduced Newton iterates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewtonTolerances {
    /// `||F - f|| <= tolerance ||F||`.
    pub tolerance: f64,
    /// Most iterations of an attempt.
    pub max_iterations: u32,
    /// Smallest step, relative to the increment.
    pub min_step: f64,
}

/// The reduced system of this rank; buffers included.
pub struct ReducedSystem<'c> {
    pub(super) comm: &'c Comm,
    pub(super) modes: usize,
    /// Points with weights.
    pub active: ReducedPoints,
    /// Points without.
    pub extra: ReducedPoints,
    pub(super) loads: Vec<(Vec<f64>, Amplitude)>,
    pub(super) lifts: Vec<(f64, Amplitude)>,
    pub(super) tolerances: NewtonTolerances,
    pub(super) work: MaterialWorkspace,
    pub(super) tangent: Vec<f64>,
    /// `w C E`, `6 points x modes`.
    pub(super) weighted: Vec<f64>,
    /// Internal force, then failure factor and magnitude, of this rank and of all.
    pub(super) local_force: Vec<f64>,
    pub(super) force: Vec<f64>,
    /// Column-major `modes x modes`, of this rank and of all.
    pub(super) local_matrix: Vec<f64>,
    pub(super) matrix: Vec<f64>,
    pub(super) external: Vec<f64>,
    pub(super) step: Vec<f64>,
    /// Norm of each point's strain rows: bounds the rounding of its internal force.
    pub(super) row_norms: Vec<f64>,
    pub(super) solver: DenseSolver,
    pub(super) trial: Option<ReducedState>,
}

impl<'c> ReducedSystem<'c> {
    /// A system of `modes` unknowns; `loads` are reduced vectors and amplitudes, `lifts` the prescribed motions.
    pub fn new(
        comm: &'c Comm,
        modes: usize,
        active: ReducedPoints,
        extra: ReducedPoints,
        loads: Vec<(Vec<f64>, Amplitude)>,
        lifts: Vec<(f64, Amplitude)>,
        tolerances: NewtonTolerances,
    ) -> ReducedSystem<'c> {
        let m = modes + lifts.len();
        let row_norms = active.strain_rows.chunks_exact(6 * m.max(1)).map(crate::rom::dense::norm).collect();
        ReducedSystem {
            comm,
            modes,
            loads,
            lifts,
            tolerances,
            work: MaterialWorkspace::default(),
            tangent: vec![0.0; 36 * active.len()],
            weighted: vec![0.0; 6 * active.len() * modes],
            local_force: vec![0.0; modes + 2],
            force: vec![0.0; modes + 2],
            local_matrix: vec![0.0; modes * modes],
            matrix: vec![0.0; modes * modes],
            external: vec![0.0; modes],
            step: vec![0.0; modes],
            row_norms,
            solver: DenseSolver::new(modes),
            active,
            extra,
            trial: None,
        }
    }

    /// Number of unknowns.
    pub fn modes(&self) -> usize {
        self.modes
    }

    /// The virgin structure at t = 0.
    pub fn virgin(&self) -> ReducedState {
        // unmoved, whatever is prescribed from then on
        let coefficients = vec![0.0; self.modes + self.lifts.len()];
        ReducedState {
            time: 0.0,
            coefficients,
            active: PointsState::virgin(&self.active),
            extra: PointsState::virgin(&self.extra),
        }
    }
}
