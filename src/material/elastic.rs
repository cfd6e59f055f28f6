//! Linear elasticity: `sigma = C(T) : e`, no state.

use super::elasticity::Elasticity;
use super::tensor::{apply, six};
use super::{Input, Law, LawError, Output, Status, Variable};

/// Linear elasticity of any symmetry.
#[derive(Debug, Clone)]
pub struct Elastic {
    elasticity: Elasticity,
}

impl Elastic {
    /// The law, once its moduli are checked.
    ///
    /// # Errors
    /// [`LawError::Range`] where the elastic energy is not positive.
    pub fn new(mut elasticity: Elasticity) -> Result<Elastic, LawError> {
        elasticity.validate()?;
        Ok(Elastic { elasticity })
    }
}

impl Law for Elastic {
    fn name(&self) -> &str {
        "elastic"
    }

    fn variables(&self) -> &[Variable] {
        &[]
    }

    fn symmetric(&self) -> bool {
        true
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        self.elasticity.temperature_range()
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        self.elasticity.at(temperature, c);
    }

    fn update(&self, input: Input, mut output: Output) -> Status {
        let mut status = Status::Done;
        let mut c = [0.0; 36];
        let constant = self.elasticity.is_constant();
        for (k, &temperature) in input.temperature.iter().enumerate() {
            if k == 0 || !constant {
                self.elasticity.at(temperature, &mut c);
            }
            let stress = apply(&c, &six(input.strain, 6 * k));
            if !(stress.iter().sum::<f64>() + temperature).is_finite() {
                status = status.and_cut(k, 0.5);
            }
            output.stress[6 * k..6 * k + 6].copy_from_slice(&stress);
            if let Some(tangent) = output.tangent.as_deref_mut() {
                tangent[36 * k..36 * k + 36].copy_from_slice(&c);
            }
        }
        status
    }
}
