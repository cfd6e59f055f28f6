//! `ferrom import`: another program's results into a snapshot store.

use super::calculix::exact_times;
use super::cells::CellMeans;
use super::source::{Cut, ResultFile};
use super::{Context, Progress, check_output, load_mesh};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::formats::calculix::is_deck;
use crate::loads::{PrescribedDofs, TemperatureHistory};
use crate::mesh::Mesh;
use crate::parallel::{Comm, agree};
use crate::store::{Field, SnapshotWriter, Step, StoreKind};
use std::path::Path;

/// Writes what `results` hold (displacements, and stresses and internal variables where they are stored) and the
/// temperatures, those of the case if there is one, to `out`; returns the number of times.
///
/// # Errors
/// The results or fields of the case cannot be read; `case` is of another mesh; the output cannot be written.
///
/// # Collective
pub fn import(cx: &Context, results: &Path, case: Option<&Case>, out: &Path) -> Result<usize> {
    let comm = cx.comm;
    check_output(comm, out, &[results, case.map_or(results, |c| &c.path)])?;
    let source = cx.timers.time("mesh", || ResultFile::open(comm, results, Cut::Own))?;
    if !source.has_displacement() {
        let remedy = "give results of a structural analysis, with its displacements stored";
        return Err(Error::input(results, "", "holds no displacements", remedy));
    }
    let sub = source.subdomain();
    let mesh = &sub.mesh;
    if let Some(case) = case {
        let sets = case.materials.iter().filter_map(|m| m.set.as_ref());
        let of_materials = sets.map(|set| mesh.element_set(set)).collect::<std::result::Result<Vec<_>, _>>();
        agree(comm, of_materials.map_err(|e| case.locate(e.into())))?;
        PrescribedDofs::new(comm, sub, &case.loading).map_err(|e| case.locate(e))?;
        let size = [mesh.n_nodes_global, mesh.n_elements_global];
        let extent = extent(comm, mesh);
        agree(comm, if comm.is_root() { of_this_mesh(results, size, &extent, case) } else { Ok(()) })?;
    }
    let text = case.map_or(Ok(String::new()), Case::to_text)?;
    let provenance = format!(
        "producer = \"ferrom import {}\"\nresults = {}\n",
        env!("CARGO_PKG_VERSION"),
        toml::Value::String(results.display().to_string())
    );
    let history = case
        .map(|c| TemperatureHistory::at_nodes(&c.loading, &mesh.node_index, mesh.n_nodes_global))
        .transpose();
    let mut history = agree(comm, history)?;
    let names = source.point_names(comm)?;
    let nodal_names = source.nodal_names(comm)?;
    let mut writer = SnapshotWriter::create(comm, out, StoreKind::Snapshots, sub, &text, &provenance)?;
    let mut cells = CellMeans::new(mesh, names.iter().map(|(name, components)| (name.as_str(), *components)));
    let mut temperature = vec![0.0; mesh.n_nodes()];
    let mut times = source.times().to_vec();
    if let Some(case) = case.filter(|_| results.extension().is_some_and(|e| e == "frd")) {
        times = exact_times(&times, case);
    }
    if times.is_empty() {
        return Err(Error::input(
            results,
            "",
            "holds no time",
            "give results with at least one stored state",
        ));
    }
    let mut hotter = Difference::default();
    let mut progress: Progress = cx.progress("import", times.len());
    for (k, &time) in times.iter().enumerate() {
        let u = cx.timers.time("read", || source.displacement(comm, k))?;
        let points = names
            .iter()
            .map(|(name, components)| Ok((name, *components, source.points(comm, k, name)?)))
            .collect::<Result<Vec<_>>>()?;
        let others = cx.timers.time("read", || {
            let read = |(name, _): &(String, usize)| source.nodal(comm, k, name);
            nodal_names.iter().map(read).collect::<Result<Vec<_>>>()
        })?;
        let mut nodal = vec![Field::new("U", 3, &u)];
        if let Some(h) = &mut history {
            h.evaluate(time, &mut temperature);
            nodal.push(Field::new("temperature", 1, &temperature));
        }
        for ((name, components), values) in nodal_names.iter().zip(&others) {
            match (name.as_str(), &history) {
                ("temperature", Some(_)) => hotter.compare(values, &temperature, time),
                _ => nodal.push(Field::new(name, *components, values)),
            }
        }
        cells.update(|q| &points[q].2);
        let points: Vec<Field> = points.iter().map(|(n, c, v)| Field::new(n, *c, v)).collect();
        cx.timers.time("write", || {
            let cells = cells.fields();
            let step = Step { time, nodal: &nodal, cells: &cells, points: &points, ..Step::default() };
            writer.append(comm, &step)
        })?;
        progress.step(|| format!("t = {time}"));
    }
    cx.timers.time("write", || writer.commit(comm))?;
    let Difference { largest, size, time } = hotter;
    let worst = comm.max1(largest);
    if worst > TEMPERATURE * comm.max1(size) {
        let mut time = if largest == worst { time } else { f64::NEG_INFINITY };
        time = comm.max1(time);
        cx.warn(format_args!(
            "{}: its temperatures differ from those of the case by up to {worst:.3e} (t = {time}); those of the case are kept",
            results.display()
        ));
    }
    Ok(times.len())
}

