//! `ferrom pod`: modes of a plain matrix of snapshots, columns split over ranks, in memory or streamed.

use super::{Context, check_output, share};
use crate::error::{Error, Result};
use crate::parallel::{Comm, agree, peak_memory};
use crate::rom::pod::{
    Diagonal, Method, Right, Snapshots, StreamedPod, Truncation, pod_in_place, pod_streamed,
};
use crate::store::{MatrixFile, MatrixWriter};
use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;

/// What to decompose and how.
#[derive(Debug, Clone)]
pub struct PodOptions {
    /// Name of the matrix (snapshots x values).
    pub dataset: String,
    /// Relative tolerance (see [`Truncation`]).
    pub tolerance: f64,
    /// Method; by the tolerance where it is not given.
    pub method: Option<Method>,
    /// Most modes.
    pub max_modes: Option<usize>,
    /// Bytes that a process may take.
    pub memory_limit: Option<usize>,
}

/// What came out.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PodReport {
    /// Number of snapshots.
    pub snapshots: usize,
    /// Values of a snapshot.
    pub values: usize,
    /// Modes.
    pub modes: usize,
    /// `gram` or `tsqr`.
    pub method: &'static str,
    /// Whether the file was read in blocks.
    pub streamed: bool,
    /// Singular values of the modes.
    pub singular_values: Vec<f64>,
    /// Largest relative projection error.
    pub projection_error: f64,
    /// Departure of the modes from orthonormality.
    pub orthogonality: f64,
    /// Processor time of rank 0 for the decomposition, seconds.
    pub cpu_seconds: f64,
}

/// Name of the optional weights of the values.
const WEIGHTS: &str = "weights";
/// Bytes of a column piece on its way to the output file.
const OUTPUT_BYTES: usize = 8 << 20;
/// Fewest rows of a streamed block.
const LEAST_ROWS: usize = 256;

/// The matrix in the file: this rank's columns are read block by block.
struct Stored<'f> {
    file: &'f MatrixFile,
    name: &'f str,
    count: usize,
    mine: Range<usize>,
    failed: RefCell<Option<Error>>,
}

impl Snapshots for Stored<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn len(&self) -> usize {
        self.mine.len()
    }

    fn read(&self, s: usize, first: usize, out: &mut [f64]) {
        let start = self.mine.start + first;
        let read = self.file.row_pieces(self.name, s, start..start + out.len(), |at, piece| {
            out[at - start..at - start + piece.len()].copy_from_slice(piece);
        });
        if let Err(e) = read {
            out.fill(f64::NAN);
            self.failed.borrow_mut().get_or_insert(e);
        }
    }
}

/// Modes of the matrix of `path`; written to `output` where that is given.
///
/// # Errors
/// The file is not in the layout of `docs/matrices.md`; the memory limit is too small; the decomposition fails.
///
/// # Collective
pub fn pod(cx: &Context, path: &Path, options: &PodOptions, output: Option<&Path>) -> Result<PodReport> {
    let comm = cx.comm;
    if let Some(out) = output {
        check_output(comm, out, &[path])?;
    }
    let opened = MatrixFile::open(path).and_then(|file| {
        let shape = file.shape(&options.dataset, &[None, None])?;
        let mine = share(comm, shape[1]);
        let weights = match file.has(WEIGHTS) {
            true => {
                file.shape(WEIGHTS, &[Some(shape[1])])?;
                let weights = file.vector::<f64>(WEIGHTS, mine.clone())?;
                if let Some(at) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
                    let problem = format!("holds {} at entry {}", weights[at], mine.start + at);
                    return Err(file.wrong(WEIGHTS, problem, "weights must be finite and not negative"));
                }
                Some(weights)
            }
            false => None,
        };
        Ok((file, shape, mine, weights))
    });
    let (file, shape, mine, weights) = agree(comm, opened)?;
    let (s, n) = (shape[0], shape[1]);
    let inner = weights.as_deref().map_or(Diagonal::Identity, Diagonal::Weights);
    let truncation = Truncation { relative: options.tolerance, max_modes: options.max_modes };
    let method = options.method.unwrap_or(if options.tolerance < 1e-7 { Method::Tsqr } else { Method::Gram });
    let stored = Stored {
        file: &file,
        name: &options.dataset,
        count: s,
        mine: mine.clone(),
        failed: RefCell::default(),
    };
    let id = |i: usize| (mine.start + i) as u64;
    let room = room(comm, options.memory_limit, s, mine.len())?;
    let failed = |e: crate::rom::pod::PodError| match stored.failed.borrow_mut().take() {
        Some(told) => told,
        None => Error::input(path, &options.dataset, e, ""),
    };
    let mut writer = output.map(|out| MatrixWriter::create(comm, out)).transpose()?;
    let (found, cpu_seconds) = match room {
        None => {
            let mut matrix = vec![0.0; s * mine.len()];
            let read = cx.timers.time("read", || {
                for (k, column) in matrix.chunks_exact_mut(mine.len().max(1)).enumerate() {
                    stored.read(k, 0, column);
                }
                stored.failed.borrow_mut().take().map_or(Ok(()), Err)
            });
            agree(comm, read)?;
            let from = cpu();
            let pod = cx
                .timers
                .time("pod", || pod_in_place(comm, matrix, s, inner, &id, truncation, method))
                .map_err(failed)?;
            let spent = cpu() - from;
            if let Some(w) = &mut writer {
                cx.timers.time("write", || write_modes(comm, w, &pod.modes, pod.count, &mine, n))?;
            }
            let found = StreamedPod {
                count: pod.count,
                singular_values: pod.singular_values,
                spectrum: pod.spectrum,
                projection_errors: pod.projection_errors,
                orthogonality: pod.orthogonality,
            };
            (found, spent)
        }
        Some(rows) => {
            let from = cpu();
            let found = cx.timers.time("pod", || {
                streamed(comm, &stored, inner, &id, truncation, method, rows, writer.as_mut(), n, failed)
            })?;
            (found, cpu() - from)
        }
    };
    if let Some(mut w) = writer {
        let mut vector = |name: &str, v: &[f64]| w.whole(comm, name, &[v.len()], v);
        vector("singular_values", &found.singular_values)?;
        vector("spectrum", &found.spectrum)?;
        vector("projection_errors", &found.projection_errors)?;
        w.commit(comm)?;
    }
    Ok(PodReport {
        snapshots: s,
        values: n,
        modes: found.count,
        method: match method {
            Method::Gram => "gram",
            Method::Tsqr => "tsqr",
        },
        streamed: room.is_some(),
        singular_values: found.singular_values,
        projection_error: found.projection_errors.iter().copied().fold(0.0, f64::max),
        orthogonality: found.orthogonality,
        cpu_seconds,
    })
}

