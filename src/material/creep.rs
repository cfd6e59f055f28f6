//! Norton-Bailey creep with isotropic elasticity: the creep strain at constant stress is `p = A J^n t^m`.
//!
//! | hardening | rate of p |
//! |---|---|
//! | time | `m A J^n t^(m-1)`: t is the time since the virgin state |
//! | strain | `m (A J^n)^(1/m) p^(1-1/m)`: the age that p has at the present stress |
//!
//! Each step is exact in time for the stress at its end: `dp = A J^n ((t+dt)^m - t^m)`, or
//! `(p+dp)^(1/m) = p^(1/m) + (A J^n)^(1/m) dt`; both are regular at t = 0, p = 0. With J = J_trial - 3 mu dp this is
//! one equation in dp. State: `p`, `evp`, `time`.

use serde::{Deserialize, Serialize};

use super::coefficient::{Coefficient, common_range};
use super::elasticity::{Isotropic, isotropic_stiffness};
use super::increment::{Equation, solve};
use super::tensor::{contract, six};
use super::{Input, Law, LawError, Output, Status, Variable};

/// What slows creep down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hardening {
    /// The time passed.
    Time,
    /// The creep strain reached.
    #[default]
    Strain,
}

/// Parameters of the law `creep`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreepSpec {
    /// Young's modulus.
    pub young: Coefficient,
    /// Poisson's ratio.
    pub poisson: Coefficient,
    /// Factor, in strain per (stress^n time^m).
    #[serde(rename = "A")]
    pub a: Coefficient,
    /// Exponent of the stress, positive.
    pub n: Coefficient,
    /// Exponent of the time, in (0, 1]; 1 is Norton's secondary creep.
    #[serde(default = "one")]
    pub m: Coefficient,
    /// Kind of hardening.
    #[serde(default)]
    pub hardening: Hardening,
}

fn one() -> Coefficient {
    1.0.into()
}

/// Norton-Bailey creep.
#[derive(Debug, Clone)]
pub struct Creep {
    elasticity: Isotropic,
    a: Coefficient,
    n: Coefficient,
    m: Coefficient,
    hardening: Hardening,
    variables: [Variable; 3],
}

/// Coefficients at one temperature and step length.
struct At {
    kappa: f64,
    mu: f64,
    log_a: f64,
    n: f64,
    m: f64,
    dt: f64,
    hardening: Hardening,
}

const N_STATE: usize = 8;

impl Creep {
    /// The law, once its parameters are checked.
    ///
    /// # Errors
    /// [`LawError::Range`].
    pub fn new(spec: CreepSpec) -> Result<Creep, LawError> {
        let elasticity = Isotropic { young: spec.young, poisson: spec.poisson };
        elasticity.validate()?;
        spec.a.check_positive("A")?;
        spec.n.check_positive("n")?;
        spec.m.check("m", "it must lie in (0, 1]", |m| m > 0.0 && m <= 1.0)?;
        let variables = [("p", 0, 1), ("evp", 1, 6), ("time", 7, 1)].map(|(name, offset, size)| Variable {
            name: name.to_owned(),
            offset,
            size,
        });
        Ok(Creep { elasticity, a: spec.a, n: spec.n, m: spec.m, hardening: spec.hardening, variables })
    }

    fn coefficients(&self) -> [&Coefficient; 5] {
        [&self.elasticity.young, &self.elasticity.poisson, &self.a, &self.n, &self.m]
    }

    fn at(&self, t: f64, dt: f64) -> At {
        let (kappa, mu) = self.elasticity.moduli(t);
        let (log_a, n, m) = (self.a.at(t).ln(), self.n.at(t), self.m.at(t));
        At { kappa, mu, log_a, n, m, dt, hardening: self.hardening }
    }
}

