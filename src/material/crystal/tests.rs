//! Closed forms, tangents, invariance and robustness of the law.

use super::*;
use crate::material::chaboche::FlowKind;
use crate::material::elasticity::{Cubic, Elasticity};
use crate::material::testing::{Point, Random};
use crate::material::{Axes, Coefficient, Input, Law, LawError, Output, Status};

fn table(a: f64, b: f64) -> Coefficient {
    Coefficient::table("test", &[0.0, 1000.0, 2000.0], &[a, b, a]).unwrap()
}

fn family(k: Coefficient, n: Coefficient) -> FamilySpec {
    FamilySpec {
        flow: FlowKind::Norton,
        k,
        n,
        eps0: None,
        r0: 0.0.into(),
        q: 0.0.into(),
        b: 0.0.into(),
        interaction: Vec::new(),
        c: 0.0.into(),
        d: 0.0.into(),
        big_m: None,
        m: 1.0.into(),
    }
}

fn cubic(a: f64, b: f64, g: f64) -> Elasticity {
    Elasticity::Cubic(Cubic { y1111: a.into(), y1122: b.into(), y1212: g.into(), axes: None })
}

/// The law of the Z-set case with crystal plasticity.
fn reference(substeps: u32) -> CrystalSpec {
    CrystalSpec {
        elasticity: Elasticity::Cubic(Cubic {
            y1111: table(2e5, 1e5),
            y1122: table(1.5e5, 1e5),
            y1212: table(1e5, 5e4),
            axes: None,
        }),
        axes: None,
        octahedral: Some(FamilySpec {
            flow: FlowKind::Hyperbolic,
            eps0: Some(table(0.1, 0.2)),
            r0: table(100.0, 200.0),
            c: table(10.0, 20.0),
            d: table(1e3, 2e3),
            big_m: Some(table(1e7, 2e7)),
            m: table(1.0, 2.0),
            ..family(table(100.0, 200.0), table(100.0, 200.0))
        }),
        cubic: Some(FamilySpec {
            flow: FlowKind::Hyperbolic,
            eps0: Some(table(0.01, 0.02)),
            r0: table(100.0, 200.0),
            c: table(1e5, 2e5),
            d: table(1e3, 2e3),
            big_m: Some(table(1e6, 2e6)),
            m: table(1.0, 2.0),
            ..family(table(200.0, 100.0), table(10.0, 10.0))
        }),
        substeps,
    }
}

/// Constant coefficients, hardening with all interactions, strong recovery, turned axes.
fn hardening(substeps: u32) -> CrystalSpec {
    let (s, c) = 0.7f64.sin_cos();
    CrystalSpec {
        elasticity: cubic(2.5e5, 1.6e5, 1.2e5),
        axes: Some([[c, s * 0.6, s * 0.8], [-s, c * 0.6, c * 0.8], [0.0, -0.8, 0.6]]),
        octahedral: Some(FamilySpec {
            r0: 40.0.into(),
            q: 30.0.into(),
            b: 50.0.into(),
            interaction: vec![1.0, 0.7, 1.2, 0.5, 0.9, 1.4],
            c: 4e4.into(),
            d: 600.0.into(),
            big_m: Some(50.0.into()),
            m: 2.5.into(),
            ..family(150.0.into(), 8.0.into())
        }),
        cubic: Some(FamilySpec {
            r0: 60.0.into(),
            q: 20.0.into(),
            b: 10.0.into(),
            ..family(200.0.into(), 5.0.into())
        }),
        substeps,
    }
}

fn law(spec: CrystalSpec) -> Crystal {
    Crystal::new(spec).unwrap()
}

#[test]
fn the_tangent_is_the_derivative_of_the_stress_through_all_substeps() {
    let mut random = Random(23);
    for spec in [hardening(1), hardening(4), reference(1), reference(7)] {
        let law = law(spec);
        let (mut worst, mut flowing) = (0.0f64, 0);
        for _ in 0..10 {
            let mut point = Point::new(&law, 300.0);
            let mut strain = [0.0; 6];
            for _ in 0..8 {
                let increment = random.six(2e-3);
                (0..6).for_each(|i| strain[i] += increment[i]);
                let (dt, t) = (random.log(1e-2, 1e2), 500.0 + 400.0 * random.next());
                let (after, _, _) = point.trial(dt, &strain, t).unwrap();
                worst = worst.max(point.tangent_error(dt, &strain, t, 2e-8));
                flowing += usize::from(after[0] > point.state[0] + 1e-6);
                point.step(dt, &strain, t);
            }
        }
        println!("{} sub-steps: {worst:.1e}, {flowing} of 80 flow", law.substeps_for_test());
        assert!(flowing > 30 && worst < 1e-6, "{worst:e} {flowing}");
    }
}

