//! The safe part of PETSc that ferrom uses: vectors, matrices from coordinate patterns, Krylov and direct solvers,
//! the options database.
//!
//! ```no_run
//! use petsc_rs::{Ksp, Matrix, Petsc, Vector};
//! # fn main() -> petsc_rs::Result<()> {
//! let universe = mpi::initialize().expect("MPI starts once per process");
//! let petsc = Petsc::init(&universe, &[])?;
//! let world = universe.world();
//! // the matrix (2) of one row, on one rank
//! let mut a = Matrix::from_coo(&world, 1, &[0], &[0], 1)?;
//! a.set_values(&[2.0])?;
//! let (mut x, mut b) = (a.new_vector()?, a.new_vector()?);
//! b.copy_from(&[6.0])?;
//! let mut ksp = Ksp::new(&world, "demo_")?;
//! ksp.set_from_options()?;
//! ksp.set_operators(&a, &a)?;
//! ksp.solve(&b, &mut x)?;
//! assert!((x.to_vec()?[0] - 3.0).abs() < 1e-5);
//! drop((a, x, b, ksp));
//! drop(petsc);
//! # Ok(())
//! # }
//! ```
//!
//! # Lifetimes
//! [`Petsc`] borrows the MPI [`Universe`](mpi::environment::Universe), so PETSc is finalised before MPI. Vectors,
//! matrices and solvers carry no lifetime: every call first asks whether the session that made the object still runs
//! and fails with [`Error::NotRunning`] if not, and dropping such an object does nothing (PETSc and MPI are gone, the
//! process is ending). A lifetime parameter would be as safe, but would spread to every structure that owns a solver;
//! the question costs nanoseconds before calls that cost microseconds or more. All of these types are neither `Send`
//! nor `Sync`: PETSc is not thread-safe.
//!
//! # Collective calls
//! Everything here except [`options`] and reading or writing the local part of a vector is collective over the
//! communicator of the object, creation and drop included: all ranks make the same calls in the same order.
//! Arguments that are wrong on one rank only (a length, say) are an error on that rank while the others wait:
//! callers check such things, and agree on them, before.

mod error;
mod ksp;
mod library;
mod matrix;
pub mod options;
mod session;
mod vector;

pub use error::{Error, NotConverged, Result};
pub use ksp::{Ksp, SolveInfo};
pub use library::load;
pub use matrix::{Matrix, Symmetry};
pub use session::{Petsc, version};
pub use vector::Vector;

const _: () = assert!(
    size_of::<petsc_sys::PetscInt>() == 4 && size_of::<petsc_sys::PetscScalar>() == 8,
    "petsc-rs needs a PETSc of real double precision with 32-bit PetscInt (Debian: libpetsc-real-dev)"
);
