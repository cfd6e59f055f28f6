//! Values at nodes: displacements, velocities, accelerations, reactions, constraints.

use super::header::Items;
use super::record::{DAMAGED, long};
use super::{Rst, SetHeader};
use crate::error::Result;

/// Stands where a node has no such degree of freedom: 2^100.
const UNDEFINED: f64 = 1_267_650_600_228_229_401_496_703_205_376.0;

/// Which nodal vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodalKind {
    /// The solution: displacements, rotations, temperatures.
    Solution,
    /// Velocities of a transient.
    Velocity,
    /// Accelerations of a transient.
    Acceleration,
}

impl NodalKind {
    /// Every kind.
    pub const ALL: [NodalKind; 3] = [NodalKind::Solution, NodalKind::Velocity, NodalKind::Acceleration];

    fn name(self) -> &'static str {
        ["nodal solution", "velocities", "accelerations"][self as usize]
    }
}

/// A nodal vector, in the coordinate system of each node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodalValues {
    /// Degree of freedom of each column; 0 of a further one.
    pub dofs: Vec<i32>,
    /// Position of each row in [`Rst::nodes`], where not every node has a row.
    pub positions: Option<Vec<u32>>,
    /// `rows x dofs`; not a number where the degree of freedom is not defined.
    pub values: Vec<f64>,
}

/// A value at a degree of freedom of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeValue {
    /// Node number.
    pub node: u32,
    /// Degree of freedom.
    pub dof: i32,
    /// Value.
    pub value: f64,
}

impl Rst {
    /// A nodal vector of a set (from 0); `None` where it was not stored.
    ///
    /// # Errors
    /// No such set; a record is damaged.
    pub fn nodal(&self, set: usize, kind: NodalKind) -> Result<Option<NodalValues>> {
        let header = self.set_header(set)?;
        let at = header.nodal[kind as usize];
        let mut dofs = header.dofs;
        match kind {
            NodalKind::Solution => dofs.resize(dofs.len() + header.n_extra, 0),
            NodalKind::Velocity => dofs.truncate(header.n_rates[0]),
            NodalKind::Acceleration => dofs.truncate(header.n_rates[1]),
        }
        if at == 0 || dofs.is_empty() {
            return Ok(None);
        }
        let what = kind.name();
        let (mut reader, mut values) = (self.source.reader(), Vec::new());
        let next = reader.reals(at, what, &mut values)?;
        if !values.len().is_multiple_of(dofs.len()) {
            let problem = format!("has {} values in rows of {}", values.len(), dofs.len());
            return Err(self.source.record_error(at, what, problem, DAMAGED));
        }
        let rows = values.len() / dofs.len();
        values.truncate(self.nodes.len() * dofs.len());
        values.iter_mut().filter(|v| **v == UNDEFINED).for_each(|v| *v = f64::NAN);
        let positions = if rows < self.nodes.len() {
            let (mut list, what) = (Vec::new(), "nodes of a nodal vector");
            reader.integers(next, what, &mut list)?;
            if list.len() < rows {
                let problem = format!("has {} nodes for {rows} rows", list.len());
                return Err(self.source.record_error(next, what, problem, DAMAGED));
            }
            list.truncate(rows);
            let n = self.nodes.len();
            if let Some(&p) = list.iter().find(|&&p| p < 1 || p as usize > n) {
                let problem = format!("has the position {p}, of {n} nodes");
                return Err(self.source.record_error(next, what, problem, DAMAGED));
            }
            Some(list.into_iter().map(|p| p.cast_unsigned() - 1).collect())
        } else {
            None
        };
        Ok(Some(NodalValues { dofs, positions, values }))
    }

    /// Reactions of a set (from 0), in the coordinate system of each node; none where they were not stored.
    ///
    /// # Errors
    /// No such set; a record is damaged.
    pub fn reactions(&self, set: usize) -> Result<Vec<NodeValue>> {
        let header = self.set_header(set)?;
        let at = header.reactions;
        if at == 0 || header.n_reactions == 0 || header.dofs.is_empty() {
            return Ok(Vec::new());
        }
        let what = "reactions";
        let mut reader = self.source.reader();
        let next = reader.after(at, what)?;
        let places = reader.longs(at, header.n_reactions, what)?;
        let mut forces = Vec::new();
        reader.reals(next, what, &mut forces)?;
        if forces.len() < places.len() {
            let problem = format!("has {} forces for {} places", forces.len(), places.len());
            return Err(self.source.record_error(next, what, problem, DAMAGED));
        }
        let per_node = header.dofs.len() as u64;
        let value = |(&place, &value): (&u64, &f64)| {
            let position = place.checked_sub(1).map(|p| (p / per_node, p % per_node));
            let found = position.and_then(|(n, d)| {
                Some((*self.nodes.get(usize::try_from(n).ok()?)?, *header.dofs.get(d as usize)?))
            });
            let Some((node, dof)) = found else {
                return Err(self.source.record_error(at, what, format!("has the place {place}"), DAMAGED));
            };
            Ok(NodeValue { node, dof, value })
        };
        places.iter().zip(&forces).map(value).collect()
    }

    /// How many forces on nodes a set (from 0) has.
    ///
    /// # Errors
    /// No such set; a record is damaged.
    pub fn n_forces(&self, set: usize) -> Result<usize> {
        let SetHeader { constraints: base, .. } = self.set_header(set)?;
        let (what, mut words) = ("forces", Vec::new());
        if base == 0 {
            return Ok(0);
        }
        self.source.reader().integers(base, what, &mut words)?;
        super::header::count(&self.source, base, what, what, Items(&words).get(4))
    }

    /// Prescribed values of a set (from 0), as they are at the end of its load step; none where they were not stored.
    /// What a node did at the time of the set is in the solution.
    ///
    /// # Errors
    /// No such set; a record is damaged.
    pub fn constraints(&self, set: usize) -> Result<Vec<NodeValue>> {
        let SetHeader { constraints: base, .. } = self.set_header(set)?;
        if base == 0 {
            return Ok(Vec::new());
        }
        let what = "constraints";
        let (mut reader, mut words) = (self.source.reader(), Vec::new());
        reader.integers(base, what, &mut words)?;
        let items = Items(&words);
        let n = super::header::count(&self.source, base, what, "constraints", items.get(1))?;
        // the older list, of nodes and degrees of freedom in one
        if n == 0 || items.get(7) != 1 {
            return Ok(Vec::new());
        }
        let place = |item: usize| base.saturating_add(long(items.get(item), 0));
        let (mut nodes, mut dofs, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let next = reader.integers(place(2), what, &mut nodes)?;
        reader.integers(next, what, &mut dofs)?;
        reader.reals(place(3), what, &mut values)?;
        if nodes.len() < n || dofs.len() < n || values.len() < 4 * n {
            let problem = format!(
                "has {} nodes, {} degrees of freedom and {} values for {n} constraints",
                nodes.len(),
                dofs.len(),
                values.len()
            );
            return Err(self.source.record_error(base, what, problem, DAMAGED));
        }
        let constraint = |i: usize| match u32::try_from(nodes[i]) {
            Ok(node) if node > 0 => Ok(NodeValue { node, dof: dofs[i], value: values[4 * i] }),
            _ => Err(self.source.record_error(place(2), what, format!("has the node {}", nodes[i]), DAMAGED)),
        };
        (0..n).map(constraint).collect()
    }
}
