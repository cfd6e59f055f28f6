//! The text of `.inp` and material files as a tree: blocks nested by the number of leading stars.
//!
//! A block owns what follows its keyword, on the same line and on the lines after it, up to the next keyword; a keyword
//! with fewer stars opens a block inside. Comments (`%`), indentation and blank lines do not matter.

use super::lines::{Lines, real};
use crate::error::{Error, Kind, Result};
use std::fmt;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// Most stars of a keyword.
const MOST_STARS: usize = 6;

/// Words of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: usize,
    /// The words; never none, save for what follows a keyword.
    pub words: Vec<String>,
}

/// A keyword with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Number of stars.
    pub stars: usize,
    /// Keyword without stars.
    pub name: String,
    /// What follows the keyword on its line.
    pub head: Row,
    /// The lines after it.
    pub rows: Vec<Row>,
    /// Blocks with fewer stars inside.
    pub children: Vec<Block>,
}

/// A file as a list of outermost blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file.
    pub path: PathBuf,
    /// Blocks that lie in no other, in order.
    pub blocks: Vec<Block>,
}

impl Document {
    /// Reads a file in which `return` with at least three stars closes an outermost block, and with it whatever is open.
    ///
    /// # Errors
    /// File, line, value and remedy; a file that ends before `return` is truncated.
    pub fn read(path: &Path) -> Result<Document> {
        parse(path, Lines::open(path).map_err(of_case)?).map_err(of_case)
    }

    /// A failure at a line of this file.
    pub fn error(&self, line: usize, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        let place = if line > 0 { format!("line {line}") } else { String::new() };
        Error::case_file(&self.path, place, problem, remedy)
    }

    /// A file named in this one: relative to its folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Warns of a block that is not read.
    pub fn warn_unread(&self, block: &Block) {
        log::warn!("{}, line {}: {block} is not read", self.path.display(), block.line());
    }
}

/// Inputs and materials are part of the case.
fn of_case(e: Error) -> Error {
    Error { kind: Kind::Case, ..e }
}

pub(super) fn parse<R: BufRead>(path: &Path, mut lines: Lines<'_, R>) -> Result<Document> {
    let mut document = Document { path: path.to_owned(), blocks: Vec::new() };
    // Blocks that are open, each inside the one before.
    let mut open: Vec<Block> = Vec::new();
    while let Some(line) = lines.next()? {
        let number = line.number;
        if !line.is_keyword() {
            let words = line.words().map(str::to_owned).collect();
            match open.last_mut() {
                Some(block) => block.rows.push(Row { line: number, words }),
                None if document.blocks.is_empty() => {
                    return Err(line.error(
                        format!("'{}' belongs to no block", line.text),
                        "a keyword with stars belongs here",
                    ));
                }
                // Text after the last `return` is nobody's.
                None => {}
            }
            continue;
        }
        let rest = line.text.trim_start_matches('*');
        let stars = line.text.len() - rest.len();
        let mut words = rest.split_ascii_whitespace().map(str::to_owned);
        let name = words.next().filter(|_| stars <= MOST_STARS).ok_or_else(|| {
            line.error(format!("'{}' is no keyword", line.text), "a keyword is one to four stars and a word")
        })?;
        if name == "return" && stars >= 3 {
            close(&mut open, &mut document.blocks, 0);
            continue;
        }
        close(&mut open, &mut document.blocks, stars);
        let head = Row { line: number, words: words.collect() };
        open.push(Block { stars, name, head, rows: Vec::new(), children: Vec::new() });
    }
    match open.first() {
        Some(block) => {
            Err(lines.truncated(format_args!("the return that closes {block} (line {})", block.line())))
        }
        None if document.blocks.is_empty() => Err(lines.truncated("the first block")),
        None => Ok(document),
    }
}

