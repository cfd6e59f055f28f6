//! The law over a batch of points.

use super::coefficients::At;
use super::parameters::{CrystalSpec, MAX_SYSTEMS, Parameters};
use super::point::{Local, PointStep};

use crate::material::coefficient::{common_range, intersect};
use crate::material::tensor::{Sym, six};
use crate::material::{Input, Law, LawError, Output, Status, Variable};

/// Crystal viscoplasticity. State: `p` (sum of sqrt(2/3 devp : devp) over sub-steps), `evp`, then for each system of
/// each family `octahedral_gamma1` (signed slip), `octahedral_v1` (cumulated slip), `octahedral_a1` (kinematic
/// variable), `octahedral_gamma2`... and `cubic_gamma1`...
///
/// Sub-steps need strain and temperature at the start of the step ([`Input::with_start`]); without them a step is one
/// implicit step.
#[derive(Debug, Clone)]
pub struct Crystal {
    parameters: Parameters,
    variables: Vec<Variable>,
    constant: bool,
}

impl Crystal {
    /// The law, once its parameters are checked.
    ///
    /// # Errors
    /// [`LawError`] naming the coefficient that is missing or out of range.
    pub fn new(spec: CrystalSpec) -> Result<Crystal, LawError> {
        let parameters = Parameters::new(spec)?;
        let mut variables = vec![
            Variable { name: "p".to_owned(), offset: 0, size: 1 },
            Variable { name: "evp".to_owned(), offset: 1, size: 6 },
        ];
        for family in &parameters.families {
            for s in family.systems.clone() {
                let k = s - family.systems.start + 1;
                for (i, what) in ["gamma", "v", "a"].iter().enumerate() {
                    let name = format!("{}_{what}{k}", family.name);
                    variables.push(Variable { name, offset: 7 + 3 * s + i, size: 1 });
                }
            }
        }
        let constant = parameters.is_constant();
        Ok(Crystal { parameters, variables, constant })
    }

    #[cfg(test)]
    pub(super) fn substeps_for_test(&self) -> u32 {
        self.parameters.substeps
    }
}

impl Law for Crystal {
    fn name(&self) -> &str {
        "crystal"
    }

    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn n_state(&self) -> usize {
        7 + 3 * self.parameters.schmid.len()
    }

    /// Recovery, interaction and sub-steps make the tangent non-symmetric.
    fn symmetric(&self) -> bool {
        false
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        let families = common_range(self.parameters.family_coefficients());
        match (self.parameters.elasticity.temperature_range(), families) {
            (Some(a), Some(b)) => Some(intersect(a, b)),
            (a, b) => a.or(b),
        }
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        self.parameters.elasticity.at(temperature, c);
    }

    fn update(&self, input: Input, output: Output) -> Status {
        let n_state = self.n_state();
        let start = input.strain0.zip(input.temperature0);
        let substeps = if start.is_some() { f64::from(self.parameters.substeps) } else { 1.0 };
        let mut status = Status::Done;
        let Some(&first) = input.temperature.first() else { return status };
        let constant = self.constant.then(|| At::new(&self.parameters, first, input.dt / substeps));
        let mut tangents = output.tangent.map(|t| t.as_chunks_mut::<36>().0.iter_mut());
        let states = input.state.chunks_exact(n_state).zip(output.state.chunks_exact_mut(n_state));
        let stresses = output.stress.chunks_exact_mut(6);
        for (k, ((old, new), stress)) in states.zip(stresses).enumerate() {
            let step = PointStep {
                parameters: &self.parameters,
                constant: constant.as_ref(),
                dt: input.dt,
                start: start.map(|(strain0, temperature0)| (six(strain0, 6 * k), temperature0[k])),
                strain: six(input.strain, 6 * k),
                temperature: input.temperature[k],
            };
            let mut local = read(old);
            let tangent = tangents.as_mut().and_then(Iterator::next);
            match step.run(&mut local, tangent) {
                Some(result) if step.temperature.is_finite() && input.dt > 0.0 => {
                    stress.copy_from_slice(&result);
                    write(&local, new);
                }
                _ => status = status.and_cut(k, 0.5),
            }
        }
        status
    }
}

/// The state of a point, shears made engineering ones.
fn read(state: &[f64]) -> Local {
    let evp = six(state, 1);
    let mut local = Local {
        p: state[0],
        evp: std::array::from_fn(|k| if k < 3 { evp[k] } else { 2.0 * evp[k] }),
        gamma: [0.0; MAX_SYSTEMS],
        v: [0.0; MAX_SYSTEMS],
        a: [0.0; MAX_SYSTEMS],
    };
    for (s, values) in state[7..].as_chunks::<3>().0.iter().enumerate() {
        [local.gamma[s], local.v[s], local.a[s]] = *values;
    }
    local
}

fn write(local: &Local, state: &mut [f64]) {
    state[0] = local.p;
    let evp: Sym = std::array::from_fn(|k| if k < 3 { local.evp[k] } else { 0.5 * local.evp[k] });
    state[1..7].copy_from_slice(&evp);
    for (s, values) in state[7..].as_chunks_mut::<3>().0.iter_mut().enumerate() {
        *values = [local.gamma[s], local.v[s], local.a[s]];
    }
}
