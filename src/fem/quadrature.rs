//! Integration rules, in the point order that Z-set uses (see `docs/conventions.md`): hexahedra first axis fastest.

use crate::mesh::{Conventions, ElementKind, FaceKind};

/// A point of a rule: reference coordinates and weight.
pub type Point = ([f64; 3], f64);

/// 1-D Gauss-Legendre points and weights on [-1, 1].
fn gauss(n: usize) -> Vec<(f64, f64)> {
    match n {
        1 => vec![(0.0, 2.0)],
        2 => vec![(-(1.0f64 / 3.0).sqrt(), 1.0), ((1.0f64 / 3.0).sqrt(), 1.0)],
        3 => {
            let a = 0.6f64.sqrt();
            vec![(-a, 5.0 / 9.0), (0.0, 8.0 / 9.0), (a, 5.0 / 9.0)]
        }
        _ => {
            let inner = (3.0 / 7.0 - 2.0 / 7.0 * 1.2f64.sqrt()).sqrt();
            let outer = (3.0 / 7.0 + 2.0 / 7.0 * 1.2f64.sqrt()).sqrt();
            let (wi, wo) = ((18.0 + 30.0f64.sqrt()) / 36.0, (18.0 - 30.0f64.sqrt()) / 36.0);
            vec![(-outer, wo), (-inner, wi), (inner, wi), (outer, wo)]
        }
    }
}

fn hexahedron(n: usize) -> Vec<Point> {
    let g = gauss(n);
    let mut out = Vec::with_capacity(n * n * n);
    for &(z, wz) in &g {
        for &(y, wy) in &g {
            for &(x, wx) in &g {
                out.push(([x, y, z], wx * wy * wz));
            }
        }
    }
    out
}

/// Irons (1971): 8 points on the diagonals, first axis fastest, then 6 on the axes; degree 5.
fn hexahedron14() -> Vec<Point> {
    let (a, b) = ((19.0f64 / 33.0).sqrt(), (19.0f64 / 30.0).sqrt());
    let mut out: Vec<Point> =
        hexahedron(2).into_iter().map(|(x, _)| (x.map(|c| a.copysign(c)), 121.0 / 361.0)).collect();
    for axis in 0..3 {
        for c in [-b, b] {
            let mut x = [0.0; 3];
            x[axis] = c;
            out.push((x, 320.0 / 361.0));
        }
    }
    out
}

/// Triangle rules on the unit triangle (weights sum to 1/2): 1 point (degree 1), 3 points (degree 2) or 6 points (degree 4).
fn triangle(n: usize) -> Vec<([f64; 2], f64)> {
    if n == 1 {
        return vec![([1.0 / 3.0; 2], 0.5)];
    }
    if n == 3 {
        let (a, b) = (1.0 / 6.0, 2.0 / 3.0);
        return vec![([a, a], a), ([b, a], a), ([a, b], a)];
    }
    // Strang and Fix, degree 4
    let (a, wa) = (0.445_948_490_915_964_9, 0.111_690_794_839_005_73);
    let (b, wb) = (0.091_576_213_509_770_74, 0.054_975_871_827_660_93);
    let mut out = Vec::with_capacity(6);
    for (a, w) in [(b, wb), (a, wa)] {
        out.extend([([a, a], w), ([1.0 - 2.0 * a, a], w), ([a, 1.0 - 2.0 * a], w)]);
    }
    out
}

fn wedge(in_plane: usize, through: usize) -> Vec<Point> {
    let mut out = Vec::new();
    for (z, wz) in gauss(through) {
        for (x, w) in triangle(in_plane) {
            out.push(([x[0], x[1], z], w * wz));
        }
    }
    out
}

fn tetrahedron4() -> Vec<Point> {
    let (a, b) = ((5.0 - 5.0f64.sqrt()) / 20.0, (5.0 + 3.0 * 5.0f64.sqrt()) / 20.0);
    [[a, a, a], [b, a, a], [a, b, a], [a, a, b]].into_iter().map(|x| (x, 1.0 / 24.0)).collect()
}

