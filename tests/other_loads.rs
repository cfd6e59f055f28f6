//! A reduced model of a linear structure answers for every load in the span of its training, without the mesh.
//!
//! The training is one case where each load acts alone for a while; the answers are compared with the high-fidelity
//! solver.

mod support;

use ferrom::mesh::{ElementKind, Mesh};
use std::collections::BTreeSet;
use std::fmt::Write;
use support::bar::bar;
use support::bench::{Bench, apart, size};

const SIZE: [f64; 3] = [4.0, 1.0, 1.5];
const MATERIALS: &str = "
[[material]]
name = 'm'
law = 'elastic'
young = 2e5
poisson = 0.3
density = 8e-9
thermal = { alpha = 1.5e-5, reference = 20.0 }
[[material]]
name = 'stiff'
set = 'high'
law = 'elastic'
young = 3e5
poisson = 0.25
density = 6e-9
thermal = { alpha = 1.0e-5, reference = 20.0 }
";
const OFFLINE: &str = "
[solver]
tolerance = 1e-12
[offline]
pod = 'tsqr'
pod_tolerance = 1e-9
dual_tolerance = 1e-9
cubature_tolerance = 1e-9
";
/// The supports of training; what stands for X1 is the motion of `x1`.
const CLAMP: &str = "
[[fix]]
set = 'x0'
dof = 'U1'
[[fix]]
set = 'x0'
dof = 'U2'
[[fix]]
set = 'x0'
dof = 'U3'
";

fn structure() -> Mesh {
    bar(ElementKind::C3d20r, [4, 2, 2], SIZE, 0.15)
}

/// Two temperature fields.
fn hot(mesh: &Mesh, which: usize) -> Vec<f64> {
    let field = |x: &[f64; 3]| match which {
        0 => 20.0 + 80.0 * (1.3 * x[0] + 0.4 * x[1]).sin(),
        _ => 20.0 + 50.0 * (x[2] * x[2] - 0.3 * x[0] * x[1]),
    };
    // what a file of float32 can hold
    mesh.points.iter().map(|x| f64::from(field(x) as f32)).collect()
}

/// Each load alone, one after the other: load k acts at t = k.
fn training(faces: usize) -> String {
    let mut loads = Vec::new();
    for f in 0..faces {
        loads.push(format!("[[pressure]]\nset = 'fy1'\nfile = 'unit{f}.node'\n"));
    }
    for t in ["[9.0, 0.0, 0.0]", "[0.0, 1.0, 0.0]", "[0.0, 0.0, 1.0]"] {
        loads.push(format!("[[traction]]\nset = 'fx1'\nvector = {t}\n"));
    }
    for dof in ["U1", "U2", "U3"] {
        loads.push(format!("[[nodal_force]]\nset = 'ex'\ndof = '{dof}'\nvalue = 0.5\n"));
    }
    for a in ["[1e8, 0.0, 0.0]", "[0.0, 1e7, 0.0]", "[0.0, 0.0, 1e7]"] {
        loads.push(format!("[[body_force]]\nacceleration = {a}\n"));
    }
    for a in
        ["1.0, 0.0, 0.0", "0.0, 1.0, 0.0", "0.0, 0.0, 1.0", "1.0, 1.0, 0.0", "0.0, 1.0, 1.0", "1.0, 0.0, 1.0"]
    {
        loads.push(format!("[[centrifugal]]\naxis = [{a}]\nspeed = 4e3\n"));
    }
    loads.push("[[centrifugal]]\nset = 'high'\naxis = [0.0, 1.0, 1.0]\nspeed = 4e3\n".into());
    let n = loads.len();
    let mut text = CLAMP.to_owned();
    for (k, load) in loads.iter().enumerate() {
        let values: Vec<f64> = (0..=n + 2).map(|i| f64::from(u8::from(i == k + 1))).collect();
        let times: Vec<f64> = (0..=n + 2).map(|i| i as f64).collect();
        writeln!(text, "{load}table = 'only{k}'\n[tables.only{k}]\ntimes = {times:?}\nvalues = {values:?}")
            .expect("a string");
    }
    let end = n as f64;
    write!(
        text,
        "[temperature]\nmaps = [{{ time = 0.0, value = 20.0 }}, {{ time = {end:?}, value = 20.0 }}, \
         {{ time = {:?}, file = 'hot0.node' }}, {{ time = {:?}, file = 'hot1.node' }}]\n\
         [time]\ntimes = [{:?}]\nincrements = [{}]\n",
        end + 1.0,
        end + 2.0,
        end + 2.0,
        n + 2
    )
    .expect("a string");
    text
}

