//! A subdomain with geometry and materials.

use super::{MaterialEntry, PointSet};
use crate::error::{Error, Result};
use crate::fem::Geometry;
use crate::material::Site;
use crate::mesh::{Mesh, Subdomain};
use crate::parallel::{Comm, Dd, agree};

/// What the high-fidelity solver and the offline stage compute on: this rank's part of the structure.
#[derive(Debug)]
pub struct Structure {
    /// Mesh of this rank and the nodes it shares.
    pub sub: Subdomain,
    /// Integration points.
    pub geometry: Geometry,
    /// The integration points with their materials.
    pub points: PointSet,
    /// Mass density of each local element.
    pub density: Vec<f64>,
    /// Material of each local element, an index into `points.materials()`.
    pub material_of: Vec<u32>,
    /// Volume of the whole structure.
    pub volume: f64,
}

impl Structure {
    /// Gives each element its material.
    ///
    /// # Errors
    /// An element set is missing, an element has no material or is inverted.
    ///
    /// # Collective
    pub fn new(comm: &Comm, sub: Subdomain, entries: &[MaterialEntry]) -> Result<Structure> {
        let local = Structure::build(sub, entries);
        let mut structure = agree(comm, local)?;
        structure.volume = comm.sum_exact(&[structure.geometry.volume()])[0];
        Ok(structure)
    }

    fn build(sub: Subdomain, entries: &[MaterialEntry]) -> Result<Structure> {
        let geometry = Geometry::new(&sub.mesh)?;
        let mut materials = Vec::with_capacity(entries.len());
        let mut material_of = vec![u32::MAX; sub.mesh.n_elements()];
        for (m, entry) in entries.iter().enumerate() {
            materials.push(entry.material.build()?);
            match &entry.set {
                Some(set) => {
                    let elements = sub.mesh.element_set(set).map_err(|e| {
                        Error::from(e).while_doing(format_args!("[[material]] '{}'", entry.material.name))
                    })?;
                    elements.iter().for_each(|&e| material_of[e as usize] = m as u32);
                }
                None => material_of.fill(m as u32),
            }
        }
        if let Some(e) = material_of.iter().position(|&m| m == u32::MAX) {
            return Err(Error::case(format!(
                "[[material]]: element {} has no material; give a [[material]] without 'set', or one whose set holds it",
                sub.mesh.element_ids[e]
            )));
        }
        let density = material_of.iter().map(|&m| materials[m as usize].density()).collect();
        let of_points: Vec<u32> = material_of
            .iter()
            .zip(&sub.mesh.kinds)
            .flat_map(|(&m, kind)| std::iter::repeat_n(m, kind.n_points()))
            .collect();
        let mut points = PointSet::new(materials, &of_points);
        if points.wants_sites() {
            points.set_sites(sites(&sub.mesh, &geometry));
        }
        Ok(Structure { sub, geometry, points, density, material_of, volume: 0.0 })
    }

    /// A nodal scalar at the integration points.
    pub fn at_points(&self, nodal: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.geometry.n_points()];
        self.geometry.interpolate(&self.sub.mesh, nodal, &mut out);
        out
    }

    /// Element and number (from 1) of a local integration point, for messages.
    pub fn describe_point(&self, point: usize) -> String {
        let e = self.geometry.offsets.partition_point(|&o| o <= point) - 1;
        format!(
            "element {}, integration point {}",
            self.sub.mesh.element_ids[e],
            point - self.geometry.offsets[e] + 1
        )
    }

    /// Nodal vector to the sum over ranks at shared nodes, in place.
    ///
    /// # Collective
    pub fn assemble(&self, comm: &Comm, nodal: &mut [f64]) {
        self.sub.sum_shared(comm, nodal, 3);
    }

    /// Dot product of two nodal vectors that are consistent at shared nodes; each node counts once.
    ///
    /// # Collective
    pub fn dot(&self, comm: &Comm, a: &[f64], b: &[f64]) -> f64 {
        let mut sum = Dd::default();
        for (n, _) in self.sub.owned.iter().enumerate().filter(|(_, o)| **o) {
            (3 * n..3 * n + 3).for_each(|i| sum.add_product(a[i], b[i]));
        }
        comm.sum_exact(&[sum])[0]
    }
}

/// Where each integration point of a mesh is.
fn sites(mesh: &Mesh, geometry: &Geometry) -> Vec<Site> {
    let mut sites = Vec::with_capacity(geometry.n_points());
    for (e, &kind) in mesh.kinds.iter().enumerate() {
        for k in 0..kind.n_points() {
            let shapes = geometry.shape_values(kind, k).iter().zip(mesh.nodes_of(e));
            let mut x = [0.0; 3];
            for (s, &node) in shapes {
                let node = &mesh.points[node as usize];
                x.iter_mut().zip(node).for_each(|(x, n)| *x += s * n);
            }
            sites.push(Site { x, element: mesh.element_ids[e], number: k as u32 });
        }
    }
    sites
}
