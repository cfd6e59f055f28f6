//! The shared memory: a header of 8-byte words, then the arrays of a batch.

use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::POINTS;
use crate::material::Site;

/// Words of the header, and what they hold.
const HEADER: usize = 1024;
const TEXT: usize = 16;

/// A word of the header.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    /// Number of points.
    Points = 0,
    /// 1: a tangent is wanted; 2: there are start values; 4: there are sites.
    Flags,
    /// Length of the step.
    Dt,
    /// Time at its start.
    Time0,
    /// Point that the law is called for.
    Progress,
    /// Calls so far: tells a slow call from one that does not end.
    Calls,
    /// Factor on the step: 1 where every point is done.
    Factor,
    /// First point that failed.
    Failed,
    /// Bytes of the complaint.
    Text,
}

/// An array of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Array {
    Strain,
    Strain0,
    Temperature,
    Temperature0,
    Sites,
    Stress,
    Tangent,
    State0,
    State,
}

/// Both sides' view of one memory.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<f64>,
    n_state: usize,
}

// SAFETY: it is plain memory; who may read and write when is settled by the messages between the two sides.
unsafe impl Send for Memory {}

impl Memory {
    /// Bytes of the memory of a law with states of this length.
    pub fn bytes(n_state: usize) -> Option<usize> {
        let arrays = n_state.checked_mul(2)?.checked_add(6 + 6 + 1 + 1 + 5 + 6 + 36)?.checked_mul(POINTS)?;
        arrays.checked_add(HEADER)?.checked_mul(8)
    }

    /// Maps a file of that many bytes.
    pub fn map(file: BorrowedFd, n_state: usize) -> std::io::Result<Memory> {
        let bytes = Memory::bytes(n_state).ok_or(std::io::ErrorKind::OutOfMemory)?;
        let flags = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address that the system chooses.
        let start = unsafe { mmap(std::ptr::null_mut(), bytes, flags, MapFlags::SHARED, file, 0) }?;
        let start = NonNull::new(start.cast()).ok_or(std::io::ErrorKind::OutOfMemory)?;
        Ok(Memory { start, n_state })
    }

    fn word(&self, word: Word) -> &AtomicU64 {
        // SAFETY: within the header, aligned to 8 bytes, and only used as an atomic.
        unsafe { AtomicU64::from_ptr(self.start.as_ptr().cast::<u64>().add(word as usize)) }
    }

    pub fn get(&self, word: Word) -> u64 {
        self.word(word).load(Ordering::Acquire)
    }

    pub fn set(&self, word: Word, value: u64) {
        self.word(word).store(value, Ordering::Release);
    }

    /// First value and values per point of an array.
    fn place(&self, array: Array) -> (usize, usize) {
        let (before, width) = match array {
            Array::Strain => (0, 6),
            Array::Strain0 => (6, 6),
            Array::Temperature => (12, 1),
            Array::Temperature0 => (13, 1),
            Array::Sites => (14, 5),
            Array::Stress => (19, 6),
            Array::Tangent => (25, 36),
            Array::State0 => (61, self.n_state),
            Array::State => (61 + self.n_state, self.n_state),
        };
        (HEADER + POINTS * before, width)
    }

    /// Copies values into an array, from a point on.
    pub fn put(&mut self, array: Array, point: usize, values: &[f64]) {
        let (first, width) = self.place(array);
        assert!(point * width + values.len() <= POINTS * width);
        // SAFETY: within the array by the line above; the other side writes at other times only.
        unsafe {
            let to = self.start.as_ptr().add(first + point * width);
            std::ptr::copy_nonoverlapping(values.as_ptr(), to, values.len());
        }
    }

    /// Copies values out of an array, from a point on.
    pub fn take(&self, array: Array, point: usize, values: &mut [f64]) {
        let (first, width) = self.place(array);
        assert!(point * width + values.len() <= POINTS * width);
        // SAFETY: as in `put`.
        unsafe {
            let from = self.start.as_ptr().add(first + point * width);
            std::ptr::copy_nonoverlapping(from, values.as_mut_ptr(), values.len());
        }
    }

    pub fn put_site(&mut self, point: usize, site: &Site) {
        let [x, y, z] = site.x;
        self.put(
            Array::Sites,
            point,
            &[x, y, z, f64::from_bits(site.element), f64::from_bits(site.number.into())],
        );
    }

    pub fn site(&self, point: usize) -> Site {
        let mut v = [0.0; 5];
        self.take(Array::Sites, point, &mut v);
        let number = u32::try_from(v[4].to_bits()).unwrap_or(u32::MAX);
        Site { x: [v[0], v[1], v[2]], element: v[3].to_bits(), number }
    }

    /// Leaves a text, cut to its place.
    pub fn put_text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let bytes = &bytes[..bytes.len().min(8 * (HEADER - TEXT))];
        // SAFETY: within the header.
        unsafe {
            let to = self.start.as_ptr().add(TEXT).cast::<u8>();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
        self.set(Word::Text, bytes.len() as u64);
    }

    /// The text that was left, where there is one.
    pub fn text(&self) -> Option<String> {
        let length = usize::try_from(self.get(Word::Text)).unwrap_or(usize::MAX).min(8 * (HEADER - TEXT));
        let mut bytes = vec![0u8; length];
        // SAFETY: within the header.
        unsafe {
            let from = self.start.as_ptr().add(TEXT).cast::<u8>();
            std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), length);
        }
        (length > 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let bytes = Memory::bytes(self.n_state).unwrap_or(0);
        // SAFETY: nothing refers to the mapping any more. A failure leaves it in place, which harms nothing.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), bytes) };
    }
}
