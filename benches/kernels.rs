//! Times of the kernels: `cargo bench`, or `cargo bench -- NAME` for some. Seeded inputs, one thread.
//!
//! Whole commands against other programs are timed by `scripts/bench.sh`.

#[path = "../tests/support/mod.rs"]
mod support;

use divan::{Bencher, black_box};
use ferrom::fem::{ElementWork, Geometry};
use ferrom::material::chaboche::{Chaboche, ChabocheSpec, FlowKind};
use ferrom::material::creep::{Creep, CreepSpec, Hardening};
use ferrom::material::{Input, Law, Output, Status};
use ferrom::mesh::ElementKind;
use ferrom::parallel::Comm;
use ferrom::rom::cubature::{Factored, Options, Problem, global};
use ferrom::rom::dense::{combine, transposed_product};
use ferrom::rom::online::advance;
use ferrom::rom::pod::{Diagonal, Truncation, pod_gram};
use ferrom::store::{MatrixFile, MatrixWriter};
use support::patch::noise;
use support::reduced;

fn main() {
    divan::main();
}

fn seeded(n: usize, scale: f64) -> Vec<f64> {
    (0..n).map(|i| scale * noise(i as u64)).collect()
}

/// One call of a law with tangent at 128 points; strains of `amplitude` after a first step of half of them.
fn law(bencher: Bencher, law: &dyn Law, amplitude: f64) {
    const POINTS: usize = 128;
    let n = law.n_state();
    let (temperature, mut virgin) = (vec![20.0; POINTS], vec![0.0; n * POINTS]);
    virgin.chunks_exact_mut(n).for_each(|s| law.initial_state(s));
    let (mut state, mut new) = (virgin.clone(), virgin.clone());
    let (mut stress, mut tangent) = (vec![0.0; 6 * POINTS], vec![0.0; 36 * POINTS]);
    let half = seeded(6 * POINTS, 0.5 * amplitude);
    let output = Output { state: &mut state, stress: &mut stress, tangent: None };
    assert_eq!(law.update(Input::new(0.2, &half, &temperature, &virgin), output), Status::Done);
    let strain = seeded(6 * POINTS, amplitude);
    bencher.counter(divan::counter::ItemsCount::new(POINTS)).bench_local(|| {
        let output = Output { state: &mut new, stress: &mut stress, tangent: Some(&mut tangent) };
        law.update(Input::new(0.2, &strain, &temperature, black_box(&state)), output)
    });
}

#[divan::bench]
fn law_elastic(bencher: Bencher) {
    law(bencher, &Chaboche::new(reduced::norton()).expect("a law"), 1e-5);
}

#[divan::bench]
fn law_norton(bencher: Bencher) {
    law(bencher, &Chaboche::new(reduced::norton()).expect("a law"), 3e-3);
}

#[divan::bench]
fn law_plastic(bencher: Bencher) {
    let spec = ChabocheSpec { flow: FlowKind::Plastic, k: None, n: None, ..reduced::norton() };
    law(bencher, &Chaboche::new(spec).expect("a law"), 3e-3);
}

#[divan::bench]
fn law_creep(bencher: Bencher) {
    let spec = CreepSpec {
        young: 1e5.into(),
        poisson: 0.3.into(),
        a: 1e-10.into(),
        n: 3.5.into(),
        m: 0.4.into(),
        hardening: Hardening::Strain,
    };
    law(bencher, &Creep::new(spec).expect("a law"), 3e-3);
}

#[divan::bench]
fn strains_of_1000_hexahedra(bencher: Bencher) {
    let mesh = support::bar::bar(ElementKind::C3d8, [10, 10, 10], [1.0; 3], 0.1);
    let geometry = Geometry::new(&mesh).expect("a geometry");
    let u = seeded(3 * mesh.points.len(), 1e-3);
    let mut strain = vec![0.0; 6 * geometry.n_points()];
    bencher.bench_local(|| geometry.strain(&mesh, black_box(&u), &mut strain));
}

