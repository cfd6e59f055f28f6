//! The command line: one file per command; each reads a case, calls a stage and prints. No mathematics.
//!
//! People read standard error; `--json` prints the result of a command as one JSON object on standard output.

mod args;
mod check;
mod check_law;
mod compare;
mod cubature;
mod export;
mod import;
mod info;
mod offline;
mod online;
mod partition;
mod pod;
mod session;
mod solve;
mod train;

use crate::error::{Error, Result};
use crate::parallel::agree;
use crate::report::{answer, tell};
use crate::stages::Context;
use args::{Cli, Command};
use clap::Parser;
use session::Session;
use std::path::Path;
use std::process::ExitCode;

/// Parses the command line, runs the command on all ranks, and tells the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return session::usage(&e),
    };
    session::start_log(&cli.common);
    if let Command::LawServer = cli.command {
        // a child without MPI; what fails is told by the parent, which sees it end
        return if crate::material::serve_isolated().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let session = Session::start(match &cli.command {
        Command::Solve(_) | Command::Train(_) => true,
        Command::Online(a) => a.adaptive,
        _ => false,
    });
    let outcome = run(&cli, &session);
    session.finish(outcome)
}

/// Writes a picture; root alone does, and every rank hears of it.
///
/// # Collective
fn write_figure(cx: &Context, file: &Path, svg: impl FnOnce() -> String) -> Result<()> {
    let written = if cx.comm.is_root() { std::fs::write(file, svg()) } else { Ok(()) };
    agree(cx.comm, written.map_err(|e| Error::run(format!("{}: cannot be written ({e})", file.display()))))
}

fn run(cli: &Cli, session: &Session) -> Result<()> {
    let comm = session.comm();
    let cx = Context::new(comm, cli.common.quiet);
    let result = match &cli.command {
        Command::Import(a) => import::run(&cx, a),
        Command::Solve(a) => session.with_petsc(|_| solve::run(&cx, a)),
        Command::Offline(a) => offline::run(&cx, a, session),
        Command::Online(a) if a.adaptive => session.with_petsc(|_| online::run_adaptive(&cx, a)),
        Command::Online(a) => online::run(&cx, a),
        Command::Train(a) => session.with_petsc(|_| train::run(&cx, a)),
        Command::Compare(a) => compare::run(&cx, a),
        Command::Partition(a) => partition::run(&cx, a),
        Command::Export(a) => export::run(&cx, a),
        Command::Check(a) => check::run(&cx, a),
        Command::CheckLaw(a) => check_law::run(&cx, a),
        Command::LawServer => return Ok(()),
        Command::Info(a) => info::run(&cx, a),
        Command::Pod(a) => pod::run(&cx, a),
        Command::Cubature(a) => cubature::run(&cx, a),
    };
    let (mut json, verdict) = match result {
        Ok(answer) => (answer.json, answer.verdict),
        Err(e) => return Err(e),
    };
    let (table, stages) = cx.timers.summary(comm);
    if comm.is_root() {
        if cli.common.stages && !cli.common.quiet {
            tell(&table);
        }
        if let Some(object) = json.as_object_mut() {
            object.insert("run".into(), stages);
        }
        if cli.common.json {
            answer(format_args!("{json:#}"));
        }
    }
    let written = match (&cli.common.summary, comm.is_root()) {
        (Some(path), true) => std::fs::write(path, format!("{json:#}\n")).map_err(|e| {
            Error::run(format!("{}: cannot be written ({e}); choose another place", path.display()))
        }),
        _ => Ok(()),
    };
    crate::parallel::agree(comm, written)?;
    verdict
}

/// What a command has to say: its result as JSON, and whether its own criterion was met.
struct Answer {
    json: serde_json::Value,
    verdict: Result<()>,
}

impl Answer {
    fn new(json: serde_json::Value) -> Answer {
        Answer { json, verdict: Ok(()) }
    }
}
