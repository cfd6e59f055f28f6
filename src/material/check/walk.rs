//! One point on a random path.

use super::{CheckOptions, LawReport};
use crate::material::random::Random;
use crate::material::{Input, Law, Output, Status};

/// A step that was taken: where from, and where to.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub state0: Vec<f64>,
    pub strain0: [f64; 6],
    pub temperature0: f64,
    pub time0: f64,
    pub dt: f64,
    pub strain: [f64; 6],
    pub temperature: f64,
}

/// States, stresses and tangents of a batch, point-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub state: Vec<f64>,
    pub stress: Vec<f64>,
    pub tangent: Vec<f64>,
}

impl Answer {
    pub fn new(points: usize, n_state: usize) -> Answer {
        Answer {
            state: vec![f64::NAN; points * n_state],
            stress: vec![f64::NAN; 6 * points],
            tangent: vec![f64::NAN; 36 * points],
        }
    }

    pub fn output(&mut self) -> Output<'_> {
        Output { state: &mut self.state, stress: &mut self.stress, tangent: Some(&mut self.tangent) }
    }

    pub fn finite(&self) -> bool {
        [&self.state, &self.stress, &self.tangent].into_iter().all(|v| v.iter().all(|x| x.is_finite()))
    }
}

/// The law at other strains at the end of a step; `None` where it wants it shorter.
pub(super) fn evaluate(law: &dyn Law, m: &Moment, strains: &[[f64; 6]]) -> Option<Answer> {
    let n = strains.len();
    let mut answer = Answer::new(n, law.n_state());
    let start = m.strain0.repeat(n);
    let (t0, t1, state0) = (vec![m.temperature0; n], vec![m.temperature; n], m.state0.repeat(n));
    let input = Input { time0: m.time0, ..Input::new(m.dt, strains.as_flattened(), &t1, &state0) }
        .with_start(&start, &t0);
    (law.update(input, answer.output()) == Status::Done).then_some(answer)
}

/// A point that is led along a path.
pub(super) struct Walker<'a> {
    pub law: &'a dyn Law,
    options: &'a CheckOptions,
    state: Vec<f64>,
    strain: [f64; 6],
    temperature: f64,
    time: f64,
}

/// Times that a step is halved before the path is given up.
const HALVINGS: i32 = 8;

impl<'a> Walker<'a> {
    pub fn new(law: &'a dyn Law, options: &'a CheckOptions, random: &mut Random) -> Walker<'a> {
        let mut state = vec![0.0; law.n_state()];
        law.initial_state(&mut state);
        Walker { law, options, state, strain: [0.0; 6], temperature: drawn(options, random), time: 0.0 }
    }

    /// Takes a random step, shorter where the law wants it; `None` where it takes none.
    pub fn step(&mut self, random: &mut Random, report: &mut LawReport) -> Option<Moment> {
        let change = random.six(self.options.strain);
        let temperature = drawn(self.options, random);
        let dt = self.options.dt * 10f64.powf(random.next());
        for halving in 0..=HALVINGS {
            let share = 0.5f64.powi(halving);
            let moment = Moment {
                state0: self.state.clone(),
                strain0: self.strain,
                temperature0: self.temperature,
                time0: self.time,
                dt: share * dt,
                strain: std::array::from_fn(|i| self.strain[i] + share * change[i]),
                temperature: self.temperature + share * (temperature - self.temperature),
            };
            let Some(answer) = evaluate(self.law, &moment, std::slice::from_ref(&moment.strain)) else {
                continue;
            };
            report.steps += 1;
            report.shortened += usize::from(halving > 0);
            if !answer.finite() {
                report.not_finite += 1;
                return None;
            }
            self.state = answer.state;
            (self.strain, self.temperature) = (moment.strain, moment.temperature);
            self.time += moment.dt;
            return Some(moment);
        }
        report.refused += 1;
        None
    }
}

fn drawn(options: &CheckOptions, random: &mut Random) -> f64 {
    let (low, high) = options.temperature;
    0.5 * (low + high) + 0.5 * (high - low) * random.next()
}
