//! Statements about the cubature, on one rank; the same on several ranks is in `tests/mpi_rom.rs`.

use super::*;
use proptest::prelude::*;

/// A problem in memory: `rows` smooth integrands over `n` points of a line, 4 points an element.
struct Case {
    rows: usize,
    columns: Vec<f64>,
    weights: Vec<f64>,
    ids: Vec<u64>,
    elements: Vec<u64>,
}

impl Case {
    fn new(rows: usize, n: usize, f: impl Fn(usize, f64) -> f64) -> Case {
        let x = |k: usize| (k as f64 + 0.5) / n as f64;
        Case {
            rows,
            columns: (0..n).flat_map(|k| (0..rows).map(move |q| (q, k))).map(|(q, k)| f(q, x(k))).collect(),
            weights: (0..n).map(|k| (1.0 + 0.3 * x(k)) / n as f64).collect(),
            ids: (0..n as u64).collect(),
            elements: (0..n as u64).map(|k| k / 4).collect(),
        }
    }

    fn smooth(rows: usize, n: usize) -> Case {
        Case::new(rows, n, |q, x| ((q as f64 + 1.0) * 2.3 * x).sin() + 0.1 * (q as f64 - 2.0))
    }

    fn solve(&self, options: &Options) -> Result<Cubature, CubatureError> {
        let g = Dense::new(self.rows, self.weights.len(), &self.columns);
        let problem =
            Problem { integrands: &g, weights: &self.weights, ids: &self.ids, elements: &self.elements };
        global(&Comm::serial(), &problem, options)
    }

    fn integrals(&self, weights: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
        let mut out = vec![0.0; self.rows];
        for (k, w) in weights {
            for (o, g) in out.iter_mut().zip(&self.columns[k * self.rows..]) {
                *o += w * g;
            }
        }
        out
    }

    /// `||G x - b|| / ||b||`, by plain sums.
    fn error(&self, c: &Cubature) -> f64 {
        let b = self.integrals(self.weights.iter().copied().enumerate());
        let a = self.integrals(c.points.iter().map(|p| (p.local as usize, p.weight)));
        let d: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
        (d / b.iter().map(|b| b * b).sum::<f64>()).sqrt()
    }
}

fn assert_sound(case: &Case, c: &Cubature, tolerance: f64) {
    assert!(c.converged, "{:?} {:e}", c.stop, c.error);
    assert_eq!(c.stop, Stop::Tolerance);
    let error = case.error(c);
    assert!(error <= tolerance * (1.0 + 1e-6), "{error:e}");
    assert!((error - c.error).abs() <= 1e-3 * tolerance + 1e-14);
    assert!(c.points.iter().all(|p| p.weight > 0.0));
    let volume: f64 = case.weights.iter().sum();
    assert!((c.sum / volume - 1.0).abs() <= 1e-12);
    assert!(c.points.windows(2).all(|p| p[0].local < p[1].local));
    assert_eq!(c.count(), c.points.len());
}

#[test]
fn the_tolerance_the_volume_and_the_signs_hold() {
    for tolerance in [1e-2, 1e-4, 1e-8] {
        let case = Case::smooth(12, 400);
        let c = case.solve(&Options::new(tolerance)).unwrap();
        assert_sound(&case, &c, tolerance);
        assert!(c.count() <= 13, "{}", c.count());
    }
}

#[test]
fn a_constant_is_integrated_exactly_by_one_point() {
    let case = Case::new(1, 40, |_, _| -7.0);
    let c = case.solve(&Options::new(1e-10)).unwrap();
    assert_eq!(c.count(), 1);
    assert_sound(&case, &c, 1e-10);
}

#[test]
fn twice_the_same_problem_gives_the_same_bits() {
    let case = Case::smooth(15, 300);
    let options = Options::new(1e-6);
    assert_eq!(case.solve(&options).unwrap(), case.solve(&options).unwrap());
}

#[test]
fn integrals_that_vanish_need_no_points() {
    let zero = Case::new(3, 20, |_, _| 0.0);
    let c = zero.solve(&Options::new(1e-3)).unwrap();
    assert_eq!((c.stop, c.count(), c.converged), (Stop::ZeroIntegrals, 0, true));
    // Antisymmetric about the middle, symmetric weights.
    let mut odd = Case::new(1, 20, |_, x| x - 0.5);
    odd.weights.fill(0.05);
    assert_eq!(odd.solve(&Options::new(1e-3)).unwrap().stop, Stop::ZeroIntegrals);
}

