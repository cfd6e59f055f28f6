//! Several integration points in the lanes of a vector register: arithmetic, choice by mask, exp and ln.
//!
//! Every lane is computed alike and alone, so the result of a point does not depend on its neighbours. Functions that use
//! lanes, and closures too, are always inlined into code that `pulp` has compiled for the processor: the instructions of a
//! function of its own would be calls.

use pulp::bytemuck::{cast_slice, cast_slice_mut, pod_read_unaligned};
use pulp::{Arch, Simd, WithSimd};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Most lanes of any instruction set.
pub(super) const MOST_LANES: usize = 8;

/// Numbers, one per lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes<S: Simd> {
    simd: S,
    v: S::f64s,
}

/// Truth values, one per lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mask<S: Simd> {
    simd: S,
    m: S::m64s,
}

/// Runs `op` for the vector units of this processor.
#[inline]
pub(super) fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    Arch::new().dispatch(op)
}

macro_rules! operator {
    ($trait:ident, $name:ident, $function:ident) => {
        impl<S: Simd> $trait for Lanes<S> {
            type Output = Lanes<S>;
            #[inline(always)]
            fn $name(self, other: Lanes<S>) -> Lanes<S> {
                Lanes { simd: self.simd, v: self.simd.$function(self.v, other.v) }
            }
        }
        impl<S: Simd> $trait<f64> for Lanes<S> {
            type Output = Lanes<S>;
            #[inline(always)]
            fn $name(self, other: f64) -> Lanes<S> {
                self.$name(self.splat(other))
            }
        }
    };
}

operator!(Add, add, add_f64s);
operator!(Sub, sub, sub_f64s);
operator!(Mul, mul, mul_f64s);
operator!(Div, div, div_f64s);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Lanes<S>;
    #[inline(always)]
    fn neg(self) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.neg_f64s(self.v) }
    }
}

impl<S: Simd> BitAnd for Mask<S> {
    type Output = Mask<S>;
    #[inline(always)]
    fn bitand(self, other: Mask<S>) -> Mask<S> {
        Mask { simd: self.simd, m: self.simd.and_m64s(self.m, other.m) }
    }
}

impl<S: Simd> BitOr for Mask<S> {
    type Output = Mask<S>;
    #[inline(always)]
    fn bitor(self, other: Mask<S>) -> Mask<S> {
        Mask { simd: self.simd, m: self.simd.or_m64s(self.m, other.m) }
    }
}

impl<S: Simd> Not for Mask<S> {
    type Output = Mask<S>;
    #[inline(always)]
    fn not(self) -> Mask<S> {
        Mask { simd: self.simd, m: self.simd.not_m64s(self.m) }
    }
}

impl<S: Simd> Mask<S> {
    /// Whether it holds in some lane.
    #[inline(always)]
    pub(super) fn any(self) -> bool {
        self.simd.first_true_m64s(self.m) < S::F64_LANES
    }

    /// `yes` where it holds, else `no`.
    #[inline(always)]
    pub(super) fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.select_f64s(self.m, yes.v, no.v) }
    }
}

impl<S: Simd> Lanes<S> {
    /// Number of lanes.
    pub(super) const COUNT: usize = S::F64_LANES;

    /// The same number in all lanes.
    #[inline(always)]
    pub(super) fn all(simd: S, x: f64) -> Lanes<S> {
        Lanes { simd, v: simd.splat_f64s(x) }
    }

    /// `f(l)` in lane l.
    #[inline(always)]
    pub(super) fn each(simd: S, mut f: impl FnMut(usize) -> f64) -> Lanes<S> {
        let mut values = [0.0; MOST_LANES];
        for l in 0..S::F64_LANES {
            values[l] = f(l);
        }
        Lanes { simd, v: pod_read_unaligned(cast_slice(&values[..S::F64_LANES])) }
    }

    /// The number of every lane; those beyond [`Lanes::COUNT`] are zero.
    #[inline(always)]
    pub(super) fn to_array(self) -> [f64; MOST_LANES] {
        let mut values = [0.0; MOST_LANES];
        values[..S::F64_LANES].copy_from_slice(cast_slice(std::slice::from_ref(&self.v)));
        values
    }

    /// Sets one lane.
    #[inline(always)]
    pub(super) fn set(&mut self, lane: usize, x: f64) {
        cast_slice_mut::<S::f64s, f64>(std::slice::from_mut(&mut self.v))[lane] = x;
    }

