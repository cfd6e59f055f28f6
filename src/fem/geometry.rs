//! Integration points of a mesh: weights and inverse Jacobians, and what is interpolated or differentiated there.

use super::reference::{HEX_VERTICES, MAX_NODES, node_positions, shape};
use super::{quadrature, quadrature::Point};
use crate::mesh::{Conventions, ElementKind, Mesh, MeshError};
use nalgebra::Matrix3;

/// Shape functions and their reference derivatives at the points of a rule.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub weights: Vec<f64>,
    /// `points x nodes`.
    pub n: Vec<f64>,
    /// `points x nodes`.
    pub d: Vec<[f64; 3]>,
    /// Weights of nodal scalars, `points x nodes`, where they are not `n`.
    scalar: Option<Vec<f64>>,
}

impl Table {
    pub fn new(kind: ElementKind, points: &[Point]) -> Table {
        let nn = kind.n_nodes();
        let (mut n, mut d) = (vec![0.0; points.len() * nn], vec![[0.0; 3]; points.len() * nn]);
        for (k, (x, _)) in points.iter().enumerate() {
            shape(kind, *x, &mut n[k * nn..(k + 1) * nn], &mut d[k * nn..(k + 1) * nn]);
        }
        Table { weights: points.iter().map(|p| p.1).collect(), n, d, scalar: None }
    }

    /// The table of a kind in a mesh.
    fn of_mesh(kind: ElementKind, conventions: Conventions) -> Table {
        let rule = quadrature::rule(kind);
        let mut table = Table::new(kind, &rule);
        table.scalar = match (conventions, kind) {
            (Conventions::Calculix, ElementKind::C3d8) => Some(vec![1.0 / 8.0; 64]),
            (Conventions::Calculix, ElementKind::C3d20) => Some(trilinear_fit(&rule)),
            _ => None,
        };
        table
    }
}

/// Weights of the nodes of a 20-node hexahedron at some points, `points x 20`: the quadratic field at the 2 x 2 x 2 Gauss
/// points, continued trilinearly. (It is the weighted least-squares fit over the 27 points, too.)
fn trilinear_fit(points: &[Point]) -> Vec<f64> {
    let inner = quadrature::rule(ElementKind::C3d20r);
    let quadratic = Table::new(ElementKind::C3d20r, &inner);
    // the inner points are the vertices of a cube that is smaller by sqrt 3
    let stretched: Vec<Point> = points.iter().map(|(x, w)| (x.map(|c| c * 3f64.sqrt()), *w)).collect();
    let linear = Table::new(ElementKind::C3d8, &stretched);
    let mut out = Vec::with_capacity(20 * points.len());
    for k in 0..points.len() {
        out.extend((0..20).map(|a| {
            let shares = linear.n[8 * k..8 * k + 8].iter().zip(HEX_VERTICES);
            shares.map(|(share, v)| share * quadratic.n[20 * inner_at(v) + a]).sum::<f64>()
        }));
    }
    out
}

/// Place of the inner point next to a vertex: first axis fastest.
fn inner_at(v: [f64; 3]) -> usize {
    (0..3).map(|c| usize::from(v[c] > 0.0) << c).sum()
}

/// Jacobian `j[a][b] = d x_b / d xi_a` of an element at a point of a table.
pub(super) fn jacobian(mesh: &Mesh, nodes: &[u32], d: &[[f64; 3]]) -> [[f64; 3]; 3] {
    let mut j = [[0.0; 3]; 3];
    for (&node, d) in nodes.iter().zip(d) {
        let x = mesh.points[node as usize];
        for a in 0..3 {
            for b in 0..3 {
                j[a][b] += d[a] * x[b];
            }
        }
    }
    j
}

pub(super) fn determinant(j: &[[f64; 3]; 3]) -> f64 {
    Matrix3::from(*j).determinant()
}

/// `inv[b][a] = d xi_a / d x_b`, flattened; `None` where the mapping is not invertible.
fn inverse(j: &[[f64; 3]; 3]) -> Option<[f64; 9]> {
    // from rows of j become columns, so this is d x_b / d xi_a with b as row; columns follow each other in memory
    let inverse = Matrix3::from(*j).try_inverse()?;
    inverse.as_slice().try_into().ok()
}

/// The integration points of a mesh, element by element.
#[derive(Debug, Clone)]
pub struct Geometry {
    /// Start of each element's points; one more entry than elements.
    pub offsets: Vec<usize>,
    /// Quadrature weight times determinant, per point; negative where the rule's weight is.
    pub weights: Vec<f64>,
    inverses: Vec<[f64; 9]>,
    tables: Vec<Option<Table>>,
    /// Mean gradients of the elements with B-bar, and which is whose (from 1; 0: none). Empty where no element has it.
    means: Vec<[[f64; 3]; 8]>,
    mean_of: Vec<u32>,
}

