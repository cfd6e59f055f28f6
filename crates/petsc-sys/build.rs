//! Generates the bindings from the installed PETSc headers.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=wrapper.h");
    println!("cargo:rerun-if-changed=build.rs");
    let petsc = pkg_config::Config::new()
        .atleast_version("3.18")
        .probe("PETSc")
        .expect("PETSc 3.18 or newer not found by pkg-config: apt-get install libpetsc-real-dev");
    // the OpenMP of GCC, which Debian's solver packages use
    println!("cargo:rustc-link-lib=gomp");
    // PETSc.pc names no MPI include folder
    let mpi = pkg_config::Config::new()
        .cargo_metadata(false)
        .probe("mpi-c")
        .expect("MPI headers not found by pkg-config (mpi-c.pc): apt-get install libopenmpi-dev");
    let includes = petsc.include_paths.iter().chain(&mpi.include_paths);
    bindgen::builder()
        .header("wrapper.h")
        .clang_args(includes.map(|p| format!("-I{}", p.display())))
        .allowlist_function("(Petsc|Mat|Vec|KSP|PC|IS).*")
        .allowlist_var("(PETSC_|MAT_|KSP_|PC_|VEC_).*")
        .blocklist_type("(MPI_|ompi_|PMPI_).*")
        .blocklist_function("(MPI_|PMPI_).*")
        .raw_line("use mpi_sys::*;")
        .default_enum_style(bindgen::EnumVariation::ModuleConsts)
        .derive_default(false)
        .layout_tests(false)
        .generate_comments(false)
        .generate()
        .expect("bindgen failed on petscksp.h")
        .write_to_file(PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("bindings.rs"))
        .expect("bindings.rs could not be written");
}
