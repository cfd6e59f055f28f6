//! From a deck to a mesh.

use super::deck::{Component, Deck};
use super::shapes::Shapes;
use super::skin::{Skin, key, numbered};
use super::types::{ElementType, Use};
use crate::error::{Error, Result};
use crate::formats::ids::{IdMap, take_nodes};
use crate::mesh::{Face, Mesh};
use std::collections::BTreeMap;

/// The surface element whose faces become face sets.
const SURFACE: u32 = 154;

impl Deck {
    /// The mesh of the volume elements, with the sets that the documentation of [`super`] names.
    ///
    /// # Errors
    /// An element type, a shape or a node list that is not supported or not complete; numbers that appear twice; no
    /// volume at all.
    pub fn mesh(&self) -> Result<Mesh> {
        let mut mesh = self.volumes()?;
        let nodes = IdMap::new(&mesh.node_ids).map_err(|(a, _)| self.twice("node", mesh.node_ids[a]))?;
        self.sets(&mut mesh, &nodes);
        self.load_sets(&mut mesh, &nodes)?;
        mesh.close_whole();
        Ok(mesh)
    }

    fn error(&self, problem: impl std::fmt::Display, remedy: impl std::fmt::Display) -> Error {
        Error::input(&self.path, "", problem, remedy)
    }

    fn twice(&self, what: &str, id: u64) -> Error {
        self.error(format!("{what} {id} is defined twice"), format!("renumber or remove one {what}"))
    }

    /// Nodes and elements.
    fn volumes(&self) -> Result<Mesh> {
        if self.layered() {
            return self.layer()?.volumes();
        }
        let ids = IdMap::new(&self.node_ids).map_err(|(a, _)| self.twice("node", self.node_ids[a]))?;
        let usages: BTreeMap<u32, Use> = self.types.iter().map(|(&id, t)| (id, t.usage())).collect();
        let (shapes, mut list) = (Shapes::new(), [0; 20]);
        let mut mesh = Mesh::default();
        let mut members: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut left_out: BTreeMap<u32, usize> = BTreeMap::new();
        let elements = &self.elements;
        for (e, &id) in elements.ids.iter().enumerate() {
            let (number, material) = (elements.types[e], elements.materials[e]);
            let wrong = |problem: String, remedy: &str| {
                // a result file has no lines
                let place = match elements.lines[e] {
                    0 => String::new(),
                    line => format!("line {line}"),
                };
                Error::input(&self.path, place, problem, remedy)
            };
            let cell = match usages.get(&number) {
                Some(Use::Volume(cell)) => *cell,
                Some(Use::LeftOut) => {
                    *left_out.entry(number).or_default() += 1;
                    continue;
                }
                Some(Use::Refused(why)) => {
                    let problem = format!("element {id}: {} {why}", self.types[&number].name());
                    return Err(wrong(problem, "mesh it with SOLID185, SOLID186 or SOLID187"));
                }
                None => {
                    let problem = format!("element {id} is of type {number}, which no ET defines");
                    return Err(wrong(problem, "add the ET command before the elements"));
                }
            };
            let name = || self.types[&number].name();
            let kind = shapes.recognise(cell, elements.nodes_of(e), &mut list).map_err(|why| {
                wrong(
                    format!("element {id} ({}) {why}", name()),
                    "mesh it with whole hexahedra, wedges or tetrahedra",
                )
            })?;
            let mut local = [0; 20];
            for (local, &node) in local.iter_mut().zip(&list[..kind.n_nodes()]) {
                *local = ids.get(node).ok_or_else(|| {
                    let problem = format!("element {id} has node {node}, which no NBLOCK defines");
                    wrong(problem, "complete the NBLOCK, or correct the number")
                })?;
            }
            if mesh.connectivity.len() + kind.n_nodes() > u32::MAX as usize {
                return Err(wrong(format!("element {id} is one too many"), "split the mesh"));
            }
            let position = mesh.n_elements() as u32;
            members.entry(format!("mat{material}")).or_default().push(position);
            members.entry(type_set(number)).or_default().push(position);
            mesh.push_element(id, kind, &local[..kind.n_nodes()]);
        }
        if mesh.n_elements() == 0 {
            let (place, remedy) = match elements.lines.first() {
                Some(0) => ("the results", "give those of SOLID185, SOLID186 or SOLID187"),
                _ => ("EBLOCKs", "write the deck with CDWRITE,DB (blocked format)"),
            };
            return Err(self.error(
                format!("no volume elements in {place} ({} elements read)", elements.ids.len()),
                remedy,
            ));
        }
        IdMap::new(&mesh.element_ids).map_err(|(a, _)| self.twice("element", mesh.element_ids[a]))?;
        mesh.element_sets = members;
        take_nodes(&mut mesh, &self.node_ids, &self.points);
        self.warn_of_lost_nodes(&mesh);
        self.warn_of_types(&left_out, &mesh);
        Ok(mesh)
    }

