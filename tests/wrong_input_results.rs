//! Results that are damaged, of another mesh or of another kind are refused, and a slip of units is warned of.

mod support;

use ferrom::store::SCHEMA_VERSION;
use support::study::{CASE, Study, cube, warnings};

#[test]
fn z_set_files_must_have_exactly_the_bytes_that_the_index_names() {
    let study = Study::full();
    let import = "import z.ut -o x.h5";
    for (file, bytes) in [("z.node", "3888 bytes were expected"), ("z.integ", "16128 bytes were expected")] {
        let whole = study.read(file);
        study.write(file, &whole[..1001]);
        study.refused(import, 3, &[file, bytes, "1001 found", "copy the results again"]);
        study.write(file, [&whole[..], &[0; 8]].concat());
        study.refused(import, 3, &[file, bytes, &format!("{} found", whole.len() + 8)]);
        study.write(file, "");
        study.refused_on(1, import, 3, &[file, "0 found"]);
        std::fs::remove_file(study.path(file)).expect("removed");
        std::fs::create_dir(study.path(file)).expect("a folder");
        study.refused_on(1, import, 3, &[file, "is a folder"]);
        std::fs::remove_dir(study.path(file)).expect("removed");
        if file == "z.node" {
            study.refused(import, 3, &["z.node: does not exist", "3888 bytes", "copy it beside the .ut"]);
        }
        study.write(file, whole);
    }
    // displacements alone make a store: stresses are recomputed from them
    std::fs::remove_file(study.path("z.integ")).expect("removed");
    for n in [1, 2] {
        let said = warnings(&study.done(n, import));
        assert!(said.len() == 1 && said[0].contains("z.integ does not exist"), "{said:?}");
    }
}

#[test]
fn an_index_that_names_what_is_not_there_is_refused() {
    let import = "import z.ut -o x.h5";
    for (from, to, parts) in [
        ("U3", "U3 RU1", &["z.node", "4860 bytes were expected", "holds 4 fields where the .ut names 5"][..]),
        ("sig31", "sig31 evrcum", &["z.integ", "18432 bytes", "7 fields where the .ut names 8"]),
        ("U3", "U9", &["z.ut", "no nodal field 'U3'"]),
        ("2.500000000000000e-01", "zz", &["z.ut, line 6", "'zz' is not the time"]),
        ("2.500000000000000e-01", "1.25", &["z.ut, line 7", "0.5 does not come after 1.25"]),
        ("z.geof", "y.geof", &["y.geof", "check its path"]),
    ] {
        let study = Study::full();
        study.edit("z.ut", from, to);
        study.refused_on(1, import, 3, parts);
        if to == "U3 RU1" {
            study.refused_on(2, import, 3, parts);
        }
    }
    let study = Study::full();
    study.write("z.ut", "");
    study.refused_on(1, import, 3, &["z.ut", "no **meshfile"]);
    std::fs::remove_file(study.path("z.ut")).expect("removed");
    study.refused(import, 3, &["z.ut does not exist", "check that z-001.ut exists"]);
}

#[test]
fn a_value_that_is_not_finite_is_told_with_time_and_place() {
    let study = Study::full();
    let mut node = study.read("z.node");
    let at = 4 * (3 * 4 * 27 + 5);
    node[at..at + 4].copy_from_slice(&f32::NAN.to_be_bytes());
    study.write("z.node", node);
    study.refused("import z.ut -o x.h5", 3, &["z.node", "time 0.75", "field U1", "label 6", "NaN"]);
    change(&study, "s.h5", "VTKHDF/PointData/U", |u| u[(3 * 27 + 5) * 3 + 1] = f64::NAN);
    for words in ["offline s.h5 -o x.h5", "compare r.h5 s.h5", "compare s.h5 r.h5"] {
        study.refused(words, 3, &["s.h5, VTKHDF/PointData/U", "time 0.75", "node 6", "NaN"]);
    }
}

/// Changes a dataset of numbers in place.
fn change(study: &Study, file: &str, name: &str, edit: impl Fn(&mut [f64])) {
    let file = hdf5::File::open_rw(study.path(file)).expect("a store");
    let data = file.dataset(name).expect("a dataset");
    let mut values = data.read_dyn::<f64>().expect("numbers");
    edit(values.as_slice_mut().expect("contiguous"));
    data.write(&values).expect("written");
}

