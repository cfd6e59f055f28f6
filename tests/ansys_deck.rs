//! Meshes of Ansys decks: small ones written here, and those of the reference data with what another reader finds.

mod support;

use ferrom::fem::{FaceIntegral, Geometry};
use ferrom::formats::ansys::{Deck, read_mesh};
use ferrom::mesh::{ElementKind, Face, FaceKind, Mesh};
use std::path::Path;
use support::reference;

/// A cube of side 1 on a wedge of height 1 (the cube's top face, halved), nodes 1 to 12 and a lonely node 99; a
/// surface element on the bottom of the cube. Coordinates touch, as they do in decks.
const CUBE_AND_WEDGE: &str = "\
/COM,a title with ! $ 'quotes
/UNITS,MPA
*SET,_tid ,  2
body = 1
et,body,185 $ ET,_TID,SURF154
keyo,2,7,0    ! of no matter here
*IF,_CDRDOFF,EQ,1,THEN
NUMOFF,NODE,     12
*ENDIF
NBLOCK,6,SOLID,        99,        11
(3i9,6e21.13e3)
        1        0        0 0.0000000000000E+000
        2        0        0 1.0000000000000E+000
        3        0        0 1.0000000000000E+000 1.0000000000000E+000
        4        0        0 0.0000000000000E+000 1.0000000000000E+000
        5        0        0 0.0000000000000E+000 0.0000000000000E+000 1.0000000000000E+000
        6        0        0 1.0000000000000E+000 0.0000000000000E+000 1.0000000000000E+000
        7        0        0 1.0000000000000E+000 1.0000000000000E+000 1.0000000000000E+000
        8        0        0-0.0000000000000E+000 1.0000000000000E+000 1.0000000000000E+000
       11        0        0 0.0000000000000E+000 0.0000000000000E+000 2.0000000000000E+000 0.0000000000000E+000 4.5000000000000E+001
       99        0        0 9.0000000000000E+000
N,UNBL,LOC,       -1,
nblock,3,,2
(1i9,3e20.9e3)
       12     1.000000000E+00     0.000000000E+00     2.000000000E+00
       13     1.000000000E+00     1.000000000E+00     2.000000000D+00
-1
EBLOCK,19,SOLID,         2,         2
(19i9)
        1        1        1        1        0        0        0        0        8        0        7        1        2        3        4        5        6        7        8
        5        1        1        1        0        0        0        0        8        0        9        5        6        7        7       11       12       13       13
       -1
eblock,10,,,2
(15i9)
       21        2        1        1        0        1        2        3        4
       22        2        1        1        0       99       99       99       99
-1
CMBLOCK,BASE,NODE,       3  ! users node component definition
(8i10)
         1        -4        99
CMBLOCK,TOP,ELEM,       2
(8i10)
         9       -12
CMBLOCK,lines,LINE,       2
(8i10)
         9       -12
/GO
";

fn read(text: &str) -> Result<Mesh, String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("deck.cdb");
    std::fs::write(&path, text).expect("the deck is written");
    read_mesh(&path).map_err(|e| e.message.replace(&*path.to_string_lossy(), "deck.cdb"))
}

fn volume(mesh: &Mesh) -> f64 {
    Geometry::new(mesh).expect("no inverted element").weights.iter().sum()
}

/// Integral of the normal, and area.
fn surface(mesh: &Mesh, faces: &[Face]) -> ([f64; 3], f64) {
    let (mut normal, mut area) = ([0.0; 3], 0.0);
    for face in faces {
        let integral = FaceIntegral::new(mesh, face);
        integral.normal.iter().for_each(|n| (0..3).for_each(|c| normal[c] += n[c]));
        area += integral.area.iter().sum::<f64>();
    }
    (normal, area)
}

/// Volume inside a closed surface, by the divergence theorem on the positions of its nodes.
fn enclosed(mesh: &Mesh, faces: &[Face]) -> f64 {
    let mut sum = 0.0;
    for face in faces {
        let integral = FaceIntegral::new(mesh, face);
        for (n, &node) in integral.normal.iter().zip(face.nodes()) {
            sum += (0..3).map(|c| n[c] * mesh.points[node as usize][c]).sum::<f64>() / 3.0;
        }
    }
    sum
}

