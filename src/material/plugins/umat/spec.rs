//! The keys of `law = "umat"`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::material::plugins::{isolated, located};
use crate::material::{Coefficient, LawError, Variable};

/// Where a named variable lies in STATEV, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// One value.
    Scalar(usize),
    /// First and last of the six of a symmetric tensor, order 11, 22, 33, 12, 13, 23, plain shears.
    Tensor([usize; 2]),
}

/// A compiled UMAT and its properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UmatSpec {
    /// The shared library.
    pub library: PathBuf,
    /// [`crate::material::plugins::hash_of`] the library when the case was read: a model says so when it has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library_hash: Option<String>,
    /// The function.
    #[serde(default = "umat")]
    pub symbol: String,
    /// PROPS, each a constant or a table that is interpolated at the end temperature.
    pub properties: Vec<Coefficient>,
    /// Length of STATEV.
    #[serde(default)]
    pub state: usize,
    /// Names of state variables; the others are `sdv1`, `sdv2`...
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Place>,
    /// STATEV of a virgin point; zero where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initial: Vec<f64>,
    /// Whether DDSDDE is always symmetric: a cheaper linear solver is taken.
    #[serde(default)]
    pub symmetric: bool,
    /// Whether several threads may call it at once.
    #[serde(default)]
    pub concurrent: bool,
    /// Whether the library runs in a process of its own.
    #[serde(default)]
    pub isolated: bool,
    /// Seconds that a call may take where it is isolated.
    #[serde(default = "isolated::timeout")]
    pub timeout: f64,
    /// CMNAME; the name of the material where it is empty.
    #[serde(default)]
    pub cmname: String,
}

fn umat() -> String {
    "umat_".to_owned()
}

/// Keys that a case may give.
pub(crate) const KEYS: [&str; 12] = [
    "library",
    "library_hash",
    "symbol",
    "properties",
    "state",
    "variables",
    "initial",
    "symmetric",
    "concurrent",
    "isolated",
    "timeout",
    "cmname",
];

impl UmatSpec {
    /// Takes the library relative to the folder of a case, and its hash where none is given.
    pub fn locate(&mut self, folder: &Path) {
        located(folder, &mut self.library, &mut self.library_hash);
    }

    /// The variables in the order of STATEV, unnamed values as `sdvN`.
    ///
    /// # Errors
    /// [`LawError::Unsupported`]: a place outside of STATEV, a range that is not six long, two variables in one place.
    pub(super) fn layout(&self) -> Result<Vec<Variable>, LawError> {
        let wrong = |name: &str, problem: String| {
            Err(LawError::Unsupported { problem: format!("variables: '{name}' {problem}") })
        };
        let mut taken: Vec<Option<&str>> = vec![None; self.state];
        let mut variables = Vec::new();
        for (name, place) in &self.variables {
            let [first, last] = match *place {
                Place::Scalar(at) => [at, at],
                Place::Tensor(range) => range,
            };
            let size = if let Place::Tensor(_) = place { 6 } else { 1 };
            if first < 1 || last > self.state || last < first {
                let state = self.state;
                return wrong(name, format!("is at {first} to {last}, but state = {state}; count from 1"));
            }
            if last + 1 - first != size {
                return wrong(name, format!("has {first} to {last}; a tensor takes six values"));
            }
            for slot in &mut taken[first - 1..last] {
                if let Some(other) = slot {
                    return wrong(name, format!("overlaps '{other}'; give each its own place"));
                }
                *slot = Some(name);
            }
            variables.push(Variable { name: name.clone(), offset: first - 1, size });
        }
        let free = (0..self.state).filter(|&i| taken[i].is_none());
        variables.extend(free.map(|i| Variable { name: format!("sdv{}", i + 1), offset: i, size: 1 }));
        variables.sort_by_key(|v| v.offset);
        Ok(variables)
    }
}
