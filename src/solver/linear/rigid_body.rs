//! The motions that an elastic body without supports does not resist.

use super::Pattern;
use crate::parallel::Comm;
use petsc_rs::Vector;

/// Three translations and three rotations about the centroid, zero at prescribed unknowns. Rotation about x moves
/// (x, y, z) by (0, -z, y), and so on in turn.
///
/// # Collective
pub(super) fn modes(comm: &Comm, p: &Pattern<'_>, like: &Vector) -> petsc_rs::Result<Vec<Vector>> {
    let mut sums = [0.0; 4];
    for x in p.coordinates {
        (0..3).for_each(|d| sums[d] += x[d]);
        sums[3] += 1.0;
    }
    comm.sum(&mut sums);
    let centre: [f64; 3] = std::array::from_fn(|d| sums[d] / f64::max(sums[3], 1.0));
    let mut modes = Vec::with_capacity(6);
    for mode in 0..6 {
        let mut v = like.duplicate()?;
        v.with_array_mut(|a| {
            for ((u, x), held) in a.chunks_exact_mut(3).zip(p.coordinates).zip(p.constrained.chunks_exact(3))
            {
                let x: [f64; 3] = std::array::from_fn(|d| x[d] - centre[d]);
                let motion = match mode {
                    3 => [0.0, -x[2], x[1]],
                    4 => [x[2], 0.0, -x[0]],
                    5 => [-x[1], x[0], 0.0],
                    d => std::array::from_fn(|c| if c == d { 1.0 } else { 0.0 }),
                };
                for d in 0..3 {
                    u[d] = if held[d] { 0.0 } else { motion[d] };
                }
            }
        })?;
        modes.push(v);
    }
    Ok(modes)
}