/// Temperatures of results and case that differ by more than this share of the largest are told of: text has six digits.
const TEMPERATURE: f64 = 1e-4;

/// The largest difference of two fields over time.
#[derive(Default)]
struct Difference {
    largest: f64,
    /// Of the values.
    size: f64,
    time: f64,
}

impl Difference {
    fn compare(&mut self, theirs: &[f64], ours: &[f64], time: f64) {
        let largest = theirs.iter().zip(ours).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        if largest > self.largest {
            (self.largest, self.time) = (largest, time);
        }
        self.size = theirs.iter().fold(self.size, |m, t| m.max(t.abs()));
    }
}

/// Least and greatest coordinates of a mesh.
///
/// # Collective
fn extent(comm: &Comm, mesh: &Mesh) -> [[f64; 3]; 2] {
    let mut ends = [f64::NEG_INFINITY; 6];
    for x in &mesh.points {
        for c in 0..3 {
            ends[c] = ends[c].max(-x[c]);
            ends[3 + c] = ends[3 + c].max(x[c]);
        }
    }
    comm.max(&mut ends);
    [[-ends[0], -ends[1], -ends[2]], [ends[3], ends[4], ends[5]]]
}

/// Refuses a case that names the mesh of another structure, which may have sets of the same names. The work of one rank.
fn of_this_mesh(results: &Path, size: [u64; 2], ends: &[[f64; 3]; 2], case: &Case) -> Result<()> {
    let Some(path) = case.mesh.as_ref().filter(|p| p.exists()) else { return Ok(()) };
    // the mesh that the results were read with
    if path == results || (is_deck(path) && *path == results.with_extension("inp")) {
        return Ok(());
    }
    let alone = Comm::serial();
    let mesh = &load_mesh(&alone, path)?.mesh;
    let other = |what: String| {
        let problem = format!("its mesh {} {what} of {}", path.display(), results.display());
        Err(Error::case_file(&case.path, "mesh", problem, "give the case of these results"))
    };
    let [nodes, elements] = [mesh.n_nodes_global, mesh.n_elements_global];
    if [nodes, elements] != size {
        return other(format!(
            "has {nodes} nodes and {elements} elements, against the {} and {}",
            size[0], size[1]
        ));
    }
    let own = extent(&alone, mesh);
    let length = ends[1].iter().zip(&ends[0]).fold(0.0, |l: f64, (b, a)| l.max(b - a));
    if own.iter().flatten().zip(ends.iter().flatten()).any(|(a, b)| (a - b).abs() > EXTENT * length) {
        return other(format!(
            "goes from {:?} to {:?}, not from {:?} to {:?} as that",
            own[0], own[1], ends[0], ends[1]
        ));
    }
    Ok(())
}

/// Share of the length of a structure by which two files of one mesh may differ: text has few digits.
const EXTENT: f64 = 1e-4;
