use super::*;
use crate::formats::mutate::{Kind, named};

/// A wedge whose first triangle looks away from the second, a face of it, and an integer array.
const XML: &str = r#"<?xml version="1.0"?>
<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt32">
 <UnstructuredGrid>
  <Piece NumberOfPoints="6" NumberOfCells="2">
   <CellData>
    <DataArray type="Int32" Name="part" format="ascii">4 5</DataArray>
    <DataArray type="Float64" Name="x" format="ascii">4.5 5</DataArray>
   </CellData>
   <Points><DataArray type="Float64" Name="Points" NumberOfComponents="3" format="ascii">
     0 0 0  0 1 0  1 0 0  0 0 1  0 1 1  1 0 1
     <InformationKey name="L2_NORM_RANGE" location="vtkDataArray" length="2"><Value index="0">0</Value></InformationKey>
   </DataArray></Points>
   <Cells>
    <DataArray type="Int64" Name="connectivity" format="ascii">0 1 2 3 4 5 0 1 2</DataArray>
    <DataArray type="Int64" Name="offsets" format="ascii">6 9</DataArray>
    <DataArray type="UInt8" Name="types" format="ascii">13 5</DataArray>
   </Cells>
  </Piece>
 </UnstructuredGrid>
</VTKFile>
"#;

const LEGACY: &str = "# vtk DataFile Version 3.0
anything
ASCII
DATASET UNSTRUCTURED_GRID
POINTS 6 double
0 0 0  0 1 0  1 0 0  0 0 1  0 1 1  1 0 1

CELLS 2 11
6 0 1 2 3 4 5
3 0 1 2
CELL_TYPES 2
13 5
CELL_DATA 2
SCALARS part int
LOOKUP_TABLE default
4 5
FIELD FieldData 1
x 1 2 double
4.5 5
POINT_DATA 6
";

fn read(text: &str) -> Result<Mesh> {
    parse(Path::new("a.vtu"), text.as_bytes())
}

#[test]
fn both_formats_give_the_same_mesh_and_its_sets() {
    let (mesh, legacy) = (read(XML).unwrap(), read(LEGACY).unwrap());
    assert_eq!(mesh, legacy);
    // turned: its first triangle looks at the second
    assert_eq!(
        (mesh.connectivity.as_slice(), mesh.kinds[0]),
        ([0, 2, 1, 3, 5, 4].as_slice(), ElementKind::C3d6)
    );
    assert_eq!((mesh.node_ids[5], mesh.element_ids[0]), (6, 1));
    assert_eq!(mesh.element_sets["part=4"], [0]);
    assert_eq!(mesh.face_sets.keys().collect::<Vec<_>>(), ["faces", "part=5"]);
    // the bottom, seen from below
    assert_eq!(mesh.face_sets["faces"][0].nodes(), [0, 1, 2]);
    let new = LEGACY.replace(
        "CELLS 2 11\n6 0 1 2 3 4 5\n3 0 1 2",
        "CELLS 3 9\nOFFSETS vtktypeint64\n0 6 9\nCONNECTIVITY vtktypeint64\n0 1 2 3 4 5 0 1 2",
    );
    assert_eq!(read(&new).unwrap(), mesh);
}

#[test]
fn what_is_wrong_in_a_file_is_told_in_a_sentence() {
    for (text, from, to, told) in [
        (XML, ">13 5<", ">14 5<", "cell 1: a pyramid is not supported; tetrahedra, wedges and hexahedra"),
        (XML, ">13 5<", ">5 5<", "cell 1: has 6 points where its type has 3"),
        (XML, "4 5 0 1 2<", "4 6 0 1 2<", "cell 1: has the point 6 of 6"),
        (XML, "\"UnstructuredGrid\" v", "\"PolyData\" v", "holds a 'PolyData', not an UnstructuredGrid"),
        (XML, "</Points>", "", "is no complete XML file of VTK"),
        (XML, "1 0 1\n", "1 0 x\n", "array 'Points': 'x' is not a number of it"),
        (
            XML,
            "header_type=\"UInt32\"",
            "compressor=\"vtkLZ4DataCompressor\"",
            "is compressed by vtkLZ4DataCompressor, which is not read; write it with zlib",
        ),
        (
            XML,
            "format=\"ascii\">6 9",
            "format=\"appended\" offset=\"7\">",
            "array 'offsets': its offset is not in the file",
        ),
        (
            XML,
            "format=\"ascii\">6 9",
            "format=\"binary\">AAAA",
            "array 'offsets': the file ends inside of it",
        ),
        (LEGACY, "UNSTRUCTURED_GRID", "POLYDATA", "'DATASET POLYDATA' is not DATASET UNSTRUCTURED_GRID"),
        (LEGACY, "3 0 1 2", "30 1 2 3", "the list of cells is too short"),
        (LEGACY, "ASCII", "BINARY", "is not known"),
        (LEGACY, "CELL_TYPES 2\n13 5", "CELL_TYPES 2\n3 5", "cell 1: has 6 points where its type has 2"),
    ] {
        assert!(text.contains(from), "{from}");
        match read(&text.replacen(from, to, 1)) {
            Err(e) => assert!(e.message.contains(told), "{to}: {}", e.message),
            Ok(_) => panic!("{to} is taken for right"),
        }
    }
}

/// Meshes to damage.
pub(in crate::formats) fn meshes() -> Kind {
    // whole numbers in base64: 8 bytes of length, two of 8 bytes
    let base64 = XML
        .replace("UInt32", "UInt64")
        .replace("format=\"ascii\">6 9", "format=\"binary\">EAAAAAAAAAAGAAAAAAAAAAkAAAAAAAAA");
    assert_eq!(read(&base64).unwrap(), read(XML).unwrap());
    Kind {
        path: "a.vtu",
        files: [XML.to_owned(), LEGACY.to_owned(), base64].map(String::into_bytes).to_vec(),
        words: &["<DataArray", "</Cells>", "binary", "-1", "nan", "99999999999"],
        read: |bytes| named("a.vtu", parse(Path::new("a.vtu"), bytes).map(drop)),
    }
}
