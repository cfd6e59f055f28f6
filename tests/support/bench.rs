//! A folder with a mesh and cases in which the real program runs, and what it wrote.

use ferrom::fem::Geometry;
use ferrom::formats::zset::write_geof;
use ferrom::mesh::Mesh;
use ferrom::parallel::Comm;
use ferrom::store::SnapshotFile;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A temporary folder with `mesh.geof`.
pub struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub fn new(mesh: &Mesh) -> Bench {
        let dir = tempfile::tempdir().expect("a temporary folder");
        write_geof(mesh, &dir.path().join("mesh.geof")).expect("the mesh is written");
        Bench { dir }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a case: `text` with the mesh in front.
    pub fn case(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), format!("mesh = \"mesh.geof\"\n{text}")).expect("written");
    }

    /// Writes a nodal field, or one per face, as Z-set does: big-endian float32.
    pub fn field(&self, name: &str, values: impl IntoIterator<Item = f64>) {
        let bytes: Vec<u8> = values.into_iter().flat_map(|v| (v as f32).to_be_bytes()).collect();
        std::fs::write(self.path(name), bytes).expect("written");
    }

    /// Runs the program in the folder, on `ranks` under `mpirun` (0: without).
    pub fn run(&self, ranks: usize, arguments: &[&str]) -> Output {
        let mut command = match ranks {
            0 => Command::new(env!("CARGO_BIN_EXE_ferrom")),
            n => {
                let mut c = super::mpirun_command(n);
                c.arg(env!("CARGO_BIN_EXE_ferrom"));
                c
            }
        };
        command.args(arguments).current_dir(self.dir.path());
        command.env("OPENBLAS_NUM_THREADS", "1").output().expect("the program starts")
    }

    /// Runs the program, which must succeed; its JSON.
    pub fn ok(&self, ranks: usize, arguments: &[&str]) -> serde_json::Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--quiet", "--json"]).collect();
        let output = self.run(ranks, &all);
        assert!(output.status.success(), "{arguments:?}: {}", super::told(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", super::told(&output)))
    }

    /// The first result must be within `tolerance` of the second, in quantities separated by commas.
    pub fn close(&self, run: &str, truth: &str, quantities: &str, tolerance: &str) {
        let output = self.run(0, &["compare", run, truth, "--quantity", quantities, "--tol", tolerance]);
        assert!(output.status.success(), "{run} against {truth}: {}", super::told(&output));
    }

    /// Runs the program, which must fail with this exit code; what it said.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(0, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", super::told(&output));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The adaptive run of `model.h5` under `case` stops in a high-fidelity step: it says why, exits with 4 and leaves a run
    /// and a model that can be read.
    pub fn stops(&self, ranks: usize, case: &str, why: &str) {
        let (run, model) = (format!("stopped-{ranks}.h5"), format!("stopped-model-{ranks}.h5"));
        let arguments = ["online", "model.h5", case, "-o", &run, "--adaptive", "--save-model", &model, "-q"];
        let output = self.run(ranks, &arguments);
        let text = super::told(&output);
        assert_eq!(output.status.code(), Some(4), "{text}");
        for expected in ["the high-fidelity step to t = ", why, "the run so far and the last model are kept"]
        {
            assert!(text.contains(expected), "'{expected}' in: {text}");
        }
        assert_eq!(self.ok(0, &["info", &model])["kind"], "model");
        assert!(!self.open(&run).times().is_empty());
    }

    /// Writes the case, solves it and opens the result.
    pub fn solve(&self, text: &str) -> Run {
        self.case("case.toml", text);
        self.ok(0, &["solve", "case.toml", "-o", "out.h5"]);
        self.open("out.h5")
    }

    pub fn open(&self, name: &str) -> Run {
        let comm = Comm::serial();
        let file = SnapshotFile::open(&comm, &self.path(name)).expect("a result file");
        Run { comm, file }
    }
}

/// A result file.
pub struct Run {
    comm: Comm,
    pub file: SnapshotFile,
}

impl Run {
    pub fn times(&self) -> &[f64] {
        self.file.times()
    }

    pub fn mesh(&self) -> &Mesh {
        self.file.mesh()
    }

    pub fn last(&self) -> usize {
        self.times().len() - 1
    }

    /// Displacements, `3 n_nodes`.
    pub fn u(&self, k: usize) -> Vec<f64> {
        self.file.read_nodal(&self.comm, k, "U").expect("displacements")
    }

    /// A quantity at integration points.
    pub fn points(&self, k: usize, name: &str) -> Vec<f64> {
        self.file.read_point(&self.comm, k, name).expect("a quantity")
    }

    /// Displacement of the nodes of a set.
    pub fn u_of(&self, k: usize, set: &str) -> Vec<[f64; 3]> {
        let u = self.u(k);
        let nodes = self.mesh().node_set(set).expect("a set");
        nodes.iter().map(|&n| std::array::from_fn(|c| u[3 * n as usize + c])).collect()
    }

    /// Internal nodal forces of the stored stress: reactions where displacements are prescribed.
    pub fn forces(&self, k: usize) -> Vec<f64> {
        let mesh = self.mesh();
        let mut f = vec![0.0; 3 * mesh.n_nodes()];
        let geometry = Geometry::new(mesh).expect("a sound mesh");
        geometry.internal_force(mesh, &self.points(k, "sig"), &mut f);
        f
    }

    /// Sum of a component of the reactions over a node set.
    pub fn reaction(&self, k: usize, set: &str, component: usize) -> f64 {
        let f = self.forces(k);
        self.mesh().node_set(set).expect("a set").iter().map(|&n| f[3 * n as usize + component]).sum()
    }

    /// Position and value of the stress, or another quantity, at every integration point.
    pub fn located(&self, k: usize, name: &str) -> Vec<([f64; 3], Vec<f64>)> {
        let (mesh, values) = (self.mesh(), self.points(k, name));
        let geometry = Geometry::new(mesh).expect("a sound mesh");
        let n = geometry.n_points();
        let mut x = vec![vec![0.0; n]; 3];
        for (c, x) in x.iter_mut().enumerate() {
            let nodal: Vec<f64> = mesh.points.iter().map(|p| p[c]).collect();
            geometry.interpolate(mesh, &nodal, x);
        }
        let width = values.len() / n;
        (0..n).map(|i| ([x[0][i], x[1][i], x[2][i]], values[width * i..width * (i + 1)].to_vec())).collect()
    }
}

/// Largest difference of two lists.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()))
}

/// Largest magnitude.
pub fn size(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}
