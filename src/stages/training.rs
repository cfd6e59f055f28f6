//! The training cases of `ferrom offline`: the law driven along their displacements, and the snapshots that this gives.

use super::Context;
use super::history::StoredHistory;
use super::offline::{LiftSolver, OfflineReport};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::loads::{Dof, Prescribed};
use crate::parallel::{Comm, MemoryLimit, agree};
use crate::rom::offline::{History, Recorded, drive::drive};
use crate::store::Lift;
use crate::structure::{LoadedStructure, Quantity, Structure};
use std::collections::BTreeMap;
use std::path::Path;

/// A displacement minus its lifts is nothing below this share of the displacement: the accuracy of the lifts.
const LIFT_ROUNDING: f64 = 1e-9;

/// What the training gave: snapshots of all cases, one case after the other.
pub(super) struct Training {
    /// Displacements without their lifts.
    pub displacements: Recorded,
    pub stresses: Recorded,
    /// Per quantity; `None`: the stresses.
    duals: Vec<Option<Recorded>>,
    /// Loads of each case, and the times of its snapshots.
    pub cases: Vec<(Case, Vec<f64>)>,
}

/// What comes of the snapshots (bases, integrands, those of the calibration) takes no more than this many times their size.
const WORST: usize = 5;

impl Training {
    /// Nothing yet. Snapshots go to the disk, beside `out`, where they and all that can come of them would pass the limit.
    ///
    /// # Errors
    /// The laws alone need more than the limit; no file can be created.
    ///
    /// # Collective
    pub fn new(
        comm: &Comm,
        structure: &Structure,
        quantities: &[Quantity],
        snapshots: usize,
        memory: &MemoryLimit,
        out: &Path,
    ) -> Result<Training> {
        let (points, nodes) = (structure.geometry.n_points(), structure.sub.mesh.n_nodes());
        let duals: usize = quantities.iter().map(|q| if is_stress(q) { 0 } else { q.components }).sum();
        let snapshot = 3 * nodes + (6 + duals) * points;
        // two states and what leads from one to the other; fields of the step, and one more of each as it is stored
        let variables: usize = structure.points.state_values();
        let driving = 2 * (3 * nodes + 13 * points + variables) + 14 * points + 12 * nodes + 12 * points;
        memory.claim(comm, "the law at all integration points", driving)?;
        let on_disk = !memory.fits(comm, driving + WORST * snapshots * snapshot);
        let new = |what: &str, len: usize| {
            let mut name = out.as_os_str().to_owned();
            name.push(format!(".{}.{what}", comm.rank()));
            Recorded::new(len, on_disk.then_some(Path::new(&name)))
        };
        let made =
            || -> Result<Training> {
                Ok(Training {
                    displacements: new("U", 3 * nodes)?,
                    stresses: new("sig", 6 * points)?,
                    duals: quantities
                        .iter()
                        .map(|q| {
                            if is_stress(q) {
                                Ok(None)
                            } else {
                                new(&q.name, q.components * points).map(Some)
                            }
                        })
                        .collect::<Result<_>>()?,
                    cases: Vec::new(),
                })
            };
        agree(comm, made())
    }

    /// Snapshots of the `k`-th quantity.
    pub fn dual(&self, k: usize) -> &Recorded {
        self.duals[k].as_ref().unwrap_or(&self.stresses)
    }

    /// Bytes on the disk, on this rank.
    pub fn on_disk(&self) -> u64 {
        let all = [&self.displacements, &self.stresses].into_iter().chain(self.duals.iter().flatten());
        all.map(Recorded::on_disk).sum()
    }

    /// `found`, unless snapshots could not be read back meanwhile.
    ///
    /// # Collective
    pub fn unless_failed<T>(&self, comm: &Comm, found: Result<T>) -> Result<T> {
        let all = [&self.displacements, &self.stresses].into_iter().chain(self.duals.iter().flatten());
        for recorded in all {
            recorded.unless_failed(comm, Ok(()))?;
        }
        found
    }
}

fn is_stress(q: &Quantity) -> bool {
    q.name == "sig"
}

/// The prescribed dof sets of a case in the order in which they count.
pub(super) fn supports(case: &Case) -> Vec<(&str, Dof)> {
    let all = &case.loading.prescribed;
    let later = |i: usize, p: &Prescribed| all[i + 1..].iter().any(|q| q.set == p.set && q.dof == p.dof);
    let last = all.iter().enumerate().filter(|(i, p)| !later(*i, p));
    last.map(|(_, p)| (p.set.as_str(), p.dof)).collect()
}

/// A basis is zero on one list of dofs: every training case must prescribe the same.
pub(super) fn same_supports(main: &Case, other: &Case) -> Result<()> {
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
pub(super) fn lift_fields(
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
pub(super) fn train(
    cx: &Context,
    structure: &Structure,
    history: &StoredHistory,
    case: &Case,
    substeps: u32,
    quantities: &[Quantity],
    (lift_kinds, lifts): (&[Lift], &[Vec<f64>]),
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
    let (mut times, mut values) = (Vec::new(), Vec::new());
    let mut progress = cx.progress("law", history.times().len() - 1);
    drive(comm, structure, history, substeps, |step, state| {
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
        let mut put = training.displacements.push(&u).and_then(|()| training.stresses.push(&state.stress));
        for (q, kept) in quantities.iter().zip(&mut training.duals) {
            values.resize(n * q.components, 0.0);
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
            if let Some(kept) = kept {
                put = put.and_then(|()| kept.push(&values));
            }
        }
        agree(comm, put)?;
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
