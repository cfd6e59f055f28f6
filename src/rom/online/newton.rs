//! Newton's method on the reduced points:
//! `f_i = sum_z w_z E_zi . sigma_z`, `K_ij = sum_z w_z E_zi . C_z E_zj`, stop at `||F - f|| <= tolerance ||F||`.
//!
//! Per evaluation: one law batch, one sum over ranks of `n + 2` numbers. Where it is not the last one of a step: one matrix
//! product of `n x 6 points x n`, one sum over ranks of `n^2` numbers, one replicated `n x n` factorisation. `m = n + lifts`;
//! points P on this rank: `12 P m` (strain) `+ 12 P n` (force) `+ 72 P n` (C E) `+ 12 P n^2` (K) `+ 2/3 n^3` (LU) flops beside
//! the law.

use super::system::{PointsState, ReducedPoints, ReducedState, ReducedSystem};
use crate::error::Result;
use crate::material::{MaterialWorkspace, Status};
use crate::parallel::Comm;
use crate::rom::dense::vectorised;
use crate::solver::{Failed, StepReport, advance_with_cuts, law_failure};
use crate::structure::Step;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// What happened in one increment of a reduced run.
pub type OnlineReport = StepReport;

/// Internal forces below this share of the magnitudes they sum are rounding.
const ROUNDING: f64 = 1e-14;
/// This share of `K_ii u_i`, and of the forces that they set out to balance, is lost where strains cancel, as in a free
/// thermal expansion.
const CANCELLATION: f64 = 1e-15;

/// Advances a reduced run to time `to`, cutting the step where needed.
///
/// # Errors
/// [`crate::error::Kind::Run`]: no convergence in the smallest step.
///
/// # Collective
pub fn advance(system: &mut ReducedSystem, state: &mut ReducedState, to: f64) -> Result<OnlineReport> {
    let min_step = system.tolerances.min_step;
    let mut trial = system.trial.take().unwrap_or_else(|| state.clone());
    let report = advance_with_cuts(state.time, to, min_step, |_, t1, report| {
        let done = attempt(system, state, &mut trial, t1, report);
        if done.is_ok() {
            std::mem::swap(state, &mut trial);
        }
        Ok(done)
    });
    system.trial = Some(trial);
    report
}

/// The law at some points over a step, from `from` into `to`, whose strain is set.
fn law(
    points: &ReducedPoints,
    from: &PointsState,
    to: &mut PointsState,
    (time_start, dt): (f64, f64),
    tangent: Option<&mut [f64]>,
    work: &mut MaterialWorkspace,
) -> Status {
    let step = Step {
        dt,
        time_start,
        strain: &to.strain,
        strain_start: &from.strain,
        temperature: &to.temperature,
        temperature_start: &from.temperature,
        temperature_initial: &points.initial_temperature,
    };
    points.set.update(&step, &from.state, &mut to.state, &mut to.stress, tangent, work)
}

/// A law failed on some rank, with this `status` here.
///
/// # Collective
fn law_failed(comm: &Comm, points: &ReducedPoints, status: Status, place: &str, factor: f64) -> Failed {
    let here = match status {
        Status::Done => None,
        Status::Cut { point, factor } => Some(law_failure(place, factor, points.set.complaint(point))),
    };
    Failed::of_law(comm, here, factor)
}

