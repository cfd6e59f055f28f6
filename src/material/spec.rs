//! Materials as they stand in a case or in a model file, and their construction.
//!
//! ```toml
//! name = "steel"
//! law = "chaboche"
//! young = { temperature = [20, 900], value = [2e5, 1.5e5] }
//! poisson = 0.3
//! R0 = 10
//! kinematic = [{ C = 1e5, D = 1000 }]
//! flow = "norton"
//! K = 300
//! n = 30
//! density = 7.8e-9
//! thermal = { alpha = 2e-5, reference = 20 }
//! aliases = { p = "evrcum", evp = "evri" }
//! ```
//!
//! All keys of a material lie in one table; which are known depends on `law`. An unknown one is an error that names
//! the nearest.

mod table;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::chaboche::{Chaboche, ChabocheSpec};
use super::creep::{Creep, CreepSpec};
use super::crystal::{Crystal, CrystalSpec};
use super::elastic::Elastic;
use super::elasticity::Elasticity;
use super::plugins::isolated::{self, Isolated, Isolation};
use super::plugins::mfront::{Mfront, MfrontSpec};
use super::plugins::umat::{Umat, UmatSpec};
use super::{Law, LawError, Material, ThermalExpansion};
use crate::{Error, Result};

/// A material before its parameters are checked; serialises to the TOML above and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct MaterialSpec {
    /// Name, unique in a case.
    pub name: String,
    /// Law and its parameters.
    pub law: LawSpec,
    /// Mass per volume; 0 where no body force needs it.
    pub density: f64,
    /// Thermal expansion.
    pub thermal: Option<ThermalExpansion>,
    /// Names of the law's variables in the program that the data come from: `p` -> `evrcum`.
    pub aliases: BTreeMap<String, String>,
}

/// A law and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum LawSpec {
    /// `law = "elastic"` with `young`, `poisson`, or `y1111`, `y1122`, `y1212`, or `E1` ... `G31`; `axes`.
    Elastic(Elasticity),
    /// `law = "chaboche"`.
    Chaboche(Box<ChabocheSpec>),
    /// `law = "creep"`.
    Creep(Box<CreepSpec>),
    /// `law = "crystal"` with the keys of `elastic`, `octahedral = { ... }`, `cubic = { ... }`, `substeps`.
    Crystal(Box<CrystalSpec>),
    /// `law = "umat"`: a compiled UMAT.
    Umat(Box<UmatSpec>),
    /// `law = "mfront"`: a behaviour compiled by MFront.
    Mfront(Box<MfrontSpec>),
}

impl MaterialSpec {
    /// A material without density, expansion and other names.
    pub fn new(name: impl Into<String>, law: LawSpec) -> MaterialSpec {
        MaterialSpec { name: name.into(), law, density: 0.0, thermal: None, aliases: BTreeMap::new() }
    }

    /// Takes the files that the material names relative to the folder of the case.
    pub fn locate(&mut self, folder: &Path) {
        match &mut self.law {
            LawSpec::Umat(spec) => spec.locate(folder),
            LawSpec::Mfront(spec) => spec.locate(folder),
            _ => {}
        }
    }

    /// Checks the parameters and builds the material.
    ///
    /// # Errors
    /// [`crate::error::Kind::Case`] naming the material and the coefficient.
    pub fn build(&self) -> Result<Material> {
        let named = |e: LawError| Error::case(format!("material '{}': {e}", self.name));
        let law = self.law.build().map_err(named)?;
        if let Some(unknown) = self.aliases.keys().find(|k| law.variables().iter().all(|v| v.name != **k)) {
            let names: Vec<&str> = law.variables().iter().map(|v| v.name.as_str()).collect();
            return Err(Error::case(format!(
                "material '{}': aliases name '{unknown}', which law '{}' does not have; its variables are {}",
                self.name,
                law.name(),
                names.join(", ")
            )));
        }
        Material::new(self.name.clone(), law, self.thermal.clone(), self.density, self.aliases.clone())
            .map_err(named)
    }
}

impl LawSpec {
    /// Name of the law in a case.
    pub fn name(&self) -> &'static str {
        match self {
            LawSpec::Elastic(_) => "elastic",
            LawSpec::Chaboche(_) => "chaboche",
            LawSpec::Creep(_) => "creep",
            LawSpec::Crystal(_) => "crystal",
            LawSpec::Umat(_) => "umat",
            LawSpec::Mfront(_) => "mfront",
        }
    }

    /// Checks the parameters and builds the law.
    ///
    /// # Errors
    /// [`LawError`] naming the coefficient.
    pub fn build(&self) -> std::result::Result<Box<dyn Law>, LawError> {
        Ok(match self {
            LawSpec::Elastic(elasticity) => Box::new(Elastic::new(elasticity.clone())?),
            LawSpec::Chaboche(spec) => Box::new(Chaboche::new((**spec).clone())?),
            LawSpec::Creep(spec) => Box::new(Creep::new((**spec).clone())?),
            LawSpec::Crystal(spec) => Box::new(Crystal::new((**spec).clone())?),
            LawSpec::Umat(spec) if spec.isolated => {
                let direct = UmatSpec { isolated: false, ..(**spec).clone() };
                isolate(LawSpec::Umat(Box::new(direct)), &spec.library, spec.timeout)?
            }
            LawSpec::Umat(spec) => Box::new(Umat::new((**spec).clone())?),
            LawSpec::Mfront(spec) if spec.isolated => {
                let direct = MfrontSpec { isolated: false, ..(**spec).clone() };
                isolate(LawSpec::Mfront(Box::new(direct)), &spec.library, spec.timeout)?
            }
            LawSpec::Mfront(spec) => Box::new(Mfront::new((**spec).clone())?),
        })
    }
}

