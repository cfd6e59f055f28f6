//! What a library says of a behaviour: symbols `<behaviour>_<hypothesis>_<what>`, else `<behaviour>_<what>`.

use std::ffi::{CStr, c_char, c_int};

use serde::Serialize;

use crate::material::LawError;
use crate::material::plugins::library::Library;

/// The modelling hypothesis that is used.
pub(super) const HYPOTHESIS: &str = "Tridimensional";

/// What a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One value.
    Scalar,
    /// Six values, shears times sqrt(2).
    Symmetric,
    /// Three values.
    Vector,
    /// Nine values.
    Tensor,
    /// Of a size that is not told.
    Other,
}

impl Kind {
    fn of(code: c_int) -> Kind {
        match code & 7 {
            0 => Kind::Scalar,
            1 => Kind::Symmetric,
            2 => Kind::Vector,
            3 => Kind::Tensor,
            _ => Kind::Other,
        }
    }

    /// Number of values; `None` where it is not known.
    pub fn size(self) -> Option<usize> {
        match self {
            Kind::Scalar => Some(1),
            Kind::Symmetric => Some(6),
            Kind::Vector => Some(3),
            Kind::Tensor => Some(9),
            Kind::Other => None,
        }
    }
}

/// Longest list that is believed.
const MANY: u16 = 1000;

/// The metadata of a behaviour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behaviour {
    /// Its name.
    pub name: String,
    /// Version of TFEL that made it.
    pub tfel_version: Option<String>,
    /// Interface that it was made for: `Generic`.
    pub interface: Option<String>,
    /// Version of the interface.
    pub api_version: Option<u16>,
    /// 1: strain based.
    pub behaviour_type: Option<u16>,
    /// 1: small strains.
    pub kinematic: Option<u16>,
    /// 0: isotropic, 1: orthotropic.
    pub symmetry: Option<u16>,
    /// Hypotheses that it can be called with.
    pub hypotheses: Vec<String>,
    /// Gradients: `Strain`.
    pub gradients: Vec<String>,
    /// Their conjugates: `Stress`.
    pub forces: Vec<String>,
    /// Material properties, in order, those that its elasticity and thermal expansion require in front.
    pub material_properties: Vec<String>,
    /// Internal state variables, in order.
    pub internal_state_variables: Vec<(String, Kind)>,
    /// External state variables behind the temperature.
    pub external_state_variables: Vec<String>,
    /// Parameters and their default values.
    pub parameters: Vec<(String, Option<f64>)>,
    /// Pairs of force and gradient that the tangent has blocks of.
    pub tangent_blocks: Vec<(String, String)>,
}

/// Reads symbols of a behaviour.
struct Symbols<'l> {
    library: &'l Library,
    name: &'l str,
}

impl Symbols<'_> {
    /// A plain value of the library.
    fn value<T: Copy>(&self, what: &str) -> Option<T> {
        let at = |symbol: String| self.library.datum::<T>(&symbol);
        let found = at(format!("{}_{HYPOTHESIS}_{what}", self.name));
        let found = found.or_else(|| at(format!("{}_{what}", self.name)))?;
        // SAFETY: the interface states the type of the variable, which lives as long as the library: for ever.
        Some(unsafe { *found })
    }

    fn count(&self, what: &str) -> u16 {
        self.value::<u16>(what).unwrap_or(0).min(MANY)
    }

    fn text(&self, what: &str) -> Option<String> {
        text(self.value::<*const c_char>(what)?)
    }

    /// A list; `count` is the symbol that holds its length. Without entries the list itself must not be read.
    fn list<T: Copy>(&self, count: &str, what: &str) -> Vec<T> {
        let n = self.count(count) as usize;
        if n == 0 {
            return Vec::new();
        }
        let at = |symbol: String| self.library.datum::<T>(&symbol);
        let first = at(format!("{}_{HYPOTHESIS}_{what}", self.name));
        let Some(first) = first.or_else(|| at(format!("{}_{what}", self.name))) else { return Vec::new() };
        // SAFETY: an array of that many entries, as the interface states.
        unsafe { std::slice::from_raw_parts(first, n) }.to_vec()
    }

    fn names(&self, count: &str, what: &str) -> Vec<String> {
        self.list::<*const c_char>(count, what).into_iter().filter_map(text).collect()
    }
}

fn text(from: *const c_char) -> Option<String> {
    // SAFETY: strings of the library end with 0 and live for ever.
    (!from.is_null()).then(|| unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned())
}

/// Moduli that an orthotropic stiffness takes, in order.
const ORTHOTROPIC: [&str; 9] = [
    "YoungModulus1",
    "YoungModulus2",
    "YoungModulus3",
    "PoissonRatio12",
    "PoissonRatio23",
    "PoissonRatio13",
    "ShearModulus12",
    "ShearModulus23",
    "ShearModulus13",
];

