//! `ferrom offline`: from snapshot stores to a reduced model file.

use super::Context;
use super::calibrate::{CalibrationReport, calibrate};
use super::history::StoredHistory;
use super::source::same_mesh;
use crate::config::{Case, CubatureMode};
use crate::error::{Error, Result};
use crate::loads::{Dof, Prescribed};
use crate::parallel::{Comm, agree};
use crate::rom::cubature::{self, Cubature};
use crate::rom::offline::assemble::{Assembled, Bases, DualBasis, assemble};
use crate::rom::offline::{History, basis, drive::drive, select};
use crate::rom::pod::{Pod, Truncation};
use crate::store::{Lift, ModelFields, ReducedModel, SmallTable, SnapshotFile};
use crate::structure::{LoadedStructure, PointSet, Quantity, Structure};
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
}

/// Solves for the displacement of a unit motion of one prescribed dof set, the others held: needs PETSc.
pub type LiftSolver<'f> = dyn Fn(&Structure, &Case, usize) -> Result<Vec<f64>> + 'f;

/// A displacement minus its lifts is nothing below this share of the displacement: the accuracy of the lifts.
const LIFT_ROUNDING: f64 = 1e-9;

/// What the training gave: snapshots of all cases, one case after the other.
pub(super) struct Training {
    /// Displacements without their lifts.
    pub displacements: Vec<Vec<f64>>,
    pub stresses: Vec<Vec<f64>>,
    /// Per quantity.
    pub duals: Vec<Vec<Vec<f64>>>,
    /// Loads of each case, and the times of its snapshots.
    pub cases: Vec<(Case, Vec<f64>)>,
}

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
    let mut training = Training {
        displacements: Vec::new(),
        stresses: Vec::new(),
        duals: vec![Vec::new(); quantities.len()],
        cases: Vec::new(),
    };
    for (history, own) in &histories {
        train(
            cx,
            &structure,
            history,
            own,
            &options,
            &quantities,
            &lift_kinds,
            &lifts,
            &mut training,
            &mut report,
        )?;
    }
    super::solve::warn_tables(cx, &structure);
    warn_deviation(cx, &report, options.warn_deviation);
    let truncation = Truncation { relative: options.pod_tolerance, max_modes: options.max_modes };
    let pod = cx.timers.time("pod", || {
        basis::displacement_modes(comm, &structure, &training.displacements, truncation, options.pod)
    })?;
    report.modes = pod.count;
    report.projection_error = pod.projection_errors.iter().fold(0.0, |a: f64, b| a.max(*b));
    let duals = cx.timers.time("duals", || -> Result<Vec<DualBasis>> {
        let mut out = Vec::new();
        for (q, snapshots) in quantities.iter().zip(&training.duals) {
            let t = Truncation { relative: options.dual_tolerance, max_modes: None };
            match select::dual_basis(comm, &structure, q, snapshots, t)? {
                Some(basis) => out.push(basis),
                None => {
                    cx.say(format_args!("'{}' is zero in all training cases: it cannot be rebuilt", q.name))
                }
            }
        }
        Ok(out)
    })?;
    let bases = Bases {
        modes: (0..pod.count).map(|k| pod.mode(k).to_vec()).collect(),
        singular_values: singular_values(&pod),
        lifts: lift_kinds.into_iter().zip(lifts).collect(),
        stresses: std::mem::take(&mut training.stresses),
        duals,
    };
    let Assembled { mut model, cubature, .. } = cx.timers.time("reduction", || {
        let o = cubature::Options {
            exchange: options.exchange,
            ..cubature::Options::new(options.cubature_tolerance)
        };
        assemble(comm, &structure, &bases, &o, options.cubature == CubatureMode::Global)
    })?;
    describe_cubature(cx, &cubature, options.cubature_tolerance, &mut report);
    report.extra_points = comm.sum_u64(model.points.weight.iter().filter(|w| **w == 0.0).count() as u64);
    report.duals = bases.duals.iter().map(|d| (d.quantity.name.clone(), d.columns.len())).collect();
    model.materials = materials_text(&main)?;
    if options.calibrate {
        let stresses = &bases.stresses;
        let calibration = cx.timers.time("calibration", || {
            calibrate(cx, &structure, &training, stresses, &bases, &quantities, &options, &model.materials)
        })?;
        if let Some(c) = calibration {
            report.calibration = Some(CalibrationReport::new(&c));
            model.calibration = c.to_json().map_err(|e| Error::run(e.to_string()))?;
        }
    }
    model.case = main.to_text()?;
    model.provenance = provenance(snapshots, &report)?;
    model.tolerances = BTreeMap::from([
        ("pod".to_owned(), options.pod_tolerance),
        ("dual".to_owned(), options.dual_tolerance),
        ("cubature".to_owned(), options.cubature_tolerance),
    ]);
    let errors = SmallTable { columns: 1, values: pod.projection_errors };
    model.tables.insert("projection_errors".to_owned(), errors);
    cx.timers.time("write", || write(comm, &model, &structure, &bases, out))?;
    Ok(report)
}

