//! The readers against real results of Z-set; skipped, with a line saying so, where they are not there.

use ferrom::fem::Geometry;
use ferrom::formats::zset::inp::{NodalField, TemperatureHistory};
use ferrom::formats::zset::{
    Document, Inp, Layout, Results, Shear, UtIndex, ZsetMaterial, read_mesh, read_record,
};
use ferrom::mesh::Mesh;
use std::path::{Path, PathBuf};

/// A folder of the reference, or `None` with a line that says so.
fn reference(case: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FERROM_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"), PathBuf::from);
    let folder = root.join("zset").join(case);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there (set FERROM_REFERENCE)", folder.display());
    None
}

fn open(ut: &Path) -> (Mesh, Results) {
    let index = UtIndex::read(ut).unwrap();
    let mesh = read_mesh(&index.mesh_path()).unwrap();
    let results = Results::open(index, Layout::of(&mesh)).unwrap();
    (mesh, results)
}

/// Largest |B u - eto| over largest |eto|, at the worst time.
fn strain_deviation(mesh: &Mesh, results: &Results) -> f64 {
    let geometry = Geometry::new(mesh).unwrap();
    let mut strain = vec![0.0; 6 * mesh.n_points()];
    let mut worst: f64 = 0.0;
    for step in 0..results.index.steps.len() {
        let u = results.nodal_vector(step, &["U1", "U2", "U3"], None).unwrap();
        let eto = results.tensor(step, "eto", None, Shear::Engineering).unwrap();
        geometry.strain(mesh, &u, &mut strain);
        let largest = eto.iter().fold(0.0, |m: f64, e| m.max(e.abs()));
        let off = eto.iter().zip(&strain).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        if largest > 0.0 {
            worst = worst.max(off / largest);
        }
    }
    worst
}

#[test]
fn stored_strains_are_the_gradients_of_stored_displacements() {
    // bounds: twice what an independent code found (format notes, 5.2), for engineering shears
    for (case, ut, bound) in [
        ("MecaSequential", "cube.ut", 7e-7),
        ("MecaAlternateTempDefinition", "cube.ut", 7e-7),
        ("MecaSequentialBiMat", "cube.ut", 4e-7),
        ("MecaSequentialSimpleMises", "cube.ut", 9e-7),
        ("MecaParallel", "cube-001.ut", 8e-7),
        ("MecaParallel", "cube-002.ut", 8e-7),
    ] {
        let Some(folder) = reference(case) else { return };
        let (mesh, results) = open(&folder.join(ut));
        let deviation = strain_deviation(&mesh, &results);
        eprintln!("{case} {ut}: {deviation:.2e}");
        assert!(deviation < bound, "{case}: {deviation:.2e}");
    }
}

#[test]
fn every_reference_mesh_has_its_volume() {
    for (case, file, volume) in [
        ("MecaSequential", "cube.geof", 1.0),
        ("MecaSequentialMonoCrystal", "cube.geo", 1.0),
        ("MecaParallel", "cube-pmeshes/cube-001.geof", 0.5),
        ("MecaParallel", "cube-pmeshes/cube-002.geof", 0.5),
    ] {
        let Some(folder) = reference(case) else { return };
        let mesh = read_mesh(&folder.join(file)).unwrap();
        let v = Geometry::new(&mesh).unwrap().volume().value();
        assert!((v - volume).abs() < 1e-14, "{case}: {v}");
    }
}

#[test]
fn the_binary_mesh_is_read_to_its_last_byte_with_its_stale_sets() {
    let Some(folder) = reference("MecaSequentialMonoCrystal") else { return };
    // that nothing follows the end of the mesh is checked by the reader
    let mesh = read_mesh(&folder.join("cube.geo")).unwrap();
    assert_eq!((mesh.n_nodes(), mesh.n_elements(), mesh.n_points()), (1981, 1080, 5400));
    assert_eq!(mesh.face_set("x1").unwrap().len(), 72);
    assert_eq!(mesh.face_set("px0").unwrap()[0].kind.name(), "q4");
    // mid-side nodes lie half-way between their vertices
    for e in 0..mesh.n_elements() {
        let x = |k: usize| mesh.points[mesh.nodes_of(e)[k] as usize];
        for (mid, a, b) in [(4, 0, 1), (5, 1, 2), (6, 2, 0), (7, 0, 3), (8, 1, 3), (9, 2, 3)] {
            for c in 0..3 {
                assert!((x(mid)[c] - 0.5 * (x(a)[c] + x(b)[c])).abs() < 1e-15);
            }
        }
    }
}

#[test]
fn a_selection_reads_the_same_values_as_everything() {
    let Some(folder) = reference("MecaSequential") else { return };
    let (mesh, results) = open(&folder.join("cube.ut"));
    let nodes = [300, 5, 5, 6, 342];
    let all = results.nodal(3, "U3", None).unwrap();
    let some = results.nodal(3, "U3", Some(&nodes)).unwrap();
    assert_eq!(some, nodes.map(|n| all[n as usize]));
    let names = ["evrcum", "sig12"];
    let all = results.integ(10, &names, None).unwrap();
    let elements = [200, 3, 4, 215];
    let some = results.integ(10, &names, Some(&elements)).unwrap();
    let offsets = mesh.point_offsets();
    let expected: Vec<f64> = elements
        .iter()
        .flat_map(|&e| all[2 * offsets[e as usize]..2 * offsets[e as usize + 1]].to_vec())
        .collect();
    assert_eq!(some, expected);
    // the largest plastic strain of the format notes
    let p = results.integ(10, &["evrcum"], None).unwrap();
    let largest = p.iter().fold(0.0, |m: f64, p| m.max(*p));
    assert!((largest - 4.0e-3).abs() < 1e-4, "{largest}");
}

