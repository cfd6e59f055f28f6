//! A compiled UMAT is the law that it says it is, alone and in the program, and a bad one is told in one sentence.

mod support;

use ferrom::material::{Input, Law, Output, Status};
use ferrom::mesh::ElementKind;
use std::path::Path;
use support::bar::bar;
use support::bench::Bench;
use support::plugin::{BUILT_IN, case, chaboche_in_fortran, chaboche_umat, compiled, j2, material, umat};

/// Uniform in (-1, 1), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Largest differences over `paths` random paths of strain and temperature: of the stress over the largest stress, of
/// the tangent over the largest stiffness, of p over its largest value.
fn differences(a: &dyn Law, b: &dyn Law, paths: usize) -> [f64; 3] {
    let offset = |law: &dyn Law| law.variables().iter().find(|v| v.name == "p").expect("p").offset;
    let mut random = Random(7);
    let (mut apart, mut size) = ([0.0f64; 3], [0.0f64; 3]);
    for _ in 0..paths {
        let mut states = [a, b].map(|law| {
            let mut state = vec![0.0; law.n_state()];
            law.initial_state(&mut state);
            state
        });
        let (mut e0, mut t0, mut time0) = ([0.0; 6], 20.0, 0.0);
        for _ in 0..20 {
            let e1 = e0.map(|e| e + 2e-3 * random.next());
            let (t1, dt) = (50.0 + 60.0 * random.next(), 1.0 + 0.9 * random.next());
            let mut answers = Vec::new();
            for (law, state) in [a, b].into_iter().zip(&mut states) {
                let (mut end, mut stress, mut tangent) = (state.clone(), [f64::NAN; 6], [f64::NAN; 36]);
                let input = Input { time0, ..Input::new(dt, &e1, std::slice::from_ref(&t1), state) }
                    .with_start(&e0, std::slice::from_ref(&t0));
                let output = Output { state: &mut end, stress: &mut stress, tangent: Some(&mut tangent) };
                assert_eq!(law.update(input, output), Status::Done);
                answers.push((stress.to_vec(), tangent.to_vec(), vec![end[offset(law)]]));
                *state = end;
            }
            let pairs = [
                (&answers[0].0, &answers[1].0),
                (&answers[0].1, &answers[1].1),
                (&answers[0].2, &answers[1].2),
            ];
            for (k, (x, y)) in pairs.into_iter().enumerate() {
                for (x, y) in x.iter().zip(y) {
                    apart[k] = apart[k].max(if (x - y).is_nan() { f64::INFINITY } else { (x - y).abs() });
                    size[k] = size[k].max(x.abs());
                }
            }
            (e0, t0, time0) = (e1, t1, time0 + dt);
        }
    }
    assert!(size[2] > 1e-3, "the paths flow: p = {}", size[2]);
    std::array::from_fn(|k| apart[k] / size[k])
}

fn the_same(name: &str, a: &str, b: &str) {
    let (a, b) = (material(a), material(b));
    let [stress, tangent, p] = differences(a.law(), b.law(), 200);
    eprintln!("{name}: stress {stress:.1e}, tangent {tangent:.1e}, p {p:.1e}");
    assert!(stress < 1e-10 && tangent < 1e-8 && p < 1e-9, "{name}: {stress:e}, {tangent:e}, {p:e}");
}

#[test]
fn a_compiled_law_in_c_gives_the_stress_and_tangent_of_the_built_in_one() {
    the_same("J2 in C", BUILT_IN, &umat(&j2("good", &[])));
}

#[test]
fn a_compiled_chaboche_law_in_fortran_gives_the_stress_and_tangent_of_the_built_in_one() {
    let Some(library) = chaboche_in_fortran("chaboche") else { return };
    let table = |a: f64, b: f64| format!("{{ temperature = [0, 100], value = [{a}, {b}] }}");
    let built_in = format!(
        "name = 'c'\nlaw = 'chaboche'\nyoung = {}\npoisson = 0.3\nR0 = {}\nQ = {}\nb = 12\n\
         kinematic = [{{ C = 5e4, D = {} }}]\nflow = 'norton'\nK = {}\nn = {}\n",
        table(2e5, 1.6e5),
        table(90.0, 60.0),
        table(50.0, 40.0),
        table(400.0, 300.0),
        table(200.0, 150.0),
        table(8.0, 6.0)
    );
    let compiled = chaboche_umat(&library);
    the_same("Chaboche in Fortran", &built_in, &compiled);
}

