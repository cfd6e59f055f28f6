//! The commands of a deck.

use super::deck::Deck;
use super::lines::Lines;
use super::types::{ElementType, Use, routine};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::BufRead;
use std::path::Path;

/// Commands that change a mesh behind the blocks, by their first four letters.
const CHANGES: [&str; 24] = [
    "NUMM", "NUMC", "NGEN", "NSYM", "NSCA", "NMOD", "NDEL", "NREF", "EGEN", "ESYM", "ENGE", "ENSY", "EMOD",
    "EDEL", "EMID", "EREF", "ETCH", "ETDE", "MPCH", "VMES", "AMES", "VSWE", "UPCO", "EORI",
];
/// Commands that define or select something that is left out, with a warning.
const LEFT_OUT: [&str; 7] = ["N", "E", "EN", "EMOR", "CM", "/INPUT", "*USE"];

/// Reads a deck.
pub(super) fn read(path: &Path) -> Result<Deck> {
    parse(path, Lines::open(path)?)
}

/// Reads a deck line by line.
pub(super) fn parse<R: BufRead>(path: &Path, lines: Lines<'_, R>) -> Result<Deck> {
    let deck = Deck { path: path.to_owned(), ..Deck::default() };
    let mut reader =
        Reader { path, lines, deck, parameters: HashMap::new(), depth: 0, left_out: BTreeMap::new() };
    while let Some(line) = reader.lines.next()? {
        if line.is_row() {
            continue;
        }
        let (number, text) = (line.number, line.text().into_owned());
        for fields in commands(&text) {
            reader.command(number, &fields)?;
        }
    }
    for (command, (line, count)) in &reader.left_out {
        log::warn!(
            "{}, line {line}: {command} is not read ({count} times): what it defines is left out; write the deck with \
             CDWRITE to have it",
            path.display()
        );
    }
    Ok(reader.deck)
}

/// The commands of a line, as fields. `!` begins a comment, `$` separates commands.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '\'';
        c == '!' && !quoted
    });
    let text = &text[..end.unwrap_or(text.len())];
    let one = text.starts_with(['/', ':', '*']);
    let fields = |t: &str| t.split(',').map(|f| f.trim().to_owned()).collect();
    if one { vec![fields(text)] } else { text.split('$').map(fields).collect() }
}

pub(super) struct Reader<'p, R> {
    pub path: &'p Path,
    pub lines: Lines<'p, R>,
    pub deck: Deck,
    parameters: HashMap<String, f64>,
    /// Open `*IF`, `*DO` and `*CREATE`, which are not evaluated.
    depth: usize,
    left_out: BTreeMap<&'static str, (usize, usize)>,
}

impl<R: BufRead> Reader<'_, R> {
    fn command(&mut self, number: usize, fields: &[String]) -> Result<()> {
        let keyword = fields[0].to_ascii_uppercase();
        if let Some((name, value)) = keyword.split_once('=') {
            self.set(name, value);
            return Ok(());
        }
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        if let Some(name) = LEFT_OUT.iter().find(|name| **name == keyword) {
            self.left_out.entry(name).or_insert((number, 0)).1 += 1;
            return Ok(());
        }
        if keyword.starts_with(['*', '/']) {
            match keyword.as_str() {
                "*SET" => self.set(field(1), field(2)),
                "*IF" if fields.iter().any(|f| f.eq_ignore_ascii_case("then")) => self.depth += 1,
                "*DO" | "*DOWHILE" | "*CREATE" => self.depth += 1,
                "*ENDIF" | "*ENDDO" | "*END" => self.depth = self.depth.saturating_sub(1),
                "/UNITS" => self.deck.units = Some(field(1).to_owned()),
                _ => {}
            }
            return Ok(());
        }
        let key = keyword.get(..4).unwrap_or(&keyword);
        let of_mesh = matches!(key, "NBLO" | "EBLO" | "ETBL" | "CMBL" | "ET");
        if of_mesh && self.depth > 0 {
            return Err(self.error(
                number,
                format!("{keyword} stands inside an *IF, *DO or *CREATE, which are not evaluated"),
                "write the deck with CDWRITE from the finished model",
            ));
        }
        match key {
            "NBLO" => self.nodes(field(4).parse().ok()),
            "EBLO" => self.elements(field(2).to_ascii_uppercase().starts_with("SOL"), field(4).parse().ok()),
            "ETBL" => self.element_types(),
            "CMBL" => self.component(number, field(1), field(2), field(3)),
            "ET" => self.element_type(number, fields),
            "KEYO" => self.key_option(number, field(1), field(2), field(3)),
            _ if CHANGES.contains(&key) => Err(self.error(
                number,
                format!("{keyword} changes the mesh, and is not read"),
                "write the deck with CDWRITE from the finished model",
            )),
            _ => Ok(()),
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        match self.number(value) {
            Some(value) => self.parameters.insert(name.trim().to_ascii_uppercase(), value),
            None => self.parameters.remove(&name.trim().to_ascii_uppercase()),
        };
    }

    /// A number, or the value of a parameter.
    fn number(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        text.parse().ok().or_else(|| self.parameters.get(&text.to_ascii_uppercase()).copied())
    }

    fn whole(&self, text: &str) -> Option<i64> {
        self.number(text).filter(|x| x.fract() == 0.0 && x.abs() < 1e15).map(|x| x as i64)
    }

    fn count(&self, text: &str) -> Option<u32> {
        self.whole(text).and_then(|n| u32::try_from(n).ok())
    }

    /// `ET,id,name,KEYOPT(1),…,KEYOPT(6)`
    fn element_type(&mut self, number: usize, fields: &[String]) -> Result<()> {
        let (id, name) = match fields {
            [_, id, name, ..] => (self.count(id), self.count(name).or_else(|| routine(name))),
            _ => (None, None),
        };
        let (Some(id), Some(routine)) = (id, name) else {
            return Err(self.error(
                number,
                format!("'{}' does not tell which element type it defines", fields.join(",")),
                "write numbers, or parameters that *SET gives a number",
            ));
        };
        let options = fields[3..].iter().take(6).zip(1..);
        let keyopts = options.filter_map(|(f, k)| Some((k, self.whole(f)?))).filter(|o| o.1 != 0).collect();
        self.deck.types.insert(id, ElementType { routine, keyopts });
        Ok(())
    }

    /// `KEYOPT,id,number,value`
    fn key_option(&mut self, line: usize, id: &str, key: &str, value: &str) -> Result<()> {
        let (key_number, parsed) =
            (self.count(key), if value.is_empty() { Some(0) } else { self.whole(value) });
        let known = self.count(id).and_then(|id| self.deck.types.get_mut(&id));
        let depth = self.depth;
        match (known, key_number, parsed) {
            (Some(kind), Some(key), Some(value)) if depth == 0 => {
                kind.keyopts.insert(key, value);
                kind.keyopts.retain(|_, v| *v != 0);
                Ok(())
            }
            // Key options of elements without volume do not matter here.
            (Some(kind), ..) if kind.usage() == Use::LeftOut => Ok(()),
            _ => Err(self.error(
                line,
                format!("KEYOPT,{id},{key},{value} cannot be told: its type or its value is not known here"),
                "write numbers, after ET and outside *IF",
            )),
        }
    }

    pub(super) fn error(&self, line: usize, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        Error::input(self.path, format!("line {line}"), problem, remedy)
    }
}
