//! Which integration points the online stage keeps: those of the cubature, and those that dual quantities need.

use super::assemble::DualBasis;
use super::basis::{PodMethod, decompose};
use crate::error::{Error, Result};
use crate::parallel::{Comm, Dd};
use crate::rom::cubature::{self, Cubature, Problem};
use crate::rom::dense::interleave;
use crate::rom::pod::{Diagonal, Truncation, pod_gram};
use crate::rom::qdeim::qdeim;
use crate::structure::{Quantity, Structure};
use std::collections::BTreeSet;

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

/// Most stress snapshots that enter the cubature as they are; beyond, their POD modes (scaled by the singular values)
/// do.
const MAX_STRESSES: usize = 40;

/// Strains divided by their norm `||eps(psi_i)||_{L2}`, mode by mode, for the cubature only.
///
/// Modes are L2-orthonormal in displacement: the high ones have the largest strains and would decide where the tolerance
/// is spent, although they are stiff and hardly move. With unit strains the tolerance bounds the relative error of every
/// mode's internal force alike. On MecaSequential this takes the error of U from 2.4e-5 to 3.3e-6 with two points fewer.
fn unit_strains(comm: &Comm, structure: &Structure, strain_rows: &[f64], modes: usize) -> Vec<f64> {
    let weights = &structure.geometry.weights;
    let mut squares = vec![Dd::default(); modes];
    for (rows, w) in strain_rows.chunks_exact((6 * modes).max(1)).zip(weights) {
        for row in rows.chunks_exact(modes) {
            squares.iter_mut().zip(row).for_each(|(q, x)| q.add_product(w.abs() * x, *x));
        }
    }
    let scale: Vec<f64> =
        comm.sum_exact(&squares).into_iter().map(|q| if q > 0.0 { 1.0 / q.sqrt() } else { 1.0 }).collect();
    let mut out = strain_rows.to_vec();
    out.chunks_exact_mut(modes.max(1)).for_each(|row| row.iter_mut().zip(&scale).for_each(|(x, s)| *x *= s));
    out
}

/// Cubature of the internal forces of the modes over the stress snapshots (each `6 n_points`).
///
/// # Errors
/// Those of the cubature: integrands that are not finite, a structure without volume.
///
/// # Collective
pub fn cubature_points(
    comm: &Comm,
    structure: &Structure,
    strain_rows: &[f64],
    modes: usize,
    stresses: &[Vec<f64>],
    options: &cubature::Options,
    global: bool,
) -> Result<Cubature> {
    let n = structure.geometry.n_points();
    let (ids, elements) = point_ids(structure);
    let compressed = if stresses.len() > MAX_STRESSES {
        Some(compressed_stresses(comm, structure, stresses, options.tolerance / 10.0)?)
    } else {
        None
    };
    let stresses = compressed.as_deref().unwrap_or(stresses);
    let s = stresses.len();
    let mut rows = vec![0.0; 6 * n * s];
    interleave(stresses, &mut rows);
    let strains = unit_strains(comm, structure, strain_rows, modes);
    let integrands = cubature::Factored::new(n, modes, &strains, s, &rows);
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

/// POD modes of stress snapshots (each `6 n_points`), times their singular values: the same Gram matrix within the
/// tolerance. Fewer integrands make a cubature cheaper, and need fewer points.
///
/// # Errors
/// A snapshot is not finite.
///
/// # Collective
pub fn compressed_stresses(
    comm: &Comm,
    structure: &Structure,
    stresses: &[Vec<f64>],
    tolerance: f64,
) -> Result<Vec<Vec<f64>>> {
    let ids = value_ids(structure, 6);
    let pod = pod_gram(comm, stresses, &Diagonal::Identity, &ids, Truncation::new(tolerance.max(1e-7)))
        .map_err(|e| Error::run(format!("POD of the stresses: {e}")))?;
    let scaled = |k: usize| pod.mode(k).iter().map(|x| x * pod.singular_values[k]).collect();
    Ok((0..pod.count).map(scaled).collect())
}

/// POD of a dual quantity (identity product over the integration points); `None` where it is zero at all times (no
/// plasticity yet).
///
/// # Errors
/// A snapshot is not finite.
///
/// # Collective
pub fn dual_basis(
    comm: &Comm,
    structure: &Structure,
    quantity: &Quantity,
    snapshots: &[Vec<f64>],
    truncation: Truncation,
) -> Result<Option<DualBasis>> {
    let mut squares: Vec<f64> = snapshots.iter().map(|q| crate::rom::dense::dot(q, q)).collect();
    comm.sum(&mut squares);
    let largest = (0..squares.len()).max_by(|&a, &b| squares[a].total_cmp(&squares[b]));
    let Some(largest) = largest.filter(|&l| squares[l] > 0.0) else { return Ok(None) };
    let ids = value_ids(structure, quantity.components);
    let pod = decompose(comm, snapshots, &Diagonal::Identity, &ids, truncation, PodMethod::Gram)
        .map_err(|e| Error::run(format!("POD of '{}': {e}", quantity.name)))?;
    Ok(Some(DualBasis {
        quantity: quantity.clone(),
        columns: (0..pod.count).map(|k| pod.mode(k).to_vec()).collect(),
        singular_values: pod.singular_values,
        largest: snapshots[largest].clone(),
    }))
}

/// Ids of the values of a field with some components per integration point.
fn value_ids(structure: &Structure, components: usize) -> Vec<u64> {
    let c = components as u64;
    point_ids(structure).0.iter().flat_map(|&p| (0..c).map(move |i| c * p + i)).collect()
}

/// Local points where the QDEIM rows of a dual basis lie (method.md 2.4).
///
/// # Collective
pub fn dual_points(
    comm: &Comm,
    structure: &Structure,
    components: usize,
    columns: &[Vec<f64>],
) -> BTreeSet<u32> {
    let m = columns.len();
    let ids = value_ids(structure, components);
    let mut row_major = vec![0.0; ids.len() * m];
    interleave(columns, &mut row_major);
    let chosen = qdeim(comm, &row_major, m, &ids);
    chosen.local.iter().map(|(_, row)| (row / components) as u32).collect()
}