#[divan::bench]
fn stiffness_of_1000_hexahedra(bencher: Bencher) {
    let mesh = support::bar::bar(ElementKind::C3d8, [10, 10, 10], [1.0; 3], 0.1);
    let geometry = Geometry::new(&mesh).expect("a geometry");
    let mut c = [0.0; 36];
    Chaboche::new(reduced::norton()).expect("a law").elasticity(0.0, &mut c);
    let tangent = c.repeat(geometry.n_points());
    let mut work = ElementWork::default();
    bencher.bench_local(|| {
        (0..mesh.n_elements()).for_each(|e| geometry.stiffness(&mesh, e, black_box(&tangent), &mut work));
    });
}

#[divan::bench]
fn gram_product_of_100_columns_of_1024(bencher: Bencher) {
    let (a, mut gram) = (seeded(100 * 1024, 1.0), vec![0.0; 100 * 100]);
    bencher.bench_local(|| {
        transposed_product(1024, black_box(&a), 100, 1024, &a, 100, 1024, false, black_box(&mut gram));
    });
}

#[divan::bench]
fn pod_of_40_snapshots_of_50000(bencher: Bencher) {
    let waves = |s: usize| -> Vec<f64> {
        (0..50_000).map(|i| ((1.0 + s as f64 * 0.2) * i as f64 * 1e-4).sin()).collect()
    };
    let snapshots: Vec<Vec<f64>> = (0..40).map(waves).collect();
    let ids: Vec<u64> = (0..50_000).collect();
    let comm = Comm::serial();
    let truncation = Truncation::new(1e-6);
    bencher.bench_local(|| pod_gram(&comm, black_box(&snapshots[..]), &Diagonal::Identity, &ids, truncation));
}

#[divan::bench]
fn cubature_of_200_functions_at_4000_points(bencher: Bencher) {
    const POINTS: usize = 4000;
    let wave = |width: usize| -> Vec<f64> {
        let at = |i: usize| ((i % width) as f64 * 0.37 + 1.0) * (i / width) as f64 * 4e-4;
        (0..6 * POINTS * width).map(|i| at(i).sin()).collect()
    };
    let (strain, stress) = (wave(10), wave(20));
    let integrands = Factored::new(POINTS, 10, &strain, 20, &stress);
    let ids: Vec<u64> = (0..POINTS as u64).collect();
    let elements: Vec<u64> = ids.iter().map(|k| k / 8).collect();
    let weights = vec![1.0 / POINTS as f64; POINTS];
    let problem = Problem { integrands: &integrands, weights: &weights, ids: &ids, elements: &elements };
    let comm = Comm::serial();
    bencher.bench_local(|| global(&comm, black_box(&problem), &Options::new(1e-3)));
}

/// One increment: about four evaluations.
#[divan::bench(args = [(10, 88), (60, 1500)])]
fn reduced_increment(bencher: Bencher, (modes, points): (usize, usize)) {
    let comm = Comm::serial();
    let mut system = reduced::system(&comm, modes, points);
    let mut before = system.virgin();
    advance(&mut system, &mut before, 0.5).expect("half of the load");
    bencher
        .with_inputs(|| before.clone())
        .bench_local_values(|mut state| advance(&mut system, &mut state, black_box(0.6)));
}

/// Fields of 13 components at 1,728 points from 10 modes.
#[divan::bench]
fn rebuild_13_fields(bencher: Bencher) {
    let columns: Vec<Vec<f64>> = (0..10).map(|k| seeded(13 * 1728, 1.0 + f64::from(k))).collect();
    let c = seeded(10, 1.0);
    let mut field = vec![0.0; 13 * 1728];
    bencher.bench_local(|| combine(black_box(&columns), &c, &mut field));
}

#[divan::bench]
fn write_and_read_8_megabytes_of_hdf5(bencher: Bencher) {
    let comm = Comm::serial();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("matrix.h5");
    let values = seeded(1000 * 1000, 1.0);
    bencher.bench_local(|| -> ferrom::Result<f64> {
        let mut out = MatrixWriter::create(&comm, &path)?;
        out.whole(&comm, "a", &[1000, 1000], &values)?;
        out.commit(&comm)?;
        let file = MatrixFile::open(&path)?;
        let mut sum = 0.0;
        for row in 0..1000 {
            file.row_pieces("a", row, 0..1000, |_, piece| sum += piece[0])?;
        }
        Ok(sum)
    });
}
