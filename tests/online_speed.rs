//! What the reference chain costs: `cargo test --release --test online_speed -- --ignored --nocapture`. Processor times,
//! which other programs on the machine disturb little. Figures and profile: docs/performance.md.

mod support;

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
