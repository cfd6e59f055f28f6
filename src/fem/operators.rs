//! Strain, internal force and stiffness of a subdomain.
//!
//! Nodal vectors are `3 n_nodes`, interleaved; strains and stresses `6 n_points` in the order 11, 22, 33, 12, 23, 31,
//! strains with engineering shears.
//!
//! Elements with B-bar (`c3d8b`; Hughes 1980): the divergence at each point is the mean over the element's volume,
//! `B_a = B_a(g) + m (mean g_a - g_a)^T / 3`, `m = (1, 1, 1, 0, 0, 0)`, so that eight points do not lock where the
//! volume hardly changes.

use super::Geometry;
use super::reference::MAX_NODES;
use crate::mesh::Mesh;

/// Strain of a displacement whose values at the element's nodes are `u[3 a + c]`, from the gradients `g`.
#[inline]
pub fn strain_of(g: &[[f64; 3]], u: impl Fn(usize) -> [f64; 3]) -> [f64; 6] {
    let mut s = [0.0; 6];
    for (a, g) in g.iter().enumerate() {
        let u = u(a);
        s[0] += g[0] * u[0];
        s[1] += g[1] * u[1];
        s[2] += g[2] * u[2];
        s[3] += g[1] * u[0] + g[0] * u[1];
        s[4] += g[2] * u[1] + g[1] * u[2];
        s[5] += g[2] * u[0] + g[0] * u[2];
    }
    s
}

/// Runs `f` compiled for the vector units of this processor. Loops inside are vectorised by the compiler without
/// reordering or fusing, so the bits are those of the plain code. Only what is inlined into `f` profits, and `f` itself only
/// where it is small or has `#[inline(always)]`.
#[inline]
pub fn vectorised<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// Buffers for one element, reused over all.
#[derive(Debug, Clone)]
pub struct ElementWork {
    gradients: [[f64; 3]; MAX_NODES],
    /// `C B`, 6 rows of `3 nodes`.
    cb: Vec<f64>,
    /// Element stiffness, row-major, `3 nodes x 3 nodes`.
    pub stiffness: Vec<f64>,
}

impl Default for ElementWork {
    fn default() -> Self {
        let n = 3 * MAX_NODES;
        ElementWork { gradients: [[0.0; 3]; MAX_NODES], cb: vec![0.0; 6 * n], stiffness: vec![0.0; n * n] }
    }
}

impl Geometry {
    /// Strain at every integration point: `strain = B u`.
    pub fn strain(&self, mesh: &Mesh, u: &[f64], strain: &mut [f64]) {
        for (e, kind) in mesh.kinds.iter().enumerate() {
            for k in 0..kind.n_points() {
                let at = 6 * (self.offsets[e] + k);
                strain[at..at + 6].copy_from_slice(&self.strain_at(mesh, e, k, u));
            }
        }
    }

    /// Strain at point `k` of element `e`.
    #[inline]
    pub fn strain_at(&self, mesh: &Mesh, e: usize, k: usize, u: &[f64]) -> [f64; 6] {
        let mut g = [[0.0; 3]; MAX_NODES];
        let nodes = mesh.nodes_of(e);
        self.gradients(mesh, e, k, &mut g);
        let mut s = strain_of(&g[..nodes.len()], |a| {
            let i = 3 * nodes[a] as usize;
            [u[i], u[i + 1], u[i + 2]]
        });
        if let Some(mean) = self.mean_gradients(e) {
            let of_node = |((&a, m), g): ((&u32, &[f64; 3]), &[f64; 3])| {
                (0..3).map(|c| (m[c] - g[c]) * u[3 * a as usize + c]).sum::<f64>()
            };
            let third = nodes.iter().zip(mean).zip(&g).map(of_node).sum::<f64>() / 3.0;
            s[..3].iter_mut().for_each(|s| *s += third);
        }
        s
    }

    /// Internal force of a stress field: adds `int B^T sigma` to `force` (this subdomain's part).
    pub fn internal_force(&self, mesh: &Mesh, stress: &[f64], force: &mut [f64]) {
        let mut g = [[0.0; 3]; MAX_NODES];
        for (e, kind) in mesh.kinds.iter().enumerate() {
            let (nodes, mean) = (mesh.nodes_of(e), self.mean_gradients(e));
            for k in 0..kind.n_points() {
                self.gradients(mesh, e, k, &mut g);
                let point = self.offsets[e] + k;
                let w = self.weights[point];
                let s: [f64; 6] = std::array::from_fn(|c| w * stress[6 * point + c]);
                for (g, &a) in g.iter().zip(nodes) {
                    let i = 3 * a as usize;
                    force[i] += g[0] * s[0] + g[1] * s[3] + g[2] * s[5];
                    force[i + 1] += g[1] * s[1] + g[0] * s[3] + g[2] * s[4];
                    force[i + 2] += g[2] * s[2] + g[1] * s[4] + g[0] * s[5];
                }
                if let Some(mean) = mean {
                    let pressure = (s[0] + s[1] + s[2]) / 3.0;
                    for ((&a, m), g) in nodes.iter().zip(mean).zip(&g) {
                        (0..3).for_each(|c| force[3 * a as usize + c] += (m[c] - g[c]) * pressure);
                    }
                }
            }
        }
    }

