//! CalculiX decks as cases: what is computed for them against what CalculiX has computed, element by element and law by
//! law.

mod support;

use ferrom::config::Case;
use ferrom::mesh::{Conventions, ElementKind, Mesh};
use ferrom::parallel::Comm;
use ferrom::store::SnapshotFile;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::patch::patch;
use support::{reference, told};

/// Solves a deck and compares with `file.frd` (and the prints of `file.dat`) beside it: the largest L2 error over time of
/// each quantity, over its largest norm.
fn errors_of<const N: usize>(deck: &Path, ranks: usize, quantities: [&str; N]) -> [f64; N] {
    let run = deck.with_extension("h5");
    let mut solve =
        ["solve", &text(deck), "-o", &text(&run), "-q", "--newton-tol", "1e-12"].map(str::to_owned).to_vec();
    let points: Vec<&str> = quantities.into_iter().filter(|q| *q != "U").collect();
    if !points.is_empty() {
        solve.extend(["--quantities".to_owned(), points.join(",")]);
    }
    let output = support::ferrom(ranks, &solve);
    assert!(output.status.success(), "{}", told(&output));
    compared(deck, ranks, quantities)
}

/// As [`errors_of`], of the run that is there.
fn compared<const N: usize>(deck: &Path, ranks: usize, quantities: [&str; N]) -> [f64; N] {
    let run = deck.with_extension("h5");
    let (frd, list) = (text(&deck.with_extension("frd")), quantities.join(","));
    let compare = ["compare", &text(&run), &frd, "--quantity", &list, "--from", "1e-9", "-q", "--json"];
    let output = support::ferrom(ranks, &compare);
    assert!(output.status.success(), "{}", told(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    quantities.map(|q| json["worst"][q]["l2_of_largest"].as_f64().unwrap())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A deck of the reference in a folder with the UMAT that it was computed with.
fn with_umat(folder: &Path, name: &str) -> Option<PathBuf> {
    let (deck, law) = (reference(&format!("calculix/{name}.inp"))?, reference("umat/chaboche.f90")?);
    let library = folder.join("libCHABOCHE.so");
    let mut compiler = Command::new("gfortran");
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&law).current_dir(folder);
    let Ok(output) = compiler.output() else {
        eprintln!("skipped: no gfortran; scripts/setup.sh --tests installs it");
        return None;
    };
    assert!(output.status.success(), "{}", told(&output));
    for ending in ["inp", "frd"] {
        std::fs::copy(deck.with_extension(ending), folder.join(format!("{name}.{ending}"))).unwrap();
    }
    Some(folder.join(format!("{name}.inp")))
}

#[test]
fn the_same_umat_gives_the_displacements_of_calculix() {
    // the ASCII file has six digits, the others all
    for (name, ranks, bound) in [
        ("pwh_tiny_c3d8", 1, 1e-9),
        ("pwh_tiny_c3d20r", 2, 1e-9),
        ("tet10", 3, 1e-9),
        ("pwh_tiny_asc", 1, 5e-6),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let Some(deck) = with_umat(dir.path(), name) else { return };
        let (error, at_nodes) = match name {
            "tet10" => (errors_of(&deck, ranks, ["U"])[0], [0.0; 3]),
            _ => {
                // the files have no prints: stresses and state variables are those at the nodes
                let [u, at_nodes @ ..] = errors_of(&deck, ranks, ["U", "sig", "sdv1", "sdv13"]);
                (u, at_nodes)
            }
        };
        println!("{name} on {ranks}: {error:.1e}, at nodes {at_nodes:?}");
        assert!(error < bound, "{name}: {error:e}");
        assert!(at_nodes.iter().all(|e| *e < CARRIED), "{name}: {at_nodes:?}");
    }
}

/// CalculiX' name of a kind.
const TYPES: [(ElementKind, &str); 7] = [
    (ElementKind::C3d4R1, "C3D4"),
    (ElementKind::C3d6R2, "C3D6"),
    (ElementKind::C3d8, "C3D8"),
    (ElementKind::C3d10R4, "C3D10"),
    (ElementKind::C3d15R9, "C3D15"),
    (ElementKind::C3d20, "C3D20"),
    (ElementKind::C3d20r, "C3D20R"),
];

/// A bent block of some kind of element, held at one end; two steps in which pressure, rotation, weight and temperature
/// become these shares of their full values.
fn block(
    kind: ElementKind,
    material: &str,
    procedure: &str,
    increment: &str,
    hot: bool,
    shares: [f64; 2],
) -> String {
    let mut mesh = patch(kind, 2, 0.2, true);
    for x in &mut mesh.points {
        let [a, b, c] = *x;
        *x = [
            a + 0.1 * (2.0 * b).sin() + 0.05 * a * c,
            b + 0.08 * a * c,
            c + 0.1 * a * b + 0.05 * (2.0 * a).sin(),
        ];
    }
    let name = TYPES.iter().find(|t| t.0 == kind).unwrap().1;
    let list = |ids: &mut dyn Iterator<Item = u64>| ids.map(|i| format!("{i},\n")).collect::<String>();
    let mut deck = "*NODE, NSET=Nall\n".to_owned();
    for (id, [x, y, z]) in mesh.node_ids.iter().zip(&mesh.points) {
        writeln!(deck, "{id}, {x:.10e}, {y:.10e}, {z:.10e}").unwrap();
    }
    writeln!(deck, "*ELEMENT, TYPE={name}, ELSET=Eall").unwrap();
    for e in 0..mesh.n_elements() {
        let numbers = mesh.nodes_of(e).iter().map(|&n| mesh.node_ids[n as usize]);
        let numbers: Vec<String> =
            std::iter::once(mesh.element_ids[e]).chain(numbers).map(|n| n.to_string()).collect();
        let rows: Vec<String> = numbers.chunks(11).map(|row| row.join(", ")).collect();
        writeln!(deck, "{}", rows.join(",\n")).unwrap();
    }
    let root = mesh.node_sets["x0"].iter().map(|&n| mesh.node_ids[n as usize]);
    write!(deck, "*NSET,NSET=ROOT\n{}", list(&mut root.into_iter())).unwrap();
    deck += "*SURFACE, NAME=END\n";
    for (element, face) in faces(&mesh, "x1") {
        writeln!(deck, "{element}, S{face}").unwrap();
    }
    let skin = faces(&mesh, "skin");
    write!(
        deck,
        "*MATERIAL, NAME=alloy\n{material}*SOLID SECTION, ELSET=Eall, MATERIAL=alloy\n\
         *INITIAL CONDITIONS, TYPE=TEMPERATURE\nNall, 20.\n*BOUNDARY\nROOT, 1, 3\n"
    )
    .unwrap();
    for (step, k) in shares.into_iter().enumerate() {
        write!(
            deck,
            "*STEP, INC=1000\n{procedure}\n{increment}\n*CONTROLS, PARAMETERS=FIELD\n1e-8, 1e-8\n*DSLOAD\nEND, P, {}\n\
             *DLOAD\nEall, CENTRIF, {}, -0.3, 0., 0., 0., 1., 0.5\nEall, GRAV, {}, 0., 0., -2.\n",
            -60.0 * k,
            3.0 * k.max(0.0),
            2.0 * k
        )
        .unwrap();
        for (element, face) in &skin {
            writeln!(deck, "{element}, P{face}, {}", 9.0 * k).unwrap();
        }
        if hot {
            deck += "*TEMPERATURE\n";
            for (id, x) in mesh.node_ids.iter().zip(&mesh.points) {
                writeln!(deck, "{id}, {:.10e}", 20.0 + k * (20.0 * x[0] * x[0] + 10.0 * x[1] * x[2]))
                    .unwrap();
            }
        }
        deck += if step == 0 {
            "*NODE OUTPUT, DOUBLE\nU\n*ELEMENT OUTPUT, DOUBLE\nS\n*EL PRINT, ELSET=Eall\nS, PEEQ\n*END STEP\n"
        } else {
            "*END STEP\n"
        };
    }
    deck
}

/// Elements and faces (from 1) of a face set.
fn faces(mesh: &Mesh, set: &str) -> Vec<(u64, usize)> {
    let set = mesh.face_set(set).unwrap();
    let number = |(face, e): (&ferrom::mesh::Face, Option<u32>)| {
        let e = e.unwrap() as usize;
        let nodes = mesh.nodes_of(e);
        let all_there = |local: &&[usize]| local.iter().all(|&l| face.nodes().contains(&nodes[l]));
        (mesh.element_ids[e], mesh.kinds[e].faces().iter().position(all_there).unwrap() + 1)
    };
    set.iter().zip(mesh.elements_of_faces(set)).map(number).collect()
}

/// Runs CalculiX on a deck in a folder of its own; where there is none, says that the check is skipped.
fn calculix(name: &str, deck: &str) -> Option<(tempfile::TempDir, PathBuf)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(format!("{name}.inp"));
    std::fs::write(&path, deck).unwrap();
    let mut ccx = Command::new("ccx");
    ccx.arg(name).current_dir(dir.path()).env("OMP_NUM_THREADS", "1");
    let Ok(output) = ccx.output() else {
        eprintln!("skipped: no ccx on PATH; scripts/setup.sh --calculix installs it");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !said.contains("*ERROR"), "{name}: {}", told(&output));
    Some((dir, path))
}

const ELASTIC: &str =
    "*ELASTIC\n2e5, .3, 0.\n1.6e5, .32, 200.\n*DENSITY\n2.\n*EXPANSION, ZERO=10.\n1e-5, 0.\n1.4e-5, 200.\n";

/// Digits of the prints.
const PRINTED: f64 = 1e-6;
/// Digits of CalculiX' tables from integration points to nodes: an entry is off by half a unit of its fifth digit at most, and
/// a value at a node is the sum of as many entries as there are points (up to 27).
const CARRIED: f64 = 27.0 * 5e-6;

#[test]
fn every_element_has_the_displacements_and_stresses_of_calculix() {
    for (kind, name) in TYPES {
        let deck = block(kind, ELASTIC, "*STATIC, DIRECT", "1., 1.", true, [1.0, 0.2]);
        let Some((_dir, path)) = calculix("block", &deck) else { return };
        let [u, sig] = errors_of(&path, 2, ["U", "sig"]);
        println!("{name}: U {u:.1e}, sig {sig:.1e}");
        // CalculiX' own table of the 27 points has eight digits
        let bound = if kind == ElementKind::C3d20 { 2e-7 } else { 1e-12 };
        assert!(u < bound && sig < PRINTED, "{name}: {u:e} {sig:e}");
        // without prints: at the nodes
        std::fs::remove_file(path.with_extension("dat")).unwrap();
        for ranks in [1, 3] {
            let [nodal, component] = compared(&path, ranks, ["sig", "sig12"]);
            println!("{name} on {ranks}: at nodes {nodal:.2e}, sig12 {component:.2e}");
            // CalculiX 2.20 takes the two points of C3D6 for others
            let carried = nodal.max(component) < CARRIED;
            assert!(carried == (kind != ElementKind::C3d6R2), "{name}: {nodal:e} {component:e}");
        }
    }
}

#[test]
fn every_built_in_law_has_the_displacements_of_calculix() {
    use ElementKind::{C3d8, C3d10R4, C3d20, C3d20r};
    let curves = "*PLASTIC\n60., 0., 0.\n90., .001, 0.\n100., .01, 0.\n40., 0., 200.\n70., .01, 200.\n";
    let creep = "*CREEP, LAW=NORTON\n1e-12, 4., 0., 0.\n3e-12, 3.9, 0., 200.\n";
    let (slow, visco) = ("*STATIC, DIRECT", "*VISCO, DIRECT, CETOL=1.");
    for (law, material, procedure, increment, kinds, hot) in [
        ("plasticity", curves.to_owned(), slow, "0.1, 1.", &[C3d8, C3d20r, C3d20, C3d10R4][..], true),
        ("creep", creep.to_owned(), visco, "0.3, 1.", &[C3d8, C3d20r], true),
        ("viscoplasticity", format!("{curves}{creep}"), visco, "0.3, 1.", &[C3d8, C3d20r], true),
        ("viscoplasticity, cold", format!("{curves}{creep}"), visco, "0.3, 1.", &[C3d8, C3d20r], false),
    ] {
        for &kind in kinds {
            // where plasticity does not depend on time, larger loads and steps make the iterations of CalculiX diverge
            let shares = if law == "plasticity" { [0.45, 0.09] } else { [1.0, 0.2] };
            let deck = block(kind, &format!("{ELASTIC}{material}"), procedure, increment, hot, shares);
            let Some((_dir, path)) = calculix("law", &deck) else { return };
            // creep alone is printed as no plastic strain
            let errors = match law {
                "creep" => errors_of(&path, 1, ["U", "sig"]).to_vec(),
                _ => errors_of(&path, 1, ["U", "sig", "p"]).to_vec(),
            };
            println!("{law}, {kind}: {errors:?}");
            assert!(
                errors[0] < 1e-6 && errors.iter().all(|e| *e < 2.0 * PRINTED),
                "{law}, {kind}: {errors:?}"
            );
        }
    }
}

/// CalculiX hardens kinematically as it should where a step has NLGEOM: with strains of 1e-7 that is the small-strain law.
#[test]
fn kinematic_and_combined_hardening_come_back_as_those_of_calculix() {
    let elastic = "*ELASTIC\n2e9, .3\n*DENSITY\n2.\n";
    let kinematic = "*PLASTIC, HARDENING=KINEMATIC\n60., 0.\n120., 6e-7\n";
    let combined = format!(
        "{}*CYCLIC HARDENING\n60., 0.\n80., 2e-7\n80., 2e-6\n",
        kinematic.replace("KINEMATIC", "COMBINED")
    );
    for (name, law) in [("kinematic", kinematic.to_owned()), ("combined", combined)] {
        let deck = block(
            ElementKind::C3d20r,
            &format!("{elastic}{law}"),
            "*STATIC, DIRECT",
            "0.05, 1.",
            false,
            [0.35, -0.35],
        );
        let deck = deck.replace("INC=1000", "INC=1000, NLGEOM");
        let Some((_dir, path)) = calculix("cycle", &deck) else { return };
        let errors = errors_of(&path, 1, ["U", "sig", "p"]);
        println!("{name}: {errors:?}");
        assert!(errors.iter().all(|e| *e < 2.0 * PRINTED), "{name}: {errors:?}");
    }
}

fn checked(text: &str) -> Result<Case, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deck.inp");
    std::fs::write(&path, text).unwrap();
    ferrom::config::read_case(&path).map_err(|e| e.message.replace(&*path.to_string_lossy(), "deck.inp"))
}

