//! A compiled law that stops, crashes, loops or asks for what Abaqus provides does no harm, and is told of in one sentence.

mod support;

use ferrom::material::{Input, MaterialSpec, Output, Status, plugins};
use ferrom::mesh::ElementKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::bar::bar;
use support::bench::Bench;
use support::plugin::{case, compiled, j2, material, umat};

fn small() -> Bench {
    Bench::new(&bar(ElementKind::C3d8, [4, 1, 1], [4.0, 1.0, 1.5], 0.0))
}

fn isolated(text: &str) -> String {
    text.replace("state = 7", "state = 7\nisolated = true\ntimeout = 100")
}

#[test]
fn an_isolated_law_gives_the_same_numbers_on_any_number_of_ranks() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [4, 2, 2], [4.0, 1.0, 1.5], 0.2));
    let direct = umat(&j2("apart", &[]));
    bench.case("direct.toml", &case(&direct, 90.0));
    bench.case("isolated.toml", &case(&isolated(&direct), 90.0));
    for ranks in [3, 2, 1] {
        bench.ok(ranks, &["solve", "direct.toml", "-o", "direct.h5"]);
        bench.ok(ranks, &["solve", "isolated.toml", "-o", "isolated.h5"]);
        // on several ranks two runs of the same case differ by the rounding of their sums
        let tolerance = if ranks == 1 { "0" } else { "1e-8" };
        bench.close("isolated.h5", "direct.h5", "U,sig,p,evp", tolerance);
    }
    for mode in ["direct", "isolated"] {
        let [run, model, online] = ["", "-model", "-online"].map(|end| format!("{mode}{end}.h5"));
        bench.ok(1, &["offline", &run, "-o", &model]);
        bench.ok(1, &["online", &model, "-o", &online, "--rebuild", "U"]);
    }
    bench.close("isolated-online.h5", "direct-online.h5", "U", "1e-12");
}

#[test]
fn an_isolated_law_that_dies_is_told_of_in_one_sentence_on_every_rank() {
    let bench = small();
    for (fault, expected) in [
        ("-DEXITS", "ended its process with exit code 3"),
        ("-DCRASHES", "signal 11 (SIGSEGV"),
        ("-DABORTS", "signal 6 (SIGABRT"),
        ("-DLOOPS", "did not return within 2 s"),
    ] {
        let text = isolated(&umat(&j2(&fault[2..], &[fault])));
        let text = if fault == "-DLOOPS" { text.replace("= 100\n", "= 2\n") } else { text };
        bench.case("case.toml", &case(&text, 50.0).replace("[solver]\n", "[solver]\nmin_step = 0.3\n"));
        for ranks in [0, 3] {
            let told = bench.run(ranks, &["solve", "case.toml", "-o", "out.h5"]);
            let all = support::told(&told);
            assert_eq!(told.status.code(), Some(1), "{all}");
            assert!(all.contains(expected) && all.contains(", integration point 1 failed: library"), "{all}");
            assert!(all.contains("law.so") && all.matches("ferrom:").count() == 1, "{all}");
            assert!(!bench.path("out.h5").exists());
        }
    }
}

#[test]
fn an_isolated_law_that_cannot_be_opened_is_told_as_in_direct_mode() {
    let bench = small();
    bench.case("case.toml", &case(&isolated(&umat(&bench.path("absent.so"))), 50.0));
    let told = bench.fails(2, &["check", "case.toml"]);
    assert!(told.contains("absent.so' cannot be opened"), "{told}");
    bench.case(
        "case.toml",
        &case(&isolated(&umat(&j2("late", &[]))).replace("timeout = 100", "timeout = -1"), 50.0),
    );
    let told = bench.fails(2, &["check", "case.toml"]);
    assert!(told.contains("'timeout' is -1"), "{told}");
}

