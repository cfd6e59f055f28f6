//! From what a material file says to a law of this code.

use super::{Behavior, IsotropicHardening, Potential, PotentialKind, ZsetMaterial};
use crate::error::{Error, Result};
use crate::material::chaboche::{ChabocheSpec, FlowKind, KinematicTerm};
use crate::material::crystal::{CrystalSpec, FamilySpec};
use crate::material::elasticity::{Elasticity, Isotropic};
use crate::material::{Coefficient, Flow, LawSpec, MaterialSpec};
use std::collections::BTreeMap;
use std::fmt;

/// Sub-steps of crystal slip that stand for Z-set's explicit integration with error control: with these the reference
/// is met to 1.8e-5.
const SLIP_SUBSTEPS: u32 = 20;

/// Z-set's update of time-independent plasticity takes hardening at `p + 0.999 dp`: found on its results, where
/// 1 leaves ten times its float32 rounding.
const PLASTIC_LAG: f64 = 0.999;

impl ZsetMaterial {
    /// The material of this code that the file describes, with the names that its results give to variables.
    ///
    /// # Errors
    /// What the file describes has no law here, or a coefficient cannot be used: file, line and remedy.
    pub fn to_spec(&self, name: &str) -> Result<MaterialSpec> {
        self.warn_of_integration();
        let (law, aliases) = match (self.behavior, &self.potentials[..]) {
            (Behavior::LinearElastic, _) | (_, []) => {
                (LawSpec::Elastic(self.elasticity.clone()), BTreeMap::new())
            }
            (Behavior::GenEvp, [one]) if one.kind == PotentialKind::Mises => self.chaboche(one)?,
            (Behavior::GenEvp, potentials) => self.crystal(potentials)?,
        };
        let density = match &self.masvol {
            None => 0.0,
            Some(c) => c
                .as_constant()
                .ok_or_else(|| self.error(0, "masvol depends on temperature", "give one number"))?,
        };
        let spec =
            MaterialSpec { name: name.to_owned(), law, density, thermal: self.thermal.clone(), aliases };
        // Ranges of coefficients are the law's to check: said here, where the file is known.
        spec.build().map_err(|e| self.error(0, e, "correct the file"))?;
        Ok(spec)
    }

    fn error(&self, line: usize, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        let place = if line > 0 { format!("line {line}") } else { String::new() };
        Error::case_file(&self.path, place, problem, remedy)
    }

    /// Whether Z-set integrates by one backward-Euler step an increment, as most laws here do.
    fn one_implicit_step(&self) -> bool {
        let words: Vec<&str> = self.integration.iter().map(String::as_str).collect();
        match words[..] {
            [] => true,
            ["theta_method_a", theta, ..] => theta.parse() == Ok(1.0),
            _ => false,
        }
    }

    fn warn_of_integration(&self) {
        if !self.one_implicit_step() {
            log::warn!(
                "{}: integration '{}' is replaced by backward Euler; results differ by its time-stepping error",
                self.path.display(),
                self.integration.join(" ")
            );
        }
    }

    fn chaboche(&self, potential: &Potential) -> Result<(LawSpec, BTreeMap<String, String>)> {
        let Elasticity::Isotropic(Isotropic { young, poisson }) = self.elasticity.clone() else {
            let problem = "a gen_evp potential with anisotropic elasticity is not supported";
            return Err(self.error(potential.line, problem, "use **elasticity isotropic"));
        };
        let zero = || Coefficient::from(0.0);
        let mut spec = ChabocheSpec {
            curves: Vec::new(),
            young,
            poisson,
            r0: zero(),
            h: zero(),
            q: None,
            b: None,
            isotropic: Vec::new(),
            kinematic: Vec::new(),
            flow: FlowKind::Plastic,
            k: None,
            n: None,
            eps0: None,
            lag: 1.0,
        };
        match potential.isotropic.clone() {
            None => {}
            Some(IsotropicHardening::Constant { r0 }) => spec.r0 = r0,
            Some(IsotropicHardening::Linear { r0, h }) => (spec.r0, spec.h) = (r0, h),
            Some(IsotropicHardening::Nonlinear { r0, q, b }) => {
                (spec.r0, spec.q, spec.b) = (r0, Some(q), Some(b));
            }
        }
        for k in &potential.kinematic {
            if k.recovery.is_some() {
                let problem = "static recovery (m, M) of *kinematic is supported on slip systems only";
                return Err(self.error(potential.line, problem, "leave m and M out"));
            }
            spec.kinematic.push(KinematicTerm { c: k.c.clone(), d: k.d.clone() });
        }
        match potential.flow.clone() {
            Flow::Plastic => spec.lag = PLASTIC_LAG,
            Flow::Norton { k, n } => (spec.flow, spec.k, spec.n) = (FlowKind::Norton, Some(k), Some(n)),
            Flow::Hyperbolic { eps0, k, n } => {
                (spec.flow, spec.k, spec.n, spec.eps0) = (FlowKind::Hyperbolic, Some(k), Some(n), Some(eps0));
            }
        }
        let prefix = &potential.prefix;
        let aliases = [("p", format!("{prefix}cum")), ("evp", format!("{prefix}i"))];
        let aliases = aliases.into_iter().map(|(ours, theirs)| (ours.to_owned(), theirs)).collect();
        Ok((LawSpec::Chaboche(Box::new(spec)), aliases))
    }