/// A unit cube held at x = 0, with a material and steps.
fn cube(material: &str, steps: &str) -> String {
    format!(
        "*HEADING\ncube\n*NODE, NSET=NALL\n1,0,0,0\n2,1,0,0\n3,1,1,0\n4,0,1,0\n5,0,0,1\n6,1,0,1\n7,1,1,1\n8,0,1,1\n\
         *ELEMENT, TYPE=C3D8, ELSET=E\n1,1,2,3,4,5,6,7,8\n*NSET, NSET=X0\n1,4,5,8\n*SURFACE, NAME=X1\nE,S4\n\
         *AMPLITUDE, NAME=SAW\n0.,0.,.5,1.\n1.,0.\n*MATERIAL, NAME=M\n{material}*SOLID SECTION, ELSET=E, MATERIAL=M\n\
         *BOUNDARY\nX0,1,3\n{steps}"
    )
}

const STEEL: &str = "*ELASTIC\n2e5,.3\n";
const STEP: &str = "*STEP\n*STATIC,DIRECT\n.25,1.\n";

#[test]
fn loads_follow_steps_and_amplitudes() {
    let steps = format!(
        "{STEP}*DSLOAD, AMPLITUDE=saw\nX1, P, 4.\n*CLOAD\n2, 1, 10.\n*END STEP\n\
         *STEP\n*VISCO, CETOL=1., DIRECT\n.4, 1.\n*CLOAD\n2, 1, 30.\n*END STEP\n"
    );
    let case = checked(&cube(STEEL, &steps)).unwrap();
    assert_eq!((&case.time.times[..], &case.time.increments[..]), (&[1.0, 1.8, 2.0][..], &[4, 2, 1][..]));
    let table = |name: &str| {
        let t = &case.loading.tables[name];
        t.times.iter().copied().zip(t.values.iter().copied()).collect::<Vec<_>>()
    };
    assert_eq!(table("F1 of node 2"), [(0.0, 0.0), (1.0, 10.0), (1.4, 30.0), (2.0, 30.0)]);
    let at = |t: f64| case.loading.tables["p on X1"].value(t);
    assert_eq!(
        [at(0.25), at(0.5), at(1.0), at(1.4), at(1.8), at(2.0)].map(|v| (v * 1e9).round() / 1e9),
        [2.0, 4.0, 0.0, 3.2, 1.6, 0.0]
    );
    // and the mesh has the sets, with the conventions of CalculiX
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deck.inp");
    std::fs::write(&path, cube(STEEL, &steps)).unwrap();
    let mesh = ferrom::formats::read_mesh(&path).unwrap();
    assert_eq!(mesh.conventions, Conventions::Calculix);
    assert!(
        mesh.face_sets["X1"].len() == 1 && mesh.node_sets["node 2"] == [1] && mesh.node_sets["X0"].len() == 4
    );
}

