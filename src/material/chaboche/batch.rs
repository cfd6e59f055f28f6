//! The law over a batch: points that stay elastic are done at once, those that flow are gathered and solved together.

use pulp::{Simd, WithSimd};
use std::array;

use super::parameters::Parameters;
use super::point::{At, Trial};
use crate::material::lanes::{Lanes, MOST_LANES};
use crate::material::points::{Index, Moduli, write, write_stress, write_tangent};
use crate::material::{Input, Output, Status};

/// A call of the law, for any vector unit.
pub(super) struct Update<'a> {
    pub(super) parameters: &'a Parameters,
    pub(super) input: Input<'a>,
    pub(super) output: Output<'a>,
}

impl WithSimd for Update<'_> {
    type Output = Status;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Status {
        let Update { parameters, input, mut output } = self;
        let (n, n_state) = (input.len(), 7 + 6 * parameters.kinematic.len());
        let count = Lanes::<S>::COUNT;
        let mut status = Status::Done;
        if n == 0 {
            return status;
        }
        output.state[..n * n_state].copy_from_slice(&input.state[..n * n_state]);
        let constant = parameters.tables.is_constant() && parameters.curves.len() < 2;
        let mut at = At::new(parameters, &input, &[0; MOST_LANES], simd);
        let mut trial = Trial::new(simd);
        // points among others that stay elastic: they flow once there are enough for a vector
        let (mut waiting, mut flowing) = ([0; 2 * MOST_LANES], 0);
        let mut next = 0;
        while next < n || flowing > 0 {
            let look = next < n && flowing < count;
            // lanes beyond the end repeat the last point
            let index: Index = if look {
                array::from_fn(|l| (next + l).min(n - 1))
            } else {
                let first = flowing - flowing.min(count);
                array::from_fn(|l| waiting[(first + l).min(flowing - 1)])
            };
            if !constant {
                at.set(&input, &index);
            }
            at.trial(&input, &index, &mut trial);
            if look {
                let (f, pressure) = (trial.f.to_array(), trial.pressure.to_array());
                let before = flowing;
                for (l, k) in (next..n.min(next + count)).enumerate() {
                    if !((f[l] + pressure[l] + input.temperature[k]).is_finite() && input.dt > 0.0) {
                        status = status.and_cut(k, 0.5);
                    } else if f[l] > 0.0 {
                        waiting[flowing] = k;
                        flowing += 1;
                    }
                }
                next += count;
                if flowing - before < count {
                    write_stress(&mut output, &index, trial.pressure, &trial.stress);
                    write_tangent(&mut output, &index, at.moduli, None);
                    continue;
                }
            }
            flowing -= flowing.min(count);
            let wanted = Lanes::all(simd, 0.0).below(trial.f);
            let step = at.flow(&trial, wanted);
            let state = &mut *output.state;
            at.end(
                &mut trial,
                &step,
                #[inline(always)]
                |i, values| write(state, n_state, i, &index, values),
            );
            write_stress(&mut output, &index, trial.pressure, &trial.stress);
            let moduli = Moduli { mu: step.mu, ..at.moduli };
            write_tangent(&mut output, &index, moduli, Some((step.row, step.n)));
        }
        status
    }
}