    /// The number of the first lane.
    #[inline(always)]
    pub(super) fn first(self) -> f64 {
        cast_slice::<S::f64s, f64>(std::slice::from_ref(&self.v))[0]
    }

    /// What to make other lanes with.
    #[inline(always)]
    pub(super) fn simd(self) -> S {
        self.simd
    }

    /// `x` in all lanes.
    #[inline(always)]
    pub(super) fn splat(self, x: f64) -> Lanes<S> {
        Lanes::all(self.simd, x)
    }

    /// `self other + third`, fused where the processor can.
    #[inline(always)]
    pub(super) fn mul_add(self, other: Lanes<S>, third: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.mul_add_e_f64s(self.v, other.v, third.v) }
    }

    /// `third - self other`, fused where the processor can.
    #[inline(always)]
    pub(super) fn neg_mul_add(self, other: Lanes<S>, third: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.negate_mul_add_e_f64s(self.v, other.v, third.v) }
    }

    #[inline(always)]
    pub(super) fn sqrt(self) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.sqrt_f64s(self.v) }
    }

    #[inline(always)]
    pub(super) fn abs(self) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.abs_f64s(self.v) }
    }

    #[inline(always)]
    pub(super) fn min(self, other: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.min_f64s(self.v, other.v) }
    }

    #[inline(always)]
    pub(super) fn max(self, other: Lanes<S>) -> Lanes<S> {
        Lanes { simd: self.simd, v: self.simd.max_f64s(self.v, other.v) }
    }

    /// Where it is less than `other`; nowhere for NaN, like the comparisons below.
    #[inline(always)]
    pub(super) fn below(self, other: Lanes<S>) -> Mask<S> {
        Mask { simd: self.simd, m: self.simd.less_than_f64s(self.v, other.v) }
    }

    #[inline(always)]
    pub(super) fn at_most(self, other: Lanes<S>) -> Mask<S> {
        Mask { simd: self.simd, m: self.simd.less_than_or_equal_f64s(self.v, other.v) }
    }

    /// `f` on the bits of every lane.
    #[inline(always)]
    fn bits(mut self, f: impl Fn(u64) -> u64) -> Lanes<S> {
        for b in cast_slice_mut::<S::f64s, u64>(std::slice::from_mut(&mut self.v)) {
            *b = f(*b);
        }
        self
    }

    /// `sum_i c_i self^i`, by pairs (Estrin), which do not wait for each other.
    #[inline(always)]
    fn polynomial(self, c: [f64; 12]) -> Lanes<S> {
        let pair = |i: usize| self.splat(c[i + 1]).mul_add(self, self.splat(c[i]));
        let x2 = self * self;
        let x4 = x2 * x2;
        let (low, middle, high) =
            (pair(2).mul_add(x2, pair(0)), pair(6).mul_add(x2, pair(4)), pair(10).mul_add(x2, pair(8)));
        high.mul_add(x4, middle).mul_add(x4, low)
    }

    /// `(2^k, 2^k (e^r - 1))` with `self = k ln 2 + r`, `|r| <= ln 2 / 2`; between -708 and 709.
    #[inline(always)]
    fn exp_parts(self) -> (Lanes<S>, Lanes<S>) {
        // 1.5 2^52: adding it rounds to an integer, which stands in the last bits
        const ROUND: f64 = 6755399441055744.0;
        let x = self.max(self.splat(-708.0)).min(self.splat(709.0));
        let shifted = x.mul_add(x.splat(std::f64::consts::LOG2_E), x.splat(ROUND));
        let k = shifted - ROUND;
        let r = k.neg_mul_add(k.splat(LN_2_LOW), k.neg_mul_add(k.splat(LN_2_HIGH), x));
        // Taylor: r^14 / 14! is 4e-18
        let tail = r.polynomial(INVERSE_FACTORIAL);
        let power = shifted.bits(
            #[inline(always)]
            |b| b.wrapping_add(1023) << 52,
        );
        (power, power * (r * r).mul_add(tail, r))
    }

    /// e to the power of it: to 2 units in the last place between -708 and 709, and the value there beyond.
    #[inline(always)]
    pub(super) fn exp(self) -> Lanes<S> {
        let (power, rest) = self.exp_parts();
        power + rest
    }

    /// `e^x - 1` without cancellation at small x; range as [`Lanes::exp`].
    #[inline(always)]
    pub(super) fn exp_m1(self) -> Lanes<S> {
        let (power, rest) = self.exp_parts();
        (power - 1.0) + rest
    }

    /// Natural logarithm of a normal positive number, to 2 units in the last place.
    #[inline(always)]
    pub(super) fn ln(self) -> Lanes<S> {
        // x = 2^k m with m between sqrt(1/2) and sqrt(2)
        const ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
        const MANTISSA: u64 = (1 << 52) - 1;
        const TWO_52: u64 = 0x4330_0000_0000_0000;
        let k = self.bits(
            #[inline(always)]
            |b| (b.wrapping_sub(ROOT).wrapping_add(1024 << 52) >> 52) | TWO_52,
        ) - (f64::from_bits(TWO_52) + 1024.0);
        let f = self.bits(
            #[inline(always)]
            |b| (b.wrapping_sub(ROOT) & MANTISSA).wrapping_add(ROOT),
        ) - 1.0;
        // ln(1 + f) = 2 s + s t, s = f / (2 + f), t = 2 (s^2 / 3 + s^4 / 5 + ...), 2 s = f - s f
        let s = f / (f + 2.0);
        let s2 = s * s;
        let t = s2 * s2.polynomial(INVERSE_ODD);
        let small = k.mul_add(k.splat(LN_2_LOW), s.neg_mul_add(f - t, f));
        k.mul_add(k.splat(LN_2_HIGH), small)
    }

    /// `ln(1 + z)` without cancellation at small z >= 0.
    #[inline(always)]
    pub(super) fn ln_1p(self) -> Lanes<S> {
        let u = self + 1.0;
        // what the sum has lost, over u
        u.ln() + (self - (u - 1.0)) / u
    }
}

