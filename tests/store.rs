//! Snapshot stores and runs on one rank: round trip, damage, foreign files, other programs' view.

mod store_support;

use ferrom::error::Kind;
use ferrom::mesh::Subdomain;
use ferrom::parallel::Comm;
use ferrom::store::{SnapshotFile, StoreKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use store_support::*;

fn written(folder: &Path, times: &[f64]) -> PathBuf {
    let comm = Comm::serial();
    let path = folder.join("run.h5");
    write_run(&comm, &path, &Subdomain::new(&comm, bar(3, 2, 2)), times).unwrap();
    path
}

#[test]
fn what_is_written_is_read_back_bit_for_bit() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let times = [0.5, 1.0, 2.5];
    let file = SnapshotFile::open(&comm, &written(folder.path(), &times)).unwrap();
    assert_eq!(file.kind(), StoreKind::Run);
    assert_eq!(file.times(), times);
    assert_eq!(*file.mesh(), bar(3, 2, 2));
    assert_eq!(file.case_text(), "[case]\nname = \"bär\"\n");
    assert_eq!(file.provenance(), "{\"seed\": 1}");
    assert_eq!(file.nodal_names().unwrap(), ["U", "temperature"]);
    assert_eq!(file.cell_names().unwrap(), ["p_mean"]);
    assert_eq!(file.point_names().unwrap(), ["sig"]);
    for (k, &time) in times.iter().enumerate() {
        let [u, t, p, sig] = fields(file.mesh(), time);
        assert_eq!(file.read_nodal(&comm, k, "U").unwrap(), u);
        assert_eq!(file.read_nodal(&comm, k, "temperature").unwrap(), t);
        assert_eq!(file.read_cell(&comm, k, "p_mean").unwrap(), p);
        assert_eq!(file.read_point(&comm, k, "sig").unwrap(), sig);
        let mut again = vec![0.0; sig.len()];
        file.read_point_into(&comm, k, "sig", &mut again).unwrap();
        assert_eq!(again, sig);
    }
    assert_eq!(file.reduced_coordinates(&comm).unwrap(), [0.5, 1.0, 1.0, 2.0, 2.5, 5.0]);
    let text = message(file.read_nodal(&comm, 0, "V"));
    assert!(text.contains("no nodal field 'V'") && text.contains("U, temperature"), "{text}");
    assert!(message(file.read_nodal(&comm, 7, "U")).contains("no step 7"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = std::fs::read(written(a.path(), &[1.0, 2.0])).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(first == std::fs::read(written(b.path(), &[1.0, 2.0])).unwrap());
}

#[test]
fn a_writer_that_is_dropped_leaves_the_old_file_and_nothing_else() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = written(folder.path(), &[1.0]);
    let before = std::fs::read(&path).unwrap();
    let sub = Subdomain::new(&comm, bar(2, 1, 1));
    let writer = ferrom::store::SnapshotWriter::create(&comm, &path, StoreKind::Run, &sub, "", "").unwrap();
    drop(writer);
    assert!(before == std::fs::read(&path).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_output_that_cannot_be_written_is_a_failed_run() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let sub = Subdomain::new(&comm, bar(2, 1, 1));
    for path in [folder.path().join("no such folder/a.h5"), folder.path().to_path_buf()] {
        let e = write_run(&comm, &path, &sub, &[1.0]).unwrap_err();
        assert_eq!(e.kind, Kind::Run);
        assert!(e.message.contains("cannot be written"), "{e}");
    }
}

/// The disk-full test runs this test binary again under a file size limit; this is the part that runs there.
#[test]
fn under_a_file_size_limit() {
    let Ok(path) = std::env::var("FERROM_TEST_LIMITED_OUTPUT") else { return };
    let comm = Comm::serial();
    let times: Vec<f64> = (1..200).map(f64::from).collect();
    let e = write_run(&comm, Path::new(&path), &Subdomain::new(&comm, bar(10, 10, 10)), &times).unwrap_err();
    println!("told: {:?} {e}", e.kind);
}

#[test]
fn a_full_disk_keeps_the_old_file_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[1.0]);
    let before = std::fs::read(&path).unwrap();
    // Writing beyond the limit fails as a full disk does; the signal that comes with it is ignored.
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" --exact under_a_file_size_limit --nocapture";
    let out = Command::new("bash")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("FERROM_TEST_LIMITED_OUTPUT", &path)
        .output()
        .unwrap();
    let (said, err) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{err}");
    assert!(said.contains("told: Run") && said.contains("make room"), "{said}{err}");
    assert!(!err.contains("HDF5-DIAG"), "{err}");
    assert!(before == std::fs::read(&path).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_model_is_read_back_whole() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let (path, again) = (folder.path().join("model.h5"), folder.path().join("again.h5"));
    let sub = Subdomain::new(&comm, bar(3, 2, 2));
    model::write_model(&comm, &path, &sub).unwrap();
    model::write_model(&comm, &again, &sub).unwrap();
    assert!(
        std::fs::read(&path).unwrap() == std::fs::read(&again).unwrap(),
        "the same input, the same bytes"
    );
    model::check_online(&comm, &path, &sub.mesh);
    model::check_fields(&comm, &path);
    let text = message(SnapshotFile::open(&comm, &path));
    assert!(text.contains("is 'model' where 'snapshots' or 'run' is due"), "{text}");
}

#[test]
fn a_model_whose_arrays_do_not_fit_is_not_written() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = folder.path().join("model.h5");
    let sub = Subdomain::new(&comm, bar(3, 2, 2));
    let model = model::share(&sub.mesh);
    let text = message(model.write(&comm, &path, &sub, &ferrom::store::ModelFields::default()));
    assert!(text.contains("modes have 0 values, 3 are due"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_model_is_refused() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = folder.path().join("model.h5");
    let sub = Subdomain::new(&comm, bar(3, 2, 2));
    model::write_model(&comm, &path, &sub).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let refused = || message(ferrom::store::ReducedModel::read_online(&comm, &path));
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(refused().contains("is truncated"));
    let changed = |act: &dyn Fn(&hdf5::File)| {
        std::fs::write(&path, &bytes).unwrap();
        act(&hdf5::File::open_rw(&path).unwrap());
        refused()
    };
    let text = changed(&|f| f.unlink("ferrom/model/points/strain").unwrap());
    assert!(text.contains("ferrom/model/points/strain: the dataset is missing"), "{text}");
    let text = changed(&|f| {
        f.dataset("ferrom/model/points/weight").unwrap().write_slice(&[f64::NAN], 1..2).unwrap()
    });
    assert!(text.contains("ferrom/model/points/weight: holds NaN"), "{text}");
    let text = changed(&|f| {
        f.dataset("ferrom/model/points/node_offsets").unwrap().write_slice(&[999u64], 1..2).unwrap()
    });
    assert!(text.contains("does not grow"), "{text}");
    let text =
        changed(&|f| f.group("ferrom/model").unwrap().attr("n_modes").unwrap().write_scalar(&4u64).unwrap());
    assert!(text.contains("has shape"), "{text}");
}

/// Opens a file and reads everything; what it says.
fn use_all(path: &Path) -> ferrom::Result<()> {
    let comm = Comm::serial();
    let file = SnapshotFile::open(&comm, path)?;
    for k in 0..file.times().len() {
        for name in file.nodal_names()? {
            file.read_nodal(&comm, k, &name)?;
        }
        for name in file.point_names()? {
            file.read_point(&comm, k, &name)?;
        }
        for name in file.cell_names()? {
            file.read_cell(&comm, k, &name)?;
        }
    }
    file.reduced_coordinates(&comm).map(drop)
}

#[test]
fn a_truncated_file_is_refused_wherever_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(written(folder.path(), &[1.0, 2.0])).unwrap();
    let cut = folder.path().join("cut.h5");
    let steps = 200;
    for i in 0..=steps {
        let n = (whole.len() - 1) * i / steps;
        std::fs::write(&cut, &whole[..n]).unwrap();
        let e = use_all(&cut).unwrap_err();
        assert_eq!(e.kind, Kind::Input, "{n}: {e}");
        assert!(e.message.contains("cut.h5") && e.message.contains("; "), "{n}: {e}");
    }
}

#[test]
fn a_flipped_byte_is_refused_or_harmless() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = written(folder.path(), &[1.0, 2.0]);
    let whole = std::fs::read(&path).unwrap();
    let bad = folder.path().join("bad.h5");
    let (mut refused, mut at) = (0, 0);
    while at < whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        std::fs::write(&bad, &bytes).unwrap();
        match use_all(&bad) {
            Err(e) => {
                assert!(e.message.contains("bad.h5"), "{at}: {e}");
                refused += 1;
            }
            // Checksums cover data and metadata: what is not refused is unused room, and reads as before.
            Ok(()) => {
                let file = SnapshotFile::open(&comm, &bad).unwrap();
                assert_eq!(*file.mesh(), bar(3, 2, 2), "byte {at}");
                assert_eq!(file.read_nodal(&comm, 1, "U").unwrap(), fields(file.mesh(), 2.0)[0], "byte {at}");
            }
        }
        at += 211;
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn foreign_files_are_told_from_ours() {
    let folder = tempfile::tempdir().unwrap();
    let comm = Comm::serial();
    let path = folder.path().join("other");
    let open = || message(SnapshotFile::open(&comm, &path));
    assert!(open().contains("cannot be read"));
    std::fs::write(&path, "no HDF5 at all, but long enough for a header to be looked for in it").unwrap();
    assert!(open().contains("is not an HDF5 file"), "{}", open());
    std::fs::write(&path, "").unwrap();
    assert!(open().contains("is not an HDF5 file"), "{}", open());
    hdf5::File::create(&path).unwrap();
    assert!(open().contains("without the group /ferrom"), "{}", open());
    assert!(message(SnapshotFile::open(&comm, folder.path())).contains("is a folder"));
}

/// A written file, changed by `act`; what opening and reading all of it says.
fn changed(act: impl FnOnce(&hdf5::File)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[1.0, 2.0]);
    act(&hdf5::File::open_rw(&path).unwrap());
    message(use_all(&path))
}

