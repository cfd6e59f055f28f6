//! Linear elastic displacements: of a unit prescribed motion, of a thermal strain.

use super::assembly::Assembly;
use super::linear::{LinearOptions, LinearSolver};
use crate::error::{Error, Result};
use crate::parallel::{Comm, agree};
use crate::structure::{LoadedStructure, Structure};

/// An elastic structure under its prescribed dofs, with the elasticity at the initial temperature.
pub(super) struct Elastic<'e, 's> {
    comm: &'s Comm,
    structure: &'s Structure,
    loaded: &'e LoadedStructure,
    assembly: &'e mut Assembly,
    linear: &'e mut LinearSolver<'s>,
    /// Elasticity at the initial temperature, `n_points x 36`.
    tangent: Vec<f64>,
    /// `K_fp u_p` of the prescribed values it was made with.
    lifted: Vec<f64>,
}

impl<'e, 's> Elastic<'e, 's> {
    /// Factorised, or with its levels. `motion`: prescribed values whose forces `lifted` receives.
    pub fn new(
        comm: &'s Comm,
        structure: &'s Structure,
        loaded: &'e LoadedStructure,
        assembly: &'e mut Assembly,
        linear: &'e mut LinearSolver<'s>,
        motion: Option<&[f64]>,
    ) -> Result<Elastic<'e, 's>> {
        let mut c = [0.0; 36];
        let mut tangent = Vec::with_capacity(36 * structure.geometry.n_points());
        for p in 0..structure.geometry.n_points() {
            let law = structure.points.materials()[structure.points.material_of(p)].law();
            law.elasticity(loaded.initial_temperature[p], &mut c);
            tangent.extend_from_slice(&c);
        }
        agree(comm, finite_elasticity(structure, &tangent))?;
        let mut lifted = vec![0.0; 3 * structure.sub.mesh.n_nodes()];
        linear.set_values(|values| {
            assembly.fill(comm, structure, &loaded.fixed, &tangent, motion, &mut lifted, values);
        })?;
        structure.assemble(comm, &mut lifted);
        Ok(Elastic { comm, structure, loaded, assembly, linear, tangent, lifted })
    }

    /// The free dofs of `u` for a nodal force (consistent at shared nodes).
    fn solve(&mut self, force: &[f64], u: &mut [f64]) -> Result<()> {
        let fixed = &self.loaded.fixed;
        let dofs: Vec<usize> = self.assembly.owned_dofs().collect();
        let rhs: Vec<f64> = dofs.iter().map(|&d| if fixed.is_fixed(d) { 0.0 } else { force[d] }).collect();
        let mut solution = vec![0.0; rhs.len()];
        self.linear.solve(&rhs, &mut solution)?;
        for (&d, s) in dofs.iter().zip(solution).filter(|(d, _)| !fixed.is_fixed(**d)) {
            u[d] = s;
        }
        self.structure.sub.copy_from_owner(self.comm, u, 3);
        Ok(())
    }

    /// Displacements under the thermal strains at `times`, the prescribed dofs held.
    pub fn thermal(mut self, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        let (structure, loaded) = (self.structure, self.loaded);
        let (n, dofs) = (structure.geometry.n_points(), 3 * structure.sub.mesh.n_nodes());
        let mut history = loaded.temperature.clone();
        let (mut at, mut stress) = (vec![0.0; n], vec![0.0; 6 * n]);
        let mut modes = Vec::with_capacity(times.len());
        for &t in times {
            history.evaluate(t, &mut at);
            stress.fill(0.0);
            for p in 0..n {
                let material = &structure.points.materials()[structure.points.material_of(p)];
                let Some(thermal) = material.thermal() else { continue };
                let e = thermal.strain(at[p], loaded.initial_temperature[p]);
                for (s, c) in stress[6 * p..6 * p + 6].iter_mut().zip(self.tangent[36 * p..].chunks_exact(6))
                {
                    *s = (c[0] + c[1] + c[2]) * e;
                }
            }
            let mut force = vec![0.0; dofs];
            structure.geometry.internal_force(&structure.sub.mesh, &stress, &mut force);
            structure.assemble(self.comm, &mut force);
            let mut u = vec![0.0; dofs];
            self.solve(&force, &mut u)?;
            modes.push(u);
        }
        Ok(modes)
    }
}

/// A compiled law may have no elasticity to show.
fn finite_elasticity(structure: &Structure, tangent: &[f64]) -> Result<()> {
    let Some(i) = tangent.iter().position(|c| !c.is_finite()) else { return Ok(()) };
    let p = i / 36;
    let why = structure.points.complaint(p).unwrap_or_else(|| "it is not finite".to_owned());
    let place = structure.describe_point(p);
    Err(Error::run(format!("the law of {place} has no elastic tangent at zero strain: {why}")))
}

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
    let of_term = |&t: &u32| if t as usize == term && t != u32::MAX { 1.0 } else { 0.0 };
    let mut u: Vec<f64> = loaded.fixed.term_of.iter().map(of_term).collect();
    let mut assembly = Assembly::new(comm, &structure.sub);
    let options = LinearOptions { symmetric: true, ..options };
    let mut linear = assembly.linear_solver(comm, &structure.sub, &loaded.fixed, options)?;
    let mut elastic = Elastic::new(comm, structure, loaded, &mut assembly, &mut linear, Some(&u))?;
    let force: Vec<f64> = elastic.lifted.iter().map(|l| -l).collect();
    elastic.solve(&force, &mut u)?;
    Ok(u)
}

/// Times at which the temperature change is farthest from the span of those chosen before; none where nothing changes.
///
/// # Collective
pub(super) fn distinct_temperatures(comm: &Comm, loaded: &LoadedStructure, times: &[f64]) -> Vec<f64> {
    const MOST: usize = 3;
    /// A rest below this share of its field (squared) is in the span.
    const IN_SPAN: f64 = 1e-6;
    let mut history = loaded.temperature.clone();
    let mut at = vec![0.0; loaded.initial_temperature.len()];
    let mut rests: Vec<Vec<f64>> = times
        .iter()
        .map(|&t| {
            history.evaluate(t, &mut at);
            at.iter().zip(&loaded.initial_temperature).map(|(t, t0)| t - t0).collect()
        })
        .collect();
    let squares = |rests: &[Vec<f64>], with: Option<&Vec<f64>>| {
        let mut out: Vec<f64> = rests.iter().map(|r| dot(r, with.unwrap_or(r))).collect();
        comm.sum(&mut out);
        out
    };
    let whole = squares(&rests, None);
    let mut chosen = Vec::new();
    while chosen.len() < MOST {
        let left = squares(&rests, None);
        let far = (0..times.len()).filter(|&k| left[k] > IN_SPAN * whole[k]);
        let Some(k) = far.max_by(|&a, &b| left[a].total_cmp(&left[b])) else { break };
        chosen.push(times[k]);
        let direction = rests[k].clone();
        let along = squares(&rests, Some(&direction));
        for (rest, c) in rests.iter_mut().zip(along) {
            rest.iter_mut().zip(&direction).for_each(|(r, d)| *r -= c / left[k] * d);
        }
    }
    chosen
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
