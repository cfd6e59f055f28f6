//! The lines of a deck as CalculiX reads them: cards (`*KEY, PARAM=VALUE`) and their rows of data. Blanks and case do not
//! matter, `**` begins a comment, `*INCLUDE` opens another file.

use crate::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Files that one deck may open, and how deep they may be nested: includes that multiply must end.
const MOST_FILES: usize = 1000;
const DEEPEST: usize = 8;
/// Longest line.
const LONGEST_LINE: u64 = 1 << 16;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file, where it is not the deck itself.
    pub file: Option<PathBuf>,
    /// Line, from 1; 0 for none.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (_, 0) => Ok(()),
            (Some(file), line) => write!(f, "{}, line {line}", file.display()),
            (None, line) => write!(f, "line {line}"),
        }
    }
}

/// A card: its keyword without the star, blanks taken out, in upper case: `SOLIDSECTION`.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub key: String,
    /// Parameters with their values; those without have an empty one.
    pub parameters: Vec<(String, String)>,
    pub place: Place,
}

impl Card {
    /// The value of a parameter; empty for one without.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|p| p.0 == name).map(|p| p.1.as_str())
    }

    /// The first parameter that is none of these.
    pub fn unknown(&self, known: &[&str]) -> Option<&str> {
        self.parameters.iter().map(|p| p.0.as_str()).find(|p| !known.contains(p))
    }
}

/// A row of data: its fields without blanks, in upper case. Empty fields at the end are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub fields: Vec<String>,
    pub place: Place,
}

impl Row {
    /// A field; empty where the row has no such.
    pub fn field(&self, k: usize) -> &str {
        self.fields.get(k).map_or("", String::as_str)
    }
}

/// What comes next in a deck.
enum Next {
    Card(Card),
    Row(Row),
}

/// One open file.
struct Open<'d> {
    path: PathBuf,
    reader: Box<dyn BufRead + 'd>,
    line: usize,
}

/// The cards of a deck and of the files that it includes.
pub(super) struct Cards<'d> {
    deck: PathBuf,
    open: Vec<Open<'d>>,
    opened: usize,
    buffer: Vec<u8>,
    held: Option<Card>,
    /// Bytes read, over all files.
    pub bytes: u64,
}

