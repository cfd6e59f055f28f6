//! `ferrom pod` and `ferrom cubature` on plain HDF5 matrices (docs/matrices.md), on 1 to 3 ranks; memory of `ferrom offline`.

mod support;

use ferrom::mesh::{ElementKind, Subdomain};
use ferrom::parallel::Comm;
use ferrom::store::{Field, SnapshotWriter, Step, StoreKind};
use ndarray::{Array1, Array2, Array3};
use serde_json::Value;
use std::path::Path;
use support::{bar::bar, ferrom, told};

fn ok(ranks: usize, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--json", "-q"]);
    let out = ferrom(ranks, &all);
    assert!(out.status.success(), "{}", told(&out));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

fn fails(code: i32, arguments: &[&str], words: &str) {
    let out = ferrom(1, arguments);
    assert_eq!(out.status.code(), Some(code), "{}", told(&out));
    assert!(told(&out).contains(words), "{}", told(&out));
}

fn matrix(path: &Path, name: &str) -> Array2<f64> {
    hdf5::File::open(path).expect("a file").dataset(name).expect("a dataset").read_2d().expect("a matrix")
}

fn vector(path: &Path, name: &str) -> Array1<f64> {
    hdf5::File::open(path).expect("a file").dataset(name).expect("a dataset").read_1d().expect("a vector")
}

fn apart(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

/// Snapshots `sum_k 0.3^k cos(...)` over 5,000 values: six significant shapes.
fn snapshots(path: &Path) -> Array2<f64> {
    let u = Array2::from_shape_fn((12, 5000), |(s, x)| {
        let x = x as f64 / 5000.0;
        (0..6)
            .map(|k| {
                0.3f64.powi(k) * ((s * (k as usize + 1)) as f64).cos() * (f64::from(k + 1) * 2.0 * x).sin()
            })
            .sum()
    });
    let file = hdf5::File::create(path).expect("created");
    file.new_dataset_builder().with_data(&u).create("snapshots").expect("written");
    u
}

#[test]
fn modes_of_a_matrix_are_orthonormal_and_the_same_on_any_number_of_ranks_and_when_streamed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let u = snapshots(Path::new(&path("u.h5")));
    let mut first = None;
    for (ranks, more) in [
        (1, &[][..]),
        (2, &[]),
        (3, &[]),
        (1, &["--method", "tsqr"]),
        (1, &["--memory-limit", "1kB"]),
        (2, &["--memory-limit", "1kB"]),
    ] {
        let out = path("modes.h5");
        let mut arguments =
            vec!["pod".to_owned(), path("u.h5"), "--tol".into(), "1e-4".into(), "-o".into(), out.clone()];
        if more.first() == Some(&"--memory-limit") {
            // the least that the program says it needs, for blocks of 256 values
            let all: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
            let said = told(&ferrom(ranks, &all));
            let least = said.split("needs ").nth(1).and_then(|t| t.split(' ').next()).expect("a size");
            let least: f64 = least.parse().expect("a number");
            arguments.extend(["--memory-limit".into(), format!("{}MB", least + 1.0)]);
        } else {
            arguments.extend(more.iter().map(|m| (*m).to_owned()));
        }
        let report = ok(ranks, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(report["orthogonality"].as_f64().expect("a number") < 1e-12, "{report}");
        let modes = matrix(Path::new(&out), "modes");
        let gram = modes.dot(&modes.t());
        assert!(apart(&gram, &Array2::eye(modes.nrows())) < 1e-12);
        let rest = &u - &u.dot(&modes.t()).dot(&modes);
        let error =
            rest.iter().map(|x| x * x).sum::<f64>().sqrt() / u.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(error < 1e-4, "{error:e}");
        let first = first.get_or_insert_with(|| modes.clone());
        assert!(apart(first, &modes) < 1e-9, "{ranks} {more:?}");
    }
}

#[test]
fn the_cubature_of_a_file_integrates_its_functions_factored_or_not_on_any_number_of_ranks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (n, s, points) = (4, 3, 600);
    let value = |q: usize, k: usize, c: usize| ((q + 1) as f64 * (k as f64 * 0.011 + c as f64)).sin() + 0.2;
    let strain = Array3::from_shape_fn((n, points, 6), |(q, k, c)| value(q, k, c));
    let stress = Array3::from_shape_fn((s, points, 6), |(q, k, c)| value(q + 2, k, 2 * c));
    let weights = Array1::from_shape_fn(points, |k| 1.0 + 0.5 * (k as f64).cos());
    let integrands = Array2::from_shape_fn((n * s, points), |(q, k)| {
        (0..6).map(|c| strain[[q / s, k, c]] * stress[[q % s, k, c]]).sum::<f64>()
    });
    let elements = Array1::from_shape_fn(points, |k| (k / 8) as u64);
    for name in ["factored.h5", "dense.h5"] {
        let file = hdf5::File::create(path(name)).expect("created");
        let put = |name: &str, data: &Array3<f64>| {
            file.new_dataset_builder().with_data(data).create(name).expect("written");
        };
        if name == "dense.h5" {
            file.new_dataset_builder().with_data(&integrands).create("integrands").expect("written");
        } else {
            put("strain_modes", &strain);
            put("stresses", &stress);
        }
        file.new_dataset_builder().with_data(&weights).create("weights").expect("written");
        file.new_dataset_builder().with_data(&elements).create("elements").expect("written");
    }
    let b = integrands.dot(&weights);
    for name in ["factored.h5", "dense.h5"] {
        let mut first: Option<Vec<u64>> = None;
        for ranks in 1..=3 {
            let out = path("cubature.h5");
            let report = ok(ranks, &["cubature", &path(name), "--tol", "1e-5", "-o", &out]);
            let out = Path::new(&out);
            let chosen: Array1<u64> = hdf5::File::open(out)
                .expect("a file")
                .dataset("points")
                .expect("points")
                .read_1d()
                .expect("ids");
            let x = vector(out, "weights");
            assert_eq!(report["points"], chosen.len());
            assert!(chosen.len() <= n * s + 1 && x.iter().all(|x| *x > 0.0));
            assert!((x.sum() / weights.sum() - 1.0).abs() < 1e-12);
            let mut rest = b.clone();
            chosen.iter().zip(&x).for_each(|(&k, x)| rest.scaled_add(-x, &integrands.column(k as usize)));
            assert!(rest.dot(&rest).sqrt() <= 1e-5 * (1.0 + 1e-6) * b.dot(&b).sqrt());
            let first = first.get_or_insert_with(|| chosen.to_vec());
            assert_eq!(*first, chosen.to_vec(), "{name} on {ranks} ranks");
        }
    }
    fails(2, &["cubature", &path("dense.h5"), "--memory-limit", "1MB"], "--memory-limit is 1 MB");
    fails(
        4,
        &["cubature", &path("dense.h5"), "--tol", "1e-5", "--max-points", "2"],
        "largest number of points",
    );
}

#[test]
fn a_file_in_another_layout_is_named_with_the_place_and_the_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("u.h5");
    let name = path.display().to_string();
    let mut u = snapshots(&path);
    fails(3, &["pod", &name, "--dataset", "modes"], "modes: the dataset is missing");
    fails(3, &["cubature", &name], "integrands: the dataset is missing");
    u[[3, 7]] = f64::NAN;
    let file = hdf5::File::create(&path).expect("created");
    file.new_dataset_builder().with_data(&u).create("snapshots").expect("written");
    file.close().expect("closed");
    fails(3, &["pod", &name], "snapshot 3");
    std::fs::write(&path, "text").expect("written");
    fails(3, &["pod", &name], "is not an HDF5 file");
}

