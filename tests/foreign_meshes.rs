//! Meshes of Gmsh and VTK of every element: volumes, node orders, sets, and what can be done with them.

mod support;

use ferrom::fem::{FaceIntegral, Geometry};
use ferrom::formats::read_mesh;
use ferrom::mesh::{ElementKind, Mesh};
use std::fmt::Write;
use std::path::Path;
use support::patch::{edges, patch, volume};
use support::study::{CASE, Study};

const KINDS: [ElementKind; 6] = [
    ElementKind::C3d4,
    ElementKind::C3d10R4,
    ElementKind::C3d6,
    ElementKind::C3d15,
    ElementKind::C3d8,
    ElementKind::C3d20,
];

/// Gmsh's number of the type, and the edges of its mid-side nodes in its order, as its manual draws them.
fn gmsh(kind: ElementKind) -> (u8, &'static [(usize, usize)]) {
    match kind {
        ElementKind::C3d4 => (4, &[]),
        ElementKind::C3d8 => (5, &[]),
        ElementKind::C3d6 => (6, &[]),
        ElementKind::C3d10R4 => (11, &[(0, 1), (1, 2), (0, 2), (0, 3), (2, 3), (1, 3)]),
        ElementKind::C3d15 => (18, &[(0, 1), (0, 2), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (3, 5), (4, 5)]),
        _ => (
            17,
            &[(0, 1), (0, 3), (0, 4), (1, 2), (1, 5), (2, 3), (2, 6), (3, 7), (4, 5), (4, 7), (5, 6), (6, 7)],
        ),
    }
}

/// The mesh with its element sets `low` and `high` and its face set `x1` (turned inside out) as a file of Gmsh.
fn msh(mesh: &Mesh) -> String {
    let kind = mesh.kinds[0];
    let (number, theirs) = gmsh(kind);
    let ours = edges(kind);
    let vertices = kind.n_vertices();
    let place = |edge: &(usize, usize)| {
        vertices + ours.iter().position(|o| o == edge || (o.1, o.0) == *edge).expect("an edge")
    };
    let order: Vec<usize> = (0..vertices).chain(theirs.iter().map(place)).collect();
    let mut text = "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PhysicalNames\n3\n2 3 \"x1\"\n3 1 \"low\"\n3 2 \"high\"\n\
                    $EndPhysicalNames\n$Entities\n0 0 1 2\n7 0 0 0 0 0 0 1 3 0\n1 0 0 0 0 0 0 1 1 0\n2 0 0 0 0 0 0 1 2 0\n\
                    $EndEntities\n"
        .to_owned();
    let n = mesh.n_nodes();
    let _ = write!(text, "$Nodes\n1 {n} 1 {}\n3 1 0 {n}\n", 7 * n);
    mesh.node_ids.iter().for_each(|id| writeln!(text, "{id}").expect("text"));
    mesh.points.iter().for_each(|x| writeln!(text, "{} {} {}", x[0], x[1], x[2]).expect("text"));
    let faces = &mesh.face_sets["x1"];
    let _ = write!(text, "$EndNodes\n$Elements\n3 {} 1 99999\n", mesh.n_elements() + faces.len());
    for (tag, set) in [(1, "low"), (2, "high")] {
        let set = &mesh.element_sets[set];
        let _ = writeln!(text, "3 {tag} {number} {}", set.len());
        for &e in set {
            let nodes = mesh.nodes_of(e as usize);
            let _ = write!(text, "{}", mesh.element_ids[e as usize]);
            order.iter().for_each(|&o| write!(text, " {}", mesh.node_ids[nodes[o] as usize]).expect("text"));
            text.push('\n');
        }
    }
    let per_face = faces[0].nodes().len();
    let face_type = [(3, 2), (4, 3), (6, 9), (8, 16)].iter().find(|t| t.0 == per_face).expect("a face").1;
    let _ = writeln!(text, "2 7 {face_type} {}", faces.len());
    for (i, face) in faces.iter().enumerate() {
        let corners = if [3, 6].contains(&per_face) { 3 } else { 4 };
        let (vertices, mids) = face.nodes().split_at(corners);
        let _ = write!(text, "{}", 90_000 + i);
        // inside out: vertices backwards, and the middles between them
        let mids = mids.iter().rev().skip(1).chain(mids.last());
        for n in vertices.iter().rev().chain(mids) {
            let _ = write!(text, " {}", mesh.node_ids[*n as usize]);
        }
        text.push('\n');
    }
    text + "$EndElements\n"
}

