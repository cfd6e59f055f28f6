//! The reduced model in the hands of an adaptive run: bases on the mesh, and what is assembled from them.

use super::super::online::{Dual, dual_fits, reduced_system};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::parallel::{Comm, MemoryLimit, agree};
use crate::rom::cubature;
use crate::rom::deim::Rows;
use crate::rom::dense::{axpy, combine, vectorised};
use crate::rom::offline::assemble::{Assembled, Bases, DualBasis, put_together};
use crate::rom::offline::basis::UnitStrains;
use crate::rom::offline::reduce::gather_faces;
use crate::rom::offline::select::{Stresses, cubature_points};
use crate::rom::online::{PointsState, ReducedState, ReducedSystem};
use crate::rom::pod::Truncation;
use crate::solver::FullState;
use crate::store::{ModelFields, ModelFile, ReducedModel};
use crate::structure::{Quantity, Structure};
use std::path::Path;
use std::time::Instant;

/// Bases, and the reduced system that was assembled from them under a case.
pub(super) struct AdaptiveModel<'s> {
    comm: &'s Comm,
    structure: &'s Structure,
    case: &'s Case,
    path: &'s Path,
    /// What was read: texts, tolerances, tables.
    origin: ReducedModel,
    pub bases: Bases,
    kept: Kept,
    pub system: ReducedSystem<'s>,
    pub duals: Vec<Dual>,
    /// Local integration points of the system's points: those with weight, the others.
    places: [Vec<u32>; 2],
    /// This rank's share of the model as assembled.
    built: ReducedModel,
    /// Cubature points of all ranks.
    pub points: usize,
    /// Cubature points and weights, to start the next cubature from.
    start: Vec<(u64, f64)>,
    /// Tolerance of the cubature in use.
    pub tolerance: f64,
}