fn tetrahedron5() -> Vec<Point> {
    let (a, b) = (1.0 / 6.0, 0.5);
    let mut out: Vec<Point> =
        [[a, a, a], [b, a, a], [a, b, a], [a, a, b]].into_iter().map(|x| (x, 3.0 / 40.0)).collect();
    out.push(([0.25; 3], -2.0 / 15.0));
    out
}

/// The integration rule of a kind; weights sum to the reference volume.
pub fn rule(kind: ElementKind) -> Vec<Point> {
    match kind {
        ElementKind::C3d4 | ElementKind::C3d10R4 => tetrahedron4(),
        ElementKind::C3d10 => tetrahedron5(),
        ElementKind::C3d6 => wedge(3, 2),
        ElementKind::C3d15 => wedge(6, 3),
        ElementKind::C3d8 | ElementKind::C3d8b | ElementKind::C3d20r => hexahedron(2),
        ElementKind::C3d20 => hexahedron(3),
        ElementKind::C3d20R14 => hexahedron14(),
        ElementKind::C3d4R1 => vec![([0.25; 3], 1.0 / 6.0)],
        ElementKind::C3d6R2 => wedge(1, 2),
        ElementKind::C3d15R9 => wedge(3, 3),
    }
}

/// The rule that body forces of a mesh are integrated with: [`mass_rule`], or the element's own with CalculiX.
pub fn body_rule(kind: ElementKind, conventions: Conventions) -> Vec<Point> {
    match conventions {
        Conventions::Exact => mass_rule(kind),
        Conventions::Calculix => rule(kind),
    }
}

/// A rule with positive weights that integrates products of shape functions exactly on straight elements: for mass
/// matrices and body forces, where the element's own rule may be too poor or indefinite.
pub fn mass_rule(kind: ElementKind) -> Vec<Point> {
    match kind {
        ElementKind::C3d8 | ElementKind::C3d8b => hexahedron(3),
        ElementKind::C3d20 | ElementKind::C3d20r | ElementKind::C3d20R14 => hexahedron(4),
        ElementKind::C3d6 | ElementKind::C3d6R2 => wedge(6, 3),
        ElementKind::C3d15 | ElementKind::C3d15R9 => wedge_collapsed(),
        ElementKind::C3d4 | ElementKind::C3d4R1 => tetrahedron4(),
        ElementKind::C3d10 | ElementKind::C3d10R4 => tetrahedron_collapsed(),
    }
}

/// Duffy's map of the cube on the tetrahedron, four Gauss points an axis: degree 5.
fn tetrahedron_collapsed() -> Vec<Point> {
    let g: Vec<(f64, f64)> = gauss(4).into_iter().map(|(x, w)| ((x + 1.0) / 2.0, w / 2.0)).collect();
    let mut out = Vec::with_capacity(64);
    for &(c, wc) in &g {
        for &(b, wb) in &g {
            for &(a, wa) in &g {
                let (y, z) = (b * (1.0 - c), c);
                let x = a * (1.0 - b) * (1.0 - c);
                out.push(([x, y, z], wa * wb * wc * (1.0 - b) * (1.0 - c) * (1.0 - c)));
            }
        }
    }
    out
}

fn wedge_collapsed() -> Vec<Point> {
    let g: Vec<(f64, f64)> = gauss(4).into_iter().map(|(x, w)| ((x + 1.0) / 2.0, w / 2.0)).collect();
    let mut out = Vec::with_capacity(64);
    for (z, wz) in gauss(4) {
        for &(b, wb) in &g {
            for &(a, wa) in &g {
                out.push(([a * (1.0 - b), b, z], wa * wb * wz * (1.0 - b)));
            }
        }
    }
    out
}

/// The rule for integrals over a face.
pub fn face_rule(kind: FaceKind) -> Vec<([f64; 2], f64)> {
    match kind {
        FaceKind::T3 => triangle(3),
        FaceKind::T6 => triangle(6),
        FaceKind::Q4 => square(2),
        FaceKind::Q8 => square(3),
    }
}

