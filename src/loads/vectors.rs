//! Loads as nodal vectors of a subdomain, and prescribed displacements as dofs.

use super::{Amplitude, Load, Loading, Shape};
use crate::error::{Error, Result};
use crate::fem::quadrature::body_rule;
use crate::fem::reference::{MAX_NODES, shape};
use crate::fem::{FaceIntegral, Geometry};
use crate::mesh::{Face, Mesh, Subdomain};
use crate::parallel::Comm;

/// `r - (r.d) d` for `r = x - center`, `d` the unit axis: the centrifugal acceleration per squared speed.
pub fn centrifugal_density(center: [f64; 3], axis: [f64; 3], x: [f64; 3]) -> [f64; 3] {
    let norm = axis.iter().map(|c| c * c).sum::<f64>().sqrt();
    let d = axis.map(|c| c / norm);
    let r: [f64; 3] = std::array::from_fn(|c| x[c] - center[c]);
    let along = r[0] * d[0] + r[1] * d[1] + r[2] * d[2];
    std::array::from_fn(|c| r[c] - along * d[c])
}

/// This subdomain's part of a load's nodal vector (`3 n_nodes`, not summed over shared nodes), to be multiplied by the
/// amplitude. `density`: mass density of each local element.
///
/// # Errors
/// A set is missing; a field cannot be read (this may differ between ranks).
///
/// # Collective
pub fn nodal_vector(comm: &Comm, sub: &Subdomain, load: &Load, density: &[f64]) -> Result<Vec<f64>> {
    let mesh = &sub.mesh;
    let mut out = vec![0.0; 3 * mesh.n_nodes()];
    match &load.shape {
        Shape::Pressure { set, field } => {
            let (faces, elements) = loaded_faces(comm, mesh, set)?;
            let positions: Vec<u64> = faces.iter().map(|f| f.position).collect();
            let values = field.values(&positions, mesh.n_faces_global.get(set).copied().unwrap_or(0))?;
            for ((face, element), p) in faces.iter().zip(elements).zip(values) {
                let integral = FaceIntegral::of_element(mesh, face, element);
                for (&node, n) in face.nodes().iter().zip(&integral.normal) {
                    add(&mut out, node, n.map(|c| -p * c));
                }
            }
        }
        Shape::Traction { set, vector } => {
            let (faces, elements) = loaded_faces(comm, mesh, set)?;
            for (face, element) in faces.iter().zip(elements) {
                let integral = FaceIntegral::of_element(mesh, face, element);
                for (&node, a) in face.nodes().iter().zip(&integral.area) {
                    add(&mut out, node, vector.map(|c| c * a));
                }
            }
        }
        Shape::Centrifugal { set, center, axis, speed, .. } => {
            let elements = mesh.element_set(set)?;
            let omega2 = speed * speed;
            body_force(mesh, &elements, density, &mut out, |x| {
                centrifugal_density(*center, *axis, x).map(|c| c * omega2)
            });
        }
        Shape::BodyForce { set, acceleration } => {
            body_force(mesh, &mesh.element_set(set)?, density, &mut out, |_| *acceleration);
        }
        Shape::NodalForce { set, dof, value } => {
            for node in acting_nodes(comm, sub, set)? {
                if sub.owned[node as usize] {
                    out[3 * node as usize + dof.index()] += value;
                }
            }
        }
    }
    Ok(out)
}

/// The local faces of a set, all of whose faces must lie on some rank, and their elements.
fn loaded_faces<'m>(comm: &Comm, mesh: &'m Mesh, set: &str) -> Result<(&'m [Face], Vec<Option<u32>>)> {
    let faces = mesh.face_set(set)?;
    let total = mesh.n_faces_global.get(set).copied().unwrap_or(0);
    if total == 0 {
        return Err(Error::case(format!(
            "face set '{set}' has no faces to act on; fill it or leave the load out"
        )));
    }
    let elements = mesh.elements_of_faces(faces);
    let found = comm.sum_u64(elements.iter().flatten().count() as u64);
    if found != total {
        return Err(Error::case(format!(
            "face set '{set}' has {} of {total} faces that belong to no element; correct the set",
            total - found.min(total)
        )));
    }
    Ok((faces, elements))
}

/// The local nodes of a set that has nodes on some rank.
fn acting_nodes(comm: &Comm, sub: &Subdomain, set: &str) -> Result<Vec<u32>> {
    let nodes = sub.node_set(comm, set)?;
    if comm.sum_u64(nodes.len() as u64) == 0 {
        return Err(Error::case(format!("node set '{set}' has no nodes to act on; fill it or leave it out")));
    }
    Ok(nodes)
}

fn add(out: &mut [f64], node: u32, value: [f64; 3]) {
    let at = 3 * node as usize;
    out[at..at + 3].iter_mut().zip(value).for_each(|(o, v)| *o += v);
}

/// Adds `int rho N a(x)` over some elements.
fn body_force(
    mesh: &Mesh,
    elements: &[u32],
    density: &[f64],
    out: &mut [f64],
    acceleration: impl Fn([f64; 3]) -> [f64; 3],
) {
    let (mut n, mut d) = ([0.0; MAX_NODES], [[0.0; 3]; MAX_NODES]);
    for &e in elements {
        let e = e as usize;
        let nodes = mesh.nodes_of(e);
        for (xi, w) in body_rule(mesh.kinds[e], mesh.conventions) {
            shape(mesh.kinds[e], xi, &mut n, &mut d);
            let (det, x) = Geometry::map(mesh, e, &n, &d);
            let a = acceleration(x);
            for (&node, n) in nodes.iter().zip(&n) {
                add(out, node, a.map(|c| w * det * density[e] * n * c));
            }
        }
    }
}

/// Prescribed dofs of a subdomain: local dof, value, which amplitude.
#[derive(Debug, Clone, Default)]
pub struct PrescribedDofs {
    /// Local dof `3 node + component` -> index into `terms`, or `u32::MAX` where free.
    pub term_of: Vec<u32>,
    /// Value and amplitude of each prescribed motion of the case.
    pub terms: Vec<(f64, Amplitude)>,
}

impl PrescribedDofs {
    /// Resolves the case's prescribed displacements; the last one that names a dof counts.
    ///
    /// # Errors
    /// A set or table is missing.
    ///
    /// # Collective
    pub fn new(comm: &Comm, sub: &Subdomain, loading: &Loading) -> Result<PrescribedDofs> {
        let mut out = PrescribedDofs { term_of: vec![u32::MAX; 3 * sub.mesh.n_nodes()], terms: Vec::new() };
        for (i, p) in loading.prescribed.iter().enumerate() {
            out.terms.push((p.value, loading.prescribed_amplitude(p)?));
            let nodes = acting_nodes(comm, sub, &p.set).map_err(|e| e.while_doing(p.describe()))?;
            for node in nodes {
                out.term_of[3 * node as usize + p.dof.index()] = i as u32;
            }
        }
        Ok(out)
    }

    /// Whether a local dof is prescribed.
    #[inline]
    pub fn is_fixed(&self, dof: usize) -> bool {
        self.term_of[dof] != u32::MAX
    }

    /// Value of each term at time `t`.
    pub fn values(&self, t: f64) -> Vec<f64> {
        self.terms.iter().map(|(v, a)| v * a.value(t)).collect()
    }

    /// Whether any term is ever non-zero.
    pub fn homogeneous(&self) -> bool {
        self.terms.iter().all(|t| t.0 == 0.0)
    }
}
