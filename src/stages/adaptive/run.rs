//! The steps of an adaptive run: a reduced step, the look at its indicator, a high-fidelity step where that asks for one.

use super::super::Context;
use super::super::online::Dual;
use super::super::watch::Watch;
use super::burst::Burst;
use super::enrich::difference;
use super::model::AdaptiveModel;
use super::output::Sink;
use super::{AdaptiveOptions, AdaptiveSummary, Rebuild};
use crate::error::{Error, Kind, Result};
use crate::loads::Amplitude;
use crate::rom::enrichment::{HighFidelityStep, Products, Replay};
use crate::rom::online::{ReducedState, advance};
use crate::solver::FullState;
use crate::structure::{LoadedStructure, Structure};
use std::time::Instant;

/// An adaptive run on its way.
pub(super) struct Run<'s> {
    pub cx: &'s Context<'s>,
    pub options: &'s AdaptiveOptions,
    pub structure: &'s Structure,
    pub products: Products<'s>,
    pub loaded: LoadedStructure,
    pub high: Box<dyn HighFidelityStep + 's>,
    pub model: AdaptiveModel<'s>,
    pub lifts: Vec<(f64, Amplitude)>,
    pub replay: Replay<'s>,
    /// Reduced steps since the state of the replay: time and coefficients.
    pub pending: Vec<(f64, Vec<f64>)>,
    pub state: ReducedState,
    pub full: FullState,
    pub fields: Vec<usize>,
    pub u: Vec<f64>,
    pub sink: Sink<'s>,
    pub summary: AdaptiveSummary,
    /// Whether the model is no longer as it was read.
    pub renewed: bool,
}

impl<'s> Run<'s> {
    /// From the virgin structure on. `fields`: dual quantities to write; `renewed`: whether `model` is no longer as it was read.
    pub fn new(
        cx: &'s Context<'s>,
        options: &'s AdaptiveOptions,
        structure: &'s Structure,
        products: Products<'s>,
        loaded: LoadedStructure,
        high: Box<dyn HighFidelityStep + 's>,
        model: AdaptiveModel<'s>,
        lifts: Vec<(f64, Amplitude)>,
        (sink, fields): (Sink<'s>, Vec<usize>),
        renewed: bool,
    ) -> Run<'s> {
        let virgin = FullState::virgin(structure, loaded.initial_temperature.clone());
        Run {
            cx,
            options,
            structure,
            products,
            replay: Replay::new(cx.comm, structure, &loaded, virgin.clone()),
            loaded,
            high,
            state: model.system.virgin(),
            model,
            lifts,
            pending: Vec::new(),
            full: virgin,
            fields,
            u: vec![0.0; 3 * structure.sub.mesh.n_nodes()],
            sink,
            summary: AdaptiveSummary::default(),
            renewed,
        }
    }

    /// Runs over `times`.
    ///
    /// # Errors
    /// [`Kind::Tolerance`]: a high-fidelity step failed, or the budget is spent where one more is asked for; what was done
    /// before is valid.
    ///
    /// # Collective
    pub fn steps(&mut self, times: &[f64], watch: &mut Watch, begin: Instant) -> Result<()> {
        self.summary.increments = times.len();
        let mut progress = self.cx.progress("online", times.len());
        let mut burst = Burst::default();
        for (i, &t) in times.iter().enumerate() {
            let trial = if burst.left == 0 { Some(self.trial(i, t, watch)?) } else { None };
            match trial {
                Some(trial) if !watch.wrong() => {
                    self.accept(t, trial, watch)?;
                    progress.step(|| format!("t = {t:<10.6} {watch}"));
                }
                refused => {
                    let last = i + 1 == times.len();
                    let told = self.replace(i, t, refused, last, watch, &mut burst, begin)?;
                    progress.step(|| told);
                }
            }
            self.summary.reached = t;
            self.output(i, watch)?;
        }
        Ok(())
    }

    /// The reduced step to `t` holds.
    fn accept(&mut self, t: f64, trial: ReducedState, watch: &mut Watch) -> Result<()> {
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
        Ok(())
    }

    /// A high-fidelity step of increment i, to `t`, in the place of a reduced one that was `refused`, or not tried within a
    /// burst. Returns what to tell of it.
    fn replace(
        &mut self,
        i: usize,
        t: f64,
        refused: Option<ReducedState>,
        last: bool,
        watch: &mut Watch,
        burst: &mut Burst,
        begin: Instant,
    ) -> Result<String> {
        let options = self.options;
        let tried = refused.is_some();
        // fits for the output need a model that was assembled from the bases as they are
        let gappy = options.rebuild == Rebuild::Gappy;
        if tried {
            let budget = options.max_enrichments.saturating_sub(self.summary.enriched.len());
            burst.begin(i, if gappy { 1 } else { budget.clamp(1, Burst::LONGEST) });
        }
        if self.spent(begin) {
            return Err(stopped(format!(
                "the indicator is {:.1e} at t = {t} and the budget ({} enrichments, {:.0} s) is spent; raise \
                 --max-enrichments or --max-seconds, or train on a case nearer to this one",
                watch.indicator, options.max_enrichments, options.max_seconds
            )));
        }
        // where it converged, the reduced step is near the high-fidelity one, wrong as p may be
        let guess = match refused {
            None => self.ahead(t),
            Some(_) if watch.failed() => None,
            Some(trial) => Some(difference(&trial.coefficients, &self.state.coefficients)),
        };
        let failed = |e: Error| stopped(format!("the high-fidelity step to t = {t} failed: {}", e.message));
        let step = self.enrich(t, guess.as_deref()).map_err(failed)?;
        burst.took(i, step.outside <= Burst::KNOWN * options.tolerance);
        log::debug!(
            "increment {}: {:.1e} outside of the bases, {} steps to follow",
            i + 1,
            step.outside,
            burst.left
        );
        if burst.left == 0 && (gappy || !last) {
            self.renew(&step)?;
        } else {
            let coefficients = std::mem::take(&mut self.state.coefficients);
            self.state = self.model.reduced_state(coefficients, &self.full);
        }
        self.model.fit(&self.state, |name| watch.watches(name));
        watch.see_sizes(&self.model.duals);
        watch.enriched(t, (!tried).then_some(step.outside));
        self.summary.enriched.push(t);
        Ok(format!(
            "t = {t:<10.6} high-fidelity step, {} iterations, {:.1e} outside of the bases; {} modes, {} points",
            step.iterations,
            step.outside,
            self.model.bases.modes.len(),
            self.model.points
        ))
    }

    /// Whether no enrichment may begin any more; ranks agree on the clock of rank 0.
    fn spent(&self, begin: Instant) -> bool {
        let spent = self.summary.enriched.len() >= self.options.max_enrichments
            || begin.elapsed().as_secs_f64() > self.options.max_seconds;
        let mut spent = [u64::from(spent)];
        self.cx.comm.broadcast(&mut spent, 0);
        spent[0] == 1
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
    pub fn catch_up(&mut self) -> Result<()> {
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
