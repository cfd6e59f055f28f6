//! Temperatures of a deck: fields at the times at which they have corners.

use super::deck::Deck;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Temperatures at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Knot {
    /// The same at every node.
    Uniform(f64),
    /// Those of [`field`] with this record, from 1.
    Record(u64),
}

/// Values (nodes times knots) that are believed: hours of reading would be behind more.
const MOST: usize = 2_000_000_000;

impl Deck {
    /// Whether the deck gives temperatures.
    pub fn has_temperatures(&self) -> bool {
        !self.history.initial.is_empty()
    }

    /// Times at which the field of some node has a corner, from 0 on.
    fn knot_times(&self) -> Vec<f64> {
        let mut kinds: BTreeMap<Vec<(u32, Option<u32>)>, ()> = BTreeMap::new();
        for changes in self.history.temperatures.values() {
            kinds.insert(changes.iter().map(|c| (c.step, c.amplitude)).collect(), ());
        }
        let mut times = vec![0.0];
        for kind in kinds.into_keys() {
            // values that change in every step: every corner that there may be
            let changes: Vec<_> = kind
                .iter()
                .zip(1..)
                .map(|(&(step, amplitude), k)| super::history::Change {
                    step,
                    value: f64::from(k),
                    amplitude,
                })
                .collect();
            times.extend(self.history.table(&changes, 0.0).0);
        }
        times.extend(self.history.steps.iter().map(|s| s.end));
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }

    /// Temperatures of some nodes at some times, `times x nodes`, time by time.
    fn temperatures_at(&self, times: &[f64], nodes: &[u64], mut each: impl FnMut(usize, f64)) -> Result<()> {
        if times.len().saturating_mul(nodes.len()) > MOST {
            let problem = format!("{} temperature fields of {} nodes are too many", times.len(), nodes.len());
            return Err(Error::input(&self.path, "", problem, "write fewer steps"));
        }
        for &node in nodes {
            let Some(&start) = self.history.initial.get(&node) else {
                let problem = format!("node {node} has no initial temperature, but others have");
                return Err(Error::input(&self.path, "", problem, "complete *INITIAL CONDITIONS"));
            };
            let changes = self.history.temperatures.get(&node).map_or(&[][..], Vec::as_slice);
            let (knots, values) = self.history.table(changes, start);
            let mut k = 0;
            for (i, &t) in times.iter().enumerate() {
                while k + 1 < knots.len() && knots[k + 1] < t {
                    k += 1;
                }
                let value = match knots.get(k + 1) {
                    Some(&next) if t > knots[k] => {
                        let s = ((t - knots[k]) / (next - knots[k])).min(1.0);
                        // exact at the ends, so that equal fields are known as such
                        if s == 1.0 { values[k + 1] } else { values[k] + s * (values[k + 1] - values[k]) }
                    }
                    _ => values[k],
                };
                each(i, value);
            }
        }
        Ok(())
    }

    /// Times and fields of the temperature history: linear between. Fields that are equal have one record.
    ///
    /// # Errors
    /// A node without an initial temperature.
    pub fn temperature_knots(&self, nodes: &[u64]) -> Result<Vec<(f64, Knot)>> {
        let times = self.knot_times();
        // lowest, highest, two hashes of the values of each time
        let mut seen =
            vec![
                (f64::INFINITY, f64::NEG_INFINITY, [0xcbf2_9ce4_8422_2325u64, 0x9e37_79b9_7f4a_7c15]);
                times.len()
            ];
        self.temperatures_at(&times, nodes, |i, value| {
            let (low, high, hash) = &mut seen[i];
            (*low, *high) = (low.min(value), high.max(value));
            hash[0] = (hash[0] ^ value.to_bits()).wrapping_mul(0x100_0000_01b3);
            hash[1] = (hash[1].rotate_left(23) ^ value.to_bits()).wrapping_mul(0xff51_afd7_ed55_8ccd);
        })?;
        let knot = |i: usize| {
            let (low, high, hash) = seen[i];
            if low == high {
                return Knot::Uniform(low);
            }
            let first = seen.iter().position(|s| s.2 == hash).unwrap_or(i);
            Knot::Record(first as u64 + 1)
        };
        Ok(times.iter().enumerate().map(|(i, &t)| (t, knot(i))).collect())
    }
}

/// A record of [`Knot::Record`] at some nodes of the mesh of a deck, by their positions in it.
///
/// # Errors
/// As [`Deck::read`]; the deck has no such record, or another number of nodes.
pub fn field(path: &Path, record: u64, total: u64, positions: &[u64]) -> Result<Vec<f64>> {
    let deck = Deck::read(path)?;
    let nodes = deck.mesh()?.node_ids;
    let times = deck.knot_times();
    let time = record.checked_sub(1).and_then(|r| times.get(r as usize));
    let (Some(&time), true) = (time, nodes.len() as u64 == total) else {
        let problem = format!(
            "has {} temperature fields of {} nodes, where record {record} of {total} nodes is due",
            times.len(),
            nodes.len()
        );
        return Err(Error::input(path, "", problem, "use the deck that the case was made of"));
    };
    let wanted: Vec<u64> = positions.iter().map(|&p| nodes[p as usize]).collect();
    let mut values = Vec::with_capacity(wanted.len());
    deck.temperatures_at(&[time], &wanted, |_, value| values.push(value))?;
    Ok(values)
}
