//! `ferrom online --adaptive` (method.md 3.3, 3.4): a reduced run that watches its indicator and takes a high-fidelity
//! step, with the enrichment of the model, where it asks for one.

mod model;
mod options;
mod watch;

use super::offline::lift_amplitude;
use super::online::same_prescribed;
use super::solve::newton_options;
use super::{Context, check_output};
use crate::config::Case;
use crate::error::{Error, Kind, Result};
use crate::loads::Amplitude;
use crate::parallel::agree;
use crate::rom::enrichment::{HighFidelityStep, Products, Replay};
use crate::rom::online::{ReducedState, advance};
use crate::solver::{FullState, HighFidelity, thermoelastic_modes};
use crate::store::{Field, ModelFile, ReducedModel, SnapshotWriter, Step, StoreKind};
use crate::structure::{LoadedStructure, Structure};
use model::AdaptiveModel;
pub use options::{AdaptiveOptions, AdaptiveSummary, Rebuild};
use std::path::Path;
use std::time::Instant;
use watch::Watch;

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
    let mut watch = agree(comm, Watch::new(&origin, options))?;
    if let Some(why) = watch.doubt() {
        cx.warn(why);
    }
    let lifts: Vec<(f64, Amplitude)> =
        agree(comm, origin.lifts.iter().map(|l| lift_amplitude(&case, l)).collect::<Result<_>>())?;
    let model =
        cx.timers.time("reduction", || AdaptiveModel::open(comm, &structure, &file, origin, &case, path))?;
    let loaded = LoadedStructure::new(comm, &structure, &case.loading)?;
    let high = cx
        .timers
        .time("set-up", || HighFidelity::new(comm, &structure, &case.loading, newton_options(&case)))?;
    let virgin = high.virgin();
    let fields = agree(comm, wanted(&model, options, path))?;
    let provenance = format!("producer = \"ferrom online --adaptive {}\"\n", env!("CARGO_PKG_VERSION"));
    let mut run = Run {
        cx,
        options,
        structure: &structure,
        products: Products::new(comm, &structure),
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
    };
    if case.loading.temperature != own.loading.temperature {
        run.add_thermoelastic_modes(&case)?;
    }
    let outcome = run.steps(&case, &mut watch, begin);
    run.summary.seconds =
        [begin.elapsed().as_secs_f64(), cx.timers.seconds("high-fidelity"), cx.timers.seconds("newton")];
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
}

