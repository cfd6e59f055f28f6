//! From values at the corners of an element back to its integration points, and from the system of an element or node to
//! the global one.
//!
//! Ansys stores what its 2 x 2 x 2 points have at the corners, either copied from the nearest point or extrapolated by the
//! trilinear functions through the points: `corner_i = sum_j prod_c (1 + sqrt(3) s_ic s_jc) / 8 * point_j`. Its inverse is
//! the trilinear interpolation at the points, `point_j = sum_i prod_c (1 + s_ic s_jc / sqrt(3)) / 8 * corner_i`.

use crate::fem::reference::HEX_VERTICES;

/// Corner nearest to each integration point, in the order of points of `docs/conventions.md`.
const NEAREST: [usize; 8] = [0, 1, 3, 2, 4, 5, 7, 6];

/// Values at the 8 points of a hexahedron (`8 x N`) from those at its corners, which were `copied` or extrapolated.
pub(super) fn from_corners<const N: usize>(corners: &[[f64; N]; 8], copied: bool) -> [[f64; N]; 8] {
    std::array::from_fn(|point| {
        let own = NEAREST[point];
        if copied {
            return corners[own];
        }
        let mut value = [0.0; N];
        for (corner, signs) in corners.iter().zip(HEX_VERTICES) {
            let weight: f64 =
                (0..3).map(|c| 1.0 + signs[c] * HEX_VERTICES[own][c] / 3f64.sqrt()).product::<f64>() / 8.0;
            value.iter_mut().zip(corner).for_each(|(v, x)| *v += weight * x);
        }
        value
    })
}

/// Rotation `Rz(xy) Rx(yz) Ry(zx)`, angles in degrees: what it is applied to comes out in global axes.
pub(super) fn rotation(angles: [f64; 3]) -> [[f64; 3]; 3] {
    let [(sz, cz), (sx, cx), (sy, cy)] = angles.map(|a| a.to_radians().sin_cos());
    let z = [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]];
    let x = [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]];
    let y = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]];
    product(&product(&z, &x), &y)
}

/// A vector in global axes.
pub(super) fn rotate(q: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    q.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
}

/// A symmetric tensor (11 22 33 12 23 31, plain shears) in global axes.
pub(super) fn rotate_tensor(q: &[[f64; 3]; 3], t: [f64; 6]) -> [f64; 6] {
    let full = [[t[0], t[3], t[5]], [t[3], t[1], t[4]], [t[5], t[4], t[2]]];
    let transposed = std::array::from_fn(|i| std::array::from_fn(|j| q[j][i]));
    let g = product(&product(q, &full), &transposed);
    [g[0][0], g[1][1], g[2][2], g[0][1], g[1][2], g[2][0]]
}

fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trilinear_field_comes_back_at_the_points() {
        let field = |x: [f64; 3]| [1.0 + x[0] - 2.0 * x[1] + 3.0 * x[2] + x[0] * x[1] * x[2]];
        let corners = HEX_VERTICES.map(field);
        let g = 1.0 / 3f64.sqrt();
        let points = from_corners(&corners, false);
        for (p, point) in points.iter().enumerate() {
            // first axis fastest, third slowest
            let at = std::array::from_fn(|c| if p >> c & 1 == 1 { g } else { -g });
            assert!((point[0] - field(at)[0]).abs() < 1e-14);
        }
        assert_eq!(from_corners(&corners, true).map(|p| p[0]), NEAREST.map(|i| corners[i][0]));
    }

    /// Each angle alone turns about its axis by the right-hand rule; the innermost turn is about y.
    #[test]
    fn nodal_axes_turn_about_z_then_x_then_y() {
        let close = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15);
        assert!(close(rotate(&rotation([90.0, 0.0, 0.0]), [1.0, 0.0, 0.0]), [0.0, 1.0, 0.0]));
        assert!(close(rotate(&rotation([0.0, 90.0, 0.0]), [0.0, 1.0, 0.0]), [0.0, 0.0, 1.0]));
        assert!(close(rotate(&rotation([0.0, 0.0, 90.0]), [0.0, 0.0, 1.0]), [1.0, 0.0, 0.0]));
        // z -> x by y, then x stays by x, then x -> y by z
        assert!(close(rotate(&rotation([90.0, 90.0, 90.0]), [0.0, 0.0, 1.0]), [0.0, 1.0, 0.0]));
        let (q, t) = (rotation([10.0, 20.0, 30.0]), [1.0, 2.0, 3.0, 0.4, 0.5, 0.6]);
        let turned = rotate_tensor(&q, t);
        let norm =
            |t: [f64; 6]| t.iter().zip([1.0, 1.0, 1.0, 2.0, 2.0, 2.0]).map(|(x, w)| w * x * x).sum::<f64>();
        assert!(
            (norm(turned) - norm(t)).abs() < 1e-14 && (turned[..3].iter().sum::<f64>() - 6.0).abs() < 1e-14
        );
    }
}
