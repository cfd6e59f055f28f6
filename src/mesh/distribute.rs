//! From a whole mesh on rank 0 to one subdomain per rank.

use super::topology::{Conventions, Face, Mesh, MeshError};
use super::{ElementKind, FaceKind, partition, restrict};
use crate::error::Result;
use crate::parallel::{Comm, agree};
use std::collections::BTreeMap;

/// Cuts the whole mesh that rank 0 holds (others pass `None`) and gives each rank its subdomain. `part` may bring the
/// subdomain of each element from elsewhere.
///
/// # Errors
/// More ranks than elements; a `part` that names a subdomain there is no rank for, or has not one entry per element; the
/// partitioner's failure. The same on every rank.
///
/// # Collective
pub fn distribute(comm: &Comm, whole: Option<Mesh>, part: Option<Vec<u32>>) -> Result<Mesh> {
    let pieces = match &whole {
        Some(mesh) => part
            .map_or_else(|| partition(mesh, comm.size()), |part| checked(mesh, part, comm.size()))
            .map(|part| restrict(mesh, &part, comm.size()))
            .map_err(crate::Error::from),
        None => Ok(Vec::new()),
    };
    drop(whole);
    let pieces = agree(comm, pieces)?;
    let packed: Vec<Packed> = pieces.iter().map(pack).collect();
    drop(pieces);
    let words = comm.scatter(&packed.iter().map(|p| p.words.clone()).collect::<Vec<_>>(), 0);
    let reals = comm.scatter(&packed.iter().map(|p| p.reals.clone()).collect::<Vec<_>>(), 0);
    let names = comm.scatter(&packed.into_iter().map(|p| p.names).collect::<Vec<_>>(), 0);
    Ok(unpack(&words, &reals, &names))
}

/// A partition from elsewhere, when it fits the mesh and the ranks.
fn checked(mesh: &Mesh, part: Vec<u32>, parts: usize) -> std::result::Result<Vec<u32>, MeshError> {
    if part.len() != mesh.n_elements() {
        let (entries, elements) = (part.len(), mesh.n_elements());
        return Err(MeshError::GivenPartition(format!("it has {entries} entries for {elements} elements")));
    }
    match part.iter().position(|&p| p as usize >= parts) {
        Some(e) => Err(MeshError::GivenPartition(format!(
            "it puts element {} in subdomain {} (from 0), but there are {parts} ranks; run on as many ranks as subdomains",
            mesh.element_ids[e], part[e]
        ))),
        None => Ok(part),
    }
}

/// A mesh as three flat arrays, to be sent.
#[derive(Default)]
struct Packed {
    words: Vec<u64>,
    reals: Vec<f64>,
    names: Vec<u8>,
}

fn pack(mesh: &Mesh) -> Packed {
    let mut out = Packed::default();
    let w = &mut out.words;
    let mut list = |items: &mut dyn ExactSizeIterator<Item = u64>| {
        w.push(items.len() as u64);
        w.extend(items);
    };
    list(&mut mesh.node_ids.iter().copied());
    list(&mut mesh.node_index.iter().copied());
    list(&mut mesh.element_ids.iter().copied());
    list(&mut mesh.element_index.iter().copied());
    list(&mut mesh.kinds.iter().map(|k| u64::from(k.code())));
    list(&mut mesh.offsets.iter().map(|&o| u64::from(o)));
    list(&mut mesh.connectivity.iter().map(|&n| u64::from(n)));
    let conventions = u64::from(mesh.conventions == Conventions::Calculix);
    list(&mut [mesh.n_nodes_global, mesh.n_elements_global, conventions].into_iter());
    for sets in [&mesh.node_sets, &mesh.element_sets] {
        list(&mut [sets.len() as u64].into_iter());
        for set in sets.values() {
            list(&mut set.iter().map(|&i| u64::from(i)));
        }
    }
    list(&mut [mesh.face_sets.len() as u64].into_iter());
    for (name, set) in &mesh.face_sets {
        list(&mut [mesh.n_faces_global.get(name).copied().unwrap_or(0)].into_iter());
        let flat: Vec<u64> = set
            .iter()
            .flat_map(|f| {
                let nodes = f.nodes.iter().map(|&n| u64::from(n));
                [f.position, f.kind.n_nodes() as u64].into_iter().chain(nodes)
            })
            .collect();
        list(&mut flat.into_iter());
    }
    out.reals = mesh.points.iter().flatten().copied().collect();
    let names = mesh.node_sets.keys().chain(mesh.element_sets.keys()).chain(mesh.face_sets.keys());
    for name in names {
        out.names.extend_from_slice(name.as_bytes());
        out.names.push(b'\n');
    }
    out
}

fn unpack(words: &[u64], reals: &[f64], names: &[u8]) -> Mesh {
    let text = String::from_utf8_lossy(names);
    let mut names = text.split('\n').map(str::to_owned);
    let mut at = 0;
    let mut list = || {
        let n = words[at] as usize;
        at += n + 1;
        &words[at - n..at]
    };
    let small = |list: &[u64]| list.iter().map(|&x| x as u32).collect::<Vec<u32>>();
    let mut mesh = Mesh {
        node_ids: list().to_vec(),
        node_index: list().to_vec(),
        element_ids: list().to_vec(),
        element_index: list().to_vec(),
        kinds: list().iter().filter_map(|&c| ElementKind::from_code(c as u8)).collect(),
        offsets: small(list()),
        connectivity: small(list()),
        points: reals.chunks_exact(3).map(|x| [x[0], x[1], x[2]]).collect(),
        ..Mesh::default()
    };
    let counts = list();
    (mesh.n_nodes_global, mesh.n_elements_global) = (counts[0], counts[1]);
    if counts[2] == 1 {
        mesh.conventions = Conventions::Calculix;
    }
    let mut sets = || -> BTreeMap<String, Vec<u32>> {
        let n = list()[0];
        (0..n).map(|_| (names.next().unwrap_or_default(), small(list()))).collect()
    };
    mesh.node_sets = sets();
    mesh.element_sets = sets();
    for _ in 0..list()[0] {
        let name = names.next().unwrap_or_default();
        mesh.n_faces_global.insert(name.clone(), list()[0]);
        let faces = list().chunks_exact(10).filter_map(|f| {
            let mut nodes = [0; 8];
            nodes.iter_mut().zip(&f[2..]).for_each(|(n, &w)| *n = w as u32);
            FaceKind::from_nodes(f[1] as usize).map(|kind| Face { kind, nodes, position: f[0] })
        });
        mesh.face_sets.insert(name, faces.collect());
    }
    mesh
}
