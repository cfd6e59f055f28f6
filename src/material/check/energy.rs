//! Work of closed strain cycles: 0 -> a -> a + b -> b -> 0 and back the other way, from a virgin point, `sum sig : de`
//! by the trapezoidal rule. A cycle of an elastic law gives and takes nothing, any other takes.

use super::CheckOptions;
use super::walk::{Moment, evaluate};
use crate::material::Law;
use crate::material::random::Random;

const CYCLES: usize = 10;
/// Steps of a side.
const STEPS: usize = 40;

/// The least `sum sig : de / sum |sig : de|` over random cycles of a size; `None` where no cycle could be taken.
pub(super) fn least_work(
    law: &dyn Law,
    options: &CheckOptions,
    random: &mut Random,
    size: f64,
) -> Option<f64> {
    let (low, high) = options.temperature;
    let mut least: Option<f64> = None;
    for cycle in 0..CYCLES {
        let temperature = low + (high - low) * cycle as f64 / (CYCLES - 1) as f64;
        let (a, b) = (random.six(size), random.six(size));
        for (a, b) in [(a, b), (b, a)] {
            if let Some(work) = work_of(law, options.dt, temperature, &a, &b) {
                least = Some(least.map_or(work, |l| if work.is_nan() { work } else { l.min(work) }));
            }
        }
    }
    least
}

fn work_of(law: &dyn Law, dt: f64, temperature: f64, a: &[f64; 6], b: &[f64; 6]) -> Option<f64> {
    let mut state0 = vec![0.0; law.n_state()];
    law.initial_state(&mut state0);
    let dt = dt / STEPS as f64;
    let zero = [0.0; 6];
    let mut at = Moment {
        state0,
        strain0: zero,
        temperature0: temperature,
        time0: 0.0,
        dt,
        strain: zero,
        temperature,
    };
    let (mut stress0, mut sum, mut size) = ([0.0; 6], 0.0, 0.0);
    let corner: [f64; 6] = std::array::from_fn(|i| a[i] + b[i]);
    let corners = [&zero, a, &corner, b, &zero];
    for side in corners.windows(2) {
        for step in 1..=STEPS {
            let s = step as f64 / STEPS as f64;
            at.strain = std::array::from_fn(|i| (1.0 - s) * side[0][i] + s * side[1][i]);
            let answer = evaluate(law, &at, std::slice::from_ref(&at.strain))?;
            let work: f64 =
                (0..6).map(|i| 0.5 * (stress0[i] + answer.stress[i]) * (at.strain[i] - at.strain0[i])).sum();
            sum += work;
            size += work.abs();
            stress0.copy_from_slice(&answer.stress);
            (at.state0, at.strain0) = (answer.state, at.strain);
            at.time0 += dt;
        }
    }
    Some(if size > 0.0 || size.is_nan() { sum / size } else { 0.0 })
}
