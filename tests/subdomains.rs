//! A structure cut into subdomains is the same structure: run on 1, 2, 3 and 5 ranks.

mod support;

use ferrom::error::Kind;
use ferrom::fem::{FaceIntegral, Geometry, MassMatrix};
use ferrom::mesh::{ElementKind, Face, Mesh, Subdomain, distribute, partition};
use ferrom::parallel::Comm;
use std::collections::{BTreeMap, BTreeSet};
use support::patch::{noise, patch, volume};

fn main() {
    support::ranks::main(
        &[1, 2, 3, 5],
        &[
            ("every_element_and_node_is_somewhere_as_it_was", every_element_and_node_is_somewhere_as_it_was),
            ("sets_are_kept_and_faces_keep_their_positions", sets_are_kept_and_faces_keep_their_positions),
            ("integrals_are_sums_over_ranks", integrals_are_sums_over_ranks),
            ("shared_nodes_agree_bit_for_bit", shared_nodes_agree_bit_for_bit),
            (
                "neighbours_list_the_same_nodes_in_the_same_order",
                neighbours_list_the_same_nodes_in_the_same_order,
            ),
            (
                "the_partition_is_the_same_each_time_and_balanced",
                the_partition_is_the_same_each_time_and_balanced,
            ),
            ("a_partition_from_elsewhere_is_followed", a_partition_from_elsewhere_is_followed),
            (
                "a_partition_that_does_not_fit_is_refused_everywhere",
                a_partition_that_does_not_fit_is_refused_everywhere,
            ),
            (
                "more_ranks_than_elements_are_refused_everywhere",
                more_ranks_than_elements_are_refused_everywhere,
            ),
        ],
    );
}

/// A patch of each kind, whole, and this rank's part of it.
fn cases(comm: &Comm) -> impl Iterator<Item = (String, Mesh, Subdomain)> {
    ElementKind::ALL.into_iter().map(move |kind| {
        let whole = patch(kind, 3, 0.2, false);
        let mesh =
            distribute(comm, comm.is_root().then(|| whole.clone()), None).expect("a mesh that can be cut");
        (kind.to_string(), whole, Subdomain::new(comm, mesh))
    })
}

/// Union over ranks of a list of numbers, sorted, duplicates kept.
fn union(comm: &Comm, mine: &[u64]) -> Vec<u64> {
    let (mut all, _) = comm.all_gather(mine);
    all.sort_unstable();
    all
}

fn every_element_and_node_is_somewhere_as_it_was(comm: &Comm) {
    for (name, whole, sub) in cases(comm) {
        let mesh = &sub.mesh;
        assert!(mesh.n_elements() > 0, "{name}: a rank without elements");
        assert_eq!(union(comm, &mesh.element_ids), whole.element_ids, "{name}");
        let mut nodes = union(comm, &mesh.node_index);
        nodes.dedup();
        assert_eq!(nodes, whole.node_index, "{name}");
        assert_eq!(
            (mesh.n_nodes_global, mesh.n_elements_global),
            (whole.n_nodes_global, whole.n_elements_global)
        );
        for (i, &g) in mesh.node_index.iter().enumerate() {
            assert_eq!(mesh.points[i], whole.points[g as usize], "{name}");
            assert_eq!(mesh.node_ids[i], whole.node_ids[g as usize], "{name}");
        }
        for (e, &g) in mesh.element_index.iter().enumerate() {
            let ids =
                |m: &Mesh, e| m.nodes_of(e).iter().map(|&n| m.node_ids[n as usize]).collect::<Vec<u64>>();
            assert_eq!(ids(mesh, e), ids(&whole, g as usize), "{name}");
            assert_eq!(mesh.kinds[e], whole.kinds[g as usize], "{name}");
        }
        assert!(
            mesh.node_index.is_sorted() && mesh.element_index.is_sorted(),
            "{name}: not the order of the whole"
        );
    }
}

