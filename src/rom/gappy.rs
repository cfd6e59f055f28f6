//! Gappy reconstruction: the coefficients of a basis that fit a field best at a few points (Everson, Sirovich, JOSA A
//! 12, 1995): `min_c ||B_z c - q_z||`, with `B_z` (`n_z x m`) the basis at the points.
//!
//! The rows stay on the ranks that own the points. The factors are made once; a fit is one product with this rank's
//! rows, one sum over ranks of `m + 1` numbers and a product with an `m x m` matrix. No allocation in a fit.

use super::dense::{axpy, dot, to_column_major};
use crate::error::Error;
use crate::parallel::Comm;
use faer::MatRef;

/// Why a basis cannot be fitted at these points.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GappyError {
    /// Fewer independent rows than modes.
    #[error(
        "the {modes} modes of a dual basis have only {rank} independent rows at its {rows} points (smallest over \
         largest singular value {ratio:.1e}); add points (QDEIM) or keep fewer modes"
    )]
    Deficient {
        /// Columns of `B_z`.
        modes: usize,
        /// Rows of `B_z`, all ranks.
        rows: usize,
        /// Numerical rank.
        rank: usize,
        /// Smallest over largest singular value.
        ratio: f64,
    },
    /// A NaN or infinity in `B_z`, or a decomposition that did not converge.
    #[error(
        "the dual basis at the reduced points has a value that is not a finite number (row {row}); rebuild the basis"
    )]
    NotFinite {
        /// First such row, in rank order.
        row: usize,
    },
    /// A length that does not fit.
    #[error(
        "{values} basis values cannot be rows of {modes} modes; the arrays of this model do not fit together"
    )]
    Shape {
        /// Length of the slice on the lowest rank where it does not fit.
        values: usize,
        /// Number of modes.
        modes: usize,
    },
}

impl From<GappyError> for Error {
    fn from(e: GappyError) -> Error {
        Error::run(e.to_string())
    }
}

/// Residual of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// `||B_z c - q_z||`, the unit of q.
    pub absolute: f64,
    /// `||q_z||`, the unit of q.
    pub norm: f64,
}

impl Residual {
    /// `||B_z c - q_z|| / max(||q_z||, floor)`; 0 where both vanish. `floor` in the unit of q.
    pub fn relative(&self, floor: f64) -> f64 {
        let scale = self.norm.max(floor);
        if scale > 0.0 { self.absolute / scale } else { 0.0 }
    }
}

/// The factors of one basis at the points of all ranks.
#[derive(Debug, Clone)]
pub struct Gappy {
    modes: usize,
    rows: usize,
    /// This rank's rows of `B_z`, row-major.
    basis: Vec<f64>,
    /// This rank's rows of the orthonormal factor Q of `B_z = Q R`, row-major.
    q: Vec<f64>,
    /// `R^-1`, row-major.
    r_inverse: Vec<f64>,
    condition: f64,
}

/// Buffers of a fit.
#[derive(Debug, Clone)]
pub struct Workspace {
    send: Vec<f64>,
    receive: Vec<f64>,
}

