//! A plugin that ends the process (Fortran's STOP, `exit`) is told of, and nothing else is done on its way out.

use std::cell::Cell;
use std::path::Path;
use std::sync::Once;

use super::host;

thread_local! {
    /// The library that this thread is in.
    static INSIDE: Cell<Option<&'static Path>> = const { Cell::new(None) };
}

/// Marks calls of a library until it is dropped.
#[derive(Debug)]
pub(super) struct Inside;

impl Inside {
    /// From here on an end of the process on this thread is the library's.
    pub fn new(library: &'static Path) -> Inside {
        static GUARD: Once = Once::new();
        // SAFETY: the handler touches a thread-local without destructor, standard error, and `_exit`.
        GUARD.call_once(|| unsafe {
            libc::atexit(ended);
        });
        INSIDE.set(Some(library));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(None);
    }
}

/// Runs when the process exits. Inside of a library it ends the process at once: exit functions of MPI and HDF5, which
/// would write or wait, are left out.
extern "C" fn ended() {
    let Some(library) = INSIDE.get() else { return };
    if !host::get().isolated {
        end(&format!("ended the program (STOP or exit inside of it), library '{}'", library.display()));
    }
}

/// Ends the process with exit code 1 and a sentence about the plugin.
fn end(what: &str) -> ! {
    eprintln!(
        "ferrom: a compiled law {what}; results under their names are complete, this run's are lost; \
         'isolated = true' keeps such a law in a process of its own"
    );
    // SAFETY: ends the process.
    unsafe { libc::_exit(1) }
}

/// What the utility XIT does.
pub(super) fn xit() -> ! {
    if host::get().isolated {
        // SAFETY: ends the process.
        unsafe { libc::_exit(super::utilities::XIT) }
    }
    let library = INSIDE.get().map_or(String::new(), |l| format!(", library '{}'", l.display()));
    end(&format!("called XIT{library}"))
}