/// A law that is compiled, in a process of its own.
fn isolate(direct: LawSpec, library: &Path, timeout: f64) -> std::result::Result<Box<dyn Law>, LawError> {
    if !(timeout > 0.0 && timeout <= 1e6) {
        let rule = "it must be a positive number of seconds, at most 1e6".to_owned();
        return Err(LawError::Range { name: "timeout".to_owned(), value: timeout, rule });
    }
    let unwritten =
        |e: toml::ser::Error| LawError::Unsupported { problem: format!("it cannot be isolated ({e})") };
    let material = toml::to_string(&MaterialSpec::new("isolated", direct)).map_err(unwritten)?;
    Ok(Box::new(Isolated::new(Isolation { library: library.to_owned(), material, timeout })?))
}

/// What a program does when it is started with the command [`isolated::COMMAND`]: it holds an isolated law for its parent.
///
/// # Errors
/// The parent is gone, or it was not started by one.
pub fn serve_isolated() -> std::io::Result<()> {
    isolated::serve(|text| {
        let spec: MaterialSpec = toml::from_str(text).map_err(|e| e.to_string())?;
        spec.law.build().map_err(|e| e.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEEL: &str = r#"
        name = "steel"
        law = "chaboche"
        young = { temperature = [20, 900], value = [2e5, 1.5e5] }
        poisson = 0.3
        R0 = 10
        kinematic = [{ C = 1e5, D = 1000 }, { C = 2e4 }]
        flow = "norton"
        K = 300
        n = 30
        density = 7.8e-9
        thermal = { alpha = 2e-5, reference = 20 }
        aliases = { p = "evrcum", evp = "evri" }
    "#;

    fn texts() -> Vec<String> {
        let elastic = |more: &str| format!("name = 'e'\nlaw = 'elastic'\n{more}");
        vec![
            STEEL.to_owned(),
            elastic("young = 1e5\npoisson = 0.2\nthermal = { alpha = 1e-5 }"),
            elastic("y1111 = 2e5\ny1122 = 1e5\ny1212 = { temperature = [0, 1], value = [1e5, 9e4] }"),
            elastic(
                "E1 = 2\nE2 = 2\nE3 = 1\nnu12 = 0.1\nnu23 = 0.1\nnu31 = 0.1\nG12 = 1\nG23 = 1\nG31 = 1\n\
                 axes = [[0, 1, 0], [-1, 0, 0], [0, 0, 1.0]]",
            ),
            "name = 'c'\nlaw = 'creep'\nyoung = 1e5\npoisson = 0.3\nA = 1e-20\nn = 5\nm = 0.3\nhardening = 'time'"
                .to_owned(),
            "name = 'x'\nlaw = 'crystal'\ny1111 = 2e5\ny1122 = 1e5\ny1212 = 1e5\nsubsteps = 20\n\
             axes = [[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]]\n\
             octahedral = { flow = 'hyperbolic', K = 100, n = 10, eps0 = 0.1, R0 = 100, C = 10, D = 1e3, M = 1e7, m = 1 }\n\
             cubic = { flow = 'norton', K = 100, n = 10, Q = 10, b = 3, interaction = [1, 0.5, 0] }"
                .to_owned(),
        ]
    }

    #[test]
    fn a_material_survives_toml() {
        for text in texts() {
            let spec: MaterialSpec = toml::from_str(&text).unwrap();
            let again: MaterialSpec = toml::from_str(&toml::to_string(&spec).unwrap()).unwrap();
            assert_eq!(spec, again);
            assert_eq!(spec.build().unwrap().law().name(), spec.law.name());
        }
    }

    #[test]
    fn a_material_is_built_from_its_text() {
        let material = toml::from_str::<MaterialSpec>(STEEL).unwrap().build().unwrap();
        assert_eq!(material.law().n_state(), 19);
        assert_eq!((material.name(), material.density()), ("steel", 7.8e-9));
        assert_eq!(material.source_name("evp"), "evri");
        assert_eq!(material.temperature_range(), Some((20.0, 900.0)));
    }

    #[test]
    fn mistakes_are_named_with_their_remedy() {
        let message = |from: &str, to: &str| {
            let text = STEEL.replace(from, to);
            let spec = toml::from_str::<MaterialSpec>(&text).map_err(|e| e.to_string());
            spec.and_then(|s| s.build().map_err(|e| e.to_string())).unwrap_err()
        };
        for (from, to, expected) in [
            ("poisson", "poison", "did you mean 'poisson'?"),
            ("\"chaboche\"", "\"chaboch\"", "did you mean 'chaboche'?"),
            ("R0 = 10", "E1 = 3", "isotropic elasticity only"),
            ("R0 = 10", "R0 = -10", "material 'steel': coefficient 'R0' is -10"),
            ("K = 300", "", "coefficient 'K' is missing"),
            ("D = 1000", "d = 1000", "unknown field `d`"),
            ("poisson = 0.3", "", "poisson"),
            ("evp =", "eps =", "aliases name 'eps'"),
            ("name = \"steel\"", "", "no name"),
            ("[20, 900]", "[20, 10]", "must increase"),
            ("\"norton\"", "\"nortn\"", "nortn"),
        ] {
            let text = message(from, to);
            assert!(text.contains(expected), "{text}");
        }
    }
}
