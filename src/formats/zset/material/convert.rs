//! From what a material file says to a law of this code.

use super::{Behavior, IsotropicHardening, Potential, PotentialKind, ZsetMaterial};
use crate::error::{Error, Result};
use crate::material::chaboche::{ChabocheSpec, FlowKind, KinematicTerm};
use crate::material::elasticity::{Elasticity, Isotropic};
use crate::material::{Coefficient, Flow, LawSpec, MaterialSpec};
use std::collections::BTreeMap;
use std::fmt;

/// Z-set's update of time-independent plasticity takes hardening at `p + 0.999 dp`: found on its results, where
/// 1 leaves ten times its float32 rounding (format notes, 5.4).
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
            (Behavior::GenEvp, [first, ..]) => {
                let problem = match first.kind {
                    PotentialKind::Mises => "several potentials are not supported together",
                    _ => "crystal slip is not supported as a material",
                };
                return Err(self.error(
                    first.line,
                    problem,
                    "supported are elasticity and one gen_evp potential",
                ));
            }
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

    /// Our laws take one backward-Euler step an increment, as `theta_method_a` with theta = 1 does.
    fn warn_of_integration(&self) {
        let words: Vec<&str> = self.integration.iter().map(String::as_str).collect();
        let same = match words[..] {
            [] => true,
            ["theta_method_a", theta, ..] => theta.parse() == Ok(1.0),
            _ => false,
        };
        if !same {
            log::warn!(
                "{}: integration '{}' is replaced by backward Euler; results differ by its time-stepping error",
                self.path.display(),
                words.join(" ")
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
}
