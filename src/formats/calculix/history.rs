//! Loads over the steps of a deck, as CalculiX 2.20 was seen to take them.
//!
//! - Without an amplitude a load goes linearly, over a step, from the value that it had at its end to the new one
//!   (`*STATIC`, or `AMPLITUDE=RAMP`), or jumps at its beginning (`*VISCO`, or `AMPLITUDE=STEP`).
//! - With one it is the amplitude at the step's (or the total) time times the value, and stays so in later steps.
//! - Given twice in a step, `*CLOAD`, `*DLOAD` and `*DSLOAD` add up; over what an earlier step gave, they count alone.

use std::collections::BTreeMap;

/// A value from a step (from 0) on, and the place of its amplitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Step.
    pub step: u32,
    /// Value, times the amplitude.
    pub value: f64,
    /// Place in [`History::amplitudes`].
    pub amplitude: Option<u32>,
}

/// Values of one load.
pub type Changes = Vec<Change>;

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct DeckStep {
    /// Time at its end.
    pub end: f64,
    /// Length of an increment; the last one may be shorter.
    pub increment: f64,
    /// Equal increments of that length.
    pub increments: u32,
    /// Whether a shorter increment ends the step.
    pub rest: bool,
    /// Loads jump at its start instead of going linearly to their values.
    pub stepped: bool,
    /// `*VISCO`, where creep is active.
    pub viscous: bool,
}

/// `*AMPLITUDE`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeckAmplitude {
    /// Times are total times.
    pub total: bool,
    /// Times, increasing, and values.
    pub points: Vec<(f64, f64)>,
}

impl DeckAmplitude {
    /// Linear between its points, constant outside.
    fn at(&self, t: f64) -> f64 {
        let above = self.points.partition_point(|p| p.0 < t);
        match (above.checked_sub(1).map(|i| self.points[i]), self.points.get(above)) {
            (Some((t0, a0)), Some(&(t1, a1))) => a0 + (a1 - a0) * ((t - t0) / (t1 - t0)),
            (Some((_, a)), None) | (None, Some(&(_, a))) => a,
            (None, None) => 0.0,
        }
    }
}

/// A load per mass.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `CENTRIF`: a point and the direction of the axis; the value is the squared speed.
    Centrifugal {
        /// A point of the axis.
        center: [f64; 3],
        /// Its direction.
        axis: [f64; 3],
    },
    /// `GRAV`: the unit direction; the value is the acceleration.
    Gravity([f64; 3]),
}

/// A load per mass on an element set.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyLoad {
    /// What it acts on.
    pub target: Target,
    /// What it is.
    pub body: Body,
    /// Its values.
    pub changes: Changes,
}

/// What a load names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A set or a surface of the deck.
    Named(String),
    /// One node or element.
    One(u64),
    /// Face `n` (from 1) of the elements of a set.
    Faces(String, u8),
    /// Face `n` of one element.
    Face(u64, u8),
}

impl Target {
    /// Name of its set in the mesh. The deck's own names are in upper case and have no blanks.
    pub fn set(&self, what: &str) -> String {
        match self {
            Target::Named(name) => name.clone(),
            Target::One(id) => format!("{what} {id}"),
            Target::Faces(name, face) => format!("{name} P{face}"),
            Target::Face(id, face) => format!("{what} {id} P{face}"),
        }
    }
}

/// Everything that acts.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Steps.
    pub steps: Vec<DeckStep>,
    /// Amplitudes.
    pub amplitudes: Vec<DeckAmplitude>,
    /// Prescribed displacements by node and component (0, 1, 2).
    pub fixed: BTreeMap<(u64, u8), Changes>,
    /// Forces by node and component.
    pub forces: BTreeMap<(u64, u8), Changes>,
    /// Pressures by element and face (from 1).
    pub pressures: BTreeMap<(u64, u8), Changes>,
    /// Loads per mass.
    pub bodies: Vec<BodyLoad>,
    /// Temperatures at t = 0.
    pub initial: BTreeMap<u64, f64>,
    /// Temperatures by node.
    pub temperatures: BTreeMap<u64, Changes>,
    /// What `*BOUNDARY` and `*CLOAD` name.
    pub node_targets: Vec<Target>,
    /// What `*DLOAD` and `*DSLOAD` name for pressures.
    pub face_targets: Vec<Target>,
}

