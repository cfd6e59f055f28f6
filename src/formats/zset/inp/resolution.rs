//! `***resolution`: the times at which a state is computed, and the tolerance of Newton's method.

use crate::error::Result;
use crate::formats::zset::blocks::{Block, Document, count, number};

/// Most increments of a computation.
const MOST_INCREMENTS: u64 = 10_000_000;

/// A stretch of equal increments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// End of the stretch, from the start of the cycle; it begins where the one before ends, the first at 0.
    pub end: f64,
    /// Number of increments.
    pub increments: u64,
}

/// What `***resolution` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// Line of its keyword.
    pub line: usize,
    /// Number of times that the segments are run through, each time from where the last ended.
    pub cycles: u64,
    /// The segments of one cycle.
    pub segments: Vec<Segment>,
    /// Newton's tolerance on the residual relative to the forces (`*ratio`).
    pub ratio: Option<f64>,
    /// Newton's variant (`*algorithm`): `p1p2p3`.
    pub algorithm: Option<String>,
    /// Most iterations of an increment (`*iteration`).
    pub iterations: Option<u64>,
}

impl Resolution {
    /// Length of a cycle.
    pub fn period(&self) -> f64 {
        self.segments.last().map_or(0.0, |s| s.end)
    }

    /// The end of every increment of the computation; the start (0) is not among them.
    pub fn times(&self) -> Vec<f64> {
        let mut times = Vec::new();
        for cycle in 0..self.cycles {
            // Exact for any number of cycles that a reader admits.
            let origin = cycle as f64 * self.period();
            let mut start = 0.0;
            for s in &self.segments {
                let step = (s.end - start) / s.increments as f64;
                times.extend((1..s.increments).map(|k| origin + (start + k as f64 * step)));
                times.push(origin + s.end);
                start = s.end;
            }
        }
        times
    }
}

pub(super) fn read_resolution(d: &Document, block: &Block) -> Result<Resolution> {
    if let Some((line, method)) = block.words().find(|w| w.1 != "newton") {
        return Err(d.error(
            line,
            format!("resolution by '{method}' is not supported"),
            "use ***resolution newton",
        ));
    }
    let mut found: Option<(&Block, u64)> = None;
    for child in &block.children {
        match child.name.as_str() {
            "cycles" | "sequence" => {
                let words: Vec<(usize, &str)> = child.words().collect();
                let n = match words.as_slice() {
                    [] => 1,
                    [(line, n)] => count(d, *line, n)?,
                    [_, (line, extra), ..] => {
                        return Err(d.error(
                            *line,
                            format!("'{extra}' is one word too many for {child}"),
                            "write one count",
                        ));
                    }
                };
                if let Some((first, _)) = found.replace((child, n)) {
                    let problem =
                        format!("a second list of times ({child}; the first is in line {})", first.line());
                    return Err(d.error(
                        child.line(),
                        problem,
                        "put all times in one **cycles or **sequence",
                    ));
                }
            }
            _ => d.warn_unread(child),
        }
    }
    let Some((list, n)) = found else {
        return Err(d.error(
            block.line(),
            "***resolution has no times",
            "add **cycles or **sequence with *time and *increment",
        ));
    };
    let mut r = Resolution {
        line: block.line(),
        cycles: 1,
        segments: Vec::new(),
        ratio: None,
        algorithm: None,
        iterations: None,
    };
    let (mut ends, mut increments) = (Vec::new(), Vec::new());
    for child in &list.children {
        match child.name.as_str() {
            "time" => ends = child.numbers(d)?,
            "dtime" => {
                let mut end = 0.0;
                ends = child
                    .numbers(d)?
                    .into_iter()
                    .map(|length| {
                        end += length;
                        end
                    })
                    .collect();
            }
            "increment" => increments = child.counts(d)?,
            "ratio" => r.ratio = Some(ratio(d, child)?),
            "algorithm" => r.algorithm = Some(child.word(d, "its name")?.to_owned()),
            "iteration" => r.iterations = child.counts(d)?.first().copied(),
            _ => d.warn_unread(child),
        }
    }
    let line = list.line();
    if ends.is_empty() || ends.len() != increments.len() {
        let problem =
            format!("{list} has {} times (*time) and {} counts (*increment)", ends.len(), increments.len());
        return Err(d.error(line, problem, "write one count for each time"));
    }
    let mut start = 0.0;
    for &end in &ends {
        if end <= start {
            let problem = format!("time {end} of {list} does not come after {start}");
            return Err(d.error(line, problem, "times must increase from 0"));
        }
        start = end;
    }
    if list.name == "cycles" {
        r.cycles = n;
    } else if n != ends.len() as u64 {
        let problem = format!("{list} announces {n} sequences and gives {} times", ends.len());
        return Err(d.error(line, problem, "write one time for each sequence"));
    }
    let total = increments
        .iter()
        .try_fold(0u64, |sum, &k| sum.checked_add(k))
        .and_then(|sum| sum.checked_mul(r.cycles));
    if total.is_none_or(|t| t > MOST_INCREMENTS) {
        let problem = format!("{list} asks for more than {MOST_INCREMENTS} increments");
        return Err(d.error(line, problem, "check its counts"));
    }
    r.segments =
        ends.into_iter().zip(increments).map(|(end, increments)| Segment { end, increments }).collect();
    Ok(r)
}

/// `*ratio 1.e-4`; with several (one a segment) the smallest holds.
fn ratio(d: &Document, block: &Block) -> Result<f64> {
    let mut smallest = f64::INFINITY;
    for (line, word) in block.words() {
        if word.starts_with("absol") {
            return Err(d.error(
                line,
                "an absolute tolerance is not supported",
                "write *ratio with a number only",
            ));
        }
        let value = number(d, line, word)?;
        if value <= 0.0 {
            return Err(d.error(line, format!("the tolerance is {value}"), "it must be positive"));
        }
        smallest = smallest.min(value);
    }
    if smallest.is_infinite() {
        return Err(d.error(block.line(), "*ratio is empty", "write its number after it"));
    }
    Ok(smallest)
}
