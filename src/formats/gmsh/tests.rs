use super::*;
use crate::formats::mutate::{Kind, named};

/// A tetrahedron with a face, an edge and a corner; labels in no order; the face looks inward.
const TEXT: &str = "$MeshFormat
4.1 0 8
$EndMeshFormat
$Comment
anything
$EndComment
$PhysicalNames
2
2 3 \"low side\"
3 1 \"body\"
$EndPhysicalNames
$Entities
1 1 1 1
1 0 0 0 1 8
1 0 0 0 1 0 0 1 -9 0
1 0 0 0 1 1 0 2 3 4 0
1 0 0 0 1 1 1 1 1 0
$EndEntities
$Nodes
2 5 1 9
0 1 0 2
9
3
0 0 0
1 0 0
2 1 1 3
7
1
2
0 1 0 0.5 0.5
0 0 1 0.5 0.5
5 5 5 0.5 0.5
$EndNodes
$Elements
4 4 1 4
3 1 4 1
4 9 3 7 1
2 1 2 1
3 9 3 7
1 1 1 1
2 9 3
0 1 15 1
1 7
$EndElements
";

fn read(text: &str) -> Result<Mesh> {
    parse(Path::new("a.msh"), text.as_bytes())
}

/// The same file in binary.
fn binary() -> Vec<u8> {
    let mut out = b"$MeshFormat\n4.1 1 8\n".to_vec();
    out.extend(1i32.to_le_bytes());
    out.extend(b"\n$EndMeshFormat\n$PhysicalNames\n2\n2 3 \"low side\"\n3 1 \"body\"\n$EndPhysicalNames\n");
    let mut number = |kind: char, text: &str| match kind {
        'i' => out.extend(text.parse::<i32>().unwrap().to_le_bytes()),
        's' => out.extend(text.parse::<u64>().unwrap().to_le_bytes()),
        'f' => out.extend(text.parse::<f64>().unwrap().to_le_bytes()),
        _ => out.extend(text.bytes()),
    };
    // kinds of the numbers of each section, in the order of the text
    let kinds = [
        ("Entities", "ssss ifffsi iffffffsis iffffffsiis iffffffsis"),
        ("Nodes", "ssss iiis ss fff fff iiis sss fffff fffff fffff"),
        ("Elements", "ssss iiis sssss iiis ssss iiis sss iiis ss"),
    ];
    for (name, kinds) in kinds {
        let (start, end) = (format!("${name}\n"), format!("$End{name}\n"));
        let body = TEXT.split_once(&start).unwrap().1.split_once(&end).unwrap().0;
        number(' ', &start);
        let kinds = kinds.chars().filter(|c| *c != ' ');
        let words: Vec<&str> = body.split_ascii_whitespace().collect();
        assert_eq!(kinds.clone().count(), words.len(), "{name}");
        kinds.zip(words).for_each(|(kind, word)| number(kind, word));
        number(' ', &format!("\n{end}"));
    }
    out
}

#[test]
fn groups_become_sets_and_labels_stay() {
    for bytes in [TEXT.as_bytes().to_vec(), binary()] {
        let mesh = parse(Path::new("a.msh"), &bytes).unwrap();
        // node 2 belongs to no element
        assert_eq!((mesh.node_ids.as_slice(), mesh.points[2]), ([9, 3, 7, 1].as_slice(), [0.0, 1.0, 0.0]));
        assert_eq!((mesh.kinds.as_slice(), mesh.element_ids[0]), ([ElementKind::C3d4].as_slice(), 4));
        assert_eq!(mesh.element_sets["body"], [0]);
        assert_eq!((&mesh.node_sets["curve9"], &mesh.node_sets["point8"]), (&vec![0, 1], &vec![2]));
        let names: Vec<&str> = mesh.face_sets.keys().map(String::as_str).collect();
        assert_eq!(names, ["low side", "surface4"]);
        // outward: the bottom is seen from below
        let face = mesh.face_sets["low side"][0];
        let [a, b, c] = [0, 1, 2].map(|i| mesh.points[face.nodes()[i] as usize]);
        let z = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        assert_eq!(z, -1.0);
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_in_a_sentence() {
    for (from, to, told) in [
        ("$MeshFormat\n4.1", "$Mesh\n4.1", "a.msh: is no mesh of Gmsh: it does not begin with $MeshFormat"),
        ("4.1 0 8", "2.2 0 8", "version '2.2' is not read; write it as 4.1 (gmsh -format msh41"),
        ("3 1 4 1\n4 9 3 7 1", "3 1 7 1\n4 9 3 7 1 2", "an element that is a pyramid is not supported"),
        (
            "3 1 4 1\n4 9 3 7 1",
            "3 1 12 1\n4 9 3 7 1 2",
            "an element that is a 27-node hexahedron is not supported; mesh with",
        ),
        ("4 9 3 7 1", "4 9 3 7 6", "element 4 has the node 6, which is not listed"),
        ("1 7\n$EndElements\n", "1", "'' is not a count or label; the file is damaged or truncated"),
        ("3 1 4 1\n4 9 3 7 1\n", "", "4 elements are announced, 3 are there"),
        ("\n9\n3\n", "\n9\n9\n", "node 9 is there twice"),
        ("5 5 5 0.5", "5 nan 5 0.5", "NaN is not finite"),
        ("2 5 1 9", "2 5000000 1 9", "a count of 5000000, for which the file is too short"),
        ("$Entities", "$PartitionedEntities", "the mesh is partitioned; write it whole"),
    ] {
        assert!(TEXT.contains(from), "{from}");
        let mut text = TEXT.replacen(from, to, 1);
        if told.contains("announced") {
            text = text.replacen("4 4 1 4", "3 4 1 4", 1);
        }
        match read(&text) {
            Err(e) => assert!(e.message.contains(told), "{}", e.message),
            Ok(_) => panic!("{to} is taken for right"),
        }
    }
    let mut swapped = binary();
    let at = swapped.iter().position(|&b| b == 1).unwrap();
    swapped[at..at + 4].reverse();
    let told = parse(Path::new("a.msh"), &swapped).unwrap_err().message;
    assert!(told.contains("opposite order; it was written on a big-endian machine"), "{told}");
}

/// Meshes to damage.
pub(in crate::formats) fn meshes() -> Kind {
    Kind {
        path: "a.msh",
        files: vec![TEXT.as_bytes().to_vec(), binary()],
        words: &["$Nodes\n", "$EndNodes\n", "3 1 4 1\n", "-1", "nan", "99999999999"],
        read: |bytes| named("a.msh", parse(Path::new("a.msh"), bytes).map(drop)),
    }
}
