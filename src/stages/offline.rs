//! `ferrom offline`: from snapshot stores to a reduced model file.

use super::Context;
use super::calibrate::{CalibrationReport, calibrate};
use super::history::StoredHistory;
use super::source::same_mesh;
use super::training::{Training, lift_fields, same_supports, train};
use crate::config::{Case, CubatureMode};
use crate::error::{Error, Result};
use crate::parallel::{Comm, MemoryLimit, agree, peak_memory};
use crate::rom::cubature::{self, Cubature};
use crate::rom::offline::assemble::{Assembled, Bases, DualBasis, assemble};
use crate::rom::offline::{History, basis, select};
use crate::rom::pod::{Pod, Truncation};
use crate::store::{ModelFields, ReducedModel, SmallTable, SnapshotFile};
use crate::structure::{PointSet, Quantity, Structure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the offline stage did.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct OfflineReport {
    /// Displacement unknowns.
    pub unknowns: u64,
    /// Integration points of the structure.
    pub points: u64,
    /// Displacement modes.
    pub modes: usize,
    /// Lifts of prescribed motions.
    pub lifts: usize,
    /// Cubature points.
    pub weighted_points: usize,
    /// Points that only dual quantities need.
    pub extra_points: u64,
    /// Relative error of the cubature and how its search ended.
    pub cubature_error: f64,
    /// Reason.
    pub cubature_stop: String,
    /// Sum of the weights over the volume, minus one.
    pub weight_defect: f64,
    /// Largest relative projection error of a displacement snapshot.
    pub projection_error: f64,
    /// Largest relative difference between recomputed and stored quantities, by quantity.
    pub deviation: BTreeMap<String, f64>,
    /// Largest relative equilibrium residual of the recomputed stresses under the case's loads.
    pub equilibrium: Option<f64>,
    /// Modes of each dual quantity.
    pub duals: BTreeMap<String, usize>,
    /// How well the error indicator is calibrated.
    pub calibration: Option<CalibrationReport>,
    /// Memory that it took; not part of the provenance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryReport>,
}

/// Memory of an offline stage, bytes.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MemoryReport {
    /// What the process of a rank was allowed.
    pub limit_of_a_rank: f64,
    /// Peak resident memory of each rank.
    pub peak_of_ranks: Vec<f64>,
    /// Snapshots that were kept on the disk meanwhile, all ranks.
    pub snapshots_on_disk: u64,
}

/// Solves for the displacement of a unit motion of one prescribed dof set, the others held: needs PETSc.
pub type LiftSolver<'f> = dyn Fn(&Structure, &Case, usize) -> Result<Vec<f64>> + 'f;

