//! Element types, nodes, elements and components, as the file has them.

use super::Rst;
use super::header::{Items, count};
use super::record::DAMAGED;
use super::source::Reader;
use crate::error::Result;
use std::collections::BTreeMap;

const HEADER: &str = "geometry header";
/// Words of a component before its numbers.
const COMPONENT_HEAD: usize = 9;

/// The geometry header: counts, and words where things begin (0: nowhere).
#[derive(Debug, Clone, Default)]
pub(super) struct Geometry {
    pub n_nodes: usize,
    pub n_elements: usize,
    pub n_components: usize,
    pub n_materials: usize,
    pub n_properties: usize,
    /// Whether lists of definitions name their numbers.
    pub mapped: bool,
    pub types: u64,
    pub nodes: u64,
    pub elements: u64,
    pub components: u64,
    pub materials: u64,
}

/// A node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RstNode {
    /// Number.
    pub number: u32,
    /// Global Cartesian coordinates.
    pub point: [f64; 3],
    /// Angles of its coordinate system, degrees: xy, yz, zx.
    pub angles: [f64; 3],
}

/// An element type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RstElementType {
    /// Number of the element in the library: 186 of SOLID186.
    pub routine: u32,
    /// KEYOPT(1) to KEYOPT(12).
    pub keyopts: [i32; 12],
    /// Nodes per element.
    pub n_nodes: i32,
}

/// Elements in the order of the geometry; one entry each, but for the nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RstElements {
    /// Of each: material, element type, real constants, section, coordinate system, death flag, solid model, shape,
    /// number, base element.
    pub attributes: Vec<[i32; 10]>,
    /// End of each element's nodes in `nodes`.
    pub ends: Vec<usize>,
    /// Node numbers of all elements, one after the other; 0 where there is no node.
    pub nodes: Vec<i32>,
}

impl RstElements {
    /// Node numbers of the element at position `e`.
    pub fn nodes_of(&self, e: usize) -> &[i32] {
        let start = if e == 0 { 0 } else { self.ends[e - 1] };
        &self.nodes[start..self.ends[e]]
    }
}

impl Geometry {
    pub fn read(reader: &mut Reader<'_>, at: u64) -> Result<Geometry> {
        if at == 0 {
            return Ok(Geometry::default());
        }
        let mut words = Vec::new();
        reader.integers(at, HEADER, &mut words)?;
        let items = Items(&words);
        let number = |name: &str, item: usize| count(reader.source, at, HEADER, name, items.get(item));
        Ok(Geometry {
            n_nodes: number("nodes", 4)?,
            n_elements: number("elements", 5)?,
            n_components: number("components", 49)?,
            n_materials: number("materials", 14)?,
            n_properties: number("material properties", 53)?,
            mapped: items.get(65) != 0,
            types: items.address_or(21, 22, 7),
            nodes: items.address_or(27, 28, 10),
            elements: items.address_or(29, 30, 11),
            components: items.address(51, 52),
            materials: items.address(35, 36),
        })
    }
}

