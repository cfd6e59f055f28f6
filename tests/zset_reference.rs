//! The readers against real results of Z-set; skipped, with a line saying so, where they are not there.

use ferrom::fem::Geometry;
use ferrom::formats::zset::inp::{NodalField, TemperatureHistory};
use ferrom::formats::zset::{
    Document, FieldSource, Inp, Layout, ResultWriter, Results, Shear, Stored, UtIndex, ZsetMaterial,
    read_mesh, read_record, read_subdomains, write_geof,
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
fn strain_deviation(mesh: &Mesh, results: &FieldSource) -> f64 {
    let geometry = Geometry::new(mesh).unwrap();
    let mut strain = vec![0.0; 6 * mesh.n_points()];
    let mut worst: f64 = 0.0;
    for step in 0..results.steps().len() {
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
    // bounds: twice what an independent code found for engineering shears
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
        let deviation = strain_deviation(&mesh, &FieldSource::Whole(results));
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
    // the largest plastic strain that an independent code found
    let p = results.integ(10, &["evrcum"], None).unwrap();
    let largest = p.iter().fold(0.0, |m: f64, p| m.max(*p));
    assert!((largest - 4.0e-3).abs() < 1e-4, "{largest}");
}

#[test]
fn the_stresses_are_in_equilibrium_inside_the_body() {
    let Some(folder) = reference("MecaSequential") else { return };
    let (mesh, results) = open(&folder.join("cube.ut"));
    let geometry = Geometry::new(&mesh).unwrap();
    let results = FieldSource::Whole(results);
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

#[test]
fn what_is_read_is_written_back_byte_for_byte() {
    let Some(folder) = reference("MecaSequential") else { return };
    let (mesh, results) = open(&folder.join("cube.ut"));
    let out = tempfile::tempdir().unwrap();
    let ut = out.path().join("cube.ut");
    let names = |list: &[String]| list.to_vec();
    let (node, integ) = (names(&results.index.node_names), names(&results.index.integ_names));
    let node: Vec<&str> = node.iter().map(String::as_str).collect();
    let integ: Vec<&str> = integ.iter().map(String::as_str).collect();
    let mut writer =
        ResultWriter::create(&ut, Path::new("cube.geof"), Layout::of(&mesh), &node, &integ).unwrap();
    for (k, s) in results.index.steps.iter().enumerate() {
        let u = results.nodal_vector(k, &node, None).unwrap();
        let p = results.integ(k, &integ, None).unwrap();
        writer.append(s.cycle, s.sequence, s.increment, s.time, &u, &p).unwrap();
    }
    assert!(!ut.exists(), "the index appears last");
    writer.finish().unwrap();
    for extension in ["ut", "node", "integ"] {
        let read = |folder: &Path| std::fs::read(folder.join("cube").with_extension(extension)).unwrap();
        assert!(read(out.path()) == read(&folder), "cube.{extension} differs");
    }
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 3);
    write_geof(&mesh, &out.path().join("cube.geof")).unwrap();
    assert_eq!(read_mesh(&out.path().join("cube.geof")).unwrap(), mesh);
}

#[test]
fn a_mesh_of_quadratic_elements_is_written_and_read_back() {
    let Some(folder) = reference("MecaSequentialMonoCrystal") else { return };
    let mesh = read_mesh(&folder.join("cube.geo")).unwrap();
    let out = tempfile::tempdir().unwrap();
    write_geof(&mesh, &out.path().join("cube.geof")).unwrap();
    assert_eq!(read_mesh(&out.path().join("cube.geof")).unwrap(), mesh);
}

#[test]
fn subdomains_merge_to_the_whole_with_and_without_its_mesh() {
    let Some(folder) = reference("MecaParallel") else { return };
    let whole = read_mesh(&folder.join("cube.geof")).unwrap();
    let found = read_subdomains(&folder.join("cube")).unwrap();
    assert_eq!(found.mesh, whole);
    assert_eq!(found.part.iter().filter(|p| **p == 0).count(), 108);
    // local pressure and temperature are the global ones at the places that the pieces say
    let pressure =
        read_record(&folder.join("pressure.node"), 1, whole.face_sets["x1"].len() as u64, None).unwrap();
    let temperature = read_record(&folder.join("temperature2.node"), 1, 343, None).unwrap();
    for piece in &found.pieces {
        let faces = &piece.faces["x1"];
        let file = folder.join(format!("pressure-{:03}.node", piece.number));
        let local = read_record(&file, 1, faces.len() as u64, None).unwrap();
        assert_eq!(local, faces.iter().map(|&f| pressure[f as usize]).collect::<Vec<_>>());
        let file = folder.join(format!("temperature2-{:03}.node", piece.number));
        let local = read_record(&file, 1, piece.nodes.len() as u64, None).unwrap();
        assert_eq!(local, piece.nodes.iter().map(|&n| temperature[n as usize]).collect::<Vec<_>>());
    }

    // the same from the sub-domains alone
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("cube-pmeshes")).unwrap();
    for name in ["cube-001.ut", "cube-002.ut", "cube-pmeshes/cube-001.geof", "cube-pmeshes/cube-002.geof"] {
        std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    let alone = read_subdomains(&copy.path().join("cube")).unwrap();
    assert_eq!(alone.mesh.points, whole.points);
    assert_eq!(alone.mesh.connectivity, whole.connectivity);
    assert_eq!(alone.mesh.node_sets, whole.node_sets);
    assert_eq!(alone.mesh.element_sets, whole.element_sets);
    assert_eq!(alone.part, found.part);
    assert_eq!(alone.mesh.face_sets["x1"].len(), whole.face_sets["x1"].len());
    std::fs::remove_file(copy.path().join("cube-001.ut")).unwrap();
    let message = read_subdomains(&copy.path().join("cube")).unwrap_err().message;
    assert!(message.contains("sub-domain 1 of 1 is missing"), "{message}");
}

#[test]
fn fields_of_subdomains_are_those_of_one_structure() {
    let Some(folder) = reference("MecaParallel") else { return };
    let stored = Stored::read(&folder.join("cube.ut")).unwrap();
    let source = stored.open().unwrap();
    let mesh = &stored.mesh;
    let geometry = Geometry::new(mesh).unwrap();
    let last = source.steps().len() - 1;
    let u = source.nodal_vector(last, &["U1", "U2", "U3"], None).unwrap();
    let eto = source.tensor(last, "eto", None, Shear::Engineering).unwrap();
    let mut strain = vec![0.0; eto.len()];
    geometry.strain(mesh, &u, &mut strain);
    let largest = eto.iter().fold(0.0, |m: f64, e| m.max(e.abs()));
    assert!(eto.iter().zip(&strain).all(|(a, b)| (a - b).abs() < 8e-7 * largest));
    // internal forces are summed over interfaces
    let sig = source.tensor(last, "sig", None, Shear::Tensor).unwrap();
    let stored_force = source.nodal_vector(last, &["RU1", "RU2", "RU3"], None).unwrap();
    let mut force = vec![0.0; u.len()];
    geometry.internal_force(mesh, &sig, &mut force);
    let largest = force.iter().fold(0.0, |m: f64, f| m.max(f.abs()));
    assert!(force.iter().zip(&stored_force).all(|(a, b)| (a - b).abs() < 3e-7 * largest));

    // a rank reads what it holds, in its own order, from places restricted to that
    let (nodes, elements) = ([340, 0, 171, 172], [215, 0, 107, 108]);
    let places = stored.places.as_ref().unwrap().restrict(&nodes, &elements);
    let rank = FieldSource::open(&stored.uts, &stored.layouts, Some(places)).unwrap();
    let some = rank.nodal_vector(last, &["RU1"], Some(&nodes)).unwrap();
    assert_eq!(some, nodes.map(|n| stored_force[3 * n as usize]));
    let some = rank.integ(last, &["sig11"], Some(&elements)).unwrap();
    let expected: Vec<f64> = elements
        .iter()
        .flat_map(|&e| (0..8).map(|k| sig[6 * (8 * e as usize + k)]).collect::<Vec<_>>())
        .collect();
    assert_eq!(some, expected);
    assert!(rank.nodal_vector(last, &["U1"], Some(&[343])).is_err());
    assert!(
        rank.integ(last, &["sig11"], Some(&[5])).unwrap_err().message.contains("not among those known here")
    );
}

/// A copy of some files of a case, to be damaged.
fn copy_of(case: &Path, names: &[&str]) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(copy.path().join(name), std::fs::read(case.join(name)).unwrap()).unwrap();
    }
    copy
}

