//! Records: plain or sparse, of 16- or 32-bit integers, of 32- or 64-bit reals.
//!
//! `int32 n, uint32 flags, n words, int32 n`, where `n` is the stored length. Top byte of the flags: 0x80 integers, 0x40
//! the short form, 0x08 bit map, 0x10 windows, both of these windows by blocks of columns, 0x20 zlib.
//!
//! | encoding | payload |
//! |---|---|
//! | bit map | `int32 N`, `uint32 mask`, the values whose bit is set, the lowest bit first |
//! | windows | `int32 N`, `int32 windows`; each `loc > 0`: one value at `loc`; else `len` values from `-loc`, or one value repeated `-len` times |
//! | blocks | `int32 N`, `int32 blocks`, the widths of the blocks; then for each block windows over `nodes x width` |
//!
//! What is not stored is 0. A payload must be used up.

use super::source::{Reader, Source};
use crate::error::{Error, Result};

/// Values decoded at once.
const CHUNK: usize = 4096;
/// Most blocks of columns: a node has at most 32 degrees of freedom.
const MOST_BLOCKS: i32 = 64;
/// Remedy for what no file of Ansys holds.
pub(super) const DAMAGED: &str =
    "the file is damaged or truncated: copy or write it again, once its job has ended";

/// A value as it is stored.
trait Stored: Copy {
    type Wide: Copy + Default;
    const BYTES: usize;
    fn read(bytes: &[u8]) -> Self::Wide;
}

struct Int16;
struct Int32;
struct Real32;
struct Real64;

macro_rules! stored {
    ($name:ident, $from:ty, $wide:ty) => {
        impl Clone for $name {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl Copy for $name {}
        impl Stored for $name {
            type Wide = $wide;
            const BYTES: usize = size_of::<$from>();
            fn read(bytes: &[u8]) -> $wide {
                let mut own = [0; size_of::<$from>()];
                own.copy_from_slice(bytes);
                <$wide>::from(<$from>::from_le_bytes(own))
            }
        }
    };
}
stored!(Int16, i16, i32);
stored!(Int32, i32, i32);
stored!(Real32, f32, f64);
stored!(Real64, f64, f64);

/// Where a record is and how it is stored.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Word.
    at: u64,
    /// Stored length in words.
    words: u64,
    /// Top byte of the flags.
    flags: u8,
}