/// ln 2 in two parts; products of the first with integers below 2^11 are exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// `1 / (i + 2)!`.
const INVERSE_FACTORIAL: [f64; 12] = {
    let mut list = [0.5; 12];
    let mut i = 1;
    while i < list.len() {
        list[i] = list[i - 1] / (i + 2) as f64;
        i += 1;
    }
    list
};

/// `2 / (2 i + 3)`.
const INVERSE_ODD: [f64; 12] = {
    let mut list = [0.0; 12];
    let mut i = 0;
    while i < list.len() {
        list[i] = 2.0 / (2 * i + 3) as f64;
        i += 1;
    }
    list
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::random::Random;

    /// `f` of one number, by the lanes of this processor.
    fn one(x: f64, f: impl Functions) -> f64 {
        struct Op<F>(f64, F);
        impl<F: Functions> WithSimd for Op<F> {
            type Output = f64;
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> f64 {
                self.1.of(Lanes::all(simd, self.0)).first()
            }
        }
        dispatch(Op(x, f))
    }

    trait Functions {
        fn of<S: Simd>(&self, x: Lanes<S>) -> Lanes<S>;
    }

    macro_rules! function {
        ($type:ident, $name:ident) => {
            struct $type;
            impl Functions for $type {
                #[inline(always)]
                fn of<S: Simd>(&self, x: Lanes<S>) -> Lanes<S> {
                    x.$name()
                }
            }
        };
    }
    function!(Exp, exp);
    function!(ExpM1, exp_m1);
    function!(Ln, ln);
    function!(Ln1p, ln_1p);

    #[test]
    fn exp_and_ln_agree_with_the_standard_library_to_two_units_in_the_last_place() {
        let mut random = Random(1);
        let close = |a: f64, b: f64, x: f64| {
            assert!((a - b).abs() <= 2.0 * f64::EPSILON * b.abs(), "{a:e} for {b:e} at {x:e}")
        };
        for _ in 0..100_000 {
            let x = 700.0 * random.next();
            close(one(x, Exp), x.exp(), x);
            let small = x.signum() * random.log(1e-20, 5.0);
            close(one(small, ExpM1), small.exp_m1(), small);
            let positive = random.log(1e-300, 1e300);
            close(one(positive, Ln), positive.ln(), positive);
            let around = 1.0 + 0.5 * random.next();
            close(one(around, Ln), around.ln(), around);
            let little = random.log(1e-30, 1e3);
            close(one(little, Ln1p), little.ln_1p(), little);
        }
        assert_eq!((one(0.0, Exp), one(0.0, ExpM1), one(1.0, Ln), one(0.0, Ln1p)), (1.0, 0.0, 0.0, 0.0));
    }
}
