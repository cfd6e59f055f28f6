//! Double-double accumulation: sums whose rounded value does not depend on the order of the terms
//! (error about 1e-32 of the sum of magnitudes), so that ranks and partitions do not show in the digits.

/// An unevaluated sum `hi + lo` of two doubles (Dekker, Numer. Math. 18, 1971).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dd {
    /// Leading part.
    pub hi: f64,
    /// What rounding `hi` lost.
    pub lo: f64,
}

impl Dd {
    /// Adds `x` without losing its low bits.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let s = self.hi + x;
        let t = s - self.hi;
        let e = (self.hi - (s - t)) + (x - t);
        self.hi = s;
        self.lo += e;
    }

    /// Adds the product `a b` exactly (fused multiply-add gives its rounding error).
    #[inline]
    pub fn add_product(&mut self, a: f64, b: f64) {
        let p = a * b;
        let e = a.mul_add(b, -p);
        self.add(p);
        self.lo += e;
    }

    /// Adds another accumulator.
    #[inline]
    pub fn merge(&mut self, other: Dd) {
        self.add(other.hi);
        self.lo += other.lo;
    }

    /// The sum, rounded once.
    #[inline]
    pub fn value(self) -> f64 {
        self.hi + self.lo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_terms_does_not_show() {
        let terms: Vec<f64> =
            (0..2000).map(|i| ((i * 7919 % 1000) as f64 - 499.5) * 10f64.powi(i % 17 - 8)).collect();
        let (mut up, mut down) = (Dd::default(), Dd::default());
        terms.iter().for_each(|x| up.add(*x));
        terms.iter().rev().for_each(|x| down.add(*x));
        assert_eq!(up.value(), down.value());
    }
}
