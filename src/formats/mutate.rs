//! Files changed at random, to test that a reader answers or refuses: no panic, no hang, no allocation that the size of
//! the file does not justify.
//!
//! Each format describes its files as a [`Kind`]; `damage_tests.rs` tries all kinds.

use crate::error::Result;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::path::{Path, PathBuf};

/// A change: where (share of the length), what is done, with what.
pub(crate) type Change = (f64, u8, u16);

/// Kinds of changes of [`Mutator::damage`].
const ACTIONS: u8 = 11;
/// Characters that text formats are sensitive to.
const CHARACTERS: &[u8] = b"*-+ \n0199.e,()=$%!#/";

/// A kind of files, words that mean something in them, and how one is read.
pub(crate) struct Kind {
    /// Path that it is read as.
    pub path: &'static str,
    /// Whole files: each case begins from one of them.
    pub files: Vec<Vec<u8>>,
    /// What is put in somewhere: commands, counts that are too large, ends of blocks. Not empty.
    pub words: &'static [&'static str],
    /// Reads a whole file and checks what came of it.
    pub read: fn(&[u8]) -> Result<()>,
}

impl Kind {
    /// Reads `cases` damaged files; tells how many were read and how many refused, and the peak of memory.
    ///
    /// # Panics
    /// With the fewest changes that do it: reading panics, or its error is not one sentence with a remedy; all files are
    /// read, or all refused.
    pub fn run(&self, cases: u32) {
        let [read, refused] = run(cases, (any::<prop::sample::Index>(), changes()), |(file, changes)| {
            (self.read)(&self.damage(&self.files[file.index(self.files.len())], &changes))
        });
        assert!(read > 0 && refused > 0, "{}: {read} read, {refused} refused", self.path);
    }

    /// The file with these changes.
    pub fn damage(&self, file: &[u8], changes: &[Change]) -> Vec<u8> {
        let mut b = file.to_vec();
        for &(share, action, with) in changes {
            let at = (share * b.len() as f64) as usize;
            if at >= b.len() {
                continue;
            }
            let byte = with.to_le_bytes()[0];
            let line = b[at..].iter().position(|c| *c == b'\n').map_or(b.len(), |n| at + n + 1);
            match action {
                0 => b.truncate(at),
                1 => b[at] = byte,
                2 => b[at] ^= 1 << (byte % 8),
                3 => b.insert(at, byte),
                4 => drop(b.drain(at..line.min(at + 1 + usize::from(with % 40)))),
                5 => b[at] = CHARACTERS[usize::from(byte) % CHARACTERS.len()],
                6 => {
                    let copy = b[at..line].to_vec();
                    drop(b.splice(at..at, copy));
                }
                7 => drop(b.drain(at..line)),
                8 => {
                    // some bytes of another file
                    let other = &self.files[usize::from(with) % self.files.len()];
                    let from = (share * other.len() as f64) as usize;
                    let until = other.len().min(from + 1 + usize::from(with >> 4));
                    drop(b.splice(at..at, other[from..until].iter().copied()));
                }
                9 => {
                    // a number of a binary file, at a multiple of 4 bytes
                    const NUMBERS: [u32; 8] =
                        [0, 1, u32::MAX, i32::MAX as u32, 1 << 31, 0x0100_0000, 0x7ff0_0000, 0x4000_0000];
                    let number = NUMBERS[usize::from(byte) % NUMBERS.len()];
                    let bytes = if with >> 15 == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
                    b.iter_mut().skip(at / 4 * 4).zip(bytes).for_each(|(b, new)| *b = new);
                }
                _ => {
                    let word = self.words[usize::from(with) % self.words.len()];
                    drop(b.splice(at..at, word.bytes()));
                }
            }
        }
        b
    }
}

/// As [`Kind::run`], of inputs of any kind; how many were read and refused.
pub(crate) fn run<S: Strategy>(cases: u32, inputs: S, read: impl Fn(S::Value) -> Result<()>) -> [u32; 2] {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let counts = std::cell::RefCell::new([0u32; 2]);
    let checked = runner.run(&inputs, |input| {
        let outcome = read(input);
        counts.borrow_mut()[usize::from(outcome.is_err())] += 1;
        match outcome {
            Err(e) if e.message.contains('\n') || !e.message.contains("; ") => {
                Err(TestCaseError::fail(format!("no sentence: {e}")))
            }
            _ => Ok(()),
        }
    });
    if let Err(e) = checked {
        panic!("{e}");
    }
    let counts = counts.into_inner();
    let [read, refused] = counts;
    eprintln!("{read} read, {refused} refused; peak memory {:.0} MB", crate::parallel::peak_memory() / 1e6);
    counts
}

/// What came of a file, whose refusal must begin with its path.
pub(crate) fn named(path: &str, outcome: Result<()>) -> Result<()> {
    outcome.inspect_err(|e| assert!(e.message.starts_with(path), "{e}"))
}

/// One to five changes.
pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec((0.0..1.0f64, 0..ACTIONS, any::<u16>()), 1..6)
}

/// These files of the reference, under `FERROM_REFERENCE`. One that is not there is told, and left out.
pub(crate) fn references(names: &[&str]) -> Vec<Vec<u8>> {
    let root = std::env::var_os("FERROM_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"), PathBuf::from);
    let read = |name: &&str| {
        let bytes = std::fs::read(root.join(name)).ok();
        if bytes.is_none() {
            eprintln!("{name} of the reference is not there: one file less");
        }
        bytes
    };
    names.iter().filter_map(read).collect()
}