#[test]
fn what_is_wrong_in_a_file_is_named() {
    let version = |v: u64| {
        move |f: &hdf5::File| f.group("ferrom").unwrap().attr("version").unwrap().write_scalar(&v).unwrap()
    };
    let text = changed(version(2));
    assert!(text.contains("newer than the 1") && text.contains("use a newer ferrom"), "{text}");
    let text = changed(|f| f.unlink("VTKHDF/Connectivity").unwrap());
    assert!(text.contains("VTKHDF/Connectivity: the dataset is missing"), "{text}");
    let text = changed(|f| f.unlink("VTKHDF").unwrap());
    assert!(text.contains("without the group /VTKHDF"), "{text}");
    let text = changed(|f| {
        f.unlink("VTKHDF/Points").unwrap();
        f.new_dataset::<f64>().shape([5, 3]).create("VTKHDF/Points").unwrap();
    });
    assert!(text.contains("VTKHDF/Points: has shape (5, 3) where (36, 3) is due"), "{text}");
    let text = changed(|f| f.dataset("VTKHDF/PointData/U").unwrap().resize([40, 3]).unwrap());
    assert!(text.contains("VTKHDF/PointData/U: has 40 rows, fewer than the 72"), "{text}");
    let text = changed(|f| f.dataset("VTKHDF/Types").unwrap().write_slice(&[9u8], 3..4).unwrap());
    assert!(text.contains("has VTK cell type 9"), "{text}");
    let text = changed(|f| f.dataset("VTKHDF/Connectivity").unwrap().write_slice(&[-4i64], 3..4).unwrap());
    assert!(text.contains("names node -4"), "{text}");
    let text = changed(|f| f.dataset("VTKHDF/Offsets").unwrap().write_slice(&[7i64], 1..2).unwrap());
    assert!(text.contains("8 are due"), "{text}");
    let text = changed(|f| f.dataset("VTKHDF/Steps/Values").unwrap().write_slice(&[0.25], 1..2).unwrap());
    assert!(text.contains("time 0.25 at step 1 is not above time 1"), "{text}");
    let text =
        changed(|f| f.dataset("VTKHDF/Steps/PointOffsets").unwrap().write_slice(&[36i64], 1..2).unwrap());
    assert!(text.contains("mesh changes with time"), "{text}");
    let text = changed(|f| f.dataset("ferrom/mesh/node_index").unwrap().write_slice(&[3u64], 1..2).unwrap());
    assert!(text.contains("position 3 twice"), "{text}");
    let text =
        changed(|f| f.dataset("ferrom/mesh/node_sets/x0").unwrap().write_slice(&[99u64], 1..2).unwrap());
    assert!(text.contains("node position 99"), "{text}");
}

