//! Which bytes of a big binary file a selection needs: neighbours merged, so that a selection is read in few pieces.

/// Most items of a run: bounds the buffer.
const LONGEST: u64 = 1 << 18;

/// A run of items to read, and which of them are wanted where.
#[derive(Debug, PartialEq)]
pub(super) struct Run {
    /// First item.
    pub start: u64,
    /// Number of items.
    pub len: u64,
    /// Wanted items as (position in the file, place in the answer), by position.
    pub wanted: Vec<(u64, usize)>,
}

/// Splits a selection in any order into runs. Fewer than `gap` unwanted items between two wanted ones are read along.
pub(super) fn runs(positions: &[u64], gap: u64) -> Vec<Run> {
    let mut sorted: Vec<(u64, usize)> = positions.iter().copied().zip(0..).collect();
    if !positions.is_sorted() {
        sorted.sort_unstable();
    }
    let mut out: Vec<Run> = Vec::new();
    for (position, place) in sorted {
        match out.last_mut() {
            Some(run) if position - run.start < LONGEST && position - run.start < run.len + gap => {
                run.len = position - run.start + 1;
                run.wanted.push((position, place));
            }
            _ => out.push(Run { start: position, len: 1, wanted: vec![(position, place)] }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_run_and_every_item_keeps_its_place() {
        let r = runs(&[1000, 3, 1, 2, 2], 9);
        assert_eq!(r.len(), 2);
        assert_eq!((r[0].start, r[0].len), (1, 3));
        assert_eq!(r[0].wanted, vec![(1, 2), (2, 3), (2, 4), (3, 1)]);
        assert_eq!((r[1].start, r[1].len), (1000, 1));
        assert!(runs(&[], 1).is_empty());
        let all: Vec<u64> = (0..2 * LONGEST).collect();
        assert!(runs(&all, 1).iter().all(|r| r.len <= LONGEST));
    }
}