/// Closes open blocks until the last has more than `stars` stars (all of them for 0).
fn close(open: &mut Vec<Block>, done: &mut Vec<Block>, stars: usize) {
    while let Some(block) = open.pop_if(|b| stars == 0 || b.stars <= stars) {
        match open.last_mut() {
            Some(outer) => outer.children.push(block),
            None => done.push(block),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", "*".repeat(self.stars), self.name)
    }
}

impl Block {
    /// Line of the keyword.
    pub fn line(&self) -> usize {
        self.head.line
    }

    /// The words after the keyword, then those of the lines after it, each with its line.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        std::iter::once(&self.head)
            .chain(&self.rows)
            .flat_map(|r| r.words.iter().map(move |w| (r.line, w.as_str())))
    }

    /// Its only word.
    ///
    /// # Errors
    /// None or several.
    pub fn word(&self, document: &Document, what: &str) -> Result<&str> {
        let mut words = self.words();
        match (words.next(), words.next()) {
            (Some((_, word)), None) => Ok(word),
            (None, _) => {
                Err(document.error(self.line(), format!("{self} is empty"), format!("write {what} after it")))
            }
            (_, Some((line, extra))) => Err(document.error(
                line,
                format!("'{extra}' is one word too many for {self}"),
                format!("write {what} only"),
            )),
        }
    }

    /// All its words as numbers.
    ///
    /// # Errors
    /// A word that is no number; none at all.
    pub fn numbers(&self, document: &Document) -> Result<Vec<f64>> {
        let numbers: Vec<f64> =
            self.words().map(|(line, w)| number(document, line, w)).collect::<Result<_>>()?;
        if numbers.is_empty() {
            return Err(document.error(
                self.line(),
                format!("{self} is empty"),
                "write its numbers after it",
            ));
        }
        Ok(numbers)
    }

    /// All its words as counts, at least 1 each.
    ///
    /// # Errors
    /// A word that is no count; none at all.
    pub fn counts(&self, document: &Document) -> Result<Vec<u64>> {
        let count = |(line, w): (usize, &str)| count(document, line, w);
        let counts: Vec<u64> = self.words().map(count).collect::<Result<_>>()?;
        if counts.is_empty() {
            return Err(document.error(self.line(), format!("{self} is empty"), "write its counts after it"));
        }
        Ok(counts)
    }
}

/// A word as a finite number.
pub(super) fn number(document: &Document, line: usize, word: &str) -> Result<f64> {
    real(word)
        .ok_or_else(|| document.error(line, format!("'{word}' is not a number"), "a number belongs there"))
}

/// A word as a count.
pub(super) fn count(document: &Document, line: usize, word: &str) -> Result<u64> {
    word.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
        document.error(line, format!("'{word}' is not a count"), "a whole number from 1 on belongs there")
    })
}

#[cfg(test)]
pub(super) fn document(text: &str) -> Result<Document> {
    let path = Path::new("case.inp");
    parse(path, Lines::new(path, text.as_bytes(), text.len() as u64)).map_err(of_case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_nest_by_their_stars() {
        let d = document(
            "****a x\n ***b\n  1 2 % no\n  *c\n 3\n **d y\n *e\n***f\n****return\nnothing\n****g\n****return",
        )
        .unwrap();
        assert_eq!(d.blocks.len(), 2);
        let a = &d.blocks[0];
        assert_eq!((a.name.as_str(), a.head.words[0].as_str()), ("a", "x"));
        let names = |b: &Block| b.children.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(a), ["***b", "***f"]);
        assert_eq!(names(&a.children[0]), ["*c", "**d"]);
        assert_eq!(names(&a.children[0].children[1]), ["*e"]);
        assert_eq!(a.children[0].numbers(&d).unwrap(), [1.0, 2.0]);
        assert_eq!(a.children[0].children[0].rows[0].line, 5);
    }

    #[test]
    fn a_file_without_its_return_is_truncated() {
        let e = document("****a\n***b\n").unwrap_err();
        assert_eq!(e.kind, Kind::Case);
        assert!(e.message.contains("closes ****a (line 1)"), "{e}");
        assert!(document("").is_err());
        assert!(document("word\n").is_err());
        assert!(document("********x\n").is_err());
    }
}
