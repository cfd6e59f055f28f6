//! Ansys decks as cases: what they are computed to against what is published or stored for them.

mod support;

use ferrom::config::Case;
use ferrom::loads::TemperatureHistory;
use ferrom::material::{Input, Material, Output, Status};
use ferrom::parallel::Comm;
use ferrom::store::SnapshotFile;
use std::collections::BTreeMap;
use std::path::Path;
use support::{ferrom, reference, told};

fn solved<T>(deck: &Path, look: impl FnOnce(&SnapshotFile) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run.h5");
    let output =
        ferrom(1, &["solve".as_ref(), deck.as_os_str(), "-o".as_ref(), out.as_os_str(), "-q".as_ref()]);
    assert!(output.status.success(), "{}", told(&output));
    look(&SnapshotFile::open(&Comm::serial(), &out).unwrap())
}

/// Stress at the first integration point at a time.
fn stress(run: &SnapshotFile, t: f64) -> [f64; 6] {
    let k = run.times().iter().position(|x| (x - t).abs() < 1e-9 * t).unwrap();
    run.read_point(&Comm::serial(), k, "sig").unwrap()[..6].try_into().unwrap()
}

fn checked(text: &str) -> Result<Case, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deck.dat");
    std::fs::write(&path, text).unwrap();
    ferrom::config::read_case(&path).map_err(|e| e.message.replace(&*path.to_string_lossy(), "deck.dat"))
}

/// A unit cube pulled along x: its base x = 0 held, its loads as given.
fn cube(material: &str, loads: &str) -> String {
    format!(
        "/PREP7\nET,1,185\nA = 1\n*DO,I,0,1\nN,4*I+1,0,0,I\nN,4*I+2,A,0,I\nN,4*I+3,A,A,I\nN,4*I+4,0,A,I\n*ENDDO\n\
         E,1,2,3,4,5,6,7,8\n{material}\nNSEL,S,LOC,X,0\nD,ALL,UX,0\nNSEL,S,LOC,Y\nD,ALL,UY\nNSEL,S,LOC,Z\nD,ALL,UZ\n\
         NSEL,ALL\n/SOLU\n{loads}\nFINISH\n"
    )
}

const STEEL: &str = "MP,EX,1,200e3\nMP,NUXY,1,0.3";

#[test]
fn chaboche_with_a_rate_meets_the_published_stresses() {
    let Some(deck) = reference("ansys/vm/vm155.dat") else { return };
    solved(&deck, |run| {
        for (t, target) in
            [(910.0, 0.681e9), (940.0, 0.501e9), (960.0, -0.692e9), (990.0, -0.502e9), (1000.0, 0.466e9)]
        {
            let s = stress(run, t)[0];
            println!("t = {t}: {s:.4e}, published {target:.3e}, ratio {:.3}", s / target);
            assert!((s / target - 1.0).abs() < 0.04, "t = {t}: {s:.4e} for {target:.3e}");
        }
    });
}

#[test]
fn perfect_plasticity_in_three_axes_meets_the_benchmark() {
    let Some(deck) = reference("ansys/vm/vmr049-pl3a-186.dat") else { return };
    solved(&deck, |run| {
        for (t, x, y, z) in
            [(1.0, 7.5, 2.5, 2.5), (4.0, 16.365, 19.692, 13.942), (7.0, 17.595, 21.766, 23.138)]
        {
            let s = stress(run, t);
            println!("t = {t}: {s:?}");
            for (s, target) in s.into_iter().zip([x, y, z]) {
                assert!((s / target - 1.0).abs() < 0.02, "t = {t}: {s} for {target}");
            }
        }
    });
}

