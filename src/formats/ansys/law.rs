//! From the materials of a deck to our laws; what has no counterpart is refused by its name.

use super::materials::{DeckMaterial, MaterialTable, TableRow};
use crate::material::chaboche::{ChabocheSpec, FlowKind, HardeningCurve, IsotropicTerm, KinematicTerm};
use crate::material::creep::{CreepSpec, Hardening};
use crate::material::elasticity::{Elasticity, Isotropic};
use crate::material::{Coefficient, LawSpec, MaterialSpec, ThermalExpansion};

/// What of it stands in which line, and why it cannot be had.
pub struct Unmapped {
    /// Line of the table; 0 of a property.
    pub line: usize,
    /// What, and why.
    pub problem: String,
}

type Result<T> = std::result::Result<T, Unmapped>;

fn unmapped<T>(line: usize, problem: impl Into<String>) -> Result<T> {
    Err(Unmapped { line, problem: problem.into() })
}

/// Points over temperature as a coefficient.
fn coefficient(line: usize, name: &str, points: &[(f64, f64)]) -> Result<Coefficient> {
    let (t, v): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    if let [value] = v[..] {
        return Ok(value.into());
    }
    Coefficient::table(name, &t, &v).or_else(|e| unmapped(line, e.to_string()))
}

impl MaterialTable {
    /// A function of the constants, over the temperatures of the table.
    fn over(&self, name: &str, value: impl Fn(f64, &TableRow) -> f64) -> Result<Coefficient> {
        let points: Vec<(f64, f64)> = self
            .rows
            .iter()
            .map(|row| {
                let t = row.temperature.unwrap_or(0.0);
                (t, value(t, row))
            })
            .collect();
        coefficient(self.line, name, &points)
    }

    /// Constant `k` over the temperatures; 0 where it is left out.
    fn constant(&self, name: &str, k: u32) -> Result<Coefficient> {
        self.over(name, |_, row| row.get(k))
    }

    fn name(&self) -> String {
        format!("TB,{}", [self.label.as_str(), self.option.as_str()].join(",").trim_end_matches(','))
    }
}

impl TableRow {
    fn get(&self, k: u32) -> f64 {
        self.constants.get(&k).copied().unwrap_or(0.0)
    }
}

impl DeckMaterial {
    /// The material as ours; `reference`: the temperature without thermal strain.
    ///
    /// # Errors
    /// A property or a table that no law of ours has.
    pub fn to_spec(&self, name: &str, reference: f64) -> Result<MaterialSpec> {
        let property =
            |label: &str| self.properties.get(label).map(|points| coefficient(0, label, points)).transpose();
        let Some(young) = property("EX")? else { return unmapped(0, format!("{name} has no MP,EX")) };
        // Ansys' default where a material has a modulus and no ratio
        let poisson = property("PRXY")?.or(property("NUXY")?).unwrap_or_else(|| 0.3.into());
        let mut spec = MaterialSpec::new(name, self.law(young, poisson)?);
        if let Some(density) = self.properties.get("DENS") {
            match density[..] {
                [(_, value)] => spec.density = value,
                _ => return unmapped(0, format!("{name}: MP,DENS over temperature")),
            }
        }
        if let Some(alpha) = property("ALPX")? {
            if self.properties.get("REFT").is_some_and(|r| r.iter().any(|r| r.1 != reference)) {
                return unmapped(0, format!("{name}: MP,REFT other than TREF"));
            }
            if !alpha.is_zero() {
                spec.thermal = Some(ThermalExpansion { alpha, reference: Some(reference) });
            }
        }
        Ok(spec)
    }

