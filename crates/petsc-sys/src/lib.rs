//! Raw bindings to PETSc, generated at build time: its types and constants, and its functions as methods of
//! [`Library`], which is opened at run time. Use `petsc-rs` instead.
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

/// Name by which the dynamic linker knows the library of the headers that this was built with.
pub const SONAME: &str = env!("PETSC_SONAME");