/// A folder with a trained model in it.
fn trained() -> (Bench, Mesh) {
    let mesh = structure();
    let bench = Bench::new(&mesh);
    let faces = mesh.face_sets["fy1"].len();
    for f in 0..faces {
        bench.field(&format!("unit{f}.node"), (0..faces).map(|g| if g == f { 3.0 } else { 0.0 }));
    }
    for which in [0, 1] {
        bench.field(&format!("hot{which}.node"), hot(&mesh, which));
    }
    bench.case("training.toml", &format!("{}{MATERIALS}{OFFLINE}", training(faces)));
    bench.ok(0, &["solve", "training.toml", "-o", "train.h5"]);
    let report = bench.ok(0, &["offline", "train.h5", "-o", "model.h5"]);
    assert_eq!(report["modes"].as_u64(), Some(faces as u64 + 18), "{report}");
    (bench, mesh)
}

#[test]
fn a_linear_model_answers_for_every_load_in_the_span_of_its_training() {
    let (bench, mesh) = trained();
    let faces = mesh.face_sets["fy1"].len();
    bench.field("p.node", (0..faces).map(|f| 2.0 - 0.7 * f as f64));
    let mixed = hot(&mesh, 0)
        .iter()
        .zip(hot(&mesh, 1))
        .map(|(a, b)| 20.0 + 0.75 * (a - 20.0) + 0.5 * (b - 20.0))
        .collect::<Vec<_>>();
    bench.field("mixed.node", mixed);
    let time = "[time]\ntimes = [1.0, 2.0]\nincrements = [2, 1]\n[tables.t]\ntimes = [0.0, 2.0]\nvalues = [0.3, 1.7]\n";
    let cold = "[temperature]\nconstant = 20.0\n";
    let cases = [
        ("pressure", format!("{cold}{time}[[pressure]]\nset = 'fy1'\nvalue = 5.5\ntable = 't'\n")),
        ("pressure_by_face", format!("{cold}{time}[[pressure]]\nset = 'fy1'\nfile = 'p.node'\ntable = 't'\n")),
        ("traction", format!("{cold}{time}[[traction]]\nset = 'fx1'\nvector = [4.0, -3.0, 2.0]\ntable = 't'\n")),
        (
            "nodal_force",
            format!("{cold}{time}[[nodal_force]]\nset = 'ex'\ndof = 'U2'\nvalue = -0.7\n[[nodal_force]]\nset = 'ex'\ndof = 'U1'\nvalue = 0.1\ntable = 't'\n"),
        ),
        ("body_force", format!("{cold}{time}[[body_force]]\nset = 'all'\nacceleration = [2e7, -1e7, 3e6]\ntable = 't'\n")),
        (
            "rotation",
            format!("{cold}{time}[[centrifugal]]\naxis = [0.3, -0.5, 0.8]\ncenter = [1.0, -7.0, 2.0]\nspeed = 2.5e3\ntable = 't'\n"),
        ),
        ("rotation_of_a_part", format!("{cold}{time}[[centrifugal]]\nset = 'high'\naxis = [0.0, -2.0, -2.0]\nspeed = 1e3\ntable = 't'\n")),
        ("temperature", format!("{time}[temperature]\nbase = {{ value = 20.0 }}\nmax = {{ file = 'mixed.node' }}\ntable = 't'\n")),
        (
            "everything_for_two_cycles",
            "[temperature]\nmaps = [{ time = 0.0, value = 20.0 }, { time = 0.5, file = 'mixed.node' }, { time = 1.0, file = 'hot1.node' }]\n\
             cycle = [0.0, 1.0]\n[time]\ntimes = [1.0]\nincrements = [4]\ncycles = 2\n\
             [tables.saw]\ntimes = [0.0, 0.25, 1.0]\nvalues = [0.0, 2.0, -1.0]\ncycle = [0.0, 1.0]\n\
             [[pressure]]\nset = 'fy1'\nvalue = 1.5\ntable = 'saw'\n[[traction]]\nset = 'fx1'\nvector = [0.0, 0.0, -2.0]\n\
             [[centrifugal]]\naxis = [0.0, 1.0, 0.0]\nspeed = 3e3\ntable = 'saw'\n[[body_force]]\nacceleration = [0.0, 0.0, -9810.0]\n\
             [[nodal_force]]\nset = 'ex'\ndof = 'U3'\nvalue = 0.2\ntable = 'saw'\n"
                .to_owned(),
        ),
    ];
    for (name, text) in &cases {
        bench.case("case.toml", &format!("{CLAMP}{text}{MATERIALS}{OFFLINE}"));
        bench.ok(0, &["solve", "case.toml", "-o", &format!("{name}.h5")]);
        std::fs::rename(bench.path("case.toml"), bench.path(&format!("{name}.toml"))).expect("renamed");
    }
    // from here on the model is all there is
    for file in ["mesh.geof", "train.h5", "training.toml"] {
        std::fs::remove_file(bench.path(file)).expect("removed");
    }
    for (name, _) in &cases {
        // materials are the model's
        let case = std::fs::read_to_string(bench.path(&format!("{name}.toml"))).expect("the case");
        std::fs::write(bench.path("case.toml"), case).expect("written");
        for ranks in if name.starts_with("every") { 0..3 } else { 0..1 } {
            bench.ok(ranks, &["online", "model.h5", "case.toml", "-o", "run.h5", "--rebuild", "U,sig"]);
            bench.close("run.h5", &format!("{name}.h5"), "U,sig", "1e-6");
        }
    }
    // a load on what the mesh does not have is refused
    bench.case(
        "case.toml",
        &format!("{CLAMP}{cold}{time}[[pressure]]\nset = 'fy7'\nvalue = 1.0\n{MATERIALS}"),
    );
    assert!(bench.fails(2, &["online", "model.h5", "case.toml", "-o", "run.h5"]).contains("fy"));
}

