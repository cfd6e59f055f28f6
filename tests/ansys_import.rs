//! `ferrom import`, `info` and `compare` on result files of Ansys, on one and several ranks.

mod support;

use ferrom::fem::Geometry;
use ferrom::fem::reference::HEX_VERTICES;
use ferrom::formats::ansys::read_mesh;
use ferrom::formats::ansys::rst::{ElementRecord, Rst, RstResults, StoredRecord};
use ferrom::mesh::{ElementKind, Mesh};
use ferrom::parallel::Comm;
use ferrom::store::SnapshotFile;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use support::rst::{Encoding, Model, Stored};
use support::{ferrom, reference, told};

/// A bar of `n` cubes with a displacement and stresses linear in time.
fn bar(n: i32, times: &[f64]) -> Model {
    let mut model = Model::cube(Encoding::Sparse, times);
    model.nodes.clear();
    for x in 0..=n {
        for (k, (y, z)) in [(0, 0), (1, 0), (1, 1), (0, 1)].into_iter().enumerate() {
            model.nodes.push((4 * x + k as i32 + 1, [f64::from(x), f64::from(y), f64::from(z)], [0.0; 3]));
        }
    }
    // the solver's order is not that of the nodes
    model.order = model.nodes.iter().map(|node| node.0).rev().collect();
    let nodes = |e: i32| {
        let (a, b) = (4 * e, 4 * (e + 1));
        vec![a + 1, b + 1, b + 2, a + 2, a + 4, b + 4, b + 3, a + 3]
    };
    model.elements = (0..n).map(|e| ([1, 1, 1, 1, 0, 0, 0, 0, 100 + e, 0], nodes(e))).collect();
    model.components = vec![(1, "FOOT", vec![1, -4]), (2, "BODY", vec![100, -(99 + n)])];
    for set in &mut model.sets {
        let t = set.time;
        set.values = model
            .order
            .iter()
            .flat_map(|&node| {
                let x = f64::from((node - 1) / 4);
                [t * x, 0.0, 0.5 * t * x * x]
            })
            .collect();
        let stress = |e: i32| [(t * f64::from(e)) as f32, 1.0, 2.0, 3.0, 4.0, 5.0].repeat(8);
        set.records =
            (0..n).map(|e| [(2, Stored::Values(stress(e))), (6, Stored::Zeros(56))].into()).collect();
    }
    model
}

fn path(p: &Path) -> String {
    p.display().to_string()
}

#[test]
fn a_result_is_the_same_store_on_any_number_of_ranks() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file.rst");
    std::fs::write(&file, bar(6, &[0.5, 1.0, 2.0]).bytes()).unwrap();
    let mut stores: Vec<PathBuf> = Vec::new();
    for ranks in 1..=3 {
        let out = dir.path().join(format!("{ranks}.h5"));
        let run = ferrom(ranks, &["import", &path(&file), "-o", &path(&out)]);
        assert!(run.status.success(), "{}", told(&run));
        stores.push(out);
    }
    let comm = Comm::serial();
    for out in &stores {
        let store = SnapshotFile::open(&comm, out).unwrap();
        let mesh = &store.subdomain().mesh;
        assert_eq!((mesh.n_nodes(), mesh.n_elements()), (28, 6));
        assert_eq!(store.times(), [0.5, 1.0, 2.0]);
        assert_eq!((mesh.node_sets["FOOT"].len(), mesh.element_sets["BODY"].len()), (4, 6));
        for (k, &t) in store.times().iter().enumerate() {
            let u = store.read_nodal(&comm, k, "U").unwrap();
            for (u, x) in u.chunks_exact(3).zip(&mesh.points) {
                assert_eq!(u, [t * x[0], 0.0, 0.5 * t * x[0] * x[0]]);
            }
            let sig = store.read_point(&comm, k, "sig").unwrap();
            for (e, id) in mesh.element_ids.iter().enumerate() {
                for point in sig[48 * e..48 * (e + 1)].chunks_exact(6) {
                    assert_eq!(point, [t * (id - 100) as f64, 1.0, 2.0, 3.0, 4.0, 5.0]);
                }
            }
            assert!(store.read_point(&comm, k, "evp").unwrap().iter().all(|&v| v == 0.0));
        }
    }
    // what was imported is what the file holds, by the program itself, on other ranks than it was imported on
    for ranks in [1, 2] {
        let run = ferrom(ranks, &["compare", &path(&stores[2]), &path(&file), "--tol", "1e-15", "--json"]);
        assert!(run.status.success(), "{}", told(&run));
        let json: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(json["worst"].as_object().unwrap().keys().collect::<Vec<_>>(), ["U", "evp", "sig"]);
    }
}

