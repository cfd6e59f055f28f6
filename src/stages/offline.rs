//! `ferrom offline`: from snapshot stores to a reduced model file.

use super::Context;
use super::history::StoredHistory;
use super::source::same_mesh;
use crate::config::{Case, CubatureMode};
use crate::error::{Error, Result};
use crate::loads::{Dof, Prescribed};
use crate::parallel::{Comm, agree};
use crate::rom::cubature::{self, Cubature};
use crate::rom::offline::{History, basis, drive::drive, reduce::load_operators, select};
use crate::rom::pod::{Pod, Truncation};
use crate::solver::FullState;
use crate::store::{DualQuantity, Lift, ModelFields, ReducedModel, ReducedPoints, SnapshotFile};
use crate::structure::{LoadedStructure, PointSet, Quantity, Structure};
use std::collections::{BTreeMap, BTreeSet};
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
}

/// Solves for the displacement of a unit motion of one prescribed dof set, the others held: needs PETSc.
pub type LiftSolver<'f> = dyn Fn(&Structure, &Case, usize) -> Result<Vec<f64>> + 'f;

/// A displacement minus its lifts is nothing below this share of the displacement: the accuracy of the lifts.
const LIFT_ROUNDING: f64 = 1e-9;

/// What the training gave, besides the displacements.
struct Training {
    displacements: Vec<Vec<f64>>,
    stresses: Vec<Vec<f64>>,
    /// Per quantity.
    duals: Vec<Vec<Vec<f64>>>,
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
    let structure = cx
        .timers
        .time("open", || Structure::new(comm, histories[0].0.file().subdomain().clone(), &main.materials))?;
    let quantities = agree(comm, dual_quantities(&structure, &options.quantities))?;
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
    let n = pod.count;
    report.modes = n;
    report.projection_error = pod.projection_errors.iter().fold(0.0, |a: f64, b| a.max(*b));
    let modes: Vec<Vec<f64>> = (0..n).map(|k| pod.mode(k).to_vec()).collect();
    let rows = cx.timers.time("strains", || basis::strain_rows(&structure, &modes));
    let lift_rows = cx.timers.time("strains", || basis::strain_rows(&structure, &lifts));
    let found = cx.timers.time("cubature", || {
        let o = cubature::Options {
            exchange: options.exchange,
            ..cubature::Options::new(options.cubature_tolerance)
        };
        let global = options.cubature == CubatureMode::Global;
        select::cubature_points(comm, &structure, &rows, n, &training.stresses, &o, global)
    })?;
    describe_cubature(cx, &found, options.cubature_tolerance, &mut report);
    let duals = cx.timers.time("duals", || -> Result<Vec<(Quantity, select::DualBasis)>> {
        let mut out = Vec::new();
        for (q, snapshots) in quantities.iter().zip(&training.duals) {
            let t = Truncation { relative: options.dual_tolerance, max_modes: None };
            match select::dual_basis(comm, &structure, &q.name, q.components, snapshots, t)? {
                Some(basis) => out.push((q.clone(), basis)),
                None => {
                    cx.say(format_args!("'{}' is zero in all training cases: it cannot be rebuilt", q.name))
                }
            }
        }
        Ok(out)
    })?;
    let extra: BTreeSet<u32> = duals.iter().flat_map(|d| d.1.points.iter().copied()).collect();
    let points = reduced_points(&structure, &found, &extra, &rows, n, &lift_rows, lifts.len());
    let kept: Vec<u32> = points.1;
    report.extra_points = comm.sum_u64(points.0.weight.iter().filter(|w| **w == 0.0).count() as u64);
    let loads = cx.timers.time("loads", || load_operators(comm, &structure, &modes));
    let weights = &structure.geometry.weights;
    let mut tables = BTreeMap::new();
    tables.insert(
        "projection_errors".to_owned(),
        crate::store::SmallTable { columns: 1, values: pod.projection_errors.clone() },
    );
    let model = ReducedModel {
        n_modes: n,
        n_nodes: structure.sub.mesh.n_nodes_global,
        singular_values: singular_values(&pod),
        lifts: lift_kinds,
        points: points.0,
        duals: duals
            .iter()
            .map(|(q, d)| dual_quantity(comm, q, d, &kept, weights, &training, &quantities))
            .collect(),
        loads,
        materials: materials_text(&main)?,
        case: main.to_text()?,
        provenance: provenance(snapshots, &report)?,
        tolerances: BTreeMap::from([
            ("pod".to_owned(), options.pod_tolerance),
            ("dual".to_owned(), options.dual_tolerance),
            ("cubature".to_owned(), options.cubature_tolerance),
        ]),
        volume: structure.volume,
        tables,
    };
    for (q, d) in &duals {
        report.duals.insert(q.name.clone(), d.pod.count);
    }
    let columns: Vec<Vec<Vec<f64>>> =
        duals.iter().map(|(_, d)| (0..d.pod.count).map(|k| d.pod.mode(k).to_vec()).collect()).collect();
    cx.timers.time("write", || {
        model.write(comm, out, &structure.sub, &ModelFields { modes: &modes, lifts: &lifts, duals: &columns })
    })?;
    Ok(report)
}

