//! `***parameter **file temperature`: nodal temperature in time.

use super::expression::Expression;
use crate::error::Result;
use crate::formats::zset::blocks::{Block, Document, Row, count, number};
use std::path::PathBuf;

/// Times closer than this share of a period are the same.
const TOGETHER: f64 = 1e-9;

/// A nodal field.
#[derive(Debug, Clone, PartialEq)]
pub enum NodalField {
    /// The same at every node.
    Uniform(f64),
    /// A record of a file: one value a node, in the order of the mesh file.
    File {
        /// The file.
        path: PathBuf,
        /// The record, from 1.
        record: u64,
    },
}

/// A map at a time of every cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct TemperatureMap {
    /// Line in the file.
    pub line: usize,
    /// Its time, a function of the cycle (from 0).
    pub time: Expression,
    /// The field then.
    pub field: NodalField,
}

/// Temperature in time.
#[derive(Debug, Clone, PartialEq)]
pub enum TemperatureHistory {
    /// Linear in time between maps.
    Maps(Vec<TemperatureMap>),
    /// `base + table(t) (max - base)`.
    Blend {
        /// The field where the table is 0.
        base: NodalField,
        /// The field where it is 1.
        max: NodalField,
        /// Time table.
        table: String,
    },
}

/// Nodal temperature (`**file temperature`).
#[derive(Debug, Clone, PartialEq)]
pub struct Temperature {
    /// Line of its keyword.
    pub line: usize,
    /// Values of a record: the number of nodes of the mesh.
    pub rec_size: u64,
    /// `*cycle_conversion`: start, end, period. Before the start and after the end the cycle does not count on.
    pub cycles: (f64, f64, f64),
    /// What it is in time.
    pub history: TemperatureHistory,
}

impl Temperature {
    /// Times of maps with the index of each in [`TemperatureHistory::Maps`], in order, over the cycles that begin
    /// before `until`. Where a cycle begins at the very time at which the one before ended, its first map is left out.
    pub fn knots(&self, until: f64) -> Vec<(f64, usize)> {
        let TemperatureHistory::Maps(maps) = &self.history else { return Vec::new() };
        let (start, end, period) = self.cycles;
        let mut out: Vec<(f64, usize)> = Vec::new();
        let mut cycle = 0u32;
        loop {
            let begins = start + f64::from(cycle) * period;
            if cycle > 0 && (begins >= end || begins >= until || cycle == u32::MAX) {
                return out;
            }
            for (i, map) in maps.iter().enumerate() {
                let time = map.time.at(f64::from(cycle));
                if out.last().is_none_or(|last| time > last.0 + TOGETHER * period) {
                    out.push((time, i));
                }
            }
            cycle += 1;
        }
    }
}

/// Reads a `***parameter` block; the temperature if it is there.
pub(super) fn read_parameters(d: &Document, block: &Block, out: &mut Option<Temperature>) -> Result<()> {
    for child in &block.children {
        let words: Vec<&str> = child.head.words.iter().map(String::as_str).collect();
        if !words.contains(&"temperature") {
            log::warn!(
                "{}, line {}: parameter '{child} {}' is not read; coefficients can depend on temperature only",
                d.path.display(),
                child.line(),
                words.join(" ")
            );
            continue;
        }
        if child.name != "file" || words.len() != 1 {
            let problem = format!("temperature by '{child} {}' is not supported", words.join(" "));
            return Err(d.error(child.line(), problem, "write **file temperature"));
        }
        let temperature = read_temperature(d, child)?;
        if let Some(first) = out.replace(temperature) {
            let problem = format!("a second temperature (the first is in line {})", first.line);
            return Err(d.error(child.line(), problem, "remove one of them"));
        }
    }
    Ok(())
}

