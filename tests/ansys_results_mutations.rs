//! Damaged result files of Ansys: whatever is wrong in one, it is read to its end or refused in a sentence; nothing
//! panics, and nothing is allocated that the size of the file does not allow.
//!
//! `FERROM_MUTATIONS=1000000 cargo test --release --test ansys_results_mutations` tries so many (default: 3000).

mod support;

use ferrom::error::Result;
use ferrom::formats::ansys::rst::{ElementRecord, NodalKind, Rst, RstResults};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::collections::HashMap;
use std::path::Path;
use support::rst::{Encoding, Model};

/// Reads all that there is.
fn exercise(bytes: Vec<u8>) -> Result<()> {
    let rst = Rst::of_bytes(Path::new("file.rst"), bytes)?;
    // each of these may fail for itself: the others are tried all the same
    let mut outcomes = vec![rst.nodes_of_all_parts().map(|_| ()), rst.visit_nodes(|_| Ok(()))];
    outcomes.push(rst.read_elements().map(|_| ()));
    outcomes.push(rst.components().map(|_| ()));
    outcomes.push(rst.materials().map(|_| ()));
    let sets = rst.sets.len().min(3);
    for set in 0..sets {
        outcomes.extend(NodalKind::ALL.map(|kind| rst.nodal(set, kind).map(|_| ())));
        outcomes.push(rst.reactions(set).map(|_| ()));
        outcomes.push(rst.constraints(set).map(|_| ()));
        outcomes.push(rst.element_table(set).and_then(|table| {
            let Some(table) = table else { return Ok(()) };
            rst.visit_records(&table, None, &ElementRecord::ALL, |_, _, _| Ok(()))
        }));
    }
    let results = RstResults::of_parts(vec![rst])?;
    results.check_history()?;
    outcomes.push(results.case_deck().map(|_| ()));
    let deck = results.deck()?;
    // not every file has temperatures
    (0..sets).for_each(|set| drop(results.temperatures(set)));
    let mesh = deck.mesh()?;
    let quantities = results.point_quantities(&deck, &mesh)?;
    for set in 0..sets {
        outcomes.push(results.displacement(set, &mesh.node_ids, &HashMap::new()).map(|_| ()));
        for (name, _) in &quantities {
            outcomes.push(results.points(set, name, &mesh.element_ids).map(|_| ()));
        }
    }
    outcomes.into_iter().collect()
}

/// What is done to a file; places are shares of the words that are not 0.
#[derive(Debug, Clone)]
enum Damage {
    Bit(prop::sample::Index, u8),
    Word(prop::sample::Index, i32),
    Truncate(prop::sample::Index),
    Splice(prop::sample::Index, prop::sample::Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let word = prop_oneof![
        any::<i32>(),
        -8..300i32,
        prop::sample::select(vec![0, -1, i32::MIN, i32::MAX, 1 << 30, 0x1000_0000, 0x1800_0000, 0x0800_0000])
    ];
    prop_oneof![
        4 => (at(), 0..32u8).prop_map(|(i, bit)| Damage::Bit(i, bit)),
        4 => (at(), word).prop_map(|(i, w)| Damage::Word(i, w)),
        1 => at().prop_map(Damage::Truncate),
        2 => (at(), at(), 1..64u8).prop_map(|(a, b, n)| Damage::Splice(a, b, n)),
    ]
}

struct Seed {
    bytes: Vec<u8>,
    /// Words that are not 0, those of the headers four times.
    words: Vec<usize>,
}

impl Seed {
    fn new(bytes: Vec<u8>) -> Seed {
        let there: Vec<usize> =
            bytes.chunks_exact(4).enumerate().filter(|(_, w)| *w != [0; 4]).map(|(i, _)| i).collect();
        let first: Vec<usize> = there.iter().copied().filter(|&w| w < 190).collect();
        let repeat = there.len() / (3 * first.len().max(1));
        let words = there.iter().copied().chain(first.repeat(repeat)).collect();
        Seed { bytes, words }
    }