/// Rows of a block where the matrix has to be streamed, `None` where it fits in memory; the same on every rank.
///
/// # Collective
fn room(comm: &Comm, limit: Option<usize>, s: usize, mine: usize) -> Result<Option<usize>> {
    let Some(limit) = limit else { return Ok(None) };
    // small matrices, and what the libraries keep for themselves
    let fixed = peak_memory() as usize + 8 * 8 * s * s + (24 << 20);
    let most = comm.max_u64((fixed + 8 * s * mine + (8 << 20)) as u64) as usize;
    if most <= limit {
        return Ok(None);
    }
    let fixed = comm.max_u64(fixed as u64) as usize;
    // block, its copies in the QR, two sets of modes, a piece for the output
    let rows = limit.saturating_sub(fixed) / (8 * s.max(1) * 6);
    if rows < LEAST_ROWS {
        let least = fixed + 8 * s.max(1) * 6 * LEAST_ROWS;
        return Err(Error::case(format!(
            "--memory-limit is {:.0} MB where a block of {LEAST_ROWS} values of {s} snapshots needs {:.0} MB; raise it",
            limit as f64 / 1e6,
            least as f64 / 1e6
        )));
    }
    Ok(Some(rows.min(1 << 16)))
}

/// As [`pod_streamed`], with the modes written to the file.
///
/// # Collective
fn streamed(
    comm: &Comm,
    stored: &Stored<'_>,
    inner: Diagonal<'_>,
    id: &dyn Fn(usize) -> u64,
    truncation: Truncation,
    method: Method,
    rows: usize,
    writer: Option<&mut MatrixWriter>,
    values: usize,
    failed: impl Fn(crate::rom::pod::PodError) -> Error,
) -> Result<StreamedPod> {
    let right = Right::new(comm, stored, &inner, truncation, method, rows).map_err(&failed)?;
    let Some(writer) = writer else {
        let found = pod_streamed(comm, stored, inner, id, truncation, right, rows, None);
        return found.map_err(failed);
    };
    let rounds = comm.max_u64(stored.mine.len().div_ceil(rows) as u64);
    let mut done = Ok(());
    let mut round = 0;
    let mut put = |first: usize, count: usize, n: usize, block: &[f64]| {
        debug_assert_eq!(block.len(), count * n);
        if round == 0 && done.is_ok() {
            done = writer.dataset(comm, "modes", &[n, values]);
        }
        round += 1;
        if done.is_ok() {
            done = writer.columns(comm, "modes", n, stored.mine.start + first, block);
        }
    };
    let found = pod_streamed(comm, stored, inner, id, truncation, right, rows, Some((&mut put, rounds)));
    let found = found.map_err(failed)?;
    done.map(|()| found)
}

/// Writes modes that lie in memory.
///
/// # Collective
fn write_modes(
    comm: &Comm,
    writer: &mut MatrixWriter,
    modes: &[f64],
    count: usize,
    mine: &Range<usize>,
    values: usize,
) -> Result<()> {
    writer.dataset(comm, "modes", &[count, values])?;
    let rows = (OUTPUT_BYTES / (8 * count.max(1))).max(1);
    let rounds = comm.max_u64(mine.len().div_ceil(rows) as u64) as usize;
    let mut block = Vec::new();
    for round in 0..rounds {
        let (from, to) = ((round * rows).min(mine.len()), ((round + 1) * rows).min(mine.len()));
        block.clear();
        (0..count).for_each(|k| block.extend_from_slice(&modes[k * mine.len()..][from..to]));
        writer.columns(comm, "modes", count, mine.start + from, &block)?;
    }
    Ok(())
}

/// Processor time of this process, seconds.
pub(super) fn cpu() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64
}