fn write(comm: &Comm, model: &ReducedModel, structure: &Structure, bases: &Bases, out: &Path) -> Result<()> {
    let lifts: Vec<Vec<f64>> = bases.lifts.iter().map(|l| l.1.clone()).collect();
    let duals: Vec<Vec<Vec<f64>>> = bases.duals.iter().map(|d| d.columns.clone()).collect();
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

/// The prescribed dof sets of a case in the order in which they count.
pub(super) fn supports(case: &Case) -> Vec<(&str, Dof)> {
    let all = &case.loading.prescribed;
    let later = |i: usize, p: &Prescribed| all[i + 1..].iter().any(|q| q.set == p.set && q.dof == p.dof);
    let last = all.iter().enumerate().filter(|(i, p)| !later(*i, p));
    last.map(|(_, p)| (p.set.as_str(), p.dof)).collect()
}

/// A basis is zero on one list of dofs: every training case must prescribe the same.
fn same_supports(main: &Case, other: &Case) -> Result<()> {
    if supports(main) == supports(other) {
        return Ok(());
    }
    let list =
        |c| supports(c).iter().map(|(set, dof)| format!("{dof:?} of '{set}'")).collect::<Vec<_>>().join(", ");
    Err(Error::case_file(
        &other.path,
        "[[fix]]",
        format!("prescribes {}, whereas the first training case prescribes {}", list(other), list(main)),
        "give every training case of a model the same [[fix]] entries in the same order, with value 0 where nothing moves",
    ))
}

/// A lift for every prescribed displacement that moves in a training case; none has to be solved for where none does.
fn lift_fields(
    structure: &Structure,
    main: &Case,
    cases: &[&Case],
    solver: &LiftSolver,
) -> Result<(Vec<Lift>, Vec<Vec<f64>>)> {
    let (mut kinds, mut fields) = (Vec::new(), Vec::new());
    let moving = |set: &str, dof: Dof| {
        let all = cases.iter().flat_map(|c| &c.loading.prescribed);
        all.into_iter().find(|p| p.set == set && p.dof == dof && p.value != 0.0)
    };
    for (set, dof) in supports(main) {
        let Some(p) = moving(set, dof) else { continue };
        let table = p.table.clone().unwrap_or_default();
        kinds.push(Lift { node_set: set.to_owned(), dof: dof.index() as u32, table });
        let term = main.loading.prescribed.iter().rposition(|p| p.set == set && p.dof == dof).unwrap_or(0);
        fields.push(solver(structure, main, term)?);
    }
    Ok((kinds, fields))
}

/// Drives the law along one training case and collects its snapshots.
fn train(
    cx: &Context,
    structure: &Structure,
    history: &StoredHistory,
    case: &Case,
    options: &crate::config::OfflineOptions,
    quantities: &[Quantity],
    lift_kinds: &[Lift],
    lifts: &[Vec<f64>],
    training: &mut Training,
    report: &mut OfflineReport,
) -> Result<()> {
    let comm = cx.comm;
    let loaded = LoadedStructure::new(comm, structure, &case.loading).map_err(|e| case.locate(e))?;
    let amplitudes = lift_kinds.iter().map(|kind| lift_amplitude(case, kind)).collect::<Result<Vec<_>>>()?;
    let stored = agree(comm, history.file().point_names())?;
    let n = structure.geometry.n_points();
    let names: Vec<&Quantity> = quantities.iter().filter(|q| stored.contains(&q.name)).collect();
    let mut largest: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut times = Vec::new();
    let mut progress = cx.progress("law", history.times().len() - 1);
    drive(comm, structure, history, options.substeps, |step, state| {
        let mut u = state.displacement.clone();
        // the virgin structure has not moved, whatever is prescribed from then on
        let moved = !lifts.is_empty() && comm.any(u.iter().any(|x| *x != 0.0));
        for (lift, (value, amplitude)) in lifts.iter().zip(&amplitudes).filter(|_| moved) {
            let g = value * amplitude.value(state.time);
            u.iter_mut().zip(lift).for_each(|(u, l)| *u -= g * l);
        }
        times.push(state.time);
        if moved {
            // what is left of an elastic motion is rounding, not a shape
            let sizes = [&u, &state.displacement].map(|v| v.iter().fold(0.0, |m: f64, x| m.max(x.abs())));
            if comm.max1(sizes[0]) <= LIFT_ROUNDING * comm.max1(sizes[1]) {
                u.fill(0.0);
            }
        }
        training.displacements.push(u);
        training.stresses.push(state.stress.clone());
        for (q, list) in quantities.iter().zip(&mut training.duals) {
            let mut values = vec![0.0; n * q.components];
            q.evaluate(&structure.points, &state.strain, &state.stress, &state.state, &mut values);
            if let (true, Some(k)) = (names.iter().any(|m| m.name == q.name), history.stored_step(step)) {
                let theirs = history.file().read_point(comm, k, &q.name)?;
                if theirs.len() == values.len() {
                    let entry = largest.entry(&q.name).or_default();
                    for (a, b) in values.iter().zip(&theirs) {
                        entry.0 = entry.0.max((a - b).abs());
                        entry.1 = entry.1.max(b.abs());
                    }
                }
            }
            list.push(values);
        }
        let r = structure.equilibrium_residual(comm, &loaded, state.time, &state.stress);
        report.equilibrium = Some(report.equilibrium.unwrap_or(0.0).max(r));
        progress.step(|| format!("t = {:<10.6} equilibrium residual {r:.1e}", state.time));
        Ok(())
    })?;
    training.cases.push((case.clone(), times));
    for q in &names {
        let (difference, size) = largest.get(q.name.as_str()).copied().unwrap_or_default();
        let (difference, size) = (comm.max1(difference), comm.max1(size));
        let relative = if size > 0.0 { difference / size } else { difference };
        let entry = report.deviation.entry(q.name.clone()).or_default();
        *entry = entry.max(relative);
    }
    Ok(())
}

/// Value and amplitude of the prescribed displacement of a case that a lift stands for.
pub(super) fn lift_amplitude(case: &Case, lift: &Lift) -> Result<(f64, crate::loads::Amplitude)> {
    let of = |p: &&crate::loads::Prescribed| p.set == lift.node_set && p.dof.index() as u32 == lift.dof;
    match case.loading.prescribed.iter().rev().find(of) {
        Some(p) => Ok((p.value, case.loading.prescribed_amplitude(p)?)),
        None => Err(Error::case_file(
            &case.path,
            "[[fix]]",
            format!("U{} of '{}' is prescribed in the model but not here", lift.dof + 1, lift.node_set),
            "prescribe it (value 0 holds it)",
        )),
    }
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
