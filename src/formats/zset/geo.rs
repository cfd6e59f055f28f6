//! Meshes as binary (`.geo`), big-endian.
//!
//! A sequence of sections, each the magic `Z7BINARYGEOF\0`, a tag (length with its NUL as i32, then the bytes) and a
//! payload; `return` ends it, followed by one more magic. Elements refer to nodes, and sets to both, by rank from 0.
//! The file is held in memory; every count is compared with the bytes that are left before anything is allocated for it.

use super::elements::{element_kind, element_order, face, face_kind, supported_elements, to_vtk};
use super::geof::{unique, warn_stale};
use crate::error::{Error, Result};
use crate::formats::ids::keep_first;
use crate::mesh::{ElementKind, Mesh};
use std::fmt;
use std::path::Path;

const MAGIC: &[u8] = b"Z7BINARYGEOF\0";

/// Reads a `.geo` file.
pub(super) fn read_geo(path: &Path) -> Result<Mesh> {
    let bytes = std::fs::read(path)
        .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its path"))?;
    parse(path, &bytes)
}

/// The bytes and how far they are read.
struct Cursor<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn error(&self, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        Error::input(self.path, format!("byte {}", self.at), problem, remedy)
    }

    fn take(&mut self, n: usize, what: impl fmt::Display) -> Result<&'a [u8]> {
        let left = &self.bytes[self.at..];
        if left.len() < n {
            let problem = format!("{what} needs {n} bytes, but {} are left", left.len());
            return Err(self.error(problem, "the file is truncated or damaged: copy it again"));
        }
        self.at += n;
        Ok(&left[..n])
    }

    fn i32(&mut self, what: impl fmt::Display) -> Result<i32> {
        let b = self.take(4, what)?;
        Ok(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn f64(&mut self, what: impl fmt::Display) -> Result<f64> {
        let b = self.take(8, what)?;
        Ok(f64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
    }

    /// A number that is not negative.
    fn natural(&mut self, what: impl fmt::Display) -> Result<u32> {
        let value = self.i32(&what)?;
        u32::try_from(value)
            .map_err(|_| self.error(format!("{what} is {value}"), "the file is damaged: copy it again"))
    }

    /// A count of items of at least `size` bytes each.
    fn count(&mut self, size: usize, what: impl fmt::Display) -> Result<usize> {
        let n = self.natural(&what)? as usize;
        let left = self.bytes.len() - self.at;
        if n > left / size {
            let problem = format!("{what} is {n}, but only {left} bytes are left");
            return Err(self.error(problem, "the file is truncated or damaged: copy it again"));
        }
        Ok(n)
    }

    /// A rank below `n`.
    fn rank(&mut self, n: usize, what: impl fmt::Display) -> Result<u32> {
        let rank = self.natural(&what)?;
        if rank as usize >= n {
            let problem = format!("{what} has rank {rank} of {n}");
            return Err(self.error(problem, "the file is damaged: write it again"));
        }
        Ok(rank)
    }

    /// A text: its length with the NUL at its end, then its bytes.
    fn tag(&mut self, what: impl fmt::Display) -> Result<String> {
        let n = self.count(1, format_args!("the length of {what}"))?;
        let bytes = self.take(n, &what)?;
        let text = bytes.split(|&b| b == 0).next().unwrap_or_default();
        match std::str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.error(format!("{what} is not text"), "the file is damaged: copy it again")),
        }
    }

    fn magic(&mut self) -> Result<()> {
        if self.take(MAGIC.len(), "the mark of a section")? != MAGIC {
            self.at -= MAGIC.len();
            return Err(
                self.error("no section of a binary Z-set mesh begins here", "check that this is a .geo file")
            );
        }
        Ok(())
    }
}

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Mesh> {
    let mut c = Cursor { path, bytes, at: 0 };
    let mut mesh = Mesh::default();
    loop {
        c.magic()?;
        match c.tag("the name of a section")?.as_str() {
            "node" => read_nodes(&mut c, &mut mesh)?,
            "element" => read_elements(&mut c, &mut mesh)?,
            "nset" => read_node_sets(&mut c, &mut mesh)?,
            "elset" => read_element_sets(&mut c, &mut mesh)?,
            "bset" => read_face_sets(&mut c, &mut mesh)?,
            "ipset" => {
                let n = c.natural("the number of sets of integration points")?;
                if n > 0 {
                    log::warn!(
                        "{}: {n} sets of integration points and what follows them are not read",
                        path.display()
                    );
                    break;
                }
            }
            "return" => {
                c.magic()?;
                if c.at < bytes.len() {
                    return Err(c.error(
                        format!("{} bytes follow the end of the mesh", bytes.len() - c.at),
                        "write it again",
                    ));
                }
                break;
            }
            other => {
                return Err(c.error(
                    format!("section '{other}' is not known"),
                    "known are node, element, nset, elset, bset, ipset: save the mesh as .geof",
                ));
            }
        }
    }
    if mesh.n_elements() == 0 {
        return Err(Error::input(
            path,
            "",
            "the mesh has no elements",
            "check that it has a section of elements",
        ));
    }
    mesh.close_whole();
    Ok(mesh)
}

