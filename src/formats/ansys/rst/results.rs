//! A computation, whether it lies in one file or in the parts of a distributed run: mesh, displacements and fields at
//! integration points, in global axes and our orders.

use super::points::{rotate, rotation};
use super::{NodalKind, Rst};
use crate::error::{Error, Result};
use crate::formats::ansys::Deck;
use crate::formats::ids::IdMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The results of a computation, open.
#[derive(Debug)]
pub struct RstResults {
    pub(super) parts: Vec<Rst>,
    /// Position of each node in the list of its part.
    nodes: Vec<IdMap>,
    /// Position of each element in the list of its part.
    pub(super) elements: Vec<IdMap>,
}

impl RstResults {
    /// Opens `file.rst`, or the parts `file0.rst`, `file1.rst`, … of a distributed run for `file0.rst` or for a `file.rst`
    /// that is not there.
    ///
    /// # Errors
    /// As [`Rst::open`]; a part that is missing or is of another run.
    pub fn open(path: &Path) -> Result<RstResults> {
        let numbered = |stem: &str, i: usize| path.with_file_name(format!("{stem}{i}.rst"));
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let start = if path.exists() { path.to_owned() } else { numbered(&stem, 0) };
        if !start.exists() {
            let problem = format!("does not exist, nor does {}", start.display());
            return Err(Error::input(path, "", problem, "check its path"));
        }
        let first = Rst::open(&start)?;
        let stem = if start == path { stem } else { format!("{stem}0") };
        let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (own, all) = (first.header.n_nodes, first.header.global_nodes);
        let part = digits > 0 && first.header.sectors <= 1 && all > own as u64;
        let mut parts = vec![first];
        if part || start != path {
            let Some(base) = stem.strip_suffix('0') else {
                let problem = format!("is a part of a distributed run, with {own} of {all} nodes");
                let base = &stem[..stem.len() - digits];
                return Err(Error::input(path, "", problem, format!("name the first part, {base}0.rst")));
            };
            let others: Vec<PathBuf> = (1..).map(|i| numbered(base, i)).take_while(|p| p.exists()).collect();
            for other in others {
                parts.push(Rst::open(&other)?);
            }
        }
        let results = RstResults::of_parts(parts)?;
        results.check_parts()?;
        Ok(results)
    }

    /// From files that are open.
    ///
    /// # Errors
    /// A number that appears twice in a list.
    pub fn of_parts(parts: Vec<Rst>) -> Result<RstResults> {
        let (mut nodes, mut elements) = (Vec::new(), Vec::new());
        for part in &parts {
            for (maps, list, what) in
                [(&mut nodes, &part.nodes, "node"), (&mut elements, &part.elements, "element")]
            {
                let ids: Vec<u64> = list.iter().map(|&n| n.into()).collect();
                maps.push(IdMap::new(&ids).map_err(|(a, b)| {
                    let problem = format!("lists {what} {} twice, at {} and {}", ids[a], a + 1, b + 1);
                    Error::input(part.path(), "", problem, "the file is damaged: copy or write it again")
                })?);
            }
        }
        Ok(RstResults { parts, nodes, elements })
    }

    /// Whether the parts are all there and of one run.
    fn check_parts(&self) -> Result<()> {
        let first = &self.parts[0];
        for part in &self.parts[1..] {
            if part.sets.len() != first.sets.len()
                || part
                    .sets
                    .iter()
                    .zip(&first.sets)
                    .any(|(a, b)| (a.time, a.load_step) != (b.time, b.load_step))
            {
                let problem = format!("has not the sets of {}", first.path().display());
                return Err(Error::input(
                    part.path(),
                    "",
                    problem,
                    "put the parts of one and the same run together",
                ));
            }
        }
        let all = first.nodes_of_all_parts()?.unwrap_or_default();
        match all.iter().find(|&&n| self.nodes.iter().all(|map| map.get(n.into()).is_none())) {
            Some(node) => {
                let problem = format!("node {node} is in none of the {} parts there are", self.parts.len());
                Err(Error::input(first.path(), "", problem, "put all parts into one folder"))
            }
            None => Ok(()),
        }
    }

    /// The files.
    pub fn parts(&self) -> &[Rst] {
        &self.parts
    }