#[test]
fn what_a_case_may_not_leave_out_is_refused_by_name_and_line() {
    for (material, steps, wanted) in [
        (STEEL, "*EQUATION\n2\n2,1,1.,3,1,-1.\n", "deck.inp, line 27: *EQUATION is not supported"),
        (STEEL, "*STEP\n*DYNAMIC\n1.,1.\n*END STEP\n", "line 28: *DYNAMIC is not supported"),
        (STEEL, &format!("{STEP}*DLOAD\nE,P4NU,1.\n*END STEP\n"), "line 31: *DLOAD with the label 'P4NU'"),
        (
            STEEL,
            &format!("{STEP}*TEMPERATURE,FILE=a.frd\n*END STEP\n"),
            "*TEMPERATURE with the parameter FILE",
        ),
        (STEEL, &format!("{STEP}*BOUNDARY,OP=NEW\nX0,1,2\n*END STEP\n"), "frees component 3 of node 1"),
        (STEEL, &format!("{STEP}*DLOAD\nF,P4,1.\n"), "there is no element set 'F'"),
        (
            STEEL,
            &format!("{STEP}*DLOAD\nE,CENTRIF,-4.,0.,0.,0.,0.,0.,1.\n"),
            "CENTRIF of -4, the square of a speed: CalculiX leaves it out",
        ),
        (STEEL, "*STEP\n*STATIC,DIRECT\n0.,1.\n", "line 29: increments of 0 in a step of 1 are not possible"),
        ("*ELASTIC\n2e5,.3\n*HYPERFOAM\n1.\n", STEP, "line 24: *HYPERFOAM is not supported"),
        (
            "*ELASTIC\n2e5,.3\n*CREEP,LAW=NORTON\n1e-9,3.,-.5\n",
            "*STEP\n*VISCO\n.1,1.\n",
            "with an exponent of time is not",
        ),
        ("*ELASTIC\n2e5,.3\n*CREEP,LAW=NORTON\n1e-9,3.,0.\n", STEP, "creeps, but not in the *STATIC steps"),
        ("*USER MATERIAL,CONSTANTS=2\n1.,2.\n", STEP, "whose name does not tell its library"),
    ] {
        let told = checked(&cube(material, steps)).unwrap_err();
        assert!(told.contains(wanted), "{told}");
    }
}

