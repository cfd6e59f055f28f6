//! Node, element and face sets: in the file once, by positions in the whole structure.

use super::hdf::Source;
use super::mesh_write::on_root;
use super::names::{decode, encode};
use super::output::Output;
use crate::error::Result;
use crate::mesh::{Face, FaceKind, Mesh};
use crate::parallel::{Comm, agree};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};

/// Writes all sets.
///
/// # Collective
pub(super) fn write(comm: &Comm, out: &mut Option<Output>, mesh: &Mesh) -> Result<()> {
    for (group, sets, index) in [
        ("node_sets", &mesh.node_sets, &mesh.node_index),
        ("element_sets", &mesh.element_sets, &mesh.element_index),
    ] {
        on_root(comm, out, |out| out.group(&format!("ferrom/mesh/{group}")))?;
        for name in all_names(comm, sets.keys()) {
            let mine: Vec<u64> =
                sets.get(&name).map_or(Vec::new(), |s| s.iter().map(|&i| index[i as usize]).collect());
            let (all, counts) = comm.gather(&mine, 0);
            on_root(comm, out, |out| {
                let members = merge_orders(&split(&all, &counts));
                out.whole(&format!("ferrom/mesh/{group}/{}", encode(&name)), &[members.len()], &members)
            })?;
        }
    }
    on_root(comm, out, |out| out.group("ferrom/mesh/face_sets"))?;
    for name in all_names(comm, mesh.face_sets.keys()) {
        // A face as ten numbers: position, number of nodes, nodes.
        let mine: Vec<u64> = mesh.face_sets.get(&name).map_or(Vec::new(), |faces| {
            let flat = faces.iter().flat_map(|f| {
                let mut row = [u64::MAX; 10];
                row[0] = f.position;
                row[1] = f.kind.n_nodes() as u64;
                row[2..].iter_mut().zip(f.nodes()).for_each(|(r, &n)| *r = mesh.node_index[n as usize]);
                row
            });
            flat.collect()
        });
        let known = mesh.n_faces_global.get(&name).copied().unwrap_or(0);
        let total = comm.max_u64(known);
        let (all, _) = comm.gather(&mine, 0);
        on_root(comm, out, |out| {
            let mut rows: Vec<&[u64]> = all.chunks_exact(10).collect();
            rows.sort_unstable();
            let group = format!("ferrom/mesh/face_sets/{}", encode(&name));
            out.group(&group)?;
            out.attribute(&group, "n_faces", &[total.max(rows.len() as u64)])?;
            let n_nodes: Vec<u8> = rows.iter().map(|r| r[1] as u8).collect();
            let nodes: Vec<u64> = rows.iter().flat_map(|r| r[2..].iter().copied()).collect();
            let position: Vec<u64> = rows.iter().map(|r| r[0]).collect();
            out.whole(&format!("{group}/n_nodes"), &[rows.len()], &n_nodes)?;
            out.whole(&format!("{group}/nodes"), &[rows.len(), 8], &nodes)?;
            out.whole(&format!("{group}/position"), &[rows.len()], &position)
        })?;
    }
    Ok(())
}

/// The names that any rank has, sorted.
pub(super) fn all_names<'a>(comm: &Comm, mine: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let mut bytes = Vec::new();
    for name in mine {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
    }
    let (all, _) = comm.all_gather(&bytes);
    all.split(|b| *b == 0)
        .filter(|n| !n.is_empty())
        .map(|n| String::from_utf8_lossy(n).into_owned())
        .collect()
}

fn split<'a>(all: &'a [u64], counts: &[usize]) -> Vec<&'a [u64]> {
    let mut at = 0;
    let mut parts = Vec::new();
    for &n in counts {
        parts.push(&all[at..at + n]);
        at += n;
    }
    parts
}

