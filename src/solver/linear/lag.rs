//! When factors or multigrid levels of earlier values still serve, and when new ones pay.
//!
//! New ones cost about as much as `worth` Krylov iterations. They are made once the iterations that old ones have cost
//! beyond what new ones needed add up to that: whatever comes, at most twice the least possible is spent. Counts, not
//! times, decide, so that runs repeat.

/// Iterations after which old ones are given up within a solve.
const PATIENCE: i32 = 60;

/// What is known of the preconditioner in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lag {
    /// Krylov iterations that a factorisation or a set-up of multigrid costs.
    worth: f64,
    old: bool,
    /// Iterations per decimal digit of the first solve.
    fresh_rate: Option<f64>,
    /// Iterations beyond that rate since.
    excess: f64,
    /// Tolerance and most iterations by the options.
    limits: (f64, i32),
}

impl Lag {
    /// Nothing yet. `worth`: 44 for GAMG, measured on a cube of 107,811 unknowns; for a factorisation it grows with the
    /// fill: 18 measured on a plate of 12,687 unknowns, 50 on that cube.
    pub fn new(direct: bool, unknowns: u64) -> Lag {
        let worth = if direct { 18.0 * (unknowns as f64 / 12_687.0).sqrt().max(0.5) } else { 44.0 };
        Lag { worth, old: false, fresh_rate: None, excess: 0.0, limits: (0.0, 0) }
    }

    /// Whether it is to be kept for the next values.
    pub fn keeps(&self) -> bool {
        self.fresh_rate.is_some() && self.excess < self.worth
    }

    /// Whether it is of other values than those of the matrix.
    pub fn is_old(&self) -> bool {
        self.old
    }

    pub fn grows_old(&mut self) {
        self.old = true;
    }

    pub fn renews(&mut self) {
        *self = Lag { old: false, fresh_rate: None, excess: 0.0, ..*self };
    }

    /// What the options of the solver say: relative tolerance and most iterations.
    pub fn learns(&mut self, limits: (f64, i32)) {
        self.limits = limits;
    }

    /// Tolerance and most iterations of a solve: a tolerance that the user's options set differs from the default and
    /// stays.
    pub fn limits(&self, wanted: f64, default: f64) -> (f64, i32) {
        let (rtol, iterations) = self.limits;
        let rtol = if (rtol - default).abs() <= 1e-12 * default { wanted.max(default) } else { rtol };
        (rtol, if self.old { iterations.min(PATIENCE) } else { iterations })
    }

    /// A solve took `iterations` to a relative residual.
    pub fn counts(&mut self, iterations: usize, relative_residual: f64) {
        let digits = -relative_residual.clamp(1e-15, 0.1).log10();
        let rate = *self.fresh_rate.get_or_insert(iterations as f64 / digits);
        self.excess += (iterations as f64 - rate * digits).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_renewed_when_its_excess_has_paid_for_a_new_one() {
        let mut lag = Lag::new(true, 12_687);
        assert!(!lag.keeps());
        lag.counts(1, 1e-12);
        assert!(lag.keeps() && !lag.is_old());
        lag.grows_old();
        lag.counts(8, 1e-4);
        assert!(lag.keeps());
        lag.counts(12, 1e-4);
        assert!(!lag.keeps());
        lag.renews();
        assert!(!lag.keeps() && !lag.is_old());
    }

    #[test]
    fn what_the_user_asks_of_petsc_stays() {
        let mut lag = Lag::new(true, 12_687);
        lag.learns((1e-9, 2000));
        assert_eq!(lag.limits(1e-3, 1e-9), (1e-3, 2000));
        assert_eq!(lag.limits(1e-12, 1e-9), (1e-9, 2000));
        lag.grows_old();
        assert_eq!(lag.limits(1e-3, 1e-9), (1e-3, PATIENCE));
        lag.learns((1e-6, 20));
        assert_eq!(lag.limits(1e-3, 1e-9), (1e-6, 20));
    }
}
