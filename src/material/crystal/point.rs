//! The sub-steps of one integration point and the derivative through them.

use super::coefficients::{At, dot};
use super::dense::eliminate;
use super::parameters::{MAX_SYSTEMS, Parameters};
use super::substep::Problem;
use crate::material::tensor::{Sym, apply};

/// Halvings of a sub-step before the step fails: 2^6.
const FINEST: u64 = 64;

/// What a point knows along its sub-steps.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) p: f64,
    /// Inelastic strain, engineering shears.
    pub(super) evp: Sym,
    pub(super) gamma: [f64; MAX_SYSTEMS],
    pub(super) v: [f64; MAX_SYSTEMS],
    pub(super) a: [f64; MAX_SYSTEMS],
}

/// Derivatives of [`Local`] by the strain at the end of the step.
struct Sensitivity {
    evp: [Sym; 6],
    v: [Sym; MAX_SYSTEMS],
    a: [Sym; MAX_SYSTEMS],
}

/// A step of one point.
pub(super) struct PointStep<'a> {
    pub(super) parameters: &'a Parameters,
    /// Coefficients where they do not depend on temperature, for sub-steps of full length.
    pub(super) constant: Option<&'a At<'a>>,
    pub(super) dt: f64,
    /// Strain and temperature at the start; with neither there is one sub-step.
    pub(super) start: Option<(Sym, f64)>,
    pub(super) strain: Sym,
    pub(super) temperature: f64,
}

impl PointStep<'_> {
    /// Leads `local` to the end of the step. Stress, and the tangent where wanted; `None` where a sub-step fails however
    /// short.
    pub(super) fn run(&self, local: &mut Local, tangent: Option<&mut [f64; 36]>) -> Option<Sym> {
        let (strain0, temperature0, substeps) = match self.start {
            Some((strain, t)) => (strain, t, u64::from(self.parameters.substeps)),
            None => (self.strain, self.temperature, 1),
        };
        let mut sensitivity =
            Sensitivity { evp: [[0.0; 6]; 6], v: [[0.0; 6]; MAX_SYSTEMS], a: [[0.0; 6]; MAX_SYSTEMS] };
        let end = substeps * FINEST;
        // Without the strain at the start a shorter sub-step means nothing.
        let shortest = if self.start.is_some() { 1 } else { FINEST };
        let (mut position, mut length) = (0, FINEST);
        while position < end {
            let next = position + length;
            // Counts this small are exact.
            let fraction = next as f64 / end as f64;
            let dt = self.dt * (length as f64 / end as f64);
            let strain: Sym =
                std::array::from_fn(|k| strain0[k] * (1.0 - fraction) + self.strain[k] * fraction);
            let temperature = temperature0 * (1.0 - fraction) + self.temperature * fraction;
            let own;
            let at = match self.constant {
                Some(at) if length == FINEST => at,
                _ => {
                    own = At::new(self.parameters, temperature, dt);
                    &own
                }
            };
            let by_strain = tangent.is_some().then_some((&mut sensitivity, fraction));
            if substep(at, &strain, local, by_strain) {
                position = next;
                while length < FINEST && position % (2 * length) == 0 {
                    length *= 2;
                }
            } else {
                length /= 2;
                if length < shortest {
                    return None;
                }
            }
        }
        let mut stiffness = [0.0; 36];
        self.parameters.elasticity.at(self.temperature, &mut stiffness);
        let elastic = std::array::from_fn(|k| self.strain[k] - local.evp[k]);
        if let Some(tangent) = tangent {
            for i in 0..6 {
                for j in 0..6 {
                    let slip: f64 = (0..6).map(|k| stiffness[6 * i + k] * sensitivity.evp[k][j]).sum();
                    tangent[6 * i + j] = stiffness[6 * i + j] - slip;
                }
            }
        }
        Some(apply(&stiffness, &elastic))
    }
}

/// One sub-step to `strain`, with derivatives where wanted (the strain's is the fraction times that of the end strain).
/// `false`, and nothing changed, where it fails.
fn substep(at: &At, strain: &Sym, local: &mut Local, by_strain: Option<(&mut Sensitivity, f64)>) -> bool {
    let schmid = &at.parameters.schmid;
    let elastic = std::array::from_fn(|k| strain[k] - local.evp[k]);
    let stress = apply(&at.stiffness, &elastic);
    let mut tau = [0.0; MAX_SYSTEMS];
    for (tau, m) in tau.iter_mut().zip(schmid) {
        *tau = dot(&stress, m);
    }
    if !tau.iter().sum::<f64>().is_finite() {
        return false;
    }
    let rest = at.rest(&local.a);
    if !at.flows(&tau, &rest, &local.v) {
        for s in 0..at.systems() {
            local.a[s] = rest[s].a;
        }
        if let Some((sensitivity, _)) = by_strain {
            for s in 0..at.systems() {
                sensitivity.a[s].iter_mut().for_each(|x| *x *= rest[s].by_old);
            }
        }
        return true;
    }
    let problem = Problem { at, tau, a: local.a, v: local.v, gram: at.gram() };
    let Some(slips) = problem.solve() else { return false };
    let active = &slips.active[..slips.count];
    if let Some((sensitivity, fraction)) = by_strain {
        let mut right = [[0.0; 6]; MAX_SYSTEMS];
        let kinematic = at.kinematic();
        let rates = at.hardening(&local.v, &slips.dv);
        let h = &at.parameters.interaction;
        for (i, &s) in active.iter().enumerate() {
            let m = apply(&at.stiffness, &schmid[s]);
            for j in 0..6 {
                let evp: f64 = (0..6).map(|k| m[k] * sensitivity.evp[k][j]).sum();
                let x = kinematic[s] * slips.back[s].by_old * sensitivity.a[s][j];
                right[i][j] = slips.sign[s] * (fraction * m[j] - evp - x);
                if let Some(rates) = &rates {
                    let coupled = (0..at.systems()).map(|r| h[s][r] * rates[r] * sensitivity.v[r][j]);
                    right[i][j] -= coupled.sum::<f64>();
                }
            }
        }
        let mut matrix = problem.matrix(&slips);
        if eliminate(slips.count, &mut matrix, &mut right).is_none() {
            return false;
        }
        for s in 0..at.systems() {
            sensitivity.a[s].iter_mut().for_each(|x| *x *= slips.back[s].by_old);
        }
        for (i, &s) in active.iter().enumerate() {
            for j in 0..6 {
                let slip = slips.dv[s] * right[i][j];
                sensitivity.v[s][j] += slip;
                sensitivity.a[s][j] += slips.back[s].by_slip * slip;
                for k in 0..6 {
                    sensitivity.evp[k][j] += slips.sign[s] * schmid[s][k] * slip;
                }
            }
        }
    }
    let mut increment: Sym = [0.0; 6];
    for &s in active {
        let slip = slips.sign[s] * slips.dv[s];
        local.gamma[s] += slip;
        local.v[s] += slips.dv[s];
        for k in 0..6 {
            increment[k] += slip * schmid[s][k];
        }
    }
    for s in 0..at.systems() {
        local.a[s] = slips.back[s].a;
    }
    for k in 0..6 {
        local.evp[k] += increment[k];
    }
    let squares: f64 = (0..6).map(|k| if k < 3 { 1.0 } else { 0.5 } * increment[k] * increment[k]).sum();
    local.p += (2.0 / 3.0 * squares).sqrt();
    true
}
