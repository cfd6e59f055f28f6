//! Temperatures of a deck: `BF`, `BFE`, `BFBLOCK`, `BFUNIF`, and what they make of the nodes.
//!
//! A node has the temperature of the elements around it. An element has what `BFE` gives it, else what `BF` gives its
//! nodes. Of an element, one value alone (`BFE`) is that of all its nodes; a mid-side node without one has the mean of its
//! two corners where all corners have one; any other node has the uniform temperature (element reference of Ansys, "Body
//! Loads").

use super::columns::Columns;
use super::deck::Deck;
use super::history::{Changes, change};
use super::reader::Reader;
use super::select::Selection;
use super::types::{Cell, Use};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::io::BufRead;

/// Corners of the edge of each mid-side node of a brick, from place 8 on.
const BRICK_EDGES: [[usize; 2]; 12] =
    [[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]];
/// The same of a tetrahedron, from place 4 on.
const TET_EDGES: [[usize; 2]; 6] = [[0, 1], [1, 2], [2, 0], [0, 3], [1, 3], [2, 3]];

impl<R: BufRead> Reader<'_, R> {
    /// `BF,node,TEMP,value`: of a node, a component or all selected nodes.
    pub(super) fn nodal_temperature(&mut self, line: usize, fields: &[String]) -> Result<()> {
        let is_temperature = fields.get(2).is_some_and(|l| l.to_ascii_uppercase().starts_with("TEMP"));
        let value = fields.get(3).and_then(|v| self.number(v)).filter(|_| is_temperature);
        let everywhere =
            fields.get(1).is_some_and(|n| n.eq_ignore_ascii_case("all")) && self.nodes == Selection::All;
        let step = self.deck.history.steps.len();
        match value {
            Some(value) if everywhere => {
                change(&mut self.deck.history.temperature, step, value);
                let nodes = self.deck.history.nodal_temperatures.values_mut();
                nodes.for_each(|changes| change(changes, step, value));
            }
            Some(value) => {
                let Some(nodes) = self.named_nodes(line, fields, 99)? else {
                    self.refuse(line, &fields[..fields.len().min(4)].join(","));
                    return Ok(());
                };
                nodes.into_iter().for_each(|node| self.set_temperature(node, value));
            }
            None => self.refuse(line, &fields[..fields.len().min(4)].join(",")),
        }
        Ok(())
    }

    fn set_temperature(&mut self, node: u64, value: f64) {
        let history = &mut self.deck.history;
        change(history.nodal_temperatures.entry(node).or_default(), history.steps.len(), value);
    }

    /// `BFUNIF,TEMP,value`, `TUNIF,value`
    pub(super) fn uniform_temperature(&mut self, line: usize, value: &str) {
        if value.eq_ignore_ascii_case("_tiny") {
            return;
        }
        let step = self.deck.history.steps.len();
        match self.number(value) {
            Some(value) => change(&mut self.deck.history.temperature, step, value),
            None => self.refuse(line, "a uniform temperature that is not known"),
        }
    }

    /// `BFE,element,TEMP,place,v1,…,v4`: of an element, a component or all selected elements.
    pub(super) fn element_temperature(&mut self, line: usize, fields: &[String]) -> Result<()> {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let is_temperature = field(2).to_ascii_uppercase().starts_with("TEMP");
        let place = if field(3).is_empty() { Some(1) } else { self.count(field(3)) };
        let place = place.and_then(|p| u8::try_from(p).ok()).filter(|p| (1..=20).contains(p));
        let values: Vec<(u8, Option<f64>)> = (0u8..4)
            .zip(fields.iter().skip(4))
            .filter(|(_, f)| !f.is_empty())
            .map(|(k, f)| (k, self.number(f)))
            .collect();
        let (elements, known) = (self.named_elements(line, field(1))?, values.iter().all(|v| v.1.is_some()));
        let (Some(elements), Some(place), true) = (elements, place, is_temperature && known) else {
            self.refuse(line, &fields[..fields.len().min(5)].join(","));
            return Ok(());
        };
        self.spend(line, elements.len())?;
        let history = &mut self.deck.history;
        for element in elements {
            for (k, value) in &values {
                let changes = history.element_temperatures.entry((element, place + k)).or_default();
                change(changes, history.steps.len(), value.unwrap_or_default());
            }
        }
        Ok(())
    }

    fn named_elements(&mut self, line: usize, name: &str) -> Result<Option<Vec<u64>>> {
        if let Some(number) = self.whole(name) {
            return Ok(u64::try_from(number).ok().map(|n| vec![n]));
        }
        let ids = &self.deck.elements.ids;
        let list: Vec<u64> = if name.eq_ignore_ascii_case("all") {
            if matches!(self.elements, Selection::Unknown(_)) {
                return Ok(None);
            }
            (0..ids.len()).filter(|&e| self.elements.has(e)).map(|e| ids[e]).collect()
        } else {
            let all = &self.deck.element_components;
            let found = all.iter().find(|(component, _)| component.eq_ignore_ascii_case(name));
            let Some((_, component)) = found else { return Ok(None) };
            ids.iter().copied().filter(|&id| component.contains(id)).collect()
        };
        self.spend(line, list.len())?;
        Ok(Some(list))
    }

    /// `BFBLOCK,fields,TEMP,…`: rows of node and value; `BF,END` or -1 closes them.
    pub(super) fn temperature_block(&mut self, number: usize, fields: &[String]) -> Result<()> {
        let is_temperature = fields.get(2).is_some_and(|l| l.to_ascii_uppercase().starts_with("TEMP"));
        let columns = Columns::read(self.lines.inside("BFBLOCK")?)?;
        let Some(value_at) = columns.first_real().filter(|&f| f > 0) else {
            return Err(self.error(number, "BFBLOCK has no columns for node and value", "check its format"));
        };
        if !is_temperature {
            self.refuse(number, "BFBLOCK of something that is not a temperature");
        }
        loop {
            let line = self.lines.inside("BFBLOCK")?;
            if !line.is_row() {
                if line.text().to_ascii_uppercase().starts_with("BF") {
                    return Ok(());
                }
                return Err(line.error("a command stands inside BFBLOCK", "BF,END closes the block"));
            }
            if columns.integer(line, 0, "a node number")? == -1 {
                return Ok(());
            }
            let node = columns.label(line, 0, "a node number")?;
            let value = columns.real(line, value_at, "a temperature")?;
            self.set_temperature(node, value);
        }
    }
}