/// One order that keeps the order of every rank's part, ties by the lower number: what the source's order was, as far
/// as the parts still tell.
fn merge_orders(parts: &[&[u64]]) -> Vec<u64> {
    let mut before: HashMap<u64, u32> = HashMap::new();
    let mut after: HashMap<u64, Vec<u64>> = HashMap::new();
    for part in parts {
        let mut seen = HashSet::new();
        let mut previous = None;
        for &item in part.iter().filter(|i| seen.insert(**i)) {
            before.entry(item).or_insert(0);
            if let Some(p) = previous {
                after.entry(p).or_default().push(item);
                *before.entry(item).or_insert(0) += 1;
            }
            previous = Some(item);
        }
    }
    let mut free: BinaryHeap<Reverse<u64>> =
        before.iter().filter(|(_, n)| **n == 0).map(|(i, _)| Reverse(*i)).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(Reverse(item)) = free.pop() {
        order.push(item);
        before.remove(&item);
        for next in after.remove(&item).unwrap_or_default() {
            if let Some(n) = before.get_mut(&next) {
                *n -= 1;
                if *n == 0 {
                    free.push(Reverse(next));
                }
            }
        }
    }
    // Parts that contradict each other leave a rest: by number.
    let mut rest: Vec<u64> = before.into_keys().collect();
    rest.sort_unstable();
    order.extend(rest);
    order
}

/// Reads all sets into `mesh`, whose nodes and elements are sorted by their positions in the whole structure.
/// A face goes to the rank of the lowest element that holds all its nodes.
///
/// # Errors
/// What is wrong in the file, the same on every rank.
///
/// # Collective
pub(super) fn read(comm: &Comm, file: &Source, mesh: &mut Mesh) -> Result<()> {
    agree(comm, read_plain(file, mesh))?;
    let names = agree(comm, file.members("ferrom/mesh/face_sets"))?;
    let around = if names.is_empty() { Around::default() } else { Around::new(mesh) };
    for link in names {
        let group = format!("ferrom/mesh/face_sets/{link}");
        let (faces, total) = agree(comm, read_faces(file, &group, mesh.n_nodes_global))?;
        let candidates: Vec<Option<(Face, u64)>> = faces.iter().map(|f| around.owner(mesh, f)).collect();
        // The lowest element wins, over all ranks; f64 keeps positions below 2^53 exactly.
        let mut lowest: Vec<f64> = candidates
            .iter()
            .map(|c| c.map_or(f64::NEG_INFINITY, |(_, element)| -(element as f64)))
            .collect();
        let own = lowest.clone();
        comm.max(&mut lowest);
        let kept = candidates.into_iter().zip(own.iter().zip(&lowest)).filter(|(_, (a, b))| a == b);
        let name = decode(&link);
        mesh.face_sets.insert(name.clone(), kept.filter_map(|(c, _)| c.map(|(face, _)| face)).collect());
        mesh.n_faces_global.insert(name, total);
    }
    Ok(())
}

fn read_plain(file: &Source, mesh: &mut Mesh) -> Result<()> {
    for (group, what) in [("node_sets", "node"), ("element_sets", "element")] {
        let mut sets = BTreeMap::new();
        let (index, total) = match what {
            "node" => (&mesh.node_index, mesh.n_nodes_global),
            _ => (&mesh.element_index, mesh.n_elements_global),
        };
        for link in file.members(&format!("ferrom/mesh/{group}"))? {
            let table = file.dataset(&format!("ferrom/mesh/{group}/{link}"))?;
            let mut local = Vec::new();
            table.pieces::<u64>(|_, members| {
                for m in members {
                    if m >= total {
                        let problem = format!("names {what} position {m} but there are {total}");
                        return Err(table
                            .wrong(problem, "positions count from 0 in the order of the whole structure"));
                    }
                    if let Ok(at) = index.binary_search(&m) {
                        local.push(at as u32);
                    }
                }
                Ok(())
            })?;
            sets.insert(decode(&link), local);
        }
        match what {
            "node" => mesh.node_sets = sets,
            _ => mesh.element_sets = sets,
        }
    }
    Ok(())
}

/// A face of the file: nodes by position in the whole structure.
struct FileFace {
    kind: FaceKind,
    nodes: [u64; 8],
    position: u64,
}

