//! From the materials of a deck to our laws; what has no counterpart is refused by its name.

use super::cards::Place;
use super::materials::{DeckMaterial, Hardening, Table};
use crate::material::chaboche::{ChabocheSpec, FlowKind, HardeningCurve, KinematicTerm};
use crate::material::creep::{self, CreepSpec};
use crate::material::elasticity::{Elasticity, Isotropic};
use crate::material::plugins::umat::UmatSpec;
use crate::material::{Coefficient, LawSpec, MaterialSpec, ThermalExpansion};
use std::path::{Path, PathBuf};

/// What of it stands where, and why it cannot be had.
#[derive(Debug, Clone)]
pub struct Unmapped {
    /// The card.
    pub place: Place,
    /// What, and why.
    pub problem: String,
}

type Result<T> = std::result::Result<T, Unmapped>;

fn unmapped<T>(place: &Place, problem: impl Into<String>) -> Result<T> {
    Err(Unmapped { place: place.clone(), problem: problem.into() })
}

/// Tables that stand for curves are linear between their nodes to this share of the value.
const TABLE_ERROR: f64 = 1e-6;
/// Halvings of an interval that may take.
const MOST_HALVINGS: u32 = 12;

impl Table {
    fn get(&self, row: usize, k: usize) -> f64 {
        self.rows[row].get(k).copied().unwrap_or(0.0)
    }

    /// Temperatures (field `at`) with the values of field `k`.
    fn points(&self, k: usize, at: usize) -> (Vec<f64>, Vec<f64>) {
        (0..self.rows.len()).map(|r| (self.get(r, at), self.get(r, k))).unzip()
    }

    /// Field `k` over the temperatures of field `at`.
    fn over(&self, name: &str, k: usize, at: usize) -> Result<Coefficient> {
        let (t, v) = self.points(k, at);
        self.coefficient(name, &t, &v)
    }

    fn coefficient(&self, name: &str, t: &[f64], v: &[f64]) -> Result<Coefficient> {
        if let [value] = v {
            return Ok((*value).into());
        }
        Coefficient::table(name, t, v).or_else(|e| unmapped(&self.place, e.to_string()))
    }

    /// Points of stress over plastic strain at each temperature.
    fn curves(&self) -> Result<Vec<HardeningCurve>> {
        let mut curves: Vec<HardeningCurve> = Vec::new();
        for r in 0..self.rows.len() {
            let (stress, p, t) = (self.get(r, 0), self.get(r, 1), self.get(r, 2));
            match curves.last_mut() {
                Some(c) if c.temperature == t => {
                    c.p.push(p);
                    c.r.push(stress);
                }
                _ => curves.push(HardeningCurve { temperature: t, p: vec![p], r: vec![stress] }),
            }
        }
        let begins = curves.iter().all(|c| c.p[0] == 0.0);
        let ends = curves.windows(2).all(|w| w[0].p.last() == w[1].p.last());
        match (begins, ends) {
            (false, _) => {
                unmapped(&self.place, "a hardening curve whose first point is not at a plastic strain of 0")
            }
            // past the end of the shorter one CalculiX does not keep its last stress
            (_, false) => unmapped(&self.place, "hardening curves that end at different plastic strains"),
            _ => Ok(curves),
        }
    }
}

/// Nodes and values of a function that is smooth between `t`: refined until a table of them is good enough.
fn refined(t: &[f64], f: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
    fn halve(out: &mut Vec<f64>, a: f64, b: f64, f: &impl Fn(f64) -> f64, depth: u32) {
        let middle = 0.5 * (a + b);
        let linear = 0.5 * (f(a) + f(b));
        if depth > 0 && (f(middle) - linear).abs() > TABLE_ERROR * linear.abs() && middle > a && middle < b {
            halve(out, a, middle, f, depth - 1);
            halve(out, middle, b, f, depth - 1);
        } else {
            out.push(b);
        }
    }
    let mut nodes = vec![t[0]];
    for w in t.windows(2) {
        halve(&mut nodes, w[0], w[1], &f, MOST_HALVINGS);
    }
    let values = nodes.iter().map(|&x| f(x)).collect();
    (nodes, values)
}

