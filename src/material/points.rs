//! What laws share that take several points at once: reading, tensors, the isotropic elastic trial, writing.

use pulp::Simd;

use super::coefficient::Tables;
use super::lanes::{Lanes, MOST_LANES};
use super::{Input, Output};

/// The point of every lane; lanes beyond [`Lanes::COUNT`] are not looked at, two lanes may hold the same point.
pub(super) type Index = [usize; MOST_LANES];

/// Components 11, 22, 33, 12, 23, 31 with plain shears.
pub(super) type Tensor<S> = [Lanes<S>; 6];

/// `f(k)` for every component.
#[inline(always)]
pub(super) fn tensor<T>(mut f: impl FnMut(usize) -> T) -> [T; 6] {
    [f(0), f(1), f(2), f(3), f(4), f(5)]
}

/// The double contraction `a : b`.
#[inline(always)]
pub(super) fn contract<S: Simd>(a: &Tensor<S>, b: &Tensor<S>) -> Lanes<S> {
    let normal = a[2].mul_add(b[2], a[1].mul_add(b[1], a[0] * b[0]));
    let shear = a[5].mul_add(b[5], a[4].mul_add(b[4], a[3] * b[3]));
    (shear * 2.0) + normal
}

/// Value `i` of the `width` values of every point.
#[inline(always)]
pub(super) fn read<S: Simd>(simd: S, values: &[f64], width: usize, i: usize, index: &Index) -> Lanes<S> {
    Lanes::each(
        simd,
        #[inline(always)]
        |l| values[width * index[l] + i],
    )
}

/// Sets value `i` of the `width` values of every point.
#[inline(always)]
pub(super) fn write<S: Simd>(values: &mut [f64], width: usize, i: usize, index: &Index, new: Lanes<S>) {
    let new = new.to_array();
    for l in 0..Lanes::<S>::COUNT {
        values[width * index[l] + i] = new[l];
    }
}

/// Coefficients at some temperatures, in the order of `tables`.
#[inline(always)]
pub(super) fn coefficients<S: Simd>(
    tables: &Tables,
    temperature: &[f64; MOST_LANES],
    values: &mut [Lanes<S>],
) {
    for l in 0..Lanes::<S>::COUNT {
        tables.at(
            temperature[l],
            #[inline(always)]
            |i, value| values[i].set(l, value),
        );
    }
}

/// Isotropic elasticity of some points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moduli<S: Simd> {
    /// Bulk modulus.
    pub(super) kappa: Lanes<S>,
    /// Shear modulus.
    pub(super) mu: Lanes<S>,
}

impl<S: Simd> Moduli<S> {
    /// From Young's modulus and Poisson's ratio.
    #[inline(always)]
    pub(super) fn new(young: Lanes<S>, poisson: Lanes<S>) -> Moduli<S> {
        let one = young.splat(1.0);
        Moduli { kappa: young / ((one - poisson * 2.0) * 3.0), mu: young / ((one + poisson) * 2.0) }
    }

    /// Mean and deviatoric stress of points whose inelastic strain is `evp`.
    #[inline(always)]
    pub(super) fn trial(&self, input: &Input, index: &Index, evp: &Tensor<S>) -> (Lanes<S>, Tensor<S>) {
        let simd = self.mu.simd();
        let elastic: Tensor<S> = tensor(
            #[inline(always)]
            |k| read(simd, input.strain, 6, k, index) * if k < 3 { 1.0 } else { 0.5 } - evp[k],
        );
        let trace = elastic[0] + elastic[1] + elastic[2];
        let mean = trace * (1.0 / 3.0);
        let two_mu = self.mu * 2.0;
        let stress = tensor(
            #[inline(always)]
            |k| two_mu * if k < 3 { elastic[k] - mean } else { elastic[k] },
        );
        (self.kappa * trace, stress)
    }
}

/// Sets the stress of every point from its mean and its deviator.
#[inline(always)]
pub(super) fn write_stress<S: Simd>(
    output: &mut Output,
    index: &Index,
    mean: Lanes<S>,
    deviator: &Tensor<S>,
) {
    for k in 0..6 {
        write(output.stress, 6, k, index, if k < 3 { deviator[k] + mean } else { deviator[k] });
    }
}

/// Sets the tangent of every point, where asked for: isotropic with moduli `kappa` and `mu`, plus `row (x) n`.
#[inline(always)]
pub(super) fn write_tangent<S: Simd>(
    output: &mut Output,
    index: &Index,
    moduli: Moduli<S>,
    more: Option<(Tensor<S>, Tensor<S>)>,
) {
    let Some(tangent) = output.tangent.as_deref_mut() else { return };
    let off = (moduli.kappa - moduli.mu * (2.0 / 3.0)).to_array();
    let mu = moduli.mu.to_array();
    let more = more.map(
        #[inline(always)]
        |(row, n)| {
            (
                tensor(
                    #[inline(always)]
                    |k| row[k].to_array(),
                ),
                tensor(
                    #[inline(always)]
                    |k| n[k].to_array(),
                ),
            )
        },
    );
    for l in 0..Lanes::<S>::COUNT {
        let out = &mut tangent[36 * index[l]..36 * index[l] + 36];
        let isotropic = |i: usize, j: usize| match (i < 3 && j < 3, i == j) {
            (true, true) => off[l] + 2.0 * mu[l],
            (true, false) => off[l],
            (false, true) => mu[l],
            (false, false) => 0.0,
        };
        for i in 0..6 {
            for j in 0..6 {
                let product = more.as_ref().map_or(
                    0.0,
                    #[inline(always)]
                    |(row, n)| row[i][l] * n[j][l],
                );
                out[6 * i + j] = isotropic(i, j) + product;
            }
        }
    }
}