fn read_nodes(c: &mut Cursor, mesh: &mut Mesh) -> Result<()> {
    if mesh.n_nodes() > 0 {
        return Err(c.error("a second section of nodes", "a mesh has one"));
    }
    let n = c.count(12, "the number of nodes")?;
    let dimension = c.i32("the dimension")?;
    if dimension != 3 {
        return Err(c.error(
            format!("the mesh has dimension {dimension}"),
            "only three-dimensional meshes are supported",
        ));
    }
    mesh.node_ids.reserve(n);
    mesh.points.reserve(n);
    for i in 0..n {
        mesh.node_ids.push(u64::from(c.natural(format_args!("the label of node number {}", i + 1))?));
        let mut x = [0.0; 3];
        for x in &mut x {
            *x = c.f64(format_args!("a coordinate of node number {}", i + 1))?;
            if !x.is_finite() {
                let problem = format!("a coordinate of node {} is {x}", mesh.node_ids[i]);
                return Err(c.error(problem, "a finite number belongs there"));
            }
        }
        mesh.points.push(x);
    }
    unique(c.path, 0, "node", &mesh.node_ids)?;
    Ok(())
}

fn read_elements(c: &mut Cursor, mesh: &mut Mesh) -> Result<()> {
    let n_nodes = mesh.n_nodes();
    if mesh.n_elements() > 0 || n_nodes == 0 {
        return Err(c.error("elements twice, or before the nodes", "write nodes once, then elements once"));
    }
    // The smallest element takes its label, its rank and four nodes.
    let n = c.count(24, "the number of elements")?;
    let groups = c.count(12, "the number of groups of elements")?;
    // Elements lie by type in the file, while results follow their ranks.
    let mut places: Vec<Option<(u64, ElementKind, usize)>> = vec![None; n];
    for _ in 0..groups {
        let count = c.natural("the number of elements of a group")?;
        let name = c.tag("an element type")?;
        let kind = element_kind(&name).map_err(|why| c.error(why, supported_elements()))?;
        let nn = c.natural("the number of nodes of an element type")? as usize;
        if nn != kind.n_nodes() {
            return Err(c.error(
                format!("type {kind} has {nn} nodes instead of {}", kind.n_nodes()),
                "write the mesh again",
            ));
        }
        for _ in 0..count {
            let id = u64::from(c.natural("the label of an element")?);
            let rank = c.rank(n, format_args!("element {id}"))? as usize;
            if places[rank].replace((id, kind, c.at)).is_some() {
                return Err(c.error(format!("two elements have rank {rank}"), "write the mesh again"));
            }
            c.take(4 * nn, format_args!("the nodes of element {id}"))?;
        }
    }
    let end = c.at;
    let (mut zset, mut vtk) = ([0; 20], [0; 20]);
    for (rank, place) in places.into_iter().enumerate() {
        let Some((id, kind, at)) = place else {
            return Err(c.error(format!("no element has rank {rank} of {n}"), "write the mesh again"));
        };
        c.at = at;
        let nn = kind.n_nodes();
        for node in &mut zset[..nn] {
            *node = c.rank(n_nodes, format_args!("a node of element {id}"))?;
        }
        to_vtk(element_order(kind), &zset[..nn], &mut vtk);
        if mesh.connectivity.len() + nn > u32::MAX as usize {
            return Err(c.error(format!("element {id} is one too many"), "split the mesh into sub-domains"));
        }
        mesh.push_element(id, kind, &vtk[..nn]);
    }
    c.at = end;
    unique(c.path, 0, "element", &mesh.element_ids)?;
    Ok(())
}