impl DeckMaterial {
    /// The material as ours. `folder`: of the deck, where libraries of user materials are looked for first.
    ///
    /// # Errors
    /// A card, or cards together, that no law of ours has.
    pub fn to_spec(&self, name: &str, folder: &Path) -> Result<MaterialSpec> {
        let mut spec = MaterialSpec::new(name, self.law(name, folder)?);
        if let Some(density) = &self.density {
            if density.rows.len() > 1 {
                return unmapped(&density.place, "*DENSITY over temperature");
            }
            spec.density = density.get(0, 0);
        }
        if let Some(expansion) = &self.expansion {
            let alpha = expansion.over("alpha", 0, 1)?;
            if !alpha.is_zero() {
                spec.thermal = Some(ThermalExpansion { alpha, reference: Some(self.zero) });
            }
        }
        Ok(spec)
    }

    /// Whether it creeps by a law of CalculiX: in `*VISCO` steps only.
    pub fn creeps(&self) -> bool {
        self.creep.is_some()
    }

    /// Whether it has a back-stress of CalculiX.
    pub fn hardens_kinematically(&self) -> bool {
        self.plastic.is_some() && self.hardening != Hardening::Isotropic
    }

    fn law(&self, name: &str, folder: &Path) -> Result<LawSpec> {
        if let Some(user) = &self.user {
            return self.umat(user, name, folder);
        }
        let Some(elastic) = &self.elastic else {
            return unmapped(&Place::default(), "it has neither *ELASTIC nor *USER MATERIAL");
        };
        let (young, poisson) = (elastic.over("E", 0, 2)?, elastic.over("nu", 1, 2)?);
        match (&self.plastic, &self.creep) {
            (None, None) => Ok(LawSpec::Elastic(Elasticity::Isotropic(Isotropic { young, poisson }))),
            (None, Some(creep)) => {
                let norton = Norton::new(creep, elastic)?;
                Ok(LawSpec::Creep(Box::new(CreepSpec {
                    young,
                    poisson,
                    a: norton.a,
                    n: norton.n,
                    m: 1.0.into(),
                    hardening: creep::Hardening::Time,
                })))
            }
            (Some(plastic), creep) => {
                let mut spec = ChabocheSpec::new(young, poisson);
                self.hardening(plastic, &mut spec)?;
                if let Some(creep) = creep {
                    let norton = Norton::new(creep, elastic)?;
                    spec.flow = FlowKind::Norton;
                    spec.k = Some(norton.viscosity(creep)?);
                    spec.n = Some(norton.n);
                }
                Ok(LawSpec::Chaboche(Box::new(spec)))
            }
        }
    }

    fn hardening(&self, plastic: &Table, spec: &mut ChabocheSpec) -> Result<()> {
        if self.hardening == Hardening::Isotropic {
            spec.curves = plastic.curves()?;
            return Ok(());
        }
        let curves = plastic.curves()?;
        // with other slopes the back-stress of CalculiX is not Prager's
        let mut slopes = curves.iter().map(|c| match (&c.p[..], &c.r[..]) {
            ([_], _) => Some(0.0),
            ([p0, p1], [r0, r1]) if p1 > p0 => Some((r1 - r0) / (p1 - p0)),
            _ => None,
        });
        let first = slopes.next().flatten();
        let Some(slope) =
            first.filter(|s| slopes.all(|o| o.is_some_and(|o| (o - s).abs() <= 1e-9 * s.abs())))
        else {
            return unmapped(
                &plastic.place,
                "kinematic hardening that is not linear, or whose slope depends on temperature,",
            );
        };
        if slope > 0.0 {
            spec.kinematic.push(KinematicTerm { c: slope.into(), d: 0.0.into() });
        }
        match (self.hardening, &self.cyclic) {
            (Hardening::Combined, Some(cyclic)) => spec.curves = cyclic.curves()?,
            _ => {
                let (t, r): (Vec<f64>, Vec<f64>) = curves.iter().map(|c| (c.temperature, c.r[0])).unzip();
                spec.r0 = plastic.coefficient("yield stress", &t, &r)?;
            }
        }
        Ok(())
    }