#[test]
fn one_law_is_the_same_behind_three_doors() {
    let table = |a: f64, b: f64| format!("{{ temperature = [0, 100], value = [{a}, {b}] }}");
    let values = [
        ("YoungModulus", table(2e5, 1.6e5)),
        ("PoissonRatio", "0.3".to_owned()),
        ("R0", table(90.0, 60.0)),
        ("Q", table(50.0, 40.0)),
        ("b", "12".to_owned()),
        ("C", table(5e4, 4e4)),
        ("D", table(400.0, 300.0)),
        ("K", table(200.0, 150.0)),
        ("n", table(8.0, 6.0)),
    ];
    let [e, nu, r0, q, b, c, d, k, n] = values.each_ref().map(|v| &v.1);
    let built_in = format!(
        "name = 'c'\nlaw = 'chaboche'\nyoung = {e}\npoisson = {nu}\nR0 = {r0}\nQ = {q}\nb = {b}\n\
         kinematic = [{{ C = {c}, D = {d} }}]\nflow = 'norton'\nK = {k}\nn = {n}\n"
    );
    let umat = format!(
        "name = 'c'\nlaw = 'umat'\nlibrary = '{}'\nstate = 13\nvariables = {{ p = 1, evp = [2, 7], alpha1 = [8, 13] }}\n\
         properties = [{}]\n",
        compiled("cc", Path::new("chaboche_umat.c"), "chaboche-umat", &[]).display(),
        values.each_ref().map(|v| v.1.as_str()).join(", ")
    );
    let mfront = format!(
        "name = 'c'\nlaw = 'mfront'\nlibrary = '{}'\nbehaviour = 'Chaboche'\n\
         variables = {{ p = 'EquivalentViscoplasticStrain' }}\nproperties = {{ {} }}\n",
        compiled("cc", Path::new("mfront.c"), "chaboche-mfront", &[]).display(),
        values.each_ref().map(|(name, v)| format!("{name} = {v}")).join(", ")
    );
    the_same("built-in and UMAT", &built_in, &umat);
    the_same("built-in and MFront", &built_in, &mfront);
    the_same("UMAT and MFront", &umat, &mfront);
}

#[test]
fn runs_and_reduced_models_with_a_compiled_law_are_those_of_the_built_in_one_on_any_number_of_ranks() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [4, 2, 2], [4.0, 1.0, 1.5], 0.2));
    let library = j2("store", &[]);
    std::fs::copy(&library, bench.path("law.so")).expect("copied");
    // relative to the case
    let compiled = umat(Path::new("law.so"));
    for (name, text) in [("built", BUILT_IN), ("umat", &compiled)] {
        bench.case(&format!("{name}.toml"), &case(text, 90.0));
        bench.case(&format!("{name}-2.toml"), &case(text, 110.0));
    }
    bench.ok(1, &["solve", "built.toml", "-o", "built.h5"]);
    bench.ok(1, &["offline", "built.h5", "-o", "built-model.h5"]);
    bench.ok(1, &["online", "built-model.h5", "built-2.toml", "-o", "built-2.h5", "--rebuild", "U,p,sig"]);
    for ranks in [1, 2, 3] {
        let (run, answer, model) = (format!("u{ranks}.h5"), format!("a{ranks}.h5"), format!("m{ranks}.h5"));
        bench.ok(ranks, &["solve", "umat.toml", "-o", &run]);
        bench.close(&run, "built.h5", "U,sig,p,evp", "1e-8");
        bench.ok(ranks, &["offline", &run, "-o", &model]);
        bench.ok(ranks, &["online", &model, "umat-2.toml", "-o", &answer, "--rebuild", "U,p,sig"]);
        bench.close(&answer, "built-2.h5", "U", "1e-6");
    }
    // the model keeps the library's place and hash
    std::fs::copy(j2("changed", &["-DSHORTER"]), bench.path("law.so")).expect("copied");
    let told = bench.run(1, &["online", "m1.h5", "umat-2.toml", "-o", "again.h5"]);
    let text = support::told(&told);
    assert!(told.status.success() && text.contains("is not the one"), "{text}");
}

#[test]
fn a_law_that_asks_for_shorter_steps_gets_them() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [2, 1, 1], [4.0, 1.0, 1.5], 0.0));
    bench.case("case.toml", &case(&umat(&j2("shorter", &["-DSHORTER"])), 50.0));
    let told = bench.run(2, &["solve", "case.toml", "-o", "out.h5", "-v"]);
    let text = support::told(&told);
    assert!(told.status.success() && text.contains("PNEWDT = 0.300"), "{text}");
}

#[test]
fn an_adaptive_run_whose_law_breaks_keeps_the_run_so_far_and_the_last_model() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [4, 2, 2], [4.0, 1.0, 1.5], 0.2));
    std::fs::copy(j2("whole", &[]), bench.path("law.so")).expect("copied");
    let material = umat(Path::new("law.so"));
    bench.case("train.toml", &case(&material, 90.0));
    bench.case("more.toml", &case(&material, 180.0));
    bench.ok(0, &["solve", "train.toml", "-o", "train.h5"]);
    bench.ok(0, &["offline", "train.h5", "-o", "model.h5"]);
    let train = bench.open("train.h5");
    let largest = (0..=train.last()).flat_map(|k| train.points(k, "p")).fold(0.0, f64::max);
    let breaks = j2("breaks", &[&format!("-DBREAKS={:e}", 1.05 * largest)]);
    std::fs::copy(breaks, bench.path("law.so")).expect("copied");
    for ranks in [1, 2] {
        bench.stops(ranks, "more.toml", "PNEWDT");
    }
}

