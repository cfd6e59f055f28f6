//! From integration points to nodes: what post-processors draw.
//!
//! In each element the values at the points are fitted, in the least-squares sense with equal weights, by the interpolation
//! of its vertices (of all its nodes where there are 27 points), which is evaluated at all its nodes; at a node the elements
//! are averaged, each with the same weight. Where there are as many points as vertices the fit is exact: that is what Z-set
//! (`.ctnod`) does with 2 x 2 x 2 points, and CalculiX (`.frd`) with all its elements, whose tables have 4 to 5 digits.

use super::quadrature;
use super::reference::{node_positions, shape};
use crate::mesh::{ElementKind, Subdomain};
use crate::parallel::Comm;
use faer::Mat;

/// Averages at the nodes of one structure.
#[derive(Debug, Clone)]
pub struct NodalMean {
    /// `n_nodes x n_points` of each kind in the mesh, by [`ElementKind::code`].
    tables: Vec<Option<Mat<f64>>>,
    /// Number of elements at each node, those of other ranks too.
    elements: Vec<f64>,
}

impl NodalMean {
    /// For the structure that this subdomain is part of.
    ///
    /// # Collective
    pub fn new(comm: &Comm, sub: &Subdomain) -> NodalMean {
        let mesh = &sub.mesh;
        let mut tables = vec![None; ElementKind::ALL.len()];
        let mut elements = vec![0.0; mesh.n_nodes()];
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            tables[usize::from(kind.code())].get_or_insert_with(|| extrapolation(kind));
            mesh.nodes_of(e).iter().for_each(|&n| elements[n as usize] += 1.0);
        }
        sub.sum_shared(comm, &mut elements, 1);
        NodalMean { tables, elements }
    }

    /// The values at the nodes, `n_nodes x components`, of values at the integration points, `n_points x components`; 0 at
    /// nodes of no element.
    ///
    /// # Collective
    pub fn average(&self, comm: &Comm, sub: &Subdomain, points: &[f64], components: usize) -> Vec<f64> {
        let mesh = &sub.mesh;
        let mut out = vec![0.0; mesh.n_nodes() * components];
        let mut first = 0;
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let Some(table) = &self.tables[usize::from(kind.code())] else { continue };
            let n = kind.n_points();
            let values = &points[first * components..(first + n) * components];
            first += n;
            for (a, &node) in mesh.nodes_of(e).iter().enumerate() {
                let sum = &mut out[node as usize * components..][..components];
                for (q, values) in values.chunks_exact(components).enumerate() {
                    let factor = table[(a, q)];
                    sum.iter_mut().zip(values).for_each(|(s, v)| *s += factor * v);
                }
            }
        }
        sub.sum_shared(comm, &mut out, components);
        for (values, &n) in out.chunks_exact_mut(components).zip(&self.elements) {
            values.iter_mut().for_each(|v| *v /= n.max(1.0));
        }
        out
    }
}

/// Values at the nodes of an element from those at its integration points, `n_nodes x n_points`.
pub fn extrapolation(kind: ElementKind) -> Mat<f64> {
    let fitted = match (kind, kind.n_vertices()) {
        (ElementKind::C3d20, _) => ElementKind::C3d20,
        (_, 4) => ElementKind::C3d4,
        (_, 6) => ElementKind::C3d6,
        _ => ElementKind::C3d8,
    };
    let m = fitted.n_nodes();
    let at = |positions: &[[f64; 3]]| {
        let mut rows = Mat::zeros(positions.len(), m);
        let (mut n, mut d) = ([0.0; 20], [[0.0; 3]; 20]);
        for (i, &x) in positions.iter().enumerate() {
            shape(fitted, x, &mut n, &mut d);
            (0..m).for_each(|j| rows[(i, j)] = n[j]);
        }
        rows
    };
    let points: Vec<[f64; 3]> = quadrature::rule(kind).iter().map(|p| p.0).collect();
    let a = at(&points);
    let nodes = at(&node_positions(kind));
    let Ok(svd) = a.thin_svd() else { unreachable!("the matrix is finite, and small") };
    let sizes = svd.S().column_vector();
    let mut inverse = svd.V().to_owned();
    for (j, &size) in sizes.iter().enumerate() {
        // where the points are too few for a linear field (c3d4_1, c3d6_2): the smallest of the values that fit
        let scale = if size > 1e-10 * sizes[0] { 1.0 / size } else { 0.0 };
        inverse.col_mut(j).iter_mut().for_each(|v| *v *= scale);
    }
    nodes * inverse * svd.U().transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Mesh;

    #[test]
    fn a_linear_field_is_the_same_at_nodes_and_points() {
        for kind in ElementKind::ALL {
            // what the points of some kinds cannot tell: the field is constant there
            let [x, y, z] = match kind {
                ElementKind::C3d4R1 => [0.0; 3],
                ElementKind::C3d6R2 => [0.0, 0.0, 0.5],
                _ => [2.0, -5.0, 0.5],
            };
            let field = |at: &[f64; 3]| 3.0 + x * at[0] + y * at[1] + z * at[2];
            let points: Vec<f64> = quadrature::rule(kind).iter().map(|p| field(&p.0)).collect();
            let nodes = extrapolation(kind) * faer::Col::from_fn(points.len(), |q| points[q]);
            for (x, found) in node_positions(kind).iter().zip(nodes.iter()) {
                assert!((found - field(x)).abs() < 1e-13, "{kind}: {found} at {x:?}");
            }
        }
    }

    #[test]
    fn elements_are_averaged_with_equal_weights() {
        // two unit cubes side by side, one value each
        let mut mesh = Mesh::default();
        for i in 0..12 {
            let (x, y, z) = (i % 3, i / 3 % 2, i / 6);
            mesh.node_ids.push(i + 1);
            mesh.points.push([x as f64, y as f64, z as f64]);
        }
        mesh.push_element(1, ElementKind::C3d8, &[0, 1, 4, 3, 6, 7, 10, 9]);
        mesh.push_element(2, ElementKind::C3d8, &[1, 2, 5, 4, 7, 8, 11, 10]);
        mesh.close_whole();
        let mut points = vec![1.0; 8];
        points.extend([3.0; 8]);
        let comm = Comm::serial();
        let sub = Subdomain::new(&comm, mesh);
        let nodes = NodalMean::new(&comm, &sub).average(&comm, &sub, &points, 1);
        for (found, x) in nodes.iter().zip(&sub.mesh.points) {
            assert!((found - (1.0 + x[0])).abs() < 1e-14);
        }
    }
}
