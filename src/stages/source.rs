//! A result file of any kind, read by the same calls: one of ours, or another program's.

use super::ansys::AnsysResults;
use super::calculix::CalculixResults;
use super::mesh::{of_file, share_mesh};
use crate::error::{Error, Result};
use crate::fem::NodalMean;
use crate::formats::zset::{FieldSource, Layout, Places, Shear, Stored, TENSOR};
use crate::mesh::Subdomain;
use crate::parallel::{Comm, agree};
use crate::store::{Parts, SnapshotFile};
use std::path::{Path, PathBuf};

/// Which subdomains the ranks get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Partitioned anew: two files of one mesh have the same local numbers.
    Anew,
    /// The subdomains of the results, where they are as many as the ranks.
    Own,
}

/// A quantity that is stored, and of a tensor the component asked for.
struct Asked {
    stored: String,
    components: usize,
    component: Option<usize>,
}

impl Asked {
    fn find(known: &[(String, usize)], name: &str) -> Option<Asked> {
        let of = |(stored, components): &(String, usize), component| Asked {
            stored: stored.clone(),
            components: *components,
            component,
        };
        let part = |k: &(String, usize)| {
            let end = name.strip_prefix(&k.0).filter(|_| k.1 == 6)?;
            TENSOR.iter().position(|c| *c == end).map(|c| of(k, Some(c)))
        };
        let whole = known.iter().find(|k| k.0 == name).map(|k| of(k, None));
        whole.or_else(|| known.iter().find_map(part))
    }

    /// The component of all values.
    fn of(&self, values: Vec<f64>) -> Vec<f64> {
        match self.component {
            Some(c) => values.iter().skip(c).step_by(self.components).copied().collect(),
            None => values,
        }
    }
}

/// Results, open on every rank.
pub(super) struct ResultFile {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Store(Box<SnapshotFile>),
    Zset { sub: Box<Subdomain>, results: Box<FieldSource>, times: Vec<f64>, prefix: Option<String> },
    Ansys(Box<AnsysResults>),
    Calculix(Box<CalculixResults>),
}

impl ResultFile {
    /// Opens a store, a run, a Z-set `.ut`, the stem of results by sub-domains (`cube` for `cube-001.ut`, …), an Ansys
    /// `.rst` or its parts, or a CalculiX `.frd`.
    ///
    /// # Errors
    /// The file is missing or not what its ending says.
    ///
    /// # Collective
    pub fn open(comm: &Comm, path: &Path, cut: Cut) -> Result<ResultFile> {
        let kind = match path.extension().and_then(|e| e.to_str()) {
            Some("ut") | None => open_zset(comm, path, cut)?,
            Some("frd") => Kind::Calculix(Box::new(CalculixResults::open(comm, path)?)),
            Some("rst") => Kind::Ansys(Box::new(AnsysResults::open(comm, path)?)),
            Some(ending @ ("cdb" | "dat" | "db" | "rth" | "rmg")) => {
                let problem =
                    format!("holds no results that are read: a file of Ansys with the ending '{ending}'");
                return Err(Error::input(path, "", problem, "name the .rst of the structural analysis"));
            }
            _ => {
                let parts = if cut == Cut::Own { Parts::Keep } else { Parts::Anew };
                Kind::Store(Box::new(SnapshotFile::open_as(comm, path, parts)?))
            }
        };
        Ok(ResultFile { path: path.to_owned(), kind })
    }

    /// Mesh of this rank.
    pub fn subdomain(&self) -> &Subdomain {
        match &self.kind {
            Kind::Store(file) => file.subdomain(),
            Kind::Zset { sub, .. } => sub,
            Kind::Ansys(results) => &results.sub,
            Kind::Calculix(results) => &results.sub,
        }
    }

    /// Stored times.
    pub fn times(&self) -> &[f64] {
        match &self.kind {
            Kind::Store(file) => file.times(),
            Kind::Zset { times, .. } => times,
            Kind::Ansys(results) => &results.times,
            Kind::Calculix(results) => &results.times,
        }
    }

    /// The file, where it is one of ours.
    pub fn store(&self) -> Option<&SnapshotFile> {
        match &self.kind {
            Kind::Store(file) => Some(file),
            _ => None,
        }
    }

    /// Whether displacements are stored.
    pub fn has_displacement(&self) -> bool {
        match &self.kind {
            Kind::Store(file) => file.nodal_names().is_ok_and(|n| n.iter().any(|n| n == "U")),
            Kind::Zset { .. } => true,
            Kind::Ansys(results) => results.has_displacement,
            Kind::Calculix(results) => !results.times.is_empty(),
        }
    }

