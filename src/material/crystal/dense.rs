//! Elimination for the few unknowns of a sub-step.

use super::parameters::MAX_SYSTEMS;

/// Solves `matrix x = right` for the leading `n` rows by elimination with row pivoting; x replaces `right`. `None` for a
/// singular matrix.
pub(super) fn eliminate<const COLUMNS: usize>(
    n: usize,
    matrix: &mut [[f64; MAX_SYSTEMS]; MAX_SYSTEMS],
    right: &mut [[f64; COLUMNS]; MAX_SYSTEMS],
) -> Option<()> {
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| matrix[i][k].abs().total_cmp(&matrix[j][k].abs()))?;
        if matrix[pivot][k] == 0.0 {
            return None;
        }
        matrix.swap(k, pivot);
        right.swap(k, pivot);
        let (row, row_right) = (matrix[k], right[k]);
        for i in k + 1..n {
            let factor = matrix[i][k] / row[k];
            if factor != 0.0 {
                (k..n).for_each(|j| matrix[i][j] -= factor * row[j]);
                (0..COLUMNS).for_each(|c| right[i][c] -= factor * row_right[c]);
            }
        }
    }
    for k in (0..n).rev() {
        for c in 0..COLUMNS {
            let sum: f64 = (k + 1..n).map(|j| matrix[k][j] * right[j][c]).sum();
            right[k][c] = (right[k][c] - sum) / matrix[k][k];
        }
    }
    Some(())
}
