//! Distorted meshes of every element kind over a parallelepiped, whose integrals have closed forms.

use ferrom::fem::reference::node_positions;
use ferrom::mesh::{ElementKind, Face, FaceKind, Mesh};
use std::collections::BTreeMap;

/// The image of the unit cube under `x = A s + t`.
pub const A: [[f64; 3]; 3] = [[2.0, 0.3, -0.2], [0.1, 1.5, 0.4], [0.25, -0.15, 1.2]];
/// See [`A`].
pub const T: [f64; 3] = [0.7, -0.4, 1.9];

/// Volume of the parallelepiped.
pub fn volume() -> f64 {
    A[0][0] * (A[1][1] * A[2][2] - A[1][2] * A[2][1]) - A[0][1] * (A[1][0] * A[2][2] - A[1][2] * A[2][0])
        + A[0][2] * (A[1][0] * A[2][1] - A[1][1] * A[2][0])
}

/// `x = A s + t`.
pub fn place(s: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| T[i] + (0..3).map(|j| A[i][j] * s[j]).sum::<f64>())
}

/// A number in [-1, 1] that only depends on the argument (splitmix64).
pub fn noise(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Cuts of a hexahedron (VTK vertices) into elements with that many vertices.
pub fn cuts(n_vertices: usize) -> Vec<Vec<usize>> {
    match n_vertices {
        8 => vec![(0..8).collect()],
        6 => vec![vec![0, 1, 2, 4, 5, 6], vec![0, 2, 3, 4, 6, 7]],
        // the six tetrahedra around the diagonal 0-6: they fit from one hexahedron to the next
        _ => [[0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [0, 4, 5, 6], [0, 5, 1, 6]]
            .iter()
            .map(|t| t.to_vec())
            .collect(),
    }
}

/// Local ends of the edge of every mid-side node of a kind.
pub fn edges(kind: ElementKind) -> Vec<(usize, usize)> {
    let (x, v) = (node_positions(kind), kind.n_vertices());
    x[v..]
        .iter()
        .filter_map(|m| {
            let pairs = (0..v).flat_map(|a| (a + 1..v).map(move |b| (a, b)));
            pairs.into_iter().find(|&(a, b)| (0..3).all(|c| (x[a][c] + x[b][c] - 2.0 * m[c]).abs() < 1e-12))
        })
        .collect()
}

/// `n x n x n` hexahedra over the parallelepiped, cut into elements of `kind`. Nodes inside are moved by `distortion`
/// times a cell; where `curved`, mid-side nodes inside are moved off their edges too.
///
/// Labels: node and element ids are `7 k + 3`. Sets: node set `x0`, element sets `low` and `high` (by the cell along
/// the third axis), face sets `x1` (all faces at the end of the first axis) and `skin` (all boundary faces).
pub fn patch(kind: ElementKind, n: usize, distortion: f64, curved: bool) -> Mesh {
    let m = n + 1;
    let h = 1.0 / n as f64;
    let mut s: Vec<[f64; 3]> = Vec::new();
    for k in 0..m {
        for j in 0..m {
            for i in 0..m {
                let inside = [i, j, k].iter().all(|&c| c > 0 && c < n);
                let id = s.len() as u64;
                let move_by = |c: u64| if inside { distortion * h * noise(3 * id + c) } else { 0.0 };
                s.push([i as f64 * h + move_by(0), j as f64 * h + move_by(1), k as f64 * h + move_by(2)]);
            }
        }
    }
    let mut mesh = Mesh::default();
    let (mut low, mut high) = (Vec::new(), Vec::new());
    let mut mids: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let ends = edges(kind);
    for cell in 0..n * n * n {
        let (i, j, k) = (cell % n, cell / n % n, cell / (n * n));
        let corner = |a: usize, b: usize, c: usize| (i + a) + m * ((j + b) + m * (k + c));
        let hex = [
            corner(0, 0, 0),
            corner(1, 0, 0),
            corner(1, 1, 0),
            corner(0, 1, 0),
            corner(0, 0, 1),
            corner(1, 0, 1),
            corner(1, 1, 1),
            corner(0, 1, 1),
        ];
        for cut in cuts(kind.n_vertices()) {
            let mut nodes: Vec<usize> = cut.iter().map(|&v| hex[v]).collect();
            for &(a, b) in &ends {
                let (a, b) = (nodes[a].min(nodes[b]), nodes[a].max(nodes[b]));
                let mid = *mids.entry((a, b)).or_insert_with(|| {
                    let mut x: [f64; 3] = std::array::from_fn(|c| (s[a][c] + s[b][c]) / 2.0);
                    if curved && x.iter().all(|&c| c > 1e-9 && c < 1.0 - 1e-9) {
                        for (c, x) in x.iter_mut().enumerate() {
                            *x += 0.05 * h * noise((a * 1_000_003 + b * 1009 + c) as u64);
                        }
                    }
                    s.push(x);
                    s.len() - 1
                });
                nodes.push(mid);
            }
            let nodes: Vec<u32> = nodes.iter().map(|&n| n as u32).collect();
            let e = mesh.n_elements();
            if 2 * k < n { &mut low } else { &mut high }.push(e as u32);
            mesh.push_element(7 * e as u64 + 3, kind, &nodes);
        }
    }
    mesh.points = s.iter().map(|&s| place(s)).collect();
    mesh.node_ids = (0..s.len() as u64).map(|i| 7 * i + 3).collect();
    let at = |c: usize, value: f64| move |i: &u32| (s[*i as usize][c] - value).abs() < 1e-9;
    mesh.node_sets.insert("x0".into(), (0..mesh.n_nodes() as u32).filter(at(0, 0.0)).collect());
    mesh.element_sets = BTreeMap::from([("low".into(), low), ("high".into(), high)]);
    let skin = boundary(&mesh);
    let at_end: std::collections::BTreeSet<u32> = {
        let first: [f64; 3] = [1.0, 0.0, 0.0];
        let origin = place(first);
        let normal = cross(column(1), column(2));
        let distance = |x: [f64; 3]| (0..3).map(|c| (x[c] - origin[c]) * normal[c]).sum::<f64>().abs();
        (0..mesh.n_nodes() as u32).filter(|&i| distance(mesh.points[i as usize]) < 1e-9).collect()
    };
    let x1 = skin.iter().filter(|f| f.nodes().iter().all(|i| at_end.contains(i)));
    let x1 = x1.enumerate().map(|(p, f)| Face { position: p as u64, ..*f }).collect();
    mesh.face_sets = BTreeMap::from([("x1".into(), x1), ("skin".into(), skin)]);
    mesh.close_whole();
    mesh
}

/// A column of [`A`]: an edge of the parallelepiped.
pub fn column(j: usize) -> [f64; 3] {
    std::array::from_fn(|i| A[i][j])
}

/// Vector product.
pub fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3])
}

