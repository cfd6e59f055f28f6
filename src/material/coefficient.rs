//! Coefficients of laws: constants, or tables of temperature, linear between their nodes and clamped outside.

use serde::de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LawError;

/// A coefficient: constant, or piecewise linear in temperature with constant continuation.
///
/// In TOML: a number, or `{ temperature = [20, 900], value = [2e5, 1.5e5] }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Constant(f64),
    Table { temperature: Box<[f64]>, value: Box<[f64]> },
}

impl From<f64> for Coefficient {
    fn from(value: f64) -> Coefficient {
        Coefficient(Kind::Constant(value))
    }
}

impl Coefficient {
    /// A table: `value[i]` at `temperature[i]`, temperatures strictly increasing. One whose values are all equal
    /// becomes a constant.
    ///
    /// # Errors
    /// [`LawError::Table`] for lengths that differ or are zero, a value that is not finite, temperatures that do not
    /// increase.
    pub fn table(name: &str, temperature: &[f64], value: &[f64]) -> Result<Coefficient, LawError> {
        Self::unnamed_table(temperature, value)
            .map_err(|problem| LawError::Table { name: name.to_owned(), problem })
    }

    fn unnamed_table(temperature: &[f64], value: &[f64]) -> Result<Coefficient, String> {
        if temperature.len() != value.len() {
            return Err(format!(
                "{} temperatures but {} values; give one value per temperature",
                temperature.len(),
                value.len()
            ));
        }
        let Some(&first) = value.first() else {
            return Err("it is empty; give at least one temperature and value".to_owned());
        };
        if let Some(bad) = temperature.iter().chain(value).find(|x| !x.is_finite()) {
            return Err(format!("it holds {bad}; every temperature and value must be finite"));
        }
        if let Some(pair) = temperature.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!(
                "temperature {} follows {}; temperatures must increase strictly",
                pair[1], pair[0]
            ));
        }
        if value.iter().all(|&v| v == first) {
            return Ok(first.into());
        }
        Ok(Coefficient(Kind::Table { temperature: temperature.into(), value: value.into() }))
    }

    /// The value at `temperature`.
    #[inline]
    pub fn at(&self, temperature: f64) -> f64 {
        match &self.0 {
            Kind::Constant(value) => *value,
            Kind::Table { temperature: nodes, value } => interpolate(nodes, value, temperature),
        }
    }

    /// The value where it does not depend on temperature.
    pub fn as_constant(&self) -> Option<f64> {
        match self.0 {
            Kind::Constant(value) => Some(value),
            Kind::Table { .. } => None,
        }
    }

    /// Whether it is zero at every temperature.
    pub fn is_zero(&self) -> bool {
        self.as_constant() == Some(0.0)
    }

    /// Temperatures of the table, none for a constant.
    pub fn nodes(&self) -> &[f64] {
        match &self.0 {
            Kind::Constant(_) => &[],
            Kind::Table { temperature, .. } => temperature,
        }
    }

    /// Values at the nodes; the one value of a constant.
    pub fn values(&self) -> &[f64] {
        match &self.0 {
            Kind::Constant(value) => std::slice::from_ref(value),
            Kind::Table { value, .. } => value,
        }
    }

    /// Checks every value, which by linearity covers every temperature when `holds` is an interval.
    ///
    /// # Errors
    /// [`LawError::Range`] with the first value that is not finite or for which `holds` is false; `rule` says in
    /// words what must hold.
    pub fn check(&self, name: &str, rule: &str, holds: impl Fn(f64) -> bool) -> Result<(), LawError> {
        match self.values().iter().find(|&&v| !(v.is_finite() && holds(v))) {
            Some(&value) => Err(LawError::Range { name: name.to_owned(), value, rule: rule.to_owned() }),
            None => Ok(()),
        }
    }

    /// [`Coefficient::check`] that values are positive.
    ///
    /// # Errors
    /// [`LawError::Range`].
    pub fn check_positive(&self, name: &str) -> Result<(), LawError> {
        self.check(name, "it must be positive", |v| v > 0.0)
    }

    /// [`Coefficient::check`] that values are zero or positive.
    ///
    /// # Errors
    /// [`LawError::Range`].
    pub fn check_not_negative(&self, name: &str) -> Result<(), LawError> {
        self.check(name, "it must be zero or positive", |v| v >= 0.0)
    }
}

/// Temperatures that all the tables cover; `None` where all are constants.
pub(crate) fn common_range<'a>(all: impl IntoIterator<Item = &'a Coefficient>) -> Option<(f64, f64)> {
    all.into_iter().filter_map(|c| Some((*c.nodes().first()?, *c.nodes().last()?))).reduce(intersect)
}

/// Intersection of two intervals.
pub(crate) fn intersect(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.max(b.0), a.1.min(b.1))
}

/// Temperatures at which a condition on several coefficients must be checked: all nodes, or 0 when all are constant.
pub(crate) fn all_nodes<'a>(all: impl IntoIterator<Item = &'a Coefficient>) -> Vec<f64> {
    let mut nodes: Vec<f64> = all.into_iter().flat_map(|c| c.nodes().iter().copied()).collect();
    nodes.sort_by(f64::total_cmp);
    nodes.dedup();
    if nodes.is_empty() {
        nodes.push(0.0);
    }
    nodes
}

/// Several coefficients on the union of their nodes: one search serves them all.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    nodes: Vec<f64>,
    /// Values of all coefficients at the first node, then at the second...
    values: Vec<f64>,
    columns: usize,
}

