//! `ferrom solve`: the high-fidelity solver over a case.

use super::cells::CellMeans;
use super::{Context, check_output, load_mesh, without_output};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::parallel::agree;
use crate::solver::linear::{LinearKind, LinearOptions};
use crate::solver::{FullState, HighFidelity, NewtonOptions, StepReport};
use crate::store::{Field, SnapshotWriter, Step, StoreKind};
use crate::structure::{Quantity, Structure};
use std::path::Path;

/// What a high-fidelity run took.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct SolveReport {
    /// Displacement unknowns of the structure.
    pub unknowns: u64,
    /// Increments.
    pub increments: usize,
    /// Newton iterations.
    pub iterations: u64,
    /// Iterations of the linear solver.
    pub linear_iterations: u64,
    /// Increments that had to be cut.
    pub cut: usize,
    /// Seconds in the steps, without set-up and output.
    pub seconds: f64,
}

/// Runs the case and writes displacements, temperatures and the case's quantities to `out`.
///
/// # Errors
/// The case and the mesh do not fit; no convergence; the output cannot be written.
///
/// # Collective
pub fn solve(cx: &Context, case: &Case, out: &Path) -> Result<SolveReport> {
    let comm = cx.comm;
    check_output(comm, out, &[&case.path, case.mesh.as_ref().unwrap_or(&case.path)])?;
    compute(cx, case, out).map_err(|e| without_output(e, out))
}

fn compute(cx: &Context, case: &Case, out: &Path) -> Result<SolveReport> {
    let comm = cx.comm;
    let structure = cx.timers.time("mesh", || -> Result<Structure> {
        let mesh = case.mesh.as_ref().ok_or_else(|| {
            Error::case_file(&case.path, "", "the case names no mesh", "add mesh = \"file\"")
        })?;
        Structure::new(comm, load_mesh(comm, mesh)?, &case.materials).map_err(|e| case.locate(e))
    })?;
    let quantities =
        agree(comm, find_quantities(&structure, &case.output.quantities)).map_err(|e| case.locate(e))?;
    let mut model = cx
        .timers
        .time("set-up", || HighFidelity::new(comm, &structure, &case.loading, newton_options(case)))
        .map_err(|e| case.locate(e))?;
    let times = case.time.end_times();
    let mut state = model.virgin();
    let provenance = format!("producer = \"ferrom solve {}\"\n", env!("CARGO_PKG_VERSION"));
    let mut writer = SnapshotWriter::create(
        comm,
        out,
        StoreKind::Snapshots,
        &structure.sub,
        &case.to_text()?,
        &provenance,
    )?;
    let mut buffers = agree(comm, OutputBuffers::new(&structure, &quantities, case))?;
    let mut report =
        SolveReport { unknowns: model.unknowns(), increments: times.len(), ..SolveReport::default() };
    cx.say(format_args!(
        "{} unknowns, {} integration points, {} increments to t = {}",
        report.unknowns,
        comm.sum_u64(structure.geometry.n_points() as u64),
        times.len(),
        case.time.end()
    ));
    cx.timers.time("output", || buffers.write(cx, &structure, &quantities, &state, &mut writer))?;
    let mut progress = cx.progress("solve", times.len());
    for (i, &t) in times.iter().enumerate() {
        let step: StepReport =
            cx.timers.time("newton", || model.advance(&mut state, t)).map_err(|e| case.locate(e))?;
        report.iterations += u64::from(step.iterations);
        report.linear_iterations += step.linear_iterations;
        report.cut += usize::from(step.cuts > 0);
        if case.output.writes(i, times.len()) {
            cx.timers.time("output", || buffers.write(cx, &structure, &quantities, &state, &mut writer))?;
        }
        progress.step(|| {
            format!(
                "t = {t:<10.6} {} iterations, residual {:.1e}{}",
                step.iterations,
                step.residual,
                if step.cuts > 0 { format!(", in {} sub-steps", step.substeps) } else { String::new() }
            )
        });
    }
    drop(progress);
    report.seconds = cx.timers.seconds("newton");
    warn_tables(cx, &structure);
    for unused in model.unused_options() {
        cx.warn(format_args!("PETSc option {unused} was not used; check its spelling"));
    }
    cx.timers.time("output", || writer.commit(comm))?;
    Ok(report)
}