#[test]
fn a_deck_gives_volumes_and_all_its_sets() {
    let mesh = read(CUBE_AND_WEDGE).unwrap();
    assert_eq!(mesh.kinds, [ElementKind::C3d8b, ElementKind::C3d6]);
    assert_eq!(mesh.element_ids, [7, 9]);
    assert_eq!(mesh.node_ids, [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13]);
    assert!((volume(&mesh) - 1.5).abs() < 1e-14);
    assert_eq!(mesh.element_sets.keys().collect::<Vec<_>>(), ["TOP", "mat1", "mat5", "type1"]);
    assert_eq!(mesh.element_sets["TOP"], [1]);
    assert_eq!(mesh.element_sets["mat5"], [1]);
    assert_eq!(mesh.element_sets["type1"], [0, 1]);
    // the lonely node 99 is in no element: it is in no set either
    assert_eq!(mesh.node_sets["BASE"], [0, 1, 2, 3]);
    assert_eq!(mesh.face_sets.keys().collect::<Vec<_>>(), ["BASE", "skin", "type2"]);
    assert_eq!(mesh.n_faces_global["BASE"], 1);
    for set in ["BASE", "type2"] {
        assert_eq!(surface(&mesh, &mesh.face_sets[set]), ([0.0, 0.0, -1.0], 1.0));
    }
}

#[test]
fn the_skin_encloses_the_body_where_faces_fit() {
    // Without the wedge, whose foot covers half a face of the cube: such a skin would be open there.
    let text: Vec<&str> =
        CUBE_AND_WEDGE.lines().filter(|l| !l.starts_with("        5        1        1")).collect();
    let mesh = read(&text.join("\n")).unwrap();
    let skin = &mesh.face_sets["skin"];
    assert_eq!(skin.len(), 6);
    assert_eq!(surface(&mesh, skin), ([0.0; 3], 6.0));
    assert!((enclosed(&mesh, skin) - 1.0).abs() < 1e-14);
}

#[test]
fn what_is_wrong_in_a_deck_is_told_with_line_value_and_remedy() {
    let told = |from: &str, to: &str| {
        assert!(CUBE_AND_WEDGE.contains(from), "{from}");
        read(&CUBE_AND_WEDGE.replacen(from, to, 1)).unwrap_err()
    };
    let cases = [
        ("185", "226", "deck.cdb, line 30: element 7: SOLID226 is not supported; mesh it with"),
        ("185", "PLANE183", "line 30: element 7: PLANE183 is two-dimensional"),
        ("et,body", "et,3", "line 30: element 7 is of type 1, which no ET defines; add"),
        ("et,body", "et,nobody", "line 5: 'et,nobody,185' does not tell which element type"),
        ("keyo,2,7", "keyo,1,k", "line 6: KEYOPT,1,k,0 cannot be told"),
        ("13       13\n", "13       11\n", "line 31: element 9 (SOLID185) collapses to no wedge"),
        (
            "5        6        7        8\n",
            "5        5        5        5\n",
            "element 7 (SOLID185) is a pyramid",
        ),
        (
            "8        0        7        1        2",
            "8        0        7       88        2",
            "element 7 has node 88",
        ),
        ("(3i9,6e21.13e3)", "(3x9)", "line 11: '(3x9)' is not the format of a block"),
        (
            "1.0000000000000E+000\n        3",
            "1.000000000000xE+000\n        3",
            "line 13: '1.000000000000xE+000'",
        ),
        ("       11        0 ", "        8        0 ", "deck.cdb: node 8 is defined twice; renumber"),
        ("N,UNBL", "ET,5,185", "line 22: 'ET,5,185,LOC,       -1,' stands inside NBLOCK"),
        ("         1        -4", "         4        -4", "-4 in component BASE closes no range"),
        ("NODE,       3", "NODE,       4", "component BASE announces 4 numbers and has 3"),
        ("*ENDIF", "*END_IF", "line 10: NBLOCK stands inside an *IF"),
        ("/GO", "NUMMRG,NODE", "NUMMRG changes the mesh, and is not read; write the deck with CDWRITE"),
        ("       -1\neblock", "eblock", "line 32: 'eblock,10,,,2' stands inside EBLOCK"),
    ];
    let answers = cases.map(|(from, to, want)| (told(from, to), want));
    let wrong: Vec<_> = answers.iter().filter(|(text, want)| !text.contains(want)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read("N,1\n").unwrap_err().contains("no volume elements in EBLOCKs (0 elements read)"));
}

