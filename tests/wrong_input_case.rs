//! A wrong case, or one that does not fit its mesh or model, is refused in one sentence that says what to do.

mod support;

use support::study::{CASE, Study, cube};

/// One piece of the case replaced, and what must be said.
type Slip = (&'static str, &'static str, &'static [&'static str]);

#[test]
fn slips_in_a_case_are_named_with_their_line_and_the_nearest_word() {
    let study = Study::new();
    let slips: &[Slip] = &[
        ("value = -100.0", "valeu = -100.0", &["bad.toml, line 16, 'valeu'", "did you mean 'value'?"]),
        ("[time]", "[tiem]", &["line 2", "did you mean 'time'?"]),
        ("dof = \"U1\"", "dof = \"UX\"", &["line 7", "unknown word 'UX'"]),
        ("increments = [4, 4]", "increments = [4, -1]", &["line 4, '-1'"]),
        ("[0.0, 1.0, 2.0]", "[0.0, 2.0, 1.0]", &["table 'load'", "do not increase", "1 after 2"]),
        ("[0.0, 1.0, 2.0]", "[0.0, 1.0, 1.5]", &["table 'load' ends at t = 1.5", "t = 2", "extend it"]),
        ("\"load\"", "\"laod\"", &["no table is called 'laod'", "'load'"]),
        ("value = -100.0", "value = nan", &["pressure on 'top'", "NaN is not a finite number"]),
        ("mesh = \"cube.geof\"", "", &["names no mesh", "add mesh"]),
        ("young", "yuong", &["material 'steel'", "'yuong'", "did you mean 'young'?"]),
        ("young = 2e5", "", &["material 'steel'", "'young' is missing"]),
        ("R0 = 60", "flow = \"norton\"\nK = 100", &["coefficient 'n' is missing", "add 'n = value'"]),
        ("\"chaboche\"", "\"chaboch\"", &["law 'chaboch' is unknown", "'chaboche'"]),
        ("density = 1.0", "density = -1.0", &["'density' is -1", "must be zero or positive"]),
        ("[time]", "[online]\ntolerance = 0.0\n[time]", &["[online] tolerance is 0", "between 0 and 1"]),
    ];
    for (k, (from, to, parts)) in slips.iter().enumerate() {
        study.case(from, to);
        let parts: Vec<&str> = ["bad.toml"].iter().chain(*parts).copied().collect();
        // one of three on two ranks: they share their path
        study.refused_on(1, "solve bad.toml -o x.h5", 2, &parts);
        if k % 3 == 0 {
            study.refused_on(2, "solve bad.toml -o x.h5", 2, &parts);
        }
    }
}

#[test]
fn a_set_that_the_mesh_lacks_is_told_with_the_nearest_name() {
    let study = Study::new();
    let slips: &[Slip] = &[
        ("\"top\"", "\"tpo\"", &["pressure on 'tpo'", "no face set 'tpo'", "nearest name is 'top'"]),
        ("\"bottom\"", "\"botom\"", &["prescribed U1 of 'botom'", "no node set", "'bottom'"]),
        ("law =", "set = \"lowr\"\nlaw =", &["[[material]] 'steel'", "no element set 'lowr'", "'lower'"]),
        ("law =", "set = \"lower\"\nlaw =", &["element 5 has no material"]),
        ("\"top\"", "\"none\"", &["pressure on 'none'", "has no faces"]),
        ("\"top\"", "\"stale\"", &["face set 'stale'", "1 of 1 faces", "belong to no element"]),
        ("\"bottom\"", "\"nobody\"", &["node set 'nobody' has no nodes"]),
    ];
    for (from, to, parts) in slips {
        study.case(from, to);
        let parts: Vec<&str> = ["bad.toml, "].iter().chain(*parts).copied().collect();
        study.refused("solve bad.toml -o x.h5", 2, &parts);
    }
    study.case("\"top\"", "\"tpo\"");
    study.refused_on(1, "check bad.toml", 2, &["bad.toml, pressure on 'tpo'"]);
}

#[test]
fn a_field_file_must_have_a_value_for_each_face_or_node() {
    let study = Study::full();
    let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    study.write("three.node", floats(&[1.0, 2.0, 3.0]));
    study.write("nan.node", floats(&[1.0, 2.0, f32::NAN, 4.0]));
    study.write("fine.node", floats(&[20.0; 64]));
    study.case("value = -100.0", "file = \"three.node\"");
    for words in ["solve bad.toml -o x.h5", "online m.h5 bad.toml -o x.h5"] {
        study.refused(words, 3, &["three.node", "12 bytes", "4 values"]);
    }
    study.case("value = -100.0", "file = \"nan.node\"");
    study.refused("solve bad.toml -o x.h5", 3, &["nan.node, record 1, value 3", "NaN"]);
    study.case("value = -100.0", "file = \"nix.node\"");
    study.refused_on(1, "solve bad.toml -o x.h5", 3, &["nix.node", "does not exist", "check its path"]);
    let hot = "[temperature]\nmaps = [{ time = 0.0, file = \"fine.node\" }, { time = 2.0, value = 20.0 }]\n";
    study.write("bad.toml", format!("{CASE}{hot}"));
    for words in ["solve bad.toml -o x.h5", "online m.h5 bad.toml -o x.h5", "import z.ut -c bad.toml -o x.h5"]
    {
        study.refused(words, 3, &["fine.node", "256 bytes", "27 values"]);
    }
}

