//! Modes, cubature, interpolation points and gappy fits do not depend on the number of ranks.
//!
//! The binary runs itself under `mpirun -n 1, 2, 3` and compares what rank 0 prints: bit patterns where the algorithm
//! promises bits (points and weights of the global cubature, QDEIM points), ten digits elsewhere. With three ranks,
//! rank 1 has no elements.

use ferrom::parallel::Comm;
use ferrom::rom::cubature::{self, Cubature, Factored, Options, Problem, Stop};
use ferrom::rom::deim::{Rows, next_row};
use ferrom::rom::gappy::Gappy;
use ferrom::rom::pod::{InnerProduct, Pod, ProductFn, Truncation, pod_gram, pod_identity, pod_tsqr};
use ferrom::rom::qdeim::qdeim;
use std::process::Command;

const CHILD: &str = "FERROM_MPI_ROM_CHILD";
const ELEMENTS: usize = 240;
const PER_ELEMENT: usize = 4;
const MODES: usize = 5;
const SNAPSHOTS: usize = 8;

fn main() {
    if std::env::var_os(CHILD).is_some() {
        let universe = mpi::initialize().expect("MPI starts");
        child(&Comm::new(universe.world()));
        return;
    }
    let outputs: Vec<String> = [1, 2, 3].into_iter().map(run).collect();
    for (ranks, output) in [2, 3].into_iter().zip(&outputs[1..]) {
        for (a, b) in outputs[0].lines().zip(output.lines()) {
            assert_eq!(a, b, "1 rank and {ranks} ranks differ");
        }
        assert_eq!(outputs[0].lines().count(), output.lines().count());
    }
    println!("{} lines equal on 1, 2 and 3 ranks", outputs[0].lines().count());
}

