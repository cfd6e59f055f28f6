//! Division of the pairs and the split-conformal quantile.

use super::Pair;

/// From this many runs on, whole runs are held back.
pub const GROUPS: usize = 4;

/// Widening of the bound where no pair could be held back.
pub const WIDEST: f64 = 10.0;

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014): the next number, uniform on 64 bits.
pub fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Shuffles in place (Fisher, Yates); the modulo's bias is below 1e-15 at these lengths.
fn shuffle<T>(items: &mut [T], state: &mut u64) {
    for i in (1..items.len()).rev() {
        items.swap(i, (splitmix64(state) % (i as u64 + 1)) as usize);
    }
}

/// Smallest number of held-back pairs for which the rule of [`quantile`] names one of them: 19 at level 0.95.
pub fn pairs_needed(level: f64) -> usize {
    // ceil((n + 1) level) <= n  <=>  n >= level / (1 - level); the search forgives the rounding of 1 - level.
    let start = (level / (1.0 - level)).floor() as usize;
    (start.saturating_sub(1).max(1)..).find(|&n| rank(n, level) <= n).unwrap_or(usize::MAX)
}

/// `ceil((n + 1) level)`, forgiving rounding of the product.
fn rank(n: usize, level: f64) -> usize {
    (((n as f64 + 1.0) * level) * (1.0 - 1e-12)).ceil() as usize
}

/// Which pairs are held back: about a third, or up to half of them while a third is too few for the level.
/// With [`GROUPS`] runs or more every second run is, in the order of their largest indicators (so that those held
/// back span the range), never more than half of the pairs; `seed` decides with which of the first two it begins.
pub fn divide(pairs: &[Pair], level: f64, seed: u64) -> Vec<bool> {
    let n = pairs.len();
    let half = n / 2;
    let target = n.div_ceil(3).max(pairs_needed(level).min(half)).min(half);
    let mut held = vec![false; n];
    let mut state = seed;
    let mut groups = group_sizes(pairs);
    if groups.len() >= GROUPS {
        let largest =
            |group: u32| pairs.iter().filter(|p| p.group == group).fold(0.0, |a: f64, p| a.max(p.eta));
        groups.sort_by(|a, b| largest(b.0).total_cmp(&largest(a.0)).then(a.0.cmp(&b.0)));
        let mut count = 0;
        let first = (splitmix64(&mut state) % 2) as usize;
        for (group, size) in groups.into_iter().skip(first).step_by(2) {
            if count + size <= half {
                count += size;
                pairs.iter().zip(&mut held).filter(|(p, _)| p.group == group).for_each(|(_, h)| *h = true);
            }
        }
    } else {
        let mut order: Vec<usize> = (0..n).collect();
        shuffle(&mut order, &mut state);
        for &i in &order[..target] {
            held[i] = true;
        }
    }
    held
}

/// Labels and numbers of pairs of the runs, ascending labels.
pub fn group_sizes(pairs: &[Pair]) -> Vec<(u32, usize)> {
    let mut sizes = std::collections::BTreeMap::new();
    for p in pairs {
        *sizes.entry(p.group).or_insert(0) += 1;
    }
    sizes.into_iter().collect()
}

/// A quantile and what had to be done for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// In the unit of the residuals, at least 0: the bound is never below the mean.
    pub value: f64,
    /// Factor on the bound: 1 where there are enough residuals.
    pub widening: f64,
}

/// The `ceil((n + 1) level)`-th smallest of `n` residuals. Where `n` is too small for it, the largest is taken and the
/// bound is widened by a factor from [`WIDEST`] (no residual) linearly down to 1 (enough), which is prudence, not a
/// theorem. `residuals` need not be sorted.
pub fn quantile(residuals: &[f64], level: f64) -> Quantile {
    let mut sorted = residuals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let value = rank(n, level).min(n).checked_sub(1).map_or(0.0, |last| sorted[last].max(0.0));
    let missing = 1.0 - (n as f64 / pairs_needed(level) as f64).min(1.0);
    Quantile { value, widening: 1.0 + (WIDEST - 1.0) * missing }
}

/// The least of some values that at least the share `level` of them do not exceed; minus infinity of none.
pub fn level_quantile(mut values: Vec<f64>, level: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let k = ((values.len() as f64 * level) * (1.0 - 1e-12)).ceil() as usize;
    values.get(k.max(1) - 1).copied().unwrap_or(f64::NEG_INFINITY)
}

/// The quantile where whole runs are held back: of each run its own quantile at the level (so that it is covered on that
/// share of its steps), and over the runs the finite-sample rule of [`quantile`], which is the largest for fewer than
/// [`pairs_needed`] runs. A new run exchangeable with `G` of them is covered like that with probability `G / (G + 1)` at
/// least. `groups`: the run of each residual.
pub fn quantile_of_runs(residuals: &[f64], groups: &[u32], level: f64) -> Quantile {
    let mut runs = std::collections::BTreeMap::<u32, Vec<f64>>::new();
    for (&r, &g) in residuals.iter().zip(groups) {
        runs.entry(g).or_default().push(r);
    }
    let of_runs: Vec<f64> = runs.into_values().map(|run| level_quantile(run, level)).collect();
    let value = quantile(&of_runs, level).value;
    Quantile { value, ..quantile(residuals, level) }
}
