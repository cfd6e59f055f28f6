//! One backward-Euler sub-step: the slip increments of all systems.
//!
//! For an active system (dv > 0), with the sign of its effective shear stress:
//!
//! ```text
//! g_s = sign_s (tau_s - X_s(dv_s)) - R_s(v + dv) - V(dv_s) = 0,   tau_s = m_s : C : (e - evp_n - sum_r sign_r dv_r m_r)
//! ```
//!
//! Newton in dv with relative steps; where an increment must shrink the step is one of its logarithm, so that it stays
//! positive. For one system both are monotone (see `increment.rs`); for several a line search on sum g^2 guards. Where it
//! shortens steps, as when more systems than stress components compete at little viscosity, an interior-point
//! iteration finds the active systems and Newton goes on from there.

use super::coefficients::{At, Back, LOG_SMALLEST};
use super::dense::eliminate;
use super::parameters::MAX_SYSTEMS;

pub(super) const MAX_ITERATIONS: usize = 60;
const MAX_HALVINGS: usize = 10;
const MAX_RESCUES: usize = 2;

/// What a sub-step starts from, and its result.
#[derive(Debug, Clone)]
pub(super) struct Slips {
    /// Increments of |slip|.
    pub(super) dv: [f64; MAX_SYSTEMS],
    /// Directions, -1 or 1.
    pub(super) sign: [f64; MAX_SYSTEMS],
    pub(super) back: [Back; MAX_SYSTEMS],
    /// Residuals g.
    pub(super) g: [f64; MAX_SYSTEMS],
    /// V and dV/dy, y = ln dv.
    pub(super) v: [(f64, f64); MAX_SYSTEMS],
    /// Systems with dv > 0.
    pub(super) active: [usize; MAX_SYSTEMS],
    pub(super) count: usize,
}

/// What does not change during the iteration of a sub-step.
pub(super) struct Problem<'a> {
    pub(super) at: &'a At<'a>,
    /// Resolved shear stress of no slip.
    pub(super) tau: [f64; MAX_SYSTEMS],
    /// Values at the start of the sub-step.
    pub(super) a: [f64; MAX_SYSTEMS],
    pub(super) v: [f64; MAX_SYSTEMS],
    /// Back-stress variables of no slip.
    pub(super) rest: [Back; MAX_SYSTEMS],
    /// `m_s : C : m_r`.
    pub(super) gram: [[f64; MAX_SYSTEMS]; MAX_SYSTEMS],
}