#[test]
fn a_deck_that_is_cut_or_garbled_anywhere_is_answered_without_a_crash() {
    for end in 0..CUBE_AND_WEDGE.len() {
        let _ = read(&CUBE_AND_WEDGE[..end]);
    }
    for at in (0..CUBE_AND_WEDGE.len()).step_by(7) {
        for byte in ["9", "-", "\n"] {
            let mut text = CUBE_AND_WEDGE.to_owned();
            text.replace_range(at..at + 1, byte);
            let _ = read(&text);
        }
    }
}

/// A list of whole numbers of an expected file.
fn expected(file: &hdf5::File, name: &str) -> Vec<i64> {
    file.dataset(name).and_then(|d| d.read_raw::<i64>()).expect(name)
}

fn compare(path: &Path) {
    let deck = Deck::read(path).expect("a deck");
    let file = hdf5::File::open(
        path.with_file_name(format!("{}.expected.h5", path.file_name().unwrap().to_string_lossy())),
    )
    .expect("an expected file");
    let signed = |list: &[u64]| list.iter().map(|&n| n as i64).collect::<Vec<_>>();
    // The other reader takes the first EBLOCK only.
    let ids = expected(&file, "elements/id");
    let n = ids.len();
    assert_eq!(signed(&deck.node_ids), expected(&file, "nodes/id"));
    let xyz = file.dataset("nodes/xyz").and_then(|d| d.read_raw::<f64>()).unwrap();
    // The other reader does not round decimals to the nearest number.
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 4.0 * f64::EPSILON * b.abs();
    assert!(deck.points.as_flattened().iter().zip(&xyz).all(near));
    let angles = file.dataset("nodes/angles_deg").and_then(|d| d.read_raw::<f64>()).unwrap();
    for (i, wanted) in angles.chunks_exact(3).enumerate() {
        let own = deck.angles.get(&i).copied().unwrap_or_default();
        assert!(own.iter().zip(wanted).all(near), "node {i}: {own:?} {wanted:?}");
    }
    assert_eq!(signed(&deck.elements.ids[..n]), ids);
    let small = |list: &[u32]| list[..n].iter().map(|&n| i64::from(n)).collect::<Vec<_>>();
    assert_eq!(small(&deck.elements.materials), expected(&file, "elements/mat"));
    assert_eq!(small(&deck.elements.types), expected(&file, "elements/type_ref"));
    let (offsets, values) =
        (expected(&file, "elements/connectivity/offsets"), expected(&file, "elements/connectivity/values"));
    for e in 0..n {
        let wanted = &values[offsets[e] as usize..offsets[e + 1] as usize];
        assert_eq!(signed(deck.elements.nodes_of(e)), wanted, "element {}", ids[e]);
    }
    for (e, routine) in expected(&file, "elements/routine").into_iter().enumerate().filter(|r| r.1 > 0) {
        assert_eq!(i64::from(deck.types[&deck.elements.types[e]].routine), routine);
    }
    for (group, components) in
        [("components/node", &deck.node_components), ("components/element", &deck.element_components)]
    {
        let names = file.group(group).and_then(|g| g.member_names()).unwrap_or_default();
        assert_eq!(components.keys().cloned().collect::<Vec<_>>(), names, "{group}");
        for (name, component) in components {
            let wanted = expected(&file, &format!("{group}/{name}"));
            assert_eq!(component.len(), wanted.len() as u64);
            assert!(wanted.iter().all(|&id| component.contains(id as u64)));
        }
    }
}

#[test]
fn decks_hold_what_another_reader_finds_in_them() {
    let decks = ["Beam_186TetQuadAnglesDOS", "HexBeam", "all_solid_cells", "etblock", "krylov_pressure_load"]
        .map(|d| format!("decks/{d}.cdb"));
    for deck in decks.iter().map(String::as_str).chain(["engineering_data/ds.dat"]) {
        let Some(path) = reference(&format!("ansys/{deck}")) else { return };
        compare(&path);
    }
}

fn counts(mesh: &Mesh) -> Vec<(&'static str, usize)> {
    let count = |k: ElementKind| mesh.kinds.iter().filter(|m| **m == k).count();
    ElementKind::ALL.into_iter().map(|k| (k.name(), count(k))).filter(|c| c.1 > 0).collect()
}

