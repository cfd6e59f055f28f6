//! Partition of the elements over subdomains: the dual graph cut by METIS, seeded.

use super::topology::{Face, Mesh, MeshError};
use std::collections::{BTreeMap, HashMap};

/// Subdomain of every element of a whole mesh, balanced by integration points.
///
/// # Errors
/// More subdomains than elements; the partitioner's own failure.
pub fn partition(mesh: &Mesh, parts: usize) -> Result<Vec<u32>, MeshError> {
    let n = mesh.n_elements();
    if parts > n {
        return Err(MeshError::TooManyParts { parts, elements: n });
    }
    if parts <= 1 {
        return Ok(vec![0; n]);
    }
    let fail = |e: &dyn std::fmt::Display| MeshError::Partition(e.to_string());
    if i32::try_from(mesh.n_nodes().max(8 * n)).is_err() {
        return Err(fail(&format_args!(
            "{n} elements exceed its 32-bit numbers; bring a partition made elsewhere"
        )));
    }
    // Vertices alone make the dual graph: mid-side nodes add no adjacency and METIS wants one shared-node count.
    let mut eptr = vec![0i32];
    let mut eind = Vec::new();
    for e in 0..n {
        let vertices = &mesh.nodes_of(e)[..mesh.kinds[e].n_vertices()];
        eind.extend(vertices.iter().map(|&v| v as i32));
        eptr.push(eind.len() as i32);
    }
    let dual = metis::mesh_to_dual(&eptr, &eind, 3).map_err(|e| fail(&e))?;
    let weights: Vec<i32> = mesh.kinds.iter().map(|k| k.n_points() as i32).collect();
    let mut part = vec![0i32; n];
    metis::Graph::new(1, parts as i32, dual.xadj(), dual.adjncy())
        .map_err(|e| fail(&e))?
        .set_vwgt(&weights)
        .set_option(metis::option::Seed(1))
        .part_kway(&mut part)
        .map_err(|e| fail(&e))?;
    let mut part: Vec<u32> = part.into_iter().map(|p| p as u32).collect();
    fill_empty(&mut part, parts);
    Ok(part)
}

/// METIS may leave a part empty when parts are nearly as many as elements: take one element from the largest.
fn fill_empty(part: &mut [u32], parts: usize) {
    let mut count = vec![0usize; parts];
    part.iter().for_each(|&p| count[p as usize] += 1);
    while let Some(empty) = count.iter().position(|&c| c == 0) {
        let Some(largest) = (0..parts).max_by_key(|&p| count[p]) else { return };
        let Some(e) = part.iter().rposition(|&p| p as usize == largest) else { return };
        part[e] = empty as u32;
        count[largest] -= 1;
        count[empty] += 1;
    }
}

/// The mesh of every subdomain, from the whole mesh and the subdomain of each element.
///
/// Nodes and elements keep the order of the whole mesh. A face goes to the subdomain of the lowest element that holds
/// all its nodes; a face of no element goes to the lowest subdomain that has all its nodes, and is dropped where no
/// subdomain does (such faces are stale; loading one is refused when the load is built).
pub fn restrict(mesh: &Mesh, part: &[u32], parts: usize) -> Vec<Mesh> {
    let n_nodes = mesh.n_nodes();
    let mut elements: Vec<Vec<u32>> = vec![Vec::new(); parts];
    for (e, &p) in part.iter().enumerate() {
        elements[p as usize].push(e as u32);
    }
    let owners = face_owners(mesh, part);
    let mut local_of = vec![u32::MAX; n_nodes];
    let mut out = Vec::with_capacity(parts);
    let mut placed: BTreeMap<&str, Vec<bool>> =
        mesh.face_sets.iter().map(|(n, f)| (n.as_str(), vec![false; f.len()])).collect();
    for (p, elements) in elements.iter().enumerate() {
        let mut nodes: Vec<u32> = elements.iter().flat_map(|&e| mesh.nodes_of(e as usize).to_vec()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        local_of.fill(u32::MAX);
        for (l, &g) in nodes.iter().enumerate() {
            local_of[g as usize] = l as u32;
        }
        let mut sub = Mesh {
            node_ids: nodes.iter().map(|&g| mesh.node_ids[g as usize]).collect(),
            node_index: nodes.iter().map(|&g| mesh.node_index[g as usize]).collect(),
            points: nodes.iter().map(|&g| mesh.points[g as usize]).collect(),
            offsets: vec![0],
            n_nodes_global: mesh.n_nodes_global,
            n_elements_global: mesh.n_elements_global,
            n_faces_global: mesh.n_faces_global.clone(),
            conventions: mesh.conventions,
            ..Mesh::default()
        };
        let mut local_element = HashMap::with_capacity(elements.len());
        for &e in elements {
            local_element.insert(e, sub.kinds.len() as u32);
            let e = e as usize;
            sub.element_ids.push(mesh.element_ids[e]);
            sub.element_index.push(mesh.element_index[e]);
            sub.kinds.push(mesh.kinds[e]);
            sub.connectivity.extend(mesh.nodes_of(e).iter().map(|&g| local_of[g as usize]));
            sub.offsets.push(sub.connectivity.len() as u32);
        }
        for (name, set) in &mesh.node_sets {
            let local = set.iter().map(|&g| local_of[g as usize]).filter(|&l| l != u32::MAX).collect();
            sub.node_sets.insert(name.clone(), local);
        }
        for (name, set) in &mesh.element_sets {
            let local = set.iter().filter_map(|e| local_element.get(e).copied()).collect();
            sub.element_sets.insert(name.clone(), local);
        }
        for (name, set) in &mesh.face_sets {
            let mut local = Vec::new();
            let done = placed.get_mut(name.as_str());
            let mut done = done.map(|d| d.iter_mut()).into_iter().flatten();
            for (face, owner) in set.iter().zip(&owners[name]) {
                let Some(done) = done.next() else { break };
                let here = face.nodes().iter().all(|&g| local_of[g as usize] != u32::MAX);
                if *done || !here || owner.is_some_and(|o| o as usize != p) {
                    continue;
                }
                *done = true;
                let mut nodes = [0; 8];
                for (l, &g) in nodes.iter_mut().zip(face.nodes()) {
                    *l = local_of[g as usize];
                }
                local.push(Face { nodes, ..*face });
            }
            sub.face_sets.insert(name.clone(), local);
        }
        out.push(sub);
    }
    out
}

/// Subdomain of the lowest element that holds all nodes of each face, where there is one.
fn face_owners(mesh: &Mesh, part: &[u32]) -> BTreeMap<String, Vec<Option<u32>>> {
    let mut elements_of: Vec<Vec<u32>> = Vec::new();
    if !mesh.face_sets.is_empty() {
        elements_of.resize(mesh.n_nodes(), Vec::new());
        for e in 0..mesh.n_elements() {
            for &n in mesh.nodes_of(e) {
                elements_of[n as usize].push(e as u32);
            }
        }
    }
    let owner = |face: &Face| {
        let nodes = face.nodes();
        elements_of[nodes[0] as usize]
            .iter()
            .find(|e| nodes[1..].iter().all(|&n| elements_of[n as usize].contains(e)))
            .map(|&e| part[e as usize])
    };
    mesh.face_sets.iter().map(|(name, set)| (name.clone(), set.iter().map(owner).collect())).collect()
}