/// Sets a value from a step on; `add`: to what the same step gave before.
pub(super) fn change(changes: &mut Changes, new: Change, add: bool) {
    match changes.last_mut() {
        Some(last) if last.step == new.step => {
            let value =
                if add && last.amplitude == new.amplitude { last.value + new.value } else { new.value };
            *last = Change { value, ..new };
        }
        _ => changes.push(new),
    }
}

impl History {
    /// Times and values of a load at which it has corners: linear between, from `start` at t = 0. Exact at the ends of the
    /// increments.
    pub fn table(&self, changes: &[Change], start: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut times, mut values) = (vec![0.0], vec![start]);
        let (mut from, mut active, mut changes) = (0.0, None, changes.iter().peekable());
        for (s, step) in self.steps.iter().enumerate() {
            let mut changed = false;
            while let Some(change) = changes.next_if(|c| c.step as usize <= s) {
                (active, changed) = (Some(*change), true);
            }
            let last = values[values.len() - 1];
            let first = if step.increments == 0 { step.end } else { (from + step.increment).min(step.end) };
            let mut push = |t: f64, value: f64| {
                if t > times[times.len() - 1] {
                    times.push(t);
                    values.push(value);
                }
            };
            match active {
                None => push(step.end, last),
                Some(Change { value, amplitude: None, .. }) => {
                    if step.stepped && changed && value != last {
                        push(first, value);
                    }
                    push(step.end, value);
                }
                Some(Change { value, amplitude: Some(a), .. }) => {
                    let amplitude = &self.amplitudes[a as usize];
                    let offset = if amplitude.total { 0.0 } else { from };
                    push(first, value * amplitude.at(first - offset));
                    let inside = amplitude.points.iter().map(|p| (p.0 + offset, p.1));
                    for (t, v) in inside.filter(|(t, _)| *t > first && *t < step.end) {
                        push(t, value * v);
                    }
                    push(step.end, value * amplitude.at(step.end - offset));
                }
            }
            from = step.end;
        }
        (times, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(stepped: bool) -> History {
        let step =
            |end| DeckStep { end, increment: 0.25, increments: 4, rest: false, stepped, viscous: stepped };
        let points = vec![(0.0, 1.0), (0.5, 3.0), (1.0, 2.0)];
        let amplitudes = vec![
            DeckAmplitude { total: false, points: points.clone() },
            DeckAmplitude { total: true, points },
        ];
        History { steps: vec![step(1.0), step(2.0)], amplitudes, ..History::default() }
    }

    fn at(step: u32, value: f64, amplitude: Option<u32>) -> Change {
        Change { step, value, amplitude }
    }

    #[test]
    fn static_loads_ramp_and_viscous_loads_jump() {
        let changes = [at(0, 10.0, None), at(1, 4.0, None)];
        assert_eq!(history(false).table(&changes, 0.0), (vec![0.0, 1.0, 2.0], vec![0.0, 10.0, 4.0]));
        let (times, values) = history(true).table(&changes, 0.0);
        assert_eq!((times, values), (vec![0.0, 0.25, 1.0, 1.25, 2.0], vec![0.0, 10.0, 10.0, 4.0, 4.0]));
    }

    #[test]
    fn an_amplitude_begins_anew_in_every_step_unless_its_time_is_total() {
        let (times, values) = history(false).table(&[at(0, 10.0, Some(0))], 0.0);
        assert_eq!(times, [0.0, 0.25, 0.5, 1.0, 1.25, 1.5, 2.0]);
        assert_eq!(values, [0.0, 20.0, 30.0, 20.0, 20.0, 30.0, 20.0]);
        let (_, values) = history(false).table(&[at(0, 10.0, Some(1))], 0.0);
        assert_eq!(values, [0.0, 20.0, 30.0, 20.0, 20.0, 20.0]);
        // and a ramp after it goes from where it was
        let (times, values) = history(false).table(&[at(0, 10.0, Some(0)), at(1, 0.0, None)], 0.0);
        assert_eq!((times.last(), values[values.len() - 2..].to_vec()), (Some(&2.0), vec![20.0, 0.0]));
    }

    #[test]
    fn loads_of_one_step_add_up_and_those_of_the_next_count_alone() {
        let mut changes = Changes::new();
        change(&mut changes, at(0, 10.0, None), true);
        change(&mut changes, at(0, 20.0, None), true);
        change(&mut changes, at(1, 5.0, None), true);
        assert_eq!(changes, [at(0, 30.0, None), at(1, 5.0, None)]);
    }
}