/// Mid-side nodes that Ansys had dropped are put back with the mean of their edge: a bar of SOLID186 none of which has any
/// moves as its corners do, on any number of ranks; what holds both ends holds the middle.
#[test]
fn missing_mid_side_nodes_follow_the_ends_of_their_edges() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file.rst");
    let mut model = bar(3, &[1.0]);
    model.types[0].1 = 186;
    model.elements.iter_mut().for_each(|e| e.1.extend([0; 12]));
    std::fs::write(&file, model.bytes()).unwrap();
    let out = dir.path().join("out.h5");
    for ranks in [1, 2] {
        let run = ferrom(ranks, &["import", &path(&file), "-o", &path(&out)]);
        assert!(run.status.success(), "{}", told(&run));
        assert!(told(&run).contains("28 mid-side nodes are missing"), "{}", told(&run));
    }
    let comm = Comm::serial();
    let store = SnapshotFile::open(&comm, &out).unwrap();
    let mesh = &store.subdomain().mesh;
    // 4 edges around each of 4 sections, 4 along each of 3 cubes
    assert_eq!((mesh.n_nodes(), mesh.kinds[0]), (16 + 28, ElementKind::C3d20r));
    let u = store.read_nodal(&comm, 0, "U").unwrap();
    for (u, x) in u.chunks_exact(3).zip(&mesh.points) {
        let (from, to) = (x[0].floor(), x[0].ceil());
        let mean = 0.25 * (from * from + to * to);
        assert!(u[0] == x[0] && u[1] == 0.0 && (u[2] - mean).abs() < 1e-15, "{x:?}: {u:?}");
    }
    assert_eq!((mesh.node_sets["FOOT"].len(), mesh.face_sets["FOOT"].len()), (4, 1));
    let refused = read_mesh(&file).unwrap_err().message;
    assert!(
        refused
            .contains("28 mid-side nodes are missing, the first between nodes 1 and 5; it can be imported"),
        "{refused}"
    );
}

#[test]
fn info_tells_what_a_file_holds() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file.rst");
    std::fs::write(&file, bar(2, &[0.5, 1.0]).bytes()).unwrap();
    let run = ferrom(2, &["info", &path(&file), "--json"]);
    assert!(run.status.success(), "{}", told(&run));
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let wanted = serde_json::json!({
        "kind": "Ansys results", "version": "25.1", "analysis": "static or transient", "nodes": 12, "elements": 2,
        "element_types": {"SOLID185": 2}, "node_sets": ["FOOT"], "element_sets": ["BODY"], "times": [0.5, 1.0],
        "displacement": true, "nodal_vectors": ["solution"], "element_records": ["ENS", "EPL"],
    });
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&json[key], value, "{key}");
    }
}

#[test]
fn a_damaged_file_ends_every_rank_with_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file.rst");
    let bytes = bar(6, &[0.5]).bytes();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let out = dir.path().join("out.h5");
    let run = ferrom(3, &["import", &path(&file), "-o", &path(&out)]);
    assert_eq!(run.status.code(), Some(3), "{}", told(&run));
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    let lines: Vec<&str> =
        text.lines().filter(|l| l.starts_with("ferrom: ") && !l.contains("warn:")).collect();
    assert!(matches!(lines[..], [line] if line.contains("file.rst, record at byte ")), "{text}");
    assert!(!out.exists());
}

/// A deck of `CDWRITE` or Workbench and the results of the same run are one mesh.
#[test]
fn a_deck_and_its_results_are_of_one_mesh() {
    let Some(file) = reference("ansys/engineering_data/file.rst") else { return };
    let (deck, result) = (read_mesh(&file.with_file_name("ds.dat")).unwrap(), read_mesh(&file).unwrap());
    assert!(deck.node_ids == result.node_ids);
    assert!(deck.element_ids == result.element_ids);
    // the deck asks for full integration, which ETCON,SET took back in the solver: the results say so
    assert!(deck.kinds.iter().all(|k| *k == ElementKind::C3d20r));
    assert!(result.kinds.iter().all(|k| *k == ElementKind::C3d20r));
    assert!(deck.connectivity == result.connectivity);
    assert_eq!(deck.node_sets["_FIXEDSU"], result.node_sets["_FIXEDSU"]);
    let size = result.points.iter().flatten().fold(0.0, |s: f64, x| s.max(x.abs()));
    let apart = deck.points.iter().flatten().zip(result.points.iter().flatten()).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f64::max) <= 1e-9 * size);
}

