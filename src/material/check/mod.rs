//! Checks of a law along random paths of strain and temperature, as a solver would call it.
//!
//! | check | statement |
//! |---|---|
//! | tangent | it is the derivative of the stress, by central differences |
//! | symmetry | a tangent said to be symmetric is |
//! | energy | no closed strain cycle at constant temperature gives work: `sum sig : de >= 0` |
//! | batch | a point's result does not depend on the other points of a call, their order, or earlier calls |
//! | values | they are finite, and steps are taken |
//!
//! The cost of a call is measured and decides nothing.

mod batch;
mod energy;
mod tangent;
mod walk;

pub use tangent::TangentReport;

use serde::Serialize;

use super::Law;
use super::random::Random;
use walk::{Moment, Walker};

/// Results of one point in calls of different batches may differ by rounding only.
const BATCH_TOLERANCE: f64 = 1e-12;
/// Difference of a tangent said to be symmetric from its transpose, over the largest modulus.
const SYMMETRY_TOLERANCE: f64 = 1e-9;

/// What paths are taken.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOptions {
    /// Number of paths.
    pub paths: usize,
    /// Steps of each.
    pub steps: usize,
    /// Largest change of a strain component in a step.
    pub strain: f64,
    /// Temperatures are drawn between these.
    pub temperature: (f64, f64),
    /// Typical length of a step; those taken are a tenth to ten times as long.
    pub dt: f64,
    /// Seed of the paths.
    pub seed: u64,
    /// Of the tangent, relative to the largest elastic modulus.
    pub tolerance: f64,
}

impl Default for CheckOptions {
    fn default() -> CheckOptions {
        CheckOptions {
            paths: 20,
            steps: 20,
            strain: 2e-3,
            temperature: (0.0, 0.0),
            dt: 1.0,
            seed: 1,
            tolerance: 1e-5,
        }
    }
}

/// What was found out about a law.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LawReport {
    /// Steps taken.
    pub steps: usize,
    /// Steps that the law wanted shorter.
    pub shortened: usize,
    /// Steps that it did not take however short.
    pub refused: usize,
    /// Steps with a value that is not finite.
    pub not_finite: usize,
    /// Tangent against central differences.
    pub tangent: TangentReport,
    /// Largest difference of the tangent from its transpose, over the largest modulus.
    pub asymmetry: f64,
    /// Least work of closed strain cycles over the work that went in and out; negative: energy is made.
    pub cycle_work: Option<f64>,
    /// The same of cycles a thousand times smaller: 0 where there is an elastic domain.
    pub small_cycle_work: Option<f64>,
    /// Largest relative change of a result with the batch.
    pub batch: Option<f64>,
    /// Time of one point in a call of 128, with tangent.
    pub nanoseconds: f64,
    /// What is wrong: sentences.
    pub findings: Vec<String>,
    /// What is worth knowing.
    pub remarks: Vec<String>,
}

/// Checks a law.
pub fn check(law: &dyn Law, options: &CheckOptions) -> LawReport {
    let mut report = LawReport::default();
    let mut elastic = [0.0; 36];
    let middle = 0.5 * (options.temperature.0 + options.temperature.1);
    law.elasticity(middle, &mut elastic);
    let modulus = elastic.iter().fold(0.0f64, |m, c| m.max(c.abs()));
    if !elastic.iter().all(|c| c.is_finite()) || modulus == 0.0 {
        let why = law.complaint().map_or(String::new(), |c| format!(" ({c})"));
        report.findings.push(format!("it has no elastic tangent at temperature {middle}{why}"));
        return report;
    }
    let mut random = Random(options.seed);
    let mut moments: Vec<Moment> = Vec::new();
    let mut complaint = None;
    for path in 1..=options.paths {
        let mut walker = Walker::new(law, options, &mut random);
        let mut last = None;
        for step in 1..=options.steps {
            let Some(moment) = walker.step(&mut random, &mut report) else {
                complaint = law.complaint().or(complaint);
                break;
            };
            tangent::judge(&walker, &moment, modulus, options, (path, step), &mut report);
            last = Some(moment);
        }
        moments.extend(last);
    }
    report.cycle_work = energy::least_work(law, options, &mut random, 2.0 * options.strain);
    report.small_cycle_work = energy::least_work(law, options, &mut random, 2e-3 * options.strain);
    report.batch = batch::dependence(law, &moments, options.dt);
    report.nanoseconds = batch::cost(law, &moments, options.dt);
    conclude(law, options, complaint, &mut report);
    report
}

fn conclude(law: &dyn Law, options: &CheckOptions, complaint: Option<String>, r: &mut LawReport) {
    let mut wrong = Vec::new();
    if r.not_finite > 0 {
        wrong.push(format!("values that are not finite in {} of {} steps", r.not_finite, r.steps));
    }
    if r.refused > 0 {
        let why = complaint.map_or(String::new(), |c| format!(": {c}"));
        wrong.push(format!(
            "{} of {} paths end early, because a step is not taken even in pieces of 1/256{why}",
            r.refused, options.paths
        ));
    }
    if let Some(finding) = r.tangent.finding(options.tolerance) {
        wrong.push(finding);
    }
    if law.symmetric() && r.asymmetry > SYMMETRY_TOLERANCE {
        wrong.push(format!(
            "the tangent is said to be symmetric, but differs from its transpose by {:.1e} of the largest modulus; \
             set 'symmetric = false'",
            r.asymmetry
        ));
    } else if !law.symmetric() && r.asymmetry <= SYMMETRY_TOLERANCE && r.steps > 0 {
        r.remarks
            .push("the tangent was always symmetric: 'symmetric = true' would make it cheaper".to_owned());
    }
    for (work, tolerance, size) in
        [(r.cycle_work, 1e-3, 2.0 * options.strain), (r.small_cycle_work, 1e-6, 2e-3 * options.strain)]
    {
        match work {
            Some(w) if w.is_nan() || w < -tolerance => wrong.push(format!(
                "a closed strain cycle of size {size:.0e} gives {:.1e} of its work as energy made from nothing",
                -w
            )),
            Some(_) => {}
            None => r.remarks.push(format!("no closed strain cycle of size {size:.0e} could be taken")),
        }
    }
    match r.batch {
        Some(b) if b.is_nan() || b > BATCH_TOLERANCE => wrong.push(format!(
            "the result of a point changes by {b:.1e} with the order of the points or an earlier call; \
             the law keeps variables between calls"
        )),
        Some(_) => {}
        None => r.remarks.push("dependence on the batch could not be checked".to_owned()),
    }
    r.findings.append(&mut wrong);
}