impl Behaviour {
    /// Reads what there is; a library without such a behaviour gives empty lists.
    pub(in crate::material::plugins) fn read(library: &Library, name: &str) -> Behaviour {
        let s = Symbols { library, name };
        let mut properties: Vec<String> = Vec::new();
        let flag = |what: &str| s.value::<u16>(what) == Some(1);
        let orthotropic = |what: &str| s.value::<u16>(what) == Some(1);
        let mut require = |names: &[&str]| properties.extend(names.iter().map(|n| (*n).to_owned()));
        if flag("requiresStiffnessTensor") {
            require(if orthotropic("ElasticSymmetryType") {
                &ORTHOTROPIC
            } else {
                &["YoungModulus", "PoissonRatio"]
            });
        }
        if flag("requiresThermalExpansionCoefficientTensor") {
            require(if orthotropic("SymmetryType") {
                &["ThermalExpansion1", "ThermalExpansion2", "ThermalExpansion3"]
            } else {
                &["ThermalExpansion"]
            });
        }
        properties.extend(s.names("nMaterialProperties", "MaterialProperties"));
        let mut external = s.names("nExternalStateVariables", "ExternalStateVariables");
        let removed = s.value::<u16>("TemperatureRemovedFromExternalStateVariables").unwrap_or(1) == 1;
        if !removed && external.first().is_some_and(|n| n == "Temperature") {
            external.remove(0);
        }
        let kinds = s.list::<c_int>("nInternalStateVariables", "InternalStateVariablesTypes");
        let internal = s.names("nInternalStateVariables", "InternalStateVariables");
        let parameter = |p: String| {
            let default = s.value::<f64>(&format!("{p}_ParameterDefaultValue"));
            (p, default)
        };
        let blocks = s.names("nTangentOperatorBlocks", "TangentOperatorBlocks");
        Behaviour {
            name: name.to_owned(),
            tfel_version: s.text("tfel_version"),
            interface: s.text("mfront_interface"),
            api_version: s.value("api_version"),
            behaviour_type: s.value("BehaviourType"),
            kinematic: s.value("BehaviourKinematic"),
            symmetry: s.value("SymmetryType"),
            hypotheses: s.names("nModellingHypotheses", "ModellingHypotheses"),
            gradients: s.names("nGradients", "Gradients"),
            forces: s.names("nThermodynamicForces", "ThermodynamicForces"),
            material_properties: properties,
            internal_state_variables: internal
                .into_iter()
                .zip(kinds.into_iter().map(Kind::of).chain(std::iter::repeat(Kind::Other)))
                .collect(),
            external_state_variables: external,
            parameters: s.names("nParameters", "Parameters").into_iter().map(parameter).collect(),
            tangent_blocks: blocks.chunks_exact(2).map(|p| (p[0].clone(), p[1].clone())).collect(),
        }
    }

    /// Checks that it can be called as [`super::law`] does.
    ///
    /// # Errors
    /// [`LawError::Library`] with what it is instead.
    pub(super) fn check(&self, library: &Library) -> Result<(), LawError> {
        let wrong = |problem: String| Err(library.wrong(format!("behaviour '{}' {problem}", self.name)));
        match self.interface.as_deref() {
            Some(i) if !i.eq_ignore_ascii_case("generic") => {
                return wrong(format!(
                    "was made for interface '{i}'; compile it with 'mfront --interface=generic'"
                ));
            }
            _ => {}
        }
        if self.api_version != Some(1) {
            let found = self.api_version.map_or("unknown".to_owned(), |v| v.to_string());
            return wrong(format!(
                "has interface version {found}, not 1; compile it with TFEL 3.4.3 or newer"
            ));
        }
        if (self.behaviour_type, self.kinematic) != (Some(1), Some(1)) {
            return wrong("is not one of small strains; others are not offered".to_owned());
        }
        if self.gradients.len() != 1 || self.forces.len() != 1 {
            return wrong(format!(
                "has gradients {} and forces {}; one strain and one stress are offered",
                self.gradients.join(", "),
                self.forces.join(", ")
            ));
        }
        let block = (self.forces[0].clone(), self.gradients[0].clone());
        if self.tangent_blocks.first().is_some_and(|first| *first != block) {
            return wrong(format!("has no tangent d {} / d {} in front", block.0, block.1));
        }
        match self.internal_state_variables.iter().find(|v| v.1.size().is_none()) {
            Some((name, _)) => {
                wrong(format!("has the internal state variable '{name}' of a kind that is not offered"))
            }
            None => Ok(()),
        }
    }

    /// Values of K.
    pub(super) fn tangent_size(&self) -> usize {
        // each block is at most 9 x 9
        (81 * self.tangent_blocks.len()).max(36)
    }
}
