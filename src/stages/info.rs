//! `ferrom info`: what a file holds.

use super::load_mesh;
use super::source::{Cut, ResultFile};
use crate::config::read_case;
use crate::error::{Error, Result};
use crate::parallel::{Comm, agree};
use crate::store::{ReducedModel, ReducedRun, StoreKind, kind_of};
use std::path::Path;

/// A description of a store, model, result, case, mesh or shared library.
///
/// # Errors
/// The file is none of these, or damaged.
///
/// # Collective
pub fn describe(comm: &Comm, path: &Path) -> Result<serde_json::Value> {
    let json = match path.extension().and_then(|e| e.to_str()).unwrap_or("") {
        "toml" | "inp" => {
            let case = agree(comm, read_case(path))?;
            serde_json::json!({
                "kind": "case", "mesh": case.mesh, "increments": case.time.end_times().len(), "end": case.time.end(),
                "loads": case.loading.loads.iter().map(|l| l.describe()).collect::<Vec<_>>(),
                "materials": case.materials.iter().map(|m| format!("{} ({})", m.material.name, m.material.law.name()))
                    .collect::<Vec<_>>(),
            })
        }
        // a deck of Ansys, or prints of CalculiX
        "dat" => match agree(comm, super::calculix::describe_prints(path))? {
            Some(prints) => prints,
            None => mesh(comm, path)?,
        },
        "geof" | "geo" | "cdb" | "msh" | "vtu" | "vtk" => mesh(comm, path)?,
        "ut" | "" => results(comm, path)?,
        "so" => {
            let mut json = serde_json::to_value(agree(comm, crate::material::plugins::content(path))?)
                .map_err(|e| Error::run(format!("the description could not be written as JSON: {e}")))?;
            json["kind"] = "library".into();
            json
        }
        "rst" => agree(comm, super::ansys::describe(path))?,
        "frd" => agree(comm, super::calculix::describe(path))?,
        _ => match agree(comm, kind_of(path))? {
            StoreKind::Model => {
                let m = ReducedModel::read_online(comm, path)?;
                serde_json::json!({
                    "kind": "model", "modes": m.n_modes, "lifts": m.lifts.len(), "points": m.points.n_global,
                    "nodes": m.n_nodes, "volume": m.volume, "tolerances": m.tolerances,
                    "singular_values": m.singular_values,
                    "quantities": m.duals.iter().map(|d| format!("{} ({} modes)", d.name, d.m)).collect::<Vec<_>>(),
                    "face_sets": m.loads.faces.keys().collect::<Vec<_>>(),
                    "element_sets": m.loads.elements.keys().collect::<Vec<_>>(),
                    "node_sets": m.loads.nodes.keys().collect::<Vec<_>>(),
                })
            }
            _ => match agree(comm, ReducedRun::find(path))? {
                Some(run) => serde_json::json!({
                    "kind": "reduced run", "coordinates": run.coordinates, "times": run.times, "displacement": false,
                    "quantities": [],
                }),
                // a mesh in parts (`ferrom partition`) holds no results
                None => results(comm, path).or_else(|e| mesh(comm, path).map_err(|_| e))?,
            },
        },
    };
    Ok(json)
}

fn mesh(comm: &Comm, path: &Path) -> Result<serde_json::Value> {
    let sub = load_mesh(comm, path)?;
    let mesh = &sub.mesh;
    Ok(serde_json::json!({
        "kind": "mesh", "nodes": mesh.n_nodes_global, "elements": mesh.n_elements_global,
        "node_sets": mesh.node_sets.keys().collect::<Vec<_>>(),
        "element_sets": mesh.element_sets.keys().collect::<Vec<_>>(),
        "face_sets": mesh.face_sets.keys().collect::<Vec<_>>(),
    }))
}

fn results(comm: &Comm, path: &Path) -> Result<serde_json::Value> {
    let file = ResultFile::open(comm, path, Cut::Own)?;
    let mesh = &file.subdomain().mesh;
    Ok(serde_json::json!({
        "kind": "results", "nodes": mesh.n_nodes_global, "elements": mesh.n_elements_global,
        "displacement": file.has_displacement(), "times": file.times(),
        "quantities": file.point_names(comm)?.into_iter().map(|q| q.0).collect::<Vec<_>>(),
    }))
}
