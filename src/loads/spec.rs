//! What acts on the structure, as a case says it: names of sets and tables, no mesh.

use super::{Amplitude, Field, Table, TemperatureSpec};
use crate::error::{Error, Result, nearest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A displacement component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dof {
    /// First axis.
    U1,
    /// Second axis.
    U2,
    /// Third axis.
    U3,
}

impl Dof {
    /// 0, 1 or 2.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The component that `U1`, `U2`, `U3` names.
    pub fn parse(name: &str) -> Option<Dof> {
        [("U1", Dof::U1), ("U2", Dof::U2), ("U3", Dof::U3)]
            .into_iter()
            .find(|(n, _)| *n == name)
            .map(|(_, d)| d)
    }
}

/// A prescribed displacement: `value` times a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prescribed {
    /// Node set.
    pub set: String,
    /// Component.
    pub dof: Dof,
    /// Displacement (times the table).
    #[serde(default)]
    pub value: f64,
    /// Table; constant without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl Prescribed {
    /// A short name for messages.
    pub fn describe(&self) -> String {
        format!("prescribed U{} of '{}'", self.dof.index() + 1, self.set)
    }
}

/// The spatial part of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `-p n` on the faces of a set: positive compresses. Dead load.
    Pressure {
        /// Face set.
        set: String,
        /// Per face.
        field: Field,
    },
    /// A force per area on the faces of a set.
    Traction {
        /// Face set.
        set: String,
        /// Force per area.
        vector: [f64; 3],
    },
    /// `rho omega^2 r`: rotation about an axis; `speed` is omega.
    Centrifugal {
        /// Element set.
        set: String,
        /// A point of the axis.
        center: [f64; 3],
        /// Direction of the axis.
        axis: [f64; 3],
        /// Angular speed.
        speed: f64,
        /// The table multiplies the squared speed, not the speed.
        #[serde(default)]
        squared: bool,
    },
    /// `rho a`: an acceleration on an element set.
    BodyForce {
        /// Element set.
        set: String,
        /// Acceleration.
        acceleration: [f64; 3],
    },
    /// A force on every node of a set.
    NodalForce {
        /// Node set.
        set: String,
        /// Component.
        dof: Dof,
        /// Force per node.
        value: f64,
    },
}

/// A load: shape times table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Spatial part.
    pub shape: Shape,
    /// Table; constant without. For a rotation it multiplies the speed (and is squared with it), or the squared speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl Load {
    /// Every number that the case gives for it.
    fn numbers(&self) -> Vec<f64> {
        match &self.shape {
            Shape::Pressure { field: Field::Uniform(v), .. } | Shape::NodalForce { value: v, .. } => vec![*v],
            Shape::Pressure { .. } => Vec::new(),
            Shape::Traction { vector, .. } => vector.to_vec(),
            Shape::Centrifugal { center, axis, speed, .. } => [&center[..], &axis[..], &[*speed]].concat(),
            Shape::BodyForce { acceleration, .. } => acceleration.to_vec(),
        }
    }

    /// A short name for messages.
    pub fn describe(&self) -> String {
        match &self.shape {
            Shape::Pressure { set, .. } => format!("pressure on '{set}'"),
            Shape::Traction { set, .. } => format!("traction on '{set}'"),
            Shape::Centrifugal { set, .. } => format!("centrifugal load on '{set}'"),
            Shape::BodyForce { set, .. } => format!("body force on '{set}'"),
            Shape::NodalForce { set, .. } => format!("nodal force on '{set}'"),
        }
    }
}

/// Everything that acts, with its tables.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loading {
    /// Forces.
    pub loads: Vec<Load>,
    /// Prescribed displacements; where two name the same dof the last one counts.
    pub prescribed: Vec<Prescribed>,
    /// Temperature history; without it every temperature is 0.
    pub temperature: Option<TemperatureSpec>,
    /// Tables by name.
    pub tables: BTreeMap<String, Table>,
}

impl Loading {
    /// The table of that name.
    ///
    /// # Errors
    /// [`crate::error::Kind::Case`] with the nearest name.
    pub fn table(&self, name: &str) -> Result<&Table> {
        self.tables.get(name).ok_or_else(|| {
            let hint = match nearest(name, self.tables.keys().map(String::as_str)) {
                Some(n) => format!("the nearest is '{n}'"),
                None => "define it under [tables]".to_owned(),
            };
            Error::case(format!("no table is called '{name}'; {hint}"))
        })
    }

    /// Amplitude of a load.
    ///
    /// # Errors
    /// As [`Loading::table`].
    pub fn amplitude(&self, load: &Load) -> Result<Amplitude> {
        let table = load.table.as_ref().map(|t| self.table(t).cloned()).transpose()?;
        Ok(Amplitude { table, squared: matches!(load.shape, Shape::Centrifugal { squared: false, .. }) })
    }

    /// Value of a prescribed displacement in time.
    ///
    /// # Errors
    /// As [`Loading::table`].
    pub fn prescribed_amplitude(&self, p: &Prescribed) -> Result<Amplitude> {
        let table = p.table.as_ref().map(|t| self.table(t).cloned()).transpose()?;
        Ok(Amplitude { table, squared: false })
    }

    /// Checks every table against the end of the run and that every table that is named exists.
    ///
    /// # Errors
    /// [`crate::error::Kind::Case`].
    pub fn check(&self, end: f64) -> Result<()> {
        let used = self.loads.iter().map(|l| &l.table).chain(self.prescribed.iter().map(|p| &p.table));
        let scaled = match &self.temperature {
            Some(TemperatureSpec::Scaled { table, .. }) => Some(table),
            _ => None,
        };
        for load in &self.loads {
            if let Some(bad) = load.numbers().into_iter().find(|x| !x.is_finite()) {
                return Err(Error::case(format!(
                    "{}: {bad} is not a finite number; replace it",
                    load.describe()
                )));
            }
        }
        if let Some(p) = self.prescribed.iter().find(|p| !p.value.is_finite()) {
            return Err(Error::case(format!(
                "{}: {} is not a finite number; replace it",
                p.describe(),
                p.value
            )));
        }
        for name in used.flatten().chain(scaled) {
            let table = self.table(name)?;
            table.check(end).map_err(|e| Error::case(format!("table '{name}' {e}")))?;
        }
        match &self.temperature {
            Some(t) => t.check(end).map_err(|e| Error::case(format!("temperature: {e}"))),
            None => Ok(()),
        }
    }
}
