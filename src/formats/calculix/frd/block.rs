//! Blocks of values at nodes.

use super::super::source::{DAMAGED, Reader, columns, real};
use super::Frd;
use crate::error::{Error, Result};

/// How numbers and labels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Text, labels of 5 columns (format 0).
    Short,
    /// Text, labels of 10 columns (format 1).
    Long,
    /// Binary, 4-byte real numbers (format 2).
    Single,
    /// Binary, 8-byte real numbers (format 3).
    Double,
}

impl Encoding {
    /// Columns of a label, in text.
    pub(super) fn label(self) -> usize {
        if self == Encoding::Short { 5 } else { 10 }
    }

    /// Whether it is text.
    pub fn is_text(self) -> bool {
        matches!(self, Encoding::Short | Encoding::Long)
    }

    /// Bytes of a real number, in binary.
    pub(super) fn real(self) -> usize {
        if self == Encoding::Double { 8 } else { 4 }
    }
}

/// Values of one quantity at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// `DISP`, `STRESS`, `TOSTRAIN`, `NDTEMP`, `SDV`, …
    pub name: String,
    /// Names of the stored components, such as `D1 D2 D3` or `SXX SYY SZZ SXY SYZ SZX`.
    pub components: Vec<String>,
    /// Number of the step, from 1; 0 where the file does not say.
    pub step: u32,
    /// Number of the increment in its step, from 1; 0 where the file does not say.
    pub increment: u32,
    /// Total time (frequency, for eigenmodes).
    pub time: f64,
    /// 0 static, 1 time step, 2 frequency, 3 load step, 4 user named.
    pub analysis: u32,
    /// How it is stored.
    pub encoding: Encoding,
    /// Number of nodes.
    pub records: usize,
    /// Byte of the first value.
    pub(super) start: u64,
}

impl Block {
    /// Its place, for messages.
    pub(super) fn place(&self) -> String {
        format!("{} of step {}, increment {}", self.name, self.step, self.increment)
    }

    /// Bytes of the block where it is binary, or text as CalculiX lays it out.
    pub(super) fn length(encoding: Encoding, records: u64, components: usize) -> Option<u64> {
        let c = components as u64;
        let one = if encoding.is_text() {
            c.div_ceil(6).max(1) * (4 + encoding.label() as u64) + 12 * c
        } else {
            4 + c * encoding.real() as u64
        };
        records.checked_mul(one)
    }
}

/// Values at nodes, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NodalValues {
    /// Labels.
    pub nodes: Vec<u64>,
    /// Number of components.
    pub components: usize,
    /// `nodes x components`.
    pub values: Vec<f64>,
}

impl Frd {
    /// Calls `each` with the label of a node and its components, node by node: memory for one node.
    ///
    /// # Errors
    /// As [`Frd::read`]; the first error of `each`.
    pub fn visit(&self, block: usize, mut each: impl FnMut(u64, &[f64]) -> Result<()>) -> Result<()> {
        let b = self.block(block)?;
        let mut reader = self.source.from(b.start);
        if b.encoding.is_text() {
            return self.visit_text(b, &mut reader, &mut each);
        }
        let size = b.encoding.real();
        let mut bytes = vec![0; 4 + size * b.components.len()];
        let mut values = vec![0.0; b.components.len()];
        for _ in 0..b.records {
            let at = reader.position;
            if !reader.fill(&mut bytes)? {
                return Err(self.source.error(at, format!("the file ends in {}", b.place()), DAMAGED));
            }
            let (label, rest) = bytes.split_at(4);
            let node = label_of(label)
                .ok_or_else(|| self.source.error(at, format!("a wrong node in {}", b.place()), DAMAGED))?;
            for (c, (value, bytes)) in values.iter_mut().zip(rest.chunks_exact(size)).enumerate() {
                *value = real_of(bytes);
                if !value.is_finite() {
                    return Err(self.not_finite(b, node, c, &value.to_string()));
                }
            }
            each(node, &values)?;
        }
        Ok(())
    }

    fn visit_text(
        &self,
        b: &Block,
        reader: &mut Reader,
        each: &mut impl FnMut(u64, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let first = 3 + b.encoding.label();
        let (mut line, mut values) = (Vec::new(), Vec::with_capacity(b.components.len()));
        for _ in 0..b.records {
            let at = reader.position;
            let wrong = |what: String| self.source.error(at, format!("{what} in {}", b.place()), DAMAGED);
            reader.line(&mut line)?;
            let node = match (columns(&line, 0, 3), columns(&line, 3, first).parse::<u64>()) {
                ("-1", Ok(node)) if node > 0 => node,
                _ => return Err(wrong(format!("'{}' is no line of a node", shown(&line)))),
            };
            values.clear();
            while values.len() < b.components.len() {
                if !values.is_empty() && (!reader.line(&mut line)? || columns(&line, 0, 3) != "-2") {
                    return Err(wrong(format!("node {node} has {} values", values.len())));
                }
                for i in 0..(b.components.len() - values.len()).min(6) {
                    let text = columns(&line, first + 12 * i, first + 12 * (i + 1));
                    match real(text) {
                        Some(value) => values.push(value),
                        None => return Err(self.not_finite(b, node, values.len(), text)),
                    }
                }
            }
            each(node, &values)?;
        }
        reader.line(&mut line)?;
        if columns(&line, 0, 3) == "-3" {
            return Ok(());
        }
        let problem = format!("{} goes on after {} nodes", b.place(), b.records);
        Err(self.source.error(reader.position, problem, DAMAGED))
    }

    fn not_finite(&self, b: &Block, node: u64, component: usize, text: &str) -> Error {
        let place = format!("{}, node {node}, {}", b.place(), b.components[component]);
        let remedy = "the computation diverged or the file is damaged: compute or copy it again";
        Error::input(self.path(), place, format!("'{text}' is not a finite number"), remedy)
    }
}

/// The beginning of a line, for messages.
pub(super) fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(40)]).into_owned()
}

/// A positive label.
pub(super) fn label_of(bytes: &[u8]) -> Option<u64> {
    let bytes: [u8; 4] = bytes.try_into().ok()?;
    u64::try_from(i32::from_le_bytes(bytes)).ok().filter(|&n| n > 0)
}

/// A real number of 4 or 8 bytes; NaN of another number of bytes.
pub(super) fn real_of(bytes: &[u8]) -> f64 {
    match (<[u8; 4]>::try_from(bytes), <[u8; 8]>::try_from(bytes)) {
        (Ok(four), _) => f64::from(f32::from_le_bytes(four)),
        (_, Ok(eight)) => f64::from_le_bytes(eight),
        _ => f64::NAN,
    }
}