impl Run<'_> {
    fn steps(&mut self, case: &Case, watch: &mut Watch, begin: Instant) -> Result<()> {
        let (cx, options) = (self.cx, self.options);
        let times = case.time.end_times();
        self.summary.increments = times.len();
        self.write(watch)?;
        let mut progress = cx.progress("online", times.len());
        for (i, &t) in times.iter().enumerate() {
            let mut trial = self.state.clone();
            let reduced = cx.timers.time("newton", || {
                let report = advance(&mut self.model.system, &mut trial, t);
                self.model.fit(&trial);
                report
            });
            watch.look(&self.model.duals, reduced.is_err());
            self.summary.bound = self.summary.bound.max(watch.bound);
            if i == 0 && !watch.wrong() || options.residual_every > 0 && (i + 1) % options.residual_every == 0
            {
                let r = self.residual(&trial)?;
                self.summary.equilibrium.push((t, r));
                // at the first step of a new case the indicator can be blind (method.md 3.3)
                watch.see_residual(i == 0 && r > options.tolerance);
            }
            if watch.wrong() {
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
                let step = self.enrich(t).map_err(|e| {
                    stopped(format!("the high-fidelity step to t = {t} failed: {}", e.message))
                })?;
                watch.enriched();
                self.summary.enriched.push(t);
                let (modes, points) = (self.model.bases.modes.len(), self.model.points);
                let indicator = watch.indicator;
                progress.step(|| {
                    format!(
                        "t = {t:<10.6} indicator {indicator:.1e}: high-fidelity step, {} iterations; {modes} modes, \
                         {points} points; re-solved to {:.0e}",
                        step.0, step.1
                    )
                });
            } else {
                watch.accept();
                self.state = trial;
                self.pending.push((t, self.state.coefficients.clone()));
                self.summary.indicator = self.summary.indicator.max(watch.indicator);
                self.summary.predicted = self.summary.predicted.max(watch.predicted);
                self.summary.uncalibrated += usize::from(!watch.calibrated);
                progress.step(|| format!("t = {t:<10.6} {watch}"));
            }
            self.summary.reached = t;
            if case.output.writes(i, times.len()) {
                self.write(watch)?;
            }
        }
        Ok(())
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

    /// One high-fidelity step to `t` from the replayed state, and the model with what it found. Returns its Newton
    /// iterations and the relative difference of the step solved again by the new model.
    fn enrich(&mut self, t: f64) -> Result<(u32, f64)> {
        let (cx, options) = (self.cx, self.options);
        self.catch_up()?;
        let before = self.replay.state().clone();
        self.full.clone_from(&before);
        let report = cx.timers.time("high-fidelity", || self.high.step(&mut self.full, t))?;
        let mut shape = self.full.displacement.clone();
        for (lift, (value, amplitude)) in self.model.bases.lifts.iter().zip(&self.lifts) {
            crate::rom::dense::axpy(-value * amplitude.value(t), &lift.1, &mut shape);
        }
        cx.timers.time("bases", || -> Result<()> {
            self.products.extend_modes(&mut self.model.bases, &shape, options.tolerance / 1000.0)?;
            self.products.extend_duals(&mut self.model.bases, &self.full, options.tolerance / 100.0)
        })?;
        let loosest = options.tolerance / 20.0;
        let mut tolerance = if self.summary.enriched.is_empty() {
            self.model.tolerance.max(loosest)
        } else {
            self.model.tolerance
        };
        let mut difference = 0.0;
        for attempt in 0..2 {
            cx.timers.time("reduction", || self.model.rebuild(tolerance))?;
            difference = self.solve_again(t, &before, &shape)?;
            if difference <= 100.0 * tolerance || attempt == 1 {
                break;
            }
            tolerance *= 0.1;
            log::info!(
                "the new model misses its own step by {difference:.1e}: cubature tolerance now {tolerance:.1e}"
            );
        }
        let mut coefficients = self.products.project(&self.model.bases.modes, &shape);
        coefficients.extend(self.lifts.iter().map(|(v, a)| v * a.value(t)));
        self.state = self.model.reduced_state(coefficients, &self.full);
        let state = self.state.clone();
        self.model.fit(&state);
        self.replay.reset(&self.full);
        Ok((report.iterations, difference))
    }

    /// The step to `t` by the new model, from the full state before it: relative difference of the coefficients to those
    /// of the high-fidelity displacement `shape`. A reduced step that fails counts as a difference of 1.
    fn solve_again(&mut self, t: f64, before: &FullState, shape: &[f64]) -> Result<f64> {
        let mut start = before.displacement.clone();
        for (lift, (value, amplitude)) in self.model.bases.lifts.iter().zip(&self.lifts) {
            crate::rom::dense::axpy(-value * amplitude.value(before.time), &lift.1, &mut start);
        }
        let mut coefficients = self.products.project(&self.model.bases.modes, &start);
        coefficients.extend(self.lifts.iter().map(|(v, a)| v * a.value(before.time)));
        let mut again = self.model.reduced_state(coefficients, before);
        if advance(&mut self.model.system, &mut again, t).is_err() {
            return Ok(1.0);
        }
        let target = self.products.project(&self.model.bases.modes, shape);
        let d: Vec<f64> = target.iter().zip(&again.coefficients).map(|(a, b)| a - b).collect();
        let size = crate::rom::dense::norm(&target);
        Ok(if size > 0.0 { crate::rom::dense::norm(&d) / size } else { 0.0 })
    }

    /// Adds the linear thermo-elastic displacements of a temperature history to the modes (method.md 3.3).
    fn add_thermoelastic_modes(&mut self, case: &Case) -> Result<()> {
        let cx = self.cx;
        let linear = newton_options(case).linear;
        let shapes = cx.timers.time("thermo-elastic", || {
            thermoelastic_modes(cx.comm, self.structure, &self.loaded, linear, &case.time.end_times())
        })?;
        for shape in &shapes {
            self.products.extend_modes(&mut self.model.bases, shape, self.options.tolerance / 1000.0)?;
        }
        let tolerance = self.model.tolerance;
        cx.timers.time("reduction", || self.model.rebuild(tolerance))?;
        cx.say(format_args!("{} modes with the thermo-elastic ones", self.model.bases.modes.len()));
        self.state = self.model.system.virgin();
        Ok(())
    }

    /// Writes the fields asked for at the last accepted step, with indicator and prediction.
    fn write(&mut self, watch: &Watch) -> Result<()> {
        let displacement = self.options.fields.iter().any(|f| f == "U");
        let replayed = self.options.rebuild == Rebuild::Replay;
        let mut values = Vec::with_capacity(self.fields.len());
        if replayed && !self.fields.is_empty() {
            self.catch_up()?;
        }
        let n = self.structure.geometry.n_points();
        for &k in &self.fields {
            if replayed {
                let q = &self.model.bases.duals[k].quantity;
                let full = self.replay.state();
                let mut v = vec![0.0; n * q.components];
                q.evaluate(&self.structure.points, &full.strain, &full.stress, &full.state, &mut v);
                values.push(v);
            } else {
                values.push(self.model.rebuilt(k));
            }
        }
        let quantity = |k: &usize| &self.model.bases.duals[*k].quantity;
        let points: Vec<Field> = self
            .fields
            .iter()
            .zip(&values)
            .map(|(k, v)| Field::new(&quantity(k).name, quantity(k).components, v))
            .collect();
        let mut nodal = Vec::new();
        if displacement {
            self.model.displacement(&self.state.coefficients, &mut self.u);
            nodal.push(Field::new("U", 3, &self.u));
        }
        let told = watch.row();
        let reduced: Vec<Field> =
            told.iter().map(|(name, v)| Field::new(name, 1, std::slice::from_ref(v))).collect();
        let step = Step {
            time: self.state.time,
            nodal: &nodal,
            points: &points,
            reduced: &reduced,
            ..Step::default()
        };
        self.cx.timers.time("output", || self.writer.append(self.cx.comm, &step))
    }
}

fn stopped(why: String) -> Error {
    Error::new(Kind::Tolerance, format!("{why}; the run so far and the last model are kept"))
}
