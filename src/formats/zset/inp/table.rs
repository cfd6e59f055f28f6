//! Tables of time: `**cycle name start end` and `**name name` with `*time` and `*value`.

use crate::error::Result;
use crate::formats::zset::blocks::{Block, Document, number};
use std::collections::BTreeMap;

/// A piecewise-linear function of time. A periodic one (`cycle`) repeats what it says from `start` to `end`.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeTable {
    /// Name that loads call it by.
    pub name: String,
    /// Line of its keyword.
    pub line: usize,
    /// Start and end of the first cycle, of a periodic table.
    pub cycle: Option<(f64, f64)>,
    /// Times, strictly increasing.
    pub times: Vec<f64>,
    /// A value for each.
    pub values: Vec<f64>,
}

/// Reads the tables of a `***table` block into `tables`.
pub(super) fn read_tables(
    d: &Document,
    block: &Block,
    tables: &mut BTreeMap<String, TimeTable>,
) -> Result<()> {
    for child in &block.children {
        let table = read_table(d, child)?;
        let line = table.line;
        let name = table.name.clone();
        if let Some(first) = tables.insert(name.clone(), table) {
            let problem = format!("a second table '{name}' (the first is in line {})", first.line);
            return Err(d.error(line, problem, "rename or remove one of them"));
        }
    }
    Ok(())
}

fn read_table(d: &Document, block: &Block) -> Result<TimeTable> {
    let line = block.line();
    let words: Vec<&str> = block.words().map(|w| w.1).collect();
    let (name, cycle) = match (block.name.as_str(), words.as_slice()) {
        ("name", [name]) => (name.to_string(), None),
        ("cycle", [name, start, end]) => {
            (name.to_string(), Some((number(d, line, start)?, number(d, line, end)?)))
        }
        ("name" | "cycle", _) => {
            let problem = format!("'{block} {}' is not complete", words.join(" "));
            return Err(d.error(line, problem, "write **name NAME, or **cycle NAME START END"));
        }
        _ => {
            return Err(d.error(
                line,
                format!("tables of kind {block} are not supported"),
                "use **cycle or **name",
            ));
        }
    };
    if let Some((start, end)) = cycle.filter(|(start, end)| start >= end) {
        return Err(d.error(
            line,
            format!("table '{name}' goes from {start} to {end}"),
            "the end must come after the start",
        ));
    }
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for child in &block.children {
        match child.name.as_str() {
            "time" => times = child.numbers(d)?,
            "value" => values = child.numbers(d)?,
            _ => {
                let problem = format!("{child} of table '{name}' is not supported");
                return Err(d.error(child.line(), problem, "a table is *time and *value"));
            }
        }
    }
    if times.is_empty() || times.len() != values.len() {
        let problem = format!("table '{name}' has {} times and {} values", times.len(), values.len());
        return Err(d.error(line, problem, "write one value for each time"));
    }
    if let Some(w) = times.windows(2).find(|w| w[0] >= w[1]) {
        let problem = format!("in table '{name}' time {} does not come after {}", w[1], w[0]);
        return Err(d.error(line, problem, "times must increase"));
    }
    let outside = |(start, end): &(f64, f64)| times[0] < *start || times[times.len() - 1] > *end;
    if let Some((start, end)) = cycle.filter(outside) {
        let problem = format!("table '{name}' has times outside its cycle from {start} to {end}");
        return Err(d.error(line, problem, "change the cycle or the times"));
    }
    Ok(TimeTable { name, line, cycle, times, values })
}
