//! Parameters of the law, as they stand in a case, and their checks.

use serde::{Deserialize, Serialize};

use super::slip::{CUBIC, OCTAHEDRAL, System, cubic_kind, octahedral_kind, schmid};
use crate::material::LawError;
use crate::material::chaboche::{FlowKind, flow_rule};
use crate::material::coefficient::Coefficient;
use crate::material::elasticity::Elasticity;
use crate::material::flow::Flow;
use crate::material::tensor::{Axes, Sym, orthonormal};

/// Systems of all families.
pub(super) const MAX_SYSTEMS: usize = 18;

/// Coefficients of one family of slip systems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilySpec {
    /// Flow rule: `norton` or `hyperbolic`.
    pub flow: FlowKind,
    /// Overstress scale, a stress.
    #[serde(rename = "K")]
    pub k: Coefficient,
    /// Exponent.
    pub n: Coefficient,
    /// Reference rate of the hyperbolic rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps0: Option<Coefficient>,
    /// Initial critical shear stress.
    #[serde(rename = "R0", default = "zero")]
    pub r0: Coefficient,
    /// Saturation of hardening, a stress.
    #[serde(rename = "Q", default = "zero")]
    pub q: Coefficient,
    /// Rate of saturation, per unit of slip.
    #[serde(default = "zero")]
    pub b: Coefficient,
    /// Interaction: for octahedral systems h1... of self, coplanar, collinear, Hirth, glissile, Lomer; for cubic ones of
    /// self, coplanar, other. Where absent each system hardens itself only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interaction: Vec<f64>,
    /// Kinematic modulus, a stress: `X = C a`.
    #[serde(rename = "C", default = "zero")]
    pub c: Coefficient,
    /// Dynamic recovery.
    #[serde(rename = "D", default = "zero")]
    pub d: Coefficient,
    /// Stress scale of static recovery; none where absent.
    #[serde(rename = "M", default, skip_serializing_if = "Option::is_none")]
    pub big_m: Option<Coefficient>,
    /// Exponent of static recovery, at least 1.
    #[serde(default = "one")]
    pub m: Coefficient,
}

/// Parameters of the law `crystal`.
#[derive(Debug, Clone, PartialEq)]
pub struct CrystalSpec {
    /// Elasticity, usually cubic.
    pub elasticity: Elasticity,
    /// Row `i` is crystal axis `i` in global coordinates; those of the elasticity, else the global axes, where absent.
    pub axes: Option<Axes>,
    /// The family {111}<110>.
    pub octahedral: Option<FamilySpec>,
    /// The family {100}<110>.
    pub cubic: Option<FamilySpec>,
    /// Equal sub-steps of a step, at least 1.
    pub substeps: u32,
}

/// Sub-steps where a case says nothing.
pub(in crate::material) const DEFAULT_SUBSTEPS: u32 = 10;

fn zero() -> Coefficient {
    0.0.into()
}

fn one() -> Coefficient {
    1.0.into()
}

/// A checked family.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Range of its systems among all.
    pub(super) systems: std::ops::Range<usize>,
    pub(super) flow: Flow,
    pub(super) r0: Coefficient,
    pub(super) q: Coefficient,
    pub(super) b: Coefficient,
    pub(super) c: Coefficient,
    pub(super) d: Coefficient,
    pub(super) recovery: Option<Coefficient>,
    pub(super) m: Coefficient,
    /// Couplings h1... by kind of pair.
    h: Vec<f64>,
}

/// Checked parameters.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    pub(super) elasticity: Elasticity,
    pub(super) families: Vec<Family>,
    /// Schmid tensors as strains (engineering shears).
    pub(super) schmid: Vec<Sym>,
    /// h_sr, zero between families.
    pub(super) interaction: [[f64; MAX_SYSTEMS]; MAX_SYSTEMS],
    pub(super) substeps: u32,
}

