//! Bytes that were changed, lost or added never make a reader panic: it answers or says what is wrong.

use super::blocks::parse as parse_blocks;
use super::lines::Lines;
use super::mesh_tests::{every_kind, geo_bytes, geof_text, read_bytes, read_text};
use super::{Inp, Layout, Results, UtIndex, ZsetMaterial, read_record, ut};
use crate::error::{Error, Result};
use crate::formats::mutate::{Kind, changes, references, run};
use crate::mesh::ElementKind;
use proptest::prelude::*;
use std::path::Path;

const INP: &str = "****calcul\n***mesh\n**file m.geof\n***resolution newton\n**cycles 2\n*time 1. 2.\n*increment 3 4\n\
    ***bc\n**pressure\nx1 file p.node t\n**centrifugal\nall (1 2 3) d3 4. t\n***parameter\n**file temperature\n*node\n\
    *rec_size 8\n*cycle_conversion 0. 20. 2.\nfunction 0.0+cycle*2.; file a 1\nfunction 2.0+cycle*2.; uniform 3.\n\
    ***table\n**cycle t 0. 2.\n*time 0. 1.\n*value 0. 1.\n***material\n*file mat\n****return\n";
const MATERIAL: &str = "***behavior gen_evp\n**elasticity isotropic\nyoung temperature\n1. 0.\n2. 1.\npoisson 0.3\n\
    **potential gen_evp ev\n*flow norton\nK 1.\nn 2.\n*isotropic constant\nR0 1.\n***return\n";

const INPUT_WORDS: [&str; 12] = [
    "***bc\n",
    "**file m\n",
    "*time 1e9\n",
    "*increment 999999999\n",
    "***return\n",
    "****return\n",
    "%",
    " file ",
    " function cycle*cycle;",
    "nan",
    "1e308",
    "99999999999",
];
const MESH_WORDS: [&str; 12] = [
    "**node\n4000000000 3\n",
    "**element\n",
    "***group\n",
    "**nset a\n",
    "**elset a\n",
    "**faset a\n",
    "***return\n",
    " c3d20 ",
    " t6 ",
    "-1",
    "nan",
    "99999999999",
];
const INDEX_WORDS: [&str; 8] = [
    "**node U1\n",
    "**integ sig11\n",
    "**element\n",
    "**meshfile a\n",
    "2 1 1 1 1.\n",
    "-1",
    "nan",
    "99999999999",
];
const INDEX: &str = "**meshfile m.geof\n**node U1 U2\n**integ p sig11\n**element\n1 1 1 0 0.\n2 1 1 1 1.5\n";

pub(in crate::formats) fn text_meshes() -> Kind {
    let mut files = vec![geof_text(&every_kind()).into_bytes()];
    files.extend(references(&["zset/MecaParallel/cube-pmeshes/cube-002.geof"]));
    Kind { path: "m.geof", files, words: &MESH_WORDS, read: |bytes| read_text(bytes).map(drop) }
}

pub(in crate::formats) fn binary_meshes() -> Kind {
    let mut files = vec![geo_bytes(&every_kind())];
    files.extend(references(&["zset/MecaSequentialMonoCrystal/cube.geo"]));
    Kind { path: "m.geo", files, words: &MESH_WORDS, read: |bytes| read_bytes(bytes).map(drop) }
}

pub(in crate::formats) fn inputs_and_materials() -> Kind {
    let mut files = vec![INP.as_bytes().to_vec(), MATERIAL.as_bytes().to_vec()];
    files.extend(references(&["zset/MecaSequential/cube.inp", "zset/MecaSequentialMonoCrystal/evpcry"]));
    Kind { path: "case", files, words: &INPUT_WORDS, read: read_input }
}

fn read_input(text: &[u8]) -> Result<()> {
    let path = Path::new("case");
    let document = parse_blocks(path, Lines::new(path, text, text.len() as u64))?;
    if let Ok(material) = ZsetMaterial::from_document(&document) {
        material.to_spec("m")?.build().map_err(|e| Error::input(path, "", e, "correct it"))?;
    }
    let inp = Inp::from_document(&document)?;
    let _ = (inp.resolution.times(), inp.temperature.map(|t| t.knots(10.0)));
    Ok(())
}

/// An index and its binary files, which keep their size more often than not.
pub(in crate::formats) fn results(cases: u32) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let layout = Layout::new(6, &[ElementKind::C3d6, ElementKind::C3d4]);
    let index = || vec![INDEX.as_bytes().to_vec()];
    let kind = Kind { path: "r.ut", files: index(), words: &INDEX_WORDS, read: |_| Ok(()) };
    run(cases, (changes(), changes()), |(index, values)| {
        std::fs::write(at("r.ut"), kind.damage(INDEX.as_bytes(), &index)).unwrap();
        let bytes = |n: usize| {
            let mut b = kind.damage(&vec![0; n], &values);
            if values[0].2 % 4 > 0 {
                b.resize(n, 0x7f);
            }
            b
        };
        std::fs::write(at("r.node"), bytes(4 * 2 * 2 * 6)).unwrap();
        std::fs::write(at("r.integ"), bytes(4 * 2 * 2 * 10)).unwrap();
        let _ = read_record(&at("r.node"), 2, 6, Some(&[5, 0]));
        let results = Results::open(UtIndex::read(&at("r.ut"))?, layout.clone())?;
        let _ = (results.nodal(9, "U1", Some(&[7])), results.nodal(0, "U1", Some(&[u64::MAX, 0])));
        let _ = results.integ(0, &["sig11"], Some(&[1, 0, u64::MAX]));
        results.integ(1, &["p", "sig11"], None)?;
        results.nodal(1, "U2", None).map(drop)
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_bytes_at_all_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let path = Path::new("x");
        prop_assert!(read_text(&bytes).is_err() && read_bytes(&bytes).is_err());
        prop_assert!(ut::parse(path, Lines::new(path, &bytes[..], 400)).is_err());
        let _ = parse_blocks(path, Lines::new(path, &bytes[..], 400));
    }
}
