//! `ferrom check-law`: the laws of a case along random paths.

use crate::config::Case;
use crate::error::{Error, Result};
use crate::loads::{Field, TemperatureSpec};
use crate::material::Material;
use crate::material::check::{CheckOptions, LawReport, check};
use crate::parallel::{Comm, agree};

/// What a user asks for; the case answers what is left open.
#[derive(Debug, Clone, Default)]
pub struct LawCheck {
    /// Only this material.
    pub material: Option<String>,
    /// Temperatures; else those of the law's tables, else the uniform ones of the case.
    pub temperature: Option<(f64, f64)>,
    /// Step length; else the mean increment of the case.
    pub dt: Option<f64>,
    /// Everything else.
    pub options: CheckOptions,
}

/// Name of a material, its law, and what was found out; on rank 0 only, which does the work.
pub type LawReports = Vec<(String, String, LawReport)>;

/// Checks the laws of a case.
///
/// # Errors
/// A material cannot be built, or there is none of that name; options that no path can be drawn with.
///
/// # Collective
pub fn check_law(comm: &Comm, case: &Case, wanted: &LawCheck) -> Result<LawReports> {
    agree(comm, if comm.is_root() { reports(case, wanted) } else { Ok(Vec::new()) })
}

fn reports(case: &Case, wanted: &LawCheck) -> Result<LawReports> {
    let positive = |name: &str, x: f64| {
        let problem = || Error::case(format!("{name} is {x}; give a positive number"));
        if x > 0.0 && x.is_finite() { Ok(()) } else { Err(problem()) }
    };
    positive("--strain", wanted.options.strain)?;
    positive("--step", wanted.dt.unwrap_or(1.0))?;
    positive("--tol", wanted.options.tolerance)?;
    if let Some((low, high)) = wanted.temperature
        && !(low <= high && low.is_finite() && high.is_finite())
    {
        return Err(Error::case(format!("--temperature is {low} to {high}; give the lower one first")));
    }
    let mut reports = Vec::new();
    for entry in &case.materials {
        let name = &entry.material.name;
        if wanted.material.as_ref().is_some_and(|m| m != name) {
            continue;
        }
        let material = entry.material.build().map_err(|e| case.locate(e))?;
        let options = CheckOptions {
            temperature: wanted.temperature.unwrap_or_else(|| temperatures(case, &material)),
            dt: wanted.dt.unwrap_or_else(|| case.time.end() / case.time.end_times().len().max(1) as f64),
            ..wanted.options.clone()
        };
        reports.push((name.clone(), material.law().name().to_owned(), check(material.law(), &options)));
    }
    if reports.is_empty() {
        let names: Vec<&str> = case.materials.iter().map(|m| m.material.name.as_str()).collect();
        let name = wanted.material.as_deref().unwrap_or("");
        let problem = format!("no material is named '{name}'; there are {}", names.join(", "));
        return Err(Error::case_file(&case.path, "--material", problem, ""));
    }
    Ok(reports)
}

fn temperatures(case: &Case, material: &Material) -> (f64, f64) {
    if let Some(range) = material.law().temperature_range() {
        return range;
    }
    let fields: Vec<&Field> = match &case.loading.temperature {
        None => Vec::new(),
        Some(TemperatureSpec::Constant(t)) => return (*t, *t),
        Some(TemperatureSpec::Scaled { base, max, .. }) => vec![base, max],
        Some(TemperatureSpec::Maps { maps, .. }) => maps.iter().map(|(_, f)| f).collect(),
    };
    let uniform = fields.into_iter().filter_map(|f| match f {
        Field::Uniform(t) => Some((*t, *t)),
        Field::File { .. } | Field::Ansys { .. } => None,
    });
    uniform.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0.0, 0.0))
}
