//! Loads reduced from a few integrals of the basis, without the mesh (method.md 3.1).

use crate::error::{Error, Result, nearest};
use crate::loads::{Load, Shape};
use crate::store::LoadOperators;
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
    /// From the 12 numbers that a model keeps: first moments, then second ones, `x_b` fastest.
    fn from_row(m: &[f64]) -> Moments {
        Moments {
            first: [m[0], m[1], m[2]],
            second: std::array::from_fn(|a| [m[3 + 3 * a], m[4 + 3 * a], m[5 + 3 * a]]),
        }
    }

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

/// The reduced vector of a load (`n` modes), to be multiplied by its amplitude: `F_i = int load . psi_i`.
///
/// # Errors
/// The model has no such set; a field cannot be read.
pub fn reduce(operators: &LoadOperators, n: usize, load: &Load) -> Result<Vec<f64>> {
    let mut out = vec![0.0; n];
    match &load.shape {
        Shape::Pressure { set, field } => {
            let faces = find(&operators.faces, "face set", set)?;
            let values = field.values(&faces.position, faces.position.len() as u64)?;
            for (face, p) in faces.normal.chunks_exact(n.max(1)).zip(values) {
                out.iter_mut().zip(face).for_each(|(o, f)| *o -= p * f);
            }
        }
        Shape::Traction { set, vector } => {
            for face in find(&operators.faces, "face set", set)?.area.chunks_exact((3 * n).max(1)) {
                for (integral, t) in face.chunks_exact(n).zip(vector) {
                    out.iter_mut().zip(integral).for_each(|(o, f)| *o += t * f);
                }
            }
        }
        Shape::Centrifugal { set, center, axis, speed, .. } => {
            for (o, m) in out.iter_mut().zip(moments(operators, set)?) {
                *o = speed * speed * m.centrifugal(*center, *axis);
            }
        }
        Shape::BodyForce { set, acceleration } => {
            let moments = moments(operators, set)?;
            out.iter_mut().zip(moments).for_each(|(o, m)| *o = m.uniform(*acceleration));
        }
        Shape::NodalForce { set, dof, value } => {
            let sums = find(&operators.nodes, "node set", set)?;
            out.iter_mut().zip(sums.chunks_exact(3)).for_each(|(o, s)| *o = value * s[dof.index()]);
        }
    }
    Ok(out)
}

/// Moments of every mode over an element set.
fn moments(operators: &LoadOperators, set: &str) -> Result<Vec<Moments>> {
    let table = match operators.elements.get(set) {
        Some(table) => table,
        None if crate::mesh::ALL_ELEMENTS.contains(&set) => &operators.whole,
        None => find(&operators.elements, "element set", set)?,
    };
    Ok(table.chunks_exact(12).map(Moments::from_row).collect())
}

fn find<'m, T>(sets: &'m BTreeMap<String, T>, what: &str, name: &str) -> Result<&'m T> {
    sets.get(name).ok_or_else(|| {
        let hint = match nearest(name, sets.keys().map(String::as_str)) {
            Some(n) => format!("the nearest name is '{n}'"),
            None if sets.is_empty() => "it has none at all".to_owned(),
            None => format!("there are {}", sets.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        };
        Error::case(format!("the model has no {what} '{name}'; {hint}"))
    })
}
