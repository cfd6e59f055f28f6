//! Meshes as text (`.geof`).
//!
//! ```text
//! ***geometry
//! **node            % N dim, then N lines: label x y z
//! **element         % N, then N lines: label type node-labels
//! ***group
//! **nset name       % labels over any number of lines; may be empty. Likewise **elset
//! **faset name      % one line per face: type node-labels
//! ***return
//! ```
//! Labels need be neither contiguous nor sorted. An element set may hold labels of elements that the mesh no longer has
//! (Z-set keeps the sets of a mesh it has remeshed): they are left out with a warning.

use super::elements::{element_kind, element_order, face, face_kind, supported_elements, to_vtk};
use super::lines::{Line, Lines};
use crate::error::{Error, Result};
use crate::formats::ids::{IdMap, keep_first};
use crate::mesh::{FaceKind, Mesh};
use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;

/// Most nodes of any element type that is supported.
const MOST_NODES: usize = 20;

/// Reads a `.geof` file.
pub(super) fn read_geof(path: &Path) -> Result<Mesh> {
    parse(path, Lines::open(path)?)
}

/// What a line that opens a block announces.
enum Section {
    Nodes,
    Elements,
    NodeSet(String),
    ElementSet(String),
    FaceSet(String),
    Heading,
    Return,
    Unknown(String),
}

fn section(line: Line) -> Result<Section> {
    let mut words = line.words();
    let keyword = words.next().unwrap_or_default();
    let mut name = || {
        let missing =
            || line.error(format!("{keyword} has no name"), "write the name of the set on the same line");
        words.next().map(str::to_owned).ok_or_else(missing)
    };
    Ok(match keyword {
        "***geometry" | "***group" => Section::Heading,
        "**node" => Section::Nodes,
        "**element" => Section::Elements,
        "**nset" => Section::NodeSet(name()?),
        "**elset" => Section::ElementSet(name()?),
        "**faset" => Section::FaceSet(name()?),
        _ if keyword.trim_start_matches('*') == "return" => Section::Return,
        _ => Section::Unknown(line.text.to_owned()),
    })
}

struct Reader<'p, R> {
    path: &'p Path,
    lines: Lines<'p, R>,
    mesh: Mesh,
    nodes: IdMap,
    elements: IdMap,
    names: BTreeSet<(&'static str, String)>,
}

pub(super) fn parse<'p, R: BufRead>(path: &'p Path, lines: Lines<'p, R>) -> Result<Mesh> {
    let mut r = Reader {
        path,
        lines,
        mesh: Mesh::default(),
        nodes: IdMap::default(),
        elements: IdMap::default(),
        names: BTreeSet::new(),
    };
    loop {
        let Some(line) = r.lines.next()? else { return Err(r.lines.truncated("***return")) };
        if !line.is_keyword() {
            return Err(line.error(
                format!("'{}' belongs to no section", line.text),
                "a line that begins with * belongs here",
            ));
        }
        match section(line)? {
            Section::Heading => {}
            Section::Nodes => r.read_nodes()?,
            Section::Elements => r.read_elements()?,
            Section::NodeSet(name) => r.read_node_set(name)?,
            Section::ElementSet(name) => r.read_element_set(name)?,
            Section::FaceSet(name) => r.read_face_set(name)?,
            Section::Return => break,
            Section::Unknown(text) => {
                log::warn!("{}, line {}: '{text}' is not read", path.display(), line.number);
                r.skip()?;
            }
        }
    }
    if r.mesh.n_elements() == 0 {
        return Err(Error::input(
            path,
            "",
            "the mesh has no elements",
            "check that it has **node and **element sections",
        ));
    }
    r.mesh.close_whole();
    Ok(r.mesh)
}