impl At {
    /// Logarithm of A J^n as a function of the increment exp(y) = x that it causes, and its slope in y.
    fn log_creep(&self, p: f64, time: f64, x: f64, y: f64) -> (f64, f64) {
        let grown = |from: f64, by: f64, exponent: f64| {
            // ln((from + by)^e - from^e), without cancellation.
            let log_ratio = (by / from).ln_1p();
            if from == 0.0 || log_ratio > 30.0 {
                exponent * (from + by).ln()
            } else {
                exponent * from.ln() + (exponent * log_ratio).exp_m1().ln()
            }
        };
        match self.hardening {
            Hardening::Time => (y - grown(time, self.dt, self.m), 1.0),
            Hardening::Strain => {
                let e = 1.0 / self.m;
                let (log, slope) = if p == 0.0 || x / p > 1e13 {
                    (e * y, e)
                } else if x / p < 1e-300 {
                    (e * p.ln() + (e.ln() + y - p.ln()), 1.0)
                } else {
                    let q = x / p;
                    let slope = e * q / (1.0 + q) / -(-e * q.ln_1p()).exp_m1();
                    (grown(p, x, e), slope)
                };
                (self.m * (log - self.dt.ln()), self.m * slope)
            }
        }
    }

    fn step(
        &self,
        strain: &[f64; 6],
        old: &[f64],
        new: &mut [f64],
        stress: &mut [f64],
        tangent: Option<&mut [f64]>,
    ) -> bool {
        let (p, evp, time) = (old[0], six(old, 1), old[7]);
        let elastic: [f64; 6] =
            std::array::from_fn(|k| if k < 3 { strain[k] - evp[k] } else { 0.5 * strain[k] - evp[k] });
        let trace = elastic[0] + elastic[1] + elastic[2];
        let pressure = self.kappa * trace;
        let trial: [f64; 6] =
            std::array::from_fn(|k| 2.0 * self.mu * (elastic[k] - if k < 3 { trace / 3.0 } else { 0.0 }));
        let j = (1.5 * contract(&trial, &trial)).sqrt();
        if !(j + pressure).is_finite() {
            return false;
        }
        let three_mu = 3.0 * self.mu;
        let mut slope_j = 0.0;
        let root = if j > 0.0 {
            solve(j / three_mu, (0.5 * j / three_mu).ln(), |x, y| {
                let (log, slope) = self.log_creep(p, time, x, y);
                let needed = ((log - self.log_a) / self.n).exp();
                slope_j = needed * slope / self.n / x;
                Equation {
                    g: j - three_mu * x - needed,
                    slope: -three_mu - slope_j,
                    curvature: None,
                    scale: j + needed,
                }
            })
        } else {
            None
        };
        let dp = root.map_or(0.0, |(x, _)| x);
        let n = trial.map(|s| if dp > 0.0 { 1.5 * s / j } else { 0.0 });
        new[0] = p + dp;
        for k in 0..6 {
            new[1 + k] = evp[k] + dp * n[k];
            stress[k] = trial[k] - 2.0 * self.mu * dp * n[k] + if k < 3 { pressure } else { 0.0 };
        }
        new[7] = time + self.dt;
        if let Some(tangent) = tangent {
            let mut c = [0.0; 36];
            let turn = if dp > 0.0 { three_mu * dp / j } else { 0.0 };
            isotropic_stiffness(self.kappa, self.mu * (1.0 - turn), &mut c);
            if dp > 0.0 {
                let normal = 4.0 * self.mu * self.mu * (dp / j - 1.0 / (three_mu + slope_j));
                for k in 0..36 {
                    c[k] += normal * n[k / 6] * n[k % 6];
                }
            }
            tangent.copy_from_slice(&c);
        }
        true
    }
}

impl Law for Creep {
    fn name(&self) -> &str {
        "creep"
    }

    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn n_state(&self) -> usize {
        N_STATE
    }

    fn symmetric(&self) -> bool {
        true
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        common_range(self.coefficients())
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        let (kappa, mu) = self.elasticity.moduli(temperature);
        isotropic_stiffness(kappa, mu, c);
    }

