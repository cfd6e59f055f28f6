//! Reads a deck card by card: mesh and sets here; materials, steps and loads in their own files.

use super::cards::{Card, Cards, Place, Row, label};
use super::deck::{Deck, Section, element_kind};
use super::history::DeckAmplitude;
use crate::error::Result;
use std::collections::BTreeMap;
use std::path::Path;

/// Cards without effect on displacements and stresses: output, control of the iterations, conduction.
const HARMLESS: [&str; 27] = [
    "HEADING",
    "NODEFILE",
    "NODEOUTPUT",
    "NODEPRINT",
    "ELFILE",
    "ELEMENTOUTPUT",
    "ELPRINT",
    "CONTACTFILE",
    "CONTACTOUTPUT",
    "CONTACTPRINT",
    "SECTIONPRINT",
    "FACEPRINT",
    "OUTPUT",
    "FILTER",
    "CONTROLS",
    "CONDUCTIVITY",
    "SPECIFICHEAT",
    "PHYSICALCONSTANTS",
    "DAMPING",
    "TIMEPOINTS",
    "PRINT",
    "RESTART",
    "ENDSTEP",
    "PREPRINT",
    "ELEMENTFILE",
    "ELOUTPUT",
    "USERNODEFILE",
];

/// What is being read.
pub(super) struct Reader<'d> {
    pub cards: Cards<'d>,
    pub deck: Deck,
    /// Names of the amplitudes, with their places.
    pub amplitudes: BTreeMap<String, u32>,
    /// The material that cards go to.
    pub material: String,
    /// Within a step: from 0.
    pub step: Option<u32>,
    pub now: super::steps::Now,
    skipped: BTreeMap<String, (Place, usize)>,
    spent: u64,
    /// Bytes of the deck.
    size: u64,
}

/// Reads a deck.
pub(super) fn read(path: &Path) -> Result<Deck> {
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    parse(path, Cards::open(path)?, size)
}

/// Reads the cards of a deck; `size`: its bytes, which bound the work that it may ask for.
pub(super) fn parse(path: &Path, cards: Cards<'_>, size: u64) -> Result<Deck> {
    let mut reader = Reader {
        cards,
        deck: Deck { path: path.to_owned(), ..Deck::default() },
        amplitudes: BTreeMap::new(),
        material: String::new(),
        step: None,
        now: super::steps::Now::default(),
        skipped: BTreeMap::new(),
        spent: 0,
        size,
    };
    while let Some(card) = reader.cards.card_or_end()? {
        reader.card(&card)?;
    }
    reader.finish()
}