#[test]
fn damaged_results_are_refused_with_their_sizes_and_places() {
    let Some(folder) = reference("MecaSequential") else { return };
    let copy = copy_of(&folder, &["cube.geof", "cube.ut", "cube.node", "cube.integ"]);
    let at = |name: &str| copy.path().join(name);
    let mesh = read_mesh(&at("cube.geof")).unwrap();
    let open = || UtIndex::read(&at("cube.ut")).and_then(|i| Results::open(i, Layout::of(&mesh)));
    let integ = std::fs::read(at("cube.integ")).unwrap();

    std::fs::write(at("cube.integ"), &integ[..integ.len() - 1]).unwrap();
    let message = open().unwrap_err().message;
    assert!(
        message.contains(
            "1444608 bytes were expected (11 states x 19 fields x 1728 integration points x 4), 1444607 found"
        ),
        "{message}"
    );
    std::fs::write(at("cube.integ"), &integ[..integ.len() / 11 * 7]).unwrap();
    assert!(open().unwrap_err().message.contains("it holds 7 complete states where the .ut lists 11"));
    std::fs::write(at("cube.integ"), [&integ[..], &[0; 4]].concat()).unwrap();
    assert!(open().unwrap_err().message.contains("1444612 found"));

    let mut bad = integ.clone();
    // state 3, element 100, sig33, point 5
    let offset = 4 * (2 * 19 * 1728 + 99 * 19 * 8 + 8 * 8 + 4);
    bad[offset..offset + 4].copy_from_slice(&f32::NAN.to_be_bytes());
    std::fs::write(at("cube.integ"), &bad).unwrap();
    let results = open().unwrap();
    assert!(results.integ(2, &["sig22"], None).is_ok());
    let message = results.integ(2, &["sig33"], None).unwrap_err().message;
    let place = "state 3 (time 0.4), field sig33, integration point 5 of element number 100 (label 100)";
    assert!(message.contains(place) && message.contains("NaN"), "{message}");

    std::fs::remove_file(at("cube.integ")).unwrap();
    let results = open().unwrap();
    assert!(!results.has_integ() && results.nodal(0, "U1", None).is_ok());
    assert!(results.integ(0, &["sig11"], None).unwrap_err().message.contains("cube.integ: does not exist"));
    assert!(results.nodal(0, "U4", None).unwrap_err().message.contains("the nearest name is 'U"));

    let ut = std::fs::read_to_string(at("cube.ut")).unwrap();
    std::fs::write(at("cube.ut"), ut.replace("RU3", "RU3 TP")).unwrap();
    assert!(open().unwrap_err().message.contains("it holds 6 fields where the .ut names 7"));
    std::fs::write(at("cube.ut"), ut).unwrap();
    std::fs::remove_file(at("cube.node")).unwrap();
    assert!(
        open()
            .unwrap_err()
            .message
            .contains("cube.node: does not exist, while the .ut names 6 fields in it (90552 bytes)")
    );
}