fn sets_are_kept_and_faces_keep_their_positions(comm: &Comm) {
    for (name, whole, sub) in cases(comm) {
        let mesh = &sub.mesh;
        assert!(mesh.node_sets.keys().eq(whole.node_sets.keys()), "{name}");
        assert!(mesh.element_sets.keys().eq(whole.element_sets.keys()), "{name}");
        for (set, nodes) in &whole.node_sets {
            let mine: Vec<u64> = mesh.node_sets[set].iter().map(|&i| mesh.node_index[i as usize]).collect();
            let mut all = union(comm, &mine);
            all.dedup();
            assert_eq!(all, nodes.iter().map(|&i| u64::from(i)).collect::<Vec<u64>>(), "{name}, {set}");
        }
        for (set, elements) in &whole.element_sets {
            let mine: Vec<u64> =
                mesh.element_sets[set].iter().map(|&e| mesh.element_index[e as usize]).collect();
            assert_eq!(
                union(comm, &mine),
                elements.iter().map(|&e| u64::from(e)).collect::<Vec<u64>>(),
                "{name}, {set}"
            );
        }
        for (set, faces) in &whole.face_sets {
            let mine = &mesh.face_sets[set];
            // each face is on one rank, at the place it had, with the nodes it had in the order they had
            let positions: Vec<u64> = mine.iter().map(|f| f.position).collect();
            assert!(union(comm, &positions).into_iter().eq(0..faces.len() as u64), "{name}, {set}");
            assert_eq!(mesh.n_faces_global[set], faces.len() as u64);
            for face in mine {
                let before = &faces[face.position as usize];
                let nodes: Vec<u32> =
                    face.nodes().iter().map(|&i| mesh.node_index[i as usize] as u32).collect();
                assert_eq!((nodes.as_slice(), face.kind), (before.nodes(), before.kind), "{name}, {set}");
            }
        }
    }
    // A set of one face: all ranks but one own none of it
    let mut whole = patch(ElementKind::C3d8, 3, 0.2, false);
    let face = Face { position: 0, ..whole.face_sets["x1"][4] };
    whole.face_sets = BTreeMap::from([("one".into(), vec![face])]);
    whole.close_whole();
    let mesh = distribute(comm, comm.is_root().then_some(whole), None).expect("a mesh that can be cut");
    assert_eq!(comm.sum_u64(mesh.face_sets["one"].len() as u64), 1);
    assert_eq!(mesh.n_faces_global["one"], 1);
}

/// Nodal forces of a stress field that only depends on the element, and of a pressure on the skin.
fn forces(mesh: &Mesh) -> (Vec<f64>, Vec<f64>) {
    let geometry = Geometry::new(mesh).expect("no inverted element");
    let mut stress = Vec::new();
    for e in 0..mesh.n_elements() {
        let values: Vec<f64> = (0..6).map(|c| 100.0 * noise(6 * mesh.element_ids[e] + c)).collect();
        (0..mesh.kinds[e].n_points()).for_each(|_| stress.extend(&values));
    }
    let mut inner = vec![0.0; 3 * mesh.n_nodes()];
    geometry.internal_force(mesh, &stress, &mut inner);
    let mut outer = vec![0.0; 3 * mesh.n_nodes()];
    for face in &mesh.face_sets["skin"] {
        let pressure = 10.0 + noise(face.position);
        for (&i, n) in face.nodes().iter().zip(&FaceIntegral::new(mesh, face).normal) {
            (0..3).for_each(|c| outer[3 * i as usize + c] -= pressure * n[c]);
        }
    }
    (inner, outer)
}