impl<R: BufRead> Reader<'_, R> {
    /// The next line of a section that is not over.
    fn row(&mut self, wanted: impl Fn() -> String) -> Result<Line<'_>> {
        // Asked twice because a borrowed line cannot be returned beside `self.lines.truncated`.
        if self.lines.next()?.is_none() {
            return Err(self.lines.truncated(wanted()));
        }
        self.lines.hold();
        let Some(line) = self.lines.next()? else {
            return Err(Error::input(self.path, "", "unreadable", ""));
        };
        if line.is_keyword() {
            let problem = format!("'{}' stands where {} should be", line.text, wanted());
            return Err(line.error(problem, "the count of the section and its lines must agree"));
        }
        Ok(line)
    }

    fn skip(&mut self) -> Result<()> {
        while let Some(line) = self.lines.next()? {
            if line.is_keyword() {
                self.lines.hold();
                break;
            }
        }
        Ok(())
    }

    /// Room for `count` entries of at least `bytes` characters each, as far as the size of the file allows.
    fn capacity(&self, count: u64, bytes: u64) -> usize {
        usize::try_from(count.min(self.lines.size / bytes)).unwrap_or(0)
    }

    fn read_nodes(&mut self) -> Result<()> {
        let again = self.mesh.n_nodes() > 0;
        let line = self.row(|| "the number of nodes and the dimension".to_owned())?;
        if again {
            return Err(line.error("a second **node section", "a mesh has one"));
        }
        let mut words = line.words();
        let count = line.integer(words.next(), "the number of nodes")?;
        let dimension = line.integer(words.next(), "the dimension")?;
        if dimension != 3 {
            return Err(line.error(
                format!("the mesh has dimension {dimension}"),
                "only three-dimensional meshes are supported",
            ));
        }
        if count >= u64::from(u32::MAX) {
            return Err(line.error(
                format!("{count} nodes are too many"),
                format!("at most {} are supported", u32::MAX - 1),
            ));
        }
        let start = line.number;
        let room = self.capacity(count, 8);
        self.mesh.node_ids.reserve(room);
        self.mesh.points.reserve(room);
        for i in 0..count {
            let line = self.row(|| format!("node {} of {count}", i + 1))?;
            let mut words = line.words();
            let id = line.integer(words.next(), "the label of a node")?;
            let mut x = [0.0; 3];
            for (c, x) in x.iter_mut().enumerate() {
                *x = line.real(words.next(), format_args!("coordinate {} of node {id}", c + 1))?;
            }
            if let Some(extra) = words.next() {
                return Err(line.error(
                    format!("'{extra}' follows the coordinates of node {id}"),
                    "a node has three coordinates",
                ));
            }
            self.mesh.node_ids.push(id);
            self.mesh.points.push(x);
        }
        self.nodes = unique(self.path, start, "node", &self.mesh.node_ids)?;
        Ok(())
    }

    fn read_elements(&mut self) -> Result<()> {
        let (again, early) = (self.mesh.n_elements() > 0, self.mesh.n_nodes() == 0);
        let line = self.row(|| "the number of elements".to_owned())?;
        if again || early {
            let problem = if again { "a second **element section" } else { "**element comes before **node" };
            return Err(line.error(problem, "write one **node, then one **element section"));
        }
        let count = line.integer(line.words().next(), "the number of elements")?;
        let start = line.number;
        let room = self.capacity(count, 8);
        self.mesh.element_ids.reserve(room);
        self.mesh.kinds.reserve(room);
        let (mut zset, mut vtk) = ([0; MOST_NODES], [0; MOST_NODES]);
        for i in 0..count {
            // Read through the fields: the line borrows `self.lines`, the labels are looked up in `self.nodes`.
            let Some(line) = self.lines.next()? else {
                return Err(self.lines.truncated(format_args!("element {} of {count}", i + 1)));
            };
            if line.is_keyword() {
                let problem = format!("'{}' stands where element {} of {count} should be", line.text, i + 1);
                return Err(line.error(problem, "the count of the section and its lines must agree"));
            }
            let mut words = line.words();
            let id = line.integer(words.next(), "the label of an element")?;
            let name = words.next().unwrap_or_default();
            let kind = element_kind(name)
                .map_err(|why| line.error(format!("element {id}: {why}"), supported_elements()))?;
            let n = kind.n_nodes();
            let what = format!("element {id} ({kind})");
            read_nodes_of(line, words, &self.nodes, &what, &mut zset[..n])?;
            to_vtk(element_order(kind), &zset[..n], &mut vtk);
            if self.mesh.connectivity.len() + n > u32::MAX as usize {
                return Err(
                    line.error(format!("element {id} is one too many"), "split the mesh into sub-domains")
                );
            }
            self.mesh.push_element(id, kind, &vtk[..n]);
        }
        self.elements = unique(self.path, start, "element", &self.mesh.element_ids)?;
        Ok(())
    }

    /// Refuses a second set of the same name.
    fn announce(&mut self, what: &'static str, name: &str) -> Result<()> {
        if !self.names.insert((what, name.to_owned())) {
            self.lines.hold();
            let place = self.lines.next()?.map_or(String::new(), |l| format!("line {}", l.number));
            let problem = format!("a second {what} '{name}'");
            return Err(Error::input(self.path, place, problem, "rename or remove one of them"));
        }
        Ok(())
    }

    /// Calls `item` with every label of a set.
    fn labels(&mut self, mut item: impl FnMut(Line, u64) -> Result<()>) -> Result<()> {
        while let Some(line) = self.lines.next()? {
            if line.is_keyword() {
                self.lines.hold();
                break;
            }
            for word in line.words() {
                item(line, line.integer(Some(word), "a label")?)?;
            }
        }
        Ok(())
    }

    fn read_node_set(&mut self, name: String) -> Result<()> {
        self.announce("node set", &name)?;
        let nodes = std::mem::take(&mut self.nodes);
        let mut set = Vec::new();
        self.labels(|line, id| {
            let node = nodes.get(id).ok_or_else(|| {
                line.error(
                    format!("node set '{name}' holds node {id}, which the mesh does not have"),
                    "remove it from the set",
                )
            })?;
            set.push(node);
            Ok(())
        })?;
        self.nodes = nodes;
        keep_first(&mut set);
        self.mesh.node_sets.insert(name, set);
        Ok(())
    }

    fn read_element_set(&mut self, name: String) -> Result<()> {
        self.announce("element set", &name)?;
        let elements = std::mem::take(&mut self.elements);
        let (mut set, mut stale) = (Vec::new(), 0usize);
        self.labels(|_, id| {
            match elements.get(id) {
                Some(e) => set.push(e),
                None => stale += 1,
            }
            Ok(())
        })?;
        self.elements = elements;
        warn_stale(self.path, &name, stale);
        keep_first(&mut set);
        self.mesh.element_sets.insert(name, set);
        Ok(())
    }

    fn read_face_set(&mut self, name: String) -> Result<()> {
        self.announce("face set", &name)?;
        let mut set = Vec::new();
        let mut zset = [0; 8];
        while let Some(line) = self.lines.next()? {
            if line.is_keyword() {
                self.lines.hold();
                break;
            }
            let mut words = line.words();
            let kind = words.next().unwrap_or_default();
            let kind: FaceKind = face_kind(kind).ok_or_else(|| {
                line.error(
                    format!("face type '{kind}' of face set '{name}' is not supported"),
                    "supported are t3, t6, q4, q8",
                )
            })?;
            let n = kind.n_nodes();
            let what = format!("face {} ({}) of face set '{name}'", set.len() + 1, kind.name());
            read_nodes_of(line, words, &self.nodes, &what, &mut zset[..n])?;
            set.push(face(kind, &zset[..n], set.len() as u64));
        }
        self.mesh.face_sets.insert(name, set);
        Ok(())
    }
}

