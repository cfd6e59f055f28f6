//! The recorded values of a quantity over a training case, to measure errors against.

use super::Recorded;
use crate::parallel::Comm;
use crate::rom::pod::Snapshots;
use crate::structure::Structure;
use std::ops::Range;

/// Errors are relative to no less than this share of the largest norm over the case.
const KAPPA: f64 = 1e-3;

/// A scalar quantity at the integration points over the steps of a case.
pub struct Truth<'t> {
    of: &'t Recorded,
    span: Range<usize>,
    /// L2 norms.
    sizes: Vec<f64>,
    floor: f64,
}

impl<'t> Truth<'t> {
    /// The snapshots `span` of a quantity.
    ///
    /// # Collective
    pub fn new(comm: &Comm, structure: &Structure, of: &'t Recorded, span: Range<usize>) -> Truth<'t> {
        let mut values = vec![0.0; of.len()];
        let mut sizes: Vec<f64> = span
            .clone()
            .map(|s| {
                of.read(s, 0, &mut values);
                square(structure, &values)
            })
            .collect();
        comm.sum(&mut sizes);
        sizes.iter_mut().for_each(|s| *s = s.sqrt());
        let floor = KAPPA * sizes.iter().fold(0.0, |a: f64, b| a.max(*b));
        Truth { of, span, sizes, floor }
    }

    /// Relative L2 error of `values` at step i; `None` where the quantity is too small to speak of. `values` are lost.
    ///
    /// # Collective
    pub fn error(&self, comm: &Comm, structure: &Structure, i: usize, values: &mut [f64]) -> Option<f64> {
        if self.sizes[i] <= 10.0 * self.floor {
            return None;
        }
        values.iter_mut().zip(&self.of.whole(self.span.start + i)).for_each(|(r, q)| *r -= q);
        Some(comm.sum1(square(structure, values)).sqrt() / self.sizes[i])
    }
}

fn square(structure: &Structure, values: &[f64]) -> f64 {
    values.iter().zip(&structure.geometry.weights).map(|(x, w)| w.abs() * x * x).sum()
}
