//! Generates the bindings from the installed PETSc headers. The library itself is opened at run time.

use std::{env, path::PathBuf};

/// All that `petsc-rs` calls; each is looked up when the library is opened.
const FUNCTIONS: [&str; 76] = [
    "KSPCreate",
    "KSPDestroy",
    "KSPGetConvergedReason",
    "KSPGetConvergedReasonString",
    "KSPGetIterationNumber",
    "KSPGetPC",
    "KSPGetResidualNorm",
    "KSPGetTolerances",
    "KSPGetType",
    "KSPSetFromOptions",
    "KSPSetOperators",
    "KSPSetOptionsPrefix",
    "KSPSetReusePreconditioner",
    "KSPSetTolerances",
    "KSPSetUp",
    "KSPSolve",
    "MatAXPY",
    "MatCreate",
    "MatCreateVecs",
    "MatDestroy",
    "MatGetInfo",
    "MatGetLayouts",
    "MatGetSize",
    "MatMult",
    "MatMumpsGetIcntl",
    "MatMumpsGetInfog",
    "MatNullSpaceCreate",
    "MatNullSpaceDestroy",
    "MatScale",
    "MatSeqAIJGetArrayWrite",
    "MatSeqAIJRestoreArrayWrite",
    "MatSeqAIJSetPreallocationCSR",
    "MatSetBlockSize",
    "MatSetNearNullSpace",
    "MatSetOption",
    "MatSetPreallocationCOO",
    "MatSetSizes",
    "MatSetType",
    "MatSetValuesCOO",
    "MatTranspose",
    "PCFactorGetMatSolverType",
    "PCFactorGetMatrix",
    "PCGetFailedReason",
    "PCGetType",
    "PetscDataTypeFromString",
    "PetscDataTypeGetSize",
    "PetscErrorMessage",
    "PetscFinalize",
    "PetscGetVersionNumber",
    "PetscInitialize",
    "PetscInitialized",
    "PetscLayoutSetUp",
    "PetscObjectGetComm",
    "PetscOptionsClearValue",
    "PetscOptionsGetString",
    "PetscOptionsHasName",
    "PetscOptionsLeftGet",
    "PetscOptionsLeftRestore",
    "PetscOptionsSetValue",
    "PetscPushErrorHandler",
    "VecAXPY",
    "VecCreate",
    "VecDestroy",
    "VecDot",
    "VecDuplicate",
    "VecGetArray",
    "VecGetArrayRead",
    "VecGetLocalSize",
    "VecGetSize",
    "VecNorm",
    "VecRestoreArray",
    "VecRestoreArrayRead",
    "VecScale",
    "VecSet",
    "VecSetSizes",
    "VecSetType",
];

fn main() {
    println!("cargo:rerun-if-changed=wrapper.h");
    println!("cargo:rerun-if-changed=build.rs");
    let petsc = pkg_config::Config::new()
        .atleast_version("3.18")
        .cargo_metadata(false)
        .probe("PETSc")
        .expect("PETSc 3.18 or newer not found by pkg-config: apt-get install libpetsc-real-dev");
    println!("cargo:rustc-env=PETSC_SONAME={}", soname(&petsc));
    // PETSc.pc names no MPI include folder
    let mpi = pkg_config::Config::new()
        .cargo_metadata(false)
        .probe("mpi-c")
        .expect("MPI headers not found by pkg-config (mpi-c.pc): apt-get install libopenmpi-dev");
    let includes = petsc.include_paths.iter().chain(&mpi.include_paths);
    bindgen::builder()
        .header("wrapper.h")
        .clang_args(includes.map(|p| format!("-I{}", p.display())))
        .allowlist_function(FUNCTIONS.join("|"))
        .allowlist_var("PETSC_VERSION_(MAJOR|MINOR|SUBMINOR)|PETSC_DE(FAULT|TERMINE)")
        .dynamic_library_name("Library")
        .dynamic_link_require_all(true)
        .blocklist_type("(MPI_|ompi_|PMPI_).*")
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

/// The library's name for the dynamic linker, as PETSc gives it: `libpetsc.so.3.18`.
fn soname(petsc: &pkg_config::Library) -> String {
    let name = petsc.libs.iter().find(|l| l.starts_with("petsc")).expect("PETSc.pc names the library");
    let number: Vec<&str> = petsc.version.split('.').take(2).collect();
    format!("lib{name}.so.{}", number.join("."))
}
