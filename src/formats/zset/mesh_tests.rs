//! Both mesh formats on a small mesh of every kind of element, and what is wrong with others.

use super::elements::{element_order, face, face_order, to_zset};
use super::{geo, geof, lines::Lines, write_geof};
use crate::error::Result;
use crate::mesh::{ElementKind, FaceKind, Mesh};
use std::path::Path;

/// One element of each kind, side by side, with labels that are neither contiguous nor sorted, and sets of each sort.
pub(super) fn every_kind() -> Mesh {
    let mut mesh = Mesh::default();
    for (k, kind) in (0u32..).zip(ElementKind::ALL) {
        let first = mesh.n_nodes() as u32;
        let nodes: Vec<u32> = (first..first + kind.n_nodes() as u32).collect();
        for (x, &n) in crate::fem::reference::node_positions(kind).iter().zip(&nodes) {
            mesh.points.push([x[0] + 3.0 * f64::from(k), x[1], x[2] / 3.0]);
            mesh.node_ids.push(u64::from(n) * 7919 % 1009 + 5);
        }
        mesh.push_element(2000 - 100 * u64::from(k), kind, &nodes);
    }
    mesh.node_sets.insert("x+y=1".to_owned(), (0..50).rev().collect());
    mesh.node_sets.insert("none".to_owned(), Vec::new());
    mesh.element_sets.insert("odd".to_owned(), vec![1, 3, 5]);
    let zset = [0, 10, 20, 30, 40, 50, 60, 70];
    let faces = [FaceKind::T3, FaceKind::Q8, FaceKind::T6, FaceKind::Q4];
    let faces = faces.into_iter().zip(0..).map(|(kind, i)| face(kind, &zset[..kind.n_nodes()], i));
    mesh.face_sets.insert("skin".to_owned(), faces.collect());
    mesh.face_sets.insert("bare".to_owned(), Vec::new());
    mesh.close_whole();
    mesh
}

pub(super) fn geof_text(mesh: &Mesh) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.geof");
    write_geof(mesh, &path).unwrap();
    std::fs::read_to_string(path).unwrap()
}

pub(super) fn read_text(text: &[u8]) -> Result<Mesh> {
    geof::parse(Path::new("m.geof"), Lines::new(Path::new("m.geof"), text, text.len() as u64))
}

pub(super) fn read_bytes(bytes: &[u8]) -> Result<Mesh> {
    geo::parse(Path::new("m.geo"), bytes)
}

/// The mesh as Z-set's binary format has it, elements grouped by type.
pub(super) fn geo_bytes(mesh: &Mesh) -> Vec<u8> {
    let mut out = Vec::new();
    let int = |out: &mut Vec<u8>, n: usize| out.extend((n as i32).to_be_bytes());
    let tag = |out: &mut Vec<u8>, text: &str| {
        int(out, text.len() + 1);
        out.extend(text.bytes().chain([0]));
    };
    let section = |out: &mut Vec<u8>, name: &str| {
        out.extend(b"Z7BINARYGEOF\0");
        tag(out, name);
    };
    section(&mut out, "node");
    int(&mut out, mesh.n_nodes());
    int(&mut out, 3);
    for (id, x) in mesh.node_ids.iter().zip(&mesh.points) {
        int(&mut out, *id as usize);
        x.iter().for_each(|x| out.extend(x.to_be_bytes()));
    }
    section(&mut out, "element");
    int(&mut out, mesh.n_elements());
    int(&mut out, ElementKind::ALL.len());
    for kind in ElementKind::ALL.into_iter().rev() {
        let members: Vec<usize> = (0..mesh.n_elements()).filter(|&e| mesh.kinds[e] == kind).collect();
        int(&mut out, members.len());
        tag(&mut out, kind.name());
        int(&mut out, kind.n_nodes());
        let mut nodes = [0; 20];
        for e in members {
            int(&mut out, mesh.element_ids[e] as usize);
            int(&mut out, e);
            to_zset(element_order(kind), mesh.nodes_of(e), &mut nodes);
            nodes[..kind.n_nodes()].iter().for_each(|&n| int(&mut out, n as usize));
        }
    }
    for (name, sets) in [("nset", &mesh.node_sets), ("elset", &mesh.element_sets)] {
        section(&mut out, name);
        int(&mut out, sets.len());
        for (name, set) in sets {
            tag(&mut out, name);
            int(&mut out, set.len());
            set.iter().for_each(|&i| int(&mut out, i as usize));
        }
    }
    section(&mut out, "bset");
    int(&mut out, mesh.face_sets.len());
    for (name, set) in &mesh.face_sets {
        tag(&mut out, name);
        tag(&mut out, "faset");
        int(&mut out, set.len());
        let mut nodes = [0; 8];
        for face in set {
            let n = face.kind.n_nodes();
            int(&mut out, n);
            to_zset(face_order(face.kind), face.nodes(), &mut nodes);
            nodes[..n].iter().for_each(|&n| int(&mut out, n as usize));
            out.extend(face.kind.name().bytes().chain([0, 0xa4, b'"']));
        }
    }
    section(&mut out, "ipset");
    int(&mut out, 0);
    section(&mut out, "return");
    out.extend(b"Z7BINARYGEOF\0");
    out
}

#[test]
fn a_mesh_of_every_kind_of_element_survives_both_formats() {
    let mesh = every_kind();
    assert_eq!(read_text(geof_text(&mesh).as_bytes()).unwrap(), mesh);
    assert_eq!(read_bytes(&geo_bytes(&mesh)).unwrap(), mesh);
    // the node order makes every element right side out
    assert!(crate::fem::Geometry::new(&mesh).is_ok());
}