impl Gappy {
    /// Factors `B_z`, given by this rank's rows `basis` (row-major, `n_local x modes`). All ranks gather the small
    /// matrix once, then keep their own rows of Q.
    ///
    /// # Errors
    /// [`GappyError`], the same on every rank.
    ///
    /// # Collective
    /// `modes` must agree; a rank may have no rows.
    pub fn new(comm: &Comm, basis: &[f64], modes: usize) -> Result<Gappy, GappyError> {
        let fits = if modes == 0 { basis.is_empty() } else { basis.len().is_multiple_of(modes) };
        let misfit = comm.min_u64(if fits { u64::MAX } else { basis.len() as u64 });
        if misfit != u64::MAX {
            return Err(GappyError::Shape { values: misfit as usize, modes });
        }
        let (all, counts) = comm.all_gather(basis);
        if modes == 0 {
            let empty = Vec::new;
            return Ok(Gappy {
                modes,
                rows: 0,
                basis: empty(),
                q: empty(),
                r_inverse: empty(),
                condition: 1.0,
            });
        }
        let rows = all.len() / modes;
        if let Some(at) = all.iter().position(|x| !x.is_finite()) {
            return Err(GappyError::NotFinite { row: at / modes });
        }
        let b = MatRef::from_row_major_slice(&all, rows, modes);
        let singular = match b.thin_svd() {
            Ok(svd) => (0..rows.min(modes)).map(|k| svd.S()[k]).collect::<Vec<f64>>(),
            Err(_) => return Err(GappyError::NotFinite { row: 0 }),
        };
        let largest = singular.first().copied().unwrap_or(0.0);
        let floor = largest * f64::EPSILON * rows.max(modes) as f64;
        let rank = singular.iter().filter(|s| **s > floor).count();
        if rank < modes {
            let smallest = if rows < modes { 0.0 } else { singular[modes - 1] };
            let ratio = if largest > 0.0 { smallest / largest } else { 0.0 };
            return Err(GappyError::Deficient { modes, rows, rank, ratio });
        }
        let qr = b.qr();
        let q = qr.compute_thin_Q();
        let r = to_column_major(qr.thin_R());
        let first = counts[..comm.rank()].iter().sum::<usize>() / modes;
        let mine = basis.len() / modes;
        let q = (first..first + mine).flat_map(|k| (0..modes).map(move |i| (k, i))).map(|e| q[e]).collect();
        Ok(Gappy {
            modes,
            rows,
            basis: basis.to_vec(),
            q,
            r_inverse: upper_inverse(&r, modes),
            condition: largest / singular[modes - 1],
        })
    }

    /// Number of modes m.
    pub fn modes(&self) -> usize {
        self.modes
    }

    /// Number of rows of `B_z`, all ranks.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of rows of this rank.
    pub fn local_rows(&self) -> usize {
        self.basis.len().checked_div(self.modes).unwrap_or(0)
    }

    /// Condition number of `B_z` in the Euclidean norm: amplification of the noise of q.
    pub fn condition(&self) -> f64 {
        self.condition
    }

    /// Buffers for [`Gappy::coefficients`].
    pub fn workspace(&self) -> Workspace {
        Workspace { send: vec![0.0; self.modes + 1], receive: vec![0.0; self.modes + 1] }
    }

    /// The best coefficients `c` (length m, the same on every rank) for the values `q_z` at this rank's rows.
    ///
    /// One sum over ranks of `m + 1` numbers gives both `c` and the residual by Pythagoras; where the residual is
    /// below 1e-6 of the norm, cancellation would show, and a second sum of one number gives it from the differences.
    ///
    /// # Panics
    /// If `q_z` has not this rank's number of rows, or `c` not m entries.
    ///
    /// # Collective
    pub fn coefficients(&self, comm: &Comm, q_z: &[f64], c: &mut [f64], work: &mut Workspace) -> Residual {
        assert_eq!(q_z.len(), self.local_rows(), "one value per row of this rank");
        assert_eq!(c.len(), self.modes, "one coefficient per mode");
        let m = self.modes;
        if m == 0 {
            return Residual { absolute: 0.0, norm: 0.0 };
        }
        work.send.fill(0.0);
        for (row, &value) in self.q.chunks_exact(m).zip(q_z) {
            axpy(value, row, &mut work.send[..m]);
        }
        work.send[m] = dot(q_z, q_z);
        comm.sum_into(&work.send, &mut work.receive);
        let (projected, square) = (&work.receive[..m], work.receive[m]);
        for (c, row) in c.iter_mut().zip(self.r_inverse.chunks_exact(m)) {
            *c = dot(row, projected);
        }
        let mut rest = square - dot(projected, projected);
        if rest <= 1e-12 * square {
            let local: f64 =
                self.basis.chunks_exact(m).zip(q_z).map(|(row, &value)| (dot(row, c) - value).powi(2)).sum();
            rest = comm.sum1(local);
        }
        Residual { absolute: rest.max(0.0).sqrt(), norm: square.sqrt() }
    }

    /// The misfit `B_z c - q_z` at this rank's rows.
    ///
    /// # Panics
    /// If `q_z` or `out` has not this rank's number of rows.
    pub fn misfit(&self, q_z: &[f64], c: &[f64], out: &mut [f64]) {
        assert_eq!(
            (q_z.len(), out.len()),
            (self.local_rows(), self.local_rows()),
            "one value per row of this rank"
        );
        let rows = self.basis.chunks_exact(self.modes.max(1));
        for ((row, value), out) in rows.zip(q_z).zip(out) {
            *out = dot(row, c) - value;
        }
    }
}