#[test]
fn results_of_two_meshes_do_not_go_together() {
    let study = Study::full();
    study.write("large.geof", cube(2, 2.0));
    study.write("fine.geof", cube(3, 1.0));
    for name in ["large", "fine"] {
        study.write(&format!("{name}.toml"), CASE.replace("cube", name));
        study.done(1, &format!("solve {name}.toml -o {name}.h5"));
    }
    for (file, why) in [("large.h5", "the coordinates of node"), ("fine.h5", "64 nodes and 27 elements")] {
        for words in [format!("offline s.h5 {file} -o x.h5"), format!("compare s.h5 {file}")] {
            study.refused(&words, 3, &[file, "mesh", why, "s.h5", "one and the same mesh"]);
        }
    }
    // a case with sets of the same names does not make it the mesh of the results
    for (case, why) in [
        ("large.toml", "its mesh large.geof goes from [0.0, 0.0, 0.0] to [2.0, 2.0, 2.0]"),
        ("fine.toml", "its mesh fine.geof has 64 nodes and 27 elements, against the 27 and 8 of z.ut"),
    ] {
        study.refused(
            &format!("import z.ut -c {case} -o x.h5"),
            2,
            &[case, why, "give the case of these results"],
        );
    }
    study.done(2, "import z.ut -c case.toml -o x.h5");
}

#[test]
fn a_file_of_another_kind_is_told_what_to_do_with() {
    let study = Study::full();
    let model = ["m.h5", "is 'model' where 'snapshots' or 'run' is due", "the snapshots it was built from"];
    study.refused("offline m.h5 -o x.h5", 3, &model);
    study.refused("compare m.h5 s.h5", 3, &model);
    study.refused_on(1, "export m.h5 -o e.ut", 3, &model);
    study.refused("online s.h5 -o x.h5", 3, &["s.h5", "is 'snapshots'", "build a model of it"]);
    let bare = ["bare.h5", "reduced coordinates only", "--rebuild U,sig"];
    study.refused("compare bare.h5 s.h5", 3, &bare);
    for words in ["compare s.h5 bare.h5", "offline bare.h5 -o x.h5", "export bare.h5 -o e.ut"] {
        study.refused_on(1, words, 3, &bare);
    }
    study.refused_on(1, "import cube.geof -o x.h5", 3, &["cube.geof", "is not an HDF5 file"]);
    study.refused_on(1, "info nix.h5", 3, &["nix.h5", "check its path"]);
    study.write("empty.h5", "");
    study.refused("info empty.h5", 3, &["empty.h5", "is empty"]);
    std::fs::create_dir(study.path("folder.h5")).expect("a folder");
    study.refused_on(1, "online folder.h5 -o x.h5", 3, &["folder.h5", "is a folder"]);
    std::fs::remove_dir(study.path("folder.h5")).expect("removed");
    // a store without a case is fine, but nothing can be built of it
    study.done(1, "import z.ut -o nocase.h5");
    study.refused("offline nocase.h5 -o x.h5", 2, &["nocase.h5", "keeps no case", "--case"]);
}

#[test]
fn a_comparison_names_the_time_quantity_or_tolerance_that_is_missed() {
    let study = Study::full();
    study.case("times = [1.0, 2.0]\nincrements = [4, 4]", "times = [1.0]\nincrements = [4]");
    study.done(1, "solve bad.toml -o short.h5");
    let early = ["short.h5, times", "t = 1.25 is missing", "it ends at t = 1", "--from and --to"];
    study.refused("compare s.h5 short.h5", 3, &early);
    study.done(1, "compare s.h5 short.h5 --to 1");
    study.refused_on(1, "compare s.h5 s.h5 --from 5", 2, &["s.h5, times", "from 0 to 2"]);
    let lacks = ["r.h5", "no quantity 'evp'", "there are: U, p, sig", "--rebuild"];
    study.refused("compare r.h5 s.h5 --quantity evp", 3, &lacks);
    let above = ["r.h5, quantity '", "against s.h5", "above the tolerance 1.0e-14"];
    study.refused("compare r.h5 s.h5 --tol 1e-14", 4, &above);
}

#[test]
fn a_store_of_a_newer_schema_asks_for_a_newer_program() {
    let study = Study::full();
    for name in ["s.h5", "m.h5"] {
        let file = hdf5::File::open_rw(study.path(name)).expect("a store");
        let version = file.group("ferrom").and_then(|g| g.attr("version")).expect("the version");
        version.write_scalar(&(SCHEMA_VERSION + 1)).expect("written");
    }
    for words in ["info s.h5", "offline s.h5 -o x.h5", "online m.h5 -o x.h5", "compare r.h5 s.h5"] {
        study.refused(words, 3, &["attribute version", "newer than", "use a newer ferrom"]);
    }
}

#[test]
fn a_slip_of_units_is_warned_of() {
    let study = Study::full();
    change(&study, "s.h5", "ferrom/points/sig", |s| s.iter_mut().for_each(|x| *x *= 1e6));
    study.case("value = -100.0", "value = -100000.0");
    for n in [1, 2] {
        let said = warnings(&study.done(n, "offline s.h5 -o x.h5"));
        assert!(said.len() == 1 && said[0].contains("recomputed 'sig' differs"), "{said:?}");
        assert!(said[0].contains("units"), "{said:?}");
        let said = warnings(&study.done(n, "offline s.h5 -c bad.toml -o x.h5"));
        assert!(said.iter().any(|w| w.contains("out of equilibrium") && w.contains("units")), "{said:?}");
    }
}
