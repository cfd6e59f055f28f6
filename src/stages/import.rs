//! `ferrom import`: another program's results into a snapshot store.

use super::calculix::exact_times;
use super::cells::CellMeans;
use super::source::{Cut, ResultFile};
use super::{Context, Progress, check_output};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::loads::{PrescribedDofs, TemperatureHistory};
use crate::parallel::agree;
use crate::store::{Field, SnapshotWriter, Step, StoreKind};
use std::path::Path;

/// Writes what `results` hold (displacements, and stresses and internal variables where they are stored) and the
/// temperatures of the case to `out`; returns the number of times.
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
    let mut progress: Progress = cx.progress("import", times.len());
    for (k, &time) in times.iter().enumerate() {
        let u = cx.timers.time("read", || source.displacement(comm, k))?;
        let points = names
            .iter()
            .map(|(name, components)| Ok((name, *components, source.points(comm, k, name)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut nodal = vec![Field::new("U", 3, &u)];
        if let Some(h) = &mut history {
            h.evaluate(time, &mut temperature);
            nodal.push(Field::new("temperature", 1, &temperature));
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
    Ok(times.len())
}
