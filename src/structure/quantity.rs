//! Named quantities at integration points: `sig`, `eto`, `p`, `evp`, one component (`sig11`), `seq`, `temperature`.

use super::{PointSet, PointState};
use crate::error::{Error, Result, nearest};

const COMPONENTS: [&str; 6] = ["11", "22", "33", "12", "23", "31"];

/// Where the values of a quantity come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Stress,
    Strain,
    Mises,
    /// For each material: offset in the state where it has the variable.
    State(Vec<Option<usize>>),
}

/// A quantity at integration points: its name, its components and where it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Name as asked for.
    pub name: String,
    /// 1, or 6 for a symmetric tensor (plain shears, order 11, 22, 33, 12, 23, 31).
    pub components: usize,
    source: Source,
    first: usize,
}

/// Every name that [`Quantity::find`] knows for these points, without single components.
pub fn quantity_names(points: &PointSet) -> Vec<String> {
    let mut names: Vec<String> = ["sig", "eto", "seq"].map(str::to_owned).to_vec();
    for v in points.materials().iter().flat_map(|m| m.law().variables()) {
        if !names.contains(&v.name) {
            names.push(v.name.clone());
        }
    }
    names
}

impl Quantity {
    /// The quantity called `name`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Case`]: no material has it; the nearest name is given.
    pub fn find(points: &PointSet, name: &str) -> Result<Quantity> {
        let whole = |name: &str| -> Option<(Source, usize)> {
            match name {
                "sig" => return Some((Source::Stress, 6)),
                "eto" => return Some((Source::Strain, 6)),
                "seq" => return Some((Source::Mises, 1)),
                _ => {}
            }
            let of =
                |m: &crate::material::Material| m.law().variables().iter().find(|v| v.name == name).cloned();
            let found: Vec<_> = points.materials().iter().map(of).collect();
            let size = found.iter().flatten().next()?.size;
            Some((Source::State(found.iter().map(|v| v.as_ref().map(|v| v.offset)).collect()), size))
        };
        if let Some((source, components)) = whole(name) {
            return Ok(Quantity { name: name.into(), components, source, first: 0 });
        }
        for (i, c) in COMPONENTS.iter().enumerate() {
            if let Some((source, 6)) = name.strip_suffix(c).and_then(whole) {
                return Ok(Quantity { name: name.into(), components: 1, source, first: i });
            }
        }
        let known = quantity_names(points);
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(n) => format!("did you mean '{n}'?"),
            None => format!("there are {}", known.join(", ")),
        };
        Err(Error::case(format!("no material has a quantity called '{name}'; {hint}")))
    }

    /// Its values at every point, `n x components`; zero where a material lacks the variable. Strains come with plain
    /// (tensor) shears.
    pub fn evaluate(
        &self,
        points: &PointSet,
        strain: &[f64],
        stress: &[f64],
        state: &PointState,
        out: &mut [f64],
    ) {
        for (p, out) in out.chunks_exact_mut(self.components).enumerate() {
            let at = 6 * p + self.first;
            match &self.source {
                Source::Stress => out.copy_from_slice(&stress[at..at + self.components]),
                Source::Strain => {
                    for (i, o) in out.iter_mut().enumerate() {
                        *o = strain[at + i] * if self.first + i < 3 { 1.0 } else { 0.5 };
                    }
                }
                Source::Mises => out[0] = mises(&stress[6 * p..6 * p + 6]),
                Source::State(offsets) => match offsets[points.material_of(p)] {
                    Some(o) => {
                        let s = points.state_of(state, p);
                        out.copy_from_slice(&s[o + self.first..o + self.first + self.components]);
                    }
                    None => out.fill(0.0),
                },
            }
        }
    }
}

/// Von Mises equivalent of a stress.
pub fn mises(s: &[f64]) -> f64 {
    let m = (s[0] + s[1] + s[2]) / 3.0;
    let normal: f64 = s[..3].iter().map(|x| (x - m) * (x - m)).sum();
    let shear: f64 = s[3..6].iter().map(|x| x * x).sum();
    (1.5 * (normal + 2.0 * shear)).sqrt()
}
