//! The standard header, the results header and the lists of nodes, elements and sets.

use super::record::{DAMAGED, long};
use super::source::{Reader, Source};
use crate::error::{Error, Result};

/// Word where the results header begins.
const RESULTS: u64 = 103;

/// What a result file says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RstHeader {
    /// Version of Ansys: `25.1`.
    pub version: String,
    /// Title of the computation.
    pub title: String,
    /// System of units: 0 the user's own, 1 SI, 2 cm g s, 3 ft, 4 in, 5 m kg s, 6 mm t s, 7 um kg s; -1 not told.
    pub units: i32,
    /// Analysis: 0 static or transient, 2 modal, 3 harmonic, 5 and 6 by mode superposition.
    pub analysis: i32,
    /// Whether values are complex.
    pub complex: bool,
    /// Whether large deflections were on (NLGEOM).
    pub large_deflections: bool,
    /// Sectors of a model of cyclic symmetry; at most 1 of others.
    pub sectors: i32,
    /// Nodes of all parts of a distributed run, or of this file; 0 in old files.
    pub global_nodes: u64,
    /// Nodes of this file.
    pub n_nodes: usize,
    /// Elements of this file.
    pub n_elements: usize,
    /// Values per node of the stress records: 6, or 11 in old files.
    pub stress_items: usize,
}

/// When a set was stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredSet {
    /// Time, or frequency.
    pub time: f64,
    /// Load step.
    pub load_step: i32,
    /// Substep.
    pub substep: i32,
    /// Iterations so far.
    pub cumulative: i32,
    /// Word where it begins.
    pub(super) at: u64,
}

/// What lies behind the headers.
pub(super) struct Index {
    pub header: RstHeader,
    pub nodes: Vec<u32>,
    pub elements: Vec<u32>,
    pub sets: Vec<StoredSet>,
    pub geometry: u64,
    pub global_nodes: u64,
}

/// Items of a record that count from 1, as the format does; what an old file lacks is 0.
pub(super) struct Items<'a>(pub &'a [i32]);

impl Items<'_> {
    pub fn get(&self, item: usize) -> i32 {
        item.checked_sub(1).and_then(|i| self.0.get(i)).copied().unwrap_or(0)
    }

    /// Address in two items.
    pub fn address(&self, low: usize, high: usize) -> u64 {
        long(self.get(low), self.get(high))
    }

    /// Address in two items, or, where these are 0, in the old one.
    pub fn address_or(&self, low: usize, high: usize, old: usize) -> u64 {
        match self.address(low, high) {
            0 => long(self.get(old), 0),
            address => address,
        }
    }

    /// Text, 4 characters in each item from `first` to `last`, without what is not printable.
    pub fn text(&self, first: usize, last: usize) -> String {
        let bytes = (first..=last).flat_map(|i| self.get(i).to_be_bytes());
        let text: String = bytes.filter(|b| (0x20..0x7f).contains(b)).map(char::from).collect();
        text.trim().to_owned()
    }
}

/// A count that must not be negative.
pub(super) fn count(source: &Source, at: u64, what: &str, name: &str, value: i32) -> Result<usize> {
    usize::try_from(value)
        .map_err(|_| source.record_error(at, what, format!("the number of {name} is {value}"), DAMAGED))
}

/// Labels of nodes or elements: `n` positive numbers.
pub(super) fn labels(reader: &mut Reader<'_>, at: u64, n: usize, what: &str) -> Result<Vec<u32>> {
    let mut numbers = Vec::new();
    reader.integers(at, what, &mut numbers)?;
    let source = reader.source;
    if numbers.len() < n {
        let problem = format!("has {} numbers where the header tells {n}", numbers.len());
        return Err(source.record_error(at, what, problem, DAMAGED));
    }
    numbers.truncate(n);
    match numbers.iter().position(|&v| v < 1) {
        Some(i) => Err(source.record_error(at, what, format!("number {} is {}", i + 1, numbers[i]), DAMAGED)),
        None => Ok(numbers.into_iter().map(i32::cast_unsigned).collect()),
    }
}

