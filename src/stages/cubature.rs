//! `ferrom cubature`: points and weights for the integrands of a plain file, points split over ranks.

use super::pod::cpu;
use super::{Context, check_output, share};
use crate::error::{Error, Result};
use crate::parallel::{Comm, agree, peak_memory};
use crate::rom::cubature::{self, Cubature, CubatureError, Dense, Factored, Integrands, Options, Problem};
use crate::store::{MatrixFile, MatrixWriter};
use std::ops::Range;
use std::path::Path;

/// How to integrate.
#[derive(Debug, Clone)]
pub struct CubatureOptions {
    /// Relative tolerance.
    pub tolerance: f64,
    /// Exchange cycles.
    pub exchange: bool,
    /// One problem for all ranks, or one for each.
    pub global: bool,
    /// Most points.
    pub max_points: Option<usize>,
    /// Bytes that a process may take.
    pub memory_limit: Option<usize>,
}

/// What came out.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CubatureReport {
    /// Number of functions.
    pub integrands: usize,
    /// Number of points to choose from.
    pub candidates: usize,
    /// Number of points chosen.
    pub points: usize,
    /// `||G_z x - b|| / ||b||`.
    pub error: f64,
    /// Volume.
    pub volume: f64,
    /// Sum of weights over volume, minus one.
    pub weight_defect: f64,
    /// Smallest weight.
    pub least_weight: f64,
    /// Columns tried.
    pub iterations: usize,
    /// How the search ended.
    pub stop: String,
    /// Whether the tolerance is met.
    pub converged: bool,
    /// Processor time of rank 0 for the search, seconds.
    pub cpu_seconds: f64,
}

/// Shapes of the problem in the file.
struct Shapes {
    /// `(functions)` of a dense matrix, or `(modes, stresses)`.
    functions: (usize, Option<usize>),
    points: usize,
}

const DENSE: &str = "integrands";
const STRAINS: &str = "strain_modes";
const STRESSES: &str = "stresses";
const WEIGHTS: &str = "weights";
const ELEMENTS: &str = "elements";
/// Consecutive points that count as an element where the file has none: neighbours are much alike.
const NEIGHBOURS: usize = 8;
/// Candidates between two searches among all points: at least the number tuned for small problems, and one of so many
/// points, because a search costs as many products as there are points.
const LEAST_POOL: usize = 500;
const POINTS_PER_CANDIDATE: usize = 250;

/// Cubature of the integrands of `path`; points and weights are written to `output` where that is given.
///
/// # Errors
/// The file is not in the layout of `docs/matrices.md`; it needs more than the memory limit; a value is not finite.
///
/// # Collective
pub fn cubature(
    cx: &Context,
    path: &Path,
    options: &CubatureOptions,
    output: Option<&Path>,
) -> Result<CubatureReport> {
    let comm = cx.comm;
    if let Some(out) = output {
        check_output(comm, out, &[path])?;
    }
    let (file, shapes) = agree(comm, MatrixFile::open(path).and_then(|f| shapes(&f).map(|s| (f, s))))?;
    let mine = mine(comm, &file, &shapes)?;
    within(comm, options.memory_limit, &shapes, mine.len())?;
    let read = cx.timers.time("read", || -> Result<_> {
        let weights = file.vector::<f64>(WEIGHTS, mine.clone())?;
        let elements = match file.has(ELEMENTS) {
            true => file.vector::<u64>(ELEMENTS, mine.clone())?,
            false => mine.clone().map(|k| (k / NEIGHBOURS) as u64).collect(),
        };
        let a = match shapes.functions {
            (q, None) => (columns(&file, DENSE, q, &mine, 1)?, Vec::new()),
            (n, Some(s)) => (columns(&file, STRAINS, n, &mine, 6)?, columns(&file, STRESSES, s, &mine, 6)?),
        };
        Ok((weights, elements, a))
    });
    let (weights, elements, (a, b)) = agree(comm, read)?;
    let ids: Vec<u64> = mine.clone().map(|k| k as u64).collect();
    let o = Options {
        exchange: options.exchange,
        max_points: options.max_points,
        pool: LEAST_POOL.max(shapes.points / POINTS_PER_CANDIDATE),
        ..Options::new(options.tolerance)
    };
    let from = cpu();
    let found = cx.timers.time("cubature", || match shapes.functions {
        (q, None) => {
            solve(comm, &Dense::new(q, mine.len(), &a), &weights, &ids, &elements, &o, options.global)
        }
        (n, Some(s)) => {
            let factored = Factored::new(mine.len(), n, &a, s, &b);
            solve(comm, &factored, &weights, &ids, &elements, &o, options.global)
        }
    });
    let cpu_seconds = cpu() - from;
    let found = found.map_err(|e| match e {
        CubatureError::Tolerance(_) => Error::case(e.to_string()),
        _ => Error::input(path, "", e, ""),
    })?;
    if let Some(out) = output {
        cx.timers.time("write", || write(comm, out, &found))?;
    }
    Ok(CubatureReport {
        integrands: shapes.functions.0 * shapes.functions.1.unwrap_or(1),
        candidates: shapes.points,
        points: found.count(),
        error: found.error,
        volume: found.volume,
        weight_defect: found.sum / found.volume - 1.0,
        least_weight: found.least_weight,
        iterations: found.iterations,
        stop: found.stop.words().to_owned(),
        converged: found.converged,
        cpu_seconds,
    })
}

