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

unsafe extern "C" {
    /// OpenMP: how deep parallel regions may nest; with 0 every region runs on one thread.
    pub fn omp_set_max_active_levels(levels: std::ffi::c_int);
}
