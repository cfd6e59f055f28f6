//! One step of one integration point.

use super::parameters::{HardeningCurve, IsotropicTerm, MAX_BACK_STRESSES, Parameters};
use crate::material::elasticity::isotropic_stiffness;
use crate::material::flow::FlowAt;
use crate::material::increment::{Equation, LOG_SMALLEST, solve};
use crate::material::tensor::{Sym, contract, six};

/// Coefficients at one temperature and step length.
pub(super) struct At<'a> {
    kappa: f64,
    mu: f64,
    r0: f64,
    h: f64,
    lag: f64,
    isotropic: &'a [IsotropicTerm],
    /// Curves at the temperatures around, and the share of the second.
    curves: Option<(&'a HardeningCurve, &'a HardeningCurve, f64)>,
    temperature: f64,
    back_stresses: usize,
    c: [f64; MAX_BACK_STRESSES],
    d: [f64; MAX_BACK_STRESSES],
    flow: FlowAt,
}

/// What the tangent needs of a step that flowed.
struct Flowed {
    /// Increment of p.
    dp: f64,
    /// J(eta).
    j: f64,
    /// Direction 3/2 (s - X) / J.
    n: Sym,
    /// `sum_i 2/3 C_i D_i w_i^2 a_i`.
    b: Sym,
    /// n : b.
    nb: f64,
    /// Minus dg/ddp.
    hardening: f64,
}

/// `eta` at a trial increment, and what goes with it.
struct Eta {
    eta: Sym,
    j: f64,
    b: Sym,
    nb: f64,
    /// `sum_i C_i w_i`.
    cw: f64,
    /// `sum_i C_i w_i^2`.
    cw2: f64,
    /// Second derivative of `J(eta) - dp sum_i C_i w_i` by dp.
    curvature: f64,
}

fn around(curves: &[HardeningCurve], temperature: f64) -> Option<(&HardeningCurve, &HardeningCurve, f64)> {
    let above = curves.partition_point(|c| c.temperature <= temperature);
    let (first, last) = (curves.first()?, curves.last()?);
    match (above.checked_sub(1).and_then(|i| curves.get(i)), curves.get(above)) {
        (Some(a), Some(b)) => Some((a, b, (temperature - a.temperature) / (b.temperature - a.temperature))),
        (Some(_), None) => Some((last, last, 0.0)),
        _ => Some((first, first, 0.0)),
    }
}

