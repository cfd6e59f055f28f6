//! J2 plasticity and elastoviscoplasticity with any number of Armstrong-Frederick back-stresses, isotropic elasticity
//! (method.md, section 4). The elastic, perfectly plastic, linear-hardening and Chaboche laws are its special cases.
//!
//! ```text
//! s     = 2 mu dev(e - evp)                       sigma = kappa tr(e - evp) 1 + s
//! X     = sum_i 2/3 C_i a_i                       da_i  = devp - D_i a_i dp
//! R     = R0 + sum_k Q_k (1 - exp(-b_k p)) + H p + a curve through points
//! f     = J(s - X) - R,  J(t) = sqrt(3/2 t:t)     devp  = dp n,  n = 3/2 (s - X) / J(s - X)
//! f    <= 0 (plastic)  or  dp/dt = rate(f)        (Norton, hyperbolic: see `flow.rs`)
//! ```
//!
//! One backward-Euler step, coefficients at the end temperature. With `w_i = 1 / (1 + D_i dp)`, s_t the deviatoric stress
//! of no flow and `eta(dp) = s_t - sum_i 2/3 C_i w_i a_i`, s - X is parallel to eta and the step is one equation:
//!
//! ```text
//! g(dp) = J(eta) - dp (3 mu + sum_i C_i w_i) - R(p + lag dp) - V(dp) = 0
//! ```
//!
//! `lag` = 1 is backward Euler; Z-set's time-independent plasticity is reproduced by 0.999.

mod batch;
mod law;
mod parameters;
mod point;
#[cfg(test)]
mod tests;

pub use law::Chaboche;
pub(super) use parameters::flow_rule;
pub use parameters::{ChabocheSpec, FlowKind, HardeningCurve, IsotropicTerm, KinematicTerm};