fn attempt(
    system: &mut ReducedSystem,
    from: &ReducedState,
    to: &mut ReducedState,
    t1: f64,
    report: &mut StepReport,
) -> std::result::Result<(), Failed> {
    let n = system.modes;
    let dt = t1 - from.time;
    to.time = t1;
    to.coefficients.copy_from_slice(&from.coefficients);
    for (c, (v, a)) in to.coefficients[n..].iter_mut().zip(&system.lifts) {
        *c = v * a.value(t1);
    }
    system.active.temperature.evaluate(t1, &mut to.active.temperature);
    system.extra.temperature.evaluate(t1, &mut to.extra.temperature);
    system.external.fill(0.0);
    for (vector, amplitude) in &system.loads {
        let a = amplitude.value(t1);
        system.external.iter_mut().zip(vector).for_each(|(f, v)| *f += a * v);
    }
    let (mut first, mut cancelling, mut unbalanced) = (0.0f64, f64::INFINITY, 0.0f64);
    for iteration in 0..=system.tolerances.max_iterations {
        system.active.strain(&to.coefficients, &mut to.active.strain);
        let status = law(
            &system.active,
            &from.active,
            &mut to.active,
            (from.time, dt),
            Some(&mut system.tangent),
            &mut system.work,
        );
        let cut = match status {
            Status::Done => 0.0,
            Status::Cut { factor, .. } => 1.0 / factor,
        };
        internal_force(system, &to.active.stress, cut);
        system.comm.sum_into(&system.local_force, &mut system.force);
        let failed = system.force[n];
        if failed > 0.0 {
            return Err(law_failed(system.comm, &system.active, status, "a reduced point", 1.0 / failed));
        }
        let magnitude = system.force[n + 1];
        for ((r, f), external) in system.step.iter_mut().zip(&system.force).zip(&system.external) {
            *r = external - f;
        }
        let residual = crate::rom::dense::norm(&system.step);
        let norm = crate::rom::dense::norm(&system.force[..n]).max(crate::rom::dense::norm(&system.external));
        report.residual = if norm > 0.0 { residual / norm } else { residual };
        if iteration == 0 {
            // what thermal strains ask for before the coordinates follow, which are zero in a virgin structure
            unbalanced = magnitude;
        }
        // an infinite norm would accept anything
        let finite = residual.is_finite() && norm.is_finite();
        let accepted = (system.tolerances.tolerance * norm).max(ROUNDING * magnitude);
        let mut done = finite && residual <= accepted;
        if finite && !done {
            stiffness(system);
            system.comm.sum_into(&system.local_matrix, &mut system.matrix);
            let diagonal = system.matrix.iter().step_by(n + 1).zip(&to.coefficients);
            // the least of all iterations: coordinates that run away must not pass for rounding
            cancelling = cancelling.min(diagonal.map(|(k, c)| (k * c).powi(2)).sum::<f64>().sqrt());
            done = residual <= ROUNDING * magnitude + CANCELLATION * cancelling.max(unbalanced);
        }
        if done {
            // points of the dual quantities only: their law is needed once, at the converged strain
            system.extra.strain(&to.coefficients, &mut to.extra.strain);
            let interval = (from.time, dt);
            let status = law(&system.extra, &from.extra, &mut to.extra, interval, None, &mut system.work);
            let factor = if let Status::Cut { factor, .. } = status { factor } else { 1.0 };
            let factor = if system.comm.size() > 1 { system.comm.min1(factor) } else { factor };
            if factor < 1.0 {
                return Err(law_failed(
                    system.comm,
                    &system.extra,
                    status,
                    "a point of a dual quantity",
                    factor,
                ));
            }
            return Ok(());
        }
        if !finite || (iteration > 1 && residual > 1e4 * first) {
            let reason = format!("Newton diverged: residual {residual:.3e} at iteration {iteration}");
            return Err(Failed { reason, factor: 0.5 });
        }
        if iteration <= 1 {
            first = first.max(residual);
        }
        if iteration == system.tolerances.max_iterations {
            break;
        }
        report.iterations += 1;
        system.solver.solve(&mut system.matrix, &mut system.step);
        to.coefficients[..n].iter_mut().zip(&system.step).for_each(|(c, d)| *c += d);
    }
    let reason = format!(
        "Newton did not converge in {} iterations: relative residual {:.3e}, tolerance {:.1e}",
        system.tolerances.max_iterations, report.residual, system.tolerances.tolerance
    );
    Err(Failed { reason, factor: 0.5 })
}

/// This rank's part of the internal force into `system.local_force`, then `cut` and the force's magnitude.
fn internal_force(system: &mut ReducedSystem, stress: &[f64], cut: f64) {
    let n = system.modes;
    let points = &system.active;
    let m = n + system.lifts.len();
    let (force, tail) = system.local_force.split_at_mut(n);
    vectorised(
        #[inline(always)]
        || {
            force.fill(0.0);
            for (k, &w) in points.weights.iter().enumerate() {
                let r = strain_rows(points, k, n, m);
                let s: [f64; 6] = std::array::from_fn(|c| w * stress[6 * k + c]);
                for i in 0..n {
                    force[i] += combine(&s, &r, i);
                }
            }
        },
    );
    let mut magnitude = 0.0;
    for ((w, norm), s) in points.weights.iter().zip(&system.row_norms).zip(stress.chunks_exact(6)) {
        magnitude += w * norm * s.iter().map(|x| x * x).sum::<f64>().sqrt();
    }
    tail.copy_from_slice(&[cut, magnitude]);
}

/// This rank's part of the matrix into `system.local_matrix`, from `system.tangent`.
fn stiffness(system: &mut ReducedSystem) {
    let n = system.modes;
    let points = &system.active;
    let m = n + system.lifts.len();
    if points.is_empty() || n == 0 {
        system.local_matrix.fill(0.0);
        return;
    }
    let (tangent, weighted) = (&system.tangent, &mut system.weighted);
    // w_z C_z E_z (`6 points x n`)
    vectorised(
        #[inline(always)]
        || {
            for (k, &w) in points.weights.iter().enumerate() {
                let r = strain_rows(points, k, n, m);
                let c = &tangent[36 * k..36 * (k + 1)];
                let out = &mut weighted[6 * k * n..6 * (k + 1) * n];
                for (out, c) in out.chunks_exact_mut(n).zip(c.chunks_exact(6)) {
                    let c: [f64; 6] = std::array::from_fn(|j| w * c[j]);
                    for i in 0..n {
                        out[i] = combine(&c, &r, i);
                    }
                }
            }
        },
    );
    let rows = 6 * points.len();
    let e = MatRef::from_row_major_slice_with_stride(&points.strain_rows, rows, n, m);
    let ce = MatRef::from_row_major_slice(&system.weighted, rows, n);
    let out = MatMut::from_column_major_slice_mut(&mut system.local_matrix, n, n);
    matmul(out, Accum::Replace, e.transpose(), ce, 1.0, Par::Seq);
}

/// Strains of the modes at point `k`, component by component.
#[inline(always)]
fn strain_rows(points: &ReducedPoints, k: usize, n: usize, m: usize) -> [&[f64]; 6] {
    let rows = &points.strain_rows[6 * k * m..6 * (k + 1) * m];
    std::array::from_fn(|j| &rows[j * m..j * m + n])
}

/// `sum_j c_j r_j[i]`.
#[inline(always)]
fn combine(c: &[f64; 6], r: &[&[f64]; 6], i: usize) -> f64 {
    c[0] * r[0][i] + c[1] * r[1][i] + c[2] * r[2][i] + c[3] * r[3][i] + c[4] * r[4][i] + c[5] * r[5][i]
}