#[test]
fn unloaded_and_repeated_columns_do_no_harm() {
    let mut case = Case::smooth(8, 200);
    for k in 0..200 {
        if k % 3 == 0 {
            case.columns[k * 8..(k + 1) * 8].fill(0.0);
        }
        if k % 7 == 1 {
            let from = case.columns[8..16].to_vec();
            case.columns[k * 8..(k + 1) * 8].copy_from_slice(&from);
        }
    }
    let c = case.solve(&Options::new(1e-5)).unwrap();
    assert_sound(&case, &c, 1e-5);
}

#[test]
fn among_identical_points_the_lowest_global_id_is_chosen() {
    let mut case = Case::new(2, 40, |q, _| q as f64 + 1.0);
    case.ids.reverse();
    let c = case.solve(&Options::new(1e-9)).unwrap();
    assert_eq!(c.points.iter().map(|p| p.id).collect::<Vec<_>>(), vec![0]);
}

#[test]
fn negative_high_fidelity_weights_give_positive_cubature_weights() {
    let mut case = Case::smooth(10, 300);
    // The 5-point rule of quadratic tetrahedra: -4/5, 4 x 9/20.
    case.weights = (0..300).map(|k| if k % 5 == 0 { -0.8 } else { 0.45 } / 60.0).collect();
    case.elements = (0..300).map(|k| k / 5).collect();
    let c = case.solve(&Options::new(1e-5)).unwrap();
    assert_sound(&case, &c, 1e-5);
}

#[test]
fn one_point_per_element_and_one_element_per_mesh_both_work() {
    for size in [1u64, 200] {
        let mut case = Case::smooth(6, 200);
        case.elements = (0..200).map(|k| k / size).collect();
        let c = case.solve(&Options::new(1e-5)).unwrap();
        assert_sound(&case, &c, 1e-5);
    }
}

#[test]
fn exchange_never_needs_more_points() {
    let case = Case::smooth(20, 600);
    let mut options = Options::new(1e-5);
    let plain = case.solve(&options).unwrap();
    options.exchange = true;
    let better = case.solve(&options).unwrap();
    assert_sound(&case, &better, 1e-5);
    assert!(better.count() <= plain.count());
}

#[test]
fn a_warm_start_from_the_solution_finds_it_again() {
    let case = Case::smooth(12, 400);
    let mut options = Options::new(1e-6);
    let cold = case.solve(&options).unwrap();
    options.start = cold.points.iter().map(|p| (p.id, p.weight)).chain([(u64::MAX, 1.0)]).collect();
    let warm = case.solve(&options).unwrap();
    assert_sound(&case, &warm, 1e-6);
    assert!(warm.iterations <= cold.iterations);
    assert!(warm.count() <= cold.count());
    // Weights are a help only: the ids alone lead to the same points.
    options.start.iter_mut().for_each(|s| s.1 = 0.0);
    assert_sound(&case, &case.solve(&options).unwrap(), 1e-6);
}

#[test]
fn an_unreachable_integral_ends_at_a_karush_kuhn_tucker_point() {
    // Weights of both signs: b lies outside the cone of the columns.
    let mut case = Case::new(1, 2, |_, x| if x < 0.5 { 1.0 } else { 2.0 });
    case.weights = vec![-1.0, 1.5];
    let c = case.solve(&Options::new(1e-3)).unwrap();
    assert!(!c.converged);
    assert_eq!(c.stop, Stop::Kkt);
    assert!((c.sum - 0.5).abs() < 1e-14);
    assert_eq!(c.points.iter().map(|p| p.local).collect::<Vec<_>>(), vec![1]);
}

#[test]
fn a_bound_on_the_number_of_points_is_kept() {
    let mut options = Options::new(1e-9);
    options.max_points = Some(3);
    let c = Case::smooth(10, 100).solve(&options).unwrap();
    assert_eq!((c.stop, c.count(), c.converged), (Stop::MaxPoints, 3, false));
}

