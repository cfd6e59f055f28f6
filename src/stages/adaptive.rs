//! `ferrom online --adaptive`: a reduced run that takes a high-fidelity step where its indicator asks for one.

use super::Context;
use super::offline::lift_amplitude;
use super::online::{Dual, combine, dual_fits, reduced_system, same_prescribed};
use super::solve::newton_options;
use crate::config::Case;
use crate::error::{Error, Result};
use crate::loads::Amplitude;
use crate::parallel::agree;
use crate::rom::cubature;
use crate::rom::enrichment::{HighFidelityStep, Products, Replay, scaled};
use crate::rom::offline::assemble::{Assembled, Bases, DualBasis, assemble};
use crate::rom::offline::reduce::gather_faces;
use crate::rom::online::{PointsState, ReducedState, ReducedSystem, advance};
use crate::solver::HighFidelity;
use crate::store::{Field, ModelFile, ReducedModel, SnapshotWriter, Step, StoreKind};
use crate::structure::{LoadedStructure, Quantity, Structure};
use std::path::Path;

/// How a run watches and mends itself.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaptiveOptions {
    /// Error aimed at in the triggers.
    pub tolerance: f64,
    /// Error over indicator that is counted on (method.md 3.3: about 3).
    pub safety: f64,
    /// Quantities whose indicator triggers.
    pub triggers: Vec<String>,
    /// Most enrichments.
    pub max_enrichments: usize,
}

/// What an adaptive run did.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct AdaptiveSummary {
    /// Increments.
    pub increments: usize,
    /// Times of the high-fidelity steps.
    pub enriched: Vec<f64>,
    /// Modes at the end.
    pub modes: usize,
    /// Cubature points at the end.
    pub points: usize,
    /// Largest indicator of an accepted step.
    pub indicator: f64,
}

/// The model in use: bases, what was assembled from them, the reduced system under the case.
struct Model<'c> {
    system: ReducedSystem<'c>,
    duals: Vec<Dual>,
    /// Local integration points of the system's points: those with weight, the others.
    places: [Vec<u32>; 2],
    points: usize,
    /// Cubature points and weights, to start the next cubature from.
    start: Vec<(u64, f64)>,
}

/// Runs `case` adaptively and writes displacement and quantities, replayed at every integration point, to `out`.
///
/// # Errors
/// As the plain run; a high-fidelity step that fails.
///
/// # Collective
pub fn adaptive(
    cx: &Context,
    path: &Path,
    case: Option<&Case>,
    adjust: impl Fn(&mut Case),
    options: &AdaptiveOptions,
    out: &Path,
) -> Result<AdaptiveSummary> {
    let comm = cx.comm;
    let online = cx.timers.time("model", || ReducedModel::read_online(comm, path))?;
    let own = agree(comm, Case::from_text(&online.case, path))?;
    let mut case = case.cloned().unwrap_or_else(|| own.clone());
    adjust(&mut case);
    agree(comm, same_prescribed(&case, &own))?;
    let file = cx.timers.time("model", || ModelFile::open(comm, path))?;
    let structure = Structure::new(comm, file.subdomain().clone(), &own.materials)?;
    let mut bases = cx.timers.time("model", || read_bases(cx, &file, &online, &structure, path))?;
    let loaded = LoadedStructure::new(comm, &structure, &case.loading)?;
    let mut high = cx
        .timers
        .time("set-up", || HighFidelity::new(comm, &structure, &case.loading, newton_options(&case)))?;
    let products = Products::new(comm, &structure);
    let (ids, _) = comm.all_gather(&weighted_ids(&online));
    let weights: Vec<f64> = online.points.weight.iter().copied().filter(|w| *w > 0.0).collect();
    let (weights, _) = comm.all_gather(&weights);
    let model_tolerance = online.tolerances.get("cubature").copied().unwrap_or(1e-5);
    let start = ids.into_iter().zip(weights).collect();
    let mut model = cx
        .timers
        .time("reduction", || build(cx, &structure, &bases, start, model_tolerance, &online, &case, path))?;
    let lifts: Vec<(f64, Amplitude)> =
        online.lifts.iter().map(|l| lift_amplitude(&case, l)).collect::<Result<_>>()?;
    let mut full = high.virgin();
    let mut replay = Replay::new(comm, &structure, &loaded, full.clone());
    let mut state = model.system.virgin();
    let quantities: Vec<Quantity> = bases.duals.iter().map(|d| d.quantity.clone()).collect();
    let provenance = format!("producer = \"ferrom online --adaptive {}\"\n", env!("CARGO_PKG_VERSION"));
    let mut writer =
        SnapshotWriter::create(comm, out, StoreKind::Run, &structure.sub, &case.to_text()?, &provenance)?;
    let times = case.time.end_times();
    let mut summary = AdaptiveSummary { increments: times.len(), ..AdaptiveSummary::default() };
    let mut u = vec![0.0; full.displacement.len()];
    let mut carried = 0.0f64;
    let write = |full: &crate::solver::FullState, eta: f64, writer: &mut SnapshotWriter| -> Result<()> {
        let values: Vec<Vec<f64>> = quantities
            .iter()
            .map(|q| {
                let mut v = vec![0.0; structure.geometry.n_points() * q.components];
                q.evaluate(&structure.points, &full.strain, &full.stress, &full.state, &mut v);
                v
            })
            .collect();
        let points: Vec<Field> =
            quantities.iter().zip(&values).map(|(q, v)| Field::new(&q.name, q.components, v)).collect();
        let nodal = [Field::new("U", 3, &full.displacement)];
        let eta = [eta];
        let reduced = [Field::new("indicator", 1, &eta)];
        writer.append(
            comm,
            &Step { time: full.time, nodal: &nodal, points: &points, reduced: &reduced, ..Step::default() },
        )
    };
    write(&full, 0.0, &mut writer)?;
    let mut progress = cx.progress("online", times.len());
    for &t in &times {
        let mut trial = state.clone();
        let report = cx.timers.time("newton", || advance(&mut model.system, &mut trial, t));
        model.duals.iter_mut().for_each(|d| d.fit(comm, &model.system, &trial));
        let watched = || model.duals.iter().filter(|d| options.triggers.contains(&d.name));
        let eta = watched().map(|d| d.residual).fold(0.0, f64::max);
        // a reduced Newton that fails is a model that cannot follow
        let wrong = report.is_err() || !eta.is_finite() || eta > options.tolerance / options.safety;
        if !wrong {
            state = trial;
            displacement(&bases, &state.coefficients, &mut u);
            cx.timers.time("replay", || replay.advance(t, &u))?;
            summary.indicator = summary.indicator.max(eta);
            carried = carried.max(eta);
            write(replay.state(), carried, &mut writer)?;
            progress.step(|| format!("t = {t:<10.6} indicator {eta:.1e}"));
            continue;
        }
        if summary.enriched.len() == options.max_enrichments {
            return Err(Error::new(
                crate::error::Kind::Tolerance,
                format!(
                    "the indicator is {eta:.1e} at t = {t} and the budget of {} enrichments is spent",
                    options.max_enrichments
                ),
            ));
        }
        full.clone_from(replay.state());
        cx.timers.time("high-fidelity", || high.step(&mut full, t))?;
        let mut shape = full.displacement.clone();
        for (lift, (value, amplitude)) in bases.lifts.iter().zip(&lifts) {
            crate::rom::dense::axpy(-value * amplitude.value(t), &lift.1, &mut shape);
        }
        cx.timers.time("bases", || -> Result<()> {
            products.extend_modes(&mut bases, &shape, options.tolerance / 1000.0)?;
            products.extend_duals(&mut bases, &full, options.tolerance / 100.0)
        })?;
        let start = std::mem::take(&mut model.start);
        let tolerance = (options.tolerance / 20.0).max(model_tolerance);
        model = cx
            .timers
            .time("reduction", || build(cx, &structure, &bases, start, tolerance, &online, &case, path))?;
        let mut coefficients = products.project(&bases.modes, &shape);
        coefficients.extend(lifts.iter().map(|(v, a)| v * a.value(t)));
        let at = |k: usize, points| PointsState::of_structure(points, &model.places[k], &structure, &full);
        state = ReducedState {
            time: t,
            coefficients,
            active: at(0, &model.system.active),
            extra: at(1, &model.system.extra),
        };
        replay.reset(&full);
        summary.enriched.push(t);
        write(&full, carried, &mut writer)?;
        progress.step(|| {
            format!(
                "t = {t:<10.6} indicator {eta:.1e}: high-fidelity step; {} modes, {} points",
                bases.modes.len(),
                model.points
            )
        });
    }
    drop(progress);
    summary.modes = bases.modes.len();
    summary.points = model.points;
    writer.commit(comm)?;
    Ok(summary)
}