#[test]
fn a_case_file_that_is_no_text_is_refused() {
    let study = Study::new();
    study.write("bad.toml", [CASE.as_bytes(), b"# caf\xe9\n"].concat());
    study.refused("solve bad.toml -o x.h5", 2, &["bad.toml, line 29", "not UTF-8", "save the file as UTF-8"]);
    study.write("bad.toml", "");
    study.refused("solve bad.toml -o x.h5", 2, &["bad.toml, line 1", "'time' is missing"]);
    study.write("empty.inp", "");
    study.refused_on(1, "solve empty.inp -o x.h5", 2, &["empty.inp"]);
    std::fs::create_dir(study.path("folder.toml")).expect("a folder");
    study.refused_on(1, "solve folder.toml -o x.h5", 2, &["folder.toml", "directory"]);
    study.refused("solve nix.toml -o x.h5", 2, &["nix.toml", "check the path"]);
    study.refused_on(1, "solve cube.geof -o x.h5", 2, &["cube.geof", "'geof' is not known"]);
    study.case("cube.geof", "nix.geof");
    study.refused("solve bad.toml -o x.h5", 3, &["nix.geof", "check its path"]);
}

#[test]
fn a_damaged_mesh_is_named_with_its_line() {
    let study = Study::new();
    for (from, to, parts) in [
        ("1 c3d8", "1 c3d9", &["line 33", "'c3d9'", "not supported", "c3d8"][..]),
        ("1 c3d8", "1 c2d4", &["line 33", "three-dimensional"]),
        ("c3d8 1 2", "c3d8 1 99", &["line 33", "node 99"]),
        ("2 0.5 0", "2 0.x5 0", &["line 5", "'0.x5'", "a number belongs there"]),
        ("27 3", "99999999999 3", &["line 3", "too many"]),
        ("c3d8 1 2 5 4", "c3d8 4 5 2 1", &["element 1", "inverted"]),
        ("***return", "", &["***return"]),
    ] {
        study.write("cube.geof", cube(2, 1.0));
        study.edit("cube.geof", from, to);
        study.refused_on(1, "solve case.toml -o x.h5", 3, parts);
    }
    study.write("cube.geof", cube(2, 1.0).replacen("1 c3d8", "1 c3d9", 1));
    study.refused_on(2, "solve case.toml -o x.h5", 3, &["cube.geof, line 33", "'c3d9'"]);
    let whole = cube(2, 1.0);
    for cut in (0..whole.len()).step_by(37) {
        study.write("cube.geof", &whole[..cut]);
        study.refused_on(1, "info cube.geof", 3, &["cube.geof"]);
    }
}

#[test]
fn a_model_keeps_the_supports_and_sets_of_its_training() {
    let study = Study::full();
    study.case("[[pressure]]", "[[fix]]\nset = \"top\"\ndof = \"U1\"\n[[pressure]]");
    let online = "online m.h5 bad.toml -o x.h5";
    study.refused(online, 2, &["bad.toml, [[fix]]", "U1 of 'top'", "not in the model", "train another"]);
    study.case("[[fix]]\nset = \"bottom\"\ndof = \"U3\"\n", "");
    study.refused_on(1, online, 2, &["U3 of 'bottom'", "but not here"]);
    for (set, parts) in [
        ("tpo", ["no face set 'tpo'", "nearest name is 'top'"]),
        ("stale", ["no face set 'stale'", "there are top"]),
        ("none", ["no face set 'none'", "there are top"]),
    ] {
        study.case("\"top\"", &format!("\"{set}\""));
        study.refused(online, 2, &["bad.toml, pressure on", parts[0], parts[1]]);
    }
    study.case("[0.0, 1.0, 2.0]", "[0.0, 1.0, 1.5]");
    study.refused(online, 2, &["table 'load' ends at t = 1.5"]);
    study.refused_on(1, "online m.h5 -o x.h5 --cycles 2", 2, &["table 'load' ends at t = 2", "t = 4"]);
    let asked = "online m.h5 -o x.h5 --rebuild U,sgi";
    study.refused(asked, 2, &["m.h5, --rebuild: 'sgi'", "built for U, p, sig", "--quantities sgi"]);
}

#[test]
fn usage_errors_are_told_once() {
    let study = Study::full();
    for n in [1, 2] {
        let output = study.run(n, "solve case.toml");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert_eq!(text.matches("error: ").count(), 1, "{text}");
    }
    for (words, parts) in [
        ("offline s.h5 -o x.h5 --pod-tol nan", ["[offline] pod_tolerance is NaN", "between 0 and 1"]),
        ("offline s.h5 -o x.h5 --ecm-tol 0", ["[offline] cubature_tolerance is 0", "between 0 and 1"]),
        ("offline s.h5 -o x.h5 --max-modes 0", ["[offline] max_modes is 0", "at least 1"]),
        ("offline s.h5 -o x.h5 --quantities sgi", ["'sgi'", "did you mean 'sig'?"]),
        ("solve case.toml -o x.h5 --quantities sgi", ["case.toml, quantities: ", "did you mean 'sig'?"]),
        ("solve case.toml -o x.h5 --newton-tol=-1", ["[solver] tolerance is -1", "between 0 and 1"]),
        ("solve case.toml -o x.h5 --petsc ksp", ["--petsc: 'ksp'", "-name value"]),
        ("partition cube.geof 0 -o x.h5", ["0 subdomains", "at least 1"]),
        ("partition cube.geof 9 -o x.h5", ["cube.geof: 9 subdomains", "at most 8"]),
    ] {
        study.refused_on(1, words, 2, &parts);
    }
}