#[test]
fn a_model_of_several_training_cases_answers_for_their_sum() {
    let mesh = structure();
    let bench = Bench::new(&mesh);
    let time = "[time]\ntimes = [1.0]\nincrements = [1]\n[temperature]\nconstant = 20.0\n";
    let end = |v: f64| format!("[[fix]]\nset = 'x1'\ndof = 'U3'\nvalue = {v}\n");
    let loads = |p: f64, t: f64, v: f64| {
        format!(
            "{CLAMP}{}[[pressure]]\nset = 'fy1'\nvalue = {p}\n[[traction]]\nset = 'fz1'\nvector = [{t}, 0.0, 0.0]\n{time}{MATERIALS}{OFFLINE}",
            end(v)
        )
    };
    // the end moves in the third case only
    let cases = [
        ("a", loads(2.0, 0.0, 0.0)),
        ("b", loads(0.0, 1.0, 0.0)),
        ("c", loads(0.0, 0.0, 1e-3)),
        ("sum", loads(-3.0, 4.0, 2.5e-3)),
    ];
    for (name, text) in &cases {
        bench.case("case.toml", text);
        bench.ok(0, &["solve", "case.toml", "-o", &format!("{name}.h5")]);
    }
    for order in [["a.h5", "b.h5", "c.h5"], ["c.h5", "a.h5", "b.h5"]] {
        let report = bench.ok(0, &[&["offline", "-o", "model.h5"], &order[..]].concat());
        assert_eq!((report["modes"].as_u64(), report["lifts"].as_u64()), (Some(2), Some(1)), "{report}");
        bench.ok(0, &["online", "model.h5", "case.toml", "-o", "run.h5", "--rebuild", "U,sig"]);
        bench.close("run.h5", "sum.h5", "U,sig", "1e-6");
    }
    // other supports are another model
    bench.case("other.toml", &loads(2.0, 0.0, 0.0).replace(&end(0.0), ""));
    bench.ok(0, &["solve", "other.toml", "-o", "other.h5"]);
    let said = bench.fails(2, &["offline", "a.h5", "other.h5", "-o", "model.h5"]);
    assert!(said.contains("[[fix]]") && said.contains("'x1'"), "{said}");
    let said = bench.fails(2, &["online", "model.h5", "other.toml", "-o", "run.h5"]);
    assert!(said.contains("U3 of 'x1' is prescribed in the model but not here"), "{said}");
}

/// A bar pulled by its end, with another load beside.
fn pulled(amplitude: f64, values: &str, pressure: f64, law: &str) -> String {
    format!(
        "{CLAMP}[[fix]]\nset = 'x1'\ndof = 'U1'\nvalue = {amplitude:?}\ntable = 'pull'\n\
         [tables.pull]\ntimes = [0.0, 1.0, 2.0]\nvalues = {values}\n[time]\ntimes = [1.0, 2.0]\nincrements = [4, 4]\n\
         [[pressure]]\nset = 'fy1'\nvalue = {pressure:?}\n[temperature]\nconstant = 20.0\n{law}"
    )
}

