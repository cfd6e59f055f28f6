//! The legacy format, text and binary (big-endian), versions 2 to 5.1.

use super::numbers::Number;
use super::{DAMAGED, Grid};
use crate::error::{Error, Result};
use std::path::Path;

pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Grid> {
    let mut file = Cursor { path, bytes, at: 0, binary: false };
    file.line();
    file.line();
    let kind = file.line();
    file.binary = match kind.as_slice() {
        b"ASCII" => false,
        b"BINARY" => true,
        _ => return Err(file.error("its third line is neither ASCII nor BINARY")),
    };
    let data = String::from_utf8_lossy(&file.line()).into_owned();
    if data != "DATASET UNSTRUCTURED_GRID" {
        let remedy = "save the mesh as an unstructured grid";
        return Err(Error::input(
            path,
            "line 4",
            format!("'{data}' is not DATASET UNSTRUCTURED_GRID"),
            remedy,
        ));
    }
    let mut grid = Grid::default();
    while let Some(line) = file.keyword() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["POINTS", n, kind, ..] => {
                let n = file.size(n)?;
                let values = file.reals(n.saturating_mul(3), kind)?;
                grid.points = values.chunks_exact(3).map(|x| [x[0], x[1], x[2]]).collect();
            }
            ["CELLS", n, size] => file.cells(n, size, &mut grid)?,
            ["CELL_TYPES", n] => {
                let n = file.size(n)?;
                grid.types = file.integers(n, "int")?;
            }
            ["METADATA", ..] => while !file.line().is_empty() {},
            ["CELL_DATA", n] => {
                let n = file.size(n)?;
                file.arrays(n, &mut grid)?;
                break;
            }
            ["FIELD", _, n] => {
                let n = file.size(n)?;
                file.fields(n, None, &mut grid)?;
            }
            // what points hold is not needed
            ["POINT_DATA", ..] => break,
            _ => return Err(file.error(&format!("'{line}' is not known"))),
        }
    }
    match grid.points.iter().flatten().find(|x| !x.is_finite()) {
        Some(x) => Err(file.error(&format!("the coordinate {x} is not finite"))),
        None => Ok(grid),
    }
}

struct Cursor<'b> {
    path: &'b Path,
    bytes: &'b [u8],
    at: usize,
    binary: bool,
}

