//! The same points in calls of different size and order, and what a call costs.

use std::time::Instant;

use super::walk::{Answer, Moment};
use crate::material::{Input, Law, Status};

/// Points of a call whose time is taken.
const TIMED: usize = 128;
/// Calls whose least time counts.
const CALLS: usize = 20;

/// The last steps of paths as one batch, in an order.
struct Batch {
    strain0: Vec<f64>,
    strain: Vec<f64>,
    temperature0: Vec<f64>,
    temperature: Vec<f64>,
    state: Vec<f64>,
}

impl Batch {
    fn new<'m>(moments: impl Iterator<Item = &'m Moment>) -> Batch {
        let (mut strain0, mut strain, mut state) = (Vec::new(), Vec::new(), Vec::new());
        let (mut temperature0, mut temperature) = (Vec::new(), Vec::new());
        for m in moments {
            strain0.extend_from_slice(&m.strain0);
            strain.extend_from_slice(&m.strain);
            state.extend_from_slice(&m.state0);
            temperature0.push(m.temperature0);
            temperature.push(m.temperature);
        }
        Batch { strain0, strain, temperature0, temperature, state }
    }

    fn update(&self, law: &dyn Law, dt: f64, answer: &mut Answer) -> Status {
        let input = Input::new(dt, &self.strain, &self.temperature, &self.state)
            .with_start(&self.strain0, &self.temperature0);
        law.update(input, answer.output())
    }

    fn answer(&self, law: &dyn Law, dt: f64) -> Option<Answer> {
        let mut answer = Answer::new(self.temperature.len(), law.n_state());
        (self.update(law, dt, &mut answer) == Status::Done).then_some(answer)
    }
}

/// Largest relative difference of results: each point alone, all at once, all in reverse.
pub(super) fn dependence(law: &dyn Law, moments: &[Moment], dt: f64) -> Option<f64> {
    if moments.len() < 2 {
        return None;
    }
    let (n, m) = (moments.len(), law.n_state());
    let forward = Batch::new(moments.iter()).answer(law, dt)?;
    let backward = Batch::new(moments.iter().rev()).answer(law, dt)?;
    let mut worst: f64 = 0.0;
    for (k, moment) in moments.iter().enumerate() {
        let alone = Batch::new(std::iter::once(moment)).answer(law, dt)?;
        for (other, at) in [(&forward, k), (&backward, n - 1 - k)] {
            let pairs = [
                (&alone.stress, &other.stress, 6),
                (&alone.tangent, &other.tangent, 36),
                (&alone.state, &other.state, m),
            ];
            for (a, b, width) in pairs {
                let b = &b[width * at..width * (at + 1)];
                let size = a.iter().fold(f64::MIN_POSITIVE, |s, x| s.max(x.abs()));
                let apart = a.iter().zip(b).map(|(x, y)| (x - y).abs() / size);
                worst = apart.fold(worst, |w, d| if d.is_nan() { d } else { w.max(d) });
            }
        }
    }
    Some(worst)
}

/// Nanoseconds of one point of a call of [`TIMED`]; 0 where there is no step to take.
pub(super) fn cost(law: &dyn Law, moments: &[Moment], dt: f64) -> f64 {
    if moments.is_empty() {
        return 0.0;
    }
    let batch = Batch::new(moments.iter().cycle().take(TIMED));
    let mut answer = Answer::new(TIMED, law.n_state());
    let mut least = f64::INFINITY;
    for _ in 0..CALLS {
        let start = Instant::now();
        // a law that fails costs its time too
        let (Status::Done | Status::Cut { .. }) = batch.update(law, dt, &mut answer);
        least = least.min(start.elapsed().as_secs_f64());
    }
    least * 1e9 / TIMED as f64
}
