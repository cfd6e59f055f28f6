//! The text files of Z-set, line by line: comments (`%` to the end of the line) and blank lines left out.

use crate::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A file read line by line, each line numbered from 1. Memory: one line.
pub(super) struct Lines<'p, R> {
    path: &'p Path,
    reader: R,
    buffer: Vec<u8>,
    number: usize,
    held: bool,
    /// Size of the file in bytes: bounds what a count in it can justify.
    pub size: u64,
}

/// A line that has something on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    path: &'a Path,
    /// Number in the file, from 1.
    pub number: usize,
    /// Without comment and surrounding blanks; never empty.
    pub text: &'a str,
}

impl<'p> Lines<'p, BufReader<File>> {
    /// Opens a file.
    pub fn open(path: &'p Path) -> Result<Self> {
        let cannot =
            |e: std::io::Error| Error::input(path, "", format!("cannot be read ({e})"), "check its path");
        let file = File::open(path).map_err(cannot)?;
        let size = file.metadata().map_err(cannot)?.len();
        Ok(Lines::new(path, BufReader::with_capacity(1 << 16, file), size))
    }
}

impl<'p, R: BufRead> Lines<'p, R> {
    /// From any reader that holds `size` bytes; `path` is for messages.
    pub fn new(path: &'p Path, reader: R, size: u64) -> Self {
        Lines { path, reader, buffer: Vec::new(), number: 0, held: false, size }
    }

    /// The next line with something on it; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Line<'_>>> {
        if !self.held {
            loop {
                self.buffer.clear();
                let read = self.reader.read_until(b'\n', &mut self.buffer).map_err(|e| {
                    Error::input(
                        self.path,
                        format!("line {}", self.number + 1),
                        format!("cannot be read ({e})"),
                        "",
                    )
                })?;
                if read == 0 {
                    return Ok(None);
                }
                self.number += 1;
                if let Some(comment) = self.buffer.iter().position(|&b| b == b'%') {
                    self.buffer.truncate(comment);
                }
                if !self.buffer.trim_ascii().is_empty() {
                    break;
                }
            }
        }
        self.held = false;
        let text = std::str::from_utf8(self.buffer.trim_ascii()).map_err(|_| {
            let problem = "is not text";
            Error::input(
                self.path,
                format!("line {}", self.number),
                problem,
                "check that this is a text file",
            )
        })?;
        Ok(Some(Line { path: self.path, number: self.number, text }))
    }

    /// Makes [`Lines::next`] return the same line once more.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// The failure of a file that stops too early.
    pub fn truncated(&self, wanted: impl fmt::Display) -> Error {
        let problem = format!("the file ends where {wanted} should be");
        Error::input(
            self.path,
            format!("line {}", self.number),
            problem,
            "the file is truncated: copy it again",
        )
    }
}

impl<'a> Line<'a> {
    /// Its words.
    pub fn words(&self) -> std::str::SplitAsciiWhitespace<'a> {
        self.text.split_ascii_whitespace()
    }

    /// Whether it opens a block.
    pub fn is_keyword(&self) -> bool {
        self.text.starts_with('*')
    }

    /// A failure at this line.
    pub fn error(&self, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        Error::input(self.path, format!("line {}", self.number), problem, remedy)
    }

    /// A word as a count or a label.
    pub fn integer(&self, word: Option<&str>, what: impl fmt::Display) -> Result<u64> {
        match word {
            Some(w) => w.parse().map_err(|_| {
                self.error(
                    format!("'{w}' is not {what}"),
                    "a whole number that is not negative belongs there",
                )
            }),
            None => Err(self.error(format!("{what} is missing"), "complete the line")),
        }
    }

    /// A word as a finite number.
    pub fn real(&self, word: Option<&str>, what: impl fmt::Display) -> Result<f64> {
        match word {
            Some(w) => {
                real(w).ok_or_else(|| self.error(format!("'{w}' is not {what}"), "a number belongs there"))
            }
            None => Err(self.error(format!("{what} is missing"), "complete the line")),
        }
    }
}

/// A word as a finite number.
pub(super) fn real(word: &str) -> Option<f64> {
    word.parse().ok().filter(|x: &f64| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_left_out_but_counted() {
        let text = b"% head\n\n  **node % count follows\r\n 3 \xe9%\xe9\n";
        let mut lines = Lines::new(Path::new("a"), &text[..], text.len() as u64);
        let line = lines.next().unwrap().unwrap();
        assert_eq!((line.text, line.number), ("**node", 3));
        lines.hold();
        assert_eq!(lines.next().unwrap().unwrap().number, 3);
        assert!(lines.next().unwrap_err().message.contains("line 4: is not text"));
    }
}
