//! Consistent mass matrix of a subdomain: the L2 product of nodal fields.

use super::geometry::{Table, determinant, jacobian};
use super::quadrature;
use crate::mesh::{ElementKind, Mesh};

/// `M_ab = int N_a N_b`, scalar; applied to each component. Interface entries hold this subdomain's part only, so a
/// product over the structure is the sum over ranks of `u . M u`.
///
/// It is never assembled: a product interpolates at the integration points, weights, and sums up at the nodes. That takes one
/// number per integration point of the rule, several times less than the entries of the matrix.
#[derive(Debug, Clone)]
pub struct MassMatrix<'m> {
    mesh: &'m Mesh,
    tables: Vec<Option<Shapes>>,
    /// Weight times determinant at the points of each element, one element after the other.
    factors: Vec<f64>,
}

/// Shape functions at the points of a rule, `nodes x points`.
#[derive(Debug, Clone)]
struct Shapes {
    points: usize,
    n: Vec<f64>,
}

/// Components that are carried at a time.
const LANES: usize = 4;

impl<'m> MassMatrix<'m> {
    /// With a rule that integrates it exactly on straight elements.
    pub fn new(mesh: &'m Mesh) -> MassMatrix<'m> {
        let mut rules: Vec<Option<Table>> = vec![None; ElementKind::ALL.len()];
        let mut factors = Vec::new();
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let rule = rules[kind.code() as usize]
                .get_or_insert_with(|| Table::new(kind, &quadrature::mass_rule(kind)));
            let (nodes, nn) = (mesh.nodes_of(e), kind.n_nodes());
            let gradients = rule.weights.iter().zip(rule.d.chunks_exact(nn));
            factors.extend(gradients.map(|(w, d)| w * determinant(&jacobian(mesh, nodes, d))));
        }
        let turned = |rule: Table| {
            let points = rule.weights.len();
            let nn = rule.n.len() / points;
            let n = (0..nn * points).map(|i| rule.n[(i % points) * nn + i / points]).collect();
            Shapes { points, n }
        };
        MassMatrix { mesh, tables: rules.into_iter().map(|r| r.map(turned)).collect(), factors }
    }

    /// `out = M u` for each of the `components` interleaved components.
    ///
    /// # Panics
    /// More than four components.
    pub fn apply(&self, u: &[f64], components: usize, out: &mut [f64]) {
        assert!(components <= LANES, "no more than four components");
        pulp::Arch::new().dispatch(|| self.add(u, components, out));
    }

    #[inline(always)]
    fn add(&self, u: &[f64], components: usize, out: &mut [f64]) {
        out.fill(0.0);
        let mut values: Vec<[f64; LANES]> = Vec::new();
        let mut first = 0;
        for (e, kind) in self.mesh.kinds.iter().enumerate() {
            let Some(table) = &self.tables[kind.code() as usize] else { continue };
            let nodes = self.mesh.nodes_of(e);
            values.clear();
            values.resize(table.points, [0.0; LANES]);
            for (&node, shape) in nodes.iter().zip(table.n.chunks_exact(table.points)) {
                let at = node as usize * components;
                let mut own = [0.0; LANES];
                own[..components].copy_from_slice(&u[at..at + components]);
                for (value, n) in values.iter_mut().zip(shape) {
                    (0..LANES).for_each(|c| value[c] += n * own[c]);
                }
            }
            for (value, w) in values.iter_mut().zip(&self.factors[first..]) {
                value.iter_mut().for_each(|v| *v *= w);
            }
            for (&node, shape) in nodes.iter().zip(table.n.chunks_exact(table.points)) {
                let mut sum = [0.0; LANES];
                for (value, n) in values.iter().zip(shape) {
                    (0..LANES).for_each(|c| sum[c] += n * value[c]);
                }
                let at = node as usize * components;
                out[at..at + components].iter_mut().zip(sum).for_each(|(o, s)| *o += s);
            }
            first += table.points;
        }
    }
}
