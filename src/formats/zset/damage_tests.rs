//! Bytes that were changed, lost or added never make a reader panic: it answers or says what is wrong.

use super::blocks::parse as parse_blocks;
use super::lines::Lines;
use super::mesh_tests::{every_kind, geo_bytes, geof_text, read_bytes, read_text};
use super::{Inp, Layout, Results, UtIndex, ZsetMaterial, read_record, ut};
use crate::mesh::ElementKind;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// A file of the reference, or `substitute` where it is not there.
fn reference(name: &str, substitute: impl Fn() -> Vec<u8>) -> Vec<u8> {
    let root = std::env::var_os("FERROM_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"), PathBuf::from);
    std::fs::read(root.join("zset").join(name)).unwrap_or_else(|_| {
        eprintln!("{name} of the reference is not there: a small file stands in for it");
        substitute()
    })
}

/// A change of some bytes: where (share of the length), what to do, with which byte.
type Change = (f64, u8, u8);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec((0.0..1.0f64, 0u8..5, any::<u8>()), 1..6)
}

fn damaged(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut b = bytes.to_vec();
    for &(share, action, byte) in changes {
        let at = (share * b.len() as f64) as usize;
        match action {
            _ if at >= b.len() => {}
            0 => b.truncate(at),
            1 => b.insert(at, byte),
            2 => drop(b.remove(at)),
            // what text formats are sensitive to
            3 => b[at] = b"*-+ \n0199.e%("[byte as usize % 13],
            _ => b[at] = byte,
        }
    }
    b
}

const INP: &str = "****calcul\n***mesh\n**file m.geof\n***resolution newton\n**cycles 2\n*time 1. 2.\n*increment 3 4\n\
    ***bc\n**pressure\nx1 file p.node t\n**centrifugal\nall (1 2 3) d3 4. t\n***parameter\n**file temperature\n*node\n\
    *rec_size 8\n*cycle_conversion 0. 20. 2.\nfunction 0.0+cycle*2.; file a 1\nfunction 2.0+cycle*2.; uniform 3.\n\
    ***table\n**cycle t 0. 2.\n*time 0. 1.\n*value 0. 1.\n***material\n*file mat\n****return\n";
const MATERIAL: &str = "***behavior gen_evp\n**elasticity isotropic\nyoung temperature\n1. 0.\n2. 1.\npoisson 0.3\n\
    **potential gen_evp ev\n*flow norton\nK 1.\nn 2.\n*isotropic constant\nR0 1.\n***return\n";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn damaged_text_meshes_are_read_or_refused(changes in changes()) {
        for text in [geof_text(&every_kind()).into_bytes(), reference("MecaParallel/cube-pmeshes/cube-002.geof", Vec::new)] {
            let _ = read_text(&damaged(&text, &changes));
        }
    }

    #[test]
    fn damaged_binary_meshes_are_read_or_refused(changes in changes()) {
        for bytes in [geo_bytes(&every_kind()), reference("MecaSequentialMonoCrystal/cube.geo", Vec::new)] {
            let _ = read_bytes(&damaged(&bytes, &changes));
        }
    }

    #[test]
    fn damaged_inputs_and_materials_are_read_or_refused(changes in changes()) {
        let path = Path::new("case");
        let inputs = [
            INP.as_bytes().to_vec(),
            reference("MecaSequential/cube.inp", Vec::new),
            MATERIAL.as_bytes().to_vec(),
            reference("MecaSequentialMonoCrystal/evpcry", Vec::new),
        ];
        for text in inputs {
            let text = damaged(&text, &changes);
            if let Ok(d) = parse_blocks(path, Lines::new(path, &text[..], text.len() as u64)) {
                if let Ok(inp) = Inp::from_document(&d) {
                    let _ = (inp.resolution.times(), inp.temperature.map(|t| t.knots(10.0)));
                }
                if let Ok(material) = ZsetMaterial::from_document(&d) {
                    let _ = material.to_spec("m");
                }
            }
        }
    }

    #[test]
    fn damaged_results_are_read_or_refused(index in changes(), values in changes()) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let layout = Layout::new(6, &[ElementKind::C3d6, ElementKind::C3d4]);
        let text = b"**meshfile m.geof\n**node U1 U2\n**integ p sig11\n**element\n1 1 1 0 0.\n2 1 1 1 1.5\n";
        std::fs::write(at("r.ut"), damaged(text, &index)).unwrap();
        // keep the size more often than not
        let bytes = |n: usize| {
            let mut b = damaged(&vec![0; n], &values);
            if values[0].2 > 60 { b.resize(n, 0x7f) }
            b
        };
        std::fs::write(at("r.node"), bytes(4 * 2 * 2 * 6)).unwrap();
        std::fs::write(at("r.integ"), bytes(4 * 2 * 2 * 10)).unwrap();
        let _ = read_record(&at("r.node"), 2, 6, Some(&[5, 0]));
        let Ok(results) = UtIndex::read(&at("r.ut")).and_then(|i| Results::open(i, layout)) else { return Ok(()) };
        let _ = (results.nodal(1, "U2", None), results.nodal(9, "U1", Some(&[7])), results.nodal(0, "U1", Some(&[u64::MAX, 0])));
        let _ = (results.integ(1, &["p", "sig11"], None), results.integ(0, &["sig11"], Some(&[1, 0, u64::MAX])));
    }

    #[test]
    fn any_bytes_at_all_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let path = Path::new("x");
        prop_assert!(read_text(&bytes).is_err() && read_bytes(&bytes).is_err());
        prop_assert!(ut::parse(path, Lines::new(path, &bytes[..], 400)).is_err());
        let _ = parse_blocks(path, Lines::new(path, &bytes[..], 400));
    }
}
