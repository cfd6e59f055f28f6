//! An Ansys deck, line by line: blank lines and lines of comment (`!`) left out, columns kept.

use crate::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A deck read line by line, each line numbered from 1. Memory: one line.
pub(super) struct Lines<'p, R> {
    path: &'p Path,
    reader: R,
    buffer: Vec<u8>,
    number: usize,
    held: bool,
}

/// A line that has something on it, with its leading blanks: the fields of blocks are columns.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    path: &'a Path,
    /// Number in the file, from 1.
    pub number: usize,
    /// Its bytes without the trailing blanks. Titles and comments need not be UTF-8.
    pub bytes: &'a [u8],
}

impl<'p> Lines<'p, BufReader<File>> {
    /// Opens a deck.
    pub fn open(path: &'p Path) -> Result<Self> {
        let file = File::open(path)
            .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its path"))?;
        Ok(Lines::new(path, BufReader::with_capacity(1 << 16, file)))
    }
}

impl<'p, R: BufRead> Lines<'p, R> {
    /// From any reader; `path` is for messages.
    pub fn new(path: &'p Path, reader: R) -> Self {
        Lines { path, reader, buffer: Vec::new(), number: 0, held: false }
    }

    /// The next line with something on it; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Line<'_>>> {
        while !std::mem::take(&mut self.held) {
            self.buffer.clear();
            let read = self.reader.read_until(b'\n', &mut self.buffer).map_err(|e| {
                let place = format!("line {}", self.number + 1);
                Error::input(self.path, place, format!("cannot be read ({e})"), "copy the file again")
            })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.buffer.contains(&0) {
                let place = format!("line {}", self.number);
                let remedy = "give the deck (CDWRITE, Workbench's ds.dat), not a database or a result file";
                return Err(Error::input(self.path, place, "holds binary data, not text", remedy));
            }
            let first = self.buffer.trim_ascii_start().first();
            self.held = first.is_some_and(|&b| b != b'!');
        }
        Ok(Some(Line { path: self.path, number: self.number, bytes: self.buffer.trim_ascii_end() }))
    }

    /// The next line of a block, which must not end yet.
    pub fn inside(&mut self, block: &str) -> Result<Line<'_>> {
        if self.next()?.is_none() {
            let problem = format!("the file ends inside {block}");
            let place = format!("line {}", self.number);
            return Err(Error::input(self.path, place, problem, "it is truncated: copy it again"));
        }
        Ok(Line { path: self.path, number: self.number, bytes: self.buffer.trim_ascii_end() })
    }

    /// As [`Lines::inside`]; `None` where the file ends and the block has all that it announced.
    pub fn inside_or_end(&mut self, block: &str, complete: bool) -> Result<Option<Line<'_>>> {
        if complete { self.next() } else { self.inside(block).map(Some) }
    }

    /// Makes [`Lines::next`] return the same line once more.
    pub fn hold(&mut self) {
        self.held = true;
    }
}

impl<'a> Line<'a> {
    /// Whether it can be a row of numbers and not a command.
    pub fn is_row(&self) -> bool {
        let text = self.bytes.trim_ascii_start();
        text.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'))
    }

    /// Whether it is of an IGES file that `CDWRITE` put before the deck: 80 columns, its section in column 73.
    pub fn is_iges(&self) -> bool {
        let section = self.bytes.get(72).is_some_and(|b| matches!(b, b'S' | b'G' | b'D' | b'P' | b'T'));
        let digits = self.bytes.get(73..).unwrap_or(b"").trim_ascii();
        section && self.bytes.len() == 80 && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    }

    /// Its text, for messages and commands.
    pub fn text(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.bytes.trim_ascii())
    }

    /// Something wrong on it.
    pub fn error(&self, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        Error::input(self.path, format!("line {}", self.number), problem, remedy)
    }
}
