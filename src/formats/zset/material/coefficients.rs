//! Lists of coefficients: `name value`, or `name temperature` and lines `value temperature`.

use crate::error::{Result, nearest};
use crate::formats::zset::blocks::{Block, Document};
use crate::formats::zset::lines::real;
use crate::material::Coefficient;

/// The coefficients of a block, taken from it one by one.
pub(super) struct Coefficients<'d> {
    document: &'d Document,
    owner: String,
    line: usize,
    list: Vec<(String, usize, Coefficient)>,
}

impl<'d> Coefficients<'d> {
    /// Reads all coefficients of a block, leaving out the first `skip` words after its keyword.
    pub fn read(d: &'d Document, block: &Block, skip: usize) -> Result<Coefficients<'d>> {
        let owner = format!("{block} {}", block.head.words.join(" ")).trim_end().to_owned();
        let mut list: Vec<(String, usize, Coefficient)> = Vec::new();
        let words: Vec<(usize, &str)> = block.words().skip(skip).collect();
        let mut at = 0;
        while let Some(&(line, name)) = words.get(at) {
            if real(name).is_some() {
                let problem = format!("'{name}' in {owner} belongs to no coefficient");
                return Err(d.error(
                    line,
                    problem,
                    "write NAME VALUE, or NAME temperature and lines VALUE TEMPERATURE",
                ));
            }
            if let Some((_, first, _)) = list.iter().find(|c| c.0 == name) {
                let problem =
                    format!("a second coefficient '{name}' in {owner} (the first is in line {first})");
                return Err(d.error(line, problem, "remove one of them"));
            }
            at += 1;
            let Some(&(value_line, word)) = words.get(at) else {
                return Err(d.error(
                    line,
                    format!("coefficient '{name}' of {owner} has no value"),
                    "write it after the name",
                ));
            };
            at += 1;
            let coefficient = if let Some(value) = real(word) {
                Coefficient::from(value)
            } else if word == "temperature" {
                let numbers: Vec<f64> = words[at..].iter().map_while(|w| real(w.1)).collect();
                at += numbers.len();
                table(d, line, name, &numbers)?
            } else {
                let problem = format!("'{word}' is not a value of coefficient '{name}' of {owner}");
                return Err(d.error(
                    value_line,
                    problem,
                    "it must be a number, or depend on temperature only",
                ));
            };
            list.push((name.to_owned(), line, coefficient));
        }
        Ok(Coefficients { document: d, owner, line: block.line(), list })
    }

    /// A coefficient that must be there.
    pub fn take(&mut self, name: &str) -> Result<Coefficient> {
        self.take_if_any(name).ok_or_else(|| {
            let problem = format!("{} has no coefficient '{name}'", self.owner);
            self.document.error(self.line, problem, format!("add '{name} VALUE'"))
        })
    }

    /// A coefficient that may be there.
    pub fn take_if_any(&mut self, name: &str) -> Option<Coefficient> {
        let at = self.list.iter().position(|c| c.0 == name)?;
        Some(self.list.remove(at).2)
    }

    /// As [`Coefficients::take`], of a coefficient that cannot depend on temperature.
    pub fn take_constant(&mut self, name: &str) -> Result<f64> {
        let coefficient = self.take(name)?;
        coefficient.as_constant().ok_or_else(|| {
            let problem = format!("coefficient '{name}' of {} depends on temperature", self.owner);
            self.document.error(self.line, problem, "it must be one number")
        })
    }

    /// Every coefficient that is left.
    pub fn rest(&mut self) -> Vec<(String, Coefficient)> {
        self.list.drain(..).map(|(name, _, c)| (name, c)).collect()
    }

    /// Refuses what was not taken; `known` are the names that have a meaning.
    pub fn finish(self, known: &[&str]) -> Result<()> {
        let Some((name, line, _)) = self.list.first() else { return Ok(()) };
        let remedy = match nearest(name, known.iter().copied()) {
            Some(n) => format!("the nearest name is '{n}'"),
            None if known.is_empty() => "it takes none: remove it".to_owned(),
            None => format!("known are {}", known.join(", ")),
        };
        Err(self.document.error(
            *line,
            format!("coefficient '{name}' of {} is not known", self.owner),
            remedy,
        ))
    }
}

fn table(d: &Document, line: usize, name: &str, numbers: &[f64]) -> Result<Coefficient> {
    if numbers.is_empty() || !numbers.len().is_multiple_of(2) {
        let problem = format!("the table of coefficient '{name}' has {} numbers", numbers.len());
        return Err(d.error(line, problem, "write lines VALUE TEMPERATURE"));
    }
    let (value, temperature): (Vec<f64>, Vec<f64>) = numbers.chunks_exact(2).map(|w| (w[0], w[1])).unzip();
    Coefficient::table(name, &temperature, &value)
        .map_err(|e| d.error(line, e, "the second column is the temperature, from low to high"))
}
