//! Closed forms, tangents and robustness of the law.

use super::*;
use crate::material::flow::FlowAt;
use crate::material::testing::{Point, Random, assert_batches_do_not_matter};
use crate::material::{Coefficient, Input, Law, LawError, Output, Status};

const E: f64 = 2e5;
const NU: f64 = 0.3;

fn reference() -> ChabocheSpec {
    ChabocheSpec {
        r0: 10.0.into(),
        kinematic: vec![KinematicTerm { c: 1e5.into(), d: 1e3.into() }],
        flow: FlowKind::Norton,
        k: Some(300.0.into()),
        n: Some(30.0.into()),
        ..ChabocheSpec::new(E, NU)
    }
}

fn table(a: f64, b: f64) -> Coefficient {
    Coefficient::table("test", &[0.0, 1000.0], &[a, b]).unwrap()
}

/// One law of each kind of flow rule and number of back-stresses.
fn laws() -> Vec<Chaboche> {
    let two = vec![
        KinematicTerm { c: table(1e5, 5e4), d: table(1e3, 8e2) },
        KinematicTerm { c: 2e4.into(), d: 0.0.into() },
        KinematicTerm { c: 5e5.into(), d: 9e3.into() },
    ];
    let plastic = ChabocheSpec {
        r0: 100.0.into(),
        h: 500.0.into(),
        q: Some((-40.0).into()),
        b: Some(20.0.into()),
        kinematic: two.clone(),
        ..ChabocheSpec::new(table(2e5, 1.5e5), 0.3)
    };
    let hyperbolic = ChabocheSpec {
        flow: FlowKind::Hyperbolic,
        k: Some(table(100.0, 50.0)),
        n: Some(4.0.into()),
        eps0: Some(1e-3.into()),
        isotropic: vec![
            IsotropicTerm { q: 50.0.into(), b: 30.0.into() },
            IsotropicTerm { q: 10.0.into(), b: 300.0.into() },
        ],
        ..plastic.clone()
    };
    let mises = ChabocheSpec { r0: 10.0.into(), h: 100.0.into(), lag: 0.9, ..ChabocheSpec::new(2e5, 0.2) };
    [reference(), plastic, hyperbolic, mises].into_iter().map(|s| Chaboche::new(s).unwrap()).collect()
}

#[test]
fn the_tangent_is_the_derivative_of_the_stress_on_random_paths() {
    let mut random = Random(7);
    for law in laws() {
        let mut flowing = 0;
        for _ in 0..10 {
            let mut point = Point::new(&law, 300.0);
            let mut strain = [0.0; 6];
            for _ in 0..12 {
                let increment = random.six(1e-3);
                (0..6).for_each(|i| strain[i] += increment[i]);
                let (dt, t) = (random.log(1e-2, 1e2), 500.0 + 400.0 * random.next());
                let before = point.state[0];
                let (after, _, _) = point.trial(dt, &strain, t).unwrap();
                // The yield surface is a kink, and just beyond it the overstress bends without bound.
                if after[0] == before || after[0] - before > 1e-6 {
                    let error = point.tangent_error(dt, &strain, t, 1e-7);
                    assert!(error < 1e-6, "{law:?}: {error:e}, dp {:e}", after[0] - before);
                    flowing += usize::from(after[0] > before);
                }
                point.step(dt, &strain, t);
            }
        }
        assert!(flowing > 60, "{flowing}");
    }
}

#[test]
fn the_tangent_is_symmetric_exactly_when_the_law_says_so() {
    let mut random = Random(3);
    let prager =
        ChabocheSpec { kinematic: vec![KinematicTerm { c: 1e4.into(), d: 0.0.into() }], ..reference() };
    for (spec, symmetric) in [(reference(), false), (prager, true)] {
        let law = Chaboche::new(spec).unwrap();
        assert_eq!(law.symmetric(), symmetric);
        let mut point = Point::new(&law, 20.0);
        let mut worst: f64 = 0.0;
        for _ in 0..10 {
            point.step(1.0, &random.six(5e-3), 20.0);
            for k in 0..36 {
                worst = worst.max((point.tangent[k] - point.tangent[6 * (k % 6) + k / 6]).abs());
            }
        }
        assert_eq!(worst < 1e-9 * E, symmetric, "{worst}");
    }
}

#[test]
fn below_the_yield_stress_uniaxial_tension_is_hookes_law() {
    for law in laws() {
        let mut point = Point::new(&law, 0.0);
        let mut c = [0.0; 36];
        law.elasticity(0.0, &mut c);
        let s = 9.0;
        point.uniaxial_stress(1.0, s, 0.0);
        assert_eq!(point.state[0], 0.0);
        let nu = c[1] / (c[0] + c[1]);
        assert!((point.strain[0] * E - s).abs() < 1e-9, "{:?}", point.strain);
        assert!((point.strain[1] + nu * point.strain[0]).abs() < 1e-15);
    }
}

