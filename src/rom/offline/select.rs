//! Which integration points the online stage keeps: those of the cubature, and those that dual quantities need.

use super::assemble::DualBasis;
use super::basis::{PodMethod, UnitStrains, decompose};
use crate::error::{Error, Result};
use crate::parallel::{Comm, MemoryLimit};
use crate::rom::cubature::{self, Cubature, Problem};
use crate::rom::deim::{Rows, next_row};
use crate::rom::dense::interleave;
use crate::rom::pod::{Diagonal, Method, PodError, ROWS, Right, Snapshots, Truncation, pod_streamed};
use crate::rom::qdeim::qdeim;
use crate::structure::{Quantity, Structure};

/// Identity of the local integration points: `(point ids, element ids)`, unique over the structure and the same on any
/// number of ranks. A point's id is 64 times its element's position plus its number in the element.
pub fn point_ids(structure: &Structure) -> (Vec<u64>, Vec<u64>) {
    let mesh = &structure.sub.mesh;
    let (mut points, mut elements) = (Vec::new(), Vec::new());
    for (kind, &index) in mesh.kinds.iter().zip(&mesh.element_index) {
        for k in 0..kind.n_points() as u64 {
            points.push(64 * index + k);
            elements.push(index);
        }
    }
    (points, elements)
}

/// Numbers per point that the search for cubature points holds besides the integrands: ids, norms, scores, candidates.
const SEARCH: usize = 10;

/// Most stress snapshots that enter the cubature as they are; beyond, their POD modes (scaled by the singular values)
/// do.
const MAX_STRESSES: usize = 40;

/// The stresses that a cubature integrates, interleaved: row-major `6 n_points x count`.
#[derive(Debug, Clone, Default)]
pub struct Stresses {
    /// Stress fields.
    pub count: usize,
    /// Their values.
    pub rows: Vec<f64>,
}

impl Stresses {
    /// Snapshots (each `6 n_points`), or, of many, their POD modes to `tolerance` times the singular values.
    ///
    /// # Errors
    /// A snapshot is not finite; more than the memory limit.
    ///
    /// # Collective
    pub fn of_snapshots<S: Snapshots + ?Sized>(
        comm: &Comm,
        structure: &Structure,
        snapshots: &S,
        tolerance: f64,
        memory: &MemoryLimit,
    ) -> Result<Stresses> {
        let s = snapshots.count();
        if s > MAX_STRESSES {
            return compressed(comm, structure, snapshots, tolerance, memory);
        }
        let n = structure.geometry.n_points();
        memory.claim(comm, "the cubature", 6 * n * (s + 1) + SEARCH * n)?;
        let (mut rows, mut block) = (vec![0.0; 6 * n * s], vec![0.0; ROWS * s]);
        for (b, rows) in rows.chunks_mut((ROWS * s).max(1)).enumerate() {
            let block = &mut block[..rows.len()];
            let count = block.len() / s;
            snapshots.read_block(ROWS * b, count, block);
            let columns: Vec<&[f64]> = block.chunks_exact(count).collect();
            interleave(&columns, rows);
        }
        Ok(Stresses { count: s, rows })
    }

    /// Columns of a basis of stresses times their singular values, without those that are too small to count beside the
    /// others: orthonormal columns are their own POD. Replaces what was there.
    pub fn take_basis(&mut self, dual: &DualBasis, truncation: Truncation) {
        let sizes = &dual.singular_values;
        let mut order: Vec<usize> = (0..dual.columns.len()).collect();
        order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
        let squares: Vec<f64> = order.iter().map(|&k| sizes[k].powi(2)).collect();
        order.truncate(truncation.count(&squares, 0.0));
        let s = order.len();
        self.count = s;
        self.rows.resize(s * dual.columns.first().map_or(0, Vec::len), 0.0);
        for (b, rows) in self.rows.chunks_mut((ROWS * s).max(1)).enumerate() {
            let columns: Vec<&[f64]> = order.iter().map(|&k| &dual.columns[k][ROWS * b..]).collect();
            interleave(&columns, rows);
            for row in rows.chunks_exact_mut(s) {
                row.iter_mut().zip(&order).for_each(|(x, &k)| *x *= sizes[k]);
            }
        }
    }
}

/// Cubature of the internal forces of basis vectors with these strains over stresses.
///
/// # Errors
/// Those of the cubature: integrands that are not finite, a structure without volume.
///
/// # Collective
pub fn cubature_points(
    comm: &Comm,
    structure: &Structure,
    strains: &UnitStrains,
    stresses: &Stresses,
    options: &cubature::Options,
    global: bool,
) -> Result<Cubature> {
    let n = structure.geometry.n_points();
    let (ids, elements) = point_ids(structure);
    let integrands = cubature::Factored::new(n, strains.count, &strains.rows, stresses.count, &stresses.rows);
    let problem = Problem {
        integrands: &integrands,
        weights: &structure.geometry.weights,
        ids: &ids,
        elements: &elements,
    };
    let found = if global {
        cubature::global(comm, &problem, options)
    } else {
        cubature::local(comm, &problem, options)
    };
    found.map_err(|e| Error::run(format!("cubature: {e}")))
}