/// The nodes of an element or face: exactly as many labels as `out` has places.
fn read_nodes_of<'a>(
    line: Line,
    mut words: impl Iterator<Item = &'a str>,
    nodes: &IdMap,
    what: &str,
    out: &mut [u32],
) -> Result<()> {
    let n = out.len();
    for (k, out) in out.iter_mut().enumerate() {
        let id = line.integer(words.next(), format_args!("node {} of {n} of {what}", k + 1))?;
        *out = nodes.get(id).ok_or_else(|| {
            line.error(
                format!("{what} has node {id}, which the mesh does not have"),
                "check the labels, or the **node section",
            )
        })?;
    }
    match words.next() {
        Some(extra) => {
            Err(line.error(format!("'{extra}' follows the {n} nodes of {what}"), "check its type"))
        }
        None => Ok(()),
    }
}

/// The map from labels to positions, of labels that must be unique.
pub(super) fn unique(path: &Path, line: usize, what: &str, ids: &[u64]) -> Result<IdMap> {
    IdMap::new(ids).map_err(|(a, b)| {
        let place = if line > 0 { format!("section that begins at line {line}") } else { String::new() };
        let problem = format!(
            "{what} label {} appears twice, as {what}s number {} and {} of the section",
            ids[b],
            a + 1,
            b + 1
        );
        Error::input(path, place, problem, "labels must be unique: renumber one of them")
    })
}

/// Says which part of an element set the mesh does not have.
pub(super) fn warn_stale(path: &Path, name: &str, stale: usize) {
    if stale > 0 {
        log::warn!(
            "{}: element set '{name}' names {stale} elements that the mesh does not have; they are left out",
            path.display()
        );
    }
}
