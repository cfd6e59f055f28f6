//! The one error that leaves a stage: an exit code and one sentence.
//!
//! Modules have their own error enums where a caller must tell cases apart; each converts into [`Error`],
//! which is what ranks agree on (see [`crate::parallel::agree`]) and what the user reads.

use std::fmt;
use std::path::Path;

/// What went wrong, as the process's exit code tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The computation failed (exit code 1).
    Run,
    /// Usage or case file (exit code 2).
    Case,
    /// Input data (exit code 3).
    Input,
    /// A tolerance was not met (exit code 4).
    Tolerance,
    /// Stopped by a signal or the time budget, with a valid checkpoint (exit code 75).
    Stopped,
}

impl Kind {
    /// The documented exit code.
    pub fn exit_code(self) -> i32 {
        match self {
            Kind::Run => 1,
            Kind::Case => 2,
            Kind::Input => 3,
            Kind::Tolerance => 4,
            Kind::Stopped => 75,
        }
    }

    /// The kind that an exit code stands for; unknown codes are failed runs.
    pub fn from_exit_code(code: i32) -> Kind {
        match code {
            2 => Kind::Case,
            3 => Kind::Input,
            4 => Kind::Tolerance,
            75 => Kind::Stopped,
            _ => Kind::Run,
        }
    }
}

/// A failure: its kind and one sentence with the numbers and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What the exit code will be.
    pub kind: Kind,
    /// One sentence: file, place, value, remedy.
    pub message: String,
}

/// Result of anything that can fail towards the user.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of `kind` told by `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into() }
    }

    /// The computation failed (exit code 1).
    pub fn run(message: impl Into<String>) -> Error {
        Error::new(Kind::Run, message)
    }

    /// The case file or the command line is wrong (exit code 2).
    pub fn case(message: impl Into<String>) -> Error {
        Error::new(Kind::Case, message)
    }

    /// Something in a data file is wrong (exit code 3): the file, the place in it, what is wrong there, what to do.
    pub fn input(
        file: &Path,
        place: impl fmt::Display,
        problem: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Error {
        Error::new(Kind::Input, located(file, place, problem, remedy))
    }

    /// As [`Error::input`], for a file that belongs to the case (exit code 2).
    pub fn case_file(
        file: &Path,
        place: impl fmt::Display,
        problem: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Error {
        Error::new(Kind::Case, located(file, place, problem, remedy))
    }

    /// Puts a file before a sentence that begins with the place in it; one that names the file stays as it is.
    pub fn placed_in(mut self, file: &Path) -> Error {
        let file = file.display().to_string();
        if !self.message.starts_with(&file) {
            self.message = format!("{file}, {}", self.message);
        }
        self
    }

    /// Puts what was being done before the sentence: `"while …: sentence"`.
    pub fn while_doing(mut self, what: impl fmt::Display) -> Error {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

fn located(
    file: &Path,
    place: impl fmt::Display,
    problem: impl fmt::Display,
    remedy: impl fmt::Display,
) -> String {
    let (place, remedy) = (place.to_string(), remedy.to_string());
    let mut text = file.display().to_string();
    if !place.is_empty() {
        text = format!("{text}, {place}");
    }
    // however much of a file it cites, there is room for the remedy
    text = format!("{}: {}", one_line(&text), one_line(&problem.to_string()));
    if !remedy.is_empty() {
        text = format!("{text}; {}", one_line(&remedy));
    }
    text
}

/// A sentence on one line, of a length that a person reads: what it cites of a file may be anything.
fn one_line(text: &str) -> String {
    const MOST: usize = 1000;
    let mut line = String::with_capacity(text.len().min(MOST));
    for c in text.chars() {
        if line.len() > MOST {
            line.push('…');
            break;
        }
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The known name that is nearest to a misspelt one, when it is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), k))
        .min_by_key(|(d, _)| *d)
        .filter(|(d, k)| *d <= 1 + k.len().max(name.len()) / 4)
        .map(|(_, k)| k)
}
