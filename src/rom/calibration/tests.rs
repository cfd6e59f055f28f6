//! What a calibration promises, on laws that are known.

use super::conformal::{divide, pairs_needed, quantile, quantile_of_runs, splitmix64};
use super::*;

/// Uniform on (0, 1).
fn uniform(state: &mut u64) -> f64 {
    ((splitmix64(state) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// Standard normal (Box, Muller).
fn normal(state: &mut u64) -> f64 {
    (-2.0 * uniform(state).ln()).sqrt() * (std::f64::consts::TAU * uniform(state)).cos()
}

/// `log10 e = law(log10 eta) + noise`, `log10 eta` uniform on [-5, -1], ten runs.
fn pairs(n: usize, seed: u64, noise: f64, law: impl Fn(f64) -> f64) -> Vec<Pair> {
    let mut state = seed;
    (0..n)
        .map(|i| {
            let x = -5.0 + 4.0 * uniform(&mut state);
            let y = law(x) + noise * normal(&mut state);
            Pair { eta: 10f64.powf(x), error: 10f64.powf(y), group: (i % 10) as u32 }
        })
        .collect()
}

/// Not a power law: flat where the cubature's error dominates, then steep.
fn bent(x: f64) -> f64 {
    -3.0 + 0.5 * ((x + 3.0) + ((x + 3.0).powi(2) + 0.3).sqrt())
}

fn coverage(c: &Calibration, fresh: &[Pair]) -> f64 {
    fresh.iter().filter(|p| p.error <= c.predict(p.eta).bound).count() as f64 / fresh.len() as f64
}

#[test]
fn a_bent_law_with_noise_is_recovered_and_the_process_is_kept() {
    let c = calibrate(&pairs(240, 1, 0.1, bent), 0.95, 7).unwrap();
    assert_eq!(c.kept, Model::GaussianProcess);
    assert_eq!(c.few_pairs, None);
    for i in 0..=20 {
        let x = -4.8 + 3.6 * f64::from(i) / 20.0;
        let p = c.predict(10f64.powf(x));
        assert!(p.calibrated);
        assert!((p.mean.log10() - bent(x)).abs() < 0.08, "mean {} for {} at {x}", p.mean.log10(), bent(x));
        assert!(p.bound > p.mean);
    }
    let process = c.process.as_ref().unwrap();
    assert!((process.parameters.noise - 0.1).abs() < 0.03, "noise {}", process.parameters.noise);
    assert!(process.score.mean_ratio < c.factor.score.mean_ratio);
}

#[test]
fn an_exact_proportion_gives_its_factor() {
    let c = calibrate(&pairs(120, 2, 0.0, |x| x + 2f64.log10()), 0.95, 1).unwrap();
    assert!((c.factor.bound - 2.0).abs() < 1e-9, "{}", c.factor.bound);
    assert!((c.predict(1e-3).bound / 2e-3 - 1.0).abs() < 0.05);
    assert_eq!(c.score().coverage, 1.0);
}

#[test]
fn the_bound_covers_fresh_pairs_at_its_level() {
    type Law = (&'static str, fn(f64) -> f64, f64);
    let laws: [Law; 3] = [("bent", bent, 0.2), ("proportional", |x| x + 0.3, 0.15), ("flat", |_| -2.0, 0.1)];
    for (name, law, noise) in laws {
        for n in [60, 150] {
            let seeds = 40;
            let mut covered = 0.0;
            for seed in 0..seeds {
                let c = calibrate(&pairs(n, 100 + seed, noise, law), 0.95, seed).unwrap();
                covered += coverage(&c, &pairs(2000, 9000 + seed, noise, law)) / seeds as f64;
            }
            eprintln!("{name}, {n} pairs: {:.1} % of fresh pairs below the bound", 100.0 * covered);
            assert!(covered >= 0.93, "{name}, {n} pairs: {covered}");
        }
    }
}

#[test]
fn the_bound_covers_fresh_runs_where_each_run_has_its_own_factor() {
    let runs = |count: u32, seed: u64| -> Vec<Pair> {
        let mut state = seed;
        let run = |group: u32, state: &mut u64| -> Vec<Pair> {
            let own = 0.15 * normal(state);
            let pair = |state: &mut u64| {
                let x = -5.0 + 4.0 * uniform(state);
                let y = x + 0.3 + own + 0.1 * normal(state);
                Pair { eta: 10f64.powf(x), error: 10f64.powf(y), group }
            };
            (0..12).map(|_| pair(state)).collect()
        };
        (0..count).flat_map(|group| run(group, &mut state)).collect()
    };
    let seeds = 12;
    let (mut covered, mut told) = (0.0, 0);
    for seed in 0..seeds {
        let c = calibrate(&runs(16, seed), 0.95, seed).unwrap();
        assert!(c.division.by_group);
        assert!(c.few_pairs.is_none());
        told += usize::from(c.few_runs.is_some());
        covered += coverage(&c, &runs(200, 5000 + seed)) / seeds as f64;
    }
    eprintln!(
        "own factors: {:.1} % of fresh runs' pairs below the bound, told {told} times",
        100.0 * covered
    );
    assert_eq!(told, seeds as usize, "sixteen runs are few at this level");
    assert!(covered >= 0.93, "{covered}");
}

#[test]
fn the_bound_never_decreases_and_is_never_below_the_mean() {
    // A law that falls: the running maximum must hold the bound up.
    let c = calibrate(&pairs(150, 3, 0.1, |x| -2.0 - 0.4 * (2.0 * x).sin()), 0.95, 3).unwrap();
    let mut last = 0.0;
    for i in 0..2000 {
        let p = c.predict(10f64.powf(-8.0 + 8.5 * f64::from(i) / 2000.0));
        assert!(p.bound >= last, "{} after {last}", p.bound);
        assert!(p.bound >= p.mean * (1.0 - 1e-12));
        last = p.bound;
    }
}

#[test]
fn outside_the_pairs_nothing_is_calibrated() {
    let c = calibrate(&pairs(150, 4, 0.1, bent), 0.95, 4).unwrap();
    let (low, high) = (c.pairs[0].pair.eta, c.pairs[c.pairs.len() - 1].pair.eta);
    let lowest = c.predict(low);
    assert!(lowest.calibrated && c.predict(high).calibrated);
    assert!(c.predict(high * 1.01).calibrated || high * 1.01 > SATURATION);
    assert!(!c.predict(high * 10.1).calibrated);
    assert!(!c.predict(0.31).calibrated);
    assert!(c.predict(high * 2.0).bound > c.predict(high).bound);
    assert!(c.predict(low / 11.0).calibrated && c.predict(0.0).calibrated);
    assert_eq!(c.predict(0.0).bound, lowest.bound);
    let nan = c.predict(f64::NAN);
    assert!(!nan.calibrated && nan.bound == f64::INFINITY);
}

#[test]
fn saturated_indicators_are_left_out_of_the_fit() {
    let mut all = pairs(100, 5, 0.1, |x| x);
    let clean = calibrate(&all, 0.95, 5).unwrap();
    all.extend((0..20).map(|i| Pair { eta: 0.4, error: 1000.0, group: i }));
    let with = calibrate(&all, 0.95, 5).unwrap();
    assert_eq!(with.division.saturated, 20);
    assert_eq!(with.factor, clean.factor);
}

#[test]
fn few_pairs_give_a_wide_bound_that_says_so() {
    let wide = calibrate(&pairs(12, 6, 0.1, |x| x), 0.95, 6).unwrap();
    let sure = calibrate(&pairs(300, 6, 0.1, |x| x), 0.95, 6).unwrap();
    let said = wide.few_pairs.clone().unwrap();
    assert!(said.contains("needs 19") && said.contains("add"), "{said}");
    assert_eq!(sure.few_pairs, None);
    assert!(wide.predict(1e-3).bound > 2.0 * sure.predict(1e-3).bound);
    assert!(wide.factor.bound > 2.0 * sure.factor.bound);
}

#[test]
fn the_level_decides_how_many_pairs_are_needed() {
    assert_eq!(pairs_needed(0.5), 1);
    assert_eq!(pairs_needed(0.9), 9);
    assert_eq!(pairs_needed(0.95), 19);
    assert_eq!(pairs_needed(0.99), 99);
    let ranks: Vec<f64> = (1..=19).map(f64::from).collect();
    assert_eq!(quantile(&ranks, 0.95).value, 19.0);
    assert_eq!(quantile(&ranks, 0.9).value, 18.0);
    assert_eq!(quantile(&ranks, 0.95).widening, 1.0);
    assert!(quantile(&ranks[..18], 0.95).widening > 1.0);
    assert_eq!(quantile(&[], 0.95).widening, conformal::WIDEST);
}

#[test]
fn the_quantile_of_few_runs_is_that_of_the_worst_run_and_not_of_its_worst_step() {
    // run g errs by g, but for one step in forty that errs by 100
    let groups: Vec<u32> = (0..160).map(|i| i / 40).collect();
    let residuals: Vec<f64> =
        groups.iter().enumerate().map(|(i, g)| if i % 40 == 7 { 100.0 } else { f64::from(*g) }).collect();
    assert_eq!(quantile_of_runs(&residuals, &groups, 0.95).value, 3.0);
    // with 19 runs and more the rule of single pairs holds for the runs
    let groups: Vec<u32> = (0..100).collect();
    let residuals: Vec<f64> = groups.iter().map(|g| f64::from(*g + 1)).collect();
    assert_eq!(quantile_of_runs(&residuals, &groups, 0.95).value, 96.0);
}

#[test]
fn errors_that_the_indicator_does_not_explain_are_a_floor() {
    let mut all = pairs(240, 4, 0.0, |x| x.max(-3.5));
    all.retain(|p| p.eta < 3e-5 || p.eta > 1e-3);
    let c = calibrate(&all, 0.95, 3).unwrap();
    assert!((c.factor.floor.log10() + 3.5).abs() < 1e-6, "{}", c.factor.floor);
    assert!((c.factor.bound - 1.0).abs() < 1e-6, "{}", c.factor.bound);
}

#[test]
fn a_bound_from_few_cases_is_wider_and_never_below_three_indicators() {
    let c = calibrate(&pairs(200, 5, 0.0, |x| x - 2.0), 0.95, 2).unwrap();
    let mut one = c.clone();
    one.widen(1, 1, LEAST);
    let ratio = |c: &Calibration| c.predict(1e-3).bound / 1e-3;
    assert!((ratio(&one) - LEAST).abs() < 1e-6, "{}", ratio(&one));
    let c = calibrate(&pairs(200, 5, 0.0, |x| x + 1.0), 0.95, 2).unwrap();
    let (mut one, mut ten) = (c.clone(), c.clone());
    one.widen(1, 1, LEAST);
    ten.widen(10, 1, LEAST);
    assert!((ratio(&one) / ratio(&c) - 2.0).abs() < 1e-6 && (ratio(&ten) / ratio(&c) - 1.1).abs() < 1e-6);
    assert!(
        (one.score().median_ratio / c.score().median_ratio - 2.0).abs() < 1e-6,
        "scores are of the raised bound"
    );
    assert!(one.advice().is_some_and(|a| a.contains("1 load case,")) && ten.few_cases.is_none());
}

#[test]
fn whole_runs_are_held_back_where_there_are_four() {
    let all = pairs(100, 7, 0.1, |x| x);
    let held = divide(&all, 0.95, 11);
    for group in 0..10 {
        let of_run: Vec<bool> =
            all.iter().zip(&held).filter(|(p, _)| p.group == group).map(|(_, h)| *h).collect();
        assert!(of_run.iter().all(|h| *h == of_run[0]), "run {group} is divided");
    }
    let count = held.iter().filter(|h| **h).count();
    assert!((20..=50).contains(&count), "{count}");
}

#[test]
fn the_same_seed_gives_the_same_bits_in_any_order_of_the_pairs() {
    let all = pairs(130, 8, 0.2, bent);
    let reversed: Vec<Pair> = all.iter().rev().copied().collect();
    let first = calibrate(&all, 0.95, 21).unwrap();
    assert_eq!(first, calibrate(&all, 0.95, 21).unwrap());
    assert_eq!(first, calibrate(&reversed, 0.95, 21).unwrap());
    assert_ne!(first.pairs, calibrate(&all, 0.95, 22).unwrap().pairs);
}

#[test]
fn degenerate_input_is_an_answer_or_an_error_and_never_a_panic() {
    let pair = |eta, error| Pair { eta, error, group: 0 };
    let none = calibrate(&[], 0.95, 0).unwrap_err();
    assert_eq!(none, CalibrationError::NoPairs { given: 0, unusable: 0, saturated: 0 });
    let useless = [pair(0.0, 1.0), pair(1e-3, f64::NAN), pair(-1.0, 1.0), pair(0.5, 1.0)];
    let none = calibrate(&useless, 0.95, 0).unwrap_err();
    assert_eq!(none, CalibrationError::NoPairs { given: 4, unusable: 3, saturated: 1 });
    for level in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(calibrate(&[pair(1e-3, 1e-3)], level, 0), Err(CalibrationError::Level { .. })));
    }
    let one = calibrate(&[pair(1e-3, 2e-3)], 0.95, 0).unwrap();
    assert!((one.predict(1e-3).bound / (conformal::WIDEST * 2e-3) - 1.0).abs() < 1e-9);
    assert!(one.few_pairs.is_some() && one.process.is_none());
    let equal = calibrate(&[pair(1e-3, 2e-3); 60], 0.95, 0).unwrap();
    assert!((equal.predict(1e-3).bound / 2e-3 - 1.0).abs() < 1e-9);
    assert!(equal.predict(1e-3).calibrated && !equal.predict(1.1e-2).calibrated);
    let flat: Vec<Pair> = (1..=60).map(|i| pair(1e-4 * f64::from(i), 5e-3)).collect();
    let flat = calibrate(&flat, 0.95, 0).unwrap();
    assert!((flat.predict(3e-3).bound / 5e-3 - 1.0).abs() < 0.05, "{}", flat.predict(3e-3).bound);
    let extreme: Vec<Pair> = (0..60).map(|i| pair(10f64.powi(-5 * i - 1), 10f64.powi(5 * i))).collect();
    let extreme = calibrate(&extreme, 0.95, 0).unwrap();
    assert!(extreme.factor.curve.check().is_ok());
    for c in [&one, &equal, &flat, &extreme] {
        assert!(figure::svg(c).ends_with("</svg>\n"));
    }
}

#[test]
fn more_pairs_than_a_process_takes_are_thinned() {
    let c = calibrate(&pairs(1200, 9, 0.15, bent), 0.95, 9).unwrap();
    assert_eq!(c.process.as_ref().unwrap().pairs, gp::MOST_POINTS);
    let covered = coverage(&c, &pairs(4000, 77, 0.15, bent));
    assert!(covered > 0.92, "{covered}");
}

#[test]
fn a_covariance_that_cannot_be_factored_is_no_process() {
    assert!(gp::Process::fit(&[], &[]).is_none());
    assert!(gp::Process::fit(&[0.0, f64::NAN], &[0.0, 1.0]).is_none());
    assert!(gp::Process::fit(&[1.0, 2.0], &[1.0]).is_none());
    assert!(gp::Process::fit(&[1.0; 30], &[2.0; 30]).is_some());
}

#[test]
fn a_tolerance_names_the_largest_indicator_that_keeps_it() {
    let c = calibrate(&pairs(200, 10, 0.1, |x| x + 0.3), 0.95, 10).unwrap();
    let eta = c.largest_indicator(0.01).unwrap();
    assert!((c.predict(eta).bound / 0.01 - 1.0).abs() < 1e-6);
    assert_eq!(c.largest_indicator(1e-12), None);
    let last = c.pairs[c.pairs.len() - 1].pair.eta;
    assert!((c.largest_indicator(1e6).unwrap() / last - 1.0).abs() < 1e-9);
}

#[test]
fn a_calibration_survives_its_text() {
    let c = calibrate(&pairs(150, 11, 0.1, bent), 0.95, 11).unwrap();
    let read = Calibration::from_json(&c.to_json().unwrap()).unwrap();
    assert_eq!((read.kept, read.division, read.pairs.len()), (c.kept, c.division, c.pairs.len()));
    for p in &c.pairs {
        let (a, b) = (c.predict(p.pair.eta), read.predict(p.pair.eta));
        assert!((a.bound / b.bound - 1.0).abs() < 1e-12 && a.calibrated == b.calibrated);
    }
    assert!(matches!(Calibration::from_json("{}"), Err(CalibrationError::Stored { .. })));
    let mut broken = c.clone();
    broken.factor.curve.bound.pop();
    let text = broken.to_json().unwrap();
    assert!(matches!(Calibration::from_json(&text), Err(CalibrationError::Stored { .. })));
}

#[test]
fn the_figure_shows_every_pair() {
    let c = calibrate(&pairs(180, 12, 0.2, bent), 0.95, 12).unwrap();
    let text = figure::svg(&c);
    assert_eq!(text.matches("<circle").count(), c.pairs.len() + 2);
    assert_eq!(text.matches("<polyline").count(), 3);
    assert!(!text.contains("NaN") && !text.contains("inf"));
    if let Some(folder) = std::env::var_os("FERROM_FIGURES") {
        let folder = std::path::Path::new(&folder);
        std::fs::write(folder.join("calibration.svg"), text).unwrap();
        let few = calibrate(&pairs(14, 13, 0.2, |x| x + 0.3), 0.95, 13).unwrap();
        std::fs::write(folder.join("calibration_few.svg"), figure::svg(&few)).unwrap();
    }
}