/// The faces of element `e`, as the element kind lists them.
pub fn faces_of(mesh: &Mesh, e: usize) -> Vec<Face> {
    let nodes = mesh.nodes_of(e);
    let faces = mesh.kinds[e].faces().iter().enumerate();
    faces
        .map(|(position, local)| {
            let mut face = [0; 8];
            face.iter_mut().zip(*local).for_each(|(f, &l)| *f = nodes[l]);
            let kind = FaceKind::from_nodes(local.len()).expect("faces have 3, 4, 6 or 8 nodes");
            Face { kind, nodes: face, position: position as u64 }
        })
        .collect()
}

/// The faces that belong to one element only.
pub fn boundary(mesh: &Mesh) -> Vec<Face> {
    let mut seen: BTreeMap<Vec<u32>, (usize, Face)> = BTreeMap::new();
    for e in 0..mesh.n_elements() {
        for face in faces_of(mesh, e) {
            let mut key = face.nodes().to_vec();
            key.sort_unstable();
            seen.entry(key).or_insert((0, face)).0 += 1;
        }
    }
    let single = seen.into_values().filter(|(count, _)| *count == 1);
    single.enumerate().map(|(p, (_, face))| Face { position: p as u64, ..face }).collect()
}

/// Element `e` as a mesh of its own.
pub fn single(mesh: &Mesh, e: usize) -> Mesh {
    let nodes = mesh.nodes_of(e);
    let mut out = Mesh {
        points: nodes.iter().map(|&n| mesh.points[n as usize]).collect(),
        node_ids: nodes.iter().map(|&n| mesh.node_ids[n as usize]).collect(),
        ..Mesh::default()
    };
    out.push_element(mesh.element_ids[e], mesh.kinds[e], &(0..nodes.len() as u32).collect::<Vec<u32>>());
    out.close_whole();
    out
}
