//! Help for tests of laws: random numbers, one-point steps, finite differences, uniaxial loading.

pub(crate) mod zset;

use super::{Input, Law, Output, Status};

pub(crate) use super::random::Random;

/// State, stress and tangent at the end of a step.
pub(crate) type Answer = (Vec<f64>, [f64; 6], [f64; 36]);

/// One point that is led through a history.
pub(crate) struct Point<'a> {
    pub(crate) law: &'a dyn Law,
    pub(crate) state: Vec<f64>,
    pub(crate) strain: [f64; 6],
    pub(crate) temperature: f64,
    pub(crate) stress: [f64; 6],
    pub(crate) tangent: [f64; 36],
}

impl<'a> Point<'a> {
    pub(crate) fn new(law: &'a dyn Law, temperature: f64) -> Point<'a> {
        let mut state = vec![0.0; law.n_state()];
        law.initial_state(&mut state);
        Point { law, state, strain: [0.0; 6], temperature, stress: [0.0; 6], tangent: [0.0; 36] }
    }

    /// New state, stress and tangent for a strain and temperature at the end of a step; the point stays where it is.
    pub(crate) fn trial(&self, dt: f64, strain: &[f64; 6], t: f64) -> Result<Answer, Status> {
        let (mut state, mut stress, mut tangent) =
            (vec![f64::NAN; self.state.len()], [f64::NAN; 6], [f64::NAN; 36]);
        let output = Output { state: &mut state, stress: &mut stress, tangent: Some(&mut tangent) };
        let input = Input::new(dt, strain, std::slice::from_ref(&t), &self.state)
            .with_start(&self.strain, std::slice::from_ref(&self.temperature));
        match self.law.update(input, output) {
            Status::Done => Ok((state, stress, tangent)),
            cut => Err(cut),
        }
    }

    /// Takes a step.
    pub(crate) fn step(&mut self, dt: f64, strain: &[f64; 6], t: f64) {
        (self.state, self.stress, self.tangent) = self.trial(dt, strain, t).expect("the step converges");
        (self.strain, self.temperature) = (*strain, t);
    }

    /// Largest difference between the tangent and central differences of the stress over the largest modulus.
    pub(crate) fn tangent_error(&self, dt: f64, strain: &[f64; 6], t: f64, h: f64) -> f64 {
        let (_, _, tangent) = self.trial(dt, strain, t).expect("the step converges");
        let mut elastic = [0.0; 36];
        self.law.elasticity(t, &mut elastic);
        let mut worst: f64 = 0.0;
        for j in 0..6 {
            let at = |shift: f64| {
                let mut e = *strain;
                e[j] += shift;
                self.trial(dt, &e, t).expect("the step converges").1
            };
            // Fourth order: the overstress of a large exponent is a strongly curved function.
            let (a, b, c, d) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h));
            for i in 0..6 {
                let difference = (8.0 * (c[i] - b[i]) - (d[i] - a[i])) / (12.0 * h);
                worst = worst.max((difference - tangent[6 * i + j]).abs() / elastic[0]);
            }
        }
        worst
    }

    /// Takes a step under uniaxial stress along axis 1: the strain e11 is given, the others follow.
    pub(crate) fn uniaxial_strain(&mut self, dt: f64, e11: f64, t: f64) {
        self.mixed(dt, t, Some(e11), 0.0);
    }

    /// Takes a step under a given uniaxial stress along axis 1.
    pub(crate) fn uniaxial_stress(&mut self, dt: f64, s11: f64, t: f64) {
        self.mixed(dt, t, None, s11);
    }

    fn mixed(&mut self, dt: f64, t: f64, e11: Option<f64>, s11: f64) {
        let target = [s11, 0.0, 0.0, 0.0, 0.0, 0.0];
        let first = usize::from(e11.is_some());
        let mut strain = self.strain;
        if let Some(e11) = e11 {
            strain[0] = e11;
        }
        let mut elastic = [0.0; 36];
        self.law.elasticity(t, &mut elastic);
        for _ in 0..100 {
            let (_, stress, tangent) = self.trial(dt, &strain, t).expect("the step converges");
            let residual: Vec<f64> = (first..6).map(|i| target[i] - stress[i]).collect();
            let size = residual.iter().fold(0.0f64, |m, r| m.max(r.abs()));
            if size < 1e-11 * elastic[0] * 1e-3 {
                break;
            }
            let m = 6 - first;
            let mut a: Vec<Vec<f64>> =
                (first..6).map(|i| (first..6).map(|j| tangent[6 * i + j]).collect()).collect();
            let mut x = residual;
            for k in 0..m {
                for i in k + 1..m {
                    let factor = a[i][k] / a[k][k];
                    for j in k..m {
                        a[i][j] -= factor * a[k][j];
                    }
                    x[i] -= factor * x[k];
                }
            }
            for k in (0..m).rev() {
                x[k] = (x[k] - (k + 1..m).map(|j| a[k][j] * x[j]).sum::<f64>()) / a[k][k];
                strain[first + k] += x[k];
            }
        }
        self.step(dt, &strain, t);
    }
}

