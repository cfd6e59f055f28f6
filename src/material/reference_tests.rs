//! Laws driven by the strains that Z-set stored give the stresses and the cumulated strain that it stored.

use super::testing::zset;
use super::{Material, MaterialSpec, MaterialWorkspace, Output, Status, Step};

/// The elastoviscoplastic material of the cases.
const EVP: &str = "
    name = 'evp'
    law = 'chaboche'
    young = 2e5
    poisson = 0.3
    R0 = 10
    kinematic = [{ C = 1e5, D = 1000 }]
    flow = 'norton'
    K = 300
    n = 30
    thermal = { alpha = 2e-5, reference = 20 }
    aliases = { p = 'evrcum', evp = 'evri' }";

const MISES: &str = "
    name = 'mises'
    law = 'chaboche'
    young = 2e5
    poisson = 0.2
    R0 = 10
    H = 100
    lag = 0.999
    aliases = { p = 'epcum', evp = 'epi' }";

const ELASTIC: &str = "
    name = 'elastic'
    law = 'elastic'
    young = 3e5
    poisson = 0.3";

/// The temperature goes from the first map to the second and back.
const MAPS: [&str; 2] = ["temperature1", "temperature2"];

fn material(text: &str) -> Material {
    toml::from_str::<MaterialSpec>(text).unwrap().build().unwrap()
}

/// Largest errors over all times: of the stress over the largest stress, and of p; and the largest p.
fn drive(material: &Material, result: &zset::Result, elements: &[usize]) -> (f64, f64, f64) {
    let points = 8 * elements.len();
    let n_state = material.law().n_state();
    let mut state = vec![0.0; points * n_state];
    let mut new = state.clone();
    let mut stress = vec![0.0; 6 * points];
    let mut workspace = MaterialWorkspace::default();
    let initial = result.temperature(0, elements);
    let (mut error, mut size, mut error_p, mut largest_p) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    for time in 1..result.times.len() {
        let step = Step {
            dt: result.times[time] - result.times[time - 1],
            strain: &result.tensor(time, elements, "eto", 2.0),
            temperature: &result.temperature(time, elements),
            initial_temperature: &initial,
            state: &state,
            strain0: None,
            temperature0: None,
            time0: 0.0,
            sites: None,
        };
        let output = Output { state: &mut new, stress: &mut stress, tangent: None };
        assert_eq!(material.update(&mut workspace, step, output), Status::Done);
        std::mem::swap(&mut state, &mut new);
        let stored = result.tensor(time, elements, "sig", 1.0);
        for (a, b) in stress.iter().zip(&stored) {
            error = error.max((a - b).abs());
            size = size.max(b.abs());
        }
        if n_state > 0 {
            for (k, b) in result.scalar(time, elements, material.source_name("p")).iter().enumerate() {
                error_p = error_p.max((state[k * n_state] - b).abs());
                largest_p = largest_p.max(*b);
            }
        }
    }
    (error / size, error_p, largest_p)
}

fn check(case: &str, name: &str, maps: [&str; 2], text: &str, set: Option<&str>, tolerances: (f64, f64)) {
    let Some(folder) = zset::folder(case) else { return };
    let result = zset::Result::read(&folder, name, maps);
    let elements = set.map_or_else(|| (0..result.elements).collect(), |set| result.set(set));
    assert!(!elements.is_empty());
    let (stress, p, largest) = drive(&material(text), &result, &elements);
    println!("{case} {name} {set:?}: stress {stress:.1e} of the largest, p {p:.1e} of {largest:.1e}");
    assert!(stress <= tolerances.0 && p <= tolerances.1, "{case}: stress {stress:e}, p {p:e}");
}

#[test]
fn viscoplasticity_under_temperature_pressure_and_rotation_agrees() {
    check("MecaSequential", "cube", MAPS, EVP, None, (4e-7, 5e-9));
}

#[test]
fn both_materials_of_a_bimaterial_agree() {
    check("MecaSequentialBiMat", "cube", MAPS, EVP, Some("EVP"), (6e-7, 5e-9));
    check("MecaSequentialBiMat", "cube", MAPS, ELASTIC, Some("ELAS"), (2e-7, 0.0));
}

#[test]
fn time_independent_plasticity_agrees_with_the_lag() {
    // p reaches 3.6: half a unit in the last place of a stored value is 1.2e-7, and the stored strains are rounded too.
    check("MecaSequentialSimpleMises", "cube", MAPS, MISES, None, (3e-5, 3e-7));
}

#[test]
fn both_subdomains_of_a_nearly_elastic_case_agree() {
    for part in ["-001", "-002"] {
        let map = format!("temperature1{part}");
        check("MecaParallel", &format!("cube{part}"), [&map, &map], EVP, None, (3e-6, 5e-9));
    }
}
