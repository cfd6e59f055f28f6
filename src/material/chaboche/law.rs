//! The law over a batch of points.

use super::batch::Update;
use super::parameters::{ChabocheSpec, Parameters};
use crate::material::coefficient::common_range;
use crate::material::elasticity::isotropic_stiffness;
use crate::material::lanes::dispatch;
use crate::material::{Input, Law, LawError, Output, Status, Variable};

/// Elastoplasticity or elastoviscoplasticity of Chaboche type. State: `p`, `evp`, `alpha1`, `alpha2`...
#[derive(Debug, Clone)]
pub struct Chaboche {
    parameters: Parameters,
    variables: Vec<Variable>,
}

impl Chaboche {
    /// The law, once its parameters are checked.
    ///
    /// # Errors
    /// [`LawError`] naming the coefficient that is missing, superfluous or out of range.
    pub fn new(spec: ChabocheSpec) -> Result<Chaboche, LawError> {
        let parameters = Parameters::new(spec)?;
        let mut variables = vec![
            Variable { name: "p".to_owned(), offset: 0, size: 1 },
            Variable { name: "evp".to_owned(), offset: 1, size: 6 },
        ];
        for i in 0..parameters.kinematic.len() {
            variables.push(Variable { name: format!("alpha{}", i + 1), offset: 7 + 6 * i, size: 6 });
        }
        Ok(Chaboche { parameters, variables })
    }

    #[cfg(test)]
    pub(super) fn parameters_for_test(&self) -> &Parameters {
        &self.parameters
    }
}

impl Law for Chaboche {
    fn name(&self) -> &str {
        "chaboche"
    }

    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn n_state(&self) -> usize {
        7 + 6 * self.parameters.kinematic.len()
    }

    /// Dynamic recovery makes the tangent non-symmetric.
    fn symmetric(&self) -> bool {
        self.parameters.kinematic.iter().all(|term| term.c.is_zero() || term.d.is_zero())
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        common_range(self.parameters.coefficients())
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        let (kappa, mu) = self.parameters.elasticity.moduli(temperature);
        isotropic_stiffness(kappa, mu, c);
    }

    fn update(&self, input: Input, output: Output) -> Status {
        dispatch(Update { parameters: &self.parameters, input, output })
    }
}
