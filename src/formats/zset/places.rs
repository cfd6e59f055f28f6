//! Where the values of the whole structure are stored when results lie in several files.

/// A node or element in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Position in the whole structure.
    pub global: u64,
    /// File it is in, from 0.
    pub piece: u32,
    /// Position in that file.
    pub local: u64,
}

/// The places of some nodes and elements of a structure, or of all. A node on an interface has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    n_nodes: u64,
    n_elements: u64,
    nodes: Vec<Place>,
    elements: Vec<Place>,
}

impl Places {
    /// `n_nodes`, `n_elements`: of the whole structure.
    pub fn new(n_nodes: u64, n_elements: u64, mut nodes: Vec<Place>, mut elements: Vec<Place>) -> Places {
        for places in [&mut nodes, &mut elements] {
            places.sort_unstable();
            places.dedup();
        }
        Places { n_nodes, n_elements, nodes, elements }
    }

    /// Nodes of the whole structure.
    pub fn n_nodes(&self) -> u64 {
        self.n_nodes
    }

    /// Elements of the whole structure.
    pub fn n_elements(&self) -> u64 {
        self.n_elements
    }

    /// The places of a node, by file; none when it is not known here.
    pub fn of_node(&self, global: u64) -> &[Place] {
        find(&self.nodes, global)
    }

    /// The place of an element.
    pub fn of_element(&self, global: u64) -> Option<Place> {
        find(&self.elements, global).first().copied()
    }

    /// The places of these nodes and elements only: what the rank that holds them needs.
    pub fn restrict(&self, nodes: &[u64], elements: &[u64]) -> Places {
        let some =
            |all: &[Place], wanted: &[u64]| wanted.iter().flat_map(|&g| find(all, g).to_vec()).collect();
        Places::new(self.n_nodes, self.n_elements, some(&self.nodes, nodes), some(&self.elements, elements))
    }

    /// The places as words, to be sent to another rank.
    pub fn words(&self) -> Vec<u64> {
        let places = self.nodes.iter().chain(&self.elements);
        let flat = places.flat_map(|p| [p.global, p.piece.into(), p.local]);
        [self.n_nodes, self.n_elements, self.nodes.len() as u64].into_iter().chain(flat).collect()
    }

    /// The places behind [`Places::words`]; `None` when they are not its.
    pub fn from_words(words: &[u64]) -> Option<Places> {
        let (head, flat) = words.split_at_checked(3)?;
        if !flat.len().is_multiple_of(3) {
            return None;
        }
        let place = |w: &[u64]| Some(Place { global: w[0], piece: u32::try_from(w[1]).ok()?, local: w[2] });
        let mut nodes: Vec<Place> = flat.chunks_exact(3).map(place).collect::<Option<_>>()?;
        let n = usize::try_from(head[2]).ok().filter(|n| *n <= nodes.len())?;
        let elements = nodes.split_off(n);
        Some(Places::new(head[0], head[1], nodes, elements))
    }
}

fn find(places: &[Place], global: u64) -> &[Place] {
    let start = places.partition_point(|p| p.global < global);
    let n = places[start..].iter().take_while(|p| p.global == global).count();
    &places[start..start + n]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_being_sent_and_restricted() {
        let place = |global, piece, local| Place { global, piece, local };
        let nodes = vec![place(0, 0, 0), place(1, 1, 0), place(1, 0, 1), place(2, 1, 1)];
        let all = Places::new(3, 2, nodes, vec![place(1, 1, 0), place(0, 0, 0)]);
        assert_eq!(all.of_node(1), [place(1, 0, 1), place(1, 1, 0)]);
        assert_eq!(Places::from_words(&all.words()).as_ref(), Some(&all));
        let some = all.restrict(&[1, 1], &[1]);
        assert_eq!(some.of_node(1), all.of_node(1));
        assert!(some.of_node(0).is_empty() && some.of_element(0).is_none());
        assert!(Places::from_words(&all.words()[..7]).is_none());
        assert!(Places::from_words(&[1, 1, 9]).is_none());
    }
}
