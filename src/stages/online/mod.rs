//! `ferrom online`: a reduced model under new loads.

mod output;

use super::offline::model_points;
use super::training::{lift_amplitude, supports};
use super::watch::{WATCHED, Watch};
use super::{Context, check_output, without_output};
use crate::config::Case;
use crate::error::{Error, Kind, Result};
use crate::loads::{Prescribed, TemperatureHistory};
use crate::material::Site;
use crate::parallel::{Comm, agree};
use crate::rom::calibration::LEAST;
use crate::rom::calibration::history::History;
use crate::rom::gappy::{Gappy, Workspace};
use crate::rom::online::{NewtonTolerances, ReducedPoints, ReducedState, ReducedSystem, advance, reduce};
use crate::store::{Lift, ReducedModel};
use crate::structure::Quantity;
use output::Output;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Instant;

/// What a reduced run took.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct OnlineSummary {
    /// Modes.
    pub modes: usize,
    /// Reduced points, all ranks.
    pub points: u64,
    /// Increments.
    pub increments: usize,
    /// Newton iterations.
    pub iterations: u64,
    /// Increments that had to be cut.
    pub cut: usize,
    /// Seconds in the steps: Newton and the fits of the dual quantities; without start-up and output.
    pub seconds: f64,
    /// Largest relative gappy residual of each dual quantity.
    pub residuals: std::collections::BTreeMap<String, f64>,
    /// What the indicator of p said of every increment; none where the model does not rebuild p.
    pub history: Option<History>,
}

/// Residuals are relative to no less than this share of the largest norm of training (method.md 3.3).
const KAPPA: f64 = 1e-3;

/// A dual quantity during a run.
pub(super) struct Dual {
    pub name: String,
    quantity: Quantity,
    gappy: Gappy,
    work: Workspace,
    floor: f64,
    /// At the points with weight, then the others.
    values: Vec<f64>,
    pub coefficients: Vec<f64>,
    /// Relative gappy residual: the error indicator.
    pub residual: f64,
    /// Norm of the values.
    pub size: f64,
    /// The same, no less than the floor.
    pub norm: f64,
    /// Misfit `B_z c - q_z` at this rank's points; that of the last accepted step.
    misfit: Vec<f64>,
    accepted: Vec<f64>,
    /// How far the misfit has moved since the last accepted step: `||r - r_accepted||`, the unit of the quantity.
    pub path: f64,
}

impl Dual {
    /// Fits the basis to the quantity's values at the reduced points.
    pub fn fit(&mut self, comm: &Comm, system: &ReducedSystem, state: &ReducedState) {
        let c = self.quantity.components;
        let (active, extra) = self.values.split_at_mut(c * system.active.len());
        for (points, at, out) in
            [(&system.active, &state.active, active), (&system.extra, &state.extra, extra)]
        {
            self.quantity.evaluate(&points.set, &at.strain, &at.stress, &at.state, out);
        }
        let residual = self.gappy.coefficients(comm, &self.values, &mut self.coefficients, &mut self.work);
        self.residual = residual.relative(self.floor);
        (self.size, self.norm) = (residual.norm, residual.norm.max(self.floor));
    }

    /// Fits, and measures how far the misfit has moved since the last accepted step.
    ///
    /// # Collective
    pub fn watch(&mut self, comm: &Comm, system: &ReducedSystem, state: &ReducedState) {
        self.fit(comm, system, state);
        self.gappy.misfit(&self.values, &self.coefficients, &mut self.misfit);
        let moved = |(a, b): (&f64, &f64)| (a - b).powi(2);
        self.path = comm.sum1(self.misfit.iter().zip(&self.accepted).map(moved).sum()).sqrt();
    }

    /// The step that was watched is accepted.
    pub fn accept(&mut self) {
        self.accepted.copy_from_slice(&self.misfit);
    }

    /// Whether the quantity is more than nothing: above 1e-5 of its size in training.
    pub fn shows(&self) -> bool {
        self.size > 1e-2 * self.floor
    }
}

/// Runs `case` (or the model's own, adjusted) with the model and writes reduced coordinates, the coefficients and
/// residuals of the dual quantities and the fields named in `rebuild` to `out`.
///
/// # Errors
/// The model cannot be read; the case does not fit it; no convergence; the output cannot be written.
///
/// # Collective
pub fn online(
    cx: &Context,
    path: &Path,
    case: Option<&Case>,
    adjust: impl Fn(&mut Case),
    rebuild: &[String],
    out: &Path,
) -> Result<OnlineSummary> {
    let comm = cx.comm;
    check_output(comm, out, &[path, case.map_or(path, |c| &c.path)])?;
    let model = cx.timers.time("model", || ReducedModel::read_online(comm, path))?;
    let own = agree(comm, Case::from_text(&model.case, path))?;
    let mut case = case.cloned().unwrap_or_else(|| own.clone());
    adjust(&mut case);
    agree(comm, check(&case))?;
    agree(comm, same_prescribed(&case, &own, &model.lifts))?;
    run(cx, path, &model, &case, rebuild, out).map_err(|e| without_output(e, out))
}

