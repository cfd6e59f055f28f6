//! `ferrom online --adaptive` (method.md 3.3, 3.4): a reduced run that watches its indicator and takes a high-fidelity
//! step, with the enrichment of the model, where it asks for one.

mod burst;
mod enrich;
mod model;
mod options;
mod output;
mod rehearsal;
mod run;

use super::online::same_prescribed;
use super::solve::newton_options;
use super::training::lift_amplitude;
use super::watch::Watch;
use super::{Context, check_output};
use crate::config::Case;
use crate::error::{Error, Kind, Result};
use crate::loads::Amplitude;
use crate::parallel::agree;
use crate::rom::enrichment::Products;
use crate::solver::HighFidelity;
use crate::store::{ModelFile, ReducedModel, SnapshotWriter, StoreKind};
use crate::structure::{LoadedStructure, Structure};
use model::{AdaptiveModel, read_bases};
pub use options::{AdaptiveOptions, AdaptiveSummary, DEFAULT_TOLERANCE, Rebuild};
use output::Sink;
pub(super) use rehearsal::rehearse;
use run::Run;
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
    let mut bases = cx.timers.time("model", || read_bases(comm, &file, &origin, &structure))?;
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
    let model = cx
        .timers
        .time("reduction", || AdaptiveModel::new(comm, &structure, bases, cubature, origin, &case, path))?;
    let fields = agree(comm, wanted(&model, options, path))?;
    let provenance = format!("producer = \"ferrom online --adaptive {}\"\n", env!("CARGO_PKG_VERSION"));
    let text = case.to_text()?;
    let writer = SnapshotWriter::create(comm, out, StoreKind::Run, &structure.sub, &text, &provenance)?;
    let sink = Sink::File { writer: Box::new(writer), which: &case.output };
    let (high, output) = (Box::new(high), (sink, fields));
    let mut run = Run::new(cx, options, &structure, products, loaded, high, model, lifts, output, renewed);
    let outcome = run.write(&watch).and_then(|()| run.steps(&case.time.end_times(), &mut watch, begin));
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
    if let Sink::File { writer, .. } = run.sink
        && writer.n_times() > 0
    {
        writer.commit(comm)?;
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