#[test]
fn meshes_of_real_decks_are_sound() {
    let Some(folder) = reference("ansys") else { return };
    let mesh = |name: &str| read_mesh(&folder.join(name));
    let hex = mesh("decks/HexBeam.cdb").unwrap();
    assert_eq!(counts(&hex), [("c3d20r", 40)]);
    assert!((volume(&hex) - 5.0).abs() < 1e-12, "{}", volume(&hex));
    assert_eq!(hex.element_sets["ECOMP1"].len(), 22);
    assert_eq!(hex.node_sets["NCOMP2"].len(), 98);
    let one = mesh("decks/krylov_pressure_load.cdb").unwrap();
    assert_eq!(counts(&one), [("c3d8b", 1)]);
    let workbench = mesh("engineering_data/ds.dat").unwrap();
    assert_eq!(counts(&workbench), [("c3d20r", 450)]);
    assert_eq!(workbench.face_sets["type2"].len(), 225);
    assert!(workbench.face_sets.contains_key("_FIXEDSU"));
    for mesh in [&hex, &one, &workbench] {
        let skin = &mesh.face_sets["skin"];
        assert!((enclosed(mesh, skin) / volume(mesh) - 1.0).abs() < 1e-12);
    }
    let pyramid = mesh("decks/all_solid_cells.cdb").unwrap_err().message;
    assert!(pyramid.contains("element 4643 (SOLID186) is a pyramid"), "{pyramid}");
    let shell = mesh("decks/etblock.cdb").unwrap_err().message;
    assert!(shell.contains("no volume elements in EBLOCKs (1 elements read)"), "{shell}");
    let beam = mesh("decks/Beam_186TetQuadAnglesDOS.cdb").unwrap();
    assert_eq!(counts(&beam), [("c3d10_4", 298)]);
    assert!((volume(&beam) - 5.0).abs() < 1e-12);
}

#[test]
fn the_blade_is_a_sound_structure_with_a_root_to_clamp_and_a_surface_to_press_on() {
    let Some(path) = reference("ansys/blade/blade.cdb") else { return };
    let mesh = read_mesh(&path).unwrap();
    assert_eq!(counts(&mesh), [("c3d6", 38), ("c3d8", 12_331)]);
    assert_eq!(3 * mesh.n_nodes(), 47_067);
    let volume = volume(&mesh);
    let skin = &mesh.face_sets["skin"];
    assert!((enclosed(&mesh, skin) / volume - 1.0).abs() < 1e-4);
    assert!((volume - 0.642_156_670_579_6).abs() < 1e-12, "{volume}");
    // The flanks of the fir tree, two on each side: flat, and they look outward from the axis (y is radial), so that
    // they hold the blade against the centrifugal force.
    for (name, side) in [("FIRTREE1", -1.0), ("FIRTREE2", -1.0), ("FIRTREE3", 1.0), ("FIRTREE4", 1.0)] {
        assert_eq!(mesh.node_sets[name].len(), 80);
        let faces = &mesh.face_sets[name];
        assert_eq!(faces.len(), 57);
        assert!(faces.iter().all(|f| f.kind == FaceKind::Q4));
        let (normal, area) = surface(&mesh, faces);
        let length = normal.iter().map(|c| c * c).sum::<f64>().sqrt();
        assert!((length / area - 1.0).abs() < 1e-9, "{name} is flat");
        assert!((normal[1] / area - 0.766_044).abs() < 1e-5 && side * normal[0] > 0.0, "{name}: {normal:?}");
    }
    assert_eq!(mesh.node_sets["PRESSURE_SURF"].len(), 2701);
    assert_eq!(mesh.face_sets["PRESSURE_SURF"].len(), 2623);
}

#[test]
fn info_tells_the_sets_of_a_deck() {
    let Some(path) = reference("ansys/blade/blade.cdb") else { return };
    let output = support::ferrom(1, &["info".as_ref(), path.as_os_str()]);
    let text = support::told(&output);
    assert!(output.status.success(), "{text}");
    for name in ["FIRTREE4", "PRESSURE_SURF", "mat1", "skin"] {
        assert!(text.contains(&format!("\"{name}\"")), "{text}");
    }
}
