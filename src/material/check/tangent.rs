//! The tangent against central differences of fourth order,
//! `(8 (sig(e+h) - sig(e-h)) - (sig(e+2h) - sig(e-2h))) / 12 h`, with three h.
//!
//! Where the three disagree the step says nothing: it crosses the border of an elastic domain, or the law's own
//! iterations end too early. Their disagreement is the uncertainty of the difference.

use serde::Serialize;

use super::walk::{Moment, Walker, evaluate};
use super::{CheckOptions, LawReport};

/// Steps of the differences over the largest strain change of a step.
const H: [f64; 3] = [1e-2, 1e-3, 1e-4];
const SHIFTS: [f64; 4] = [-2.0, -1.0, 1.0, 2.0];
const COMPONENTS: [&str; 6] = ["11", "22", "33", "12", "23", "31"];

/// Tangents of all steps. Errors are relative to the largest elastic modulus.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TangentReport {
    /// Largest error.
    pub error: f64,
    /// Path and step of it, counted from 1.
    pub place: Option<(usize, usize)>,
    /// Components of stress and strain of it.
    pub component: Option<(String, String)>,
    /// Steps whose tangent could be judged.
    pub judged: usize,
    /// Those that it is wrong in.
    pub wrong: usize,
    /// Steps whose differences disagree: not smooth there.
    pub rough: usize,
}

impl TangentReport {
    /// What is wrong, as a sentence.
    pub(super) fn finding(&self, tolerance: f64) -> Option<String> {
        if self.wrong > 0
            && let (Some((path, step)), Some((i, j))) = (self.place, &self.component)
        {
            return Some(format!(
                "the tangent is wrong in {} of {} steps: d sig{i} / d eto{j} of path {path}, step {step} is off by {:.1e} of the \
                 largest modulus (tolerance {tolerance:.0e}); Newton will converge slowly or not at all",
                self.wrong, self.judged, self.error
            ));
        }
        (self.judged < self.rough).then(|| {
            format!(
                "the tangent could be judged in {} of {} steps only, because differences of the stress do not settle; \
                 tighten the law's own iterations",
                self.judged,
                self.judged + self.rough
            )
        })
    }
}

/// Judges the tangent at the end of a step.
pub(super) fn judge(
    walker: &Walker,
    moment: &Moment,
    modulus: f64,
    options: &CheckOptions,
    place: (usize, usize),
    report: &mut LawReport,
) {
    let mut strains = vec![moment.strain];
    for h in H {
        for j in 0..6 {
            for shift in SHIFTS {
                let mut e = moment.strain;
                e[j] += shift * h * options.strain;
                strains.push(e);
            }
        }
    }
    let r = &mut report.tangent;
    let Some(answer) = evaluate(walker.law, moment, &strains) else {
        r.rough += 1;
        return;
    };
    let tangent = &answer.tangent[..36];
    let asymmetry = (0..36).map(|k| (tangent[k] - tangent[6 * (k % 6) + k / 6]).abs()).fold(0.0, f64::max);
    report.asymmetry = report.asymmetry.max(asymmetry / modulus);
    let differences: [[f64; 36]; 3] = std::array::from_fn(|level| {
        let at = |shift: usize, i: usize, j: usize| answer.stress[6 * (1 + 24 * level + 4 * j + shift) + i];
        std::array::from_fn(|k| {
            let (i, j) = (k / 6, k % 6);
            let inner = 8.0 * (at(2, i, j) - at(1, i, j));
            (inner - (at(3, i, j) - at(0, i, j))) / (12.0 * H[level] * options.strain)
        })
    });
    let apart = |a: &[f64; 36], b: &[f64]| {
        let largest = a.iter().zip(b).map(|(x, y)| (x - y).abs() / modulus).enumerate();
        largest.max_by(|x, y| x.1.total_cmp(&y.1)).unwrap_or((0, f64::NAN))
    };
    let (coarse, fine) =
        (apart(&differences[0], &differences[1]).1, apart(&differences[1], &differences[2]).1);
    let (uncertainty, best) = if fine < coarse { (fine, &differences[2]) } else { (coarse, &differences[1]) };
    let (worst, error) = apart(best, tangent);
    let wrong = error > options.tolerance && error > 10.0 * uncertainty;
    if !wrong && uncertainty.is_nan() | (uncertainty > 0.1 * options.tolerance) {
        r.rough += 1;
        return;
    }
    r.judged += 1;
    r.wrong += usize::from(wrong);
    if r.place.is_none() || error > r.error {
        r.error = error;
        r.place = Some(place);
        r.component = Some((COMPONENTS[worst / 6].to_owned(), COMPONENTS[worst % 6].to_owned()));
    }
}
