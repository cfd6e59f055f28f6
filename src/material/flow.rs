//! Viscous flow rules: the overstress that a rate of the cumulated strain needs, as a function of its logarithm.
//!
//! | rule | rate of p | overstress V of an increment dp over dt |
//! |---|---|---|
//! | plastic | any | 0 |
//! | Norton | `<f / K>^n` | `K (dp / dt)^(1/n)` |
//! | hyperbolic | `eps0 sinh(<f / K>^n)` | `K asinh(dp / (eps0 dt))^(1/n)` |
//!
//! With y = ln dp both overstresses are smooth and tame (n = 30 gives dp down to 1e-24), so that equations are solved
//! in y.

use super::LawError;
use super::coefficient::Coefficient;

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
    pub(crate) fn coefficients(&self) -> impl Iterator<Item = &Coefficient> {
        let all = match self {
            Flow::Plastic => [None, None, None],
            Flow::Norton { k, n } => [Some(k), Some(n), None],
            Flow::Hyperbolic { eps0, k, n } => [Some(k), Some(n), Some(eps0)],
        };
        all.into_iter().flatten()
    }

    /// The rule at a temperature for steps of length `dt`.
    #[inline]
    pub(crate) fn at(&self, temperature: f64, dt: f64) -> FlowAt {
        match self {
            Flow::Plastic => FlowAt { kind: Kind::Plastic, k: 0.0, n: 1.0, inverse_n: 1.0, log_scale: 0.0 },
            Flow::Norton { k, n } => {
                let n = n.at(temperature);
                FlowAt { kind: Kind::Norton, k: k.at(temperature), n, inverse_n: 1.0 / n, log_scale: dt.ln() }
            }
            Flow::Hyperbolic { eps0, k, n } => {
                let n = n.at(temperature);
                let log_scale = (eps0.at(temperature)).ln() + dt.ln();
                FlowAt { kind: Kind::Hyperbolic, k: k.at(temperature), n, inverse_n: 1.0 / n, log_scale }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plastic,
    Norton,
    Hyperbolic,
}

/// A flow rule at one temperature and step length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowAt {
    kind: Kind,
    k: f64,
    n: f64,
    inverse_n: f64,
    /// Logarithm of the increment at unit argument: ln dt or ln(eps0 dt).
    log_scale: f64,
}

impl FlowAt {
    /// Overstress V of the increment exp(y), dV/dy and d2V/dy2.
    #[inline]
    pub(crate) fn overstress(&self, y: f64) -> (f64, f64, f64) {
        let l = y - self.log_scale;
        match self.kind {
            Kind::Plastic => (0.0, 0.0, 0.0),
            Kind::Norton => {
                let v = self.k * (l * self.inverse_n).exp();
                let slope = v * self.inverse_n;
                (v, slope, slope * self.inverse_n)
            }
            Kind::Hyperbolic => {
                // ln a, a = asinh(e^l), and its two derivatives by l; the branches keep e^l in range.
                let (log_a, first, second) = if l < -20.0 {
                    (l, 1.0, 0.0)
                } else if l > 300.0 {
                    let a = l + std::f64::consts::LN_2;
                    (a.ln(), 1.0 / a, -1.0 / (a * a))
                } else {
                    let r = l.exp();
                    let a = r.asinh();
                    let square = 1.0 / (1.0 + r * r);
                    let first = r * square.sqrt() / a;
                    (a.ln(), first, first * (square - first))
                };
                let v = self.k * (log_a * self.inverse_n).exp();
                let slope = v * self.inverse_n * first;
                (v, slope, slope * self.inverse_n * first + v * self.inverse_n * second)
            }
        }
    }

    /// Logarithm of the increment whose overstress is `f` > 0.
    #[inline]
    pub(crate) fn log_increment(&self, f: f64) -> f64 {
        let log_z = self.n * (f / self.k).ln();
        match self.kind {
            Kind::Plastic => f64::INFINITY,
            Kind::Norton => self.log_scale + log_z,
            Kind::Hyperbolic => {
                // ln sinh(z)
                let log_sinh = if log_z < -20.0 {
                    log_z
                } else {
                    let z = log_z.exp();
                    z + (-(-2.0 * z).exp_m1()).ln() - std::f64::consts::LN_2
                };
                self.log_scale + log_sinh
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overstress_inverts_the_flow_rule() {
        let norton = Flow::Norton { k: 300.0.into(), n: 30.0.into() };
        let hyperbolic = Flow::Hyperbolic { eps0: 0.1.into(), k: 100.0.into(), n: 4.0.into() };
        for flow in [norton, hyperbolic] {
            let at = flow.at(0.0, 0.2);
            for f in [1e-3, 1.0, 80.0, 150.0, 400.0] {
                let (v, ..) = at.overstress(at.log_increment(f));
                assert!((v / f - 1.0).abs() < 1e-13, "{flow:?} {f} {v}");
            }
        }
        let rate = 0.1 * (0.5f64.powi(4)).sinh();
        let at = Flow::Hyperbolic { eps0: 0.1.into(), k: 100.0.into(), n: 4.0.into() }.at(0.0, 0.2);
        assert!((at.overstress((0.2 * rate).ln()).0 - 50.0).abs() < 1e-12);
    }

    #[test]
    fn slopes_agree_with_differences() {
        let hyperbolic = Flow::Hyperbolic { eps0: 0.1.into(), k: 100.0.into(), n: 4.0.into() };
        for flow in [Flow::Norton { k: 300.0.into(), n: 7.0.into() }, hyperbolic] {
            let at = flow.at(0.0, 2.0);
            for y in [-60.0, -23.0, -10.0, 0.0, 3.0, 320.0] {
                let h = 1e-5;
                let slope = (at.overstress(y + h).0 - at.overstress(y - h).0) / (2.0 * h);
                assert!((at.overstress(y).1 - slope).abs() < 1e-7 * slope.abs() + 1e-12, "{flow:?} {y}");
                let curvature = (at.overstress(y + h).1 - at.overstress(y - h).1) / (2.0 * h);
                assert!((at.overstress(y).2 - curvature).abs() < 1e-7 * slope.abs() + 1e-12, "{flow:?} {y}");
            }
        }
    }
}
