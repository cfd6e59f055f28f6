//! Reduced models trained on displacements that Z-set stored, and what they predict for the same and for other loads.
//!
//! The figures of docs/validation.md come from here: `cargo test --release --test reference_rom -- --nocapture`.
//! Skipped where the reference data are not there.

mod support;

use ferrom::parallel::Comm;
use ferrom::store::ReducedModel;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use support::cases::{case, errors, hold, made, python, run, run_json, two_cycles, within};

const GROUP: &str = "reference_rom";
const ALL: &str = "U,p,sig11,sig22,sig33,sig12,sig23,sig31";

/// What the issue asks for: POD 1e-6, cubature 1e-5. The rebuilt quantities are kept to 1e-8 of their largest norm over
/// the training: at the first increments p is 1e-3 of what it becomes, and its relative error counts there too.
const OFFLINE: [&str; 6] = ["--pod-tol", "1e-6", "--ecm-tol", "1e-5", "--dual-tol", "1e-8"];

fn with(base: impl IntoIterator<Item = OsString>, more: &[&str]) -> Vec<OsString> {
    base.into_iter().chain(more.iter().map(OsString::from)).collect()
}

/// A case, its results and the number of ranks of the chain.
struct Chain {
    folder: PathBuf,
    /// `cube.ut`, or `cube` for results by sub-domains.
    results: &'static str,
    ranks: usize,
    ecm: &'static str,
}

impl Chain {
    fn new(name: &str, results: &'static str) -> Option<Chain> {
        Some(Chain { folder: case(name)?, results, ranks: 1, ecm: "global" })
    }

    fn file(&self, what: &str, make: impl FnOnce(&Path)) -> PathBuf {
        let name = self.folder.file_name().expect("a folder").to_string_lossy();
        made(GROUP, &format!("{name}-{}-{}-{what}.h5", self.ranks, self.ecm), make)
    }

    fn stored(&self) -> PathBuf {
        self.folder.join(self.results)
    }

    /// The stored displacements and the temperatures, nothing else.
    fn snapshots(&self) -> PathBuf {
        self.file("snapshots", |out| {
            let case = self.folder.join("cube.inp");
            run(self.ranks, &arguments!["import", self.stored(), "-c", case, "-o", out, "-q"]);
            let file = hdf5::File::open_rw(out).unwrap();
            file.group("ferrom").unwrap().unlink("points").unwrap();
        })
    }

    fn model_args(&self, snapshots: &Path, out: &Path) -> Vec<OsString> {
        with(arguments!["offline", snapshots, "-o", out, "--ecm", self.ecm, "-q"], &OFFLINE)
    }

    fn model(&self) -> PathBuf {
        let snapshots = self.snapshots();
        self.file("model", |out| {
            run(self.ranks, &self.model_args(&snapshots, out));
        })
    }

    /// The reduced run of an input of the case.
    fn predicted(&self, input: &str) -> PathBuf {
        let model = self.model();
        self.file(&format!("run-{input}"), |out| {
            let newton = ["--rebuild", "U,p,sig", "--newton-tol", "1e-8", "-q"];
            run(self.ranks, &with(arguments!["online", model, self.folder.join(input), "-o", out], &newton));
        })
    }

    /// Our own high-fidelity run.
    fn solved(&self, input: &str) -> PathBuf {
        self.file(&format!("solve-{input}"), |out| {
            run(self.ranks, &arguments!["solve", self.folder.join(input), "-o", out, "-q"]);
        })
    }
}

#[test]
fn the_model_has_ten_modes_and_few_points_whose_weights_add_up_to_the_volume() {
    let Some(chain) = Chain::new("MecaSequential", "cube.ut") else { return };
    let (snapshots, first) = (chain.snapshots(), chain.model());
    let mut report = Value::Null;
    let again = chain.file("model-again", |out| report = run_json(1, &chain.model_args(&snapshots, out)));
    let model = ReducedModel::read_online(&Comm::serial(), &first).unwrap();
    let weighted = model.points.weight.iter().filter(|w| **w != 0.0).count();
    let sum: f64 = model.points.weight.iter().sum();
    eprintln!(
        "| MecaSequential | modes {}, weighted points {weighted} of 1728, sum of weights / volume - 1 = {:.1e} |",
        model.n_modes,
        sum / model.volume - 1.0
    );
    assert_eq!((model.n_modes, report["weighted_points"].as_u64()), (10, Some(weighted as u64)));
    assert!(weighted <= 96 && model.points.weight.iter().all(|w| *w >= 0.0));
    assert!((sum / model.volume - 1.0).abs() <= 1e-12 && (model.volume - 1.0).abs() <= 1e-12);
    assert_eq!(std::fs::read(first).unwrap(), std::fs::read(again).unwrap(), "the same input, the same bits");
}

#[test]
fn the_training_loads_are_predicted_at_every_time() {
    let Some(chain) = Chain::new("MecaSequential", "cube.ut") else { return };
    let run = chain.predicted("cube.inp");
    let rows = errors(&run, &chain.stored(), ALL);
    let what = "MecaSequential, reduced";
    hold(what, &rows, "U", |r| r.l2, 1e-5);
    for component in ["sig11", "sig22", "sig33", "sig12", "sig23", "sig31"] {
        hold(what, &rows, component, |r| r.l2, 1e-4);
    }
    // Z-set solved its law to 1e-9: where p is 4e-5, the stored values are 8e-5 off those of a tight solution
    let p = "p";
    hold(&format!("{what}, of the largest"), &rows, p, |r| r.l2_of_largest, 2e-5);
    hold(&format!("{what}, from t = 0.6"), &within(&rows, 0.6, 2.0), p, |r| r.l2, 2e-5);
    hold(&format!("{what}, absolute up to t = 0.4"), &within(&rows, 0.0, 0.4), p, |r| r.absolute, 2e-9);
    let rows = errors(&run, &chain.solved("cube.inp"), "U,p");
    hold(&format!("{what}, against `solve`"), &rows, "U", |r| r.l2, 1e-5);
    hold(&format!("{what}, against `solve`"), &rows, "p", |r| r.l2, 2e-5);
}

