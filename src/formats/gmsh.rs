//! Meshes of Gmsh (`.msh` 4.1, text and little-endian binary), with physical groups as sets.
//!
//! Source: the Gmsh manual, "MSH file format". Read here and not by the crate `mshio`: that drops the labels of nodes where
//! they are dense (so that a file whose blocks are not in ascending order would be read wrongly), the names of physical
//! groups and parametric nodes.
//!
//! | dimension of the group | becomes |
//! |---|---|
//! | 3 | element set |
//! | 2 | face set, normals outward |
//! | 1, 0 | node set |

use super::cells::{Cells, Shape};
use super::ids::IdMap;
use crate::error::{Error, Result};
use crate::mesh::{ElementKind, FaceKind, Mesh};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

#[cfg(test)]
pub(in crate::formats) mod tests;

/// Remedy for what Gmsh does not write.
const DAMAGED: &str = "the file is damaged or truncated: write it again";
/// Names of the dimensions, for groups without a name.
const DIMENSIONS: [&str; 4] = ["point", "curve", "surface", "volume"];

/// Reads a mesh; the whole structure.
///
/// # Errors
/// File, place, value and remedy: another version, another order of bytes, an element that is not supported, damage.
pub(super) fn read_mesh(path: &Path) -> Result<Mesh> {
    let bytes = std::fs::read(path)
        .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its path"))?;
    parse(path, &bytes)
}

/// Reads a mesh from the bytes of a file; `path` is for messages.
fn parse(path: &Path, bytes: &[u8]) -> Result<Mesh> {
    let mut file = Cursor { path, bytes, at: 0, binary: false };
    let mut cells = Cells::default();
    let mut names: HashMap<(i64, i64), String> = HashMap::new();
    let mut groups: HashMap<(i64, i64), Vec<String>> = HashMap::new();
    let mut places: Option<IdMap> = None;
    let mut elements = false;
    file.header()?;
    while let Some(section) = file.section()? {
        match section.as_str() {
            "PhysicalNames" => names = file.names()?,
            "Entities" => groups = file.entities(&names)?,
            "PartitionedEntities" => {
                let remedy = "write it whole (Mesh.NbPartitions = 0): ferrom partitions it itself";
                return Err(file.error("the mesh is partitioned", remedy));
            }
            "Nodes" if places.is_none() => {
                file.nodes(&mut cells)?;
                places = Some(IdMap::new(&cells.node_ids).map_err(|(i, _)| {
                    file.error(format!("node {} is there twice", cells.node_ids[i]), DAMAGED)
                })?);
            }
            "Elements" if !elements => {
                let Some(places) = &places else {
                    return Err(file.error("the elements come before the nodes", DAMAGED));
                };
                file.elements(places, &groups, &mut cells)?;
                elements = true;
            }
            "Nodes" | "Elements" | "MeshFormat" => {
                return Err(file.error(format!("a second ${section}"), DAMAGED));
            }
            _ => {}
        }
        file.end(&section)?;
    }
    let mesh = cells.finish(path)?;
    match IdMap::new(&mesh.element_ids) {
        Ok(_) => Ok(mesh),
        Err((i, _)) => {
            Err(Error::input(path, format!("element {}", mesh.element_ids[i]), "is there twice", DAMAGED))
        }
    }
}

/// The shape of a type of element, and the place in Gmsh's list of each node in VTK order.
fn shape(number: i64) -> std::result::Result<(Shape, &'static [usize]), String> {
    const PLAIN: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
    let plain = |shape: Shape| Ok((shape, &PLAIN[..shape.n_nodes()]));
    match number {
        4 => plain(Shape::Solid(ElementKind::C3d4)),
        5 => plain(Shape::Solid(ElementKind::C3d8)),
        6 => plain(Shape::Solid(ElementKind::C3d6)),
        11 => Ok((Shape::Solid(ElementKind::C3d10R4), &[0, 1, 2, 3, 4, 5, 6, 7, 9, 8])),
        17 => Ok((
            Shape::Solid(ElementKind::C3d20),
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15],
        )),
        18 => Ok((Shape::Solid(ElementKind::C3d15), &[0, 1, 2, 3, 4, 5, 6, 9, 7, 12, 14, 13, 8, 10, 11])),
        2 => plain(Shape::Face(FaceKind::T3)),
        3 => plain(Shape::Face(FaceKind::Q4)),
        9 => plain(Shape::Face(FaceKind::T6)),
        16 => plain(Shape::Face(FaceKind::Q8)),
        1 => plain(Shape::Nodes(2)),
        8 => plain(Shape::Nodes(3)),
        15 => plain(Shape::Nodes(1)),
        7 | 14 | 19 => Err("a pyramid".to_owned()),
        10 => Err("a 9-node quadrilateral".to_owned()),
        12 => Err("a 27-node hexahedron".to_owned()),
        13 => Err("an 18-node wedge".to_owned()),
        other => Err(format!("of type {other}")),
    }
}

