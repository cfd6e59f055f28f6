//! Material tables that a result file keeps. They are what the solver was given, without its commands: numbers of
//! properties and tables, not their meaning. A deck tells more; these serve to check it.

use super::Rst;
use super::record::DAMAGED;
use crate::error::Result;

/// Marks the list of materials of newer files.
const MARK: i32 = -101;
/// Places for temperatures in a property.
const TEMPERATURES: usize = 100;
/// Properties per material where the file does not tell.
const OLD_PROPERTIES: usize = 158;
/// The linear properties, in the order of the file; what follows are tables (`TB`).
const NAMES: [&str; 80] = [
    "EX", "EY", "EZ", "NUXY", "NUYZ", "NUXZ", "GXY", "GYZ", "GXZ", "ALPX", "ALPY", "ALPZ", "DENS", "MU",
    "DAMP", "KXX", "KYY", "KZZ", "RSVX", "RSVY", "RSVZ", "C", "HF", "VISC", "EMIS", "ENTH", "LSST", "PRXY",
    "PRYZ", "PRXZ", "MURX", "MURY", "MURZ", "PERX", "PERY", "PERZ", "MGXX", "MGYY", "MGZZ", "EGXX", "EGYY",
    "EGZZ", "SBKX", "SBKY", "SBKZ", "SONC", "SLIM", "ELIM", "USR1", "USR2", "USR3", "USR4", "FLUI", "ORTH",
    "CABL", "RIGI", "HGLS", "BVIS", "QRAT", "REFT", "CTEX", "CTEY", "CTEZ", "THSX", "THSY", "THSZ", "DMPR",
    "LSSM", "BETD", "ALPD", "RH", "DXX", "DYY", "DZZ", "BETX", "BETY", "BETZ", "CSAT", "CREF", "CVH",
];

/// A linear property (`MP`).
#[derive(Debug, Clone, PartialEq)]
pub struct RstProperty {
    /// `EX`, `NUXY`, `DENS`, …
    pub label: &'static str,
    /// Temperatures; none where one value holds for all.
    pub temperatures: Vec<f64>,
    /// Value at each temperature, or the one value.
    pub values: Vec<f64>,
}

/// A table (`TB`), raw.
#[derive(Debug, Clone, PartialEq)]
pub struct RstTable {
    /// Place in the row of the material, from 1: 101 has been seen to be bilinear isotropic hardening, 121 multilinear.
    pub slot: usize,
    /// All that is stored: a head of several numbers, then constants.
    pub values: Vec<f64>,
}

/// What a file keeps of a material.
#[derive(Debug, Clone, PartialEq)]
pub struct RstMaterial {
    /// Material number.
    pub number: u32,
    /// Linear properties.
    pub properties: Vec<RstProperty>,
    /// Tables.
    pub tables: Vec<RstTable>,
}

impl RstMaterial {
    /// A linear property.
    pub fn property(&self, label: &str) -> Option<&RstProperty> {
        self.properties.iter().find(|p| p.label == label)
    }

    /// A table by its place.
    pub fn table(&self, slot: usize) -> Option<&RstTable> {
        self.tables.iter().find(|t| t.slot == slot)
    }
}

impl Rst {
    /// The materials; none where the file keeps none, or keeps them in the way of version 13.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn materials(&self) -> Result<Vec<RstMaterial>> {
        let base = self.geometry.materials;
        let mut out = Vec::new();
        if base == 0 || self.geometry.n_materials == 0 {
            return Ok(out);
        }
        let (mut reader, mut index) = (self.source.reader(), Vec::new());
        let what = "list of materials";
        reader.integers(base, what, &mut index)?;
        if index.first() != Some(&MARK) {
            return Ok(out);
        }
        let start = index.get(1).and_then(|&s| usize::try_from(s).ok()).unwrap_or(usize::MAX);
        let row =
            1 + if self.geometry.n_properties == 0 { OLD_PROPERTIES } else { self.geometry.n_properties };
        let rows = index.get(start..).unwrap_or(&[]).chunks_exact(row).take(self.geometry.n_materials);
        if rows.len() < self.geometry.n_materials {
            let problem = format!("has {} of {} materials", rows.len(), self.geometry.n_materials);
            return Err(self.source.record_error(base, what, problem, DAMAGED));
        }
        for row in rows {
            let Some(number) = u32::try_from(row[0]).ok().filter(|n| *n > 0) else { continue };
            let mut material = RstMaterial { number, properties: Vec::new(), tables: Vec::new() };
            for (slot, &offset) in row.iter().enumerate().skip(1).filter(|(_, offset)| **offset != 0) {
                let what = format!("material {number}, table {slot}");
                let at = self.beyond(base, offset, &what)?;
                let mut values = Vec::new();
                reader.reals(at, &what, &mut values)?;
                match NAMES.get(slot - 1) {
                    None => material.tables.push(RstTable { slot, values }),
                    Some(label) => {
                        let values =
                            values.get(TEMPERATURES..).map(|tail| (tail.len(), tail.to_vec(), &values));
                        let (temperatures, values) = match values {
                            Some((1, tail, _)) => (Vec::new(), tail),
                            Some((k, tail, all)) if k <= TEMPERATURES => (all[..k].to_vec(), tail),
                            _ => {
                                let problem = "has neither one value nor a table of at most 100";
                                return Err(self.source.record_error(at, &what, problem, DAMAGED));
                            }
                        };
                        material.properties.push(RstProperty { label, temperatures, values });
                    }
                }
            }
            out.push(material);
        }
        Ok(out)
    }
}
