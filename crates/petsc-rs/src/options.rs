//! The options database of PETSc: one flat list of `-name value` for the whole process.
//!
//! Order of precedence, strongest first: [`set_option`] after the start; the environment variable PETSC_OPTIONS;
//! the options given to [`Petsc::init`](crate::Petsc::init); a [`Scope`], which never replaces what is there.
//! Names are not case-sensitive.

use crate::error::{Error, Result, check, int, text};
use crate::session::Session;
use petsc_sys::*;
use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::vec::Vec;

const WHAT: &str = "the options database";

fn c_string(s: &str) -> Result<CString> {
    CString::new(s).map_err(|_| Error::Argument(format!("the PETSc option {s:?} contains a nul character")))
}

fn c_key(key: &str) -> Result<CString> {
    match key.strip_prefix('-').and_then(|k| k.chars().next()) {
        Some(c) if c.is_ascii_alphabetic() && !key.contains(char::is_whitespace) => c_string(key),
        _ => Err(Error::Argument(format!(
            "{key:?} is not the name of a PETSc option: it must look like -ksp_type"
        ))),
    }
}

/// Inserts without asking whether PETSc runs: allowed before PetscInitialize.
pub(crate) fn insert(key: &str, value: Option<&str>) -> Result<()> {
    let (key, value) = (c_key(key)?, value.map(c_string).transpose()?);
    check!(PetscOptionsSetValue(null_mut(), key.as_ptr(), value.as_ref().map_or(null(), |v| v.as_ptr())))
}

fn full(prefix: &str, key: &str) -> String {
    format!("-{prefix}{key}")
}

/// Sets `-{prefix}{key} {value}`, over any earlier value. `prefix` and `key` have no leading `-`.
///
/// # Errors
/// PETSc does not run, or the name is not an option's.
pub fn set_option(prefix: &str, key: &str, value: Option<&str>) -> Result<()> {
    Session::current(WHAT)?;
    insert(&full(prefix, key), value)
}

/// Whether `-{prefix}{key}` is in the database; asking does not mark it as used.
///
/// # Errors
/// As [`set_option`].
pub fn has_option(prefix: &str, key: &str) -> Result<bool> {
    is_set(&full(prefix, key))
}

/// The value of `-{prefix}{key}` (empty when it has none), `None` if it is not set. Marks it as used.
///
/// # Errors
/// As [`set_option`].
pub fn option(prefix: &str, key: &str) -> Result<Option<String>> {
    Session::current(WHAT)?;
    let key = c_key(&full(prefix, key))?;
    let (mut buffer, mut set) = ([0; 4096], PetscBool::PETSC_FALSE);
    check!(PetscOptionsGetString(
        null_mut(),
        null(),
        key.as_ptr(),
        buffer.as_mut_ptr(),
        buffer.len(),
        &mut set
    ))?;
    // Safety: PETSc ends the string within the buffer
    Ok((set != PetscBool::PETSC_FALSE).then(|| unsafe { text(buffer.as_ptr()) }))
}

/// [`has_option`] for a name with its leading `-`. PETSc's own question marks the option as used, so it is put only
/// where that changes nothing: when the option is not among the unused ones.
pub(crate) fn is_set(key: &str) -> Result<bool> {
    Session::current(WHAT)?;
    let c = c_key(key)?;
    if unused()?.iter().any(|(k, _)| k.eq_ignore_ascii_case(key)) {
        return Ok(true);
    }
    let mut set = PetscBool::PETSC_FALSE;
    check!(PetscOptionsHasName(null_mut(), null(), c.as_ptr(), &mut set))?;
    Ok(set != PetscBool::PETSC_FALSE)
}

