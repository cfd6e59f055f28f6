//! The header of a solution set.

use super::Rst;
use super::header::{Items, count};
use super::record::DAMAGED;
use crate::error::Result;

const WHAT: &str = "header of a set";

/// What a set says of itself, and where its records begin.
#[derive(Debug, Clone, PartialEq)]
pub struct SetHeader {
    /// Degrees of freedom of a node: 1 to 3 displacements, 4 to 6 rotations, 20 temperature, …
    pub dofs: Vec<i32>,
    /// Further columns of the nodal solution.
    pub n_extra: usize,
    /// Values per node of the velocities and of the accelerations.
    pub n_rates: [usize; 2],
    /// How values at integration points became values at nodes: 0 copied, 1 extrapolated where linear, 2 extrapolated.
    pub extrapolation: i32,
    /// Reference temperature, and uniform temperature.
    pub temperatures: [f64; 2],
    /// Acceleration.
    pub acceleration: [f64; 3],
    /// Angular velocity.
    pub angular_velocity: [f64; 3],
    /// Whether there is an angular acceleration, or a rotation about the centre of mass.
    pub further_inertia: bool,
    /// Constrained degrees of freedom with a reaction.
    pub n_reactions: usize,
    /// Words of the nodal solution, velocities, accelerations (0: none).
    pub(super) nodal: [u64; 3],
    pub(super) reactions: u64,
    pub(super) constraints: u64,
    pub(super) elements: u64,
}

impl Rst {
    /// Reads the header of a set (from 0).
    ///
    /// # Errors
    /// No such set; it is damaged.
    pub fn set_header(&self, set: usize) -> Result<SetHeader> {
        let base = self.set(set)?.at;
        let mut reader = self.source.reader();
        let (mut words, mut reals, mut extended) = (Vec::new(), Vec::new(), Vec::new());
        let second = reader.integers(base, WHAT, &mut words)?;
        let third = reader.reals(second, WHAT, &mut reals)?;
        // old files may lack what follows
        if reader.integers(third, WHAT, &mut extended).is_err() {
            extended.clear();
        }
        let (items, extended) = (Items(&words), Items(&extended));
        let number = |name: &str, value: i32| count(&self.source, base, WHAT, name, value);
        let n_dofs = number("degrees of freedom of a node", items.get(20))?;
        if n_dofs > 30 {
            let problem = format!("has {n_dofs} degrees of freedom per node");
            return Err(self.source.record_error(base, WHAT, problem, DAMAGED));
        }
        let real = |item: usize| reals.get(item - 1).copied().unwrap_or(0.0);
        let place = |offset: u64| if offset == 0 { 0 } else { base.saturating_add(offset) };
        Ok(SetHeader {
            dofs: (0..n_dofs).map(|k| items.get(21 + k)).collect(),
            n_extra: number("extra degrees of freedom", items.get(98))?.min(1024),
            n_rates: [
                number("velocities of a node", extended.get(127))?.min(1024),
                number("accelerations of a node", extended.get(128))?.min(1024),
            ],
            extrapolation: items.get(16),
            temperatures: [real(5), real(6)],
            acceleration: std::array::from_fn(|k| real(11 + k)),
            angular_velocity: std::array::from_fn(|k| real(14 + k)),
            further_inertia: (17..=25).any(|item| real(item) != 0.0),
            n_reactions: number("reactions", items.get(8))?,
            nodal: [
                place(items.address_or(105, 106, 11)),
                place(items.address(131, 132)),
                place(items.address(133, 134)),
            ],
            reactions: place(items.address_or(107, 108, 13)),
            constraints: place(items.address_or(111, 112, 15)),
            elements: place(items.address_or(119, 120, 12)),
        })
    }
}
