//! A Z-set `.inp` as a case.

use super::{Case, OfflineOptions, OnlineOptions, OutputSpec, SolverOptions};
use crate::error::{Error, Result};
use crate::formats::zset::ZsetMaterial;
use crate::formats::zset::inp::{
    BoundaryCondition, FaceField, Inp, NodalField, Resolution, TemperatureHistory,
};
use crate::loads::{Dof, Field, Load, Loading, Prescribed, Shape, Table, TemperatureSpec, TimeSteps};
use crate::structure::MaterialEntry;
use std::path::Path;

/// Reads an input and the material files that it names.
pub(super) fn read_inp(path: &Path) -> Result<Case> {
    let inp = Inp::read(path)?;
    let time = time_steps(path, &inp.resolution)?;
    let mut loading = Loading::default();
    for condition in &inp.conditions {
        match condition {
            BoundaryCondition::NodalDof { set, dof, value, table, .. } => {
                let dof = [Dof::U1, Dof::U2, Dof::U3][(*dof).min(2)];
                loading.prescribed.push(Prescribed {
                    set: set.clone(),
                    dof,
                    value: *value,
                    table: table.clone(),
                });
            }
            BoundaryCondition::Pressure { set, field, table, .. } => {
                let field = match field {
                    FaceField::Uniform(v) => Field::Uniform(*v),
                    FaceField::File(path) => Field::File { path: path.clone(), record: 1 },
                };
                // Z-set's is a traction along the normal, ours a pressure against it: the table changes its sign
                let table = negated(&mut loading, &inp, table);
                loading
                    .loads
                    .push(Load { shape: Shape::Pressure { set: set.clone(), field }, table: Some(table) });
            }
            BoundaryCondition::Centrifugal { set, center, axis, coefficient, table, .. } => {
                let mut direction = [0.0; 3];
                direction[(*axis).min(2)] = 1.0;
                let shape = Shape::Centrifugal {
                    set: set.clone(),
                    center: *center,
                    axis: direction,
                    speed: *coefficient,
                    squared: false,
                };
                loading.loads.push(Load { shape, table: Some(table.clone()) });
            }
        }
    }
    for (name, table) in &inp.tables {
        loading.tables.insert(name.clone(), time_table(&table.times, &table.values, table.cycle));
    }
    let end = time.end();
    loading.temperature = inp.temperature.as_ref().map(|t| match &t.history {
        TemperatureHistory::Blend { base, max, table } => {
            TemperatureSpec::Scaled { base: nodal(base), max: nodal(max), table: table.clone() }
        }
        TemperatureHistory::Maps(maps) => {
            let maps = t.knots(end).into_iter().map(|(time, i)| (time, nodal(&maps[i].field))).collect();
            TemperatureSpec::Maps { maps, cycle: None }
        }
    });
    let materials = inp
        .materials
        .iter()
        .map(|m| {
            let name = m.elset.clone().unwrap_or_else(|| "ALL_ELEMENT".into());
            let material = ZsetMaterial::read(&m.file).and_then(|z| z.to_spec(&name));
            Ok(MaterialEntry { set: m.elset.clone(), material: material.map_err(as_case)? })
        })
        .collect::<Result<_>>()?;
    let defaults = SolverOptions::default();
    let case = Case {
        path: path.to_owned(),
        mesh: Some(inp.mesh.clone()),
        time,
        loading,
        materials,
        solver: SolverOptions {
            // never looser than ours: results are compared beyond the source's own tolerance
            tolerance: inp.resolution.ratio.unwrap_or(1.0).min(defaults.tolerance),
            ..defaults
        },
        offline: OfflineOptions::default(),
        online: OnlineOptions::default(),
        output: OutputSpec::default(),
    };
    case.check()?;
    Ok(case)
}

fn nodal(field: &NodalField) -> Field {
    match field {
        NodalField::Uniform(v) => Field::Uniform(*v),
        NodalField::File { path, record } => Field::File { path: path.clone(), record: *record },
    }
}

fn time_table(times: &[f64], values: &[f64], cycle: Option<(f64, f64)>) -> Table {
    Table { times: times.to_vec(), values: values.to_vec(), cycle: cycle.map(|(a, b)| [a, b]) }
}

/// Adds the table with the opposite sign; its name.
fn negated(loading: &mut Loading, inp: &Inp, table: &str) -> String {
    let name = format!("minus {table}");
    if let Some(t) = inp.tables.get(table) {
        let values: Vec<f64> = t.values.iter().map(|v| -v).collect();
        loading.tables.insert(name.clone(), time_table(&t.times, &values, t.cycle));
    }
    name
}

fn time_steps(path: &Path, resolution: &Resolution) -> Result<TimeSteps> {
    let too_many = |what: &str, n: u64| {
        Error::case_file(path, "***resolution", format!("{n} {what} are too many"), "ask for fewer than 4e9")
    };
    let small = |what: &str, n: u64| u32::try_from(n).map_err(|_| too_many(what, n));
    Ok(TimeSteps {
        cycles: small("cycles", resolution.cycles)?,
        times: resolution.segments.iter().map(|s| s.end).collect(),
        increments: resolution
            .segments
            .iter()
            .map(|s| small("increments", s.increments))
            .collect::<Result<_>>()?,
    })
}

/// A material file belongs to the case: what is wrong in it is an error of the case.
fn as_case(e: Error) -> Error {
    Error::case(e.message)
}