/// Checks what the reduced run needs of a case, again after it was adjusted.
fn check(case: &Case) -> Result<()> {
    let section = |name: &'static str| move |e: String| format!("{name} {e}");
    case.time
        .check()
        .map_err(section("[time]"))
        .and_then(|()| case.loading.check(case.time.end()).map_err(|e| e.message))
        .and_then(|()| case.online.check().map_err(section("[online]")))
        .map_err(|e| Error::case_file(&case.path, "", e, ""))
}

fn run(
    cx: &Context,
    path: &Path,
    model: &ReducedModel,
    case: &Case,
    rebuild: &[String],
    out: &Path,
) -> Result<OnlineSummary> {
    let comm = cx.comm;
    let (mut system, mut duals) = cx.timers.time("set-up", || {
        agree(comm, reduced_system(comm, model, case, path)).map_err(|e| case.locate(e)).and_then(|s| {
            let duals = dual_fits(comm, model, &s.0, &s.1)?;
            Ok((s.0, duals))
        })
    })?;
    let mut output = cx.timers.time("model", || Output::open(cx, path, model, case, rebuild, out))?;
    let times = case.time.end_times();
    let mut state = system.virgin();
    let mut summary = OnlineSummary {
        modes: model.n_modes,
        points: comm.sum_u64((system.active.len() + system.extra.len()) as u64),
        increments: times.len(),
        ..OnlineSummary::default()
    };
    cx.say(format_args!(
        "{} modes, {} reduced points, {} increments to t = {}",
        summary.modes,
        summary.points,
        times.len(),
        case.time.end()
    ));
    let watches = model.duals.iter().any(|d| d.name == WATCHED);
    let new_watch = || agree(comm, Watch::new(model, &[WATCHED.to_owned()], f64::INFINITY, LEAST));
    let mut watch = watches.then(new_watch).transpose()?;
    duals.iter_mut().for_each(|d| d.fit(comm, &system, &state));
    cx.timers.time("output", || output.write(cx, &state, &duals, model, watch.as_ref()))?;
    let mut progress = cx.progress("online", times.len());
    let mut spent = 0.0;
    for (i, &t) in times.iter().enumerate() {
        let from = Instant::now();
        let step = cx.timers.time("newton", || advance(&mut system, &mut state, t))?;
        cx.timers.time("duals", || {
            for d in &mut duals {
                if d.name == WATCHED {
                    d.watch(comm, &system, &state);
                } else {
                    d.fit(comm, &system, &state);
                }
            }
        });
        if let Some(w) = &mut watch {
            w.look(&duals, false);
            w.accept(t);
        }
        duals.iter_mut().filter(|d| d.name == WATCHED).for_each(Dual::accept);
        spent += from.elapsed().as_secs_f64();
        summary.iterations += u64::from(step.iterations);
        summary.cut += usize::from(step.cuts > 0);
        for d in &duals {
            let worst = summary.residuals.entry(d.name.clone()).or_default();
            *worst = worst.max(d.residual);
        }
        if case.output.writes(i, times.len()) {
            cx.timers.time("output", || output.write(cx, &state, &duals, model, watch.as_ref()))?;
        }
        progress.step(|| {
            let residuals: Vec<String> =
                duals.iter().map(|d| format!("{} {:.1e}", d.name, d.residual)).collect();
            format!(
                "t = {t:<10.6} {} iterations, gappy residual {}{}{}",
                step.iterations,
                if residuals.is_empty() { "-".to_owned() } else { residuals.join(", ") },
                watch.as_ref().map_or(String::new(), |w| format!("; p: {w}")),
                if step.cuts > 0 { format!(", in {} sub-steps", step.substeps) } else { String::new() }
            )
        });
    }
    drop(progress);
    for (material, other) in system.active.set.materials().iter().zip(system.extra.set.materials()) {
        if comm.any(material.left_tables() || other.left_tables()) {
            cx.warn(format_args!(
                "material '{}' met temperatures outside its tables: their end values were used",
                material.name()
            ));
        }
    }
    summary.seconds = spent;
    summary.history = watch.map(|w| w.history().clone());
    cx.timers.time("output", || output.writer.commit(comm))?;
    Ok(summary)
}

/// A reduced basis holds what was held in training: the same dofs must be prescribed.
pub(super) fn same_prescribed(case: &Case, own: &Case, lifts: &[Lift]) -> Result<()> {
    let set = |c: &Case| -> BTreeSet<(String, usize)> {
        c.loading.prescribed.iter().map(|p| (p.set.clone(), p.dof.index() + 1)).collect()
    };
    let (here, model) = (set(case), set(own));
    let wrong = |(name, dof): &(String, usize), what: &str| {
        Err(Error::case_file(
            &case.path,
            "[[fix]]",
            format!("U{dof} of '{name}' {what}"),
            "a reduced model keeps the prescribed displacements of its training; train another for other supports",
        ))
    };
    if let Some(p) = model.difference(&here).next() {
        return wrong(p, "is prescribed in the model but not here");
    }
    if let Some(p) = here.difference(&model).next() {
        return wrong(p, "is prescribed here but not in the model");
    }
    let held = |p: &&Prescribed| {
        p.value != 0.0 && !lifts.iter().any(|l| l.node_set == p.set && l.dof as usize == p.dof.index())
    };
    if let Some(p) = case.loading.prescribed.iter().find(held) {
        return wrong(&(p.set.clone(), p.dof.index() + 1), "moves here but was held in training");
    }
    // where sets overlap the last one counts: the dofs that move depend on the order
    let differ = supports(case).into_iter().zip(supports(own)).find(|(here, model)| here != model);
    match differ.filter(|_| !lifts.is_empty()) {
        Some(((set, dof), _)) => {
            wrong(&(set.to_owned(), dof.index() + 1), "stands in another place than in the model")
        }
        None => Ok(()),
    }
}