fn read_faces(file: &Source, group: &str, n_nodes_global: u64) -> Result<(Vec<FileFace>, u64)> {
    let table = file.dataset(&format!("{group}/nodes"))?;
    table.expect(&[None, Some(8)])?;
    let nodes = table.all::<u64>()?;
    let n = table.rows();
    let counts = file.dataset(&format!("{group}/n_nodes"))?;
    counts.expect(&[Some(n)])?;
    let counts = counts.all::<u8>()?;
    let position = match file.optional(&format!("{group}/position"))? {
        Some(table) => {
            table.expect(&[Some(n)])?;
            table.all::<u64>()?
        }
        None => (0..n as u64).collect(),
    };
    let total = file.attribute::<u64>(group, "n_faces")?.unwrap_or(n as u64);
    if let Some(p) = position.iter().find(|p| **p >= total) {
        return Err(file.wrong(
            group,
            format!("a face has position {p} but there are {total}"),
            "positions count from 0",
        ));
    }
    let mut faces = Vec::with_capacity(n);
    for (f, row) in nodes.chunks_exact(8).enumerate() {
        let count = usize::from(counts[f]);
        let Some(kind) = FaceKind::from_nodes(count) else {
            return Err(table.wrong(format!("face {f} has {count} nodes"), "faces have 3, 4, 6 or 8"));
        };
        if let Some(bad) = row[..count].iter().find(|n| **n >= n_nodes_global) {
            let problem = format!("face {f} names node position {bad} but there are {n_nodes_global}");
            return Err(table.wrong(problem, "positions count from 0 in the order of the whole structure"));
        }
        let mut nodes = [u64::MAX; 8];
        nodes[..count].copy_from_slice(&row[..count]);
        faces.push(FileFace { kind, nodes, position: position[f] });
    }
    Ok((faces, total))
}

/// The elements around each local node, in compressed rows.
#[derive(Default)]
struct Around {
    starts: Vec<u32>,
    elements: Vec<u32>,
}

impl Around {
    fn new(mesh: &Mesh) -> Around {
        let mut starts = vec![0u32; mesh.n_nodes() + 1];
        mesh.connectivity.iter().for_each(|&n| starts[n as usize + 1] += 1);
        for n in 0..mesh.n_nodes() {
            starts[n + 1] += starts[n];
        }
        let mut next = starts.clone();
        let mut elements = vec![0u32; mesh.connectivity.len()];
        for e in 0..mesh.n_elements() {
            for &n in mesh.nodes_of(e) {
                elements[next[n as usize] as usize] = e as u32;
                next[n as usize] += 1;
            }
        }
        Around { starts, elements }
    }

    fn of(&self, node: u32) -> &[u32] {
        &self.elements[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// The face in local nodes and the position of the lowest local element that holds all of them. A face whose nodes
    /// are all here but in no single element counts as after every element.
    fn owner(&self, mesh: &Mesh, face: &FileFace) -> Option<(Face, u64)> {
        let mut nodes = [0u32; 8];
        let n = face.kind.n_nodes();
        for (local, global) in nodes.iter_mut().zip(&face.nodes[..n]) {
            *local = mesh.node_index.binary_search(global).ok()? as u32;
        }
        let element = self.of(nodes[0]).iter().find(|e| nodes[1..n].iter().all(|&x| self.of(x).contains(e)));
        let position = match element {
            Some(&e) => mesh.element_index[e as usize],
            None => mesh.n_elements_global,
        };
        Some((Face { kind: face.kind, nodes, position: face.position }, position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_set_is_rebuilt_from_its_parts() {
        assert_eq!(merge_orders(&[&[5, 2, 9, 2]]), [5, 2, 9]);
        // Node 2 is on the interface: it ties both orders together.
        assert_eq!(merge_orders(&[&[5, 2], &[2, 1]]), [5, 2, 1]);
        assert_eq!(merge_orders(&[&[1, 4], &[2, 3]]), [1, 2, 3, 4]);
        // Orders that contradict each other lose no member.
        assert_eq!(merge_orders(&[&[1, 2], &[2, 1]]), [1, 2]);
        assert!(merge_orders(&[]).is_empty());
    }
}
