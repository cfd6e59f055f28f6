//! Materials as a deck gives them: properties and tables.

use super::reader::Reader;
use std::collections::BTreeMap;
use std::io::BufRead;

/// A material: properties by label, and its `TB` tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeckMaterial {
    /// Values over temperature, temperatures increasing; one of a constant.
    pub properties: BTreeMap<String, Vec<(f64, f64)>>,
    /// Tables, in the order of the deck.
    pub tables: Vec<MaterialTable>,
}

/// A `TB` table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MaterialTable {
    /// Label, at most 4 letters: `PLAS`, `CHAB`.
    pub label: String,
    /// `TBOPT`: `BISO`, `EVH`, `10`.
    pub option: String,
    /// Line of the file.
    pub line: usize,
    /// Constants and points at each temperature.
    pub rows: Vec<TableRow>,
}

/// Constants (by number, from 1) and points of a table at a temperature.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableRow {
    /// Temperature; without any before the first `TBTEMP`.
    pub temperature: Option<f64>,
    /// Constants.
    pub constants: BTreeMap<u32, f64>,
    /// Points `x, y`.
    pub points: Vec<(f64, f64)>,
}

/// Properties of no matter to a static structural analysis without conduction.
const HARMLESS: [&str; 17] = [
    "KXX", "KYY", "KZZ", "C", "RSVX", "RSVY", "RSVZ", "MURX", "MURY", "MURZ", "UVID", "UMID", "DAMP", "BETD",
    "ALPD", "HF", "EMIS",
];

/// Properties that are read.
const READ: [&str; 8] = ["EX", "NUXY", "PRXY", "ALPX", "DENS", "REFT", "GXY", "MU"];

