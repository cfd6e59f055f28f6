//! Element and face kinds: interpolation and integration rule together, under the names that Z-set gives them.

use std::fmt;
use std::str::FromStr;

/// A volume element: its interpolation and its integration rule. Nodes are in VTK order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementKind {
    /// 4-node tetrahedron, 4 integration points.
    C3d4,
    /// 4-node tetrahedron, 1 point.
    C3d4R1,
    /// 10-node tetrahedron, 5 points (the weight of the fifth is negative).
    C3d10,
    /// 10-node tetrahedron, 4 points.
    C3d10R4,
    /// 6-node wedge, 6 points.
    C3d6,
    /// 6-node wedge, 2 points on the axis.
    C3d6R2,
    /// 15-node wedge, 18 points.
    C3d15,
    /// 15-node wedge, 9 points.
    C3d15R9,
    /// 8-node hexahedron, 8 points.
    C3d8,
    /// 20-node hexahedron, 27 points.
    C3d20,
    /// 20-node hexahedron, reduced integration: 8 points.
    C3d20r,
    /// 20-node hexahedron, Irons' rule: 14 points.
    C3d20R14,
    /// 8-node hexahedron, 8 points, the volume change of the element's mean at each (B-bar).
    C3d8b,
}

/// A face of an element, or of a face set. Nodes are in VTK order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaceKind {
    /// 3-node triangle.
    T3,
    /// 6-node triangle.
    T6,
    /// 4-node quadrilateral.
    Q4,
    /// 8-node quadrilateral.
    Q8,
}

const TET_FACES: [&[usize]; 4] = [&[0, 2, 1], &[0, 1, 3], &[1, 2, 3], &[2, 0, 3]];
const TET10_FACES: [&[usize]; 4] =
    [&[0, 2, 1, 6, 5, 4], &[0, 1, 3, 4, 8, 7], &[1, 2, 3, 5, 9, 8], &[2, 0, 3, 6, 7, 9]];
const WEDGE_FACES: [&[usize]; 5] = [&[0, 2, 1], &[3, 4, 5], &[0, 1, 4, 3], &[1, 2, 5, 4], &[2, 0, 3, 5]];
const WEDGE15_FACES: [&[usize]; 5] = [
    &[0, 2, 1, 8, 7, 6],
    &[3, 4, 5, 9, 10, 11],
    &[0, 1, 4, 3, 6, 13, 9, 12],
    &[1, 2, 5, 4, 7, 14, 10, 13],
    &[2, 0, 3, 5, 8, 12, 11, 14],
];
const HEX_FACES: [&[usize]; 6] =
    [&[0, 3, 2, 1], &[4, 5, 6, 7], &[0, 1, 5, 4], &[1, 2, 6, 5], &[2, 3, 7, 6], &[3, 0, 4, 7]];
const HEX20_FACES: [&[usize]; 6] = [
    &[0, 3, 2, 1, 11, 10, 9, 8],
    &[4, 5, 6, 7, 12, 13, 14, 15],
    &[0, 1, 5, 4, 8, 17, 12, 16],
    &[1, 2, 6, 5, 9, 18, 13, 17],
    &[2, 3, 7, 6, 10, 19, 14, 18],
    &[3, 0, 4, 7, 11, 16, 15, 19],
];

impl ElementKind {
    /// Every kind.
    pub const ALL: [ElementKind; 13] = [
        ElementKind::C3d4,
        ElementKind::C3d10,
        ElementKind::C3d10R4,
        ElementKind::C3d6,
        ElementKind::C3d15,
        ElementKind::C3d8,
        ElementKind::C3d20,
        ElementKind::C3d20r,
        ElementKind::C3d20R14,
        ElementKind::C3d4R1,
        ElementKind::C3d6R2,
        ElementKind::C3d15R9,
        ElementKind::C3d8b,
    ];

    /// Number of nodes.
    pub fn n_nodes(self) -> usize {
        match self {
            ElementKind::C3d4 | ElementKind::C3d4R1 => 4,
            ElementKind::C3d10 | ElementKind::C3d10R4 => 10,
            ElementKind::C3d6 | ElementKind::C3d6R2 => 6,
            ElementKind::C3d15 | ElementKind::C3d15R9 => 15,
            ElementKind::C3d8 | ElementKind::C3d8b => 8,
            ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => 20,
        }
    }

    /// Number of vertices (the first nodes).
    pub fn n_vertices(self) -> usize {
        match self {
            ElementKind::C3d4 | ElementKind::C3d4R1 | ElementKind::C3d10 | ElementKind::C3d10R4 => 4,
            ElementKind::C3d6 | ElementKind::C3d6R2 | ElementKind::C3d15 | ElementKind::C3d15R9 => 6,
            ElementKind::C3d8
            | ElementKind::C3d8b
            | ElementKind::C3d20
            | ElementKind::C3d20r
            | ElementKind::C3d20R14 => 8,
        }
    }

