//! `ferrom online --adaptive` (method.md 3.3, 3.4): a reduced run that watches its indicator and takes a high-fidelity
//! step, with the enrichment of the model, where it asks for one.

mod burst;
mod enrich;
mod model;
mod options;
mod output;

use super::online::{Dual, same_prescribed};
use super::solve::newton_options;
use super::training::lift_amplitude;
use super::watch::Watch;
use super::{Context, check_output};
use crate::config::Case;
use crate::error::{Error, Kind, Result};
use crate::loads::Amplitude;
use crate::parallel::agree;
use crate::rom::enrichment::{Products, Replay};
use crate::rom::online::{ReducedState, advance};
use crate::solver::{FullState, HighFidelity};
use crate::store::{ModelFile, ReducedModel, SnapshotWriter, StoreKind};
use crate::structure::{LoadedStructure, Structure};
use burst::Burst;
use model::{AdaptiveModel, read_bases};
pub use options::{AdaptiveOptions, AdaptiveSummary, Rebuild};
use std::path::Path;
use std::time::Instant;

/// Runs `case` adaptively and writes the fields asked for, the indicator and its prediction to `out`.
///
/// # Errors
/// As the plain run. A high-fidelity step that fails, or a budget that is spent where the indicator asks for one more step,
/// is no error: [`AdaptiveSummary::stopped`] says so, and the run so far and the last valid model are written.
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
    let begin = Instant::now();
    check_output(comm, out, &[path])?;
    if let Some(save) = &options.save {
        check_output(comm, save, &[path, out])?;
    }
    let origin = cx.timers.time("model", || ReducedModel::read_online(comm, path))?;
    let own = agree(comm, Case::from_text(&origin.case, path))?;
    let mut case = case.cloned().unwrap_or_else(|| own.clone());
    adjust(&mut case);
    agree(comm, case.time.check().map_err(|e| Error::case_file(&case.path, "[time]", e, "")))?;
    agree(comm, case.loading.check(case.time.end()))?;
    agree(comm, same_prescribed(&case, &own, &origin.lifts))?;
    let file = cx.timers.time("model", || ModelFile::open(comm, path))?;
    let structure = Structure::new(comm, file.subdomain().clone(), &own.materials)?;
    let mut watch = agree(comm, Watch::new(&origin, &options.triggers, options.tolerance, options.safety))?;
    if let Some(why) = watch.doubt() {
        cx.warn(why);
    }
    let lifts: Vec<(f64, Amplitude)> =
        agree(comm, origin.lifts.iter().map(|l| lift_amplitude(&case, l)).collect::<Result<_>>())?;
    let loaded = LoadedStructure::new(comm, &structure, &case.loading)?;
    let mut high = cx
        .timers
        .time("set-up", || HighFidelity::new(comm, &structure, &case.loading, newton_options(&case)))?;
    let (mut bases, stresses) =
        cx.timers.time("model", || read_bases(comm, &file, &origin, &structure, path))?;
    let products = Products::new(comm, &structure);
    if case.loading.temperature != own.loading.temperature {
        let modes = cx.timers.time("thermo-elastic", || high.thermoelastic_modes(&case.time.end_times()))?;
        for mode in &modes {
            products.extend_modes(&mut bases, mode, options.tolerance / 1000.0)?;
        }
        if bases.modes.len() > origin.n_modes {
            cx.say(format_args!("{} modes with the thermo-elastic ones", bases.modes.len()));
        }
    }
    // with modes of its own for a new temperature the model is that of this run, whose error is what counts
    let cubature = origin.tolerances.get("cubature").copied().unwrap_or(1e-5);
    let renewed = bases.modes.len() > origin.n_modes;
    let cubature = if renewed { cubature.max(enrich::CUBATURE * options.tolerance) } else { cubature };
    let model = cx.timers.time("reduction", || {
        AdaptiveModel::new(comm, &structure, bases, stresses, cubature, origin, &case, path)
    })?;
    let virgin = high.virgin();
    let fields = agree(comm, wanted(&model, options, path))?;
    let provenance = format!("producer = \"ferrom online --adaptive {}\"\n", env!("CARGO_PKG_VERSION"));
    let mut run = Run {
        cx,
        options,
        structure: &structure,
        products,
        replay: Replay::new(comm, &structure, &loaded, virgin.clone()),
        loaded,
        high,
        state: model.system.virgin(),
        model,
        lifts,
        pending: Vec::new(),
        full: virgin,
        fields,
        u: vec![0.0; 3 * structure.sub.mesh.n_nodes()],
        writer: SnapshotWriter::create(
            comm,
            out,
            StoreKind::Run,
            &structure.sub,
            &case.to_text()?,
            &provenance,
        )?,
        summary: AdaptiveSummary::default(),
        renewed,
    };
    let outcome = run.steps(&case, &mut watch, begin);
    run.summary.history = watch.history().clone();
    if options.save.is_some() && run.model.outgrown() {
        let tolerance = run.cubature_tolerance();
        // what was found last belongs into the model; where that fails, the model before it is saved
        if let Err(e) = cx.timers.time("reduction", || run.model.rebuild(tolerance)) {
            cx.warn(format_args!("the last high-fidelity steps are not in the saved model: {}", e.message));
        }
    }
    let reduced = cx.timers.seconds("newton") + cx.timers.seconds("indicator");
    run.summary.seconds = [begin.elapsed().as_secs_f64(), cx.timers.seconds("high-fidelity"), reduced];
    run.summary.indicator_seconds = cx.timers.seconds("indicator");
    run.summary.modes = run.model.bases.modes.len();
    run.summary.points = run.model.points;
    // what was valid is kept, however the run ended
    if let Some(file) = &options.save {
        let json = serde_json::json!({
            "producer": concat!("ferrom online --adaptive ", env!("CARGO_PKG_VERSION")),
            "from": path, "case": case.path, "error_tolerance": options.tolerance, "summary": run.summary,
        });
        run.model.save(file, json.to_string())?;
    }
    if run.writer.n_times() > 0 {
        run.writer.commit(comm)?;
    }
    match outcome {
        Ok(()) => Ok(run.summary),
        Err(e) if e.kind == Kind::Tolerance => {
            Ok(AdaptiveSummary { stopped: Some(e.message), ..run.summary })
        }
        Err(e) => Err(e),
    }
}

