//! Result files of Ansys, written here in every encoding: what they hold is what was put in, and what is wrong in them is
//! told in one sentence.

mod support;

use ferrom::formats::ansys::rst::{NodalKind, Rst, RstResults};
use ferrom::mesh::Mesh;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use support::rst::{Encoding, Model, Set, Stored, Words, bytes, windows};

const UNDEFINED: f64 = 1_267_650_600_228_229_401_496_703_205_376.0;

fn open(model: &Model) -> Result<Rst, String> {
    Rst::of_bytes(Path::new("file.rst"), model.bytes()).map_err(|e| e.message)
}

fn results(model: &Model) -> RstResults {
    RstResults::of_parts(vec![open(model).unwrap()]).unwrap()
}

fn mesh(model: &Model) -> Result<Mesh, String> {
    results(model).deck().and_then(|d| d.mesh()).map_err(|e| e.message)
}

#[test]
fn every_encoding_gives_the_same_cube() {
    let mut meshes = Vec::new();
    for encoding in [Encoding::Plain, Encoding::Sparse] {
        for old in [false, true] {
            let model = Model { old, ..Model::cube(encoding, &[0.5, 2.0]) };
            let rst = results(&model);
            assert_eq!(rst.times(), [0.5, 2.0]);
            let mut mesh = mesh(&model).unwrap();
            assert_eq!(mesh.node_ids, (11..=18).collect::<Vec<u64>>());
            if old {
                // components came later
                assert!(mesh.node_sets.is_empty());
            } else {
                assert_eq!(mesh.node_sets["FOOT"], [0, 1, 2, 3]);
                assert_eq!(mesh.element_sets["BODY"], [0]);
                assert_eq!(mesh.n_faces_global["FOOT"], 1);
            }
            let u = rst.displacement(1, &mesh.node_ids, &HashMap::new()).unwrap();
            for (u, x) in u.chunks_exact(3).zip(&mesh.points) {
                assert_eq!(u, [2.0 * x[0], 4.0 * x[1], 6.0 * x[2]]);
            }
            (mesh.node_sets, mesh.element_sets, mesh.face_sets) = Default::default();
            mesh.n_faces_global.clear();
            meshes.push(mesh);
        }
    }
    assert!(meshes.iter().all(|m| *m == meshes[0]));
}

#[test]
fn displacements_at_turned_nodes_come_out_in_global_axes() {
    let mut model = Model::cube(Encoding::Sparse, &[1.0]);
    model.nodes[2].2 = [90.0, 0.0, 0.0];
    model.nodes[3].2 = [0.0, 90.0, 0.0];
    model.nodes[4].2 = [0.0, 0.0, 90.0];
    // one unit along the first axis of each node
    model.sets[0].values = [1.0, 0.0, 0.0].repeat(8);
    let (rst, deck) = (results(&model), results(&model).deck().unwrap());
    let angles = deck.angles.iter().map(|(&n, &a)| (deck.node_ids[n], a)).collect();
    let u = rst.displacement(0, &[12, 13, 14, 15], &angles).unwrap();
    let wanted = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]];
    assert!(u.iter().zip(wanted.concat()).all(|(a, b)| (a - b).abs() < 1e-15), "{u:?}");
}

#[test]
fn nodes_of_mixed_dofs_keep_what_they_have() {
    let mut model = Model::cube(Encoding::Plain, &[1.0]);
    let rows: Vec<f64> = (0..8)
        .flat_map(|n| {
            let turn = if n % 2 == 0 { f64::from(n) } else { UNDEFINED };
            [0.5, f64::from(n), 0.0, turn, UNDEFINED, turn]
        })
        .collect();
    model.sets[0] = Set { time: 1.0, dofs: (1..=6).collect(), values: rows.clone(), ..Set::default() };
    for blocks in [None, Some(vec![3, 3]), Some(vec![1, 2, 3])] {
        model.sets[0].blocks = blocks;
        let found = open(&model).unwrap().nodal(0, NodalKind::Solution).unwrap().unwrap();
        assert_eq!(found.dofs, [1, 2, 3, 4, 5, 6]);
        for (found, wanted) in found.values.iter().zip(&rows) {
            assert!(found == wanted || (found.is_nan() && *wanted == UNDEFINED));
        }
    }
    // a displacement that is not defined where a volume needs it
    model.sets[0].blocks = None;
    model.sets[0].values[6] = UNDEFINED;
    let told = results(&model).displacement(0, &[12, 11], &HashMap::new()).unwrap_err().message;
    assert_eq!(
        told,
        "file.rst, set 1: node 11 has no displacement; solve with OUTRES,NSOL,ALL for all nodes"
    );
}