impl Reader<'_> {
    fn card(&mut self, card: &Card) -> Result<()> {
        if self.material_card(card)? || self.step_card(card)? {
            return Ok(());
        }
        match card.key.as_str() {
            "NODE" => self.nodes(card),
            "ELEMENT" => self.elements(card),
            "NSET" => self.set(card, true),
            "ELSET" => self.set(card, false),
            "SURFACE" => self.surface(card),
            "SOLIDSECTION" => {
                self.only(card, &["ELSET", "MATERIAL"]);
                let get = |name: &str| card.parameter(name).unwrap_or("").to_owned();
                let (set, material) = (get("ELSET"), get("MATERIAL"));
                self.deck.sections.push(Section { set, material, place: card.place.clone() });
                Ok(())
            }
            "AMPLITUDE" => self.amplitude(card),
            "INITIALCONDITIONS" => self.initial_conditions(card),
            "RESTART" if card.parameter("READ").is_some() => {
                self.refuse(&card.place, "*RESTART,READ");
                Ok(())
            }
            key if HARMLESS.contains(&key) => {
                let entry = self.skipped.entry(key.to_owned()).or_insert((card.place.clone(), 0));
                entry.1 += 1;
                Ok(())
            }
            key => {
                self.refuse(&card.place, format!("*{key}"));
                Ok(())
            }
        }
    }

    /// Remembers the first thing that a case may not leave out.
    pub(super) fn refuse(&mut self, place: &Place, what: impl Into<String>) {
        self.deck.refused.get_or_insert((place.clone(), what.into()));
    }

    /// Refuses a card with a parameter that is none of these.
    pub(super) fn only(&mut self, card: &Card, known: &[&str]) {
        if let Some(name) = card.unknown(known) {
            self.refuse(&card.place, format!("*{} with the parameter {name}", card.key));
        }
    }

    /// Counts work and memory that a few lines of a deck can ask for.
    pub(super) fn spend(&mut self, place: &Place, work: u64) -> Result<()> {
        self.spent = self.spent.saturating_add(work);
        let allowed = 1_000_000 + 20 * self.size.max(self.cards.bytes);
        if self.spent <= allowed {
            return Ok(());
        }
        let problem = format!("sets and loads name more than {allowed} nodes and elements by then");
        Err(self.deck.error(place, problem, "correct the ranges of GENERATE, or the sets"))
    }

    pub(super) fn id(&self, row: &Row, k: usize, what: &str) -> Result<u64> {
        label(row.field(k)).ok_or_else(|| {
            self.deck.error(&row.place, format!("'{}' is no number of {what}", row.field(k)), "correct it")
        })
    }

    fn nodes(&mut self, card: &Card) -> Result<()> {
        self.only(card, &["NSET"]);
        let first = self.deck.node_ids.len();
        while let Some(row) = self.cards.row()? {
            let id = self.id(&row, 0, "a node")?;
            let mut point = [0.0; 3];
            for (c, x) in point.iter_mut().enumerate() {
                if !row.field(c + 1).is_empty() {
                    *x = self.value(&row.place, row.field(c + 1))?;
                }
            }
            self.deck.node_ids.push(id);
            self.deck.points.push(point);
        }
        if let Some(name) = card.parameter("NSET") {
            let ids = self.deck.node_ids[first..].to_vec();
            self.deck.node_sets.entry(name.to_owned()).or_default().extend(ids);
        }
        Ok(())
    }

    fn elements(&mut self, card: &Card) -> Result<()> {
        self.only(card, &["TYPE", "ELSET"]);
        let name = card.parameter("TYPE").unwrap_or("");
        let Some(kind) = element_kind(name) else {
            self.refuse(&card.place, format!("element type '{name}'"));
            return Ok(());
        };
        let first = self.deck.elements.ids.len();
        while let Some(row) = self.cards.row()? {
            let id = self.id(&row, 0, "an element")?;
            let mut missing = kind.n_nodes();
            let (mut row, mut from) = (row, 1);
            loop {
                for k in from..row.fields.len().min(from + missing) {
                    let node = self.id(&row, k, "a node")?;
                    self.deck.elements.nodes.push(node);
                    missing -= 1;
                }
                if missing == 0 {
                    break;
                }
                let next = self.cards.row()?;
                let Some(next) = next.filter(|r| !r.fields.is_empty()) else {
                    let problem = format!("element {id} ({name}) lacks {missing} of its nodes");
                    return Err(self.deck.error(&row.place, problem, "complete it"));
                };
                (row, from) = (next, 0);
            }
            self.deck.elements.ids.push(id);
            self.deck.elements.kinds.push(kind);
        }
        if let Some(name) = card.parameter("ELSET") {
            let ids = self.deck.elements.ids[first..].to_vec();
            self.deck.element_sets.entry(name.to_owned()).or_default().extend(ids);
        }
        Ok(())
    }

    /// `*NSET`, `*ELSET`: numbers, names of sets, or ranges.
    fn set(&mut self, card: &Card, nodes: bool) -> Result<()> {
        let key = if nodes { "NSET" } else { "ELSET" };
        self.only(card, &[key, "GENERATE"]);
        let Some(name) = card.parameter(key).filter(|n| !n.is_empty()) else {
            return Err(self.deck.error(
                &card.place,
                format!("*{key} has no name"),
                format!("write *{key},{key}=name"),
            ));
        };
        let what = if nodes { "a node" } else { "an element" };
        let mut members = Vec::new();
        while let Some(row) = self.cards.row()? {
            if card.parameter("GENERATE").is_some() {
                let (from, to) = (self.id(&row, 0, what)?, self.id(&row, 1, what)?);
                let step = if row.field(2).is_empty() { 1 } else { self.id(&row, 2, "a step")? };
                if to < from {
                    continue;
                }
                self.spend(&row.place, (to - from) / step + 1)?;
                members.extend((0..=(to - from) / step).map(|i| from + i * step));
                continue;
            }
            for field in row.fields.iter().filter(|f| !f.is_empty()) {
                if let Some(id) = label(field) {
                    members.push(id);
                    continue;
                }
                let sets = if nodes { &self.deck.node_sets } else { &self.deck.element_sets };
                let Some(other) = sets.get(field).cloned() else {
                    let problem = format!("'{field}' is neither a number nor a set that is known by then");
                    return Err(self.deck.error(&row.place, problem, "define it before"));
                };
                self.spend(&row.place, other.len() as u64)?;
                members.extend(other);
            }
        }
        let sets = if nodes { &mut self.deck.node_sets } else { &mut self.deck.element_sets };
        sets.entry(name.to_owned()).or_default().extend(members);
        Ok(())
    }

    /// Numbers that a field stands for: of itself, or of a set.
    pub(super) fn members(&mut self, row: &Row, nodes: bool) -> Result<Vec<u64>> {
        let field = row.field(0);
        if let Some(id) = label(field) {
            return Ok(vec![id]);
        }
        let sets = if nodes { &self.deck.node_sets } else { &self.deck.element_sets };
        let Some(found) = sets.get(field).cloned() else {
            let what = if nodes { "node" } else { "element" };
            let hint = crate::error::nearest(field, sets.keys().map(String::as_str));
            let remedy =
                hint.map_or_else(|| "define it before".to_owned(), |n| format!("the nearest is '{n}'"));
            return Err(self.deck.error(&row.place, format!("there is no {what} set '{field}'"), remedy));
        };
        self.spend(&row.place, found.len() as u64)?;
        Ok(found)
    }

    /// `*SURFACE, TYPE=ELEMENT`: element or set, face. Node surfaces are of no use here.
    fn surface(&mut self, card: &Card) -> Result<()> {
        self.only(card, &["NAME", "TYPE"]);
        let name = card.parameter("NAME").unwrap_or("").to_owned();
        if card.parameter("TYPE") == Some("NODE") {
            return Ok(());
        }
        let mut faces = Vec::new();
        while let Some(row) = self.cards.row()? {
            let Some(face) = face_number(row.field(1), 'S') else {
                let problem = format!("'{}' is no face S1 to S6", row.field(1));
                return Err(self.deck.error(&row.place, problem, "correct the surface"));
            };
            faces.extend(self.members(&row, false)?.into_iter().map(|e| (e, face)));
        }
        self.deck.surfaces.entry(name).or_default().extend(faces);
        Ok(())
    }

    /// `*AMPLITUDE`: pairs of time and value.
    fn amplitude(&mut self, card: &Card) -> Result<()> {
        self.only(card, &["NAME", "TIME"]);
        let name = card.parameter("NAME").unwrap_or("").to_owned();
        let total = card.parameter("TIME") == Some("TOTALTIME");
        let mut points: Vec<(f64, f64)> = Vec::new();
        while let Some(row) = self.cards.row()? {
            for k in (0..row.fields.len()).step_by(2) {
                let value = if row.field(k + 1).is_empty() { "0" } else { row.field(k + 1) };
                let point = (self.value(&row.place, row.field(k))?, self.value(&row.place, value)?);
                if points.last().is_some_and(|p| p.0 >= point.0) {
                    let problem =
                        format!("time {} of *AMPLITUDE does not come after the one before", point.0);
                    return Err(self.deck.error(&row.place, problem, "sort the times"));
                }
                points.push(point);
            }
        }
        if points.is_empty() {
            return Err(self.deck.error(&card.place, "*AMPLITUDE has no points", "give times and values"));
        }
        let place = self.deck.history.amplitudes.len() as u32;
        self.deck.history.amplitudes.push(DeckAmplitude { total, points });
        self.amplitudes.insert(name, place);
        Ok(())
    }

    fn initial_conditions(&mut self, card: &Card) -> Result<()> {
        self.only(card, &["TYPE"]);
        let kind = card.parameter("TYPE").unwrap_or("");
        if kind != "TEMPERATURE" {
            self.refuse(&card.place, format!("*INITIAL CONDITIONS,TYPE={kind}"));
            return Ok(());
        }
        while let Some(row) = self.cards.row()? {
            let value = self.value(&row.place, row.field(1))?;
            for node in self.members(&row, true)? {
                self.deck.history.initial.insert(node, value);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Deck> {
        let text = |(key, (place, n)): (&String, &(Place, usize))| format!("*{key} ({place}, {n} times)");
        self.deck.skipped = self.skipped.iter().map(text).collect();
        Ok(self.deck)
    }
}

/// `P3`, `S3`: the number behind the letter, 1 to 6.
pub(super) fn face_number(text: &str, letter: char) -> Option<u8> {
    text.strip_prefix(letter)?.parse().ok().filter(|n| (1..=6).contains(n))
}
