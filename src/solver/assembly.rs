//! Stiffness of the distributed structure as triplets: a block pattern of this rank's elements, scattered to the
//! global numbering of PETSc.

use crate::fem::ElementWork;
use crate::loads::PrescribedDofs;
use crate::mesh::Subdomain;
use crate::parallel::Comm;
use crate::structure::Structure;

/// Block pattern (3 x 3 per node pair) of a rank's elements, and where each element's blocks go.
pub(super) struct Assembly {
    /// Owned local nodes in the order of their global numbers.
    pub owned_nodes: Vec<u32>,
    /// Global row and column of every value: dof `3 number + component`, nodes numbered by owner.
    pub rows: Vec<i32>,
    pub cols: Vec<i32>,
    /// Values, nine per block.
    pub values: Vec<f64>,
    /// Position of each diagonal block, by local node.
    diagonal: Vec<u32>,
    /// Blocks of the elements: `nodes x nodes` each, in element order.
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
            let (from, to) = (start[a as usize] as usize, start[a as usize + 1] as usize);
            (from + columns[from..to].partition_point(|&c| c < b)) as u32
        };
        let mut element_blocks = Vec::new();
        for e in 0..mesh.n_elements() {
            let nodes = mesh.nodes_of(e);
            element_blocks.extend(
                nodes.iter().flat_map(|&a| nodes.iter().map(move |&b| (a, b))).map(|(a, b)| block(a, b)),
            );
        }
        let diagonal = (0..n as u32).map(|a| block(a, a)).collect();
        let (mut rows, mut cols) =
            (Vec::with_capacity(9 * columns.len()), Vec::with_capacity(9 * columns.len()));
        for a in 0..n {
            for &b in &columns[start[a] as usize..start[a + 1] as usize] {
                let (i, j) = (3 * node_number[a] as i32, 3 * node_number[b as usize] as i32);
                for r in 0..3 {
                    for c in 0..3 {
                        rows.push(i + r);
                        cols.push(j + c);
                    }
                }
            }
        }
        let values = vec![0.0; rows.len()];
        Assembly { owned_nodes, rows, cols, values, diagonal, element_blocks, work: ElementWork::default() }
    }

    /// `||K_ii u_i||` over the rows of the owned nodes, with this rank's part of the last K (0 before the first).
    ///
    /// # Collective
    pub fn diagonal_force(&self, comm: &Comm, u: &[f64]) -> f64 {
        let mut square = 0.0;
        for &node in &self.owned_nodes {
            let block = &self.values[9 * self.diagonal[node as usize] as usize..][..9];
            square += (0..3).map(|c| (block[4 * c] * u[3 * node as usize + c]).powi(2)).sum::<f64>();
        }
        let mut sum = [square];
        comm.sum(&mut sum);
        sum[0].sqrt()
    }

    /// Fills the values from the tangents at the integration points; prescribed rows and columns are replaced by a
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
    ) {
        let mesh = &structure.sub.mesh;
        self.values.fill(0.0);
        let mut at = 0;
        let (mut trace, mut count) = (0.0, 0.0);
        for e in 0..mesh.n_elements() {
            structure.geometry.stiffness(mesh, e, tangent, &mut self.work);
            let nodes = mesh.nodes_of(e);
            let n = 3 * nodes.len();
            for (i, &a) in nodes.iter().enumerate() {
                for (j, &b) in nodes.iter().enumerate() {
                    let block = &mut self.values[9 * self.element_blocks[at] as usize..][..9];
                    at += 1;
                    for r in 0..3 {
                        if fixed.is_fixed(3 * a as usize + r) {
                            continue;
                        }
                        let row = &self.work.stiffness[(3 * i + r) * n + 3 * j..][..3];
                        for c in 0..3 {
                            let dof = 3 * b as usize + c;
                            if !fixed.is_fixed(dof) {
                                block[3 * r + c] += row[c];
                            } else if let Some(du) = du {
                                lifted[3 * a as usize + r] += row[c] * du[dof];
                            }
                        }
                    }
                }
            }
            for i in 0..n {
                trace += self.work.stiffness[i * n + i];
            }
            count += n as f64;
        }
        // a diagonal of the size of the others keeps the matrix well scaled
        let mut sums = [trace, count];
        comm.sum(&mut sums);
        let scale = if sums[1] > 0.0 { (sums[0] / sums[1]).abs().max(f64::MIN_POSITIVE) } else { 1.0 };
        for &node in &self.owned_nodes {
            for r in 0..3 {
                if fixed.is_fixed(3 * node as usize + r) {
                    self.values[9 * self.diagonal[node as usize] as usize + 4 * r] = scale;
                }
            }
        }
    }
}
