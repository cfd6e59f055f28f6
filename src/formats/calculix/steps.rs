//! Steps, and what acts in them.

use super::cards::{Card, Row, label};
use super::history::{Body, BodyLoad, Change, Changes, DeckStep, Target, change};
use super::reader::{Reader, face_number};
use crate::error::Result;
use std::collections::BTreeMap;

/// Most increments of a step.
const MOST_INCREMENTS: f64 = 1e9;
/// Targets of loads that give their names to sets of the mesh.
const MOST_TARGETS: usize = 2000;

/// The step being read.
#[derive(Debug, Default)]
pub(super) struct Now {
    /// `AMPLITUDE` of `*STEP`.
    ramp: Option<bool>,
    /// Cards that took away, with `OP=NEW`, what steps before gave.
    renewed: Vec<String>,
    /// Prescribed by this step's `*BOUNDARY`, with `OP=NEW`.
    supports: Option<BTreeMap<(u64, u8), ()>>,
    procedure: bool,
}

impl Reader<'_> {
    /// A card of a step; false where it is none.
    pub(super) fn step_card(&mut self, card: &Card) -> Result<bool> {
        match card.key.as_str() {
            "STEP" => self.begin(card),
            "STATIC" | "VISCO" => self.procedure(card)?,
            "ENDSTEP" => self.end(card)?,
            "BOUNDARY" => self.boundary(card)?,
            "CLOAD" => self.forces(card)?,
            "DLOAD" => self.distributed(card)?,
            "DSLOAD" => self.surface_loads(card)?,
            "TEMPERATURE" => self.temperatures(card)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn begin(&mut self, card: &Card) {
        self.only(card, &["INC", "NLGEOM", "AMPLITUDE"]);
        if card.parameter("NLGEOM").is_some_and(|v| v != "NO") {
            let warning = format!("{}: NLGEOM: small strains are computed all the same", card.place);
            self.deck.warnings.push(warning);
        }
        self.now = Now::default();
        self.now.ramp = match card.parameter("AMPLITUDE") {
            Some("STEP") => Some(false),
            Some("RAMP") => Some(true),
            _ => None,
        };
        self.step = Some(self.deck.history.steps.len() as u32);
    }

    /// `*STATIC`, `*VISCO`: first increment, time, least and largest increment.
    fn procedure(&mut self, card: &Card) -> Result<()> {
        self.only(card, &["DIRECT", "SOLVER", "CETOL"]);
        if self.step.is_none() || self.now.procedure {
            return Err(self.deck.error(
                &card.place,
                format!("*{} not in a *STEP of its own", card.key),
                "write *STEP before",
            ));
        }
        let row = self.cards.row()?.unwrap_or_default();
        let mut given = [1.0, 1.0];
        for (k, value) in given.iter_mut().enumerate() {
            if !row.field(k).is_empty() {
                *value = self.value(&row.place, row.field(k))?;
            }
        }
        let [first, length] = given;
        let count = length / first;
        if !(first > 0.0 && length > 0.0 && count < MOST_INCREMENTS) {
            let problem = format!("increments of {first} in a step of {length} are not possible");
            return Err(self.deck.error(&row.place, problem, "both are positive, at most 1e9 increments"));
        }
        if card.parameter("DIRECT").is_none() {
            let warning = format!(
                "{}: without DIRECT CalculiX chooses its increments; here all have the length of the first, {first}",
                card.place
            );
            self.deck.warnings.push(warning);
        }
        // CalculiX ends a step when less than 1e-6 of it is left
        let increments = (count + 1e-6).floor();
        let viscous = card.key == "VISCO";
        let start = self.deck.history.steps.last().map_or(0.0, |s| s.end);
        let end = start + length;
        if end <= start || !end.is_finite() {
            return Err(self.deck.error(
                &row.place,
                format!("a step of {length} at {start} has no length"),
                "correct it",
            ));
        }
        self.deck.history.steps.push(DeckStep {
            end,
            increment: first,
            increments: increments as u32,
            rest: count - increments > 1e-6,
            stepped: !self.now.ramp.unwrap_or(!viscous),
            viscous,
        });
        self.now.procedure = true;
        Ok(())
    }

    fn end(&mut self, card: &Card) -> Result<()> {
        if !self.now.procedure {
            self.refuse(&card.place, "a step that is neither *STATIC nor *VISCO");
        }
        if let Some(supports) = self.now.supports.take() {
            let lost = self.deck.history.fixed.keys().find(|k| !supports.contains_key(k)).copied();
            if let Some((node, component)) = lost {
                let what = format!("*BOUNDARY,OP=NEW that frees component {} of node {node}", component + 1);
                self.refuse(&card.place, what);
            }
        }
        self.step = None;
        Ok(())
    }

    /// The amplitude that a card names, and whether it takes away earlier loads (the first such card of a step does).
    fn options(&mut self, card: &Card, known: &[&str]) -> Result<(Option<u32>, bool)> {
        self.only(card, &[known, &["AMPLITUDE", "OP"]].concat());
        let amplitude = match card.parameter("AMPLITUDE") {
            None => None,
            Some(name) => match self.amplitudes.get(name) {
                Some(&place) => Some(place),
                None => {
                    let problem = format!("there is no *AMPLITUDE '{name}' before");
                    return Err(self.deck.error(&card.place, problem, "define it"));
                }
            },
        };
        let group = if card.key == "DSLOAD" { "DLOAD" } else { card.key.as_str() };
        let new = card.parameter("OP") == Some("NEW") && !self.now.renewed.iter().any(|r| r == group);
        if new {
            self.now.renewed.push(group.to_owned());
        }
        Ok((amplitude, new))
    }

    /// `*BOUNDARY`: node or set, first and last component, value.
    fn boundary(&mut self, card: &Card) -> Result<()> {
        let (amplitude, new) = self.options(card, &[])?;
        if new && self.step.is_some() {
            self.now.supports = Some(BTreeMap::new());
        }
        while let Some(row) = self.cards.row()? {
            let first = row.field(1).parse().unwrap_or(0u8);
            let last = if row.field(2).is_empty() { first } else { row.field(2).parse().unwrap_or(0) };
            if !(1..=3).contains(&first) || !(first..=3).contains(&last) {
                self.refuse(
                    &row.place,
                    format!("*BOUNDARY on components '{}' to '{}'", row.field(1), row.field(2)),
                );
                continue;
            }
            let value = if row.field(3).is_empty() { 0.0 } else { self.value(&row.place, row.field(3))? };
            let target = target(&row);
            let (step, early) = (self.step.unwrap_or(0), self.step.unwrap_or(0) > 0);
            for node in self.members(&row, true)? {
                for component in first - 1..last {
                    if let Some(supports) = &mut self.now.supports {
                        supports.insert((node, component), ());
                    }
                    let changes = self.deck.history.fixed.entry((node, component)).or_default();
                    let free_before = early && changes.is_empty();
                    change(changes, Change { step, value, amplitude }, false);
                    if free_before {
                        let what = "*BOUNDARY on a displacement that was free in a step before";
                        self.deck.refused.get_or_insert((row.place.clone(), what.to_owned()));
                    }
                }
            }
            note(&mut self.deck.history.node_targets, target);
        }
        Ok(())
    }

    /// `*CLOAD`: node or set, component, value.
    fn forces(&mut self, card: &Card) -> Result<()> {
        let (amplitude, new) = self.options(card, &[])?;
        let step = self.present(card)?;
        if new {
            clear(self.deck.history.forces.values_mut(), step);
        }
        while let Some(row) = self.cards.row()? {
            let component = row.field(1).parse().unwrap_or(0u8);
            if !(1..=3).contains(&component) {
                self.refuse(&row.place, format!("*CLOAD on component '{}'", row.field(1)));
                continue;
            }
            let new = Change { step, value: self.value(&row.place, row.field(2))?, amplitude };
            let mut mixed = false;
            for node in self.members(&row, true)? {
                let changes = self.deck.history.forces.entry((node, component - 1)).or_default();
                mixed |= add(changes, new);
            }
            self.refuse_mixed(&row, mixed);
            note(&mut self.deck.history.node_targets, target(&row));
        }
        Ok(())
    }

    /// `*DLOAD`: element or set, label, values.
    fn distributed(&mut self, card: &Card) -> Result<()> {
        let (amplitude, new) = self.options(card, &[])?;
        let step = self.present(card)?;
        if new {
            self.clear_distributed(step);
        }
        while let Some(row) = self.cards.row()? {
            let value = self.value(&row.place, row.field(2))?;
            let change = Change { step, value, amplitude };
            let named = target(&row);
            match (row.field(1), face_number(row.field(1), 'P')) {
                (_, Some(face)) => {
                    let elements = self.members(&row, false)?;
                    self.press(&row, elements.into_iter().map(|e| (e, face)), change);
                    let faces = match named {
                        Target::One(id) => Target::Face(id, face),
                        _ => Target::Faces(row.field(0).to_owned(), face),
                    };
                    note(&mut self.deck.history.face_targets, faces);
                }
                ("CENTRIF", _) => {
                    let n = self.vector::<6>(&row, 3)?;
                    let (center, axis) = ([n[0], n[1], n[2]], [n[3], n[4], n[5]]);
                    if axis == [0.0; 3] {
                        return Err(self.deck.error(
                            &row.place,
                            "the axis of CENTRIF has no direction",
                            "give it",
                        ));
                    }
                    self.body(&row, named, Body::Centrifugal { center, axis }, change)?;
                }
                ("GRAV", _) => {
                    let n: [f64; 3] = self.vector(&row, 3)?;
                    let norm = n.iter().map(|x| x * x).sum::<f64>().sqrt();
                    if !(norm > 0.0 && norm.is_finite()) {
                        return Err(self.deck.error(&row.place, "GRAV has no direction", "give it"));
                    }
                    self.body(&row, named, Body::Gravity(n.map(|x| x / norm)), change)?;
                }
                (label, _) => self.refuse(&row.place, format!("*DLOAD with the label '{label}'")),
            }
        }
        Ok(())
    }

    /// `*DSLOAD`: surface, `P`, pressure.
    fn surface_loads(&mut self, card: &Card) -> Result<()> {
        let (amplitude, new) = self.options(card, &[])?;
        let step = self.present(card)?;
        if new {
            self.clear_distributed(step);
        }
        while let Some(row) = self.cards.row()? {
            if row.field(1) != "P" {
                self.refuse(&row.place, format!("*DSLOAD with the label '{}'", row.field(1)));
                continue;
            }
            let value = self.value(&row.place, row.field(2))?;
            let Some(faces) = self.deck.surfaces.get(row.field(0)).cloned() else {
                let problem = format!("there is no surface '{}' of elements before", row.field(0));
                return Err(self.deck.error(&row.place, problem, "define it with *SURFACE"));
            };
            self.spend(&row.place, faces.len() as u64)?;
            self.press(&row, faces.into_iter(), Change { step, value, amplitude });
            note(&mut self.deck.history.face_targets, Target::Named(row.field(0).to_owned()));
        }
        Ok(())
    }

    fn press(&mut self, row: &Row, faces: impl Iterator<Item = (u64, u8)>, new: Change) {
        let mut mixed = false;
        for face in faces {
            mixed |= add(self.deck.history.pressures.entry(face).or_default(), new);
        }
        self.refuse_mixed(row, mixed);
    }

    fn body(&mut self, row: &Row, target: Target, body: Body, new: Change) -> Result<()> {
        // sets must be there
        self.members(row, false)?;
        let bodies = &mut self.deck.history.bodies;
        let mixed = match bodies.iter_mut().find(|b| b.target == target && b.body == body) {
            Some(known) => add(&mut known.changes, new),
            None => {
                bodies.push(BodyLoad { target, body, changes: vec![new] });
                false
            }
        };
        self.refuse_mixed(row, mixed);
        Ok(())
    }

    fn clear_distributed(&mut self, step: u32) {
        let history = &mut self.deck.history;
        clear(history.pressures.values_mut(), step);
        clear(history.bodies.iter_mut().map(|b| &mut b.changes), step);
    }

    /// `*TEMPERATURE`: node or set, temperature.
    fn temperatures(&mut self, card: &Card) -> Result<()> {
        let (amplitude, new) = self.options(card, &[])?;
        let step = self.present(card)?;
        if new {
            let history = &mut self.deck.history;
            for (node, changes) in &mut history.temperatures {
                let value = history.initial.get(node).copied().unwrap_or(0.0);
                change(changes, Change { step, value, amplitude: None }, false);
            }
        }
        while let Some(row) = self.cards.row()? {
            let value = self.value(&row.place, row.field(1))?;
            for node in self.members(&row, true)? {
                let changes = self.deck.history.temperatures.entry(node).or_default();
                change(changes, Change { step, value, amplitude }, false);
            }
        }
        Ok(())
    }

    /// The step that a load stands in.
    fn present(&self, card: &Card) -> Result<u32> {
        self.step.ok_or_else(|| {
            self.deck.error(
                &card.place,
                format!("*{} outside of a step", card.key),
                "put it between *STEP and *END STEP",
            )
        })
    }

    /// `N` numbers of a row; those that are left out are 0.
    fn vector<const N: usize>(&self, row: &Row, first: usize) -> Result<[f64; N]> {
        let mut out = [0.0; N];
        for (k, value) in out.iter_mut().enumerate() {
            if !row.field(first + k).is_empty() {
                *value = self.value(&row.place, row.field(first + k))?;
            }
        }
        Ok(out)
    }

    fn refuse_mixed(&mut self, row: &Row, mixed: bool) {
        if mixed {
            self.refuse(&row.place, "two loads with different amplitudes on one place in one step");
        }
    }
}

/// What the first field of a row names.
fn target(row: &Row) -> Target {
    label(row.field(0)).map_or_else(|| Target::Named(row.field(0).to_owned()), Target::One)
}

/// Remembers a target, once.
fn note(targets: &mut Vec<Target>, target: Target) {
    if !targets.contains(&target) && targets.len() < MOST_TARGETS {
        targets.push(target);
    }
}

/// Adds a load; true where it cannot be added to what the step gave before.
fn add(changes: &mut Changes, new: Change) -> bool {
    let before = changes.last().filter(|c| c.step == new.step && c.value != 0.0);
    let mixed = before.is_some_and(|c| c.amplitude != new.amplitude);
    change(changes, new, true);
    mixed
}

/// Loads that `OP=NEW` takes away.
fn clear<'c>(loads: impl Iterator<Item = &'c mut Changes>, step: u32) {
    for changes in loads {
        change(changes, Change { step, value: 0.0, amplitude: None }, false);
    }
}
