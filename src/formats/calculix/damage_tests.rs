//! Decks to damage.

use super::cards::Cards;
use super::reader;
use crate::error::Result;
use crate::formats::mutate::{Kind, references};
use std::path::Path;

const PATH: &str = "deck.inp";

/// A deck with every kind of card.
const SMALL: &str = "*HEADING\ncube\n*NODE,NSET=NALL\n1,0,0,0\n2,1.,0,0\n3,1,1.,0\n4,0,1,0\n5,0,0,1\n6,1,0,1\n7,1,1,1\n8,0,1,1\n\
    *ELEMENT,TYPE=C3D8,ELSET=E\n1,1,2,3,4,\n5,6,7,8\n*NSET,NSET=X0,GENERATE\n1,4,3\n5,8,3\n*NSET,NSET=B\nX0,2\n\
    *ELSET,ELSET=F\nE\n*SURFACE,NAME=S\nE,S4\n*MATERIAL,NAME=M\n*ELASTIC\n2e5,.3,0.\n1e5,.3,100.\n*DENSITY\n7.8D-9\n\
    *EXPANSION,ZERO=20.\n1e-5\n*PLASTIC,HARDENING=COMBINED\n100.,0.\n200.,.1\n*CYCLIC HARDENING\n90.,0.\n95.,.1\n\
    *CREEP,LAW=NORTON\n1e-10,3.,0.,0.\n1e-9,3.,0.,100.\n*MATERIAL,NAME=@ABAQUS_L\n*USER MATERIAL,CONSTANTS=9\n1,2,3,4,5,6,7,8\n9,20.\n\
    *DEPVAR\n3\n*SOLID SECTION,ELSET=E,MATERIAL=M\n*AMPLITUDE,NAME=A\n0.,0.,1.,1.\n2.,0.\n*INITIAL CONDITIONS,TYPE=TEMPERATURE\n\
    NALL,20.\n*BOUNDARY\nX0,1\n1,2,3\n*STEP,INC=99\n*VISCO,DIRECT,CETOL=1.\n.3,1.\n*CLOAD,AMPLITUDE=A\n2,1,5.\n*DLOAD\nE,P4,3.\n\
    F,CENTRIF,9.,0,0,0,0,0,1.\n1,GRAV,9.,0,0,-1.\n*DSLOAD\nS,P,1.\n*TEMPERATURE\n2,70.\n*NODE FILE\nU\n*END STEP\n*STEP\n\
    *VISCO,DIRECT,CETOL=1.\n.5,1.\n*BOUNDARY,OP=NEW\nX0,1\n1,2,3\n*DLOAD,OP=NEW\n*TEMPERATURE,OP=NEW,AMPLITUDE=A\nB,30.\n*END STEP\n";

const WORDS: [&str; 16] = [
    "*STEP\n",
    "*STATIC\n",
    "\n",
    ",",
    "-1",
    "9999999999",
    "1e308",
    "NALL",
    "*INCLUDE,INPUT=.\n",
    "=",
    "*NSET,NSET=NALL,GENERATE\n1,999999999\n",
    "*END STEP\n",
    "*NSET,NSET=NALL\nNALL\n",
    "*ELEMENT,TYPE=C3D20R\n",
    "1e-300,1.\n",
    "*AMPLITUDE,NAME=A\n",
];

fn read(bytes: &[u8]) -> Result<()> {
    let path = Path::new(PATH);
    let deck = reader::parse(path, Cards::new(path, bytes), bytes.len() as u64)?;
    // what a deck makes is bounded by its size
    let bound = 1_000_000 + 200 * bytes.len();
    assert!(deck.node_sets.values().map(Vec::len).sum::<usize>() < bound);
    assert!(deck.history.fixed.len() + deck.history.temperatures.len() < bound);
    let groups = deck.groups();
    for group in groups.fixed.iter().chain(&groups.forces).chain(&groups.pressures) {
        let (times, values) = deck.history.table(&group.changes, 0.0);
        assert!(times.len() == values.len() && times.windows(2).all(|w| w[0] < w[1]));
    }
    if let Ok(mesh) = deck.mesh() {
        let _ = deck.temperature_knots(&mesh.node_ids);
    }
    for (name, material) in &deck.materials {
        let _ = material.to_spec(name, Path::new("")).map(|s| s.build());
    }
    Ok(())
}

pub(in crate::formats) fn decks() -> Kind {
    let mut files = vec![SMALL.as_bytes().to_vec()];
    files.extend(references(&["calculix/pwh_tiny_c3d8.inp", "calculix/tet10.inp"]));
    Kind { path: PATH, files, words: &WORDS, read }
}