/// Which dual quantities of the model are written.
fn wanted(model: &AdaptiveModel, options: &AdaptiveOptions, path: &Path) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for name in options.fields.iter().filter(|n| *n != "U") {
        match model.duals.iter().position(|d| d.name == *name) {
            Some(k) => out.push(k),
            None => {
                let known: Vec<&str> = model.duals.iter().map(|d| d.name.as_str()).collect();
                return Err(Error::case(format!(
                    "'{name}' cannot be rebuilt by {}, which was built for U, {}; build it with --quantities {name}",
                    path.display(),
                    known.join(", ")
                )));
            }
        }
    }
    Ok(out)
}

/// An adaptive run on its way.
struct Run<'s> {
    cx: &'s Context<'s>,
    options: &'s AdaptiveOptions,
    structure: &'s Structure,
    products: Products<'s>,
    loaded: LoadedStructure,
    high: HighFidelity<'s>,
    model: AdaptiveModel<'s>,
    lifts: Vec<(f64, Amplitude)>,
    replay: Replay<'s>,
    /// Reduced steps since the state of the replay: time and coefficients.
    pending: Vec<(f64, Vec<f64>)>,
    state: ReducedState,
    full: FullState,
    fields: Vec<usize>,
    u: Vec<f64>,
    writer: SnapshotWriter,
    summary: AdaptiveSummary,
    /// Whether the model is no longer as it was read.
    renewed: bool,
}

