//! Element and face types: names and node orders.
//!
//! Z-set lists the nodes of a quadratic element layer by layer, each layer as a ring vertex, mid-side node, vertex, …;
//! VTK lists vertices first.

use crate::mesh::{ElementKind, Face, FaceKind};

/// Z-set's position of each VTK node of an element: node `i` in VTK order is node `element_order(kind)[i]` in Z-set's.
pub fn element_order(kind: ElementKind) -> &'static [usize] {
    match kind {
        ElementKind::C3d4 | ElementKind::C3d4R1 => &[0, 1, 2, 3],
        ElementKind::C3d6 | ElementKind::C3d6R2 => &[0, 1, 2, 3, 4, 5],
        ElementKind::C3d8 | ElementKind::C3d8b => &[0, 1, 2, 3, 4, 5, 6, 7],
        ElementKind::C3d10 | ElementKind::C3d10R4 => &[0, 1, 2, 9, 3, 4, 5, 6, 7, 8],
        ElementKind::C3d15 | ElementKind::C3d15R9 => &[0, 2, 4, 9, 11, 13, 1, 3, 5, 10, 12, 14, 6, 7, 8],
        ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => {
            &[0, 2, 4, 6, 12, 14, 16, 18, 1, 3, 5, 7, 13, 15, 17, 19, 8, 9, 10, 11]
        }
    }
}

/// As [`element_order`], for the faces of face sets.
pub fn face_order(kind: FaceKind) -> &'static [usize] {
    match kind {
        FaceKind::T3 => &[0, 1, 2],
        FaceKind::Q4 => &[0, 1, 2, 3],
        FaceKind::T6 => &[0, 2, 4, 1, 3, 5],
        FaceKind::Q8 => &[0, 2, 4, 6, 1, 3, 5, 7],
    }
}

/// Nodes in VTK order from nodes in Z-set's order.
pub(super) fn to_vtk(order: &[usize], zset: &[u32], vtk: &mut [u32]) {
    order.iter().zip(vtk).for_each(|(&from, to)| *to = zset[from]);
}

/// Nodes in Z-set's order from nodes in VTK order.
pub(super) fn to_zset(order: &[usize], vtk: &[u32], zset: &mut [u32]) {
    order.iter().zip(vtk).for_each(|(&to, &node)| zset[to] = node);
}

/// A face of a set from its nodes in Z-set's order.
pub(super) fn face(kind: FaceKind, zset: &[u32], position: u64) -> Face {
    let mut nodes = [0; 8];
    to_vtk(face_order(kind), zset, &mut nodes);
    Face { kind, nodes, position }
}

/// The element type of a name; the reason in words when it is not supported.
pub(super) fn element_kind(name: &str) -> Result<ElementKind, String> {
    if let Some(kind) = ElementKind::ALL.into_iter().find(|k| k.name() == name) {
        return Ok(kind);
    }
    let why = match name {
        "c3d5" | "c3d13" => "pyramids are not supported",
        "c3d4r" | "c3d10r" => "one-point tetrahedra are not supported",
        _ if name.starts_with("c2d") || name.starts_with("cax") || name.starts_with("c1d") => {
            "only three-dimensional elements are supported"
        }
        _ => "this type is not supported",
    };
    Err(format!("element type '{name}': {why}"))
}

/// What to do about an element type that is not supported.
pub(super) fn supported_elements() -> String {
    let names: Vec<&str> = ElementKind::ALL.iter().map(|k| k.name()).collect();
    format!("supported are {}: remesh with one of them", names.join(", "))
}

/// The face type of a name.
pub(super) fn face_kind(name: &str) -> Option<FaceKind> {
    [FaceKind::T3, FaceKind::T6, FaceKind::Q4, FaceKind::Q8].into_iter().find(|k| k.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_orders_are_permutations_and_their_inverses_undo_them() {
        let orders = ElementKind::ALL.into_iter().map(|k| (element_order(k), k.n_nodes())).chain(
            [FaceKind::T3, FaceKind::T6, FaceKind::Q4, FaceKind::Q8]
                .into_iter()
                .map(|k| (face_order(k), k.n_nodes())),
        );
        for (order, n) in orders {
            let nodes: Vec<u32> = (0..n as u32).collect();
            let (mut vtk, mut back) = (vec![u32::MAX; n], vec![u32::MAX; n]);
            to_vtk(order, &nodes, &mut vtk);
            to_zset(order, &vtk, &mut back);
            assert_eq!(back, nodes);
        }
    }

    #[test]
    fn vertices_of_a_layer_are_the_even_nodes_of_its_ring() {
        for kind in [ElementKind::C3d15, ElementKind::C3d20] {
            let per_layer = kind.n_vertices() / 2;
            let order = element_order(kind);
            for v in 0..per_layer {
                assert_eq!(order[v], 2 * v);
                assert_eq!(order[per_layer + v], kind.n_nodes() - 2 * per_layer + 2 * v);
                // vertical mid-side nodes sit between the rings
                assert_eq!(order[kind.n_nodes() - per_layer + v], 2 * per_layer + v);
            }
        }
    }

    /// Orders of `.integ` files: c3d8 and c3d10 found on results, the others from the published catalogue. That of c3d15
    /// is not known.
    #[test]
    fn integration_points_are_in_the_order_of_result_files() {
        let points = |kind| crate::fem::quadrature::rule(kind).into_iter().map(|p| p.0).collect::<Vec<_>>();
        let close = |a: &[[f64; 3]], b: &[[f64; 3]]| {
            assert_eq!(a.len(), b.len());
            assert!(
                a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-15),
                "{a:?} {b:?}"
            );
        };
        let cube = |x: &[f64]| {
            let n = x.len();
            (0..n * n * n).map(|i| [x[i % n], x[i / n % n], x[i / n / n]]).collect::<Vec<_>>()
        };
        let (g, h) = ((1.0f64 / 3.0).sqrt(), 0.6f64.sqrt());
        close(&points(ElementKind::C3d8), &cube(&[-g, g]));
        close(&points(ElementKind::C3d20r), &cube(&[-g, g]));
        close(&points(ElementKind::C3d20), &cube(&[-h, 0.0, h]));
        let tet = |a: f64, b: f64| vec![[a, a, a], [b, a, a], [a, b, a], [a, a, b]];
        let (a, b) = ((5.0 - 5.0f64.sqrt()) / 20.0, (5.0 + 3.0 * 5.0f64.sqrt()) / 20.0);
        close(&points(ElementKind::C3d4), &tet(a, b));
        close(&points(ElementKind::C3d10R4), &tet(a, b));
        let mut five = tet(1.0 / 6.0, 0.5);
        five.push([0.25; 3]);
        close(&points(ElementKind::C3d10), &five);
        let (a, b) = (1.0 / 6.0, 2.0 / 3.0);
        let wedge: Vec<[f64; 3]> = [-g, g].iter().flat_map(|&z| [[a, a, z], [b, a, z], [a, b, z]]).collect();
        close(&points(ElementKind::C3d6), &wedge);
    }
}
