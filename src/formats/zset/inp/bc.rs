//! `***bc`: prescribed displacements and loads. A kind that is not known here would change the answer: it is refused.

use crate::error::Result;
use crate::formats::zset::blocks::{Block, Document, Row, number};
use std::path::PathBuf;

/// A field given per face.
#[derive(Debug, Clone, PartialEq)]
pub enum FaceField {
    /// One value for all faces.
    Uniform(f64),
    /// A file of one record: one value a face, in the order of the set.
    File(PathBuf),
}

/// A boundary condition or load.
#[derive(Debug, Clone, PartialEq)]
pub enum BoundaryCondition {
    /// `**impose_nodal_dof`: displacement component `dof` (from 0) of a node set is `value`, times the table if any.
    NodalDof {
        /// Line in the file.
        line: usize,
        /// Node set.
        set: String,
        /// Component, from 0.
        dof: usize,
        /// Displacement, or factor of the table.
        value: f64,
        /// Time table.
        table: Option<String>,
    },
    /// `**pressure`: traction `field * table(t) * n` on a face set, `n` from the node order of the faces (outward in
    /// practice). Positive is outward: the opposite of a pressure.
    Pressure {
        /// Line in the file.
        line: usize,
        /// Face set.
        set: String,
        /// Value of each face.
        field: FaceField,
        /// Time table.
        table: String,
    },
    /// `**centrifugal`: body force `rho (coefficient * table(t))^2 r`, `r` the vector from the axis.
    Centrifugal {
        /// Line in the file.
        line: usize,
        /// Element set.
        set: String,
        /// A point of the axis.
        center: [f64; 3],
        /// Direction of the axis: 0, 1, 2 for x, y, z.
        axis: usize,
        /// Factor of the table: together an angular velocity.
        coefficient: f64,
        /// Time table.
        table: String,
    },
}

impl BoundaryCondition {
    /// Line in the file.
    pub fn line(&self) -> usize {
        match self {
            BoundaryCondition::NodalDof { line, .. }
            | BoundaryCondition::Pressure { line, .. }
            | BoundaryCondition::Centrifugal { line, .. } => *line,
        }
    }

    /// The table it follows.
    pub fn table(&self) -> Option<&str> {
        match self {
            BoundaryCondition::NodalDof { table, .. } => table.as_deref(),
            BoundaryCondition::Pressure { table, .. } | BoundaryCondition::Centrifugal { table, .. } => {
                Some(table)
            }
        }
    }
}

pub(super) fn read_conditions(d: &Document, block: &Block, out: &mut Vec<BoundaryCondition>) -> Result<()> {
    for child in &block.children {
        let read = match child.name.as_str() {
            "impose_nodal_dof" => nodal_dof,
            "pressure" => pressure,
            "centrifugal" => centrifugal,
            _ => {
                let problem = format!("boundary condition {child} is not supported");
                return Err(d.error(
                    child.line(),
                    problem,
                    "supported are **impose_nodal_dof, **pressure, **centrifugal",
                ));
            }
        };
        if let Some(inner) = child.children.first() {
            return Err(d.error(inner.line(), format!("{inner} of {child} is not supported"), "remove it"));
        }
        for row in std::iter::once(&child.head).chain(&child.rows).filter(|r| !r.words.is_empty()) {
            out.push(read(d, row)?);
        }
    }
    Ok(())
}

fn words(row: &Row) -> Vec<&str> {
    row.words.iter().map(String::as_str).collect()
}

fn nodal_dof(d: &Document, row: &Row) -> Result<BoundaryCondition> {
    let (set, dof, value, table) = match words(row)[..] {
        [set, dof, value] => (set, dof, value, None),
        [set, dof, value, table] => (set, dof, value, Some(table.to_owned())),
        _ => {
            let problem = format!("'{}' is not a prescribed displacement", row.words.join(" "));
            return Err(d.error(row.line, problem, "write SET U1|U2|U3 VALUE [TABLE]"));
        }
    };
    let dof = ["U1", "U2", "U3"].iter().position(|name| *name == dof).ok_or_else(|| {
        d.error(row.line, format!("degree of freedom '{dof}' is not supported"), "supported are U1, U2, U3")
    })?;
    let value = number(d, row.line, value)?;
    Ok(BoundaryCondition::NodalDof { line: row.line, set: set.to_owned(), dof, value, table })
}

fn pressure(d: &Document, row: &Row) -> Result<BoundaryCondition> {
    let (set, field, table) = match words(row)[..] {
        [set, "file", file, table] => (set, FaceField::File(d.beside(file)), table),
        [set, value, table] if value != "file" => {
            (set, FaceField::Uniform(number(d, row.line, value)?), table)
        }
        _ => {
            let problem = format!("'{}' is not a pressure", row.words.join(" "));
            return Err(d.error(row.line, problem, "write SET file FILE TABLE, or SET VALUE TABLE"));
        }
    };
    Ok(BoundaryCondition::Pressure { line: row.line, set: set.to_owned(), field, table: table.to_owned() })
}

fn centrifugal(d: &Document, row: &Row) -> Result<BoundaryCondition> {
    // Numbers are glued to the parentheses around the centre.
    let text = row.words.join(" ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [set, "(", x, y, z, ")", axis, coefficient, table] = words[..] else {
        let problem = format!("'{}' is not a centrifugal load", row.words.join(" "));
        return Err(d.error(row.line, problem, "write SET (X Y Z) d1|d2|d3 COEFFICIENT TABLE"));
    };
    let axis = ["d1", "d2", "d3"].iter().position(|name| *name == axis).ok_or_else(|| {
        d.error(row.line, format!("axis '{axis}' is not supported"), "supported are d1, d2, d3 (x, y, z)")
    })?;
    let mut center = [0.0; 3];
    for (c, word) in center.iter_mut().zip([x, y, z]) {
        *c = number(d, row.line, word)?;
    }
    let coefficient = number(d, row.line, coefficient)?;
    let (line, set, table) = (row.line, set.to_owned(), table.to_owned());
    Ok(BoundaryCondition::Centrifugal { line, set, center, axis, coefficient, table })
}