/// A warning for every material whose coefficients were asked for outside their tables.
pub(super) fn warn_tables(cx: &Context, structure: &Structure) {
    for material in structure.points.materials() {
        if cx.comm.any(material.left_tables())
            && let Some((low, high)) = material.temperature_range()
        {
            cx.warn(format_args!(
                "material '{}' met temperatures outside its tables ({low} to {high}): their end values were used",
                material.name()
            ));
        }
    }
}

/// The quantities of these names.
pub(super) fn find_quantities(structure: &Structure, names: &[String]) -> Result<Vec<Quantity>> {
    let known = |name: &String| Quantity::find(&structure.points, name);
    // `p` is asked for by default: a law without it is no error
    let wanted = names.iter().filter(|n| *n != "p" || known(n).is_ok());
    wanted.map(known).map(|q| q.map_err(|e| e.while_doing("quantities"))).collect()
}

/// The options of the solver that a case asks for.
pub fn newton_options(case: &Case) -> NewtonOptions {
    let s = &case.solver;
    let kind = match s.linear {
        crate::config::LinearKind::Auto => LinearKind::Auto,
        crate::config::LinearKind::Direct => LinearKind::Direct,
        crate::config::LinearKind::Iterative => LinearKind::Iterative,
    };
    let options = s.petsc.iter().map(|(k, v)| (k.clone(), (!v.is_empty()).then(|| v.clone()))).collect();
    NewtonOptions {
        tolerance: s.tolerance,
        max_iterations: s.max_iterations,
        min_step: s.min_step,
        linear: LinearOptions { kind, rtol: s.linear_tolerance, options, ..LinearOptions::default() },
    }
}

/// Buffers for the output of a state.
pub(super) struct OutputBuffers {
    temperature: crate::loads::TemperatureHistory,
    nodal_temperature: Vec<f64>,
    points: Vec<Vec<f64>>,
    cells: CellMeans,
}

impl OutputBuffers {
    pub fn new(structure: &Structure, quantities: &[Quantity], case: &Case) -> Result<OutputBuffers> {
        let mesh = &structure.sub.mesh;
        let n = structure.geometry.n_points();
        Ok(OutputBuffers {
            temperature: crate::loads::TemperatureHistory::at_nodes(
                &case.loading,
                &mesh.node_index,
                mesh.n_nodes_global,
            )?,
            nodal_temperature: vec![0.0; mesh.n_nodes()],
            points: quantities.iter().map(|q| vec![0.0; n * q.components]).collect(),
            cells: CellMeans::new(mesh, quantities.iter().map(|q| (q.name.as_str(), q.components))),
        })
    }

    pub fn write(
        &mut self,
        cx: &Context,
        structure: &Structure,
        quantities: &[Quantity],
        state: &FullState,
        writer: &mut SnapshotWriter,
    ) -> Result<()> {
        self.temperature.evaluate(state.time, &mut self.nodal_temperature);
        for (q, out) in quantities.iter().zip(&mut self.points) {
            q.evaluate(&structure.points, &state.strain, &state.stress, &state.state, out);
        }
        self.cells.update(|q| &self.points[q]);
        let nodal =
            [Field::new("U", 3, &state.displacement), Field::new("temperature", 1, &self.nodal_temperature)];
        let points: Vec<Field> =
            quantities.iter().zip(&self.points).map(|(q, v)| Field::new(&q.name, q.components, v)).collect();
        let cells = self.cells.fields();
        let step =
            Step { time: state.time, nodal: &nodal, cells: &cells, points: &points, ..Step::default() };
        writer.append(cx.comm, &step)
    }
}
