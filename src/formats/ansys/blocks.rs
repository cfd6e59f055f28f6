//! The blocks of a deck: `NBLOCK`, `EBLOCK`, `ETBLOCK`, `CMBLOCK`, each a format line and rows of columns.

use super::columns::Columns;
use super::deck::Component;
use super::lines::Line;
use super::reader::Reader;
use super::types::{Cell, ElementType, Use};
use crate::error::Result;
use std::io::BufRead;

const FORMAT: &str = "check the format line of the block";

impl<R: BufRead> Reader<'_, R> {
    /// Nodes: number, two references to the solid model (or none), then x, y, z and three angles; fields at the end of
    /// a line that are 0 may be missing. The end is `-1` or `N,…,LOC,-1`: `count`, which the command announces, may be
    /// wrong, and only allows the file to end there.
    pub(super) fn nodes(&mut self, count: Option<u64>) -> Result<()> {
        let line = self.lines.inside("NBLOCK")?;
        let columns = Columns::read(line)?;
        let Some(x) = columns.first_real().filter(|&x| x > 0 && columns.len() >= x + 3) else {
            return Err(line.error("it has no columns for a number and three coordinates", FORMAT));
        };
        for read in 0u64.. {
            let Some(line) = self.lines.inside_or_end("NBLOCK", count == Some(read))? else { break };
            if !line.is_row() {
                let text = line.text().to_ascii_uppercase();
                return if text.starts_with("N,") { Ok(()) } else { Err(unfinished(line, "NBLOCK")) };
            }
            let id = columns.integer(line, 0, "a node number")?;
            if id == -1 {
                return Ok(());
            }
            let id = positive(line, id, "node")?;
            let mut values = [0.0; 6];
            for (k, value) in values.iter_mut().enumerate() {
                *value = columns.real(line, x + k, "a coordinate or an angle of a node")?;
            }
            let [px, py, pz, angles @ ..] = values;
            if angles != [0.0; 3] {
                self.deck.angles.insert(self.deck.node_ids.len(), angles);
            }
            self.deck.node_ids.push(id);
            self.deck.points.push([px, py, pz]);
        }
        Ok(())
    }

    /// Elements. `solid`: material, type, real, section, system, death, solid model, shape, number of nodes, unused,
    /// number, then 8 nodes, the others on the next line. Compact: number, type, real, material, system, nodes.
    /// `count` as for nodes.
    pub(super) fn elements(&mut self, solid: bool, count: Option<u64>) -> Result<()> {
        let line = self.lines.inside("EBLOCK")?;
        let columns = Columns::read(line)?;
        let (material_at, id_at, first) = if solid { (0, 10, 11) } else { (3, 0, 5) };
        if columns.len() <= first || columns.first_real().is_some() {
            return Err(line.error("it has not the columns of an element", FORMAT));
        }
        for read in 0u64.. {
            let Some(line) = self.lines.inside_or_end("EBLOCK", count == Some(read))? else { break };
            if !line.is_row() {
                return Err(unfinished(line, "EBLOCK"));
            }
            if columns.integer(line, 0, "a number")? == -1 {
                return Ok(());
            }
            let small = |k, what: &str| -> Result<u32> {
                let number = columns.label(line, k, what)?;
                u32::try_from(number).map_err(|_| line.error(format!("{number} is not {what}"), FORMAT))
            };
            let id = positive(line, columns.integer(line, id_at, "an element number")?, "element")?;
            let (material, kind) = (small(material_at, "a material number")?, small(1, "a type number")?);
            let nodes = &mut self.deck.elements.nodes;
            let start = nodes.len();
            let row = |line: Line, from: usize, wanted: usize, nodes: &mut Vec<u64>| -> Result<()> {
                for k in from..columns.len().min(from.saturating_add(wanted)) {
                    nodes.push(columns.label(line, k, "a node number")?);
                }
                Ok(())
            };
            let (wanted, at) = if solid {
                let n = columns.label(line, 8, "a number of nodes")?;
                (usize::try_from(n).unwrap_or(usize::MAX), line.number)
            } else {
                // The row does not tell; an element of a type that has more nodes than columns goes on.
                let present = (first..columns.len()).filter(|&k| !columns.text(line, k).is_empty()).count();
                let full = present == columns.len() - first;
                let most = self.deck.types.get(&kind).map_or(0, most_nodes);
                (if full { present.max(most) } else { present }, line.number)
            };
            row(line, first, wanted, nodes)?;
            while nodes.len() - start < wanted {
                let line = self.lines.inside("EBLOCK")?;
                if !line.is_row() {
                    let problem = format!("element {id} has {} of its {wanted} nodes", nodes.len() - start);
                    return Err(line.error(problem, "complete it, or correct its number of nodes"));
                }
                row(line, 0, wanted - (nodes.len() - start), nodes)?;
            }
            let end = nodes.len();
            let elements = &mut self.deck.elements;
            elements.ids.push(id);
            elements.materials.push(material);
            elements.types.push(kind);
            elements.lines.push(at);
            elements.ends.push(end);
        }
        Ok(())
    }

    /// Element types: number, element, key options from the first on.
    pub(super) fn element_types(&mut self) -> Result<()> {
        let columns = Columns::read(self.lines.inside("ETBLOCK")?)?;
        loop {
            let line = self.lines.inside("ETBLOCK")?;
            if !line.is_row() {
                return Err(unfinished(line, "ETBLOCK"));
            }
            let id = columns.integer(line, 0, "the number of an element type")?;
            if id == -1 {
                return Ok(());
            }
            let routine = columns.integer(line, 1, "the number of an element")?;
            let (Ok(id), Ok(routine)) = (u32::try_from(id), u32::try_from(routine)) else {
                return Err(line.error(format!("'{}' is not an element type", line.text()), FORMAT));
            };
            let mut keyopts = std::collections::BTreeMap::new();
            for (k, number) in (2..columns.len()).zip(1..) {
                let value = columns.integer(line, k, "a key option")?;
                if value != 0 {
                    keyopts.insert(number, value);
                }
            }
            self.deck.types.insert(id, ElementType { routine, keyopts });
        }
    }

    /// A component of nodes or elements: numbers; `a -b` stands for all from a to b. Components of the solid model are
    /// passed over.
    pub(super) fn component(&mut self, number: usize, name: &str, what: &str, count: &str) -> Result<()> {
        let what = what.to_ascii_uppercase();
        let of_nodes = what.starts_with("NODE");
        if !of_nodes && !what.starts_with("ELEM") {
            return Ok(());
        }
        if name.is_empty() {
            return Err(self.error(number, "CMBLOCK has no name", "write the name after the command"));
        }
        let block = format!("component {name}");
        let columns = Columns::read(self.lines.inside(&block)?)?;
        let wanted: Option<u64> = count.parse().ok();
        let (mut ranges, mut items): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
        while wanted.is_none_or(|w| items < w) {
            let Some(line) = self.lines.next()? else { break };
            if !line.is_row() {
                self.lines.hold();
                break;
            }
            for k in 0..columns.len() {
                let value = columns.integer(line, k, "a number of a component")?;
                match (value, ranges.last_mut()) {
                    (0, _) => continue,
                    (1.., _) => ranges.push((value.unsigned_abs(), value.unsigned_abs())),
                    (_, Some(last)) if last.0 == last.1 && value.unsigned_abs() > last.0 => {
                        last.1 = value.unsigned_abs();
                    }
                    _ => {
                        let problem = format!("{value} in {block} closes no range");
                        return Err(line.error(problem, "a smaller number belongs before it"));
                    }
                }
                items += 1;
            }
        }
        if let Some(wanted) = wanted.filter(|w| *w != items) {
            return Err(self.error(
                number,
                format!("{block} announces {wanted} numbers and has {items}"),
                "the count and the numbers must agree",
            ));
        }
        let all = if of_nodes { &mut self.deck.node_components } else { &mut self.deck.element_components };
        all.insert(name.to_owned(), Component::new(ranges));
        Ok(())
    }
}

fn most_nodes(kind: &ElementType) -> usize {
    match kind.usage() {
        Use::Volume(Cell::Hex20 { .. }) => 20,
        _ => 0,
    }
}

fn positive(line: Line, id: i64, what: &str) -> Result<u64> {
    let number = u64::try_from(id).ok().filter(|&n| n > 0);
    number.ok_or_else(|| line.error(format!("{id} is not the number of {what}"), FORMAT))
}

fn unfinished(line: Line, block: &str) -> crate::error::Error {
    let text: String = line.text().chars().take(40).collect();
    line.error(format!("'{text}' stands inside {block}"), "a row with -1 closes the block")
}