impl Reader<'_> {
    /// The integers of the record at word `at`, into `out`; the word where the next record begins. `what` names it.
    ///
    /// # Errors
    /// It lies outside of the file, is damaged, or holds reals.
    pub fn integers(&mut self, at: u64, what: &str, out: &mut Vec<i32>) -> Result<u64> {
        let head = self.head(at, what)?;
        match head.flags & 0xc0 {
            0x80 => self.decode::<Int32>(head, what, out),
            0xc0 => self.decode::<Int16>(head, what, out),
            _ => Err(self.source.record_error(at, what, "holds real numbers where integers belong", DAMAGED)),
        }
    }

    /// The real numbers of the record at word `at`, into `out`; see [`Reader::integers`].
    ///
    /// # Errors
    /// It lies outside of the file, is damaged, or holds integers.
    pub fn reals(&mut self, at: u64, what: &str, out: &mut Vec<f64>) -> Result<u64> {
        let head = self.head(at, what)?;
        match head.flags & 0xc0 {
            0x00 => self.decode::<Real64>(head, what, out),
            0x40 => self.decode::<Real32>(head, what, out),
            _ => Err(self.source.record_error(at, what, "holds integers where real numbers belong", DAMAGED)),
        }
    }

    /// A record of integers that are pairs (low, high) of `n` 64-bit numbers, or `n` 32-bit ones; not negative.
    ///
    /// # Errors
    /// As [`Reader::integers`]; another length.
    pub fn longs(&mut self, at: u64, n: usize, what: &str) -> Result<Vec<u64>> {
        let mut words = Vec::new();
        self.integers(at, what, &mut words)?;
        if words.len() >= 2 * n {
            return Ok(words.chunks_exact(2).take(n).map(|w| long(w[0], w[1])).collect());
        }
        if words.len() == n {
            return Ok(words.into_iter().map(|w| long(w, 0)).collect());
        }
        let problem = format!("has {} words where {n} addresses are due", words.len());
        Err(self.source.record_error(at, what, problem, DAMAGED))
    }

    /// Word after the record at word `at`.
    ///
    /// # Errors
    /// It lies outside of the file.
    pub fn after(&mut self, at: u64, what: &str) -> Result<u64> {
        Ok(at + self.head(at, what)?.words + 3)
    }

    fn head(&mut self, at: u64, what: &str) -> Result<Head> {
        let size = self.source.size;
        let outside = |source: &Source| {
            let problem = format!("begins beyond the end of the file ({size} bytes)");
            Err(source.record_error(at, what, problem, DAMAGED))
        };
        let Some(start) = at.checked_mul(4) else { return outside(self.source) };
        let Some(bytes) = self.bytes(start, 8)? else { return outside(self.source) };
        let n = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let flags = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let words = match u64::try_from(n) {
            Ok(words) if start + 12 + 4 * words <= size => words,
            _ => {
                let problem = format!("announces {n} words in a file of {size} bytes");
                return Err(self.source.record_error(at, what, problem, DAMAGED));
            }
        };
        if flags & 0x00ff_ffff != 0 || flags >> 24 & 0x07 != 0 {
            let problem = format!("has the flags {flags:#010x}, which no record has");
            return Err(self.source.record_error(at, what, problem, DAMAGED));
        }
        let flags = (flags >> 24) as u8;
        if flags & 0x20 != 0 {
            let remedy = "write the results with /FCOMP,RST,SPARSE (the default) and solve or copy again";
            return Err(self.source.record_error(
                at,
                what,
                "is compressed by zlib, which is not read",
                remedy,
            ));
        }
        Ok(Head { at, words, flags })
    }

    fn decode<T: Stored>(&mut self, head: Head, what: &str, out: &mut Vec<T::Wide>) -> Result<u64> {
        out.clear();
        let start = 4 * head.at + 8;
        let end = start + 4 * head.words;
        let mut payload = Payload { reader: self, head, what, position: start, end };
        match head.flags & 0x18 {
            0x08 => payload.bit_map::<T>(out)?,
            0x10 => payload.windows::<T>(out)?,
            0x18 => payload.blocks::<T>(out)?,
            _ => payload.plain::<T>(out)?,
        }
        let left = payload.end - payload.position;
        // short values may be padded to a whole word
        if left >= 4 || (left > 0 && T::BYTES >= 4) {
            return Err(payload.wrong(format!("has {left} bytes more than its encoding tells")));
        }
        let trailer = self.bytes(end, 4)?.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        if trailer.map(u64::from) != Some(head.words) {
            let problem =
                format!("announces {} words and ends with the count {}", head.words, trailer.unwrap_or(0));
            return Err(self.source.record_error(head.at, what, problem, DAMAGED));
        }
        Ok(head.at + head.words + 3)
    }
}

/// A 64-bit number from two words.
pub(super) fn long(low: i32, high: i32) -> u64 {
    u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32
}

/// What is left of a record to be decoded.
struct Payload<'a, 's> {
    reader: &'a mut Reader<'s>,
    head: Head,
    what: &'a str,
    position: u64,
    end: u64,
}

impl Payload<'_, '_> {
    fn wrong(&self, problem: String) -> Error {
        self.reader.source.record_error(self.head.at, self.what, problem, DAMAGED)
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let from = self.position;
        if count as u64 > self.end - from {
            let problem = format!("ends at byte {} inside of its values", self.end);
            return Err(self.wrong(problem));
        }
        self.position += count as u64;
        match self.reader.bytes(from, count)? {
            // the head has checked that the payload lies in the file
            None => Ok(&[]),
            Some(bytes) => Ok(bytes),
        }
    }

    fn word(&mut self) -> Result<i32> {
        let bytes = self.take(4)?;
        Ok(bytes.try_into().map_or(0, i32::from_le_bytes))
    }

