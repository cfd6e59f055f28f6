//! One step of as many integration points as a vector has lanes.

use pulp::Simd;
use std::array;

use super::parameters::{MAX_TERMS, Parameters};
use crate::material::Input;
use crate::material::flow::FlowAt;
use crate::material::increment::{Equation, SMALLEST, solve};
use crate::material::lanes::{Lanes, MOST_LANES, Mask};
use crate::material::points::{Index, Moduli, Tensor, coefficients, contract, read, tensor};

/// Young's modulus, Poisson's ratio, R0, H, isotropic terms, back-stresses, flow rule.
const MOST_COEFFICIENTS: usize = 4 + 2 * MAX_TERMS + 2 * MAX_TERMS + 3;

/// Coefficients at the temperatures of some points and one step length.
pub(super) struct At<'a, S: Simd> {
    parameters: &'a Parameters,
    values: [Lanes<S>; MOST_COEFFICIENTS],
    /// First coefficients of the back-stresses and of the flow rule.
    kinematic: usize,
    temperature: [f64; MOST_LANES],
    pub(super) moduli: Moduli<S>,
    flow: FlowAt<S>,
}

/// Points at the start of a step, and what they would be without flow.
pub(super) struct Trial<S: Simd> {
    p: Lanes<S>,
    evp: Tensor<S>,
    alpha: [Tensor<S>; MAX_TERMS],
    /// Mean stress.
    pub(super) pressure: Lanes<S>,
    /// Deviatoric stress.
    pub(super) stress: Tensor<S>,
    start: Eta<S>,
    radius_slope: Lanes<S>,
    /// Yield function.
    pub(super) f: Lanes<S>,
}

/// A step, `dp` = 0 where nothing flowed.
pub(super) struct Flowed<S: Simd> {
    dp: Lanes<S>,
    /// Direction 3/2 (s - X) / J.
    pub(super) n: Tensor<S>,
    /// The tangent is isotropic with this shear modulus, plus `row (x) n`.
    pub(super) mu: Lanes<S>,
    pub(super) row: Tensor<S>,
}

/// `eta` at a trial increment, and what goes with it.
#[derive(Clone, Copy)]
struct Eta<S: Simd> {
    eta: Tensor<S>,
    j: Lanes<S>,
    b: Tensor<S>,
    nb: Lanes<S>,
    /// `sum_i C_i w_i`.
    cw: Lanes<S>,
    /// `sum_i C_i w_i^2`.
    cw2: Lanes<S>,
    /// Second derivative of `J(eta) - dp sum_i C_i w_i` by dp.
    curvature: Lanes<S>,
}

impl<S: Simd> Trial<S> {
    pub(super) fn new(simd: S) -> Trial<S> {
        let zero = Lanes::all(simd, 0.0);
        let none = [zero; 6];
        let start = Eta { eta: none, j: zero, b: none, nb: zero, cw: zero, cw2: zero, curvature: zero };
        Trial {
            p: zero,
            evp: none,
            alpha: [none; MAX_TERMS],
            pressure: zero,
            stress: none,
            start,
            radius_slope: zero,
            f: zero,
        }
    }
}