impl<'d> Cards<'d> {
    /// Opens a deck.
    pub fn open(path: &Path) -> Result<Cards<'static>> {
        let file = File::open(path)
            .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its path"))?;
        Ok(Cards::new(path, BufReader::with_capacity(1 << 16, file)))
    }

    /// From any reader; `path` is for messages and the place of included files.
    pub fn new(path: &Path, reader: impl BufRead + 'd) -> Cards<'d> {
        let open = Open { path: path.to_owned(), reader: Box::new(reader), line: 0 };
        let (buffer, held) = (Vec::new(), None);
        Cards { deck: path.to_owned(), open: vec![open], opened: 1, buffer, held, bytes: 0 }
    }

    /// The place of the line that was read last.
    fn place(&self) -> Place {
        self.open.last().map_or_else(Place::default, |o| Place {
            file: (o.path != self.deck).then(|| o.path.clone()),
            line: o.line,
        })
    }

    /// The next line with something on it, upper case but for names of files, blanks taken out; `None` at the end.
    fn line(&mut self) -> Result<Option<String>> {
        loop {
            let Some(open) = self.open.last_mut() else { return Ok(None) };
            self.buffer.clear();
            let read =
                std::io::Read::take(&mut open.reader, LONGEST_LINE).read_until(b'\n', &mut self.buffer);
            let line = open.line + 1;
            let n = read.map_err(|e| {
                let place = format!("line {line}");
                Error::input(&open.path, place, format!("cannot be read ({e})"), "copy the file again")
            })?;
            if n == 0 {
                self.open.pop();
                continue;
            }
            open.line = line;
            self.bytes += n as u64;
            if n as u64 == LONGEST_LINE {
                let problem = format!("has more than {LONGEST_LINE} characters");
                return Err(Error::input(&self.deck, self.place(), problem, "this is no deck of CalculiX"));
            }
            let text = self.buffer.trim_ascii();
            if text.is_empty() || text.starts_with(b"**") {
                continue;
            }
            return Ok(Some(String::from_utf8_lossy(text).into_owned()));
        }
    }

    fn next(&mut self) -> Result<Option<Next>> {
        if let Some(card) = self.held.take() {
            return Ok(Some(Next::Card(card)));
        }
        while let Some(line) = self.line()? {
            let Some(rest) = line.strip_prefix('*') else {
                let mut fields: Vec<String> = line.split(',').map(plain).collect();
                while fields.last().is_some_and(String::is_empty) {
                    fields.pop();
                }
                return Ok(Some(Next::Row(Row { fields, place: self.place() })));
            };
            let mut card = self.card(rest);
            // a keyword line that ends with a comma goes on
            let mut more = rest.ends_with(',');
            while more {
                let Some(next) = self.line()? else { break };
                more = next.ends_with(',');
                card.parameters.extend(parameters(&next));
            }
            if card.key != "INCLUDE" {
                return Ok(Some(Next::Card(card)));
            }
            self.include(&card)?;
        }
        Ok(None)
    }

    fn card(&self, text: &str) -> Card {
        let (key, rest) = text.split_once(',').unwrap_or((text, ""));
        Card { key: plain(key), parameters: parameters(rest).collect(), place: self.place() }
    }

    fn include(&mut self, card: &Card) -> Result<()> {
        let Some(name) = card.parameter("INPUT").filter(|n| !n.is_empty()) else {
            return Err(Error::input(
                &self.deck,
                &card.place,
                "*INCLUDE names no file",
                "write *INCLUDE,INPUT=file",
            ));
        };
        let path = self.deck.parent().unwrap_or(Path::new("")).join(name);
        if self.opened == MOST_FILES || self.open.len() > DEEPEST {
            let problem = format!("*INCLUDE of '{name}' is one too many");
            return Err(Error::input(&self.deck, &card.place, problem, "do not include files in circles"));
        }
        let file = File::open(&path).map_err(|e| {
            Error::input(
                &self.deck,
                &card.place,
                format!("'{name}' cannot be read ({e})"),
                "put it into the deck's folder",
            )
        })?;
        self.opened += 1;
        self.open.push(Open { path, reader: Box::new(BufReader::new(file)), line: 0 });
        Ok(())
    }

    /// The next card; rows that are left of the one before are passed over. `None` at the end.
    pub fn card_or_end(&mut self) -> Result<Option<Card>> {
        loop {
            match self.next()? {
                Some(Next::Card(card)) => return Ok(Some(card)),
                Some(Next::Row(_)) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next row of the present card; `None` where another card begins.
    pub fn row(&mut self) -> Result<Option<Row>> {
        match self.next()? {
            Some(Next::Row(row)) => Ok(Some(row)),
            Some(Next::Card(card)) => {
                self.held = Some(card);
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

/// Without blanks, in upper case.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
}

/// `PARAM=VALUE, PARAM, ...`; names of files keep their case.
fn parameters(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split(',').map(str::trim).filter(|p| !p.is_empty()).map(|p| {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        let name = plain(name);
        let value = match name.as_str() {
            "INPUT" | "FILE" | "OUTPUT" | "FILENAME" => value.trim().to_owned(),
            _ => plain(value),
        };
        (name, value)
    })
}

/// A number as Fortran writes it: `1.`, `2.5D-3`. `None` for what is not finite.
pub(super) fn number(text: &str) -> Option<f64> {
    let value = text.parse().or_else(|_| text.replace(['D', 'd'], "E").parse());
    value.ok().filter(|x: &f64| x.is_finite())
}

/// A positive whole number.
pub(super) fn label(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n: &u64| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_case_comments_and_continued_keywords_do_not_matter() {
        let text =
            "** comment\n* Solid Section , elset = Part,\n material=Alloy 1\n\n 1.5 , 2d0,\n*node file\nU\n";
        let mut cards = Cards::new(Path::new("a.inp"), text.as_bytes());
        let card = cards.card_or_end().unwrap().unwrap();
        assert_eq!((card.key.as_str(), card.place.line), ("SOLIDSECTION", 2));
        assert_eq!((card.parameter("ELSET"), card.parameter("MATERIAL")), (Some("PART"), Some("ALLOY1")));
        let row = cards.row().unwrap().unwrap();
        assert_eq!((number(row.field(0)), number(row.field(1)), row.fields.len()), (Some(1.5), Some(2.0), 2));
        assert!(cards.row().unwrap().is_none());
        assert_eq!(cards.card_or_end().unwrap().unwrap().key, "NODEFILE");
        assert!(cards.card_or_end().unwrap().is_none());
    }

    #[test]
    fn included_files_are_read_in_place_and_name_themselves_in_errors() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Nodes.txt"), "1,0,0,0\n").unwrap();
        let deck = dir.path().join("deck.inp");
        std::fs::write(&deck, "*NODE\n*INCLUDE, INPUT=Nodes.txt\n2,1,0,0\n*INCLUDE,INPUT=deck.inp\n")
            .unwrap();
        let mut cards = Cards::open(&deck).unwrap();
        cards.card_or_end().unwrap().unwrap();
        let first = cards.row().unwrap().unwrap();
        assert!(first.place.to_string().ends_with("Nodes.txt, line 1"), "{}", first.place);
        assert_eq!(cards.row().unwrap().unwrap().place.to_string(), "line 3");
        let mut end = cards.card_or_end();
        while let Ok(Some(_)) = end {
            end = cards.card_or_end();
        }
        assert!(end.unwrap_err().message.contains("in circles"));
    }
}
