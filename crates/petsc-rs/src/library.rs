//! The shared library of PETSc, opened at the first [`load`]: a program that never asks for it needs no PETSc.

use crate::error::{Error, Result};
use libloading::os::unix::{Library as Shared, RTLD_LAZY, RTLD_LOCAL};
use petsc_sys::{Library, PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR, PetscBool, PetscDataType, SONAME};
use std::ffi::c_int;
use std::ptr::null_mut;
use std::sync::OnceLock;

/// The environment variable with the file to open instead of the one that the build found.
const VARIABLE: &str = "PETSC_LIBRARY";

static LIBRARY: OnceLock<Result<Library>> = OnceLock::new();

/// Opens the library of PETSc, once per process: the file that the environment variable `PETSC_LIBRARY` names, else the
/// one whose headers this was built with, where the dynamic linker looks for libraries.
///
/// # Errors
/// [`Error::Library`]: there is none, or it is of another version, precision or width of integers. It may be so on
/// some ranks only: callers agree on it before [`Petsc::init`](crate::Petsc::init).
pub fn load() -> Result<()> {
    LIBRARY.get_or_init(open).as_ref().map(drop).map_err(Error::clone)
}

/// The functions of PETSc, after [`load`].
pub(crate) fn functions() -> Result<&'static Library> {
    match LIBRARY.get() {
        Some(Ok(library)) => Ok(library),
        Some(Err(e)) => Err(e.clone()),
        None => Err(Error::NotRunning { what: "a call" }),
    }
}

fn open() -> Result<Library> {
    let given = std::env::var_os(VARIABLE).filter(|v| !v.is_empty());
    let name = given.unwrap_or_else(|| SONAME.into());
    let file = name.to_string_lossy().into_owned();
    let refused = |problem: String| {
        Error::Library(format!(
            "{problem}; install PETSc {PETSC_VERSION_MAJOR}.{PETSC_VERSION_MINOR} (Debian: libpetsc-real{PETSC_VERSION_MAJOR}.{PETSC_VERSION_MINOR}) or name its file in the environment variable {VARIABLE}"
        ))
    };
    // Safety: the library is PETSc's, whose start-up code is sound. Its names stay its own (RTLD_LOCAL), while MPI, which
    // the program is linked to, is looked up in the program first: there is one MPI
    let library = unsafe {
        let shared = Shared::open(Some(&name), RTLD_LAZY | RTLD_LOCAL)
            .map_err(|e| refused(format!("the library of PETSc cannot be opened ({e})")))?;
        one_thread_where_asked(&shared);
        Library::from_library(shared)
            .map_err(|e| refused(format!("{file} lacks functions of PETSc ({e})")))?
    };
    let found = Build::of(&library);
    if found == Build::OF_THE_HEADERS {
        return Ok(library);
    }
    Err(refused(format!(
        "{file} is {}, but this program was built for {}",
        found.text(),
        Build::OF_THE_HEADERS.text()
    )))
}

/// What of a PETSc must be as in the headers.
#[derive(PartialEq)]
struct Build {
    version: (c_int, c_int),
    scalar: PetscDataType::Type,
    integer_bytes: usize,
}

impl Build {
    const OF_THE_HEADERS: Build = Build {
        version: (PETSC_VERSION_MAJOR as c_int, PETSC_VERSION_MINOR as c_int),
        scalar: PetscDataType::PETSC_DOUBLE,
        integer_bytes: size_of::<petsc_sys::PetscInt>(),
    };

    fn of(library: &Library) -> Build {
        let (mut major, mut minor) = (0, 0);
        let (mut scalar, mut integer, mut known, mut bytes) = (0, 0, PetscBool::PETSC_FALSE, 0);
        // Safety: these four look up constants, before PETSc is initialised too
        unsafe {
            library.PetscGetVersionNumber(&mut major, &mut minor, null_mut(), null_mut());
            library.PetscDataTypeFromString(c"scalar".as_ptr(), &mut scalar, &mut known);
            library.PetscDataTypeFromString(c"int".as_ptr(), &mut integer, &mut known);
            library.PetscDataTypeGetSize(integer, &mut bytes);
        }
        Build { version: (major, minor), scalar, integer_bytes: bytes }
    }

    fn text(&self) -> String {
        let (major, minor) = self.version;
        let scalar = if self.scalar == PetscDataType::PETSC_DOUBLE {
            "real double precision"
        } else {
            "other numbers"
        };
        format!("PETSc {major}.{minor} of {scalar} with integers of {} bytes", self.integer_bytes)
    }
}

/// CHOLMOD starts four threads of OpenMP whatever OMP_NUM_THREADS says: parallel regions of the library, if it has any,
/// run on one thread where that variable is 1.
///
/// # Safety
/// `library` is PETSc and has started no thread yet.
unsafe fn one_thread_where_asked(library: &Shared) {
    if std::env::var("OMP_NUM_THREADS").is_ok_and(|n| n.trim() == "1") {
        // Safety: looked up in the library and in those that it needs; this is the function's type in OpenMP
        let set = unsafe { library.get::<unsafe extern "C" fn(c_int)>(b"omp_set_max_active_levels\0") };
        if let Ok(set) = set {
            unsafe { set(0) };
        }
    }
}
