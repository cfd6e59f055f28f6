//! Results by sub-domains: `cube-001.ut`, `cube-002.ut`, … put together to one structure.
//!
//! Sub-domain meshes keep the labels of nodes and elements of the whole, so everything is found from labels. The order
//! of the whole is that of the mesh named in `cube.cut` where it is there, since files for the whole (temperature,
//! pressure) follow it. Otherwise nodes and elements come by ascending label, and the faces of a set sub-domain after
//! sub-domain.

use super::layout::Layout;
use super::lines::Lines;
use super::places::{Place, Places};
use super::read_mesh;
use super::ut::UtIndex;
use crate::error::{Error, Result};
use crate::formats::ids::IdMap;
use crate::mesh::{Face, Mesh};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// One sub-domain and where its parts lie in the whole.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Its number, from 1.
    pub number: u32,
    /// Its index.
    pub index: UtIndex,
    /// How its values lie in its files.
    pub layout: Layout,
    /// Position in the whole of each of its nodes, in its own order: that of its temperature files.
    pub nodes: Vec<u64>,
    /// Position in the whole of each of its elements.
    pub elements: Vec<u64>,
    /// Position in the whole set of each of its faces: the order of its pressure files.
    pub faces: BTreeMap<String, Vec<u64>>,
}

/// A computation by sub-domains.
#[derive(Debug, Clone)]
pub struct Decomposition {
    /// The whole structure, closed.
    pub mesh: Mesh,
    /// Sub-domain of each element, from 0.
    pub part: Vec<u32>,
    /// The sub-domains, by number.
    pub pieces: Vec<Piece>,
}

impl Decomposition {
    /// Where every node and element of the whole is stored.
    pub fn places(&self) -> Places {
        let list = |of: fn(&Piece) -> &Vec<u64>| {
            let places = self.pieces.iter().zip(0..).flat_map(|(p, piece)| {
                of(p).iter().zip(0..).map(move |(&global, local)| Place { global, piece, local })
            });
            places.collect()
        };
        Places::new(
            self.mesh.n_nodes_global,
            self.mesh.n_elements_global,
            list(|p| &p.nodes),
            list(|p| &p.elements),
        )
    }
}

/// Reads the meshes and indices of all sub-domains of `stem` (`results/cube` for `results/cube-001.ut`, …).
///
/// # Errors
/// No sub-domains, a gap in their numbers, states that differ; an element in two sub-domains, a node at two places, a
/// whole mesh that is not theirs; whatever reading a mesh or an index finds.
pub fn read_subdomains(stem: &Path) -> Result<Decomposition> {
    let found = siblings(stem)?;
    let cut = stem.with_extension("cut");
    let cut = if cut.is_file() { Some(read_cut(&cut)?) } else { None };
    if let Some(n) = cut.as_ref().and_then(|c| c.domains).filter(|&n| n < found.len() as u64) {
        let problem =
            format!("there are results of {} sub-domains, but {}.cut has {n}", found.len(), stem.display());
        return Err(Error::input(stem, "", problem, "remove the files of another decomposition"));
    }
    let expected = cut.as_ref().and_then(|c| c.domains).unwrap_or(found.len() as u64);
    if let Some(missing) = (1..=expected.max(found.len() as u64)).find(|&k| !found.contains_key(&k)) {
        let problem = format!("sub-domain {missing} of {} is missing", expected.max(found.len() as u64));
        return Err(Error::input(
            stem,
            "",
            problem,
            format!("copy {}-{missing:03}.ut and its files there", stem.display()),
        ));
    }
    let mut parts: Vec<(Piece, Mesh)> = Vec::with_capacity(found.len());
    for (number, path) in (1..).zip(found.into_values()) {
        let index = UtIndex::read(&path)?;
        if let Some((first, _)) = parts.first().filter(|(p, _)| p.index.steps != index.steps) {
            let problem = format!("its states are not those of {}", first.index.path.display());
            return Err(Error::input(&path, "", problem, "write the results of all sub-domains again"));
        }
        let mesh = read_mesh(&index.mesh_path())?;
        let layout = Layout::of(&mesh);
        let piece =
            Piece { number, index, layout, nodes: Vec::new(), elements: Vec::new(), faces: BTreeMap::new() };
        parts.push((piece, mesh));
    }
    let whole_file = cut.and_then(|c| c.global_mesh).filter(|path| path.is_file());
    let whole = match &whole_file {
        Some(path) => read_mesh(path)?,
        None => union(&parts)?,
    };
    let name = whole_file.as_deref().unwrap_or(stem);
    locate(name, whole, parts)
}