#[test]
fn kinematic_hardening_is_linear_and_combined_hardening_has_the_cyclic_curve_too() {
    let uniaxial = |material: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deck.inp");
        let steps = "*STEP\n*STATIC,DIRECT\n1.,1.\n*DSLOAD\nX1,P,-120.\n*END STEP\n*STEP\n*STATIC,DIRECT\n1.,1.\n*DSLOAD\nX1,P,110.\n*END STEP\n";
        // sides are free: uniaxial
        let deck = cube(material, steps).replace("X0,1,3\n", "X0,1\n1,2,3\n4,3\n5,2\n");
        std::fs::write(&path, deck).unwrap();
        let run = dir.path().join("run.h5");
        let output =
            support::ferrom(1, &["solve", &text(&path), "-o", &text(&run), "-q", "--newton-tol", "1e-12"]);
        assert!(output.status.success(), "{}", told(&output));
        let comm = Comm::serial();
        let file = SnapshotFile::open(&comm, &run).unwrap();
        [1, 2].map(|k| file.read_point(&comm, k, "p").unwrap()[0])
    };
    let kinematic = "*ELASTIC\n2e5,.3\n*PLASTIC,HARDENING=KINEMATIC\n100.,0.\n200.,.01\n";
    let p = uniaxial(kinematic);
    // 120 = 100 + 1e4 p; back: X - 100 = -110
    assert!((p[0] - 2e-3).abs() < 1e-9 && (p[1] - 5e-3).abs() < 1e-9, "{p:?}");
    let p = uniaxial(&format!(
        "{}*CYCLIC HARDENING\n100.,0.\n110.,.002\n110.,.01\n",
        kinematic.replace("KINEMATIC", "COMBINED")
    ));
    // 120 = 100 + 5e3 p + 1e4 p; back: 40/3 - 1e4 dp - R(4/3e-3 + dp) = -110
    let dp: f64 = 13.333_333_333_333_334e-4;
    assert!((p[0] - 4e-3 / 3.0).abs() < 1e-9 && (p[1] - p[0] - dp).abs() < 1e-9, "{p:?}");
}

