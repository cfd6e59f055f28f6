//! Runs that cannot end well: no convergence, no place to write, too many ranks. What was on disk stays.

mod support;

use std::process::Command;
use support::study::{CASE, Study, refusal, warnings};
use support::told;

#[test]
fn a_run_that_does_not_converge_says_why_and_what_is_on_disk() {
    let study = Study::full();
    study.write("bad.toml", format!("{CASE}[solver]\nmax_iterations = 1\n[online]\nmax_iterations = 1\n"));
    study.write("huge.toml", CASE.replace("-100.0", "-1e200"));
    for n in [1, 2] {
        for words in ["solve bad.toml", "online m.h5 bad.toml"] {
            let parts = ["to t = 0.75 failed", "did not converge in 1 iterations", "tolerance 1.0e-8"];
            let sentence = study.refused_on(n, &format!("{words} -o x.h5"), 1, &parts);
            assert!(sentence.ends_with("x.h5 was not written"), "{sentence}");
            let sentence = study.refused_on(n, &format!("{words} -o r.h5"), 1, &parts);
            assert!(sentence.ends_with("r.h5 is still the earlier file"), "{sentence}");
        }
    }
    study.refused("online m.h5 huge.toml -o x.h5", 1, &["Newton diverged"]);
    study.refused_on(1, "solve huge.toml -o x.h5", 1, &["Newton diverged"]);
    study.case("[[fix]]\nset = \"bottom\"\ndof = \"U3\"\n", "");
    study.refused("solve bad.toml -o x.h5", 1, &["free to move", "x.h5 was not written"]);
}