#[test]
fn a_value_that_is_not_a_number_is_named_with_time_and_node() {
    let text = changed(|f| {
        let nan = ndarray::arr2(&[[f64::NAN]]);
        f.dataset("VTKHDF/PointData/U").unwrap().write_slice(&nan, (36 + 2..36 + 3, 1..2)).unwrap();
    });
    assert!(text.contains("VTKHDF/PointData/U: is NaN at time 2 (step 1), node 1006, component 2"), "{text}");
    let text = changed(|f| {
        let inf = ndarray::arr3(&[[[f64::INFINITY]]]);
        f.dataset("ferrom/points/sig").unwrap().write_slice(&inf, (0..1, 9..10, 5..6)).unwrap();
    });
    assert!(
        text.contains("is inf at time 1 (step 0), element 502, integration point 2, component 6"),
        "{text}"
    );
}

#[test]
fn a_store_written_by_the_example_script_is_read() {
    let Some(python) = python("numpy, h5py") else { return };
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = folder.path().join("bar.h5");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/make_snapshots.py");
    let out = Command::new(python).arg(script).arg(&path).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let file = SnapshotFile::open(&comm, &path).unwrap();
    let mesh = file.mesh();
    assert_eq!((file.kind(), mesh.n_nodes(), mesh.n_elements()), (StoreKind::Snapshots, 20, 4));
    assert_eq!(mesh.kinds, [ferrom::mesh::ElementKind::C3d8; 4]);
    assert_eq!((mesh.node_ids[0], mesh.element_ids[3]), (1, 4));
    assert_eq!(mesh.node_sets["x0"], [0, 1, 2, 3]);
    assert_eq!((file.times().len(), file.times()[9], file.case_text().len()), (10, 1.0, 38));
    // Every element has the volume 1: the node order is right.
    for e in 0..4 {
        let x: Vec<[f64; 3]> = mesh.nodes_of(e).iter().map(|&n| mesh.points[n as usize]).collect();
        let edge = |i: usize| [x[i][0] - x[0][0], x[i][1] - x[0][1], x[i][2] - x[0][2]];
        let (a, b, c) = (edge(1), edge(3), edge(4));
        let det = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]);
        assert!((det - 1.0).abs() < 1e-14, "{det}");
    }
    let u = file.read_nodal(&comm, 9, "U").unwrap();
    for (n, x) in mesh.points.iter().enumerate() {
        assert_eq!([u[3 * n], u[3 * n + 1], u[3 * n + 2]], [0.01 * x[0], 0.0, 0.0]);
    }
    assert!(file.read_nodal(&comm, 4, "temperature").unwrap().iter().all(|t| (t - 70.0).abs() < 1e-12));
}