#[test]
fn a_prescribed_motion_may_have_another_amplitude_and_history() {
    let bench = Bench::new(&structure());
    let text = pulled(4e-3, "[0.0, 1.0, 0.0]", 5.0, &format!("{MATERIALS}{OFFLINE}"));
    bench.case("train.toml", &text);
    bench.ok(0, &["solve", "train.toml", "-o", "train.h5"]);
    for ranks in [0, 2] {
        let report = bench.ok(ranks, &["offline", "train.h5", "-o", "model.h5"]);
        assert_eq!((report["modes"].as_u64(), report["lifts"].as_u64()), (Some(1), Some(1)), "{report}");
        let new = pulled(-9e-3, "[0.2, 0.5, 1.5]", 2.0, &format!("{MATERIALS}{OFFLINE}"));
        bench.case("new.toml", &new.replace("'pull'", "'other'").replace("tables.pull", "tables.other"));
        bench.ok(0, &["solve", "new.toml", "-o", "new.h5"]);
        bench.ok(ranks, &["online", "model.h5", "new.toml", "-o", "run.h5", "--rebuild", "U,sig"]);
        bench.close("run.h5", "new.h5", "U,sig", "1e-6");
    }
    // the moved dofs have their value to the last bit of the sum
    let (run, truth) = (bench.open("run.h5"), bench.open("new.h5"));
    let moved = run.u_of(run.last(), "x1");
    assert!(moved.iter().all(|u| (u[0] + 9e-3 * 1.5).abs() < 1e-15));
    assert!(
        apart(&run.u(0), &truth.u(0)) == 0.0 && size(&truth.u(0)) == 0.0,
        "the virgin structure has not moved"
    );
}

#[test]
fn a_plastic_bar_is_pulled_further_than_in_training() {
    let law = "[[material]]\nname = 'k'\nlaw = 'chaboche'\nyoung = 2e5\npoisson = 0.3\nR0 = 150.0\nkinematic = [{ C = 2e4, D = 50.0 }]\n";
    let slowly = |a: f64| pulled(a, "[0.0, 1.0, -0.2]", 5.0, law).replace("[4, 4]", "[12, 12]");
    let bench = Bench::new(&structure());
    bench.case("train.toml", &slowly(1e-2));
    bench.ok(0, &["solve", "train.toml", "-o", "train.h5"]);
    bench.ok(0, &["offline", "train.h5", "-o", "model.h5"]);
    for (amplitude, quantities, tolerance) in [(1e-2, "U,p,sig", "1e-3"), (1.1e-2, "U,sig", "2e-2")] {
        bench.case("new.toml", &slowly(amplitude));
        bench.ok(0, &["solve", "new.toml", "-o", "new.h5"]);
        bench.ok(0, &["online", "model.h5", "new.toml", "-o", "run.h5", "--rebuild", "U,p,sig"]);
        bench.close("run.h5", "new.h5", quantities, tolerance);
    }
}

#[test]
fn runs_over_left_out_cases_are_rehearsed_for_the_bound_of_adaptive_runs() {
    let law = "[[material]]\nname = 'k'\nlaw = 'chaboche'\nyoung = 2e5\npoisson = 0.3\nR0 = 150.0\nkinematic = [{ C = 2e4, D = 50.0 }]\n";
    let bench = Bench::new(&structure());
    for (name, amplitude, pressure) in [("a", 1e-2, 5.0), ("b", 7e-3, 40.0), ("c", 8e-3, 20.0)] {
        bench.case(&format!("{name}.toml"), &pulled(amplitude, "[0.0, 1.0, -0.2]", pressure, law));
        bench.ok(0, &["solve", &format!("{name}.toml"), "-o", &format!("{name}.h5")]);
    }
    let alone = bench.ok(0, &["offline", "a.h5", "-o", "alone.h5"]);
    assert_eq!(alone["calibration"]["rehearsed"].as_u64(), Some(0), "{alone}");
    let mut pairs = BTreeSet::new();
    for ranks in [0, 2, 3] {
        let report = bench.ok(ranks, &["offline", "a.h5", "b.h5", "-o", "model.h5"]);
        pairs.insert(report["calibration"]["rehearsed"].as_u64());
    }
    assert!(pairs.len() == 1 && pairs.first() > Some(&Some(0)), "{pairs:?}");
    let run = ["online", "model.h5", "c.toml", "-o", "run.h5", "--adaptive", "--rebuild", "p"];
    let told = bench.ok(0, &run)["history"].clone();
    let bounds: Vec<f64> =
        told["bound"].as_array().expect("bounds").iter().filter_map(|b| b.as_f64()).collect();
    let errors = bench.ok(0, &["compare", "run.h5", "c.h5", "--quantity", "p"]);
    let rows = errors["rows"].as_array().expect("rows");
    for (row, bound) in rows.iter().rev().zip(bounds.iter().rev()) {
        let error = row["l2"].as_f64().expect("an error");
        assert!(error <= *bound || error < 1e-6, "error {error:.1e}, bound {bound:.1e}");
    }
}

