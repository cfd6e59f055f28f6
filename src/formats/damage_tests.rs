//! Files of every kind that were changed at random are read or refused in a sentence: no panic, no hang, no allocation that
//! their size does not justify. Those of Ansys' results: `tests/ansys_results_mutations.rs`.
//!
//! `FERROM_MUTATIONS=1000000 FERROM_FORMAT=a.frd cargo test --release --lib as_many_damaged -- --ignored` runs as many cases of
//! the kind that is read as `a.frd`; without `FERROM_FORMAT`, of each kind.

use super::mutate::Kind;
use super::{ansys, calculix, gmsh, vtk, zset};

fn kinds() -> [Kind; 9] {
    [
        ansys::damage_tests::decks(),
        calculix::damage_tests::decks(),
        calculix::frd::damage_tests::results(),
        calculix::frd::damage_tests::prints(),
        gmsh::tests::meshes(),
        vtk::tests::meshes(),
        zset::damage_tests::text_meshes(),
        zset::damage_tests::binary_meshes(),
        zset::damage_tests::inputs_and_materials(),
    ]
}

/// So many of each kind, or of the one named.
fn damaged(cases: u32, only: Option<&str>) {
    for kind in kinds().into_iter().filter(|k| only.is_none_or(|o| o == k.path)) {
        eprint!("{}: ", kind.path);
        kind.run(cases);
    }
    // an index and the binary files that it names
    if only.is_none_or(|o| o == "r.ut") {
        eprint!("r.ut: ");
        zset::damage_tests::results(cases);
    }
}

#[test]
fn damaged_files_are_read_or_refused() {
    let results = [calculix::frd::damage_tests::results(), calculix::frd::damage_tests::prints()];
    for kind in results.into_iter().chain([calculix::damage_tests::decks()]) {
        (kind.read)(&kind.files[0]).unwrap();
    }
    damaged(2000, None);
}

#[test]
#[ignore = "as many cases as FERROM_MUTATIONS says"]
fn as_many_damaged_files_as_asked_for_are_read_or_refused() {
    let cases = std::env::var("FERROM_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    damaged(cases, std::env::var("FERROM_FORMAT").ok().as_deref());
}