#[test]
fn two_materials_are_predicted_at_every_time() {
    let Some(chain) = Chain::new("MecaSequentialBiMat", "cube.ut") else { return };
    let rows = errors(&chain.predicted("cube.inp"), &chain.stored(), "U,p,sig");
    for quantity in ["U", "p"] {
        hold("MecaSequentialBiMat, reduced", &rows, quantity, |r| r.l2, 3e-5);
    }
}

#[test]
fn results_by_subdomains_train_a_model_on_their_own_subdomains() {
    let Some(chain) = Chain::new("MecaParallel", "cube") else { return };
    let chain = Chain { ranks: 2, ..chain };
    let rows = errors(&chain.predicted("cube.inp"), &chain.stored(), "U,sig");
    hold("MecaParallel, reduced, 2 ranks", &rows, "U", |r| r.l2, 2e-4);
}

#[test]
fn the_chain_does_not_depend_on_the_number_of_ranks() {
    let Some(alone) = Chain::new("MecaSequential", "cube.ut") else { return };
    for ranks in [2, 3] {
        let chain = Chain { folder: alone.folder.clone(), ranks, ..alone };
        let rows = errors(&chain.predicted("cube.inp"), &alone.predicted("cube.inp"), "U,p,sig");
        for quantity in ["U", "p", "sig"] {
            hold(&format!("chain, {ranks} ranks against 1"), &rows, quantity, |r| r.l2.max(r.max), 1e-6);
        }
    }
}

#[test]
fn each_rank_may_choose_its_own_points() {
    let Some(alone) = Chain::new("MecaSequential", "cube.ut") else { return };
    for ranks in [2, 3] {
        let chain = Chain { folder: alone.folder.clone(), ranks, ecm: "local", ..alone };
        let rows = errors(&chain.predicted("cube.inp"), &alone.stored(), "U,p");
        let what = format!("MecaSequential, reduced, local cubature, {ranks} ranks");
        hold(&what, &rows, "U", |r| r.l2, 1e-5);
        hold(&what, &rows, "p", |r| r.l2_of_largest, 2e-5);
    }
}

/// The authors of the method report U 7.7e-3 and p 6.9e-2 for their own program on the second cycle.
#[test]
fn a_cycle_outside_the_training_is_wrong_by_percents_and_the_gappy_residual_tells() {
    let Some(chain) = Chain::new("MecaAlternateTempDefinition", "cube.ut") else { return };
    let run_of_two = chain.predicted("cube2cycles.inp");
    let model = chain.model();
    let input = chain.folder.join("cube2cycles.inp");
    let again = chain.file("run-again", |_| {});
    let output = run(1, &arguments!["online", model, input, "-o", again, "--rebuild", "p"]);
    let residuals = gappy_residuals(&String::from_utf8_lossy(&output.stderr), "p");
    assert_eq!(residuals.len(), 20, "one per increment");
    let inside = residuals[..10].iter().copied().fold(0.0, f64::max);
    let outside = residuals[10..].iter().copied().fold(f64::INFINITY, f64::min);
    eprintln!(
        "| two cycles | gappy residual of p | at most {inside:.1e} in cycle 1, at least {outside:.1e} in cycle 2 |"
    );
    assert!(outside > 100.0 * inside, "{residuals:?}");

    let Some(python) = python() else { return };
    let like = chain.solved("cube2cycles.inp");
    let due = chain.file("two-cycles", |out| {
        two_cycles(&python, &chain.folder.join("fom_2cycles.npz"), &like, out);
    });
    let rows = errors(&run_of_two, &due, "U,p");
    // relative to the largest norm over both cycles
    let (first, second) = (within(&rows, 0.0, 2.0), within(&rows, 2.1, 4.0));
    hold("two cycles, reduced, cycle 1", &first, "U", |r| r.l2, 1e-5);
    hold("two cycles, reduced, cycle 1", &first, "p", |r| r.l2, 2e-5);
    hold("two cycles, reduced, cycle 2, of the largest", &second, "U", |r| r.l2_of_largest, 7.7e-3);
    hold("two cycles, reduced, cycle 2, of the largest", &second, "p", |r| r.l2_of_largest, 6.9e-2);
    hold("two cycles, reduced, cycle 2", &second, "U", |r| r.l2, 1e-2);
    hold("two cycles, reduced, cycle 2", &second, "p", |r| r.l2, 6.9e-2);
}

/// The residuals of a quantity in the lines of progress: `... gappy residual p 1.1e-5, sig 3.4e-6`.
fn gappy_residuals(text: &str, quantity: &str) -> Vec<f64> {
    let of_line = |line: &str| {
        let (_, list) = line.split_once("gappy residual ")?;
        let entry = list.split(", ").find_map(|e| e.strip_prefix(quantity)?.strip_prefix(' '))?;
        entry.trim().parse().ok()
    };
    text.lines().filter_map(of_line).collect()
}
