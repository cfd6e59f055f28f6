//! Sets by name, and faces that belong to no element.

mod support;

use ferrom::error::Kind;
use ferrom::mesh::{ElementKind, Face, MeshError, partition, restrict};
use support::patch::patch;

#[test]
fn a_node_set_may_be_named_by_nodes_faces_elements_or_be_all() {
    let mesh = patch(ElementKind::C3d20, 2, 0.0, false);
    assert_eq!(mesh.node_set("x0").unwrap(), mesh.node_sets["x0"]);
    let mut of_faces: Vec<u32> = mesh.face_sets["x1"].iter().flat_map(|f| f.nodes().to_vec()).collect();
    of_faces.sort_unstable();
    of_faces.dedup();
    assert_eq!(mesh.node_set("x1").unwrap(), of_faces);
    assert_eq!(mesh.node_set("ALLNODE").unwrap().len(), mesh.n_nodes());
    // 2 x 2 x 1 cells of 20 nodes: 3 x 3 x 2 vertices and the middles of their 33 edges
    assert_eq!(mesh.node_set("low").unwrap().len(), 18 + 33);
    assert_eq!(mesh.element_set("ALL_ELEMENT").unwrap().len(), 8);
    assert_eq!(mesh.element_set("high").unwrap(), [4, 5, 6, 7]);
    assert_eq!(mesh.face_set("x1").unwrap().len(), 4);
}

#[test]
fn a_misspelt_set_is_answered_with_the_nearest_name() {
    let mesh = patch(ElementKind::C3d8, 2, 0.0, false);
    let told = |e: MeshError| {
        let e = ferrom::Error::from(e);
        assert_eq!(e.kind, Kind::Case);
        e.message
    };
    assert_eq!(
        told(mesh.face_set("skn").unwrap_err()),
        "the mesh has no face set 'skn'; the nearest name is 'skin'"
    );
    assert_eq!(
        told(mesh.element_set("hihg").unwrap_err()),
        "the mesh has no element set 'hihg'; the nearest name is 'high'"
    );
    let text = told(mesh.node_set("clamped_side").unwrap_err());
    assert_eq!(text, "the mesh has no node set 'clamped_side'; there are x0");
}

#[test]
fn a_face_of_no_element_goes_where_its_nodes_are_or_nowhere() {
    let mut mesh = patch(ElementKind::C3d8, 2, 0.0, false);
    let face = |nodes: [u32; 4], position| {
        let mut all = [0; 8];
        all[..4].copy_from_slice(&nodes);
        Face { kind: ferrom::mesh::FaceKind::Q4, nodes: all, position }
    };
    // a diagonal cut of the first cell, and a face across the whole body (3 x 3 x 3 nodes)
    mesh.face_sets.insert("stale".into(), vec![face([0, 4, 13, 9], 0), face([0, 2, 26, 24], 1)]);
    mesh.close_whole();
    let by_layer: Vec<u32> = (0..8).map(|e| e / 4).collect();
    let parts = restrict(&mesh, &by_layer, 2);
    let positions = |p: usize| parts[p].face_sets["stale"].iter().map(|f| f.position).collect::<Vec<u64>>();
    assert_eq!((positions(0), positions(1)), (vec![0], vec![]));
    assert_eq!(parts[1].n_faces_global["stale"], 2);
}

#[test]
fn as_many_parts_as_elements_leave_none_empty() {
    let mesh = patch(ElementKind::C3d4, 2, 0.1, false);
    for parts in [1, 7, 47, 48] {
        let part = partition(&mesh, parts).unwrap();
        for p in 0..parts as u32 {
            assert!(part.contains(&p), "part {p} of {parts} is empty");
        }
    }
    assert_eq!(partition(&mesh, 49), Err(MeshError::TooManyParts { parts: 49, elements: 48 }));
}