/// Reads the headers and lists.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Index> {
    let source = reader.source;
    check_magic(reader)?;
    let mut standard = Vec::new();
    reader.integers(0, "standard header", &mut standard)?;
    let standard = Items(&standard);
    let what = "results header";
    let mut words = Vec::new();
    reader.integers(RESULTS, what, &mut words)?;
    let items = Items(&words);
    let number = |name: &str, item: usize| count(source, RESULTS, what, name, items.get(item));
    let (n_nodes, n_elements) = (number("nodes", 3)?, number("elements", 7)?);
    let (capacity, n_sets) = (number("sets there is room for", 4)?, number("sets", 9)?);
    if n_sets > capacity {
        let problem = format!("tells {n_sets} sets where there is room for {capacity}");
        return Err(source.record_error(RESULTS, what, problem, DAMAGED));
    }
    let header = RstHeader {
        version: standard.text(10, 10),
        title: standard.text(41, 60),
        units: standard.get(5),
        analysis: items.get(8),
        complex: items.get(33) != 0,
        large_deflections: items.get(35) == 1,
        sectors: items.get(21),
        global_nodes: number("nodes of all parts", 49)? as u64,
        n_nodes,
        n_elements,
        stress_items: if items.get(40) == 0 { 11 } else { 6 },
    };
    let nodes = labels(reader, items.address(15, 46), n_nodes, "list of nodes")?;
    let elements = match n_elements {
        0 => Vec::new(),
        n => labels(reader, items.address(14, 45), n, "list of elements")?,
    };
    let sets = read_sets(reader, &items, capacity, n_sets)?;
    let geometry = items.address(16, 47);
    Ok(Index { header, nodes, elements, sets, geometry, global_nodes: items.address(50, 51) })
}

fn read_sets(
    reader: &mut Reader<'_>,
    items: &Items<'_>,
    capacity: usize,
    n: usize,
) -> Result<Vec<StoredSet>> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let source = reader.source;
    let short = |at: u64, what: &str, found: usize, due: usize| {
        source.record_error(at, what, format!("has {found} values where {due} are due"), DAMAGED)
    };
    let (mut addresses, mut times, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let (at, what) = (items.address(11, 41), "addresses of the sets");
    reader.integers(at, what, &mut addresses)?;
    if addresses.len() < n {
        return Err(short(at, what, addresses.len(), n));
    }
    let (at, what) = (items.address(12, 42), "times of the sets");
    reader.reals(at, what, &mut times)?;
    if times.len() < n {
        return Err(short(at, what, times.len(), n));
    }
    if let Some(i) = times[..n].iter().position(|t| !t.is_finite()) {
        return Err(source.record_error(
            at,
            what,
            format!("the time of set {} is {}", i + 1, times[i]),
            DAMAGED,
        ));
    }
    let (at, what) = (items.address(13, 43), "load steps of the sets");
    reader.integers(at, what, &mut steps)?;
    if steps.len() < 3 * n {
        return Err(short(at, what, steps.len(), 3 * n));
    }
    let set = |i: usize| StoredSet {
        time: times[i],
        load_step: steps[3 * i],
        substep: steps[3 * i + 1],
        cumulative: steps[3 * i + 2],
        at: long(addresses[i], addresses.get(capacity + i).copied().unwrap_or(0)),
    };
    Ok((0..n).map(set).collect())
}

/// Whether the file begins as result files do, in words for what else it may be.
fn check_magic(reader: &mut Reader<'_>) -> Result<()> {
    const STANDARD: [u8; 8] = [100, 0, 0, 0, 0, 0, 0, 0x80];
    let source = reader.source;
    let wrong = |problem: String, remedy: &str| Err(Error::input(&source.path, "byte 0", problem, remedy));
    let remedy = "give the .rst of a structural analysis of Ansys MAPDL";
    let Some(start) = reader.bytes(0, 12)? else {
        return wrong(format!("is no result file of Ansys: it has {} bytes", source.size), remedy);
    };
    if start[..4] == [0, 0, 0, 100] {
        return wrong(
            "is written in big-endian order, which is not read".into(),
            "write it again on a little-endian machine (or with /FTYPE,RST,EXTERNAL there)",
        );
    }
    if start[..8] != STANDARD {
        return wrong(format!("begins with {:02x?}, not as a result file of Ansys", &start[..8]), remedy);
    }
    match i32::from_le_bytes([start[8], start[9], start[10], start[11]]) {
        12 => Ok(()),
        other => wrong(format!("is a file of Ansys, but of number {other} and not 12 (results)"), remedy),
    }
}
