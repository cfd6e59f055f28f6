//! Consistent mass matrix of a subdomain: the L2 product of nodal fields.

use super::geometry::{Table, determinant, jacobian};
use super::quadrature;
use crate::mesh::{ElementKind, Mesh};
use nalgebra_sparse::{CooMatrix, CsrMatrix};

/// `M_ab = int N_a N_b`, scalar; applied to each component. Interface entries hold this subdomain's part only, so a
/// product over the structure is the sum over ranks of `u . M u`.
#[derive(Debug, Clone)]
pub struct MassMatrix {
    matrix: CsrMatrix<f64>,
}

impl MassMatrix {
    /// Assembles it with a rule that integrates it exactly on straight elements.
    pub fn new(mesh: &Mesh) -> MassMatrix {
        let n = mesh.n_nodes();
        let entries = mesh.kinds.iter().map(|k| k.n_nodes() * k.n_nodes()).sum();
        let (mut rows, mut cols, mut values) =
            (Vec::with_capacity(entries), Vec::with_capacity(entries), Vec::with_capacity(entries));
        let mut tables: Vec<Option<Table>> = vec![None; ElementKind::ALL.len()];
        let mut block = [0.0; super::reference::MAX_NODES * super::reference::MAX_NODES];
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let table = tables[kind.code() as usize]
                .get_or_insert_with(|| Table::new(kind, &quadrature::mass_rule(kind)));
            let (nodes, nn) = (mesh.nodes_of(e), kind.n_nodes());
            let block = &mut block[..nn * nn];
            block.fill(0.0);
            for (k, &w) in table.weights.iter().enumerate() {
                let w = w * determinant(&jacobian(mesh, nodes, &table.d[k * nn..(k + 1) * nn]));
                let shape = &table.n[k * nn..(k + 1) * nn];
                for (row, na) in block.chunks_exact_mut(nn).zip(shape) {
                    row.iter_mut().zip(shape).for_each(|(m, nb)| *m += w * na * nb);
                }
            }
            for (row, &a) in block.chunks_exact(nn).zip(nodes) {
                rows.extend(std::iter::repeat_n(a as usize, nn));
                cols.extend(nodes.iter().map(|&b| b as usize));
                values.extend_from_slice(row);
            }
        }
        let coo =
            CooMatrix::try_from_triplets(n, n, rows, cols, values).unwrap_or_else(|_| CooMatrix::new(n, n));
        MassMatrix { matrix: CsrMatrix::from(&coo) }
    }

    /// `out = M u` for each of the `components` interleaved components.
    pub fn apply(&self, u: &[f64], components: usize, out: &mut [f64]) {
        for (row, out) in self.matrix.row_iter().zip(out.chunks_exact_mut(components)) {
            out.fill(0.0);
            for (&b, &m) in row.col_indices().iter().zip(row.values()) {
                let u = &u[b * components..(b + 1) * components];
                out.iter_mut().zip(u).for_each(|(o, u)| *o += m * u);
            }
        }
    }
}