#[test]
fn a_deck_of_workbench_gives_the_displacements_that_ansys_stored() {
    let Some(deck) = reference("ansys/engineering_data/ds.dat") else { return };
    let file = hdf5::File::open(deck.with_file_name("file.expected.h5")).unwrap();
    let read = |name: &str| file.dataset(name).and_then(|d| d.read_raw::<f64>()).unwrap();
    let sets = file.group("sets").unwrap().member_names().unwrap();
    let ids =
        file.dataset(&format!("sets/{}/nsl/node_id", sets[0])).and_then(|d| d.read_raw::<u64>()).unwrap();
    let stored = read(&format!("sets/{}/nsl/value_global_xyz", sets[0]));
    let width = stored.len() / ids.len();
    solved(&deck, |run| {
        let u = run.read_nodal(&Comm::serial(), run.times().len() - 1, "U").unwrap();
        let (mut worst, mut largest) = (0.0f64, 0.0f64);
        for (i, id) in run.mesh().node_ids.iter().enumerate() {
            let at = ids.iter().position(|x| x == id).unwrap();
            for c in 0..3 {
                largest = largest.max(stored[width * at + c].abs());
                worst = worst.max((stored[width * at + c] - u[3 * i + c]).abs());
            }
        }
        println!("displacement: largest {largest:.4e}, worst difference {:.1e} of it", worst / largest);
        assert!(worst < 1e-9 * largest, "{worst:.3e} of {largest:.3e}");
    });
}

/// Ragged element values of an expected file: of each element, rows of `width`.
fn element_values(file: &hdf5::File, set: &str, name: &str) -> (Vec<i64>, Vec<f64>) {
    let of = format!("sets/{set}/element/{name}");
    let offsets = file.dataset(&format!("{of}/offsets")).and_then(|d| d.read_raw::<i64>()).unwrap();
    (offsets, file.dataset(&format!("{of}/values")).and_then(|d| d.read_raw::<f64>()).unwrap())
}

#[test]
fn strains_of_a_result_give_its_stresses_by_the_law_of_its_material() {
    let Some(path) = reference("ansys/static_nar/file.expected.h5") else { return };
    let file = hdf5::File::open(&path).unwrap();
    let mut sets = file.group("sets").unwrap().member_names().unwrap();
    sets.sort();
    let material_of = file.dataset("elements/mat").and_then(|d| d.read_raw::<u32>()).unwrap();
    let case = ferrom::config::read_case(&path.with_file_name("file.rst")).unwrap();
    let law = |name: &str| {
        let of = |m: &&ferrom::structure::MaterialEntry| m.set.as_deref() == Some(name);
        case.materials.iter().find(of).unwrap().material.build().unwrap()
    };
    let materials: BTreeMap<u32, Material> =
        material_of.iter().map(|&m| (m, law(&format!("mat{m}")))).collect();
    let n_state = 7;
    let mut states: Vec<f64> = Vec::new();
    let (mut worst_s, mut worst_p, mut scale) = (0.0f64, 0.0f64, 0.0f64);
    for set in &sets {
        let (offsets, eel) = element_values(&file, set, "EEL");
        let ((plastic_at, epl), (stress_at, ens), (line_at, enl)) = (
            element_values(&file, set, "EPL"),
            element_values(&file, set, "ENS"),
            element_values(&file, set, "ENL"),
        );
        let n: usize = eel.len() / 7;
        states.resize(n * n_state, 0.0);
        let mut row = 0;
        for e in 0..offsets.len() - 1 {
            let law = materials[&material_of[e]].law();
            for corner in 0..(offsets[e + 1] - offsets[e]) as usize / 7 {
                let plastic =
                    (plastic_at[e + 1] > plastic_at[e]).then(|| plastic_at[e] as usize + 7 * corner);
                let strain: [f64; 6] = std::array::from_fn(|k| {
                    eel[offsets[e] as usize + 7 * corner + k] + plastic.map_or(0.0, |at| epl[at + k])
                });
                let at = n_state * row..n_state * (row + 1);
                row += 1;
                let (mut state, mut stress) = (vec![0.0; n_state], [0.0; 6]);
                let output = Output { state: &mut state, stress: &mut stress, tangent: None };
                let status = law.update(Input::new(1.0, &strain, &[0.0], &states[at.clone()]), output);
                assert_eq!(status, Status::Done);
                states[at].copy_from_slice(&state);
                for k in 0..6 {
                    let stored = ens[stress_at[e] as usize + 6 * corner + k];
                    scale = scale.max(stored.abs());
                    worst_s = worst_s.max((stress[k] - stored).abs());
                }
                if line_at[e + 1] > line_at[e] {
                    worst_p = worst_p.max((state[0] - enl[line_at[e] as usize + 10 * corner + 3]).abs());
                }
            }
        }
    }
    println!("stress: {:.1e} of the largest; p: {worst_p:.1e}", worst_s / scale);
    assert!(worst_s < 1e-6 * scale && worst_p < 1e-8);
}

