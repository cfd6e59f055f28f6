//! Collective agreement: a failure on one rank is a failure on all, with the same sentence and exit code.

use super::Comm;
use crate::error::{Error, Kind, Result};

/// Turns per-rank results into one decision: `Ok` only where every rank succeeded, else the error of the lowest
/// failing rank, on every rank.
///
/// # Errors
/// The error of the lowest rank that failed.
///
/// # Collective
/// Every rank must call it, failed or not.
pub fn agree<T>(comm: &Comm, mine: Result<T>) -> Result<T> {
    let first = comm.min_u64(if mine.is_err() { comm.rank() as u64 } else { u64::MAX });
    if first == u64::MAX {
        return mine;
    }
    let root = first as usize;
    let mut told = match &mine {
        Err(e) if comm.rank() == root => {
            let mut bytes = e.kind.exit_code().to_le_bytes().to_vec();
            bytes.extend_from_slice(e.message.as_bytes());
            bytes
        }
        _ => Vec::new(),
    };
    comm.broadcast_vec(&mut told, root);
    let code = i32::from_le_bytes([told[0], told[1], told[2], told[3]]);
    Err(Error::new(Kind::from_exit_code(code), String::from_utf8_lossy(&told[4..]).into_owned()))
}
