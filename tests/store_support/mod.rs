//! A bar of hexahedra and wedges with sets, and fields whose values are known at every node and point.
#![allow(dead_code)]

pub mod model;

use ferrom::mesh::{ElementKind, Face, FaceKind, Mesh, Subdomain};
use ferrom::parallel::Comm;
use ferrom::store::{Field, SnapshotWriter, Step, StoreKind};
use std::path::Path;
use std::process::Command;

/// `nx x ny x nz` cells of unit size; the last slice along x is cut into wedges. Labels differ from positions.
pub fn bar(nx: usize, ny: usize, nz: usize) -> Mesh {
    let mut mesh = Mesh::default();
    let at = |i: usize, j: usize, k: usize| ((i * (ny + 1) + j) * (nz + 1) + k) as u32;
    for i in 0..=nx {
        for j in 0..=ny {
            for k in 0..=nz {
                mesh.node_ids.push(1000 + 3 * mesh.points.len() as u64);
                mesh.points.push([i as f64, j as f64, k as f64]);
            }
        }
    }
    for i in 0..nx {
        for j in 0..ny {
            for k in 0..nz {
                let lower = [at(i, j, k), at(i + 1, j, k), at(i + 1, j + 1, k), at(i, j + 1, k)];
                let upper =
                    [at(i, j, k + 1), at(i + 1, j, k + 1), at(i + 1, j + 1, k + 1), at(i, j + 1, k + 1)];
                let id = 500 + 2 * mesh.n_elements() as u64;
                if i + 1 == nx {
                    let wedge = |a: usize, b: usize, c: usize| {
                        [lower[a], lower[b], lower[c], upper[a], upper[b], upper[c]]
                    };
                    mesh.push_element(id, ElementKind::C3d6, &wedge(0, 1, 2));
                    mesh.push_element(id + 1, ElementKind::C3d6, &wedge(0, 2, 3));
                } else {
                    mesh.push_element(id, ElementKind::C3d8, &[lower, upper].concat());
                }
            }
        }
    }
    let fixed = (0..=ny).flat_map(|j| (0..=nz).map(move |k| at(0, j, k))).rev().collect();
    mesh.node_sets.insert("x0".into(), fixed);
    mesh.node_sets.insert("a/b=c+50%".into(), vec![at(nx, 0, 0), at(0, 0, 0)]);
    let half = (0..mesh.n_elements() as u32).filter(|e| e.is_multiple_of(2)).collect();
    mesh.element_sets.insert("every other".into(), half);
    let side = |i: usize, k: usize| {
        let mut nodes = [0; 8];
        nodes[..4].copy_from_slice(&[at(i, 0, k), at(i + 1, 0, k), at(i + 1, 0, k + 1), at(i, 0, k + 1)]);
        nodes
    };
    let faces = (0..nx).flat_map(|i| (0..nz).map(move |k| side(i, k))).enumerate();
    mesh.face_sets.insert(
        "y0".into(),
        faces.map(|(p, nodes)| Face { kind: FaceKind::Q4, nodes, position: p as u64 }).collect(),
    );
    mesh.close_whole();
    mesh
}

/// Displacement of the node with that label.
pub fn displacement(id: u64, time: f64) -> [f64; 3] {
    [id as f64 * time, -(id as f64), time * time + 0.25 * id as f64]
}

/// Value of component `c` of `sig` at integration point `p` of the element with that label.
pub fn stress(id: u64, p: usize, c: usize, time: f64) -> f64 {
    id as f64 + 0.01 * p as f64 + 0.001 * c as f64 + 10.0 * time
}

/// This rank's `U`, `temperature`, `p_mean` and `sig` at a time.
pub fn fields(mesh: &Mesh, time: f64) -> [Vec<f64>; 4] {
    let u = mesh.node_ids.iter().flat_map(|&id| displacement(id, time)).collect();
    let t = mesh.node_ids.iter().map(|&id| 20.0 + id as f64 * time).collect();
    let p = mesh.element_ids.iter().map(|&id| id as f64 * time).collect();
    let mut sig = Vec::new();
    for (id, kind) in mesh.element_ids.iter().zip(&mesh.kinds) {
        for point in 0..kind.n_points() {
            sig.extend((0..6).map(|c| stress(*id, point, c, time)));
        }
    }
    [u, t, p, sig]
}

/// Writes a run of `times` with all kinds of fields.
pub fn write_run(comm: &Comm, path: &Path, sub: &Subdomain, times: &[f64]) -> ferrom::Result<()> {
    let case = "[case]\nname = \"bär\"\n";
    let mut writer = SnapshotWriter::create(comm, path, StoreKind::Run, sub, case, "{\"seed\": 1}")?;
    for &time in times {
        let [u, t, p, sig] = fields(&sub.mesh, time);
        writer.append(
            comm,
            &Step {
                time,
                nodal: &[Field::new("U", 3, &u), Field::new("temperature", 1, &t)],
                cells: &[Field::new("p_mean", 1, &p)],
                points: &[Field::new("sig", 6, &sig)],
                reduced: &[Field::new("coordinates", 2, &[time, 2.0 * time])],
            },
        )?;
    }
    writer.commit(comm)
}

/// The message of a failure.
pub fn message<T>(result: ferrom::Result<T>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(e) => e.message,
    }
}

/// The Python with the named modules, where there is one; says so where there is none.
pub fn python(modules: &str) -> Option<String> {
    let program = std::env::var("FERROM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let works = Command::new(&program).args(["-c", &format!("import {modules}")]).output();
    if works.is_ok_and(|o| o.status.success()) {
        return Some(program);
    }
    eprintln!("skipped: {program} has not all of {modules}; name another Python in FERROM_PYTHON");
    None
}

/// Looks at a file as ParaView does and prints what is there.
pub const LOOK: &str = r#"
import sys, vtk
from vtk.util.numpy_support import vtk_to_numpy as array
reader = vtk.vtkHDFReader()
reader.SetFileName(sys.argv[1])
reader.UpdateInformation()
print("steps", reader.GetNumberOfSteps())
reader.SetStep(int(sys.argv[2]))
reader.Update()
grid = reader.GetOutputDataObject(0)
time = grid.GetFieldData().GetArray("Time").GetValue(0)
if grid.IsA("vtkPartitionedDataSet"):
    print("parts", grid.GetNumberOfPartitions())
    join = vtk.vtkAppendFilter()
    for i in range(grid.GetNumberOfPartitions()):
        join.AddInputData(grid.GetPartition(i))
    join.Update()
    grid = join.GetOutput()
print("cells", grid.GetNumberOfCells(), "points", grid.GetNumberOfPoints(), "time", time)
size = vtk.vtkCellSizeFilter()
size.SetInputData(grid)
size.Update()
print("volume", round(float(array(size.GetOutput().GetCellData().GetArray("Volume")).sum()), 9))
for data in (grid.GetPointData(), grid.GetCellData()):
    for i in range(data.GetNumberOfArrays()):
        values = array(data.GetArray(i))
        print(data.GetArrayName(i), values.shape, float(values.sum()))
"#;