fn integrals_are_sums_over_ranks(comm: &Comm) {
    for (name, whole, sub) in cases(comm) {
        let mesh = &sub.mesh;
        let geometry = Geometry::new(mesh).expect("no inverted element");
        let v = comm.sum_exact(&[geometry.volume()])[0];
        let alone = Geometry::new(&whole).expect("no inverted element").volume().value();
        assert_eq!(v, alone, "{name}: the compensated volume depends on the ranks");
        assert!((v - volume()).abs() < 1e-13 * volume());

        let (mut inner, mut outer) = forces(mesh);
        sub.sum_shared(comm, &mut inner, 3);
        sub.sum_shared(comm, &mut outer, 3);
        let (want_inner, want_outer) = forces(&whole);
        for (got, want) in [(&inner, &want_inner), (&outer, &want_outer)] {
            for (i, &g) in mesh.node_index.iter().enumerate() {
                for c in 0..3 {
                    let (a, b) = (got[3 * i + c], want[3 * g as usize + c]);
                    assert!((a - b).abs() < 1e-11, "{name}, node {g}: {a} instead of {b}");
                }
            }
        }

        let norm = |m: &Mesh| {
            let u: Vec<f64> = m.node_index.iter().map(|&g| noise(g)).collect();
            let mut mu = vec![0.0; u.len()];
            MassMatrix::new(m).apply(&u, 1, &mut mu);
            u.iter().zip(&mu).map(|(a, b)| a * b).sum::<f64>()
        };
        let (got, want) = (comm.sum1(norm(mesh)), norm(&whole));
        assert!((got - want).abs() < 1e-13 * want, "{name}: norm {got} instead of {want}");
    }
}

fn shared_nodes_agree_bit_for_bit(comm: &Comm) {
    for (name, whole, sub) in cases(comm) {
        let mesh = &sub.mesh;
        // how many ranks hold a node, counted another way
        let mut holders = vec![0.0; whole.n_nodes()];
        mesh.node_index.iter().for_each(|&g| holders[g as usize] = 1.0);
        comm.sum(&mut holders);
        for (i, &g) in mesh.node_index.iter().enumerate() {
            assert_eq!(f64::from(sub.multiplicity[i]), holders[g as usize], "{name}");
        }
        assert_eq!(
            comm.sum_u64(sub.n_owned() as u64),
            whole.n_nodes_global,
            "{name}: each node has one owner"
        );

        // summing values that depend on the rank
        let rank = comm.rank() as u64;
        let start: Vec<f64> = mesh.node_index.iter().flat_map(|&g| [noise(31 * g + rank), 1.0]).collect();
        let mut summed = start.clone();
        sub.sum_shared(comm, &mut summed, 2);
        let mut copied = start.clone();
        sub.copy_from_owner(comm, &mut copied, 2);
        let (all, counts) = comm.all_gather(&mesh.node_index);
        let (sums, _) = comm.all_gather(&summed);
        let (copies, _) = comm.all_gather(&copied);
        let mut seen: BTreeMap<u64, ([u64; 2], [u64; 2])> = BTreeMap::new();
        for (i, &g) in all.iter().enumerate() {
            let bits = |v: &[f64]| [v[2 * i].to_bits(), v[2 * i + 1].to_bits()];
            let here = (bits(&sums), bits(&copies));
            assert_eq!(*seen.entry(g).or_insert(here), here, "{name}, node {g}");
        }
        assert_eq!(counts.len(), comm.size());
        for i in 0..mesh.n_nodes() {
            assert_eq!(summed[2 * i + 1], f64::from(sub.multiplicity[i]), "{name}");
            if sub.owned[i] {
                assert_eq!(copied[2 * i], start[2 * i], "{name}: the owner's value has changed");
            }
        }
    }
}

fn neighbours_list_the_same_nodes_in_the_same_order(comm: &Comm) {
    for (name, _, sub) in cases(comm) {
        let mut lists: Vec<Vec<u64>> = vec![Vec::new(); comm.size()];
        for neighbour in &sub.neighbours {
            assert_ne!(neighbour.rank, comm.rank());
            let positions = neighbour.nodes.iter().map(|&i| sub.mesh.node_index[i as usize]);
            lists[neighbour.rank] = positions.collect();
        }
        let theirs = comm.all_to_all(&lists);
        for r in (0..comm.size()).filter(|&r| r != comm.rank()) {
            assert_eq!(lists[r], theirs[r], "{name}: ranks {} and {r}", comm.rank());
        }
        let in_lists: BTreeSet<u32> = sub.neighbours.iter().flat_map(|n| n.nodes.iter().copied()).collect();
        let shared: BTreeSet<u32> =
            (0..sub.mesh.n_nodes() as u32).filter(|&i| sub.multiplicity[i as usize] > 1).collect();
        assert_eq!(in_lists, shared, "{name}");
    }
}

