//! `ferrom export`: results in another program's format.

use super::Context;
use super::source::{Cut, ResultFile};
use crate::error::Result;
use crate::formats::zset::{Layout, ResultWriter, TENSOR, write_geof};
use crate::parallel::{Comm, agree};
use std::path::Path;

/// Writes a run or snapshot store as Z-set files beside `ut` (`.geof`, `.ut`, `.node`, `.integ`); returns the number of
/// times.
///
/// # Errors
/// The run cannot be read, holds no field; a file cannot be written.
///
/// # Collective
pub fn export_zset(cx: &Context, run: &Path, ut: &Path) -> Result<usize> {
    // one writer, one order: rank 0 reads the whole and the others wait for its verdict
    agree(cx.comm, if cx.comm.is_root() { write(run, ut) } else { Ok(0) })?;
    let times = ResultFile::open(cx.comm, run, Cut::Own)?.times().len();
    Ok(times)
}

fn write(run: &Path, ut: &Path) -> Result<usize> {
    let comm = Comm::serial();
    super::check_output(&comm, ut, &[run])?;
    let file = ResultFile::open(&comm, run, Cut::Anew)?;
    let mesh = &file.subdomain().mesh;
    let geof = ut.with_extension("geof");
    write_geof(mesh, &geof)?;
    let points = file.point_names(&comm)?;
    let components = |name: &str, n: usize| -> Vec<String> {
        if n == 6 { TENSOR.iter().map(|c| format!("{name}{c}")).collect() } else { vec![name.to_owned()] }
    };
    let integ: Vec<String> = points.iter().flat_map(|(name, n)| components(name, *n)).collect();
    let integ: Vec<&str> = integ.iter().map(String::as_str).collect();
    let nodal: &[&str] = if file.has_displacement() { &["U1", "U2", "U3"] } else { &[] };
    let mesh_name = geof.file_name().map(Path::new).unwrap_or(&geof);
    let mut writer =
        ResultWriter::create(&ut.with_extension("ut"), mesh_name, Layout::of(mesh), nodal, &integ)?;
    let width: usize = points.iter().map(|p| p.1).sum();
    let mut rows = vec![0.0; mesh.n_points() * width];
    for (k, &time) in file.times().iter().enumerate() {
        let u = if nodal.is_empty() { Vec::new() } else { file.displacement(&comm, k)? };
        let mut first = 0;
        for (name, n) in &points {
            let values = file.points(&comm, k, name)?;
            for (row, v) in rows.chunks_exact_mut(width).zip(values.chunks_exact(*n)) {
                row[first..first + n].copy_from_slice(v);
            }
            first += n;
        }
        // a store does not know the source's cycles: one cycle, one sequence
        writer.append(1, 1, k as u64, time, &u, &rows)?;
    }
    writer.finish()?;
    Ok(file.times().len())
}
