//! A material: a law with what every law shares: thermal strain, mass density, names.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::coefficient::{common_range, intersect};
use super::{Coefficient, Input, Law, LawError, Output, Site, Status};

/// Isotropic thermal expansion relative to the state at t = 0:
/// `eth = alpha(T) (T - reference) - alpha(T0) (T0 - reference)` on the diagonal, T0 the temperature at t = 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThermalExpansion {
    /// Secant coefficient of expansion, per degree.
    pub alpha: Coefficient,
    /// Temperature that `alpha` refers to; where absent each point's own T0, so that `eth = alpha(T) (T - T0)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
}

impl ThermalExpansion {
    /// The thermal strain at temperature `t` of a point that was at `t0` at t = 0.
    #[inline]
    pub fn strain(&self, t: f64, t0: f64) -> f64 {
        let reference = self.reference.unwrap_or(t0);
        self.alpha.at(t) * (t - reference) - self.alpha.at(t0) * (t0 - reference)
    }
}

/// A law, thermal expansion, density and names.
#[derive(Debug)]
pub struct Material {
    name: String,
    law: Box<dyn Law>,
    thermal: Option<ThermalExpansion>,
    density: f64,
    aliases: BTreeMap<String, String>,
    temperature_range: Option<(f64, f64)>,
    left_tables: AtomicBool,
}

/// One step of a batch of `n` points, as a solver knows it: total strains, and the temperature at t = 0.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Length of the step; positive.
    pub dt: f64,
    /// Time at its start.
    pub time0: f64,
    /// Total strain at the end of the step, `n x 6`, engineering shears.
    pub strain: &'a [f64],
    /// Temperature at the end of the step, `n`.
    pub temperature: &'a [f64],
    /// Temperature at t = 0 (not at the start of the step), `n`.
    pub initial_temperature: &'a [f64],
    /// State at the start of the step, `n x n_state`.
    pub state: &'a [f64],
    /// Total strain at the start of the step, `n x 6`, for laws that sub-step.
    pub strain0: Option<&'a [f64]>,
    /// Temperature at the start of the step, `n`, for laws that sub-step.
    pub temperature0: Option<&'a [f64]>,
    /// Where the points are, `n`, where the law wants to know.
    pub sites: Option<&'a [Site]>,
}

/// Buffers of [`Material::update`]; grown at need, kept by the caller from step to step.
#[derive(Debug, Default)]
pub struct MaterialWorkspace {
    strain: Vec<f64>,
    strain0: Vec<f64>,
}

impl Material {
    /// A material from its parts. `density` is a mass per volume; `aliases` gives, for variables of the law, their names
    /// in the program that the data come from (`p` -> `evrcum`).
    ///
    /// # Errors
    /// [`LawError::Range`] for a negative density or an expansion that is not finite.
    pub fn new(
        name: impl Into<String>,
        law: Box<dyn Law>,
        thermal: Option<ThermalExpansion>,
        density: f64,
        aliases: BTreeMap<String, String>,
    ) -> Result<Material, LawError> {
        Coefficient::from(density).check_not_negative("density")?;
        if let Some(thermal) = &thermal {
            thermal.alpha.check("alpha", "it must be finite", |_| true)?;
            Coefficient::from(thermal.reference.unwrap_or(0.0)).check(
                "reference",
                "it must be finite",
                |_| true,
            )?;
        }
        let alpha = thermal.as_ref().and_then(|thermal| common_range([&thermal.alpha]));
        let temperature_range = match (law.temperature_range(), alpha) {
            (Some(a), Some(b)) => Some(intersect(a, b)),
            (a, b) => a.or(b),
        };
        let left_tables = AtomicBool::new(false);
        Ok(Material { name: name.into(), law, thermal, density, aliases, temperature_range, left_tables })
    }

    /// Its name in the case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The mechanical part.
    pub fn law(&self) -> &dyn Law {
        self.law.as_ref()
    }

    /// Thermal expansion; `None`: no thermal strain, whatever the temperature.
    pub fn thermal(&self) -> Option<&ThermalExpansion> {
        self.thermal.as_ref()
    }

    /// Mass per volume.
    pub fn density(&self) -> f64 {
        self.density
    }

    /// Name of a variable of the law in the program that the data come from; its own name where there is no other.
    pub fn source_name<'a>(&'a self, variable: &'a str) -> &'a str {
        self.aliases.get(variable).map_or(variable, String::as_str)
    }

    /// All renamed variables: name in the law, name in the source.
    pub fn aliases(&self) -> &BTreeMap<String, String> {
        &self.aliases
    }

    /// Temperatures that all tables of the law and of the expansion cover; `None` where nothing depends on temperature.
    pub fn temperature_range(&self) -> Option<(f64, f64)> {
        self.temperature_range
    }

    /// Whether a temperature has been outside [`Material::temperature_range`] in any update so far: the end values of
    /// the tables were used, which deserves one warning.
    pub fn left_tables(&self) -> bool {
        self.left_tables.load(Ordering::Relaxed)
    }

