//! A reduced system of any size without a mesh: elastoviscoplastic points whose modes are seeded noise.

use super::patch::noise;
use ferrom::loads::{Amplitude, Loading, Table, TemperatureHistory};
use ferrom::material::chaboche::{Chaboche, ChabocheSpec, FlowKind, KinematicTerm};
use ferrom::material::{Law, Material};
use ferrom::parallel::Comm;
use ferrom::rom::online::{NewtonTolerances, ReducedPoints, ReducedSystem};
use ferrom::structure::PointSet;
use std::collections::BTreeMap;

/// The elastoviscoplastic law of the Z-set reference cases.
pub fn norton() -> ChabocheSpec {
    ChabocheSpec {
        r0: 10.0.into(),
        kinematic: vec![KinematicTerm { c: 1e5.into(), d: 1e3.into() }],
        flow: FlowKind::Norton,
        k: Some(300.0.into()),
        n: Some(30.0.into()),
        ..ChabocheSpec::new(2e5, 0.3)
    }
}

fn points(points: usize, modes: usize, weight: f64) -> ReducedPoints {
    let law = Chaboche::new(norton()).expect("a law");
    let material = Material::new("evp", Box::new(law), None, 0.0, BTreeMap::new()).expect("a material");
    let set = PointSet::new(vec![material], &vec![0; points]);
    let rows = (0..6 * points * modes).map(|i| noise(i as u64)).collect();
    let places: Vec<u64> = (0..points as u64).collect();
    let temperature =
        TemperatureHistory::at_nodes(&Loading::default(), &places, points as u64).expect("no temperature");
    let temperature = temperature.mapped(|_| vec![0.0; points]);
    ReducedPoints::new(set, rows, vec![weight; points], temperature)
}

/// `modes` modes at `n` points under a load that grows with time; at t = 1 most points flow.
pub fn system(comm: &Comm, modes: usize, n: usize) -> ReducedSystem<'_> {
    let active = points(n, modes, 1.0 / n as f64);
    let mut c = [0.0; 36];
    Chaboche::new(norton()).expect("a law").elasticity(0.0, &mut c);
    // the load under which an elastic structure has strains of about 3e-3
    let target: Vec<f64> = (0..modes).map(|i| 6e-3 / (modes as f64).sqrt() * noise(7 * i as u64)).collect();
    let mut load = vec![0.0; modes];
    for (k, rows) in active.strain_rows.chunks_exact(6 * modes).enumerate() {
        let strain: Vec<f64> =
            rows.chunks_exact(modes).map(|row| row.iter().zip(&target).map(|(a, b)| a * b).sum()).collect();
        for (i, row) in rows.chunks_exact(modes).enumerate() {
            let stress: f64 = (0..6).map(|j| c[6 * i + j] * strain[j]).sum();
            load.iter_mut().zip(row).for_each(|(f, e)| *f += active.weights[k] * e * stress);
        }
    }
    let ramp = Table { times: vec![0.0, 1.0], values: vec![0.0, 1.0], cycle: None };
    let loads = vec![(load, Amplitude { table: Some(ramp), squared: false })];
    let tolerances = NewtonTolerances { tolerance: 1e-6, max_iterations: 25, min_step: 1e-3 };
    ReducedSystem::new(comm, modes, active, points(0, modes, 0.0), loads, Vec::new(), tolerances)
}
