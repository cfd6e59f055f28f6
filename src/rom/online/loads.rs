//! Loads reduced from a few integrals of the basis, without the mesh (method.md 3.1).

use crate::error::{Error, Result, nearest};
use crate::loads::{Load, Shape};
use std::collections::BTreeMap;

/// Integrals of one basis vector over an element set, density included: `int rho psi_a` and `int rho psi_a x_b`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// `int rho psi_a`.
    pub first: [f64; 3],
    /// `int rho psi_a x_b`, row a.
    pub second: [[f64; 3]; 3],
}

impl Moments {
    /// Work of the acceleration `omega^2 P (x - c)`, P the projection across the axis, in this basis vector.
    pub fn centrifugal(&self, center: [f64; 3], axis: [f64; 3]) -> f64 {
        let norm2: f64 = axis.iter().map(|a| a * a).sum();
        let mut work = 0.0;
        for a in 0..3 {
            for b in 0..3 {
                let p = f64::from(u8::from(a == b)) - axis[a] * axis[b] / norm2;
                work += p * (self.second[a][b] - center[b] * self.first[a]);
            }
        }
        work
    }

    /// Work of a uniform acceleration.
    pub fn uniform(&self, acceleration: [f64; 3]) -> f64 {
        (0..3).map(|a| self.first[a] * acceleration[a]).sum()
    }
}

/// What loads are reduced from: integrals of the `n` modes over every set of the mesh.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReducedLoads {
    /// Number of modes.
    pub modes: usize,
    /// Face sets: per face, `int psi_i . n dS` (n), then `int psi_i dS` (3 n: component slowest); `faces x 4 n`.
    pub faces: BTreeMap<String, Vec<f64>>,
    /// Element sets (and `ALL_ELEMENT`): one per mode.
    pub elements: BTreeMap<String, Vec<Moments>>,
    /// Node sets: sum of the modes over the nodes, `3 n` (component slowest).
    pub nodes: BTreeMap<String, Vec<f64>>,
}

impl ReducedLoads {
    /// The reduced vector of a load, to be multiplied by its amplitude: `F_i = int load . psi_i`.
    ///
    /// # Errors
    /// The model has no such set; a field cannot be read.
    pub fn reduce(&self, load: &Load) -> Result<Vec<f64>> {
        let n = self.modes;
        let mut out = vec![0.0; n];
        match &load.shape {
            Shape::Pressure { set, field } => {
                let faces = find(&self.faces, "face set", set)?;
                let count = faces.len() / (4 * n).max(1);
                let positions: Vec<u64> = (0..count as u64).collect();
                let values = field.values(&positions, count as u64)?;
                for (face, p) in faces.chunks_exact(4 * n).zip(values) {
                    out.iter_mut().zip(face).for_each(|(o, f)| *o -= p * f);
                }
            }
            Shape::Traction { set, vector } => {
                for face in find(&self.faces, "face set", set)?.chunks_exact(4 * n) {
                    for (c, t) in vector.iter().enumerate() {
                        let integral = &face[n * (1 + c)..n * (2 + c)];
                        out.iter_mut().zip(integral).for_each(|(o, f)| *o += t * f);
                    }
                }
            }
            Shape::Centrifugal { set, center, axis, speed } => {
                let moments = find(&self.elements, "element set", all(set))?;
                for (o, m) in out.iter_mut().zip(moments) {
                    *o = speed * speed * m.centrifugal(*center, *axis);
                }
            }
            Shape::BodyForce { set, acceleration } => {
                let moments = find(&self.elements, "element set", all(set))?;
                out.iter_mut().zip(moments).for_each(|(o, m)| *o = m.uniform(*acceleration));
            }
            Shape::NodalForce { set, dof, value } => {
                let sums = find(&self.nodes, "node set", set)?;
                let c = dof.index();
                out.iter_mut().zip(&sums[n * c..n * (c + 1)]).for_each(|(o, s)| *o = value * s);
            }
        }
        Ok(out)
    }
}

fn all(set: &str) -> &str {
    if matches!(set, "all" | "ALL") { "ALL_ELEMENT" } else { set }
}

fn find<'m, T>(sets: &'m BTreeMap<String, T>, what: &str, name: &str) -> Result<&'m T> {
    sets.get(name).ok_or_else(|| {
        let hint = match nearest(name, sets.keys().map(String::as_str)) {
            Some(n) => format!("the nearest name is '{n}'"),
            None => "the model keeps the sets of its training mesh".to_owned(),
        };
        Error::case(format!("the model has no {what} '{name}'; {hint}"))
    })
}
