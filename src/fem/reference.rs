//! Shape functions on reference elements, VTK node order.
//!
//! Hexahedra live on `[-1, 1]^3`, tetrahedra on `x, y, z >= 0, x + y + z <= 1`, wedges on the unit triangle times
//! `[-1, 1]`; triangles and quadrilaterals likewise in two dimensions.

use crate::mesh::{ElementKind, FaceKind};

/// Most nodes of any element.
pub const MAX_NODES: usize = 20;

/// Corners of the reference hexahedron, in the order of its nodes.
pub const HEX_VERTICES: [[f64; 3]; 8] = [
    [-1.0, -1.0, -1.0],
    [1.0, -1.0, -1.0],
    [1.0, 1.0, -1.0],
    [-1.0, 1.0, -1.0],
    [-1.0, -1.0, 1.0],
    [1.0, -1.0, 1.0],
    [1.0, 1.0, 1.0],
    [-1.0, 1.0, 1.0],
];
/// End vertices of the mid-side nodes.
const HEX_EDGES: [(usize, usize); 12] =
    [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)];
const TET_EDGES: [(usize, usize); 6] = [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)];
const TRI_EDGES: [(usize, usize); 3] = [(0, 1), (1, 2), (2, 0)];
const QUAD_EDGES: [(usize, usize); 4] = [(0, 1), (1, 2), (2, 3), (3, 0)];

/// Values `n` (one per node) and derivatives `d` (one row per node) of the shape functions at `x`.
pub fn shape(kind: ElementKind, x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    match kind {
        ElementKind::C3d4 | ElementKind::C3d4R1 => tet4(x, n, d),
        ElementKind::C3d10 | ElementKind::C3d10R4 => tet10(x, n, d),
        ElementKind::C3d6 | ElementKind::C3d6R2 => wedge6(x, n, d),
        ElementKind::C3d15 | ElementKind::C3d15R9 => wedge15(x, n, d),
        ElementKind::C3d8 | ElementKind::C3d8b => hex8(x, n, d),
        ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => hex20(x, n, d),
    }
}

