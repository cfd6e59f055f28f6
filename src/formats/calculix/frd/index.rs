//! Where the blocks of a file are.

use super::super::source::{DAMAGED, Reader, Source, columns, real};
use super::block::{Block, Encoding, shown};
use super::{Frd, mesh};
use crate::error::{Error, Result};

/// Most components of a quantity: `ccx` writes up to 99 state variables, other programs some hundred.
const MOST_COMPONENTS: usize = 1000;

/// Nodes or elements: where they begin, how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    pub start: u64,
    pub count: usize,
    pub encoding: Encoding,
}

/// Reads the headers of a file.
pub(super) fn read(source: Source) -> Result<Frd> {
    let mut scan = Scan { source: &source, reader: source.from(0), line: Vec::new(), at: 0, step: (0, 0) };
    let (mut nodes, mut elements) = (None, None);
    let (mut blocks, mut cut) = (Vec::new(), Some("no line 9999 at its end".to_owned()));
    let foreign = |at| {
        let remedy = "give a result file of CalculiX (.frd)";
        source.error(at, "is no result file of CalculiX: it does not begin with '1C'", remedy)
    };
    let mut first = true;
    while scan.next()? {
        if std::mem::take(&mut first) && !scan.key().starts_with('1') && !scan.key().starts_with("2C") {
            return Err(foreign(0));
        }
        match scan.key() {
            "9999" => {
                cut = None;
                break;
            }
            "2C" => nodes = Some(scan.listing(&nodes, 28, "nodes")?),
            "3C" => elements = Some(scan.listing(&elements, 20, "elements")?),
            "1P" if columns(&scan.line, 4, 10) == "1PSTEP" => {
                scan.step = (scan.small(36, 48), scan.small(48, 60));
            }
            key if key.starts_with("100C") => match scan.block()? {
                Some(block) => blocks.push(block),
                None => {
                    cut = Some(format!("it ends in the block that begins at byte {}", scan.at));
                    break;
                }
            },
            key if key.starts_with('1') || key.is_empty() => {}
            _ => {
                let problem = format!("'{}' begins no block", shown(&scan.line));
                return Err(source.error(scan.at, problem, DAMAGED));
            }
        }
    }
    if first {
        return Err(foreign(0));
    }
    let Some(nodes) = nodes else {
        return Err(Error::input(&source.path, "", "has no nodes (2C)", DAMAGED));
    };
    Ok(Frd { nodes, elements, blocks, cut, source })
}

struct Scan<'s> {
    source: &'s Source,
    reader: Reader<'s>,
    line: Vec<u8>,
    /// Byte of the line.
    at: u64,
    /// Increment and step of the blocks that follow.
    step: (u32, u32),
}