    fn warn_of_lost_nodes(&self, mesh: &Mesh) {
        let lost = self.node_ids.len() - mesh.n_nodes();
        if lost > 0 {
            log::warn!(
                "{}: {lost} of {} nodes are in no volume element; they are left out",
                self.path.display(),
                self.node_ids.len()
            );
        }
    }

    /// Says what is left out, and what Ansys integrates otherwise.
    fn warn_of_types(&self, left_out: &BTreeMap<u32, usize>, mesh: &Mesh) {
        if !left_out.is_empty() {
            let text: Vec<String> =
                left_out.iter().map(|(id, count)| format!("{count} {}", self.types[id].name())).collect();
            log::warn!(
                "{}: elements without volume are left out, with what they do: {}",
                self.path.display(),
                text.join(", ")
            );
        }
        for (number, kind) in &self.types {
            let used = mesh.element_sets.contains_key(&type_set(*number));
            if let Some(what) = kind.formulation().filter(|_| used) {
                log::warn!(
                    "{}: type {number} ({}) has {what}, which is not computed here: its elements are taken with \
                     displacements alone and the points of their kind",
                    self.path.display(),
                    kind.name()
                );
            }
        }
    }

    /// Components, and the faces of the surface.
    fn sets(&self, mesh: &mut Mesh, nodes: &IdMap) {
        let skin = Skin::new(mesh);
        mesh.face_sets = self.surfaces(&skin, nodes);
        mesh.face_sets.insert("skin".into(), skin.within(|_| true));
        for (name, component) in &self.element_components {
            let set = self.members(name, "element", component, &mesh.element_ids);
            if !set.is_empty() && mesh.element_sets.insert(name.clone(), set).is_some() {
                log::warn!(
                    "{}: component {name} takes the place of the set of that name",
                    self.path.display()
                );
            }
        }
        for (name, component) in &self.node_components {
            let set = self.members(name, "node", component, &mesh.node_ids);
            if set.is_empty() {
                continue;
            }
            let mut wanted = vec![false; mesh.n_nodes()];
            set.iter().for_each(|&n| wanted[n as usize] = true);
            for [mid, a, b] in self.means.iter().map(|m| m.map(|id| nodes.get(id).map(|n| n as usize))) {
                if let (Some(mid), Some(a), Some(b)) = (mid, a, b) {
                    wanted[mid] = wanted[a] && wanted[b];
                }
            }
            let faces = skin.within(|n| wanted[n as usize]);
            if !faces.is_empty() && mesh.face_sets.insert(name.clone(), faces).is_some() {
                log::warn!(
                    "{}: component {name} takes the place of the face set of that name",
                    self.path.display()
                );
            }
            mesh.node_sets.insert(name.clone(), set);
        }
    }

    /// Positions of the members of a component, in the order of the mesh.
    fn members(&self, name: &str, what: &str, component: &Component, ids: &[u64]) -> Vec<u32> {
        let set: Vec<u32> =
            ids.iter().zip(0..).filter(|(id, _)| component.contains(**id)).map(|(_, i)| i).collect();
        let stale = component.len() - set.len() as u64;
        if stale > 0 {
            log::warn!(
                "{}: {what} component {name}: {stale} of its {what}s are not of the volume mesh; they are left out",
                self.path.display()
            );
        }
        set
    }

    /// Face sets from surface elements that cover outer faces.
    fn surfaces(&self, skin: &Skin, nodes: &IdMap) -> BTreeMap<String, Vec<Face>> {
        let is_surface = |t: &ElementType| t.routine == SURFACE;
        let mut sets: BTreeMap<String, Vec<Face>> = BTreeMap::new();
        for (e, number) in self.elements.types.iter().enumerate() {
            if !self.types.get(number).is_some_and(is_surface) {
                continue;
            }
            let corners = self.elements.nodes_of(e).iter().take(4).filter_map(|&n| nodes.get(n));
            let mut corners: Vec<u32> = corners.collect();
            corners.dedup();
            if let Some(face) = key(&corners).and_then(|key| skin.find(&key)) {
                sets.entry(type_set(*number)).or_default().push(face);
            }
        }
        sets.into_iter().map(|(name, faces)| (name, numbered(faces.into_iter()))).collect()
    }
}

/// Name of the set of an element type.
fn type_set(number: u32) -> String {
    format!("type{number}")
}
