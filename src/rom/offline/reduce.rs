//! Load operators: integrals of the modes over every face, element and node set, summed over ranks.

use crate::fem::quadrature::mass_rule;
use crate::fem::reference::{MAX_NODES, shape};
use crate::fem::{FaceIntegral, Geometry};
use crate::parallel::Comm;
use crate::rom::online::{Moments, ReducedLoads};
use crate::structure::Structure;
use std::collections::BTreeMap;

/// Integrates `count` modes (column-major `3 n_nodes x count`).
///
/// # Collective
pub fn reduced_loads(comm: &Comm, structure: &Structure, modes: &[f64], count: usize) -> ReducedLoads {
    let mesh = &structure.sub.mesh;
    let n = count;
    let dofs = 3 * mesh.n_nodes();
    let value = |i: usize, node: u32, c: usize| modes[i * dofs + 3 * node as usize + c];
    let mut faces = BTreeMap::new();
    for (name, set) in &mesh.face_sets {
        let total = mesh.n_faces_global.get(name).copied().unwrap_or(set.len() as u64) as usize;
        let mut all = vec![0.0; total * 4 * n];
        for face in set {
            let integral = FaceIntegral::new(mesh, face);
            let out = &mut all[face.position as usize * 4 * n..][..4 * n];
            for (a, &node) in face.nodes().iter().enumerate() {
                for i in 0..n {
                    for c in 0..3 {
                        let v = value(i, node, c);
                        out[i] += integral.normal[a][c] * v;
                        out[n * (1 + c) + i] += integral.area[a] * v;
                    }
                }
            }
        }
        comm.sum(&mut all);
        faces.insert(name.clone(), all);
    }
    let per_element = element_moments(structure, modes, n);
    let mut elements = BTreeMap::new();
    let everything: Vec<u32> = (0..mesh.n_elements() as u32).collect();
    let sets = mesh.element_sets.iter().map(|(name, set)| (name.as_str(), set));
    for (name, set) in sets.chain([("ALL_ELEMENT", &everything)]) {
        let mut sums = vec![0.0; 12 * n];
        for &e in set {
            let of = &per_element[e as usize * 12 * n..(e as usize + 1) * 12 * n];
            sums.iter_mut().zip(of).for_each(|(s, m)| *s += m);
        }
        comm.sum(&mut sums);
        let moments = sums.chunks_exact(12).map(|m| Moments {
            first: [m[0], m[1], m[2]],
            second: [[m[3], m[4], m[5]], [m[6], m[7], m[8]], [m[9], m[10], m[11]]],
        });
        elements.insert(name.to_owned(), moments.collect());
    }
    let mut nodes = BTreeMap::new();
    for (name, set) in &mesh.node_sets {
        let mut sums = vec![0.0; 3 * n];
        for &node in set.iter().filter(|&&node| structure.sub.owned[node as usize]) {
            for c in 0..3 {
                for i in 0..n {
                    sums[n * c + i] += value(i, node, c);
                }
            }
        }
        comm.sum(&mut sums);
        nodes.insert(name.clone(), sums);
    }
    ReducedLoads { modes: n, faces, elements, nodes }
}

/// `int rho psi_a` and `int rho psi_a x_b` of every mode over every element: `elements x n x 12`.
fn element_moments(structure: &Structure, modes: &[f64], n: usize) -> Vec<f64> {
    let mesh = &structure.sub.mesh;
    let dofs = 3 * mesh.n_nodes();
    let mut out = vec![0.0; mesh.n_elements() * 12 * n];
    let (mut values, mut derivatives) = ([0.0; MAX_NODES], [[0.0; 3]; MAX_NODES]);
    for (e, out) in out.chunks_exact_mut((12 * n).max(1)).enumerate() {
        let nodes = mesh.nodes_of(e);
        // int rho N and int rho N x_b per node first: the modes come last
        let mut weights = [[0.0; 4]; MAX_NODES];
        for (xi, w) in mass_rule(mesh.kinds[e]) {
            shape(mesh.kinds[e], xi, &mut values, &mut derivatives);
            let (det, x) = Geometry::map(mesh, e, &values, &derivatives);
            for (weight, v) in weights.iter_mut().zip(&values[..nodes.len()]) {
                let m = structure.density[e] * w * det * v;
                weight[0] += m;
                (0..3).for_each(|b| weight[1 + b] += m * x[b]);
            }
        }
        for (i, m) in out.chunks_exact_mut(12).enumerate() {
            for (weight, &node) in weights.iter().zip(nodes) {
                for a in 0..3 {
                    let v = modes[i * dofs + 3 * node as usize + a];
                    m[a] += weight[0] * v;
                    for b in 0..3 {
                        m[3 + 3 * a + b] += weight[1 + b] * v;
                    }
                }
            }
        }
    }
    out
}
