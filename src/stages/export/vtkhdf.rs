//! A VTKHDF file for viewers: what lies at integration points, carried to the nodes, and the means of elements.

use super::super::cells::CellMeans;
use super::Source;
use crate::error::Result;
use crate::store::{Field, SnapshotWriter, Step, StoreKind};
use std::path::Path;

/// Writes one part with nodal and element fields.
pub(super) fn write(source: &mut Source, out: &Path) -> Result<()> {
    let sub = source.file.subdomain();
    let provenance = format!("producer = \"ferrom export {}\"\n", env!("CARGO_PKG_VERSION"));
    let quantities: Vec<(String, usize)> = source.points.clone();
    let mut cells = CellMeans::new(&sub.mesh, quantities.iter().map(|(name, n)| (name.as_str(), *n)));
    let mut writer = SnapshotWriter::create(&source.comm, out, StoreKind::Run, sub, "", &provenance)?;
    for k in 0..source.times().len() {
        let state = source.state(k)?;
        let means = source.at_nodes(&state);
        cells.update(|q| &state.points[q]);
        let mut nodal = Vec::new();
        if let Some(u) = &state.displacement {
            nodal.push(Field::new("U", 3, u));
        }
        if let Some(t) = &state.temperature {
            nodal.push(Field::new("temperature", 1, t));
        }
        let at_nodes = quantities.iter().zip(&means);
        nodal.extend(at_nodes.map(|((name, n), values)| Field::new(name, *n, values)));
        let cells = cells.fields();
        let step = Step { time: state.time, nodal: &nodal, cells: &cells, ..Step::default() };
        writer.append(&source.comm, &step)?;
    }
    writer.commit(&source.comm)
}
