//! Isolated laws: the library runs in a child process, this program started once more, which answers batches over shared
//! memory. Whatever happens there (STOP, `exit`, SIGSEGV, a loop), this process keeps its memory and learns of it.
//!
//! Per batch: the caller lays it down in a `memfd` and sends one byte through a socket; the child calls the law point by
//! point, notes which one it is at, lays down the answer and sends one byte. The law in the child is the very code that
//! runs in direct mode, so results are the same bit for bit. The child never starts MPI, and kills itself when the socket
//! ends, that is, when the parent is gone for whatever reason.

mod host;
mod memory;
mod server;

pub use host::set_program;
pub(crate) use host::{Isolated, Isolation};
pub(crate) use server::serve;

/// The hidden command that starts a child.
pub const COMMAND: &str = "law-server";

/// Points of a batch.
const POINTS: usize = 128;

/// Requests, one byte each.
const BATCH: u8 = b'b';
const ELASTICITY: u8 = b'e';

/// What a child is told first.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Hello {
    /// The material, as TOML.
    material: String,
    rank: usize,
    ranks: usize,
}

/// What it answers.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Welcome {
    /// Why there is no law: everything else is empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    name: String,
    n_state: usize,
    symmetric: bool,
    wants_sites: bool,
    initial: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature_range: Option<(f64, f64)>,
    names: Vec<String>,
    /// Offset and size of each variable.
    places: Vec<(usize, usize)>,
}

/// Seconds that a call may take where the case does not say.
pub(crate) fn timeout() -> f64 {
    60.0
}

/// Longest message of either side.
const LONGEST: usize = 1 << 24;

/// Sends a message: its length, then its bytes.
fn send(to: &mut impl std::io::Write, text: &str) -> std::io::Result<()> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    to.write_all(&length.to_le_bytes())?;
    to.write_all(text.as_bytes())
}

/// Receives a message.
fn receive(from: &mut impl std::io::Read) -> std::io::Result<String> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
}
