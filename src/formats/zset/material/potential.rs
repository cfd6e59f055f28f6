//! `**potential`: criterion, flow rule, hardening.

use super::coefficients::Coefficients;
use super::variant;
use crate::error::Result;
use crate::formats::zset::blocks::{Block, Document};
use crate::material::{Coefficient, Flow};

/// What flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PotentialKind {
    /// `gen_evp`: Mises criterion.
    Mises,
    /// `octahedral`: twelve slip systems {111}<110>.
    Octahedral,
    /// `cubic`: six slip systems {100}<110>.
    Cubic,
}

/// Radius of the elastic domain, a stress.
#[derive(Debug, Clone, PartialEq)]
pub enum IsotropicHardening {
    /// `R = R0`.
    Constant {
        /// Radius.
        r0: Coefficient,
    },
    /// `R = R0 + H p`.
    Linear {
        /// Initial radius.
        r0: Coefficient,
        /// Slope.
        h: Coefficient,
    },
    /// `R = R0 + Q (1 - exp(-b p))`.
    Nonlinear {
        /// Initial radius.
        r0: Coefficient,
        /// Amount of hardening.
        q: Coefficient,
        /// Rate of saturation.
        b: Coefficient,
    },
}

/// A back-stress: `X = (2/3) C a`, `a' = evi' - D a p'` (on slip systems `x = C a`, with recovery `(|x| / M)^m`).
#[derive(Debug, Clone, PartialEq)]
pub struct KinematicHardening {
    /// Modulus, a stress.
    pub c: Coefficient,
    /// Dynamic recovery.
    pub d: Coefficient,
    /// Static recovery: exponent `m` and stress `M`.
    pub recovery: Option<(Coefficient, Coefficient)>,
}

/// Interaction of slip systems: `h1` to `h6`.
pub type InteractionMatrix = Vec<(String, Coefficient)>;

/// One `**potential`.
#[derive(Debug, Clone, PartialEq)]
pub struct Potential {
    /// Line in the file.
    pub line: usize,
    /// What flows.
    pub kind: PotentialKind,
    /// Names of its variables begin with this: `evr` gives `evrcum`, `evri11`, …
    pub prefix: String,
    /// Flow rule.
    pub flow: Flow,
    /// `Kinf` of a hyperbolic flow: read, without effect in any result that was ever compared.
    pub k_inf: Option<Coefficient>,
    /// Radius of the elastic domain; none is 0.
    pub isotropic: Option<IsotropicHardening>,
    /// Back-stresses.
    pub kinematic: Vec<KinematicHardening>,
    /// Interaction of slip systems.
    pub interaction: Option<InteractionMatrix>,
}

pub(super) fn read_potential(d: &Document, block: &Block) -> Result<Potential> {
    let kind = match variant(d, block, &["gen_evp", "octahedral", "cubic"])? {
        "octahedral" => PotentialKind::Octahedral,
        "cubic" => PotentialKind::Cubic,
        _ => PotentialKind::Mises,
    };
    let [_, prefix] = &block.head.words[..] else {
        let problem = format!("'{block} {}' is not complete", block.head.words.join(" "));
        return Err(d.error(
            block.line(),
            problem,
            "write **potential TYPE PREFIX, as in **potential gen_evp evr",
        ));
    };
    if let Some(row) = block.rows.first() {
        return Err(d.error(
            row.line,
            format!("'{}' belongs to no part of {block}", row.words.join(" ")),
            "remove it",
        ));
    }
    let (mut flow, mut isotropic, mut interaction) = (None, None, None);
    let mut kinematic = Vec::new();
    for child in &block.children {
        let second = |there: bool| match there {
            true => {
                Err(d.error(child.line(), format!("a second {child} of a potential"), "remove one of them"))
            }
            false => Ok(()),
        };
        match child.name.as_str() {
            "criterion" => {
                variant(d, child, &["mises"])?;
            }
            "flow" => {
                second(flow.is_some())?;
                flow = Some(read_flow(d, child)?);
            }
            "isotropic" => {
                second(isotropic.is_some())?;
                isotropic = Some(read_isotropic(d, child)?);
            }
            "kinematic" => kinematic.push(read_kinematic(d, child)?),
            "interaction" if kind != PotentialKind::Mises => {
                second(interaction.is_some())?;
                variant(d, child, &["slip"])?;
                interaction = Some(Coefficients::read(d, child, 1)?.rest());
            }
            _ => {
                let problem = format!("{child} of a potential is not supported");
                let remedy = "supported are *criterion, *flow, *isotropic, *kinematic, and *interaction of slip systems";
                return Err(d.error(child.line(), problem, remedy));
            }
        }
    }
    let (flow, k_inf) = flow.ok_or_else(|| d.error(block.line(), "the potential has no *flow", "add it"))?;
    let (line, prefix) = (block.line(), prefix.clone());
    Ok(Potential { line, kind, prefix, flow, k_inf, isotropic, kinematic, interaction })
}

fn read_flow(d: &Document, block: &Block) -> Result<(Flow, Option<Coefficient>)> {
    let kind = variant(d, block, &["norton", "plasticity", "hyperbolic"])?;
    let mut c = Coefficients::read(d, block, 1)?;
    match kind {
        "norton" => {
            let flow = Flow::Norton { k: c.take("K")?, n: c.take("n")? };
            c.finish(&["K", "n"])?;
            Ok((flow, None))
        }
        "hyperbolic" => {
            let flow = Flow::Hyperbolic { eps0: c.take("eps0")?, k: c.take("K")?, n: c.take("n")? };
            let k_inf = c.take_if_any("Kinf");
            c.finish(&["eps0", "K", "n", "Kinf"])?;
            Ok((flow, k_inf))
        }
        _ => {
            c.finish(&[])?;
            Ok((Flow::Plastic, None))
        }
    }
}

fn read_isotropic(d: &Document, block: &Block) -> Result<IsotropicHardening> {
    let kind = variant(d, block, &["constant", "linear", "nonlinear"])?;
    let mut c = Coefficients::read(d, block, 1)?;
    let r0 = c.take("R0")?;
    match kind {
        "constant" => {
            c.finish(&["R0"])?;
            Ok(IsotropicHardening::Constant { r0 })
        }
        "linear" => {
            let h = c.take("H")?;
            c.finish(&["R0", "H"])?;
            Ok(IsotropicHardening::Linear { r0, h })
        }
        _ => {
            let (q, b) = (c.take("Q")?, c.take("b")?);
            c.finish(&["R0", "Q", "b"])?;
            Ok(IsotropicHardening::Nonlinear { r0, q, b })
        }
    }
}

fn read_kinematic(d: &Document, block: &Block) -> Result<KinematicHardening> {
    let kind = variant(d, block, &["nonlinear", "linear"])?;
    // A single word after the type is the name of the back-stress.
    let mut c = Coefficients::read(d, block, if block.head.words.len() == 2 { 2 } else { 1 })?;
    let modulus = c.take("C")?;
    if kind == "linear" {
        c.finish(&["C"])?;
        return Ok(KinematicHardening { c: modulus, d: 0.0.into(), recovery: None });
    }
    let recall = c.take("D")?;
    let recovery = match (c.take_if_any("m"), c.take_if_any("M")) {
        (Some(m), Some(stress)) => Some((m, stress)),
        (None, None) => None,
        _ => {
            return Err(d.error(
                block.line(),
                format!("{block} has one of m and M only"),
                "give both or none",
            ));
        }
    };
    c.finish(&["C", "D", "m", "M"])?;
    Ok(KinematicHardening { c: modulus, d: recall, recovery })
}