/// Builds a reduced model of the training cases and writes it to `out`. `case` overrides the cases kept in the stores
/// (for materials, options and the loads of all of them).
///
/// # Errors
/// The stores cannot be read, are of different meshes, or have no case; a law fails; nothing to build a basis from.
///
/// # Collective
pub fn offline(
    cx: &Context,
    snapshots: &[PathBuf],
    case: Option<&Case>,
    adjust: impl Fn(&mut Case),
    lift_solver: &LiftSolver,
    out: &Path,
) -> Result<OfflineReport> {
    let comm = cx.comm;
    let inputs: Vec<&Path> = snapshots.iter().chain(case.map(|c| &c.path)).map(PathBuf::as_path).collect();
    super::check_output(comm, out, &inputs)?;
    let mut histories: Vec<(StoredHistory, Case)> = Vec::new();
    cx.timers.time("open", || -> Result<()> {
        for path in snapshots {
            let file = SnapshotFile::open(comm, path)?;
            let own = agree(comm, case_of(&file, case))?;
            histories.push((StoredHistory::new(comm, file, &own.loading)?, own));
        }
        let (first, rest) = histories.split_at(1.min(histories.len()));
        let check = || {
            let Some((first, _)) = first.first() else { return Err(Error::case("no snapshots were given")) };
            rest.iter().try_for_each(|(h, _)| {
                same_mesh(
                    first.file().subdomain(),
                    first.file().path(),
                    h.file().subdomain(),
                    h.file().path(),
                )
            })
        };
        agree(comm, check())
    })?;
    let mut main = histories[0].1.clone();
    adjust(&mut main);
    let options = main.offline.clone();
    agree(comm, options.check().map_err(|e| Error::case(format!("[offline] {e}"))))
        .map_err(|e| main.locate(e))?;
    let structure = cx
        .timers
        .time("open", || Structure::new(comm, histories[0].0.file().subdomain().clone(), &main.materials))
        .map_err(|e| main.locate(e))?;
    let quantities =
        agree(comm, dual_quantities(&structure, &options.quantities)).map_err(|e| main.locate(e))?;
    let mut report = OfflineReport {
        unknowns: 3 * structure.sub.mesh.n_nodes_global,
        points: comm.sum_u64(structure.geometry.n_points() as u64),
        ..OfflineReport::default()
    };
    cx.say(format_args!(
        "{} unknowns, {} integration points, {} training case{}",
        report.unknowns,
        report.points,
        histories.len(),
        if histories.len() == 1 { "" } else { "s" }
    ));
    let cases: Vec<&Case> = histories.iter().map(|h| &h.1).collect();
    agree(comm, cases.iter().try_for_each(|c| same_supports(&main, c)))?;
    let (lift_kinds, lifts) =
        cx.timers.time("lifts", || lift_fields(&structure, &main, &cases, lift_solver))?;
    report.lifts = lifts.len();
    let memory = MemoryLimit::new(comm, options.memory_limit.map(|b| b.0));
    let snapshots_of_all = histories.iter().map(|(h, _)| h.times().len() - 1).sum();
    let mut training = Training::new(comm, &structure, &quantities, snapshots_of_all, &memory, out)?;
    for (history, own) in &histories {
        let lifts = (&lift_kinds[..], &lifts[..]);
        let (n, t) = (options.substeps, &mut training);
        cx.timers
            .time("law", || train(cx, &structure, history, own, n, &quantities, lifts, t, &mut report))?;
    }
    drop(histories);
    let scratch = comm.sum_u64(training.on_disk());
    if scratch > 0 {
        cx.say(format_args!(
            "{:.2} GB of snapshots on the disk: with them, a rank would take more than {:.2} GB of memory",
            scratch as f64 / 1e9,
            memory.bytes() / 1e9
        ));
    }
    super::solve::warn_tables(cx, &structure);
    warn_deviation(cx, &report, options.warn_deviation);
    let truncation = Truncation { relative: options.pod_tolerance, max_modes: options.max_modes };
    let pod = cx.timers.time("pod", || {
        let snapshots = &training.displacements;
        let pod = basis::displacement_modes(comm, &structure, snapshots, truncation, options.pod, &memory);
        training.unless_failed(comm, pod)
    })?;
    report.modes = pod.count;
    report.projection_error = pod.projection_errors.iter().fold(0.0, |a: f64, b| a.max(*b));
    let duals = cx.timers.time("duals", || -> Result<Vec<DualBasis>> {
        let mut out = Vec::new();
        for (k, q) in quantities.iter().enumerate() {
            let t = Truncation { relative: options.dual_tolerance, max_modes: None };
            let found = select::dual_basis(comm, &structure, q, training.dual(k), t, &memory);
            match training.unless_failed(comm, found)? {
                Some(basis) => out.push(basis),
                None => {
                    cx.say(format_args!("'{}' is zero in all training cases: it cannot be rebuilt", q.name))
                }
            }
        }
        Ok(out)
    })?;
    let errors = SmallTable { columns: 1, values: pod.projection_errors.clone() };
    let bases = Bases {
        singular_values: singular_values(&pod),
        modes: pod.into_columns(),
        lifts: lift_kinds.into_iter().zip(lifts).collect(),
        duals,
    };
    let Assembled { mut model, cubature, .. } = cx.timers.time("reduction", || {
        let o = cubature::Options {
            exchange: options.exchange,
            ..cubature::Options::new(options.cubature_tolerance)
        };
        let global = options.cubature == CubatureMode::Global;
        let made = assemble(comm, &structure, &bases, &training.stresses, &o, global, &memory);
        training.unless_failed(comm, made)
    })?;
    describe_cubature(cx, &cubature, options.cubature_tolerance, &mut report);
    report.extra_points = comm.sum_u64(model.points.weight.iter().filter(|w| **w == 0.0).count() as u64);
    report.duals = bases.duals.iter().map(|d| (d.quantity.name.clone(), d.columns.len())).collect();
    model.materials = materials_text(&main)?;
    if options.calibrate {
        let calibration = cx.timers.time("calibration", || {
            let m = &model.materials;
            let found = calibrate(cx, &structure, &training, &bases, &quantities, &options, &memory, m);
            training.unless_failed(comm, found)
        })?;
        if let Some(c) = calibration {
            report.calibration = Some(CalibrationReport::new(&c));
            model.calibration = c.to_json().map_err(|e| Error::run(e.to_string()))?;
        }
    }
    // the limit is of this machine, the model is the same without it
    main.offline.memory_limit = None;
    model.case = main.to_text()?;
    model.provenance = provenance(snapshots, &report)?;
    model.tolerances = BTreeMap::from([
        ("pod".to_owned(), options.pod_tolerance),
        ("dual".to_owned(), options.dual_tolerance),
        ("cubature".to_owned(), options.cubature_tolerance),
    ]);
    model.tables.insert("projection_errors".to_owned(), errors);
    drop(training);
    cx.timers.time("write", || write(comm, &model, &structure, &bases, out))?;
    // known when the file is complete, which does not depend on it
    report.memory = Some(MemoryReport {
        limit_of_a_rank: memory.bytes(),
        peak_of_ranks: comm.all_gather(&[peak_memory()]).0,
        snapshots_on_disk: scratch,
    });
    Ok(report)
}

