//! Adaptive runs: a reduced model that notices where it is wrong and mends itself by high-fidelity steps.
//!
//! Trained on the first cycle of the Z-set reference case, run over further cycles; skipped where the reference data are
//! not there. The figures of docs/adaptive.md come from here: `cargo test --release --test adaptive -- --nocapture`.

mod support;

use ferrom::mesh::ElementKind;
use serde_json::Value;
use std::path::{Path, PathBuf};
use support::bar::bar;
use support::bench::Bench;
use support::cases::{case, errors, hold, made, run, run_json};

const GROUP: &str = "adaptive";

/// The two-cycle input, beside the model that knows the first cycle.
struct Study {
    input: PathBuf,
    model: PathBuf,
}

impl Study {
    fn new() -> Option<Study> {
        let stored = case("MecaSequential")?;
        let input = case("MecaAlternateTempDefinition")?.join("cube2cycles.inp");
        let model = made(GROUP, "model.h5", |out| {
            let snapshots = out.with_file_name("snapshots.h5");
            run(1, &arguments!["import", stored.join("cube.inp"), "-o", snapshots, "-q"]);
            run(1, &arguments!["offline", snapshots, "-o", out, "-q"]);
        });
        Some(Study { input, model })
    }

    fn truth(&self) -> PathBuf {
        made(GROUP, "truth.h5", |out| {
            run(1, &arguments!["solve", self.input, "-o", out, "-q"]);
        })
    }

    fn adaptive(&self, ranks: usize, name: &str, more: &[&str]) -> (PathBuf, Value) {
        let out = self.model.with_file_name(format!("{name}.h5"));
        let mut all = arguments!["online", self.model, self.input, "-o", out, "-q", "--adaptive"].to_vec();
        all.extend(more.iter().map(Into::into));
        let json = run_json(ranks, &all);
        (out, json)
    }
}

fn steps(json: &Value) -> Vec<f64> {
    json["enriched"].as_array().expect("times").iter().map(|t| t.as_f64().expect("a time")).collect()
}

#[test]
fn the_known_cycle_needs_no_high_fidelity_step_and_the_unknown_one_few() {
    let Some(study) = Study::new() else { return };
    let (run, json) = study.adaptive(1, "two", &["--rebuild", "U,p,sig"]);
    let steps = steps(&json);
    eprintln!("| two cycles, --error-tol 3e-2 | high-fidelity steps at t = {steps:?} of 20 |");
    assert!(steps.len() <= 4, "{steps:?}");
    assert!(steps[0] > 2.0 && steps[0] < 2.5, "the second cycle is noticed at once: {steps:?}");
    let rows = errors(&run, &study.truth(), "U,p");
    hold("two cycles, replayed", &rows, "p", |r| r.l2, 3e-3);
    hold("two cycles, replayed", &rows, "U", |r| r.l2, 2e-3);
}

#[test]
fn gappy_output_is_less_exact_than_replayed_output() {
    let Some(study) = Study::new() else { return };
    let (run, _) = study.adaptive(1, "gappy", &["--rebuild", "U,p", "--rebuild-by", "gappy"]);
    let rows = errors(&run, &study.truth(), "U,p");
    hold("two cycles, gappy", &rows, "p", |r| r.l2, 1e-2);
}

#[test]
fn a_tighter_tolerance_costs_more_steps_and_gives_smaller_errors() {
    let Some(study) = Study::new() else { return };
    let (run, json) = study.adaptive(1, "tight", &["--rebuild", "U,p", "--error-tol", "1e-2"]);
    eprintln!("| two cycles, --error-tol 1e-2 | {} high-fidelity steps |", steps(&json).len());
    assert!(steps(&json).len() <= 9, "{json}");
    let rows = errors(&run, &study.truth(), "U,p");
    hold("two cycles, --error-tol 1e-2", &rows, "p", |r| r.l2, 1e-3);
}

#[test]
fn twenty_cycles_cost_hardly_more_than_two() {
    let Some(study) = Study::new() else { return };
    let (_, json) = study.adaptive(1, "twenty", &["--cycles", "20"]);
    eprintln!("| twenty cycles | {} high-fidelity steps of 200 |", steps(&json).len());
    assert!(steps(&json).len() <= 10, "{json}");
}

