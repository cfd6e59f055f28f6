//! A folder with a small mesh, a case and what the program makes of them, and runs of the program in it.
//!
//! The structure is a cube of 2 x 2 x 2 hexahedra, held below and pulled above its yield stress.

use super::{mpirun_command, told};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The case: 8 increments to t = 2.
pub const CASE: &str = r#"mesh = "cube.geof"
[time]
times = [1.0, 2.0]
increments = [4, 4]
[[fix]]
set = "bottom"
dof = "U1"
[[fix]]
set = "bottom"
dof = "U2"
[[fix]]
set = "bottom"
dof = "U3"
[[pressure]]
set = "top"
value = -100.0
table = "load"
[tables.load]
times = [0.0, 1.0, 2.0]
values = [0.0, 1.0, 0.2]
[[material]]
name = "steel"
law = "chaboche"
young = 2e5
poisson = 0.3
R0 = 60
H = 1000
density = 1.0
"#;

/// A mesh of `n^3` hexahedra in a cube of side `size`, with the sets of [`CASE`]; `none` has no faces, `stale` one of no
/// element.
pub fn cube(n: usize, size: f64) -> String {
    let side = n + 1;
    let id = |i: usize, j: usize, k: usize| 1 + i + side * (j + side * k);
    let all = |m: usize| (0..m).flat_map(move |j| (0..m).map(move |i| (i, j)));
    let mut text = format!("***geometry\n**node\n{} 3\n", side.pow(3));
    let x = |i: usize| size * i as f64 / n as f64;
    for k in 0..side {
        for (i, j) in all(side) {
            let _ = writeln!(text, "{} {} {} {}", id(i, j, k), x(i), x(j), x(k));
        }
    }
    let _ = write!(text, "**element\n{}\n", n.pow(3));
    let mut element = 0;
    for k in 0..n {
        for (i, j) in all(n) {
            element += 1;
            let ring = |k| [id(i, j, k), id(i + 1, j, k), id(i + 1, j + 1, k), id(i, j + 1, k)];
            let nodes: Vec<String> = [ring(k), ring(k + 1)].concat().iter().map(usize::to_string).collect();
            let _ = writeln!(text, "{element} c3d8 {}", nodes.join(" "));
        }
    }
    let bottom: Vec<String> = (1..=side * side).map(|i| i.to_string()).collect();
    let lower: Vec<String> = (1..=n * n).map(|e| e.to_string()).collect();
    let _ = write!(
        text,
        "***group\n**nset bottom\n{}\n**nset nobody\n\n**elset lower\n{}\n",
        bottom.join(" "),
        lower.join(" ")
    );
    text.push_str("**faset top\n");
    for (i, j) in all(n) {
        let _ = writeln!(
            text,
            "q4 {} {} {} {}",
            id(i, j, n),
            id(i + 1, j, n),
            id(i + 1, j + 1, n),
            id(i, j + 1, n)
        );
    }
    let _ = write!(
        text,
        "**faset none\n\n**faset stale\nq4 1 {} {} {}\n***return\n",
        id(n, 0, 0),
        id(n, n, 0),
        id(0, n, 0)
    );
    text
}

/// A folder of a test, removed with it.
pub struct Study {
    folder: tempfile::TempDir,
}

impl Study {
    /// A folder with the mesh and the case only.
    pub fn new() -> Study {
        let study = Study { folder: tempfile::tempdir().expect("a temporary folder") };
        study.write("cube.geof", cube(2, 1.0));
        study.write("case.toml", CASE);
        study
    }