/// A cube of 18^3 hexahedra, held below, pulled, bent and twisted to and fro: 90 snapshots, 250 MB with their stresses.
fn history(path: &Path) {
    let comm = Comm::serial();
    let sub = Subdomain::new(&comm, bar(ElementKind::C3d8, [18; 3], [1.0; 3], 0.0));
    let case = r#"
        mesh = "cube.geof"
        [time]
        times = [1.0]
        increments = [90]
        [offline]
        dual_tolerance = 1e-2
        cubature_tolerance = 1e-2
        [[fix]]
        set = "z0"
        dof = "U3"
        [[nodal_force]]
        set = "z1"
        dof = "U3"
        value = 1.0
        [[material]]
        name = "steel"
        law = "chaboche"
        young = 2e5
        poisson = 0.3
        R0 = 60
        H = 1000
    "#;
    std::fs::write(path.with_extension("toml"), case).expect("a case");
    let mut out = SnapshotWriter::create(&comm, path, StoreKind::Snapshots, &sub, "", "").expect("a store");
    for k in 1..=90 {
        let t = f64::from(k) / 90.0;
        let (pull, bend, twist) = (4e-3 * (7.0 * t).sin(), 3e-3 * (5.0 * t).sin(), 4e-3 * t);
        let at = |[x, y, z]: &[f64; 3]| {
            [bend * z * z - twist * y * z, twist * x * z, pull * z - 2.0 * bend * x * z]
        };
        let u: Vec<f64> = sub.mesh.points.iter().flat_map(at).collect();
        let nodal = [Field::new("U", 3, &u)];
        out.append(&comm, &Step { time: t, nodal: &nodal, ..Step::default() }).expect("a step");
    }
    out.commit(&comm).expect("committed");
}

#[test]
fn snapshots_that_do_not_fit_wait_on_the_disk_and_the_model_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    history(Path::new(&path("s.h5")));
    let offline = |ranks: usize, out: &str, limit: &str| {
        let [s, case, out] = [path("s.h5"), path("s.toml"), path(out)];
        let report = ok(ranks, &["offline", &s, "-c", &case, "-o", &out, "--memory-limit", limit]);
        let memory = &report["memory"];
        let peaks =
            memory["peak_of_ranks"].as_array().expect("peaks").iter().map(|p| p.as_f64().expect("bytes"));
        let peak = peaks.fold(0.0, f64::max);
        (peak, memory["snapshots_on_disk"].as_f64().expect("bytes"), std::fs::read(out).expect("a model"))
    };
    let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
    let free = offline(1, "free.h5", "4GiB");
    let (before, bound) = (files(), offline(1, "bound.h5", "220MB"));
    assert!(free.0 > 300e6 && free.1 == 0.0, "{:e} {:e}", free.0, free.1);
    assert!(bound.0 <= 220e6 && bound.1 > 240e6, "{:e} {:e}", bound.0, bound.1);
    assert!(free.2 == bound.2, "the same bits");
    assert_eq!(files(), before + 1, "only the model is left");
    let both = [offline(2, "free-2.h5", "4GiB"), offline(2, "bound-2.h5", "160MB")];
    assert!(both[1].0 <= 160e6 && both[1].1 > 240e6, "{:e} {:e}", both[1].0, both[1].1);
    assert!(both[0].2 == both[1].2, "the same bits on two ranks");
    let arguments = ["offline", &path("s.h5"), "-c", &path("s.toml"), "-o", &path("m.h5")];
    fails(2, &[&arguments[..], &["--memory-limit", "60MB"]].concat(), "needs at least");
}