fn tet4(x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    n[0] = 1.0 - x[0] - x[1] - x[2];
    n[1..4].copy_from_slice(&x);
    d[..4].copy_from_slice(&[[-1.0, -1.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
}

fn tet10(x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    let (mut l, mut g) = ([0.0; 4], [[0.0; 3]; 4]);
    tet4(x, &mut l, &mut g);
    quadratic_simplex(&l, &g, &TET_EDGES, n, d);
}

/// Quadratic Lagrange functions from barycentric coordinates `l` with gradients `g`.
fn quadratic_simplex<const D: usize>(
    l: &[f64],
    g: &[[f64; D]],
    edges: &[(usize, usize)],
    n: &mut [f64],
    d: &mut [[f64; D]],
) {
    let v = l.len();
    for i in 0..v {
        n[i] = l[i] * (2.0 * l[i] - 1.0);
        for c in 0..D {
            d[i][c] = (4.0 * l[i] - 1.0) * g[i][c];
        }
    }
    for (e, &(a, b)) in edges.iter().enumerate() {
        n[v + e] = 4.0 * l[a] * l[b];
        for c in 0..D {
            d[v + e][c] = 4.0 * (l[a] * g[b][c] + l[b] * g[a][c]);
        }
    }
}

fn hex8(x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    for (i, v) in HEX_VERTICES.iter().enumerate() {
        let f = [1.0 + v[0] * x[0], 1.0 + v[1] * x[1], 1.0 + v[2] * x[2]];
        n[i] = f[0] * f[1] * f[2] / 8.0;
        d[i] = [v[0] * f[1] * f[2] / 8.0, f[0] * v[1] * f[2] / 8.0, f[0] * f[1] * v[2] / 8.0];
    }
}

fn hex20(x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    for (i, v) in HEX_VERTICES.iter().enumerate() {
        let f = [1.0 + v[0] * x[0], 1.0 + v[1] * x[1], 1.0 + v[2] * x[2]];
        let s = v[0] * x[0] + v[1] * x[1] + v[2] * x[2] - 2.0;
        n[i] = f[0] * f[1] * f[2] * s / 8.0;
        for c in 0..3 {
            let rest = f[(c + 1) % 3] * f[(c + 2) % 3];
            d[i][c] = v[c] * rest * (s + f[c]) / 8.0;
        }
    }
    for (e, &(a, b)) in HEX_EDGES.iter().enumerate() {
        let (va, vb) = (HEX_VERTICES[a], HEX_VERTICES[b]);
        let (mut f, mut df) = ([0.0; 3], [0.0; 3]);
        for c in 0..3 {
            if va[c] == vb[c] {
                (f[c], df[c]) = (1.0 + va[c] * x[c], va[c]);
            } else {
                (f[c], df[c]) = (1.0 - x[c] * x[c], -2.0 * x[c]);
            }
        }
        n[8 + e] = f[0] * f[1] * f[2] / 4.0;
        d[8 + e] = [df[0] * f[1] * f[2] / 4.0, f[0] * df[1] * f[2] / 4.0, f[0] * f[1] * df[2] / 4.0];
    }
}

fn wedge6(x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    let (l, g) = triangle(x);
    for i in 0..3 {
        for (s, z) in [(0, -1.0), (3, 1.0)] {
            let h = (1.0 + z * x[2]) / 2.0;
            n[i + s] = l[i] * h;
            d[i + s] = [g[i][0] * h, g[i][1] * h, l[i] * z / 2.0];
        }
    }
}

fn wedge15(x: [f64; 3], n: &mut [f64], d: &mut [[f64; 3]]) {
    let (l, g) = triangle(x);
    let z = x[2];
    for i in 0..3 {
        for (s, v) in [(0, -1.0), (3, 1.0)] {
            // vertex: l (1 + v z)(2 l - 2 + v z) / 2
            let (a, b) = (1.0 + v * z, 2.0 * l[i] - 2.0 + v * z);
            n[i + s] = l[i] * a * b / 2.0;
            let dl = a * (b + 2.0 * l[i]) / 2.0;
            d[i + s] = [dl * g[i][0], dl * g[i][1], l[i] * v * (b + a) / 2.0];
        }
        // vertical mid-side
        n[12 + i] = l[i] * (1.0 - z * z);
        d[12 + i] = [g[i][0] * (1.0 - z * z), g[i][1] * (1.0 - z * z), -2.0 * z * l[i]];
    }
    for (e, &(a, b)) in TRI_EDGES.iter().enumerate() {
        for (s, v) in [(6, -1.0), (9, 1.0)] {
            let h = 1.0 + v * z;
            n[s + e] = 2.0 * l[a] * l[b] * h;
            for c in 0..2 {
                d[s + e][c] = 2.0 * (l[a] * g[b][c] + l[b] * g[a][c]) * h;
            }
            d[s + e][2] = 2.0 * l[a] * l[b] * v;
        }
    }
}

fn triangle(x: [f64; 3]) -> ([f64; 3], [[f64; 2]; 3]) {
    ([1.0 - x[0] - x[1], x[0], x[1]], [[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
}

/// Values and derivatives of the shape functions of a face at `x`.
pub fn face_shape(kind: FaceKind, x: [f64; 2], n: &mut [f64], d: &mut [[f64; 2]]) {
    match kind {
        FaceKind::T3 | FaceKind::T6 => {
            let (l, g) = triangle([x[0], x[1], 0.0]);
            if kind == FaceKind::T3 {
                n[..3].copy_from_slice(&l);
                d[..3].copy_from_slice(&g);
            } else {
                quadratic_simplex(&l, &g, &TRI_EDGES, n, d);
            }
        }
        FaceKind::Q4 => {
            for (i, v) in HEX_VERTICES[..4].iter().enumerate() {
                let f = [1.0 + v[0] * x[0], 1.0 + v[1] * x[1]];
                n[i] = f[0] * f[1] / 4.0;
                d[i] = [v[0] * f[1] / 4.0, f[0] * v[1] / 4.0];
            }
        }
        FaceKind::Q8 => quad8(x, n, d),
    }
}

fn quad8(x: [f64; 2], n: &mut [f64], d: &mut [[f64; 2]]) {
    for (i, v) in HEX_VERTICES[..4].iter().enumerate() {
        let f = [1.0 + v[0] * x[0], 1.0 + v[1] * x[1]];
        let s = v[0] * x[0] + v[1] * x[1] - 1.0;
        n[i] = f[0] * f[1] * s / 4.0;
        d[i] = [v[0] * f[1] * (s + f[0]) / 4.0, v[1] * f[0] * (s + f[1]) / 4.0];
    }
    for (e, &(a, b)) in QUAD_EDGES.iter().enumerate() {
        let (va, vb) = (HEX_VERTICES[a], HEX_VERTICES[b]);
        let (mut f, mut df) = ([0.0; 2], [0.0; 2]);
        for c in 0..2 {
            if va[c] == vb[c] {
                (f[c], df[c]) = (1.0 + va[c] * x[c], va[c]);
            } else {
                (f[c], df[c]) = (1.0 - x[c] * x[c], -2.0 * x[c]);
            }
        }
        n[4 + e] = f[0] * f[1] / 2.0;
        d[4 + e] = [df[0] * f[1] / 2.0, f[0] * df[1] / 2.0];
    }
}

/// Reference coordinates of the nodes of a kind.
pub fn node_positions(kind: ElementKind) -> Vec<[f64; 3]> {
    let vertices: Vec<[f64; 3]> = match kind.n_vertices() {
        4 => vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        6 => (0..6)
            .map(|i| {
                let z = if i < 3 { -1.0 } else { 1.0 };
                [f64::from(u8::from(i % 3 == 1)), f64::from(u8::from(i % 3 == 2)), z]
            })
            .collect(),
        _ => HEX_VERTICES.to_vec(),
    };
    let wedge_edges = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)];
    let edges: &[(usize, usize)] = match (kind.n_vertices(), kind.n_nodes() > kind.n_vertices()) {
        (_, false) => &[],
        (4, _) => &TET_EDGES,
        (6, _) => &wedge_edges,
        _ => &HEX_EDGES,
    };
    let mid = |&(a, b): &(usize, usize)| std::array::from_fn(|c| (vertices[a][c] + vertices[b][c]) / 2.0);
    vertices.iter().copied().chain(edges.iter().map(mid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_function_is_one_at_its_node_and_zero_at_the_others() {
        for kind in ElementKind::ALL {
            let nodes = node_positions(kind);
            let (mut n, mut d) = ([0.0; MAX_NODES], [[0.0; 3]; MAX_NODES]);
            for (j, &x) in nodes.iter().enumerate() {
                shape(kind, x, &mut n, &mut d);
                for i in 0..kind.n_nodes() {
                    let want = f64::from(u8::from(i == j));
                    assert!((n[i] - want).abs() < 1e-14, "{kind} node {i} at {j}: {}", n[i]);
                }
            }
        }
    }

    #[test]
    fn derivatives_are_those_of_the_values() {
        let x = [0.21, 0.17, 0.33];
        for kind in ElementKind::ALL {
            let (mut n, mut d) = ([0.0; MAX_NODES], [[0.0; 3]; MAX_NODES]);
            let (mut up, mut down, mut unused) = ([0.0; MAX_NODES], [0.0; MAX_NODES], [[0.0; 3]; MAX_NODES]);
            shape(kind, x, &mut n, &mut d);
            assert!((n[..kind.n_nodes()].iter().sum::<f64>() - 1.0).abs() < 1e-14);
            for c in 0..3 {
                let h = 1e-6;
                let (mut a, mut b) = (x, x);
                a[c] += h;
                b[c] -= h;
                shape(kind, a, &mut up, &mut unused);
                shape(kind, b, &mut down, &mut unused);
                for i in 0..kind.n_nodes() {
                    let numeric = (up[i] - down[i]) / (2.0 * h);
                    assert!((numeric - d[i][c]).abs() < 1e-9, "{kind} node {i} component {c}");
                }
            }
        }
    }
}
