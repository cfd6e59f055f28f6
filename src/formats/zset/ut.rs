//! The index of a set of results (`.ut`): which mesh, which fields, which states.

use super::lines::{Line, Lines};
use crate::error::{Error, Result};
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// A stored state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Record number in the binary files, from 1.
    pub rank: u64,
    /// Cycle, from 1.
    pub cycle: u64,
    /// Sequence (segment of the cycle), from 1.
    pub sequence: u64,
    /// Increment within the sequence, 0 for the initial state.
    pub increment: u64,
    /// Time, in the user's unit; increases from step to step.
    pub time: f64,
}

/// A `.ut` file.
#[derive(Debug, Clone, PartialEq)]
pub struct UtIndex {
    /// The file itself.
    pub path: PathBuf,
    /// The mesh, relative to the folder of the `.ut` as the file has it.
    pub mesh_file: PathBuf,
    /// Nodal fields, in the order of the `.node` file.
    pub node_names: Vec<String>,
    /// Fields at integration points, in the order of the `.integ` file.
    pub integ_names: Vec<String>,
    /// Fields by element; none was ever seen.
    pub element_names: Vec<String>,
    /// The states, in the order of the binary files.
    pub steps: Vec<Step>,
}

impl UtIndex {
    /// Reads the index.
    ///
    /// # Errors
    /// File, line, value and remedy: no mesh, a field named twice, a state that is incomplete or out of order.
    pub fn read(path: &Path) -> Result<UtIndex> {
        parse(path, Lines::open(path)?)
    }

    /// Path of the mesh.
    pub fn mesh_path(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(&self.mesh_file)
    }

    /// Path of a binary file beside the index: `node`, `integ`.
    pub fn sibling(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }

    /// The times of the states.
    pub fn times(&self) -> Vec<f64> {
        self.steps.iter().map(|s| s.time).collect()
    }
}

pub(super) fn parse<R: BufRead>(path: &Path, mut lines: Lines<'_, R>) -> Result<UtIndex> {
    let mut index = UtIndex {
        path: path.to_owned(),
        mesh_file: PathBuf::new(),
        node_names: Vec::new(),
        integ_names: Vec::new(),
        element_names: Vec::new(),
        steps: Vec::new(),
    };
    // The list that a line without keyword continues.
    let mut open: Option<&'static str> = None;
    while let Some(line) = lines.next()? {
        if line.is_keyword() {
            let (keyword, rest) = line.text.split_once(char::is_whitespace).unwrap_or((line.text, ""));
            open = match keyword {
                "**meshfile" => Some("meshfile"),
                "**node" => Some("node"),
                "**integ" => Some("integ"),
                "**element" => Some("element"),
                _ => {
                    log::warn!("{}, line {}: '{keyword}' is not read", path.display(), line.number);
                    Some("")
                }
            };
            add(&mut index, open, line, rest.trim())?;
        } else if line.text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && open != Some("meshfile")
        {
            open = None;
            let step = step(line, index.steps.last())?;
            index.steps.push(step);
        } else {
            add(&mut index, open, line, line.text)?;
            if open == Some("meshfile") {
                open = None;
            }
        }
    }
    if index.mesh_file.as_os_str().is_empty() {
        return Err(Error::input(path, "", "there is no **meshfile", "name the mesh: **meshfile cube.geof"));
    }
    if index.steps.is_empty() {
        return Err(Error::input(path, "", "there are no states", "check that the computation stored any"));
    }
    Ok(index)
}

/// Adds the words of a line to the list that is open.
fn add(index: &mut UtIndex, open: Option<&str>, line: Line, text: &str) -> Result<()> {
    let (what, names) = match open {
        Some("meshfile") => {
            if !text.is_empty() {
                index.mesh_file = PathBuf::from(text);
            }
            return Ok(());
        }
        Some("node") => ("nodal field", &mut index.node_names),
        Some("integ") => ("field at integration points", &mut index.integ_names),
        Some("element") => ("element field", &mut index.element_names),
        Some(_) => return Ok(()),
        None => {
            return Err(
                line.error(format!("'{text}' belongs to no list"), "a state (five numbers) belongs here")
            );
        }
    };
    for word in text.split_ascii_whitespace() {
        if names.iter().any(|n| n == word) {
            return Err(
                line.error(format!("{what} '{word}' is named twice"), "fields are found by name: remove one")
            );
        }
        names.push(word.to_owned());
    }
    Ok(())
}

fn step(line: Line, before: Option<&Step>) -> Result<Step> {
    let mut words = line.words();
    let step = Step {
        rank: line.integer(words.next(), "the rank of a state")?,
        cycle: line.integer(words.next(), "the cycle of a state")?,
        sequence: line.integer(words.next(), "the sequence of a state")?,
        increment: line.integer(words.next(), "the increment of a state")?,
        time: line.real(words.next(), "the time of a state")?,
    };
    if let Some(extra) = words.next() {
        return Err(line.error(format!("'{extra}' follows the time of a state"), "a state is five numbers"));
    }
    let expected = before.map_or(1, |s| s.rank + 1);
    if step.rank != expected {
        return Err(line.error(
            format!("the state has rank {} instead of {expected}", step.rank),
            "ranks count from 1 without gaps",
        ));
    }
    if let Some(before) =
        before.filter(|s| step.time.partial_cmp(&s.time) != Some(std::cmp::Ordering::Greater))
    {
        return Err(line.error(
            format!("time {} does not come after {}, the time of the state before", step.time, before.time),
            "times must increase: remove the states of a repeated computation",
        ));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> Result<UtIndex> {
        parse(Path::new("a/b.ut"), Lines::new(Path::new("a/b.ut"), text.as_bytes(), text.len() as u64))
    }

    #[test]
    fn the_mesh_may_stand_on_the_next_line_and_names_may_go_on() {
        let i =
            index("**meshfile\n m.geo\n**node U1 U2\n U3\n**integ\n**element\n1 1 1 0 0.\n2 1 1 1 5e-1\n")
                .unwrap();
        assert_eq!(i.mesh_path(), Path::new("a/m.geo"));
        assert_eq!(i.node_names, ["U1", "U2", "U3"]);
        assert!(i.integ_names.is_empty());
        assert_eq!(i.times(), [0.0, 0.5]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let head = "**meshfile m.geof\n**node U1\n";
        for (text, wanted) in [
            ("1 1 1 0 1.\n2 1 1 1 1.\n", "line 4: time 1 does not come after 1"),
            ("1 1 1 0 0.\n3 1 1 1 1.\n", "line 4: the state has rank 3 instead of 2"),
            ("1 1 1 0\n", "line 3: the time of a state is missing"),
            ("1 1 1 0 nan\n", "line 3: 'nan' is not the time"),
            ("**node U1\n1 1 1 0 0.\n", "line 3: nodal field 'U1' is named twice"),
            ("", "there are no states"),
        ] {
            let message = index(&format!("{head}{text}")).unwrap_err().message;
            assert!(message.contains(wanted), "{message}");
        }
    }
}
