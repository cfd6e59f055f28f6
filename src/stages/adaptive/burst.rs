//! How many high-fidelity steps follow each other before the model is assembled anew.
//!
//! After one step the model is assembled at once, and tried. Where the next step asks for the high-fidelity solver again,
//! that model was of no use, and assembling costs as much as a step or more: steps then follow until one finds little that
//! the bases did not hold.

/// High-fidelity steps in a row.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// Steps still to take.
    pub left: usize,
    /// The increment after the last step of the last burst.
    end: Option<usize>,
}

impl Burst {
    /// Most steps of a burst.
    pub const LONGEST: usize = 8;
    /// Increments that a model must carry to be worth its assembly, which costs as much as one or two high-fidelity steps.
    const WORTH: usize = 2;
    /// Share of the error tolerance: a step that finds less outside of the bases ends a burst.
    pub const KNOWN: f64 = 2.0 / 3.0;

    /// The reduced step of increment i is refused: a burst of at most `longest` steps.
    pub fn begin(&mut self, i: usize, longest: usize) {
        self.left = if self.end.is_some_and(|end| i < end + Burst::WORTH) { longest } else { 1 };
    }

    /// The step of increment i was taken. `known`: it found little that the bases did not hold, which ends the burst.
    pub fn took(&mut self, i: usize, known: bool) {
        self.left = if known { 0 } else { self.left - 1 };
        self.end = Some(i + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_together_where_the_model_between_carried_less_than_two_increments() {
        let mut burst = Burst::default();
        let lengths = [0, 1, 9, 18, 30, 32].map(|first| {
            burst.begin(first, Burst::LONGEST);
            let length = burst.left;
            (0..length).for_each(|k| burst.took(first + k, false));
            length
        });
        assert_eq!(lengths, [1, 8, 8, 8, 1, 8]);
    }

    #[test]
    fn a_step_that_finds_nothing_new_ends_the_burst() {
        let mut burst = Burst { left: 0, end: Some(5) };
        burst.begin(5, 4);
        assert_eq!(burst.left, 4);
        burst.took(5, true);
        assert_eq!(burst.left, 0);
    }
}
