use super::*;

/// A tetrahedron, values at two of its nodes; text with short labels.
const SHORT: &str = "    1C
    1UPGM               test
    2C                             4                                     0
 -1    1 0.00000E+00 0.00000E+00 0.00000E+00
 -1    2 1.00000E+00 0.00000E+00 0.00000E+00
 -1    3 0.00000E+00 1.00000E+00 0.00000E+00
 -1   14-0.50000E+00-1.00000E+00 1.00000E+00
 -3
    3C                             1                                     0
 -1    7    3    0    1
 -2    1    2    3   14
 -3
    1PSTEP                         1           2           3
  100CL  101 2.500000000           2                     1    1           0
 -4  SDV         7    1
 -5  SDV1        1    1    0    0
 -5  SDV2        1    1    0    0
 -5  SDV3        1    1    0    0
 -5  SDV4        1    1    0    0
 -5  SDV5        1    1    0    0
 -5  SDV6        1    1    0    0
 -5  SDV7        1    1    0    0
 -1    2 1.00000E+00 2.00000E+00 3.00000E+00-4.00000E+00 5.00000E+00 6.00000E+00
 -2      7.00000E-10
 -1   14 1.50000E+00 2.00000E+00 3.00000E+00-4.00000E+00 5.00000E+00 6.00000E+00
 -2      8.00000E+00
 -3
 9999
";

fn frd(text: &str) -> Result<Frd> {
    Frd::of_bytes(Path::new("a.frd"), text.as_bytes().to_vec())
}

#[test]
fn text_with_short_labels_is_read() {
    let file = frd(SHORT).unwrap();
    assert_eq!(file.cut, None);
    let nodes = file.nodes().unwrap();
    assert_eq!((nodes.ids, nodes.points[3]), (vec![1, 2, 3, 14], [-0.5, -1.0, 1.0]));
    let elements = file.elements().unwrap();
    assert_eq!((elements.ids[0], elements.types[0], elements.materials[0]), (7, ElementType::Te4, 1));
    assert_eq!(file.mesh().unwrap().connectivity, [0, 1, 2, 3]);
    assert_eq!(file.states(), [State { step: 3, increment: 2, time: 2.5, blocks: 0..1 }]);
    let sdv = file.read(0).unwrap();
    assert_eq!((sdv.nodes.as_slice(), sdv.components), ([2, 14].as_slice(), 7));
    assert_eq!(sdv.values[..7], [1.0, 2.0, 3.0, -4.0, 5.0, 6.0, 7e-10]);
    assert_eq!(file.read_at(0, &[14]).unwrap()[6], 8.0);
    let missing = file.read_at(0, &[14, 3]).unwrap_err().message;
    assert!(missing.contains("SDV of step 3, increment 2: holds nothing at node 3"), "{missing}");
}

#[test]
fn a_file_that_ends_early_is_read_up_to_its_last_whole_block() {
    let without_end = SHORT.strip_suffix(" 9999\n").unwrap();
    let file = frd(without_end).unwrap();
    assert_eq!((file.blocks.len(), file.cut.as_deref()), (1, Some("no line 9999 at its end")));
    for cut in [without_end.len() - 5, SHORT.find(" -5  SDV6").unwrap(), SHORT.find(" -4").unwrap()] {
        let file = frd(&SHORT[..cut]).unwrap();
        assert!(
            file.blocks.is_empty() && file.cut.unwrap().contains("it ends in the block that begins at byte")
        );
    }
    let told = frd(&SHORT[..SHORT.find(" -1    3").unwrap()]).unwrap_err().message;
    assert!(told.starts_with("a.frd, byte ") && told.contains("the file ends in its nodes"), "{told}");
}

#[test]
fn what_is_wrong_in_a_file_is_told_in_a_sentence() {
    for (from, to, told) in [
        (
            "    1C",
            "  PK",
            "a.frd, byte 0: is no result file of CalculiX: it does not begin with '1C'; give a result file",
        ),
        ("7    3    0", "7   13    0", "no element of a type from 1 to 12; the file is damaged"),
        (
            "5.00000E+00 6.00000E+00\n -2      7",
            "        nan 6.00000E+00\n -2      7",
            "node 2, SDV5: 'nan' is not a finite number",
        ),
        (" -2      8.0", " -3      8.0", "node 14 has 6 values in SDV of step 3, increment 2"),
        ("    3   14\n", "    3   15\n", "element 7: its node 15 is not in the list of nodes"),
        (" 2.500000000", " 2.5000000x0", "'2.5000000x0' is not a time"),
        (
            "    3    0    1\n -2    1    2    3   14",
            "    7    0    1\n -2    1    2    3",
            "element 7: its type 'tr3' is no solid; only he8",
        ),
        ("           0\n -4", "           7\n -4", "'7' is not a format from 0 to 3"),
        (" -1    2 1.00000E+00 0", " -1    1 1.00000E+00 0", "node 1: is there twice"),
    ] {
        assert!(SHORT.contains(from), "{from}");
        let changed = SHORT.replacen(from, to, 1);
        let outcome = frd(&changed).and_then(|f| f.mesh().and_then(|_| f.read(0)));
        match outcome {
            Err(e) => assert!(e.message.contains(told), "{}", e.message),
            Ok(_) => panic!("{to} is taken for right"),
        }
    }
}
