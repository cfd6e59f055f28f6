//! Nodes and faces that are loaded alike, as sets.
//!
//! What varies alike is one load. It bears the name of the deck's set or surface where it acts on all of it, else one that
//! tells its members: a model that was built with another deck must not take one set for another.

use super::deck::Deck;
use super::history::{Change, Changes, Target};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Entities of a deck whose load varies alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Name of their set in the mesh.
    pub name: String,
    /// Component of the displacement or force; 0 for pressures.
    pub component: u8,
    /// Nodes, or elements and faces (0 for nodes).
    pub members: Vec<(u64, u8)>,
    /// What acts on each.
    pub changes: Changes,
}

/// Everything that acts on nodes and faces.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// Prescribed displacements.
    pub fixed: Vec<Group>,
    /// Forces.
    pub forces: Vec<Group>,
    /// Pressures.
    pub pressures: Vec<Group>,
    /// Faces that some card loads, by the name of their set.
    pub faces: BTreeMap<String, Vec<(u64, u8)>>,
}

impl Deck {
    /// The loads on nodes and faces, grouped.
    pub fn groups(&self) -> Groups {
        let history = &self.history;
        let nodes: Vec<(String, Vec<(u64, u8)>)> = history
            .node_targets
            .iter()
            .map(|t| (t.set("node"), self.nodes_of(t).into_iter().map(|n| (n, 0)).collect()))
            .collect();
        let faces: Vec<(String, Vec<(u64, u8)>)> =
            history.face_targets.iter().map(|t| (t.set("element"), self.faces_of(t))).collect();
        let by_node = |loads: &BTreeMap<(u64, u8), Changes>| {
            grouped(loads.iter().map(|(&(node, c), changes)| ((node, 0), c, changes)), &nodes, "nodes")
        };
        let pressures = grouped(history.pressures.iter().map(|(&f, c)| (f, 0, c)), &faces, "faces");
        Groups {
            fixed: by_node(&history.fixed),
            forces: by_node(&history.forces),
            pressures,
            faces: faces.into_iter().collect(),
        }
    }

    fn nodes_of(&self, target: &Target) -> Vec<u64> {
        match target {
            Target::Named(name) => self.node_sets.get(name).cloned().unwrap_or_default(),
            Target::One(id) => vec![*id],
            Target::Faces(..) | Target::Face(..) => Vec::new(),
        }
    }

    fn faces_of(&self, target: &Target) -> Vec<(u64, u8)> {
        match target {
            Target::Named(name) => self.surfaces.get(name).cloned().unwrap_or_default(),
            Target::Faces(name, face) => {
                let elements = self.element_sets.get(name).map_or(&[][..], Vec::as_slice);
                elements.iter().map(|&e| (e, *face)).collect()
            }
            Target::Face(id, face) => vec![(*id, *face)],
            Target::One(_) => Vec::new(),
        }
    }
}

type Member = (u64, u8);

fn grouped<'c>(
    loads: impl Iterator<Item = (Member, u8, &'c Changes)>,
    named: &[(String, Vec<Member>)],
    what: &str,
) -> Vec<Group> {
    // component, then steps, bits of the values, amplitudes
    type Key = (u8, Vec<(u32, u64, Option<u32>)>);
    let mut alike: BTreeMap<Key, BTreeSet<Member>> = BTreeMap::new();
    for (member, component, changes) in loads {
        let key = changes.iter().map(|c| (c.step, c.value.to_bits(), c.amplitude)).collect();
        alike.entry((component, key)).or_default().insert(member);
    }
    let mut places: HashMap<Member, Vec<usize>> = HashMap::new();
    for (i, (_, members)) in named.iter().enumerate() {
        members.iter().for_each(|m| places.entry(*m).or_default().push(i));
    }
    let mut groups = Vec::new();
    for ((component, key), mut left) in alike {
        let changes: Changes = key
            .into_iter()
            .map(|(step, bits, amplitude)| Change { step, value: f64::from_bits(bits), amplitude })
            .collect();
        // whole sets first, in the order of the deck
        let mut candidates: Vec<usize> =
            left.iter().filter_map(|m| places.get(m)).flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        for (name, members) in candidates.into_iter().map(|i| &named[i]) {
            if !members.is_empty() && members.iter().all(|m| left.contains(m)) {
                for member in members {
                    left.remove(member);
                }
                let members = members.clone();
                groups.push(Group { name: name.clone(), component, members, changes: changes.clone() });
            }
        }
        if !left.is_empty() {
            let members: Vec<Member> = left.into_iter().collect();
            groups.push(Group { name: told(what, &members), component, members, changes });
        }
    }
    groups
}

/// A name that tells some members: their number, and a hash (FNV-1a) of them.
fn told(what: &str, members: &[Member]) -> String {
    let bytes = members.iter().flat_map(|m| m.0.to_le_bytes().into_iter().chain([m.1]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{} {what} {hash:016x}", members.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_alike_keeps_the_names_of_its_sets_and_the_rest_tells_its_members() {
        let change = |value| vec![Change { step: 0, value, amplitude: None }];
        let (one, two) = (change(1.0), change(2.0));
        let named = vec![
            ("A".to_owned(), vec![(1, 0), (2, 0)]),
            ("B".to_owned(), vec![(3, 0)]),
            ("BOTH".to_owned(), vec![(4, 0), (9, 0)]),
        ];
        let loads = [(1, &one), (2, &one), (3, &one), (4, &one), (9, &two)];
        let groups = grouped(loads.into_iter().map(|(n, c)| ((n, 0), 0, c)), &named, "nodes");
        let names: Vec<&str> = groups.iter().map(|g| g.name.as_str()).collect();
        assert_eq!((&names[..2], names.len()), (&["A", "B"][..], 4));
        assert!(names[2].starts_with("1 nodes") && names[3].starts_with("1 nodes") && names[2] != names[3]);
    }
}
