//! What viewers show of integration points: they know values of nodes and elements, so each element gets the mean of its
//! points.

use crate::mesh::Mesh;
use crate::store::Field;
use crate::structure::mises;

/// Means over the integration points of each element: of every scalar quantity, and of the von Mises stress (`seq`) where
/// the stress is among the quantities.
#[derive(Debug)]
pub(super) struct CellMeans {
    /// Start of each element's points, and the end.
    offsets: Vec<usize>,
    fields: Vec<CellMean>,
}

#[derive(Debug)]
struct CellMean {
    name: String,
    /// Which of the quantities it is the mean of.
    source: usize,
    /// Whether it is the von Mises equivalent of that quantity.
    equivalent: bool,
    values: Vec<f64>,
}

impl CellMeans {
    /// For quantities given by name and number of components.
    pub fn new<'a>(mesh: &Mesh, quantities: impl Iterator<Item = (&'a str, usize)> + Clone) -> CellMeans {
        let mut offsets = vec![0];
        let mut end = 0;
        offsets.extend(mesh.kinds.iter().map(|kind| {
            end += kind.n_points();
            end
        }));
        let known = quantities.clone().any(|(name, _)| name == "seq");
        let fields = quantities
            .enumerate()
            .filter_map(|(source, (name, components))| match (name, components) {
                (name, 1) => Some((source, name, false)),
                ("sig", 6) if !known => Some((source, "seq", true)),
                _ => None,
            })
            .map(|(source, name, equivalent)| CellMean {
                name: name.to_owned(),
                source,
                equivalent,
                values: vec![0.0; mesh.n_elements()],
            })
            .collect();
        CellMeans { offsets, fields }
    }

    /// Means of the values at the points, which `points` gives for each quantity.
    pub fn update<'v>(&mut self, points: impl Fn(usize) -> &'v [f64]) {
        for field in &mut self.fields {
            let values = points(field.source);
            let at = |p: usize| if field.equivalent { mises(&values[6 * p..6 * p + 6]) } else { values[p] };
            for (out, span) in field.values.iter_mut().zip(self.offsets.windows(2)) {
                *out = (span[0]..span[1]).map(at).sum::<f64>() / (span[1] - span[0]) as f64;
            }
        }
    }

    /// The fields, as they are stored.
    pub fn fields(&self) -> Vec<Field<'_>> {
        self.fields.iter().map(|f| Field::new(&f.name, 1, &f.values)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::ElementKind;

    #[test]
    fn an_element_shows_the_mean_of_its_points() {
        let mut mesh = Mesh { node_ids: (1..=10).collect(), points: vec![[0.0; 3]; 10], ..Mesh::default() };
        let nodes: Vec<u32> = (0..10).collect();
        mesh.push_element(1, ElementKind::C3d4, &nodes[..4]);
        mesh.push_element(2, ElementKind::C3d10R4, &nodes);
        mesh.close_whole();
        let (one, four) = (ElementKind::C3d4.n_points(), ElementKind::C3d10R4.n_points());
        let mut cells = CellMeans::new(&mesh, [("sig", 6), ("p", 1), ("evp", 6)].into_iter());
        // uniaxial tension of 2 at the points of the first element, of 1, 2, ... at those of the second
        let sizes: Vec<f64> = std::iter::repeat_n(2.0, one).chain((1..=four).map(|k| k as f64)).collect();
        let stress: Vec<f64> = sizes.iter().flat_map(|&s| [s, 0.0, 0.0, 0.0, 0.0, 0.0]).collect();
        let points = [stress, sizes.clone(), vec![0.0; 6 * (one + four)]];
        cells.update(|q| &points[q]);
        let mean = 0.5 * (1.0 + four as f64);
        let fields = cells.fields();
        assert_eq!(fields.iter().map(|f| f.name).collect::<Vec<_>>(), ["seq", "p"]);
        for field in fields {
            assert!((field.values[0] - 2.0).abs() < 1e-14 && (field.values[1] - mean).abs() < 1e-14);
        }
    }
}
