//! Raw bindings to PETSc, generated at build time. Use `petsc-rs` instead.
#![allow(
    non_upper_case_globals,
    non_camel_case_types,
    non_snake_case,
    dead_code,
    improper_ctypes,
    unused_imports,
    missing_docs,
    unsafe_op_in_unsafe_fn,
    rustdoc::all,
    clippy::all
)]
include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