/// The case given, or the one that the store keeps.
fn case_of(file: &SnapshotFile, given: Option<&Case>) -> Result<Case> {
    match given {
        Some(case) => Ok(case.clone()),
        None if file.case_text().trim().is_empty() => Err(Error::case(format!(
            "{} keeps no case; give one with --case: materials and loads are needed",
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
    let loaded = LoadedStructure::new(comm, structure, &case.loading)?;
    let amplitudes = lift_kinds.iter().map(|kind| lift_amplitude(case, kind)).collect::<Result<Vec<_>>>()?;
    let stored = agree(comm, history.file().point_names())?;
    let n = structure.geometry.n_points();
    let names: Vec<&Quantity> = quantities.iter().filter(|q| stored.contains(&q.name)).collect();
    let mut largest: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut residual = Residual::new(structure);
    let mut progress = cx.progress("law", history.times().len() - 1);
    drive(comm, structure, history, options.substeps, |step, state| {
        let mut u = state.displacement.clone();
        // the virgin structure has not moved, whatever is prescribed from then on
        let moved = !lifts.is_empty() && comm.any(u.iter().any(|x| *x != 0.0));
        for (lift, (value, amplitude)) in lifts.iter().zip(&amplitudes).filter(|_| moved) {
            let g = value * amplitude.value(state.time);
            u.iter_mut().zip(lift).for_each(|(u, l)| *u -= g * l);
        }
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
        let r = residual.relative(comm, structure, &loaded, state);
        report.equilibrium = Some(report.equilibrium.unwrap_or(0.0).max(r));
        progress.step(|| format!("t = {:<10.6} equilibrium residual {r:.1e}", state.time));
        Ok(())
    })?;
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

/// Equilibrium residual of a state on the free dofs, relative to the external force or the internal one.
struct Residual {
    external: Vec<f64>,
    internal: Vec<f64>,
    free: Vec<f64>,
}

impl Residual {
    fn new(structure: &Structure) -> Residual {
        let zero = || vec![0.0; 3 * structure.sub.mesh.n_nodes()];
        Residual { external: zero(), internal: zero(), free: zero() }
    }

    fn relative(
        &mut self,
        comm: &Comm,
        structure: &Structure,
        loaded: &LoadedStructure,
        state: &FullState,
    ) -> f64 {
        loaded.external_force(state.time, &mut self.external);
        self.internal.fill(0.0);
        structure.geometry.internal_force(&structure.sub.mesh, &state.stress, &mut self.internal);
        structure.assemble(comm, &mut self.internal);
        loaded.free_residual(&self.external, &self.internal, &mut self.free);
        let norm = |v: &[f64]| structure.dot(comm, v, v).sqrt();
        let reference = norm(&self.external).max(norm(&self.internal));
        if reference > 0.0 { norm(&self.free) / reference } else { 0.0 }
    }
}

fn warn_deviation(cx: &Context, report: &OfflineReport, limit: f64) {
    for (name, d) in report.deviation.iter().filter(|(_, d)| **d > limit || d.is_nan()) {
        cx.warn(format_args!(
            "recomputed '{name}' differs from the stored one by {d:.1e} of its maximum (limit {limit:.0e}): the law or its \
             coefficients are not those of the source"
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

/// The reduced points of this rank, weighted ones first, and their local numbers.
fn reduced_points(
    structure: &Structure,
    found: &Cubature,
    extra: &BTreeSet<u32>,
    rows: &[f64],
    n: usize,
    lift_rows: &[f64],
    l: usize,
) -> (ReducedPoints, Vec<u32>) {
    let mesh = &structure.sub.mesh;
    let mut weighted: Vec<(u32, f64)> = found.points.iter().map(|p| (p.local, p.weight)).collect();
    weighted.sort_by_key(|p| p.0);
    let taken: BTreeSet<u32> = weighted.iter().map(|p| p.0).collect();
    let all: Vec<(u32, f64)> =
        weighted.into_iter().chain(extra.difference(&taken).map(|&p| (p, 0.0))).collect();
    let mut points = ReducedPoints { node_offsets: vec![0], ..ReducedPoints::default() };
    for &(local, weight) in &all {
        let local = local as usize;
        let e = structure.geometry.offsets.partition_point(|&o| o <= local) - 1;
        let k = local - structure.geometry.offsets[e];
        let shapes = structure.geometry.shape_values(mesh.kinds[e], k);
        let nodes = mesh.nodes_of(e);
        let x = std::array::from_fn(|c| {
            nodes.iter().zip(shapes).map(|(&a, s)| s * mesh.points[a as usize][c]).sum()
        });
        points.element_id.push(mesh.element_ids[e]);
        points.element_index.push(mesh.element_index[e]);
        points.number.push(k as u32);
        points.x.push(x);
        points.weight.push(weight);
        points.material.push(structure.material_of[e]);
        points.nodes.extend(nodes.iter().map(|&a| mesh.node_index[a as usize]));
        points.shapes.extend_from_slice(shapes);
        points.node_offsets.push(points.nodes.len() as u64);
        for (rows, count) in [(rows, n), (lift_rows, l)] {
            for i in 0..count {
                points.strain.extend((0..6).map(|c| rows[(6 * local + c) * count + i]));
            }
        }
    }
    (points, all.into_iter().map(|p| p.0).collect())
}

fn dual_quantity(
    comm: &Comm,
    q: &Quantity,
    d: &select::DualBasis,
    kept: &[u32],
    weights: &[f64],
    training: &Training,
    quantities: &[Quantity],
) -> DualQuantity {
    let (c, m) = (q.components, d.pod.count);
    let mut rows = Vec::with_capacity(kept.len() * c * m);
    for &p in kept {
        for i in 0..c {
            rows.extend((0..m).map(|k| d.pod.mode(k)[p as usize * c + i]));
        }
    }
    let snapshots = quantities.iter().position(|x| x.name == q.name).map_or(&[][..], |i| &training.duals[i]);
    let at_points = |s: &Vec<f64>| {
        kept.iter().flat_map(|&p| &s[p as usize * c..(p as usize + 1) * c]).map(|x| x * x).sum::<f64>()
    };
    let over_volume = |s: &Vec<f64>| {
        s.chunks_exact(c)
            .zip(weights)
            .map(|(v, w)| w.abs() * v.iter().map(|x| x * x).sum::<f64>())
            .sum::<f64>()
    };
    let mut squares: Vec<f64> = snapshots.iter().flat_map(|s| [at_points(s), over_volume(s)]).collect();
    comm.sum(&mut squares);
    let largest =
        |first: usize| squares.iter().skip(first).step_by(2).fold(0.0, |a: f64, b| a.max(*b)).sqrt();
    DualQuantity {
        name: q.name.clone(),
        components: c,
        m,
        singular_values: d.pod.singular_values.clone(),
        q_max: largest(0),
        q_max_l2: largest(1),
        rows,
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
