//! The input of a computation (`.inp`): what is computed, read as it is written, without opening the files it names.
//!
//! Blocks that cannot change the answer are skipped (`***output`, `***linear_solver`); unknown ones are named in a
//! warning; those that would change it and are not supported are refused with file and line.

mod bc;
mod expression;
mod parameter;
mod resolution;
mod table;
#[cfg(test)]
mod tests;

pub use bc::{BoundaryCondition, FaceField};
pub use expression::Expression;
pub use parameter::{NodalField, Temperature, TemperatureHistory, TemperatureMap};
pub use resolution::{Resolution, Segment};
pub use table::TimeTable;

use super::blocks::{Block, Document, number};
use crate::error::{Result, nearest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which material file holds on which elements.
#[derive(Debug, Clone, PartialEq)]
pub struct MaterialEntry {
    /// Line in the file.
    pub line: usize,
    /// Element set; all elements when there is none.
    pub elset: Option<String>,
    /// The material file.
    pub file: PathBuf,
    /// Words of `*integration`, which come before those of the material file.
    pub integration: Vec<String>,
}

/// `***init_dof_value`: a degree of freedom at the start.
#[derive(Debug, Clone, PartialEq)]
pub struct InitialValue {
    /// Line in the file.
    pub line: usize,
    /// Name of the degree of freedom: `TP`.
    pub dof: String,
    /// Its value at every node.
    pub value: f64,
}

/// A mechanical computation.
#[derive(Debug, Clone, PartialEq)]
pub struct Inp {
    /// The file.
    pub path: PathBuf,
    /// The mesh.
    pub mesh: PathBuf,
    /// Times and tolerance.
    pub resolution: Resolution,
    /// Boundary conditions and loads, in order.
    pub conditions: Vec<BoundaryCondition>,
    /// Temperature, when there is any.
    pub temperature: Option<Temperature>,
    /// Tables of time by name; every table that is named by a load is there.
    pub tables: BTreeMap<String, TimeTable>,
    /// Materials, in order.
    pub materials: Vec<MaterialEntry>,
    /// Initial values.
    pub initial: Vec<InitialValue>,
}

/// Blocks of a computation that would change its answer and are not supported.
const REFUSED: [&str; 11] = [
    "contact",
    "relation",
    "equation",
    "mpc",
    "restart",
    "rotation",
    "initialize_with_transfer",
    "boundary_conditions",
    "eigen",
    "dynamic",
    "local_frame",
];

impl Inp {
    /// Reads the `****calcul` of an input file.
    ///
    /// # Errors
    /// File, line, value and remedy of what is wrong or not supported (exit code 2).
    pub fn read(path: &Path) -> Result<Inp> {
        Inp::from_document(&Document::read(path)?)
    }

    /// From an input file that is read already.
    ///
    /// # Errors
    /// As [`Inp::read`].
    pub fn from_document(d: &Document) -> Result<Inp> {
        let Some(calcul) = d.blocks.iter().find(|b| b.name == "calcul") else {
            let found: Vec<String> = d.blocks.iter().map(ToString::to_string).collect();
            let problem = format!("there is no ****calcul, but {}", found.join(", "));
            return Err(d.error(0, problem, "name the input file of a computation"));
        };
        d.blocks.iter().filter(|b| !std::ptr::eq(*b, calcul)).for_each(|b| d.warn_unread(b));
        if let Some((line, problem)) = calcul.words().find(|w| w.1 != "mechanical") {
            return Err(d.error(
                line,
                format!("problem '{problem}' is not supported"),
                "only mechanical problems are",
            ));
        }
        let (mut mesh, mut resolution, mut temperature) = (None, None, None);
        let (mut conditions, mut tables) = (Vec::new(), BTreeMap::new());
        let (mut materials, mut initial) = (Vec::new(), Vec::new());
        for block in &calcul.children {
            match block.name.as_str() {
                "mesh" => once(d, block, &mut mesh, read_mesh_file(d, block)?)?,
                "resolution" => once(d, block, &mut resolution, resolution::read_resolution(d, block)?)?,
                "bc" => bc::read_conditions(d, block, &mut conditions)?,
                "parameter" => parameter::read_parameters(d, block, &mut temperature)?,
                "table" => table::read_tables(d, block, &mut tables)?,
                "material" => read_materials(d, block, &mut materials)?,
                "init_dof_value" => read_initial(d, block, &mut initial)?,
                "output" | "linear_solver" => {}
                name if REFUSED.contains(&name) => {
                    let problem = format!("{block} is not supported and would change the answer");
                    return Err(d.error(
                        block.line(),
                        problem,
                        "compute without it, or import the results instead",
                    ));
                }
                _ => d.warn_unread(block),
            }
        }
        let line = calcul.line();
        let missing = |what: &str| d.error(line, format!("****calcul has no {what}"), "add it");
        let inp = Inp {
            path: d.path.clone(),
            mesh: mesh.ok_or_else(|| missing("***mesh"))?,
            resolution: resolution.ok_or_else(|| missing("***resolution"))?,
            conditions,
            temperature,
            tables,
            materials,
            initial,
        };
        if inp.materials.is_empty() {
            return Err(missing("***material"));
        }
        inp.check_tables(d)?;
        inp.check_cycles(d)?;
        Ok(inp)
    }

    /// A period so short that it cannot be meant would make a list of maps without end.
    fn check_cycles(&self, d: &Document) -> Result<()> {
        let end = self.resolution.period() * self.resolution.cycles as f64;
        match &self.temperature {
            Some(t) if end.min(t.cycles.1) - t.cycles.0 > 1e6 * t.cycles.2 => {
                let problem = format!(
                    "the period of the temperature is {}, but the computation ends at {end}",
                    t.cycles.2
                );
                Err(d.error(t.line, problem, "check *cycle_conversion"))
            }
            _ => Ok(()),
        }
    }

    fn check_tables(&self, d: &Document) -> Result<()> {
        let loads = self.conditions.iter().filter_map(|c| Some((c.line(), c.table()?)));
        let temperature = self.temperature.as_ref().and_then(|t| match &t.history {
            TemperatureHistory::Blend { table, .. } => Some((t.line, table.as_str())),
            TemperatureHistory::Maps(_) => None,
        });
        for (line, name) in loads.chain(temperature) {
            if !self.tables.contains_key(name) {
                let remedy = match nearest(name, self.tables.keys().map(String::as_str)) {
                    Some(n) => format!("the nearest name is '{n}'"),
                    None => "add it to ***table".to_owned(),
                };
                return Err(d.error(line, format!("there is no table '{name}'"), remedy));
            }
        }
        Ok(())
    }
}

/// Fills what may be said once only.
fn once<T>(d: &Document, block: &Block, place: &mut Option<T>, value: T) -> Result<()> {
    match place.replace(value) {
        Some(_) => Err(d.error(block.line(), format!("a second {block}"), "remove one of them")),
        None => Ok(()),
    }
}

fn read_mesh_file(d: &Document, block: &Block) -> Result<PathBuf> {
    let mut file = None;
    for child in &block.children {
        match child.name.as_str() {
            "file" => file = Some(d.beside(child.word(d, "the mesh file")?)),
            _ => d.warn_unread(child),
        }
    }
    file.ok_or_else(|| d.error(block.line(), "***mesh has no **file", "write **file and the mesh file"))
}

fn read_materials(d: &Document, block: &Block, out: &mut Vec<MaterialEntry>) -> Result<()> {
    let direct: Vec<&Block> = block.children.iter().filter(|b| b.stars == 1).collect();
    if !direct.is_empty() {
        out.push(read_material(d, block.line(), None, &direct)?);
    }
    for child in block.children.iter().filter(|b| b.stars > 1) {
        if child.name != "elset" {
            let problem = format!("{child} of ***material is not supported");
            return Err(d.error(child.line(), problem, "supported are **elset with *file and *integration"));
        }
        let elset = child.word(d, "the name of an element set")?.to_owned();
        let inner: Vec<&Block> = child.children.iter().collect();
        out.push(read_material(d, child.line(), Some(elset), &inner)?);
    }
    Ok(())
}

fn read_material(
    d: &Document,
    line: usize,
    elset: Option<String>,
    blocks: &[&Block],
) -> Result<MaterialEntry> {
    let (mut file, mut integration) = (None, Vec::new());
    for block in blocks {
        match block.name.as_str() {
            "file" => once(d, block, &mut file, d.beside(block.word(d, "the material file")?))?,
            "integration" => integration = block.words().map(|w| w.1.to_owned()).collect(),
            _ => {
                let problem = format!("{block} of a material is not supported and would change the answer");
                return Err(d.error(block.line(), problem, "supported are *file and *integration"));
            }
        }
    }
    let file =
        file.ok_or_else(|| d.error(line, "a material has no *file", "write *file and the material file"))?;
    Ok(MaterialEntry { line, elset, file, integration })
}

/// `***init_dof_value TP uniform v`
fn read_initial(d: &Document, block: &Block, out: &mut Vec<InitialValue>) -> Result<()> {
    let words: Vec<&str> = block.words().map(|w| w.1).collect();
    let [dof, "uniform", value] = words[..] else {
        let problem = format!("'{block} {}' is not supported", words.join(" "));
        return Err(d.error(block.line(), problem, "write ***init_dof_value DOF uniform VALUE"));
    };
    let value = number(d, block.line(), value)?;
    out.push(InitialValue { line: block.line(), dof: dof.to_owned(), value });
    Ok(())
}
