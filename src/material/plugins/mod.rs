//! Compiled laws: functions of a user's shared library behind the [`Law`] interface.
//!
//! `umat`: Abaqus' interface for small strains. `mfront`: MFront's generic interface. `isolated`: either of them in a child
//! process; else a library runs inside of this one, and what it breaks there is broken. Nothing here compiles a library, and
//! finite strains are not offered. This is the only folder with `unsafe`.

mod exit;
mod host;
pub mod isolated;
mod library;
pub mod mfront;
mod symbols;
pub mod umat;
mod utilities;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Input, Law, Output, Status};
pub use host::{Host, get as host, set as set_host};
pub use library::hash_of;
pub use symbols::{LibraryContent, content};

/// Takes a library relative to the folder of a case, and its hash where none is given.
fn located(folder: &Path, library: &mut PathBuf, hash: &mut Option<String>) {
    *library = folder.join(&library);
    if let Ok(real) = library.canonicalize() {
        *library = real;
    }
    if hash.is_none() {
        *hash = hash_of(library);
    }
}

/// Warns, once, of a library whose content is not what it was.
fn warn_if_changed(library: &Path, then: Option<&str>) {
    static TOLD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if then.is_some() && hash_of(library).is_some_and(|now| Some(now.as_str()) != then) {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(library.to_owned()) {
            log::warn!(
                "library '{}' is not the one that the case or model was made with; results may differ",
                library.display()
            );
        }
    }
}

/// The tangent of a virgin point that is not strained, made symmetric; NaN where the law fails there.
fn virgin_tangent(law: &dyn Law, temperature: f64, c: &mut [f64; 36]) {
    let mut state = vec![0.0; law.n_state()];
    law.initial_state(&mut state);
    let (mut end, mut stress, mut tangent) = (state.clone(), [0.0; 6], [f64::NAN; 36]);
    let output = Output { state: &mut end, stress: &mut stress, tangent: Some(&mut tangent) };
    let input = Input::new(1.0, &[0.0; 6], std::slice::from_ref(&temperature), &state);
    if law.update(input, output) != Status::Done {
        tangent.fill(f64::NAN);
    }
    for i in 0..6 {
        for j in 0..6 {
            c[6 * i + j] = 0.5 * (tangent[6 * i + j] + tangent[6 * j + i]);
        }
    }
}
