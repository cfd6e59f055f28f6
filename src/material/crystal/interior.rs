//! The rescue of a sub-step whose Newton iteration does not get on.

use super::dense::eliminate;
use super::parameters::MAX_SYSTEMS;
use super::substep::{MAX_ITERATIONS, Problem, Slips};

impl Problem<'_> {
    /// Primal-dual interior-point iteration for `dv >= 0, lambda = -g >= 0, dv lambda = t -> 0`: slower than Newton on the
    /// active systems, but it finds out which these are from anywhere, also where many share one stress.
    pub(super) fn interior(&self, now: &mut Slips) -> Option<()> {
        let n = self.at.systems();
        let tau = self.shear(now);
        let x = self.at.kinematic();
        let rest = self.at.rest(&self.a);
        let (mut scale, mut largest) = (0.0f64, 0.0f64);
        for s in 0..n {
            if now.dv[s] * self.gram[s][s] < 1e-9 * self.tau[s].abs() {
                now.sign[s] = (tau[s] - x[s] * rest[s].a).signum();
            }
            scale = scale.max(self.tau[s].abs());
            largest = largest.max(self.gram[s][s]);
            now.active[s] = s;
        }
        now.count = n;
        let floor = 1e-3 * scale / largest;
        (0..n).for_each(|s| now.dv[s] = now.dv[s].max(floor));
        self.evaluate(now);
        let mut lambda = [0.0; MAX_SYSTEMS];
        (0..n).for_each(|s| lambda[s] = (-now.g[s]).max(1e-2 * scale));
        for _ in 0..MAX_ITERATIONS {
            let t = (0..n).map(|s| now.dv[s] * lambda[s]).sum::<f64>() / n as f64;
            let residual = (0..n).fold(0.0f64, |m, s| m.max((now.g[s] + lambda[s]).abs()));
            if t <= 1e-16 * scale * floor && residual <= 1e-9 * scale {
                break;
            }
            let t = 0.05 * t;
            // Relative steps z = delta / dv: (J dv + lambda) z = g + t / dv.
            let mut matrix = self.matrix(now);
            let mut step = [[0.0; 1]; MAX_SYSTEMS];
            for s in 0..n {
                matrix[s][s] += lambda[s];
                step[s][0] = now.g[s] + t / now.dv[s];
            }
            eliminate(n, &mut matrix, &mut step)?;
            // delta lambda = t / dv - lambda (1 + z); both stay positive.
            let mut fraction: f64 = 1.0;
            for s in 0..n {
                let z = step[s][0];
                let change = t / (now.dv[s] * lambda[s]) - 1.0 - z;
                fraction = fraction.min(0.95 / (-z).max(-change).max(0.95));
            }
            for s in 0..n {
                let z = step[s][0];
                lambda[s] += fraction * (t / now.dv[s] - lambda[s] * (1.0 + z));
                now.dv[s] *= 1.0 + fraction * z;
            }
            self.evaluate(now);
        }
        now.count = 0;
        for s in 0..n {
            if lambda[s] > now.dv[s] * self.gram[s][s] {
                now.dv[s] = 0.0;
            } else {
                now.active[now.count] = s;
                now.count += 1;
            }
        }
        Some(())
    }
}