/// Number of corners of an element of second order, and the ends of its edges; `None` of other elements.
pub(super) fn edges(cell: Cell) -> Option<(usize, &'static [[usize; 2]])> {
    match cell {
        Cell::Hex20 { .. } => Some((8, &BRICK_EDGES)),
        Cell::Tet10 => Some((4, &TET_EDGES)),
        Cell::Hex8 { .. } | Cell::Quad4 | Cell::Tet4 => None,
    }
}

/// Value at the end of a load step; `None` before the first one.
fn at(changes: &Changes, step: usize) -> Option<f64> {
    changes[..changes.partition_point(|c| c.0 <= step)].last().map(|c| c.1)
}

impl Deck {
    /// Finds the load steps in which temperatures change that differ between nodes.
    pub(super) fn find_temperature_fields(&mut self) {
        let history = &mut self.history;
        let own: Vec<&Changes> =
            history.nodal_temperatures.values().chain(history.element_temperatures.values()).collect();
        let Some(first) = own.iter().filter_map(|c| Some(c.first()?.0)).min() else { return };
        let all = own.iter().copied().chain([&history.temperature]).flatten().map(|c| c.0);
        history.temperature_fields = all.filter(|step| *step >= first).collect();
    }

    /// Temperature of the nodes of the mesh at the end of a load step (from 0), in the order of the mesh.
    ///
    /// # Errors
    /// A node has different temperatures in two elements.
    pub fn temperatures(&self, step: usize) -> Result<Vec<f64>> {
        let history = &self.history;
        let uniform = at(&history.temperature, step).unwrap_or(history.reference);
        self.nodal_field(|e, list, out| {
            let id = self.elements.ids[e];
            let of_element = |j: usize| {
                let place = u8::try_from(j + 1).ok()?;
                history.element_temperatures.get(&(id, place)).and_then(|c| at(c, step))
            };
            let own = (0..list.len()).any(|j| of_element(j).is_some());
            for (j, node) in list.iter().enumerate() {
                let nodal = || history.nodal_temperatures.get(node).and_then(|c| at(c, step));
                out.push(if own { of_element(j) } else { nodal() });
            }
            if own && out[0].is_some() && out[1..].iter().all(Option::is_none) {
                let value = out[0];
                out.fill(value);
            }
        })
        .map(|values| values.into_iter().map(|v| v.unwrap_or(uniform)).collect())
    }

    /// A field of the nodes of volumes, in the order of the mesh, from what each element has at its nodes: position of
    /// the element, its nodes, and the list to be filled.
    ///
    /// # Errors
    /// A node has different values in two elements.
    pub(super) fn nodal_field(
        &self,
        mut of_element: impl FnMut(usize, &[u64], &mut Vec<Option<f64>>),
    ) -> Result<Vec<Option<f64>>> {
        let mut found: HashMap<u64, (Option<f64>, usize)> = HashMap::new();
        let mut values = Vec::new();
        for e in 0..self.elements.ids.len() {
            let usage = self.types.get(&self.elements.types[e]).map(|t| t.usage());
            let Some(Use::Volume(cell)) = usage else { continue };
            let list = self.elements.nodes_of(e);
            values.clear();
            of_element(e, list, &mut values);
            let (corners, edges) = edges(cell).unwrap_or((list.len(), &[]));
            if values.len() > corners && values[..corners].iter().all(Option::is_some) {
                for (mid, [a, b]) in (corners..values.len()).zip(edges) {
                    values[mid] =
                        values[mid].or(Some(0.5 * (values[*a].unwrap_or(0.0) + values[*b].unwrap_or(0.0))));
                }
            }
            for (&node, &value) in list.iter().zip(&values).filter(|(n, _)| **n != 0) {
                let (other, element) = *found.entry(node).or_insert((value, e));
                let near = match (other, value) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(b.abs()),
                    (a, b) => a == b,
                };
                if !near {
                    let tell = |v: Option<f64>| v.map_or("the uniform one".to_owned(), |v| v.to_string());
                    let problem = format!(
                        "node {node} has the temperature {} in element {} and {} in element {}",
                        tell(other),
                        self.elements.ids[element],
                        tell(value),
                        self.elements.ids[e]
                    );
                    return Err(Error::input(
                        &self.path,
                        "",
                        problem,
                        "temperatures are continuous here: give those of nodes (BF)",
                    ));
                }
            }
        }
        Ok(self.node_ids.iter().filter_map(|id| found.get(id)).map(|f| f.0).collect())
    }
}
