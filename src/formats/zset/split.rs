//! Fields of a computation by sub-domains, read as those of one structure.

use super::layout::Layout;
use super::places::Places;
use super::results::{Results, no_field};
use super::ut::{Step, UtIndex};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// The results of all sub-domains. Positions are those of the whole structure, in any selection and order: a rank may
/// read what it holds whichever sub-domains that lies in.
#[derive(Debug)]
pub struct SplitResults {
    pieces: Vec<Results>,
    places: Places,
}

/// What a selection takes from one file.
#[derive(Default)]
struct Share {
    /// Positions in the file.
    local: Vec<u64>,
    /// Places in the answer.
    answer: Vec<usize>,
}

impl SplitResults {
    /// Opens the files of sub-domains: index and layout of each, in their order, and where things are.
    ///
    /// # Errors
    /// As [`Results::open`], for any of them; no sub-domains.
    pub fn open(pieces: Vec<(UtIndex, Layout)>, places: Places) -> Result<SplitResults> {
        let pieces: Vec<Results> =
            pieces.into_iter().map(|(index, layout)| Results::open(index, layout)).collect::<Result<_>>()?;
        if pieces.is_empty() {
            return Err(Error::case("no results of sub-domains were named; name at least one .ut"));
        }
        Ok(SplitResults { pieces, places })
    }

    /// The states; every sub-domain has the same.
    pub fn steps(&self) -> &[Step] {
        &self.pieces[0].index.steps
    }

    /// The results of one sub-domain.
    pub fn pieces(&self) -> &[Results] {
        &self.pieces
    }

    /// Whether fields at integration points can be read.
    pub fn has_integ(&self) -> bool {
        self.pieces.iter().all(Results::has_integ)
    }

    /// Nodal fields at a state (from 0), interleaved: `nodes x names`, of all nodes of the whole or of those at these
    /// positions. Internal forces (`RU1` beside `U1`) are sums over the sub-domains that hold a node; other fields are
    /// taken from the first of them.
    ///
    /// # Errors
    /// As [`Results::nodal`].
    pub fn nodal_vector(&self, step: usize, names: &[&str], positions: Option<&[u64]>) -> Result<Vec<f64>> {
        let n = positions.map_or(self.places.n_nodes() as usize, <[u64]>::len);
        let mut first: BTreeMap<u32, Share> = BTreeMap::new();
        let mut others: BTreeMap<u32, Share> = BTreeMap::new();
        for i in 0..n {
            let position = positions.map_or(i as u64, |list| list[i]);
            if position >= self.places.n_nodes() {
                return Err(self.no_such("node", position, self.places.n_nodes()));
            }
            for (k, place) in self.places.of_node(position).iter().enumerate() {
                let share = if k == 0 { &mut first } else { &mut others }.entry(place.piece).or_default();
                share.local.push(place.local);
                share.answer.push(i);
            }
        }
        let mut out = vec![0.0; n * names.len()];
        for (c, name) in names.iter().enumerate() {
            for (&p, share) in &first {
                let values = self.piece(p)?.nodal(step, name, Some(&share.local))?;
                share.answer.iter().zip(values).for_each(|(&i, v)| out[names.len() * i + c] = v);
            }
            if !self.is_force(name) {
                continue;
            }
            for (&p, share) in &others {
                let values = self.piece(p)?.nodal(step, name, Some(&share.local))?;
                share.answer.iter().zip(values).for_each(|(&i, v)| out[names.len() * i + c] += v);
            }
        }
        Ok(out)
    }

    /// Fields at integration points at a state (from 0): `points x names`, of all elements of the whole or of those at
    /// these positions. A field that only some sub-domains have is 0 in the others: Z-set's own convention for variables
    /// that a material lacks.
    ///
    /// # Errors
    /// As [`Results::integ`].
    pub fn integ(&self, step: usize, names: &[&str], elements: Option<&[u64]>) -> Result<Vec<f64>> {
        let has = |r: &Results, name: &str| r.index.integ_names.iter().any(|n| n == name);
        if let Some(name) = names.iter().find(|name| !self.pieces.iter().any(|r| has(r, name))) {
            let index = &self.pieces[0].index;
            return Err(no_field(&index.path, "field at integration points", name, &index.integ_names));
        }
        let n = elements.map_or(self.places.n_elements() as usize, <[u64]>::len);
        let mut shares: BTreeMap<u32, Share> = BTreeMap::new();
        let mut at = 0;
        for i in 0..n {
            let position = elements.map_or(i as u64, |list| list[i]);
            let place = self.places.of_element(position);
            let points = match place {
                Some(place) => self.piece(place.piece)?.layout().points_of(place.local),
                None => None,
            };
            let (Some(place), Some((_, points))) = (place, points) else {
                return Err(self.no_such("element", position, self.places.n_elements()));
            };
            let share = shares.entry(place.piece).or_default();
            share.local.push(place.local);
            share.answer.push(at);
            at += points;
        }
        let mut out = vec![0.0; at * names.len()];
        for (p, share) in shares {
            let piece = self.piece(p)?;
            let columns: Vec<Option<usize>> =
                names.iter().enumerate().map(|(c, name)| has(piece, name).then_some(c)).collect();
            piece.integ_into(
                step,
                names,
                &columns,
                Some(&share.local),
                &share.answer,
                names.len(),
                &mut out,
            )?;
        }
        Ok(out)
    }

    /// Whether a nodal field is the force that belongs to a degree of freedom.
    fn is_force(&self, name: &str) -> bool {
        let names = &self.pieces[0].index.node_names;
        name.strip_prefix('R').is_some_and(|dof| names.iter().any(|n| n == dof))
    }

    fn piece(&self, p: u32) -> Result<&Results> {
        self.pieces
            .get(p as usize)
            .ok_or_else(|| self.no_such("sub-domain", p.into(), self.pieces.len() as u64))
    }

    fn no_such(&self, what: &str, position: u64, n: u64) -> Error {
        let problem = format!(
            "{what} number {} was asked for; of {n}, it is not among those known here",
            position.saturating_add(1)
        );
        Error::input(&self.pieces[0].index.path, "", problem, "use the places of these sub-domains")
    }
}
