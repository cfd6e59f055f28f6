//! Utility routines that UMATs expect of the program around them, under the names that Fortran compilers give them.
//!
//! Tensors: direct components, then shears in the order 12, 13, 23; strains (LSTR = 2) with engineering shears. Formulas
//! and interfaces are those of Abaqus' documentation (User Subroutines Reference, "Obtaining stress invariants,
//! principal stress/strain values and directions, and rotating tensors").
//!
//! They are found by a library because the program exports them (`build.rs`).

use std::ffi::c_char;

use nalgebra::{Matrix3, SymmetricEigen};

use super::{exit, host};

/// Exit code of an isolated process that called XIT.
pub(super) const XIT: i32 = 97;

/// Positions of the shear components.
const SHEARS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// A tensor as a matrix.
///
/// # Safety
/// `t` must hold `ndi + nshr` values.
unsafe fn matrix(t: *const f64, ndi: i32, nshr: i32, strain: bool) -> Matrix3<f64> {
    let (direct, shears) = counts(ndi, nshr);
    let half = if strain { 0.5 } else { 1.0 };
    let mut m = Matrix3::zeros();
    for i in 0..direct {
        // SAFETY: the caller's.
        m[(i, i)] = unsafe { *t.add(i) };
    }
    for (k, &(i, j)) in SHEARS.iter().enumerate().take(shears) {
        // SAFETY: the caller's.
        m[(i, j)] = half * unsafe { *t.add(direct + k) };
        m[(j, i)] = m[(i, j)];
    }
    m
}

fn counts(ndi: i32, nshr: i32) -> (usize, usize) {
    (ndi.clamp(0, 3) as usize, nshr.clamp(0, 3) as usize)
}

/// Principal values, largest first, and their directions as columns.
fn principal(m: Matrix3<f64>) -> ([f64; 3], [[f64; 3]; 3]) {
    if !m.iter().all(|x| x.is_finite()) {
        return ([f64::NAN; 3], [[f64::NAN; 3]; 3]);
    }
    let eigen = SymmetricEigen::new(m);
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let direction = |k: usize| std::array::from_fn(|i| eigen.eigenvectors[(i, k)]);
    (order.map(|k| eigen.eigenvalues[k]), order.map(direction))
}

/// `SINV(STRESS, SINV1, SINV2, NDI, NSHR)`: `tr(sig) / 3` and `sqrt(3/2 s:s)`.
///
/// # Safety
/// The pointers are those of the interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinv_(
    stress: *const f64,
    sinv1: *mut f64,
    sinv2: *mut f64,
    ndi: *const i32,
    nshr: *const i32,
) {
    // SAFETY: as the interface says.
    unsafe {
        let m = matrix(stress, *ndi, *nshr, false);
        let mean = m.trace() / 3.0;
        let s = m - Matrix3::from_diagonal_element(mean);
        *sinv1 = mean;
        *sinv2 = (1.5 * s.norm_squared()).sqrt();
    }
}

/// `SPRINC(S, PS, LSTR, NDI, NSHR)`: principal values, largest first.
///
/// # Safety
/// The pointers are those of the interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprinc_(
    s: *const f64,
    ps: *mut f64,
    lstr: *const i32,
    ndi: *const i32,
    nshr: *const i32,
) {
    // SAFETY: as the interface says.
    unsafe {
        let (values, _) = principal(matrix(s, *ndi, *nshr, *lstr == 2));
        ps.copy_from_nonoverlapping(values.as_ptr(), 3);
    }
}

/// `SPRIND(S, PS, AN, LSTR, NDI, NSHR)`: principal values, largest first; `AN(K, I)` is component I of the direction of
/// `PS(K)`.
///
/// # Safety
/// The pointers are those of the interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprind_(
    s: *const f64,
    ps: *mut f64,
    an: *mut f64,
    lstr: *const i32,
    ndi: *const i32,
    nshr: *const i32,
) {
    // SAFETY: as the interface says.
    unsafe {
        let (values, directions) = principal(matrix(s, *ndi, *nshr, *lstr == 2));
        ps.copy_from_nonoverlapping(values.as_ptr(), 3);
        for (k, direction) in directions.iter().enumerate() {
            for (i, x) in direction.iter().enumerate() {
                *an.add(k + 3 * i) = *x;
            }
        }
    }
}