fn second(c: &Cursor, what: &str, name: &str) -> Error {
    c.error(format!("a second {what} '{name}'"), "rename or remove one of them")
}

fn read_node_sets(c: &mut Cursor, mesh: &mut Mesh) -> Result<()> {
    for _ in 0..c.count(8, "the number of node sets")? {
        let name = c.tag("the name of a node set")?;
        let n = c.count(4, format_args!("the size of node set '{name}'"))?;
        let mut set = Vec::with_capacity(n);
        for _ in 0..n {
            set.push(c.rank(mesh.n_nodes(), format_args!("a node of node set '{name}'"))?);
        }
        keep_first(&mut set);
        if mesh.node_sets.insert(name.clone(), set).is_some() {
            return Err(second(c, "node set", &name));
        }
    }
    Ok(())
}

fn read_element_sets(c: &mut Cursor, mesh: &mut Mesh) -> Result<()> {
    for _ in 0..c.count(8, "the number of element sets")? {
        let name = c.tag("the name of an element set")?;
        let n = c.count(4, format_args!("the size of element set '{name}'"))?;
        let (mut set, mut stale) = (Vec::with_capacity(n), 0);
        for _ in 0..n {
            let rank = c.natural(format_args!("an element of element set '{name}'"))?;
            if (rank as usize) < mesh.n_elements() { set.push(rank) } else { stale += 1 }
        }
        warn_stale(c.path, &name, stale);
        keep_first(&mut set);
        if mesh.element_sets.insert(name.clone(), set).is_some() {
            return Err(second(c, "element set", &name));
        }
    }
    Ok(())
}

fn read_face_sets(c: &mut Cursor, mesh: &mut Mesh) -> Result<()> {
    let mut zset = [0; 8];
    for _ in 0..c.count(12, "the number of boundary sets")? {
        let name = c.tag("the name of a boundary set")?;
        let kind = c.tag(format_args!("the kind of boundary set '{name}'"))?;
        let faces = kind == "faset";
        if !faces {
            log::warn!(
                "{}: boundary set '{name}' is a {kind}, not a faset; it is left out",
                c.path.display()
            );
        }
        // The smallest face takes its count, two nodes (a line) and five bytes of type.
        let n = c.count(17, format_args!("the size of boundary set '{name}'"))?;
        let mut set = Vec::with_capacity(if faces { n } else { 0 });
        for position in 0..n as u64 {
            let nn = c.count(4, format_args!("the number of nodes of a face of '{name}'"))?;
            let start = c.at;
            c.take(4 * nn, format_args!("the nodes of a face of '{name}'"))?;
            let text = c.take(5, format_args!("the type of a face of '{name}'"))?;
            if !faces {
                continue;
            }
            // What follows the NUL is whatever was in the writer's memory.
            let text = String::from_utf8_lossy(text.split(|&b| b == 0).next().unwrap_or_default());
            let kind = face_kind(&text).filter(|k| k.n_nodes() == nn).ok_or_else(|| {
                let problem =
                    format!("face type '{text}' with {nn} nodes in face set '{name}' is not supported");
                c.error(problem, "supported are t3, t6, q4, q8")
            })?;
            let end = std::mem::replace(&mut c.at, start);
            for node in &mut zset[..nn] {
                *node =
                    c.rank(mesh.n_nodes(), format_args!("a node of face {} of '{name}'", position + 1))?;
            }
            c.at = end;
            set.push(face(kind, &zset[..nn], position));
        }
        if faces && mesh.face_sets.insert(name.clone(), set).is_some() {
            return Err(second(c, "face set", &name));
        }
    }
    Ok(())
}