    /// Nodes, elements, types, components and prescribed displacements, as a deck has them; [`Deck::mesh`] makes a mesh
    /// of it.
    ///
    /// # Errors
    /// A record is damaged; parts that do not fit together.
    pub fn deck(&self) -> Result<Deck> {
        let mut deck = super::mesh::deck(&self.parts)?;
        self.prescribed(&mut deck)?;
        Ok(deck)
    }

    /// Times of the sets.
    pub fn times(&self) -> Vec<f64> {
        self.parts[0].sets.iter().map(|s| s.time).collect()
    }

    /// Refuses results that are no history of real displacements.
    ///
    /// # Errors
    /// Modal, harmonic, complex or cyclic results; results without displacements.
    pub fn check_history(&self) -> Result<()> {
        let first = &self.parts[0];
        let h = &first.header;
        let refuse = |what: String| {
            Err(Error::input(first.path(), "", what, "give those of a static or transient analysis"))
        };
        match h.analysis {
            0 | 5 if !h.complex => {}
            2 => return refuse("holds modes, not the history of a load".into()),
            3 | 6 | 0 | 5 => return refuse("holds complex values of a harmonic analysis".into()),
            other => return refuse(format!("holds an analysis of kind {other}, which is not read")),
        }
        if h.sectors > 1 {
            return refuse(format!(
                "holds one of {} sectors of cyclic symmetry, which is not read",
                h.sectors
            ));
        }
        if let Some(at) = (1..first.sets.len()).find(|&k| first.sets[k].time <= first.sets[k - 1].time) {
            let problem = format!(
                "set {} is at t = {}, after one at t = {}",
                at + 1,
                first.sets[at].time,
                first.sets[at - 1].time
            );
            return refuse(problem);
        }
        Ok(())
    }

    /// Whether the first set has displacements.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn has_displacement(&self) -> Result<bool> {
        let first = &self.parts[0];
        if first.sets.is_empty() {
            return Ok(false);
        }
        let header = first.set_header(0)?;
        Ok(header.nodal[0] != 0 && (1..=3).all(|d| header.dofs.contains(&d)))
    }

    /// Displacements of these nodes in a set (from 0), `3 n`, in global axes; `angles`: those of the nodes whose system is
    /// not the global one, by their number.
    ///
    /// # Errors
    /// A node has no displacement in this set; a record is damaged.
    pub fn displacement(
        &self,
        set: usize,
        nodes: &[u64],
        angles: &HashMap<u64, [f64; 3]>,
    ) -> Result<Vec<f64>> {
        let mut out = vec![f64::NAN; 3 * nodes.len()];
        for (part, map) in self.parts.iter().zip(&self.nodes) {
            let Some(found) = part.nodal(set, NodalKind::Solution)? else { continue };
            let columns: [Option<usize>; 3] =
                std::array::from_fn(|c| found.dofs.iter().position(|&d| d == c as i32 + 1));
            let [Some(x), Some(y), Some(z)] = columns else { continue };
            let rows: Option<HashMap<u32, usize>> =
                found.positions.as_ref().map(|list| list.iter().enumerate().map(|(r, &p)| (p, r)).collect());
            for (id, out) in nodes.iter().zip(out.chunks_exact_mut(3)) {
                let Some(position) = map.get(*id).filter(|_| out[0].is_nan()) else { continue };
                let row = match &rows {
                    Some(rows) => rows.get(&position).copied(),
                    None => Some(position as usize),
                };
                let n = found.dofs.len();
                if let Some(row) = row.and_then(|r| found.values.get(r * n..(r + 1) * n)) {
                    let own = [row[x], row[y], row[z]];
                    let global = angles.get(id).map_or(own, |a| rotate(&rotation(*a), own));
                    out.copy_from_slice(&global);
                }
            }
        }
        match out.chunks_exact(3).position(|u| u.iter().any(|v| !v.is_finite())) {
            Some(n) => {
                let problem = format!("node {} has no displacement", nodes[n]);
                let place = format!("set {}", set.saturating_add(1));
                Err(Error::input(
                    self.parts[0].path(),
                    place,
                    problem,
                    "solve with OUTRES,NSOL,ALL for all nodes",
                ))
            }
            None => Ok(out),
        }
    }
}