    /// Number of values of a sparse record; a file has no record that is longer than the file.
    fn total(&mut self) -> Result<usize> {
        let n = self.word()?;
        let most = self.reader.source.size.max(4096);
        u64::try_from(n)
            .ok()
            .filter(|&n| n <= most)
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| self.wrong(format!("stands for {n} values in a file of {most} bytes")))
    }

    fn plain<T: Stored>(&mut self, out: &mut Vec<T::Wide>) -> Result<()> {
        let n = ((self.end - self.position) / T::BYTES as u64) as usize;
        out.reserve_exact(n);
        while out.len() < n {
            let count = CHUNK.min(n - out.len());
            out.extend(self.take(count * T::BYTES)?.chunks_exact(T::BYTES).map(T::read));
        }
        Ok(())
    }

    fn bit_map<T: Stored>(&mut self, out: &mut Vec<T::Wide>) -> Result<()> {
        let (n, mask) = (self.word()?, self.word()?.cast_unsigned());
        if !(0..=32).contains(&n) || (n < 32 && mask >> n != 0) {
            return Err(self.wrong(format!("has a bit map of {n} values with the mask {mask:#010x}")));
        }
        for i in 0..n {
            let value = if mask >> i & 1 == 1 { T::read(self.take(T::BYTES)?) } else { T::Wide::default() };
            out.push(value);
        }
        Ok(())
    }

    fn windows<T: Stored>(&mut self, out: &mut Vec<T::Wide>) -> Result<()> {
        let n = self.total()?;
        out.resize(n, T::Wide::default());
        self.fill::<T>(n, |i, value| out[i] = value)
    }

    fn blocks<T: Stored>(&mut self, out: &mut Vec<T::Wide>) -> Result<()> {
        let (n, blocks) = (self.total()?, self.word()?);
        if !(0..=MOST_BLOCKS).contains(&blocks) {
            return Err(self.wrong(format!("has {blocks} blocks of columns")));
        }
        let mut widths = Vec::new();
        for _ in 0..blocks {
            let width = self.word()?;
            match usize::try_from(width).ok().filter(|w| *w > 0 && *w <= 1024) {
                Some(width) => widths.push(width),
                None => return Err(self.wrong(format!("has a block of {width} columns"))),
            }
        }
        let columns: usize = widths.iter().sum();
        if (columns == 0 && n > 0) || (columns > 0 && !n.is_multiple_of(columns)) {
            return Err(self.wrong(format!("has {n} values in rows of {columns}")));
        }
        out.resize(n, T::Wide::default());
        let mut first = 0;
        for width in widths {
            let rows = n / columns;
            self.fill::<T>(rows * width, |i, value| out[i / width * columns + first + i % width] = value)?;
            first += width;
        }
        Ok(())
    }

    /// Windows over `n` values. They do not overlap: together they have at most `n` values.
    fn fill<T: Stored>(&mut self, n: usize, mut put: impl FnMut(usize, T::Wide)) -> Result<()> {
        let windows = self.word()?;
        let mut left = n;
        for _ in 0..windows {
            let place = self.word()?;
            let (start, length) = if place > 0 { (place, 1) } else { (place.saturating_neg(), self.word()?) };
            let (start, count) = (start.unsigned_abs() as usize, length.unsigned_abs() as usize);
            if start.saturating_add(count) > n || count > left {
                let problem = format!("has a window of {count} values from {start} on, of {n}");
                return Err(self.wrong(problem));
            }
            left -= count;
            if length < 0 {
                let value = T::read(self.take(T::BYTES)?);
                (start..start + count).for_each(|i| put(i, value));
                continue;
            }
            let mut i = start;
            while i < start + count {
                let chunk = CHUNK.min(start + count - i);
                for bytes in self.take(chunk * T::BYTES)?.chunks_exact(T::BYTES) {
                    put(i, T::read(bytes));
                    i += 1;
                }
            }
        }
        if windows < 0 {
            return Err(self.wrong(format!("has {windows} windows")));
        }
        Ok(())
    }
}
