//! Integrals over faces, from their node order: `n dS = dx/dxi ^ dx/deta`.

use super::quadrature::{calculix_face_rule, face_rule};
use super::reference::face_shape;
use crate::mesh::{Conventions, Face, Mesh};

/// Integrals of one face, per node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceIntegral {
    /// `int N_a n dS`.
    pub normal: [[f64; 3]; 8],
    /// `int N_a dS`.
    pub area: [f64; 8],
}

impl FaceIntegral {
    /// Integrates over the undeformed face.
    pub fn new(mesh: &Mesh, face: &Face) -> FaceIntegral {
        FaceIntegral::by_rule(mesh, face, &face_rule(face.kind))
    }

    /// As [`FaceIntegral::new`], for faces with the elements that they belong to (of [`Mesh::elements_of_faces`]): with the
    /// rule that the conventions of the mesh say.
    pub fn of_element(mesh: &Mesh, face: &Face, element: Option<u32>) -> FaceIntegral {
        match (mesh.conventions, element) {
            (Conventions::Calculix, Some(e)) => {
                FaceIntegral::by_rule(mesh, face, &calculix_face_rule(face.kind, mesh.kinds[e as usize]))
            }
            _ => FaceIntegral::new(mesh, face),
        }
    }

    fn by_rule(mesh: &Mesh, face: &Face, rule: &[([f64; 2], f64)]) -> FaceIntegral {
        let nodes = face.nodes();
        let mut out = FaceIntegral { normal: [[0.0; 3]; 8], area: [0.0; 8] };
        let (mut n, mut d) = ([0.0; 8], [[0.0; 2]; 8]);
        for &(x, w) in rule {
            face_shape(face.kind, x, &mut n, &mut d);
            let mut t = [[0.0; 3]; 2];
            for (&node, d) in nodes.iter().zip(&d) {
                let x = mesh.points[node as usize];
                for c in 0..3 {
                    t[0][c] += d[0] * x[c];
                    t[1][c] += d[1] * x[c];
                }
            }
            let normal = [
                t[0][1] * t[1][2] - t[0][2] * t[1][1],
                t[0][2] * t[1][0] - t[0][0] * t[1][2],
                t[0][0] * t[1][1] - t[0][1] * t[1][0],
            ];
            let area = normal.iter().map(|c| c * c).sum::<f64>().sqrt();
            for a in 0..nodes.len() {
                for c in 0..3 {
                    out.normal[a][c] += w * n[a] * normal[c];
                }
                out.area[a] += w * n[a] * area;
            }
        }
        out
    }
}
