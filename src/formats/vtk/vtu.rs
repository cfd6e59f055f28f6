//! XML unstructured grids: text, base64 and raw bytes, compressed by zlib or not.
//!
//! Source: "VTK File Formats" of the VTK user's guide. An array of bytes is `n, bytes`; a compressed one `blocks, size,
//! last size, compressed sizes, blocks`, where header and blocks are encoded by themselves in base64.

use super::numbers::Number;
use super::{DAMAGED, Grid};
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use std::io::Read;
use std::path::Path;

/// zlib makes nothing smaller than this share.
const MOST_COMPRESSED: u64 = 1100;

pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Grid> {
    let wrong = |problem: &str, remedy: &str| Error::input(path, "", problem, remedy);
    // what is appended need be no XML
    let mark = b"<AppendedData";
    let appended = bytes.windows(mark.len()).position(|w| w == mark);
    let (head, data) = bytes.split_at(appended.unwrap_or(bytes.len()));
    let text =
        std::str::from_utf8(head).map_err(|_| wrong("is not a file of VTK", "give a .vtu or .vtk file"))?;
    let text = if appended.is_some() { format!("{text}</VTKFile>") } else { text.to_owned() };
    let document = Document::parse(&text).map_err(|e| {
        Error::input(
            path,
            "",
            format!("is no complete XML file of VTK ({e})"),
            "write it again as .vtu or .vtk",
        )
    })?;
    let root = document.root_element();
    let kind = root.attribute("type").unwrap_or("");
    if root.tag_name().name() != "VTKFile" || kind != "UnstructuredGrid" {
        let problem = format!("holds a '{kind}', not an UnstructuredGrid");
        return Err(wrong(&problem, "save the mesh as an unstructured grid (.vtu)"));
    }
    let word = match root.attribute("header_type").unwrap_or("UInt32") {
        "UInt32" => 4,
        "UInt64" => 8,
        other => return Err(wrong(&format!("its header_type is '{other}'"), DAMAGED)),
    };
    let compressed = match root.attribute("compressor") {
        None | Some("") => false,
        Some("vtkZLibDataCompressor") => true,
        Some(other) => {
            let remedy = "write it with zlib (vtkZLibDataCompressor) or uncompressed";
            return Err(wrong(&format!("is compressed by {other}, which is not read"), remedy));
        }
    };
    let start = data.iter().position(|&b| b == b'_').map_or(data.len(), |n| n + 1);
    let base64 = String::from_utf8_lossy(&data[..start]).contains("base64");
    let big_endian = root.attribute("byte_order") == Some("BigEndian");
    let file = File {
        path,
        appended: &data[start..],
        base64,
        big_endian,
        word,
        compressed,
        size: bytes.len() as u64,
    };
    let mut pieces = root.descendants().filter(|n| n.has_tag_name("Piece"));
    let Some(piece) = pieces.next() else { return Err(wrong("has no piece", DAMAGED)) };
    if pieces.any(|p| p.attribute("NumberOfCells").is_none_or(|n| n.trim() != "0")) {
        return Err(wrong(
            "has several pieces",
            "merge them into one grid (vtkAppendFilter with MergePoints)",
        ));
    }
    let part = |name: &str| piece.children().find(|n| n.has_tag_name(name));
    let arrays = |name: &str| {
        let part = part(name);
        part.into_iter().flat_map(|p| p.children().filter(|n| n.has_tag_name("DataArray")))
    };
    let points = arrays("Points").next().ok_or_else(|| wrong("has no points", DAMAGED))?;
    let points = file.reals(points)?;
    let cells = |name: &str| {
        let array = arrays("Cells").find(|n| n.attribute("Name") == Some(name));
        let missing = || wrong(&format!("has no array '{name}' of the cells"), DAMAGED);
        array.ok_or_else(missing).and_then(|n| file.integers(n))
    };
    let mut grid = Grid {
        points: points.chunks_exact(3).map(|x| [x[0], x[1], x[2]]).collect(),
        connectivity: cells("connectivity")?,
        ends: cells("offsets")?,
        types: cells("types")?,
        arrays: Vec::new(),
    };
    for array in arrays("CellData") {
        let single = array.attribute("NumberOfComponents").is_none_or(|n| n.trim() == "1");
        let integer = array.attribute("type").and_then(Number::from_name).is_some_and(Number::is_integer);
        if let Some(name) = array.attribute("Name").filter(|_| single && integer) {
            grid.arrays.push((name.to_owned(), file.integers(array)?));
        }
    }
    Ok(grid)
}

struct File<'f> {
    path: &'f Path,
    /// What follows the `_` of the appended data.
    appended: &'f [u8],
    base64: bool,
    big_endian: bool,
    /// Bytes of a number in a header.
    word: usize,
    compressed: bool,
    size: u64,
}

