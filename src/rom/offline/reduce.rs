//! Load operators: integrals of the modes over every face, element and node set, summed over ranks.

use crate::fem::quadrature::body_rule;
use crate::fem::reference::{MAX_NODES, shape};
use crate::fem::{FaceIntegral, Geometry};
use crate::parallel::Comm;
use crate::store::{FaceOperator, LoadOperators};
use crate::structure::Structure;

/// Integrates `n` modes, each `3 n_nodes`. Face operators hold this rank's faces; all else is summed over ranks.
///
/// # Collective
pub fn load_operators(comm: &Comm, structure: &Structure, modes: &[Vec<f64>]) -> LoadOperators {
    let mesh = &structure.sub.mesh;
    let n = modes.len();
    let mut operators = LoadOperators::default();
    for (name, set) in &mesh.face_sets {
        let faces = set.len();
        // a set with faces of no element cannot be loaded: the model does not offer it
        let elements = mesh.elements_of_faces(set);
        let sound = comm.sum_u64(elements.iter().flatten().count() as u64);
        if sound == 0 || mesh.n_faces_global.get(name) != Some(&sound) {
            continue;
        }
        let mut operator = FaceOperator {
            position: set.iter().map(|f| f.position).collect(),
            normal: vec![0.0; faces * n],
            area: vec![0.0; faces * 3 * n],
        };
        for (k, (face, element)) in set.iter().zip(elements).enumerate() {
            let integral = FaceIntegral::of_element(mesh, face, element);
            for (i, mode) in modes.iter().enumerate() {
                for (a, &node) in face.nodes().iter().enumerate() {
                    for c in 0..3 {
                        let v = mode[3 * node as usize + c];
                        operator.normal[k * n + i] += integral.normal[a][c] * v;
                        operator.area[(3 * k + c) * n + i] += integral.area[a] * v;
                    }
                }
            }
        }
        operators.faces.insert(name.clone(), operator);
    }
    let per_element = element_moments(structure, modes);
    let total = |set: &mut dyn Iterator<Item = usize>| {
        let mut sums = vec![0.0; 12 * n];
        for e in set {
            sums.iter_mut().zip(&per_element[e * 12 * n..(e + 1) * 12 * n]).for_each(|(s, m)| *s += m);
        }
        comm.sum(&mut sums);
        sums
    };
    operators.whole = total(&mut (0..mesh.n_elements()));
    for (name, set) in &mesh.element_sets {
        operators.elements.insert(name.clone(), total(&mut set.iter().map(|&e| e as usize)));
    }
    for (name, set) in &mesh.node_sets {
        let mut sums = vec![0.0; 3 * n];
        for &node in set.iter().filter(|&&node| structure.sub.owned[node as usize]) {
            for (sum, mode) in sums.chunks_exact_mut(3).zip(modes) {
                (0..3).for_each(|c| sum[c] += mode[3 * node as usize + c]);
            }
        }
        comm.sum(&mut sums);
        operators.nodes.insert(name.clone(), sums);
    }
    operators
}

/// Gives every rank the face operators of all.
///
/// # Collective
pub fn gather_faces(comm: &Comm, operators: &mut LoadOperators) {
    for face in operators.faces.values_mut() {
        face.position = comm.all_gather(&face.position).0;
        face.normal = comm.all_gather(&face.normal).0;
        face.area = comm.all_gather(&face.area).0;
    }
}

/// `int rho psi_a` and `int rho psi_a x_b` of every mode over every element: `elements x n x 12`.
fn element_moments(structure: &Structure, modes: &[Vec<f64>]) -> Vec<f64> {
    let mesh = &structure.sub.mesh;
    let n = modes.len();
    let mut out = vec![0.0; mesh.n_elements() * 12 * n];
    let (mut values, mut derivatives) = ([0.0; MAX_NODES], [[0.0; 3]; MAX_NODES]);
    for (e, out) in out.chunks_exact_mut((12 * n).max(1)).enumerate() {
        let nodes = mesh.nodes_of(e);
        // int rho N and int rho N x_b per node first: the modes come last
        let mut weights = [[0.0; 4]; MAX_NODES];
        for (xi, w) in body_rule(mesh.kinds[e], mesh.conventions) {
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
                    let v = modes[i][3 * node as usize + a];
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