    fn update(&self, input: Input, mut output: Output) -> Status {
        let mut status = Status::Done;
        for (k, &temperature) in input.temperature.iter().enumerate() {
            let (s, e) = (N_STATE * k..N_STATE * (k + 1), 6 * k..6 * k + 6);
            let done = self.at(temperature, input.dt).step(
                &six(input.strain, 6 * k),
                &input.state[s.clone()],
                &mut output.state[s],
                &mut output.stress[e],
                output.tangent.as_deref_mut().map(|t| &mut t[36 * k..36 * k + 36]),
            );
            if !(done && temperature.is_finite() && input.dt > 0.0) {
                status = status.and_cut(k, 0.5);
            }
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::testing::{Point, Random};

    fn law(m: f64, hardening: Hardening) -> Creep {
        Creep::new(CreepSpec {
            young: 1e5.into(),
            poisson: 0.3.into(),
            a: 1e-10.into(),
            n: 3.5.into(),
            m: m.into(),
            hardening,
        })
        .unwrap()
    }

    #[test]
    fn creep_at_constant_stress_is_exact_for_any_steps() {
        for (m, hardening) in [(0.4, Hardening::Time), (0.4, Hardening::Strain), (1.0, Hardening::Strain)] {
            let law = law(m, hardening);
            let mut point = Point::new(&law, 0.0);
            let mut t = 0.0;
            for dt in [1e-3, 0.1, 5.0, 0.2, 100.0] {
                point.uniaxial_stress(dt, 120.0, 0.0);
                t += dt;
                let exact = 1e-10 * 120f64.powf(3.5) * t.powf(m);
                assert!((point.state[0] / exact - 1.0).abs() < 1e-8, "{hardening:?} {t} {}", point.state[0]);
                assert!((point.strain[0] - 120.0 / 1e5 - exact).abs() < 1e-8 * exact);
            }
        }
    }

    #[test]
    fn after_a_stress_jump_strain_hardening_goes_on_from_the_strain() {
        let law = law(0.5, Hardening::Strain);
        let mut point = Point::new(&law, 0.0);
        point.uniaxial_stress(4.0, 100.0, 0.0);
        point.uniaxial_stress(3.0, 150.0, 0.0);
        let creep = |s: f64, t: f64| 1e-10 * s.powf(3.5) * t.sqrt();
        let age = (creep(100.0, 4.0) / creep(150.0, 1.0)).powi(2);
        assert!((point.state[0] / creep(150.0, age + 3.0) - 1.0).abs() < 1e-8);
    }

    #[test]
    fn the_tangent_is_the_derivative_of_the_stress() {
        let mut random = Random(1);
        for hardening in [Hardening::Time, Hardening::Strain] {
            let law = law(0.3, hardening);
            for _ in 0..10 {
                let mut point = Point::new(&law, 0.0);
                for _ in 0..6 {
                    let strain = random.six(3e-3);
                    let dt = random.log(1e-3, 1e3);
                    assert!(point.tangent_error(dt, &strain, 0.0, 1e-6) < 1e-7);
                    point.step(dt, &strain, 0.0);
                }
            }
        }
    }

    #[test]
    fn any_finite_strain_and_step_converges() {
        let mut random = Random(2);
        for k in 0..5000 {
            let law = Creep::new(CreepSpec {
                young: 2e5.into(),
                poisson: 0.3.into(),
                a: random.log(1e-300, 1e-3).into(),
                n: random.log(1.0, 50.0).into(),
                m: random.log(0.05, 1.0).into(),
                hardening: if k % 2 == 0 { Hardening::Time } else { Hardening::Strain },
            })
            .unwrap();
            let mut point = Point::new(&law, 0.0);
            for _ in 0..4 {
                let scale = random.log(1e-9, 1e3);
                point.step(random.log(1e-12, 1e12), &random.six(scale), 0.0);
                assert!(point.tangent.iter().chain(&point.stress).all(|x| x.is_finite()), "{law:?}");
            }
        }
    }
}
