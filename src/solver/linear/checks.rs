//! What can be wrong with the arguments, looked at before any collective call to PETSc.

use super::{LinearOptions, Pattern};
use crate::error::{Error, Result};

/// The tolerance.
pub(super) fn settings(settings: &LinearOptions) -> Result<()> {
    if settings.rtol > 0.0 && settings.rtol < 1.0 {
        return Ok(());
    }
    Err(Error::case(format!("rtol of the linear solver is {}; it must be between 0 and 1", settings.rtol)))
}

/// Lengths, and rows and columns within the matrix.
pub(super) fn pattern(p: &Pattern<'_>, unknowns: u64) -> Result<()> {
    let n = 3 * p.coordinates.len();
    if unknowns > i32::MAX as u64 {
        return Err(Error::run(format!(
            "{unknowns} unknowns exceed 2^31 - 1, the limit of a PETSc with 32-bit integers; use a coarser mesh"
        )));
    }
    if p.constrained.len() != n || p.rows.len() != p.cols.len() {
        return Err(Error::run(format!(
            "the pattern of the linear system does not fit: {n} owned unknowns and {} marks, {} rows and {} columns",
            p.constrained.len(),
            p.rows.len(),
            p.cols.len()
        )));
    }
    let inside = |i: i32| u64::try_from(i).is_ok_and(|i| i < unknowns);
    match p.rows.iter().zip(p.cols).position(|(&i, &j)| !inside(i) || !inside(j)) {
        None => Ok(()),
        Some(k) => Err(Error::run(format!(
            "triplet {k} of the linear system, row {}, column {}, is outside {unknowns} unknowns",
            p.rows[k], p.cols[k]
        ))),
    }
}

/// As many values as triplets, all finite.
pub(super) fn values(values: &[f64], entries: usize) -> Result<()> {
    if values.len() != entries {
        let n = values.len();
        return Err(Error::run(format!("{n} values for a linear system of {entries} triplets")));
    }
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(k) => Err(Error::run(format!(
            "value {k} of the stiffness matrix is {}: look at the tangent of the material law",
            values[k]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Pattern<'_> =
        Pattern { rows: &[0, 1, 2], cols: &[0, 1, 2], coordinates: &[[0.0; 3]], constrained: &[false; 3] };

    #[test]
    fn patterns_that_do_not_fit_are_refused() {
        assert!(pattern(&NODE, 3).is_ok());
        assert!(pattern(&NODE, 2).is_err());
        assert!(pattern(&NODE, 1 << 31).is_err());
        assert!(pattern(&Pattern { rows: &[0, -1, 2], ..NODE }, 3).is_err());
        assert!(pattern(&Pattern { rows: &[0], ..NODE }, 3).is_err());
        assert!(pattern(&Pattern { constrained: &[], ..NODE }, 3).is_err());
        assert!(values(&[1.0, f64::NAN], 2).unwrap_err().message.contains("value 1"));
        assert!(values(&[1.0], 2).is_err());
        assert!(settings(&LinearOptions { rtol: f64::NAN, ..Default::default() }).is_err());
    }
}