#[test]
fn nobody_who_reads_is_no_failure() {
    let study = Study::full();
    for words in
        ["check case.toml", "info s.h5 --json", "solve case.toml -o x.h5 --stages", "solve nix.toml -o x.h5"]
    {
        let gone = || {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            writer
        };
        let mut program = Command::new(env!("CARGO_BIN_EXE_ferrom"));
        program.args(words.split(' ')).current_dir(study.folder()).stdout(gone()).stderr(gone());
        let code = program.status().expect("it starts").code();
        assert_eq!(code, Some(if words.contains("nix") { 2 } else { 0 }), "{words}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let study = Study::full();
    for words in ["solve case.toml", "offline s.h5", "online m.h5", "import z.ut", "partition cube.geof 2"] {
        for out in ["nix/x.h5", "case.toml/x.h5", "."] {
            let sentence = study.refused_on(1, &format!("{words} -o {out}"), 1, &["cannot be written"]);
            assert!(sentence.starts_with(out) && sentence.contains("choose an output file"), "{sentence}");
        }
        study.refused_on(2, &format!("{words} -o nix/x.h5"), 1, &["nix/x.h5", "cannot be written"]);
    }
    study.refused("export s.h5 -o nix/x.ut", 1, &["nix/x", "cannot be written"]);
    study.refused("info s.h5 --summary nix/x.json", 1, &["nix/x.json", "cannot be written"]);
    for words in [
        "solve case.toml -o case.toml",
        "solve case.toml -o cube.geof",
        "offline s.h5 -o s.h5",
        "online m.h5 -o m.h5",
        "import z.ut -o z.ut",
        "partition cube.geof 2 -o cube.geof",
    ] {
        study.refused_on(1, words, 2, &["--output", "would replace this input", "name another file"]);
    }
    study.refused_on(2, "offline s.h5 -o s.h5", 2, &["s.h5, --output"]);
}

/// Runs the program inside a mount namespace where `disk` is a file system made with `options`; `None`, and a line,
/// where that is refused.
fn on_disk(study: &Study, options: &str, n: usize, words: &str) -> Option<std::process::Output> {
    let _ = std::fs::create_dir(study.path("disk"));
    let mount = format!("mount -t tmpfs -o {options} none disk");
    let trial = Command::new("unshare").args(["-m", "sh", "-c", &mount]).current_dir(study.folder()).output();
    if !trial.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: no file system can be mounted here ({options})");
        return None;
    }
    let program = study.command(n);
    let mut command = Command::new("unshare");
    command.args([
        "-m",
        "sh",
        "-c",
        &format!("{mount} && \"$@\"; code=$?; ls -A disk >&2; exit $code"),
        "sh",
    ]);
    command.arg(program.get_program()).args(program.get_args()).args(words.split_whitespace());
    for (key, value) in program.get_envs() {
        command.env(key, value.unwrap_or_default());
    }
    Some(command.current_dir(study.folder()).output().expect("`unshare` starts"))
}

#[test]
fn a_full_or_protected_disk_is_told_and_left_clean() {
    let study = Study::full();
    for (options, why) in [("size=64k", "space"), ("ro", "ead-only")] {
        for (n, words) in [
            (1, "solve case.toml -o disk/x.h5"),
            (2, "solve case.toml -o disk/x.h5"),
            (1, "offline s.h5 -o disk/x.h5"),
            (1, "online m.h5 -o disk/x.h5 --rebuild U,sig"),
            (2, "import z.ut -o disk/x.h5"),
        ] {
            let Some(output) = on_disk(&study, options, n, words) else { return };
            let sentence = refusal(&output, 1, &["disk/x.h5", why], words);
            assert!(!told(&output).contains(".tmp-"), "{sentence}");
        }
    }
}

#[test]
fn a_file_that_grows_beyond_the_limit_leaves_the_earlier_one() {
    let study = Study::full();
    let before = study.content();
    let program = study.command(1);
    let mut command = Command::new("sh");
    // without the signal, writing beyond the limit fails as on a full disk
    command.args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh"]);
    command.arg(program.get_program()).args(program.get_args()).args([
        "online",
        "m.h5",
        "-o",
        "r.h5",
        "--rebuild",
        "U,sig",
    ]);
    let output = command.current_dir(study.folder()).output().expect("a shell");
    let sentence = refusal(&output, 1, &["r.h5", "cannot be written"], "online");
    assert!(before == study.content(), "{sentence}");
}

#[test]
fn more_ranks_than_elements_are_refused() {
    let study = Study::full();
    for words in
        ["solve case.toml -o x.h5", "offline s.h5 -o x.h5", "online m.h5 -o x.h5 --rebuild U", "info z.ut"]
    {
        study.refused_on(9, words, 2, &["9 subdomains", "8 elements", "at most 8 ranks"]);
    }
    // a reduced run needs no mesh, and no element on each rank
    study.done(9, "online m.h5 -o x.h5");
}

#[test]
fn a_misspelt_petsc_option_is_warned_of_and_an_unknown_solver_refused() {
    let study = Study::new();
    for n in [1, 2] {
        let output = study
            .command(n)
            .args(["solve", "case.toml", "-o", "x.h5", "--petsc", "-ksp_tpye cg"])
            .env("PETSC_OPTIONS", "-ferrom_pc_tpye ml")
            .output()
            .expect("`timeout` starts");
        assert!(output.status.success(), "{}", told(&output));
        let said = warnings(&output);
        for name in ["-ferrom_ksp_tpye", "-ferrom_pc_tpye"] {
            let of = |w: &&String| w.contains(name) && w.contains("check its spelling");
            assert_eq!(said.iter().filter(of).count(), 1, "{said:?}");
        }
    }
    study.write("bad.toml", format!("{CASE}[solver]\npetsc = {{ ksp_type = \"nix\" }}\n"));
    study.refused("solve bad.toml -o y.h5", 2, &["bad.toml, [solver] petsc", "nix", "correct the PETSc"]);
}

#[test]
fn only_high_fidelity_steps_need_petsc() {
    let study = Study::full();
    let without = |n: usize, library: &str, words: &str| {
        let mut command = study.command(n);
        command.args(words.split(' ')).env("PETSC_LIBRARY", library).output().expect("`timeout` starts")
    };
    for n in [1, 2, 3] {
        for (library, problem) in [("nix.so", "cannot be opened"), ("libm.so.6", "lacks functions of PETSc")]
        {
            for words in ["solve case.toml -o x.h5", "online m.h5 case.toml --adaptive -o x.h5"] {
                let parts = [library, problem, "install PETSc", "PETSC_LIBRARY"];
                refusal(&without(n, library, words), 1, &parts, words);
                assert!(!study.path("x.h5").exists());
            }
        }
        for words in ["offline s.h5 -o model.h5", "online model.h5 -o run.h5", "info run.h5"] {
            let output = without(n, "nix.so", words);
            assert!(output.status.success(), "{words} on {n}: {}", told(&output));
        }
    }
}

#[test]
fn json_is_whole_or_absent() {
    let study = Study::full();
    for n in [1, 2] {
        study.refused_on(n, "--json compare s.h5 nix.h5", 3, &["nix.h5"]);
        let output = study.run(n, "--json compare r.h5 s.h5 --tol 1e-14");
        assert_eq!(output.status.code(), Some(4), "{}", told(&output));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert!(json["worst"]["U"]["l2"].as_f64().is_some_and(|e| e < 1e-6), "{json}");
    }
}