    fn umat(&self, user: &Table, name: &str, folder: &Path) -> Result<LawSpec> {
        if self.elastic.is_some() || self.plastic.is_some() || self.creep.is_some() {
            return unmapped(&user.place, "*USER MATERIAL beside *ELASTIC, *PLASTIC or *CREEP");
        }
        let n = self.constants;
        let properties = (0..n).map(|k| user.over(&format!("constant {}", k + 1), k, n));
        let properties = properties.collect::<Result<Vec<_>>>()?;
        let (library, symbol) = library_of(name, folder).or_else(|why| unmapped(&user.place, why))?;
        let mut spec = UmatSpec {
            library,
            library_hash: None,
            symbol,
            properties,
            state: self.state,
            variables: std::collections::BTreeMap::new(),
            initial: Vec::new(),
            symmetric: false,
            concurrent: false,
            isolated: false,
            timeout: crate::material::plugins::isolated::timeout(),
            cmname: name.to_owned(),
        };
        spec.locate(folder);
        Ok(LawSpec::Umat(Box::new(spec)))
    }
}

/// `*CREEP, LAW=NORTON` without hardening by time: A and n, linear between temperatures.
struct Norton {
    temperature: Vec<f64>,
    a: Coefficient,
    n: Coefficient,
}

impl Norton {
    /// `elastic`: CalculiX was seen to keep the creep of the first temperature where it has other temperatures.
    fn new(creep: &Table, elastic: &Table) -> Result<Norton> {
        if (0..creep.rows.len()).any(|r| creep.get(r, 2) != 0.0) {
            return unmapped(&creep.place, "*CREEP,LAW=NORTON with an exponent of time");
        }
        if (0..creep.rows.len()).any(|r| creep.get(r, 0) <= 0.0 || creep.get(r, 1) <= 0.0) {
            return unmapped(&creep.place, "*CREEP,LAW=NORTON whose A or n is not positive");
        }
        let temperature = creep.points(0, 3).0;
        if temperature.len() > 1 && temperature != elastic.points(0, 2).0 {
            return unmapped(&creep.place, "*CREEP at other temperatures than *ELASTIC");
        }
        Ok(Norton { temperature, a: creep.over("A", 0, 3)?, n: creep.over("n", 1, 3)? })
    }

    /// `K = A^(-1/n)` of the same flow, `p' = (f / K)^n`.
    fn viscosity(&self, creep: &Table) -> Result<Coefficient> {
        let (t, v) = refined(&self.temperature, |t| (-self.a.at(t).ln() / self.n.at(t)).exp());
        creep.coefficient("K", &t, &v)
    }
}

/// The library and the function that CalculiX would load for a material of this name: `@ABAQUS_LIB[_FUNCTION]` is
/// `libLIB.so`; looked for in the deck's folder, then where `LD_LIBRARY_PATH` says.
fn library_of(name: &str, folder: &Path) -> std::result::Result<(PathBuf, String), String> {
    let Some(rest) = name.strip_prefix("@ABAQUS_") else {
        return Err(
            "*USER MATERIAL whose name does not tell its library (write @ABAQUS_LIB for libLIB.so, or the case as .toml \
             with law = \"umat\")"
                .to_owned(),
        );
    };
    let rest = rest.split('@').next().unwrap_or(rest);
    let (library, symbol) = rest.split_once('_').unwrap_or((rest, "umat_"));
    let file = format!("lib{library}.so");
    let paths = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let places = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&paths));
    match places.map(|p| p.join(&file)).find(|p| p.is_file()) {
        Some(found) => Ok((found, symbol.to_owned())),
        None => Err(format!(
            "*USER MATERIAL of {file}, which is neither in the deck's folder nor where LD_LIBRARY_PATH says,"
        )),
    }
}
