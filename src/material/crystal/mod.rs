//! Crystal viscoplasticity at small strain: slip on octahedral {111}<110> and cubic {100}<110> systems
//! (method.md, section 4).
//!
//! ```text
//! sigma    = C : (e - evp)                     devp = sum_s dgamma_s m_s,  m_s = sym(l_s (x) n_s), unit vectors
//! tau_s    = sigma : m_s                       dgamma_s = dv_s sign(tau_s - X_s)
//! f_s      = |tau_s - X_s| - R_s               dv_s/dt = <f_s / K>^n   or   eps0 sinh(<f_s / K>^n)
//! X_s      = C a_s                             da_s/dt = dgamma_s/dt - D a_s dv_s/dt - sign(X_s) (|X_s| / M)^m
//! R_s      = R0 + Q sum_r h_sr (1 - exp(-b v_r))
//! ```
//!
//! The step is cut into equal sub-steps over which strain and temperature are linear; each is backward Euler with the
//! coefficients at its end, and is halved where its local Newton iteration fails. The unknowns are the slip increments
//! of the active systems, not the stress: the overstress that an increment needs is tame where the slip that a stress
//! causes is a power of order 100. The tangent is the exact derivative through all sub-steps.

mod coefficients;
mod dense;
mod interior;
mod law;
mod parameters;
mod point;
mod slip;
mod substep;
#[cfg(test)]
mod tests;

pub use law::Crystal;
pub(super) use parameters::DEFAULT_SUBSTEPS;
pub use parameters::{CrystalSpec, FamilySpec};
