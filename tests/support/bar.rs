//! Bars of every element kind: a box along the axes with the sets that a case needs.

use super::patch::{boundary, cuts, edges, noise};
use ferrom::mesh::{ElementKind, Face, Mesh};
use std::collections::BTreeMap;

/// A box from the origin, `cells` hexahedra along each axis, cut into elements of `kind`. Nodes inside are moved by
/// `distortion` times a cell.
///
/// Node sets: the planes `x0`, `x1`, `y0`, `y1`, `z0`, `z1`, the corners `o`, `ex`, `ey`, the edge `rim` (x = 0, y =
/// 0). Face sets: the same planes with an `f` in front (`fx0`, ...), and `skin`. Element sets: `low` and `high`, the
/// halves along x.
pub fn bar(kind: ElementKind, cells: [usize; 3], size: [f64; 3], distortion: f64) -> Mesh {
    let m = cells.map(|c| c + 1);
    // positions on the regular grid, which sets are found by
    let mut s: Vec<[f64; 3]> = Vec::new();
    for k in 0..m[2] {
        for j in 0..m[1] {
            for i in 0..m[0] {
                let p = [i, j, k];
                s.push(std::array::from_fn(|c| size[c] * p[c] as f64 / cells[c] as f64));
            }
        }
    }
    let mut mesh = Mesh::default();
    let mut mids: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let (mut low, mut high) = (Vec::new(), Vec::new());
    let ends = edges(kind);
    for cell in 0..cells.iter().product() {
        let (i, j, k) = (cell % cells[0], cell / cells[0] % cells[1], cell / (cells[0] * cells[1]));
        let corner = |a: usize, b: usize, c: usize| (i + a) + m[0] * ((j + b) + m[1] * (k + c));
        let plane = [(0, 0), (1, 0), (1, 1), (0, 1)];
        let hex: Vec<usize> = [0, 1].iter().flat_map(|&c| plane.map(|(a, b)| corner(a, b, c))).collect();
        for cut in cuts(kind.n_vertices()) {
            let mut nodes: Vec<usize> = cut.iter().map(|&v| hex[v]).collect();
            for &(a, b) in &ends {
                let (a, b) = (nodes[a].min(nodes[b]), nodes[a].max(nodes[b]));
                let mid = *mids.entry((a, b)).or_insert_with(|| {
                    s.push(std::array::from_fn(|c| (s[a][c] + s[b][c]) / 2.0));
                    s.len() - 1
                });
                nodes.push(mid);
            }
            let e = mesh.n_elements() as u32;
            if 2 * i < cells[0] { &mut low } else { &mut high }.push(e);
            mesh.push_element(u64::from(e) + 1, kind, &nodes.iter().map(|&n| n as u32).collect::<Vec<_>>());
        }
    }
    let n = s.len();
    let on = |c: usize, x: f64| move |p: &[f64; 3]| (p[c] - x).abs() < 1e-9 * size[c];
    let select = |is: &dyn Fn(&[f64; 3]) -> bool| -> Vec<u32> {
        (0..n as u32).filter(|&i| is(&s[i as usize])).collect()
    };
    let planes = [
        ("x0", 0, 0.0),
        ("x1", 0, size[0]),
        ("y0", 1, 0.0),
        ("y1", 1, size[1]),
        ("z0", 2, 0.0),
        ("z1", 2, size[2]),
    ];
    mesh.points = s.clone();
    mesh.node_ids = (1..=n as u64).collect();
    mesh.element_sets = BTreeMap::from([("low".into(), low), ("high".into(), high)]);
    let skin = boundary(&mesh);
    for (name, c, x) in planes {
        mesh.node_sets.insert(name.into(), select(&on(c, x)));
        let faces = skin.iter().filter(|f| f.nodes().iter().all(|&i| on(c, x)(&s[i as usize])));
        let faces = faces.enumerate().map(|(p, f)| Face { position: p as u64, ..*f }).collect();
        mesh.face_sets.insert(format!("f{name}"), faces);
    }
    mesh.face_sets.insert("skin".into(), skin);
    let corner = |at: [f64; 3]| select(&|p| (0..3).all(|c| on(c, at[c])(p)));
    mesh.node_sets.insert("o".into(), corner([0.0; 3]));
    mesh.node_sets.insert("ex".into(), corner([size[0], 0.0, 0.0]));
    mesh.node_sets.insert("ey".into(), corner([0.0, size[1], 0.0]));
    mesh.node_sets.insert("rim".into(), select(&|p| on(0, 0.0)(p) && on(1, 0.0)(p)));
    // vertices only: mid-side nodes follow their edges
    let grid: usize = m.iter().product();
    for i in 0..grid {
        let inside = (0..3).all(|c| !on(c, 0.0)(&s[i]) && !on(c, size[c])(&s[i]));
        for c in (0..3).filter(|_| inside) {
            mesh.points[i][c] += distortion * size[c] / cells[c] as f64 * noise((3 * i + c) as u64);
        }
    }
    for (&(a, b), &mid) in &mids {
        mesh.points[mid] = std::array::from_fn(|c| (mesh.points[a][c] + mesh.points[b][c]) / 2.0);
    }
    mesh.close_whole();
    mesh
}

/// Every element kind.
pub const KINDS: [ElementKind; 8] = [
    ElementKind::C3d4,
    ElementKind::C3d10,
    ElementKind::C3d10R4,
    ElementKind::C3d6,
    ElementKind::C3d15,
    ElementKind::C3d8,
    ElementKind::C3d20,
    ElementKind::C3d20r,
];

/// The kinds with mid-side nodes.
pub fn quadratic(kind: ElementKind) -> bool {
    kind.n_nodes() > kind.n_vertices()
}
