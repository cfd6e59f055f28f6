//! Displacement modes by POD, and the strains of basis vectors at the integration points.

use crate::error::{Error, Result};
use crate::fem::MassMatrix;
use crate::parallel::Comm;
use crate::rom::pod::{InnerProduct, Pod, PodError, ProductFn, Truncation, pod_gram, pod_tsqr};
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

/// POD by the method asked for, or by QR where the correlation matrix could not resolve the tolerance.
///
/// # Errors
/// Those of the POD.
///
/// # Collective
pub(super) fn decompose<P: InnerProduct + ?Sized>(
    comm: &Comm,
    snapshots: &[Vec<f64>],
    product: &P,
    ids: &[u64],
    truncation: Truncation,
    method: PodMethod,
) -> std::result::Result<Pod, PodError> {
    match method {
        PodMethod::Gram if truncation.relative >= GRAM_LIMIT => {
            pod_gram(comm, snapshots, product, ids, truncation)
        }
        _ => pod_tsqr(comm, snapshots, product, ids, truncation),
    }
}

/// L2-orthonormal displacement modes of `snapshots` (each `3 n_nodes`).
///
/// # Errors
/// No snapshots, all zero, or not finite.
///
/// # Collective
pub fn displacement_modes(
    comm: &Comm,
    structure: &Structure,
    snapshots: &[Vec<f64>],
    truncation: Truncation,
    method: PodMethod,
) -> Result<Pod> {
    let mass = MassMatrix::new(&structure.sub.mesh);
    let product = ProductFn(|u: &[f64], mu: &mut [f64]| mass.apply(u, 3, mu));
    let ids: Vec<u64> =
        structure.sub.mesh.node_index.iter().flat_map(|&n| [3 * n, 3 * n + 1, 3 * n + 2]).collect();
    let pod = decompose(comm, snapshots, &product, &ids, truncation, method);
    pod.map_err(|e| Error::case(format!("POD of the displacements: {e}")))
}

/// Strains of basis vectors (each `3 n_nodes`), interleaved for the cubature: row-major `6 n_points x count`.
pub fn strain_rows(structure: &Structure, vectors: &[Vec<f64>]) -> Vec<f64> {
    let (n, count) = (structure.geometry.n_points(), vectors.len());
    let strain = |u: &Vec<f64>| {
        let mut strain = vec![0.0; 6 * n];
        structure.geometry.strain(&structure.sub.mesh, u, &mut strain);
        strain
    };
    let strains: Vec<Vec<f64>> = vectors.iter().map(strain).collect();
    let mut rows = vec![0.0; 6 * n * count];
    crate::rom::dense::interleave(&strains, &mut rows);
    rows
}
