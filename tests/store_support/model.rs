//! A reduced model whose numbers are functions of labels, so that any rank can say what is due.
#![allow(dead_code)]

use super::{displacement, stress};
use ferrom::mesh::{Mesh, Subdomain};
use ferrom::parallel::Comm;
use ferrom::store::{
    DualQuantity, FaceOperator, Lift, LoadOperators, ModelFields, ReducedModel, ReducedPoints, SmallTable,
};
use std::path::Path;

pub const MODES: usize = 3;
pub const LIFTS: usize = 2;
/// Columns of the basis of `sig`.
pub const M: usize = 2;

/// Mode or lift `k` on this rank's nodes.
pub fn mode(mesh: &Mesh, k: usize) -> Vec<f64> {
    mesh.node_ids.iter().flat_map(|&id| displacement(id, 1.0 + k as f64)).collect()
}

/// Column `k` of the basis of `sig` on this rank's points.
pub fn sig_column(mesh: &Mesh, k: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for (id, kind) in mesh.element_ids.iter().zip(&mesh.kinds) {
        (0..kind.n_points()).for_each(|p| out.extend((0..6).map(|c| stress(*id, p, c, k as f64))));
    }
    out
}

/// This rank's share: the second point of every third element of the structure, last one first.
pub fn share(mesh: &Mesh) -> ReducedModel {
    let mut p = ReducedPoints { node_offsets: vec![0], ..Default::default() };
    let mut rows = Vec::new();
    for e in (0..mesh.n_elements()).rev().filter(|&e| mesh.element_index[e].is_multiple_of(3)) {
        let id = mesh.element_ids[e];
        p.element_id.push(id);
        p.element_index.push(mesh.element_index[e]);
        p.number.push(1);
        p.x.push([id as f64, 0.5, -1.0]);
        p.weight.push(0.1 * id as f64);
        p.material.push(0);
        for &n in mesh.nodes_of(e) {
            p.nodes.push(mesh.node_index[n as usize]);
            p.shapes.push(mesh.node_ids[n as usize] as f64);
        }
        p.node_offsets.push(p.nodes.len() as u64);
        p.strain.extend((0..(MODES + LIFTS) * 6).map(|i| id as f64 + i as f64));
        rows.extend((0..6 * M).map(|i| id as f64 - i as f64));
    }
    let faces = &mesh.face_sets["y0"];
    let face = FaceOperator {
        position: faces.iter().map(|f| f.position).collect(),
        normal: faces.iter().flat_map(|f| (0..MODES).map(|i| (f.position * 10) as f64 + i as f64)).collect(),
        area: faces
            .iter()
            .flat_map(|f| (0..3 * MODES).map(|i| (f.position * 100) as f64 + i as f64))
            .collect(),
    };
    let lift = |dof| Lift { node_set: "x0".into(), dof, table: "pull \"hard\"".into() };
    ReducedModel {
        n_modes: MODES,
        n_nodes: 0,
        singular_values: vec![3.0, 2.0, 1.0, 0.5],
        lifts: vec![lift(0), lift(2)],
        points: p,
        duals: vec![DualQuantity {
            name: "sig/all".into(),
            components: 6,
            m: M,
            singular_values: vec![9.0, 1.0],
            q_max: 12.5,
            q_max_l2: 7.5,
            rows,
        }],
        loads: LoadOperators {
            faces: [("y0".to_owned(), face)].into(),
            elements: [("every other".to_owned(), vec![0.5; MODES * 12])].into(),
            whole: (0..MODES * 12).map(|i| i as f64).collect(),
            nodes: [("x0".to_owned(), vec![2.0; MODES * 3])].into(),
        },
        calibration: "{}".into(),
        materials: "[[material]]\nname = \"steel\"\n".into(),
        case: "[case]\n".into(),
        provenance: "{}".into(),
        tolerances: [("pod".to_owned(), 1e-6), ("ecm".to_owned(), 1e-5)].into(),
        volume: 24.0,
        tables: [("calibration".to_owned(), SmallTable { columns: 2, values: vec![1.0, 2.0, 3.0, 4.0] })]
            .into(),
    }
}

