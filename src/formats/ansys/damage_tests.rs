//! Decks to damage.

use super::lines::Lines;
use super::reader;
use crate::error::{Error, Result};
use crate::formats::mutate::{Kind, references};
use std::path::Path;

const PATH: &str = "deck.dat";

/// A deck with every kind of command.
const SMALL: &str = "/PREP7\nE = 2e5*(1+.5)\nET,1,186\nKEYOPT,1,2,1\nETBLOCK,1,1\n(2i9,19a9)\n        1      185        0\n-1\n\
    NBLOCK,6,SOLID,8,8\n(3i9,6e16.9)\n        1        0        0 1.000000000E+00\n-1\n*DO,I,2,8\nN,I,I-1,MOD(I,2)\n*ENDDO\n\
    E,1,2,3,4,5,6,7,8\nEBLOCK,19,SOLID,1,1\n(19i9)\n        1        1        1        1        0        0        0        \
    0        8        0        7        1        2        3        4        5        6        7        8\n-1\n\
    CMBLOCK,SET,NODE,2\n(8i10)\n         1        -4\nMPTEMP,R5.0, 1, 1,20,100\nMPDATA,R5.0, 1,EX,1,1,E,1e5\nMP,NUXY,1,.3\n\
    TB,PLAS,1,,,MISO\nTBTEMP,20\nTBPT,,0,100\nTBPT,,1,200\nTB,CHAB,1,,2\nTBDATA,1,1,2,3,4,5\nNSEL,S,LOC,X,1\nCM,A,NODE\n\
    *IF,A,EQ,0,THEN\nD,ALL,ALL\n*ELSE\nD,SET,UX,1\n*ENDIF\n/SOLU\nF,2,FX,SIN(3)\nSFE,7,3,PRES,1,5,5,5,5\nSFEBLOCK,4,PRES,1,1\n\
    (i9,i4,i4,4e16.9)\n        7   3   1 1.000000000E+00 1.000000000E+00 1.000000000E+00 1.000000000E+00\nSFE,end,LOC,-1\n\
    OMEGA,1,2,3\nCMOMEGA,SET,1,0,0,1,2,3,4,5,6\nACEL,,9.81\nTREF,20\nBF,ALL,TEMP,30\nNSUBST,4\nKBC,1\nSOLVE\nTIME,3\nSOLVE\n";

const WORDS: [&str; 14] = [
    "*DO,J,1,1e9\n",
    "*ENDDO\n",
    "\n",
    ",",
    "-1",
    "9999999999",
    "1e308",
    "ALL",
    "$",
    "((((",
    "*IF,1,EQ,1,THEN\n",
    "SOLVE\n",
    "NSEL,S,LOC,X\n",
    "D,1,UX,1,,99999999\n",
];

pub(in crate::formats) fn decks() -> Kind {
    let mut files = vec![SMALL.as_bytes().to_vec()];
    files.extend(references(&[
        "ansys/vm/vm155.dat",
        "ansys/vm/vmr049-pl3a-186.dat",
        "ansys/decks/krylov_pressure_load.cdb",
        "ansys/decks/etblock.cdb",
    ]));
    Kind { path: PATH, files, words: &WORDS, read }
}

fn read(bytes: &[u8]) -> Result<()> {
    let path = Path::new(PATH);
    let deck = reader::parse(path, Lines::new(path, bytes), bytes.len() as u64)?;
    // what a deck makes is bounded by its size and the work that is allowed for it
    let bound = 1_000_000 + 200 * bytes.len();
    assert!(deck.node_ids.len() + deck.elements.nodes.len() + deck.history.fixed.len() < bound);
    assert!(deck.history.steps.len() < bound);
    let _ = deck.groups();
    for material in deck.materials.values() {
        if let Ok(spec) = material.to_spec("m", 0.0) {
            spec.build().map_err(|e| Error::input(path, "", e, "correct it"))?;
        }
    }
    deck.mesh().map(drop)
}