#[test]
fn tension_along_100_creeps_on_eight_systems() {
    // tau = sigma / sqrt 6 on each, e11' = 8 v' / sqrt 6.
    let spec = CrystalSpec {
        elasticity: cubic(2e5, 1e5, 8e4),
        axes: None,
        octahedral: Some(FamilySpec { r0: 20.0.into(), ..family(500.0.into(), 6.0.into()) }),
        cubic: Some(family(500.0.into(), 6.0.into())),
        substeps: 3,
    };
    let law = law(spec);
    let mut point = Point::new(&law, 0.0);
    point.uniaxial_stress(1e-9, 400.0, 0.0);
    let start = point.strain[0];
    for _ in 0..5 {
        point.uniaxial_stress(2.0, 400.0, 0.0);
    }
    let rate = ((400.0 / 6f64.sqrt() - 20.0) / 500.0).powi(6);
    let expected = 10.0 * 8.0 / 6f64.sqrt() * rate;
    assert!(
        ((point.strain[0] - start) / expected - 1.0).abs() < 1e-7,
        "{} {expected}",
        point.strain[0] - start
    );
    assert!(
        (point.state[0] / expected - 1.0).abs() < 1e-7,
        "p is the axial strain of a volume-preserving tension"
    );
}

#[test]
fn tension_along_110_also_slips_on_cubic_systems() {
    // Axes of the crystal turned by 45 degrees about 3: [110] along global 1.
    let h = 0.5f64.sqrt();
    let spec = CrystalSpec {
        elasticity: cubic(2e5, 1e5, 8e4),
        axes: Some([[h, -h, 0.0], [h, h, 0.0], [0.0, 0.0, 1.0]]),
        octahedral: None,
        cubic: Some(family(500.0.into(), 4.0.into())),
        substeps: 1,
    };
    let law = law(spec);
    let mut point = Point::new(&law, 0.0);
    point.uniaxial_stress(1.0, 300.0, 0.0);
    // (100)[011], (100)[0-11], (010)[101], (010)[-101] have |tau| = sigma / (2 sqrt 2); (001) none.
    let slip = (300.0 / 8f64.sqrt() / 500.0f64).powi(4);
    for s in 0..6 {
        let v = point.state[7 + 3 * s + 1];
        let expected = if s < 2 { 0.0 } else { slip };
        assert!((v - expected).abs() < 1e-9 * slip, "{s}: {v} {expected}");
    }
}

#[test]
fn turning_crystal_and_strain_together_turns_the_stress() {
    // A quarter turn about axis 3 maps 11 -> 22, 22 -> 11, 12 -> -12, 23 -> -31, 31 -> 23.
    let turn = |e: &[f64; 6]| [e[1], e[0], e[2], -e[3], e[5], -e[4]];
    let axes: Axes = hardening(1).axes.unwrap();
    let turned: Axes = axes.map(|a| [-a[1], a[0], a[2]]);
    let (a, b) = (law(hardening(3)), law(CrystalSpec { axes: Some(turned), ..hardening(3) }));
    let (mut x, mut y) = (Point::new(&a, 0.0), Point::new(&b, 0.0));
    let mut random = Random(5);
    for _ in 0..10 {
        let strain = random.six(4e-3);
        x.step(1.0, &strain, 0.0);
        y.step(1.0, &turn(&strain), 0.0);
        for (s, t) in turn(&x.stress).iter().zip(&y.stress) {
            assert!((s - t).abs() < 1e-8, "{s} {t}");
        }
    }
}

#[test]
fn substeps_converge_at_first_order() {
    let end = [4e-3, -1e-3, -1.5e-3, 2e-3, 1e-3, -3e-3];
    let stress = |substeps: u32| {
        let law = law(hardening(substeps));
        let mut point = Point::new(&law, 0.0);
        point.step(1.0, &end, 0.0);
        point.stress
    };
    let exact = stress(4000);
    let error = |n: u32| stress(n).iter().zip(&exact).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    let (coarse, fine) = (error(20), error(80));
    assert!(fine < 0.3 * coarse && coarse < 5.0, "{coarse} {fine}");
}

#[test]
fn small_strains_are_elastic_and_leave_the_state_alone() {
    let law = law(reference(5));
    let mut point = Point::new(&law, 20.0);
    point.step(1.0, &[1e-4, 0.0, 0.0, 1e-5, 0.0, 0.0], 20.0);
    assert!(point.state.iter().all(|&x| x == 0.0));
    let mut c = [0.0; 36];
    law.elasticity(20.0, &mut c);
    assert!((0..36).all(|k| (point.tangent[k] - c[k]).abs() < 1e-9));
}

#[test]
fn static_recovery_brings_a_back_stress_down_at_rest() {
    let law = law(hardening(5));
    let mut point = Point::new(&law, 0.0);
    point.step(0.1, &[5e-3, -2e-3, -2e-3, 0.0, 1e-3, 0.0], 0.0);
    let a = |point: &Point| (0..12).map(|s| point.state[9 + 3 * s].abs()).fold(0.0, f64::max);
    let before = a(&point);
    let evp = &point.state[1..7];
    let rest: [f64; 6] = std::array::from_fn(|k| if k < 3 { evp[k] } else { 2.0 * evp[k] });
    for _ in 0..5 {
        point.step(10.0, &rest, 0.0);
    }
    assert!(before > 1e-4 && a(&point) < 0.9 * before, "{before} {}", a(&point));
}

