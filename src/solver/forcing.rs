//! How exactly the linear system of a Newton iteration is solved.

/// Loosest relative residual of a correction: Krylov iterations with factors cost less beside an iteration of Newton than
/// those with multigrid.
const LOOSEST_DIRECT: f64 = 1e-3;
const LOOSEST_ITERATIVE: f64 = 1e-2;

/// Relative residual to which a correction is solved: small enough that Newton's iterations converge quadratically, and
/// not far below what ends them. Eisenstat and Walker, "Choosing the forcing terms in an inexact Newton method" (SIAM J.
/// Sci. Comput. 17, 1996), choice 2 with exponent 2.
pub(super) fn forcing(norm: f64, last: f64, enough: f64, direct: bool) -> f64 {
    /// Share of the square of the last reduction.
    const SHARE: f64 = 0.1;
    /// Share of the tolerance that the last solve leaves.
    const MARGIN: f64 = 1e-2;
    let loosest = if direct { LOOSEST_DIRECT } else { LOOSEST_ITERATIVE };
    let quadratic = if last.is_finite() { SHARE * (norm / last).powi(2) } else { loosest };
    quadratic.max(MARGIN * enough / norm).clamp(f64::EPSILON, loosest)
}
