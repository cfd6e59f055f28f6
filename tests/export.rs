//! Results in the files of other programs: what a reader of theirs finds there is what was exported.

mod support;

use ferrom::fem::quadrature;
use ferrom::formats::calculix::frd::{Encoding, Frd};
use ferrom::formats::zset::{UtIndex, read_mesh};
use ferrom::mesh::{ElementKind, Mesh, Subdomain};
use ferrom::parallel::Comm;
use ferrom::stages::{Context, ExportFormat, export};
use ferrom::store::{Field, SnapshotFile, SnapshotWriter, Step, StoreKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use support::patch::patch;
use support::study::Study;
use support::told;

/// A program that another test starts would hold on to the files that are open in this process, and their locks.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const TIMES: [f64; 2] = [0.25, 2.0 / 3.0];

/// A linear field, another one for each component and time.
fn linear(x: &[f64; 3], component: usize, time: f64) -> f64 {
    let c = component as f64;
    time * (1.0 + c + (2.0 - c) * x[0] + 0.5 * c * x[1] - 3.0 * x[2])
}

/// Places of all integration points.
fn places(mesh: &Mesh) -> Vec<[f64; 3]> {
    let mut out = Vec::new();
    for (e, &kind) in mesh.kinds.iter().enumerate() {
        for (s, _) in quadrature::rule(kind) {
            let (mut n, mut d) = ([0.0; 20], [[0.0; 3]; 20]);
            ferrom::fem::reference::shape(kind, s, &mut n, &mut d);
            let nodes = mesh.nodes_of(e).iter().zip(&n);
            let add = |sum: [f64; 3], (&node, n): (&u32, &f64)| {
                std::array::from_fn(|c| sum[c] + n * mesh.points[node as usize][c])
            };
            out.push(nodes.fold([0.0; 3], add));
        }
    }
    out
}

/// A store of elements of `kind` (not distorted, straight), whose displacement, temperature, stress and p are linear.
fn store(folder: &Path, kind: ElementKind) -> (PathBuf, Mesh) {
    let (comm, path) = (Comm::serial(), folder.join("run.h5"));
    let mesh = patch(kind, 2, 0.0, false);
    let sub = Subdomain::new(&comm, mesh.clone());
    let points = places(&mesh);
    let mut writer = SnapshotWriter::create(&comm, &path, StoreKind::Run, &sub, "", "").unwrap();
    for time in TIMES {
        let field = |x: &[[f64; 3]], n: usize| -> Vec<f64> {
            x.iter().flat_map(|x| (0..n).map(move |c| linear(x, c, time))).collect()
        };
        let (u, t) = (field(&mesh.points, 3), field(&mesh.points, 1));
        let (sig, p) = (field(&points, 6), field(&points, 1));
        let nodal = [Field::new("U", 3, &u), Field::new("temperature", 1, &t)];
        let points = [Field::new("sig", 6, &sig), Field::new("p", 1, &p)];
        writer.append(&comm, &Step { time, nodal: &nodal, points: &points, ..Step::default() }).unwrap();
    }
    writer.commit(&comm).unwrap();
    (path, mesh)
}

fn exported(run: &Path, format: ExportFormat, out: &Path) {
    let comm = Comm::serial();
    assert_eq!(export(&Context::new(&comm, true), run, format, out).unwrap(), TIMES.len());
}

#[test]
fn an_frd_file_holds_the_mesh_and_the_fields_of_every_element_in_every_encoding() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for kind in ElementKind::ALL {
        let (run, mesh) = store(folder.path(), kind);
        for encoding in [Encoding::Long, Encoding::Single, Encoding::Double] {
            let out = folder.path().join("run.frd");
            exported(&run, ExportFormat::Calculix(encoding), &out);
            let frd = Frd::open(&out).unwrap();
            let found = frd.mesh().unwrap();
            assert_eq!((frd.cut.as_deref(), &found.connectivity), (None, &mesh.connectivity), "{kind}");
            assert_eq!((&found.node_ids, &found.element_ids), (&mesh.node_ids, &mesh.element_ids));
            // six digits of text, 4 bytes, 8 bytes
            let stored = |x: f64| match encoding {
                Encoding::Double => x,
                Encoding::Single => f64::from(x as f32),
                _ => format!("{:.5e}", x as f32).parse().unwrap(),
            };
            for (x, y) in found.points.iter().flatten().zip(mesh.points.iter().flatten()) {
                assert_eq!(*x, if encoding.is_text() { stored(*y) } else { *y });
            }
            let states = frd.states();
            assert_eq!(states.len(), 2);
            for (state, time) in states.iter().zip(TIMES) {
                // 10 digits
                assert!((state.time - time).abs() < 1e-9);
                for (name, n) in [("DISP", 3), ("NDTEMP", 1), ("STRESS", 6), ("PE", 1)] {
                    let block = frd.find(state, name).unwrap();
                    assert_eq!(
                        (frd.blocks[block].encoding, frd.blocks[block].components.len()),
                        (encoding, n)
                    );
                    let values = frd.read_at(block, &mesh.node_ids).unwrap();
                    for (i, (x, values)) in mesh.points.iter().zip(values.chunks_exact(n)).enumerate() {
                        for (c, &found) in values.iter().enumerate() {
                            let due = linear(x, c, time);
                            if matches!(name, "DISP" | "NDTEMP") {
                                assert_eq!(found, stored(due), "{kind} {encoding:?} {name} node {i}");
                            } else if !matches!(kind, ElementKind::C3d4R1 | ElementKind::C3d6R2) {
                                // carried to the nodes first, by elements whose points tell a linear field
                                let digits = if encoding == Encoding::Double { 1e-13 } else { 6e-6 };
                                assert!((found - due).abs() < digits * 30.0, "{kind} {name}: {found} {due}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn files_of_zset_hold_the_fields_as_they_are_and_carried_to_the_nodes() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for kind in [ElementKind::C3d10, ElementKind::C3d20, ElementKind::C3d15] {
        let (run, mesh) = store(folder.path(), kind);
        let ut = folder.path().join("run.ut");
        exported(&run, ExportFormat::Zset, &ut);
        let found = read_mesh(&ut.with_extension("geof")).unwrap();
        assert_eq!((&found.connectivity, &found.points), (&mesh.connectivity, &mesh.points), "{kind}");
        let names = UtIndex::read(&ut).unwrap().integ_names;
        assert_eq!(names, ["p", "sig11", "sig22", "sig33", "sig12", "sig23", "sig31"]);
        // float32, big-endian: time, component, node
        let bytes = std::fs::read(ut.with_extension("ctnod")).unwrap();
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert_eq!(values.len(), 2 * 7 * mesh.n_nodes());
        let mut at = values.iter();
        for time in TIMES {
            for component in [0, 0, 1, 2, 3, 4, 5] {
                for x in &mesh.points {
                    let (found, due) = (f64::from(*at.next().unwrap()), linear(x, component, time));
                    assert!((found - due).abs() < 2e-6 * (1.0 + due.abs()), "{kind}: {found} {due}");
                }
            }
        }
    }
}

#[test]
fn exports_are_the_same_on_any_number_of_ranks_and_are_imported_back() {
    let _alone = alone();
    let study = Study::full();
    study.write("hot.toml", format!("{}[temperature]\nconstant = 321.5\n", support::study::CASE));
    study.done(1, "online m.h5 hot.toml -o hot.h5 --rebuild U,p,sig");
    let names = ["ut", "geof", "node", "integ", "ctnod"].map(|e| format!("e.{e}"));
    for ranks in 1..=3 {
        study.done(ranks, "export r.h5 -o e.ut");
        study.done(ranks, "export hot.h5 --format calculix --encoding single -o e.frd");
        study.done(ranks, "export r.h5 --format vtkhdf -o e.h5");
        for name in names.iter().map(String::as_str).chain(["e.frd", "e.h5"]) {
            let kept = study.path(&format!("first {name}"));
            if ranks == 1 {
                std::fs::copy(study.path(name), kept).unwrap();
            } else {
                assert!(std::fs::read(kept).unwrap() == study.read(name), "{name} on {ranks} ranks");
            }
        }
    }
    study.done(2, "import e.ut -o back.h5");
    let comm = Comm::serial();
    let open = |name: &str| SnapshotFile::open(&comm, &study.path(name)).unwrap();
    let (run, back) = (open("r.h5"), open("back.h5"));
    assert_eq!(run.times(), back.times());
    let frd = Frd::open(&study.path("e.frd")).unwrap();
    let states = frd.states();
    for k in 0..run.times().len() {
        let four = |v: Vec<f64>| v.into_iter().map(|x| f64::from(x as f32)).collect::<Vec<f64>>();
        let u = four(run.read_nodal(&comm, k, "U").unwrap());
        assert_eq!(u, back.read_nodal(&comm, k, "U").unwrap());
        for name in ["sig", "p"] {
            let due = four(run.read_point(&comm, k, name).unwrap());
            assert_eq!(due, back.read_point(&comm, k, name).unwrap(), "{name}");
        }
        let values = |name: &str| frd.read(frd.find(&states[k], name).unwrap()).unwrap().values;
        assert_eq!(values("DISP"), u);
        // the temperature is that of the case that the run keeps
        assert!(values("NDTEMP").iter().all(|t| *t == 321.5));
    }
}

/// A print of CalculiX of a field: 7 digits, tensors in its order.
fn print_of(title: &str, time: f64, mesh: &Mesh, values: &[f64]) -> String {
    let mut out = format!("\n {title} for set E and time  {time:.7E}\n\n");
    let mut rows = values.chunks_exact(values.len() / mesh.n_points());
    for (id, kind) in mesh.element_ids.iter().zip(&mesh.kinds) {
        for point in 1..=kind.n_points() {
            let row = rows.next().unwrap();
            let row = if row.len() == 6 { [0, 1, 2, 3, 5, 4].map(|c| row[c]).to_vec() } else { row.to_vec() };
            let row: String = row.iter().map(|v| format!(" {v:13.6E}")).collect();
            out += &format!("{id:10}{point:4}{row}\n");
        }
    }
    out
}

#[test]
fn what_calculix_prints_at_the_integration_points_is_imported_on_any_number_of_ranks() {
    let _alone = alone();
    let study = Study::full();
    study.write("hot.toml", format!("{}[temperature]\nconstant = 321.5\n", support::study::CASE));
    study.done(1, "online m.h5 hot.toml -o hot.h5 --rebuild U,p,sig");
    study.done(1, "export hot.h5 --format calculix --encoding double -o e.frd");
    let comm = Comm::serial();
    let open = |name: &str| SnapshotFile::open(&comm, &study.path(name)).unwrap();
    let run = open("hot.h5");
    let mesh = &run.subdomain().mesh;
    let mut prints = String::new();
    for (k, &time) in run.times().iter().enumerate() {
        let of = |name: &str| run.read_point(&comm, k, name).unwrap();
        let stresses = "stresses (elem, integ.pnt.,sxx,syy,szz,sxy,sxz,syz)";
        prints += &print_of(stresses, time, mesh, &of("sig"));
        prints += &print_of("equivalent plastic strain (elem, integ.pnt.,pe)", time, mesh, &of("p"));
    }
    study.write("e.dat", &prints);
    for ranks in 1..=3 {
        study.done(ranks, "import e.frd -o back.h5");
        let back = open("back.h5");
        assert_eq!(back.point_names().unwrap(), ["p", "sig"]);
        for k in 0..run.times().len() {
            for name in ["sig", "p"] {
                let (due, found) =
                    (run.read_point(&comm, k, name).unwrap(), back.read_point(&comm, k, name).unwrap());
                let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * a.abs() + 1e-30;
                assert!(
                    due.len() == found.len() && due.iter().zip(&found).all(close),
                    "{name}, {ranks} ranks"
                );
            }
            assert_eq!(back.read_nodal(&comm, k, "temperature").unwrap(), [321.5; 27]);
            // what is stored at the nodes is what was carried there
            let frd = Frd::open(&study.path("e.frd")).unwrap();
            let stress = frd.read(frd.find(&frd.states()[k], "STRESS").unwrap()).unwrap().values;
            assert_eq!(back.read_nodal(&comm, k, "sig").unwrap(), stress);
        }
    }
    study.done(2, "compare hot.h5 e.frd --quantity U,sig,p --tol 1e-6");
    // the temperature of another case
    let cold = "[time]\ntimes = [1.0, 2.0]\nincrements = [4, 4]\n[temperature]\nconstant = 300\n\
                [[material]]\nname = \"m\"\nlaw = \"elastic\"\nyoung = 1e5\npoisson = 0.3\n";
    study.write("cold.toml", cold);
    let output = study.run(2, "import e.frd -c cold.toml -o back.h5");
    assert!(
        told(&output).contains("its temperatures differ from those of the case by up to 2.150e1"),
        "{}",
        told(&output)
    );
    // one row less
    let row = prints.lines().find(|l| l.starts_with("         2   3")).unwrap();
    study.write("e.dat", prints.replacen(&format!("{row}\n"), "", 1));
    let output = study.run(2, "import e.frd -o back.h5");
    let wanted = "e.dat: stresses are left out: at t = 0 63 of 64 integration points are printed";
    assert!(told(&output).contains(wanted) && output.status.success(), "{}", told(&output));
    assert_eq!(open("back.h5").point_names().unwrap(), ["p"]);
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let _alone = alone();
    let study = Study::full();
    study.refused("export s.h5 --format calculix -o nix/x.frd", 1, &["nix/x.frd", "cannot be written"]);
    study.refused("export s.h5 --format calculix -o s.h5", 2, &["s.h5", "would replace this input"]);
    study.refused_on(1, "export bare.h5 --format calculix -o x.frd", 3, &["bare.h5"]);
}

/// Prints what VTK finds in a file at its last time.
const LOOK: &str = "
import sys, vtk
from vtk.util.numpy_support import vtk_to_numpy
r = vtk.vtkHDFReader(); r.SetFileName(sys.argv[1]); r.UpdateInformation(); r.SetStep(r.GetNumberOfSteps() - 1); r.Update()
g = r.GetOutputDataObject(0)
if g.IsA('vtkPartitionedDataSet'): g = g.GetPartition(0)
print(r.GetNumberOfSteps(), g.GetNumberOfCells(), g.GetNumberOfPoints())
d = g.GetPointData()
for name in sorted(d.GetArrayName(i) for i in range(d.GetNumberOfArrays())):
    a = vtk_to_numpy(d.GetArray(name))
    print(name, a.shape, '%.9f' % a.sum())
";

#[test]
fn vtk_shows_the_fields_at_the_nodes() {
    let _alone = alone();
    let Some(python) = support::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (run, mesh) = store(folder.path(), ElementKind::C3d15);
    let out = folder.path().join("view.vtkhdf");
    exported(&run, ExportFormat::Vtkhdf, &out);
    let said = std::process::Command::new(python).args(["-c", LOOK]).arg(&out).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    let mut lines = text.lines();
    let head = format!("2 {} {}", mesh.n_elements(), mesh.n_nodes());
    assert_eq!(lines.next(), Some(head.as_str()), "{}", support::told(&said));
    for (name, n) in [("U", 3), ("p", 1), ("sig", 6), ("temperature", 1)] {
        let line = lines.next().unwrap();
        let sum: f64 = mesh.points.iter().flat_map(|x| (0..n).map(|c| linear(x, c, TIMES[1]))).sum();
        let (found_name, found) = (line.split(' ').next(), line.rsplit(' ').next().unwrap());
        assert_eq!(found_name, Some(name));
        assert!((found.parse::<f64>().unwrap() - sum).abs() < 1e-6, "{line}, due {sum}");
    }
}