#[test]
fn loads_of_load_steps_ramp_and_jump_as_kbc_says() {
    let loads =
        "NSUBST,4\nTIME,2\nNSEL,S,LOC,X,1\nF,ALL,FX,10\nNSEL,ALL\nSOLVE\nKBC,1\nTIME,3\nF,3,FX,30\nSOLVE";
    let case = checked(&cube(STEEL, loads)).unwrap();
    assert_eq!((case.time.times, case.time.increments), (vec![2.0, 3.0], vec![4, 4]));
    let first = &case.loading.tables["F_X_1"];
    assert_eq!((&first.times[..], &first.values[..]), (&[0.0, 2.0, 3.0][..], &[0.0, 10.0, 10.0][..]));
    let second = &case.loading.tables["F_X_2"];
    assert_eq!(
        (&second.times[..], &second.values[..]),
        (&[0.0, 2.0, 2.25, 3.0][..], &[0.0, 10.0, 30.0, 30.0][..])
    );
    assert_eq!(case.loading.prescribed.len(), 3);
}

/// The cube's face x = 1 at 120 where TREF is 20, by nodes, by a block of nodes, and by the places of the element; the
/// temperature goes there linearly, and back to 20 everywhere in the second load step.
#[test]
fn temperatures_of_nodes_and_of_elements_are_one_history() {
    let nodes = "BF,2,TEMP,120\nBF,3,TEMP,120\nNSEL,S,LOC,X,1\nNSEL,R,LOC,Z,1\nBF,ALL,TEMP,120\nALLSEL";
    let block = "BFBLOCK,1,TEMP,8,4\n(i9,6(pg20.9))\n        2     120.000000000\n        3 1.200000000E+02\n        6  \
                 120.000000000\n        7     120.000000000\nBF,end,loc,-1";
    let element = "BFE,1,TEMP,1,20,120,120,20\nBFE,ALL,TEMP,5,20,120,120,20";
    for hot in [nodes, block, element] {
        let loads = format!("TREF,20\nTIME,2\n{hot}\nSOLVE\nTIME,3\nBF,ALL,TEMP,20\nBFE,1,TEMP,1,20\nSOLVE");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deck.dat");
        let cold = if hot == element {
            "BFE,1,TEMP,1,20,20,20,20\nBFE,1,TEMP,5,20,20,20,20"
        } else {
            "BF,ALL,TEMP,20"
        };
        let text = cube(STEEL, &loads.replace("BF,ALL,TEMP,20\nBFE,1,TEMP,1,20", cold));
        std::fs::write(&path, text).unwrap();
        let case = ferrom::config::read_case(&path).unwrap();
        let all: Vec<u64> = (0..8).collect();
        let mut history = TemperatureHistory::at_nodes(&case.loading, &all, 8).unwrap();
        let mut found = vec![0.0; 8];
        for (t, wanted) in [(0.0, 20.0), (1.0, 70.0), (2.0, 120.0), (2.5, 70.0), (3.0, 20.0)] {
            history.evaluate(t, &mut found);
            let hot = [20.0, wanted, wanted, 20.0, 20.0, wanted, wanted, 20.0];
            assert!(found.iter().zip(hot).all(|(a, b)| (a - b).abs() < 1e-12), "t = {t}: {found:?}");
        }
    }
}