impl<'s> AdaptiveModel<'s> {
    /// Assembles `bases`, those of the model `origin` or more, under `case`; its cubature integrates the stresses of their
    /// basis to `tolerance`.
    ///
    /// # Errors
    /// The case does not fit the model, which may have no basis of stresses.
    ///
    /// # Collective
    pub fn new(
        comm: &'s Comm,
        structure: &'s Structure,
        bases: Bases,
        tolerance: f64,
        origin: ReducedModel,
        case: &'s Case,
        path: &'s Path,
    ) -> Result<AdaptiveModel<'s>> {
        let p = &origin.points;
        let weighted = || (0..p.len()).filter(|&k| p.weight[k] > 0.0);
        let ids: Vec<u64> = weighted().map(|k| 64 * p.element_index[k] + u64::from(p.number[k])).collect();
        let weights: Vec<f64> = weighted().map(|k| p.weight[k]).collect();
        let start = comm.all_gather(&ids).0.into_iter().zip(comm.all_gather(&weights).0).collect();
        let mut kept = Kept::default();
        let parts = build(comm, structure, &bases, &mut kept, start, tolerance, &origin, case, path)?;
        Ok(AdaptiveModel {
            comm,
            structure,
            case,
            path,
            origin,
            bases,
            kept,
            system: parts.system,
            duals: parts.duals,
            places: parts.places,
            built: parts.built,
            points: parts.points,
            start: parts.start,
            tolerance,
        })
    }

    /// Assembles the system anew after the bases have changed.
    ///
    /// # Errors
    /// Those of the cubature.
    ///
    /// # Collective
    pub fn rebuild(&mut self, tolerance: f64) -> Result<()> {
        let (comm, structure, case, path) = (self.comm, self.structure, self.case, self.path);
        let start = self.start.clone();
        let kept = &mut self.kept;
        let parts = build(comm, structure, &self.bases, kept, start, tolerance, &self.origin, case, path)?;
        self.system = parts.system;
        self.duals = parts.duals;
        self.places = parts.places;
        self.built = parts.built;
        self.points = parts.points;
        self.start = parts.start;
        self.tolerance = tolerance;
        Ok(())
    }

    /// Displacement of coefficients of the vectors that the system was assembled of.
    pub fn displacement(&self, coefficients: &[f64], u: &mut [f64]) {
        u.fill(0.0);
        self.add_displacement(coefficients, u);
    }

    /// Displacement modes that the system was assembled of; the bases may have more by now.
    pub fn assembled_modes(&self) -> usize {
        self.built.n_modes
    }

    /// Adds the displacement of coefficients of the vectors that the system was assembled of.
    pub fn add_displacement(&self, coefficients: &[f64], u: &mut [f64]) {
        let modes = self.bases.modes[..self.assembled_modes()].iter();
        for (vector, c) in modes.chain(self.bases.lifts.iter().map(|l| &l.1)).zip(coefficients) {
            vectorised(|| axpy(*c, vector, u));
        }
    }

    /// The reduced state with these coefficients and the internal variables of a full state.
    pub fn reduced_state(&self, coefficients: Vec<f64>, full: &FullState) -> ReducedState {
        let at = |k: usize, points| PointsState::of_structure(points, &self.places[k], self.structure, full);
        ReducedState {
            time: full.time,
            coefficients,
            active: at(0, &self.system.active),
            extra: at(1, &self.system.extra),
        }
    }

    /// Fits the bases of the `wanted` dual quantities to a reduced state.
    ///
    /// # Collective
    pub fn fit(&mut self, state: &ReducedState, wanted: impl Fn(&str) -> bool) {
        let duals = self.duals.iter_mut().filter(|d| wanted(&d.name));
        duals.for_each(|d| d.fit(self.comm, &self.system, state));
    }

    /// As [`AdaptiveModel::fit`], and measures how far the misfits have moved.
    ///
    /// # Collective
    pub fn watch(&mut self, state: &ReducedState, wanted: impl Fn(&str) -> bool) {
        let duals = self.duals.iter_mut().filter(|d| wanted(&d.name));
        duals.for_each(|d| d.watch(self.comm, &self.system, state));
    }

    /// Whether the bases have grown since the model was assembled.
    pub fn outgrown(&self) -> bool {
        self.bases.modes.len() > self.built.n_modes
            || self.bases.duals.iter().zip(&self.built.duals).any(|(b, d)| b.columns.len() > d.m)
    }

    /// A dual quantity of the model on the mesh, from the coefficients of the last fit.
    pub fn rebuilt(&self, k: usize) -> Vec<f64> {
        let dual = &self.bases.duals[k];
        let mut out = vec![0.0; dual.largest.len()];
        combine(&dual.columns, &self.duals[k].coefficients, &mut out);
        out
    }

    /// Writes the model as it was last assembled; `provenance` tells how it came to be.
    ///
    /// # Errors
    /// The file cannot be written.
    ///
    /// # Collective
    pub fn save(&self, path: &Path, provenance: String) -> Result<()> {
        let mut model = self.built.clone();
        model.materials.clone_from(&self.origin.materials);
        model.case.clone_from(&self.origin.case);
        model.provenance = provenance;
        model.calibration.clone_from(&self.origin.calibration);
        model.tolerances.clone_from(&self.origin.tolerances);
        model.tolerances.insert("cubature".to_owned(), self.tolerance);
        model.tables.clone_from(&self.origin.tables);
        let lifts: Vec<Vec<f64>> = self.bases.lifts.iter().map(|l| l.1.clone()).collect();
        // bases only grow: what came after the last assembly, which failed or was not worth it, is left out
        let assembled = self.bases.duals.iter().zip(&self.built.duals);
        let duals: Vec<&[Vec<f64>]> = assembled.map(|(b, d)| &b.columns[..d.m]).collect();
        let fields =
            ModelFields { modes: &self.bases.modes[..self.built.n_modes], lifts: &lifts, duals: &duals };
        model.write(self.comm, path, &self.structure.sub, &fields)
    }
}

/// What one assembly leaves to the next, since bases only grow.
#[derive(Default)]
struct Kept {
    strains: UnitStrains,
    stresses: Stresses,
    /// Rows that rebuild the dual quantities.
    rows: Vec<Rows>,
}