    fn law(&self, young: Coefficient, poisson: Coefficient) -> Result<LawSpec> {
        let acts = |t: &&MaterialTable| !(t.label == "HILL" && (1..=6).all(|k| t.rows[0].get(k) == 1.0));
        let tables: Vec<&MaterialTable> = self.tables.iter().filter(acts).collect();
        if tables.is_empty() {
            return Ok(LawSpec::Elastic(Elasticity::Isotropic(Isotropic { young, poisson })));
        }
        if let [creep] = tables[..]
            && creep.label == "CREE"
        {
            return self::creep(young, poisson, creep);
        }
        let mut spec = ChabocheSpec::new(young, poisson);
        let mut radius_given = false;
        // the kinematic part first: the radius of an isotropic table or of EVH counts instead of its own
        let mut ordered = tables;
        ordered.sort_by_key(|t| match t.label.as_str() {
            "CHAB" => 0,
            "RATE" => 2,
            _ => 1,
        });
        for table in ordered {
            let option = match (table.label.as_str(), table.option.as_str()) {
                ("PLAS", option) => option,
                (label @ ("BISO" | "BKIN" | "MISO"), _) => label,
                ("NLIS", "" | "VOCE") => "VOCE",
                ("CHAB", "" | "CHAB") => "CHAB",
                ("RATE", "" | "PERZYNA") => "PERZYNA",
                ("RATE", "EVH") => "EVH",
                _ => "",
            };
            match option {
                "BISO" | "BKIN" => {
                    let young = spec.young.clone();
                    let slope = table.over("Et", |t, row| {
                        let (e, et) = (young.at(t), row.get(2));
                        e * et / (e - et)
                    })?;
                    spec.r0 = table.constant("yield stress", 1)?;
                    if option == "BISO" {
                        spec.h = slope;
                    } else if !slope.is_zero() {
                        spec.kinematic.push(KinematicTerm { c: slope, d: 0.0.into() });
                    }
                    radius_given = true;
                }
                "MISO" => {
                    if table.label == "MISO" {
                        return unmapped(table.line, "TB,MISO (over total strain); write TB,PLAS,,,,MISO");
                    }
                    spec.r0 = 0.0.into();
                    spec.curves = curves(table)?;
                    radius_given = true;
                }
                "CHAB" => {
                    spec.r0 = table.constant("C1", 1)?;
                    let last = table.rows.iter().filter_map(|r| r.constants.keys().last()).max();
                    for i in (2..=last.copied().unwrap_or(1)).step_by(2) {
                        let (c, d) = (table.constant("C", i)?, table.constant("gamma", i + 1)?);
                        spec.kinematic.push(KinematicTerm { c, d });
                    }
                }
                "VOCE" => {
                    spec.r0 = table.constant("k", 1)?;
                    spec.h = table.constant("R0", 2)?;
                    spec.isotropic =
                        vec![IsotropicTerm { q: table.constant("Rinf", 3)?, b: table.constant("b", 4)? }];
                    radius_given = true;
                }
                "EVH" if radius_given => {
                    return unmapped(table.line, "TB,RATE,EVH beside another isotropic hardening");
                }
                "EVH" => {
                    spec.r0 = table.constant("K0", 1)?;
                    spec.h = table.constant("R0", 2)?;
                    spec.isotropic =
                        vec![IsotropicTerm { q: table.constant("Rinf", 3)?, b: table.constant("b", 4)? }];
                    spec.flow = FlowKind::Norton;
                    spec.n = Some(table.over("1/m", |_, row| 1.0 / row.get(5))?);
                    spec.k = Some(table.constant("K", 6)?);
                }
                "PERZYNA" => {
                    let constant = spec.h.is_zero() && spec.isotropic.is_empty() && spec.curves.is_empty();
                    if !constant {
                        return unmapped(
                            table.line,
                            "TB,RATE,PERZYNA with isotropic hardening (its drag grows with the yield stress); EVH has a drag of its own",
                        );
                    }
                    let radius = spec.r0.clone();
                    spec.flow = FlowKind::Norton;
                    spec.n = Some(table.over("1/m", |_, row| 1.0 / row.get(1))?);
                    spec.k = Some(table.over("K", |t, row| radius.at(t) * row.get(2).powf(-row.get(1)))?);
                }
                _ => return unmapped(table.line, table.name()),
            }
        }
        Ok(LawSpec::Chaboche(Box::new(spec)))
    }
}

/// `TB,PLAS,…,MISO`: stress over plastic strain.
fn curves(table: &MaterialTable) -> Result<Vec<HardeningCurve>> {
    let curve = |row: &TableRow| {
        if row.points.first().is_none_or(|p| p.0 != 0.0) {
            return unmapped(table.line, "TB,PLAS,MISO whose first point is not at a plastic strain of 0");
        }
        let (p, r) = row.points.iter().copied().unzip();
        Ok(HardeningCurve { temperature: row.temperature.unwrap_or(0.0), p, r })
    };
    table.rows.iter().map(curve).collect()
}

fn creep(young: Coefficient, poisson: Coefficient, table: &MaterialTable) -> Result<LawSpec> {
    let thermal = if table.option == "10" { 3 } else { 4 };
    if table.rows.iter().any(|r| r.get(thermal) != 0.0) {
        return unmapped(
            table.line,
            format!(
                "{} with C{thermal} (activation by temperature); give C1 at temperatures (TBTEMP)",
                table.name()
            ),
        );
    }
    // exponent of time, factor, exponent of stress of p = A J^n t^m
    type Form = fn(&TableRow) -> (f64, f64, f64);
    let (form, hardening): (Form, _) = match table.option.as_str() {
        "10" => (|r| (1.0, r.get(1), r.get(2)), Hardening::Time),
        "1" | "" => (
            |r| {
                let m = 1.0 / (1.0 - r.get(3));
                (m, (r.get(1) / m).powf(m), r.get(2) * m)
            },
            Hardening::Strain,
        ),
        "2" | "6" => (|r| (r.get(3) + 1.0, r.get(1) / (r.get(3) + 1.0), r.get(2)), Hardening::Time),
        "7" => (|r| (r.get(3) + 1.0, r.get(1) / (r.get(3) + 1.0), r.get(2)), Hardening::Strain),
        _ => return unmapped(table.line, table.name()),
    };
    Ok(LawSpec::Creep(Box::new(CreepSpec {
        young,
        poisson,
        a: table.over("A", |_, r| form(r).1)?,
        n: table.over("n", |_, r| form(r).2)?,
        m: table.over("m", |_, r| form(r).0)?,
        hardening,
    })))
}
