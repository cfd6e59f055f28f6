//! The process: MPI and PETSc started and ended, panics, log, exit code.

use super::args::Common;
use crate::error::{Error, Result};
use crate::material::plugins::Host;
use crate::parallel::{Comm, agree};
use crate::report::tell;
use petsc_rs::Petsc;
use std::cell::OnceCell;
use std::process::ExitCode;

/// What launchers of MPI programs set: `mpirun` (Open MPI, MPICH), Slurm's PMI and PMIx.
const LAUNCHERS: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMIX_RANK", "PMI_FD"];

/// MPI for the life of the process. Outside of a launcher, and where PETSc is not needed, no MPI is started: it would
/// take most of the time of a short command.
pub(super) struct Session {
    // dropped in this order: communicator, then MPI
    comm: Comm,
    universe: OnceCell<mpi::environment::Universe>,
}

impl Session {
    /// Starts MPI where a launcher or PETSc asks for it.
    pub fn start(needs_mpi: bool) -> Session {
        let launched = LAUNCHERS.iter().any(|v| std::env::var_os(v).is_some());
        crate::store::start_library();
        let mut session = Session { comm: Comm::serial(), universe: OnceCell::new() };
        if (launched || needs_mpi)
            && let Ok(world) = session.world()
        {
            session.comm = world;
        }
        let (rank, ranks) = (session.comm.rank(), session.comm.size());
        crate::material::plugins::set_host(Host { rank, ranks, isolated: false });
        session
    }

    /// All ranks of MPI; starts it where it does not run yet.
    fn world(&self) -> Result<Comm> {
        if self.universe.get().is_none()
            && let Some(universe) = mpi::initialize()
        {
            abort_on_panic();
            let _ = self.universe.set(universe);
        }
        let universe = self.universe.get();
        universe
            .map(|u| Comm::new(u.world()))
            .ok_or_else(|| Error::run("MPI did not start; check its installation"))
    }

    /// All ranks.
    pub fn comm(&self) -> &Comm {
        &self.comm
    }

    /// Runs something that needs PETSc, on all ranks; `work` is given the MPI communicator, which a process without a
    /// launcher may not have had before.
    ///
    /// # Errors
    /// MPI or PETSc did not start (or is not installed); those of `work`.
    ///
    /// # Collective
    pub fn with_petsc<T>(&self, work: impl FnOnce(&Comm) -> Result<T>) -> Result<T> {
        let comm = self.world()?;
        agree(&comm, petsc_rs::load().map_err(|e| Error::run(e.to_string())))?;
        let started = self.universe.get().map(|u| Petsc::init(u, &[])).transpose();
        let _petsc = started.map_err(|e| Error::run(format!("PETSc did not start: {e}")))?;
        work(&comm)
    }

    /// Says what went wrong, ends MPI, and gives the exit code, the same on every rank.
    pub fn finish(self, outcome: Result<()>) -> ExitCode {
        let code = match outcome {
            Ok(()) => 0,
            Err(e) => {
                if self.comm.is_root() {
                    tell(format_args!("ferrom: {e}"));
                }
                e.kind.exit_code()
            }
        };
        self.comm.barrier();
        ExitCode::from(u8::try_from(code).unwrap_or(1))
    }
}

/// A panic on one rank would leave the others waiting: it ends the whole job, after its message.
fn abort_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        before(info);
        tell("ferrom: this is a bug; please report it with the lines above");
        if mpi::environment::is_initialized() && !mpi::environment::is_finalized() {
            crate::parallel::abort(101);
        }
    }));
}

/// Prints a usage error once (or the help that was asked for) and gives its exit code.
pub(super) fn usage(e: &clap::Error) -> ExitCode {
    if launched_as_root() {
        let _ = e.print();
    }
    ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2))
}

/// Whether this is rank 0, as the launcher says it before MPI is started.
fn launched_as_root() -> bool {
    let rank = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"].iter().find_map(|v| std::env::var(v).ok());
    rank.is_none_or(|r| r == "0")
}

/// Warnings always, on rank 0; `-v` information, `-vv` debugging on all ranks; RUST_LOG overrides.
pub(super) fn start_log(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) | (false, 0) if !launched_as_root() => "off",
        (true, _) | (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format(|out, record| {
            use std::io::Write;
            writeln!(out, "ferrom: {}: {}", record.level().as_str().to_lowercase(), record.args())
        })
        .init();
}
