//! Integration points grouped by material.

use crate::material::{self, Material, MaterialWorkspace, Output, Site, Status};

/// Points a law is given at once: enough to hide the call, few enough to stay in cache.
const BATCH: usize = 128;

/// A run of consecutive points of one material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// First point.
    start: usize,
    len: usize,
    /// Position of the first point among the points of the material.
    state: usize,
}

/// Integration points and their materials. Point arrays are point-major: strain and stress `n x 6`, tangent `n x 36`.
#[derive(Debug)]
pub struct PointSet {
    materials: Vec<Material>,
    /// Runs of each material.
    runs: Vec<Vec<Run>>,
    /// Material of each point, and its position among that material's points.
    place: Vec<(u32, u32)>,
    /// Where each point is; empty where no law asks.
    sites: Vec<Site>,
}

/// State of every point: for each material, `points x n_state`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PointState {
    values: Vec<Vec<f64>>,
}

/// One step of the strain and temperature history at every point.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Length.
    pub dt: f64,
    /// Time at its start.
    pub time_start: f64,
    /// Total strain at the end.
    pub strain: &'a [f64],
    /// Total strain at the start.
    pub strain_start: &'a [f64],
    /// Temperature at the end.
    pub temperature: &'a [f64],
    /// Temperature at the start of the step.
    pub temperature_start: &'a [f64],
    /// Temperature at t = 0, where the thermal strain is zero.
    pub temperature_initial: &'a [f64],
}

impl PointSet {
    /// Groups points by `material_of`, an index into `materials` for each point.
    pub fn new(materials: Vec<Material>, material_of: &[u32]) -> PointSet {
        let mut runs: Vec<Vec<Run>> = vec![Vec::new(); materials.len()];
        let mut count = vec![0usize; materials.len()];
        let mut place = Vec::with_capacity(material_of.len());
        for (point, &m) in material_of.iter().enumerate() {
            let (list, state) = (&mut runs[m as usize], count[m as usize]);
            match list.last_mut() {
                Some(run) if run.start + run.len == point => run.len += 1,
                _ => list.push(Run { start: point, len: 1, state }),
            }
            place.push((m, state as u32));
            count[m as usize] += 1;
        }
        PointSet { materials, runs, place, sites: Vec::new() }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.place.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// The materials.
    pub fn materials(&self) -> &[Material] {
        &self.materials
    }

    /// Material index of a point.
    pub fn material_of(&self, point: usize) -> usize {
        self.place[point].0 as usize
    }

    /// Whether some law asks where its points are.
    pub fn wants_sites(&self) -> bool {
        self.materials.iter().any(|m| m.law().wants_sites())
    }

    /// Tells the laws where the points are, one entry per point.
    pub fn set_sites(&mut self, sites: Vec<Site>) {
        assert_eq!(sites.len(), self.len(), "one site per point");
        self.sites = sites;
    }

    /// Why the law of a point failed, where it can tell.
    pub fn complaint(&self, point: usize) -> Option<String> {
        self.materials[self.material_of(point)].law().complaint()
    }

    /// Whether every tangent is symmetric.
    pub fn symmetric(&self) -> bool {
        self.materials.iter().all(|m| m.law().symmetric())
    }

    /// The state of virgin points.
    pub fn initial_state(&self) -> PointState {
        let values = self
            .materials
            .iter()
            .zip(&self.runs)
            .map(|(material, runs)| {
                let n = material.law().n_state();
                let mut values = vec![0.0; runs.iter().map(|r| r.len).sum::<usize>() * n];
                if n > 0 {
                    values.chunks_exact_mut(n).for_each(|s| material.law().initial_state(s));
                }
                values
            })
            .collect();
        PointState { values }
    }

    /// Numbers of the state of all points.
    pub fn state_values(&self) -> usize {
        let points = |runs: &Vec<Run>| runs.iter().map(|r| r.len).sum::<usize>();
        self.materials.iter().zip(&self.runs).map(|(m, runs)| m.law().n_state() * points(runs)).sum()
    }

    /// State of one point.
    pub fn state_of<'s>(&self, state: &'s PointState, point: usize) -> &'s [f64] {
        let (m, i) = self.place[point];
        let n = self.materials[m as usize].law().n_state();
        &state.values[m as usize][i as usize * n..(i as usize + 1) * n]
    }

    /// State of one point, to be set.
    pub fn state_of_mut<'s>(&self, state: &'s mut PointState, point: usize) -> &'s mut [f64] {
        let (m, i) = self.place[point];
        let n = self.materials[m as usize].law().n_state();
        &mut state.values[m as usize][i as usize * n..(i as usize + 1) * n]
    }

    /// Integrates the laws over a step at every point.
    ///
    /// On [`Status::Cut`] the outputs are not valid; `point` is the first point of this set that failed.
    pub fn update(
        &self,
        step: &Step,
        before: &PointState,
        after: &mut PointState,
        stress: &mut [f64],
        mut tangent: Option<&mut [f64]>,
        work: &mut MaterialWorkspace,
    ) -> Status {
        let mut worst = Status::Done;
        for (m, (material, runs)) in self.materials.iter().zip(&self.runs).enumerate() {
            let n = material.law().n_state();
            for run in runs {
                for first in (0..run.len).step_by(BATCH) {
                    let len = BATCH.min(run.len - first);
                    let (p, s) = (run.start + first, (run.state + first) * n);
                    let input = material::Step {
                        dt: step.dt,
                        time0: step.time_start,
                        strain: &step.strain[6 * p..6 * (p + len)],
                        temperature: &step.temperature[p..p + len],
                        initial_temperature: &step.temperature_initial[p..p + len],
                        state: &before.values[m][s..s + len * n],
                        strain0: Some(&step.strain_start[6 * p..6 * (p + len)]),
                        temperature0: Some(&step.temperature_start[p..p + len]),
                        sites: self.sites.get(p..p + len),
                    };
                    let output = Output {
                        state: &mut after.values[m][s..s + len * n],
                        stress: &mut stress[6 * p..6 * (p + len)],
                        tangent: tangent.as_deref_mut().map(|t| &mut t[36 * p..36 * (p + len)]),
                    };
                    if let Status::Cut { point, factor } = material.update(work, input, output) {
                        worst = worst.and_cut(p + point, factor);
                    }
                }
            }
        }
        worst
    }
}
