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

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use super::coefficient::{Coefficient, Tables, common_range};
use super::elasticity::{Isotropic, isotropic_stiffness};
use super::increment::{Equation, solve};
use super::lanes::{Lanes, dispatch};
use super::points::{
    Index, Moduli, coefficients, contract, read, tensor, write, write_stress, write_tangent,
};
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
    /// Young's modulus, Poisson's ratio, A, n, m.
    tables: Tables,
    range: Option<(f64, f64)>,
    hardening: Hardening,
    variables: [Variable; 3],
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
        let all = [&elasticity.young, &elasticity.poisson, &spec.a, &spec.n, &spec.m];
        let (tables, range) = (Tables::new(all.into_iter()), common_range(all));
        Ok(Creep { elasticity, tables, range, hardening: spec.hardening, variables })
    }
}

/// A call of the law, for any vector unit.
struct Update<'a> {
    law: &'a Creep,
    input: Input<'a>,
    output: Output<'a>,
}

/// Coefficients of some points and one step length.
#[derive(Clone, Copy)]
struct At<S: Simd> {
    log_a: Lanes<S>,
    n: Lanes<S>,
    m: Lanes<S>,
    dt: Lanes<S>,
    hardening: Hardening,
}

/// `ln((from + by)^e - from^e)`, without cancellation.
#[inline(always)]
fn grown<S: Simd>(from: Lanes<S>, by: Lanes<S>, e: Lanes<S>) -> Lanes<S> {
    let from = from.max(from.splat(f64::MIN_POSITIVE));
    let ratio = (by / from).min(from.splat(1e14));
    let near = e.mul_add(from.ln(), (e * ratio.ln_1p()).exp_m1().ln());
    from.splat(1e13).below(ratio).select(e * (from + by).ln(), near)
}

impl<S: Simd> At<S> {
    /// Logarithm of A J^n as a function of the increment x that it causes, and its slope in ln x.
    #[inline(always)]
    fn log_creep(&self, p: Lanes<S>, time: Lanes<S>, x: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
        let (one, y) = (x.splat(1.0), x.ln());
        match self.hardening {
            Hardening::Time => (y - grown(time, self.dt, self.m), one),
            Hardening::Strain => {
                let e = one / self.m;
                let p = p.max(p.splat(f64::MIN_POSITIVE));
                let q = x / p;
                let (small, large) = (q.below(one * 1e-290), (one * 1e13).below(q));
                let q = q.max(one * 1e-290).min(one * 1e14);
                let between = e * q / (q + 1.0) / -(-(e * q.ln_1p())).exp_m1();
                let slope = small.select(one, large.select(e, between));
                let first = (e - 1.0).mul_add(p.ln(), e.ln() + y);
                let log = small.select(first, large.select(e * y, grown(p, x, e)));
                (self.m * (log - self.dt.ln()), self.m * slope)
            }
        }
    }
}

impl WithSimd for Update<'_> {
    type Output = Status;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Status {
        let Update { law, input, mut output } = self;
        let (zero, one) = (Lanes::all(simd, 0.0), Lanes::all(simd, 1.0));
        let mut status = Status::Done;
        let mut values = [zero; 5];
        for first in (0..input.len()).step_by(Lanes::<S>::COUNT) {
            // lanes beyond the end repeat the last point
            let last = input.len() - 1;
            let index: Index = std::array::from_fn(|l| (first + l).min(last));
            if first == 0 || !law.tables.is_constant() {
                coefficients(&law.tables, &index.map(|k| input.temperature[k]), &mut values);
            }
            let [young, poisson, a, n, m] = values;
            let moduli = Moduli::new(young, poisson);
            let at = At { log_a: a.ln(), n, m, dt: one * input.dt, hardening: law.hardening };
            let p = read(simd, input.state, N_STATE, 0, &index);
            let evp = tensor(
                #[inline(always)]
                |k| read(simd, input.state, N_STATE, 1 + k, &index),
            );
            let time = read(simd, input.state, N_STATE, 7, &index);
            let (pressure, mut stress) = moduli.trial(&input, &index, &evp);
            let j = (contract(&stress, &stress) * 1.5).sqrt();
            let finite = (j + pressure).abs().below(one * f64::INFINITY);
            let three_mu = moduli.mu * 3.0;
            let mut slope_j = zero;
            let wanted = zero.below(j) & finite;
            let dp = solve(
                wanted,
                j / three_mu,
                j * 0.5 / three_mu,
                #[inline(always)]
                |x| {
                    let (log, slope) = at.log_creep(p, time, x);
                    let needed = ((log - at.log_a) / at.n).exp();
                    slope_j = needed * slope / at.n / x;
                    Equation {
                        g: x.neg_mul_add(three_mu, j - needed),
                        slope: -three_mu - slope_j,
                        curvature: None,
                        scale: j + needed,
                    }
                },
            );
            let flowed = zero.below(dp);
            let per_j = flowed.select(one * 1.5 / j, zero);
            let n = tensor(
                #[inline(always)]
                |k| per_j * stress[k],
            );
            write(output.state, N_STATE, 0, &index, p + dp);
            for k in 0..6 {
                write(output.state, N_STATE, 1 + k, &index, dp.mul_add(n[k], evp[k]));
            }
            write(output.state, N_STATE, 7, &index, time + at.dt);
            let share = flowed.select(dp / j, zero);
            let normal = moduli.mu * moduli.mu * 4.0 * (share - one / (three_mu + slope_j));
            let normal = flowed.select(normal, zero);
            for k in 0..6 {
                stress[k] = (moduli.mu * 2.0 * dp).neg_mul_add(n[k], stress[k]);
            }
            write_stress(&mut output, &index, pressure, &stress);
            let turned = Moduli { mu: moduli.mu * (one - three_mu * share), ..moduli };
            let row = tensor(
                #[inline(always)]
                |k| normal * n[k],
            );
            write_tangent(&mut output, &index, turned, Some((row, n)));
            let size = (j + pressure).to_array();
            for (l, k) in (first..input.len().min(first + Lanes::<S>::COUNT)).enumerate() {
                if !((size[l] + input.temperature[k]).is_finite() && input.dt > 0.0) {
                    status = status.and_cut(k, 0.5);
                }
            }
        }
        status
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
        self.range
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        let (kappa, mu) = self.elasticity.moduli(temperature);
        isotropic_stiffness(kappa, mu, c);
    }

    fn update(&self, input: Input, output: Output) -> Status {
        dispatch(Update { law: self, input, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::testing::{Point, Random, assert_batches_do_not_matter};

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
    fn a_point_does_not_depend_on_its_batch() {
        for hardening in [Hardening::Time, Hardening::Strain] {
            assert_batches_do_not_matter(&law(0.4, hardening), (0.0, 0.0));
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