#[test]
fn norton_creep_at_constant_stress_has_the_rate_of_the_formula() {
    let spec = ChabocheSpec { r0: 20.0.into(), kinematic: vec![], n: Some(5.0.into()), ..reference() };
    let law = Chaboche::new(spec).unwrap();
    let mut point = Point::new(&law, 0.0);
    point.uniaxial_stress(1e-9, 150.0, 0.0);
    let start = point.strain[0];
    for _ in 0..20 {
        point.uniaxial_stress(0.5, 150.0, 0.0);
    }
    let rate = (130.0f64 / 300.0).powi(5);
    assert!(((point.strain[0] - start) / (10.0 * rate) - 1.0).abs() < 1e-9);
    assert!((point.state[0] / (10.0 * rate) - 1.0).abs() < 1e-8);
}

#[test]
fn relaxation_at_constant_strain_follows_the_closed_form() {
    // ds/dt = -E (s/K)^n with R = 0: s^(1-n) = s0^(1-n) + (n-1) E t / K^n.
    let spec = ChabocheSpec {
        r0: 0.0.into(),
        kinematic: vec![],
        n: Some(3.0.into()),
        k: Some(5000.0.into()),
        ..reference()
    };
    let law = Chaboche::new(spec).unwrap();
    let errors: Vec<f64> = [400, 800]
        .into_iter()
        .map(|steps| {
            let mut point = Point::new(&law, 0.0);
            point.uniaxial_strain(1e-12, 1e-3, 0.0);
            let t = 20.0;
            for _ in 0..steps {
                point.uniaxial_strain(t / f64::from(steps), 1e-3, 0.0);
            }
            let exact = (200f64.powi(-2) + 2.0 * E * t / 5000f64.powi(3)).powf(-0.5);
            point.stress[0] / exact - 1.0
        })
        .collect();
    assert!(errors[1].abs() < 5e-4, "{errors:?}");
    let order = (errors[0] / errors[1]).log2();
    assert!((order - 1.0).abs() < 0.05, "backward Euler is of first order, not {order}");
}

#[test]
fn linear_hardening_has_the_elastoplastic_modulus() {
    // sigma = R0 + H p, p = e - sigma / E.
    for (h, c) in [(1000.0, 0.0), (0.0, 1000.0), (400.0, 600.0)] {
        let spec = ChabocheSpec {
            r0: 100.0.into(),
            h: h.into(),
            kinematic: vec![KinematicTerm { c: c.into(), d: 0.0.into() }],
            ..ChabocheSpec::new(E, NU)
        };
        let law = Chaboche::new(spec).unwrap();
        let mut point = Point::new(&law, 0.0);
        for e in [1e-3, 2e-3, 1e-2, 5e-2] {
            point.uniaxial_strain(1.0, e, 0.0);
            let exact = (100.0 + 1000.0 * e) / (1.0 + 1000.0 / E);
            assert!((point.stress[0] / exact - 1.0).abs() < 1e-9, "{} {exact}", point.stress[0]);
        }
    }
}

#[test]
fn a_back_stress_saturates_at_c_over_d_and_cycles_stabilise() {
    let spec = ChabocheSpec {
        r0: 50.0.into(),
        kinematic: vec![
            KinematicTerm { c: 5e4.into(), d: 500.0.into() },
            KinematicTerm { c: 4e3.into(), d: 100.0.into() },
        ],
        ..ChabocheSpec::new(E, NU)
    };
    let law = Chaboche::new(spec).unwrap();
    let mut point = Point::new(&law, 0.0);
    for i in 1..=400 {
        point.uniaxial_strain(1.0, 1e-3 * f64::from(i), 0.0);
    }
    // X = C / D each: 100 + 40, and sigma = R0 + X.
    assert!((point.stress[0] - 190.0).abs() < 1e-6, "{}", point.stress[0]);
    let mut peaks = Vec::new();
    for cycle in 0..20 {
        for i in 0..40 {
            let s = f64::from(i % 40 + 1) / 40.0;
            let e = 0.4 + 0.02 * (2.0 * std::f64::consts::PI * s).sin();
            point.uniaxial_strain(1.0, e, 0.0);
            if i == 9 {
                peaks.push(point.stress[0]);
            }
        }
        assert!(cycle < 19 || (peaks[19] - peaks[18]).abs() < 1e-8 * peaks[19].abs(), "{peaks:?}");
    }
}

