//! The bytes of a result file, read through a window from any place on. Text lines have a longest length.

use crate::error::{Error, Result};
pub(super) use crate::formats::source::Source;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Bytes read at once.
const WINDOW: usize = 1 << 16;
/// Longest line; CalculiX writes none longer than some thousand characters (99 state variables in a `.dat`).
const LONGEST_LINE: u64 = 1 << 14;
/// Remedy for what CalculiX does not write.
pub(super) const DAMAGED: &str = "the file is damaged or truncated: copy or write it again";

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<Source> {
    Source::open(path, "name the file in it")
}

impl Source {
    /// Reads from byte `start` on.
    pub(in crate::formats::calculix) fn from(&self, start: u64) -> Reader<'_> {
        let section = Section { source: self, position: start };
        Reader { bytes: BufReader::with_capacity(WINDOW, section), source: self, position: start }
    }

    /// Something wrong at a byte.
    pub(in crate::formats::calculix) fn error(
        &self,
        at: u64,
        problem: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Error {
        Error::input(&self.path, format!("byte {at}"), problem, remedy)
    }
}

/// The file from a position on.
struct Section<'s> {
    source: &'s Source,
    position: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read_at(out, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

/// Lines and binary values in turn.
pub(super) struct Reader<'s> {
    bytes: BufReader<Section<'s>>,
    source: &'s Source,
    /// Byte of the file that comes next.
    pub position: u64,
}

impl Reader<'_> {
    /// The next line into `line`, without its end; false at the end of the file.
    pub fn line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        let at = self.position;
        let read = (&mut self.bytes).take(LONGEST_LINE).read_until(b'\n', line);
        self.position += read.map_err(|e| self.source.failed(at, &e))? as u64;
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            let problem = format!("a line of more than {LONGEST_LINE} characters");
            return Err(self.source.error(at, problem, "this is no text of CalculiX: check the file"));
        }
        let end = line.trim_ascii_end().len();
        let ended = self.position > at;
        line.truncate(end);
        Ok(ended)
    }

    /// Fills `out`; false where the file ends before.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<bool> {
        if self.source.size.saturating_sub(self.position) < out.len() as u64 {
            return Ok(false);
        }
        let at = self.position;
        self.bytes.read_exact(out).map_err(|e| self.source.failed(at, &e))?;
        self.position += out.len() as u64;
        Ok(true)
    }
}

/// Columns `from .. to` of a line, without surrounding blanks; the part that is there.
pub(super) fn columns(line: &[u8], from: usize, to: usize) -> &str {
    let to = to.min(line.len());
    let field = line.get(from..to).unwrap_or(b"");
    std::str::from_utf8(field).map_or("", str::trim)
}

/// A number that is finite; Fortran leaves out the letter of exponents of three digits (`1.5-101`).
pub(super) fn real(text: &str) -> Option<f64> {
    let value = text.parse().ok().or_else(|| {
        let sign = text.rfind(['+', '-']).filter(|&i| i > 0)?;
        let (mantissa, exponent) = text.split_at(sign);
        let digits = exponent.get(1..).filter(|e| e.len() == 3 && e.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|_| format!("{mantissa}e{exponent}").parse().ok())
    });
    value.filter(|x: &f64| x.is_finite())
}
