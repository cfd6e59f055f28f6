//! Nodes and elements.

use super::super::source::{DAMAGED, Reader, Source, columns, real};
use super::Frd;
use super::block::{Encoding, label_of, real_of, shown};
use super::index::Listing;
use crate::error::{Error, Result};
use crate::formats::ids::IdMap;
use crate::mesh::{ElementKind, Mesh};

/// Element types of the format, under the names of its manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// 8-node hexahedron.
    He8,
    /// 6-node wedge.
    Pe6,
    /// 4-node tetrahedron.
    Te4,
    /// 20-node hexahedron.
    He20,
    /// 15-node wedge.
    Pe15,
    /// 10-node tetrahedron.
    Te10,
    /// 3-node shell.
    Tr3,
    /// 6-node shell.
    Tr6,
    /// 4-node shell.
    Qu4,
    /// 8-node shell.
    Qu8,
    /// 2-node beam.
    Be2,
    /// 3-node beam.
    Be3,
}

use ElementType::*;

impl ElementType {
    /// All of them; the number of the format is the position, from 1.
    pub const ALL: [ElementType; 12] = [He8, Pe6, Te4, He20, Pe15, Te10, Tr3, Tr6, Qu4, Qu8, Be2, Be3];

    /// Number of nodes.
    pub fn n_nodes(self) -> usize {
        [8, 6, 4, 20, 15, 10, 3, 6, 4, 8, 2, 3][self as usize]
    }

    /// Name: `he8`, …
    pub fn name(self) -> &'static str {
        ["he8", "pe6", "te4", "he20", "pe15", "te10", "tr3", "tr6", "qu4", "qu8", "be2", "be3"][self as usize]
    }

    /// Number in files, from 1.
    pub fn number(self) -> i32 {
        self as i32 + 1
    }

    fn from_number(number: i64) -> Option<ElementType> {
        usize::try_from(number - 1).ok().and_then(|i| Self::ALL.get(i)).copied()
    }

    /// Our element with these nodes. The format does not tell the integration rule: `te10` is taken for CalculiX's
    /// `C3D10` (4 points), `he20` for `C3D20` (27), `he8` for `C3D8` (8).
    pub fn kind(self) -> Option<ElementKind> {
        Some(match self {
            He8 => ElementKind::C3d8,
            Pe6 => ElementKind::C3d6,
            Te4 => ElementKind::C3d4,
            He20 => ElementKind::C3d20,
            Pe15 => ElementKind::C3d15,
            Te10 => ElementKind::C3d10R4,
            _ => return None,
        })
    }

    /// The type of an element of ours.
    pub fn of(kind: ElementKind) -> ElementType {
        match kind {
            ElementKind::C3d4 | ElementKind::C3d4R1 => Te4,
            ElementKind::C3d10 | ElementKind::C3d10R4 => Te10,
            ElementKind::C3d6 | ElementKind::C3d6R2 => Pe6,
            ElementKind::C3d15 | ElementKind::C3d15R9 => Pe15,
            ElementKind::C3d8 | ElementKind::C3d8b => He8,
            ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => He20,
        }
    }

    /// Position in the file of each node in VTK order (and of each node of the file in VTK order, as it is its own
    /// inverse): the mid-side nodes of vertical edges come before those of the top.
    pub fn order(self) -> &'static [usize] {
        const PLAIN: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        match self {
            He20 => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 12, 13, 14, 15],
            Pe15 => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 9, 10, 11],
            _ => &PLAIN[..self.n_nodes()],
        }
    }
}

/// The nodes of a file, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrdNodes {
    /// Labels.
    pub ids: Vec<u64>,
    /// Coordinates.
    pub points: Vec<[f64; 3]>,
}

/// The elements of a file, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrdElements {
    /// Labels.
    pub ids: Vec<u64>,
    /// Types.
    pub types: Vec<ElementType>,
    /// Materials, counted from 1 in the order of the file's `1UMAT` lines.
    pub materials: Vec<u32>,
    /// Labels of the nodes of all elements, in the order of the format; each has `types[e].n_nodes()`.
    pub nodes: Vec<u64>,
}