    /// Slip on up to one family of each sort.
    fn crystal(&self, potentials: &[Potential]) -> Result<(LawSpec, BTreeMap<String, String>)> {
        let substeps = if self.one_implicit_step() { 1 } else { SLIP_SUBSTEPS };
        let elasticity = self.elasticity.clone();
        let mut spec = CrystalSpec { elasticity, axes: None, octahedral: None, cubic: None, substeps };
        // The sum over all potentials has a name of its own.
        let mut aliases = BTreeMap::from([("evp".to_owned(), "ein".to_owned())]);
        for potential in potentials {
            let (family, place, systems) = match potential.kind {
                PotentialKind::Octahedral => ("octahedral", &mut spec.octahedral, 12),
                PotentialKind::Cubic => ("cubic", &mut spec.cubic, 6),
                PotentialKind::Mises => {
                    let problem = "a gen_evp potential beside others is not supported";
                    return Err(self.error(
                        potential.line,
                        problem,
                        "use one gen_evp potential, or slip alone",
                    ));
                }
            };
            if place.replace(self.family(potential)?).is_some() {
                let problem = format!("a second {family} potential is not supported");
                return Err(self.error(potential.line, problem, "remove one of them"));
            }
            let prefix = &potential.prefix;
            for k in 1..=systems {
                aliases.insert(format!("{family}_gamma{k}"), format!("gam{prefix}{k}"));
                aliases.insert(format!("{family}_v{k}"), format!("{prefix}cum{k}"));
            }
        }
        Ok((LawSpec::Crystal(Box::new(spec)), aliases))
    }

    fn family(&self, potential: &Potential) -> Result<FamilySpec> {
        let zero = || Coefficient::from(0.0);
        let refuse = |problem: &str, remedy: &str| Err(self.error(potential.line, problem, remedy));
        let (flow, k, n, eps0) = match potential.flow.clone() {
            Flow::Norton { k, n } => (FlowKind::Norton, k, n, None),
            Flow::Hyperbolic { eps0, k, n } => (FlowKind::Hyperbolic, k, n, Some(eps0)),
            Flow::Plastic => {
                return refuse("slip without viscosity is not supported", "use norton or hyperbolic flow");
            }
        };
        let (r0, q, b) = match potential.isotropic.clone() {
            None => (zero(), zero(), zero()),
            // A constant radius does not harden: the interaction of systems has no part in it.
            Some(IsotropicHardening::Constant { r0 }) => (r0, zero(), zero()),
            Some(IsotropicHardening::Linear { .. }) => {
                return refuse(
                    "linear hardening of slip systems is not supported",
                    "use constant or nonlinear",
                );
            }
            Some(IsotropicHardening::Nonlinear { .. }) if potential.interaction.is_some() => {
                let problem = "hardening of slip systems with *interaction is not supported: which pairs h1, h2, ... \
                               couple was never checked against results";
                return refuse(
                    problem,
                    "leave *interaction out (each system hardens itself), or give the material in TOML",
                );
            }
            Some(IsotropicHardening::Nonlinear { r0, q, b }) => (r0, q, b),
        };
        let (c, d, recovery) = match &potential.kinematic[..] {
            [] => (zero(), zero(), None),
            [one] => (one.c.clone(), one.d.clone(), one.recovery.clone()),
            _ => {
                return refuse(
                    "several back-stresses of slip systems are not supported",
                    "keep one *kinematic",
                );
            }
        };
        let (m, big_m) = recovery.map_or((1.0.into(), None), |(m, stress)| (m, Some(stress)));
        Ok(FamilySpec { flow, k, n, eps0, r0, q, b, interaction: Vec::new(), c, d, big_m, m })
    }
}
