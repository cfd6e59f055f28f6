//! The linear elastic displacement of a unit prescribed motion.

use super::assembly::Assembly;
use super::linear::{LinearOptions, LinearSolver, Pattern};
use crate::error::Result;
use crate::parallel::Comm;
use crate::structure::{LoadedStructure, Structure};

/// Displacement (`3 n_nodes`) that is 1 on the dofs of prescribed motion `term`, 0 on the other prescribed dofs, and in
/// elastic equilibrium in between, with the elasticity at the initial temperature.
///
/// # Errors
/// The linear solver failed.
///
/// # Collective
pub fn elastic_lift(
    comm: &Comm,
    structure: &Structure,
    loaded: &LoadedStructure,
    options: LinearOptions,
    term: usize,
) -> Result<Vec<f64>> {
    let mesh = &structure.sub.mesh;
    let mut assembly = Assembly::new(comm, &structure.sub);
    let mut c = [0.0; 36];
    let mut tangent = Vec::with_capacity(36 * structure.geometry.n_points());
    for p in 0..structure.geometry.n_points() {
        let law = structure.points.materials()[structure.points.material_of(p)].law();
        law.elasticity(loaded.initial_temperature[p], &mut c);
        tangent.extend_from_slice(&c);
    }
    let mut u: Vec<f64> = loaded
        .fixed
        .term_of
        .iter()
        .map(|&t| if t as usize == term && t != u32::MAX { 1.0 } else { 0.0 })
        .collect();
    let mut lifted = vec![0.0; u.len()];
    assembly.fill(comm, structure, &loaded.fixed, &tangent, Some(&u), &mut lifted);
    structure.assemble(comm, &mut lifted);
    let coordinates: Vec<[f64; 3]> = assembly.owned_nodes.iter().map(|&n| mesh.points[n as usize]).collect();
    let dofs: Vec<usize> =
        assembly.owned_nodes.iter().flat_map(|&n| (0..3).map(move |c| 3 * n as usize + c)).collect();
    let constrained: Vec<bool> = dofs.iter().map(|&d| loaded.fixed.is_fixed(d)).collect();
    let pattern = Pattern {
        rows: &assembly.rows,
        cols: &assembly.cols,
        coordinates: &coordinates,
        constrained: &constrained,
    };
    let mut linear = LinearSolver::new(comm, pattern, LinearOptions { symmetric: true, ..options })?;
    linear.factor_or_setup(&assembly.values)?;
    let rhs: Vec<f64> =
        dofs.iter().map(|&d| if loaded.fixed.is_fixed(d) { 0.0 } else { -lifted[d] }).collect();
    let mut solution = vec![0.0; rhs.len()];
    linear.solve(&rhs, &mut solution)?;
    for (&d, s) in dofs.iter().zip(solution) {
        if !loaded.fixed.is_fixed(d) {
            u[d] = s;
        }
    }
    structure.sub.copy_from_owner(comm, &mut u, 3);
    Ok(u)
}