/// Bytes of a node in binary.
pub(super) fn node_bytes(encoding: Encoding) -> u64 {
    // ccx writes 8-byte coordinates under format 3 whatever the precision of the values
    if encoding == Encoding::Double { 28 } else { 16 }
}

/// Byte after binary elements.
pub(super) fn end_of_elements(source: &Source, listing: Listing) -> Result<u64> {
    let mut reader = source.from(listing.start);
    let mut nodes = [0; 80];
    for _ in 0..listing.count {
        let head = element_head(source, &mut reader)?;
        if !reader.fill(&mut nodes[..4 * head.1.n_nodes()])? {
            return Err(source.error(reader.position, "the file ends in its elements", DAMAGED));
        }
    }
    Ok(reader.position)
}

/// Label, type and material of a binary element.
fn element_head(source: &Source, reader: &mut Reader) -> Result<(u64, ElementType, u32)> {
    let (at, mut head) = (reader.position, [0; 16]);
    if !reader.fill(&mut head)? {
        return Err(source.error(at, "the file ends in its elements", DAMAGED));
    }
    let word = |i: usize| i32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
    let number = word(4);
    match (label_of(&head[..4]), ElementType::from_number(number.into())) {
        (Some(id), Some(kind)) => Ok((id, kind, u32::try_from(word(12)).unwrap_or(0))),
        (_, None) if ElementType::from_number(number.swap_bytes().into()).is_some() => {
            let remedy = "it was written on a big-endian machine: write it as text (*NODE FILE)";
            Err(source.error(at, "its bytes are in the opposite order", remedy))
        }
        _ => Err(source.error(at, format!("an element of type {number}; types are 1 to 12"), DAMAGED)),
    }
}

impl Frd {
    /// The nodes.
    ///
    /// # Errors
    /// They are damaged.
    pub fn nodes(&self) -> Result<FrdNodes> {
        let Listing { start, count, encoding } = self.nodes;
        let mut reader = self.source.from(start);
        let mut out = FrdNodes { ids: Vec::with_capacity(count), points: Vec::with_capacity(count) };
        let (mut line, mut bytes) = (Vec::new(), vec![0; node_bytes(encoding) as usize]);
        let first = 3 + encoding.label();
        for _ in 0..count {
            let at = reader.position;
            let (id, x) = if encoding.is_text() {
                reader.line(&mut line)?;
                let x: Vec<f64> = (0..3)
                    .filter_map(|c| real(columns(&line, first + 12 * c, first + 12 * (c + 1))))
                    .collect();
                let id = columns(&line, 3, first).parse().ok().filter(|&id: &u64| id > 0);
                (id.filter(|_| columns(&line, 0, 3) == "-1"), x)
            } else {
                reader.fill(&mut bytes)?;
                let size = (bytes.len() - 4) / 3;
                (label_of(&bytes[..4]), bytes[4..].chunks_exact(size).map(real_of).collect())
            };
            match (id, &x[..]) {
                (Some(id), &[a, b, c]) if (a + b + c).is_finite() => {
                    out.ids.push(id);
                    out.points.push([a, b, c]);
                }
                _ => {
                    let text = if line.is_empty() { String::new() } else { format!(": '{}'", shown(&line)) };
                    return Err(self.source.error(at, format!("this is no node{text}"), DAMAGED));
                }
            }
        }
        Ok(out)
    }