/// The rule of CalculiX for integrals over a face of an element of kind `of`.
pub fn calculix_face_rule(kind: FaceKind, of: ElementKind) -> Vec<([f64; 2], f64)> {
    match (kind, of) {
        (FaceKind::T3, _) => triangle(1),
        (FaceKind::T6, _) => triangle(3),
        (FaceKind::Q4, ElementKind::C3d6R2) => square(1),
        (FaceKind::Q4, _) | (FaceKind::Q8, ElementKind::C3d20r | ElementKind::C3d15R9) => square(2),
        (FaceKind::Q8, _) => square(3),
    }
}

fn square(n: usize) -> Vec<([f64; 2], f64)> {
    let g = gauss(n);
    g.iter().flat_map(|&(y, wy)| g.iter().map(move |&(x, wx)| ([x, y], wx * wy))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_the_reference_volume() {
        for kind in ElementKind::ALL {
            let volume = match kind.n_vertices() {
                4 => 1.0 / 6.0,
                6 => 1.0,
                _ => 8.0,
            };
            for points in [rule(kind), mass_rule(kind)] {
                let sum: f64 = points.iter().map(|p| p.1).sum();
                assert!((sum - volume).abs() < 1e-14, "{kind}: {sum}");
            }
            assert_eq!(rule(kind).len(), kind.n_points());
        }
    }

    /// `int xi^a` over [-1, 1].
    fn line(a: i32) -> f64 {
        if a % 2 == 0 { 2.0 / f64::from(a + 1) } else { 0.0 }
    }

    /// `int x^a y^b z^c` over the unit simplex with the variables whose exponents are given.
    fn simplex(exponents: &[i32]) -> f64 {
        let f = |n: i32| (1..=n).map(f64::from).product::<f64>();
        exponents.iter().map(|&a| f(a)).product::<f64>()
            / f(exponents.iter().sum::<i32>() + exponents.len() as i32)
    }

    #[test]
    fn mass_rules_integrate_shape_products_times_the_determinant_of_a_straight_element() {
        // highest exponents of N_a N_b det J: in each direction (hexahedra), in plane and through (wedges), in all
        let cases = [
            (ElementKind::C3d8, 4, 4),
            (ElementKind::C3d20, 6, 6),
            (ElementKind::C3d6, 3, 4),
            (ElementKind::C3d15, 5, 6),
            (ElementKind::C3d4, 2, 2),
            (ElementKind::C3d10, 4, 4),
        ];
        for (kind, plane, through) in cases {
            for (a, b, c) in (0..343).map(|i| (i % 7, i / 7 % 7, i / 49)) {
                let (inside, want) = match kind.n_vertices() {
                    8 => (a.max(b).max(c) <= plane, line(a) * line(b) * line(c)),
                    6 => (a + b <= plane && c <= through, simplex(&[a, b]) * line(c)),
                    _ => (a + b + c <= plane, simplex(&[a, b, c])),
                };
                let got: f64 =
                    mass_rule(kind).iter().map(|(x, w)| w * x[0].powi(a) * x[1].powi(b) * x[2].powi(c)).sum();
                assert!(
                    !inside || (got - want).abs() < 1e-14,
                    "{kind}: x^{a} y^{b} z^{c} gives {got}, not {want}"
                );
            }
        }
    }

    #[test]
    fn the_rule_of_14_points_integrates_fifth_degree_monomials() {
        for (a, b, c) in (0..216).map(|i| (i % 6, i / 6 % 6, i / 36)).filter(|(a, b, c)| a + b + c <= 5) {
            let got: f64 =
                hexahedron14().iter().map(|(x, w)| w * x[0].powi(a) * x[1].powi(b) * x[2].powi(c)).sum();
            assert!((got - line(a) * line(b) * line(c)).abs() < 1e-14, "{a} {b} {c}: {got}");
        }
    }

    #[test]
    fn collapsed_rules_integrate_fifth_degree_monomials() {
        for (a, b, c) in [(5, 0, 0), (2, 2, 1), (1, 0, 4), (4, 0, 0), (2, 1, 1)] {
            let q: f64 = tetrahedron_collapsed()
                .iter()
                .map(|(x, w)| w * x[0].powi(a) * x[1].powi(b) * x[2].powi(c))
                .sum();
            assert!((q - simplex(&[a, b, c])).abs() < 1e-15, "{a} {b} {c}");
        }
    }
}
