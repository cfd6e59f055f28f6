//! `ferrom compare`: errors of one result against another, per quantity and time.

use super::Context;
use super::source::{Cut, ResultFile};
use crate::error::{Error, Result};
use crate::fem::{Geometry, MassMatrix, NodalMean};
use crate::mesh::ElementKind;
use crate::parallel::{Comm, agree};
use std::cell::OnceCell;
use std::path::Path;

/// How errors are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// `||a - b|| / max(||b||, 1e-3 max_t ||b||)`, norms in L2 over the volume.
    L2,
    /// `max |a - b| / max(max |b|, 1e-3 max_t max |b|)`, over nodes or points and components.
    Max,
}

/// Errors of one quantity at one time.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CompareRow {
    /// Quantity.
    pub quantity: String,
    /// `points` (integration points) or `nodes`.
    pub at: &'static str,
    /// Time.
    pub time: f64,
    /// Relative L2 error.
    pub l2: f64,
    /// L2 error relative to the largest norm over the times compared.
    pub l2_of_largest: f64,
    /// Relative maximum error.
    pub max: f64,
    /// Largest absolute difference.
    pub absolute: f64,
}

/// All errors.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct CompareReport {
    /// Quantity by quantity, times increasing.
    pub rows: Vec<CompareRow>,
}

impl CompareReport {
    /// Largest error over all quantities and times.
    pub fn worst(&self, norm: Norm) -> f64 {
        self.rows.iter().map(|r| if norm == Norm::L2 { r.l2 } else { r.max }).fold(0.0, f64::max)
    }

    /// Where the largest error is.
    pub fn worst_row(&self, norm: Norm) -> Option<&CompareRow> {
        let of = |r: &CompareRow| if norm == Norm::L2 { r.l2 } else { r.max };
        self.rows.iter().max_by(|a, b| of(a).total_cmp(&of(b)))
    }

    /// Largest L2 and maximum errors of a quantity and the times where they occur.
    pub fn worst_of(&self, quantity: &str) -> Option<(&CompareRow, &CompareRow)> {
        let of = || self.rows.iter().filter(|r| r.quantity == quantity);
        let l2 = of().max_by(|a, b| a.l2.total_cmp(&b.l2))?;
        let max = of().max_by(|a, b| a.max.total_cmp(&b.max))?;
        Some((l2, max))
    }

    /// Largest L2 error of a quantity relative to its largest norm over time.
    pub fn worst_of_largest(&self, quantity: &str) -> f64 {
        self.rows.iter().filter(|r| r.quantity == quantity).map(|r| r.l2_of_largest).fold(0.0, f64::max)
    }

    /// The quantities, in order.
    pub fn quantities(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.quantity) {
                names.push(row.quantity.clone());
            }
        }
        names
    }
}

/// Errors below this share of the largest norm over time are relative to it.
const FLOOR: f64 = 1e-3;