/// Inverse (row-major) of an upper triangular matrix (column-major, `n x n`, non-zero diagonal).
fn upper_inverse(r: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for j in 0..n {
        inverse[j * n + j] = 1.0 / r[j * n + j];
        for i in (0..j).rev() {
            let s: f64 = (i + 1..=j).map(|k| r[k * n + i] * inverse[k * n + j]).sum();
            inverse[i * n + j] = -s / r[i * n + i];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn basis(rows: usize, m: usize) -> Vec<f64> {
        (0..rows * m).map(|e| ((e / m) as f64 * 0.7 * ((e % m) as f64 + 1.0)).cos()).collect()
    }

    proptest! {
        #[test]
        fn a_field_of_the_basis_is_reproduced_with_a_residual_of_rounding(
            c0 in prop::collection::vec(-10.0..10.0f64, 4)
        ) {
            let comm = Comm::serial();
            let b = basis(12, 4);
            let gappy = Gappy::new(&comm, &b, 4).unwrap();
            let q: Vec<f64> = b.chunks(4).map(|row| dot(row, &c0)).collect();
            let mut c = vec![0.0; 4];
            let residual = gappy.coefficients(&comm, &q, &mut c, &mut gappy.workspace());
            for (x, y) in c.iter().zip(&c0) {
                prop_assert!((x - y).abs() < 1e-10);
            }
            prop_assert!(residual.relative(0.0) < 1e-13);
        }

        #[test]
        fn the_residual_is_orthogonal_to_the_basis(q in prop::collection::vec(-1.0..1.0f64, 12)) {
            let comm = Comm::serial();
            let b = basis(12, 4);
            let gappy = Gappy::new(&comm, &b, 4).unwrap();
            let mut c = vec![0.0; 4];
            let residual = gappy.coefficients(&comm, &q, &mut c, &mut gappy.workspace());
            let r: Vec<f64> = b.chunks(4).zip(&q).map(|(row, q)| dot(row, &c) - q).collect();
            for i in 0..4 {
                let g: f64 = r.iter().zip(b.chunks(4)).map(|(r, row)| r * row[i]).sum();
                prop_assert!(g.abs() < 1e-12);
            }
            prop_assert!((residual.absolute - dot(&r, &r).sqrt()).abs() < 1e-12);
        }
    }

    #[test]
    fn a_basis_without_enough_independent_rows_is_refused_with_its_numbers() {
        let comm = Comm::serial();
        match Gappy::new(&comm, &basis(3, 4), 4) {
            Err(GappyError::Deficient { modes: 4, rows: 3, rank: 3, .. }) => (),
            other => panic!("{other:?}"),
        }
        match Gappy::new(&comm, &[1.0, 2.0, 2.0, 4.0, 3.0, 6.0], 2) {
            Err(GappyError::Deficient { modes: 2, rows: 3, rank: 1, .. }) => (),
            other => panic!("{other:?}"),
        }
        assert!(matches!(Gappy::new(&comm, &[1.0, f64::NAN], 1), Err(GappyError::NotFinite { row: 1 })));
        assert!(matches!(Gappy::new(&comm, &[1.0; 5], 2), Err(GappyError::Shape { values: 5, modes: 2 })));
    }

    #[test]
    fn the_condition_number_of_orthonormal_rows_is_one() {
        let gappy = Gappy::new(&Comm::serial(), &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 2).unwrap();
        assert!((gappy.condition() - 1.0).abs() < 1e-14);
        assert_eq!((gappy.rows(), gappy.local_rows(), gappy.modes()), (3, 3, 2));
    }

    #[test]
    fn a_zero_field_has_zero_coefficients_and_no_error() {
        let comm = Comm::serial();
        let gappy = Gappy::new(&comm, &basis(6, 2), 2).unwrap();
        let mut c = vec![1.0; 2];
        let residual = gappy.coefficients(&comm, &[0.0; 6], &mut c, &mut gappy.workspace());
        assert_eq!(c, vec![0.0; 2]);
        assert_eq!(residual.relative(0.0), 0.0);
    }
}