/// The options, with leading `-`, that nothing has asked for so far: after the last solve, the misspelt ones.
///
/// # Errors
/// PETSc does not run.
pub fn unused() -> Result<Vec<(String, Option<String>)>> {
    Session::current(WHAT)?;
    let (mut n, mut names, mut values) = (0, null_mut(), null_mut());
    check!(PetscOptionsLeftGet(null_mut(), &mut n, &mut names, &mut values))?;
    let mut list = Vec::new();
    for i in 0..usize::try_from(n).unwrap_or(0) {
        // Safety: both arrays have n entries; a value may be null
        let (name, value) = unsafe { (*names.add(i), *values.add(i)) };
        let value = (!value.is_null()).then(|| unsafe { text(value) });
        list.push((format!("-{}", unsafe { text(name) }), value));
    }
    check!(PetscOptionsLeftRestore(null_mut(), &mut n, &mut names, &mut values))?;
    Ok(list)
}

/// Splits options written in one line, as in `-ksp_type cg -ksp_monitor -ksp_rtol 1e-6`, the way PETSc does: what
/// follows a name is its value unless it looks like a name; a number may be negative.
///
/// ```
/// let list = petsc_rs::options::parse("-ksp_monitor -shift -1.5").unwrap();
/// assert_eq!(list, [("-ksp_monitor".into(), None), ("-shift".into(), Some("-1.5".into()))]);
/// ```
///
/// # Errors
/// A value without a name.
pub fn parse(line: &str) -> Result<Vec<(String, Option<String>)>> {
    let mut list: Vec<(String, Option<String>)> = Vec::new();
    for word in line.split_whitespace() {
        if c_key(word).is_ok() {
            list.push((word.to_string(), None));
            continue;
        }
        match list.last_mut() {
            Some((_, value @ None)) => *value = Some(word.to_string()),
            _ => {
                return Err(Error::Argument(format!(
                    "in the PETSc options, {word:?} follows no option name"
                )));
            }
        }
    }
    Ok(list)
}

/// Options for the duration of some calls: those of the list that the database lacks are inserted, and removed again
/// when the scope is closed. So several solvers of one process can have different defaults under one prefix, and the
/// user's options, which stay in the database, win over all of them.
#[derive(Debug)]
pub struct Scope {
    inserted: Vec<String>,
    open: bool,
}

impl Scope {
    /// Inserts the `list` of names (with leading `-`) and values, except what is there; the first of two entries of
    /// one name counts.
    ///
    /// # Errors
    /// PETSc does not run, or a name is not an option's.
    pub fn open(list: &[(String, Option<String>)]) -> Result<Scope> {
        int(list.len(), "number of options")?;
        let mut scope = Scope { inserted: Vec::new(), open: true };
        for (key, value) in list {
            if !is_set(key)? {
                insert(key, value.as_deref())?;
                scope.inserted.push(key.clone());
            }
        }
        Ok(scope)
    }

    /// Removes the inserted options; returns those of them that were used meanwhile.
    ///
    /// # Errors
    /// PETSc does not run.
    pub fn close(mut self) -> Result<Vec<String>> {
        let left = unused()?;
        self.remove()?;
        let used = |key: &String| !left.iter().any(|(k, _)| k.eq_ignore_ascii_case(key));
        Ok(std::mem::take(&mut self.inserted).into_iter().filter(used).collect())
    }

    fn remove(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.open) {
            return Ok(());
        }
        Session::current(WHAT)?;
        for key in &self.inserted {
            let key = c_key(key)?;
            check!(PetscOptionsClearValue(null_mut(), key.as_ptr()))?;
        }
        Ok(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // an error here means that PETSc, and its database with it, is gone
        let _ = self.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_options_is_split_into_names_and_values() {
        let list = parse(" -a 1 -b\t-c -2 -d -.5e-3").expect("well formed");
        let pairs: Vec<_> = list.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
        assert_eq!(pairs, [("-a", Some("1")), ("-b", None), ("-c", Some("-2")), ("-d", Some("-.5e-3"))]);
        assert_eq!(parse(""), Ok(vec![]));
        for wrong in ["cg", "-a 1 2"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
