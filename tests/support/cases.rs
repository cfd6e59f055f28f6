//! The cases of Z-set in the reference data, and the program run on them: what `tests/reference_*.rs` share.
//!
//! Files are computed once per test binary, whichever test asks first, and left in the folder that cargo gives to tests.

use super::{mpirun_command, reference, told};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Folder of a case, where the reference data are there.
pub fn case(name: &str) -> Option<PathBuf> {
    reference(&format!("zset/{name}"))
}

/// Runs `ferrom` on `ranks` ranks (1: without mpirun) and checks that it succeeds.
pub fn run(ranks: usize, arguments: &[OsString]) -> Output {
    let program = env!("CARGO_BIN_EXE_ferrom");
    let output = if ranks == 1 {
        Command::new(program).args(arguments).env("OPENBLAS_NUM_THREADS", "1").output()
    } else {
        mpirun_command(ranks).arg(program).args(arguments).output()
    };
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{ranks} ranks, ferrom {arguments:?}: {}", told(&output));
    output
}

/// What the program prints with `--json`.
pub fn run_json(ranks: usize, arguments: &[OsString]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json".into());
    serde_json::from_slice(&run(ranks, &arguments).stdout).expect("one JSON object")
}

/// The arguments of a command; paths and texts mixed.
#[macro_export]
macro_rules! arguments {
    ($($a:expr),* $(,)?) => { [$(std::ffi::OsString::from($a.to_owned())),*] };
}

/// The file of that name in the folder `group` of the test binary's scratch space, made by `make` when it is asked for
/// the first time in this process. `make` must not ask for other files.
pub fn made(group: &str, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(group);
    let path = folder.join(name);
    // tests wait for each other here, so that at most one of them computes: the machine may have few cores
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !made.contains(&path) {
        std::fs::create_dir_all(&folder).expect("the scratch folder can be made");
        make(&path);
        made.insert(path.clone());
    }
    path
}

/// Errors of one quantity at one time, as `ferrom compare` gives them.
#[derive(Debug, Clone)]
pub struct Row {
    pub quantity: String,
    pub time: f64,
    /// Relative to the L2 norm at this time (at least 1e-3 of the largest).
    pub l2: f64,
    /// Relative to the largest L2 norm over time.
    pub l2_of_largest: f64,
    /// Relative to the largest value at this time (at least 1e-3 of the largest over time).
    pub max: f64,
    pub absolute: f64,
}

/// All errors of `run` against `reference`.
pub fn errors(run: &Path, reference: &Path, quantities: &str) -> Vec<Row> {
    let json = run_json(1, &arguments!["compare", run, reference, "--quantity", quantities, "-q"]);
    let rows = json["rows"].as_array().expect("rows");
    let number = |row: &Value, key: &str| row[key].as_f64().expect(key);
    rows.iter()
        .map(|r| Row {
            quantity: r["quantity"].as_str().expect("a name").to_owned(),
            time: number(r, "time"),
            l2: number(r, "l2"),
            l2_of_largest: number(r, "l2_of_largest"),
            max: number(r, "max"),
            absolute: number(r, "absolute"),
        })
        .collect()
}

/// The rows of times in `from ..= to`.
pub fn within(rows: &[Row], from: f64, to: f64) -> Vec<Row> {
    rows.iter().filter(|r| r.time > from - 1e-9 && r.time < to + 1e-9).cloned().collect()
}

/// Prints the largest of `of` over the rows of a quantity with its bound (the lines of docs/validation.md), and checks it.
pub fn hold(what: &str, rows: &[Row], quantity: &str, of: impl Fn(&Row) -> f64, bound: f64) {
    let rows: Vec<&Row> = rows.iter().filter(|r| r.quantity == quantity).collect();
    assert!(rows.len() > 1, "{what}: {quantity} was not compared");
    assert!(rows.iter().all(|r| of(r).is_finite()), "{what}: {rows:?}");
    let worst = rows.iter().max_by(|a, b| of(a).total_cmp(&of(b))).expect("rows");
    eprintln!("| {what} | {quantity} | {:.1e} at t = {:.2} | <= {bound:.1e} |", of(worst), worst.time);
    assert!(of(worst) <= bound, "{what}: {worst:?}, more than {bound:e}");
}

/// A Python with numpy and h5py: `FERROM_PYTHON`, that of `scripts/setup.sh --tests`, or `python3`; where there is none,
/// says that the check is skipped.
pub fn python() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let named = std::env::var_os("FERROM_PYTHON").map(PathBuf::from);
    let works = |p: &PathBuf| {
        let imports = Command::new(p).args(["-c", "import numpy, h5py"]).output();
        imports.is_ok_and(|o| o.status.success())
    };
    let found = named.into_iter().chain([venv, "python3".into()]).find(works);
    if found.is_none() {
        eprintln!("skipped: no Python with numpy and h5py; name one in FERROM_PYTHON");
    }
    found
}

/// The independent solution of two cycles as a store, on the mesh and with the times of `like`, a run on one rank.
pub fn two_cycles(python: &Path, npz: &Path, like: &Path, out: &Path) {
    const SCRIPT: &str = r#"
import shutil, sys
import h5py, numpy as np
npz, like, out = sys.argv[1:]
data = np.load(npz)
shutil.copyfile(like, out)
with h5py.File(out, "r+") as f:
    assert np.allclose(f["VTKHDF/Steps/Values"], data["t"], atol=1e-12)
    node, element = f["ferrom/mesh/node_index"][...], f["ferrom/mesh/element_index"][...]
    steps = len(data["t"])
    # all U1, then all U2, then all U3
    u = data["U"].reshape(steps, 3, -1).transpose(0, 2, 1)[:, node]
    f["VTKHDF/PointData/U"][...] = u.reshape(-1, 3)
    for name in ("p", "sig"):
        values = data[name].reshape(steps, len(element), -1)[:, element]
        f["ferrom/points/" + name][...] = values.reshape(f["ferrom/points/" + name].shape)
"#;
    let output = Command::new(python).args(["-c", SCRIPT]).args([npz, like, out]).output().expect("Python");
    assert!(output.status.success(), "{}", told(&output));
}