impl Tables {
    pub(crate) fn new<'a>(all: impl Iterator<Item = &'a Coefficient> + Clone) -> Tables {
        let nodes = all_nodes(all.clone());
        let values = nodes.iter().flat_map(|&t| all.clone().map(move |c| c.at(t))).collect();
        Tables { nodes, values, columns: all.count() }
    }

    /// Whether no coefficient depends on temperature.
    pub(crate) fn is_constant(&self) -> bool {
        self.nodes.len() == 1
    }

    /// How many coefficients.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Hands the value of every coefficient to `put`, with its place in the list.
    #[inline(always)]
    pub(crate) fn at(&self, temperature: f64, mut put: impl FnMut(usize, f64)) {
        let above = self.nodes.partition_point(|&node| node <= temperature).clamp(1, self.nodes.len());
        let row = &self.values[(above - 1) * self.columns..above * self.columns];
        let s = match self.nodes.get(above) {
            Some(next) => ((temperature - self.nodes[above - 1]) / (next - self.nodes[above - 1])).max(0.0),
            None => 0.0,
        };
        if s > 0.0 {
            let next = &self.values[above * self.columns..(above + 1) * self.columns];
            row.iter().zip(next).enumerate().for_each(|(i, (a, b))| put(i, a + s * (b - a)));
        } else {
            row.iter().enumerate().for_each(|(i, &a)| put(i, a));
        }
    }
}

#[inline]
fn interpolate(nodes: &[f64], value: &[f64], temperature: f64) -> f64 {
    let above = nodes.partition_point(|&node| node <= temperature);
    if above == 0 {
        return value[0];
    }
    if above == nodes.len() {
        return value[above - 1];
    }
    let (t0, t1) = (nodes[above - 1], nodes[above]);
    let s = (temperature - t0) / (t1 - t0);
    value[above - 1] * (1.0 - s) + value[above] * s
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    temperature: Vec<f64>,
    value: Vec<f64>,
}

impl Serialize for Coefficient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Kind::Constant(value) => serializer.serialize_f64(*value),
            Kind::Table { temperature, value } => {
                Table { temperature: temperature.to_vec(), value: value.to_vec() }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Coefficient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Coefficient, D::Error> {
        deserializer.deserialize_any(NumberOrTable)
    }
}

struct NumberOrTable;

impl<'de> Visitor<'de> for NumberOrTable {
    type Value = Coefficient;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a number or a table { temperature = [...], value = [...] }")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Coefficient, E> {
        Ok(value.into())
    }

    // Coefficients that need more than 53 bits do not exist.
    fn visit_i64<E>(self, value: i64) -> Result<Coefficient, E> {
        Ok((value as f64).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Coefficient, E> {
        Ok((value as f64).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Coefficient, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        Coefficient::unnamed_table(&table.temperature, &table.value).map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_linear_between_nodes_and_clamped_outside() {
        let c = Coefficient::table("K", &[0.0, 100.0, 300.0], &[1.0, 2.0, 0.0]).unwrap();
        for (t, v) in
            [(-5.0, 1.0), (0.0, 1.0), (50.0, 1.5), (100.0, 2.0), (200.0, 1.0), (300.0, 0.0), (1e9, 0.0)]
        {
            assert_eq!(c.at(t), v, "at {t}");
        }
        assert_eq!(common_range([&c, &1.0.into()]), Some((0.0, 300.0)));
    }

    #[test]
    fn coefficients_on_one_grid_have_the_values_of_their_own_tables() {
        let a = Coefficient::table("a", &[0.0, 100.0, 300.0], &[1.0, 2.0, 0.0]).unwrap();
        let b = Coefficient::table("b", &[50.0, 500.0], &[3.0, 12.0]).unwrap();
        let c = Coefficient::from(0.3);
        let tables = Tables::new([&a, &b, &c].into_iter());
        for t in [-5.0, 0.0, 20.0, 50.0, 75.0, 100.0, 250.0, 300.0, 450.0, 500.0, 1e9] {
            let mut found = [f64::NAN; 3];
            tables.at(t, |i, v| found[i] = v);
            for (found, due) in found.iter().zip([&a, &b, &c].map(|c| c.at(t))) {
                assert!((found - due).abs() <= 4.0 * f64::EPSILON * due, "{found} for {due} at {t}");
            }
        }
    }

    #[test]
    fn a_table_of_equal_values_is_a_constant() {
        let c = Coefficient::table("young", &[0.0, 2000.0], &[2e5, 2e5]).unwrap();
        assert_eq!(c.as_constant(), Some(2e5));
    }

    #[test]
    fn an_unusable_table_is_named() {
        let error = Coefficient::table("young", &[0.0, 0.0], &[1.0, 2.0]).unwrap_err();
        assert!(error.to_string().contains("'young'"), "{error}");
        for (t, v) in [(vec![], vec![]), (vec![1.0], vec![1.0, 2.0]), (vec![0.0, f64::NAN], vec![1.0, 2.0])] {
            assert!(Coefficient::table("young", &t, &v).is_err());
        }
    }

    #[test]
    fn a_coefficient_survives_toml() {
        #[derive(Serialize, Deserialize)]
        struct Both {
            a: Coefficient,
            b: Coefficient,
            c: Coefficient,
        }
        let text = "a = 3\nb = 2.5\nc = { temperature = [0, 10.0], value = [1, 2] }";
        let both: Both = toml::from_str(text).unwrap();
        assert_eq!(both.a.as_constant(), Some(3.0));
        assert_eq!(both.c.at(5.0), 1.5);
        let again: Both = toml::from_str(&toml::to_string(&both).unwrap()).unwrap();
        assert_eq!((again.a, again.b, again.c), (both.a, both.b, both.c));
        let error = toml::from_str::<Both>("a = 1\nb = 1\nc = { temperature = [1], value = [] }");
        assert!(error.err().unwrap().to_string().contains("1 temperatures but 0 values"));
    }
}