impl File<'_> {
    fn wrong(&self, array: Node, problem: impl std::fmt::Display) -> Error {
        let place = format!("array '{}'", array.attribute("Name").unwrap_or(""));
        Error::input(self.path, place, problem, DAMAGED)
    }

    fn number(&self, array: Node) -> Result<Number> {
        let name = array.attribute("type").unwrap_or("");
        Number::from_name(name).ok_or_else(|| self.wrong(array, format!("its type is '{name}'")))
    }

    fn reals(&self, array: Node) -> Result<Vec<f64>> {
        let number = self.number(array)?;
        let values = match self.bytes(array)? {
            Some(bytes) => number.reals(&bytes, self.big_endian),
            None => self.text(array)?,
        };
        match values.iter().find(|x| !x.is_finite()) {
            None => Ok(values),
            Some(x) => Err(self.wrong(array, format!("the value {x} is not finite"))),
        }
    }

    fn integers(&self, array: Node) -> Result<Vec<i64>> {
        match (self.bytes(array)?, self.number(array)?) {
            (_, Number::Float(_)) => Err(self.wrong(array, "holds real numbers where integers belong")),
            (Some(bytes), number) => Ok(number.integers(&bytes, self.big_endian)),
            (None, _) => self.text(array),
        }
    }

    /// The numbers of an array in text.
    fn text<T: std::str::FromStr>(&self, array: Node) -> Result<Vec<T>> {
        let texts = array.children().filter_map(|n| n.text().filter(|_| n.is_text()));
        let words = texts.flat_map(str::split_ascii_whitespace);
        words
            .map(|w| w.parse().map_err(|_| self.wrong(array, format!("'{w}' is not a number of it"))))
            .collect()
    }

    /// The bytes of an array; `None` where it is text.
    fn bytes(&self, array: Node) -> Result<Option<Vec<u8>>> {
        let inline;
        let mut stream = match array.attribute("format").unwrap_or("ascii") {
            "ascii" => return Ok(None),
            "binary" => {
                let texts = array.children().filter_map(|n| n.text().filter(|_| n.is_text()));
                inline = texts.flat_map(str::bytes).filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>();
                Stream { rest: &inline, base64: true, held: Vec::new() }
            }
            "appended" => {
                let offset = array.attribute("offset").and_then(|o| o.trim().parse::<usize>().ok());
                let rest = offset.and_then(|o| self.appended.get(o..));
                let rest = rest.ok_or_else(|| self.wrong(array, "its offset is not in the file"))?;
                Stream { rest, base64: self.base64, held: Vec::new() }
            }
            other => return Err(self.wrong(array, format!("its format is '{other}'"))),
        };
        let short = || self.wrong(array, "the file ends inside of it, or its encoding is damaged");
        let word = |stream: &mut Stream| {
            let bytes = stream.take(self.word as u64)?;
            Some(Number::Unsigned(self.word).integers(&bytes, self.big_endian)[0] as u64)
        };
        if !self.compressed {
            let n = word(&mut stream).ok_or_else(short)?;
            return stream.take(n).map(Some).ok_or_else(short);
        }
        let blocks = word(&mut stream).ok_or_else(short)?;
        let (size, last) = (word(&mut stream).ok_or_else(short)?, word(&mut stream).ok_or_else(short)?);
        let room = self.size.saturating_mul(MOST_COMPRESSED);
        if blocks > self.size || size.saturating_mul(blocks) > room.saturating_add(size) || size > room {
            return Err(self
                .wrong(array, format!("{blocks} blocks of {size} bytes, for which the file is too short")));
        }
        let sizes = (0..blocks).map(|_| word(&mut stream)).collect::<Option<Vec<u64>>>().ok_or_else(short)?;
        // base64 of the header has ended, with or without padding
        stream.held.clear();
        let mut out = Vec::new();
        for (i, n) in (1..).zip(sizes) {
            let block = stream.take(n).ok_or_else(short)?;
            let due = if i == blocks && last > 0 { last } else { size };
            let before = out.len() as u64;
            let read = flate2::read::ZlibDecoder::new(block.as_slice()).take(due + 1).read_to_end(&mut out);
            if read.is_err() || out.len() as u64 - before != due {
                return Err(self.wrong(array, format!("block {i} does not give its {due} bytes")));
            }
        }
        Ok(Some(out))
    }
}

/// Bytes, raw or in base64.
struct Stream<'s> {
    rest: &'s [u8],
    base64: bool,
    /// Decoded, not taken yet.
    held: Vec<u8>,
}

impl Stream<'_> {
    /// The next `n` bytes; `None` where there are fewer.
    fn take(&mut self, n: u64) -> Option<Vec<u8>> {
        // 4 characters hold 3 bytes
        let n = usize::try_from(n).ok().filter(|&n| n <= self.rest.len() + self.held.len())?;
        if !self.base64 {
            let (taken, rest) = self.rest.split_at_checked(n)?;
            self.rest = rest;
            return Some(taken.to_vec());
        }
        let mut out = std::mem::take(&mut self.held);
        while out.len() < n {
            let (group, rest) = self.rest.split_at_checked(4)?;
            self.rest = rest;
            let mut bytes = [0; 3];
            let found = STANDARD.decode_slice(group, &mut bytes).ok()?;
            out.extend_from_slice(&bytes[..found]);
        }
        self.held = out.split_off(n);
        Some(out)
    }
}
