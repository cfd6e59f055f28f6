//! How much of a correction du of Newton's method to take: `s(a) = R(u + a du) . du` falls from `s(0) > 0` through 0 where the
//! energy along du is least, and a full correction that goes far beyond is shortened. Matthies and Strang, "The solution of
//! nonlinear finite element equations" (Int. J. Numer. Meth. Eng. 14, 1979).

/// A share a is taken where `|s(a)| <= SLACK s(0)`; the whole one also where s is positive.
const SLACK: f64 = 0.5;
/// Most shorter shares tried.
const TRIALS: u32 = 6;
/// A trial stays this share of the bracket away from its ends.
const MARGIN: f64 = 0.1;

/// The search along one correction; starts with the whole of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineSearch {
    start: f64,
    share: f64,
    /// Share and slope on both sides of the zero.
    before: (f64, f64),
    beyond: (f64, f64),
    left: u32,
}

impl LineSearch {
    /// Takes whatever it is given.
    pub fn none() -> LineSearch {
        LineSearch { start: 0.0, share: 1.0, before: (0.0, 0.0), beyond: (1.0, 0.0), left: 0 }
    }

    /// `slope`: R(u) . du. A correction that does not lead downhill (0 or less) is taken as it is.
    pub fn along(slope: f64) -> LineSearch {
        let left = if slope > 0.0 { TRIALS } else { 0 };
        LineSearch { start: slope, before: (0.0, slope), left, ..LineSearch::none() }
    }

    /// What to add to the share taken so far, or nothing where it serves. `slope`: R . du there, asked for while trials are
    /// left.
    pub fn next(&mut self, slope: impl FnOnce() -> f64) -> Option<f64> {
        if self.left == 0 {
            return None;
        }
        let slope = slope();
        if !slope.is_finite() || slope.abs() <= SLACK * self.start || (self.share == 1.0 && slope > 0.0) {
            return None;
        }
        self.left -= 1;
        if slope > 0.0 {
            self.before = (self.share, slope);
        } else {
            self.beyond = (self.share, slope);
        }
        let width = self.beyond.0 - self.before.0;
        let zero = self.before.1 / (self.before.1 - self.beyond.1);
        let share = self.before.0 + width * zero.clamp(MARGIN, 1.0 - MARGIN);
        let change = share - self.share;
        self.share = share;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share at which a search ends whose slope is that of a spring: stiff until `kink`, soft beyond.
    fn ends_at(slope: impl Fn(f64) -> f64) -> f64 {
        let (mut search, mut share) = (LineSearch::along(slope(0.0)), 1.0);
        while let Some(change) = search.next(|| slope(share)) {
            share += change;
        }
        share
    }

    #[test]
    fn corrections_near_the_least_energy_are_taken_whole() {
        assert_eq!(ends_at(|a| 1.0 - a), 1.0);
        assert_eq!(ends_at(|a| 1.0 - 1.4 * a), 1.0);
        assert_eq!(ends_at(|a| 1.0 - 0.1 * a), 1.0);
    }

    #[test]
    fn a_soft_spring_that_stiffens_is_not_overrun() {
        let stiffens = |a: f64| if a < 0.2 { 1.0 - a } else { 0.8 - 50.0 * (a - 0.2) };
        let share = ends_at(stiffens);
        assert!(stiffens(share).abs() <= SLACK, "{share}");
    }

    #[test]
    fn uphill_and_infinite_slopes_are_left_alone() {
        assert!(LineSearch::along(-1.0).next(|| 5.0).is_none());
        assert!(LineSearch::along(1.0).next(|| f64::NAN).is_none());
        assert!(LineSearch::none().next(|| -5.0).is_none());
    }
}