const SMALL: &str = "% a tetrahedron
***geometry
 **node
 4 3
 10 0. 0. 0.

 11 1. 0. 0.
 7 0. 1. 0.   % comment
 3 0. 0. 1.
 **element
 1
 5 c3d4 10 11 7 3
***group
 **nset empty

 **nset base
  10 11
  7 7
 **elset stale
  5 6 7
 **faset f
  t3 10 7 11
***return
";

#[test]
fn stale_element_labels_and_repeated_nodes_are_left_out() {
    let mesh = read_text(SMALL.as_bytes()).unwrap();
    assert_eq!(mesh.element_sets["stale"], [0]);
    assert_eq!(mesh.node_sets["base"], [0, 1, 2]);
    assert!(mesh.node_sets["empty"].is_empty());
    assert_eq!(mesh.face_sets["f"][0].nodes(), [0, 2, 1]);
    assert_eq!(mesh.node_ids, [10, 11, 7, 3]);
}

#[test]
fn what_is_wrong_in_a_text_mesh_is_named_with_its_line() {
    for (from, to, wanted) in [
        ("4 3\n", "4 2\n", "m.geof, line 4: the mesh has dimension 2"),
        ("4 3\n", "5 3\n", "line 10: '**element' stands where node 5 of 5 should be"),
        ("4 3\n", "3 3\n", "line 9: '3 0. 0. 1.' belongs to no section"),
        ("4 3\n", "4000000000 3\n", "'**element' stands where node 5"),
        ("4 3\n", "99999999999 3\n", "99999999999 nodes are too many"),
        (" 7 0. 1. 0.", " 7 0. one 0.", "line 8: 'one' is not coordinate 2 of node 7"),
        (" 7 0. 1. 0.", " 7 0. nan 0.", "line 8: 'nan' is not coordinate 2 of node 7"),
        (" 7 0. 1. 0.", " 7 0. 1.", "line 8: coordinate 3 of node 7 is missing"),
        (" 7 0. 1. 0.", " 10 0. 1. 0.", "node label 10 appears twice, as nodes number 1 and 3"),
        ("11 7 3", "11 7 4", "line 12: element 5 (c3d4) has node 4, which the mesh does not have"),
        ("11 7 3", "11 7", "line 12: node 4 of 4 of element 5 (c3d4) is missing"),
        ("11 7 3", "11 7 3 3", "line 12: '3' follows the 4 nodes of element 5"),
        (
            "5 c3d4",
            "5 c3d5",
            "line 12: element 5: element type 'c3d5': pyramids are not supported; supported are c3d4",
        ),
        ("5 c3d4", "5 c2d4", "only three-dimensional elements are supported"),
        ("5 c3d4", "5 c3d4r", "one-point tetrahedra"),
        ("  7 7\n", "  7 8\n", "line 18: node set 'base' holds node 8"),
        ("t3 10 7 11", "t3 10 7 12", "line 22: face 1 (t3) of face set 'f' has node 12"),
        ("t3 10 7 11", "line 10 7", "line 22: face type 'line' of face set 'f'"),
        ("**nset base", "**nset empty", "line 16: a second node set 'empty'"),
        ("**nset base", "**nset", "line 16: **nset has no name"),
        ("***return", "", "the file ends where ***return should be; the file is truncated"),
        (" **element\n 1\n 5 c3d4 10 11 7 3\n", "", "the mesh has no elements"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let e = read_text(SMALL.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(e.message.contains(wanted), "{from} -> {to}: {e}");
    }
}

#[test]
fn what_is_wrong_in_a_binary_mesh_is_named_with_its_place() {
    let bytes = geo_bytes(&every_kind());
    let find = |what: &[u8]| bytes.windows(what.len()).position(|w| w == what).unwrap();
    let with = |at: usize, new: &[u8]| {
        let mut b = bytes.clone();
        b[at..at + new.len()].copy_from_slice(new);
        read_bytes(&b).unwrap_err().message
    };
    let huge = i32::MAX.to_be_bytes();
    let nodes = find(b"node\0") + 5;
    assert!(with(nodes, &huge).contains("the number of nodes is 2147483647, but only"));
    assert!(with(nodes, &[0xff; 4]).contains("the number of nodes is -1"));
    assert!(with(nodes + 8, &bytes[nodes + 36..nodes + 40]).contains("appears twice"));
    let message = with(find(b"c3d20r\0"), b"c3d21r");
    assert!(message.contains("element type 'c3d21r': this type is not supported"), "{message}");
    let kind = find(b"c3d20r\0") + 7;
    assert!(with(kind, &huge).contains("type c3d20r has 2147483647 nodes instead of 20"));
    let kinds = ElementKind::ALL.len();
    assert!(with(kind + 8, &huge).contains(&format!("has rank 2147483647 of {kinds}")));
    assert!(with(kind + 12, &huge).contains("a node of element 1300 has rank 2147483647"));
    assert!(with(find(b"q8\0"), b"q9").contains("face type 'q9' with 8 nodes in face set 'skin'"));
    assert!(with(find(b"ipset\0"), b"apset").contains("section 'apset' is not known"));
    assert!(with(0, b"PK").contains("m.geo, byte 0: no section of a binary Z-set mesh begins here"));
    assert!(read_bytes(&[&bytes[..], b"x"].concat()).unwrap_err().message.contains("1 bytes follow the end"));
    for n in 0..bytes.len() {
        assert!(read_bytes(&bytes[..n]).is_err(), "cut at {n}");
    }
}
