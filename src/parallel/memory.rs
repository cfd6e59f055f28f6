//! Memory of this process: what it takes, what it may take, and a sentence before it takes more.

use super::Comm;
use crate::error::{Error, Result};

/// A line of `/proc/self/status`, bytes; 0 where the system does not tell.
fn status(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kilobytes(&status, name)
}

/// The number of the line that starts with `name`, in bytes.
fn kilobytes(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kb| kb * 1024.0)
}

/// Peak resident memory of this process, bytes; 0 where the system does not tell.
pub fn peak_memory() -> f64 {
    status("VmHWM")
}

/// Memory of the machine, or of the container that this process runs in, bytes; infinite where neither tells.
fn machine_memory() -> f64 {
    let total = kilobytes(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal");
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").unwrap_or_default();
    let group = group.trim().parse::<f64>().unwrap_or(f64::INFINITY);
    group.min(if total > 0.0 { total } else { f64::INFINITY })
}

/// Most memory that the process of a rank may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryLimit {
    bytes: f64,
}

/// Share of the machine's memory that its ranks may take together where nothing else is said.
const SHARE: f64 = 0.8;
/// Message buffers and pieces of files that nobody claims, bytes.
const SLACK: f64 = 24e6;

impl MemoryLimit {
    /// No limit.
    pub fn none() -> MemoryLimit {
        MemoryLimit { bytes: f64::INFINITY }
    }

    /// The given number of bytes, else this rank's part of 80 % of the machine's memory.
    ///
    /// # Collective
    pub fn new(comm: &Comm, given: Option<u64>) -> MemoryLimit {
        if let Some(bytes) = given {
            return MemoryLimit { bytes: bytes as f64 };
        }
        let here = rustix::system::uname().nodename().to_bytes().to_vec();
        let (names, lengths) = comm.all_gather(&here);
        let mut at = 0;
        let same = lengths.iter().filter(|n| {
            at += **n;
            names[at - **n..at] == here
        });
        MemoryLimit { bytes: SHARE * machine_memory() / same.count().max(1) as f64 }
    }

    /// Bytes; infinite without a limit.
    pub fn bytes(&self) -> f64 {
        self.bytes
    }

    /// What this process would take with `values` more numbers of 8 bytes.
    fn with(values: usize) -> f64 {
        (status("VmRSS") + 8.0 * values as f64 + SLACK).max(peak_memory())
    }

    /// Whether `values` more numbers of 8 bytes on this rank, other ones on others, are within the limit on every rank.
    ///
    /// # Collective
    pub fn fits(&self, comm: &Comm, values: usize) -> bool {
        !comm.any(MemoryLimit::with(values) > self.bytes)
    }

    /// Says that `what` is about to take `values` more numbers of 8 bytes on this rank.
    ///
    /// # Errors
    /// It would pass the limit on some rank; the same on every rank.
    ///
    /// # Collective
    pub fn claim(&self, comm: &Comm, what: &str, values: usize) -> Result<()> {
        if MemoryLimit::with(values) > self.bytes {
            give_back();
        }
        let needed = comm.max1(MemoryLimit::with(values));
        log::debug!(
            "{what}: {:.0} MB more, with {:.0} MB in use and a peak of {:.0} MB",
            8e-6 * values as f64,
            status("VmRSS") / 1e6,
            peak_memory() / 1e6
        );
        if needed <= self.bytes {
            return Ok(());
        }
        Err(Error::case(format!(
            "the memory limit of a rank is {:.0} MB, and {what} needs at least {:.0} MB; raise [offline] memory_limit \
             (--memory-limit), or use more ranks",
            self.bytes / 1e6,
            (needed / 1e6).ceil()
        )))
    }
}

/// Freed memory that the allocator has kept goes back to the system.
fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: a function of the C library without preconditions; live allocations are not touched.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_the_least_that_would_do() {
        let comm = Comm::serial();
        let now = peak_memory();
        assert!(now > 1e6);
        let limit = MemoryLimit::new(&comm, Some((now + 100e6) as u64));
        assert!(limit.fits(&comm, 1000) && limit.claim(&comm, "this", 1000).is_ok());
        let refused = limit.claim(&comm, "the cubature", 1 << 30).unwrap_err().message;
        assert!(refused.contains("the cubature needs at least"), "{refused}");
        assert!(MemoryLimit::none().claim(&comm, "this", 1 << 40).is_ok());
        let own = MemoryLimit::new(&comm, None).bytes();
        assert!(own > 1e8 && own < f64::INFINITY, "{own:e}");
    }
}
