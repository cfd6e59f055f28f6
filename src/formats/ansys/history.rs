//! Loads of a deck over its load steps, as they stand in the deck: node, element and face numbers of Ansys.

use std::collections::{BTreeMap, BTreeSet};

/// Values of one load: load step (from 0) and the value from its end on.
pub type Changes = Vec<(usize, f64)>;

/// A load step.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadStep {
    /// Time at its end.
    pub end: f64,
    /// Equal increments.
    pub substeps: u32,
    /// Loads jump at its start (`KBC,1`) instead of going linearly to their values.
    pub stepped: bool,
    /// Line of its `SOLVE`.
    pub line: usize,
}

/// A rotation: changes of the angular velocity about an axis through a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// Element component; all elements without.
    pub component: Option<String>,
    /// A point of the axis.
    pub center: [f64; 3],
    /// Direction of the axis, a unit vector.
    pub axis: [f64; 3],
    /// Angular speed.
    pub changes: Changes,
}

/// Everything that acts.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Load steps.
    pub steps: Vec<LoadStep>,
    /// Prescribed displacements by node and component (0, 1, 2).
    pub fixed: BTreeMap<(u64, u8), Changes>,
    /// Forces by node and component.
    pub forces: BTreeMap<(u64, u8), Changes>,
    /// Pressures by element and face (from 1; a surface element has face 1).
    pub pressures: BTreeMap<(u64, u8), Changes>,
    /// Rotations.
    pub rotations: Vec<Rotation>,
    /// `ACEL` by component: the body force per mass is its negative.
    pub acceleration: [Changes; 3],
    /// Temperature of all nodes that have none of their own.
    pub temperature: Changes,
    /// Temperatures of nodes (`BF`).
    pub nodal_temperatures: BTreeMap<u64, Changes>,
    /// Temperatures of elements (`BFE`) by place of the node in the element, from 1.
    pub element_temperatures: BTreeMap<(u64, u8), Changes>,
    /// Load steps in which temperatures change that differ between nodes.
    pub temperature_fields: BTreeSet<usize>,
    /// `TREF`: the temperature without thermal strain.
    pub reference: f64,
}

/// Entities of a deck whose load varies alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<E> {
    /// Name of their set in the mesh.
    pub name: String,
    /// Component of the displacement or force; 0 for pressures.
    pub component: u8,
    /// Nodes, or elements and faces, ascending.
    pub members: Vec<E>,
    /// What acts on each.
    pub changes: Changes,
}

/// A value that changes in a load step.
pub(super) fn change(changes: &mut Changes, step: usize, value: f64) {
    match changes.last_mut() {
        Some(last) if last.0 == step => last.1 = value,
        Some(last) if last.1 == value => {}
        _ => changes.push((step, value)),
    }
}

/// Groups what varies alike; in the order of component and first member.
pub(super) fn groups<E: Copy + Ord>(
    loads: impl Iterator<Item = (E, u8, Changes)>,
    prefix: impl Fn(u8) -> &'static str,
) -> Vec<Group<E>> {
    // component, then load steps and the bits of the values
    type Key = (u8, Vec<(usize, u64)>);
    let mut alike: BTreeMap<Key, Vec<E>> = BTreeMap::new();
    for (member, component, changes) in loads {
        let key = changes.iter().map(|c| (c.0, c.1.to_bits())).collect();
        alike.entry((component, key)).or_default().push(member);
    }
    let mut groups: Vec<Group<E>> = alike
        .into_iter()
        .map(|((component, key), members)| {
            let changes = key.into_iter().map(|(step, bits)| (step, f64::from_bits(bits))).collect();
            Group { name: String::new(), component, members, changes }
        })
        .collect();
    groups.sort_by(|a, b| (a.component, a.members.first()).cmp(&(b.component, b.members.first())));
    let mut counts = [0usize; 256];
    for group in &mut groups {
        let count = &mut counts[group.component as usize];
        *count += 1;
        group.name = format!("{}{}", prefix(group.component), count);
    }
    groups
}

impl History {
    /// Times and values of a load at which it has corners: linear between, from `start` at t = 0.
    pub fn table(&self, changes: &Changes, start: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut times, mut values) = (vec![0.0], vec![start]);
        let (mut last, mut from, mut changes) = (start, 0.0, changes.iter().peekable());
        for (s, step) in self.steps.iter().enumerate() {
            let mut value = last;
            while let Some(change) = changes.next_if(|c| c.0 <= s) {
                value = change.1;
            }
            if step.stepped && value != last && step.substeps > 1 {
                times.push(from + (step.end - from) / f64::from(step.substeps));
                values.push(value);
            }
            times.push(step.end);
            values.push(value);
            (last, from) = (value, step.end);
        }
        (times, values)
    }
}
