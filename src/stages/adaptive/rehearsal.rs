//! Adaptive runs over training cases whose truth is known: pairs for the calibration of the bound of adaptive runs.
//!
//! A model that does not know a case runs over it adaptively. Its high-fidelity steps are remembered: the displacement comes
//! from the training, the laws go on from the run's own state, so that errors made before stay, as they do in earnest.

use super::super::Context;
use super::super::training::{Training, lift_amplitude};
use super::super::watch::{WATCHED, Watch};
use super::model::AdaptiveModel;
use super::output::Sink;
use super::run::Run;
use super::{AdaptiveOptions, DEFAULT_TOLERANCE, Rebuild};
use crate::error::{Kind, Result};
use crate::parallel::{Comm, agree};
use crate::rom::calibration::{LEAST, Pair};
use crate::rom::enrichment::{HighFidelityStep, Products, Replay};
use crate::rom::offline::assemble::Bases;
use crate::rom::offline::{Recorded, Truth};
use crate::rom::pod::Snapshots;
use crate::solver::{FullState, StepReport};
use crate::store::ReducedModel;
use crate::structure::{LoadedStructure, Quantity, Structure};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

/// What a rehearsal has seen.
pub(super) struct Rehearsal<'s> {
    watched: &'s Quantity,
    truth: &'s Truth<'s>,
    group: u32,
    values: Vec<f64>,
    pairs: Vec<Pair>,
}

impl Rehearsal<'_> {
    /// Step i ended in the state `full`, with this accumulated indicator.
    pub fn see(&mut self, comm: &Comm, structure: &Structure, i: usize, full: &FullState, accumulated: f64) {
        let values = &mut self.values;
        self.watched.evaluate(&structure.points, &full.strain, &full.stress, &full.state, values);
        if let Some(error) = self.truth.error(comm, structure, i, values) {
            self.pairs.push(Pair { eta: accumulated, error, group: self.group });
        }
    }
}

/// High-fidelity steps as the training recorded them.
struct Remembered<'s> {
    replay: Replay<'s>,
    times: &'s [f64],
    displacements: &'s Recorded,
    span: Range<usize>,
    /// Lifts with their amplitudes, which the displacements are without.
    lifts: Vec<(Vec<f64>, f64, crate::loads::Amplitude)>,
}

impl HighFidelityStep for Remembered<'_> {
    fn step(&mut self, state: &mut FullState, to: f64, _guess: Option<&[f64]>) -> Result<StepReport> {
        let k = self.times.partition_point(|t| *t < to).min(self.times.len() - 1);
        let mut u = vec![0.0; state.displacement.len()];
        self.displacements.read(self.span.start + k, 0, &mut u);
        for (lift, value, amplitude) in &self.lifts {
            crate::rom::dense::axpy(value * amplitude.value(to), lift, &mut u);
        }
        self.replay.reset(state);
        self.replay.advance(to, &u)?;
        state.clone_from(self.replay.state());
        Ok(StepReport::default())
    }
}

/// The pairs of accumulated indicator and true error of an adaptive run over case `c` of the training by `model` with its
/// `bases`, which were made without it.
///
/// # Errors
/// The model cannot be assembled. A run that stops gives the pairs of the steps before.
///
/// # Collective
pub(in super::super) fn rehearse(
    comm: &Comm,
    structure: &Structure,
    training: &Training,
    (c, span): (usize, Range<usize>),
    (watched, truth): (&Quantity, &Truth),
    bases: Bases,
    model: ReducedModel,
    tolerance: f64,
) -> Result<Vec<Pair>> {
    let cx = &Context::new(comm, true);
    let (case, times) = &training.cases[c];
    let options = &AdaptiveOptions {
        tolerance: DEFAULT_TOLERANCE,
        safety: LEAST,
        triggers: vec![WATCHED.to_owned()],
        max_enrichments: usize::MAX,
        max_seconds: f64::INFINITY,
        rebuild: Rebuild::Replay,
        fields: Vec::new(),
        residual_every: 0,
        save: None,
    };
    let mut watch = agree(comm, Watch::new(&model, &options.triggers, options.tolerance, options.safety))?;
    let amplitudes =
        agree(comm, model.lifts.iter().map(|l| lift_amplitude(case, l)).collect::<Result<Vec<_>>>())?;
    let loaded = LoadedStructure::new(comm, structure, &case.loading)?;
    let virgin = FullState::virgin(structure, loaded.initial_temperature.clone());
    let lifts = bases.lifts.iter().zip(&amplitudes).map(|(l, (v, a))| (l.1.clone(), *v, a.clone())).collect();
    let high = Remembered {
        replay: Replay::new(comm, structure, &loaded, virgin),
        times,
        displacements: &training.displacements,
        span,
        lifts,
    };
    if !bases.duals.iter().any(|d| d.quantity.name == "sig") {
        return Ok(Vec::new());
    }
    let model = AdaptiveModel::new(comm, structure, bases, tolerance, model, case, Path::new("calibration"))?;
    let values = vec![0.0; structure.geometry.n_points() * watched.components];
    let sink = Sink::Pairs(Rehearsal { watched, truth, group: c as u32, values, pairs: Vec::new() });
    let (products, high, output) = (Products::new(comm, structure), Box::new(high), (sink, Vec::new()));
    let mut run = Run::new(cx, options, structure, products, loaded, high, model, amplitudes, output, false);
    match run.steps(times, &mut watch, Instant::now()) {
        Err(e) if !matches!(e.kind, Kind::Tolerance | Kind::Run) => return Err(e),
        _ => {}
    }
    let enriched = run.summary.enriched.len();
    log::debug!("rehearsal without case {}: {enriched} high-fidelity steps of {}", c + 1, times.len());
    match run.sink {
        Sink::Pairs(rehearsal) => Ok(rehearsal.pairs),
        Sink::File { .. } => Ok(Vec::new()),
    }
}
