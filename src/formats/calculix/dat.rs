//! Prints of CalculiX (`.dat`): values at integration points (`*EL PRINT`) and at nodes (`*NODE PRINT`).
//!
//! ```text
//! (blank)
//!  stresses (elem, integ.pnt.,sxx,syy,szz,sxy,sxz,syz) for set EALL and time  0.1000000E+01
//! (blank)
//!          1   1 -2.225983E+00 -8.344652E+01 …
//! ```
//!
//! Integration points count from 1, hexahedra x fastest, then y, then z.
//! Tensors are printed as xx, yy, zz, xy, xz, yz and strains with tensor shears; [`PrintedValues::tensors`] gives them in
//! our order. Other parts of the file (eigenvalues, warnings) are left out.

use super::source::{self, Reader, Source, columns, real};
use crate::error::{Error, Result};
use std::path::Path;

/// Most values in a row.
const MOST_VALUES: usize = 1000;

/// A file of prints, open: its blocks are known, their values are read one block at a time.
#[derive(Debug)]
pub struct Dat {
    source: Source,
    /// The prints, in the order of the file.
    pub blocks: Vec<Print>,
}

/// What the rows of a print belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// An integration point of an element.
    Points,
    /// An element.
    Elements,
    /// A node.
    Nodes,
    /// The set.
    Total,
}

/// A print: one quantity of one set at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Print {
    /// `stresses`, `strains`, `mechanical strains`, `internal state variables`, `displacements`, …
    pub quantity: String,
    /// What the rows belong to.
    pub support: Support,
    /// Names of the values as the title gives them; `values` stands for as many as a row holds.
    pub columns: Vec<String>,
    /// Set of elements or nodes.
    pub set: String,
    /// Total time.
    pub time: f64,
    /// Number of rows.
    pub rows: usize,
    start: u64,
}

/// The values of a print.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrintedValues {
    /// Label of the element or node of each row; empty for totals.
    pub ids: Vec<u64>,
    /// Integration point of each row, from 1; empty where rows are not of points.
    pub points: Vec<u32>,
    /// Number of values in a row.
    pub components: usize,
    /// `rows x components`, as printed.
    pub values: Vec<f64>,
}

impl PrintedValues {
    /// Symmetric tensors in the order 11, 22, 33, 12, 23, 31, from the printed 11, 22, 33, 12, 13, 23; shears as printed.
    /// `None` where rows have not 6 values.
    pub fn tensors(&self) -> Option<Vec<f64>> {
        (self.components == 6)
            .then(|| self.values.chunks_exact(6).flat_map(|v| [v[0], v[1], v[2], v[3], v[5], v[4]]).collect())
    }
}

impl Dat {
    /// Opens a file and finds its prints.
    ///
    /// # Errors
    /// It cannot be read; a title is damaged.
    pub fn open(path: &Path) -> Result<Dat> {
        Dat::of_source(source::open(path)?)
    }

