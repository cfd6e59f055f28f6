//! `ferrom check`.

use super::Answer;
use super::args::Check;
use crate::config::read_case;
use crate::error::Result;
use crate::loads::TemperatureHistory;
use crate::parallel::agree;
use crate::stages::{Context, load_mesh};
use crate::structure::{LoadedStructure, Structure};

pub(super) fn run(cx: &Context, args: &Check) -> Result<Answer> {
    let comm = cx.comm;
    let case = agree(comm, read_case(&args.case))?;
    let mut json = serde_json::json!({
        "increments": case.time.end_times().len(),
        "end": case.time.end(),
        "materials": case.materials.iter().map(|m| m.material.name.clone()).collect::<Vec<_>>(),
        "loads": case.loading.loads.iter().map(|l| l.describe()).collect::<Vec<_>>(),
    });
    if let Some(mesh) = &case.mesh {
        let here = |e| case.locate(e);
        let structure = Structure::new(comm, load_mesh(comm, mesh)?, &case.materials).map_err(here)?;
        let loaded = LoadedStructure::new(comm, &structure, &case.loading).map_err(here)?;
        let nodes = &structure.sub.mesh.node_index;
        let total = structure.sub.mesh.n_nodes_global;
        let mut history = agree(comm, TemperatureHistory::at_nodes(&case.loading, nodes, total))?;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut field = vec![0.0; nodes.len()];
        for t in case.time.end_times() {
            history.evaluate(t, &mut field);
            field.iter().for_each(|&x| (low, high) = (low.min(x), high.max(x)));
        }
        let fixed = (0..3 * nodes.len())
            .filter(|&d| structure.sub.owned[d / 3] && loaded.fixed.is_fixed(d))
            .count() as u64;
        json["unknowns"] = (3 * total).into();
        json["prescribed"] = comm.sum_u64(fixed).into();
        json["elements"] = structure.sub.mesh.n_elements_global.into();
        json["volume"] = structure.volume.into();
        json["temperature"] = serde_json::json!([comm.min1(low), comm.max1(high)]);
    }
    cx.say(format_args!("{} is a valid case\n{json:#}", args.case.display()));
    Ok(Answer::new(json))
}
