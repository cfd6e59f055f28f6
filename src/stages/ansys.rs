//! Results of Ansys on any number of ranks: rank 0 reads the mesh, every rank its share of the values.

use super::mesh::{of_file, share_mesh, share_quantities};
use crate::error::Result;
use crate::formats::ansys::rst::RstResults;
use crate::mesh::Subdomain;
use crate::parallel::{Comm, agree};
use std::collections::HashMap;
use std::path::Path;

/// Results of Ansys, open on every rank.
pub(super) struct AnsysResults {
    pub sub: Subdomain,
    pub times: Vec<f64>,
    pub has_displacement: bool,
    /// Quantities at integration points, with their components.
    pub quantities: Vec<(String, usize)>,
    results: RstResults,
    /// The nodes that are asked for displacements: the local ones (of one that the file has not, the first end of its edge), then
    /// the second ends.
    asked: Vec<u64>,
    /// Local positions of the nodes that the file has not.
    means: Vec<usize>,
    /// Angles of the nodes that are asked and whose system is not the global one, by number.
    angles: HashMap<u64, [f64; 3]>,
}

/// What rank 0 finds.
struct Found {
    mesh: crate::mesh::Mesh,
    quantities: Vec<(String, usize)>,
    angles: Vec<(u64, [f64; 3])>,
    means: Vec<[u64; 3]>,
}

impl AnsysResults {
    /// Opens `file.rst`, or the parts of a distributed run.
    ///
    /// # Errors
    /// As [`RstResults::open`]; results that are not a history of displacements; a mesh that is not supported.
    ///
    /// # Collective
    pub fn open(comm: &Comm, path: &Path) -> Result<AnsysResults> {
        let results = agree(comm, RstResults::open(path))?;
        let found = if comm.is_root() { find(&results).map(Some) } else { Ok(None) };
        let found = agree(comm, found)?;
        let (mut quantities, mut labels, mut values, mut ends) =
            <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
        if let Some(found) = &found {
            quantities = found.quantities.clone();
            labels = found.angles.iter().map(|a| a.0).collect();
            values = found.angles.iter().flat_map(|a| a.1).collect();
            ends = found.means.concat();
        }
        comm.broadcast_vec(&mut labels, 0);
        comm.broadcast_vec(&mut values, 0);
        comm.broadcast_vec(&mut ends, 0);
        let sub = share_mesh(comm, found.map(|f| f.mesh), None).map_err(|e| of_file(e, path))?;
        let turned: HashMap<u64, [f64; 3]> =
            labels.into_iter().zip(values.chunks_exact(3).map(|a| [a[0], a[1], a[2]])).collect();
        let ends: HashMap<u64, [u64; 2]> = ends.chunks_exact(3).map(|m| (m[0], [m[1], m[2]])).collect();
        let means: Vec<usize> =
            (0..).zip(&sub.mesh.node_ids).filter(|(_, id)| ends.contains_key(id)).map(|m| m.0).collect();
        let mut asked = sub.mesh.node_ids.clone();
        for &n in &means {
            let [a, b] = ends[&asked[n]];
            asked[n] = a;
            asked.push(b);
        }
        let angles = asked.iter().filter_map(|id| Some((*id, *turned.get(id)?))).collect();
        let quantities = share_quantities(comm, quantities);
        let has_displacement = agree(comm, results.has_displacement())?;
        Ok(AnsysResults {
            sub,
            times: results.times(),
            has_displacement,
            quantities,
            results,
            asked,
            means,
            angles,
        })
    }

    /// Displacement of the local nodes at a time, `3 n_nodes`.
    ///
    /// # Collective
    pub fn displacement(&self, comm: &Comm, step: usize) -> Result<Vec<f64>> {
        let n = self.sub.mesh.n_nodes();
        let mut u = agree(comm, self.results.displacement(step, &self.asked, &self.angles))?;
        for (&mid, k) in self.means.iter().zip(n..) {
            (0..3).for_each(|c| u[3 * mid + c] = 0.5 * (u[3 * mid + c] + u[3 * k + c]));
        }
        u.truncate(3 * n);
        Ok(u)
    }

    /// A quantity at the local integration points.
    ///
    /// # Collective
    pub fn points(&self, comm: &Comm, step: usize, name: &str) -> Result<Vec<f64>> {
        agree(comm, self.results.points(step, name, &self.sub.mesh.element_ids))
    }
}

fn find(results: &RstResults) -> Result<Found> {
    results.check_history()?;
    let deck = results.deck()?;
    let mesh = deck.mesh()?;
    let quantities = results.point_quantities(&deck, &mesh)?;
    let quantities = quantities.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    let angles = deck.angles.iter().map(|(&n, &a)| (deck.node_ids[n], a)).collect();
    if !deck.means.is_empty() {
        log::warn!(
            "{}: {} mid-side nodes are missing; they get the means of the ends of their edges, as they have in Ansys",
            deck.path.display(),
            deck.means.len()
        );
    }
    Ok(Found { mesh, quantities, angles, means: deck.means })
}

/// What the files hold, without a mesh: also of results that cannot be imported.
///
/// # Errors
/// As [`RstResults::open`].
pub(super) fn describe(path: &Path) -> Result<serde_json::Value> {
    use crate::formats::ansys::rst::NodalKind;
    use std::collections::{BTreeMap, BTreeSet};
    let results = RstResults::open(path)?;
    let first = &results.parts()[0];
    let header = &first.header;
    let deck = results.deck()?;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for number in &deck.elements.types {
        let name = deck.types.get(number).map_or_else(|| format!("type {number}"), |t| t.name());
        *kinds.entry(name).or_default() += 1;
    }
    let mut vectors = BTreeSet::new();
    let mut records = BTreeSet::new();
    for part in results.parts() {
        let Some(last) = part.sets.len().checked_sub(1) else { continue };
        for kind in NodalKind::ALL {
            if part.nodal(last, kind)?.is_some() {
                vectors.insert(format!("{kind:?}").to_lowercase());
            }
        }
        if let Some(table) = part.element_table(last)? {
            part.visit_present(&table, |record| {
                records.insert(record.name());
            })?;
        }
    }
    let materials: BTreeMap<String, Vec<&str>> = first
        .materials()?
        .iter()
        .map(|m| (m.number.to_string(), m.properties.iter().map(|p| p.label).collect()))
        .collect();
    Ok(serde_json::json!({
        "kind": "Ansys results", "version": header.version, "files": results.parts().len(),
        "analysis": analysis(header.analysis), "large_deflections": header.large_deflections, "units": deck.units,
        "nodes": deck.node_ids.len(), "elements": deck.elements.ids.len(), "element_types": kinds,
        "node_sets": deck.node_components.keys().collect::<Vec<_>>(),
        "element_sets": deck.element_components.keys().collect::<Vec<_>>(),
        "materials": materials, "turned_nodes": deck.angles.len(), "times": results.times(),
        "load_steps": first.sets.iter().map(|s| [s.load_step, s.substep]).collect::<Vec<_>>(),
        "displacement": results.has_displacement()?, "nodal_vectors": vectors, "element_records": records,
    }))
}

fn analysis(kind: i32) -> String {
    match kind {
        0 => "static or transient".into(),
        2 => "modal".into(),
        3 => "harmonic".into(),
        5 => "transient by modes".into(),
        6 => "harmonic by modes".into(),
        other => format!("kind {other}"),
    }
}