fn run(ranks: usize) -> String {
    let exe = std::env::current_exe().expect("the test knows its own path");
    let output = Command::new("timeout")
        .args(["120", "mpirun", "-n", &ranks.to_string()])
        .arg(exe)
        .env(CHILD, "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .env("OMPI_MCA_hwloc_base_binding_policy", "none")
        .output()
        .expect("timeout and mpirun are installed");
    assert!(output.status.success(), "{ranks} ranks: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// First element of this rank and one past its last.
fn elements(comm: &Comm) -> (usize, usize) {
    let cuts = match comm.size() {
        1 => vec![0, ELEMENTS],
        2 => vec![0, 101, ELEMENTS],
        _ => vec![0, 77, 77, ELEMENTS],
    };
    (cuts[comm.rank()], cuts[comm.rank() + 1])
}

fn child(comm: &Comm) {
    let mut lines: Vec<String> = Vec::new();
    modes(comm, &mut lines);
    points(comm, &mut lines);
    interpolation(comm, &mut lines);
    if comm.is_root() {
        println!("{}", lines.join("\n"));
    }
}

/// Nodal fields on a line, interface nodes on both of their ranks, consistent mass.
fn modes(comm: &Comm, lines: &mut Vec<String>) {
    let (e0, e1) = elements(comm);
    let nodes = if e1 > e0 { e1 - e0 + 1 } else { 0 };
    let ids: Vec<u64> = (e0 as u64..(e0 + nodes) as u64).collect();
    let shape = |k: usize, x: usize| ((x * x % 97 + 1) as f64 * (k as f64 + 0.7) * 0.37).sin();
    let snapshots: Vec<Vec<f64>> = (0..SNAPSHOTS)
        .map(|j| {
            let value = |x: &u64| {
                (0..SNAPSHOTS)
                    .map(|k| 0.2f64.powi(k as i32) * shape(k, *x as usize) * ((j * (k + 2)) as f64).cos())
                    .sum()
            };
            ids.iter().map(value).collect()
        })
        .collect();
    let mass = ProductFn(|u: &[f64], mu: &mut [f64]| {
        mu.fill(0.0);
        for e in 1..u.len() {
            mu[e - 1] += (2.0 * u[e - 1] + u[e]) / 6.0;
            mu[e] += (u[e - 1] + 2.0 * u[e]) / 6.0;
        }
    });
    let truncation = Truncation::new(1e-4);
    let product: &dyn InnerProduct = &mass;
    let gram = pod_gram(comm, &snapshots[..], product, &ids, truncation).expect("modes");
    let qr = pod_tsqr(comm, &snapshots[..], product, &ids, truncation).expect("modes");
    describe(comm, "gram", &gram, &ids, lines);
    describe(comm, "qr", &qr, &ids, lines);
    // Without shared values: elements instead of nodes.
    let own = e1 - e0;
    let parts: Vec<Vec<f64>> = snapshots.iter().map(|s| s[..own].to_vec()).collect();
    for eps in [1e-4, 1e-8] {
        let identity = pod_identity(comm, &parts[..], &ids[..own], Truncation::new(eps)).expect("modes");
        describe(comm, "identity", &identity, &ids[..own], lines);
    }
}

fn describe(comm: &Comm, name: &str, pod: &Pod, ids: &[u64], lines: &mut Vec<String>) {
    assert!(pod.orthogonality <= 1e-12, "{name} {:e}", pod.orthogonality);
    lines.push(format!("{name}: {} modes", pod.count));
    for k in 0..pod.count {
        // The value of one node, from the first rank that has it.
        let mine = ids.iter().position(|i| *i == 100).map(|at| pod.mode(k)[at]);
        let value = comm.max1(mine.unwrap_or(f64::NEG_INFINITY));
        lines.push(format!("{:.9e} {value:.5}", pod.singular_values[k]));
    }
    let digits = |e: &f64| if *e < 1e-12 { "rounding".to_string() } else { format!("{e:.5e}") };
    lines.extend(pod.projection_errors.iter().map(digits));
}

/// A cubature problem that is symmetric about the middle of the line: every score comes twice.
fn points(comm: &Comm, lines: &mut Vec<String>) {
    let (e0, e1) = elements(comm);
    let ids: Vec<u64> = ((e0 * PER_ELEMENT) as u64..(e1 * PER_ELEMENT) as u64).collect();
    let owner: Vec<u64> = ids.iter().map(|i| i / PER_ELEMENT as u64).collect();
    let all = ELEMENTS * PER_ELEMENT;
    let x = |id: u64| (id.min((all - 1) as u64 - id) as f64 + 0.5) / all as f64;
    let wave = |id: u64, c: usize, k: usize, f: f64| {
        (f * (k as f64 + 1.0 + 0.3 * c as f64) * x(id) + 0.4 * (c * k) as f64).sin() + 0.2
    };
    let mut strain = Vec::new();
    let mut stress = Vec::new();
    for &id in &ids {
        for c in 0..6 {
            strain.extend((0..MODES).map(|i| wave(id, c, i, 2.1)));
            stress.extend((0..SNAPSHOTS).map(|s| 100.0 * wave(id, c, s, 3.3)));
        }
    }
    let weights: Vec<f64> = ids.iter().map(|i| if i % 4 == 0 { -0.2 } else { 0.5 } * (1.0 + x(*i))).collect();
    let factored = Factored::new(ids.len(), MODES, &strain, SNAPSHOTS, &stress);
    let problem = Problem { integrands: &factored, weights: &weights, ids: &ids, elements: &owner };
    let tolerance = 1e-4;
    for exchange in [false, true] {
        let options = Options { exchange, pool: 50, ..Options::new(tolerance) };
        let found = cubature::global(comm, &problem, &options).expect("a cubature");
        sound(&found, tolerance);
        let mine: Vec<u64> = found.points.iter().flat_map(|p| [p.id, p.weight.to_bits()]).collect();
        let (flat, _) = comm.all_gather(&mine);
        lines.push(format!("cubature: {} points, {} iterations", found.count(), found.iterations));
        lines.extend(flat.chunks(2).map(|p| format!("point {} weight bits {:x}", p[0], p[1])));
        lines.push(format!("error {:.9e} sum {:.12e}", found.error, found.sum));
        let start = flat.chunks(2).map(|p| (p[0], f64::from_bits(p[1]))).collect();
        let warm = Options { start, ..options };
        let again = cubature::global(comm, &problem, &warm).expect("a cubature");
        sound(&again, tolerance);
        lines.push(format!("warm: {} points, {:.6e}", again.count(), again.error));
    }
    // Points differ by construction; the guarantee does not.
    let local = cubature::local(comm, &problem, &Options::new(tolerance)).expect("a cubature");
    sound(&local, tolerance);
}

fn sound(found: &Cubature, tolerance: f64) {
    assert!(found.converged && found.stop == Stop::Tolerance, "{:?} {:e}", found.stop, found.error);
    assert!(found.error <= tolerance && found.least_weight > 0.0);
    assert!((found.sum / found.volume - 1.0).abs() <= 1e-12);
}

/// QDEIM points of a basis with equal rows, then a fit at the chosen points.
fn interpolation(comm: &Comm, lines: &mut Vec<String>) {
    let (e0, e1) = elements(comm);
    let ids: Vec<u64> = (e0 as u64..e1 as u64).collect();
    let value = |id: u64, i: usize| ((id.min(239 - id) as f64) * 0.05 * (i as f64 + 1.0)).cos();
    let basis: Vec<f64> = ids.iter().flat_map(|&id| (0..6).map(move |i| value(id, i))).collect();
    let chosen = qdeim(comm, basis.clone(), 6, &ids);
    lines.push(format!("qdeim {:?}", chosen.ids));
    let columns: Vec<Vec<f64>> = (0..6).map(|i| ids.iter().map(|&id| value(id, i)).collect()).collect();
    let mut one_by_one = Rows::default();
    (1..=6).for_each(|m| assert!(next_row(comm, &columns[..m], &ids, &mut one_by_one)));
    let mut found = vec![0.0; one_by_one.count];
    one_by_one.local.iter().for_each(|&(position, row)| found[position] = ids[row] as f64);
    comm.sum(&mut found);
    lines.push(format!("deim {found:?}"));
    let extra = ids.iter().enumerate().filter(|(_, id)| *id % 20 == 3).map(|(k, _)| k);
    let rows: Vec<usize> = chosen.local.iter().map(|(_, k)| *k).chain(extra).collect();
    let at: Vec<f64> = rows.iter().flat_map(|&k| basis[6 * k..6 * (k + 1)].to_vec()).collect();
    let gappy = Gappy::new(comm, &at, 6).expect("independent rows");
    lines.push(format!("{} rows, condition {:.6e}", gappy.rows(), gappy.condition()));
    let mut work = gappy.workspace();
    let mut c = vec![0.0; 6];
    for noise in [0.0, 0.1] {
        let q: Vec<f64> = rows
            .iter()
            .map(|&k| value(ids[k], 1) - 2.0 * value(ids[k], 4) + noise * (ids[k] as f64).sin())
            .collect();
        let residual = gappy.coefficients(comm, &q, &mut c, &mut work);
        if noise == 0.0 {
            assert!(residual.relative(0.0) < 1e-13);
            lines.extend(c.iter().map(|c| format!("{:.8}", c + 1e-12)));
        } else {
            lines.extend(c.iter().map(|c| format!("{c:.8e}")));
            lines.push(format!("{:.8e} {:.8e}", residual.absolute, residual.norm));
        }
    }
}