impl Family {
    fn new(
        name: &'static str,
        first: usize,
        spec: FamilySpec,
        count: usize,
        kinds: usize,
    ) -> Result<Family, LawError> {
        let within = |e: LawError| match e {
            LawError::Missing { name: c } => LawError::Missing { name: format!("{name}.{c}") },
            LawError::Range { name: c, value, rule } => {
                LawError::Range { name: format!("{name}.{c}"), value, rule }
            }
            other => other,
        };
        if spec.flow == FlowKind::Plastic {
            return Err(LawError::Unsupported {
                problem: format!(
                    "slip systems ({name}) have no rate-independent flow; use 'norton' or 'hyperbolic'"
                ),
            });
        }
        let flow = flow_rule(spec.flow, Some(&spec.k), Some(&spec.n), spec.eps0.as_ref()).map_err(within)?;
        for (key, c) in [("R0", &spec.r0), ("Q", &spec.q), ("b", &spec.b), ("C", &spec.c), ("D", &spec.d)] {
            c.check_not_negative(key).map_err(within)?;
        }
        if let Some(c) = &spec.big_m {
            c.check_positive("M").map_err(within)?;
        }
        spec.m.check("m", "it must be at least 1", |m| m >= 1.0).map_err(within)?;
        let mut coefficients = spec.interaction;
        if coefficients.is_empty() {
            coefficients = vec![0.0; kinds];
            coefficients[0] = 1.0;
        }
        if coefficients.len() != kinds || coefficients.iter().any(|h| !(h.is_finite() && *h >= 0.0)) {
            return Err(LawError::Unsupported {
                problem: format!(
                    "'{name}.interaction' must be {kinds} numbers, zero or positive, not {coefficients:?}"
                ),
            });
        }
        Ok(Family {
            name,
            systems: first..first + count,
            flow,
            r0: spec.r0,
            q: spec.q,
            b: spec.b,
            c: spec.c,
            d: spec.d,
            recovery: spec.big_m,
            m: spec.m,
            h: coefficients,
        })
    }

    fn coefficients(&self) -> impl Iterator<Item = &Coefficient> {
        [&self.r0, &self.q, &self.b, &self.c, &self.d, &self.m]
            .into_iter()
            .chain(&self.recovery)
            .chain(self.flow.coefficients())
    }
}

impl Parameters {
    pub(super) fn new(spec: CrystalSpec) -> Result<Parameters, LawError> {
        let mut elasticity = spec.elasticity;
        let given = match (spec.axes, elasticity.axes()) {
            (Some(a), Some(b)) if a != b => {
                return Err(LawError::Unsupported {
                    problem: "the axes of the elasticity differ from those of the crystal; give them once"
                        .to_owned(),
                });
            }
            (a, b) => a.or(b),
        };
        if let Some(axes) = given {
            elasticity.set_axes(axes);
        }
        elasticity.validate()?;
        let axes = match given {
            Some(axes) => orthonormal(&axes)?,
            None => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        };
        if spec.substeps == 0 {
            return Err(LawError::Range {
                name: "substeps".to_owned(),
                value: 0.0,
                rule: "it must be at least 1".to_owned(),
            });
        }
        let mut parameters = Parameters {
            elasticity,
            families: Vec::new(),
            schmid: Vec::new(),
            interaction: [[0.0; MAX_SYSTEMS]; MAX_SYSTEMS],
            substeps: spec.substeps,
        };
        if let Some(family) = spec.octahedral {
            let family = Family::new("octahedral", 0, family, OCTAHEDRAL.len(), 6)?;
            parameters.add(family, &OCTAHEDRAL, &axes, octahedral_kind);
        }
        if let Some(family) = spec.cubic {
            let family = Family::new("cubic", parameters.schmid.len(), family, CUBIC.len(), 3)?;
            parameters.add(family, &CUBIC, &axes, cubic_kind);
        }
        if parameters.families.is_empty() {
            return Err(LawError::Missing { name: "octahedral".to_owned() });
        }
        Ok(parameters)
    }

    fn add(
        &mut self,
        family: Family,
        systems: &[System],
        axes: &Axes,
        kind: impl Fn(&System, &System) -> usize,
    ) {
        let first = family.systems.start;
        for (i, a) in systems.iter().enumerate() {
            self.schmid.push(schmid(a, axes));
            for (j, b) in systems.iter().enumerate() {
                self.interaction[first + i][first + j] = family.h[kind(a, b)];
            }
        }
        self.families.push(family);
    }

    pub(super) fn is_constant(&self) -> bool {
        self.elasticity.is_constant()
            && self.families.iter().flat_map(Family::coefficients).all(|c| c.as_constant().is_some())
    }

    /// All coefficients of the families, for ranges of temperature.
    pub(super) fn family_coefficients(&self) -> impl Iterator<Item = &Coefficient> {
        self.families.iter().flat_map(Family::coefficients)
    }
}
