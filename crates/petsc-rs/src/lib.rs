//! The safe part of PETSc that ferrom uses.
