//! Files written on some ranks and read on others: the same mesh and the same values per label.
//!
//! Run by `cargo test`, this program starts itself under mpirun; as one of the ranks it does the work.

#[path = "store_support/mod.rs"]
mod store_support;

use ferrom::mesh::{Mesh, Subdomain, distribute};
use ferrom::parallel::{Comm, agree};
use ferrom::store::{Parts, SnapshotFile};
use mpi::traits::Communicator;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use store_support::*;

const TIMES: [f64; 3] = [0.5, 1.0, 2.5];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [role, path] = &args[..]
        && ["write", "read", "write model", "read model", "many", "damaged", "flipped"]
            .contains(&role.as_str())
    {
        return as_rank(role, Path::new(path));
    }
    let folder = tempfile::tempdir().unwrap();
    for writers in [1, 2, 3] {
        let path = folder.path().join(format!("on{writers}.h5"));
        run(writers, "write", &path);
        let model = folder.path().join(format!("model{writers}.h5"));
        run(writers, "write model", &model);
        for readers in [1, 2, 3] {
            run(readers, "read", &path);
            run(readers, "read model", &model);
        }
    }
    let path = folder.path().join("on2.h5");
    vtk_sees_all_parts(&path);
    run(3, "many", &folder.path().join("tiny.h5"));
    // A damaged file ends all ranks with the same sentence, and no rank waits for another.
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    run(3, "damaged", &path);
    std::fs::write(&path, &bytes).unwrap();
    run(2, "flipped", &path);
    println!("store_mpi: all passed");
}

fn vtk_sees_all_parts(path: &Path) {
    let Some(python) = python("vtk") else { return };
    let out = Command::new(python).args(["-c", LOOK]).arg(path).arg("2").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8_lossy(&out.stdout);
    let sum: f64 = fields(&bar(6, 2, 2), TIMES[2])[2].iter().sum();
    assert!(
        text.contains("steps 3\nparts 2\ncells 28 points ") && text.contains("time 2.5\nvolume 24.0\n"),
        "{text}"
    );
    assert!(text.contains(&format!("p_mean (28,) {sum:.1}\n")), "{text}");
}

fn run(ranks: usize, role: &str, path: &Path) {
    let out = Command::new("timeout")
        .args(["60", "mpirun", "-n", &ranks.to_string()])
        .arg(std::env::current_exe().unwrap())
        .arg(role)
        .arg(path)
        .envs([
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
            ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ])
        .output()
        .unwrap();
    let (said, err) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(
        out.status.success(),
        "{role} of {} on {ranks} ranks: {}\n{said}{err}",
        path.display(),
        out.status
    );
    println!("{role} {} on {ranks} ranks: ok", path.file_name().unwrap().to_string_lossy());
}

fn as_rank(role: &str, path: &Path) {
    let universe = mpi::initialize().unwrap();
    // A panic on one rank must not leave the others waiting.
    std::panic::set_hook(Box::new(|info| {
        eprintln!("{info}");
        mpi::topology::SimpleCommunicator::world().abort(101);
    }));
    let comm = Comm::new(universe.world());
    match role {
        "write" => write_run(&comm, path, &subdomain(&comm, bar(6, 2, 2)), &TIMES).unwrap(),
        "read" => [Parts::Keep, Parts::Anew].into_iter().for_each(|parts| read(&comm, path, parts)),
        "write model" => model::write_model(&comm, path, &subdomain(&comm, bar(6, 2, 2))).unwrap(),
        "read model" => {
            model::check_online(&comm, path, &bar(6, 2, 2));
            model::check_fields(&comm, path);
        }
        "many" => {
            // Two elements (wedges) for three ranks.
            if comm.is_root() {
                let alone = Comm::serial();
                write_run(&alone, path, &Subdomain::new(&alone, bar(1, 1, 1)), &TIMES).unwrap();
            }
            comm.barrier();
            // The online stage has no such limit: some ranks have no reduced point.
            let model = path.with_file_name("tiny model.h5");
            if comm.is_root() {
                let alone = Comm::serial();
                model::write_model(&alone, &model, &Subdomain::new(&alone, bar(1, 1, 1))).unwrap();
            }
            comm.barrier();
            model::check_online(&comm, &model, &bar(1, 1, 1));
            let text = message(SnapshotFile::open(&comm, path));
            assert!(text.contains("use at most 2 ranks"), "{text}");
        }
        "flipped" => flipped(&comm, path),
        _ => {
            let text = message(SnapshotFile::open(&comm, path));
            assert!(text.contains("is truncated"), "{text}");
            let unwritable = path.with_file_name("no folder").join("a.h5");
            let text = message(write_run(&comm, &unwritable, &subdomain(&comm, bar(6, 2, 2)), &TIMES));
            assert!(text.contains("cannot be written"), "{text}");
        }
    }
}