impl<'a, S: Simd> At<'a, S> {
    /// Coefficients at the temperatures of points `index`.
    #[inline(always)]
    pub(super) fn new(parameters: &'a Parameters, input: &Input, index: &Index, simd: S) -> At<'a, S> {
        let zero = Lanes::all(simd, 0.0);
        let kinematic = 4 + 2 * parameters.isotropic.len();
        let flow = parameters.flow.at(&[], simd, 1.0);
        let mut at = At {
            parameters,
            values: [zero; MOST_COEFFICIENTS],
            kinematic,
            temperature: [0.0; MOST_LANES],
            moduli: Moduli { kappa: zero, mu: zero },
            flow,
        };
        at.set(input, index);
        at
    }

    #[inline(always)]
    pub(super) fn set(&mut self, input: &Input, index: &Index) {
        let parameters = self.parameters;
        for l in 0..MOST_LANES {
            self.temperature[l] = input.temperature[index[l]];
        }
        coefficients(&parameters.tables, &self.temperature, &mut self.values);
        self.moduli = Moduli::new(self.values[0], self.values[1]);
        let (first, end) = (self.kinematic + 2 * parameters.kinematic.len(), parameters.tables.columns());
        self.flow = parameters.flow.at(&self.values[first..end], self.moduli.mu.simd(), input.dt);
    }

    /// C and D of back-stress `i`.
    #[inline(always)]
    fn back_stress(&self, i: usize) -> (Lanes<S>, Lanes<S>) {
        (self.values[self.kinematic + 2 * i], self.values[self.kinematic + 2 * i + 1])
    }

    /// Radius of the elastic domain at p, its slope and curvature.
    #[inline(always)]
    fn radius(&self, p: Lanes<S>) -> (Lanes<S>, Lanes<S>, Lanes<S>) {
        let (r0, h) = (self.values[2], self.values[3]);
        let (mut r, mut slope, mut curvature) = (h.mul_add(p, r0), h, p.splat(0.0));
        for i in (4..self.kinematic).step_by(2) {
            let (q, b) = (self.values[i], self.values[i + 1]);
            let saturation = (-(b * p)).exp_m1();
            r = q.neg_mul_add(saturation, r);
            let rate = q * b * (saturation + 1.0);
            slope = slope + rate;
            curvature = rate.neg_mul_add(b, curvature);
        }
        if !self.parameters.curves.is_empty() {
            let p = p.to_array();
            let curve: [(f64, f64); MOST_LANES] = array::from_fn(|l| {
                if l < Lanes::<S>::COUNT {
                    self.parameters.curve(self.temperature[l], p[l])
                } else {
                    (0.0, 0.0)
                }
            });
            let simd = r.simd();
            r = r + Lanes::each(
                simd,
                #[inline(always)]
                |l| curve[l].0,
            );
            slope = slope
                + Lanes::each(
                    simd,
                    #[inline(always)]
                    |l| curve[l].1,
                );
        }
        (r, slope, curvature)
    }

    #[inline(always)]
    fn eta(&self, stress: &Tensor<S>, alpha: &[Tensor<S>; MAX_TERMS], dp: Lanes<S>) -> Eta<S> {
        let (zero, one) = (dp.splat(0.0), dp.splat(1.0));
        let (mut eta, mut b) = (*stress, [zero; 6]);
        let (mut cw, mut cw2, mut cdw3) = (zero, zero, zero);
        for i in 0..self.parameters.kinematic.len() {
            let ((c, d), a) = (self.back_stress(i), &alpha[i]);
            let w = one / d.mul_add(dp, one);
            let (dw, cw1) = (d * w, c * w);
            cw = cw + cw1;
            let cw_squared = cw1 * w;
            cw2 = cw2 + cw_squared;
            cdw3 = cw_squared.mul_add(dw, cdw3);
            let x = cw1 * (2.0 / 3.0);
            let y = x * dw;
            for k in 0..6 {
                eta[k] = x.neg_mul_add(a[k], eta[k]);
                b[k] = y.mul_add(a[k], b[k]);
            }
        }
        // eta : db/ddp, db/ddp = -2 sum_i D_i w_i (2/3 C_i D_i w_i^2 a_i)
        let mut turned = zero;
        for i in 0..self.parameters.kinematic.len() {
            let ((c, d), a) = (self.back_stress(i), &alpha[i]);
            let w = one / d.mul_add(dp, one);
            let dw = d * w;
            turned = (c * w * dw * dw * (-4.0 / 3.0)).mul_add(contract(&eta, a), turned);
        }
        let j = (contract(&eta, &eta) * 1.5).sqrt();
        let per_j = one * 1.5 / j;
        let nb = per_j * contract(&eta, &b);
        let turning = per_j.mul_add(contract(&b, &b), -(nb * nb / j));
        let curvature = per_j.mul_add(turned, cdw3.mul_add(one * 2.0, turning));
        Eta { eta, j, b, nb, cw, cw2, curvature }
    }

    /// Reads points `index` and finds their yield function.
    #[inline(always)]
    pub(super) fn trial(&self, input: &Input, index: &Index, trial: &mut Trial<S>) {
        let simd = self.moduli.mu.simd();
        let back_stresses = self.parameters.kinematic.len();
        let n_state = 7 + 6 * back_stresses;
        trial.p = read(simd, input.state, n_state, 0, index);
        trial.evp = tensor(
            #[inline(always)]
            |k| read(simd, input.state, n_state, 1 + k, index),
        );
        for i in 0..back_stresses {
            trial.alpha[i] = tensor(
                #[inline(always)]
                |k| read(simd, input.state, n_state, 7 + 6 * i + k, index),
            );
        }
        (trial.pressure, trial.stress) = self.moduli.trial(input, index, &trial.evp);
        trial.start = self.eta(&trial.stress, &trial.alpha, trial.p.splat(0.0));
        let (radius, slope, _) = self.radius(trial.p);
        trial.radius_slope = slope;
        trial.f = trial.start.j - radius;
    }

    /// Solves for the increments of the points in `wanted`, whose trial is outside the elastic domain.
    #[inline(always)]
    pub(super) fn flow(&self, trial: &Trial<S>, wanted: Mask<S>) -> Flowed<S> {
        let Trial { p, alpha, stress, start, f, .. } = trial;
        let (zero, one) = (p.splat(0.0), p.splat(1.0));
        let (three_mu, two_mu) = (self.moduli.mu * 3.0, self.moduli.mu * 2.0);
        let lag = p.splat(self.parameters.lag);
        // J(eta) <= J(s_t) + sum_i C_i |a_i| for any increment: g < 0 above.
        let mut bound = (contract(stress, stress) * 1.5).sqrt();
        for i in 0..self.parameters.kinematic.len() {
            let ((c, _), a) = (self.back_stress(i), &alpha[i]);
            bound = c.mul_add((contract(a, a) * (2.0 / 3.0)).sqrt(), bound);
        }
        let stiffness = lag.mul_add(trial.radius_slope, three_mu + start.cw - start.nb);
        let plastic = zero.below(stiffness).select(*f / stiffness, one * f64::INFINITY);
        let first = plastic.min(self.flow.increment(*f, SMALLEST));
        // R + V at the last trial x: slope, and x^2 times the curvature.
        let mut last = (zero, zero, one);
        let dp = solve(
            wanted,
            bound * 1.0001 / three_mu,
            first,
            #[inline(always)]
            |x| {
                let e = self.eta(stress, alpha, x);
                let (radius, radius_slope, radius_curvature) = self.radius(lag.mul_add(x, *p));
                let (v, v_slope, v_curvature) = self.flow.overstress(x);
                let slope = lag.mul_add(radius_slope, v_slope / x);
                let curvature = (lag * lag * radius_curvature).mul_add(x * x, v_curvature - v_slope);
                last = (slope, curvature, x);
                Equation {
                    g: x.neg_mul_add(three_mu + e.cw, e.j) - radius - v,
                    slope: e.nb - three_mu - e.cw2 - slope,
                    curvature: Some(e.curvature.mul_add(x * x, -curvature)),
                    scale: e.j + radius + v,
                }
            },
        );
        let e = self.eta(stress, alpha, dp);
        let flowed = wanted & zero.below(dp) & zero.below(e.j);
        let dp = flowed.select(dp, zero);
        let j = flowed.select(e.j, one);
        let change = (dp - last.2) / last.2;
        let hardening = three_mu + e.cw2 - e.nb + last.0 + last.1 / last.2 * change;
        let per_j = one * 1.5 / j;
        let n = tensor(
            #[inline(always)]
            |k| per_j * e.eta[k],
        );
        // The derivative of the step: with `ddp = 2 mu n : de / h`, `C - 2 mu (n (x) ddp + dp dn)`,
        // `dn = (3/2 deta - n (n : deta)) / J`, `deta = 2 mu dev(de) + b ddp`.
        let share = dp / j;
        let turn = two_mu * share;
        let normal = two_mu * two_mu * (share * (e.nb / hardening + 1.0) - one / hardening);
        let recovery = turn * two_mu / hardening * -1.5;
        let (normal, recovery) = (flowed.select(normal, zero), flowed.select(recovery, zero));
        let row = tensor(
            #[inline(always)]
            |k| recovery.mul_add(e.b[k], normal * n[k]),
        );
        Flowed { dp, n, mu: self.moduli.mu * (one - turn * 1.5), row }
    }

    /// Values of the state at the end of the step, handed to `put` with their place; leaves the stress in `trial.stress`.
    #[inline(always)]
    pub(super) fn end(&self, trial: &mut Trial<S>, step: &Flowed<S>, mut put: impl FnMut(usize, Lanes<S>)) {
        let (dp, one) = (step.dp, step.dp.splat(1.0));
        put(0, trial.p + dp);
        for k in 0..6 {
            put(1 + k, dp.mul_add(step.n[k], trial.evp[k]));
        }
        for i in 0..self.parameters.kinematic.len() {
            let ((_, d), a) = (self.back_stress(i), &trial.alpha[i]);
            let w = one / d.mul_add(dp, one);
            for k in 0..6 {
                put(7 + 6 * i + k, dp.mul_add(step.n[k], a[k]) * w);
            }
        }
        let scale = self.moduli.mu * 2.0 * dp;
        for k in 0..6 {
            trial.stress[k] = scale.neg_mul_add(step.n[k], trial.stress[k]);
        }
    }
}