    /// A file that is in memory; `path` is for messages.
    ///
    /// # Errors
    /// As [`Dat::open`].
    pub fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Dat> {
        Dat::of_source(Source::of_bytes(path, bytes))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    fn of_source(source: Source) -> Result<Dat> {
        let mut reader = source.from(0);
        let mut blocks: Vec<Print> = Vec::new();
        let (mut line, mut open) = (Vec::new(), false);
        loop {
            let at = reader.position;
            if !reader.line(&mut line)? {
                break;
            }
            let text = line.trim_ascii();
            match blocks.last_mut().filter(|_| open) {
                // the blank line between title and rows
                Some(block) if block.rows == 0 && text.is_empty() => block.start = reader.position,
                Some(block) if begins_row(text) => block.rows += 1,
                _ => {
                    let title = std::str::from_utf8(text).ok().and_then(title);
                    open = title.is_some();
                    if let Some(title) = title {
                        let print = title.ok_or_else(|| {
                            let problem = "the title of this print has no time";
                            source.error(at, problem, "the file is damaged: copy or write it again")
                        })?;
                        blocks.push(Print { start: reader.position, ..print });
                    }
                }
            }
        }
        Ok(Dat { source, blocks })
    }

    /// The values of a print.
    ///
    /// # Errors
    /// A row is damaged, or longer or shorter than the first; a value is not finite.
    pub fn read(&self, print: usize) -> Result<PrintedValues> {
        let Some(block) = self.blocks.get(print) else {
            let problem = format!("print {print} was asked for, of {}", self.blocks.len());
            return Err(Error::input(self.path(), "", problem, "prints are counted from 0"));
        };
        let mut reader = self.source.from(block.start);
        let (mut line, mut out, mut row) = (Vec::new(), PrintedValues::default(), Vec::new());
        for k in 0..block.rows {
            let at = reader.position;
            self.row(block, &mut reader, &mut line, &mut out, &mut row).map_err(|problem| {
                let place = format!("byte {at}, row {} of {} at time {}", k + 1, block.quantity, block.time);
                Error::input(
                    self.path(),
                    place,
                    problem,
                    "the run diverged or the file is damaged: write it again",
                )
            })?;
            if k == 0 {
                out.components = row.len();
                // each value takes 13 columns
                let room = usize::try_from(self.source.size / 13).unwrap_or(usize::MAX);
                out.values.reserve((block.rows.saturating_mul(row.len())).min(room));
            } else if row.len() != out.components {
                let problem = format!("row {} of {} has {} values", k + 1, block.quantity, row.len());
                let remedy = format!("the first row has {}: write the file again", out.components);
                return Err(self.source.error(at, problem, remedy));
            }
            out.values.extend_from_slice(&row);
        }
        Ok(out)
    }

    fn row(
        &self,
        block: &Print,
        reader: &mut Reader,
        line: &mut Vec<u8>,
        out: &mut PrintedValues,
        row: &mut Vec<f64>,
    ) -> std::result::Result<(), String> {
        row.clear();
        reader.line(line).map_err(|e| e.message)?;
        let mut words = columns(line, 0, line.len()).split_ascii_whitespace();
        let mut label = || {
            let word = words.next().unwrap_or("");
            word.parse::<u64>().ok().filter(|&n| n > 0).ok_or_else(|| format!("'{word}' is not a label"))
        };
        if block.support != Support::Total {
            out.ids.push(label()?);
        }
        if block.support == Support::Points {
            let point = label()?;
            out.points.push(u32::try_from(point).map_err(|_| format!("{point} is no integration point"))?);
        }
        for word in words.take(MOST_VALUES) {
            row.push(real(word).ok_or_else(|| format!("'{word}' is not a finite number"))?);
        }
        if row.is_empty() { Err("it holds no value".to_owned()) } else { Ok(()) }
    }
}

/// Whether a line is a row of numbers.
fn begins_row(text: &[u8]) -> bool {
    text.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'))
}

/// The print that a line is the title of; `None`: it is none, `Some(None)`: its time cannot be read.
fn title(text: &str) -> Option<Option<Print>> {
    let (head, tail) = text.split_once("for set ")?;
    let (set, time) = tail.split_once(" and time")?;
    let (quantity, columns) = head.split_once('(').unwrap_or((head, ""));
    let quantity = quantity.trim().to_owned();
    let mut columns: Vec<String> =
        columns.trim_end().trim_end_matches(')').split(',').map(|c| c.trim().to_owned()).collect();
    columns.retain(|c| !c.is_empty());
    let labels = match columns.first().map(String::as_str) {
        Some("elem") => 2,
        Some("element") => 1,
        _ => 0,
    };
    let support = match labels {
        2 => Support::Points,
        1 => Support::Elements,
        _ if quantity.starts_with("total") => Support::Total,
        _ => Support::Nodes,
    };
    columns.drain(..labels.min(columns.len()));
    let print =
        |time| Print { quantity, support, columns, set: set.trim().to_owned(), time, rows: 0, start: 0 };
    Some(real(time.trim()).map(print))
}