    /// Adds the magnitudes of the contributions of [`Geometry::internal_force`]: what their rounding is relative to.
    pub fn internal_magnitude(&self, mesh: &Mesh, stress: &[f64], magnitude: &mut [f64]) {
        let mut g = [[0.0; 3]; MAX_NODES];
        for (e, kind) in mesh.kinds.iter().enumerate() {
            let nodes = mesh.nodes_of(e);
            for k in 0..kind.n_points() {
                self.gradients(mesh, e, k, &mut g);
                let point = self.offsets[e] + k;
                let w = self.weights[point].abs();
                let s = stress[6 * point..6 * point + 6].iter().fold(0.0, |a: f64, b| a.max(b.abs()));
                for (g, &a) in g.iter().zip(nodes) {
                    let size = w * s * (g[0].abs() + g[1].abs() + g[2].abs());
                    magnitude[3 * a as usize..3 * a as usize + 3].iter_mut().for_each(|m| *m += size);
                }
            }
        }
    }

    /// Stiffness `int B^T C B` of element `e` into `work.stiffness`; `tangent`: `n_points x 36` of the subdomain.
    pub fn stiffness(&self, mesh: &Mesh, e: usize, tangent: &[f64], work: &mut ElementWork) {
        vectorised(|| self.add_stiffness(mesh, e, tangent, work));
    }

    #[inline(always)]
    fn add_stiffness(&self, mesh: &Mesh, e: usize, tangent: &[f64], work: &mut ElementWork) {
        let nn = mesh.kinds[e].n_nodes();
        let n = 3 * nn;
        work.stiffness[..n * n].fill(0.0);
        for k in 0..mesh.kinds[e].n_points() {
            self.gradients(mesh, e, k, &mut work.gradients);
            let point = self.offsets[e] + k;
            let w = self.weights[point];
            let c = &tangent[36 * point..36 * (point + 1)];
            for (row, c) in work.cb.chunks_exact_mut(n).zip(c.chunks_exact(6)) {
                for (b, g) in row.chunks_exact_mut(3).zip(&work.gradients) {
                    b[0] = w * (c[0] * g[0] + c[3] * g[1] + c[5] * g[2]);
                    b[1] = w * (c[1] * g[1] + c[3] * g[0] + c[4] * g[2]);
                    b[2] = w * (c[2] * g[2] + c[4] * g[1] + c[5] * g[0]);
                }
            }
            let mean = self.mean_gradients(e);
            if let Some(mean) = mean {
                for (row, c) in work.cb.chunks_exact_mut(n).zip(c.chunks_exact(6)) {
                    let factor = w * (c[0] + c[1] + c[2]) / 3.0;
                    for ((b, m), g) in row.chunks_exact_mut(3).zip(mean).zip(&work.gradients) {
                        (0..3).for_each(|c| b[c] += factor * (m[c] - g[c]));
                    }
                }
            }
            let cb: [&[f64]; 6] = std::array::from_fn(|r| &work.cb[r * n..(r + 1) * n]);
            for (rows, g) in work.stiffness[..n * n].chunks_exact_mut(3 * n).zip(&work.gradients) {
                let (r0, rest) = rows.split_at_mut(n);
                let (r1, r2) = rest.split_at_mut(n);
                let (r0, r1, r2) = (&mut r0[..n], &mut r1[..n], &mut r2[..n]);
                for j in 0..n {
                    r0[j] += g[0] * cb[0][j] + g[1] * cb[3][j] + g[2] * cb[5][j];
                    r1[j] += g[1] * cb[1][j] + g[0] * cb[3][j] + g[2] * cb[4][j];
                    r2[j] += g[2] * cb[2][j] + g[1] * cb[4][j] + g[0] * cb[5][j];
                }
            }
            if let Some(mean) = mean {
                let rows = work.stiffness[..n * n].chunks_exact_mut(n);
                let thirds = mean
                    .iter()
                    .zip(&work.gradients)
                    .flat_map(|(m, g)| [0, 1, 2].map(|c| (m[c] - g[c]) / 3.0));
                for (row, third) in rows.zip(thirds) {
                    row.iter_mut()
                        .enumerate()
                        .for_each(|(j, r)| *r += third * (cb[0][j] + cb[1][j] + cb[2][j]));
                }
            }
        }
    }

    /// Volume of the subdomain, compensated.
    pub fn volume(&self) -> crate::parallel::Dd {
        let mut v = crate::parallel::Dd::default();
        self.weights.iter().for_each(|w| v.add(*w));
        v
    }
}
