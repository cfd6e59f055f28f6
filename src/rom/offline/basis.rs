//! Displacement modes by POD, and the strains of basis vectors at the integration points.

use crate::error::{Error, Result};
use crate::fem::MassMatrix;
use crate::parallel::{Comm, MemoryLimit};
use crate::rom::pod::{
    self, InnerProduct, Method, Pod, PodError, ProductFn, ROWS, Right, Snapshots, Truncation, column_block,
};
use crate::structure::Structure;

/// How to compute a POD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodMethod {
    /// Correlation matrix with re-orthogonalisation.
    Gram,
    /// QR factorisation of the snapshots.
    Tsqr,
}

/// Below this tolerance the correlation matrix cannot resolve the modes (method.md 2.1).
const GRAM_LIMIT: f64 = 1e-7;

/// POD by the method asked for, or by QR where the correlation matrix could not resolve the tolerance. `ids`: global id of
/// each local value; `what`: the snapshots, for messages.
///
/// # Errors
/// Those of the POD; it needs more than the memory limit.
///
/// # Collective
pub(super) fn decompose<S: Snapshots + ?Sized, P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &S,
    product: &P,
    ids: &[u64],
    truncation: Truncation,
    method: PodMethod,
    what: &str,
    memory: &MemoryLimit,
) -> Result<Pod> {
    let what = format!("the POD of {what}");
    let failed = |e: PodError| Error::case(format!("{what}: {e}"));
    let method = match method {
        PodMethod::Gram if truncation.relative >= GRAM_LIMIT => Method::Gram,
        _ => Method::Tsqr,
    };
    let (len, s) = (snapshots.len(), snapshots.count());
    let blocks = ROWS.min(len) * s + 3 * s * s;
    // a product that is not diagonal is applied to whole columns, and its QR factorisation overwrites a copy of them all
    let whole = |n: usize| if product.diagonal().is_some() { 0 } else { (column_block(len, n) + 2) * len };
    let copy = if product.diagonal().is_none() && method == Method::Tsqr { len * s } else { 0 };
    memory.claim(comm, &what, blocks + whole(s) + copy)?;
    let right = Right::new(comm, snapshots, product, truncation, method, ROWS).map_err(failed)?;
    let n = right.count(truncation);
    memory.claim(comm, &what, (n + 3) * len + blocks + whole(n))?;
    pod::modes(comm, snapshots, product, ids, truncation, right).map_err(failed)
}

/// L2-orthonormal displacement modes of `snapshots` (each `3 n_nodes`).
///
/// # Errors
/// No snapshots, all zero, or not finite; more than the memory limit.
///
/// # Collective
pub fn displacement_modes<S: Snapshots + ?Sized>(
    comm: &Comm,
    structure: &Structure,
    snapshots: &S,
    truncation: Truncation,
    method: PodMethod,
    memory: &MemoryLimit,
) -> Result<Pod> {
    let mass = MassMatrix::new(&structure.sub.mesh);
    let product = ProductFn(|u: &[f64], mu: &mut [f64]| mass.apply(u, 3, mu));
    let ids: Vec<u64> =
        structure.sub.mesh.node_index.iter().flat_map(|&n| [3 * n, 3 * n + 1, 3 * n + 2]).collect();
    decompose(comm, snapshots, &product, &ids, truncation, method, "the displacements", memory)
}

/// Strains of basis vectors (each `3 n_nodes`), interleaved for the cubature: row-major `6 n_points x count`.
pub fn strain_rows(structure: &Structure, vectors: &[&[f64]]) -> Vec<f64> {
    let (n, count) = (structure.geometry.n_points(), vectors.len());
    let mut rows = vec![0.0; 6 * n * count];
    let mut strain = vec![0.0; 6 * n];
    for (i, u) in vectors.iter().enumerate() {
        structure.geometry.strain(&structure.sub.mesh, u, &mut strain);
        rows[i.min(6 * n * count)..].iter_mut().step_by(count).zip(&strain).for_each(|(r, s)| *r = *s);
    }
    rows
}