    fn damaged(&self, damages: &[Damage]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for damage in damages {
            let place = |i: &prop::sample::Index| 4 * self.words[i.index(self.words.len())];
            match damage {
                Damage::Bit(i, bit) => {
                    if let Some(byte) = bytes.get_mut(place(i) + usize::from(bit / 8)) {
                        *byte ^= 1 << (bit % 8);
                    }
                }
                Damage::Word(i, value) => {
                    let at = place(i);
                    if let Some(word) = bytes.get_mut(at..at + 4) {
                        word.copy_from_slice(&value.to_le_bytes());
                    }
                }
                Damage::Truncate(i) => bytes.truncate(place(i)),
                Damage::Splice(from, to, words) => {
                    let (from, to, n) = (place(from), place(to), 4 * usize::from(*words));
                    if from.max(to) + n <= bytes.len() {
                        bytes.copy_within(from..from + n, to);
                    }
                }
            }
        }
        bytes
    }
}

fn seeds() -> Vec<Seed> {
    let mut mixed = Model::cube(Encoding::Sparse, &[1.0]);
    mixed.sets[0].dofs = vec![1, 2, 3, 4, 5, 6];
    mixed.sets[0].values = (0..48).map(f64::from).collect();
    mixed.sets[0].blocks = Some(vec![3, 3]);
    let mut seeds = vec![
        Seed::new(Model::cube(Encoding::Plain, &[1.0, 2.0]).bytes()),
        Seed::new(Model::cube(Encoding::Sparse, &[1.0, 2.0]).bytes()),
        Seed::new(Model { old: true, ..Model::cube(Encoding::Sparse, &[1.0]) }.bytes()),
        Seed::new(mixed.bytes()),
    ];
    for name in [
        "static_nar",
        "extrapolate_ref",
        "muscat_tet10",
        "temp_v13",
        "mixed_shell_solid",
        "all_element_types",
    ] {
        let Some(path) = support::reference(&format!("ansys/{name}/file.rst")) else { break };
        seeds.push(Seed::new(std::fs::read(path).expect("the file is read")));
    }
    seeds
}

#[test]
fn damaged_files_are_read_or_refused_in_a_sentence() {
    let cases = std::env::var("FERROM_MUTATIONS").ok().and_then(|v| v.parse().ok()).unwrap_or(3000);
    let seeds = seeds();
    for seed in &seeds {
        // undamaged, all of it can be read; some hold elements that a mesh cannot have
        if let Err(e) = exercise(seed.bytes.clone()) {
            assert!(e.message.contains("not supported") || e.message.contains("no file"), "{e}");
        }
    }
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    // half of the cases damage the small files, where every word counts
    let small = 0..4usize;
    let any_seed = 0..seeds.len();
    let strategy = (prop_oneof![small, any_seed], prop::collection::vec(damage(), 1..6));
    let counts = std::cell::RefCell::new((0u64, 0u64));
    let outcome = runner.run(&strategy, |(which, damages)| {
        let bytes = seeds[which].damaged(&damages);
        match exercise(bytes) {
            Ok(()) => counts.borrow_mut().0 += 1,
            Err(e) => {
                counts.borrow_mut().1 += 1;
                let sentence = e.message.starts_with("file.rst")
                    && e.message.lines().count() == 1
                    && e.message.contains("; ");
                if !sentence {
                    return Err(TestCaseError::fail(format!("no sentence: {e}")));
                }
            }
        }
        Ok(())
    });
    if let Err(e) = outcome {
        panic!("{e}");
    }
    let (read, refused) = counts.into_inner();
    eprintln!("{read} read, {refused} refused; peak memory {} MB", ferrom::parallel::peak_memory() / 1e6);
    assert!(refused > read / 10 && read > 0);
    // far below what one wrong count would ask for
    assert!(ferrom::parallel::peak_memory() < 4e8);
}
