//! Symmetric second-order tensors as six numbers in the order 11, 22, 33, 12, 23, 31, with plain shears.

use super::LawError;

/// A symmetric tensor with plain shears.
pub(crate) type Sym = [f64; 6];

/// Rows and columns of the six components.
pub(crate) const INDEX: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)];

/// The six values that start at `offset`.
#[inline]
pub(crate) fn six(values: &[f64], offset: usize) -> Sym {
    let v = &values[offset..offset + 6];
    [v[0], v[1], v[2], v[3], v[4], v[5]]
}

/// `c v` for a row-major 6 x 6 matrix: stress of a strain with engineering shears.
#[inline]
pub(crate) fn apply(c: &[f64; 36], v: &Sym) -> Sym {
    std::array::from_fn(|i| (0..6).map(|j| c[6 * i + j] * v[j]).sum())
}

/// A rotation: row `i` is material axis `i` in global coordinates.
pub type Axes = [[f64; 3]; 3];

/// Axes that a user typed, made exactly orthonormal.
///
/// # Errors
/// [`LawError::Range`] where they are further than 1e-3 from a rotation.
pub(crate) fn orthonormal(axes: &Axes) -> Result<Axes, LawError> {
    let dot = |a: &[f64; 3], b: &[f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let cross = |a: &[f64; 3], b: &[f64; 3]| {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    };
    let unit = |a: [f64; 3]| a.map(|x| x / dot(&a, &a).sqrt());
    let first = unit(axes[0]);
    let along = dot(&axes[1], &first);
    let second = unit(std::array::from_fn(|i| axes[1][i] - along * first[i]));
    let result = [first, second, cross(&first, &second)];
    let off = |i: usize, j: usize| (axes[i][j] - result[i][j]).abs();
    let worst =
        (0..9).map(|k| off(k / 3, k % 3)).fold(0.0, |m: f64, x| if x > m || x.is_nan() { x } else { m });
    if worst <= 1e-3 {
        Ok(result)
    } else {
        Err(LawError::Range {
            name: "axes".to_owned(),
            value: worst,
            rule: "its rows must be three orthonormal vectors, right-handed, to 1e-3".to_owned(),
        })
    }
}

/// The matrix that takes strains with engineering shears from global to material axes, row-major 6 x 6. A stiffness
/// in material axes becomes `T' C T` in global ones.
fn strain_rotation(axes: &Axes) -> [f64; 36] {
    let mut t = [0.0; 36];
    for (row, &(i, j)) in INDEX.iter().enumerate() {
        for (column, &(k, l)) in INDEX.iter().enumerate() {
            let (half, twice) = (if column < 3 { 1.0 } else { 0.5 }, if row < 3 { 1.0 } else { 2.0 });
            let sum = axes[i][k] * axes[j][l] + if k == l { 0.0 } else { axes[i][l] * axes[j][k] };
            t[6 * row + column] = twice * half * sum;
        }
    }
    t
}

/// A stiffness given in material axes, in global ones.
pub(crate) fn rotate_stiffness(axes: &Axes, c: &[f64; 36]) -> [f64; 36] {
    let t = strain_rotation(axes);
    let mut ct = [0.0; 36];
    for i in 0..6 {
        for j in 0..6 {
            ct[6 * i + j] = (0..6).map(|k| c[6 * i + k] * t[6 * k + j]).sum();
        }
    }
    let mut result = [0.0; 36];
    for i in 0..6 {
        for j in 0..6 {
            result[6 * i + j] = (0..6).map(|k| t[6 * k + i] * ct[6 * k + j]).sum();
        }
    }
    result
}