#[test]
fn a_temperature_that_jumps_between_elements_is_refused() {
    let two = "N,9,2,0,0\nN,10,2,1,0\nN,11,2,0,1\nN,12,2,1,1\nE,2,9,10,3,6,11,12,7\nBFE,1,TEMP,1,50\nBFE,2,TEMP,1,60";
    let told = checked(&cube(STEEL, two)).unwrap_err();
    assert!(
        told.contains(
            "node 2 has the temperature 50 in element 1 and 60 in element 2; temperatures are continuous"
        ),
        "{told}"
    );
    assert!(checked(&cube(STEEL, &two.replace("60", "50"))).is_ok());
}

#[test]
fn a_pressure_on_a_face_of_a_cube_gives_its_stress() {
    let dir = tempfile::tempdir().unwrap();
    let deck = dir.path().join("cube.cdb");
    std::fs::write(&deck, cube(STEEL, "SFE,1,4,PRES,1,-50,-50,-50,-50")).unwrap();
    let wrong = checked(&std::fs::read_to_string(&deck).unwrap().replace("-50,-50,-50,-50", "1,2,3,4"));
    assert!(wrong.unwrap_err().contains("line 21: a pressure that varies over a face is not supported"));
    // face 3 is J-K-O-N: x = 1
    std::fs::write(&deck, cube(STEEL, "SFE,1,3,PRES,1,-50,-50,-50,-50")).unwrap();
    solved(&deck, |run| {
        let s = stress(run, 1.0);
        assert!((s[0] - 50.0).abs() < 1e-9 && s[1].abs() < 1e-9, "{s:?}");
    });
}

#[test]
fn what_a_case_may_not_leave_out_is_refused_by_name_and_line() {
    for (material, loads, wanted) in [
        (STEEL, "CP,1,UX,ALL", "deck.dat, line 21: CP is not supported"),
        (STEEL, "NSEL,S,EXT\nD,ALL,UX,1", "a load on what NSEL,S,EXT (line 21) selects is not supported"),
        (STEEL, "ANTYPE,MODAL\nSOLVE", "line 22: ANTYPE,MODAL, an analysis that is not static,"),
        (STEEL, "BFE,1,TEMP,1,%hot%", "line 21: BFE,1,TEMP,1,%hot% is not supported"),
        (STEEL, "BF,HOT,TEMP,20", "line 21: BF,HOT,TEMP,20 is not supported"),
        (STEEL, "BF,1,FLUE,20", "line 21: BF,1,FLUE,20 is not supported"),
        (STEEL, "BFEBLOCK,1,TEMP,1,1", "line 21: BFEBLOCK is not supported"),
        (STEEL, "SOLVE\nD,7,UX,1\nSOLVE", "D on a displacement that was free in a load step before"),
        (STEEL, "D,2,UX,UNKNOWN", "line 21: D,2,UX,UNKNOWN is not supported"),
        (
            "KEYOPT,1,3,1\nMP,EX,1,1",
            "",
            "element type 1 (SOLID185) with KEYOPT(3) = 1 (layered) is not supported; mesh it with SOLID185",
        ),
        ("ET,1,190\nMP,EX,1,1", "", "element type 1 (SOLSH190) is not supported"),
        (
            "KEYOPT,1,2,3\nMP,EX,1,1",
            "",
            "element type 1 (SOLID185) has simplified enhanced strains (KEYOPT(2) = 3), which is not supported",
        ),
        ("MP,NUXY,1,0.3", "", "mat1 has no MP,EX"),
        ("MP,EX,1,1\nTB,RATE,1,,9,ANAND", "", "line 12: material 1: TB,RATE,ANAND is not supported"),
        ("MP,EX,1,1\nTB,HYPER,1", "", "line 12: material 1: TB,HYPE is not supported"),
    ] {
        let told = checked(&cube(material, loads)).unwrap_err();
        assert!(told.contains(wanted), "{told}");
    }
}
