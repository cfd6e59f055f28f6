//! What a result file tells of its case: materials, prescribed displacements, rotation, acceleration, temperatures.
//!
//! Pressures and forces on faces are not kept in a result file, and of the tables of materials only one is understood.
//! What cannot be told is refused by name where the file is read as a case.

use super::results::RstResults;
use super::{ElementRecord, NodalKind, RstMaterial, RstTable, StoredRecord};
use crate::error::{Error, Result};
use crate::formats::ansys::deck::Deck;
use crate::formats::ansys::history::{LoadStep, Rotation, change};
use crate::formats::ansys::materials::{DeckMaterial, MaterialTable, TableRow};
use std::collections::{BTreeMap, HashMap};

/// Place of the tables of bilinear isotropic hardening, how such a table begins at one temperature, and where it has the
/// yield stress and the tangent modulus (seen in version 25.1).
const BISO: (usize, [f64; 12], usize, usize) =
    (101, [4.0, 1.0, 1.0, 2.0, 3.0, 6.0, 1.0, 3.0, 1.0, 1.0, 0.0, 33.0], 21, 27);
/// Places of names of materials.
const NAMES: [usize; 2] = [81, 82];

/// Prescribed displacements by node and component.
type Fixed = BTreeMap<(u64, u8), f64>;

impl RstResults {
    /// The deck of the mesh with what the file tells of the case; what it does not tell is in [`Deck::refused`].
    ///
    /// # Errors
    /// A record is damaged.
    pub fn case_deck(&self) -> Result<Deck> {
        let mut deck = self.deck()?;
        self.materials(&mut deck)?;
        self.body_loads(&mut deck)?;
        Ok(deck)
    }

    /// Load steps, and prescribed displacements as the nodes followed them.
    pub(super) fn prescribed(&self, deck: &mut Deck) -> Result<()> {
        let first = &self.parts()[0];
        let history = &mut deck.history;
        for (k, set) in first.sets.iter().enumerate() {
            history.steps.push(LoadStep { end: set.time, substeps: 1, stepped: false, line: 0 });
            let mut fixed = self.fixed(k)?;
            for &[id, a, b] in &deck.means {
                for c in 0..3 {
                    if let (Some(x), Some(y)) = (fixed.get(&(a, c)), fixed.get(&(b, c))) {
                        fixed.insert((id, c), 0.5 * (x + y));
                    }
                }
            }
            let same = fixed.keys().eq(history.fixed.keys());
            if k > 0 && !same {
                let what = format!("a support that begins or ends before set {}", k + 1);
                deck.refused.get_or_insert((0, what));
                break;
            }
            // the solver's own rounding is no load
            let step = 1e-12 * fixed.values().fold(0.0, |m: f64, v| m.max(v.abs()));
            for (key, value) in fixed {
                let value = if step > 0.0 { (value / step).round() * step } else { 0.0 };
                change(history.fixed.entry(key).or_default(), k, value);
            }
        }
        if history.fixed.is_empty() {
            deck.refused.get_or_insert((0, "a result without constraints".to_owned()));
        }
        Ok(())
    }

    /// What prescribed displacements are in a set, in the axes of each node.
    fn fixed(&self, set: usize) -> Result<Fixed> {
        let mut fixed = Fixed::new();
        for part in self.parts() {
            let constraints = part.constraints(set)?;
            if constraints.is_empty() {
                continue;
            }
            let Some(found) = part.nodal(set, NodalKind::Solution)? else { continue };
            let place: HashMap<u32, usize> = match &found.positions {
                Some(list) => list
                    .iter()
                    .enumerate()
                    .filter_map(|(r, &p)| Some((*part.nodes.get(p as usize)?, r)))
                    .collect(),
                None => part.nodes.iter().enumerate().map(|(r, &n)| (n, r)).collect(),
            };
            for c in constraints.iter().filter(|c| (1..=3).contains(&c.dof)) {
                let column = found.dofs.iter().position(|d| *d == c.dof);
                let value = place
                    .get(&c.node)
                    .zip(column)
                    .and_then(|(r, d)| found.values.get(r * found.dofs.len() + d));
                if let Some(value) = value.filter(|v| v.is_finite()) {
                    fixed.insert((c.node.into(), c.dof as u8 - 1), *value);
                }
            }
        }
        Ok(fixed)
    }

    fn materials(&self, deck: &mut Deck) -> Result<()> {
        for material in self.parts()[0].materials()? {
            let own = DeckMaterial {
                properties: material.properties.iter().filter_map(points).collect(),
                tables: material.tables.iter().filter_map(bilinear).collect(),
            };
            if let Some(problem) = unknown(&material) {
                deck.refused.get_or_insert((0, problem));
            }
            deck.materials.insert(material.number, own);
        }
        Ok(())
    }