fn solve<I: Integrands>(
    comm: &Comm,
    integrands: &I,
    weights: &[f64],
    ids: &[u64],
    elements: &[u64],
    options: &Options,
    global: bool,
) -> std::result::Result<Cubature, CubatureError> {
    let problem = Problem { integrands, weights, ids, elements };
    if global { cubature::global(comm, &problem, options) } else { cubature::local(comm, &problem, options) }
}

fn shapes(file: &MatrixFile) -> Result<Shapes> {
    let (functions, points) = if file.has(STRAINS) {
        let strain = file.shape(STRAINS, &[None, None, Some(6)])?;
        let stress = file.shape(STRESSES, &[None, Some(strain[1]), Some(6)])?;
        ((strain[0], Some(stress[0])), strain[1])
    } else {
        let g = file.shape(DENSE, &[None, None])?;
        ((g[0], None), g[1])
    };
    file.shape(WEIGHTS, &[Some(points)])?;
    if file.has(ELEMENTS) {
        file.shape(ELEMENTS, &[Some(points)])?;
    }
    Ok(Shapes { functions, points })
}

/// This rank's points; an element, which must be a run of consecutive points, is not cut.
///
/// # Collective
fn mine(comm: &Comm, file: &MatrixFile, shapes: &Shapes) -> Result<Range<usize>> {
    if !file.has(ELEMENTS) {
        let blocks = share(comm, shapes.points.div_ceil(NEIGHBOURS));
        let at = |block: usize| (block * NEIGHBOURS).min(shapes.points);
        return Ok(at(blocks.start)..at(blocks.end));
    }
    let mine = share(comm, shapes.points);
    let whole = |at: usize| -> Result<usize> {
        let mut at = at;
        while at > 0 && at < shapes.points {
            let pair = file.vector::<u64>(ELEMENTS, at - 1..at + 1)?;
            if pair[0] != pair[1] {
                break;
            }
            at += 1;
        }
        Ok(at)
    };
    agree(comm, whole(mine.start).and_then(|a| whole(mine.end).map(|b| a..b)))
}

/// Refuses a problem that does not fit.
///
/// # Collective
fn within(comm: &Comm, limit: Option<usize>, shapes: &Shapes, points: usize) -> Result<()> {
    let Some(limit) = limit else { return Ok(()) };
    let (n, s) = shapes.functions;
    let per_point = s.map_or(n, |s| 6 * (n + s)) + 16;
    let needed = peak_memory() as u64 + (8 * per_point * points) as u64 + (64 << 20);
    let needed = comm.max_u64(needed);
    if needed <= limit as u64 {
        return Ok(());
    }
    Err(Error::case(format!(
        "--memory-limit is {:.0} MB where the integrands of a rank need {:.0} MB; raise it, use more ranks, or give \
         strain_modes and stresses instead of their products",
        limit as f64 / 1e6,
        needed as f64 / 1e6
    )))
}

/// A dataset `(rows, points[, components])` as rows of all functions: entry `((k c) + component) rows + q`.
fn columns(
    file: &MatrixFile,
    name: &str,
    rows: usize,
    mine: &Range<usize>,
    components: usize,
) -> Result<Vec<f64>> {
    /// Points of a piece: a strip of the target that stays in the cache while all functions are put into it.
    const STRIP: usize = 1 << 14;
    let mut out = vec![0.0; rows * mine.len() * components];
    let mut first = mine.start;
    while first < mine.end {
        let end = (first + STRIP).min(mine.end);
        for q in 0..rows {
            file.row_pieces(name, q, first..end, |at, piece| {
                let to = (at - mine.start) * components * rows + q;
                out[to..].iter_mut().step_by(rows).zip(piece).for_each(|(o, x)| *o = *x);
            })?;
        }
        first = end;
    }
    Ok(out)
}

/// Writes `points` (numbers from 0, ascending) and `weights`.
///
/// # Collective
fn write(comm: &Comm, path: &Path, found: &Cubature) -> Result<()> {
    let mut writer = MatrixWriter::create(comm, path)?;
    let (points, _) = comm.gather(&found.points.iter().map(|p| p.id).collect::<Vec<u64>>(), 0);
    let (weights, _) = comm.gather(&found.points.iter().map(|p| p.weight).collect::<Vec<f64>>(), 0);
    writer.whole(comm, "points", &[points.len()], &points)?;
    writer.whole(comm, "weights", &[weights.len()], &weights)?;
    writer.whole(comm, "error", &[1], &[found.error])?;
    writer.whole(comm, "volume", &[1], &[found.volume])?;
    writer.commit(comm)
}
