//! Fields at integration points, from the values at the corners of elements.

use super::points::{from_corners, rotate_tensor, rotation};
use super::results::RstResults;
use super::{ElementRecord, StoredRecord};
use crate::error::{Error, Result};
use crate::formats::ansys::Deck;
use crate::mesh::{ElementKind, Mesh};
use std::collections::BTreeMap;

/// Fields at integration points that can be had back from those at corners: name, components.
const QUANTITIES: [(&str, usize, ElementRecord); 3] =
    [("sig", 6, ElementRecord::Ens), ("p", 1, ElementRecord::Enl), ("evp", 6, ElementRecord::Epl)];
/// Values per corner of the nonlinear items, and the place of the accumulated plastic strain among them.
const NONLINEAR: (usize, usize) = (10, 3);

impl RstResults {
    /// The quantities that can be had back at the integration points of a mesh of these results, with their components;
    /// says why there are none.
    ///
    /// Only elements with 2 x 2 x 2 points keep them: hexahedra of SOLID185 and of SOLID186 with reduced integration.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn point_quantities(&self, deck: &Deck, mesh: &Mesh) -> Result<Vec<(&'static str, usize)>> {
        let first = &self.parts[0];
        let Some(last) = first.sets.len().checked_sub(1) else { return Ok(Vec::new()) };
        let types: BTreeMap<u64, u32> =
            deck.elements.ids.iter().copied().zip(deck.elements.types.iter().copied()).collect();
        let exact = |(kind, id): (&ElementKind, &u64)| {
            let own = types.get(id).and_then(|t| deck.types.get(t));
            own.is_some_and(|t| match (kind, t.routine) {
                (ElementKind::C3d8 | ElementKind::C3d8b, 185) => t.keyopt(2) != 1,
                (ElementKind::C3d20r, 186) => true,
                _ => false,
            })
        };
        let others = mesh.kinds.iter().zip(&mesh.element_ids).filter(|e| !exact(*e)).count();
        let mut found = Vec::new();
        for (name, components, record) in QUANTITIES {
            if self.stored(last, record)? && (record != ElementRecord::Ens || self.stored(0, record)?) {
                found.push((name, components));
            }
        }
        if others > 0 && !found.is_empty() {
            log::warn!(
                "{}: stresses are left out: {others} of {} elements do not keep those of their integration points (only \
                 hexahedra with 2 x 2 x 2 points do)",
                first.path().display(),
                mesh.n_elements()
            );
            found.clear();
        }
        if first.header.large_deflections && !found.is_empty() {
            log::warn!(
                "{}: large deflections were on (NLGEOM): its stresses and strains are those of the turned body; they agree \
                 with small strains where strains and rotations are small",
                first.path().display()
            );
        }
        Ok(found)
    }

    /// Whether an element has this record in a set.
    fn stored(&self, set: usize, record: ElementRecord) -> Result<bool> {
        let mut found = false;
        for part in &self.parts {
            if let Some(table) = part.element_table(set)? {
                part.visit_present(&table, |kind| found |= kind == record)?;
            }
        }
        Ok(found)
    }

    /// A quantity of [`RstResults::point_quantities`] at the 8 points of each of these elements, point-major: `sig` and
    /// `evp` (plastic strain, plain shears) with 6 components, `p` with one. Elements without a plastic record have none.
    ///
    /// # Errors
    /// An element without stresses in this set; a record is damaged or of another length.
    pub fn points(&self, set: usize, name: &str, elements: &[u64]) -> Result<Vec<f64>> {
        let Some(&(_, components, record)) = QUANTITIES.iter().find(|q| q.0 == name) else {
            return Err(Error::input(
                self.parts[0].path(),
                "",
                format!("holds no '{name}'"),
                "ask for sig, p or evp",
            ));
        };
        let mut out = vec![f64::NAN; 8 * components * elements.len()];
        let extrapolation = self.parts[0].set_header(set)?.extrapolation;
        for (part, map) in self.parts.iter().zip(&self.elements) {
            let Some(table) = part.element_table(set)? else { continue };
            let mut wanted: Vec<(usize, usize)> =
                (0..).zip(elements).filter_map(|(place, &id)| Some((map.get(id)? as usize, place))).collect();
            wanted.sort_unstable();
            let positions: Vec<usize> = wanted.iter().map(|w| w.0).collect();
            let mut places = wanted.iter().map(|w| w.1);
            let mut element = CornerValues::default();
            let kinds =
                [ElementRecord::Ecr, ElementRecord::Epl, ElementRecord::Enl, ElementRecord::Eul, record];
            part.visit_records(&table, Some(&positions), &kinds, |e, k, stored| {
                let told = || {
                    Error::input(
                        part.path(),
                        format!("set {}, element {}", set + 1, part.elements[e]),
                        format!("its {} does not hold the values of 8 corners", kinds[k].name()),
                        "solve with OUTRES,STRS,ALL (and EPPL, NLDAT), KEYOPT(3) = 0",
                    )
                };
                match k {
                    0 => element = CornerValues::default(),
                    3 => return element.turn(stored).ok_or_else(told),
                    _ => {}
                }
                if k < 3 {
                    element.inelastic |= matches!(stored, StoredRecord::Values(v) if nonlinear(kinds[k], v));
                    return Ok(());
                }
                element.take(record, part.header.stress_items, stored).ok_or_else(told)?;
                let copied = extrapolation == 0 || (extrapolation == 1 && element.inelastic);
                if let Some(place) = places.next() {
                    let out = &mut out[8 * components * place..8 * components * (place + 1)];
                    element.write(copied, components, out);
                }
                Ok(())
            })?;
        }
        match out.chunks_exact(8 * components).position(|v| v.iter().any(|x| !x.is_finite())) {
            Some(e) => {
                let problem = format!("element {} has no finite '{name}'", elements[e]);
                let place = format!("set {}", set.saturating_add(1));
                Err(Error::input(self.parts[0].path(), place, problem, "solve with OUTRES,ALL,ALL"))
            }
            None => Ok(out),
        }
    }
}

