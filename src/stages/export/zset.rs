//! Files of Z-set.

use super::Source;
use crate::error::Result;
use crate::formats::zset::{Layout, ResultWriter, TENSOR, write_geof};
use std::path::Path;

/// Writes `.geof`, `.ut`, `.node`, `.integ`, `.ctnod`.
pub(super) fn write(source: &mut Source, ut: &Path) -> Result<()> {
    let mesh = source.mesh();
    let geof = ut.with_extension("geof");
    write_geof(mesh, &geof)?;
    let components = |name: &str, n: usize| -> Vec<String> {
        if n == 6 { TENSOR.iter().map(|c| format!("{name}{c}")).collect() } else { vec![name.to_owned()] }
    };
    let integ: Vec<String> = source.points.iter().flat_map(|(name, n)| components(name, *n)).collect();
    let integ: Vec<&str> = integ.iter().map(String::as_str).collect();
    let (moved, heated) = (source.file.has_displacement(), source.has_temperature());
    let mut nodal = if moved { vec!["U1", "U2", "U3"] } else { vec![] };
    if heated {
        nodal.push("temperature");
    }
    let mesh_name = geof.file_name().map(Path::new).unwrap_or(&geof);
    let mut writer =
        ResultWriter::create(&ut.with_extension("ut"), mesh_name, Layout::of(mesh), &nodal, &integ)?;
    let widths: Vec<usize> = source.points.iter().map(|p| p.1).collect();
    for k in 0..source.times().len() {
        let state = source.state(k)?;
        let of_nodes = [(state.displacement.as_deref(), 3), (state.temperature.as_deref(), 1)];
        let columns: Vec<(&[f64], usize)> = of_nodes.iter().filter_map(|(v, n)| Some(((*v)?, *n))).collect();
        let points: Vec<(&[f64], usize)> =
            state.points.iter().map(Vec::as_slice).zip(widths.iter().copied()).collect();
        // a store does not know the source's cycles: one cycle, one sequence
        writer.append(1, 1, k as u64, state.time, &side_by_side(&columns), &side_by_side(&points))?;
        if !integ.is_empty() {
            let means = source.at_nodes(&state);
            let means: Vec<(&[f64], usize)> =
                means.iter().map(Vec::as_slice).zip(widths.iter().copied()).collect();
            writer.append_at_nodes(&side_by_side(&means))?;
        }
    }
    writer.finish()
}

/// Rows of several fields joined: each `n x components`, the result `n x (sum of components)`.
fn side_by_side(fields: &[(&[f64], usize)]) -> Vec<f64> {
    let width: usize = fields.iter().map(|f| f.1).sum();
    let rows = fields.first().map_or(0, |(values, n)| values.len() / n);
    let mut out = Vec::with_capacity(rows * width);
    for row in 0..rows {
        fields.iter().for_each(|(values, n)| out.extend_from_slice(&values[row * n..(row + 1) * n]));
    }
    out
}