impl Rst {
    /// Element types by their number.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn element_types(&self) -> Result<BTreeMap<u32, RstElementType>> {
        let base = self.geometry.types;
        let mut types = BTreeMap::new();
        if base == 0 {
            return Ok(types);
        }
        let mut reader = self.source.reader();
        let (mut numbers, mut offsets, mut words) = (Vec::new(), Vec::new(), Vec::new());
        let what = "list of element types";
        let next = reader.integers(base, what, &mut offsets)?;
        if self.geometry.mapped {
            std::mem::swap(&mut numbers, &mut offsets);
            reader.integers(next, what, &mut offsets)?;
        } else {
            numbers.extend((1..).take(offsets.len()));
        }
        for (&number, &offset) in numbers.iter().zip(&offsets) {
            let Some(number) = u32::try_from(number).ok().filter(|n| *n > 0 && offset != 0) else { continue };
            let what = format!("element type {number}");
            let at = self.beyond(base, offset, &what)?;
            reader.integers(at, &what, &mut words)?;
            let items = Items(&words);
            let routine = u32::try_from(items.get(2)).map_err(|_| {
                self.source.record_error(at, &what, format!("is of the element {}", items.get(2)), DAMAGED)
            })?;
            let keyopts = std::array::from_fn(|k| items.get(3 + k));
            types.insert(number, RstElementType { routine, keyopts, n_nodes: items.get(61) });
        }
        Ok(types)
    }

    /// Visits the nodes in the order of the geometry.
    ///
    /// # Errors
    /// A record is damaged; those of `visit`.
    pub fn visit_nodes(&self, mut visit: impl FnMut(RstNode) -> Result<()>) -> Result<()> {
        let mut reader = self.source.reader();
        let (mut at, mut values) = (self.geometry.nodes, Vec::new());
        if at == 0 {
            return Ok(());
        }
        for n in 1..=self.geometry.n_nodes {
            let what = "a node";
            let here = at;
            at = reader.reals(at, what, &mut values)?;
            let wrong = |problem: String| {
                Err(self.source.record_error(here, what, format!("node record {n} {problem}"), DAMAGED))
            };
            let Ok(v) = <[f64; 7]>::try_from(values.as_slice()) else {
                return wrong(format!("has {} values where 7 are due", values.len()));
            };
            if !(v[0] >= 1.0 && v[0] <= f64::from(i32::MAX) && v[0].fract() == 0.0) {
                return wrong(format!("has the number {}", v[0]));
            }
            if let Some(x) = v.iter().find(|x| !x.is_finite()) {
                return wrong(format!("(node {}) has the value {x}", v[0]));
            }
            visit(RstNode { number: v[0] as u32, point: [v[1], v[2], v[3]], angles: [v[4], v[5], v[6]] })?;
        }
        Ok(())
    }

    /// The elements, in the order of the geometry.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn read_elements(&self) -> Result<RstElements> {
        let mut out = RstElements::default();
        let (base, n) = (self.geometry.elements, self.geometry.n_elements);
        if base == 0 || n == 0 {
            return Ok(out);
        }
        let mut reader = self.source.reader();
        let offsets = reader.longs(base, n, "table of elements")?;
        let mut words = Vec::new();
        for (e, offset) in (1..).zip(offsets) {
            let what = "an element";
            let at = base.saturating_add(offset);
            reader.integers(at, what, &mut words)?;
            let Some((head, nodes)) = words.split_first_chunk::<10>() else {
                let problem = format!("element record {e} has {} items where 10 are due", words.len());
                return Err(self.source.record_error(at, what, problem, DAMAGED));
            };
            if let Some(node) = nodes.iter().find(|&&v| v < 0).or_else(|| head[8..9].iter().find(|&&v| v < 1))
            {
                let problem = format!("element record {e} (element {}) has the number {node}", head[8]);
                return Err(self.source.record_error(at, what, problem, DAMAGED));
            }
            out.attributes.push(*head);
            out.nodes.extend_from_slice(nodes);
            out.ends.push(out.nodes.len());
        }
        Ok(out)
    }

    /// Components of nodes and of elements: ranges of numbers, both ends belong to them. Assemblies of components are
    /// left out.
    ///
    /// # Errors
    /// A record is damaged.
    #[expect(clippy::type_complexity, reason = "two maps from a name to ranges")]
    pub fn components(
        &self,
    ) -> Result<(BTreeMap<String, Vec<(u64, u64)>>, BTreeMap<String, Vec<(u64, u64)>>)> {
        let (mut nodes, mut elements) = (BTreeMap::new(), BTreeMap::new());
        let mut at = self.geometry.components;
        let (mut reader, mut words) = (self.source.reader(), Vec::new());
        for k in 1..=self.geometry.n_components {
            if at == 0 {
                break;
            }
            let (here, what) = (at, "a component");
            at = reader.integers(at, what, &mut words)?;
            let items = Items(&words);
            let name = items.text(2, COMPONENT_HEAD);
            let of = match items.get(1) {
                1 => &mut nodes,
                2 => &mut elements,
                _ => continue,
            };
            let mut ranges: Vec<(u64, u64)> = Vec::new();
            for &value in words.iter().skip(COMPONENT_HEAD) {
                let number = u64::from(value.unsigned_abs());
                match ranges.last_mut() {
                    _ if value > 0 => ranges.push((number, number)),
                    // what is left of the record is not used
                    _ if value == 0 => {}
                    Some(last) if last.0 == last.1 && number > last.0 => last.1 = number,
                    _ => {
                        let problem = format!("component {k} ({name}): {value} closes no range");
                        return Err(self.source.record_error(here, what, problem, DAMAGED));
                    }
                }
            }
            of.insert(name, ranges);
        }
        Ok((nodes, elements))
    }

    /// The word `offset` beyond `base`.
    pub(super) fn beyond(&self, base: u64, offset: i32, what: &str) -> Result<u64> {
        match u64::try_from(offset) {
            Ok(offset) => Ok(base.saturating_add(offset)),
            Err(_) => {
                Err(self.source.record_error(base, what, format!("is at the offset {offset}"), DAMAGED))
            }
        }
    }
}
