//! Plane elements as one layer of bricks: PLANE182 in plane stress or plane strain.
//!
//! The layer is 1 thick, its lower face keeps z. In plane strain its upper face does too; in plane stress it is free,
//! so that the stress across is zero in the mean over each node's neighbourhood: exactly, where the state is uniform.

use super::actions::corners;
use super::deck::Deck;
use super::history::{Group, groups};
use super::skin::{Skin, key, numbered};
use super::types::{ElementType, Use};
use crate::error::{Error, Result};
use crate::formats::ids::IdMap;
use crate::mesh::Mesh;
use std::collections::BTreeSet;

/// Loads of a deck by sets.
pub struct Groups {
    /// Prescribed displacements.
    pub fixed: Vec<Group<u64>>,
    /// Nodal forces.
    pub forces: Vec<Group<u64>>,
    /// Pressures: element and face.
    pub pressures: Vec<Group<(u64, u8)>>,
    /// Whether plane elements became a layer of bricks.
    pub layered: bool,
    /// A node with angles whose loads would follow its own axes.
    pub rotated: Option<u64>,
}

impl Deck {
    /// Numbers of the materials of volume elements.
    pub fn solid_materials(&self) -> BTreeSet<u32> {
        let volume = |number: &u32| matches!(self.types.get(number).map(|t| t.usage()), Some(Use::Volume(_)));
        let elements = self.elements.types.iter().zip(&self.elements.materials);
        elements.filter(|(kind, _)| volume(kind)).map(|(_, &material)| material).collect()
    }

    /// Whether some elements are plane.
    pub(super) fn layered(&self) -> bool {
        let plane = |number: &u32| self.types.get(number).is_some_and(|t| t.plane());
        self.elements.types.iter().any(plane)
    }

    /// Loads that vary alike, under the names of the sets that the mesh has of them. A set that a component holds
    /// exactly has its name.
    pub fn groups(&self) -> Groups {
        let of = |loads: &std::collections::BTreeMap<(u64, u8), super::history::Changes>| {
            loads.iter().map(|((id, c), changes)| (*id, *c, changes.clone())).collect::<Vec<_>>()
        };
        let mut fixed = groups(of(&self.history.fixed).into_iter(), |c| {
            ["D_UX_", "D_UY_", "D_UZ_"][usize::from(c).min(2)]
        });
        if !self.layered() {
            for group in &mut fixed {
                let n = group.members.len() as u64;
                let same = self.node_components.iter().find(|(_, component)| {
                    component.len() == n && group.members.iter().all(|&m| component.contains(m))
                });
                if let Some((name, _)) = same.filter(|_| group.changes.iter().all(|c| c.1 == 0.0)) {
                    group.name = name.clone();
                }
            }
        }
        let pressures = self.history.pressures.iter().map(|(&face, c)| (face, 0, c.clone()));
        Groups {
            fixed,
            forces: groups(of(&self.history.forces).into_iter(), |c| {
                ["F_X_", "F_Y_", "F_Z_"][usize::from(c).min(2)]
            }),
            pressures: groups(pressures, |_| "P_"),
            layered: self.layered(),
            rotated: self.rotated(),
        }
    }

    fn rotated(&self) -> Option<u64> {
        let zero = |id: u64, c: u8| {
            self.history.fixed.get(&(id, c)).map(|changes| changes.iter().all(|c| c.1 == 0.0))
        };
        self.angles.keys().map(|&at| self.node_ids[at]).find(|&id| {
            let fixed = [0, 1, 2].map(|c| zero(id, c));
            let turned_alike = fixed == [None; 3] || fixed == [Some(true); 3];
            !turned_alike || (0..3).any(|c| self.history.forces.contains_key(&(id, c)))
        })
    }
}