    /// Displacement at a time, `3 n_nodes`.
    ///
    /// # Collective
    pub fn displacement(&self, comm: &Comm, step: usize) -> Result<Vec<f64>> {
        match &self.kind {
            Kind::Store(file) => file.read_nodal(comm, step, "U"),
            Kind::Zset { sub, results, .. } => {
                agree(comm, results.nodal_vector(step, &["U1", "U2", "U3"], Some(&sub.mesh.node_index)))
            }
            Kind::Ansys(results) => results.displacement(comm, step),
            Kind::Calculix(results) => results.displacement(comm, step),
        }
    }

    /// Quantities stored at nodes besides the displacement, with their components.
    ///
    /// # Collective
    pub fn nodal_names(&self, comm: &Comm) -> Result<Vec<(String, usize)>> {
        match &self.kind {
            Kind::Store(file) => {
                let named = |n: String| file.nodal_components(&n).map(|components| (n, components));
                let names = file.nodal_names();
                let others = names.map(|n| n.into_iter().filter(|n| n != "U").map(named).collect());
                agree(comm, others.and_then(|found: Result<_>| found))
            }
            Kind::Calculix(results) => Ok(results.nodal_names()),
            _ => Ok(Vec::new()),
        }
    }

    /// A quantity of [`ResultFile::nodal_names`] at the local nodes, `n_nodes x components`.
    ///
    /// # Collective
    pub fn nodal(&self, comm: &Comm, step: usize, name: &str) -> Result<Vec<f64>> {
        match &self.kind {
            Kind::Store(file) => file.read_nodal(comm, step, name),
            Kind::Calculix(results) => results.nodal(comm, step, name),
            _ => Ok(Vec::new()),
        }
    }

    /// A quantity, or one component of a tensor, at the local nodes: as it is stored there, else carried there from the
    /// integration points.
    ///
    /// # Errors
    /// As [`ResultFile::points`].
    ///
    /// # Collective
    pub fn at_nodes(&self, comm: &Comm, step: usize, name: &str, means: &NodalMean) -> Result<Vec<f64>> {
        if let Some(asked) = Asked::find(&self.nodal_names(comm)?, name) {
            return Ok(asked.of(self.nodal(comm, step, &asked.stored)?));
        }
        let values = self.points(comm, step, name)?;
        let sub = self.subdomain();
        let components = values.len() / sub.mesh.n_points().max(1);
        Ok(means.average(comm, sub, &values, components.max(1)))
    }

    /// Whether a quantity, or the tensor that it is a component of, is stored at integration points.
    ///
    /// # Collective
    pub fn has_points(&self, comm: &Comm, name: &str) -> Result<bool> {
        Ok(Asked::find(&self.point_names(comm)?, name).is_some())
    }

    /// Quantities stored at integration points, with their components: under our names where they have one.
    ///
    /// # Collective
    pub fn point_names(&self, comm: &Comm) -> Result<Vec<(String, usize)>> {
        match &self.kind {
            Kind::Store(file) => {
                let named = || -> Result<Vec<(String, usize)>> {
                    file.point_names()?
                        .into_iter()
                        .map(|n| Ok((n.clone(), file.point_components(&n)?)))
                        .collect()
                };
                agree(comm, named())
            }
            Kind::Zset { results, prefix, .. } if results.has_integ() => {
                let mut out: Vec<(String, usize)> = Vec::new();
                let all = results.integ_names();
                for name in &all {
                    let tensor = TENSOR
                        .iter()
                        .find_map(|c| name.strip_suffix(c))
                        .filter(|base| TENSOR.iter().all(|c| all.contains(&format!("{base}{c}"))));
                    let entry = match tensor {
                        Some(base) => (ours(base, prefix.as_deref()), 6),
                        None => (ours(name, prefix.as_deref()), 1),
                    };
                    if !out.contains(&entry) {
                        out.push(entry);
                    }
                }
                Ok(out)
            }
            Kind::Zset { .. } => Ok(Vec::new()),
            Kind::Ansys(results) => Ok(results.quantities.clone()),
            Kind::Calculix(results) => Ok(results.quantities.clone()),
        }
    }

    /// A quantity, or one component of a tensor, at the local integration points, point-major.
    ///
    /// # Errors
    /// It is not stored; the names that are, are listed.
    ///
    /// # Collective
    pub fn points(&self, comm: &Comm, step: usize, name: &str) -> Result<Vec<f64>> {
        let known = self.point_names(comm)?;
        let Some(asked) = Asked::find(&known, name) else {
            let mut list: Vec<String> =
                known.into_iter().chain(self.nodal_names(comm)?).map(|k| k.0).collect();
            if self.has_displacement() {
                list.insert(0, "U".to_owned());
            }
            let there = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
            return Err(Error::input(
                &self.path,
                "",
                format!("holds no quantity '{name}' (there are: {there})"),
                "ask for one of these, or write it with --rebuild or [output] quantities",
            ));
        };
        let base = &asked.stored;
        let values = match &self.kind {
            Kind::Store(file) => file.read_point(comm, step, base)?,
            Kind::Zset { sub, results, prefix, .. } => {
                let elements = Some(sub.mesh.element_index.as_slice());
                let theirs = theirs(base, prefix.as_deref());
                let read = if asked.components == 6 {
                    results.tensor(step, &theirs, elements, Shear::Tensor)
                } else {
                    results.integ(step, &[theirs.as_str()], elements)
                };
                agree(comm, read)?
            }
            Kind::Ansys(results) => results.points(comm, step, base)?,
            Kind::Calculix(results) => results.points(comm, step, base)?,
        };
        Ok(asked.of(values))
    }

