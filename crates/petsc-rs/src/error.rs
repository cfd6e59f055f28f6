//! Failures of PETSc as values: the message, the chain of PETSc functions, and why a linear solve stopped.

use crate::library::functions;
use mpi::ffi::MPI_Comm;
use petsc_sys::{PetscErrorCode, PetscErrorType};
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};

/// Result of a PETSc call.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. After [`Error::NotConverged`] the objects are intact and may be used again.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A PETSc function returned an error code.
    #[error("PETSc error {code}: {message}{}", chain_text(.chain))]
    Call {
        /// PETSc's error code (see petscerror.h), e.g. 56 for an unsupported operation.
        code: i32,
        /// What PETSc says.
        message: String,
        /// The PETSc functions that were active, innermost first.
        chain: Vec<String>,
    },
    /// The shared library of PETSc is not there, or is another than this was built for.
    #[error("{0}")]
    Library(String),
    /// PETSc was not initialised, or is finalised already, or the object belongs to an earlier session.
    #[error("PETSc is not running: {what} needs a live petsc_rs::Petsc")]
    NotRunning {
        /// What was asked.
        what: &'static str,
    },
    /// An argument that PETSc must not see.
    #[error("{0}")]
    Argument(String),
    /// The linear solver stopped without a solution.
    #[error("{0}")]
    NotConverged(NotConverged),
}

/// Why a linear solver stopped without a solution.
#[derive(Debug, Clone, PartialEq)]
pub struct NotConverged {
    /// PETSc's KSPConvergedReason (negative), e.g. -3 for the iteration limit.
    pub reason: i32,
    /// Its name, e.g. `DIVERGED_ITS`.
    pub name: String,
    /// Iterations done.
    pub iterations: usize,
    /// The residual norm that the solver saw last (its own norm; 0 when it computed none).
    pub residual_norm: f64,
    /// INFOG(1) and INFOG(2) of MUMPS when it is the factorisation and reports an error.
    pub mumps: Option<(i32, i32)>,
}

impl std::fmt::Display for NotConverged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the linear solver stopped with {} ({})", self.name, explain_reason(self.reason))?;
        if self.iterations > 0 {
            write!(f, " after {} iterations, residual norm {:.3e}", self.iterations, self.residual_norm)?;
        }
        if let Some((one, two)) = self.mumps {
            write!(f, "; MUMPS INFOG(1) = {one}, INFOG(2) = {two}: {}", explain_mumps(one))?;
        }
        Ok(())
    }
}

fn chain_text(chain: &[String]) -> String {
    if chain.is_empty() { String::new() } else { format!(" (in {})", chain.join(" < ")) }
}

fn explain_reason(reason: i32) -> &'static str {
    match reason {
        -3 => "iteration limit reached; raise -ksp_max_it or use another preconditioner",
        -4 => "the residual grew; the preconditioner does not fit the matrix",
        -5 | -6 => "breakdown of the Krylov method",
        -7 => "the method needs a symmetric matrix; use gmres",
        -8 => {
            "the preconditioner is not positive definite; a part may be free to move, else use gmres or a direct solver"
        }
        -9 => "the residual is not a number; look at the matrix and the right-hand side",
        -10 => {
            "the matrix is not positive definite; a part may be free to move, else use gmres or a direct solver"
        }
        -11 => "the preconditioner or the factorisation failed",
        0 => "still iterating",
        _ => "see KSPConvergedReason in PETSc's manual",
    }
}

/// The error codes of the MUMPS users' guide (section on error diagnostics) that a user can do something about.
fn explain_mumps(infog1: i32) -> &'static str {
    match infog1 {
        -5 | -7 | -13 => "not enough memory; use more ranks or an iterative solver",
        -6 => "the matrix is structurally singular; a degree of freedom has no stiffness",
        -8 | -9 | -14 | -15 | -17 | -20 => {
            "its workspace is too small; raise -mat_mumps_icntl_14 (per cent of extra workspace)"
        }
        -10 => "the matrix is singular; a part may be free to move",
        -11 | -19 => "not enough memory allowed; raise -mat_mumps_icntl_23",
        -40 => "the matrix is not positive definite",
        _ => "see the error diagnostics in the MUMPS users' guide",
    }
}

#[derive(Default)]
struct Stack {
    message: String,
    chain: Vec<String>,
}

thread_local! {
    static STACK: RefCell<Stack> = RefCell::default();
}

/// PETSc calls this once per active function, innermost first; what it tells is kept until [`checked`] asks.
/// It must not unwind: hence `try_with` and `try_borrow_mut`.
pub(crate) unsafe extern "C" fn collect(
    _comm: MPI_Comm,
    line: c_int,
    function: *const c_char,
    file: *const c_char,
    code: PetscErrorCode,
    kind: PetscErrorType::Type,
    message: *const c_char,
    _context: *mut c_void,
) -> PetscErrorCode {
    let _ = STACK.try_with(|stack| {
        let Ok(mut stack) = stack.try_borrow_mut() else { return };
        if kind == PetscErrorType::PETSC_ERROR_INITIAL {
            *stack = Stack::default();
        }
        // Safety: PETSc passes null or strings that live during this call
        let (message, function, file) = unsafe { (text(message), text(function), text(file)) };
        if stack.message.is_empty() {
            stack.message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let file = file.rsplit('/').next().unwrap_or_default();
        stack.chain.push(format!("{function} {file}:{line}"));
    });
    code
}

/// A copy of a C string; empty for null.
///
/// # Safety
/// `p` is null or a nul-terminated string that lives during the call.
pub(crate) unsafe fn text(p: *const c_char) -> String {
    if p.is_null() { String::new() } else { unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned() }
}

/// Turns the return code of a PETSc function into a result, with what [`collect`] gathered.
pub(crate) fn checked(code: PetscErrorCode) -> Result<()> {
    if code == 0 {
        return Ok(());
    }
    let Stack { mut message, chain } = STACK.with(RefCell::take);
    if message.is_empty() {
        let mut generic = std::ptr::null();
        if let Ok(petsc) = functions() {
            // Safety: only looks the code up; a null third argument is allowed
            unsafe {
                petsc.PetscErrorMessage(code, &mut generic, std::ptr::null_mut());
                message = text(generic);
            }
        }
    }
    Err(Error::Call { code, message, chain })
}

/// `check!(PetscFunction(...))`: the call and its check.
macro_rules! check {
    ($function:ident($($argument:expr),* $(,)?)) => {
        match $crate::library::functions() {
            // Safety: stated where the macro is used; handles are live and arrays have the lengths passed with them
            Ok(petsc) => $crate::error::checked(unsafe { petsc.$function($($argument),*) }),
            Err(e) => Err(e),
        }
    };
}
pub(crate) use check;

/// A count as PETSc takes it.
pub(crate) fn int(n: usize, what: &str) -> Result<petsc_sys::PetscInt> {
    n.try_into()
        .map_err(|_| Error::Argument(format!("{what} = {n} exceeds 2^31 - 1, the limit of this PETSc build")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_factorisation_says_what_to_raise() {
        let e = Error::NotConverged(NotConverged {
            reason: -11,
            name: "DIVERGED_PC_FAILED".into(),
            iterations: 0,
            residual_norm: 0.0,
            mumps: Some((-9, 1234)),
        });
        let text = e.to_string();
        assert!(text.contains("INFOG(1) = -9, INFOG(2) = 1234") && text.contains("icntl_14"), "{text}");
    }

    #[test]
    fn a_count_beyond_32_bits_is_refused() {
        assert!(int(1 << 31, "rows").unwrap_err().to_string().contains("rows = 2147483648"));
    }
}