#[test]
fn the_process_of_an_isolated_law_ends_with_its_parent() {
    let bench = small();
    let text = isolated(&umat(&j2("endless", &["-DLOOPS"]))).replace("timeout = 100", "timeout = 1000");
    bench.case("case.toml", &case(&text, 50.0));
    let mut parent = Command::new(env!("CARGO_BIN_EXE_ferrom"))
        .args(["solve", "case.toml", "-o", "out.h5"])
        .current_dir(bench.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let children = || {
        let list = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", parent.id()));
        let serves = |pid: &&str| {
            std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.ends_with(b"law-server\0"))
        };
        list.ok()?.split_whitespace().find(serves).map(str::to_owned)
    };
    let limit = Instant::now() + Duration::from_secs(60);
    let child = loop {
        if let Some(child) = children() {
            break child;
        }
        assert!(Instant::now() < limit, "no child");
        std::thread::sleep(Duration::from_millis(20));
    };
    parent.kill().expect("killed");
    parent.wait().expect("waited");
    // gone, or dead and not yet collected
    let dead = || std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |s| s.contains(") Z "));
    while !dead() {
        assert!(Instant::now() < limit, "the child lives on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_law_that_ends_the_program_is_named_and_no_result_is_left() {
    let bench = small();
    bench.case("case.toml", &case(&umat(&j2("leaves", &["-DEXITS"])), 50.0));
    for ranks in [0, 3] {
        let told = bench.run(ranks, &["solve", "case.toml", "-o", "out.h5"]);
        let all = support::told(&told);
        assert_eq!(told.status.code(), Some(1), "{all}");
        assert!(all.contains("STOP or exit inside of it") && all.contains("law.so"), "{all}");
        assert!(!bench.path("out.h5").exists());
    }
}

fn utilities(more: &[&str], name: &str) -> String {
    let library = compiled("cc", Path::new("utilities.c"), name, more);
    format!("name = 'u'\nlaw = 'umat'\nlibrary = '{}'\nproperties = []\nstate = 36\n", library.display())
}

#[test]
fn the_utility_routines_of_abaqus_are_there_and_right() {
    plugins::set_host(plugins::Host { rank: 2, ranks: 5, isolated: false });
    let material = material(&utilities(&[], "utilities"));
    let law = material.law();
    // order 11, 22, 33, 12, 23, 31, engineering shears
    let e = [3e-3, -1e-3, 2e-3, 1.6e-3, -0.8e-3, 1.2e-3];
    let (mut state, mut stress) = (vec![0.0; law.n_state()], [0.0; 6]);
    let output = Output { state: &mut state, stress: &mut stress, tangent: None };
    let virgin = vec![0.0; law.n_state()];
    assert_eq!(law.update(Input::new(1.0, &e, &[20.0], &virgin), output), Status::Done);
    let tensor = |v: &[f64; 6], shear: f64| {
        let (a, b, c) = (shear * v[3], shear * v[4], shear * v[5]);
        [[v[0], a, c], [a, v[1], b], [c, b, v[2]]]
    };
    let (s, eps) = (tensor(&stress, 1.0), tensor(&e, 0.5));
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{a} {b}");
    let square = |t: &[[f64; 3]; 3]| t.iter().flatten().map(|x| x * x).sum::<f64>();
    let trace = |t: &[[f64; 3]; 3]| t[0][0] + t[1][1] + t[2][2];
    close(state[0], trace(&s) / 3.0);
    close(state[1], (1.5 * (square(&s) - trace(&s).powi(2) / 3.0)).sqrt());
    for (values, t) in [(&state[2..5], &s), (&state[5..8], &eps), (&state[8..11], &s)] {
        close(values.iter().sum(), trace(t));
        close(values.iter().map(|x| x * x).sum(), square(t));
        assert!(values[0] >= values[1] && values[1] >= values[2]);
    }
    for k in 0..3 {
        let n: [f64; 3] = std::array::from_fn(|i| state[11 + k + 3 * i]);
        for i in 0..3 {
            close((0..3).map(|j| s[i][j] * n[j]).sum(), state[8 + k] * n[i]);
        }
    }
    // R(I, J) column by column, as in the plugin
    let turn = [0.36, -0.8, 0.48, 0.48, 0.6, 0.64, -0.8, 0.0, 0.6];
    let r = |i: usize, j: usize| turn[i + 3 * j];
    for (values, t, shear) in [(&state[20..26], &s, 1.0), (&state[26..32], &eps, 2.0)] {
        for (k, (i, j)) in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)].into_iter().enumerate() {
            let turned: f64 = (0..9).map(|m| r(i, m / 3) * t[m / 3][m % 3] * r(j, m % 3)).sum();
            close(values[k], if k < 3 { 1.0 } else { shear } * turned);
        }
    }
    assert_eq!(state[32..36], [1.0, 6.0, 2.0, 5.0]);
}