#[test]
fn the_lag_takes_hardening_at_a_fraction_of_the_increment() {
    let spec = ChabocheSpec { r0: 10.0.into(), h: 100.0.into(), lag: 0.999, ..ChabocheSpec::new(2e5, 0.2) };
    let law = Chaboche::new(spec).unwrap();
    let mut point = Point::new(&law, 0.0);
    let mut p = 0.0;
    for e in [0.01, 0.5, 2.0] {
        point.uniaxial_strain(1.0, e, 0.0);
        let dp = point.state[0] - p;
        let expected = 10.0 + 100.0 * (p + 0.999 * dp);
        assert!((point.stress[0] - expected).abs() < 1e-9 * expected, "{} {expected}", point.stress[0]);
        p = point.state[0];
    }
}

#[test]
fn any_finite_strain_step_and_exponent_converges() {
    let mut random = Random(11);
    for _ in 0..20_000 {
        let back_stresses = (2.0 * (random.next() + 1.0)) as usize;
        let kind = match (1.5 * (random.next() + 1.0)) as usize {
            0 => FlowKind::Plastic,
            1 => FlowKind::Norton,
            _ => FlowKind::Hyperbolic,
        };
        let viscous = kind != FlowKind::Plastic;
        let spec = ChabocheSpec {
            r0: (if random.next() > 0.5 { 0.0 } else { random.log(1e-3, 1e3) }).into(),
            h: random.log(1e-3, 1e6).into(),
            q: Some(random.log(1e-3, 1e3).into()),
            b: Some(random.log(1e-3, 1e5).into()),
            kinematic: (0..back_stresses)
                .map(|_| KinematicTerm { c: random.log(1.0, 1e6).into(), d: random.log(1e-3, 1e5).into() })
                .collect(),
            flow: kind,
            k: viscous.then(|| random.log(1e-2, 1e4).into()),
            n: viscous.then(|| random.log(1.0, 100.0).into()),
            eps0: (kind == FlowKind::Hyperbolic).then(|| random.log(1e-12, 1e3).into()),
            ..ChabocheSpec::new(E, NU)
        };
        let law = Chaboche::new(spec.clone()).unwrap();
        let mut point = Point::new(&law, 0.0);
        let mut largest: f64 = 0.0;
        for _ in 0..3 {
            let scale = random.log(1e-6, 1e3);
            let dt = random.log(1e-12, 1e12);
            largest = largest.max(scale);
            let before = point.state[0];
            point.step(dt, &random.six(scale), 0.0);
            let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
            assert!(finite(&point.state) && finite(&point.stress) && finite(&point.tangent), "{spec:?}");
            assert!(point.state[0] >= 0.0);
            // What the flow rule says of the result.
            let (s, x) = (&point.stress, |k: usize| {
                (0..back_stresses)
                    .map(|i| {
                        2.0 / 3.0
                            * law.parameters_for_test().kinematic[i].c.at(0.0)
                            * point.state[7 + 6 * i + k]
                    })
                    .sum::<f64>()
            });
            let mean = (s[0] + s[1] + s[2]) / 3.0;
            let xi: [f64; 6] = std::array::from_fn(|k| s[k] - if k < 3 { mean } else { 0.0 } - x(k));
            let j = (1.5
                * xi.iter().enumerate().map(|(k, x)| if k < 3 { x * x } else { 2.0 * x * x }).sum::<f64>())
            .sqrt();
            let p = point.state[0];
            let dp = p - before;
            let spec = law.parameters_for_test();
            let term = &spec.isotropic[0];
            let r =
                spec.r0.at(0.0) + spec.h.at(0.0) * p + term.q.at(0.0) * (1.0 - (-term.b.at(0.0) * p).exp());
            // The strains of earlier steps leave their rounding in evp.
            let size = j + r + mean.abs() + E * largest;
            if dp == 0.0 {
                assert!(j - r < 1e-12 * size || viscous, "{j} {r} {size} {spec:?}");
            } else if dp > 1e-2 * p {
                let v = FlowAt::one(&spec.flow, 0.0, dt).overstress_of(dp).0;
                assert!((j - r - v).abs() < 1e-12 * (size + v), "{j} {r} {v} {size} {spec:?}");
            }
        }
    }
}

#[test]
fn a_point_does_not_depend_on_its_batch() {
    laws().iter().for_each(|law| assert_batches_do_not_matter(law, (-50.0, 1100.0)));
}