impl Scan<'_> {
    fn next(&mut self) -> Result<bool> {
        self.at = self.reader.position;
        self.reader.line(&mut self.line)
    }

    fn key(&self) -> &str {
        columns(&self.line, 0, 6).split_ascii_whitespace().next().unwrap_or("")
    }

    fn small(&self, from: usize, to: usize) -> u32 {
        columns(&self.line, from, to).parse().unwrap_or(0)
    }

    fn wrong(&self, what: &str, found: &str) -> Error {
        self.source.error(self.at, format!("'{found}' is not {what}"), DAMAGED)
    }

    /// The number of records that a header announces; `least`: bytes that each takes.
    fn count(&self, least: u64) -> Result<usize> {
        let text = columns(&self.line, 24, 36);
        let count: u64 = text.parse().map_err(|_| self.wrong("a number of records", text))?;
        let room = self.source.size.saturating_sub(self.reader.position) / least.max(1);
        if count > room {
            let problem = format!("announces {count} records, for which the file is too short");
            return Err(self.source.error(self.at, problem, DAMAGED));
        }
        usize::try_from(count).map_err(|_| self.wrong("a number of records", text))
    }

    fn encoding(&self) -> Result<Encoding> {
        match columns(&self.line, 73, 75) {
            "0" => Ok(Encoding::Short),
            "1" => Ok(Encoding::Long),
            "2" => Ok(Encoding::Single),
            "3" => Ok(Encoding::Double),
            other => Err(self.wrong("a format from 0 to 3", other)),
        }
    }

    /// Steps over nodes or elements.
    fn listing(&mut self, before: &Option<Listing>, least: u64, what: &str) -> Result<Listing> {
        if before.is_some() {
            return Err(self.source.error(self.at, format!("lists {what} a second time"), DAMAGED));
        }
        let (at, encoding, start) = (self.at, self.encoding()?, self.reader.position);
        let truncated = || self.source.error(at, format!("the file ends in its {what}"), DAMAGED);
        if what == "elements" && !encoding.is_text() {
            let count = self.count(least)?;
            let listing = Listing { start, count, encoding };
            let end = mesh::end_of_elements(self.source, listing)?;
            self.reader = self.source.from(end);
            return Ok(listing);
        }
        if encoding.is_text() {
            let count = self.records()?.ok_or_else(truncated)?;
            return Ok(Listing { start, count, encoding });
        }
        let one = mesh::node_bytes(encoding);
        let count = self.count(one)?;
        let end = start + one * count as u64;
        self.reader = self.source.from(end);
        Ok(Listing { start, count, encoding })
    }

    /// Steps over lines of text to the end of their block; the number of records, `None` where the file ends before.
    fn records(&mut self) -> Result<Option<usize>> {
        let mut count = 0;
        while self.next()? {
            match columns(&self.line, 0, 3) {
                "-1" => count += 1,
                "-2" => {}
                "-3" => return Ok(Some(count)),
                _ => {
                    let problem = format!("'{}' inside of a block", shown(&self.line));
                    return Err(self.source.error(self.at, problem, DAMAGED));
                }
            }
        }
        Ok(None)
    }

    /// Reads the header of values and steps over them; `None` where the file ends before they do.
    fn block(&mut self) -> Result<Option<Block>> {
        let header = self.at;
        let (encoding, text) = (self.encoding()?, columns(&self.line, 12, 24));
        let time = real(text).ok_or_else(|| self.wrong("a time", text))?;
        let count: u64 = {
            let text = columns(&self.line, 24, 36);
            text.parse().map_err(|_| self.wrong("a number of nodes", text))?
        };
        let analysis = self.small(56, 58);
        if !self.next()? {
            self.at = header;
            return Ok(None);
        }
        if columns(&self.line, 0, 3) != "-4" {
            return Err(self.wrong("the name of a result (-4)", &shown(&self.line)));
        }
        let name = columns(&self.line, 5, 13).to_owned();
        let announced = columns(&self.line, 13, 18);
        let announced = announced
            .parse()
            .ok()
            .filter(|n| (1..=MOST_COMPONENTS).contains(n))
            .ok_or_else(|| self.wrong("a number of components", announced))?;
        let mut components = Vec::new();
        for _ in 0..announced {
            if !self.next()? {
                self.at = header;
                return Ok(None);
            }
            if columns(&self.line, 0, 3) != "-5" {
                return Err(self.wrong("a component (-5)", &shown(&self.line)));
            }
            if columns(&self.line, 33, 38) != "1" {
                components.push(columns(&self.line, 5, 13).to_owned());
            }
        }
        if components.is_empty() {
            return Err(self.source.error(header, format!("{name} stores no component"), DAMAGED));
        }
        let start = self.reader.position;
        let records = match self.skip(encoding, count, components.len())? {
            Some(records) => records,
            None => {
                self.at = header;
                return Ok(None);
            }
        };
        let (increment, step) = self.step;
        Ok(Some(Block { name, components, step, increment, time, analysis, encoding, records, start }))
    }

    /// Steps over values: at once where they are as long as they should be, line by line elsewhere.
    fn skip(&mut self, encoding: Encoding, count: u64, components: usize) -> Result<Option<usize>> {
        let start = self.reader.position;
        let end = Block::length(encoding, count, components).and_then(|length| start.checked_add(length));
        let end = end.filter(|&end| end <= self.source.size);
        let announced = usize::try_from(count).unwrap_or(usize::MAX);
        if !encoding.is_text() {
            return Ok(end.map(|end| {
                self.reader = self.source.from(end);
                announced
            }));
        }
        if let Some(end) = end.filter(|&end| end > start) {
            let mut last = [0; 4];
            let mut reader = self.source.from(end - 1);
            if reader.fill(&mut last)? && &last == b"\n -3" {
                reader.line(&mut self.line)?;
                self.reader = reader;
                return Ok(Some(announced));
            }
        }
        self.records()
    }
}
