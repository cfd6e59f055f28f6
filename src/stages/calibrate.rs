//! Calibration of the error indicator in the offline stage (method.md 3.3): pairs of indicator and true error from
//! reduced runs over the training cases, by models that know less than the final one.

use super::Context;
use super::adaptive::rehearse;
use super::online::{dual_fits, reduced_system};
use super::training::Training;
use super::watch::WATCHED;
use crate::config::{Case, OfflineOptions};
use crate::error::{Error, Result};
use crate::parallel::{Comm, MemoryLimit, agree};
use crate::rom::calibration::{self, Calibration, CalibrationError, LEAST, Pair};
use crate::rom::cubature;
use crate::rom::dense::combine;
use crate::rom::offline::assemble::{Assembled, Bases, assemble};
use crate::rom::offline::reduce::gather_faces;
use crate::rom::offline::{Chosen, Truth, basis, select};
use crate::rom::online::advance;
use crate::rom::pod::Truncation;
use crate::store::ReducedModel;
use crate::structure::{Quantity, Structure};
use std::ops::Range;
use std::path::Path;

/// Loosest cubature of the models that are run for pairs: their errors are far above it.
const CUBATURE: f64 = 1e-4;

/// What a user wants to know of a calibration.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CalibrationReport {
    /// Pairs used and held back.
    pub pairs: [usize; 2],
    /// Share of the held-back pairs below the bound.
    pub coverage: f64,
    /// Median of bound over error.
    pub median_ratio: f64,
    /// Which model gives the bound.
    pub model: String,
    /// Pairs of adaptive runs over left-out cases, for the bound of adaptive runs.
    pub rehearsed: usize,
    /// What to add where load cases, pairs or runs are few.
    pub advice: Option<String>,
}

impl CalibrationReport {
    pub(super) fn new(c: &Calibration) -> CalibrationReport {
        let score = c.score();
        CalibrationReport {
            pairs: [c.division.fitted, c.division.held_back],
            coverage: score.coverage,
            median_ratio: score.median_ratio,
            model: match c.kept {
                calibration::Model::GaussianProcess => "Gaussian process".to_owned(),
                calibration::Model::Factor => "factor".to_owned(),
            },
            rehearsed: c.rehearsed.as_ref().map_or(0, |r| r.division.fitted + r.division.held_back),
            advice: c.advice().map(str::to_owned),
        }
    }
}

/// Calibrates the indicator of `p`; `None` where the model does not rebuild it, or no pair came out.
///
/// Models of part of the snapshots, run over the cases that they do not know to the end: of the first part of every case;
/// without one of the cases. Pairs come from the steps whose snapshot the model does not
/// have: a model that knows a step says nothing about new loads, and a model with fewer modes errs less, for its indicator,
/// than one that meets something new (by a factor of 3 on the cases of docs/indicator.md).
///
/// # Errors
/// A basis cannot be computed. Runs that fail give the pairs of the steps before.
///
/// # Collective
pub(super) fn calibrate(
    cx: &Context,
    structure: &Structure,
    training: &Training,
    bases: &Bases,
    quantities: &[Quantity],
    options: &OfflineOptions,
    memory: &MemoryLimit,
    materials: &str,
) -> Result<Option<Calibration>> {
    let comm = cx.comm;
    let Some(watched) = quantities.iter().position(|q| q.name == WATCHED) else { return Ok(None) };
    if bases.duals.iter().all(|d| d.quantity.name != WATCHED) {
        return Ok(None);
    }
    let truth = training.dual(watched);
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (_, times) in &training.cases {
        let from = spans.last().map_or(0, |s| s.end);
        spans.push(from..from + times.len());
    }
    let truths: Vec<Truth> = spans.iter().map(|s| Truth::new(comm, structure, truth, s.clone())).collect();
    let lists = known_steps(&spans);
    let mut pairs = Vec::new();
    let mut rehearsed = Vec::new();
    // enrichment holds all bases in memory
    let rehearses = spans.len() > 1 && !comm.any(training.on_disk() > 0);
    let mut progress = cx.progress("calibration", lists.len());
    for (v, known) in lists.iter().enumerate() {
        let before = pairs.len();
        let chosen = of_snapshots(comm, structure, training, bases, quantities, options, memory, known)?;
        let Some(variant) = chosen else { continue };
        let stresses = Chosen { of: &training.stresses, steps: known };
        let o = cubature::Options::new(options.cubature_tolerance.max(CUBATURE));
        let Assembled { mut model, .. } = assemble(comm, structure, &variant, &stresses, &o, true, memory)?;
        gather_faces(comm, &mut model.loads);
        model.materials = materials.to_owned();
        for (c, ((case, times), span)) in training.cases.iter().zip(&spans).enumerate() {
            let new: Vec<bool> = span.clone().map(|i| !known.contains(&i)).collect();
            if new.iter().all(|n| !n) {
                continue;
            }
            let group = (v * training.cases.len() + c) as u32;
            let run = Run { case, times, truth: &truths[c], new: &new, group };
            run.pairs(comm, structure, &variant, &model, &mut pairs)?;
            if rehearses && new.iter().all(|n| *n) {
                let case = (c, span.clone());
                let watched = (&quantities[watched], &truths[c]);
                let (bases, model) = (variant.clone(), model.clone());
                rehearsed.extend(rehearse(
                    comm,
                    structure,
                    training,
                    case,
                    watched,
                    bases,
                    model,
                    o.tolerance,
                )?);
            }
        }
        progress.step(|| format!("{} modes: {} pairs", variant.modes.len(), pairs.len() - before));
    }
    drop(progress);
    let mut found = fitted("the error indicator", &pairs, options)?;
    if let Some(c) = &mut found {
        c.widen(spans.len(), 1, LEAST);
    }
    if let (Some(c), false) = (&mut found, rehearsed.is_empty()) {
        let mut of_adaptive_runs = fitted("the error indicator of adaptive runs", &rehearsed, options)?;
        if let Some(r) = &mut of_adaptive_runs {
            // one run of each case: few to hold back whole runs of, and each by a model of a case less
            r.widen(spans.len(), 2, 1.0);
        }
        c.rehearsed = of_adaptive_runs.map(Box::new);
    }
    Ok(found)
}

