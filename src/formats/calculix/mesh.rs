//! From a deck to a mesh.

use super::cards::Place;
use super::deck::Deck;
use super::history::Target;
use crate::error::{Error, Result};
use crate::formats::ids::{IdMap, keep_first, take_nodes};
use crate::mesh::{Conventions, Face, FaceKind, Mesh};
use std::collections::BTreeMap;

impl Deck {
    /// The mesh with the deck's sets and surfaces, and the sets of its loads. Nodes that no element has are left out.
    ///
    /// # Errors
    /// A number that appears twice, an element with a node that there is not, no element at all.
    pub fn mesh(&self) -> Result<Mesh> {
        let twice = |what: &str, id: u64| {
            self.error(&Place::default(), format!("{what} {id} is defined twice"), "renumber or remove one")
        };
        let nodes = IdMap::new(&self.node_ids).map_err(|(a, _)| twice("node", self.node_ids[a]))?;
        let elements = &self.elements;
        IdMap::new(&elements.ids).map_err(|(a, _)| twice("element", elements.ids[a]))?;
        let mut mesh = Mesh { conventions: Conventions::Calculix, ..Mesh::default() };
        if elements.nodes.len() > u32::MAX as usize {
            return Err(self.error(&Place::default(), "it has too many elements", "split the mesh"));
        }
        let (mut at, mut local) = (0, [0; 20]);
        for (&id, &kind) in elements.ids.iter().zip(&elements.kinds) {
            let theirs = &elements.nodes[at..at + kind.n_nodes()];
            at += kind.n_nodes();
            for (local, &node) in local.iter_mut().zip(theirs) {
                *local = nodes.get(node).ok_or_else(|| {
                    let problem = format!("element {id} has node {node}, which no *NODE defines");
                    self.error(&Place::default(), problem, "define it, or correct the number")
                })?;
            }
            mesh.push_element(id, kind, &local[..kind.n_nodes()]);
        }
        if mesh.n_elements() == 0 {
            let remedy = "write *NODE and *ELEMENT with solid elements (C3D4, C3D6, C3D8, C3D10, C3D15, C3D20, C3D20R)";
            return Err(self.error(&Place::default(), "has no elements", remedy));
        }
        take_nodes(&mut mesh, &self.node_ids, &self.points);
        self.sets(&mut mesh)?;
        mesh.close_whole();
        Ok(mesh)
    }

    fn sets(&self, mesh: &mut Mesh) -> Result<()> {
        // labels were checked before
        let nodes = IdMap::new(&mesh.node_ids).unwrap_or_default();
        let elements = IdMap::new(&mesh.element_ids).unwrap_or_default();
        let members = |ids: &mut dyn Iterator<Item = u64>, map: &IdMap| {
            let mut set: Vec<u32> = ids.filter_map(|id| map.get(id)).collect();
            keep_first(&mut set);
            set
        };
        for (name, ids) in &self.node_sets {
            mesh.node_sets.insert(name.clone(), members(&mut ids.iter().copied(), &nodes));
        }
        for (name, ids) in &self.element_sets {
            mesh.element_sets.insert(name.clone(), members(&mut ids.iter().copied(), &elements));
        }
        let groups = self.groups();
        for group in groups.fixed.iter().chain(&groups.forces) {
            let set = members(&mut group.members.iter().map(|m| m.0), &nodes);
            if set.len() < group.members.len() {
                let lost = group.members.iter().find(|m| nodes.get(m.0).is_none());
                let problem =
                    format!("node {} is loaded or held, but no element has it", lost.map_or(0, |m| m.0));
                return Err(self.error(&Place::default(), problem, "take the load out"));
            }
            mesh.node_sets.insert(group.name.clone(), set);
        }
        for body in &self.history.bodies {
            if let Target::One(id) = body.target {
                mesh.element_sets
                    .insert(body.target.set("element"), members(&mut [id].into_iter(), &elements));
            }
        }
        let mut face_sets: BTreeMap<&String, &Vec<(u64, u8)>> = self.surfaces.iter().collect();
        face_sets.extend(&groups.faces);
        face_sets.extend(groups.pressures.iter().map(|g| (&g.name, &g.members)));
        for (name, list) in face_sets {
            let faces = list.iter().zip(0..).map(|(&(element, number), position)| {
                let found = elements.get(element).and_then(|e| face(mesh, e as usize, number, position));
                found.ok_or_else(|| self.no_face(name, element, number))
            });
            let faces = faces.collect::<Result<Vec<Face>>>()?;
            mesh.face_sets.insert(name.clone(), faces);
        }
        Ok(())
    }

    fn no_face(&self, name: &str, element: u64, number: u8) -> Error {
        let problem = format!("'{name}' has face {number} of element {element}, which there is not");
        self.error(&Place::default(), problem, "correct the surface or the load")
    }
}

/// Face `number` (from 1) of an element: CalculiX counts them as we do, but from 1.
fn face(mesh: &Mesh, e: usize, number: u8, position: u64) -> Option<Face> {
    let places = mesh.kinds[e].faces().get(usize::from(number).checked_sub(1)?)?;
    let mut nodes = [0; 8];
    nodes.iter_mut().zip(*places).for_each(|(n, &at)| *n = mesh.nodes_of(e)[at]);
    Some(Face { kind: FaceKind::from_nodes(places.len())?, nodes, position })
}