impl Run<'_> {
    fn steps(&mut self, case: &Case, watch: &mut Watch, begin: Instant) -> Result<()> {
        let (cx, options) = (self.cx, self.options);
        let times = case.time.end_times();
        self.summary.increments = times.len();
        self.write(watch)?;
        let mut progress = cx.progress("online", times.len());
        let mut burst = Burst::default();
        let gappy = options.rebuild == Rebuild::Gappy;
        for (i, &t) in times.iter().enumerate() {
            let tried = burst.left == 0;
            let trial = if tried { Some(self.trial(i, t, watch)?) } else { None };
            let trial = match trial {
                Some(trial) if !watch.wrong() => trial,
                refused => {
                    // where it converged, the reduced step is near the high-fidelity one, wrong as p may be
                    let guess = refused.filter(|_| !watch.failed()).map(|state| state.coefficients);
                    if tried {
                        let budget = options.max_enrichments.saturating_sub(self.summary.enriched.len());
                        // fits for the output need a model that was assembled from the bases as they are
                        burst.begin(i, if gappy { 1 } else { budget.clamp(1, Burst::LONGEST) });
                    }
                    let spent = self.summary.enriched.len() >= options.max_enrichments
                        || begin.elapsed().as_secs_f64() > options.max_seconds;
                    // ranks agree on the clock of rank 0
                    let mut spent = [u64::from(spent)];
                    cx.comm.broadcast(&mut spent, 0);
                    if spent[0] == 1 {
                        return Err(stopped(format!(
                            "the indicator is {:.1e} at t = {t} and the budget ({} enrichments, {:.0} s) is spent; raise \
                         --max-enrichments or --max-seconds, or train on a case nearer to this one",
                            watch.indicator, options.max_enrichments, options.max_seconds
                        )));
                    }
                    let failed = |e: Error| {
                        stopped(format!("the high-fidelity step to t = {t} failed: {}", e.message))
                    };
                    let step = self.enrich(t, guess.as_deref()).map_err(failed)?;
                    burst.took(i, step.outside <= options.tolerance);
                    if burst.left == 0 && (gappy || i + 1 < times.len()) {
                        self.renew(&step)?;
                    } else {
                        let coefficients = std::mem::take(&mut self.state.coefficients);
                        self.state = self.model.reduced_state(coefficients, &self.full);
                    }
                    self.model.fit(&self.state, |name| watch.watches(name));
                    watch.see_sizes(&self.model.duals);
                    watch.enriched(t, (!tried).then_some(step.outside));
                    self.summary.enriched.push(t);
                    let (modes, points) = (self.model.bases.modes.len(), self.model.points);
                    progress.step(|| {
                    format!(
                        "t = {t:<10.6} high-fidelity step, {} iterations, {:.1e} outside of the bases; {modes} modes, \
                         {points} points",
                        step.iterations, step.outside
                    )
                });
                    self.finish(case, i, t, watch)?;
                    continue;
                }
            };
            if watch.lost() {
                return Err(stopped(format!(
                    "the error made up to t = {t} has left what was calibrated (accumulated indicator {:.1e}, bound {:.1e}), \
                     and high-fidelity steps from a doubtful state do not mend it; lower --error-tol, or train on a case \
                     nearer to this one",
                    watch.accumulated, watch.bound
                )));
            }
            watch.accept(t);
            self.model.duals.iter_mut().filter(|d| watch.watches(&d.name)).for_each(Dual::accept);
            self.state = trial;
            self.pending.push((t, self.state.coefficients.clone()));
            self.summary.indicator = self.summary.indicator.max(watch.indicator);
            self.summary.predicted = self.summary.predicted.max(watch.predicted);
            self.summary.uncalibrated += usize::from(!watch.calibrated);
            progress.step(|| format!("t = {t:<10.6} {watch}"));
            self.finish(case, i, t, watch)?;
        }
        Ok(())
    }

    /// Increment i, to time t, is done.
    fn finish(&mut self, case: &Case, i: usize, t: f64, watch: &Watch) -> Result<()> {
        self.summary.reached = t;
        if case.output.writes(i, self.summary.increments) { self.write(watch) } else { Ok(()) }
    }

    /// The reduced step to t, and what the watch says of it.
    fn trial(&mut self, i: usize, t: f64, watch: &mut Watch) -> Result<ReducedState> {
        let (cx, options) = (self.cx, self.options);
        let mut trial = self.state.clone();
        let reduced = cx.timers.time("newton", || advance(&mut self.model.system, &mut trial, t));
        cx.timers.time("indicator", || self.model.watch(&trial, |name| watch.watches(name)));
        watch.look(&self.model.duals, reduced.is_err());
        self.summary.bound = self.summary.bound.max(watch.bound);
        // where p begins to grow it depends on the smallest errors of the stress, which its own fit does not show
        if self.model.duals.iter().any(|d| d.shows() && watch.grows(&d.name)) && !watch.wrong() {
            let stress = |name: &str| name == "sig";
            cx.timers.time("indicator", || self.model.fit(&trial, stress));
            let worst = self.model.duals.iter().find(|d| stress(&d.name)).map(|d| d.residual);
            watch.see_stress(worst);
        }
        // eta can be blind at the first step of a new case: a thermal strain outside the span of the modes (method.md 3.3)
        let first = i == 0 && !watch.wrong();
        let asked = options.residual_every > 0 && (i + 1).is_multiple_of(options.residual_every);
        if first || asked && reduced.is_ok() {
            let r = self.residual(&trial)?;
            self.summary.equilibrium.push((t, r));
            watch.see_residual(first && r > options.tolerance);
        }
        Ok(trial)
    }

    /// Brings the full state up to the last accepted step, by replay.
    fn catch_up(&mut self) -> Result<()> {
        let cx = self.cx;
        cx.timers.time("replay", || {
            for (t, coefficients) in self.pending.drain(..) {
                self.model.displacement(&coefficients, &mut self.u);
                self.replay.advance(t, &self.u)?;
            }
            Ok(())
        })
    }

    /// Full equilibrium residual of a trial step, reactions removed, relative to the forces.
    fn residual(&mut self, trial: &ReducedState) -> Result<f64> {
        self.catch_up()?;
        let cx = self.cx;
        cx.timers.time("residual", || {
            self.model.displacement(&trial.coefficients, &mut self.u);
            let mut ahead = Replay::new(cx.comm, self.structure, &self.loaded, self.replay.state().clone());
            ahead.advance(trial.time, &self.u)?;
            Ok(self.structure.equilibrium_residual(cx.comm, &self.loaded, trial.time, &ahead.state().stress))
        })
    }
}

fn stopped(why: String) -> Error {
    Error::new(Kind::Tolerance, format!("{why}; the run so far and the last model are kept"))
}
