//! `ferrom export`: results in another program's format.

mod calculix;
mod vtkhdf;
mod zset;

use super::Context;
use super::source::{Cut, ResultFile};
use crate::config::Case;
use crate::error::Result;
use crate::fem::NodalMean;
use crate::formats::calculix::frd::Encoding;
use crate::loads::TemperatureHistory;
use crate::mesh::Mesh;
use crate::parallel::{Comm, agree};
use std::path::Path;

/// A format to export to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `.geof`, `.ut`, `.node`, `.integ`, `.ctnod`.
    Zset,
    /// `.frd`.
    Calculix(Encoding),
    /// VTKHDF with values at nodes and elements.
    Vtkhdf,
}

/// Writes a run or snapshot store in a format of another program to `out`, and what belongs to it beside; returns the
/// number of times. Values at integration points are also carried to the nodes ([`NodalMean`]). Temperatures are those
/// stored, or those of the case that the file keeps.
///
/// # Errors
/// The run cannot be read, or holds no field; a file cannot be written, or not hold a value.
///
/// # Collective
pub fn export(cx: &Context, run: &Path, format: ExportFormat, out: &Path) -> Result<usize> {
    let write = || {
        super::check_output(&Comm::serial(), out, &[run])?;
        let mut source = Source::open(run)?;
        match format {
            ExportFormat::Zset => zset::write(&mut source, out)?,
            ExportFormat::Calculix(encoding) => calculix::write(&mut source, out, encoding)?,
            ExportFormat::Vtkhdf => vtkhdf::write(&mut source, out)?,
        }
        Ok(source.times().len() as u64)
    };
    // one writer, one order: rank 0 reads the whole and the others wait for its verdict
    let mut times = [agree(cx.comm, if cx.comm.is_root() { write() } else { Ok(0) })?];
    cx.comm.broadcast(&mut times, 0);
    Ok(times[0] as usize)
}

/// Results of the whole structure.
struct Source {
    comm: Comm,
    file: ResultFile,
    /// Quantities at integration points and their components.
    points: Vec<(String, usize)>,
    means: NodalMean,
    temperature: Temperature,
}

enum Temperature {
    None,
    Stored,
    OfCase(Box<TemperatureHistory>),
}

/// What there is at one time.
struct State {
    time: f64,
    /// `3 n_nodes`, where displacements are stored.
    displacement: Option<Vec<f64>>,
    /// `n_nodes`, where temperatures are known.
    temperature: Option<Vec<f64>>,
    /// For each quantity `n_points x components`.
    points: Vec<Vec<f64>>,
}

impl Source {
    fn open(run: &Path) -> Result<Source> {
        let comm = Comm::serial();
        let file = ResultFile::open(&comm, run, Cut::Anew)?;
        let points = file.point_names(&comm)?;
        let means = NodalMean::new(&comm, file.subdomain());
        let temperature = temperature(&file)?;
        Ok(Source { comm, file, points, means, temperature })
    }

    fn mesh(&self) -> &Mesh {
        &self.file.subdomain().mesh
    }

    fn times(&self) -> &[f64] {
        self.file.times()
    }

    fn has_temperature(&self) -> bool {
        !matches!(self.temperature, Temperature::None)
    }

    fn state(&mut self, k: usize) -> Result<State> {
        let (file, comm, time) = (&self.file, &self.comm, self.file.times()[k]);
        let displacement = file.has_displacement().then(|| file.displacement(comm, k)).transpose()?;
        let temperature = match (&mut self.temperature, file.store()) {
            (Temperature::Stored, Some(store)) => Some(store.read_nodal(comm, k, "temperature")?),
            (Temperature::OfCase(history), _) => {
                let mut values = vec![0.0; file.subdomain().mesh.n_nodes()];
                history.evaluate(time, &mut values);
                Some(values)
            }
            _ => None,
        };
        let points = self.points.iter().map(|(name, _)| file.points(comm, k, name)).collect::<Result<_>>()?;
        Ok(State { time, displacement, temperature, points })
    }

    /// The quantities of a state at the nodes, each `n_nodes x components`.
    fn at_nodes(&self, state: &State) -> Vec<Vec<f64>> {
        let quantities = self.points.iter().zip(&state.points);
        let average = |values: &[f64], n| self.means.average(&self.comm, self.file.subdomain(), values, n);
        quantities.map(|((_, n), values)| average(values, *n)).collect()
    }
}

/// Where temperatures come from.
fn temperature(file: &ResultFile) -> Result<Temperature> {
    let Some(store) = file.store() else { return Ok(Temperature::None) };
    if store.nodal_names()?.iter().any(|n| n == "temperature") {
        return Ok(Temperature::Stored);
    }
    let Some(case) = Some(store.case_text())
        .filter(|text| text.parse::<toml::Table>().is_ok_and(|t| !t.is_empty()))
        .map(|text| Case::from_text(text, store.path()))
        .transpose()?
        .filter(|case| case.loading.temperature.is_some())
    else {
        return Ok(Temperature::None);
    };
    let mesh = store.mesh();
    match TemperatureHistory::at_nodes(&case.loading, &mesh.node_index, mesh.n_nodes_global) {
        Ok(history) => Ok(Temperature::OfCase(Box::new(history))),
        Err(e) => {
            log::warn!("temperatures are left out: {e}");
            Ok(Temperature::None)
        }
    }
}
