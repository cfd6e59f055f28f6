//! Bare records of 32-bit floats: temperature maps (one value a node) and pressure fields (one value a face of a set).

use super::results::Binary;
use super::runs::runs;
use crate::error::{Error, Result};
use std::path::Path;

/// Reads record `record` (from 1) of a file of records of `rec_size` values: all of it, or the values at these
/// positions. Temperatures follow the nodes of the mesh file; pressures follow the faces of their set.
///
/// # Errors
/// A missing file; a size that is no multiple of the record's; a record or a position beyond the end; a value that is not
/// finite.
pub fn read_record(path: &Path, record: u64, rec_size: u64, positions: Option<&[u64]>) -> Result<Vec<f64>> {
    let file =
        Binary::open(path)?.ok_or_else(|| Error::input(path, "", "does not exist", "check its path"))?;
    let bytes =
        rec_size.checked_mul(4).filter(|b| *b > 0 && file.size().is_multiple_of(*b)).ok_or_else(|| {
            let problem = format!(
                "{} bytes are no whole number of records of {rec_size} values of 4 bytes",
                file.size()
            );
            Error::input(path, "", problem, "check the record size (nodes of the mesh, or faces of the set)")
        })?;
    let records = file.size() / bytes;
    if record == 0 || record > records {
        let problem = format!("record {record} was asked for, of {records} of {rec_size} values");
        return Err(Error::input(path, "", problem, "records are counted from 1"));
    }
    let all: Vec<u64>;
    let positions = match positions {
        Some(p) => p,
        None => {
            all = (0..rec_size).collect();
            &all
        }
    };
    let mut out = vec![0.0; positions.len()];
    let (mut bytes, mut values) = (Vec::new(), Vec::new());
    for run in runs(positions, 1024) {
        if let Some(&(last, _)) = run.wanted.last().filter(|w| w.0 >= rec_size) {
            let problem = format!("value {} was asked for of a record of {rec_size}", last.saturating_add(1));
            return Err(Error::input(path, "", problem, "check the record size"));
        }
        file.read((record - 1) * rec_size + run.start, run.len as usize, &mut bytes, &mut values)?;
        for (position, place) in run.wanted {
            let value = f64::from(values[(position - run.start) as usize]);
            if !value.is_finite() {
                let place = format!("record {record}, value {}", position + 1);
                return Err(Error::input(
                    path,
                    place,
                    format!("the value is {value}"),
                    "a finite number belongs there",
                ));
            }
            out[place] = value;
        }
    }
    Ok(out)
}