fn read_temperature(d: &Document, block: &Block) -> Result<Temperature> {
    let line = block.line();
    let (mut rec_size, mut cycles, mut nodal) = (None, None, false);
    let (mut base, mut max, mut table) = (None, None, None);
    let mut maps = Vec::new();
    for child in &block.children {
        let words: Vec<&str> = child.head.words.iter().map(String::as_str).collect();
        match child.name.as_str() {
            "node" => nodal = true,
            "rec_size" => rec_size = Some(count(d, child.line(), child.word(d, "the number of nodes")?)?),
            "cycle_conversion" => {
                let [start, end, period] = words[..] else {
                    let problem = format!("*cycle_conversion has {} numbers", words.len());
                    return Err(d.error(child.line(), problem, "write its start, end and period"));
                };
                let c = [start, end, period].map(|w| number(d, child.line(), w));
                let [start, end, period] = c;
                let (start, end, period) = (start?, end?, period?);
                if period <= 0.0 || end <= start {
                    let problem =
                        format!("*cycle_conversion goes from {start} to {end} with period {period}");
                    return Err(d.error(child.line(), problem, "end after start, and a positive period"));
                }
                cycles = Some((start, end, period));
                for row in &child.rows {
                    maps.push(read_map(d, row)?);
                }
            }
            "base_temperature" => base = Some(field(d, child.line(), &words)?),
            "max_temperature" => max = Some(field(d, child.line(), &words)?),
            "table" => table = Some(child.word(d, "the name of a table")?.to_owned()),
            _ => {
                let problem = format!("{child} of the temperature is not supported");
                let remedy = "supported are *node, *rec_size, *cycle_conversion, *base_temperature, *max_temperature, *table";
                return Err(d.error(child.line(), problem, remedy));
            }
        }
    }
    let missing = |what: &str| d.error(line, format!("the temperature has no {what}"), "add it");
    if !nodal {
        return Err(missing("*node (only nodal temperatures are supported)"));
    }
    let rec_size = rec_size.ok_or_else(|| missing("*rec_size"))?;
    let cycles = cycles.ok_or_else(|| missing("*cycle_conversion"))?;
    let history = match (base, max, table) {
        (None, None, None) if !maps.is_empty() => TemperatureHistory::Maps(maps),
        (None, None, None) => return Err(missing("maps ('function TIME; file FILE RECORD')")),
        _ if !maps.is_empty() => {
            let problem = "the temperature has both maps and *base_temperature, *max_temperature, *table";
            return Err(d.error(line, problem, "give one or the other"));
        }
        (Some(base), Some(max), Some(table)) => TemperatureHistory::Blend { base, max, table },
        (None, ..) => return Err(missing("*base_temperature")),
        (_, None, _) => return Err(missing("*max_temperature")),
        (_, _, None) => return Err(missing("*table")),
    };
    if let TemperatureHistory::Maps(maps) = &history {
        check_order(d, maps, cycles.2)?;
    }
    Ok(Temperature { line, rec_size, cycles, history })
}

/// Times of maps must increase within the first cycle, and from its last map to the first of the second cycle.
fn check_order(d: &Document, maps: &[TemperatureMap], period: f64) -> Result<()> {
    let mut last: Option<f64> = None;
    for (cycle, map) in maps.iter().map(|m| (0.0, m)).chain(maps.first().map(|m| (1.0, m))) {
        let time = map.time.at(cycle);
        // Where cycles meet, the first map of the next stands at the time of the last of this one.
        let least = last.map(|t| if cycle > 0.0 { t - TOGETHER * period } else { t });
        if !time.is_finite() || least.is_some_and(|t| time < t || (time <= t && cycle == 0.0)) {
            let problem = format!(
                "the map at time {time} (cycle {cycle}) does not come after that at {}",
                last.unwrap_or(0.0)
            );
            return Err(d.error(
                map.line,
                problem,
                "times of maps must increase, also from one cycle to the next",
            ));
        }
        last = Some(time);
    }
    Ok(())
}

/// `function 0.0+cycle*2.; file temperature1.node 1`, or `...; uniform 20.`
fn read_map(d: &Document, row: &Row) -> Result<TemperatureMap> {
    let text = row.words.join(" ");
    let parts: Vec<&str> = text.split(';').map(str::trim).filter(|p| !p.is_empty()).collect();
    let ([function, field_text], Some("function")) = (&parts[..], row.words.first().map(String::as_str))
    else {
        let problem = format!("'{text}' is not a temperature map");
        return Err(d.error(
            row.line,
            problem,
            "write function TIME; file FILE RECORD, or function TIME; uniform VALUE",
        ));
    };
    let time = Expression::parse(function.trim_start_matches("function"))
        .map_err(|why| d.error(row.line, why, "a time is made of numbers, cycle, + - * / and parentheses"))?;
    let words: Vec<&str> = field_text.split_ascii_whitespace().collect();
    Ok(TemperatureMap { line: row.line, time, field: field(d, row.line, &words)? })
}

fn field(d: &Document, line: usize, words: &[&str]) -> Result<NodalField> {
    match *words {
        ["constant" | "uniform", value] => Ok(NodalField::Uniform(number(d, line, value)?)),
        ["file", file] => Ok(NodalField::File { path: d.beside(file), record: 1 }),
        ["file", file, record] => {
            Ok(NodalField::File { path: d.beside(file), record: count(d, line, record)? })
        }
        _ => {
            let problem = format!("'{}' is not a nodal field", words.join(" "));
            Err(d.error(line, problem, "write file FILE RECORD, uniform VALUE or constant VALUE"))
        }
    }
}