#[test]
fn a_call_of_xit_ends_the_run_with_a_sentence() {
    let bench = small();
    let text = utilities(&["-DSTOPS"], "xit");
    for (text, expected) in [
        (text.clone(), "a compiled law called XIT, library '"),
        (format!("{text}isolated = true\n"), "law.so' called XIT"),
    ] {
        bench.case("case.toml", &case(&text, 1e-3).replace("'sig', 'p', 'evp'", "'sig'"));
        let told = bench.fails(1, &["solve", "case.toml", "-o", "out.h5"]);
        assert!(told.contains(expected), "{told}");
    }
}

const CHABOCHE: &str =
    "YoungModulus = { temperature = [0, 100], value = [2e5, 1.6e5] }, PoissonRatio = 0.3, R0 = 90,
    Q = 50, b = 12, C = { temperature = [0, 100], value = [5e4, 4e4] }, D = 400, K = 200, n = 8";

fn mfront(library: &Path, behaviour: &str, properties: &str, more: &str) -> String {
    let properties = properties.replace('\n', " ");
    format!(
        "name = 'm'\nlaw = 'mfront'\nlibrary = '{}'\nbehaviour = '{behaviour}'\nproperties = {{ {properties} }}\n{more}\n",
        library.display()
    )
}

fn behaviours(name: &str, more: &[&str]) -> PathBuf {
    compiled("cc", Path::new("mfront.c"), name, more)
}

const NAMED: &str = "variables = { p = 'EquivalentViscoplasticStrain', evp = 'ViscoplasticStrain' }";

#[test]
fn what_a_behaviour_of_mfront_needs_is_named_where_it_is_missing_or_mistyped() {
    let library = behaviours("needs", &[]);
    let build = |text: &str| {
        let spec: MaterialSpec = toml::from_str(text).expect("a material");
        spec.build().map_or_else(|e| e.to_string(), |m| format!("no error: {m:?}"))
    };
    let refused = |text: String, expected: &str| {
        let told = build(&text);
        assert!(told.contains(expected), "{told}");
    };
    let good = mfront(&library, "Chaboche", CHABOCHE, NAMED);
    for (from, to, expected) in [
        ("R0 = 90,", "", "needs the material property 'R0'; give each under 'properties'"),
        (
            "PoissonRatio",
            "PoisonRatio",
            "has no material property 'PoisonRatio'; did you mean 'PoissonRatio'?",
        ),
        (
            "'Chaboche'",
            "'Chabosh'",
            "no behaviour 'Chabosh' for the hypothesis Tridimensional; it has Chaboche, Hooke",
        ),
        ("'ViscoplasticStrain'", "'PlasticStrain'", "has no internal state variable 'PlasticStrain'"),
        ("variables", "parameters = { FailAbov = 1 }\nvariables", "did you mean 'FailAbove'?"),
        (
            "variables",
            "parameters = { FailAbove = -1 }\nvariables",
            "did not take the parameter 'FailAbove' = -1",
        ),
    ] {
        refused(good.replace(from, to), expected);
    }
    refused(
        mfront(&library, "Hooke", "YoungModulus = 2e5, PoissonRatio = 0.3", ""),
        "external state variable 'Damage'",
    );
    for (macros, expected) in [
        ("-DAPI_VERSION=2", "has interface version 2, not 1"),
        ("-DBEHAVIOUR_TYPE=2", "is not one of small strains"),
        ("-DINTERFACE=\"Abaqus\"", "was made for interface 'Abaqus'"),
    ] {
        let library = behaviours(&macros[2..6], &[macros]);
        refused(mfront(&library, "Chaboche", CHABOCHE, ""), expected);
    }
    let with = |value: &str| {
        mfront(&library, "Chaboche", CHABOCHE, &format!("parameters = {{ FailAbove = {value} }}"))
    };
    assert!(build(&with("1e9")).contains("no error"));
    refused(with("2e9"), "has one parameter 'FailAbove' for all materials");
}

