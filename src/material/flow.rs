//! Viscous flow rules: the overstress that a rate of the cumulated strain needs, as a function of its logarithm.
//!
//! | rule | rate of p | overstress V of an increment dp over dt |
//! |---|---|---|
//! | plastic | any | 0 |
//! | Norton | `<f / K>^n` | `K (dp / dt)^(1/n)` |
//! | hyperbolic | `eps0 sinh(<f / K>^n)` | `K asinh(dp / (eps0 dt))^(1/n)` |
//!
//! In y = ln dp both overstresses are smooth and tame (n = 30 gives dp down to 1e-24).

use pulp::{Scalar, Simd};

use super::LawError;
use super::coefficient::Coefficient;
use super::lanes::Lanes;

/// A flow rule with its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// Rate-independent plasticity: `f <= 0`.
    Plastic,
    /// `dp/dt = <f / K>^n`.
    Norton {
        /// Viscosity: the overstress at unit rate.
        k: Coefficient,
        /// Exponent, positive.
        n: Coefficient,
    },
    /// `dp/dt = eps0 sinh(<f / K>^n)`.
    Hyperbolic {
        /// Reference rate.
        eps0: Coefficient,
        /// Overstress scale.
        k: Coefficient,
        /// Exponent, positive.
        n: Coefficient,
    },
}

impl Flow {
    /// Checks that all coefficients are positive.
    ///
    /// # Errors
    /// [`LawError::Range`].
    pub fn validate(&self) -> Result<(), LawError> {
        for (name, coefficient) in ["K", "n", "eps0"].into_iter().zip(self.coefficients()) {
            coefficient.check_positive(name)?;
        }
        Ok(())
    }

    /// Its coefficients: K, n, eps0, as far as they exist.
    pub(crate) fn coefficients(&self) -> impl Iterator<Item = &Coefficient> + Clone {
        let all = match self {
            Flow::Plastic => [None, None, None],
            Flow::Norton { k, n } => [Some(k), Some(n), None],
            Flow::Hyperbolic { eps0, k, n } => [Some(k), Some(n), Some(eps0)],
        };
        all.into_iter().flatten()
    }

    /// The rule for the values of its coefficients and steps of length `dt`.
    #[inline(always)]
    pub(super) fn at<S: Simd>(&self, values: &[Lanes<S>], simd: S, dt: f64) -> FlowAt<S> {
        let (zero, one, log_dt) = (Lanes::all(simd, 0.0), Lanes::all(simd, 1.0), Lanes::all(simd, dt.ln()));
        let (kind, k, n, log_scale) = match (self, values) {
            (Flow::Norton { .. }, &[k, n]) => (Kind::Norton, k, n, log_dt),
            (Flow::Hyperbolic { .. }, &[k, n, eps0]) => (Kind::Hyperbolic, k, n, eps0.ln() + log_dt),
            _ => (Kind::Plastic, zero, one, zero),
        };
        FlowAt { kind, k, n, inverse_n: one / n, log_scale }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plastic,
    Norton,
    Hyperbolic,
}

/// A flow rule at the temperatures of some points and one step length.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowAt<S: Simd> {
    kind: Kind,
    k: Lanes<S>,
    n: Lanes<S>,
    inverse_n: Lanes<S>,
    /// Logarithm of the increment at unit argument: ln dt or ln(eps0 dt).
    log_scale: Lanes<S>,
}

impl FlowAt<Scalar> {
    /// The rule at one temperature for steps of length `dt`.
    pub(super) fn one(flow: &Flow, temperature: f64, dt: f64) -> FlowAt<Scalar> {
        let mut values = [Lanes::all(Scalar, 0.0); 3];
        let mut count = 0;
        for coefficient in flow.coefficients() {
            values[count] = Lanes::all(Scalar, coefficient.at(temperature));
            count += 1;
        }
        flow.at(&values[..count], Scalar, dt)
    }

    /// Overstress V of the increment x = exp(y), dV/dy and d2V/dy2.
    #[inline]
    pub(super) fn overstress_of(&self, x: f64) -> (f64, f64, f64) {
        let (v, first, second) = self.overstress(Lanes::all(Scalar, x));
        (v.first(), first.first(), second.first())
    }

    /// The increment whose overstress is `f` > 0, no less than `smallest`.
    #[inline]
    pub(super) fn increment_of(&self, f: f64, smallest: f64) -> f64 {
        self.increment(Lanes::all(Scalar, f), smallest).first()
    }
}