/// POD modes of stress snapshots times their singular values: the same Gram matrix within the tolerance. Fewer integrands
/// make a cubature cheaper, and need fewer points.
///
/// # Collective
fn compressed<S: Snapshots + ?Sized>(
    comm: &Comm,
    structure: &Structure,
    stresses: &S,
    tolerance: f64,
    memory: &MemoryLimit,
) -> Result<Stresses> {
    let failed = |e: PodError| Error::run(format!("POD of the stresses: {e}"));
    let ids = value_ids(structure, 6);
    let (identity, truncation) = (Diagonal::Identity, Truncation::new(tolerance.max(1e-7)));
    let right = Right::new(comm, stresses, &identity, truncation, Method::Gram, ROWS).map_err(failed)?;
    let most = right.count(truncation);
    memory.claim(comm, "the cubature", stresses.len() * most + 4 * ROWS * stresses.count())?;
    let (mut rows, mut n) = (vec![0.0; stresses.len() * most], most);
    let mut put = |first: usize, count: usize, modes: usize, block: &[f64]| {
        n = modes;
        let columns: Vec<&[f64]> = block.chunks_exact(count.max(1)).collect();
        interleave(&columns, &mut rows[first * n..(first + count) * n]);
    };
    let calls = comm.max_u64(stresses.len().div_ceil(ROWS) as u64);
    let id = |i: usize| ids[i];
    let pod = pod_streamed(comm, stresses, identity, &id, truncation, right, ROWS, Some((&mut put, calls)))
        .map_err(failed)?;
    rows.truncate(stresses.len() * n);
    for row in rows.chunks_exact_mut(n.max(1)) {
        row.iter_mut().zip(&pod.singular_values).for_each(|(x, s)| *x *= s);
    }
    Ok(Stresses { count: n, rows })
}

/// POD of a dual quantity (identity product over the integration points); `None` where it is zero at all times (no
/// plasticity yet).
///
/// # Errors
/// A snapshot is not finite; more than the memory limit.
///
/// # Collective
pub fn dual_basis<S: Snapshots + ?Sized>(
    comm: &Comm,
    structure: &Structure,
    quantity: &Quantity,
    snapshots: &S,
    truncation: Truncation,
    memory: &MemoryLimit,
) -> Result<Option<DualBasis>> {
    let what = format!("'{}'", quantity.name);
    memory.claim(comm, &format!("the POD of {what}"), 2 * snapshots.len())?;
    let mut values = vec![0.0; snapshots.len()];
    let mut squares = vec![0.0; snapshots.count()];
    for (s, square) in squares.iter_mut().enumerate() {
        snapshots.read(s, 0, &mut values);
        *square = crate::rom::dense::dot(&values, &values);
    }
    comm.sum(&mut squares);
    let largest = (0..squares.len()).max_by(|&a, &b| squares[a].total_cmp(&squares[b]));
    let Some(largest) = largest.filter(|&l| squares[l] > 0.0) else { return Ok(None) };
    let ids = value_ids(structure, quantity.components);
    let (identity, gram) = (Diagonal::Identity, PodMethod::Gram);
    let pod = decompose(comm, snapshots, &identity, &ids, truncation, gram, &what, memory)?;
    snapshots.read(largest, 0, &mut values);
    Ok(Some(DualBasis {
        quantity: quantity.clone(),
        singular_values: pod.singular_values.clone(),
        columns: pod.into_columns(),
        largest: values,
    }))
}

/// Ids of the values of a field with some components per integration point.
fn value_ids(structure: &Structure, components: usize) -> Vec<u64> {
    let c = components as u64;
    point_ids(structure).0.iter().flat_map(|&p| (0..c).map(move |i| c * p + i)).collect()
}

/// Rows of a dual basis to rebuild it from (method.md 2.4), added to those that `rows` has of its first columns: one by one
/// where there are any, all at once by QDEIM else.
///
/// # Errors
/// More than the memory limit.
///
/// # Collective
pub fn dual_rows(
    comm: &Comm,
    structure: &Structure,
    dual: &DualBasis,
    rows: &mut Rows,
    memory: &MemoryLimit,
) -> Result<()> {
    let (columns, m) = (&dual.columns, dual.columns.len());
    let ids = value_ids(structure, dual.quantity.components);
    let what = "the choice of points of the rebuilt quantities";
    if rows.count > 0 {
        memory.claim(comm, what, 2 * ids.len())?;
        while rows.count < m && next_row(comm, &columns[..rows.count + 1], &ids, rows) {}
        return Ok(());
    }
    memory.claim(comm, what, ids.len() * (m + 1))?;
    let mut values = vec![0.0; ids.len() * m];
    interleave(columns, &mut values);
    let chosen = qdeim(comm, values, m, &ids);
    *rows = Rows { count: chosen.ids.len(), local: chosen.local };
    Ok(())
}

/// The local points of some rows of a dual quantity.
pub fn points_of(rows: &Rows, components: usize) -> impl Iterator<Item = u32> {
    rows.local.iter().map(move |(_, row)| (row / components) as u32)
}