impl<'a> At<'a> {
    pub(super) fn new(parameters: &'a Parameters, temperature: f64, dt: f64) -> At<'a> {
        let (kappa, mu) = parameters.elasticity.moduli(temperature);
        let (mut c, mut d) = ([0.0; MAX_BACK_STRESSES], [0.0; MAX_BACK_STRESSES]);
        for (i, term) in parameters.kinematic.iter().enumerate() {
            c[i] = term.c.at(temperature);
            d[i] = term.d.at(temperature);
        }
        At {
            kappa,
            mu,
            r0: parameters.r0.at(temperature),
            h: parameters.h.at(temperature),
            lag: parameters.lag,
            isotropic: &parameters.isotropic,
            curves: around(&parameters.curves, temperature),
            temperature,
            back_stresses: parameters.kinematic.len(),
            c,
            d,
            flow: parameters.flow.at(temperature, dt),
        }
    }

    /// Radius of the elastic domain at p, its slope and curvature.
    #[inline]
    fn radius(&self, p: f64) -> (f64, f64, f64) {
        let (mut r, mut slope, mut curvature) = (self.r0 + self.h * p, self.h, 0.0);
        for term in self.isotropic {
            let (q, b) = (term.q.at(self.temperature), term.b.at(self.temperature));
            let saturation = (-b * p).exp_m1();
            r -= q * saturation;
            let rate = q * b * (1.0 + saturation);
            slope += rate;
            curvature -= rate * b;
        }
        if let Some((below, above, s)) = self.curves {
            let ((r0, slope0), (r1, slope1)) = (below.at(p), above.at(p));
            r += (1.0 - s) * r0 + s * r1;
            slope += (1.0 - s) * slope0 + s * slope1;
        }
        (r, slope, curvature)
    }

    #[inline(always)]
    fn eta(&self, trial: &Sym, alpha: &[f64], dp: f64) -> Eta {
        let (mut eta, mut b, mut db) = (*trial, [0.0; 6], [0.0; 6]);
        let (mut cw, mut cw2, mut cdw3) = (0.0, 0.0, 0.0);
        for i in 0..self.back_stresses {
            let a = six(alpha, 6 * i);
            let w = 1.0 / (1.0 + self.d[i] * dp);
            let dw = self.d[i] * w;
            let c = self.c[i] * w;
            cw += c;
            cw2 += c * w;
            cdw3 += c * w * dw;
            let x = 2.0 / 3.0 * c;
            let y = x * dw;
            let z = -2.0 * y * dw;
            for k in 0..6 {
                eta[k] -= x * a[k];
                b[k] += y * a[k];
                db[k] += z * a[k];
            }
        }
        let j = (1.5 * contract(&eta, &eta)).sqrt();
        let per_j = 1.5 / j;
        let nb = per_j * contract(&eta, &b);
        let turning = per_j * contract(&b, &b) - nb * nb / j;
        let curvature = turning + per_j * contract(&eta, &db) + 2.0 * cdw3;
        Eta { eta, j, b, nb, cw, cw2, curvature }
    }

    /// Integrates one step from `old` to `new` (p, evp, alpha...), giving stress and, where wanted, tangent. `false` for
    /// input that is not finite.
    #[inline]
    pub(super) fn step(
        &self,
        strain: &Sym,
        old: &[f64],
        new: &mut [f64],
        stress: &mut [f64],
        tangent: Option<&mut [f64; 36]>,
    ) -> bool {
        let (p, evp, alpha) = (old[0], six(old, 1), &old[7..]);
        let elastic: Sym =
            std::array::from_fn(|k| if k < 3 { strain[k] - evp[k] } else { 0.5 * strain[k] - evp[k] });
        let trace = elastic[0] + elastic[1] + elastic[2];
        let pressure = self.kappa * trace;
        let trial: Sym =
            std::array::from_fn(|k| 2.0 * self.mu * (elastic[k] - if k < 3 { trace / 3.0 } else { 0.0 }));
        new.copy_from_slice(old);
        let start = self.eta(&trial, alpha, 0.0);
        let (radius, radius_slope, _) = self.radius(p);
        let f = start.j - radius;
        if !(f + pressure + self.temperature).is_finite() {
            return false;
        }
        let flowed = if f > 0.0 { self.flow(&trial, alpha, p, f, radius_slope, &start) } else { None };
        let mut scale = 0.0;
        if let Some(step) = &flowed {
            new[0] = p + step.dp;
            for k in 0..6 {
                new[1 + k] = evp[k] + step.dp * step.n[k];
            }
            for i in 0..self.back_stresses {
                let w = 1.0 / (1.0 + self.d[i] * step.dp);
                for k in 0..6 {
                    new[7 + 6 * i + k] = (alpha[6 * i + k] + step.dp * step.n[k]) * w;
                }
            }
            scale = 2.0 * self.mu * step.dp;
        }
        let direction = flowed.as_ref().map_or([0.0; 6], |step| step.n);
        for k in 0..6 {
            stress[k] = trial[k] - scale * direction[k] + if k < 3 { pressure } else { 0.0 };
        }
        if let Some(tangent) = tangent {
            match &flowed {
                Some(step) => self.tangent(step, tangent),
                None => isotropic_stiffness(self.kappa, self.mu, tangent),
            }
        }
        true
    }

    /// Solves for the increment of a step whose trial is outside the elastic domain by `f`.
    #[inline]
    fn flow(
        &self,
        trial: &Sym,
        alpha: &[f64],
        p: f64,
        f: f64,
        radius_slope: f64,
        start: &Eta,
    ) -> Option<Flowed> {
        let three_mu = 3.0 * self.mu;
        // J(eta) <= J(s_t) + sum_i C_i |a_i| for any increment: g < 0 above.
        let mut bound = (1.5 * contract(trial, trial)).sqrt();
        for i in 0..self.back_stresses {
            let a = six(alpha, 6 * i);
            bound += self.c[i] * (2.0 / 3.0 * contract(&a, &a)).sqrt();
        }
        let stiffness = three_mu + start.cw + self.lag * radius_slope - start.nb;
        let plastic = if stiffness > 0.0 { (f / stiffness).ln() } else { f64::INFINITY };
        let first = plastic.min(self.flow.log_increment(f));
        // R + V at the last trial x: slope, and x^2 times the curvature.
        let mut last = (0.0, 0.0, 0.0);
        let (dp, log_dp) = solve(1.0001 * bound / three_mu, first, |x, y| {
            let e = self.eta(trial, alpha, x);
            let (radius, radius_slope, radius_curvature) = self.radius(p + self.lag * x);
            let (v, v_slope, v_curvature) = self.flow.overstress(y);
            let slope = self.lag * radius_slope + v_slope / x;
            let curvature = self.lag * self.lag * radius_curvature * x * x + (v_curvature - v_slope);
            last = (slope, curvature, x);
            Equation {
                g: e.j - x * (three_mu + e.cw) - radius - v,
                slope: e.nb - three_mu - e.cw2 - slope,
                curvature: Some(e.curvature * x * x - curvature),
                scale: e.j + radius + v,
            }
        })?;
        debug_assert!(log_dp >= LOG_SMALLEST);
        let e = self.eta(trial, alpha, dp);
        if e.j == 0.0 {
            return None;
        }
        let hardening = three_mu + e.cw2 - e.nb + last.0 + last.1 / last.2 * ((dp - last.2) / last.2);
        let n = e.eta.map(|x| 1.5 / e.j * x);
        Some(Flowed { dp, j: e.j, n, b: e.b, nb: e.nb, hardening })
    }

    /// The derivative of the step: with `ddp = 2 mu n : de / h`,
    /// `C - 2 mu (n (x) ddp + dp dn)`, `dn = (3/2 deta - n (n : deta)) / J`, `deta = 2 mu dev(de) + b ddp`.
    #[inline]
    fn tangent(&self, step: &Flowed, c: &mut [f64; 36]) {
        let two_mu = 2.0 * self.mu;
        let turn = two_mu * step.dp / step.j;
        let normal =
            two_mu * two_mu * ((step.dp / step.j) * (1.0 + step.nb / step.hardening) - 1.0 / step.hardening);
        let recovery = -1.5 * turn * two_mu / step.hardening;
        isotropic_stiffness(self.kappa, self.mu * (1.0 - 1.5 * turn), c);
        for i in 0..6 {
            let row = normal * step.n[i] + recovery * step.b[i];
            for j in 0..6 {
                c[6 * i + j] += row * step.n[j];
            }
        }
    }
}