#[test]
fn a_solution_of_some_nodes_is_found_by_its_list() {
    let mut model = Model::cube(Encoding::Sparse, &[1.0]);
    let set = &mut model.sets[0];
    // nodes 11 and 12 are second and fourth in the order of the results
    (set.values, set.positions) = (vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Some(vec![2, 4]));
    let rst = results(&model);
    assert_eq!(rst.displacement(0, &[12, 11], &HashMap::new()).unwrap(), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
    assert!(
        rst.displacement(0, &[13], &HashMap::new())
            .unwrap_err()
            .message
            .contains("node 13 has no displacement")
    );
}

#[test]
fn short_integers_bit_maps_and_windows_stand_for_their_values() {
    // the order of the nodes as 16-bit integers, all ways there are
    let order: Vec<i16> = vec![18, 11, 17, 12, 16, 13, 15, 14];
    let plain = bytes(&order, i16::to_le_bytes);
    let map = [bytes(&[8i32, 0xff], i32::to_le_bytes), plain.clone()].concat();
    let sparse = [8i32.to_le_bytes().to_vec(), windows(&order, 0, i16::to_le_bytes)].concat();
    for (flags, payload) in [(0xc0, plain), (0xc8, map), (0xd0, sparse)] {
        let mut bytes = Model::cube(Encoding::Plain, &[1.0]).bytes();
        let at = bytes.len() as u64 / 4;
        let mut words = Words::default();
        words.record(flags, &payload);
        bytes.extend(words.0);
        let mut words = Words(bytes);
        words.put_long(103, (15, 46), at, false);
        let rst = Rst::of_bytes(Path::new("file.rst"), words.0).unwrap();
        assert_eq!(rst.nodes, order.iter().map(|&n| n as u32).collect::<Vec<_>>(), "{flags:#x}");
    }
}

#[test]
fn stresses_come_back_at_the_points_and_in_global_axes() {
    let mut model = Model::cube(Encoding::Plain, &[1.0]);
    let (deck, cube) = (results(&model).deck().unwrap(), mesh(&model).unwrap());
    let names = results(&model).point_quantities(&deck, &cube).unwrap();
    assert_eq!(names, [("sig", 6), ("evp", 6)]);
    // copied: each point has the value of its corner, first axis fastest
    let sig = results(&model).points(0, "sig", &[5]).unwrap();
    let corner = [0.0, 1.0, 3.0, 2.0, 4.0, 5.0, 7.0, 6.0];
    for (point, corner) in sig.chunks_exact(6).zip(corner) {
        assert_eq!(point, std::array::from_fn::<f64, 6, _>(|k| 10.0 * corner + k as f64));
    }
    assert_eq!(results(&model).points(0, "evp", &[5]).unwrap(), [0.0; 48]);
    // extrapolated: a constant stays, and an element that yields is copied all the same
    model.extrapolation = 1;
    let records = &mut model.sets[0].records[0];
    records.insert(2, Stored::Values([3.0, 0.0, 0.0, 1.0, 0.0, 0.0].repeat(8)));
    records.insert(9, Stored::Values(vec![90.0, 0.0, 0.0]));
    let turned = results(&model).points(0, "sig", &[5]).unwrap();
    for point in turned.chunks_exact(6) {
        let wanted = [0.0, 3.0, 0.0, -1.0, 0.0, 0.0];
        assert!(point.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{point:?}");
    }
    let records = &mut model.sets[0].records[0];
    records.insert(9, Stored::Zeros(3));
    let mut strains = vec![0.0; 56];
    strains[3] = 2e-3;
    records.insert(6, Stored::Values(strains));
    records.insert(2, Stored::Values((0..48).map(|i| (i / 6) as f32).collect()));
    let sig = results(&model).points(0, "sig", &[5]).unwrap();
    assert_eq!(sig.iter().step_by(6).copied().collect::<Vec<_>>(), corner);
    // engineering shears of the file are plain ones inside
    assert_eq!(
        results(&model).points(0, "evp", &[5]).unwrap()[..6],
        [0.0, 0.0, 0.0, f64::from(2e-3f32) / 2.0, 0.0, 0.0]
    );
}

#[test]
fn stresses_of_other_points_are_left_out() {
    let mut model = Model::cube(Encoding::Plain, &[1.0]);
    model.types[0].2[1] = 1;
    let deck = results(&model).deck().unwrap();
    assert!(results(&model).point_quantities(&deck, &deck.mesh().unwrap()).unwrap().is_empty());
}

#[test]
fn elements_that_are_not_supported_are_refused_or_left_out_by_name() {
    let base = Model::cube(Encoding::Sparse, &[1.0]);
    let told = |kind: (i32, i32, [i32; 12])| mesh(&Model { types: vec![kind], ..base.clone() }).unwrap_err();
    let mut layered = [0; 12];
    layered[2] = 1;
    assert_eq!(
        told((1, 185, layered)),
        "file.rst: element 5: SOLID185 with KEYOPT(3) = 1 (layered) is not supported; mesh it with SOLID185, SOLID186 \
         or SOLID187"
    );
    assert!(told((1, 226, [0; 12])).starts_with("file.rst: element 5: SOLID226 is not supported"));
    assert!(
        told((1, 181, [0; 12])).starts_with("file.rst: no volume elements in the results (1 elements read)")
    );
    assert!(told((2, 185, [0; 12])).contains("element 5 is of type 1, which no ET defines"));
    // a target of a contact beside the cube
    let mut model = base.clone();
    model.types.push((2, 170, [0; 12]));
    model.elements.push(([1, 2, 1, 1, 0, 0, 0, 0, 6, 0], vec![11, 12, 13, 0, 0, 0, 0, 0]));
    assert_eq!(mesh(&model).unwrap().element_ids, [5]);
    // a corner that is not there leaves no element
    let mut model = base;
    model.types[0].1 = 186;
    model.elements[0].1[3] = 0;
    assert!(mesh(&model).unwrap_err().contains("element 5 (SOLID186) has 8 nodes where 20 belong"));
    // degenerate: the cube's half
    let mut model = Model::cube(Encoding::Plain, &[1.0]);
    model.elements[0].1 = vec![11, 12, 13, 13, 15, 16, 17, 17];
    assert_eq!(mesh(&model).unwrap().kinds, [ferrom::mesh::ElementKind::C3d6]);
}

#[test]
fn results_that_are_no_history_are_refused() {
    let told = |model: Model| results(&model).check_history().unwrap_err().message;
    let base = || Model::cube(Encoding::Plain, &[1.0, 2.0]);
    assert!(told(Model { analysis: 2, ..base() }).contains("holds modes"));
    assert!(told(Model { analysis: 3, ..base() }).contains("complex values of a harmonic analysis"));
    assert!(told(Model { sectors: 12, ..base() }).contains("one of 12 sectors"));
    let told = told(Model::cube(Encoding::Plain, &[1.0, 1.0]));
    assert!(told.contains("set 2 is at t = 1, after one at t = 1"), "{told}");
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_place_and_value() {
    let whole = Model::cube(Encoding::Plain, &[1.0]).bytes();
    let open = |bytes: Vec<u8>| Rst::of_bytes(Path::new("file.rst"), bytes).map_err(|e| e.message);
    let put = |at: u64, item: usize, value: i32| {
        let mut words = Words(whole.clone());
        words.put(at, item, value);
        open(words.0).unwrap_err()
    };
    assert!(open(whole[..200].to_vec()).unwrap_err().contains("announces 100 words in a file of 200 bytes"));
    assert!(
        open(Vec::new())
            .unwrap_err()
            .starts_with("file.rst, byte 0: is no result file of Ansys: it has 0 bytes")
    );
    let told = open(b"not a result file at all".to_vec()).unwrap_err();
    assert!(
        told.contains("begins with [6e, 6f, 74, 20, 61, 20, 72, 65], not as a result file of Ansys"),
        "{told}"
    );
    let told = open([&[0u8, 0, 0, 100][..], &[0; 400]].concat()).unwrap_err();
    assert!(told.contains("is written in big-endian order"), "{told}");
    assert!(put(0, 1, 16).contains("is a file of Ansys, but of number 16 and not 12"));
    assert!(
        put(103, 3, -8)
            .contains("record at byte 412 (results header): the number of nodes is -8; the file is damaged")
    );
    assert!(
        put(103, 3, 2_000_000_000)
            .contains("(list of nodes): has 8 numbers where the header tells 2000000000")
    );
    assert!(put(103, 9, 77).contains("tells 77 sets where there is room for 3"));
    let size = whole.len();
    let told = put(103, 15, 123_456_789);
    let wanted = format!(
        "file.rst, record at byte 493827156 (list of nodes): begins beyond the end of the file ({size} bytes); the file is \
         damaged or truncated: copy or write it again, once its job has ended"
    );
    assert_eq!(told, wanted);
    // a record that is compressed by zlib, flags that no record has, lengths that do not agree
    let at = |item: usize| u64::from(u32::from_le_bytes(whole[4 * (104 + item)..][..4].try_into().unwrap()));
    let nodes = at(15);
    assert!(
        put(nodes, 0, 0xa000_0000u32 as i32)
            .contains("compressed by zlib, which is not read; write the results with /FCOMP")
    );
    assert!(put(nodes, 0, 0x8000_0001u32 as i32).contains("has the flags 0x80000001, which no record has"));
    assert!(put(nodes, 0, 0).contains("holds real numbers where integers belong"));
    assert!(put(nodes, 9, 7).contains("announces 8 words and ends with the count 7"));
    assert!(put(nodes, 2, -11).contains("(list of nodes): number 2 is -11"));
}

/// A part of the cube's line of cubes: nodes and element of one of two parts.
fn part(second: bool) -> Model {
    let mut model = Model::cube(Encoding::Sparse, &[1.0]);
    model.all_nodes = if second { Vec::new() } else { (11..=18).chain(21..=24).collect() };
    if second {
        // shares the face of nodes 12 13 16 17
        let renumber = |n: i32| match n {
            11 => 12,
            14 => 13,
            15 => 16,
            18 => 17,
            12 => 21,
            13 => 22,
            16 => 23,
            _ => 24,
        };
        for node in &mut model.nodes {
            (node.0, node.1[0]) = (renumber(node.0), node.1[0] + 1.0);
        }
        model.order.iter_mut().for_each(|n| *n = renumber(*n));
        model.elements[0].0[8] = 6;
        model.elements[0].1.iter_mut().for_each(|n| *n = renumber(*n));
        model.components = vec![(1, "FAR", vec![21, 22, 23, 24])];
        let x: BTreeMap<i32, [f64; 3]> = model.nodes.iter().map(|n| (n.0, n.1)).collect();
        model.sets[0].values =
            model.order.iter().flat_map(|n| [x[n][0], 2.0 * x[n][1], 3.0 * x[n][2]]).collect();
    }
    model
}

#[test]
fn parts_of_a_distributed_run_make_one_structure() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("job0.rst"), part(false).bytes()).unwrap();
    let told = RstResults::open(&at("job0.rst")).unwrap_err().message;
    assert!(
        told.contains("node 21 is in none of the 1 parts there are; put all parts into one folder"),
        "{told}"
    );
    std::fs::write(at("job1.rst"), part(true).bytes()).unwrap();
    for name in ["job0.rst", "job.rst"] {
        let whole = RstResults::open(&at(name)).unwrap();
        let mesh = whole.deck().and_then(|d| d.mesh()).unwrap();
        assert_eq!(mesh.element_ids, [5, 6]);
        assert_eq!(mesh.node_ids, (11..=18).chain(21..=24).collect::<Vec<u64>>());
        assert_eq!(mesh.face_sets["skin"].len(), 10);
        assert_eq!(mesh.node_sets["FAR"].len(), 4);
        let u = whole.displacement(0, &mesh.node_ids, &HashMap::new()).unwrap();
        for (u, x) in u.chunks_exact(3).zip(&mesh.points) {
            assert_eq!(u, [x[0], 2.0 * x[1], 3.0 * x[2]]);
        }
    }
    let mut other = part(true);
    other.sets[0].time = 3.0;
    std::fs::write(at("job1.rst"), other.bytes()).unwrap();
    let told = RstResults::open(&at("job0.rst")).unwrap_err().message;
    assert!(told.contains("job1.rst: has not the sets of"), "{told}");
    let told = RstResults::open(&at("none.rst")).unwrap_err().message;
    assert!(told.contains("none.rst: does not exist, nor does"), "{told}");
}
