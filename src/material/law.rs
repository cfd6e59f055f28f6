//! The interface of a law.

use super::{Input, Output, Status};

/// An internal variable as a user names it: `p`, or a symmetric tensor with components `evp11 … evp31`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name without component: `p`, `evp`, `alpha1`.
    pub name: String,
    /// Position of its first value in the state of a point.
    pub offset: usize,
    /// 1 for a scalar, 6 for a symmetric tensor (plain shears).
    pub size: usize,
}

/// A parameter that no law can work with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LawError {
    /// A coefficient is missing.
    #[error("coefficient '{name}' is missing; add '{name} = value'")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A coefficient is out of its range.
    #[error("coefficient '{name}' is {value}, but {rule}")]
    Range {
        /// Its name.
        name: String,
        /// Its value.
        value: f64,
        /// What must hold.
        rule: String,
    },
    /// A temperature table is not usable.
    #[error("table of '{name}': {problem}")]
    Table {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A compiled law cannot be used.
    #[error("library '{path}' {problem}")]
    Library {
        /// The file.
        path: String,
        /// What is wrong with it, and what to do: the rest of a sentence.
        problem: String,
    },
    /// A combination that is not available.
    #[error("{problem}")]
    Unsupported {
        /// What is asked for, and what there is instead.
        problem: String,
    },
}

/// A constitutive law: one implicit step for a batch of points.
pub trait Law: Send + Sync + std::fmt::Debug {
    /// Name as in the case: `chaboche`.
    fn name(&self) -> &str;

    /// The internal variables, in the order of the state.
    fn variables(&self) -> &[Variable];

    /// Values in the state of one point.
    fn n_state(&self) -> usize {
        self.variables().iter().map(|v| v.size).sum()
    }

    /// Whether the consistent tangent is always symmetric.
    fn symmetric(&self) -> bool;

    /// State of a virgin point (zero unless the law says otherwise), `n_state` values.
    fn initial_state(&self, state: &mut [f64]) {
        state.fill(0.0);
    }

    /// Temperatures that all coefficient tables cover, `None` where no coefficient depends on temperature. Outside,
    /// tables keep their end values.
    fn temperature_range(&self) -> Option<(f64, f64)> {
        None
    }

    /// Isotropic or anisotropic elasticity at a temperature: row-major 6 x 6.
    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]);

    /// Whether it reads [`Input::sites`].
    fn wants_sites(&self) -> bool {
        false
    }

    /// Why the last update that failed did so, where the law can tell: a sentence without its full stop.
    fn complaint(&self) -> Option<String> {
        None
    }

    /// Integrates the law over one step at every point of the batch; allocates nothing.
    fn update(&self, input: Input, output: Output) -> Status;
}