struct Parts<'s> {
    system: ReducedSystem<'s>,
    duals: Vec<Dual>,
    places: [Vec<u32>; 2],
    built: ReducedModel,
    points: usize,
    start: Vec<(u64, f64)>,
}

fn build<'s>(
    comm: &'s Comm,
    structure: &Structure,
    bases: &Bases,
    kept: &mut Kept,
    start: Vec<(u64, f64)>,
    tolerance: f64,
    origin: &ReducedModel,
    case: &Case,
    path: &Path,
) -> Result<Parts<'s>> {
    let stress = bases.duals.iter().find(|d| d.quantity.name == "sig");
    let stress = agree(comm, stress.ok_or_else(|| without_stress(path)))?;
    let options = cubature::Options { start, ..cubature::Options::again(tolerance) };
    let Assembled { model: built, cubature, kept: local } = {
        let memory = MemoryLimit::none();
        let Kept { strains, stresses, rows } = kept;
        strains.extend(comm, structure, bases, &memory)?;
        let begin = Instant::now();
        stresses.take_basis(stress, Truncation::new(tolerance / 10.0));
        let cubature = cubature_points(comm, structure, strains, stresses, &options, true)?;
        log::debug!(
            "cubature to {tolerance:.1e}: {} vectors x {} stresses, {} points from {}, {} tried, {}, {:.2} s",
            strains.count,
            stresses.count,
            cubature.count(),
            options.start.len(),
            cubature.iterations,
            cubature.stop.words(),
            begin.elapsed().as_secs_f64()
        );
        put_together(comm, structure, bases, cubature, rows, &memory)?
    };
    let mut whole = built.clone();
    gather_faces(comm, &mut whole.loads);
    whole.materials.clone_from(&origin.materials);
    let (system, order) = agree(comm, reduced_system(comm, &whole, case, path))?;
    let duals = dual_fits(comm, &whole, &system, &order)?;
    let n = system.active.len();
    let places: Vec<u32> = order.iter().map(|&k| local[k]).collect();
    let ids: Vec<u64> = cubature.points.iter().map(|p| p.id).collect();
    let weights: Vec<f64> = cubature.points.iter().map(|p| p.weight).collect();
    let start = comm.all_gather(&ids).0.into_iter().zip(comm.all_gather(&weights).0).collect();
    Ok(Parts {
        system,
        duals,
        places: [places[..n].to_vec(), places[n..].to_vec()],
        built,
        points: cubature.count(),
        start,
    })
}

/// The bases of a model.
///
/// # Errors
/// The file is damaged.
///
/// # Collective
pub(super) fn read_bases(
    comm: &Comm,
    file: &ModelFile,
    model: &ReducedModel,
    structure: &Structure,
) -> Result<Bases> {
    let mut bases = Bases { singular_values: model.singular_values.clone(), ..Bases::default() };
    for k in 0..model.n_modes {
        bases.modes.push(file.mode(comm, k)?);
    }
    for (k, lift) in model.lifts.iter().enumerate() {
        bases.lifts.push((lift.clone(), file.lift(comm, k)?));
    }
    for d in &model.duals {
        let columns = (0..d.m).map(|k| file.dual(comm, &d.name, k)).collect::<Result<Vec<_>>>()?;
        let quantity = agree(comm, Quantity::find(&structure.points, &d.name))?;
        let first = columns.first().zip(d.singular_values.first());
        let largest = first.map_or(Vec::new(), |(c, s)| c.iter().map(|x| s * x).collect());
        bases.duals.push(DualBasis {
            quantity,
            columns,
            singular_values: d.singular_values.clone(),
            largest,
        });
    }
    Ok(bases)
}

fn without_stress(path: &Path) -> Error {
    Error::input(
        path,
        "/ferrom/model/dual",
        "has no stress basis, which enrichment needs for the cubature",
        "build the model with 'sig' among its quantities",
    )
}