    /// Integrates one step: subtracts the thermal strain, calls the law. Allocates only where `workspace` has never
    /// seen a batch as large.
    ///
    /// # Panics
    /// Where the lengths of the arrays do not belong together.
    pub fn update(&self, workspace: &mut MaterialWorkspace, step: Step, output: Output) -> Status {
        if let Some((low, high)) = self.temperature_range
            && step.temperature.iter().any(|&t| t < low || t > high)
        {
            self.left_tables.store(true, Ordering::Relaxed);
        }
        let Step { dt, time0, temperature, state, temperature0, initial_temperature, sites, .. } = step;
        let Some(thermal) = &self.thermal else {
            return self.law.update(
                Input {
                    dt,
                    time0,
                    strain: step.strain,
                    temperature,
                    state,
                    strain0: step.strain0,
                    temperature0,
                    sites,
                },
                output,
            );
        };
        mechanical(thermal, step.strain, temperature, initial_temperature, &mut workspace.strain);
        // Start values are of use together only.
        let start = step.strain0.zip(temperature0);
        if let Some((strain0, temperature0)) = start {
            mechanical(thermal, strain0, temperature0, initial_temperature, &mut workspace.strain0);
        }
        let strain0 = start.map(|_| &workspace.strain0[..]);
        self.law.update(
            Input { dt, time0, strain: &workspace.strain, temperature, state, strain0, temperature0, sites },
            output,
        )
    }
}

/// Total strains minus thermal ones.
fn mechanical(
    thermal: &ThermalExpansion,
    strain: &[f64],
    temperature: &[f64],
    initial_temperature: &[f64],
    result: &mut Vec<f64>,
) {
    assert_eq!(strain.len(), 6 * temperature.len(), "six strains per temperature");
    assert_eq!(initial_temperature.len(), temperature.len(), "one initial temperature per temperature");
    result.clear();
    result.extend_from_slice(strain);
    for ((e, &t), &t0) in result.chunks_exact_mut(6).zip(temperature).zip(initial_temperature) {
        let thermal = thermal.strain(t, t0);
        e[..3].iter_mut().for_each(|e| *e -= thermal);
    }
}

#[cfg(test)]
mod tests {
    use super::super::chaboche::{Chaboche, ChabocheSpec};
    use super::*;

    fn steel(thermal: Option<ThermalExpansion>) -> Material {
        let law = Chaboche::new(ChabocheSpec { r0: 10.0.into(), ..ChabocheSpec::new(2e5, 0.3) }).unwrap();
        Material::new("steel", Box::new(law), thermal, 7.8e-9, BTreeMap::new()).unwrap()
    }

    fn stress(material: &Material, e: f64, t: f64, t0: f64) -> [f64; 6] {
        let (mut stress, mut state) = ([0.0; 6], [0.0; 7]);
        let step = Step {
            dt: 1.0,
            strain: &[e, e, e, 0.0, 0.0, 0.0],
            temperature: &[t],
            initial_temperature: &[t0],
            state: &[0.0; 7],
            strain0: None,
            temperature0: None,
            time0: 0.0,
            sites: None,
        };
        let output = Output { state: &mut state, stress: &mut stress, tangent: None };
        assert_eq!(material.update(&mut MaterialWorkspace::default(), step, output), Status::Done);
        stress
    }

    fn alpha() -> Coefficient {
        Coefficient::table("alpha", &[0.0, 1000.0], &[1e-5, 2e-5]).unwrap()
    }

    #[test]
    fn a_free_thermal_expansion_is_stress_free() {
        let material = steel(Some(ThermalExpansion { alpha: alpha(), reference: Some(20.0) }));
        // alpha(500) = 1.5e-5, alpha(100) = 1.1e-5.
        let e = 1.5e-5 * 480.0 - 1.1e-5 * 80.0;
        assert!(stress(&material, e, 500.0, 100.0).iter().all(|s| s.abs() < 1e-9));
        assert_eq!(stress(&material, 0.0, 100.0, 100.0), [0.0; 6]);
        let own = steel(Some(ThermalExpansion { alpha: alpha(), reference: None }));
        assert!(stress(&own, 1.5e-5 * 400.0, 500.0, 100.0).iter().all(|s| s.abs() < 1e-9));
    }

    #[test]
    fn without_expansion_temperature_strains_nothing() {
        assert_eq!(stress(&steel(None), 0.0, 900.0, 100.0), [0.0; 6]);
    }

    #[test]
    fn leaving_the_tables_is_remembered() {
        let material = steel(Some(ThermalExpansion { alpha: alpha(), reference: None }));
        assert_eq!(material.temperature_range(), Some((0.0, 1000.0)));
        stress(&material, 0.0, 900.0, 900.0);
        assert!(!material.left_tables());
        stress(&material, 0.02, 1001.0, 0.0);
        assert!(material.left_tables());
    }

    #[test]
    fn variables_keep_their_name_unless_renamed() {
        let law = Chaboche::new(ChabocheSpec::new(2e5, 0.3)).unwrap();
        let aliases = BTreeMap::from([("p".to_owned(), "evrcum".to_owned())]);
        let material = Material::new("steel", Box::new(law), None, 0.0, aliases).unwrap();
        assert_eq!((material.source_name("p"), material.source_name("evp")), ("evrcum", "evp"));
        assert_eq!(material.law().variables()[0].name, "p");
    }
}
