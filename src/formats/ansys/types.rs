//! Element types: which ones are volumes we know, which ones are left out, and which ones are refused.

use std::collections::BTreeMap;

/// An element type as `ET`, `ETBLOCK` and `KEYOPT` define it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElementType {
    /// Number of the element in the library: 186 of SOLID186.
    pub routine: u32,
    /// Its key options that are not 0, by number.
    pub keyopts: BTreeMap<u32, i64>,
}

/// Nodes as a volume element lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// 8 vertices, maybe collapsed.
    Hex8 { mean_dilatation: bool },
    /// 8 vertices, 12 mid-side nodes, maybe collapsed.
    Hex20 { reduced: bool },
    /// 4 vertices in a plane.
    Quad4,
    /// 4 vertices.
    Tet4,
    /// 4 vertices, 6 mid-side nodes.
    Tet10,
}

/// What becomes of the elements of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Use {
    Volume(Cell),
    LeftOut,
    Refused(&'static str),
}

/// Families without volume in space. They are left out.
const WITHOUT_VOLUME: [(&str, &[u32]); 17] = [
    ("LINK", &[1, 8, 10, 11, 31, 32, 33, 34, 68, 160, 167, 180]),
    ("BEAM", &[3, 4, 23, 24, 44, 54, 161, 188, 189]),
    ("PIPE", &[16, 17, 18, 20, 59, 60, 288, 289]),
    ("ELBOW", &[290]),
    ("COMBIN", &[7, 14, 37, 39, 40, 165, 214, 250]),
    ("MASS", &[21, 71, 166]),
    ("MATRIX", &[27, 50]),
    ("SHELL", &[28, 41, 43, 51, 57, 61, 63, 91, 93, 99, 131, 132, 157, 163, 181, 208, 209, 281]),
    ("SURF", &[151, 152, 153, 154, 155, 156, 159]),
    ("CONTAC", &[12, 52]),
    ("TARGE", &[169, 170]),
    ("CONTA", &[171, 172, 173, 174, 175, 176, 177, 178]),
    ("PRETS", &[179]),
    ("MPC", &[184]),
    ("FOLLW", &[201]),
    ("INTER", &[192, 193, 194, 195, 202, 203, 204, 205]),
    ("REINF", &[263, 264, 265]),
];

/// Names of others, for messages.
const OTHER_NAMES: [(&str, &[u32]); 5] = [
    (
        "SOLID",
        &[
            5, 45, 46, 62, 64, 65, 69, 70, 72, 73, 87, 90, 92, 95, 96, 97, 98, 122, 123, 127, 128, 147, 148,
            164, 168, 185, 186, 187, 191, 225, 226, 227, 231, 232, 236, 237, 239, 240, 272, 273, 278, 279,
            285, 291,
        ],
    ),
    ("SOLSH", &[190]),
    (
        "PLANE",
        &[
            2, 13, 25, 35, 42, 53, 55, 67, 75, 77, 78, 82, 83, 121, 145, 146, 162, 182, 183, 222, 223, 230,
            233, 238, 292, 293,
        ],
    ),
    ("CPT", &[212, 213, 215, 216, 217]),
    ("MESH", &[200]),
];

impl ElementType {
    /// The value of a key option.
    pub fn keyopt(&self, number: u32) -> i64 {
        self.keyopts.get(&number).copied().unwrap_or(0)
    }

    /// `SOLID186`; `element type 999` where the number is not known.
    pub fn name(&self) -> String {
        WITHOUT_VOLUME
            .iter()
            .chain(&OTHER_NAMES)
            .find(|(_, numbers)| numbers.contains(&self.routine))
            .map_or_else(
                || format!("element type {}", self.routine),
                |(family, _)| format!("{family}{}", self.routine),
            )
    }

    /// Whether it is a surface element whose face can be loaded.
    pub(super) fn is_surface(&self) -> bool {
        self.routine == 154
    }

    /// Whether it is plane and becomes a layer of bricks.
    pub(super) fn plane(&self) -> bool {
        self.routine == 182 && matches!(self.keyopt(3), 0 | 2)
    }

    /// Whether the volume change is the mean of the element (B-bar): the default of SOLID185.
    fn mean_dilatation(&self) -> bool {
        self.routine == 185 && self.keyopt(2) == 0
    }

    /// What becomes of its elements. Key options: element reference of Ansys.
    pub(super) fn usage(&self) -> Use {
        const LAYERED: &str = "with KEYOPT(3) = 1 (layered) is not supported";
        match self.routine {
            185 | 186 if self.keyopt(3) == 1 => Use::Refused(LAYERED),
            45 | 185 => Use::Volume(Cell::Hex8 { mean_dilatation: self.mean_dilatation() }),
            186 => Use::Volume(Cell::Hex20 { reduced: self.keyopt(2) != 1 }),
            95 => Use::Volume(Cell::Hex20 { reduced: self.keyopt(11) == 1 }),
            92 | 187 => Use::Volume(Cell::Tet10),
            // A mesh without physics: integrated as the structural element of the same shape.
            200 => match self.keyopt(1) {
                8 => Use::Volume(Cell::Tet4),
                9 => Use::Volume(Cell::Tet10),
                10 => Use::Volume(Cell::Hex8 { mean_dilatation: false }),
                11 => Use::Volume(Cell::Hex20 { reduced: true }),
                _ => Use::LeftOut,
            },
            182 if self.plane() => Use::Volume(Cell::Quad4),
            n if WITHOUT_VOLUME.iter().any(|(_, numbers)| numbers.contains(&n)) => Use::LeftOut,
            n if OTHER_NAMES[2].1.contains(&n) => Use::Refused("is two-dimensional, which is not supported"),
            _ => Use::Refused("is not supported"),
        }
    }

    /// Why its elements are refused, where they are.
    pub fn refused(&self) -> Option<&'static str> {
        match self.usage() {
            Use::Refused(why) => Some(why),
            _ => None,
        }
    }

    /// How its formulation in Ansys differs from ours by its options, where it does.
    pub fn formulation(&self) -> Option<&'static str> {
        match (self.routine, self.keyopt(2), self.keyopt(6)) {
            (185..=187, _, 1..) => Some("mixed u-P formulation (KEYOPT(6) > 0)"),
            (185, 1, _) => Some("uniform reduced integration with hourglass control (KEYOPT(2) = 1)"),
            (185, 2, _) => Some("enhanced strains (KEYOPT(2) = 2)"),
            (185, 3, _) => Some("simplified enhanced strains (KEYOPT(2) = 3)"),
            _ => None,
        }
    }
}

/// The number in `186` or `SOLID186`.
pub(super) fn routine(name: &str) -> Option<u32> {
    name.trim().trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()
}
