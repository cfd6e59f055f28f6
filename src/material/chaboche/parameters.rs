//! Parameters of the law, as they stand in a case, and their checks.

use serde::{Deserialize, Serialize};

use crate::material::LawError;
use crate::material::coefficient::{Coefficient, Tables, all_nodes};
use crate::material::elasticity::Isotropic;
use crate::material::flow::Flow;

/// Most back-stresses, and most terms of isotropic hardening, of one law: coefficients of some points live on the stack.
pub(super) const MAX_TERMS: usize = 16;

/// Which flow rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowKind {
    /// Rate-independent.
    #[default]
    Plastic,
    /// `dp/dt = <f / K>^n`.
    Norton,
    /// `dp/dt = eps0 sinh(<f / K>^n)`.
    Hyperbolic,
}

/// A saturating part of isotropic hardening: `Q (1 - exp(-b p))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsotropicTerm {
    /// Saturation, a stress; negative for cyclic softening.
    #[serde(rename = "Q")]
    pub q: Coefficient,
    /// Rate of saturation, per unit of p.
    pub b: Coefficient,
}

/// Isotropic hardening by points at a temperature: linear between them, constant after the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardeningCurve {
    /// Temperature of the points; of no matter where there is one curve only.
    #[serde(default)]
    pub temperature: f64,
    /// Cumulated strain, from 0 on, increasing.
    pub p: Vec<f64>,
    /// Stress that is added to `R0`.
    #[serde(rename = "R")]
    pub r: Vec<f64>,
}

impl HardeningCurve {
    fn validate(&self) -> Result<(), LawError> {
        let table =
            |problem: &str| LawError::Table { name: "curves".to_owned(), problem: problem.to_owned() };
        if self.p.is_empty() || self.p.len() != self.r.len() || self.p[0] != 0.0 {
            return Err(table("give as many 'R' as 'p', the first p being 0"));
        }
        if self.p.iter().chain(&self.r).chain([&self.temperature]).any(|x| !x.is_finite()) {
            return Err(table("every value must be finite"));
        }
        if self.p.windows(2).any(|w| w[0] >= w[1]) {
            return Err(table("the values of 'p' must increase strictly"));
        }
        Ok(())
    }

    /// Value and slope.
    #[inline]
    pub(super) fn at(&self, p: f64) -> (f64, f64) {
        let above = self.p.partition_point(|&x| x <= p).max(1);
        let (Some(&x1), Some(&r1)) = (self.p.get(above), self.r.get(above)) else {
            return (self.r[above - 1], 0.0);
        };
        let (x0, r0) = (self.p[above - 1], self.r[above - 1]);
        let slope = (r1 - r0) / (x1 - x0);
        (r0 + slope * (p - x0), slope)
    }
}

/// A back-stress: `X = 2/3 C a`, `da = devp - D a dp`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KinematicTerm {
    /// Initial modulus, a stress.
    #[serde(rename = "C")]
    pub c: Coefficient,
    /// Dynamic recovery: X saturates at C / D in uniaxial tension; 0 is Prager's linear hardening.
    #[serde(rename = "D", default = "zero")]
    pub d: Coefficient,
}

/// Parameters of the law `chaboche`. Absent coefficients are zero, except those of the flow rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChabocheSpec {
    /// Young's modulus.
    pub young: Coefficient,
    /// Poisson's ratio.
    pub poisson: Coefficient,
    /// Initial radius of the elastic domain, a stress.
    #[serde(rename = "R0", default = "zero")]
    pub r0: Coefficient,
    /// Linear isotropic hardening, a stress per unit of p.
    #[serde(rename = "H", default = "zero")]
    pub h: Coefficient,
    /// Short form of one term of `isotropic`.
    #[serde(rename = "Q", default, skip_serializing_if = "Option::is_none")]
    pub q: Option<Coefficient>,
    /// Short form of one term of `isotropic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<Coefficient>,
    /// Saturating isotropic hardening.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isotropic: Vec<IsotropicTerm>,
    /// Isotropic hardening by points, at increasing temperatures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<HardeningCurve>,
    /// Back-stresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinematic: Vec<KinematicTerm>,
    /// Flow rule.
    #[serde(default)]
    pub flow: FlowKind,
    /// Overstress scale of the flow rule.
    #[serde(rename = "K", default, skip_serializing_if = "Option::is_none")]
    pub k: Option<Coefficient>,
    /// Exponent of the flow rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<Coefficient>,
    /// Reference rate of the hyperbolic rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps0: Option<Coefficient>,
    /// Isotropic hardening is taken at `p_n + lag dp`.
    #[serde(default = "one")]
    pub lag: f64,
}

fn zero() -> Coefficient {
    0.0.into()
}

fn one() -> f64 {
    1.0
}

impl ChabocheSpec {
    /// Perfect plasticity without yield stress: everything else is set on it.
    pub fn new(young: impl Into<Coefficient>, poisson: impl Into<Coefficient>) -> ChabocheSpec {
        ChabocheSpec {
            young: young.into(),
            poisson: poisson.into(),
            r0: zero(),
            h: zero(),
            q: None,
            b: None,
            isotropic: Vec::new(),
            curves: Vec::new(),
            kinematic: Vec::new(),
            flow: FlowKind::Plastic,
            k: None,
            n: None,
            eps0: None,
            lag: 1.0,
        }
    }
}

/// Checked parameters.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    pub(super) elasticity: Isotropic,
    pub(super) r0: Coefficient,
    pub(super) h: Coefficient,
    pub(super) isotropic: Vec<IsotropicTerm>,
    pub(super) curves: Vec<HardeningCurve>,
    pub(super) kinematic: Vec<KinematicTerm>,
    pub(super) flow: Flow,
    /// All coefficients, in the order of [`Parameters::coefficients`].
    pub(super) tables: Tables,
    pub(super) lag: f64,
}

