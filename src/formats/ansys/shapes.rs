//! From the node lists of Ansys to element kinds: collapsed bricks are wedges and tetrahedra.
//!
//! Corners I…P are VTK's, and so are the mid-side nodes: four around the bottom, four around the top, four upright.
//! Ansys collapses K = L and O = P to a wedge, K = L and M = N = O = P to a tetrahedron, M = N = O = P to a pyramid;
//! other programs may collapse other edges, so all 24 rotations of the brick are tried, the identity first.

use super::types::Cell;
use crate::mesh::ElementKind;

/// Places of the 20 nodes on the cube `[-1, 1]^3`.
const PLACES: [[i8; 3]; 20] = [
    [-1, -1, -1],
    [1, -1, -1],
    [1, 1, -1],
    [-1, 1, -1],
    [-1, -1, 1],
    [1, -1, 1],
    [1, 1, 1],
    [-1, 1, 1],
    [0, -1, -1],
    [1, 0, -1],
    [0, 1, -1],
    [-1, 0, -1],
    [0, -1, 1],
    [1, 0, 1],
    [0, 1, 1],
    [-1, 0, 1],
    [-1, -1, 0],
    [1, -1, 0],
    [1, 1, 0],
    [-1, 1, 0],
];
/// Brick positions of the nodes of a wedge.
const WEDGE: [usize; 15] = [0, 1, 2, 4, 5, 6, 8, 9, 11, 12, 13, 15, 16, 17, 18];
/// Brick positions of the nodes of a tetrahedron.
const TETRAHEDRON: [usize; 10] = [0, 1, 2, 4, 8, 9, 11, 16, 17, 18];

/// Recognises the shapes of elements.
pub(super) struct Shapes {
    rotations: Vec<[usize; 20]>,
}

impl Shapes {
    pub fn new() -> Shapes {
        const AXES: [([usize; 3], i8); 6] = [
            ([0, 1, 2], 1),
            ([1, 2, 0], 1),
            ([2, 0, 1], 1),
            ([0, 2, 1], -1),
            ([2, 1, 0], -1),
            ([1, 0, 2], -1),
        ];
        let mut rotations = Vec::with_capacity(24);
        for (axes, parity) in AXES {
            for bits in 0..8 {
                let sign: [i8; 3] = std::array::from_fn(|c| if bits >> c & 1 == 0 { 1 } else { -1 });
                if parity * sign[0] * sign[1] * sign[2] != 1 {
                    continue;
                }
                let image = |x: [i8; 3]| std::array::from_fn(|c| sign[c] * x[axes[c]]);
                let place = |x: [i8; 3]| PLACES.iter().position(|p| *p == x).unwrap_or(0);
                rotations.push(std::array::from_fn(|i| place(image(PLACES[i]))));
            }
        }
        Shapes { rotations }
    }

    /// The kind of an element and its nodes in VTK order, from its list in the deck (0: no node).
    ///
    /// # Errors
    /// What is wrong with the list, in words.
    pub fn recognise(&self, cell: Cell, list: &[u64], out: &mut [u64; 20]) -> Result<ElementKind, String> {
        let used = list.iter().rposition(|&n| n != 0).map_or(0, |last| last + 1);
        let (most, vertices) = match cell {
            Cell::Hex8 { .. } => (8, 8),
            Cell::Hex20 { .. } => (20, 8),
            Cell::Tet4 | Cell::Quad4 => (4, 4),
            Cell::Tet10 => (10, 4),
        };
        if used > most || list.len() < vertices || list[..vertices].contains(&0) {
            return Err(format!("has {used} nodes where {most} belong"));
        }
        let mut nodes = [0; 20];
        nodes[..used].copy_from_slice(&list[..used]);
        let (kind, picked) = match cell {
            Cell::Quad4 => return Err("is plane".into()),
            Cell::Tet4 => (ElementKind::C3d4, &TETRAHEDRON[..0]),
            Cell::Tet10 => (ElementKind::C3d10R4, &TETRAHEDRON[..0]),
            Cell::Hex8 { .. } | Cell::Hex20 { .. } => {
                let (shape, turned) = self.collapsed(&nodes)?;
                nodes = turned;
                kind_of(cell, shape)
            }
        };
        let n = kind.n_nodes();
        if picked.is_empty() {
            out[..n].copy_from_slice(&nodes[..n]);
        } else {
            out.iter_mut().zip(&picked[..n]).for_each(|(o, &at)| *o = nodes[at]);
        }
        match out[..n].iter().position(|&node| node == 0) {
            Some(at) => Err(format!("has no mid-side node at place {} of its {kind}", at + 1)),
            None => Ok(kind),
        }
    }