impl Cursor<'_> {
    fn error(&self, problem: &str) -> Error {
        Error::input(self.path, format!("byte {}", self.at), problem, DAMAGED)
    }

    fn line(&mut self) -> Vec<u8> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&b| b == b'\n').map_or(rest.len(), |n| n + 1);
        self.at += length;
        rest[..length].trim_ascii().to_vec()
    }

    /// The next line that is not empty.
    fn keyword(&mut self) -> Option<String> {
        while self.at < self.bytes.len() {
            let line = self.line();
            if !line.is_empty() {
                let end = line.len().min(200);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
        }
        None
    }

    fn size(&self, word: &str) -> Result<usize> {
        word.parse().map_err(|_| self.error(&format!("'{word}' is not a number of things")))
    }

    fn number(&self, kind: &str) -> Result<Number> {
        Number::from_name(kind)
            .ok_or_else(|| self.error(&format!("the type of numbers '{kind}' is not read")))
    }

    /// `n` words of text.
    fn words<T: std::str::FromStr>(&mut self, n: usize) -> Result<Vec<T>> {
        let mut out = Vec::new();
        for _ in 0..n {
            let rest = &self.bytes[self.at..];
            let start = rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
            let length = rest[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len() - start);
            let word = std::str::from_utf8(&rest[start..start + length]).unwrap_or("");
            out.push(word.parse().map_err(|_| self.error(&format!("'{word}' is not a number")))?);
            self.at += start + length;
        }
        Ok(out)
    }

    fn block(&mut self, n: usize, number: Number) -> Result<&[u8]> {
        let rest = &self.bytes[self.at..];
        match n.checked_mul(number.size()).and_then(|length| rest.get(..length)) {
            Some(block) => {
                self.at += block.len();
                Ok(block)
            }
            None => Err(self.error(&format!("{n} numbers, for which the file is too short"))),
        }
    }

    fn reals(&mut self, n: usize, kind: &str) -> Result<Vec<f64>> {
        let number = self.number(kind)?;
        if self.binary { Ok(number.reals(self.block(n, number)?, true)) } else { self.words(n) }
    }

    fn integers(&mut self, n: usize, kind: &str) -> Result<Vec<i64>> {
        let number = self.number(kind)?;
        if !number.is_integer() {
            return Err(self.error(&format!("'{kind}' where whole numbers belong")));
        }
        if self.binary { Ok(number.integers(self.block(n, number)?, true)) } else { self.words(n) }
    }

    fn cells(&mut self, n: &str, size: &str, grid: &mut Grid) -> Result<()> {
        let (n, size) = (self.size(n)?, self.size(size)?);
        let before = self.at;
        let next = String::from_utf8_lossy(&self.line()).into_owned();
        if let Some(kind) = next.strip_prefix("OFFSETS ") {
            // version 5: offsets with a first 0, then the points
            let offsets = self.integers(n, kind.trim())?;
            grid.ends = offsets.into_iter().skip(1).collect();
            let line = self.keyword().unwrap_or_default();
            let Some(kind) = line.strip_prefix("CONNECTIVITY ") else {
                return Err(self.error("CONNECTIVITY is missing"));
            };
            grid.connectivity = self.integers(size, kind.trim())?;
            return Ok(());
        }
        self.at = before;
        let list = self.integers(size, "int")?;
        let mut rest = list.as_slice();
        for _ in 0..n {
            let cell = rest.split_first().and_then(|(&count, nodes)| {
                usize::try_from(count).ok().and_then(|count| nodes.split_at_checked(count))
            });
            let Some((nodes, after)) = cell else { return Err(self.error("the list of cells is too short")) };
            grid.connectivity.extend_from_slice(nodes);
            grid.ends.push(grid.connectivity.len() as i64);
            rest = after;
        }
        Ok(())
    }

    /// Integer arrays of `n` cells, up to the first thing that is something else.
    fn arrays(&mut self, n: usize, grid: &mut Grid) -> Result<()> {
        while let Some(line) = self.keyword() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                ["SCALARS", name, kind, rest @ ..] => {
                    let components = rest.first().map_or(Ok(1), |c| self.size(c))?;
                    self.keyword();
                    self.array(name, kind, components, n, grid)?;
                }
                ["FIELD", _, arrays] => {
                    let arrays = self.size(arrays)?;
                    self.fields(arrays, Some(n), grid)?;
                }
                ["METADATA", ..] => while !self.line().is_empty() {},
                _ => break,
            }
        }
        Ok(())
    }

    /// `count` arrays of a field; of `cells` cells, else of nothing that is needed.
    fn fields(&mut self, count: usize, cells: Option<usize>, grid: &mut Grid) -> Result<()> {
        for _ in 0..count {
            let mut line = self.keyword().unwrap_or_default();
            if line.starts_with("METADATA") {
                while !self.line().is_empty() {}
                line = self.keyword().unwrap_or_default();
            }
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let [name, components, tuples, kind] = words[..] else {
                return Err(self.error(&format!("'{line}' is no array of a field")));
            };
            let (components, tuples) = (self.size(components)?, self.size(tuples)?);
            match cells {
                Some(_) => self.array(name, kind, components, tuples, grid)?,
                None => drop(self.reals(components.saturating_mul(tuples), kind)?),
            }
        }
        Ok(())
    }

    fn array(&mut self, name: &str, kind: &str, components: usize, n: usize, grid: &mut Grid) -> Result<()> {
        let total = components.saturating_mul(n);
        if components == 1 && self.number(kind)?.is_integer() {
            // blanks and the like in names are encoded as %20
            let values = self.integers(total, kind)?;
            grid.arrays.push((name.replace("%20", " "), values));
        } else {
            self.reals(total, kind)?;
        }
        Ok(())
    }
}
