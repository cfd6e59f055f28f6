//! Tests that are run by every rank of an MPI job: a test binary without libtest that starts itself under `mpirun`.
//!
//! ```toml
//! [[test]]
//! name = "subdomains"
//! harness = false
//! ```
//! and in the file `fn main() { support::ranks::main(&[1, 2, 3], &[("name", function), ...]) }`.

use ferrom::parallel::Comm;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use std::process::exit;

/// A statement about distributed things, checked by panicking. Every rank runs it.
pub type Case = (&'static str, fn(&Comm));

/// Marks the processes that [`main`] started.
const INSIDE: &str = "--inside-mpirun";

/// The `main` of such a binary: runs each case on each number of ranks, reports as libtest does. An argument selects
/// the cases that contain it.
pub fn main(sizes: &[usize], cases: &[Case]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|a| a == INSIDE) {
        return inside(cases, &arguments[1..]);
    }
    let wanted = arguments.iter().find(|a| !a.starts_with('-')).map_or("", String::as_str);
    let chosen: Vec<&str> = cases.iter().map(|c| c.0).filter(|name| name.contains(wanted)).collect();
    if arguments.iter().any(|a| a == "--list") {
        chosen.iter().for_each(|name| println!("{name}: test"));
        return;
    }
    let (mut passed, mut failed) = (0, 0);
    println!("\nrunning {} tests", chosen.len() * sizes.len());
    for &n in sizes.iter().filter(|_| !chosen.is_empty()) {
        let exe = std::env::current_exe().expect("the path of this binary").display().to_string();
        let command: Vec<&str> = [exe.as_str(), INSIDE].into_iter().chain(chosen.iter().copied()).collect();
        let output = super::mpirun(n, &command);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut all_good = output.status.success();
        for name in &chosen {
            let good = text.lines().any(|line| line == format!("passed: {name}"));
            all_good &= good;
            println!("test {name} (on {n}) ... {}", if good { "ok" } else { "FAILED" });
            *(if good { &mut passed } else { &mut failed }) += 1;
        }
        if !all_good {
            println!("---- on {n} ranks ----\n{}", super::told(&output));
            // the cases passed, but the job as a whole did not end well
            failed = failed.max(1);
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out\n"
    );
    exit(i32::from(failed > 0) * 101);
}

fn inside(cases: &[Case], chosen: &[String]) {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    // Without this, the other ranks would wait for the one that panicked
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        SimpleCommunicator::world().abort(101);
    }));
    let comm = Comm::new(world);
    for (name, case) in cases.iter().filter(|c| chosen.iter().any(|name| name == c.0)) {
        case(&comm);
        comm.barrier();
        if comm.is_root() {
            println!("passed: {name}");
        }
    }
}