    /// Whether both files are of one mesh, as far as this rank sees it.
    pub fn same_mesh(&self, other: &ResultFile) -> Result<()> {
        same_mesh(self.subdomain(), &self.path, other.subdomain(), &other.path)
    }
}

/// Whether two files are of one mesh: counts, labels and coordinates (to 1e-6 of the size of the structure).
pub(super) fn same_mesh(a: &Subdomain, a_path: &Path, b: &Subdomain, b_path: &Path) -> Result<()> {
    let (ma, mb) = (&a.mesh, &b.mesh);
    let differ = |what: String| {
        Err(Error::input(
            b_path,
            "mesh",
            format!("{what} differ from those of {}", a_path.display()),
            "give results of one and the same mesh",
        ))
    };
    if ma.n_nodes_global != mb.n_nodes_global || ma.n_elements_global != mb.n_elements_global {
        return differ(format!(
            "{} nodes and {} elements (against {} and {})",
            mb.n_nodes_global, mb.n_elements_global, ma.n_nodes_global, ma.n_elements_global
        ));
    }
    if ma.kinds != mb.kinds || ma.connectivity != mb.connectivity || ma.node_index != mb.node_index {
        return differ("elements".to_owned());
    }
    let size = ma.points.iter().flatten().fold(0.0, |s: f64, x| s.max(x.abs()));
    let apart = |p: &[f64; 3], q: &[f64; 3]| p.iter().zip(q).any(|(x, y)| (x - y).abs() > 1e-6 * size);
    match ma.points.iter().zip(&mb.points).position(|(p, q)| apart(p, q)) {
        Some(n) => differ(format!("the coordinates of node {}", mb.node_ids[n])),
        None => Ok(()),
    }
}

fn open_zset(comm: &Comm, path: &Path, cut: Cut) -> Result<Kind> {
    let stored = if comm.is_root() { Stored::read(path).map(Some) } else { Ok(None) };
    let mut stored = agree(comm, stored)?;
    // what the other ranks need to open the files themselves
    let mut names = Vec::new();
    let (mut layout_words, mut place_words) = (Vec::new(), Vec::new());
    if let Some(s) = &stored {
        names = s.uts.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join("\n").into_bytes();
        for layout in &s.layouts {
            let words = layout.words();
            layout_words.push(words.len() as u64);
            layout_words.extend(words);
        }
        place_words = s.places.as_ref().map_or(Vec::new(), Places::words);
    }
    comm.broadcast_vec(&mut names, 0);
    comm.broadcast_vec(&mut layout_words, 0);
    comm.broadcast_vec(&mut place_words, 0);
    let uts: Vec<PathBuf> = String::from_utf8_lossy(&names).lines().map(PathBuf::from).collect();
    let mut layouts = Vec::new();
    let mut at = 0;
    while at < layout_words.len() {
        let n = layout_words[at] as usize;
        layouts.extend(Layout::from_words(&layout_words[at + 1..at + 1 + n]));
        at += 1 + n;
    }
    let part = stored.as_mut().and_then(|s| s.part.take());
    let part = part.filter(|_| cut == Cut::Own && uts.len() == comm.size());
    let sub = share_mesh(comm, stored.map(|s| s.mesh), part).map_err(|e| of_file(e, path))?;
    let places =
        Places::from_words(&place_words).map(|p| p.restrict(&sub.mesh.node_index, &sub.mesh.element_index));
    let results = agree(comm, FieldSource::open(&uts, &layouts, places))?;
    let times = results.steps().iter().map(|s| s.time).collect();
    let prefix = results.integ_names().iter().find_map(|n| n.strip_suffix("cum").map(str::to_owned));
    Ok(Kind::Zset { sub: Box::new(sub), results: Box::new(results), times, prefix })
}

/// Z-set names the inelastic variables by a prefix of the material file: `<prefix>cum`, `<prefix>i11`.
fn ours(name: &str, prefix: Option<&str>) -> String {
    match prefix.and_then(|p| name.strip_prefix(p)) {
        Some("cum") => "p".to_owned(),
        Some("i") => "evp".to_owned(),
        _ => name.to_owned(),
    }
}

fn theirs(name: &str, prefix: Option<&str>) -> String {
    match (name, prefix) {
        ("p", Some(prefix)) => format!("{prefix}cum"),
        ("evp", Some(prefix)) => format!("{prefix}i"),
        _ => name.to_owned(),
    }
}