/// `ROTSIG(S, R, SPRIME, LSTR, NDI, NSHR)`: `S' = R S R^T`, `R(I, J)` column-major.
///
/// # Safety
/// The pointers are those of the interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rotsig_(
    s: *const f64,
    r: *const f64,
    sprime: *mut f64,
    lstr: *const i32,
    ndi: *const i32,
    nshr: *const i32,
) {
    // SAFETY: as the interface says.
    unsafe {
        let strain = *lstr == 2;
        let rotation = Matrix3::from_column_slice(std::slice::from_raw_parts(r, 9));
        let turned = rotation * matrix(s, *ndi, *nshr, strain) * rotation.transpose();
        let (direct, shears) = counts(*ndi, *nshr);
        for i in 0..direct {
            *sprime.add(i) = turned[(i, i)];
        }
        for (k, &(i, j)) in SHEARS.iter().enumerate().take(shears) {
            *sprime.add(direct + k) = if strain { 2.0 } else { 1.0 } * turned[(i, j)];
        }
    }
}

/// `XIT`: ends the run.
#[unsafe(no_mangle)]
pub extern "C" fn xit_() {
    exit::xit()
}

/// A text into a Fortran string, filled up with blanks, and its length.
///
/// # Safety
/// `to` must have room for `room` bytes, `length` for an integer.
unsafe fn give(text: &str, to: *mut c_char, length: *mut i32, room: usize) {
    let n = text.len().min(room);
    // SAFETY: the caller's.
    unsafe {
        to.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), n);
        to.add(n).write_bytes(b' ', room - n);
        *length = i32::try_from(n).unwrap_or(i32::MAX);
    }
}

/// `GETOUTDIR(OUTDIR, LENOUTDIR)`: the folder that the program runs in.
///
/// # Safety
/// The pointers are those of the interface; the last argument is the length of the string, which Fortran passes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getoutdir_(outdir: *mut c_char, length: *mut i32, room: usize) {
    let folder = std::env::current_dir().unwrap_or_default();
    // SAFETY: as the interface says.
    unsafe { give(&folder.to_string_lossy(), outdir, length, room) }
}

/// `GETJOBNAME(JOBNAME, LENJOBNAME)`: `ferrom`.
///
/// # Safety
/// As [`getoutdir_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getjobname_(jobname: *mut c_char, length: *mut i32, room: usize) {
    // SAFETY: as the interface says.
    unsafe { give("ferrom", jobname, length, room) }
}

fn integer(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// `GETRANK(KPROCESSNUM)`: the rank of the program.
///
/// # Safety
/// The pointer is that of the interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrank_(rank: *mut i32) {
    // SAFETY: as the interface says.
    unsafe { *rank = integer(host::get().rank) }
}

/// `GETNUMCPUS(NUMPROCESSES)`: the number of ranks.
///
/// # Safety
/// The pointer is that of the interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getnumcpus_(count: *mut i32) {
    // SAFETY: as the interface says.
    unsafe { *count = integer(host::get().ranks) }
}

/// `GET_THREAD_ID()`: 0, a rank has one thread.
#[unsafe(no_mangle)]
pub extern "C" fn get_thread_id_() -> i32 {
    0
}

/// Keeps the routines in programs that nothing else of them is used in.
#[derive(Debug)]
struct Exported(#[allow(dead_code, reason = "its being there is its use")] *const ());

// SAFETY: an address.
unsafe impl Sync for Exported {}

#[used]
static EXPORTED: [Exported; 10] = [
    Exported(sinv_ as *const ()),
    Exported(sprinc_ as *const ()),
    Exported(sprind_ as *const ()),
    Exported(rotsig_ as *const ()),
    Exported(xit_ as *const ()),
    Exported(getoutdir_ as *const ()),
    Exported(getjobname_ as *const ()),
    Exported(getrank_ as *const ()),
    Exported(getnumcpus_ as *const ()),
    Exported(get_thread_id_ as *const ()),
];
