//! Statements about the decomposition, on one rank; the same on several ranks is in `tests/mpi_rom.rs`.

use super::*;
use crate::rom::dense::dot;
use proptest::prelude::*;

/// Snapshots with singular values about `decay^k`, entries without pattern.
fn decaying(rows: usize, s: usize, decay: f64) -> Vec<Vec<f64>> {
    let shape = |k: usize, x: usize| ((x * x % 97 + 1) as f64 * (k as f64 + 0.7) * 0.37).sin();
    (0..s)
        .map(|j| {
            (0..rows)
                .map(|x| {
                    (0..s).map(|k| decay.powi(k as i32) * shape(k, x) * ((j * (k + 2)) as f64).cos()).sum()
                })
                .collect()
        })
        .collect()
}

fn ids(n: usize) -> Vec<u64> {
    (0..n as u64).collect()
}

/// The mass of linear elements on a line: a product that is not diagonal.
fn line_mass(u: &[f64], mu: &mut [f64]) {
    let n = u.len();
    mu.fill(0.0);
    for e in 0..n - 1 {
        mu[e] += (2.0 * u[e] + u[e + 1]) / 6.0;
        mu[e + 1] += (u[e] + 2.0 * u[e + 1]) / 6.0;
    }
}

type Method = fn(&Comm, &[Vec<f64>], &dyn InnerProduct, &[u64], Truncation) -> Result<Pod, PodError>;

const METHODS: [(&str, Method); 2] =
    [("gram", |c, s, p, i, t| pod_gram(c, s, p, i, t)), ("tsqr", |c, s, p, i, t| pod_tsqr(c, s, p, i, t))];

#[test]
fn modes_are_orthonormal_in_the_product_whatever_the_method() {
    let u = decaying(500, 12, 0.2);
    let weights: Vec<f64> = (0..500).map(|k| 0.5 + (k % 3) as f64).collect();
    let products: [&dyn InnerProduct; 3] =
        [&Diagonal::Identity, &Diagonal::Weights(&weights), &ProductFn(line_mass)];
    for (name, method) in METHODS {
        for product in products {
            let pod = method(&Comm::serial(), &u, product, &ids(500), Truncation::new(1e-7)).unwrap();
            assert!(pod.orthogonality <= 1e-12, "{name}: {:e}", pod.orthogonality);
            let mut image = vec![0.0; 500];
            for i in 0..pod.count {
                product.apply(pod.mode(i), &mut image);
                for j in 0..pod.count {
                    let delta = f64::from(u8::from(i == j));
                    assert!((dot(&image, pod.mode(j)) - delta).abs() <= 1e-12);
                }
            }
            for error in &pod.projection_errors {
                assert!(*error < 1e-5, "{name}: {error:e}");
            }
        }
    }
}

#[test]
fn both_methods_find_the_same_modes() {
    let u = decaying(300, 8, 0.3);
    let t = Truncation::new(1e-4);
    let a = pod_gram(&Comm::serial(), &u[..], &ProductFn(line_mass), &ids(300), t).unwrap();
    let b = pod_tsqr(&Comm::serial(), &u[..], &ProductFn(line_mass), &ids(300), t).unwrap();
    assert_eq!(a.count, b.count);
    for k in 0..a.count {
        assert!((a.singular_values[k] / b.singular_values[k] - 1.0).abs() < 1e-10);
    }
    for (x, y) in a.modes.iter().zip(&b.modes) {
        assert!((x - y).abs() < 1e-8);
    }
}

#[test]
fn the_qr_method_resolves_what_the_correlation_matrix_cannot() {
    let u = decaying(400, 16, 0.15);
    let t = Truncation::new(1e-11);
    for product in [&Diagonal::Identity as &dyn InnerProduct, &ProductFn(line_mass)] {
        let qr = pod_tsqr(&Comm::serial(), &u[..], product, &ids(400), t).unwrap();
        let gram = pod_gram(&Comm::serial(), &u[..], product, &ids(400), t).unwrap();
        assert!(qr.count > gram.count, "{} {}", qr.count, gram.count);
        assert!(qr.orthogonality <= 1e-12);
        let worst = qr.projection_errors.iter().copied().fold(0.0, f64::max);
        assert!(worst < 1e-10, "{worst:e}");
    }
}