impl Problem<'_> {
    /// The slip increments; `None` where the iteration fails.
    pub(super) fn solve(&self) -> Option<Slips> {
        let mut now = Slips {
            dv: [0.0; MAX_SYSTEMS],
            sign: [1.0; MAX_SYSTEMS],
            back: self.rest,
            g: [0.0; MAX_SYSTEMS],
            v: [(0.0, 0.0); MAX_SYSTEMS],
            active: [0; MAX_SYSTEMS],
            count: 0,
        };
        let mut merit = self.evaluate(&mut now);
        let mut rescues = 0;
        for _ in 0..MAX_ITERATIONS {
            if self.activate(&mut now) {
                merit = self.evaluate(&mut now);
            }
            if now.count == 0 {
                return Some(now);
            }
            let step = self.newton(&now)?;
            let size = step[..now.count].iter().fold(0.0f64, |m, z| m.max(z[0].abs()));
            if !size.is_finite() {
                return None;
            }
            let mut fraction = 1.0;
            let mut next = self.moved(&now, &step, fraction);
            let mut next_merit = self.evaluate(&mut next);
            // The error after a step is about the square of its relative size.
            if size <= 1e-8 {
                return Some(next);
            }
            let mut halvings = 0;
            while next_merit > (1.0 - 1e-4 * fraction) * merit && halvings < MAX_HALVINGS {
                halvings += 1;
                fraction *= 0.5;
                next = self.moved(&now, &step, fraction);
                next_merit = self.evaluate(&mut next);
            }
            // Short steps: only rounding is left, or the wrong systems are active, or it is stuck.
            if halvings > 2 && self.converged(&now) {
                return Some(now);
            }
            if halvings > 2 && rescues < MAX_RESCUES {
                rescues += 1;
                self.interior(&mut now)?;
                merit = self.evaluate(&mut now);
            } else if halvings == MAX_HALVINGS {
                return None;
            } else {
                (now, merit) = (next, next_merit);
            }
        }
        None
    }

    /// The Newton step, relative to the increments.
    fn newton(&self, now: &Slips) -> Option<[[f64; 1]; MAX_SYSTEMS]> {
        let mut matrix = self.matrix(now);
        let mut step = [[0.0; 1]; MAX_SYSTEMS];
        for (i, &s) in now.active[..now.count].iter().enumerate() {
            step[i][0] = now.g[s];
        }
        eliminate(now.count, &mut matrix, &mut step)?;
        Some(step)
    }

    fn converged(&self, now: &Slips) -> bool {
        let r = self.at.radii(&self.v, &now.dv);
        now.active[..now.count]
            .iter()
            .all(|&s| now.g[s].abs() <= 1e-12 * (self.tau[s].abs() + r[s] + now.v[s].0))
    }

    /// The increments after a fraction of a step relative to them; those that vanish become inactive.
    fn moved(&self, now: &Slips, step: &[[f64; 1]; MAX_SYSTEMS], fraction: f64) -> Slips {
        let mut next = now.clone();
        next.count = 0;
        for (i, &s) in now.active[..now.count].iter().enumerate() {
            let z = fraction * step[i][0];
            let dv = now.dv[s] * if z > 0.0 { 1.0 + z } else { z.exp() };
            if dv > LOG_SMALLEST.exp() {
                next.dv[s] = dv;
                next.active[next.count] = s;
                next.count += 1;
            } else {
                next.dv[s] = 0.0;
            }
        }
        next
    }

    /// Resolved shear stresses under the increments.
    pub(super) fn shear(&self, now: &Slips) -> [f64; MAX_SYSTEMS] {
        let mut tau = self.tau;
        for &r in &now.active[..now.count] {
            let slip = now.sign[r] * now.dv[r];
            for s in 0..self.at.systems() {
                tau[s] -= self.gram[s][r] * slip;
            }
        }
        tau
    }

    /// Residuals of active systems; of inactive ones, what they exceed their threshold by. Returns the sum of squares.
    pub(super) fn evaluate(&self, now: &mut Slips) -> f64 {
        let tau = self.shear(now);
        let r = self.at.radii(&self.v, &now.dv);
        let mut merit = 0.0;
        for (family, at) in self.at.families() {
            for s in family.systems.clone() {
                let dv = now.dv[s];
                now.back[s] = if dv > 0.0 { at.back(self.a[s], now.sign[s], dv) } else { self.rest[s] };
                let x = at.c * now.back[s].a;
                now.g[s] = if dv > 0.0 {
                    let (v, slope, _) = at.flow.overstress_of(dv);
                    now.v[s] = (v, slope);
                    now.sign[s] * (tau[s] - x) - r[s] - now.v[s].0
                } else {
                    ((tau[s] - x).abs() - r[s] - at.threshold).max(0.0)
                };
                // What an increment on its way to zero is too large by counts no more than the stress it takes.
                let residual = if now.g[s] < 0.0 { now.g[s].max(-dv * self.gram[s][s]) } else { now.g[s] };
                merit += residual * residual;
            }
        }
        merit
    }

    /// Gives every inactive system that exceeds its threshold a first increment. Whether there was one.
    fn activate(&self, now: &mut Slips) -> bool {
        let tau = self.shear(now);
        let mut new = [false; MAX_SYSTEMS];
        for s in 0..self.at.systems() {
            new[s] = now.dv[s] == 0.0 && now.g[s] > 0.0;
        }
        for (family, at) in self.at.families() {
            for s in family.systems.clone().filter(|&s| new[s]) {
                now.sign[s] = (tau[s] - at.c * now.back[s].a).signum();
                let f = now.g[s] + at.threshold;
                // All new systems share what the stress exceeds.
                let stiffness: f64 =
                    (0..self.at.systems()).filter(|&r| new[r]).map(|r| self.gram[s][r].abs()).sum();
                // a little above the smallest
                let smallest = (LOG_SMALLEST + 0.1).exp();
                let guess = (f / (stiffness + at.c)).min(at.flow.increment_of(f, smallest));
                now.dv[s] = guess.max(smallest);
                now.active[now.count] = s;
                now.count += 1;
            }
        }
        // Ascending order, for sums that do not depend on history.
        now.active[..now.count].sort_unstable();
        new.contains(&true)
    }

    /// Minus the derivative of g by the logarithms of the increments, active systems only.
    pub(super) fn matrix(&self, now: &Slips) -> [[f64; MAX_SYSTEMS]; MAX_SYSTEMS] {
        let mut matrix = [[0.0; MAX_SYSTEMS]; MAX_SYSTEMS];
        let kinematic = self.at.kinematic();
        let active = &now.active[..now.count];
        let rates = self.at.hardening(&self.v, &now.dv);
        let h = &self.at.parameters.interaction;
        for (i, &s) in active.iter().enumerate() {
            for (j, &r) in active.iter().enumerate() {
                let hardening = rates.map_or(0.0, |rates| h[s][r] * rates[r]);
                matrix[i][j] = (now.sign[s] * self.gram[s][r] * now.sign[r] + hardening) * now.dv[r];
            }
            matrix[i][i] += now.sign[s] * kinematic[s] * now.back[s].by_slip * now.dv[s] + now.v[s].1;
        }
        matrix
    }
}
