//! How the values of a mesh lie in its result files.

use crate::mesh::{ElementKind, Mesh};

/// Elements of equal number of integration points that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    first_element: u64,
    first_point: u64,
    points: u64,
}

/// Number of nodes, and of integration points of each element, of a mesh in file order: all that is needed to find a
/// value in a `.node` or `.integ` file. It takes a few words, so that a rank can read without the mesh
/// ([`Layout::words`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    n_nodes: u64,
    n_elements: u64,
    n_points: u64,
    groups: Vec<Group>,
}

impl Layout {
    /// The layout of a mesh as [`super::read_mesh`] returns it.
    pub fn of(mesh: &Mesh) -> Layout {
        Layout::new(mesh.n_nodes() as u64, &mesh.kinds)
    }

    /// From the number of nodes and the kinds of the elements, in file order.
    pub fn new(n_nodes: u64, kinds: &[ElementKind]) -> Layout {
        let mut layout = Layout { n_nodes, n_elements: kinds.len() as u64, n_points: 0, groups: Vec::new() };
        for (e, kind) in (0..).zip(kinds) {
            let points = kind.n_points() as u64;
            if layout.groups.last().is_none_or(|g| g.points != points) {
                layout.groups.push(Group { first_element: e, first_point: layout.n_points, points });
            }
            layout.n_points += points;
        }
        layout
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> u64 {
        self.n_nodes
    }

    /// Number of elements.
    pub fn n_elements(&self) -> u64 {
        self.n_elements
    }

    /// Number of integration points of all elements.
    pub fn n_points(&self) -> u64 {
        self.n_points
    }

    /// First integration point of element `e`, and how many it has; `None` when there is no such element.
    pub fn points_of(&self, e: u64) -> Option<(u64, usize)> {
        if e >= self.n_elements {
            return None;
        }
        let g = self.groups[self.groups.partition_point(|g| g.first_element <= e) - 1];
        Some((g.first_point + (e - g.first_element) * g.points, g.points as usize))
    }

    /// The layout as words, to be sent to other ranks.
    pub fn words(&self) -> Vec<u64> {
        let groups = self.groups.iter().flat_map(|g| [g.first_element, g.first_point, g.points]);
        [self.n_nodes, self.n_elements, self.n_points].into_iter().chain(groups).collect()
    }

    /// The layout behind [`Layout::words`]; `None` when they are not its.
    pub fn from_words(words: &[u64]) -> Option<Layout> {
        let (counts, groups) = words.split_at_checked(3)?;
        let group = |w: &[u64]| Group { first_element: w[0], first_point: w[1], points: w[2] };
        let groups: Vec<Group> = groups.chunks_exact(3).map(group).collect();
        let sound = words.len().is_multiple_of(3)
            && groups.first().is_none_or(|g| g.first_element == 0)
            && (counts[1] == 0 || !groups.is_empty());
        sound.then_some(Layout { n_nodes: counts[0], n_elements: counts[1], n_points: counts[2], groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_mixed_elements_follow_each_other() {
        use ElementKind::{C3d6, C3d8, C3d10};
        let kinds = [C3d8, C3d8, C3d10, C3d6, C3d8];
        let layout = Layout::new(9, &kinds);
        let mut at = 0;
        for (e, k) in kinds.iter().enumerate() {
            assert_eq!(layout.points_of(e as u64), Some((at, k.n_points())));
            at += k.n_points() as u64;
        }
        assert_eq!(layout.n_points(), at);
        assert_eq!(layout.points_of(5), None);
        assert_eq!(Layout::from_words(&layout.words()), Some(layout));
    }
}
