//! From bases to a reduced model: cubature, points of the dual quantities, load operators, put together.

use super::basis::UnitStrains;
use super::{reduce, select};
use crate::error::Result;
use crate::parallel::{Comm, MemoryLimit};
use crate::rom::cubature::{self, Cubature};
use crate::rom::deim::Rows;
use crate::rom::pod::Snapshots;
use crate::store::{DualQuantity, Lift, ReducedModel, ReducedPoints};
use crate::structure::{Quantity, Structure};
use std::collections::BTreeSet;

/// The basis of a dual quantity on this rank.
#[derive(Debug, Clone)]
pub struct DualBasis {
    /// What it is.
    pub quantity: Quantity,
    /// Orthonormal columns (identity product over integration points), each `n_points x components`.
    pub columns: Vec<Vec<f64>>,
    /// Singular values of its snapshots, descending.
    pub singular_values: Vec<f64>,
    /// The snapshot with the largest norm.
    pub largest: Vec<f64>,
}

/// What a reduced model is made of, on this rank.
#[derive(Debug, Clone, Default)]
pub struct Bases {
    /// Displacement modes, each `3 n_nodes`.
    pub modes: Vec<Vec<f64>>,
    /// Singular values of the displacement snapshots, descending, those of the modes first.
    pub singular_values: Vec<f64>,
    /// Prescribed motions that are not zero, and their displacements.
    pub lifts: Vec<(Lift, Vec<f64>)>,
    /// Dual quantities.
    pub duals: Vec<DualBasis>,
}

/// A reduced model in the hands of its builder.
pub struct Assembled {
    /// The model, this rank's share; texts and tolerances are still to be filled in.
    pub model: ReducedModel,
    /// How the cubature went.
    pub cubature: Cubature,
    /// Local integration points of the model's points, in the same order.
    pub kept: Vec<u32>,
}

/// Builds the reduced model of some bases; `stresses`: what the cubature must integrate, each `n_points x 6`.
///
/// # Errors
/// Those of the cubature; more than the memory limit.
///
/// # Collective
pub fn assemble<S: Snapshots + ?Sized>(
    comm: &Comm,
    structure: &Structure,
    bases: &Bases,
    stresses: &S,
    options: &cubature::Options,
    global: bool,
    memory: &MemoryLimit,
) -> Result<Assembled> {
    // the work of reactions in the lifts is integrated too: without other loads all forces on the modes are zero in
    // equilibrium, and there would be nothing to be relative to
    let mut strains = UnitStrains::default();
    strains.extend(comm, structure, bases, memory)?;
    let stresses =
        select::Stresses::of_snapshots(comm, structure, stresses, options.tolerance / 10.0, memory)?;
    let cubature = select::cubature_points(comm, structure, &strains, &stresses, options, global)?;
    drop((strains, stresses));
    put_together(comm, structure, bases, cubature, &mut Vec::new(), memory)
}

/// Builds the reduced model of some bases and a cubature of their forces. `rows`: what is known of the rows that rebuild the
/// dual quantities, brought up to date.
///
/// # Errors
/// More than the memory limit.
///
/// # Collective
pub fn put_together(
    comm: &Comm,
    structure: &Structure,
    bases: &Bases,
    cubature: Cubature,
    rows: &mut Vec<Rows>,
    memory: &MemoryLimit,
) -> Result<Assembled> {
    let n = bases.modes.len();
    let mut extra = BTreeSet::new();
    rows.resize(bases.duals.len(), Rows::default());
    for (dual, rows) in bases.duals.iter().zip(rows) {
        select::dual_rows(comm, structure, dual, rows, memory)?;
        extra.extend(select::points_of(rows, dual.quantity.components));
    }
    memory.claim(comm, "the reduction of the loads", 12 * n * structure.sub.mesh.n_elements())?;
    let vectors: Vec<&[f64]> =
        bases.modes.iter().chain(bases.lifts.iter().map(|l| &l.1)).map(Vec::as_slice).collect();
    let (points, kept) = reduced_points(structure, &cubature, &extra, &vectors);
    let model = ReducedModel {
        n_modes: n,
        n_nodes: structure.sub.mesh.n_nodes_global,
        singular_values: bases.singular_values.clone(),
        lifts: bases.lifts.iter().map(|l| l.0.clone()).collect(),
        points,
        duals: bases.duals.iter().map(|d| dual_quantity(comm, structure, d, &kept)).collect(),
        loads: reduce::load_operators(comm, structure, &bases.modes),
        volume: structure.volume,
        ..ReducedModel::default()
    };
    Ok(Assembled { model, cubature, kept })
}

/// The reduced points of this rank, weighted ones first, and their local numbers; `vectors`: modes and lifts.
fn reduced_points(
    structure: &Structure,
    found: &Cubature,
    extra: &BTreeSet<u32>,
    vectors: &[&[f64]],
) -> (ReducedPoints, Vec<u32>) {
    let mesh = &structure.sub.mesh;
    let mut weighted: Vec<(u32, f64)> = found.points.iter().map(|p| (p.local, p.weight)).collect();
    weighted.sort_by_key(|p| p.0);
    let taken: BTreeSet<u32> = weighted.iter().map(|p| p.0).collect();
    weighted.extend(extra.difference(&taken).map(|&p| (p, 0.0)));
    let mut points = ReducedPoints { node_offsets: vec![0], ..ReducedPoints::default() };
    for &(local, weight) in &weighted {
        let local = local as usize;
        let e = structure.geometry.offsets.partition_point(|&o| o <= local) - 1;
        let k = local - structure.geometry.offsets[e];
        let shapes = structure.geometry.shape_values(mesh.kinds[e], k);
        let nodes = mesh.nodes_of(e);
        let x = std::array::from_fn(|c| {
            nodes.iter().zip(shapes).map(|(&a, s)| s * mesh.points[a as usize][c]).sum()
        });
        points.element_id.push(mesh.element_ids[e]);
        points.element_index.push(mesh.element_index[e]);
        points.number.push(k as u32);
        points.x.push(x);
        points.weight.push(weight);
        points.material.push(structure.material_of[e]);
        points.nodes.extend(nodes.iter().map(|&a| mesh.node_index[a as usize]));
        points.shapes.extend_from_slice(structure.geometry.scalar_weights(mesh.kinds[e], k));
        points.node_offsets.push(points.nodes.len() as u64);
        for u in vectors {
            points.strain.extend(structure.geometry.strain_at(mesh, e, k, u));
        }
    }
    (points, weighted.into_iter().map(|p| p.0).collect())
}

fn dual_quantity(comm: &Comm, structure: &Structure, dual: &DualBasis, kept: &[u32]) -> DualQuantity {
    let c = dual.quantity.components;
    let at = |values: &[f64], p: u32| -> Vec<f64> { values[p as usize * c..(p as usize + 1) * c].to_vec() };
    let mut rows = Vec::with_capacity(kept.len() * c * dual.columns.len());
    for &p in kept {
        for i in 0..c {
            rows.extend(dual.columns.iter().map(|column| column[p as usize * c + i]));
        }
    }
    let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
    let over_volume =
        dual.largest.chunks_exact(c).zip(&structure.geometry.weights).map(|(v, w)| w.abs() * square(v));
    let mut largest = [kept.iter().map(|&p| square(&at(&dual.largest, p))).sum(), over_volume.sum()];
    comm.sum(&mut largest);
    DualQuantity {
        name: dual.quantity.name.clone(),
        components: c,
        m: dual.columns.len(),
        singular_values: dual.singular_values.clone(),
        q_max: largest[0].sqrt(),
        q_max_l2: largest[1].sqrt(),
        rows,
    }
}
