//! Which nodes and elements are selected.

use super::deck::Deck;
use std::collections::HashMap;

/// Selected positions; `All` without a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Selection {
    #[default]
    All,
    Some(Vec<bool>),
    /// By a command that is not read: its name.
    Unknown(String),
}

impl Selection {
    /// Whether a position is selected; positions that came later are.
    pub fn has(&self, at: usize) -> bool {
        match self {
            Selection::Some(list) => list.get(at).copied().unwrap_or(true),
            _ => true,
        }
    }

    /// Selects anew, from the selected ones, also, or no longer, as the first letter of `how` says. `false` where it
    /// says nothing that is known.
    pub fn apply(&mut self, how: &str, n: usize, found: impl Fn(usize) -> bool) -> bool {
        let old = self.clone();
        if matches!(old, Selection::Unknown(_)) && how != "S" {
            return true;
        }
        let combine = |i: usize| match how {
            "R" => old.has(i) && found(i),
            "A" => old.has(i) || found(i),
            "U" => old.has(i) && !found(i),
            _ => found(i),
        };
        if !matches!(how, "S" | "R" | "A" | "U") {
            return false;
        }
        *self = Selection::Some((0..n).map(combine).collect());
        true
    }
}

/// Position of nodes by number, kept up with the deck.
#[derive(Debug, Default)]
pub(super) struct NodeIndex {
    positions: HashMap<u64, usize>,
    seen: usize,
}

impl NodeIndex {
    /// Position of a node.
    pub fn get(&mut self, deck: &Deck, id: u64) -> Option<usize> {
        for (i, &id) in deck.node_ids.iter().enumerate().skip(self.seen) {
            self.positions.insert(id, i);
        }
        self.seen = deck.node_ids.len();
        self.positions.get(&id).copied()
    }
}