    fn body_loads(&self, deck: &mut Deck) -> Result<()> {
        let first = &self.parts()[0];
        for k in 0..first.sets.len() {
            let header = first.set_header(k)?;
            let mut refuse = |what: &str| {
                deck.refused.get_or_insert((0, format!("set {}: {what}", k + 1)));
            };
            if header.nodal[1] != 0 {
                refuse("a transient analysis, with inertia,");
            }
            if header.further_inertia {
                refuse("an angular acceleration, or a rotation about the centre of mass,");
            }
            for part in self.parts() {
                if part.n_forces(k)? > 0 {
                    refuse("a result with forces on nodes");
                }
            }
            if k == 0 {
                deck.history.reference = header.temperatures[0];
            } else if deck.history.reference != header.temperatures[0] {
                refuse("another reference temperature (TREF)");
            }
            let [x, y, z] = header.angular_velocity;
            let speed = (x * x + y * y + z * z).sqrt();
            let axis = [x, y, z].map(|w| w / speed);
            match deck.history.rotations.first_mut() {
                _ if speed == 0.0 => {
                    deck.history.rotations.iter_mut().for_each(|r| change(&mut r.changes, k, 0.0))
                }
                Some(r) if r.axis.iter().zip(axis).all(|(a, b)| (a - b).abs() < 1e-12) => {
                    change(&mut r.changes, k, speed);
                }
                Some(_) => refuse("a rotation about a second axis"),
                None => deck.history.rotations.push(Rotation {
                    component: None,
                    center: [0.0; 3],
                    axis,
                    changes: vec![(k, speed)],
                }),
            }
            for (changes, &a) in deck.history.acceleration.iter_mut().zip(&header.acceleration) {
                if a != 0.0 || !changes.is_empty() {
                    change(changes, k, a);
                }
            }
            match self.uniform_temperature(k)? {
                Ok(value) => deck.history.temperature.push((k, value.unwrap_or(header.temperatures[1]))),
                Err(()) => drop(deck.history.temperature_fields.insert(k)),
            }
        }
        Ok(())
    }

    /// The temperature of a set where it is the same at all nodes (`None`: not stored); `Err` where it differs.
    fn uniform_temperature(&self, set: usize) -> Result<std::result::Result<Option<f64>, ()>> {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for part in self.parts() {
            let Some(table) = part.element_table(set)? else { continue };
            part.visit_records(&table, None, &[ElementRecord::Ept], |_, _, record| {
                match record {
                    StoredRecord::Values(values) => values.iter().for_each(|&v| {
                        (least, most) = (least.min(v), most.max(v));
                    }),
                    StoredRecord::Zeros(_) => (least, most) = (least.min(0.0), most.max(0.0)),
                    StoredRecord::Absent => {}
                }
                Ok(())
            })?;
        }
        Ok(match least <= most {
            false => Ok(None),
            true if most - least <= 1e-6 * least.abs().max(most.abs()) => Ok(Some(0.5 * (least + most))),
            true => Err(()),
        })
    }

    /// Temperature of the nodes of the mesh in a set (from 0), in the order of the mesh.
    ///
    /// # Errors
    /// A record is damaged; an element without temperatures; a node with different ones in two elements.
    pub fn temperatures(&self, set: usize) -> Result<Vec<f64>> {
        let deck = self.deck()?;
        let mut of_element: HashMap<u64, Vec<f64>> = HashMap::new();
        for part in self.parts() {
            let Some(table) = part.element_table(set)? else { continue };
            part.visit_records(&table, None, &[ElementRecord::Ept], |e, _, record| {
                let values = match record {
                    StoredRecord::Values(values) => values.to_vec(),
                    StoredRecord::Zeros(n) => vec![0.0; n.min(20)],
                    StoredRecord::Absent => return Ok(()),
                };
                of_element.insert(part.elements[e].into(), values);
                Ok(())
            })?;
        }
        let values = deck.nodal_field(|e, list, out| {
            let own = of_element.get(&deck.elements.ids[e]);
            let stored = |j: usize| own.and_then(|v| v.get(j)).copied();
            out.extend((0..list.len()).map(|j| stored(j).filter(|_| deck.mean_of(list[j]).is_none())));
        })?;
        let told = || {
            let place = format!("set {}", set.saturating_add(1));
            let problem = "has no temperature of some nodes";
            Error::input(
                self.parts()[0].path(),
                place,
                problem,
                "solve with OUTRES,ETMP,ALL, or give the case with -c",
            )
        };
        values.into_iter().map(|v| v.ok_or_else(told)).collect()
    }
}

/// A property as a deck has it.
fn points(property: &super::RstProperty) -> Option<(String, Vec<(f64, f64)>)> {
    let points: Vec<(f64, f64)> = match property.temperatures.is_empty() {
        true => property.values.first().map(|&v| (0.0, v)).into_iter().collect(),
        false => property.temperatures.iter().copied().zip(property.values.iter().copied()).collect(),
    };
    (!points.is_empty()).then(|| (property.label.to_owned(), points))
}

/// A table of bilinear isotropic hardening at one temperature; `None` where it is another one.
fn bilinear(table: &RstTable) -> Option<MaterialTable> {
    let (slot, head, yield_at, tangent_at) = BISO;
    if table.slot != slot || !table.values.starts_with(&head) {
        return None;
    }
    let constants = BTreeMap::from([(1, *table.values.get(yield_at)?), (2, *table.values.get(tangent_at)?)]);
    let rows = vec![TableRow { constants, ..TableRow::default() }];
    Some(MaterialTable { label: "PLAS".into(), option: "BISO".into(), line: 0, rows })
}

/// What of a material is not understood.
fn unknown(material: &RstMaterial) -> Option<String> {
    let table = material.tables.iter().find(|t| !NAMES.contains(&t.slot) && bilinear(t).is_none())?;
    Some(format!("material {}: its table (TB) in place {} of the file", material.number, table.slot))
}