impl<R: BufRead> Reader<'_, R> {
    /// `MP,label,material,C0,C1,…`
    pub(super) fn property(&mut self, line: usize, fields: &[String]) {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let label = field(1).to_ascii_uppercase();
        if HARMLESS.contains(&label.as_str()) {
            return;
        }
        let polynomial = fields.iter().skip(4).take(4).any(|f| !f.is_empty() && self.number(f) != Some(0.0));
        match (self.count(field(2)), self.number(field(3))) {
            (Some(material), Some(value)) if READ.contains(&label.as_str()) && !polynomial => {
                let material = self.deck.materials.entry(material).or_default();
                material.properties.insert(label, vec![(0.0, value)]);
            }
            _ => self.refuse(line, &format!("MP,{label}")),
        }
    }

    /// `MPTEMP,[release,ntotal,]start,t1,t2,…`
    pub(super) fn property_temperatures(&mut self, fields: &[String]) {
        let (first, values) = block(fields, 0);
        let start = fields.get(first).and_then(|f| self.count(f)).unwrap_or(1).clamp(1, 100) as usize;
        if start == 1 {
            self.now.temperatures.clear();
        }
        for (k, text) in values.iter().enumerate().take(100) {
            if let Some(t) = self.number(text) {
                let at = start - 1 + k;
                if at >= self.now.temperatures.len() {
                    self.now.temperatures.resize(at + 1, f64::NAN);
                }
                self.now.temperatures[at] = t;
            }
        }
    }

    /// `MPDATA,[release,ntotal,]label,material,start,v1,v2,…`
    pub(super) fn property_data(&mut self, line: usize, fields: &[String]) {
        let (first, values) = block(fields, 2);
        let labelled = |k: usize| fields.get(k).map_or(String::new(), |f| f.to_ascii_uppercase());
        let label = labelled(first);
        if HARMLESS.contains(&label.as_str()) {
            return;
        }
        let material = fields.get(first + 1).and_then(|f| self.count(f));
        let start = fields.get(first + 2).and_then(|f| self.count(f)).unwrap_or(1).clamp(1, 100) as usize;
        let Some(material) = material.filter(|_| READ.contains(&label.as_str())) else {
            self.refuse(line, &format!("MPDATA of {label}"));
            return;
        };
        for (k, text) in values.iter().enumerate().take(100).filter(|(_, t)| !t.is_empty()) {
            let temperature = self.now.temperatures.get(start - 1 + k).copied();
            let Some((temperature, value)) = temperature.filter(|t| t.is_finite()).zip(self.number(text))
            else {
                self.refuse(line, &format!("MPDATA of {label} without its MPTEMP"));
                return;
            };
            let properties = &mut self.deck.materials.entry(material).or_default().properties;
            let list = properties.entry(label.clone()).or_default();
            if start == 1 && k == 0 {
                list.clear();
            }
            let at = list.partition_point(|p| p.0 < temperature);
            list.insert(at, (temperature, value));
        }
    }

    /// `TB,label,material,ntemp,npts,option`
    pub(super) fn table(&mut self, line: usize, fields: &[String]) {
        let upper = |k: usize| fields.get(k).map_or(String::new(), |f| f.to_ascii_uppercase());
        let Some(material) = self.count(&upper(2)) else {
            self.refuse(line, &format!("TB,{}", upper(1)));
            return;
        };
        let label: String = upper(1).chars().take(4).collect();
        let table = MaterialTable { label, option: upper(5), line, rows: vec![TableRow::default()] };
        self.deck.materials.entry(material).or_default().tables.push(table);
        self.now.table = Some(material);
    }

    fn current_table(&mut self) -> Option<&mut MaterialTable> {
        let material = self.now.table?;
        self.deck.materials.get_mut(&material)?.tables.last_mut()
    }

    pub(super) fn table_temperature(&mut self, line: usize, value: &str) {
        let value = self.number(value);
        match (value, self.current_table()) {
            (Some(value), Some(table)) => match table.rows.last_mut() {
                Some(row)
                    if row.temperature.is_none() && row.constants.is_empty() && row.points.is_empty() =>
                {
                    row.temperature = Some(value);
                }
                _ => table.rows.push(TableRow { temperature: Some(value), ..TableRow::default() }),
            },
            _ => self.refuse(line, "TBTEMP without a table or a temperature that is known"),
        }
    }

    /// `TBDATA,start,c1,…,c6`
    pub(super) fn table_data(&mut self, line: usize, fields: &[String]) {
        let start = fields.get(1).filter(|f| !f.is_empty());
        let start = start.map_or(Some(1), |f| self.count(f));
        for (k, text) in (0u32..).zip(fields.iter().skip(2).take(6)).filter(|(_, t)| !t.is_empty()) {
            let value = self.number(text);
            // laws have few constants: a number far beyond would make as many terms
            let at = start.and_then(|s| s.checked_add(k)).filter(|at| *at <= 200);
            match (value, at, self.current_table().and_then(|t| t.rows.last_mut())) {
                (Some(value), Some(at), Some(row)) => {
                    row.constants.insert(at, value);
                }
                _ => self.refuse(line, &format!("TBDATA with '{text}'")),
            }
        }
    }

    /// `TBPT,operation,x,y`
    pub(super) fn table_point(&mut self, line: usize, fields: &[String]) {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let defines = field(1).is_empty() || field(1).eq_ignore_ascii_case("defi");
        let point = self.number(field(2)).zip(self.number(field(3)));
        match (point, self.current_table().and_then(|t| t.rows.last_mut())) {
            (Some(point), Some(row)) if defines => row.points.push(point),
            _ => self.refuse(line, "TBPT that is not a point x, y of a table"),
        }
    }
}

/// Place of the first field after the mark of a release (`R5.0`, `UNBL`, and a count), and the values, `before` fields
/// and a start after it.
fn block(fields: &[String], before: usize) -> (usize, &[String]) {
    let mark = fields.get(1).is_some_and(|f| {
        let f = f.to_ascii_uppercase();
        f.starts_with("UNBL") || (f.starts_with('R') && f[1..].starts_with(|c: char| c.is_ascii_digit()))
    });
    let first = if mark { 3 } else { 1 };
    (first, fields.get(first + before + 1..).unwrap_or(&[]))
}