    /// A folder with all that follows from the case too: `s.h5` (solve), `m.h5` (offline), `r.h5` (online, rebuilt),
    /// `bare.h5` (online, reduced coordinates only), `z.ut` and its files (export).
    pub fn full() -> Study {
        static MADE: OnceLock<Study> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let study = Study::new();
            for words in [
                "solve case.toml -o s.h5",
                "offline s.h5 -o m.h5",
                "online m.h5 -o r.h5 --rebuild U,p,sig",
                "online m.h5 -o bare.h5",
                "export s.h5 -o z.ut",
            ] {
                study.done(1, words);
            }
            study
        });
        let study = Study::new();
        for name in ["s.h5", "m.h5", "r.h5", "bare.h5", "z.ut", "z.node", "z.integ", "z.geof"] {
            std::fs::copy(made.path(name), study.path(name)).expect("a copy");
        }
        study
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file");
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file")
    }

    /// Writes `bad.toml`: the case with one piece of text replaced.
    pub fn case(&self, from: &str, to: &str) {
        assert!(CASE.contains(from), "{from}");
        self.write("bad.toml", CASE.replacen(from, to, 1));
    }

    /// Replaces one piece of text of a file.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(name)).expect("text");
        assert!(text.contains(from), "{from} in {text}");
        self.write(name, text.replacen(from, to, 1));
    }

    /// The program on `n` ranks in the folder, not started yet; one rank runs without `mpirun`. It is killed when it
    /// hangs.
    pub fn command(&self, n: usize) -> Command {
        let mut command = if n == 1 {
            let mut command = Command::new("timeout");
            command.args(["--kill-after=5", "60"]);
            command
        } else {
            mpirun_command(n)
        };
        command.arg(env!("CARGO_BIN_EXE_ferrom")).arg("--quiet").current_dir(self.folder());
        command
    }

    /// Runs the program with blank-separated arguments.
    pub fn run(&self, n: usize, words: &str) -> Output {
        self.command(n).args(words.split_whitespace()).output().expect("`timeout` starts")
    }

    /// Runs the program, which must succeed; what it said.
    pub fn done(&self, n: usize, words: &str) -> Output {
        let output = self.run(n, words);
        assert!(output.status.success(), "{words} on {n}: {}", told(&output));
        output
    }

    /// Runs the program on one rank, then on two: it must end with `code` and one sentence on standard error that holds
    /// each of `parts`, print nothing else, and leave the folder as it was.
    pub fn refused(&self, words: &str, code: i32, parts: &[&str]) -> String {
        let sentence = self.refused_on(1, words, code, parts);
        self.refused_on(2, words, code, parts);
        sentence
    }

    /// As [`Study::refused`], on `n` ranks only.
    pub fn refused_on(&self, n: usize, words: &str, code: i32, parts: &[&str]) -> String {
        let before = self.content();
        let output = self.run(n, words);
        let sentence = refusal(&output, code, parts, &format!("{words} on {n}"));
        assert!(before == self.content(), "'{words}' on {n} ranks changed the folder");
        sentence
    }

    /// Every file of the folder with its bytes.
    pub fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder()).expect("the folder");
        let mut all: Vec<(PathBuf, Vec<u8>)> = entries
            .map(|e| e.expect("an entry").path())
            .map(|p| (p.clone(), std::fs::read(&p).unwrap_or_default()))
            .collect();
        all.sort();
        all
    }
}

/// Checks a refusal: its code, its one sentence, and that nothing was printed or panicked.
pub fn refusal(output: &Output, code: i32, parts: &[&str], what: &str) -> String {
    let all = told(output);
    assert_eq!(output.status.code(), Some(code), "{what}: {all}");
    assert!(output.stdout.is_empty(), "{what}: {all}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{what}: {all}");
    let ours: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("ferrom: ")).collect();
    assert_eq!(ours.len(), 1, "{what}: one sentence, from one rank: {all}");
    for part in parts {
        assert!(ours[0].contains(part), "{what}: '{part}' is not in: {}", ours[0]);
    }
    println!("{}", ours[0]);
    ours[0].to_owned()
}

/// The warnings of a run.
pub fn warnings(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().filter_map(|l| l.strip_prefix("ferrom: warn: ")).map(str::to_owned).collect()
}
