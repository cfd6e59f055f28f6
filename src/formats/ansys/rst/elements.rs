//! Records of elements: stresses, strains, temperatures.

use super::Rst;
use super::source::Reader;
use crate::error::Result;

/// A kind of element record, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementRecord {
    /// Miscellaneous items.
    Ems,
    /// Nodal forces.
    Enf,
    /// Stresses at corners: XX YY ZZ XY YZ XZ (then principal ones in old files).
    Ens,
    /// Volume and energies.
    Eng,
    /// Gradients of fields.
    Egr,
    /// Elastic strains at corners: six with engineering shears, then the equivalent.
    Eel,
    /// Plastic strains, likewise.
    Epl,
    /// Creep strains, likewise.
    Ecr,
    /// Thermal strains, likewise, then swelling.
    Eth,
    /// Angles of the element system, degrees: xy, yz, zx.
    Eul,
    /// Fluxes.
    Efx,
    /// Local forces.
    Elf,
    /// Magnetic items.
    Emn,
    /// Current densities.
    Ecd,
    /// Nonlinear items at corners: stress on the curve, ratio, pressure, accumulated plastic strain, …
    Enl,
    /// Heat generation.
    Ehc,
    /// Temperatures of all nodes.
    Ept,
    /// Surface stresses.
    Esf,
    /// Diffusion strains.
    Edi,
    /// Tables of ETABLE.
    Etb,
    /// Contact items.
    Ect,
    /// Places of integration points.
    Exy,
    /// Back stresses.
    Eba,
    /// State variables.
    Esv,
    /// Material items.
    Mnl,
}

impl ElementRecord {
    /// Every kind, in the order of the file.
    pub const ALL: [ElementRecord; 25] = {
        use ElementRecord::{
            Eba, Ecd, Ecr, Ect, Edi, Eel, Efx, Egr, Ehc, Elf, Emn, Ems, Enf, Eng, Enl, Ens, Epl, Ept, Esf,
            Esv, Etb, Eth, Eul, Exy, Mnl,
        };
        [
            Ems, Enf, Ens, Eng, Egr, Eel, Epl, Ecr, Eth, Eul, Efx, Elf, Emn, Ecd, Enl, Ehc, Ept, Esf, Edi,
            Etb, Ect, Exy, Eba, Esv, Mnl,
        ]
    };

    /// Name in the documentation of Ansys: `ENS`.
    pub fn name(self) -> String {
        format!("{self:?}").to_uppercase()
    }
}

/// Where the records of the elements of a set begin.
#[derive(Debug, Clone)]
pub struct ElementTable {
    base: u64,
    /// By position in [`Rst::elements`]; 0: no results.
    offsets: Vec<u64>,
}

/// A record of an element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StoredRecord<'a> {
    /// The element has none.
    Absent,
    /// So many zeros, which are not stored.
    Zeros(usize),
    /// Its values.
    Values(&'a [f64]),
}

impl<'a> StoredRecord<'a> {
    /// Values of a corner or node, of which each has `stride`; `None` where there are not that many.
    pub fn row(self, row: usize, stride: usize) -> Option<Option<&'a [f64]>> {
        match self {
            StoredRecord::Absent => None,
            StoredRecord::Zeros(n) => (n >= (row + 1) * stride).then_some(None),
            StoredRecord::Values(values) => values.get(row * stride..(row + 1) * stride).map(Some),
        }
    }
}

impl Rst {
    /// The element results of a set (from 0); `None` where there are none.
    ///
    /// # Errors
    /// No such set; the record is damaged.
    pub fn element_table(&self, set: usize) -> Result<Option<ElementTable>> {
        let base = self.set_header(set)?.elements;
        if base == 0 || self.elements.is_empty() {
            return Ok(None);
        }
        let offsets = self.source.reader().longs(base, self.elements.len(), "table of element results")?;
        Ok(Some(ElementTable { base, offsets }))
    }

    /// Visits the records of some kinds of the elements at some positions of [`Rst::elements`] (`None`: of all), best in
    /// ascending order: position, number of the kind in `kinds`, record.
    ///
    /// # Errors
    /// A record is damaged; those of `visit`.
    pub fn visit_records(
        &self,
        table: &ElementTable,
        positions: Option<&[usize]>,
        kinds: &[ElementRecord],
        mut visit: impl FnMut(usize, usize, StoredRecord<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut reader = self.source.reader();
        let (mut index, mut values) = (Vec::new(), Vec::new());
        let n = positions.map_or(table.offsets.len(), <[usize]>::len);
        for i in 0..n {
            let e = positions.map_or(i, |list| list[i]);
            let offset = table.offsets.get(e).copied().unwrap_or(0);
            let at = table.base.saturating_add(offset);
            index.clear();
            if offset != 0 {
                reader.integers(at, "index of an element's records", &mut index)?;
            }
            for (k, kind) in kinds.iter().enumerate() {
                let address = index.get(*kind as usize).copied().unwrap_or(0);
                let record = self.element_record(&mut reader, at, address, e, *kind, &mut values)?;
                visit(e, k, record)?;
            }
        }
        Ok(())
    }

    /// Visits the kinds of records that each element has, without reading these.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn visit_present(&self, table: &ElementTable, mut visit: impl FnMut(ElementRecord)) -> Result<()> {
        let (mut reader, mut index) = (self.source.reader(), Vec::new());
        for &offset in table.offsets.iter().filter(|o| **o != 0) {
            reader.integers(
                table.base.saturating_add(offset),
                "index of an element's records",
                &mut index,
            )?;
            let present = ElementRecord::ALL.into_iter().zip(&index).filter(|(_, address)| **address != 0);
            present.for_each(|(kind, _)| visit(kind));
        }
        Ok(())
    }

    fn element_record<'v>(
        &self,
        reader: &mut Reader<'_>,
        base: u64,
        address: i32,
        e: usize,
        kind: ElementRecord,
        values: &'v mut Vec<f64>,
    ) -> Result<StoredRecord<'v>> {
        match address {
            0 => Ok(StoredRecord::Absent),
            ..0 => Ok(StoredRecord::Zeros(address.unsigned_abs() as usize)),
            _ => {
                let at = base.saturating_add(u64::from(address.unsigned_abs()));
                // the sentence is made only where one is needed
                reader.reals(at, "an element's record", values).map_err(|mut error| {
                    let number = self.elements.get(e).copied().unwrap_or(0);
                    error.message = error
                        .message
                        .replace("(an element's record)", &format!("({} of element {number})", kind.name()));
                    error
                })?;
                Ok(StoredRecord::Values(values))
            }
        }
    }
}