#[test]
fn the_stresses_are_in_equilibrium_inside_the_body() {
    let Some(folder) = reference("MecaSequential") else { return };
    let (mesh, results) = open(&folder.join("cube.ut"));
    let geometry = Geometry::new(&mesh).unwrap();
    let sig = results.tensor(10, "sig", None, Shear::Tensor).unwrap();
    let stored = results.nodal_vector(10, &["RU1", "RU2", "RU3"], None).unwrap();
    let mut force = vec![0.0; 3 * mesh.n_nodes()];
    geometry.internal_force(&mesh, &sig, &mut force);
    let largest = stored.iter().fold(0.0, |m: f64, f| m.max(f.abs()));
    let off = force.iter().zip(&stored).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
    assert!(off < 2e-7 * largest, "{:.2e}", off / largest);
}

#[test]
fn records_are_read_by_number_and_place() {
    let Some(folder) = reference("MecaSequential") else { return };
    let t = read_record(&folder.join("temperature2.node"), 1, 343, None).unwrap();
    assert_eq!(t.len(), 343);
    assert_eq!(
        read_record(&folder.join("temperature2.node"), 1, 343, Some(&[342, 0])).unwrap(),
        [t[342], t[0]]
    );
    let message = read_record(&folder.join("temperature2.node"), 1, 344, None).unwrap_err().message;
    assert!(message.contains("1372 bytes are no whole number of records of 344 values"), "{message}");
    assert!(
        read_record(&folder.join("temperature2.node"), 2, 343, None)
            .unwrap_err()
            .message
            .contains("record 2 was asked for, of 1")
    );
}

/// Every file below the reference whose name passes.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Some(root) = reference("") else { return Vec::new() };
    let mut out: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .filter_map(|case| std::fs::read_dir(case.unwrap().path()).ok())
        .flat_map(|case| case.map(|file| file.unwrap().path()))
        .filter(|file| file.file_name().and_then(|n| n.to_str()).is_some_and(&wanted))
        .collect();
    out.sort();
    out
}

#[test]
fn every_input_of_the_reference_is_read() {
    for path in files(|name| name.ends_with(".inp")) {
        let document = Document::read(&path).unwrap();
        let inp = Inp::from_document(&document);
        if document.blocks[0].name == "mesher" {
            assert!(inp.unwrap_err().message.contains("there is no ****calcul, but ****mesher"));
            continue;
        }
        let inp = inp.unwrap();
        assert_eq!(inp.conditions.len(), 5, "{}", path.display());
        assert!(inp.mesh.is_file());
        assert!(inp.materials.iter().all(|m| m.file.is_file()));
        let temperature = inp.temperature.as_ref().unwrap();
        let mesh = read_mesh(&inp.mesh).unwrap();
        assert_eq!(temperature.rec_size, mesh.n_nodes() as u64);
        let maps = match &temperature.history {
            TemperatureHistory::Maps(maps) => maps.iter().map(|m| m.field.clone()).collect(),
            TemperatureHistory::Blend { base, max, .. } => vec![base.clone(), max.clone()],
        };
        for map in maps {
            if let NodalField::File { path, record } = map {
                assert_eq!(
                    read_record(&path, record, temperature.rec_size, None).unwrap().len(),
                    mesh.n_nodes()
                );
            }
        }
        // the times that Z-set stored are those that its input asks for (one cycle is stored)
        let ut = UtIndex::read(&path.with_file_name("cube.ut"));
        if let (1, Ok(ut)) = (inp.resolution.cycles, ut) {
            let text = |times: &[f64]| times.iter().map(|t| format!("{t:.15e}")).collect::<Vec<_>>();
            assert_eq!(text(&inp.resolution.times()), text(&ut.times()[1..]), "{}", path.display());
        }
    }
}

#[test]
fn every_material_of_the_reference_is_read() {
    let mut laws = Vec::new();
    for path in files(|name| ["mat", "elas", "evpcry"].contains(&name)) {
        let material = ZsetMaterial::read(&path).unwrap();
        if path.ends_with("evpcry") {
            assert_eq!(material.potentials.len(), 2);
            continue;
        }
        let spec = material.to_spec("m").unwrap();
        laws.push(spec.law.name());
        assert!(spec.density > 0.0);
        let material = spec.build().unwrap();
        if path.ends_with("MecaSequentialSimpleMises/mat") {
            assert_eq!(material.source_name("p"), "epcum");
        }
    }
    if !laws.is_empty() {
        assert_eq!(laws.iter().filter(|l| **l == "elastic").count(), 2, "{laws:?}");
        assert_eq!(laws.iter().filter(|l| **l == "chaboche").count(), 5, "{laws:?}");
    }
}