/// Real results of five sets and two alloys that yield: the plastic strain that is accumulated is that of the increments
/// of the plastic strain, in uniaxial loading.
#[test]
fn plasticity_of_a_real_run_comes_back_at_the_points() {
    let Some(file) = reference("ansys/static_nar/file.rst") else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.h5");
    let run = ferrom(2, &["import", &path(&file), "-o", &path(&out)]);
    assert!(run.status.success(), "{}", told(&run));
    let comm = Comm::serial();
    let store = SnapshotFile::open(&comm, &out).unwrap();
    assert_eq!(store.times(), [0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
    let results = RstResults::open(&file).unwrap();
    let ids = &store.subdomain().mesh.node_ids;
    let last = results.displacement(4, ids, &HashMap::new()).unwrap();
    assert!(store.read_nodal(&comm, 4, "U").unwrap() == last);
    let (p, evp) = (store.read_point(&comm, 4, "p").unwrap(), store.read_point(&comm, 4, "evp").unwrap());
    let greatest = p.iter().fold(0.0, |a: f64, b| a.max(*b));
    assert!(greatest > 1e-3, "{greatest}");
    for (p, e) in p.iter().zip(evp.chunks_exact(6)) {
        let square = (0..6).map(|k| if k < 3 { e[k] * e[k] } else { 2.0 * e[k] * e[k] }).sum::<f64>();
        assert!((p - (2.0 / 3.0 * square).sqrt()).abs() < 0.02 * greatest, "{p} {e:?}");
    }
}

#[test]
fn parts_of_a_real_run_are_imported_and_unsupported_elements_are_named() {
    let Some(file) = reference("ansys/dist_static/file0.rst") else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.h5");
    let run = ferrom(3, &["import", &path(&file), "-o", &path(&out)]);
    assert!(run.status.success(), "{}", told(&run));
    assert!(told(&run).contains("160 SURF154"), "{}", told(&run));
    let comm = Comm::serial();
    let store = SnapshotFile::open(&comm, &out).unwrap();
    assert_eq!(
        (store.subdomain().mesh.n_nodes_global, store.subdomain().mesh.n_elements_global),
        (1309, 240)
    );
    for (name, sentence) in
        [("all_element_types", "is not supported"), ("targe170", "SOLID226 is not supported")]
    {
        let Some(file) = reference(&format!("ansys/{name}/file.rst")) else { return };
        let run = ferrom(1, &["import", &path(&file), "-o", &path(&out)]);
        assert_eq!(run.status.code(), Some(3));
        assert!(told(&run).contains(sentence), "{}", told(&run));
        let run = ferrom(1, &["info", &path(&file)]);
        assert!(run.status.success(), "{}", told(&run));
    }
    // solids beside shells: the solids
    let Some(file) = reference("ansys/mixed_shell_solid/file.rst") else { return };
    let run = ferrom(1, &["import", &path(&file), "-o", &path(&out)]);
    assert!(run.status.success() && told(&run).contains("9 SHELL181"), "{}", told(&run));
    // tetrahedra: displacements only, and it is said
    let Some(file) = reference("ansys/muscat_tet10/file.rst") else { return };
    let run = ferrom(1, &["import", &path(&file), "-o", &path(&out)]);
    assert!(
        run.status.success() && told(&run).contains("stresses are left out: 30 of 30 elements"),
        "{}",
        told(&run)
    );
}

/// Results alone are enough: the file tells law, supports and motion, so that a model is trained on it, predicts its load
/// again, and is held against it. NLGEOM was on: stresses and plastic strains are those of the turned body at 2 % strain.
#[test]
fn a_result_file_is_its_own_case_from_import_to_comparison() {
    let Some(file) = reference("ansys/static_nar/file.rst") else { return };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| path(&dir.path().join(name));
    let file = path(&file);
    for (ranks, args) in [
        (2, vec!["import", &file, "-o", &at("train.h5")]),
        (1, vec!["offline", &at("train.h5"), "-o", &at("model.h5")]),
        (1, vec!["online", &at("model.h5"), &file, "-o", &at("again.h5"), "--rebuild", "U,p,sig"]),
    ] {
        let run = ferrom(ranks, &args);
        assert!(run.status.success(), "{}", told(&run));
    }
    let run = ferrom(2, &["compare", &at("again.h5"), &file, "--json"]);
    assert!(run.status.success(), "{}", told(&run));
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    for (quantity, limit) in [("U", 2e-3), ("sig", 0.02), ("p", 0.025)] {
        let error = json["worst"][quantity]["l2_of_largest"].as_f64().unwrap();
        println!("{quantity}: {error:.1e}");
        assert!(error < limit, "{quantity}: {error}");
    }
}

#[test]
fn what_a_result_file_does_not_tell_of_its_case_is_named() {
    let Some(file) = reference("ansys/extrapolate_ref/file.rst") else { return };
    let dir = tempfile::tempdir().unwrap();
    let run = ferrom(1, &["import", &path(&file), "-o", &path(&dir.path().join("train.h5"))]);
    assert!(run.status.success(), "{}", told(&run));
    assert!(told(&run).contains("a result with forces on nodes is not supported"), "{}", told(&run));
    assert!(told(&run).contains("`ferrom offline` will ask for (-c)"), "{}", told(&run));
}

/// SOLID185 with KEYOPT(2) = 0 has the mean volume change of its element at every point: the stored elastic and thermal
/// strains (in 64 bits here) are those of `c3d8b`, and far from those of `c3d8`.
#[test]
fn strains_that_ansys_stored_have_the_mean_volume_change_of_their_element() {
    let Some(file) = reference("ansys/temp_v13/file.rst") else { return };
    let (results, rst) = (RstResults::open(&file).unwrap(), Rst::open(&file).unwrap());
    let mut mesh = results.deck().unwrap().mesh().unwrap();
    assert!(mesh.kinds.iter().all(|k| *k == ElementKind::C3d8b));
    let u = results.displacement(0, &mesh.node_ids, &HashMap::new()).unwrap();
    let mut stored: HashMap<u64, [[f64; 6]; 8]> = HashMap::new();
    let table = rst.element_table(0).unwrap().unwrap();
    rst.visit_records(&table, None, &[ElementRecord::Eel, ElementRecord::Eth], |e, k, record| {
        let StoredRecord::Values(values) = record else { return Ok(()) };
        let corners = stored.entry(rst.elements[e].into()).or_default();
        for (sum, row) in corners.iter_mut().zip(values.chunks_exact(7 + k)) {
            (0..6).for_each(|c| sum[c] += row[c]);
        }
        Ok(())
    })
    .unwrap();
    let largest = stored.values().flatten().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
    let off = |mesh: &Mesh| {
        let geometry = Geometry::new(mesh).unwrap();
        let mut strain = vec![0.0; 6 * mesh.n_points()];
        geometry.strain(mesh, &u, &mut strain);
        let mut worst: f64 = 0.0;
        for (e, own) in strain.chunks_exact(48).enumerate() {
            let corners = &stored[&mesh.element_ids[e]];
            for (p, own) in own.chunks_exact(6).enumerate() {
                // what was extrapolated to the corners is interpolated at the point: first axis fastest
                let at = |c: usize| if p >> c & 1 == 1 { 1.0 } else { -1.0 } / 3f64.sqrt();
                let shape = |s: &[f64; 3]| (0..3).map(|c| 0.5 * (1.0 + s[c] * at(c))).product::<f64>();
                for c in 0..6 {
                    let wanted: f64 = HEX_VERTICES.iter().zip(corners).map(|(s, v)| shape(s) * v[c]).sum();
                    worst = worst.max((own[c] - wanted).abs());
                }
            }
        }
        worst / largest
    };
    let mean = off(&mesh);
    mesh.kinds.fill(ElementKind::C3d8);
    let plain = off(&mesh);
    println!("B-bar: {mean:.1e} of the largest strain, plain: {plain:.1e}");
    assert!(mean < 1e-12 && plain > 0.1, "{mean} {plain}");
}