fn the_partition_is_the_same_each_time_and_balanced(comm: &Comm) {
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 4, 0.2, false);
        let part = partition(&mesh, comm.size()).expect("a mesh that can be cut");
        assert_eq!(part, partition(&mesh, comm.size()).expect("a mesh that can be cut"), "{kind}");
        let numbers: Vec<u64> = part.iter().map(|&p| u64::from(p)).collect();
        let mut of_root = numbers.clone();
        comm.broadcast(&mut of_root, 0);
        assert_eq!(of_root, numbers, "{kind}: ranks cut differently");
        let largest = (0..comm.size() as u32).map(|p| part.iter().filter(|&&q| q == p).count()).max();
        let fair = mesh.n_elements() as f64 / comm.size() as f64;
        assert!(largest.is_some_and(|l| l as f64 <= 1.1 * fair + 1.0), "{kind}: {largest:?} for {fair}");
    }
}

fn a_partition_from_elsewhere_is_followed(comm: &Comm) {
    let whole = patch(ElementKind::C3d20r, 3, 0.2, false);
    let part: Vec<u32> = (0..whole.n_elements() as u32).map(|e| (e * 7 + 3) % comm.size() as u32).collect();
    let mesh = distribute(comm, comm.is_root().then(|| whole.clone()), comm.is_root().then(|| part.clone()))
        .expect("a partition that fits");
    let want: Vec<u64> =
        (0..part.len() as u64).filter(|&e| part[e as usize] as usize == comm.rank()).collect();
    assert_eq!(mesh.element_index, want);
}

fn a_partition_that_does_not_fit_is_refused_everywhere(comm: &Comm) {
    let whole = patch(ElementKind::C3d4, 2, 0.2, false);
    let n = whole.n_elements();
    let stranger = [vec![0; n - 1], vec![comm.size() as u32]].concat();
    for (part, hint) in
        [(vec![0; n - 1], "47 entries for 48 elements"), (stranger, "puts element 332 in subdomain")]
    {
        let root = comm.is_root();
        let refused =
            distribute(comm, root.then(|| whole.clone()), root.then_some(part)).expect_err("refused");
        assert_eq!(refused.kind, Kind::Input);
        assert!(refused.message.contains(hint), "{refused}");
    }
}

fn more_ranks_than_elements_are_refused_everywhere(comm: &Comm) {
    let mut few = patch(ElementKind::C3d8, 1, 0.0, false);
    let result = distribute(comm, comm.is_root().then(|| few.clone()), None);
    match result {
        Ok(_) => assert_eq!(comm.size(), 1),
        Err(e) => {
            assert!(comm.size() > 1);
            assert_eq!(e.kind, Kind::Case);
            assert!(e.message.contains("use at most 1 ranks"), "{e}");
        }
    }
    // as many ranks as elements: each gets one
    few = Mesh { points: Vec::new(), ..Mesh::default() };
    for i in 0..=comm.size() {
        for (y, z) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            few.points.push([i as f64, y, z]);
            few.node_ids.push(few.points.len() as u64);
        }
    }
    for e in 0..comm.size() as u32 {
        few.push_element(u64::from(e) + 1, ElementKind::C3d8, &[0, 4, 5, 1, 2, 6, 7, 3].map(|n| n + 4 * e));
    }
    few.close_whole();
    let mesh = distribute(comm, comm.is_root().then_some(few), None).expect("one element a rank");
    assert_eq!(mesh.n_elements(), 1);
    assert!(Geometry::new(&mesh).is_ok());
}