/// `stem-###.ut`, by number.
fn siblings(stem: &Path) -> Result<BTreeMap<u64, PathBuf>> {
    let folder = match stem.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let name = stem.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let cannot =
        |e: std::io::Error| Error::input(folder, "", format!("cannot be read ({e})"), "check the path");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let number =
            file.strip_prefix(&name).and_then(|s| s.strip_prefix('-')).and_then(|s| s.strip_suffix(".ut"));
        let digits = number.filter(|n| n.len() >= 3 && n.bytes().all(|b| b.is_ascii_digit()));
        if let Some(number) = digits.and_then(|n| n.parse().ok()) {
            found.insert(number, path);
        }
    }
    if found.is_empty() {
        return Err(Error::input(
            stem,
            "",
            "there are no results by sub-domains",
            format!("check that {name}-001.ut exists"),
        ));
    }
    Ok(found)
}

/// What is needed of a `.cut`.
struct Cut {
    global_mesh: Option<PathBuf>,
    domains: Option<u64>,
}

fn read_cut(path: &Path) -> Result<Cut> {
    let mut cut = Cut { global_mesh: None, domains: None };
    let mut lines = Lines::open(path)?;
    while let Some(line) = lines.next()? {
        let mut words = line.words();
        match words.next() {
            Some("**global_mesh") => {
                let name = words
                    .next()
                    .ok_or_else(|| line.error("**global_mesh has no name", "write it on the same line"))?;
                cut.global_mesh = Some(path.parent().unwrap_or(Path::new("")).join(name));
            }
            Some("**domains") => cut.domains = Some(line.integer(words.next(), "the number of sub-domains")?),
            Some("***splitted") => break,
            _ => {}
        }
    }
    Ok(cut)
}

/// The whole from its parts alone.
fn union(parts: &[(Piece, Mesh)]) -> Result<Mesh> {
    // (label, sub-domain, local), by label
    let sorted = |ids: fn(&Mesh) -> &Vec<u64>| -> Vec<(u64, usize, usize)> {
        let all = parts
            .iter()
            .enumerate()
            .flat_map(|(p, (_, m))| ids(m).iter().enumerate().map(move |(i, &id)| (id, p, i)));
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all
    };
    let mut whole = Mesh::default();
    for same in sorted(|m| &m.node_ids).chunk_by(|a, b| a.0 == b.0) {
        let (id, p, i) = same[0];
        whole.node_ids.push(id);
        whole.points.push(parts[p].1.points[i]);
    }
    let nodes = labels(&whole.node_ids);
    for same in sorted(|m| &m.element_ids).chunk_by(|a, b| a.0 == b.0) {
        let (id, p, i) = same[0];
        let mesh = &parts[p].1;
        let connectivity: Vec<u32> =
            mesh.nodes_of(i).iter().filter_map(|&n| nodes.get(mesh.node_ids[n as usize])).collect();
        whole.push_element(id, mesh.kinds[i], &connectivity);
    }
    let elements = labels(&whole.element_ids);
    let mut node_sets: BTreeMap<&String, BTreeSet<u32>> = BTreeMap::new();
    let mut element_sets: BTreeMap<&String, BTreeSet<u32>> = BTreeMap::new();
    for (_, mesh) in parts {
        for (name, set) in &mesh.node_sets {
            let ids = set.iter().filter_map(|&n| nodes.get(mesh.node_ids[n as usize]));
            node_sets.entry(name).or_default().extend(ids);
        }
        for (name, set) in &mesh.element_sets {
            let ids = set.iter().filter_map(|&e| elements.get(mesh.element_ids[e as usize]));
            element_sets.entry(name).or_default().extend(ids);
        }
        for (name, set) in &mesh.face_sets {
            let all = whole.face_sets.entry(name.clone()).or_default();
            for face in set {
                let mut face = Face { position: all.len() as u64, ..*face };
                for n in face.nodes[..face.kind.n_nodes()].iter_mut() {
                    *n = nodes.get(mesh.node_ids[*n as usize]).unwrap_or(*n);
                }
                all.push(face);
            }
        }
    }
    let flat = |sets: BTreeMap<&String, BTreeSet<u32>>| {
        sets.into_iter().map(|(name, set)| (name.clone(), set.into_iter().collect())).collect()
    };
    (whole.node_sets, whole.element_sets) = (flat(node_sets), flat(element_sets));
    whole.close_whole();
    Ok(whole)
}

/// Labels that are known to be unique.
fn labels(ids: &[u64]) -> IdMap {
    IdMap::new(ids).unwrap_or_default()
}