/// Compares `run` with `reference` at the times of `run` (or those within `from ..= to`). `quantities` empty: `U` and
/// every quantity that both hold. What not both have at integration points is compared at the nodes, where that of the other
/// is carried ([`NodalMean`]).
///
/// # Errors
/// Another mesh; a time or quantity that one of them lacks.
///
/// # Collective
pub fn compare(
    cx: &Context,
    run: &Path,
    reference: &Path,
    quantities: &[String],
    range: (f64, f64),
) -> Result<CompareReport> {
    let comm = cx.comm;
    let (a, b) = cx.timers.time("open", || -> Result<_> {
        Ok((ResultFile::open(comm, run, Cut::Anew)?, ResultFile::open(comm, reference, Cut::Anew)?))
    })?;
    agree(comm, a.same_mesh(&b))?;
    let mesh = &a.subdomain().mesh;
    let geometry = agree(comm, Geometry::new(mesh).map_err(Error::from))?;
    let mass = MassMatrix::new(mesh);
    let means = OnceCell::new();
    let names = if quantities.is_empty() { common(comm, &a, &b)? } else { quantities.to_vec() };
    if names.is_empty() {
        return Err(Error::input(
            run,
            "",
            format!("shares no quantity with {}", reference.display()),
            "write the same ones, with --rebuild or [output] quantities",
        ));
    }
    if let Some(name) = names.iter().find(|n| *n == "U") {
        for (file, path) in [(&a, run), (&b, reference)] {
            if !file.has_displacement() {
                let problem = format!("holds no displacement '{name}'");
                return Err(Error::input(path, "", problem, "write it with --rebuild U, or ask for another"));
            }
        }
    }
    let mut steps = Vec::new();
    for (i, &time) in a.times().iter().enumerate().filter(|(_, t)| **t >= range.0 && **t <= range.1) {
        let close = |t: &f64| (t - time).abs() <= 1e-9 * (1.0 + time.abs());
        let Some(j) = b.times().iter().position(close) else {
            // solvers seldom store the state before the first increment
            if time == 0.0 && b.times().first().is_some_and(|t| *t > 0.0) {
                continue;
            }
            return Err(Error::input(
                reference,
                "times",
                format!(
                    "t = {time} is missing (it ends at t = {})",
                    b.times().last().copied().unwrap_or(0.0)
                ),
                "compare runs with the same increments, or restrict the times with --from and --to",
            ));
        };
        steps.push((i, j, time));
    }
    if steps.is_empty() {
        let last = a.times().last().copied().unwrap_or(0.0);
        let first = a.times().first().copied().unwrap_or(0.0);
        return Err(Error::case_file(
            run,
            "times",
            format!("none lies between {} and {} (they go from {first} to {last})", range.0, range.1),
            "correct --from and --to",
        ));
    }
    let two_points = comm.any(mesh.kinds.contains(&ElementKind::C3d6R2));
    let mut report = CompareReport::default();
    for name in &names {
        let at_points = name != "U" && a.has_points(comm, name)? && b.has_points(comm, name)?;
        if two_points && !at_points && name != "U" {
            cx.warn(format_args!(
                "{name} is compared at the nodes of C3D6, to which CalculiX 2.20 carries values as if their points lay elsewhere: \
                 print them (*EL PRINT) to compare points"
            ));
        }
        let mut norms = Vec::new();
        for &(i, j, time) in &steps {
            let sizes = if name == "U" {
                let (x, y) = (a.displacement(comm, i)?, b.displacement(comm, j)?);
                nodal_sizes(comm, &mass, 3, &x, &y)
            } else if !at_points {
                let means = means.get_or_init(|| NodalMean::new(comm, a.subdomain()));
                let (x, y) = (a.at_nodes(comm, i, name, means)?, b.at_nodes(comm, j, name, means)?);
                nodal_sizes(comm, &mass, (y.len() / mesh.n_nodes().max(1)).max(1), &x, &y)
            } else {
                let (x, y) = (a.points(comm, i, name)?, b.points(comm, j, name)?);
                point_sizes(comm, &geometry.weights, &x, &y)
            };
            norms.push((time, sizes));
        }
        let largest = |k: usize| norms.iter().map(|n| n.1[k]).fold(0.0, f64::max);
        let (l2_largest, max_largest) = (largest(1), largest(3));
        for (time, [difference, size, worst, greatest]) in norms {
            let ratio = |d: f64, s: f64| if d == 0.0 { 0.0 } else { d / s };
            report.rows.push(CompareRow {
                quantity: name.clone(),
                at: if at_points { "points" } else { "nodes" },
                time,
                l2: ratio(difference, size.max(FLOOR * l2_largest)),
                l2_of_largest: ratio(difference, l2_largest),
                max: ratio(worst, greatest.max(FLOOR * max_largest)),
                absolute: worst,
            });
        }
    }
    Ok(report)
}

/// `U` and the quantities that both hold, one of them at integration points.
fn common(comm: &Comm, a: &ResultFile, b: &ResultFile) -> Result<Vec<String>> {
    let [points, others] = [a.point_names(comm)?, b.point_names(comm)?];
    let [nodal, nodal_others] = [a.nodal_names(comm)?, b.nodal_names(comm)?];
    let both = |n: &(String, usize)| {
        (points.contains(n) && (others.contains(n) || nodal_others.contains(n)))
            || (nodal.contains(n) && others.contains(n))
    };
    let mut names = vec!["U".to_owned()];
    names.retain(|_| a.has_displacement() && b.has_displacement());
    for name in points.iter().chain(&nodal).filter(|n| both(n)) {
        if !names.contains(&name.0) {
            names.push(name.0.clone());
        }
    }
    Ok(names)
}

/// `[||x - y||, ||y||, max |x - y|, max |y|]`.
fn nodal_sizes(comm: &Comm, mass: &MassMatrix<'_>, components: usize, x: &[f64], y: &[f64]) -> [f64; 4] {
    let d: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
    // three components at a time: of a displacement all, of a tensor the two halves
    let square = |v: &[f64]| -> f64 {
        let part = |first: usize| {
            let n = (components - first).min(3);
            let part: Vec<f64> =
                v.chunks_exact(components).flat_map(|v| &v[first..first + n]).copied().collect();
            let mut product = vec![0.0; part.len()];
            mass.apply(&part, n, &mut product);
            crate::rom::dense::dot(&part, &product)
        };
        (0..components).step_by(3).map(part).sum()
    };
    let mut sums = [square(&d), square(y)];
    sizes(comm, &mut sums, &d, y)
}

fn point_sizes(comm: &Comm, weights: &[f64], x: &[f64], y: &[f64]) -> [f64; 4] {
    let d: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
    let components = y.len() / weights.len().max(1);
    let square = |v: &[f64]| -> f64 {
        // plain and engineering shears count alike: components are compared one by one
        let of = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        v.chunks_exact(components.max(1)).zip(weights).map(|(v, w)| w.abs() * of(v)).sum()
    };
    let mut sums = [square(&d), square(y)];
    sizes(comm, &mut sums, &d, y)
}

fn sizes(comm: &Comm, sums: &mut [f64; 2], d: &[f64], y: &[f64]) -> [f64; 4] {
    comm.sum(sums);
    let greatest = |v: &[f64]| v.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let mut worst = [greatest(d), greatest(y)];
    comm.max(&mut worst);
    [sums[0].max(0.0).sqrt(), sums[1].max(0.0).sqrt(), worst[0], worst[1]]
}