    /// Number of integration points.
    pub fn n_points(self) -> usize {
        match self {
            ElementKind::C3d4 | ElementKind::C3d10R4 => 4,
            ElementKind::C3d10 => 5,
            ElementKind::C3d6 => 6,
            ElementKind::C3d15 => 18,
            ElementKind::C3d8 | ElementKind::C3d8b | ElementKind::C3d20r => 8,
            ElementKind::C3d20 => 27,
            ElementKind::C3d20R14 => 14,
            ElementKind::C3d4R1 => 1,
            ElementKind::C3d6R2 => 2,
            ElementKind::C3d15R9 => 9,
        }
    }

    /// The VTK cell type number.
    pub fn vtk_type(self) -> u8 {
        match self {
            ElementKind::C3d4 | ElementKind::C3d4R1 => 10,
            ElementKind::C3d10 | ElementKind::C3d10R4 => 24,
            ElementKind::C3d6 | ElementKind::C3d6R2 => 13,
            ElementKind::C3d15 | ElementKind::C3d15R9 => 26,
            ElementKind::C3d8 | ElementKind::C3d8b => 12,
            ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => 25,
        }
    }

    /// The kind that a VTK cell type stands for with its full integration rule; `None` for other cells.
    pub fn from_vtk_type(vtk: u8) -> Option<ElementKind> {
        match vtk {
            10 => Some(ElementKind::C3d4),
            24 => Some(ElementKind::C3d10),
            13 => Some(ElementKind::C3d6),
            26 => Some(ElementKind::C3d15),
            12 => Some(ElementKind::C3d8),
            25 => Some(ElementKind::C3d20),
            _ => None,
        }
    }

    /// Faces as lists of local nodes in VTK face order, normals outward.
    pub fn faces(self) -> &'static [&'static [usize]] {
        match self {
            ElementKind::C3d4 | ElementKind::C3d4R1 => &TET_FACES,
            ElementKind::C3d10 | ElementKind::C3d10R4 => &TET10_FACES,
            ElementKind::C3d6 | ElementKind::C3d6R2 => &WEDGE_FACES,
            ElementKind::C3d15 | ElementKind::C3d15R9 => &WEDGE15_FACES,
            ElementKind::C3d8 | ElementKind::C3d8b => &HEX_FACES,
            ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => &HEX20_FACES,
        }
    }

    /// Name: `c3d8`, `c3d10_4`, …
    pub fn name(self) -> &'static str {
        match self {
            ElementKind::C3d4 => "c3d4",
            ElementKind::C3d10 => "c3d10",
            ElementKind::C3d10R4 => "c3d10_4",
            ElementKind::C3d6 => "c3d6",
            ElementKind::C3d15 => "c3d15",
            ElementKind::C3d8 => "c3d8",
            ElementKind::C3d20 => "c3d20",
            ElementKind::C3d20r => "c3d20r",
            ElementKind::C3d20R14 => "c3d20_14",
            ElementKind::C3d4R1 => "c3d4_1",
            ElementKind::C3d6R2 => "c3d6_2",
            ElementKind::C3d15R9 => "c3d15_9",
            ElementKind::C3d8b => "c3d8b",
        }
    }

    /// A small number that stands for the kind in files; see [`ElementKind::from_code`].
    pub fn code(self) -> u8 {
        Self::ALL.iter().position(|k| *k == self).unwrap_or(0) as u8
    }

    /// The kind behind a [`ElementKind::code`].
    pub fn from_code(code: u8) -> Option<ElementKind> {
        Self::ALL.get(code as usize).copied()
    }
}

impl fmt::Display for ElementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ElementKind {
    type Err = String;

    fn from_str(s: &str) -> Result<ElementKind, String> {
        ElementKind::ALL.into_iter().find(|k| k.name() == s).ok_or_else(|| {
            let known: Vec<&str> = ElementKind::ALL.iter().map(|k| k.name()).collect();
            format!("element type '{s}' is not supported; supported are {}", known.join(", "))
        })
    }
}

impl FaceKind {
    /// Number of nodes.
    pub fn n_nodes(self) -> usize {
        match self {
            FaceKind::T3 => 3,
            FaceKind::T6 => 6,
            FaceKind::Q4 => 4,
            FaceKind::Q8 => 8,
        }
    }

    /// The kind with `n` nodes.
    pub fn from_nodes(n: usize) -> Option<FaceKind> {
        match n {
            3 => Some(FaceKind::T3),
            6 => Some(FaceKind::T6),
            4 => Some(FaceKind::Q4),
            8 => Some(FaceKind::Q8),
            _ => None,
        }
    }

    /// Name: `t3`, `q8`, …
    pub fn name(self) -> &'static str {
        match self {
            FaceKind::T3 => "t3",
            FaceKind::T6 => "t6",
            FaceKind::Q4 => "q4",
            FaceKind::Q8 => "q8",
        }
    }
}