#[test]
fn a_deck_and_its_results_become_a_model() {
    let dir = tempfile::tempdir().unwrap();
    let Some(deck) = with_umat(dir.path(), "pwh_tiny_asc") else { return };
    let (store, model, run) = <(String, String, String)>::from(
        ["train.h5", "model.h5", "run.h5"].map(|f| text(&dir.path().join(f))),
    );
    for ranks in [1, 2] {
        let output = support::ferrom(ranks, &["import", &text(&deck), "-o", &store, "-q"]);
        assert!(output.status.success(), "{}", told(&output));
    }
    let file = SnapshotFile::open(&Comm::serial(), Path::new(&store)).unwrap();
    let ends: Vec<f64> = ferrom::config::read_case(&deck).unwrap().time.end_times();
    assert_eq!((file.times(), file.mesh().conventions), (&ends[..], Conventions::Calculix));
    let offline = ["offline", &store, "-o", &model, "-q", "--json", "--quantities", "sig"].map(str::to_owned);
    let output = support::ferrom(1, &offline);
    assert!(output.status.success(), "{}", told(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // six digits of displacement leave this much of equilibrium
    let equilibrium = json["equilibrium"].as_f64().unwrap();
    println!("equilibrium residual of the training: {equilibrium:.1e}");
    assert!(equilibrium < 2e-2, "{equilibrium:e}");
    let output = support::ferrom(1, &["online", &model, &text(&deck), "-o", &run, "--rebuild", "U", "-q"]);
    assert!(output.status.success(), "{}", told(&output));
    let frd = text(&deck.with_extension("frd"));
    let output = support::ferrom(
        1,
        &["compare", &run, &frd, "--quantity", "U", "--from", "1e-9", "--tol", "1e-2", "-q"],
    );
    assert!(output.status.success(), "{}", told(&output));
}
