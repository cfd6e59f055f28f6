//! Which nodes and elements are selected, and the commands that select.

use super::deck::{Component, Deck};
use super::reader::Reader;
use crate::error::Result;
use std::collections::HashMap;
use std::io::BufRead;

/// Selected positions; `All` without a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Selection {
    #[default]
    All,
    Some(Vec<bool>),
    /// By a command that is not read: its name.
    Unknown(String),
}

impl Selection {
    /// Whether a position is selected; positions that came later are.
    pub fn has(&self, at: usize) -> bool {
        match self {
            Selection::Some(list) => list.get(at).copied().unwrap_or(true),
            _ => true,
        }
    }

    /// Selects anew, from the selected ones, also, or no longer, as the first letter of `how` says. `false` where it
    /// says nothing that is known.
    pub fn apply(&mut self, how: &str, n: usize, found: impl Fn(usize) -> bool) -> bool {
        let old = self.clone();
        if matches!(old, Selection::Unknown(_)) && how != "S" {
            return true;
        }
        let combine = |i: usize| match how {
            "R" => old.has(i) && found(i),
            "A" => old.has(i) || found(i),
            "U" => old.has(i) && !found(i),
            _ => found(i),
        };
        if !matches!(how, "S" | "R" | "A" | "U") {
            return false;
        }
        *self = Selection::Some((0..n).map(combine).collect());
        true
    }
}

impl<R: BufRead> Reader<'_, R> {
    /// `NSEL`, `ESEL`, `CMSEL`, `NSLE`, `ALLSEL`: selects nodes or elements.
    pub(super) fn select(&mut self, line: usize, key: &str, fields: &[String]) -> Result<()> {
        let upper = |k: usize| fields.get(k).map_or(String::new(), |f| f.to_ascii_uppercase());
        self.spend(line, 1 + (self.deck.node_ids.len() + self.deck.elements.ids.len()) / 8)?;
        let (how, what) = (if upper(1).is_empty() { "S".into() } else { upper(1) }, upper(2));
        let unknown = || Selection::Unknown(format!("{} (line {line})", fields.join(",")));
        let range = |reader: &mut Self, first: usize| {
            let low = fields.get(first).map_or("", String::as_str);
            let high = fields.get(first + 1).map_or("", String::as_str);
            let low = if low.is_empty() { Some(0.0) } else { reader.number(low) };
            let high = if high.is_empty() { low } else { reader.number(high) };
            Some((low?, high?))
        };
        match (key, how.as_str()) {
            ("ALLS", _) => (self.nodes, self.elements) = (Selection::All, Selection::All),
            ("NSEL", "ALL") => self.nodes = Selection::All,
            ("ESEL", "ALL") => self.elements = Selection::All,
            ("CMSE", "ALL") => {}
            ("NSEL", _) => {
                let axis = ["X", "Y", "Z"].iter().position(|a| *a == upper(3));
                let values = range(self, if what == "LOC" { 4 } else { 4.min(fields.len()) });
                let n = self.deck.node_ids.len();
                let done = match (what.as_str(), axis, values) {
                    ("LOC", Some(axis), Some((low, high))) if self.now.system == 0 => {
                        // one value is met within half a percent of it
                        let near =
                            if low == high { (0.005 * low.abs()).max(1e-6) } else { 1e-9 * high.abs() };
                        let points = &self.deck.points;
                        self.nodes.apply(&how, n, |i| (low - near..=high + near).contains(&points[i][axis]))
                    }
                    ("NODE", _, Some((low, high))) => {
                        let ids = &self.deck.node_ids;
                        self.nodes.apply(&how, n, |i| (low..=high).contains(&(ids[i] as f64)))
                    }
                    _ => false,
                };
                if !done {
                    self.nodes = unknown();
                }
            }
            ("ESEL", _) => {
                let values = range(self, 4.min(fields.len()));
                let elements = &self.deck.elements;
                let n = elements.ids.len();
                let value = |i: usize| match what.as_str() {
                    "TYPE" => Some(f64::from(elements.types[i])),
                    "MAT" => Some(f64::from(elements.materials[i])),
                    "ELEM" => Some(elements.ids[i] as f64),
                    _ => None,
                };
                let known = n == 0 || value(0).is_some();
                let Some((low, high)) = values.filter(|_| known) else {
                    self.elements = unknown();
                    return Ok(());
                };
                let found = |i: usize| value(i).is_some_and(|v| (low..=high).contains(&v));
                if !self.elements.apply(&how, n, found) {
                    self.elements = unknown();
                }
            }
            ("CMSE", _) => {
                let find = |all: &std::collections::BTreeMap<String, Component>| {
                    all.iter().find(|(name, _)| name.eq_ignore_ascii_case(&what)).map(|(_, c)| c.clone())
                };
                if let Some(component) = find(&self.deck.node_components) {
                    let ids = &self.deck.node_ids;
                    self.nodes.apply(&how, ids.len(), |i| component.contains(ids[i]));
                } else if let Some(component) = find(&self.deck.element_components) {
                    let ids = &self.deck.elements.ids;
                    self.elements.apply(&how, ids.len(), |i| component.contains(ids[i]));
                } else {
                    (self.nodes, self.elements) = (unknown(), unknown());
                }
            }
            ("NSLE", _) => {
                if let Selection::Unknown(why) = &self.elements {
                    self.nodes = Selection::Unknown(why.clone());
                    return Ok(());
                }
                let mut of = std::collections::HashSet::new();
                for e in (0..self.deck.elements.ids.len()).filter(|&e| self.elements.has(e)) {
                    of.extend(self.deck.elements.nodes_of(e).iter().copied());
                }
                let ids = &self.deck.node_ids;
                self.nodes.apply(&how, ids.len(), |i| of.contains(&ids[i]));
            }
            _ => self.elements = unknown(),
        }
        Ok(())
    }

    /// `CM,name,NODE|ELEM`
    pub(super) fn component_of_selection(&mut self, line: usize, name: &str, what: &str) -> Result<()> {
        let of_nodes = what.to_ascii_uppercase().starts_with("NODE");
        if !of_nodes && !what.to_ascii_uppercase().starts_with("ELEM") {
            return Ok(());
        }
        let (ids, selection) = match of_nodes {
            true => (&self.deck.node_ids, &self.nodes),
            false => (&self.deck.elements.ids, &self.elements),
        };
        if let Selection::Unknown(why) = selection {
            let why = format!("CM of what {why} selects");
            self.refuse(line, &why);
            return Ok(());
        }
        let ranges = ids.iter().enumerate().filter(|(i, _)| selection.has(*i)).map(|(_, &id)| (id, id));
        let component = Component::new(ranges.collect());
        self.spend(line, 1 + self.deck.node_ids.len() / 8)?;
        let all = if of_nodes { &mut self.deck.node_components } else { &mut self.deck.element_components };
        all.insert(name.to_owned(), component);
        Ok(())
    }
}

/// Position of nodes by number, kept up with the deck.
#[derive(Debug, Default)]
pub(super) struct NodeIndex {
    positions: HashMap<u64, usize>,
    seen: usize,
}

impl NodeIndex {
    /// Position of a node.
    pub fn get(&mut self, deck: &Deck, id: u64) -> Option<usize> {
        for (i, &id) in deck.node_ids.iter().enumerate().skip(self.seen) {
            self.positions.insert(id, i);
        }
        self.seen = deck.node_ids.len();
        self.positions.get(&id).copied()
    }
}
