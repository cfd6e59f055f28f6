//! From the labels of a file to positions in it.

use crate::mesh::Mesh;

/// Finds the position of a label: a table where the labels are dense, a sorted list where they are not.
#[derive(Debug, Default)]
pub(in crate::formats) struct IdMap {
    /// Position of label `first + i`, or `u32::MAX`.
    dense: Vec<u32>,
    first: u64,
    sorted: Vec<(u64, u32)>,
}

impl IdMap {
    /// Labels by position.
    ///
    /// # Errors
    /// The two positions of a label that appears twice.
    pub fn new(ids: &[u64]) -> Result<IdMap, (usize, usize)> {
        let (Some(&first), Some(&last)) = (ids.iter().min(), ids.iter().max()) else {
            return Ok(IdMap::default());
        };
        let span = last - first;
        if span / 4 <= ids.len() as u64 + 1024 {
            let mut dense = vec![u32::MAX; span as usize + 1];
            for (i, id) in ids.iter().enumerate() {
                let place = &mut dense[(id - first) as usize];
                if *place != u32::MAX {
                    return Err((*place as usize, i));
                }
                *place = i as u32;
            }
            return Ok(IdMap { dense, first, sorted: Vec::new() });
        }
        let mut sorted: Vec<(u64, u32)> = ids.iter().zip(0..).map(|(&id, i)| (id, i)).collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|w| w[0].0 == w[1].0) {
            Some(w) => Err((w[0].1 as usize, w[1].1 as usize)),
            None => Ok(IdMap { dense: Vec::new(), first, sorted }),
        }
    }

    /// Position of a label.
    pub fn get(&self, id: u64) -> Option<u32> {
        if self.sorted.is_empty() {
            let at = usize::try_from(id.checked_sub(self.first)?).ok()?;
            return self.dense.get(at).copied().filter(|&i| i != u32::MAX);
        }
        let at = self.sorted.binary_search_by_key(&id, |p| p.0).ok()?;
        Some(self.sorted[at].1)
    }
}

/// Removes repeated entries, keeping the first of each: a set holds an item once.
pub(in crate::formats) fn keep_first(items: &mut Vec<u32>) {
    if items.windows(2).all(|w| w[0] < w[1]) {
        return;
    }
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    items.retain(|&i| seen.insert(i));
}

/// Gives a mesh, whose connectivity counts the nodes of a file, those of them that its elements have, in the file's order.
/// Returns the place in the mesh of each node of the file; `u32::MAX` for one that no element has.
pub(in crate::formats) fn take_nodes(mesh: &mut Mesh, ids: &[u64], points: &[[f64; 3]]) -> Vec<u32> {
    let mut places = vec![u32::MAX; ids.len()];
    mesh.connectivity.iter().for_each(|&n| places[n as usize] = 0);
    let used = places.iter_mut().enumerate().filter(|(_, place)| **place == 0);
    for ((n, place), new) in used.zip(0..) {
        *place = new;
        mesh.node_ids.push(ids[n]);
        mesh.points.push(points[n]);
    }
    mesh.connectivity.iter_mut().for_each(|n| *n = places[*n as usize]);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_whether_dense_or_scattered() {
        for ids in [vec![7, 3, 5], vec![1_000_000_000_000, 2, 500_000_000], vec![]] {
            let map = IdMap::new(&ids).unwrap();
            for (i, &id) in ids.iter().enumerate() {
                assert_eq!(map.get(id), Some(i as u32));
            }
            assert!([0, 4, 999, u64::MAX].into_iter().all(|id| map.get(id).is_none()));
        }
    }

    #[test]
    fn a_label_that_appears_twice_is_refused() {
        assert_eq!(IdMap::new(&[1, 2, 1]).unwrap_err(), (0, 2));
        assert_eq!(IdMap::new(&[1, 900_000_000_000, 900_000_000_000]).unwrap_err(), (1, 2));
    }
}
