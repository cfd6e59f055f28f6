//! The functions that a library has, and what it is said to hold.

use std::path::Path;

use object::{Object, ObjectSymbol, SymbolKind};
use serde::Serialize;

use super::library::{Library, foreign};
use super::mfront::Behaviour;
use crate::error::{Error, Result};

/// Suffix of a symbol that every MFront behaviour has.
const MARK: &str = "_mfront_mkt";

/// What a shared library holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LibraryContent {
    /// Functions that are UMATs by their names; where there are none, all that take the library's own names.
    pub umat_candidates: Vec<String>,
    /// MFront behaviours.
    pub behaviours: Vec<Behaviour>,
    /// Symbols that must be provided from outside and belong to neither C nor Fortran.
    pub needs: Vec<String>,
}

/// Reads the symbols of a library, and opens it where it holds behaviours.
///
/// # Errors
/// It cannot be read, is not a library of this machine, or cannot be loaded.
pub fn content(path: &Path) -> Result<LibraryContent> {
    let remedy = "give a shared library of this machine";
    let bytes = std::fs::read(path)
        .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check the path"))?;
    if let Some(problem) = foreign(&bytes) {
        return Err(Error::input(path, "", problem, ""));
    }
    let file = object::File::parse(&*bytes).map_err(|e| Error::input(path, "", e, remedy))?;
    let functions = defined(&file, SymbolKind::Text);
    let mut umats: Vec<String> =
        functions.iter().filter(|f| f.to_lowercase().contains("umat")).cloned().collect();
    let names = marked(&file);
    if umats.is_empty() && names.is_empty() {
        umats = functions;
    }
    let mut behaviours = Vec::new();
    if !names.is_empty() {
        let library = Library::open(path).map_err(|e| Error::input(path, "", e, remedy))?;
        behaviours = names.iter().map(|n| Behaviour::read(library, n)).collect();
    }
    let needs = file
        .dynamic_symbols()
        .filter(|s| s.is_undefined() && s.is_global())
        .filter_map(|s| s.name().ok())
        // C and C++ names carry their versions elsewhere; Fortran routines end with an underscore
        .filter(|n| n.ends_with('_') && !n.starts_with('_'))
        .map(str::to_owned)
        .collect();
    Ok(LibraryContent { umat_candidates: umats, behaviours, needs })
}

/// Names of the behaviours in a library; none where it cannot be read.
pub(super) fn behaviours(path: &Path) -> Vec<String> {
    let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
    object::File::parse(&*bytes).map_or(Vec::new(), |file| marked(&file))
}

fn marked(file: &object::File) -> Vec<String> {
    let data = defined(file, SymbolKind::Data);
    let mut names: Vec<String> =
        data.iter().filter_map(|s| s.strip_suffix(MARK)).map(str::to_owned).collect();
    names.sort();
    names
}

/// Defined dynamic symbols of a kind, without those of the start-up code.
fn defined(file: &object::File, kind: SymbolKind) -> Vec<String> {
    let mut names: Vec<String> = file
        .dynamic_symbols()
        .filter(|s| s.is_definition() && s.kind() == kind)
        .filter_map(|s| s.name().ok())
        .filter(|n| !n.starts_with('_'))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}
