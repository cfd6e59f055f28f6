//! Material files: `***behavior` with elasticity, thermal strain and potentials, as they are written.
//!
//! [`ZsetMaterial::to_spec`] turns one into a material of this code where there is a law for it.

mod coefficients;
mod convert;
mod potential;
#[cfg(test)]
mod tests;

pub use potential::{InteractionMatrix, IsotropicHardening, KinematicHardening, Potential, PotentialKind};

use super::blocks::{Block, Document};
use crate::error::Result;
use crate::material::elasticity::{Cubic, Elasticity, Isotropic};
use crate::material::{Coefficient, ThermalExpansion};
use coefficients::Coefficients;
use std::path::{Path, PathBuf};

/// The behaviours that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// `linear_elastic`.
    LinearElastic,
    /// `gen_evp`: elasticity and any number of potentials.
    GenEvp,
}

/// A material file.
#[derive(Debug, Clone, PartialEq)]
pub struct ZsetMaterial {
    /// The file.
    pub path: PathBuf,
    /// Kind of behaviour.
    pub behavior: Behavior,
    /// Words of `*integration`: method and its parameters.
    pub integration: Vec<String>,
    /// Mass per volume.
    pub masvol: Option<Coefficient>,
    /// Elastic moduli.
    pub elasticity: Elasticity,
    /// Thermal strain.
    pub thermal: Option<ThermalExpansion>,
    /// Inelastic potentials, in order.
    pub potentials: Vec<Potential>,
}

impl ZsetMaterial {
    /// Reads a material file.
    ///
    /// # Errors
    /// File, line, value and remedy of what is wrong or not supported (exit code 2).
    pub fn read(path: &Path) -> Result<ZsetMaterial> {
        ZsetMaterial::from_document(&Document::read(path)?)
    }

    /// From a material file that is read already.
    ///
    /// # Errors
    /// As [`ZsetMaterial::read`].
    pub fn from_document(d: &Document) -> Result<ZsetMaterial> {
        let (mut integration, mut behavior) = (Vec::new(), None);
        for block in &d.blocks {
            match block.name.as_str() {
                "material" => {
                    for child in &block.children {
                        match child.name.as_str() {
                            "integration" => integration = child.words().map(|w| w.1.to_owned()).collect(),
                            _ => {
                                let problem = format!("{child} of ***material is not supported");
                                return Err(d.error(child.line(), problem, "supported is *integration"));
                            }
                        }
                    }
                }
                "behavior" => match behavior.replace(block) {
                    None => {}
                    Some(_) => {
                        return Err(d.error(
                            block.line(),
                            "a second ***behavior",
                            "a file holds one material",
                        ));
                    }
                },
                _ => d.warn_unread(block),
            }
        }
        let behavior =
            behavior.ok_or_else(|| d.error(0, "there is no ***behavior", "name a material file"))?;
        read_behavior(d, behavior, integration)
    }
}

fn read_behavior(d: &Document, block: &Block, integration: Vec<String>) -> Result<ZsetMaterial> {
    let words: Vec<&str> = block.words().map(|w| w.1).collect();
    // `runge_jacobian` chooses how the tangent is computed, not what is integrated.
    let kind = match words[..] {
        ["gen_evp"] | ["gen_evp", "runge_jacobian"] => Behavior::GenEvp,
        ["linear_elastic"] => Behavior::LinearElastic,
        _ => {
            let problem = format!("behaviour '{}' is not supported", words.join(" "));
            return Err(d.error(block.line(), problem, "supported are gen_evp and linear_elastic"));
        }
    };
    let (mut masvol, mut elasticity, mut thermal, mut potentials) = (None, None, None, Vec::new());
    for child in &block.children {
        let second = |there: bool| match there {
            true => Err(d.error(child.line(), format!("a second {child}"), "remove one of them")),
            false => Ok(()),
        };
        match child.name.as_str() {
            "coefficient" => {
                let mut c = Coefficients::read(d, child, 0)?;
                second(masvol.is_some())?;
                masvol = c.take_if_any("masvol");
                for (name, _) in c.rest() {
                    log::warn!(
                        "{}, line {}: coefficient '{name}' is not read",
                        d.path.display(),
                        child.line()
                    );
                }
            }
            "elasticity" => {
                second(elasticity.is_some())?;
                elasticity = Some(read_elasticity(d, child)?);
            }
            "thermal_strain" => {
                second(thermal.is_some())?;
                thermal = Some(read_thermal(d, child)?);
            }
            "potential" if kind == Behavior::GenEvp => potentials.push(potential::read_potential(d, child)?),
            _ => {
                let problem = format!("{child} of ***behavior {} is not supported", words[0]);
                let remedy =
                    "supported are **coefficient, **elasticity, **thermal_strain, and **potential of gen_evp";
                return Err(d.error(child.line(), problem, remedy));
            }
        }
    }
    let elasticity =
        elasticity.ok_or_else(|| d.error(block.line(), "the material has no **elasticity", "add it"))?;
    Ok(ZsetMaterial {
        path: d.path.clone(),
        behavior: kind,
        integration,
        masvol,
        elasticity,
        thermal,
        potentials,
    })
}

/// The word that says which variant of a block is meant.
fn variant<'b>(d: &Document, block: &'b Block, supported: &[&str]) -> Result<&'b str> {
    let word = block.head.words.first().map(String::as_str).unwrap_or_default();
    if supported.contains(&word) {
        return Ok(word);
    }
    let problem = match word {
        "" => format!("{block} has no type"),
        _ => format!("{block} '{word}' is not supported"),
    };
    Err(d.error(block.line(), problem, format!("supported are {}", supported.join(", "))))
}

fn read_elasticity(d: &Document, block: &Block) -> Result<Elasticity> {
    let kind = variant(d, block, &["isotropic", "cubic"])?;
    let mut c = Coefficients::read(d, block, 1)?;
    if kind == "isotropic" {
        let moduli = Isotropic { young: c.take("young")?, poisson: c.take("poisson")? };
        c.finish(&["young", "poisson"])?;
        return Ok(Elasticity::Isotropic(moduli));
    }
    let moduli =
        Cubic { y1111: c.take("y1111")?, y1122: c.take("y1122")?, y1212: c.take("y1212")?, axes: None };
    c.finish(&["y1111", "y1122", "y1212"])?;
    Ok(Elasticity::Cubic(moduli))
}

fn read_thermal(d: &Document, block: &Block) -> Result<ThermalExpansion> {
    variant(d, block, &["isotropic"])?;
    let mut c = Coefficients::read(d, block, 1)?;
    let thermal =
        ThermalExpansion { alpha: c.take("alpha")?, reference: Some(c.take_constant("ref_temperature")?) };
    c.finish(&["alpha", "ref_temperature"])?;
    Ok(thermal)
}
