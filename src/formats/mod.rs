//! Other programs' files: bytes to meshes and fields, and back. No mathematics, no decisions about what to compute.

pub mod ansys;
pub mod calculix;
mod cells;
#[cfg(test)]
mod damage_tests;
mod gmsh;
mod ids;
#[cfg(test)]
pub(crate) mod mutate;
mod output;
mod source;
mod vtk;
pub mod zset;

use crate::error::{Error, Result};
use crate::mesh::Mesh;
use std::path::Path;

/// Reads a mesh of any known format; the whole structure.
///
/// # Errors
/// File, place, value and remedy.
pub fn read_mesh(path: &Path) -> Result<Mesh> {
    match extension(path) {
        "geof" | "geo" => zset::read_mesh(path),
        "cdb" | "dat" | "rst" => ansys::read_mesh(path),
        "inp" => calculix::Deck::read(path)?.mesh(),
        "msh" => gmsh::read_mesh(path),
        "vtu" | "vtk" => vtk::read_mesh(path),
        "frd" => calculix::frd::Frd::open(path)?.mesh(),
        other => Err(Error::input(
            path,
            "",
            format!("a mesh with the ending '{other}' is not known"),
            "give a mesh of Z-set (.geof, .geo), Gmsh (.msh) or VTK (.vtu, .vtk), a CalculiX deck (.inp), an Ansys deck \
             (.cdb, .dat) or result (.rst)",
        )),
    }
}

/// Values at some positions of one record (from 1) of a field of `total` values: `.node` (bare big-endian float32), or
/// text with one value per line (`.txt`, `.dat`, `.csv`; one record); or temperatures of a CalculiX deck (`.inp`).
///
/// # Errors
/// The file is missing, of another length, or holds something that is not a finite number.
pub fn read_field(path: &Path, record: u64, total: u64, positions: &[u64]) -> Result<Vec<f64>> {
    match extension(path) {
        "inp" => calculix::temperature_field(path, record, total, positions),
        "node" => zset::read_record(path, record, total, Some(positions)),
        "txt" | "dat" | "csv" => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check the path"))?;
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
            if lines.len() as u64 != total || record != 1 {
                let problem = format!(
                    "{} values, record 1 only, where {total} in record {record} are due",
                    lines.len()
                );
                return Err(Error::input(
                    path,
                    "",
                    problem,
                    "write one value per line, in the order of the mesh",
                ));
            }
            let value = |&p: &u64| -> Result<f64> {
                let line = lines[p as usize];
                line.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| {
                    Error::input(
                        path,
                        format!("value {}", p + 1),
                        format!("'{line}' is not a finite number"),
                        "correct it",
                    )
                })
            };
            positions.iter().map(value).collect()
        }
        other => Err(Error::input(
            path,
            "",
            format!("a field with the ending '{other}' is not known"),
            "give a .node file (big-endian float32), a CalculiX deck (.inp), or text with one value per line (.txt, .dat, .csv)",
        )),
    }
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|e| e.to_str()).unwrap_or("")
}