fn legacy_vtk(mesh: &Mesh) -> String {
    let n = mesh.n_elements();
    let mut text = format!(
        "# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS {} double\n",
        mesh.n_nodes()
    );
    mesh.points.iter().for_each(|x| writeln!(text, "{} {} {}", x[0], x[1], x[2]).expect("text"));
    let _ = writeln!(text, "CELLS {n} {}", n + mesh.connectivity.len());
    for e in 0..n {
        let nodes: Vec<String> = mesh.nodes_of(e).iter().map(u32::to_string).collect();
        let _ = writeln!(text, "{} {}", nodes.len(), nodes.join(" "));
    }
    let _ = writeln!(text, "CELL_TYPES {n}");
    mesh.kinds.iter().for_each(|k| writeln!(text, "{}", k.vtk_type()).expect("text"));
    let _ = write!(text, "CELL_DATA {n}\nSCALARS half int 1\nLOOKUP_TABLE default\n");
    (0..n as u32)
        .for_each(|e| writeln!(text, "{}", u8::from(mesh.element_sets["high"].contains(&e))).expect("text"));
    text
}

/// Volume, positive determinants, and the gradient of a linear field at every integration point.
fn is_sound(mesh: &Mesh, what: &str) {
    // refuses determinants that are not positive
    let geometry = Geometry::new(mesh).unwrap_or_else(|e| panic!("{what}: {e}"));
    let found: f64 = geometry.weights.iter().sum();
    // rules of second-order elements do not integrate a curved determinant exactly
    let kind = mesh.kinds[0];
    let tolerance = if kind.n_nodes() == kind.n_vertices() { 1e-12 } else { 1e-3 };
    assert!((found / volume() - 1.0).abs() < tolerance, "{what}: volume {found} for {}", volume());
    let field = |x: &[f64; 3]| 1.0 + 2.0 * x[0] - 3.0 * x[1] + 0.5 * x[2];
    for e in 0..mesh.n_elements() {
        let nodes = mesh.nodes_of(e);
        for k in 0..mesh.kinds[e].n_points() {
            let mut gradients = [[0.0; 3]; 20];
            geometry.gradients(mesh, e, k, &mut gradients);
            let mut found = [0.0; 3];
            for (&n, g) in nodes.iter().zip(&gradients) {
                (0..3).for_each(|c| found[c] += g[c] * field(&mesh.points[n as usize]));
            }
            let due = [2.0, -3.0, 0.5];
            assert!(found.iter().zip(due).all(|(f, d)| (f - d).abs() < 1e-11), "{what}: {found:?}");
        }
    }
}

#[test]
fn a_mesh_of_gmsh_keeps_volume_node_order_labels_and_groups() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        // curved inside: a mid-side node in a wrong place cannot pass
        let mesh = patch(kind, 2, 0.1, true);
        let path = folder.path().join("part.msh");
        std::fs::write(&path, msh(&mesh)).unwrap();
        let found = read_mesh(&path).unwrap();
        is_sound(&found, kind.name());
        assert_eq!((&found.node_ids, &found.points), (&mesh.node_ids, &mesh.points), "{kind}");
        assert_eq!(found.kinds[0], kind);
        let labels = |m: &Mesh, set: &str| -> Vec<u64> {
            m.element_sets[set].iter().map(|&e| m.element_ids[e as usize]).collect()
        };
        for set in ["low", "high"] {
            assert_eq!(labels(&found, set), labels(&mesh, set));
        }
        for e in 0..mesh.n_elements() {
            let at = found.element_ids.iter().position(|id| *id == mesh.element_ids[e]).unwrap();
            assert_eq!(found.nodes_of(at), mesh.nodes_of(e), "{kind}");
        }
        // the normals look outward again
        let area = |m: &Mesh| -> Vec<f64> {
            let normals = m.face_sets["x1"].iter().flat_map(|f| FaceIntegral::new(m, f).normal);
            normals.fold(vec![0.0; 3], |sum, n| sum.iter().zip(&n).map(|(s, n)| s + n).collect())
        };
        assert!(area(&found).iter().zip(area(&mesh)).all(|(f, d)| (f - d).abs() < 1e-12), "{kind}");
    }
}

