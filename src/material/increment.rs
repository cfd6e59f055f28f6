//! The scalar equation of an implicit step: `g(x) = 0` for the increment x > 0 of the cumulated strain.
//!
//! g decreases from a positive value at x = 0 to a negative one at the given upper end; it is convex in x and concave
//! in ln x where overstress grows slower than x and recovery is moderate. So a Newton step in x does not overshoot
//! from the left, one in ln x does not from the right, and each is taken on its side. A bracket guards against what
//! this misses: whatever g is, the loop ends.

/// g and its derivatives at a trial increment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equation {
    /// Value of g, a stress.
    pub(crate) g: f64,
    /// dg/dx.
    pub(crate) slope: f64,
    /// `x^2 d2g/dx2` where it is known exactly: Halley's step instead of Newton's.
    pub(crate) curvature: Option<f64>,
    /// Sum of the magnitudes of the terms of g: tells rounding from residual.
    pub(crate) scale: f64,
}

/// Increments below this are zero: exp(-700).
pub(crate) const LOG_SMALLEST: f64 = -700.0;

const MAX_NEWTON: usize = 50;
const MAX_BISECTION: usize = 200;

/// Root of g in (exp(-700), upper), to about 1e-15 of the root or of the terms of g, as `(x, ln x)`; `None` where
/// g <= 0 already at exp(-700), that is, no increment.
///
/// `start` is a guess of ln x; `equation(x, ln x)` evaluates g. It has not always been evaluated at the root itself, but at
/// most a few millionths of it away.
#[inline]
pub(crate) fn solve(
    upper: f64,
    start: f64,
    mut equation: impl FnMut(f64, f64) -> Equation,
) -> Option<(f64, f64)> {
    let (mut low, mut high) = (LOG_SMALLEST, upper.ln());
    let mut y = if start < high { start } else { high };
    if y <= low {
        if equation(low.exp(), low).g <= 0.0 {
            return None;
        }
        y = low;
    }
    let mut x = y.exp();
    for iteration in 0..MAX_NEWTON + MAX_BISECTION {
        let Equation { g, slope, curvature, scale } = equation(x, y);
        if g.abs() <= 4e-16 * scale {
            return Some((x, y));
        }
        if g > 0.0 {
            low = y;
        } else {
            high = y;
        }
        // In x, or in y: dg/dy = x g', d2g/dy2 = x^2 g'' + x g'.
        let slope_y = slope * x;
        let second = curvature.map(|c| if g > 0.0 { c } else { c + slope_y });
        let halley = second.map(|second| 1.0 - 0.5 * g * second / (slope_y * slope_y));
        let divisor = halley.filter(|d| (0.5..2.0).contains(d));
        let relative = -g / (slope_y * divisor.unwrap_or(1.0));
        let (next_x, next_y) = if g > 0.0 {
            let next = x * (1.0 + relative);
            (next, if relative < 1e-3 { y + relative.ln_1p() } else { next.ln() })
        } else {
            let next = y + relative;
            (next.exp(), next)
        };
        // The error after a step is about the square of its relative size; the cube of it after Halley's.
        if relative.abs() <= if divisor.is_some() { 2e-6 } else { 3e-9 } {
            return Some((next_x, next_y));
        }
        let inside = next_y > low && next_y < high;
        if inside && slope < 0.0 && iteration < MAX_NEWTON {
            (x, y) = (next_x, next_y);
        } else {
            if low == LOG_SMALLEST && equation(low.exp(), low).g <= 0.0 {
                return None;
            }
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return Some((x, y));
            }
            (x, y) = (middle.exp(), middle);
        }
    }
    Some((x, y))
}
