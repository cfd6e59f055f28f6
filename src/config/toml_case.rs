//! The layout of `case.toml`, and its translation to a [`Case`].

use super::{Case, OfflineOptions, OnlineOptions, OutputSpec, SolverOptions};
use crate::error::{Error, Result};
use crate::loads::Dof;
use crate::loads::{Field, Load, Loading, Prescribed, Shape, Table, TemperatureSpec, TimeSteps};
use crate::material::MaterialSpec;
use crate::structure::MaterialEntry;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A `case.toml` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TomlCase {
    mesh: Option<PathBuf>,
    time: TimeSteps,
    #[serde(default)]
    fix: Vec<Prescribed>,
    #[serde(default)]
    pressure: Vec<PressureToml>,
    #[serde(default)]
    traction: Vec<TractionToml>,
    #[serde(default)]
    centrifugal: Vec<CentrifugalToml>,
    #[serde(default)]
    body_force: Vec<BodyForceToml>,
    #[serde(default)]
    nodal_force: Vec<NodalForceToml>,
    temperature: Option<TemperatureToml>,
    #[serde(default)]
    tables: BTreeMap<String, Table>,
    #[serde(default)]
    material: Vec<MaterialToml>,
    #[serde(default)]
    solver: SolverOptions,
    #[serde(default)]
    offline: OfflineOptions,
    #[serde(default)]
    online: OnlineOptions,
    #[serde(default)]
    output: OutputSpec,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PressureToml {
    set: String,
    value: Option<f64>,
    file: Option<PathBuf>,
    record: Option<u64>,
    table: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TractionToml {
    set: String,
    vector: [f64; 3],
    table: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CentrifugalToml {
    #[serde(default = "all")]
    set: String,
    #[serde(default)]
    center: [f64; 3],
    axis: [f64; 3],
    speed: f64,
    table: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyForceToml {
    #[serde(default = "all")]
    set: String,
    acceleration: [f64; 3],
    table: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodalForceToml {
    set: String,
    dof: Dof,
    value: f64,
    table: Option<String>,
}

/// `[temperature]`: one of `constant`; `base`/`max`/`table`; `maps`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemperatureToml {
    constant: Option<f64>,
    base: Option<FieldToml>,
    max: Option<FieldToml>,
    table: Option<String>,
    maps: Option<Vec<MapToml>>,
    cycle: Option<[f64; 2]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapToml {
    time: f64,
    value: Option<f64>,
    file: Option<PathBuf>,
    record: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldToml {
    value: Option<f64>,
    file: Option<PathBuf>,
    record: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct MaterialToml {
    set: Option<String>,
    #[serde(flatten)]
    material: toml::Table,
}

fn all() -> String {
    "all".into()
}

impl TomlCase {
    /// Resolves relative files against the case's folder and checks what serde cannot.
    pub(super) fn resolve(self, path: &Path) -> Result<Case> {
        let wrong = |place: &str, problem: &str, remedy: &str| Error::case_file(path, place, problem, remedy);
        let folder = path.parent().unwrap_or(Path::new("."));
        let field = |place: &str, value: Option<f64>, file: Option<PathBuf>, record: Option<u64>| match (
            value, file, record,
        ) {
            (Some(v), None, None) => Ok(Field::Uniform(v)),
            (None, Some(f), r) => Ok(Field::File { path: folder.join(f), record: r.unwrap_or(1) }),
            _ => Err(wrong(
                place,
                "a field is either 'value' or 'file' (with 'record')",
                "give one of the two",
            )),
        };
        let mut loads = Vec::new();
        for p in self.pressure {
            let field = field("[[pressure]]", p.value, p.file, p.record)?;
            loads.push(Load { shape: Shape::Pressure { set: p.set, field }, table: p.table });
        }
        for t in self.traction {
            loads.push(Load { shape: Shape::Traction { set: t.set, vector: t.vector }, table: t.table });
        }
        for c in self.centrifugal {
            if c.axis.iter().all(|x| *x == 0.0) {
                return Err(wrong(
                    "[[centrifugal]] axis",
                    "the axis has no direction",
                    "give a non-zero vector",
                ));
            }
            let shape = Shape::Centrifugal {
                set: c.set,
                center: c.center,
                axis: c.axis,
                speed: c.speed,
                squared: false,
            };
            loads.push(Load { shape, table: c.table });
        }
        for b in self.body_force {
            loads.push(Load {
                shape: Shape::BodyForce { set: b.set, acceleration: b.acceleration },
                table: b.table,
            });
        }
        for n in self.nodal_force {
            loads.push(Load {
                shape: Shape::NodalForce { set: n.set, dof: n.dof, value: n.value },
                table: n.table,
            });
        }
        let temperature = match self.temperature {
            None => None,
            Some(t) => Some(match (t.constant, t.base, t.max, t.table, t.maps) {
                (Some(c), None, None, None, None) => TemperatureSpec::Constant(c),
                (None, Some(b), Some(m), Some(table), None) => TemperatureSpec::Scaled {
                    base: field("[temperature] base", b.value, b.file, b.record)?,
                    max: field("[temperature] max", m.value, m.file, m.record)?,
                    table,
                },
                (None, None, None, None, Some(maps)) => TemperatureSpec::Maps {
                    maps: maps
                        .into_iter()
                        .map(|m| Ok((m.time, field("[temperature] maps", m.value, m.file, m.record)?)))
                        .collect::<Result<_>>()?,
                    cycle: t.cycle,
                },
                _ => {
                    let remedy = "give 'constant', or 'base', 'max' and 'table', or 'maps'";
                    return Err(wrong("[temperature]", "the keys do not go together", remedy));
                }
            }),
        };
        let materials = self
            .material
            .into_iter()
            .enumerate()
            .map(|(i, m)| {
                let mut material: MaterialSpec = m.material.try_into().map_err(|e: toml::de::Error| {
                    wrong(&format!("[[material]] number {}", i + 1), &super::read::explain(e.message()), "")
                })?;
                material.locate(folder);
                Ok(MaterialEntry { set: m.set, material })
            })
            .collect::<Result<_>>()?;
        let case = Case {
            path: path.to_owned(),
            mesh: self.mesh.map(|m| folder.join(m)),
            time: self.time,
            loading: Loading { loads, prescribed: self.fix, temperature, tables: self.tables },
            materials,
            solver: self.solver,
            offline: self.offline,
            online: self.online,
            output: self.output,
        };
        case.check()?;
        Ok(case)
    }
}