/// Finds every part in the whole, and that they are the same there. `name`: of the whole, for messages.
fn locate(name: &Path, whole: Mesh, parts: Vec<(Piece, Mesh)>) -> Result<Decomposition> {
    const SAME: &str = "use the meshes that Z-set wrote together";
    let (nodes, elements) = (labels(&whole.node_ids), labels(&whole.element_ids));
    let size = whole.points.iter().flatten().fold(0.0, |m: f64, x| m.max(x.abs()));
    let mut part = vec![u32::MAX; whole.n_elements()];
    let mut held = vec![false; whole.n_nodes()];
    let mut pieces = Vec::with_capacity(parts.len());
    for ((mut piece, mesh), p) in parts.into_iter().zip(0..) {
        let file = piece.index.mesh_path();
        let not_there = |what: &str, id: u64| {
            Error::input(&file, "", format!("{what} {id} is not in {}", name.display()), SAME)
        };
        for (&id, x) in mesh.node_ids.iter().zip(&mesh.points) {
            let n = nodes.get(id).ok_or_else(|| not_there("node", id))?;
            let y = whole.points[n as usize];
            if (0..3).any(|c| (x[c] - y[c]).abs() > 1e-12 * size) {
                let problem = format!("node {id} is at {x:?} here, at {y:?} in {}", name.display());
                return Err(Error::input(&file, "", problem, SAME));
            }
            held[n as usize] = true;
            piece.nodes.push(n.into());
        }
        for (e, &id) in mesh.element_ids.iter().enumerate() {
            let g = elements.get(id).ok_or_else(|| not_there("element", id))? as usize;
            let there = whole.nodes_of(g).iter().map(|&n| whole.node_ids[n as usize]);
            let here = mesh.nodes_of(e).iter().map(|&n| mesh.node_ids[n as usize]);
            if whole.kinds[g] != mesh.kinds[e] || !here.eq(there) {
                let problem =
                    format!("element {id} has another type or other nodes than in {}", name.display());
                return Err(Error::input(&file, "", problem, SAME));
            }
            if part[g] != u32::MAX {
                let problem = format!("element {id} is in sub-domain {} too", part[g] + 1);
                return Err(Error::input(&file, "", problem, "an element belongs to one sub-domain"));
            }
            part[g] = p;
            piece.elements.push(g as u64);
        }
        pieces.push((piece, mesh));
    }
    if let Some(e) = part.iter().position(|&p| p == u32::MAX) {
        let problem = format!("element {} is in no sub-domain", whole.element_ids[e]);
        return Err(Error::input(name, "", problem, SAME));
    }
    let lost = held.iter().filter(|h| !**h).count();
    if lost > 0 {
        log::warn!("{}: {lost} nodes are in no sub-domain; fields are 0 there", name.display());
    }
    let pieces = locate_faces(&whole, pieces);
    Ok(Decomposition { mesh: whole, part, pieces })
}

/// Finds the faces of each sub-domain in the sets of the whole, by the labels of their nodes.
fn locate_faces(whole: &Mesh, parts: Vec<(Piece, Mesh)>) -> Vec<Piece> {
    let key = |mesh: &Mesh, face: &Face| {
        let mut ids: Vec<u64> = face.nodes().iter().map(|&n| mesh.node_ids[n as usize]).collect();
        ids.sort_unstable();
        ids
    };
    // Positions of equal faces of a set, the last first: each is given away once.
    let mut known: BTreeMap<&str, HashMap<Vec<u64>, Vec<u64>>> = BTreeMap::new();
    for (name, set) in &whole.face_sets {
        let places = known.entry(name).or_default();
        for face in set.iter().rev() {
            places.entry(key(whole, face)).or_default().push(face.position);
        }
    }
    let mut pieces = Vec::with_capacity(parts.len());
    for (mut piece, mesh) in parts {
        for (name, set) in &mesh.face_sets {
            let mut lost = 0;
            let mut find = |face: &Face| {
                let position = known.get_mut(name.as_str()).and_then(|k| k.get_mut(&key(&mesh, face))?.pop());
                lost += usize::from(position.is_none());
                position
            };
            let positions: Vec<u64> = set.iter().map(|f| find(f).unwrap_or(u64::MAX)).collect();
            if lost > 0 {
                let file = piece.index.mesh_path();
                log::warn!(
                    "{}: {lost} faces of set '{name}' are not in the whole; it is left out",
                    file.display()
                );
            } else {
                piece.faces.insert(name.clone(), positions);
            }
        }
        pieces.push(piece);
    }
    pieces
}