#[test]
fn a_tolerance_below_rounding_ends_with_a_name() {
    let c = Case::smooth(6, 100).solve(&Options::new(1e-18)).unwrap();
    assert!(!c.converged && matches!(c.stop, Stop::Rounding | Stop::Kkt | Stop::Rank | Stop::NoProgress));
    assert!(c.error < 1e-13, "{:e} {:?}", c.error, c.stop);
}

#[test]
fn bad_input_is_named() {
    let mut case = Case::smooth(3, 20);
    case.columns[3 * 5] = f64::NAN;
    assert_eq!(case.solve(&Options::new(1e-3)), Err(CubatureError::NotFinite { point: 5 }));
    let mut case = Case::smooth(3, 20);
    case.weights.fill(-1.0);
    assert_eq!(case.solve(&Options::new(1e-3)), Err(CubatureError::Volume { volume: -20.0 }));
    let mut case = Case::smooth(3, 20);
    case.ids.pop();
    assert!(matches!(case.solve(&Options::new(1e-3)), Err(CubatureError::Shape { ids: 19, points: 20, .. })));
    assert_eq!(Case::smooth(3, 20).solve(&Options::new(0.0)), Err(CubatureError::Tolerance(0.0)));
}

/// `G^T r - lambda` of the least-squares problem on all points: zero on the support, not positive elsewhere.
#[test]
fn stopped_by_the_scores_the_weights_satisfy_karush_kuhn_tucker() {
    // More rows than points: the best non-negative fit is not exact.
    let n = 12;
    let mut case = Case::new(30, n, |q, x| ((q * q) as f64 * x + q as f64).sin());
    case.weights = (0..n).map(|k| if k % 3 == 0 { -0.2 } else { 0.3 }).collect();
    case.elements = (0..n as u64).collect();
    let c = case.solve(&Options::new(1e-9)).unwrap();
    assert_eq!(c.stop, Stop::Kkt);
    let b = case.integrals(case.weights.iter().copied().enumerate());
    let a = case.integrals(c.points.iter().map(|p| (p.local as usize, p.weight)));
    let r: Vec<f64> = b.iter().zip(&a).map(|(b, a)| b - a).collect();
    let gradient: Vec<f64> =
        case.columns.chunks(30).map(|g| g.iter().zip(&r).map(|(g, r)| g * r).sum()).collect();
    let lambda = c.points.iter().map(|p| p.weight * gradient[p.local as usize]).sum::<f64>() / c.volume;
    for k in 0..n {
        let used = c.points.iter().any(|p| p.local as usize == k);
        let slope = gradient[k] - lambda;
        assert!(if used { slope.abs() < 1e-10 } else { slope < 1e-10 }, "{k} {used} {slope:e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_well_posed_problem_is_solved_within_its_tolerance(
        values in prop::collection::vec(-1.0..1.0f64, 6 * 80),
        exponent in 2..7i32,
    ) {
        let mut case = Case::smooth(6, 80);
        case.columns = values;
        let tolerance = 10f64.powi(-exponent);
        let c = case.solve(&Options::new(tolerance)).unwrap();
        assert_sound(&case, &c, tolerance);
        prop_assert!(c.count() <= 7);
    }

    #[test]
    fn the_numbering_of_the_points_does_not_change_the_points(shift in 1usize..300) {
        let case = Case::smooth(9, 300);
        let options = Options::new(1e-5);
        let mut turned = Case::smooth(9, 300);
        turned.columns.rotate_left(9 * shift % 2700);
        turned.weights.rotate_left(shift % 300);
        turned.ids.rotate_left(shift % 300);
        turned.elements.rotate_left(shift % 300);
        let key = |c: Cubature| {
            let mut p: Vec<(u64, u64)> = c.points.iter().map(|p| (p.id, p.weight.to_bits())).collect();
            p.sort_unstable();
            p
        };
        prop_assert_eq!(key(case.solve(&options).unwrap()), key(turned.solve(&options).unwrap()));
    }
}

#[test]
fn local_mode_keeps_the_global_tolerance_on_one_rank() {
    let case = Case::smooth(12, 400);
    let g = Dense::new(12, 400, &case.columns);
    let problem =
        Problem { integrands: &g, weights: &case.weights, ids: &case.ids, elements: &case.elements };
    let c = local(&Comm::serial(), &problem, &Options::new(1e-5)).unwrap();
    assert_sound(&case, &c, 1e-5);
}