/// Builds a flow rule from its kind and coefficients.
pub(in crate::material) fn flow_rule(
    kind: FlowKind,
    k: Option<&Coefficient>,
    n: Option<&Coefficient>,
    eps0: Option<&Coefficient>,
) -> Result<Flow, LawError> {
    let need = |name: &str, c: Option<&Coefficient>| {
        c.cloned().ok_or_else(|| LawError::Missing { name: name.to_owned() })
    };
    let refuse = |name: &str, c: Option<&Coefficient>| match c {
        Some(_) => Err(LawError::Unsupported {
            problem: format!(
                "coefficient '{name}' has no meaning in this flow rule; remove it or set 'flow'"
            ),
        }),
        None => Ok(()),
    };
    let flow = match kind {
        FlowKind::Plastic => {
            refuse("K", k)?;
            refuse("n", n)?;
            refuse("eps0", eps0)?;
            Flow::Plastic
        }
        FlowKind::Norton => {
            refuse("eps0", eps0)?;
            Flow::Norton { k: need("K", k)?, n: need("n", n)? }
        }
        FlowKind::Hyperbolic => {
            Flow::Hyperbolic { eps0: need("eps0", eps0)?, k: need("K", k)?, n: need("n", n)? }
        }
    };
    flow.validate()?;
    Ok(flow)
}

impl Parameters {
    pub(super) fn new(spec: ChabocheSpec) -> Result<Parameters, LawError> {
        let elasticity = Isotropic { young: spec.young, poisson: spec.poisson };
        elasticity.validate()?;
        let mut isotropic = spec.isotropic;
        match (spec.q, spec.b) {
            (Some(q), Some(b)) => isotropic.insert(0, IsotropicTerm { q, b }),
            (None, None) => {}
            (Some(_), None) => return Err(LawError::Missing { name: "b".to_owned() }),
            (None, Some(_)) => return Err(LawError::Missing { name: "Q".to_owned() }),
        }
        spec.r0.check_not_negative("R0")?;
        spec.h.check_not_negative("H")?;
        for term in &isotropic {
            term.q.check("Q", "it must be finite", |_| true)?;
            term.b.check_not_negative("b")?;
        }
        // The radius of the elastic domain must not become negative, however far p goes.
        spec.curves.iter().try_for_each(HardeningCurve::validate)?;
        if spec.curves.windows(2).any(|w| w[0].temperature >= w[1].temperature) {
            return Err(LawError::Table {
                name: "curves".to_owned(),
                problem: "their temperatures must increase strictly".to_owned(),
            });
        }
        let lowest = spec.curves.iter().flat_map(|c| &c.r).fold(0.0f64, |low, r| low.min(*r));
        for t in all_nodes(isotropic.iter().map(|term| &term.q).chain([&spec.r0])) {
            let softening: f64 = isotropic.iter().map(|term| term.q.at(t).min(0.0)).sum::<f64>() + lowest;
            if spec.r0.at(t) + softening < 0.0 {
                return Err(LawError::Range {
                    name: "Q".to_owned(),
                    value: softening,
                    rule: format!("softening must not exceed R0 = {}", spec.r0.at(t)),
                });
            }
        }
        for term in &spec.kinematic {
            term.c.check_not_negative("C")?;
            term.d.check_not_negative("D")?;
        }
        for (name, terms) in [("kinematic", spec.kinematic.len()), ("isotropic", isotropic.len())] {
            if terms > MAX_TERMS {
                let problem = format!("'{name}' has {terms} terms, but at most {MAX_TERMS} are possible");
                return Err(LawError::Unsupported { problem });
            }
        }
        if !(0.0..=1.0).contains(&spec.lag) {
            return Err(LawError::Range {
                name: "lag".to_owned(),
                value: spec.lag,
                rule: "it must lie between 0 and 1".to_owned(),
            });
        }
        let flow = flow_rule(spec.flow, spec.k.as_ref(), spec.n.as_ref(), spec.eps0.as_ref())?;
        let mut parameters = Parameters {
            tables: Tables::new(std::iter::empty()),
            elasticity,
            r0: spec.r0,
            h: spec.h,
            isotropic,
            curves: spec.curves,
            kinematic: spec.kinematic,
            flow,
            lag: spec.lag,
        };
        parameters.tables = Tables::new(parameters.coefficients());
        Ok(parameters)
    }

    /// Value and slope of the hardening given by points.
    pub(super) fn curve(&self, temperature: f64, p: f64) -> (f64, f64) {
        let above = self.curves.partition_point(|c| c.temperature <= temperature);
        let of = |i: usize| self.curves[i].at(p);
        match (above.checked_sub(1), self.curves.get(above)) {
            (None, _) => of(0),
            (Some(below), None) => of(below),
            (Some(below), Some(next)) => {
                let s = (temperature - self.curves[below].temperature)
                    / (next.temperature - self.curves[below].temperature);
                let ((r0, slope0), (r1, slope1)) = (of(below), of(above));
                ((1.0 - s) * r0 + s * r1, (1.0 - s) * slope0 + s * slope1)
            }
        }
    }

    /// All coefficients.
    pub(super) fn coefficients(&self) -> impl Iterator<Item = &Coefficient> + Clone {
        let isotropic = self.isotropic.iter().flat_map(|term| [&term.q, &term.b]);
        let kinematic = self.kinematic.iter().flat_map(|term| [&term.c, &term.d]);
        self.elasticity
            .coefficients()
            .into_iter()
            .chain([&self.r0, &self.h])
            .chain(isotropic)
            .chain(kinematic)
            .chain(self.flow.coefficients())
    }
}