fn write(comm: &Comm, model: &ReducedModel, structure: &Structure, bases: &Bases, out: &Path) -> Result<()> {
    let lifts: Vec<Vec<f64>> = bases.lifts.iter().map(|l| l.1.clone()).collect();
    let duals: Vec<&[Vec<f64>]> = bases.duals.iter().map(|d| &d.columns[..]).collect();
    model.write(comm, out, &structure.sub, &ModelFields { modes: &bases.modes, lifts: &lifts, duals: &duals })
}

/// The case given, or the one that the store keeps.
fn case_of(file: &SnapshotFile, given: Option<&Case>) -> Result<Case> {
    // a text of comments only is no case either
    let keeps_none = file.case_text().parse::<toml::Table>().is_ok_and(|t| t.is_empty());
    match given {
        Some(case) => Ok(case.clone()),
        None if keeps_none => Err(Error::case(format!(
            "{}: it keeps no case, and materials and loads are needed; give one with --case",
            file.path().display()
        ))),
        None => Case::from_text(file.case_text(), file.path()),
    }
}

/// The quantities to be rebuilt: those asked for, or stress and `p`.
fn dual_quantities(structure: &Structure, names: &[String]) -> Result<Vec<Quantity>> {
    let default = ["sig".to_owned(), "p".to_owned()];
    super::solve::find_quantities(structure, if names.is_empty() { &default } else { names })
}

fn warn_deviation(cx: &Context, report: &OfflineReport, limit: f64) {
    for (name, d) in report.deviation.iter().filter(|(_, d)| **d > limit || d.is_nan()) {
        cx.warn(format_args!(
            "recomputed '{name}' differs from the stored one by {d:.1e} of its maximum (limit {limit:.0e}): the law, its \
             coefficients or the units are not those of the source, or its strains are not small"
        ));
    }
    if let Some(r) = report.equilibrium.filter(|r| *r > 0.05) {
        cx.warn(format_args!(
            "recomputed stresses are out of equilibrium with the case's loads by {r:.1e}: check loads and units"
        ));
    }
}

fn describe_cubature(cx: &Context, found: &Cubature, tolerance: f64, report: &mut OfflineReport) {
    report.weighted_points = found.count();
    report.cubature_error = found.error;
    report.cubature_stop = found.stop.words().to_owned();
    report.weight_defect = if found.volume > 0.0 { found.sum / found.volume - 1.0 } else { 0.0 };
    if !found.converged {
        cx.warn(format_args!(
            "the cubature stopped at a relative error of {:.1e}, above {tolerance:.1e}: {}",
            found.error,
            found.stop.words()
        ));
    }
}

fn singular_values(pod: &Pod) -> Vec<f64> {
    let cut = pod.spectrum.iter().skip(pod.count).copied();
    pod.singular_values.iter().copied().chain(cut).collect()
}

/// The materials as TOML, in the order that the points count them.
fn materials_text(case: &Case) -> Result<String> {
    #[derive(serde::Serialize)]
    struct Materials<'m> {
        material: Vec<&'m crate::material::MaterialSpec>,
    }
    let list = Materials { material: case.materials.iter().map(|m| &m.material).collect() };
    toml::to_string(&list).map_err(|e| Error::run(format!("the materials could not be written as TOML: {e}")))
}

fn provenance(snapshots: &[PathBuf], report: &OfflineReport) -> Result<String> {
    let json = serde_json::json!({
        "producer": concat!("ferrom offline ", env!("CARGO_PKG_VERSION")),
        "snapshots": snapshots,
        "report": report,
    });
    serde_json::to_string_pretty(&json).map_err(|e| Error::run(e.to_string()))
}

/// The materials of a model, as a set of points with these materials.
pub(super) fn model_points(text: &str, material_of: &[u32], path: &Path) -> Result<PointSet> {
    #[derive(serde::Deserialize)]
    struct Materials {
        material: Vec<crate::material::MaterialSpec>,
    }
    let damaged = |e: String| Error::input(path, "/ferrom/model/materials", e, "build the model again");
    let list: Materials = toml::from_str(text).map_err(|e| damaged(e.message().to_owned()))?;
    let materials = list.material.iter().map(|m| m.build()).collect::<Result<Vec<_>>>()?;
    if let Some(m) = material_of.iter().find(|m| **m as usize >= materials.len()) {
        return Err(damaged(format!("a point has material {m} of {}", materials.len())));
    }
    Ok(PointSet::new(materials, material_of))
}
