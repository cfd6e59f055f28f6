//! Memory of reading a result file of Ansys. One test: the peak is that of the process.

mod support;

use ferrom::formats::ansys::rst::{NodalKind, Rst, RstResults};
use std::collections::HashMap;
use std::os::unix::fs::FileExt;
use std::path::Path;
use support::rst::{Encoding, Model, Set};

/// A field of /proc/self/status, in bytes.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    let line = status.lines().find(|l| l.starts_with(field)).expect("the field is there");
    1024 * line.split_whitespace().nth(1).and_then(|v| v.parse::<u64>().ok()).expect("a number of kB")
}

/// How much the process grew at most while `work` ran.
fn growth(work: impl FnOnce()) -> u64 {
    // the peak begins anew
    std::fs::write("/proc/self/clear_refs", "5").expect("/proc/self/clear_refs is written");
    let before = memory("VmRSS:");
    work();
    memory("VmHWM:").saturating_sub(before)
}

const NODES: i32 = 1_000_000;
const FIRST: u64 = 5_000_000_000;

/// Sets that lie beyond 2^34 bytes, so that their addresses need both words; between them and the head a hole.
fn write(path: &Path) {
    let mut model = Model::cube(Encoding::Plain, &[1.0, 2.0]);
    model.order = (1..=NODES).collect();
    model.elements.clear();
    for set in &mut model.sets {
        let values = (0..3 * NODES).map(|i| set.time * f64::from(i)).collect();
        *set = Set { time: set.time, dofs: vec![1, 2, 3], values, ..Set::default() };
    }
    let addresses = [FIRST, 2 * FIRST];
    let file = std::fs::File::create(path).unwrap();
    file.write_all_at(&model.head(&addresses), 0).unwrap();
    for (set, address) in model.sets.iter().zip(addresses) {
        file.write_all_at(&model.set(set), 4 * address).unwrap();
    }
}

#[test]
fn a_file_of_many_gigabytes_is_read_in_three_times_its_largest_record() {
    // another process writes the file: what this one has freed would hide what it asks for
    if let Some(path) = std::env::var_os("FERROM_WRITE_LARGE_RST") {
        return write(Path::new(&path));
    }
    let record = 24 * NODES as u64;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.rst");
    let mut writer = std::process::Command::new(std::env::current_exe().unwrap());
    assert!(writer.env("FERROM_WRITE_LARGE_RST", &path).output().unwrap().status.success());
    assert!(path.metadata().unwrap().len() > 40_000_000_000);

    let grown = growth(|| {
        let rst = Rst::open(&path).unwrap();
        assert_eq!(rst.sets.len(), 2);
        for (k, factor) in [(0, 1.0), (1, 2.0)] {
            let found = rst.nodal(k, NodalKind::Solution).unwrap().unwrap();
            assert_eq!(found.values.len(), 3 * NODES as usize);
            assert_eq!(found.values.last(), Some(&(factor * f64::from(3 * NODES - 1))));
        }
    });
    eprintln!("raw: {:.1} MB grown, largest record {:.1} MB", grown as f64 / 1e6, record as f64 / 1e6);
    assert!(record <= grown && grown <= 3 * record, "{grown} bytes for records of {record}");
    let all: Vec<u64> = (1..=NODES as u64).collect();
    let grown = growth(|| {
        let results = RstResults::open(&path).unwrap();
        let u = results.displacement(1, &all, &HashMap::new()).unwrap();
        assert_eq!(u[3], 6.0);
    });
    eprintln!("displacement: {:.1} MB grown", grown as f64 / 1e6);
    assert!(grown <= 3 * record, "{grown} bytes for records of {record}");
}