#[test]
fn vtk_sees_the_mesh_and_the_fields_of_a_time() {
    let Some(python) = python("vtk") else { return };
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = written(folder.path(), &[0.5, 1.0, 2.5]);
    let out = Command::new(python).args(["-c", LOOK]).arg(&path).arg("1").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mesh = SnapshotFile::open(&comm, &path).unwrap().mesh().clone();
    let [u, t, p, _] = fields(&mesh, 1.0);
    let sum = |v: &[f64]| v.iter().sum::<f64>();
    let due = format!(
        "steps 3\ncells 16 points 36 time 1.0\nvolume 12.0\nU (36, 3) {:.1}\ntemperature (36,) {:.1}\np_mean (16,) {:.1}\n",
        sum(&u),
        sum(&t),
        sum(&p)
    );
    assert_eq!(String::from_utf8_lossy(&out.stdout), due);
}

#[test]
fn vtk_shows_the_modes_one_by_one() {
    let Some(python) = python("vtk") else { return };
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let path = folder.path().join("model.h5");
    let sub = Subdomain::new(&comm, bar(3, 2, 2));
    model::write_model(&comm, &path, &sub).unwrap();
    let out = Command::new(python).args(["-c", LOOK]).arg(&path).arg("2").output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let sum = |k: usize| model::mode(&sub.mesh, k).iter().sum::<f64>();
    assert!(text.starts_with("steps 3\ncells 16 points 36 time 3.0\n"), "{text}");
    // Two lifts: the third step shows the last one.
    assert!(text.contains(&format!("mode (36, 3) {:.1}\n", sum(2))), "{text}");
    assert!(text.contains(&format!("lift (36, 3) {:.1}\n", sum(11))), "{text}");
}

/// Whether a name of the documentation, with free parts in `<>`, stands for that object.
fn stands_for(pattern: &str, name: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (pattern.split(['/', ' ']).collect(), name.split(['/', ' ']).collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(p, n)| p == n || (p.starts_with('<') && !n.starts_with('@')))
}

/// All datasets and attributes of a file, attributes as `object @name`; blanks in names become `_`.
fn contents(group: &hdf5::Group, at: &str, out: &mut Vec<String>) {
    for name in group.attr_names().unwrap() {
        out.push(format!("{at} @{name}"));
    }
    for name in group.member_names().unwrap() {
        let here = if at.is_empty() { name.clone() } else { format!("{at}/{}", name.replace(' ', "_")) };
        match group.group(&name) {
            Ok(inner) => contents(&inner, &here, out),
            Err(_) => out.push(here),
        }
    }
}

#[test]
fn the_documented_schema_is_what_is_written() {
    let (comm, folder) = (Comm::serial(), tempfile::tempdir().unwrap());
    let run = written(folder.path(), &[1.0]);
    let model = folder.path().join("model.h5");
    model::write_model(&comm, &model, &Subdomain::new(&comm, bar(3, 2, 2))).unwrap();
    let mut found = Vec::new();
    for path in [run, model] {
        contents(&hdf5::File::open(path).unwrap(), "", &mut found);
    }
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/store.md")).unwrap();
    let documented: Vec<&str> =
        page.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
    assert!(documented.len() > 60);
    for name in &found {
        assert!(documented.iter().any(|d| stands_for(d, name)), "docs/store.md does not tell of {name}");
    }
    for d in documented {
        assert!(
            found.iter().any(|name| stands_for(d, name)),
            "no file has {d}, which docs/store.md tells of"
        );
    }
}
