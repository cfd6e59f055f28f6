//! Start and end of PETSc, and the question whether an object's session still runs.

use crate::error::{Error, Result, check, collect};
use crate::{library, options};
use mpi::environment::Universe;
use petsc_sys::*;
use std::cell::Cell;
use std::ffi::c_char;
use std::marker::PhantomData;
use std::ptr::{null, null_mut};

thread_local! {
    /// Number of the running session on this thread; 0 when none runs.
    static RUNNING: Cell<u64> = const { Cell::new(0) };
    static STARTED: Cell<u64> = const { Cell::new(0) };
}

/// PETSc between PetscInitialize and PetscFinalize. Not `Send`: it ends on the thread that started it.
#[must_use = "PETSc ends when this is dropped"]
pub struct Petsc<'u> {
    _universe: PhantomData<(&'u Universe, *mut ())>,
}

impl<'u> Petsc<'u> {
    /// Starts PETSc on all ranks of MPI_COMM_WORLD.
    ///
    /// `options` (name with its leading `-`, value or `None`) go into the options database first, so that the
    /// environment variable PETSC_OPTIONS overrides them; PETSc does not see the command line. Two options are added
    /// unless given: `-no_signal_handler` (a crash is reported by mpirun, not turned into MPI_Abort) and
    /// `-skip_petscrc` (files named `.petscrc` are not read; give `("-skip_petscrc", "false")` to have them read).
    ///
    /// # Errors
    /// The library cannot be opened ([`load`](crate::load)), PETSc runs already, an option has no leading `-`, or PETSc fails.
    ///
    /// # Collective
    pub fn init(_universe: &'u Universe, options: &[(String, Option<String>)]) -> Result<Petsc<'u>> {
        library::load()?;
        let mut initialised = PetscBool::PETSC_FALSE;
        check!(PetscInitialized(&mut initialised))?;
        if initialised != PetscBool::PETSC_FALSE {
            return Err(Error::Argument(
                "PETSc is initialised already: keep one petsc_rs::Petsc per process".into(),
            ));
        }
        let given = |key: &str| options.iter().any(|(k, _)| k == key);
        for key in ["-no_signal_handler", "-skip_petscrc"] {
            if !given(key) {
                options::insert(key, None)?;
            }
        }
        for (key, value) in options {
            options::insert(key, value.as_deref())?;
        }
        // -skip_petscrc only counts where there is an argument list, if only of the program's name. PETSc keeps the
        // pointers for good, hence the leak of two of them
        let list: &'static mut [*mut c_char; 2] =
            Box::leak(Box::new([c"petsc-rs".as_ptr().cast_mut(), null_mut()]));
        let (mut count, mut arguments) = (1, list.as_mut_ptr());
        check!(PetscInitialize(&mut count, &mut arguments, null(), null()))?;
        check!(PetscPushErrorHandler(Some(collect), null_mut()))?;
        let number = STARTED.get() + 1;
        STARTED.set(number);
        RUNNING.set(number);
        for key in ["-no_signal_handler", "-skip_petscrc"] {
            // looked up once more so that `options::unused` does not list what PETSc reads silently
            options::is_set(key)?;
        }
        Ok(Petsc { _universe: PhantomData })
    }
}

impl Drop for Petsc<'_> {
    /// Finalises PETSc. Objects that still live are abandoned; using them later is an error.
    ///
    /// # Collective
    fn drop(&mut self) {
        RUNNING.set(0);
        // MPI still runs, as the universe is borrowed
        if let Err(e) = check!(PetscFinalize()) {
            eprintln!("PetscFinalize failed: {e}");
        }
    }
}

/// Version of the PETSc headers that this was built with.
pub fn version() -> String {
    format!("{PETSC_VERSION_MAJOR}.{PETSC_VERSION_MINOR}.{PETSC_VERSION_SUBMINOR}")
}

/// The session that an object belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session(u64);

impl Session {
    /// The session that runs now.
    pub(crate) fn current(what: &'static str) -> Result<Session> {
        let session = Session(RUNNING.get());
        if session.runs() { Ok(session) } else { Err(Error::NotRunning { what }) }
    }

    /// Whether PETSc calls on its objects are allowed. MPI is asked too: a leaked [`Petsc`] never finalises PETSc,
    /// and then the universe may have ended MPI.
    pub(crate) fn runs(self) -> bool {
        self.0 != 0 && RUNNING.try_with(Cell::get) == Ok(self.0) && !mpi::environment::is_finalized()
    }

    /// An error unless the session runs.
    pub(crate) fn require(self, what: &'static str) -> Result<()> {
        if self.runs() { Ok(()) } else { Err(Error::NotRunning { what }) }
    }
}