impl<S: Simd> FlowAt<S> {
    /// Overstress V of the increment x = exp(y), dV/dy and d2V/dy2.
    #[inline(always)]
    pub(super) fn overstress(&self, x: Lanes<S>) -> (Lanes<S>, Lanes<S>, Lanes<S>) {
        match self.kind {
            Kind::Plastic => (x.splat(0.0), x.splat(0.0), x.splat(0.0)),
            Kind::Norton => {
                let v = self.k * ((x.ln() - self.log_scale) * self.inverse_n).exp();
                let slope = v * self.inverse_n;
                (v, slope, slope * self.inverse_n)
            }
            Kind::Hyperbolic => {
                // ln a, a = asinh(e^l), and its two derivatives by l; e^l and the square of it are kept in range
                let l = x.ln() - self.log_scale;
                let (small, large) = (l.below(x.splat(-20.0)), x.splat(300.0).below(l));
                let r = l.max(x.splat(-20.0)).min(x.splat(300.0)).exp();
                let root = r.mul_add(r, x.splat(1.0)).sqrt();
                // asinh r = ln(r + root), without cancellation at small r
                let a = large.select(l + std::f64::consts::LN_2, (r + r * r / (root + 1.0)).ln_1p());
                let log_a = small.select(l, a.ln());
                let first = small.select(x.splat(1.0), r / (root * a));
                let second = small.select(x.splat(0.0), first * (x.splat(1.0) / (root * root) - first));
                let v = self.k * (log_a * self.inverse_n).exp();
                let slope = v * self.inverse_n * first;
                (v, slope, (slope * first).mul_add(self.inverse_n, v * self.inverse_n * second))
            }
        }
    }

    /// The increment whose overstress is `f` > 0, no less than `smallest`.
    #[inline(always)]
    pub(super) fn increment(&self, f: Lanes<S>, smallest: f64) -> Lanes<S> {
        let log_z = match self.kind {
            Kind::Plastic => return f.splat(f64::INFINITY),
            Kind::Norton | Kind::Hyperbolic => self.n * (f.max(f.splat(f64::MIN_POSITIVE)) / self.k).ln(),
        };
        let log_increment = match self.kind {
            Kind::Hyperbolic => {
                // ln sinh(z)
                let z = log_z.exp();
                let log_sinh = z + (-(z * -2.0).exp_m1()).ln() - std::f64::consts::LN_2;
                log_z.below(f.splat(-20.0)).select(log_z, log_sinh)
            }
            _ => log_z,
        };
        (self.log_scale + log_increment).exp().max(f.splat(smallest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: f64 = 1e-304;

    fn norton(k: f64, n: f64) -> Flow {
        Flow::Norton { k: k.into(), n: n.into() }
    }

    fn hyperbolic(eps0: f64, k: f64, n: f64) -> Flow {
        Flow::Hyperbolic { eps0: eps0.into(), k: k.into(), n: n.into() }
    }

    #[test]
    fn overstress_inverts_the_flow_rule() {
        for flow in [norton(300.0, 30.0), hyperbolic(0.1, 100.0, 4.0)] {
            let at = FlowAt::one(&flow, 0.0, 0.2);
            for f in [1e-3, 1.0, 80.0, 150.0, 400.0] {
                let v = at.overstress_of(at.increment_of(f, SMALLEST)).0;
                assert!((v / f - 1.0).abs() < 1e-13, "{flow:?} {f} {v}");
            }
        }
        let rate = 0.1 * (0.5f64.powi(4)).sinh();
        let at = FlowAt::one(&hyperbolic(0.1, 100.0, 4.0), 0.0, 0.2);
        assert!((at.overstress_of(0.2 * rate).0 - 50.0).abs() < 1e-12);
    }

    #[test]
    fn slopes_agree_with_differences() {
        for flow in [norton(300.0, 7.0), hyperbolic(0.1, 100.0, 4.0)] {
            let at = FlowAt::one(&flow, 0.0, 2.0);
            for y in [-60.0f64, -23.0, -10.0, 0.0, 3.0, 320.0] {
                let h = 1e-5;
                let (below, above) = (at.overstress_of((y - h).exp()), at.overstress_of((y + h).exp()));
                let (_, first, second) = at.overstress_of(y.exp());
                let slope = (above.0 - below.0) / (2.0 * h);
                assert!((first - slope).abs() < 1e-7 * slope.abs() + 1e-12, "{flow:?} {y}");
                let curvature = (above.1 - below.1) / (2.0 * h);
                assert!((second - curvature).abs() < 1e-7 * slope.abs() + 1e-12, "{flow:?} {y}");
            }
        }
    }
}