/// The reduced system, and the order in which it takes the points of the model: those with weight first.
pub(super) fn reduced_system<'c>(
    comm: &'c Comm,
    model: &ReducedModel,
    case: &Case,
    path: &Path,
) -> Result<(ReducedSystem<'c>, Vec<usize>)> {
    let points = &model.points;
    let m = model.n_modes + model.lifts.len();
    let weighted: Vec<usize> = (0..points.len()).filter(|&k| points.weight[k] != 0.0).collect();
    let others: Vec<usize> = (0..points.len()).filter(|&k| points.weight[k] == 0.0).collect();
    // nodes of these points only: a new temperature field is read there and nowhere else
    let mut positions: Vec<u64> = points.nodes.clone();
    positions.sort_unstable();
    positions.dedup();
    let place: HashMap<u64, usize> = positions.iter().enumerate().map(|(i, &n)| (n, i)).collect();
    let nodal = TemperatureHistory::at_nodes(&case.loading, &positions, model.n_nodes)?;
    let chosen = |list: &[usize]| -> Result<ReducedPoints> {
        let materials: Vec<u32> = list.iter().map(|&k| points.material[k]).collect();
        let mut set = model_points(&model.materials, &materials, path)?;
        if set.wants_sites() {
            let site =
                |&k: &usize| Site { x: points.x[k], element: points.element_id[k], number: points.number[k] };
            set.set_sites(list.iter().map(site).collect());
        }
        let mut rows = vec![0.0; 6 * list.len() * m];
        for (z, &k) in list.iter().enumerate() {
            for i in 0..m {
                for c in 0..6 {
                    rows[(6 * z + c) * m + i] = points.strain[(k * m + i) * 6 + c];
                }
            }
        }
        let temperature = nodal.mapped(|field| {
            let at = |&k: &usize| {
                let span = points.node_offsets[k] as usize..points.node_offsets[k + 1] as usize;
                points.nodes[span.clone()]
                    .iter()
                    .zip(&points.shapes[span])
                    .map(|(n, s)| s * field[place[n]])
                    .sum()
            };
            list.iter().map(at).collect()
        });
        let weights = list.iter().map(|&k| points.weight[k]).collect();
        Ok(ReducedPoints::new(set, rows, weights, temperature))
    };
    let (active, extra) = (chosen(&weighted)?, chosen(&others)?);
    let loads = case
        .loading
        .loads
        .iter()
        .map(|l| {
            let vector = reduce(&model.loads, model.n_modes, l);
            let in_load = |e: Error| if e.kind == Kind::Case { e.while_doing(l.describe()) } else { e };
            Ok((vector.map_err(in_load)?, case.loading.amplitude(l)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let lifts = model.lifts.iter().map(|l| lift_amplitude(case, l)).collect::<Result<Vec<_>>>()?;
    let tolerances = NewtonTolerances {
        tolerance: case.online.tolerance,
        max_iterations: case.online.max_iterations,
        min_step: case.online.min_step,
    };
    let order = weighted.into_iter().chain(others).collect();
    Ok((ReducedSystem::new(comm, model.n_modes, active, extra, loads, lifts, tolerances), order))
}

pub(super) fn dual_fits(
    comm: &Comm,
    model: &ReducedModel,
    system: &ReducedSystem,
    order: &[usize],
) -> Result<Vec<Dual>> {
    let mut out = Vec::with_capacity(model.duals.len());
    for d in &model.duals {
        let block = d.components * d.m;
        let rows: Vec<f64> =
            order.iter().flat_map(|&k| &d.rows[k * block..(k + 1) * block]).copied().collect();
        let gappy =
            Gappy::new(comm, &rows, d.m).map_err(|e| Error::run(format!("quantity '{}': {e}", d.name)))?;
        // every rank has all materials, points or not: the quantity is found alike
        let quantity = Quantity::find(&system.active.set, &d.name)?;
        out.push(Dual {
            name: d.name.clone(),
            work: gappy.workspace(),
            floor: KAPPA * d.q_max,
            values: vec![0.0; order.len() * quantity.components],
            coefficients: vec![0.0; d.m],
            residual: 0.0,
            norm: 0.0,
            misfit: vec![0.0; gappy.local_rows()],
            accepted: vec![0.0; gappy.local_rows()],
            size: 0.0,
            path: 0.0,
            quantity,
            gappy,
        });
    }
    Ok(out)
}
