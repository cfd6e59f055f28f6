//! Fields out of the file: what there is, and this rank's rows of it.

use super::hdf::{Source, Table};
use super::mesh_read::Placed;
use super::names::encode;
use super::rows::RowMap;
use crate::error::{Error, Result};
use crate::mesh::Mesh;

/// What the values of a field belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    /// Nodes: `VTKHDF/PointData`.
    Nodes,
    /// Elements: `VTKHDF/CellData`.
    Elements,
    /// Integration points: a dataset `(step, point, component)`.
    Points,
}

impl Support {
    fn what(self) -> &'static str {
        match self {
            Support::Nodes => "nodal field",
            Support::Elements => "element field",
            Support::Points => "integration-point field",
        }
    }
}

/// A field of the file and its rows.
pub(super) struct FieldTable<'s> {
    pub table: Table<'s>,
    pub components: usize,
    support: Support,
    rows: usize,
}

/// Finds a field by its name in `group`.
pub(super) fn find<'s>(
    file: &'s Source,
    placed: &Placed,
    support: Support,
    group: &str,
    name: &str,
) -> Result<FieldTable<'s>> {
    let dataset = format!("{group}/{}", encode(name));
    if !file.has(&dataset) {
        let known = file.members(group)?;
        let known: Vec<String> = known.iter().map(|k| super::names::decode(k)).collect();
        let hint = match known.len() {
            0 => "it has none".to_owned(),
            _ => format!("there are {}", known.join(", ")),
        };
        return Err(file.wrong("", format!("has no {} '{name}'", support.what()), &hint));
    }
    let table = file.dataset(&dataset)?;
    let rows = match support {
        Support::Nodes => placed.n_node_rows,
        Support::Elements => placed.n_element_rows,
        Support::Points => placed.n_point_rows,
    };
    let components = match (support, table.shape.len()) {
        (Support::Points, 3) => {
            table.expect(&[None, Some(rows), None])?;
            table.shape[2]
        }
        (Support::Points, _) => {
            table.expect(&[None, Some(rows)])?;
            1
        }
        (_, 1) => 1,
        _ => {
            table.expect(&[None, None])?;
            table.shape[1]
        }
    };
    Ok(FieldTable { table, components, support, rows })
}

impl FieldTable<'_> {
    /// Reads this rank's values of step `k`. `start`: first row of the step, for nodal and element fields. `when` is
    /// said where a value is not finite.
    pub fn read(&self, placed: &Placed, k: usize, start: usize, when: &str, out: &mut [f64]) -> Result<()> {
        let c = self.components;
        let (map, flat) = match self.support {
            Support::Nodes => (&placed.nodes, self.table.shape.len() == 1),
            Support::Elements => (&placed.elements, self.table.shape.len() == 1),
            Support::Points => (&placed.points, self.table.shape.len() == 2),
        };
        self.check_length(map, out.len())?;
        if self.support != Support::Points && start + self.rows > self.table.rows() {
            let problem = format!(
                "has {} rows, fewer than the {} that {when} needs",
                self.table.rows(),
                start + self.rows
            );
            return Err(self
                .table
                .wrong(problem, "every time needs one row per node or element of the file"));
        }
        match (self.support, flat) {
            (Support::Points, true) => map.read(&self.table, c, |r| vec![k..k + 1, r], out)?,
            (Support::Points, false) => map.read(&self.table, c, |r| vec![k..k + 1, r, 0..c], out)?,
            (_, true) => map.read(&self.table, c, |r| vec![start + r.start..start + r.end], out)?,
            (_, false) => map.read(&self.table, c, |r| vec![start + r.start..start + r.end, 0..c], out)?,
        }
        match out.iter().position(|v| !v.is_finite()) {
            None => Ok(()),
            Some(at) => Err(self.not_finite(&placed.sub.mesh, at, out[at], when)),
        }
    }

    fn check_length(&self, map: &RowMap, given: usize) -> Result<()> {
        let due = map.n_local() * self.components;
        if given == due {
            return Ok(());
        }
        // A caller's mistake, not the file's.
        Err(Error::run(format!("{} needs room for {due} values, {given} were given", self.table.name)))
    }

    fn not_finite(&self, mesh: &Mesh, at: usize, value: f64, when: &str) -> Error {
        let (row, component) = (at / self.components, at % self.components + 1);
        let place = match self.support {
            Support::Nodes => format!("node {}", mesh.node_ids[row]),
            Support::Elements => format!("element {}", mesh.element_ids[row]),
            Support::Points => {
                let offsets = mesh.point_offsets();
                let e = offsets.partition_point(|o| *o <= row) - 1;
                format!("element {}, integration point {}", mesh.element_ids[e], row - offsets[e] + 1)
            }
        };
        let problem = format!("is {value} at {when}, {place}, component {component}");
        self.table.wrong(problem, "every value must be finite: correct the file's source")
    }
}
