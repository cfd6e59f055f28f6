//! Slip systems and their interactions.

use crate::material::tensor::{Axes, INDEX, Sym};

/// A slip system in crystal axes: normal of the plane, direction; not normalised.
pub(super) type System = ([i8; 3], [i8; 3]);

/// The 12 systems {111}<110>, in Z-set's order.
pub(super) const OCTAHEDRAL: [System; 12] = [
    ([1, 1, 1], [-1, 0, 1]),
    ([1, 1, 1], [0, -1, 1]),
    ([1, 1, 1], [-1, 1, 0]),
    ([1, -1, 1], [-1, 0, 1]),
    ([1, -1, 1], [0, 1, 1]),
    ([1, -1, 1], [1, 1, 0]),
    ([-1, 1, 1], [0, -1, 1]),
    ([-1, 1, 1], [1, 1, 0]),
    ([-1, 1, 1], [1, 0, 1]),
    ([1, 1, -1], [-1, 1, 0]),
    ([1, 1, -1], [1, 0, 1]),
    ([1, 1, -1], [0, 1, 1]),
];

/// The 6 systems {100}<110>, in Z-set's order.
pub(super) const CUBIC: [System; 6] = [
    ([0, 0, 1], [-1, 1, 0]),
    ([0, 0, 1], [1, 1, 0]),
    ([1, 0, 0], [0, 1, 1]),
    ([1, 0, 0], [0, -1, 1]),
    ([0, 1, 0], [-1, 0, 1]),
    ([0, 1, 0], [1, 0, 1]),
];

fn dot(a: &[i8; 3], b: &[i8; 3]) -> i8 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Schmid tensor `sym(l (x) n)` of unit vectors in global axes, as a strain: engineering shears.
pub(super) fn schmid(system: &System, axes: &Axes) -> Sym {
    let global = |v: &[i8; 3]| -> [f64; 3] {
        let norm = f64::from(dot(v, v)).sqrt();
        std::array::from_fn(|j| (0..3).map(|i| f64::from(v[i]) / norm * axes[i][j]).sum())
    };
    let (n, l) = (global(&system.0), global(&system.1));
    INDEX.map(|(i, j)| if i == j { l[i] * n[i] } else { l[i] * n[j] + l[j] * n[i] })
}

/// Which of the coefficients h1... couples two octahedral systems: 0 self, 1 coplanar, 2 collinear (cross slip),
/// 3 perpendicular Burgers vectors (Hirth), 4 glissile junction, 5 sessile junction (Lomer).
pub(super) fn octahedral_kind(a: &System, b: &System) -> usize {
    let ((n, l), (o, k)) = (a, b);
    let along = dot(l, k);
    let junction: [i8; 3] = std::array::from_fn(|i| if along > 0 { l[i] - k[i] } else { l[i] + k[i] });
    match (n == o, along.abs()) {
        (true, 2) => 0,
        (true, _) => 1,
        (false, 2) => 2,
        (false, 0) => 3,
        _ if dot(&junction, n) == 0 || dot(&junction, o) == 0 => 4,
        _ => 5,
    }
}

/// Which of the coefficients couples two cubic systems: 0 self, 1 coplanar, 2 other plane.
pub(super) fn cubic_kind(a: &System, b: &System) -> usize {
    match (a.0 == b.0, a.1 == b.1) {
        (true, true) => 0,
        (true, false) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOBAL: Axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    #[test]
    fn every_direction_lies_in_its_plane_and_all_systems_differ() {
        for systems in [&OCTAHEDRAL[..], &CUBIC[..]] {
            for (i, a) in systems.iter().enumerate() {
                assert_eq!(dot(&a.0, &a.1), 0, "{a:?}");
                assert!(systems[..i].iter().all(|b| a.0 != b.0 || dot(&a.1, &b.1).abs() != 2));
                let m = schmid(a, &GLOBAL);
                assert!((m[0] + m[1] + m[2]).abs() < 1e-15, "slip keeps the volume");
                let norm = m[0].powi(2)
                    + m[1].powi(2)
                    + m[2].powi(2)
                    + 0.5 * (m[3].powi(2) + m[4].powi(2) + m[5].powi(2));
                assert!((norm - 0.5).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn tension_along_100_acts_on_eight_octahedral_systems_with_factor_1_over_sqrt_6() {
        let factors: Vec<f64> = OCTAHEDRAL.iter().map(|s| schmid(s, &GLOBAL)[0].abs()).collect();
        assert_eq!(factors.iter().filter(|f| (*f - 1.0 / 6f64.sqrt()).abs() < 1e-15).count(), 8);
        assert_eq!(factors.iter().filter(|f| **f == 0.0).count(), 4);
        assert!(CUBIC.iter().all(|s| schmid(s, &GLOBAL)[0] == 0.0));
    }

    #[test]
    fn each_octahedral_system_has_the_known_numbers_of_partners() {
        for a in &OCTAHEDRAL {
            let mut counts = [0; 6];
            OCTAHEDRAL.iter().for_each(|b| counts[octahedral_kind(a, b)] += 1);
            assert_eq!(counts, [1, 2, 1, 2, 4, 2]);
        }
    }
}
