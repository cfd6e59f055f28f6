//! Temperature histories: `T(x, t) = sum_f c_f(t) T_f(x)`.

use super::time::between;
use super::{Field, Loading, Table};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// How temperature is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum TemperatureSpec {
    /// The same everywhere and always.
    Constant(f64),
    /// `base + c(t) (max - base)`.
    Scaled {
        /// Where the table is 0.
        base: Field,
        /// Where the table is 1.
        max: Field,
        /// Name of the table.
        table: String,
    },
    /// Fields at given times, linear between.
    Maps {
        /// Time and field, times increasing.
        maps: Vec<(f64, Field)>,
        /// Start and end of a repeated interval; the maps repeat as a [`Table`] does.
        cycle: Option<[f64; 2]>,
    },
}

impl TemperatureSpec {
    /// What is wrong with it; `end` is the last time needed.
    pub(super) fn check(&self, end: f64) -> std::result::Result<(), String> {
        let bad = |f: &Field| matches!(f, Field::Uniform(v) if !v.is_finite());
        if self.fields().iter().any(bad) {
            return Err("has a value that is not a finite number; replace it".into());
        }
        match self {
            TemperatureSpec::Maps { maps, cycle } => {
                let times = maps.iter().map(|m| m.0).collect();
                Table { times, values: vec![0.0; maps.len()], cycle: *cycle }.check(end)
            }
            _ => Ok(()),
        }
    }

    /// The fields that it combines.
    pub fn fields(&self) -> Vec<Field> {
        match self {
            TemperatureSpec::Constant(t) => vec![Field::Uniform(*t)],
            TemperatureSpec::Scaled { base, max, .. } => vec![base.clone(), max.clone()],
            TemperatureSpec::Maps { maps, .. } => maps.iter().map(|m| m.1.clone()).collect(),
        }
    }

    /// Weight of each field at time `t`, into `c`.
    fn weights(&self, table: Option<&Table>, t: f64, c: &mut [f64]) {
        c.fill(0.0);
        match self {
            TemperatureSpec::Constant(_) => c[0] = 1.0,
            TemperatureSpec::Scaled { .. } => {
                let s = table.map_or(0.0, |f| f.value(t));
                (c[0], c[1]) = (1.0 - s, s);
            }
            TemperatureSpec::Maps { maps, cycle } => {
                let (i, j, s) = between(maps, |m| m.0, *cycle, t);
                c[i] += 1.0 - s;
                c[j] += s;
            }
        }
    }
}

/// A temperature history at some places: nodes of a subdomain, or reduced integration points.
#[derive(Debug, Clone)]
pub struct TemperatureHistory {
    spec: TemperatureSpec,
    table: Option<Table>,
    /// One value per place, per field.
    fields: Vec<Vec<f64>>,
    weights: Vec<f64>,
}

impl TemperatureHistory {
    /// Reads the fields at `positions` of the `total` nodes of the structure; no temperature is 0.
    ///
    /// # Errors
    /// A field cannot be read; a table is missing.
    pub fn at_nodes(loading: &Loading, positions: &[u64], total: u64) -> Result<TemperatureHistory> {
        let spec = loading.temperature.clone().unwrap_or(TemperatureSpec::Constant(0.0));
        let table = match &spec {
            TemperatureSpec::Scaled { table, .. } => Some(loading.table(table)?.clone()),
            _ => None,
        };
        let fields = spec.fields();
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            // cycles name the same fields again and again
            let known = fields[..i].iter().position(|f| f == field);
            values.push(match known {
                Some(k) => values[k].clone(),
                None => field.values(positions, total)?,
            });
        }
        let fields = values;
        Ok(TemperatureHistory { weights: vec![0.0; fields.len()], spec, table, fields })
    }

    /// The history at other places: every field is replaced by what `map` makes of it (an interpolation).
    #[must_use]
    pub fn mapped(&self, map: impl FnMut(&Vec<f64>) -> Vec<f64>) -> TemperatureHistory {
        TemperatureHistory { fields: self.fields.iter().map(map).collect(), ..self.clone() }
    }

    /// Temperatures at time `t`, into `out`, without allocation.
    pub fn evaluate(&mut self, t: f64, out: &mut [f64]) {
        self.spec.weights(self.table.as_ref(), t, &mut self.weights);
        out.fill(0.0);
        for (field, &c) in self.fields.iter().zip(&self.weights).filter(|(_, c)| **c != 0.0) {
            out.iter_mut().zip(field).for_each(|(o, f)| *o += c * f);
        }
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.fields[0].len()
    }

    /// Whether there is no place.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
