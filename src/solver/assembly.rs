//! Stiffness of the distributed structure: the pattern of this rank's elements in rows, and the sum of the element
//! matrices into the values of that pattern, wherever the linear solver keeps them.

use super::linear::{LinearOptions, LinearSolver, Pattern};
use crate::error::Result;
use crate::fem::ElementWork;
use crate::loads::PrescribedDofs;
use crate::mesh::Subdomain;
use crate::parallel::Comm;
use crate::structure::Structure;

/// Block pattern (3 x 3 per node pair) of a rank's elements, and where each element's blocks go.
pub(super) struct Assembly {
    /// Owned local nodes in the order of their global numbers.
    pub owned_nodes: Vec<u32>,
    /// Global number of each local node; nodes are numbered by owner.
    node_number: Vec<u32>,
    /// First block of each local node's row of blocks, one more entry than nodes.
    start: Vec<u32>,
    /// Local node of each block's columns, ascending in a row.
    columns: Vec<u32>,
    /// Diagonal of the last K on this rank, `3 n_nodes`.
    diagonal: Vec<f64>,
    /// Place of the blocks of the elements in their rows: `nodes x nodes` each, in element order.
    element_blocks: Vec<u32>,
    work: ElementWork,
}

impl Assembly {
    /// Builds the pattern.
    ///
    /// # Collective
    pub fn new(comm: &Comm, sub: &Subdomain) -> Assembly {
        let mesh = &sub.mesh;
        let n = mesh.n_nodes();
        let owned_nodes: Vec<u32> = (0..n as u32).filter(|&i| sub.owned[i as usize]).collect();
        let (counts, _) = comm.all_gather(&[owned_nodes.len() as u64]);
        let first: u64 = counts[..comm.rank()].iter().sum();
        let mut number = vec![0.0; n];
        for (i, &node) in owned_nodes.iter().enumerate() {
            number[node as usize] = (first + i as u64) as f64;
        }
        sub.copy_from_owner(comm, &mut number, 1);
        let node_number: Vec<u32> = number.iter().map(|&x| x as u32).collect();

        let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); n];
        for e in 0..mesh.n_elements() {
            let nodes = mesh.nodes_of(e);
            for &a in nodes {
                neighbours[a as usize].extend_from_slice(nodes);
            }
        }
        let mut start = Vec::with_capacity(n + 1);
        let mut columns: Vec<u32> = Vec::new();
        start.push(0u32);
        for list in &mut neighbours {
            list.sort_unstable();
            list.dedup();
            columns.extend_from_slice(list);
            start.push(columns.len() as u32);
            *list = Vec::new();
        }
        drop(neighbours);
        let block = |a: u32, b: u32| {
            columns[start[a as usize] as usize..start[a as usize + 1] as usize].partition_point(|&c| c < b)
                as u32
        };
        let mut element_blocks = Vec::new();
        for e in 0..mesh.n_elements() {
            let nodes = mesh.nodes_of(e);
            element_blocks.extend(
                nodes.iter().flat_map(|&a| nodes.iter().map(move |&b| (a, b))).map(|(a, b)| block(a, b)),
            );
        }
        let diagonal = vec![0.0; 3 * n];
        let work = ElementWork::default();
        Assembly { owned_nodes, node_number, start, columns, diagonal, element_blocks, work }
    }

    /// A linear solver for this pattern, the fixed dofs held.
    ///
    /// # Errors
    /// It cannot be set up.
    ///
    /// # Collective
    pub fn linear_solver<'c>(
        &self,
        comm: &'c Comm,
        sub: &Subdomain,
        fixed: &PrescribedDofs,
        options: LinearOptions,
    ) -> Result<LinearSolver<'c>> {
        let coordinates: Vec<[f64; 3]> =
            self.owned_nodes.iter().map(|&n| sub.mesh.points[n as usize]).collect();
        let constrained: Vec<bool> = self.owned_dofs().map(|d| fixed.is_fixed(d)).collect();
        let (rows, cols) = self.triplets();
        let pattern =
            Pattern { rows: &rows, cols: &cols, coordinates: &coordinates, constrained: &constrained };
        LinearSolver::new(comm, pattern, options)
    }

    /// Local dofs of the owned nodes, in the order of the unknowns.
    pub fn owned_dofs(&self) -> impl Iterator<Item = usize> {
        self.owned_nodes.iter().flat_map(|&n| (0..3).map(move |c| 3 * n as usize + c))
    }

    /// Global row and column of every value: dof `3 number + component`.
    pub fn triplets(&self) -> (Vec<i32>, Vec<i32>) {
        let size = 9 * self.columns.len();
        let (mut rows, mut cols) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for (a, &number) in self.node_number.iter().enumerate() {
            let blocks = &self.columns[self.start[a] as usize..self.start[a + 1] as usize];
            for r in 0..3 {
                for &b in blocks {
                    let j = 3 * self.node_number[b as usize] as i32;
                    rows.extend([3 * number as i32 + r; 3]);
                    cols.extend([j, j + 1, j + 2]);
                }
            }
        }
        (rows, cols)
    }

    /// The values of a node's three rows: position of the first, and how many there are in a row.
    fn rows(&self, a: u32) -> (usize, usize) {
        let (from, to) = (self.start[a as usize] as usize, self.start[a as usize + 1] as usize);
        (9 * from, 3 * (to - from))
    }

    /// `||K_ii u_i||` over the rows of the owned nodes, with this rank's part of the last K (0 before the first).
    ///
    /// # Collective
    pub fn diagonal_force(&self, comm: &Comm, u: &[f64]) -> f64 {
        let mut square = 0.0;
        for &node in &self.owned_nodes {
            square += (3 * node as usize..3 * node as usize + 3)
                .map(|dof| (self.diagonal[dof] * u[dof]).powi(2))
                .sum::<f64>();
        }
        let mut sum = [square];
        comm.sum(&mut sum);
        sum[0].sqrt()
    }

    /// Fills `values` from the tangents at the integration points; prescribed rows and columns are replaced by a
    /// diagonal, and `K_fp du_p` is added to `lifted` for the increments `du` of the prescribed dofs.
    ///
    /// # Collective
    pub fn fill(
        &mut self,
        comm: &Comm,
        structure: &Structure,
        fixed: &PrescribedDofs,
        tangent: &[f64],
        du: Option<&[f64]>,
        lifted: &mut [f64],
        values: &mut [f64],
    ) {
        let mesh = &structure.sub.mesh;
        values.fill(0.0);
        self.diagonal.fill(0.0);
        let mut at = 0;
        let (mut trace, mut count) = (0.0, 0.0);
        for e in 0..mesh.n_elements() {
            structure.geometry.stiffness(mesh, e, tangent, &mut self.work);
            let nodes = mesh.nodes_of(e);
            let n = 3 * nodes.len();
            let held = nodes.iter().any(|&a| (0..3).any(|c| fixed.is_fixed(3 * a as usize + c)));
            for (i, &a) in nodes.iter().enumerate() {
                let (first, length) = self.rows(a);
                let blocks = &self.element_blocks[at..at + nodes.len()];
                at += nodes.len();
                for r in 0..3 {
                    let dof = 3 * a as usize + r;
                    if held && fixed.is_fixed(dof) {
                        continue;
                    }
                    let into = &mut values[first + r * length..][..length];
                    let (row, _) = self.work.stiffness[(3 * i + r) * n..][..n].as_chunks::<3>();
                    if !held {
                        for (k, &block) in row.iter().zip(blocks) {
                            let into = &mut into[3 * block as usize..][..3];
                            into.iter_mut().zip(k).for_each(|(v, k)| *v += k);
                        }
                        continue;
                    }
                    for ((k, &block), &b) in row.iter().zip(blocks).zip(nodes) {
                        for c in 0..3 {
                            let column = 3 * b as usize + c;
                            if !fixed.is_fixed(column) {
                                into[3 * block as usize + c] += k[c];
                            } else if let Some(du) = du {
                                lifted[dof] += k[c] * du[column];
                            }
                        }
                    }
                }
            }
            for (i, &a) in nodes.iter().enumerate() {
                for c in 0..3 {
                    let k = self.work.stiffness[(3 * i + c) * (n + 1)];
                    trace += k;
                    if !fixed.is_fixed(3 * a as usize + c) {
                        self.diagonal[3 * a as usize + c] += k;
                    }
                }
            }
            count += n as f64;
        }
        // a diagonal of the size of the others keeps the matrix well scaled
        let mut sums = [trace, count];
        comm.sum(&mut sums);
        let scale = if sums[1] > 0.0 { (sums[0] / sums[1]).abs().max(f64::MIN_POSITIVE) } else { 1.0 };
        for &node in &self.owned_nodes {
            let row =
                &self.columns[self.start[node as usize] as usize..self.start[node as usize + 1] as usize];
            let block = row.partition_point(|&c| c < node);
            let (first, length) = self.rows(node);
            for r in 0..3 {
                if fixed.is_fixed(3 * node as usize + r) {
                    values[first + r * length + 3 * block + r] = scale;
                    self.diagonal[3 * node as usize + r] = scale;
                }
            }
        }
    }
}
