//! The scalar equation of an implicit step at several points: `g(x) = 0` for the increment x > 0 of the cumulated strain.
//!
//! g decreases from a positive value at x = 0 to a negative one at the given upper end; it is convex in x and concave
//! in ln x where overstress grows slower than x and recovery is moderate. So a Newton step in x does not overshoot
//! from the left, one in ln x does not from the right, and each is taken on its side. A bracket guards against what
//! this misses: whatever g is, the loop ends.

use pulp::Simd;

use super::lanes::{Lanes, Mask};

/// g and its derivatives at a trial increment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Equation<S: Simd> {
    /// Value of g, a stress.
    pub(super) g: Lanes<S>,
    /// dg/dx.
    pub(super) slope: Lanes<S>,
    /// `x^2 d2g/dx2` where it is known exactly: Halley's step instead of Newton's.
    pub(super) curvature: Option<Lanes<S>>,
    /// Sum of the magnitudes of the terms of g: tells rounding from residual.
    pub(super) scale: Lanes<S>,
}

/// Increments below this are zero: exp(-700).
pub(super) const SMALLEST: f64 = 9.85967654375977e-305;

const MAX_NEWTON: usize = 50;
const MAX_BISECTION: usize = 200;

/// Roots of g in ([`SMALLEST`], upper), to about 1e-15 of the root or of the terms of g, in the lanes of `wanted`; zero where
/// g <= 0 already at [`SMALLEST`], that is, no increment.
///
/// `start` is a guess; `equation(x)` evaluates g. Its last evaluation in a lane is not always at the root itself, but at
/// most a few millionths of it away.
#[inline(always)]
pub(super) fn solve<S: Simd>(
    wanted: Mask<S>,
    upper: Lanes<S>,
    start: Lanes<S>,
    mut equation: impl FnMut(Lanes<S>) -> Equation<S>,
) -> Lanes<S> {
    let (zero, one, smallest) = (upper.splat(0.0), upper.splat(1.0), upper.splat(SMALLEST));
    let (mut low, mut high) = (zero, upper);
    let mut x = start.min(high).max(smallest);
    let (mut root, mut open) = (zero, wanted);
    for iteration in 0..MAX_NEWTON + MAX_BISECTION {
        let Equation { g, slope, curvature, scale } = equation(x);
        let left = zero.below(g);
        (low, high) = (left.select(x, low), left.select(high, x));
        // In x, or in y = ln x: dg/dy = x g', d2g/dy2 = x^2 g'' + x g'.
        let slope_y = slope * x;
        let newton = -g / slope_y;
        let (mut relative, mut near) = (newton, one * 3e-9);
        if let Some(curvature) = curvature {
            let second = curvature + left.select(zero, slope_y);
            let divisor = (newton * 0.5).mul_add(second / slope_y, one);
            let halley = (one * 0.5).at_most(divisor) & divisor.below(one * 2.0);
            relative = halley.select(newton / divisor, newton);
            near = halley.select(one * 2e-6, near);
        }
        // exp(-t) from above by 1 / (1 + t + t^2 / 2): as exact as the step
        let fall = (relative * 0.5).mul_add(relative, one - relative);
        let next = left.select(relative.mul_add(x, x), x / fall).max(smallest);
        // The error after a step is about the square of its relative size; the cube of it after Halley's.
        let exact = g.abs().at_most(scale * 4e-16);
        let none = !left & x.at_most(smallest);
        let done = open & (exact | none | relative.abs().at_most(near));
        root = done.select(none.select(zero, exact.select(x, next)), root);
        open = open & !done;
        if !open.any() {
            break;
        }
        let mut newton = low.below(next) & next.below(high) & slope.below(zero);
        if iteration >= MAX_NEWTON {
            newton = newton & !open;
        }
        let middle = zero.below(low).select(low.sqrt() * high.sqrt(), smallest);
        let stuck = open & !newton & !(low.below(middle) & middle.below(high));
        root = stuck.select(x, root);
        open = open & !stuck;
        // lanes that are done stay at their last evaluation
        x = open.select(newton.select(next, middle), x);
    }
    open.select(x, root)
}