/// A place in the file.
struct Cursor<'b> {
    path: &'b Path,
    bytes: &'b [u8],
    at: usize,
    binary: bool,
}

impl<'b> Cursor<'b> {
    fn error(&self, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        Error::input(self.path, format!("byte {}", self.at), problem, remedy)
    }

    fn word(&mut self) -> &'b str {
        let rest = &self.bytes[self.at..];
        let start = rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
        let length = rest[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len() - start);
        self.at += start + length;
        std::str::from_utf8(&rest[start..start + length]).unwrap_or("")
    }

    fn line(&mut self) -> &'b [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |n| n + 1);
        self.at += length;
        rest[..length].trim_ascii()
    }

    fn header(&mut self) -> Result<()> {
        if self.line() != b"$MeshFormat" {
            let remedy = "give a mesh of Gmsh (.msh)";
            return Err(Error::input(
                self.path,
                "",
                "is no mesh of Gmsh: it does not begin with $MeshFormat",
                remedy,
            ));
        }
        let (version, kind, size) = (self.word(), self.word(), self.word());
        if version != "4.1" {
            let remedy = "write it as 4.1 (gmsh -format msh41, or Mesh.MshFileVersion = 4.1)";
            return Err(self.error(format!("version '{version}' is not read"), remedy));
        }
        if size != "8" || !matches!(kind, "0" | "1") {
            return Err(
                self.error(format!("type '{kind}' with sizes of '{size}' bytes is not read"), DAMAGED)
            );
        }
        self.line();
        if kind == "1" {
            self.binary = true;
            match self.four()? {
                [1, 0, 0, 0] => {}
                [0, 0, 0, 1] => {
                    let remedy = "it was written on a big-endian machine: write it as text (Mesh.Binary = 0)";
                    return Err(self.error("its bytes are in the opposite order", remedy));
                }
                _ => return Err(self.error("the mark of the order of bytes is wrong", DAMAGED)),
            }
        }
        self.end("MeshFormat")
    }

    /// The name of the next section.
    fn section(&mut self) -> Result<Option<String>> {
        loop {
            if self.at >= self.bytes.len() {
                return Ok(None);
            }
            let line = self.line();
            if line.is_empty() {
                continue;
            }
            let name = line.strip_prefix(b"$").and_then(|n| std::str::from_utf8(n).ok());
            return match name.filter(|n| !n.starts_with("End") && n.len() < 60) {
                Some(name) => Ok(Some(name.to_owned())),
                None => Err(self.error("here a section should begin ($…)", DAMAGED)),
            };
        }
    }

    /// Goes behind the end of a section, over what was not read of it.
    fn end(&mut self, section: &str) -> Result<()> {
        let mark = format!("$End{section}");
        let found = self.bytes[self.at..].windows(mark.len()).position(|w| w == mark.as_bytes());
        match found {
            Some(n) => {
                self.at += n + mark.len();
                self.line();
                Ok(())
            }
            None => Err(self.error(format!("the file ends inside of ${section}"), DAMAGED)),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes[self.at..].first_chunk::<N>() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.error("the file ends too early", DAMAGED)),
        }
    }

    fn four(&mut self) -> Result<[u8; 4]> {
        self.take()
    }

    fn parsed<T: std::str::FromStr>(&mut self, what: &str) -> Result<T> {
        let word = self.word();
        word.parse().map_err(|_| self.error(format!("'{word}' is not {what}"), DAMAGED))
    }

    /// An `int`.
    fn int(&mut self) -> Result<i64> {
        if self.binary { Ok(i32::from_le_bytes(self.four()?).into()) } else { self.parsed("a whole number") }
    }

    /// A `size_t`.
    fn size(&mut self) -> Result<u64> {
        if self.binary { Ok(u64::from_le_bytes(self.take()?)) } else { self.parsed("a count or label") }
    }

    /// A `double`.
    fn real(&mut self) -> Result<f64> {
        let x: f64 = if self.binary { f64::from_le_bytes(self.take()?) } else { self.parsed("a number")? };
        if x.is_finite() { Ok(x) } else { Err(self.error(format!("{x} is not finite"), DAMAGED)) }
    }

    /// A count of things that take at least `least` bytes each.
    fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.size()?;
        let room = (self.bytes.len() - self.at) / if self.binary { least } else { 2 };
        match usize::try_from(count) {
            Ok(count) if count <= room => Ok(count),
            _ => Err(self.error(format!("a count of {count}, for which the file is too short"), DAMAGED)),
        }
    }

    /// Names by dimension and number; text in binary files too.
    fn names(&mut self) -> Result<HashMap<(i64, i64), String>> {
        let count: usize = self.parsed("a number of names")?;
        let mut names = HashMap::new();
        self.line();
        for _ in 0..count {
            let line = String::from_utf8_lossy(self.line()).into_owned();
            let mut words = line.splitn(3, ' ');
            let mut number = || words.next().and_then(|w| w.parse::<i64>().ok());
            let name = (number(), number());
            let quoted = line.split_once('"').and_then(|q| q.1.rsplit_once('"')).map(|q| q.0);
            match (name, quoted) {
                ((Some(dimension), Some(number)), Some(text)) if !text.is_empty() => {
                    names.insert((dimension, number), text.to_owned());
                }
                _ => return Err(self.error(format!("'{line}' is no name of a physical group"), DAMAGED)),
            }
        }
        Ok(names)
    }

    /// Names of the physical groups of each entity, by dimension and number.
    fn entities(&mut self, names: &HashMap<(i64, i64), String>) -> Result<HashMap<(i64, i64), Vec<String>>> {
        let mut counts = [0; 4];
        for count in &mut counts {
            *count = self.count(28)?;
        }
        let mut groups = HashMap::new();
        for (dimension, count) in (0..).zip(counts) {
            for _ in 0..count {
                let tag = self.int()?;
                for _ in 0..if dimension == 0 { 3 } else { 6 } {
                    self.real()?;
                }
                let mut of_entity = Vec::new();
                for _ in 0..self.count(4)? {
                    // negative: against the orientation of the entity
                    let number = self.int()?.abs();
                    let unnamed = || format!("{}{number}", DIMENSIONS[dimension as usize]);
                    of_entity.push(names.get(&(dimension, number)).cloned().unwrap_or_else(unnamed));
                }
                of_entity.sort_unstable();
                of_entity.dedup();
                if dimension > 0 {
                    for _ in 0..self.count(4)? {
                        self.int()?;
                    }
                }
                groups.insert((dimension, tag), of_entity);
            }
        }
        Ok(groups)
    }

    fn nodes(&mut self, cells: &mut Cells) -> Result<()> {
        let blocks = self.count(20)?;
        let announced = self.count(32)?;
        self.size()?;
        self.size()?;
        for _ in 0..blocks {
            let dimension = self.int()?;
            self.int()?;
            let parametric = self.int()?;
            let count = self.count(32)?;
            for _ in 0..count {
                cells.node_ids.push(self.size()?);
            }
            for _ in 0..count {
                cells.points.push([self.real()?, self.real()?, self.real()?]);
                if parametric != 0 {
                    for _ in 0..dimension.clamp(0, 3) {
                        self.real()?;
                    }
                }
            }
        }
        if cells.points.len() == announced {
            return Ok(());
        }
        Err(self.error(format!("{announced} nodes are announced, {} are there", cells.points.len()), DAMAGED))
    }

    fn elements(
        &mut self,
        places: &IdMap,
        groups: &HashMap<(i64, i64), Vec<String>>,
        cells: &mut Cells,
    ) -> Result<()> {
        let blocks = self.count(20)?;
        let announced = self.count(16)?;
        self.size()?;
        self.size()?;
        let mut found = 0;
        for _ in 0..blocks {
            let (dimension, tag, number) = (self.int()?, self.int()?, self.int()?);
            let count = self.count(16)?;
            let (shape, order) = match shape(number) {
                Ok(known) => known,
                Err(what) => {
                    let remedy = "mesh with Mesh.SecondOrderIncomplete = 1 and without pyramids: tetrahedra, wedges and hexahedra \
                                  of 4, 10, 6, 15, 8, 20 nodes are read";
                    return Err(self.error(format!("an element that is {what} is not supported"), remedy));
                }
            };
            let none = Vec::new();
            let of_entity = groups.get(&(dimension, tag)).unwrap_or(&none);
            for _ in 0..count {
                let id = self.size()?;
                let (mut gmsh, mut vtk) = ([0; 20], [0; 20]);
                for node in &mut gmsh[..order.len()] {
                    let label = self.size()?;
                    *node = places.get(label).ok_or_else(|| {
                        self.error(format!("element {id} has the node {label}, which is not listed"), DAMAGED)
                    })?;
                }
                vtk.iter_mut().zip(order).for_each(|(v, &o)| *v = gmsh[o]);
                cells.push(id, shape, &vtk[..order.len()], of_entity);
                found += 1;
            }
        }
        if found == announced {
            return Ok(());
        }
        Err(self.error(format!("{announced} elements are announced, {found} are there"), DAMAGED))
    }
}