/// Writes the model of this rank's subdomain with the others'.
pub fn write_model(comm: &Comm, path: &Path, sub: &Subdomain) -> ferrom::Result<()> {
    let modes: Vec<Vec<f64>> = (0..MODES).map(|k| mode(&sub.mesh, k)).collect();
    let lifts: Vec<Vec<f64>> = (0..LIFTS).map(|k| mode(&sub.mesh, 10 + k)).collect();
    let sig: Vec<Vec<f64>> = (0..M).map(|k| sig_column(&sub.mesh, k)).collect();
    share(&sub.mesh).write(comm, path, sub, &ModelFields { modes: &modes, lifts: &lifts, duals: &[&sig] })
}

/// Checks what `read_online` gives against the whole structure.
pub fn check_online(comm: &Comm, path: &Path, whole: &Mesh) {
    let found = ReducedModel::read_online(comm, path).unwrap();
    let mut due = share(whole);
    // Stored in the order of the elements: the share of the whole is in the opposite order.
    let z = due.points.len();
    let range = z * comm.rank() / comm.size()..z * (comm.rank() + 1) / comm.size();
    let (p, q) = (&due.points, &found.points);
    assert_eq!((q.n_global as usize, q.first as usize, q.len()), (z, range.start, range.len()));
    for (i, stored) in range.clone().enumerate() {
        let d = z - 1 - stored;
        assert_eq!(
            (q.element_id[i], q.element_index[i], q.number[i]),
            (p.element_id[d], p.element_index[d], p.number[d])
        );
        assert_eq!((q.x[i], q.weight[i], q.material[i]), (p.x[d], p.weight[d], p.material[d]));
        let rows = |p: &ReducedPoints, i: usize| p.node_offsets[i] as usize..p.node_offsets[i + 1] as usize;
        assert_eq!(q.nodes[rows(q, i)], p.nodes[rows(p, d)]);
        assert_eq!(q.shapes[rows(q, i)], p.shapes[rows(p, d)]);
        let w = (MODES + LIFTS) * 6;
        assert_eq!(q.strain[i * w..(i + 1) * w], p.strain[d * w..(d + 1) * w]);
        let (w, a, b) = (6 * M, &found.duals[0].rows, &due.duals[0].rows);
        assert_eq!(a[i * w..(i + 1) * w], b[d * w..(d + 1) * w]);
    }
    // All else is complete on every rank.
    due.n_nodes = whole.n_nodes_global;
    due.points = found.points.clone();
    due.duals[0].rows = found.duals[0].rows.clone();
    assert_eq!(found, due);
}

/// Checks modes, lifts and dual bases against what this rank's labels say.
pub fn check_fields(comm: &Comm, path: &Path) {
    let file = ReducedModel::read_fields(comm, path).unwrap();
    let mesh = file.subdomain().mesh.clone();
    assert_eq!((file.n_modes(), file.n_lifts()), (MODES, LIFTS));
    let read: Vec<Vec<f64>> = (0..MODES).map(|k| file.mode(comm, k).unwrap()).collect();
    assert_eq!(read, (0..MODES).map(|k| mode(&mesh, k)).collect::<Vec<_>>());
    let read: Vec<Vec<f64>> = (0..LIFTS).map(|k| file.lift(comm, k).unwrap()).collect();
    assert_eq!(read, (0..LIFTS).map(|k| mode(&mesh, 10 + k)).collect::<Vec<_>>());
    let read: Vec<Vec<f64>> = (0..M).map(|k| file.dual(comm, "sig/all", k).unwrap()).collect();
    assert_eq!(read, (0..M).map(|k| sig_column(&mesh, k)).collect::<Vec<_>>());
    assert!(super::message(file.mode(comm, MODES)).contains("has no mode 3"));
    assert!(super::message(file.dual(comm, "p", 0)).contains("has no dual quantity 'p'; there are sig/all"));
}