impl Deck {
    /// The deck with bricks in place of plane elements: a node `i` of theirs has a second one above it.
    pub(super) fn layer(&self) -> Result<Deck> {
        let mut deck = self.clone();
        let above = self.node_ids.iter().max().copied().unwrap_or(0);
        let wrong = |problem: String, remedy: &str| Error::input(&self.path, "", problem, remedy);
        deck.node_ids.clear();
        deck.points.clear();
        for (&id, &[x, y, z]) in self.node_ids.iter().zip(&self.points) {
            if z != 0.0 {
                return Err(wrong(
                    format!("node {id} of a plane deck is at z = {z}"),
                    "plane elements lie at z = 0",
                ));
            }
            let upper = id
                .checked_add(above)
                .ok_or_else(|| wrong(format!("node number {id} is too large"), "renumber"))?;
            deck.node_ids.extend([id, upper]);
            deck.points.extend([[x, y, 0.0], [x, y, 1.0]]);
        }
        let mut elements =
            super::deck::DeckElements { nodes: Vec::new(), ends: Vec::new(), ..self.elements.clone() };
        for e in 0..self.elements.ids.len() {
            let nodes = self.elements.nodes_of(e);
            if !self.types.get(&self.elements.types[e]).is_some_and(|t| t.plane()) {
                let problem =
                    format!("element {} stands beside plane ones and is not plane", self.elements.ids[e]);
                return Err(wrong(problem, "use one kind of analysis"));
            }
            let corners = nodes.get(..4).filter(|c| !c.contains(&0) && nodes.len() == 4);
            let Some(corners) = corners else {
                let problem =
                    format!("element {} has {} nodes where 4 belong", self.elements.ids[e], nodes.len());
                return Err(wrong(problem, "mesh it with quadrilaterals"));
            };
            elements.nodes.extend(corners);
            elements.nodes.extend(corners.iter().map(|n| n.saturating_add(above)));
            elements.ends.push(elements.nodes.len());
        }
        deck.elements = elements;
        for kind in deck.types.values_mut().filter(|t| t.plane()) {
            // plain integration of a brick, which no option of its own changes
            *kind = ElementType { routine: 45, ..ElementType::default() };
        }
        Ok(deck)
    }

    /// Adds the sets of what is loaded.
    pub(super) fn load_sets(&self, mesh: &mut Mesh, nodes: &IdMap) -> Result<()> {
        let groups = self.groups();
        let above = self.node_ids.iter().max().copied().unwrap_or(0);
        for group in groups.fixed.iter().chain(&groups.forces) {
            let mut set: Vec<u32> = Vec::new();
            for &id in &group.members {
                set.extend(nodes.get(id));
                if groups.layered {
                    set.extend(nodes.get(id.saturating_add(above)));
                }
            }
            if set.is_empty() {
                log::warn!(
                    "{}: no node of {} is in a volume; it has no effect",
                    self.path.display(),
                    group.name
                );
            }
            set.sort_unstable();
            mesh.node_sets.entry(group.name.clone()).or_insert(set);
        }
        if groups.layered {
            let strain = self.types.values().any(|t| t.plane() && t.keyopt(3) == 2);
            let fixed = (0u32..).zip(&mesh.points).filter(|(_, p)| strain || p[2] == 0.0);
            mesh.node_sets.insert("plane".into(), fixed.map(|(n, _)| n).collect());
        }
        if groups.pressures.is_empty() {
            return Ok(());
        }
        let skin = Skin::new(mesh);
        let ids = IdMap::new(&self.elements.ids).map_err(|(a, _)| {
            Error::input(
                &self.path,
                "",
                format!("element {} is defined twice", self.elements.ids[a]),
                "renumber it",
            )
        })?;
        for group in &groups.pressures {
            let mut faces = Vec::new();
            for &(element, face) in &group.members {
                let at = ids.get(element).map(|e| e as usize);
                let kind = at.and_then(|e| self.types.get(&self.elements.types[e]));
                let found = at
                    .zip(kind)
                    .and_then(|(e, t)| corners(&t.usage(), t.is_surface(), self.elements.nodes_of(e), face));
                let wrong =
                    |problem: String| Error::input(&self.path, "", problem, "load an outer face of a volume");
                let Some(corners) = found else {
                    return Err(wrong(format!(
                        "element {element}, face {face} has a pressure and no such face is known"
                    )));
                };
                let local: Vec<u32> = corners.iter().filter_map(|&n| nodes.get(n)).collect();
                let outer = (local.len() == corners.len()).then(|| key(&local).and_then(|k| skin.find(&k)));
                match (outer.flatten(), kind.is_some_and(ElementType::is_surface)) {
                    (Some(outer), true) if !alike(outer.nodes(), &local) => {
                        return Err(wrong(format!(
                            "surface element {element} has its normal into the volume"
                        )));
                    }
                    (Some(outer), _) => faces.push(outer),
                    (None, _) => {
                        return Err(wrong(format!(
                            "element {element}, face {face} has a pressure and is no outer face"
                        )));
                    }
                }
            }
            mesh.face_sets.insert(group.name.clone(), numbered(faces.into_iter()));
        }
        Ok(())
    }
}

/// Whether the corners follow each other as in the face, whose normal points outward.
fn alike(face: &[u32], corners: &[u32]) -> bool {
    let n = corners.len();
    let Some(start) = face.iter().take(n).position(|f| *f == corners[0]) else { return false };
    face[(start + 1) % n] == corners[1]
}
