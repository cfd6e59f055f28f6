//! All coefficients at one temperature and sub-step length, and what follows from them for a single system.

use pulp::Scalar;

use super::parameters::{Family, MAX_SYSTEMS, Parameters};
use crate::material::flow::FlowAt;
use crate::material::tensor::{Sym, apply};

/// Logarithm of the increments below which they are zero: nothing that a double of strain could show.
pub(super) const LOG_SMALLEST: f64 = -55.0;

/// Coefficients of a family at one temperature and sub-step length.
#[derive(Debug, Clone, Copy)]
pub(super) struct FamilyAt {
    pub(super) flow: FlowAt<Scalar>,
    /// Overstress of the smallest increment.
    pub(super) threshold: f64,
    r0: f64,
    q: f64,
    b: f64,
    pub(super) c: f64,
    d: f64,
    /// 1 / M, zero without static recovery.
    inverse_m: f64,
    m: f64,
    dt: f64,
}

/// All coefficients at one temperature and sub-step length.
pub(super) struct At<'a> {
    pub(super) parameters: &'a Parameters,
    pub(super) stiffness: [f64; 36],
    families: [Option<FamilyAt>; 2],
}

/// A back-stress variable after an increment, and its derivatives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Back {
    pub(super) a: f64,
    /// da / ddv.
    pub(super) by_slip: f64,
    /// da / da_n.
    pub(super) by_old: f64,
}

impl FamilyAt {
    fn new(family: &Family, t: f64, dt: f64) -> FamilyAt {
        let flow = FlowAt::one(&family.flow, t, dt);
        FamilyAt {
            flow,
            threshold: flow.overstress_of(LOG_SMALLEST.exp()).0,
            r0: family.r0.at(t),
            q: family.q.at(t),
            b: family.b.at(t),
            c: family.c.at(t),
            d: family.d.at(t),
            inverse_m: family.recovery.as_ref().map_or(0.0, |m| 1.0 / m.at(t)),
            m: family.m.at(t),
            dt,
        }
    }

    /// `a (1 + D dv) + dt sign(a) (C |a| / M)^m = a_n + sign dv`, solved for a.
    pub(super) fn back(&self, old: f64, sign: f64, dv: f64) -> Back {
        let right = old + sign * dv;
        let linear = 1.0 + self.d * dv;
        let scale = self.c * self.inverse_m;
        let (mut size, mut slope) = (right.abs() / linear, linear);
        if scale > 0.0 && size > 0.0 {
            // Convex and increasing: Newton comes down from the upper bound without overshoot.
            for _ in 0..50 {
                let power = if self.m == 1.0 { 1.0 } else { (scale * size).powf(self.m - 1.0) };
                slope = linear + self.dt * self.m * scale * power;
                let step = (size * (linear + self.dt * scale * power) - right.abs()) / slope;
                size -= step;
                // The error is about the square of the step.
                if step.abs() <= 1e-8 * size {
                    break;
                }
            }
        }
        let a = size.copysign(right);
        Back { a, by_slip: (sign - self.d * a) / slope, by_old: 1.0 / slope }
    }
}

impl<'a> At<'a> {
    pub(super) fn new(parameters: &'a Parameters, t: f64, dt: f64) -> At<'a> {
        let mut stiffness = [0.0; 36];
        parameters.elasticity.at(t, &mut stiffness);
        let mut families = [None; 2];
        for (slot, family) in families.iter_mut().zip(&parameters.families) {
            *slot = Some(FamilyAt::new(family, t, dt));
        }
        At { parameters, stiffness, families }
    }

    pub(super) fn systems(&self) -> usize {
        self.parameters.schmid.len()
    }

    pub(super) fn families(&self) -> impl Iterator<Item = (&Family, &FamilyAt)> {
        self.parameters.families.iter().zip(self.families.iter().flatten())
    }

    /// Modulus of the back-stress of each system: X = C a.
    pub(super) fn kinematic(&self) -> [f64; MAX_SYSTEMS] {
        let mut c = [0.0; MAX_SYSTEMS];
        for (family, at) in self.families() {
            c[family.systems.clone()].fill(at.c);
        }
        c
    }

    /// Back-stresses that recover over a sub-step without slip.
    pub(super) fn rest(&self, a: &[f64; MAX_SYSTEMS]) -> [Back; MAX_SYSTEMS] {
        let mut back = [Back::default(); MAX_SYSTEMS];
        for (family, at) in self.families() {
            for s in family.systems.clone() {
                back[s] = at.back(a[s], 1.0, 0.0);
            }
        }
        back
    }

    /// Critical shear stresses.
    pub(super) fn radii(&self, v: &[f64; MAX_SYSTEMS], dv: &[f64; MAX_SYSTEMS]) -> [f64; MAX_SYSTEMS] {
        let mut r = [0.0; MAX_SYSTEMS];
        let h = &self.parameters.interaction;
        for (family, at) in self.families() {
            r[family.systems.clone()].fill(at.r0);
            if at.q == 0.0 {
                continue;
            }
            for j in family.systems.clone() {
                let saturation = -at.q * (-at.b * (v[j] + dv[j])).exp_m1();
                for i in family.systems.clone() {
                    r[i] += h[i][j] * saturation;
                }
            }
        }
        r
    }

    /// `Q b exp(-b v_r)`: dR_s / dv_r is h_sr times this. `None` without hardening.
    pub(super) fn hardening(
        &self,
        v: &[f64; MAX_SYSTEMS],
        dv: &[f64; MAX_SYSTEMS],
    ) -> Option<[f64; MAX_SYSTEMS]> {
        let mut rates = [0.0; MAX_SYSTEMS];
        let mut any = false;
        for (family, at) in self.families().filter(|(_, at)| at.q != 0.0 && at.b != 0.0) {
            any = true;
            for r in family.systems.clone() {
                rates[r] = at.q * at.b * (-at.b * (v[r] + dv[r])).exp();
            }
        }
        any.then_some(rates)
    }

    /// Whether a system flows under no slip.
    pub(super) fn flows(
        &self,
        tau: &[f64; MAX_SYSTEMS],
        back: &[Back; MAX_SYSTEMS],
        v: &[f64; MAX_SYSTEMS],
    ) -> bool {
        let r = self.radii(v, &[0.0; MAX_SYSTEMS]);
        self.families().any(|(family, at)| {
            family.systems.clone().any(|s| (tau[s] - at.c * back[s].a).abs() - r[s] > at.threshold)
        })
    }

    /// `m_s : C : m_r` for all systems.
    pub(super) fn gram(&self) -> [[f64; MAX_SYSTEMS]; MAX_SYSTEMS] {
        let mut gram = [[0.0; MAX_SYSTEMS]; MAX_SYSTEMS];
        let schmid = &self.parameters.schmid;
        for (s, m) in schmid.iter().enumerate() {
            let stress = apply(&self.stiffness, m);
            for r in 0..=s {
                gram[s][r] = dot(&stress, &schmid[r]);
                gram[r][s] = gram[s][r];
            }
        }
        gram
    }
}

#[inline]
pub(super) fn dot(a: &Sym, b: &Sym) -> f64 {
    (0..6).map(|k| a[k] * b[k]).sum()
}
