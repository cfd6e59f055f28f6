//! What the reference chain costs: `cargo test --release --test online_speed -- --ignored --nocapture`. Processor times,
//! which other programs on the machine disturb little. Figures and profile: docs/performance.md.

mod support;

use ferrom::parallel::Comm;
use ferrom::rom::dense::combine;
use ferrom::rom::online::advance;
use std::path::Path;
use support::bench::Bench;

/// User and system seconds of the children so far.
fn children() -> f64 {
    // SAFETY: getrusage fills the structure that it is given.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + 1e-6 * t.tv_usec as f64;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

fn copy(folder: &Path, bench: &Bench) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), bench.path(&entry.file_name().to_string_lossy())).expect("copied");
        }
    }
}

#[test]
#[ignore = "a measurement, for a quiet machine"]
fn the_reference_chain_stays_within_its_budget() {
    let Some(folder) = support::reference("zset/MecaSequential") else { return };
    let bench = Bench::new(&support::bar::bar(ferrom::mesh::ElementKind::C3d8, [1, 1, 1], [1.0; 3], 0.0));
    copy(&folder, &bench);
    bench.ok(0, &["import", "cube.inp", "-o", "train.h5"]);
    let text = std::fs::read_to_string(bench.path("cube.inp")).expect("the case");
    for n in [20, 220] {
        let long = text.replace("**cycles 1\n", &format!("**cycles {n}\n"));
        let long = long.replace("cycle_conversion 0. 20. 2.", "cycle_conversion 0. 1000. 2.");
        std::fs::write(bench.path(&format!("c{n}.inp")), long).expect("written");
    }
    let (mut offline, mut cubature, mut step, mut whole) = (vec![], vec![], vec![], vec![]);
    for _ in 0..7 {
        let from = children();
        let report = bench.ok(0, &["offline", "train.h5", "-o", "model.h5"]);
        offline.push(children() - from);
        let stages = report["run"]["stages"].as_array().expect("stages");
        let of = |name: &str| stages.iter().find(|s| s["stage"] == name).and_then(|s| s["max"].as_f64());
        cubature.push(of("reduction").expect("a time"));
        let mut seconds = |case: &str| {
            let from = children();
            let s = bench.ok(0, &["online", "model.h5", case, "-o", "run.h5"]);
            let wall = s["seconds"].as_f64().expect("seconds") / s["increments"].as_f64().expect("a number");
            step.push(wall);
            children() - from
        };
        let (short, long) = (seconds("c20.inp"), seconds("c220.inp"));
        whole.push((long - short) / 2000.0);
    }
    let (offline, cubature, step, whole) = (median(offline), median(cubature), median(step), median(whole));
    println!("offline, processor time of the process    {:.0} ms", 1e3 * offline);
    println!("cubature and operators, by the clock      {:.1} ms", 1e3 * cubature);
    println!("online increment, by the clock            {:.0} microseconds", 1e6 * step);
    println!("online increment with output, processor   {:.0} microseconds", 1e6 * whole);
    assert!(offline <= 0.2 && cubature <= 0.03 && whole <= 250e-6);
}

/// Least processor seconds of one of twenty calls.
fn least(mut call: impl FnMut()) -> f64 {
    let now = || {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64
    };
    let mut time = || {
        let from = now();
        call();
        now() - from
    };
    (0..20).map(|_| time()).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement, for a quiet machine"]
fn evaluations_and_rebuilt_fields() {
    let comm = Comm::serial();
    for (modes, points) in [(10, 88), (60, 1500)] {
        let mut system = support::reduced::system(&comm, modes, points);
        let mut evaluations = 0;
        let run = least(|| {
            let mut state = system.virgin();
            evaluations = 0;
            for k in 1..=10 {
                let done = advance(&mut system, &mut state, 0.1 * f64::from(k)).expect("an increment");
                evaluations += done.iterations + 1;
            }
        });
        let each = run / f64::from(evaluations);
        println!(
            "evaluation, {modes} modes, {points} points: {:.4} ms, {evaluations} in 10 increments",
            1e3 * each
        );
    }
    // 13 components at 1,728 points from 10 modes, at 11 times
    let columns: Vec<Vec<f64>> = (0..10).map(|k| vec![0.5 + f64::from(k); 13 * 1728]).collect();
    let mut field = vec![0.0; 13 * 1728];
    let eleven = least(|| (0..11).for_each(|t| combine(&columns, &[f64::from(t); 10], &mut field)));
    println!("13 fields at 1728 points, 11 times: {:.3} ms", 1e3 * eleven);
}
