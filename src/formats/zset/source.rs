//! The results of a computation, whether they lie in one set of files or in one a sub-domain.

use super::layout::Layout;
use super::places::Places;
use super::read_mesh;
use super::results::{Results, TENSOR};
use super::split::SplitResults;
use super::subdomains::read_subdomains;
use super::ut::{Step, UtIndex};
use crate::error::{Error, Result};
use crate::mesh::Mesh;
use std::path::{Path, PathBuf};

/// How shear strains leave the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shear {
    /// As Z-set stores them: `(u1,2 + u2,1) / 2`. Also what stresses need.
    Tensor,
    /// Doubled, as strain vectors in this code are.
    Engineering,
}

/// A mesh and where its results are: what one rank reads, and hands to the others.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The whole structure.
    pub mesh: Mesh,
    /// Sub-domain of each element, of results by sub-domains.
    pub part: Option<Vec<u32>>,
    /// The index files.
    pub uts: Vec<PathBuf>,
    /// How values lie in the files of each index.
    pub layouts: Vec<Layout>,
    /// Where everything is, of results by sub-domains.
    pub places: Option<Places>,
}

impl Stored {
    /// Reads the mesh of `cube.ut`, or those of `cube-001.ut`, … for the name `cube` or a `cube.ut` that is not there.
    ///
    /// # Errors
    /// As [`read_mesh`] and [`UtIndex::read`], or [`read_subdomains`].
    pub fn read(path: &Path) -> Result<Stored> {
        let ut = path.extension().is_some_and(|e| e == "ut");
        if !(ut && path.is_file()) {
            if path.is_dir() {
                return Err(Error::input(path, "", "is a folder, not a file", "name the .ut in it"));
            }
            let stem = if ut { path.with_extension("") } else { path.to_owned() };
            let found = read_subdomains(&stem).map_err(|e| {
                if ut { e.while_doing(format_args!("{} does not exist", path.display())) } else { e }
            })?;
            return Ok(Stored {
                places: Some(found.places()),
                uts: found.pieces.iter().map(|p| p.index.path.clone()).collect(),
                layouts: found.pieces.into_iter().map(|p| p.layout).collect(),
                mesh: found.mesh,
                part: Some(found.part),
            });
        }
        let mesh = read_mesh(&UtIndex::read(path)?.mesh_path())?;
        let layouts = vec![Layout::of(&mesh)];
        Ok(Stored { mesh, part: None, uts: vec![path.to_owned()], layouts, places: None })
    }

    /// Opens the results.
    ///
    /// # Errors
    /// As [`FieldSource::open`].
    pub fn open(&self) -> Result<FieldSource> {
        FieldSource::open(&self.uts, &self.layouts, self.places.clone())
    }
}

/// Fields by name and position in the whole structure.
#[derive(Debug)]
pub enum FieldSource {
    /// One set of files.
    Whole(Results),
    /// One set of files a sub-domain.
    Split(SplitResults),
}

impl FieldSource {
    /// Opens results from what [`Stored::read`] found; `places` may be restricted to what this rank holds
    /// ([`Places::restrict`]).
    ///
    /// # Errors
    /// As [`Results::open`], [`SplitResults::open`] and [`UtIndex::read`].
    pub fn open(uts: &[PathBuf], layouts: &[Layout], places: Option<Places>) -> Result<FieldSource> {
        let pieces = uts.iter().zip(layouts).map(|(ut, layout)| Ok((UtIndex::read(ut)?, layout.clone())));
        let mut pieces: Vec<(UtIndex, Layout)> = pieces.collect::<Result<_>>()?;
        match (places, pieces.pop()) {
            (None, Some((index, layout))) if pieces.is_empty() => {
                Ok(FieldSource::Whole(Results::open(index, layout)?))
            }
            (places, last) => {
                pieces.extend(last);
                let places = places.unwrap_or_else(|| Places::new(0, 0, Vec::new(), Vec::new()));
                Ok(FieldSource::Split(SplitResults::open(pieces, places)?))
            }
        }
    }

    fn first(&self) -> &Results {
        match self {
            FieldSource::Whole(r) => r,
            FieldSource::Split(s) => &s.pieces()[0],
        }
    }

    /// The states.
    pub fn steps(&self) -> &[Step] {
        &self.first().index.steps
    }

    /// Names of nodal fields.
    pub fn node_names(&self) -> &[String] {
        &self.first().index.node_names
    }

    /// Names of fields at integration points, of all files together.
    pub fn integ_names(&self) -> Vec<String> {
        let mut names = self.first().index.integ_names.clone();
        if let FieldSource::Split(s) = self {
            for name in s.pieces().iter().flat_map(|r| &r.index.integ_names) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// Whether fields at integration points can be read.
    pub fn has_integ(&self) -> bool {
        match self {
            FieldSource::Whole(r) => r.has_integ(),
            FieldSource::Split(s) => s.has_integ(),
        }
    }

    /// Nodal fields, interleaved; see [`Results::nodal_vector`], [`SplitResults::nodal_vector`].
    ///
    /// # Errors
    /// As theirs.
    pub fn nodal_vector(&self, step: usize, names: &[&str], positions: Option<&[u64]>) -> Result<Vec<f64>> {
        match self {
            FieldSource::Whole(r) => r.nodal_vector(step, names, positions),
            FieldSource::Split(s) => s.nodal_vector(step, names, positions),
        }
    }

    /// Fields at integration points, `points x names`; see [`Results::integ`], [`SplitResults::integ`].
    ///
    /// # Errors
    /// As theirs.
    pub fn integ(&self, step: usize, names: &[&str], elements: Option<&[u64]>) -> Result<Vec<f64>> {
        match self {
            FieldSource::Whole(r) => r.integ(step, names, elements),
            FieldSource::Split(s) => s.integ(step, names, elements),
        }
    }

    /// A symmetric tensor at integration points, `points x 6` in the order 11, 22, 33, 12, 23, 31: `eto`, `sig`, `evri`.
    ///
    /// # Errors
    /// As [`Results::integ`].
    pub fn tensor(
        &self,
        step: usize,
        prefix: &str,
        elements: Option<&[u64]>,
        shear: Shear,
    ) -> Result<Vec<f64>> {
        let names = TENSOR.map(|c| format!("{prefix}{c}"));
        let mut out = self.integ(step, &names.each_ref().map(String::as_str), elements)?;
        if shear == Shear::Engineering {
            out.chunks_exact_mut(6).for_each(|v| v[3..].iter_mut().for_each(|s| *s *= 2.0));
        }
        Ok(out)
    }
}