/// The calibration of pairs, not widened yet; `None` where none of them can be used.
fn fitted(what: &str, pairs: &[Pair], options: &OfflineOptions) -> Result<Option<Calibration>> {
    match calibration::calibrate(pairs, options.level, options.seed) {
        Ok(c) => Ok(Some(c)),
        Err(e @ CalibrationError::NoPairs { .. }) => {
            log::info!("{what} is not calibrated: {e}");
            Ok(None)
        }
        Err(e) => Err(Error::run(format!("calibration of {what}: {e}"))),
    }
}

/// The snapshots that each model is built of; `spans`: those of each case. See [`calibrate`].
fn known_steps(spans: &[Range<usize>]) -> Vec<Vec<usize>> {
    let first = |share: f64| -> Vec<usize> {
        let part = |s: &Range<usize>| s.start..s.start + ((s.len() as f64 * share).ceil() as usize).max(1);
        spans.iter().flat_map(part).collect()
    };
    let mut lists: Vec<Vec<usize>> = [0.3, 0.5, 0.7].into_iter().map(first).collect();
    if spans.len() > 1 {
        for out in spans {
            lists.push(spans.iter().filter(|s| *s != out).flat_map(Range::clone).collect());
        }
    }
    // a case of one snapshot may leave nothing
    lists.retain(|l| !l.is_empty());
    lists
}

/// The bases of some of the snapshots; `None` where they hold nothing.
fn of_snapshots(
    comm: &Comm,
    structure: &Structure,
    training: &Training,
    bases: &Bases,
    quantities: &[Quantity],
    options: &OfflineOptions,
    memory: &MemoryLimit,
    steps: &[usize],
) -> Result<Option<Bases>> {
    let t = Truncation { relative: options.pod_tolerance, max_modes: options.max_modes };
    let displacements = Chosen { of: &training.displacements, steps };
    let pod = basis::displacement_modes(comm, structure, &displacements, t, options.pod, memory)?;
    let mut duals = Vec::new();
    for (k, q) in quantities.iter().enumerate() {
        let t = Truncation { relative: options.dual_tolerance, max_modes: None };
        let snapshots = Chosen { of: training.dual(k), steps };
        duals.extend(select::dual_basis(comm, structure, q, &snapshots, t, memory)?);
    }
    if duals.iter().all(|d| d.quantity.name != WATCHED) {
        return Ok(None);
    }
    Ok(Some(Bases {
        singular_values: pod.singular_values.clone(),
        modes: pod.into_columns(),
        lifts: bases.lifts.clone(),
        duals,
    }))
}

/// A reduced run over a training case whose truth is known.
struct Run<'t> {
    case: &'t Case,
    times: &'t [f64],
    truth: &'t Truth<'t>,
    /// Which steps the model was not built of.
    new: &'t [bool],
    group: u32,
}

impl Run<'_> {
    /// Runs a model and adds the pairs of accumulated indicator and true error of its steps.
    fn pairs(
        &self,
        comm: &Comm,
        structure: &Structure,
        bases: &Bases,
        model: &ReducedModel,
        pairs: &mut Vec<Pair>,
    ) -> Result<()> {
        let (mut system, order) =
            agree(comm, reduced_system(comm, model, self.case, Path::new("calibration")))?;
        let mut duals = dual_fits(comm, model, &system, &order)?;
        let watched = bases.duals.iter().position(|d| d.quantity.name == WATCHED);
        let Some(k) = watched else { return Ok(()) };
        let mut state = system.virgin();
        let mut rebuilt = vec![0.0; structure.geometry.n_points()];
        let mut carried = 0.0f64;
        for (i, (&t, &new)) in self.times.iter().zip(self.new).enumerate() {
            // a model that cannot follow gives no further pairs
            if advance(&mut system, &mut state, t).is_err() {
                break;
            }
            duals[k].watch(comm, &system, &state);
            duals[k].accept();
            let dual = &duals[k];
            carried += dual.path;
            combine(&bases.duals[k].columns, &dual.coefficients, &mut rebuilt);
            // steps without plasticity to speak of say nothing
            let error = self.truth.error(comm, structure, i, &mut rebuilt).filter(|_| new);
            pairs.extend(error.map(|error| Pair { eta: carried / dual.norm, error, group: self.group }));
        }
        Ok(())
    }
}