/// Some random points in steps of a law: all at once, in reverse, and in calls of one, two, three... points give the same
/// states, stresses and tangents to the last bit.
pub(crate) fn assert_batches_do_not_matter(law: &dyn Law, temperatures: (f64, f64)) {
    const POINTS: usize = 151;
    let mut random = Random(19);
    let n = law.n_state();
    let mut state = vec![0.0; n * POINTS];
    state.chunks_exact_mut(n).for_each(|s| law.initial_state(s));
    let run = |order: &[usize], state: &[f64], strain: &[[f64; 6]], temperature: &[f64]| {
        let pick =
            |all: &[f64]| order.iter().flat_map(|k| all[n * k..n * (k + 1)].to_vec()).collect::<Vec<_>>();
        let strain: Vec<f64> = order.iter().flat_map(|&k| strain[k]).collect();
        let temperature: Vec<f64> = order.iter().map(|&k| temperature[k]).collect();
        let (mut new, mut stress, mut tangent) =
            (vec![0.0; n * order.len()], vec![0.0; 6 * order.len()], vec![0.0; 36 * order.len()]);
        let output = Output { state: &mut new, stress: &mut stress, tangent: Some(&mut tangent) };
        assert_eq!(law.update(Input::new(0.3, &strain, &temperature, &pick(state)), output), Status::Done);
        (0..order.len())
            .map(|i| {
                let widths = [(&new, n), (&stress, 6), (&tangent, 36)];
                widths
                    .iter()
                    .flat_map(|(v, w)| &v[w * i..w * (i + 1)])
                    .map(|x| x.to_bits())
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    for _ in 0..3 {
        // from elastic to far beyond
        let mut strain = vec![[0.0; 6]; POINTS];
        for strain in &mut strain {
            let amplitude = random.log(1e-5, 1e-2);
            *strain = random.six(amplitude);
        }
        let (low, high) = temperatures;
        let temperature: Vec<f64> =
            (0..POINTS).map(|_| low + 0.5 * (random.next() + 1.0) * (high - low)).collect();
        let order: Vec<usize> = (0..POINTS).collect();
        let whole = run(&order, &state, &strain, &temperature);
        let reverse: Vec<usize> = order.iter().rev().copied().collect();
        let mut reversed = run(&reverse, &state, &strain, &temperature);
        reversed.reverse();
        assert!(reversed == whole, "the order of a batch matters");
        let (mut first, mut size) = (0, 1);
        while first < POINTS {
            let end = POINTS.min(first + size);
            let part = run(&order[first..end], &state, &strain, &temperature);
            assert!(part == whole[first..end], "a batch of {size} points differs");
            (first, size) = (end, size + 1);
        }
        state = whole.iter().flat_map(|point| point[..n].iter().map(|b| f64::from_bits(*b))).collect();
    }
}