fn displacement(bases: &Bases, coefficients: &[f64], u: &mut [f64]) {
    let n = bases.modes.len();
    combine(&bases.modes, &coefficients[..n], u);
    for (lift, c) in bases.lifts.iter().zip(&coefficients[n..]) {
        crate::rom::dense::axpy(*c, &lift.1, u);
    }
}

/// Ids of the weighted points of a model, as the cubature counts them.
fn weighted_ids(model: &ReducedModel) -> Vec<u64> {
    let p = &model.points;
    (0..p.len())
        .filter(|&k| p.weight[k] > 0.0)
        .map(|k| 64 * p.element_index[k] + u64::from(p.number[k]))
        .collect()
}

fn read_bases(
    cx: &Context,
    file: &ModelFile,
    model: &ReducedModel,
    structure: &Structure,
    path: &Path,
) -> Result<Bases> {
    let comm = cx.comm;
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
    match bases.duals.iter().find(|d| d.quantity.name == "sig") {
        Some(stress) => bases.stresses = scaled(stress),
        None => {
            return Err(Error::input(
                path,
                "/ferrom/model/dual",
                "has no stress basis, which enrichment needs for the cubature",
                "build the model with 'sig' among its quantities",
            ));
        }
    }
    Ok(bases)
}

fn build<'c>(
    cx: &Context<'c>,
    structure: &Structure,
    bases: &Bases,
    start: Vec<(u64, f64)>,
    tolerance: f64,
    model: &ReducedModel,
    case: &Case,
    path: &Path,
) -> Result<Model<'c>> {
    let comm = cx.comm;
    let options = cubature::Options { start, ..cubature::Options::new(tolerance) };
    let Assembled { model: mut built, cubature, kept } = assemble(comm, structure, bases, &options, true)?;
    gather_faces(comm, &mut built.loads);
    built.materials.clone_from(&model.materials);
    let (system, order) = agree(comm, reduced_system(comm, &built, case, path))?;
    let duals = dual_fits(comm, &built, &system, &order)?;
    let n = system.active.len();
    let places: Vec<u32> = order.iter().map(|&k| kept[k]).collect();
    let mine: Vec<u64> = cubature.points.iter().map(|p| p.id).collect();
    let weights: Vec<f64> = cubature.points.iter().map(|p| p.weight).collect();
    let start = comm.all_gather(&mine).0.into_iter().zip(comm.all_gather(&weights).0).collect();
    Ok(Model {
        system,
        duals,
        places: [places[..n].to_vec(), places[n..].to_vec()],
        points: cubature.count(),
        start,
    })
}
