//! The high-fidelity Newton solver on PETSc, and its linear solver.

pub mod linear;