/// Writes an unstructured grid in every way that VTK has.
const REWRITE: &str = "
import sys, vtk
r = vtk.vtkUnstructuredGridReader(); r.SetFileName(sys.argv[1]); r.Update(); g = r.GetOutput()
X = vtk.vtkXMLWriter
for mode in (X.Ascii, X.Binary, X.Appended):
    for zlib in (0, 1):
        for encode in (0, 1):
            for header in (X.UInt32, X.UInt64):
                w = vtk.vtkXMLUnstructuredGridWriter(); w.SetInputData(g)
                w.SetFileName('%s/%d%d%d%d.vtu' % (sys.argv[2], mode, zlib, encode, header)); w.SetDataMode(mode)
                w.SetCompressorTypeToZLib() if zlib else w.SetCompressorTypeToNone()
                w.SetEncodeAppendedData(encode); w.SetHeaderType(header); w.SetBlockSize(1024); w.Write()
for kind in (1, 2):
    for version in (42, 51):
        w = vtk.vtkUnstructuredGridWriter(); w.SetInputData(g); w.SetFileType(kind); w.SetFileVersion(version)
        w.SetFileName('%s/%d%d.vtk' % (sys.argv[2], kind, version)); w.Write()
";

#[test]
fn a_mesh_of_vtk_keeps_volume_and_node_order_however_vtk_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let mesh = patch(kind, 2, 0.1, true);
        let path = folder.path().join("part.vtk");
        std::fs::write(&path, legacy_vtk(&mesh)).unwrap();
        let found = read_mesh(&path).unwrap();
        is_sound(&found, kind.name());
        assert_eq!((&found.connectivity, &found.points), (&mesh.connectivity, &mesh.points), "{kind}");
        assert_eq!(found.element_sets["half=1"], mesh.element_sets["high"]);
        let Some(python) = support::python() else { continue };
        let others = tempfile::tempdir().unwrap();
        let mut script = std::process::Command::new(python);
        let said = script.args(["-c", REWRITE]).arg(&path).arg(others.path()).output().unwrap();
        assert!(said.status.success(), "{}", support::told(&said));
        let mut files = 0;
        for entry in std::fs::read_dir(others.path()).unwrap() {
            let path = entry.unwrap().path();
            let again = read_mesh(&path).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(again.connectivity, found.connectivity, "{}", path.display());
            let apart = again.points.iter().flatten().zip(found.points.iter().flatten());
            // VTK writes text with 6 to 17 digits
            assert!(apart.clone().all(|(x, y)| (x - y).abs() < 1e-5), "{}", path.display());
            assert_eq!(again.element_sets, found.element_sets);
            files += 1;
        }
        assert_eq!(files, 28);
    }
}

#[test]
fn a_case_on_a_mesh_of_gmsh_is_solved_partitioned_and_told_as_any_other() {
    let study = Study::new();
    let mut mesh = ferrom::formats::zset::read_mesh(&study.path("cube.geof")).unwrap();
    mesh.element_sets.insert("low".into(), (0..4).collect());
    mesh.element_sets.insert("high".into(), (4..8).collect());
    let top = mesh.face_sets["top"].clone();
    mesh.face_sets.insert("x1".into(), top);
    let text = msh(&mesh).replace("\"x1\"", "\"top\"");
    study.write("cube.msh", &text);
    // Gmsh knows the nodes of the bottom by the low elements here
    let case = CASE.replace("\"bottom\"", "\"low\"");
    for (name, file) in [("gmsh", "cube.msh"), ("zset", "low.geof")] {
        study.write(&format!("{name}.toml"), case.replace("cube.geof", file));
    }
    ferrom::formats::zset::write_geof(&mesh, &study.path("low.geof")).unwrap();
    study.done(2, "solve gmsh.toml -o gmsh.h5");
    study.done(1, "solve zset.toml -o zset.h5");
    study.done(1, "compare gmsh.h5 zset.h5 --tol 1e-10");
    study.done(1, "partition cube.msh 3 -o parts.h5");
    study.done(3, "solve gmsh.toml --mesh parts.h5 -o parted.h5");
    study.done(1, "compare parted.h5 gmsh.h5 --tol 1e-10");
    let said = study.done(1, "--json info cube.msh");
    let told = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(told.contains("\"top\"") && told.contains("\"high\"") && told.contains("27"), "{told}");
    study.write("old.msh", text.replace("4.1 0 8", "2.2 0 8"));
    study.refused("info old.msh", 3, &["old.msh", "version '2.2' is not read; write it as 4.1"]);
    study.write("cut.vtu", "<VTKFile type=\"UnstructuredGrid\">");
    study.refused("partition cut.vtu 2", 3, &["cut.vtu", "is no complete XML file of VTK"]);
    study.write("none.toml", CASE.replace("cube.geof", "none.msh"));
    study.refused_on(1, "solve none.toml -o x.h5", 3, &["none.msh", "cannot be read"]);
    assert!(Path::new(&study.path("parts.h5")).exists());
}
