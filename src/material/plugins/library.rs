//! A shared library: opened once in a process, its failures as sentences, its content as a number.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};

use super::exit::Inside;
use crate::material::LawError;

/// An open library. It is never closed: threads or exit functions of its own may need it to the end.
#[derive(Debug)]
pub(super) struct Library {
    path: PathBuf,
    handle: Handle,
    /// Held during calls, because Fortran libraries keep variables between them.
    calls: Mutex<()>,
}

static OPEN: Mutex<BTreeMap<PathBuf, &'static Library>> = Mutex::new(BTreeMap::new());

impl Library {
    /// An error about this library: the rest of a sentence.
    pub(super) fn wrong(&self, problem: impl Into<String>) -> LawError {
        wrong(&self.path, problem)
    }

    /// The address of a variable, where there is one of that name.
    pub(super) fn datum<T>(&self, symbol: &str) -> Option<*const T> {
        // SAFETY: an address is taken, and nothing read.
        let found = unsafe { self.handle.get::<*const T>(symbol.as_bytes()) }.ok()?;
        let address = *found;
        (!address.is_null()).then_some(address)
    }
}

fn wrong(path: &Path, problem: impl Into<String>) -> LawError {
    LawError::Library { path: path.display().to_string(), problem: problem.into() }
}

impl Library {
    /// Opens a library with all its symbols resolved, or finds the one that is open already.
    ///
    /// # Errors
    /// [`LawError::Library`]: no such file, not a library of this machine, a symbol that nothing provides.
    pub(super) fn open(path: &Path) -> Result<&'static Library, LawError> {
        let real = path
            .canonicalize()
            .map_err(|e| wrong(path, format!("cannot be opened ({e}); paths are relative to the case")))?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = open.get(&real) {
            return Ok(library);
        }
        let bytes = std::fs::read(&real).map_err(|e| wrong(path, format!("cannot be read ({e})")))?;
        if let Some(problem) = foreign(&bytes) {
            return Err(wrong(path, problem));
        }
        // SAFETY: opening runs the constructors of the library that the user named in the case.
        let handle = unsafe { Handle::open(Some(OsStr::new(&real)), RTLD_NOW | RTLD_LOCAL) };
        let handle = handle.map_err(|e| wrong(path, not_loaded(&e, &real)))?;
        let library: &'static Library =
            Box::leak(Box::new(Library { path: path.to_owned(), handle, calls: Mutex::new(()) }));
        open.insert(real, library);
        Ok(library)
    }

    /// The file, as it was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Calls `work`, which runs code of the library: others wait for it unless the library takes `concurrent` calls.
    pub(super) fn enter<T>(&'static self, concurrent: bool, work: impl FnOnce() -> T) -> T {
        let _alone = (!concurrent).then(|| self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        let _inside = Inside::new(&self.path);
        work()
    }

    /// The address of a function.
    ///
    /// # Errors
    /// [`LawError::Library`]: it has none of that name.
    ///
    /// # Safety
    /// `F` must be a pointer to a function with the arguments that the library gave it.
    pub(super) unsafe fn function<F: Copy>(&self, symbol: &str) -> Result<F, LawError> {
        // SAFETY: the caller answers for the type; the library is never closed.
        let found = unsafe { self.handle.get::<F>(symbol.as_bytes()) };
        found.map(|f| *f).map_err(|_| {
            let remedy =
                "'nm -D' lists those it has; Fortran compilers add an underscore, name it as 'symbol'";
            wrong(&self.path, format!("has no function '{symbol}'; {remedy}"))
        })
    }
}

/// What keeps a file from being a library of this machine.
pub(super) fn foreign(bytes: &[u8]) -> Option<String> {
    let Some(header) = bytes.get(..20).filter(|h| h.starts_with(b"\x7fELF")) else {
        return Some("is not a shared library (no ELF header); compile with '-shared -fPIC'".to_owned());
    };
    let ours = std::fs::read("/proc/self/exe").ok();
    let machine = |h: &[u8]| [h[4], h[18], h[19]];
    match ours.as_deref().and_then(|o| o.get(..20)) {
        Some(o) if machine(o) != machine(header) => Some(format!(
            "was built for another machine (ELF class {} and machine {}, here {} and {}); compile it here",
            header[4],
            u16::from_le_bytes([header[18], header[19]]),
            o[4],
            u16::from_le_bytes([o[18], o[19]])
        )),
        _ => None,
    }
}

/// The loader's words, with the missing symbol where it names one.
fn not_loaded(e: &libloading::Error, real: &Path) -> String {
    let told = std::error::Error::source(e).map_or_else(|| e.to_string(), ToString::to_string);
    let told = told.replace(&format!("{}: ", real.display()), "");
    match told.split_once("undefined symbol: ") {
        Some((_, symbol)) => {
            format!("needs '{symbol}', which nothing provides; compile it together with the code that has it")
        }
        None => format!("cannot be loaded ({told})"),
    }
}

/// A number that changes with the content of a file (64-bit FNV-1a), as 16 hexadecimal digits; `None` where the file
/// cannot be read.
pub fn hash_of(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let step = |h: u64, b: &u8| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
    Some(format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)))
}
