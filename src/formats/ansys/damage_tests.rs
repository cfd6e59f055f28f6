//! Decks that were changed at random are read or refused: no panic, no hang.
//!
//! `FERROM_MUTATIONS=1000000 cargo test --release ansys::damage -- --ignored` runs as many cases.

use super::lines::Lines;
use super::reader;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::Path;
use std::sync::OnceLock;

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

fn decks() -> &'static [Vec<u8>] {
    static DECKS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    DECKS.get_or_init(|| {
        let root = std::env::var_os("FERROM_REFERENCE").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"),
            std::path::PathBuf::from,
        );
        let mut decks = vec![SMALL.as_bytes().to_vec()];
        for name in
            ["vm/vm155.dat", "vm/vmr049-pl3a-186.dat", "decks/krylov_pressure_load.cdb", "decks/etblock.cdb"]
        {
            match std::fs::read(root.join("ansys").join(name)) {
                Ok(bytes) => decks.push(bytes),
                Err(_) => eprintln!("{name} of the reference is not there: one deck less"),
            }
        }
        decks
    })
}

/// Where (share of the length), what, with what.
type Change = (f64, u8, u8);

fn damaged(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
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
    let mut b = bytes.to_vec();
    for &(share, action, byte) in changes {
        let at = (share * b.len() as f64) as usize;
        match action {
            _ if at >= b.len() => {}
            0 => b.truncate(at),
            1 => b[at] = byte,
            2 => drop(b.remove(at)),
            3 => b[at] = b"*-+ \n0199.e,()=$"[byte as usize % 16],
            4 => {
                // a line twice
                let end = b[at..].iter().position(|c| *c == b'\n').map_or(b.len(), |n| at + n + 1);
                let copy = b[at..end].to_vec();
                b.splice(at..at, copy);
            }
            _ => drop(b.splice(at..at, WORDS[byte as usize % WORDS.len()].bytes())),
        }
    }
    b
}

fn read(bytes: &[u8]) {
    let path = Path::new("deck.dat");
    let Ok(deck) = reader::parse(path, Lines::new(path, bytes), bytes.len() as u64) else { return };
    // what a deck makes is bounded by its size and the work that is allowed for it
    let bound = 1_000_000 + 200 * bytes.len();
    assert!(deck.node_ids.len() + deck.elements.nodes.len() + deck.history.fixed.len() < bound);
    assert!(deck.history.steps.len() < bound);
    let _ = deck.groups();
    let _ = deck.mesh();
    for material in deck.materials.values() {
        let _ = material.to_spec("m", 0.0).map(|s| s.build());
    }
}

fn run(cases: u32) {
    let changes =
        (any::<prop::sample::Index>(), proptest::collection::vec((0.0..1.0f64, 0u8..7, any::<u8>()), 1..6));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&changes, |(deck, changes)| {
        read(&damaged(&decks()[deck.index(decks().len())], &changes));
        Ok(())
    });
    if let Err(e) = checked {
        panic!("{e}");
    }
}

#[test]
fn damaged_decks_are_read_or_refused() {
    read(SMALL.as_bytes());
    run(3000);
}

#[test]
#[ignore = "as many cases as FERROM_MUTATIONS says"]
fn a_million_damaged_decks_are_read_or_refused() {
    let cases = std::env::var("FERROM_MUTATIONS").ok().and_then(|n| n.parse().ok());
    run(cases.unwrap_or(1_000_000));
}