#[test]
fn an_external_state_variable_reaches_a_behaviour_of_mfront() {
    let library = behaviours("hooke", &[]);
    let damage = "external = { Damage = { temperature = [0, 100], value = [0, 0.5] } }";
    let material = material(&mfront(&library, "Hooke", "YoungModulus = 2e5, PoissonRatio = 0", damage));
    let mut c = [0.0; 36];
    material.law().elasticity(50.0, &mut c);
    assert!((c[0] - 1.5e5).abs() < 1e-6 && (c[21] - 0.75e5).abs() < 1e-6 && c[1].abs() < 1e-6, "{c:?}");
}

#[test]
fn runs_with_a_behaviour_of_mfront_are_those_of_the_built_in_law_and_its_failure_is_told() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [4, 2, 2], [4.0, 1.0, 1.5], 0.2));
    let library = behaviours("runs", &[]);
    let built_in = "name = 'm'\nlaw = 'chaboche'\nyoung = { temperature = [0, 100], value = [2e5, 1.6e5] }\npoisson = 0.3
R0 = 90\nQ = 50\nb = 12\nflow = 'norton'\nK = 200\nn = 8
kinematic = [{ C = { temperature = [0, 100], value = [5e4, 4e4] }, D = 400 }]\n";
    let direct = mfront(&library, "Chaboche", CHABOCHE, NAMED);
    bench.case("built.toml", &case(built_in, 120.0));
    bench.case("direct.toml", &case(&direct, 120.0));
    bench.case("isolated.toml", &case(&format!("{direct}isolated = true\n"), 120.0));
    bench.ok(1, &["solve", "built.toml", "-o", "built.h5"]);
    bench.ok(1, &["solve", "direct.toml", "-o", "direct.h5"]);
    bench.close("direct.h5", "built.h5", "U,sig,p,evp", "1e-8");
    bench.ok(2, &["solve", "isolated.toml", "-o", "isolated.h5"]);
    bench.ok(2, &["solve", "direct.toml", "-o", "direct.h5"]);
    bench.close("isolated.h5", "direct.h5", "U,sig,p,evp", "1e-8");
    let fails = format!("{direct}parameters = {{ FailAbove = 60 }}\n");
    bench.case("fails.toml", &case(&fails, 120.0));
    let told = bench.fails(1, &["solve", "fails.toml", "-o", "out.h5"]);
    assert!(told.contains("failed: the stress ") && told.contains("is above 60.0"), "{told}");
}

#[test]
fn a_library_tells_what_it_holds() {
    let bench = small();
    let library = behaviours("info", &[]).display().to_string();
    let info = bench.ok(2, &["info", &library]);
    let chaboche = &info["behaviours"][0];
    assert_eq!((&info["kind"], &chaboche["name"]), (&"library".into(), &"Chaboche".into()));
    assert_eq!(chaboche["material_properties"][8], "n");
    assert_eq!(chaboche["internal_state_variables"][2], serde_json::json!(["BackStrain", "symmetric"]));
    assert_eq!(chaboche["parameters"][0], serde_json::json!(["FailAbove", 1e30]));
    assert_eq!(
        info["behaviours"][1]["material_properties"],
        serde_json::json!(["YoungModulus", "PoissonRatio"])
    );
    assert_eq!(info["behaviours"][1]["external_state_variables"], serde_json::json!(["Damage"]));
    let info = bench.ok(0, &["info", &j2("told", &["-DUNRESOLVED"]).display().to_string()]);
    assert_eq!((&info["umat_candidates"][0], &info["needs"][0]), (&"umat_".into(), &"missing_".into()));
    std::fs::write(bench.path("text.so"), "no library").expect("written");
    assert!(bench.fails(3, &["info", "text.so"]).contains("is not a shared library"));
}