#[test]
fn singular_values_are_those_of_orthogonal_snapshots() {
    let mut u = vec![vec![0.0; 50]; 3];
    (u[0][3], u[1][7], u[2][11]) = (1e-3, 5.0, -0.2);
    for (_, method) in METHODS {
        let pod = method(&Comm::serial(), &u, &Diagonal::Identity, &ids(50), Truncation::new(1e-6)).unwrap();
        assert_eq!(pod.count, 3);
        for (x, y) in pod.singular_values.iter().zip([5.0, 0.2, 1e-3]) {
            assert!((x / y - 1.0).abs() < 1e-12);
        }
        assert!((pod.mode(1)[11] - 1.0).abs() < 1e-14, "the largest entry is positive");
    }
}

#[test]
fn repeated_snapshots_add_no_mode() {
    let mut u = decaying(200, 4, 0.5);
    let copies: Vec<Vec<f64>> = u.iter().map(|s| s.iter().map(|x| 3.0 * x).collect()).collect();
    u.extend(copies);
    for (name, method) in METHODS {
        for product in [&Diagonal::Identity as &dyn InnerProduct, &ProductFn(line_mass)] {
            let pod = method(&Comm::serial(), &u, product, &ids(200), Truncation::new(0.0)).unwrap();
            assert_eq!(pod.count, 4, "{name} {:?}", pod.spectrum);
            assert!(pod.orthogonality <= 1e-12);
        }
    }
}

#[test]
fn truncation_keeps_the_larger_of_the_two_counts() {
    let t = |e| Truncation::new(e);
    // sigma = 1, 0.1, 0.1 ...: ten values of 0.1 hold 9 % of the energy.
    let squares: Vec<f64> = std::iter::once(1.0).chain(std::iter::repeat_n(0.01, 10)).collect();
    assert_eq!(t(0.2).count(&squares, 1e-15), 7, "n_a = 1, the tail after 7 is 0.04 <= 0.04 * 1.1");
    assert_eq!(t(0.05).count(&squares, 1e-15), 11);
    assert_eq!(Truncation { relative: 0.05, max_modes: Some(3) }.count(&squares, 1e-15), 3);
    assert_eq!(t(0.0).count(&[1.0, 1e-16, 0.0], 1e-15), 1, "what rounding made is no mode");
}

#[test]
fn bad_snapshots_are_named() {
    let comm = Comm::serial();
    let t = Truncation::new(1e-6);
    for (_, method) in METHODS {
        let mut u = decaying(20, 3, 0.5);
        u[1][4] = f64::NAN;
        assert_eq!(
            method(&comm, &u, &Diagonal::Identity, &ids(20), t),
            Err(PodError::NotFinite { snapshot: 1 })
        );
        assert_eq!(method(&comm, &[], &Diagonal::Identity, &[], t), Err(PodError::NoSnapshots));
        let zero = vec![vec![0.0; 5]; 2];
        assert_eq!(method(&comm, &zero, &Diagonal::Identity, &ids(5), t), Err(PodError::Zero { count: 2 }));
        let one = vec![vec![1.0; 5]];
        assert!(matches!(
            method(&comm, &one, &Diagonal::Weights(&[-1.0; 5]), &ids(5), t),
            Err(PodError::NotPositive { .. })
        ));
        assert_eq!(
            method(&comm, &one, &Diagonal::Identity, &ids(4), t),
            Err(PodError::Shape { ids: 4, values: 5 })
        );
        assert_eq!(
            method(&comm, &one, &Diagonal::Identity, &ids(5), Truncation::new(1.0)),
            Err(PodError::Tolerance(1.0))
        );
    }
}

#[test]
fn zero_snapshots_among_others_do_no_harm() {
    let mut u = decaying(60, 3, 0.5);
    u.insert(0, vec![0.0; 60]);
    for (_, method) in METHODS {
        let pod =
            method(&Comm::serial(), &u, &ProductFn(line_mass), &ids(60), Truncation::new(1e-8)).unwrap();
        assert_eq!(pod.count, 3);
        assert_eq!(pod.projection_errors[0], 0.0);
    }
}

proptest! {
    #[test]
    fn the_energy_left_out_is_within_the_tolerance(
        decay in 0.2..0.9f64, eps in 1e-6..0.3f64, s in 2usize..12
    ) {
        let u = decaying(80, s, decay);
        let pod = pod_gram(&Comm::serial(), &u[..], &Diagonal::Identity, &ids(80), Truncation::new(eps)).unwrap();
        prop_assert!(pod.orthogonality <= 1e-12);
        let (mut total, mut left) = (0.0, 0.0);
        for (snapshot, error) in u.iter().zip(&pod.projection_errors) {
            let square = dot(snapshot, snapshot);
            total += square;
            left += error * error * square;
        }
        prop_assert!(left.sqrt() <= eps * total.sqrt() * (1.0 + 1e-6));
    }
}