#[test]
fn a_strain_that_is_not_finite_asks_for_a_cut() {
    for law in laws() {
        let point = Point::new(&law, 0.0);
        for bad in [f64::NAN, f64::INFINITY, 1e300] {
            let status = point.trial(1.0, &[1e-3, bad, 0.0, 0.0, 0.0, 0.0], 0.0).unwrap_err();
            assert!(matches!(status, Status::Cut { point: 0, factor } if factor < 1.0 && factor > 0.0));
        }
        assert!(point.trial(1.0, &[0.0; 6], f64::NAN).is_err());
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let name = |spec| match Chaboche::new(spec).unwrap_err() {
        LawError::Missing { name } | LawError::Range { name, .. } => name,
        other => other.to_string(),
    };
    assert_eq!(name(ChabocheSpec { k: None, ..reference() }), "K");
    assert_eq!(name(ChabocheSpec { n: Some((-1.0).into()), ..reference() }), "n");
    assert_eq!(name(ChabocheSpec { q: Some(1.0.into()), ..reference() }), "b");
    assert_eq!(name(ChabocheSpec { q: Some((-11.0).into()), b: Some(1.0.into()), ..reference() }), "Q");
    assert_eq!(name(ChabocheSpec { poisson: 0.5.into(), ..reference() }), "poisson");
    assert!(name(ChabocheSpec { eps0: Some(1.0.into()), ..reference() }).contains("eps0"));
}

/// `cargo test --release --lib chaboche::tests::time -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, not a check"]
fn time_per_point() {
    let n = 4096;
    let mut random = Random(5);
    for (what, spec, amplitude) in [
        ("elastic", reference(), 1e-5),
        ("one back-stress", reference(), 2e-3),
        (
            "three back-stresses",
            ChabocheSpec {
                kinematic: vec![KinematicTerm { c: 1e5.into(), d: 1e3.into() }; 3],
                ..reference()
            },
            2e-3,
        ),
        ("plastic", ChabocheSpec { flow: FlowKind::Plastic, k: None, n: None, ..reference() }, 2e-3),
    ] {
        let law = Chaboche::new(spec).unwrap();
        let n_state = law.n_state();
        let mut state = vec![0.0; n * n_state];
        let mut new = state.clone();
        let (mut stress, mut tangent) = (vec![0.0; 6 * n], vec![0.0; 36 * n]);
        let temperature = vec![20.0; n];
        let mut best = f64::INFINITY;
        for _ in 0..20 {
            let strain: Vec<f64> = (0..n).flat_map(|_| random.six(amplitude)).collect();
            let start = std::time::Instant::now();
            let output = Output { state: &mut new, stress: &mut stress, tangent: Some(&mut tangent) };
            assert_eq!(law.update(Input::new(0.2, &strain, &temperature, &state), output), Status::Done);
            best = best.min(start.elapsed().as_secs_f64() / n as f64);
            std::mem::swap(&mut state, &mut new);
        }
        println!("{what}: {:.0} ns per point with tangent", best * 1e9);
    }
}

#[test]
fn hardening_by_points_follows_them_and_its_tangent_agrees_with_differences() {
    let curve = |temperature: f64, scale: f64| HardeningCurve {
        temperature,
        p: vec![0.0, 0.01, 0.03],
        r: vec![100.0 * scale, 150.0 * scale, 170.0 * scale],
    };
    let spec =
        ChabocheSpec { curves: vec![curve(0.0, 1.0), curve(100.0, 0.5)], ..ChabocheSpec::new(2e5, 0.3) };
    let law = Chaboche::new(spec).unwrap();
    // at 50 degrees three quarters of the first; beyond the last point constant
    for (e11, t, wanted) in [(0.02, 0.0, None), (0.02, 50.0, None), (0.1, 50.0, Some(0.75 * 170.0))] {
        let mut point = Point::new(&law, t);
        point.uniaxial_strain(1.0, e11, t);
        let p = point.state[0];
        let radius =
            |p: f64| if p < 0.01 { 100.0 + 5000.0 * p } else { 150.0 + 1000.0 * (p.min(0.03) - 0.01) };
        let due = wanted.unwrap_or(radius(p) * if t == 0.0 { 1.0 } else { 0.75 });
        assert!((point.stress[0] - due).abs() < 1e-6 * due, "{} for {due}", point.stress[0]);
        let next = [0.025, -0.01, -0.012, 0.004, 0.001, -0.002];
        assert!(point.tangent_error(1.0, &next, t, 1e-7) < 1e-6);
    }
    let wrong = HardeningCurve { temperature: 0.0, p: vec![0.0, 0.0], r: vec![1.0, 2.0] };
    assert!(Chaboche::new(ChabocheSpec { curves: vec![wrong], ..ChabocheSpec::new(2e5, 0.3) }).is_err());
}
