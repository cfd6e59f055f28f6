//! Materials as a deck gives them.

use super::cards::{Card, Place, Row, number};
use super::reader::Reader;
use crate::error::Result;

/// A material: rows of numbers, each with the place of its card.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeckMaterial {
    /// `*ELASTIC`: E, nu, temperature.
    pub elastic: Option<Table>,
    /// `*DENSITY`: density, temperature.
    pub density: Option<Table>,
    /// `*EXPANSION`: alpha, temperature.
    pub expansion: Option<Table>,
    /// `ZERO` of the expansion.
    pub zero: f64,
    /// `*PLASTIC`: stress, plastic strain, temperature.
    pub plastic: Option<Table>,
    /// `HARDENING` of it.
    pub hardening: Hardening,
    /// `*CYCLIC HARDENING`: stress, plastic strain, temperature.
    pub cyclic: Option<Table>,
    /// `*CREEP, LAW=NORTON`: A, n, m, temperature.
    pub creep: Option<Table>,
    /// `*USER MATERIAL`: its constants, then a temperature.
    pub user: Option<Table>,
    /// `CONSTANTS` of it.
    pub constants: usize,
    /// `*DEPVAR`.
    pub state: usize,
}

/// Rows under a card.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The card.
    pub place: Place,
    /// Numbers of each row.
    pub rows: Vec<Vec<f64>>,
}

/// `HARDENING` of `*PLASTIC`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hardening {
    /// `ISOTROPIC`, the default.
    #[default]
    Isotropic,
    /// `KINEMATIC`.
    Kinematic,
    /// `COMBINED`: with `*CYCLIC HARDENING`.
    Combined,
}

/// Constants of a user material and state variables that are believed.
const MOST: u64 = 10_000;

impl Reader<'_> {
    /// A card of a material; false where it is none.
    pub(super) fn material_card(&mut self, card: &Card) -> Result<bool> {
        let known: &[&str] = match card.key.as_str() {
            "MATERIAL" => {
                let Some(name) = card.parameter("NAME").filter(|n| !n.is_empty()) else {
                    return Err(self.deck.error(&card.place, "*MATERIAL has no NAME", "name it"));
                };
                self.material = name.to_owned();
                self.deck.materials.entry(name.to_owned()).or_default();
                self.only(card, &["NAME"]);
                return Ok(true);
            }
            "ELASTIC" | "DENSITY" => &["TYPE"],
            "EXPANSION" => &["TYPE", "ZERO"],
            "PLASTIC" => &["HARDENING"],
            "CYCLICHARDENING" | "DEPVAR" => &[],
            "CREEP" => &["LAW"],
            "USERMATERIAL" => &["CONSTANTS", "TYPE"],
            _ => return Ok(false),
        };
        self.only(card, known);
        if card.parameter("TYPE").is_some_and(|t| !matches!(t, "ISO" | "ISOTROPIC" | "MECHANICAL"))
            || card.parameter("LAW").is_some_and(|l| l != "NORTON")
        {
            let (name, value) = &card.parameters[0];
            self.refuse(&card.place, format!("*{} with {name}={value}", card.key));
        }
        if self.material.is_empty() {
            return Err(self.deck.error(
                &card.place,
                format!("*{} before any *MATERIAL", card.key),
                "correct the order",
            ));
        }
        match card.key.as_str() {
            "USERMATERIAL" => self.user_material(card)?,
            "DEPVAR" => {
                let row = self.cards.row()?.unwrap_or_default();
                let n = row.field(0).parse().ok().filter(|n: &u64| *n <= MOST);
                let Some(n) = n else {
                    let problem = format!("'{}' is no number of state variables up to {MOST}", row.field(0));
                    return Err(self.deck.error(&row.place, problem, "correct *DEPVAR"));
                };
                self.current().state = n as usize;
            }
            key => {
                let table = self.table(card)?;
                let zero = card.parameter("ZERO").map(|z| self.value(&card.place, z)).transpose()?;
                let hardening = match card.parameter("HARDENING") {
                    None | Some("ISOTROPIC") => Hardening::Isotropic,
                    Some("KINEMATIC") => Hardening::Kinematic,
                    Some("COMBINED") => Hardening::Combined,
                    Some(other) => {
                        self.refuse(&card.place, format!("*PLASTIC with HARDENING={other}"));
                        Hardening::Isotropic
                    }
                };
                let material = self.current();
                match key {
                    "ELASTIC" => material.elastic = Some(table),
                    "DENSITY" => material.density = Some(table),
                    "EXPANSION" => (material.expansion, material.zero) = (Some(table), zero.unwrap_or(0.0)),
                    "PLASTIC" => (material.plastic, material.hardening) = (Some(table), hardening),
                    "CYCLICHARDENING" => material.cyclic = Some(table),
                    _ => material.creep = Some(table),
                }
            }
        }
        Ok(true)
    }

    fn current(&mut self) -> &mut DeckMaterial {
        self.deck.materials.entry(self.material.clone()).or_default()
    }

    /// All rows of a card, as numbers.
    fn table(&mut self, card: &Card) -> Result<Table> {
        let mut rows = Vec::new();
        while let Some(row) = self.cards.row()? {
            rows.push(self.numbers(&row)?);
        }
        if rows.first().is_none_or(Vec::is_empty) {
            return Err(self.deck.error(&card.place, format!("*{} has no values", card.key), "give them"));
        }
        Ok(Table { place: card.place.clone(), rows })
    }

    /// The fields of a row as numbers; an empty one is 0.
    fn numbers(&self, row: &Row) -> Result<Vec<f64>> {
        row.fields.iter().map(|f| if f.is_empty() { Ok(0.0) } else { self.value(&row.place, f) }).collect()
    }

    /// A number.
    pub(super) fn value(&self, place: &Place, text: &str) -> Result<f64> {
        number(text)
            .ok_or_else(|| self.deck.error(place, format!("'{text}' is not a finite number"), "correct it"))
    }

    /// `*USER MATERIAL, CONSTANTS=n`: eight numbers a line; after the constants the temperature.
    fn user_material(&mut self, card: &Card) -> Result<()> {
        let wanted = card.parameter("CONSTANTS").unwrap_or("");
        let Some(n) = wanted.parse().ok().filter(|n: &u64| (1..=MOST).contains(n)) else {
            let problem = format!("'{wanted}' is no number of constants up to {MOST}");
            return Err(self.deck.error(&card.place, problem, "write *USER MATERIAL,CONSTANTS=n"));
        };
        let n = n as usize;
        let mut rows: Vec<Vec<f64>> = Vec::new();
        let mut lines = 0;
        while let Some(row) = self.cards.row()? {
            if lines == 0 {
                rows.push(Vec::new());
            }
            let at = 8 * lines;
            lines = (lines + 1) % (n / 8 + 1);
            let values = self.numbers(&row)?;
            if let Some(constants) = rows.last_mut() {
                constants.resize(at, 0.0);
                constants.extend(values.into_iter().take(8));
            }
        }
        if rows.is_empty() || rows.iter().any(|r| r.len() < n) {
            let problem = format!("*USER MATERIAL has not all of its {n} constants");
            return Err(self.deck.error(&card.place, problem, "give eight a line, then the temperature"));
        }
        let material = self.current();
        material.user = Some(Table { place: card.place.clone(), rows });
        material.constants = n;
        Ok(())
    }
}
