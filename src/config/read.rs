//! Reading a case, whatever its format.

use super::Case;
use super::toml_case::TomlCase;
use crate::error::{Error, Result, nearest};
use crate::formats;
use std::path::Path;

/// Reads and checks a case: `.toml`, an `.inp` of Z-set or CalculiX, an Ansys deck (`.cdb`, `.dat`) or its results (`.rst`).
///
/// # Errors
/// [`crate::error::Kind::Case`]: file, line, what is wrong, what to do.
pub fn read_case(path: &Path) -> Result<Case> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    match extension {
        "inp" if formats::calculix::is_deck(path) => super::calculix::read_deck(path),
        "inp" => super::zset::read_inp(path),
        "cdb" | "dat" => super::ansys::read_deck(path),
        "rst" => super::ansys::read_results(path),
        "toml" => {
            let text = read_text(path)?;
            let case: TomlCase = toml::from_str(&text).map_err(|e| toml_error(path, &text, &e))?;
            case.resolve(path)
        }
        _ => Err(Error::case_file(
            path,
            "",
            format!("a case with the ending '{extension}' is not known"),
            "give a .toml case, an .inp of Z-set or CalculiX, an Ansys deck (.cdb, .dat) or Ansys results (.rst)",
        )),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| {
        Error::case_file(path, "", format!("cannot be read ({e})"), "check the path and its permissions")
    })?;
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|b| **b == b'\n').count();
        Error::case_file(path, format!("line {line}"), "is not UTF-8 text", "save the file as UTF-8")
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

/// serde's message in our words, with the nearest known key or word where it names an unknown one.
pub(super) fn explain(message: &str) -> String {
    for (start, what) in [("unknown field `", "key"), ("unknown variant `", "word")] {
        let Some((word, known)) = message.strip_prefix(start).and_then(|rest| rest.split_once('`')) else {
            continue;
        };
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        return match nearest(word, known.iter().copied()) {
            Some(n) => format!("unknown {what} '{word}'; did you mean '{n}'?"),
            None => format!("unknown {what} '{word}'; known are {}", known.join(", ")),
        };
    }
    match message
        .split_once("missing field `")
        .and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
    {
        Some((before, (key, after))) => format!("{before}the key '{key}' is missing{after}"),
        None => message.to_owned(),
    }
}
