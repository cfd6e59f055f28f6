//! Mid-side nodes that elements of second order have not.
//!
//! Where Ansys drops a mid-side node its edge stays straight: the displacement at its middle is the mean of those of its
//! ends (theory reference of Ansys, "Midside Nodes Removed"). So the node can be put back with that mean, and the field is the same.

use super::deck::Deck;
use super::temperatures::edges;
use super::types::Use;
use std::collections::{BTreeMap, HashMap};

impl Deck {
    /// Puts back the mid-side nodes that are missing, with numbers beyond all others: [`Deck::means`] lists them.
    pub(super) fn add_mid_nodes(&mut self) {
        let elements = &self.elements;
        let cell_of = |e: usize| match self.types.get(&elements.types[e]).map(|t| t.usage()) {
            Some(Use::Volume(cell)) => edges(cell),
            _ => None,
        };
        let incomplete = |e: usize| {
            cell_of(e).is_some_and(|(corners, edges)| {
                let list = elements.nodes_of(e);
                list.len() >= corners
                    && !list[..corners].contains(&0)
                    && (list.len() < corners + edges.len() || list[corners..].contains(&0))
            })
        };
        if !(0..elements.ids.len()).any(incomplete) {
            return;
        }
        let places: HashMap<u64, usize> = self.node_ids.iter().copied().zip(0..).collect();
        let mut last = self.node_ids.iter().copied().max().unwrap_or(0);
        let mut of_edge: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let (mut nodes, mut ends) =
            (Vec::with_capacity(elements.nodes.len()), Vec::with_capacity(elements.ids.len()));
        for e in 0..elements.ids.len() {
            let start = nodes.len();
            nodes.extend_from_slice(elements.nodes_of(e));
            if let Some((corners, edges)) = cell_of(e).filter(|_| incomplete(e)) {
                nodes.resize(start + corners + edges.len(), 0);
                for (mid, [a, b]) in (start + corners..).zip(edges) {
                    let (a, b) = (nodes[start + a], nodes[start + b]);
                    let key = (a.min(b), a.max(b));
                    let known = places.contains_key(&a) && places.contains_key(&b);
                    if nodes[mid] != 0 || !known {
                        continue;
                    }
                    // an edge that is collapsed has one node
                    nodes[mid] = if a == b {
                        a
                    } else {
                        *of_edge.entry(key).or_insert_with(|| {
                            last += 1;
                            last
                        })
                    };
                }
            }
            ends.push(nodes.len());
        }
        let mut means: Vec<[u64; 3]> = of_edge.into_iter().map(|((a, b), id)| [id, a, b]).collect();
        means.sort_unstable();
        for &[id, a, b] in &means {
            let (x, y) = (self.points[places[&a]], self.points[places[&b]]);
            self.node_ids.push(id);
            self.points.push(std::array::from_fn(|c| 0.5 * (x[c] + y[c])));
        }
        (self.elements.nodes, self.elements.ends, self.means) = (nodes, ends, means);
    }

    /// The ends of the edge of a node that was put back.
    pub(super) fn mean_of(&self, node: u64) -> Option<[u64; 2]> {
        let at = self.means.binary_search_by_key(&node, |m| m[0]).ok()?;
        Some([self.means[at][1], self.means[at][2]])
    }
}