#[test]
fn large_strains_and_all_rates_converge() {
    let mut random = Random(31);
    let (mut cuts, mut steps) = (0, 0);
    for k in 0..300 {
        let viscous = |random: &mut Random| FamilySpec {
            flow: if random.next() > 0.0 { FlowKind::Norton } else { FlowKind::Hyperbolic },
            eps0: None,
            r0: random.log(1.0, 500.0).into(),
            q: (if random.next() > 0.0 { random.log(1.0, 100.0) } else { 0.0 }).into(),
            b: random.log(1.0, 500.0).into(),
            c: random.log(1.0, 3e5).into(),
            d: random.log(1.0, 3e3).into(),
            big_m: (random.next() > 0.0).then(|| random.log(10.0, 1e7).into()),
            m: random.log(1.0, 5.0).into(),
            ..family(random.log(1.0, 1e3).into(), random.log(1.0, 200.0).into())
        };
        let mut spec = CrystalSpec {
            octahedral: Some(viscous(&mut random)),
            cubic: (k % 2 == 0).then(|| viscous(&mut random)),
            ..hardening(1 + k % 3)
        };
        for family in [&mut spec.octahedral, &mut spec.cubic].into_iter().flatten() {
            family.eps0 = (family.flow == FlowKind::Hyperbolic).then(|| random.log(1e-6, 1.0).into());
        }
        let law = law(spec.clone());
        let mut point = Point::new(&law, 0.0);
        for _ in 0..5 {
            let (scale, dt) = (random.log(1e-5, 0.3), random.log(1e-6, 1e6));
            let strain = random.six(scale);
            steps += 1;
            match point.trial(dt, &strain, 0.0) {
                Ok((state, stress, tangent)) => {
                    assert!(state.iter().chain(&stress).chain(&tangent).all(|x| x.is_finite()), "{spec:?}");
                    point.step(dt, &strain, 0.0);
                }
                Err(_) => cuts += 1,
            }
        }
    }
    println!("{cuts} of {steps} steps cut");
    assert!(cuts == 0, "{cuts} of {steps}");
}

#[test]
fn a_strain_that_is_not_finite_asks_for_a_cut() {
    let law = law(hardening(2));
    let point = Point::new(&law, 0.0);
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(matches!(point.trial(1.0, &[0.0, bad, 0.0, 0.0, 0.0, 0.0], 0.0), Err(Status::Cut { .. })));
    }
    assert!(point.trial(1.0, &[0.0; 6], f64::NAN).is_err());
}

#[test]
fn parameters_out_of_range_are_named_with_their_family() {
    let mut spec = hardening(1);
    spec.octahedral.as_mut().unwrap().k = (-1.0).into();
    assert!(matches!(Crystal::new(spec), Err(LawError::Range { name, .. }) if name == "octahedral.K"));
    let mut spec = hardening(1);
    spec.cubic.as_mut().unwrap().interaction = vec![1.0];
    assert!(Crystal::new(spec).unwrap_err().to_string().contains("3 numbers"));
    let spec = CrystalSpec { octahedral: None, cubic: None, ..hardening(1) };
    assert!(matches!(Crystal::new(spec), Err(LawError::Missing { .. })));
}

/// `cargo test --release --lib crystal::tests::time -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, not a check"]
fn time_per_point() {
    let n = 512;
    let mut random = Random(5);
    for (what, spec, amplitude) in [
        ("elastic, 10 sub-steps, tables", reference(10), 1e-5),
        ("flowing, 10 sub-steps, tables", reference(10), 4e-3),
        ("flowing, 10 sub-steps, interaction", hardening(10), 4e-3),
        ("flowing, 1 sub-step, interaction", hardening(1), 4e-3),
    ] {
        let law = law(spec);
        let n_state = law.n_state();
        let (mut state, mut new) = (vec![0.0; n * n_state], vec![0.0; n * n_state]);
        let (mut stress, mut tangent) = (vec![0.0; 6 * n], vec![0.0; 36 * n]);
        let temperature = vec![20.0; n];
        let mut strain0 = vec![0.0; 6 * n];
        let mut best = f64::INFINITY;
        for _ in 0..6 {
            let strain: Vec<f64> = (0..n).flat_map(|_| random.six(amplitude)).collect();
            let start = std::time::Instant::now();
            let output = Output { state: &mut new, stress: &mut stress, tangent: Some(&mut tangent) };
            let input = Input::new(0.2, &strain, &temperature, &state).with_start(&strain0, &temperature);
            assert_eq!(law.update(input, output), Status::Done);
            best = best.min(start.elapsed().as_secs_f64() / n as f64);
            std::mem::swap(&mut state, &mut new);
            strain0 = strain;
        }
        println!("{what}: {:.1} us per point with tangent", best * 1e6);
    }
}