    /// The shape that a brick collapses to, and its nodes turned so that Ansys' edges are the collapsed ones.
    fn collapsed(&self, nodes: &[u64; 20]) -> Result<(Shape, [u64; 20]), String> {
        let mut different = nodes[..8].to_vec();
        different.sort_unstable();
        different.dedup();
        let shape = match different.len() {
            8 => return Ok((Shape::Brick, *nodes)),
            6 => Shape::Wedge,
            5 => return Err("is a pyramid, which is not supported".into()),
            4 => Shape::Tetrahedron,
            _ => return Err(unknown(&nodes[..8])),
        };
        let turned = self.rotations.iter().map(|r| r.map(|i| nodes[i])).find(|v| {
            let top = match shape {
                Shape::Wedge => v[6] == v[7],
                _ => v[4..8].iter().all(|n| *n == v[4]),
            };
            v[2] == v[3] && top
        });
        turned.map(|v| (shape, v)).ok_or_else(|| unknown(&nodes[..8]))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Brick,
    Wedge,
    Tetrahedron,
}

fn unknown(vertices: &[u64]) -> String {
    let text: Vec<String> = vertices.iter().map(u64::to_string).collect();
    format!("collapses to no wedge and no tetrahedron (corners {})", text.join(" "))
}

/// The kind, and the places of its nodes in the brick (none: as they stand).
fn kind_of(cell: Cell, shape: Shape) -> (ElementKind, &'static [usize]) {
    match (cell, shape) {
        (Cell::Hex20 { reduced: true }, Shape::Brick) => (ElementKind::C3d20r, &[]),
        (Cell::Hex20 { reduced: false }, Shape::Brick) => (ElementKind::C3d20R14, &[]),
        (Cell::Hex20 { .. }, Shape::Wedge) => (ElementKind::C3d15, &WEDGE),
        // 4 points as in Ansys, whatever KEYOPT(2) says
        (Cell::Hex20 { .. }, Shape::Tetrahedron) => (ElementKind::C3d10R4, &TETRAHEDRON),
        (Cell::Hex8 { mean_dilatation: true }, Shape::Brick) => (ElementKind::C3d8b, &[]),
        (_, Shape::Brick) => (ElementKind::C3d8, &[]),
        (_, Shape::Wedge) => (ElementKind::C3d6, &WEDGE),
        (_, Shape::Tetrahedron) => (ElementKind::C3d4, &TETRAHEDRON),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brick_turns_into_itself_24_ways() {
        let shapes = Shapes::new();
        assert_eq!(shapes.rotations.len(), 24);
        assert_eq!(shapes.rotations[0], std::array::from_fn(|i| i));
        for rotation in &shapes.rotations {
            let mut sorted = *rotation;
            sorted.sort_unstable();
            assert_eq!(sorted, std::array::from_fn(|i| i));
        }
    }

    /// Collapsed bricks, the way Ansys writes them and turned, stay the same bodies.
    #[test]
    fn a_collapsed_brick_is_the_same_wedge_or_tetrahedron_however_it_is_turned() {
        let shapes = Shapes::new();
        let wedge: [u64; 20] = [1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 3, 9, 10, 11, 6, 12, 13, 14, 15, 15];
        let tetrahedron: [u64; 20] = [1, 2, 3, 3, 4, 4, 4, 4, 5, 6, 3, 7, 4, 4, 4, 4, 8, 9, 10, 10];
        let (full, hex8) = (Cell::Hex20 { reduced: false }, Cell::Hex8 { mean_dilatation: true });
        for rotation in &shapes.rotations {
            let mut out = [0; 20];
            let wedge = rotation.map(|i| wedge[i]);
            assert_eq!(shapes.recognise(full, &wedge, &mut out).unwrap(), ElementKind::C3d15);
            // the ends may have changed places; the mid-side node of an edge is still on it
            let mid = |a: u64, b: u64| match (a.min(b), a.max(b)) {
                (1, 2) => 7,
                (2, 3) => 8,
                (1, 3) => 9,
                (4, 5) => 10,
                (5, 6) => 11,
                (4, 6) => 12,
                (a, _) => a + 12,
            };
            let edges = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)];
            for (k, (a, b)) in edges.into_iter().enumerate() {
                assert_eq!(out[6 + k], mid(out[a], out[b]));
            }
            assert_eq!(shapes.recognise(hex8, &wedge[..8], &mut out).unwrap(), ElementKind::C3d6);
            let tetrahedron = rotation.map(|i| tetrahedron[i]);
            assert_eq!(shapes.recognise(full, &tetrahedron, &mut out).unwrap(), ElementKind::C3d10R4);
            assert_eq!(shapes.recognise(hex8, &tetrahedron[..8], &mut out).unwrap(), ElementKind::C3d4);
        }
    }

    #[test]
    fn lists_that_are_no_element_are_refused_in_words() {
        let shapes = Shapes::new();
        let hex8 = Cell::Hex8 { mean_dilatation: true };
        let told = |cell, list: &[u64]| shapes.recognise(cell, list, &mut [0; 20]).unwrap_err();
        assert_eq!(told(hex8, &[1, 2, 3, 4, 5, 5, 5, 5]), "is a pyramid, which is not supported");
        assert!(told(hex8, &[1, 2, 3, 4, 5, 6, 7, 7]).starts_with("collapses to no wedge"));
        assert_eq!(told(hex8, &[1, 2, 3]), "has 3 nodes where 8 belong");
        assert_eq!(told(Cell::Tet10, &[]), "has 0 nodes where 10 belong");
        let mut list: Vec<u64> = (1..=20).collect();
        list[9] = 0;
        assert_eq!(
            told(Cell::Hex20 { reduced: true }, &list),
            "has no mid-side node at place 10 of its c3d20r"
        );
    }
}