/// Bytes changed all over the file: an error on all ranks or on none, and an orderly end of MPI after it.
fn flipped(comm: &Comm, path: &Path) {
    let whole = std::fs::read(path).unwrap();
    let bad = path.with_file_name("flipped.h5");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        if comm.is_root() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            std::fs::write(&bad, bytes).unwrap();
        }
        comm.barrier();
        let used = SnapshotFile::open(comm, &bad).and_then(|f| f.read_nodal(comm, 1, "U"));
        let failed = comm.sum_u64(u64::from(used.is_err()));
        assert!(failed == 0 || failed == comm.size() as u64, "byte {at}: {failed} ranks failed");
        refused += failed;
    }
    assert!(refused > 0);
}

fn subdomain(comm: &Comm, whole: Mesh) -> Subdomain {
    let mesh = distribute(comm, comm.is_root().then_some(whole), None).unwrap();
    Subdomain::new(comm, mesh)
}

fn read(comm: &Comm, path: &Path, parts: Parts) {
    let whole = bar(6, 2, 2);
    let file = SnapshotFile::open_as(comm, path, parts).unwrap();
    let mesh = file.mesh();
    assert_eq!(file.times(), TIMES);
    // Every element is on one rank, every node is owned once, labels and coordinates are those of the whole.
    assert_eq!(comm.sum_u64(mesh.n_elements() as u64), whole.n_elements() as u64);
    assert_eq!(comm.sum_u64(file.subdomain().n_owned() as u64), whole.n_nodes() as u64);
    assert!(mesh.n_elements() > 0);
    for (n, &g) in mesh.node_index.iter().enumerate() {
        assert_eq!(
            (mesh.node_ids[n], mesh.points[n]),
            (whole.node_ids[g as usize], whole.points[g as usize])
        );
    }
    for (e, &g) in mesh.element_index.iter().enumerate() {
        let nodes: Vec<u64> = mesh.nodes_of(e).iter().map(|&n| mesh.node_ids[n as usize]).collect();
        let due: Vec<u64> = whole.nodes_of(g as usize).iter().map(|&n| whole.node_ids[n as usize]).collect();
        assert_eq!(
            (mesh.element_ids[e], mesh.kinds[e], nodes),
            (whole.element_ids[g as usize], whole.kinds[g as usize], due)
        );
    }
    check_sets(comm, mesh, &whole);
    for (k, &time) in TIMES.iter().enumerate() {
        let [u, t, p, sig] = fields(mesh, time);
        let mut wrong = Vec::new();
        for (name, due, found) in [
            ("U", u, file.read_nodal(comm, k, "U").unwrap()),
            ("temperature", t, file.read_nodal(comm, k, "temperature").unwrap()),
            ("p_mean", p, file.read_cell(comm, k, "p_mean").unwrap()),
            ("sig", sig, file.read_point(comm, k, "sig").unwrap()),
        ] {
            if due != found {
                wrong.push(name);
            }
        }
        assert!(wrong.is_empty(), "{wrong:?} at {time}");
    }
    assert_eq!(file.reduced_coordinates(comm).unwrap(), [0.5, 1.0, 1.0, 2.0, 2.5, 5.0]);
    agree(comm, Ok(())).unwrap();
}

fn check_sets(comm: &Comm, mesh: &Mesh, whole: &Mesh) {
    let names: Vec<&String> =
        mesh.node_sets.keys().chain(mesh.element_sets.keys()).chain(mesh.face_sets.keys()).collect();
    let due: Vec<&String> =
        whole.node_sets.keys().chain(whole.element_sets.keys()).chain(whole.face_sets.keys()).collect();
    assert_eq!(names, due);
    for (name, set) in &whole.node_sets {
        let due: Vec<u64> =
            set.iter().map(|&n| u64::from(n)).filter(|g| mesh.node_index.contains(g)).collect();
        let found: Vec<u64> = mesh.node_sets[name].iter().map(|&n| mesh.node_index[n as usize]).collect();
        let sorted = |mut v: Vec<u64>| {
            v.sort_unstable();
            v
        };
        assert_eq!(sorted(found), sorted(due), "{name}");
    }
    for (name, set) in &whole.element_sets {
        let due: Vec<u64> =
            set.iter().map(|&e| u64::from(e)).filter(|g| mesh.element_index.contains(g)).collect();
        let found: Vec<u64> =
            mesh.element_sets[name].iter().map(|&e| mesh.element_index[e as usize]).collect();
        assert_eq!(found, due, "{name}");
    }
    for (name, set) in &whole.face_sets {
        assert_eq!(mesh.n_faces_global[name], set.len() as u64);
        let faces = &mesh.face_sets[name];
        // Every face is on exactly one rank, with its nodes in order.
        let (positions, _) = comm.all_gather(&faces.iter().map(|f| f.position).collect::<Vec<u64>>());
        let mut count = BTreeMap::new();
        positions.iter().for_each(|p| *count.entry(*p).or_insert(0) += 1);
        assert_eq!(count.len(), set.len());
        assert!(count.values().all(|n| *n == 1));
        for f in faces {
            let found: Vec<u64> = f.nodes().iter().map(|&n| mesh.node_index[n as usize]).collect();
            let due: Vec<u64> = set[f.position as usize].nodes().iter().map(|&n| u64::from(n)).collect();
            assert_eq!(found, due);
        }
    }
}
