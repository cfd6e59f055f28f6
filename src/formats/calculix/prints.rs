//! Prints at integration points (`.dat`) as fields of a whole mesh, under our names.

use super::dat::{Dat, Support};
use super::source::DAMAGED;
use crate::error::{Error, Result};
use crate::formats::ids::IdMap;
use crate::mesh::{ElementKind, Mesh};
use std::path::Path;

/// Titles of prints, our names, and the values of a point; 0: as many scalars, `sdv1`, `sdv2`, …, as a row has values.
const QUANTITIES: [(&str, &str, usize); 4] = [
    ("stresses", "sig", 6),
    ("strains", "eto", 6),
    ("equivalent plastic strain", "p", 1),
    ("internal state variables", "sdv", 0),
];

/// The prints of a run, by the times of its other results.
#[derive(Debug)]
pub struct Prints {
    dat: Dat,
    times: Vec<f64>,
}

impl Prints {
    /// Opens a file whose prints are looked for at these times.
    ///
    /// # Errors
    /// As [`Dat::open`].
    pub fn open(path: &Path, times: &[f64]) -> Result<Prints> {
        Ok(Prints { dat: Dat::open(path)?, times: times.to_vec() })
    }

    /// The quantities printed at every integration point of a mesh at every time, with their components. Of those that
    /// are printed at some only, a warning says how many are missing.
    ///
    /// # Errors
    /// A print of the first time is damaged.
    pub fn complete(&self, mesh: &Mesh) -> Result<Vec<(String, usize)>> {
        let mut found = Vec::new();
        for (title, name, components) in QUANTITIES {
            if !self.dat.blocks.iter().any(|b| b.quantity == title && b.support == Support::Points) {
                continue;
            }
            let path = self.dat.path().display();
            let rows = |k: usize| self.blocks(title, k).map(|b| self.dat.blocks[b].rows).sum::<usize>();
            if let Some(k) = (0..self.times.len()).find(|&k| rows(k) < mesh.n_points()) {
                log::warn!(
                    "{path}: {title} are left out: at t = {} {} of {} integration points are printed (*EL PRINT of all elements, \
                     with the frequency of the .frd, prints the others)",
                    self.times[k],
                    rows(k),
                    mesh.n_points()
                );
                continue;
            }
            if self.times.is_empty() {
                continue;
            }
            let (width, values) = self.gather(title, 0, &mesh.element_ids, &mesh.kinds)?;
            let missing = values.chunks_exact(width.max(1)).filter(|v| v[0].is_nan()).count();
            if missing > 0 {
                log::warn!("{path}: {title} are left out: {missing} integration points are not printed");
                continue;
            }
            match components {
                0 => found.extend((1..=width).map(|i| (format!("{name}{i}"), 1))),
                n if n == width => found.push((name.to_owned(), n)),
                n => log::warn!("{path}: {title} are left out: {width} values at a point, not {n}"),
            }
        }
        Ok(found)
    }

    /// A quantity of [`Prints::complete`] at the points of these elements, point-major; tensors in our order, plain shears.
    ///
    /// # Errors
    /// A print is damaged; a point of these elements is not printed.
    pub fn points(&self, step: usize, name: &str, ids: &[u64], kinds: &[ElementKind]) -> Result<Vec<f64>> {
        let wrong = |problem: String| {
            let place = format!("t = {}", self.times.get(step).copied().unwrap_or(f64::NAN));
            Error::input(self.dat.path(), place, problem, DAMAGED)
        };
        let number = name.strip_prefix("sdv").and_then(|n| n.parse::<usize>().ok());
        let known = QUANTITIES.iter().find(|q| q.1 == name || (number.is_some() && q.2 == 0));
        let Some(&(title, ..)) = known else { return Err(wrong(format!("holds no '{name}'"))) };
        let (width, mut values) = self.gather(title, step, ids, kinds)?;
        if values.iter().any(|v| v.is_nan()) {
            return Err(wrong(format!("{title} are not printed at all integration points")));
        }
        if let Some(i) = number {
            if i == 0 || i > width {
                return Err(wrong(format!("a row of {title} has {width} values, not {i}")));
            }
            return Ok(values.iter().skip(i - 1).step_by(width).copied().collect());
        }
        if width == 6 {
            values.as_chunks_mut::<6>().0.iter_mut().for_each(|v| v.swap(4, 5));
        }
        Ok(values)
    }

    /// The prints of a title at a time: `.dat` has seven digits of it.
    fn blocks(&self, title: &str, step: usize) -> impl Iterator<Item = usize> {
        let time = self.times[step];
        let of = move |b: &super::dat::Print| {
            b.quantity == title && b.support == Support::Points && (b.time - time).abs() <= 1e-6 * time.abs()
        };
        (0..).zip(&self.dat.blocks).filter(move |(_, b)| of(b)).map(|b| b.0)
    }

    /// Values as printed at the points of these elements, and how many a point has; NaN where nothing is printed.
    fn gather(
        &self,
        title: &str,
        step: usize,
        ids: &[u64],
        kinds: &[ElementKind],
    ) -> Result<(usize, Vec<f64>)> {
        let wrong = |problem: String| Error::input(self.dat.path(), title, problem, DAMAGED);
        let elements =
            IdMap::new(ids).map_err(|(first, _)| wrong(format!("element {} twice", ids[first])))?;
        let mut starts = vec![0];
        starts.extend(kinds.iter().scan(0, |at, k| {
            *at += k.n_points();
            Some(*at)
        }));
        let (mut width, mut values) = (0, Vec::new());
        for block in self.blocks(title, step) {
            let rows = self.dat.read(block)?;
            if values.is_empty() {
                width = rows.components;
                values = vec![f64::NAN; width * starts[kinds.len()]];
            } else if rows.components != width {
                return Err(wrong(format!("{} values at a point after {width}", rows.components)));
            }
            let rows = rows.ids.iter().zip(&rows.points).zip(rows.values.chunks_exact(width.max(1)));
            for ((&id, &point), row) in rows {
                let Some(e) = elements.get(id).map(|e| e as usize) else { continue };
                let at = starts[e] + point as usize - 1;
                if at >= starts[e + 1] {
                    return Err(wrong(format!("point {point} of element {id}, which is {}", kinds[e])));
                }
                values[at * width..(at + 1) * width].copy_from_slice(row);
            }
        }
        Ok((width, values))
    }
}
