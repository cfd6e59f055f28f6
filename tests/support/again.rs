//! Test programs that run themselves, without `mpirun` and under it on 1, 2 and 3 ranks: PETSc and MPI do not mix with the
//! threads of the usual test harness. The tests of `crates/petsc-rs` use this file too.

use std::path::Path;
use std::process::{Command, ExitCode};

/// Marks the processes that [`main`] started.
const CHILD: &str = "FERROM_TEST_CHILD";
const OPEN_MPI: [(&str, &str); 6] = [
    ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
    ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
    ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ("OMPI_MCA_hwloc_base_binding_policy", "none"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("OMP_NUM_THREADS", "1"),
];

/// The `main` of such a program: runs `child` in processes of its own, in `folder`, with these `PETSC_OPTIONS`.
pub fn main(what: &str, folder: &Path, petsc_options: &str, child: fn()) -> ExitCode {
    if std::env::var_os(CHILD).is_some() {
        child();
        return ExitCode::SUCCESS;
    }
    let this = std::env::current_exe().expect("path of this test");
    let mut failed = false;
    for ranks in 0..=3 {
        let mut command = Command::new("timeout");
        command.arg("300");
        if ranks > 0 {
            command.args(["mpirun", "-n", &ranks.to_string()]);
        }
        command
            .arg(&this)
            .current_dir(folder)
            .env(CHILD, "1")
            .envs(OPEN_MPI)
            .env("PETSC_OPTIONS", petsc_options);
        let status = command.status();
        let ok = status.as_ref().is_ok_and(|s| s.success());
        let on = if ranks == 0 { "without mpirun".to_owned() } else { format!("{ranks} ranks") };
        println!("{what}, {on}: {}", if ok { "ok".to_owned() } else { format!("FAILED ({status:?})") });
        failed |= !ok;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Ends the whole job where one rank panics: the others would wait for it in MPI_Finalize.
pub fn panics_end_the_job() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        default(info);
        std::process::exit(101);
    }));
}
