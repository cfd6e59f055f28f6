//! Reading a case, whatever its format.

use super::Case;
use super::toml_case::TomlCase;
use crate::error::{Error, Result, nearest};
use std::path::Path;

/// Reads and checks a case: `.toml`, or a Z-set `.inp`.
///
/// # Errors
/// [`crate::error::Kind::Case`]: file, line, what is wrong, what to do.
pub fn read_case(path: &Path) -> Result<Case> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    match extension {
        "inp" => super::zset::read_inp(path),
        "toml" => {
            let text = read_text(path)?;
            let case: TomlCase = toml::from_str(&text).map_err(|e| toml_error(path, &text, &e))?;
            case.resolve(path)
        }
        _ => Err(Error::case_file(
            path,
            "",
            format!("a case with the ending '{extension}' is not known"),
            "give a .toml case or a Z-set .inp file",
        )),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| {
        Error::case_file(path, "", format!("cannot be read ({e})"), "check the path and its permissions")
    })
}

fn toml_error(path: &Path, text: &str, e: &toml::de::Error) -> Error {
    let place = e.span().map_or(String::new(), |s| {
        let before = &text[..s.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let found = text.get(s).unwrap_or("").lines().next().unwrap_or("").trim();
        if found.is_empty() || found.len() > 60 {
            format!("line {line}")
        } else {
            format!("line {line}, '{found}'")
        }
    });
    Error::case_file(path, place, explain(e.message()), "see docs/case.md for every key")
}

/// serde's message, with the nearest known key where it names an unknown one.
pub(super) fn explain(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else { return message.to_owned() };
    let Some((key, known)) = rest.split_once('`') else { return message.to_owned() };
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match nearest(key, known.iter().copied()) {
        Some(n) => format!("unknown key '{key}'; did you mean '{n}'?"),
        None => format!("unknown key '{key}'; known are {}", known.join(", ")),
    }
}
