//! Random numbers for paths that can be drawn again.

/// Deterministic random numbers (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Uniform in (-1, 1).
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Log-uniform between two positive numbers.
    #[cfg(test)]
    pub(crate) fn log(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + 0.5 * (self.next() + 1.0) * (high / low).ln()).exp()
    }

    /// Six of them, times `scale`.
    pub(crate) fn six(&mut self, scale: f64) -> [f64; 6] {
        std::array::from_fn(|_| scale * self.next())
    }
}