impl Geometry {
    /// Computes weights and inverse Jacobians.
    ///
    /// # Errors
    /// [`MeshError::Inverted`] for an element whose determinant is not positive at an integration point.
    pub fn new(mesh: &Mesh) -> Result<Geometry, MeshError> {
        let mut tables: Vec<Option<Table>> = vec![None; ElementKind::ALL.len()];
        let offsets = mesh.point_offsets();
        let total = offsets[mesh.n_elements()];
        let mut geometry = Geometry {
            offsets,
            weights: Vec::with_capacity(total),
            inverses: Vec::with_capacity(total),
            tables: vec![],
            means: Vec::new(),
            mean_of: Vec::new(),
        };
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let table =
                tables[kind.code() as usize].get_or_insert_with(|| Table::of_mesh(kind, mesh.conventions));
            let (nodes, nn) = (mesh.nodes_of(e), kind.n_nodes());
            for (k, &w) in table.weights.iter().enumerate() {
                let j = jacobian(mesh, nodes, &table.d[k * nn..(k + 1) * nn]);
                let det = determinant(&j);
                let Some(inverse) = inverse(&j).filter(|_| det.is_finite() && det > 0.0) else {
                    return Err(MeshError::Inverted {
                        id: mesh.element_ids[e],
                        kind,
                        point: k + 1,
                        determinant: det,
                    });
                };
                geometry.weights.push(w * det);
                geometry.inverses.push(inverse);
            }
        }
        geometry.tables = tables;
        geometry.find_means(mesh);
        Ok(geometry)
    }

    /// Means over the volume of the gradients of elements with B-bar.
    fn find_means(&mut self, mesh: &Mesh) {
        let of_mean = |(e, kind): (usize, &ElementKind)| (*kind == ElementKind::C3d8b).then_some(e);
        let elements: Vec<usize> = mesh.kinds.iter().enumerate().filter_map(of_mean).collect();
        if elements.is_empty() {
            return;
        }
        self.mean_of = vec![0; mesh.n_elements()];
        let mut g = [[0.0; 3]; MAX_NODES];
        for (&e, number) in elements.iter().zip(1..) {
            let (mut mean, mut volume) = ([[0.0; 3]; 8], 0.0);
            for k in 0..mesh.kinds[e].n_points() {
                self.gradients(mesh, e, k, &mut g);
                let w = self.weights[self.offsets[e] + k];
                volume += w;
                mean.iter_mut().zip(&g).for_each(|(m, g)| (0..3).for_each(|c| m[c] += w * g[c]));
            }
            mean.iter_mut().flatten().for_each(|m| *m /= volume);
            self.means.push(mean);
            self.mean_of[e] = number;
        }
    }

    /// Mean gradients of element `e`, whose divergence is that of every point of it; `None`: each point has its own.
    #[inline]
    pub(super) fn mean_gradients(&self, e: usize) -> Option<&[[f64; 3]; 8]> {
        let number = *self.mean_of.get(e)?;
        self.means.get((number as usize).checked_sub(1)?)
    }

    /// Number of integration points.
    pub fn n_points(&self) -> usize {
        self.weights.len()
    }

    pub(super) fn table(&self, kind: ElementKind) -> Option<&Table> {
        self.tables[kind.code() as usize].as_ref()
    }

    /// Shape function values at point `k` of an element of this kind, one per node.
    pub fn shape_values(&self, kind: ElementKind, k: usize) -> &[f64] {
        let nn = kind.n_nodes();
        self.table(kind).map_or(&[], |t| &t.n[k * nn..(k + 1) * nn])
    }

    /// Weights of the nodes of an element for a nodal scalar (a temperature) at its point `k`: the shape functions, or what
    /// the conventions of the mesh say.
    pub fn scalar_weights(&self, kind: ElementKind, k: usize) -> &[f64] {
        let nn = kind.n_nodes();
        self.table(kind).map_or(&[], |t| &t.scalar.as_ref().unwrap_or(&t.n)[k * nn..(k + 1) * nn])
    }

    /// Gradients `d N_a / d x_b` at point `k` of element `e`, one row per node.
    #[inline]
    pub fn gradients(&self, mesh: &Mesh, e: usize, k: usize, out: &mut [[f64; 3]; MAX_NODES]) {
        let kind = mesh.kinds[e];
        let nn = kind.n_nodes();
        let inv = &self.inverses[self.offsets[e] + k];
        let Some(table) = self.table(kind) else { return };
        for (g, d) in out.iter_mut().zip(&table.d[k * nn..(k + 1) * nn]) {
            for b in 0..3 {
                g[b] = inv[3 * b] * d[0] + inv[3 * b + 1] * d[1] + inv[3 * b + 2] * d[2];
            }
        }
    }

    /// Determinant and position for shape values `n` and reference derivatives `d` at some point of element `e`.
    pub fn map(mesh: &Mesh, e: usize, n: &[f64], d: &[[f64; 3]]) -> (f64, [f64; 3]) {
        let nodes = mesh.nodes_of(e);
        let mut x = [0.0; 3];
        for (&a, n) in nodes.iter().zip(n) {
            let p = mesh.points[a as usize];
            x.iter_mut().zip(p).for_each(|(x, p)| *x += n * p);
        }
        (determinant(&jacobian(mesh, nodes, d)), x)
    }

    /// A nodal scalar at every integration point: `out` has `n_points` values.
    pub fn interpolate(&self, mesh: &Mesh, nodal: &[f64], out: &mut [f64]) {
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let nodes = mesh.nodes_of(e);
            for k in 0..kind.n_points() {
                let n = self.scalar_weights(kind, k);
                out[self.offsets[e] + k] = n.iter().zip(nodes).map(|(n, &a)| n * nodal[a as usize]).sum();
            }
        }
    }

    /// Averages of a point field at the nodes (extrapolated by no more than the nearest point): for pictures only.
    ///
    /// Each element gives its vertices the value of the integration point nearest to them and its other nodes the
    /// mean of their neighbours' points; a node takes the mean over its elements. `out`: `n_nodes x components`;
    /// `count` receives the number of contributions, so that ranks can be summed before dividing.
    pub fn nodal_sums(
        &self,
        mesh: &Mesh,
        field: &[f64],
        components: usize,
        out: &mut [f64],
        count: &mut [f64],
    ) {
        out.fill(0.0);
        count.fill(0.0);
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let rule = quadrature::rule(kind);
            for (x, &node) in node_positions(kind).iter().zip(mesh.nodes_of(e)) {
                let distance = |p: &[f64; 3]| (0..3).map(|c| (p[c] - x[c]).powi(2)).sum::<f64>();
                let nearest = rule.iter().map(|p| distance(&p.0)).fold(f64::INFINITY, f64::min);
                let near = (0..rule.len()).filter(|&k| distance(&rule[k].0) < nearest * (1.0 + 1e-9) + 1e-12);
                let (mut weight, base) = (0.0, node as usize * components);
                let share = 1.0 / near.clone().count() as f64;
                for k in near {
                    let at = (self.offsets[e] + k) * components;
                    for c in 0..components {
                        out[base + c] += share * field[at + c];
                    }
                    weight += share;
                }
                count[node as usize] += weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights of a node's scalar at the points of a kind, and the points.
    fn calculix(kind: ElementKind) -> (Vec<f64>, Vec<Point>) {
        let table = Table::of_mesh(kind, Conventions::Calculix);
        (table.scalar.unwrap_or(table.n), quadrature::rule(kind))
    }

    #[test]
    fn calculix_takes_one_mean_temperature_in_eight_node_hexahedra() {
        let (weights, _) = calculix(ElementKind::C3d8);
        assert!(weights.iter().all(|w| *w == 0.125));
    }

    #[test]
    fn calculix_keeps_linear_temperatures_of_quadratic_hexahedra_and_lessens_their_curvature() {
        for (kind, curvature) in [(ElementKind::C3d20, 1.0 / 3.0), (ElementKind::C3d20r, 1.0 / 3.0)] {
            let (weights, points) = calculix(kind);
            let nodes = node_positions(kind);
            for (w, (x, _)) in weights.chunks_exact(20).zip(&points) {
                let at = |f: fn(&[f64; 3]) -> f64| w.iter().zip(&nodes).map(|(w, p)| w * f(p)).sum::<f64>();
                assert!((at(|_| 1.0) - 1.0).abs() < 1e-14);
                assert!(
                    (at(|p| 3.0 * p[0] - p[1] + 2.0 * p[2]) - (3.0 * x[0] - x[1] + 2.0 * x[2])).abs() < 1e-14
                );
                // x^2 is 1/3 at all 2 x 2 x 2 points
                assert!((at(|p| p[0] * p[0]) - curvature).abs() < 1e-14, "{kind}");
            }
        }
    }
}