#[test]
fn the_enriched_model_runs_over_the_same_loads_without_a_further_step() {
    let Some(study) = Study::new() else { return };
    let saved = study.model.with_file_name("enriched.h5");
    let text = saved.to_str().expect("a path in UTF-8");
    study.adaptive(1, "first", &["--save-model", text]);
    let again = Study { model: saved, input: study.input.clone() };
    let (run, json) = again.adaptive(1, "second", &["--rebuild", "U,p"]);
    assert_eq!(steps(&json), Vec::<f64>::new());
    let rows = errors(&run, &study.truth(), "U,p");
    hold("second pass", &rows, "p", |r| r.l2, 1e-2);
}

#[test]
fn ranks_take_the_same_steps_and_give_the_same_answer() {
    let Some(study) = Study::new() else { return };
    let (one, json) = study.adaptive(1, "ranks-1", &["--rebuild", "U,p,sig"]);
    for ranks in [2, 3] {
        let (several, other) = study.adaptive(ranks, &format!("ranks-{ranks}"), &["--rebuild", "U,p,sig"]);
        assert_eq!(steps(&json), steps(&other));
        let rows = errors(&several, &one, "U,p,sig");
        for quantity in ["U", "p", "sig"] {
            hold(&format!("{ranks} ranks against 1"), &rows, quantity, |r| r.l2, 1e-6);
        }
    }
}

#[test]
fn a_spent_budget_keeps_the_run_so_far_and_the_last_model() {
    let Some(study) = Study::new() else { return };
    let out = study.model.with_file_name("budget.h5");
    let saved = study.model.with_file_name("budget-model.h5");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ferrom"))
        .args(arguments![
            "online",
            study.model,
            study.input,
            "-o",
            out,
            "-q",
            "--adaptive",
            "--rebuild",
            "U,p"
        ])
        .args(arguments!["--max-enrichments", "1", "--save-model", saved])
        .output()
        .expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("budget") && told.contains("--max-enrichments"), "{told}");
    let info = |file: &Path| run_json(1, &arguments!["info", file, "-q"]);
    assert_eq!(info(&saved)["kind"], "model");
    let times = info(&out)["times"].as_array().expect("times").len();
    assert!((12..20).contains(&times), "{times} times were kept");
}

#[test]
fn a_linear_solver_that_breaks_down_keeps_the_run_so_far_and_the_last_model() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [4, 2, 2], [4.0, 1.0, 1.5], 0.2));
    let pulled = |load: f64, solver: &str| {
        format!(
            "[time]\ntimes = [1.0]\nincrements = [4]\n[temperature]\nconstant = 20.0
[[fix]]\nset = 'x0'\ndof = 'U1'\n[[fix]]\nset = 'x0'\ndof = 'U2'\n[[fix]]\nset = 'x0'\ndof = 'U3'
[[traction]]\nset = 'fx1'\nvector = [{load:?}, 20.0, 10.0]\ntable = 'load'
[tables.load]\ntimes = [0.0, 1.0]\nvalues = [0.0, 1.0]
[offline]\ncalibrate = false\n[solver]\n{solver}
[[material]]\nname = 'm'\nlaw = 'chaboche'\nyoung = 2e5\npoisson = 0.3\nR0 = 100\nH = 2e3\n"
        )
    };
    bench.case("train.toml", &pulled(90.0, "tolerance = 1e-10"));
    bench.ok(0, &["solve", "train.toml", "-o", "train.h5"]);
    bench.ok(0, &["offline", "train.h5", "-o", "model.h5"]);
    // another mixture of pull and bending, with a solver that is stopped after one iteration
    let broken = "petsc = { ksp_type = 'cg', pc_type = 'none', ksp_max_it = 1 }";
    bench.case("broken.toml", &pulled(300.0, broken));
    for ranks in [1, 2] {
        bench.stops(ranks, "broken.toml", "linear");
    }
}

#[test]
fn a_model_trained_over_cases_needs_no_further_step_on_any_of_them() {
    let Some(study) = Study::new() else { return };
    let Some(weak) = case("MecaSequential").map(|c| c.join("cube2.inp")) else { return };
    let trained = study.model.with_file_name("trained.h5");
    let report = run_json(1, &arguments!["train", study.model, study.input, weak, "-o", trained, "-q"]);
    assert_eq!(report["complete"], true, "{report}");
    let total = report["steps"].as_u64().expect("a number");
    eprintln!("| greedy training over two load cases | {total} high-fidelity steps of 60 |");
    assert!((1..=20).contains(&total), "{report}");
    for input in [study.input, weak] {
        let again = Study { model: trained.clone(), input };
        assert_eq!(steps(&again.adaptive(1, "trained-run", &[]).1), Vec::<f64>::new());
    }
}