    /// The elements; none where the file lists none.
    ///
    /// # Errors
    /// They are damaged.
    pub fn elements(&self) -> Result<FrdElements> {
        let mut out = FrdElements::default();
        let Some(Listing { start, count, encoding }) = self.elements else { return Ok(out) };
        let mut reader = self.source.from(start);
        let mut line = Vec::new();
        for _ in 0..count {
            let at = reader.position;
            let wrong = |what: String| self.source.error(at, what, DAMAGED);
            let (id, kind, material) = if encoding.is_text() {
                reader.line(&mut line)?;
                let first = 3 + encoding.label();
                let field = |i: usize| columns(&line, first + 5 * i, first + 5 * (i + 1)).parse::<i64>().ok();
                let id = columns(&line, 3, first).parse().ok().filter(|&id: &u64| id > 0);
                let id = id.filter(|_| columns(&line, 0, 3) == "-1");
                let kind = field(0).and_then(ElementType::from_number);
                let (Some(id), Some(kind)) = (id, kind) else {
                    return Err(wrong(format!("'{}' is no element of a type from 1 to 12", shown(&line))));
                };
                (id, kind, field(2).and_then(|m| u32::try_from(m).ok()).unwrap_or(0))
            } else {
                element_head(&self.source, &mut reader)?
            };
            let n = kind.n_nodes();
            let found = if encoding.is_text() {
                text_nodes(&mut reader, encoding.label(), n, &mut line, &mut out.nodes)?
            } else {
                let mut bytes = [0; 80];
                reader.fill(&mut bytes[..4 * n])?;
                let labels = bytes[..4 * n].chunks_exact(4).map_while(label_of);
                let before = out.nodes.len();
                out.nodes.extend(labels);
                out.nodes.len() - before
            };
            if found != n {
                return Err(wrong(format!("element {id} ({}) has {found} nodes of {n}", kind.name())));
            }
            out.ids.push(id);
            out.types.push(kind);
            out.materials.push(material);
        }
        Ok(out)
    }

    /// The mesh, whole, nodes of elements in VTK order. The format does not tell integration rules: see
    /// [`ElementType::kind`].
    ///
    /// # Errors
    /// An element that is no solid, or has a node that is not in the list; a label that appears twice.
    pub fn mesh(&self) -> Result<Mesh> {
        let (nodes, elements) = (self.nodes()?, self.elements()?);
        let twice = |what: &str, id: u64| {
            Error::input(self.path(), format!("{what} {id}"), "is there twice", DAMAGED)
        };
        let places = IdMap::new(&nodes.ids).map_err(|(i, _)| twice("node", nodes.ids[i]))?;
        IdMap::new(&elements.ids).map_err(|(i, _)| twice("element", elements.ids[i]))?;
        let mut mesh = Mesh { node_ids: nodes.ids, points: nodes.points, ..Mesh::default() };
        let mut at = 0;
        for (&id, &kind) in elements.ids.iter().zip(&elements.types) {
            let theirs = &elements.nodes[at..at + kind.n_nodes()];
            at += kind.n_nodes();
            let place = || format!("element {id}");
            let Some(ours) = kind.kind() else {
                let problem = format!("its type '{}' is no solid", kind.name());
                let remedy = "only he8, he20, pe6, pe15, te4 and te10 are read";
                return Err(Error::input(self.path(), place(), problem, remedy));
            };
            let mut local = [0; 20];
            for (l, &o) in local.iter_mut().zip(kind.order()) {
                *l = places.get(theirs[o]).ok_or_else(|| {
                    let problem = format!("its node {} is not in the list of nodes", theirs[o]);
                    Error::input(self.path(), place(), problem, DAMAGED)
                })?;
            }
            mesh.push_element(id, ours, &local[..kind.n_nodes()]);
        }
        mesh.close_whole();
        Ok(mesh)
    }
}

/// Adds the labels on lines `-2`; how many there were, at most `n`.
fn text_nodes(
    reader: &mut Reader,
    width: usize,
    n: usize,
    line: &mut Vec<u8>,
    nodes: &mut Vec<u64>,
) -> Result<usize> {
    let per_line = if width == 5 { 15 } else { 10 };
    let mut found = 0;
    while found < n {
        reader.line(line)?;
        if columns(line, 0, 3) != "-2" {
            break;
        }
        for i in 0..(n - found).min(per_line) {
            match columns(line, 3 + width * i, 3 + width * (i + 1)).parse() {
                Ok(id) => nodes.push(id),
                Err(_) => return Ok(found),
            }
            found += 1;
        }
    }
    Ok(found)
}