#[test]
fn a_free_expansion_stays_stress_free_in_the_reduced_model() {
    let rollers = CLAMP.replacen("set = 'x0'\ndof = 'U2'", "set = 'y0'\ndof = 'U2'", 1).replacen(
        "set = 'x0'\ndof = 'U3'",
        "set = 'z0'\ndof = 'U3'",
        1,
    );
    let law = "[[material]]\nname = 'm'\nlaw = 'elastic'\nyoung = 2e5\npoisson = 0.3\nthermal = { alpha = 1.5e-5, reference = 0.0 }\n";
    let heated = |to: f64| {
        format!(
            "{rollers}[temperature]\nmaps = [{{ time = 0.0, value = 20.0 }}, {{ time = 1.0, value = {to:?} }}]\n\
             [time]\ntimes = [1.0]\nincrements = [4]\n{law}"
        )
    };
    let bench = Bench::new(&structure());
    // the stress of training is that of a pressure
    bench.case("train.toml", &format!("{}[[pressure]]\nset = 'fx1'\nvalue = 10.0\n", heated(220.0)));
    bench.ok(0, &["solve", "train.toml", "-o", "train.h5"]);
    bench.ok(0, &["offline", "train.h5", "-o", "model.h5"]);
    bench.case("new.toml", &heated(740.0));
    let summary = bench.ok(0, &["online", "model.h5", "new.toml", "-o", "run.h5", "--rebuild", "U,sig"]);
    assert_eq!(summary["cut"].as_u64(), Some(0), "{summary}");
    let run = bench.open("run.h5");
    assert!(size(&run.points(4, "sig")) < 1e-6);
    let u = run.u(4);
    let exact: Vec<f64> = run.mesh().points.iter().flatten().map(|x| 1.5e-5 * 720.0 * x).collect();
    assert!(apart(&u, &exact) < 1e-7 * size(&exact));
}

#[test]
fn a_store_made_by_a_script_becomes_a_model() {
    let Some(python) = support::python() else { return };
    let bench = Bench::new(&structure());
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/make_snapshots.py");
    let made =
        std::process::Command::new(python).arg(script).arg(bench.path("made.h5")).output().expect("python");
    assert!(made.status.success(), "{}", support::told(&made));
    // u = 1 % x at t = 1 while the bar is heated by 100: the motion that the script writes, whatever the law
    let case = "[time]\ntimes = [1.0]\nincrements = [10]\n[[fix]]\nset = 'x0'\ndof = 'U1'\n\
                [temperature]\nmaps = [{ time = 0.0, value = 20.0 }, { time = 1.0, value = 120.0 }]\n\
                [[material]]\nname = 'm'\nlaw = 'elastic'\nyoung = 2e5\npoisson = 0.0\nthermal = { alpha = 1e-4, reference = 20.0 }\n";
    std::fs::write(bench.path("bare.toml"), case).expect("written");
    // the store keeps no case: one must be given
    let said = bench.fails(2, &["offline", "made.h5", "-o", "model.h5"]);
    assert!(said.contains("--case"), "{said}");
    let report = bench.ok(0, &["offline", "made.h5", "--case", "bare.toml", "-o", "model.h5"]);
    assert_eq!(report["modes"].as_u64(), Some(1), "{report}");
    // the free expansion along x is 1 %: no axial stress, and the model repeats the motion
    bench.ok(0, &["online", "model.h5", "bare.toml", "-o", "run.h5", "--rebuild", "U"]);
    let run = bench.open("run.h5");
    let u = run.u(run.last());
    let exact: Vec<f64> = run.mesh().points.iter().flat_map(|x| [0.01 * x[0], 0.0, 0.0]).collect();
    assert!(apart(&u, &exact) < 1e-9 * size(&exact), "{u:?}");
}
