//! What a plain reduced run writes.

use super::super::Context;
use super::super::cells::CellMeans;
use super::super::watch::Watch;
use super::Dual;
use crate::config::Case;
use crate::error::{Error, Kind, Result};
use crate::mesh::{Mesh, Subdomain};
use crate::rom::dense::combine;
use crate::rom::online::ReducedState;
use crate::store::{Field, ModelFile, ReducedModel, SnapshotWriter, Step, StoreKind};
use std::path::Path;

/// The run being written, and the bases for the fields that are rebuilt.
pub(super) struct Output {
    pub writer: SnapshotWriter,
    displacement: bool,
    /// Modes, then lifts, of this rank's nodes.
    basis: Vec<Vec<f64>>,
    /// Quantity (index into the model's), and its basis at this rank's points, column by column.
    duals: Vec<(usize, Vec<Vec<f64>>)>,
    u: Vec<f64>,
    fields: Vec<Vec<f64>>,
    cells: CellMeans,
}

impl Output {
    /// Opens the run's file and reads the bases of the fields named in `rebuild`.
    ///
    /// # Errors
    /// The model does not rebuild a field; a file cannot be read or created.
    ///
    /// # Collective
    pub fn open(
        cx: &Context,
        path: &Path,
        model: &ReducedModel,
        case: &Case,
        rebuild: &[String],
        out: &Path,
    ) -> Result<Output> {
        let comm = cx.comm;
        let known: Vec<&str> = model.duals.iter().map(|d| d.name.as_str()).collect();
        if let Some(name) = rebuild.iter().find(|n| *n != "U" && !known.contains(&n.as_str())) {
            return Err(Error::new(
                Kind::Case,
                Error::input(
                    path,
                    "--rebuild",
                    format!(
                        "'{name}' cannot be rebuilt by this model, which was built for U, {}",
                        known.join(", ")
                    ),
                    format!("ask for one of these, or build it with 'ferrom offline --quantities {name}'"),
                )
                .message,
            ));
        }
        let displacement = rebuild.iter().any(|n| n == "U");
        let (mut basis, mut duals) = (Vec::new(), Vec::new());
        // without fields the mesh is neither read nor written
        let sub = if rebuild.is_empty() {
            let mut none = Mesh::default();
            none.close_whole();
            Subdomain::new(comm, none)
        } else {
            let file = ModelFile::open(comm, path)?;
            if displacement {
                basis = (0..file.n_modes()).map(|k| file.mode(comm, k)).collect::<Result<_>>()?;
                basis.extend((0..file.n_lifts()).map(|k| file.lift(comm, k)).collect::<Result<Vec<_>>>()?);
            }
            for (i, d) in model.duals.iter().enumerate().filter(|(_, d)| rebuild.contains(&d.name)) {
                let columns = (0..d.m).map(|k| file.dual(comm, &d.name, k)).collect::<Result<_>>()?;
                duals.push((i, columns));
            }
            file.subdomain().clone()
        };
        let provenance = format!(
            "producer = \"ferrom online {}\"\nmodel = {}\n",
            env!("CARGO_PKG_VERSION"),
            toml::Value::String(path.display().to_string())
        );
        let writer = SnapshotWriter::create(comm, out, StoreKind::Run, &sub, &case.to_text()?, &provenance)?;
        let n_points = sub.mesh.n_points();
        let fields = duals.iter().map(|(i, _)| vec![0.0; n_points * model.duals[*i].components]).collect();
        let rebuilt = duals.iter().map(|(i, _)| (model.duals[*i].name.as_str(), model.duals[*i].components));
        let cells = CellMeans::new(&sub.mesh, rebuilt);
        let u = vec![0.0; if displacement { 3 * sub.mesh.n_nodes() } else { 0 }];
        Ok(Output { writer, displacement, basis, duals, u, fields, cells })
    }

    /// Writes a step.
    ///
    /// # Errors
    /// The file cannot be written.
    ///
    /// # Collective
    pub fn write(
        &mut self,
        cx: &Context,
        state: &ReducedState,
        duals: &[Dual],
        model: &ReducedModel,
        watch: Option<&Watch>,
    ) -> Result<()> {
        combine(&self.basis, &state.coefficients, &mut self.u);
        for ((i, columns), field) in self.duals.iter().zip(&mut self.fields) {
            combine(columns, &duals[*i].coefficients, field);
        }
        self.cells.update(|q| &self.fields[q]);
        let mut nodal = Vec::new();
        if self.displacement {
            nodal.push(Field::new("U", 3, &self.u));
        }
        let points: Vec<Field> = self
            .duals
            .iter()
            .zip(&self.fields)
            .map(|((i, _), f)| Field::new(&model.duals[*i].name, model.duals[*i].components, f))
            .collect();
        let residuals: Vec<f64> = duals.iter().map(|d| d.residual).collect();
        let mut reduced = vec![Field::new("coordinates", state.coefficients.len(), &state.coefficients)];
        if !duals.is_empty() {
            reduced.push(Field::new("gappy residual", residuals.len(), &residuals));
        }
        reduced.extend(duals.iter().map(|d| Field::new(&d.name, d.coefficients.len(), &d.coefficients)));
        let told = watch.map(Watch::row);
        let told = told.iter().flatten().filter(|(name, _)| *name != "enriched");
        reduced.extend(told.map(|(name, v)| Field::new(name, 1, std::slice::from_ref(v))));
        let cells = self.cells.fields();
        let step =
            Step { time: state.time, nodal: &nodal, cells: &cells, points: &points, reduced: &reduced };
        self.writer.append(cx.comm, &step)
    }
}
