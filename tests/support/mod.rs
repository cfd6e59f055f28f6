//! What several test binaries need: `mpirun` with a time limit, reference data, Python, meshes of every kind.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod bar;
pub mod bench;
pub mod cases;
pub mod patch;
pub mod plugin;
pub mod ranks;
pub mod reduced;
pub mod rst;
pub mod study;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Seconds after which a program under [`mpirun`] is killed: far more than any test takes, even on a busy machine.
const LIMIT: &str = "300";

/// A command that runs on `n` ranks, as root and on fewer cores than ranks too, and is killed when it hangs.
pub fn mpirun_command(n: usize) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LIMIT, "mpirun", "-n"]).arg(n.to_string());
    command
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .env("OMPI_MCA_hwloc_base_binding_policy", "none")
        .env("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
        .env("OPENBLAS_NUM_THREADS", "1")
        .env("OMP_NUM_THREADS", "1")
        // a rank that waits gives its core to the one that works
        .env("OMPI_MCA_mpi_yield_when_idle", "1");
    command
}

/// Runs a program with its arguments on `n` ranks. Exit code 124 or 137: it was killed at the time limit.
pub fn mpirun<S: AsRef<OsStr>>(n: usize, program_and_arguments: &[S]) -> Output {
    mpirun_command(n).args(program_and_arguments).output().expect("`timeout` of coreutils starts")
}

/// Runs the `ferrom` program on `n` ranks.
pub fn ferrom<S: AsRef<OsStr>>(n: usize, arguments: &[S]) -> Output {
    mpirun_command(n).arg(env!("CARGO_BIN_EXE_ferrom")).args(arguments).output().expect("`timeout` starts")
}

/// Both streams of a finished program, to be put in an assertion's message.
pub fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// A file or folder of the reference data (`FERROM_REFERENCE`, or `../shared/reference` beside the repository); where
/// it is absent, says that the check is skipped.
pub fn reference(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FERROM_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"), PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: no reference data at {}", found.display());
    None
}

/// The Python that `scripts/setup.sh --tests` made, with numpy, h5py and vtk; where it is absent, says that the check
/// is skipped.
pub fn python() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: no {}; scripts/setup.sh --tests makes it", found.display());
    None
}
