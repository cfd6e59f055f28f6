//! How many high-fidelity steps follow each other before the model is assembled anew: 1, 1, 2, 4, 8 steps.
//!
//! Where the step after an enrichment asks for the next one at once, the model that was assembled in between was of no
//! use, and assembling costs as much as a step or more: from the third burst of a row on each is twice as long.

/// High-fidelity steps in a row.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// Length of the burst after this one, should it follow at once.
    next: usize,
    /// Steps still to take.
    pub left: usize,
    /// The increment after the last step of the last burst.
    end: usize,
}

impl Burst {
    /// Most steps of a burst.
    pub const LONGEST: usize = 8;

    /// The reduced step of increment i is refused: a burst of at most `longest` steps.
    pub fn begin(&mut self, i: usize, longest: usize) {
        let follows = self.next > 0 && i == self.end;
        let length = if follows { self.next } else { 1 };
        self.left = length.min(longest);
        self.next = if follows { (2 * length).min(Burst::LONGEST) } else { 1 };
    }

    /// The step of increment i was taken. `known`: it found nothing that the bases did not hold, which ends the burst.
    pub fn took(&mut self, i: usize, known: bool) {
        self.left -= 1;
        if known {
            self.left = 0;
        }
        self.end = i + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_grow_while_they_follow_each_other_and_start_again_at_one() {
        let mut burst = Burst::default();
        let lengths: Vec<usize> = [0, 1, 2, 4, 8, 16, 30]
            .into_iter()
            .map(|first| {
                burst.begin(first, Burst::LONGEST);
                let length = burst.left;
                (0..length).for_each(|k| burst.took(first + k, false));
                length
            })
            .collect();
        assert_eq!(lengths, [1, 1, 2, 4, 8, 8, 1]);
    }

    #[test]
    fn a_step_that_finds_nothing_new_ends_the_burst() {
        let mut burst = Burst { next: 4, left: 0, end: 5 };
        burst.begin(5, Burst::LONGEST);
        assert_eq!(burst.left, 4);
        burst.took(5, true);
        assert_eq!(burst.left, 0);
    }
}
