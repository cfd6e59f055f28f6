//! The keys of `law = "mfront"`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Kind};
use crate::error::nearest;
use crate::material::plugins::library::Library;
use crate::material::plugins::{isolated, located};
use crate::material::{Coefficient, LawError, Variable};

/// A behaviour compiled by MFront and what it is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfrontSpec {
    /// The shared library.
    pub library: PathBuf,
    /// [`crate::material::plugins::hash_of`] the library when the case was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library_hash: Option<String>,
    /// The behaviour.
    pub behaviour: String,
    /// Material properties by name, at the temperatures of both ends of a step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Coefficient>,
    /// Parameters that are not to have their default values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, f64>,
    /// External state variables besides the temperature, which they may depend on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external: BTreeMap<String, Coefficient>,
    /// Other names for internal state variables: `p = "EquivalentPlasticStrain"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Whether the tangent is always symmetric: a cheaper linear solver is taken.
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
}

/// Keys that a case may give.
pub(crate) const KEYS: [&str; 11] = [
    "library",
    "library_hash",
    "behaviour",
    "properties",
    "parameters",
    "external",
    "variables",
    "symmetric",
    "concurrent",
    "isolated",
    "timeout",
];

/// Values that are given by name, in the order that is needed.
fn ordered(
    library: &Library,
    what: &str,
    key: &str,
    needed: &[String],
    given: &BTreeMap<String, Coefficient>,
) -> Result<Vec<Coefficient>, LawError> {
    known(library, what, given.keys(), needed)?;
    let missing: Vec<&str> = needed.iter().filter(|n| !given.contains_key(*n)).map(String::as_str).collect();
    if !missing.is_empty() {
        let missing = missing.join("', '");
        return Err(library.wrong(format!("needs the {what} '{missing}'; give each under '{key}'")));
    }
    for (name, value) in given {
        value.check(name, "it must be finite", |_| true)?;
    }
    Ok(needed.iter().map(|n| given[n].clone()).collect())
}

/// Checks that every name is one of the known.
fn known<'n>(
    library: &Library,
    what: &str,
    names: impl IntoIterator<Item = &'n String>,
    known: &[String],
) -> Result<(), LawError> {
    let Some(wrong) = names.into_iter().find(|n| !known.contains(n)) else { return Ok(()) };
    let remedy = match nearest(wrong, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("there are {}", known.join(", ")),
    };
    Err(library.wrong(format!("has no {what} '{wrong}'; {remedy}")))
}

impl MfrontSpec {
    /// Takes the library relative to the folder of a case, and its hash where none is given.
    pub fn locate(&mut self, folder: &Path) {
        located(folder, &mut self.library, &mut self.library_hash);
    }

    /// The material properties in the order of the behaviour.
    pub(super) fn ordered_properties(
        &self,
        library: &Library,
        b: &Behaviour,
    ) -> Result<Vec<Coefficient>, LawError> {
        ordered(library, "material property", "properties", &b.material_properties, &self.properties)
    }

    /// The external state variables in the order of the behaviour.
    pub(super) fn ordered_external(
        &self,
        library: &Library,
        b: &Behaviour,
    ) -> Result<Vec<Coefficient>, LawError> {
        ordered(library, "external state variable", "external", &b.external_state_variables, &self.external)
    }

    /// Checks the names of parameters.
    pub(super) fn check_parameters(&self, library: &Library, b: &Behaviour) -> Result<(), LawError> {
        let names: Vec<String> = b.parameters.iter().map(|p| p.0.clone()).collect();
        known(library, "parameter", self.parameters.keys(), &names)
    }

    /// The internal state variables under the names that the case gives them; of vectors and tensors every value is a
    /// variable with a number behind its name.
    pub(super) fn layout(&self, library: &Library, b: &Behaviour) -> Result<Vec<Variable>, LawError> {
        let names: Vec<String> = b.internal_state_variables.iter().map(|v| v.0.clone()).collect();
        known(library, "internal state variable", self.variables.values(), &names)?;
        let named = |name: &String| {
            let other = self.variables.iter().find(|(_, n)| *n == name);
            other.map_or(name, |(own, _)| own).clone()
        };
        let mut variables = Vec::new();
        let mut offset = 0;
        for (name, kind) in &b.internal_state_variables {
            let (name, size) = (named(name), kind.size().unwrap_or(0));
            match kind {
                Kind::Scalar | Kind::Symmetric => variables.push(Variable { name, offset, size }),
                _ => variables.extend((0..size).map(|i| {
                    let name = format!("{name}{}", i + 1);
                    Variable { name, offset: offset + i, size: 1 }
                })),
            }
            offset += size;
        }
        Ok(variables)
    }
}