#[test]
fn a_library_that_cannot_be_used_or_that_fails_is_told_in_one_sentence_on_every_rank() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [4, 1, 1], [4.0, 1.0, 1.5], 0.0));
    let good = j2("sound", &[]);
    let mut bytes = std::fs::read(&good).expect("read");
    bytes[18..20].copy_from_slice(&183u16.to_le_bytes());
    std::fs::write(bench.path("foreign.so"), bytes).expect("written");
    std::fs::write(bench.path("text.so"), "no library").expect("written");
    let other = umat(&good).replace("state = 7", "state = 7\nsymbol = 'other_'");
    for (text, code, expected) in [
        (umat(&bench.path("absent.so")), 2, "cannot be opened"),
        (umat(&bench.path("foreign.so")), 2, "another machine"),
        (umat(&bench.path("text.so")), 2, "not a shared library"),
        (umat(&j2("unresolved", &["-DUNRESOLVED"])), 2, "needs 'missing_'"),
        (other, 2, "no function 'other_'"),
        (umat(&good).replace("[2, 7]", "[2, 8]"), 2, "'evp' is at 2 to 8, but state = 7"),
        (umat(&j2("nan", &["-DNOT_A_NUMBER"])), 1, "not finite in STRESS"),
        (umat(&j2("beyond", &["-DBEYOND"])), 1, "wrote beyond STATEV(7)"),
    ] {
        bench.case("case.toml", &case(&text, 50.0));
        for ranks in [0, 3] {
            let told = bench.run(ranks, &["solve", "case.toml", "-o", "out.h5"]);
            let all = support::told(&told);
            assert_eq!(told.status.code(), Some(code), "{all}");
            assert!(all.contains(expected) && all.matches("ferrom:").count() == 1, "{all}");
            assert!(!bench.path("out.h5").exists());
        }
    }
}

/// Runs `check-law` on a case with this material; exit code and what it said.
fn checked(bench: &Bench, material: &str) -> (Option<i32>, String) {
    bench.case("check.toml", &case(material, 1.0));
    let told = bench.run(0, &["check-law", "check.toml", "--paths", "8"]);
    (told.status.code(), support::told(&told))
}

#[test]
fn the_check_of_a_law_finds_wrong_tangents_memory_and_made_energy_and_passes_sound_laws() {
    let bench = Bench::new(&bar(ElementKind::C3d8, [1, 1, 1], [1.0; 3], 0.0));
    let sound = umat(&j2("checked", &[]));
    for text in [BUILT_IN, &sound] {
        let (code, told) = checked(&bench, text);
        assert!(code == Some(0) && told.contains("ns per point"), "{told}");
    }
    for (fault, text, expected) in [
        ("tangent", umat(&j2("elastic", &["-DELASTIC_TANGENT"])), "the tangent is wrong in"),
        ("memory", umat(&j2("remembers", &["-DREMEMBERS"])), "keeps variables between calls"),
        ("energy", umat(&j2("energy", &["-DMAKES_ENERGY"])), "energy made from nothing"),
        ("symmetry", umat(&j2("energy", &["-DMAKES_ENERGY"])), "set 'symmetric = false'"),
        ("values", umat(&j2("checked-nan", &["-DNOT_A_NUMBER"])), "not finite in STRESS"),
    ] {
        let (code, told) = checked(&bench, &text);
        assert!(code == Some(4) && told.contains(expected), "{fault}: {told}");
    }
    let Some(library) = chaboche_in_fortran("chaboche-checked") else { return };
    let (code, told) = checked(&bench, &chaboche_umat(&library));
    assert!(code == Some(0), "{told}");
    let report = bench.ok(2, &["check-law", "check.toml", "--paths", "2", "--temperature", "20,80"]);
    let report = &report["materials"]["c"];
    assert!(report["tangent"]["error"].as_f64().is_some_and(|e| e < 1e-7), "{report}");
    assert!(report["findings"].as_array().is_some_and(Vec::is_empty), "{report}");
}

/// Prints what our side of a call costs.
#[test]
#[ignore = "a measurement"]
fn the_call_of_an_empty_function_costs_little() {
    let law = material(
        &umat(&j2("empty", &["-DEMPTY"])).replace("{ temperature = [0, 100], value = [2e5, 1.6e5] }", "2e5"),
    );
    let law = law.law();
    let n = 128;
    let (strain, temperature) = (vec![1e-3; 6 * n], vec![20.0; n]);
    let state = vec![0.0; n * law.n_state()];
    let (mut end, mut stress, mut tangent) = (state.clone(), vec![0.0; 6 * n], vec![0.0; 36 * n]);
    let mut least = f64::INFINITY;
    for _ in 0..2000 {
        let start = std::time::Instant::now();
        for _ in 0..10 {
            let input = Input::new(1.0, &strain, &temperature, &state).with_start(&strain, &temperature);
            let output = Output { state: &mut end, stress: &mut stress, tangent: Some(&mut tangent) };
            assert_eq!(law.update(input, output), Status::Done);
        }
        least = least.min(start.elapsed().as_secs_f64());
    }
    // others may use the machine: the least counts
    let each = least * 1e9 / (10 * n) as f64;
    eprintln!("{each:.0} ns per point");
    assert!(each <= 100.0, "{each:.0} ns per point");
}