/// Whether a record tells that a body has crept or yielded.
fn nonlinear(kind: ElementRecord, values: &[f64]) -> bool {
    match kind {
        ElementRecord::Enl => values.chunks_exact(NONLINEAR.0).any(|v| v[NONLINEAR.1] != 0.0),
        _ => values.iter().any(|v| *v != 0.0),
    }
}

/// What is being gathered of an element.
#[derive(Default)]
struct CornerValues {
    inelastic: bool,
    turn: Option<[[f64; 3]; 3]>,
    corners: [[f64; 6]; 8],
}

impl CornerValues {
    /// Takes the angles of the element system; `None` where they are too few.
    fn turn(&mut self, stored: StoredRecord<'_>) -> Option<()> {
        if let StoredRecord::Values(values) = stored {
            let angles: [f64; 3] = values.get(..3)?.try_into().ok()?;
            self.turn = (angles != [0.0; 3]).then(|| rotation(angles));
        }
        Some(())
    }

    /// Takes the values of the corners; `None` where they are not those of 8 corners.
    fn take(&mut self, record: ElementRecord, stress_items: usize, stored: StoredRecord<'_>) -> Option<()> {
        let stride = match record {
            ElementRecord::Ens => stress_items,
            ElementRecord::Enl => NONLINEAR.0,
            _ => 7,
        };
        for (c, corner) in self.corners.iter_mut().enumerate() {
            let row = match stored {
                StoredRecord::Absent if record == ElementRecord::Ens => return None,
                StoredRecord::Absent => None,
                _ => stored.row(c, stride)?,
            };
            let Some(row) = row else { continue };
            *corner = match record {
                ElementRecord::Enl => [row[NONLINEAR.1], 0.0, 0.0, 0.0, 0.0, 0.0],
                ElementRecord::Ens => std::array::from_fn(|k| row[k]),
                // engineering shears become plain ones
                _ => std::array::from_fn(|k| if k < 3 { row[k] } else { 0.5 * row[k] }),
            };
        }
        Some(())
    }

    /// Writes the values at the points.
    fn write(&self, copied: bool, components: usize, out: &mut [f64]) {
        for (point, out) in from_corners(&self.corners, copied).iter().zip(out.chunks_exact_mut(components)) {
            let value = match &self.turn {
                Some(q) if components == 6 => rotate_tensor(q, *point),
                _ => *point,
            };
            out.copy_from_slice(&value[..components]);
        }
    }
}
