//! Reading snapshots and runs, on any number of ranks.

use super::fields::{Support, find};
use super::hdf::Source;
use super::mesh_read::{Placed, read_mesh};
use super::names::{SCHEMA_VERSION, StoreKind, decode, encode};
use crate::error::{Error, Result};
use crate::mesh::{Mesh, Subdomain};
use crate::parallel::{Comm, agree};
use std::path::Path;

/// How the parts of a file are spread over the ranks that read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parts {
    /// Each rank takes whole parts of the file where there are enough of them.
    #[default]
    Keep,
    /// The structure is partitioned anew.
    Anew,
}

/// A snapshot store or run, open for reading: this rank's subdomain, and its rows of any field at any time.
#[derive(Debug)]
pub struct SnapshotFile {
    file: Source,
    kind: StoreKind,
    times: Vec<f64>,
    placed: Placed,
    case: String,
    provenance: String,
}

/// Opens a file and checks that it is ours, of a version that is known here, and of one of the kinds.
pub(super) fn open_checked(path: &Path, kinds: &[StoreKind]) -> Result<(Source, StoreKind)> {
    let file = Source::open(path)?;
    if !file.has("ferrom") || !file.has("VTKHDF") {
        let missing = if file.has("ferrom") { "/VTKHDF" } else { "/ferrom" };
        let remedy = "give a file that ferrom wrote, or one written as docs/store.md says";
        return Err(file.wrong("", format!("is an HDF5 file without the group {missing}"), remedy));
    }
    if file.attribute_text("ferrom", "schema")?.as_deref() != Some("ferrom") {
        return Err(file.wrong("ferrom, attribute schema", "is not 'ferrom'", "see docs/store.md"));
    }
    match file.attribute::<u64>("ferrom", "version")? {
        Some(v) if (1..=SCHEMA_VERSION).contains(&v) => {}
        Some(v) if v > SCHEMA_VERSION => {
            let problem = format!("is {v}, newer than the {SCHEMA_VERSION} that this program reads");
            return Err(file.wrong("ferrom, attribute version", problem, "use a newer ferrom"));
        }
        other => {
            let found = other.map_or("missing".to_owned(), |v| v.to_string());
            return Err(file.wrong("ferrom, attribute version", format!("is {found}"), "see docs/store.md"));
        }
    }
    let name = file.attribute_text("ferrom", "kind")?.unwrap_or_default();
    let known: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
    match StoreKind::from_name(&name).filter(|k| kinds.contains(k)) {
        Some(kind) => Ok((file, kind)),
        None => {
            let problem = format!("is '{name}' where '{}' is due", known.join("' or '"));
            let remedy = match StoreKind::from_name(&name) {
                Some(StoreKind::Model) => {
                    "give the snapshots it was built from, or a run of 'ferrom online --rebuild'"
                }
                Some(_) => "build a model of it with 'ferrom offline'",
                None => "see docs/store.md",
            };
            Err(file.wrong("ferrom, attribute kind", problem, remedy))
        }
    }
}

/// What a file of ours holds.
///
/// # Errors
/// It is not a file of ours, or of a newer schema.
pub fn kind_of(path: &Path) -> Result<StoreKind> {
    open_checked(path, &[StoreKind::Snapshots, StoreKind::Run, StoreKind::Model]).map(|(_, kind)| kind)
}

/// The mesh of a snapshot store, run or partitioned mesh: this rank's subdomain. Parts are kept where there are at least
/// as many as ranks.
///
/// # Errors
/// As [`SnapshotFile::open`].
///
/// # Collective
pub fn stored_mesh(comm: &Comm, path: &Path) -> Result<Subdomain> {
    let (file, _) = agree(comm, open_checked(path, &[StoreKind::Snapshots, StoreKind::Run]))?;
    Ok(read_mesh(comm, &file, true)?.sub)
}

impl SnapshotFile {
    /// Opens a snapshot store or run. Parts are kept where there are at least as many as ranks.
    ///
    /// # Errors
    /// One sentence with file, dataset and remedy (exit code 3), the same on every rank; more ranks than elements
    /// (exit code 2).
    ///
    /// # Collective
    pub fn open(comm: &Comm, path: &Path) -> Result<SnapshotFile> {
        SnapshotFile::open_as(comm, path, Parts::Keep)
    }

    /// As [`SnapshotFile::open`], saying what becomes of the parts.
    ///
    /// # Errors
    /// As [`SnapshotFile::open`].
    ///
    /// # Collective
    pub fn open_as(comm: &Comm, path: &Path, parts: Parts) -> Result<SnapshotFile> {
        let opened = open_checked(path, &[StoreKind::Snapshots, StoreKind::Run]).and_then(|(file, kind)| {
            let times = read_times(&file)?;
            let (case, provenance) = (file.text("ferrom/case")?, file.text("ferrom/provenance")?);
            Ok((file, kind, times, case, provenance))
        });
        let opened =
            opened.and_then(|o| if is_reduced_only(&o.0)? { Err(without_fields(&o.0)) } else { Ok(o) });
        let (file, kind, times, case, provenance) = agree(comm, opened)?;
        let placed = read_mesh(comm, &file, parts == Parts::Keep)?;
        Ok(SnapshotFile { file, kind, times, placed, case, provenance })
    }

    /// What the file holds.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The stored times, growing.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// This rank's part of the structure.
    pub fn subdomain(&self) -> &Subdomain {
        &self.placed.sub
    }

    /// This rank's mesh.
    pub fn mesh(&self) -> &Mesh {
        &self.placed.sub.mesh
    }

    /// The case that the results belong to, as it was given to the writer; empty where there is none.
    pub fn case_text(&self) -> &str {
        &self.case
    }

    /// How the file came to be, as it was given to the writer.
    pub fn provenance(&self) -> &str {
        &self.provenance
    }

    /// Names of the nodal fields, sorted.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn nodal_names(&self) -> Result<Vec<String>> {
        self.names("VTKHDF/PointData")
    }

    /// Names of the element fields, sorted.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn cell_names(&self) -> Result<Vec<String>> {
        self.names("VTKHDF/CellData")
    }

    /// Names of the integration-point fields, sorted.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn point_names(&self) -> Result<Vec<String>> {
        self.names("ferrom/points")
    }

    /// Components of an integration-point field.
    ///
    /// # Errors
    /// There is no such field; the file is damaged.
    pub fn point_components(&self, name: &str) -> Result<usize> {
        Ok(find(&self.file, &self.placed, Support::Points, "ferrom/points", name)?.components)
    }

    /// Components of a nodal field.
    ///
    /// # Errors
    /// As [`SnapshotFile::read_nodal`].
    pub fn nodal_components(&self, name: &str) -> Result<usize> {
        Ok(find(&self.file, &self.placed, Support::Nodes, "VTKHDF/PointData", name)?.components)
    }

    fn names(&self, group: &str) -> Result<Vec<String>> {
        Ok(self.file.members(group)?.iter().map(|n| decode(n)).collect())
    }

    /// A nodal field at step `k` (from 0): `n_nodes x components`, local nodes. `U` has 3 components.
    ///
    /// # Errors
    /// No such step or field, a value that is not finite, a damaged file (exit code 3); the same on every rank.
    ///
    /// # Collective
    pub fn read_nodal(&self, comm: &Comm, k: usize, name: &str) -> Result<Vec<f64>> {
        agree(comm, self.read(Support::Nodes, k, name, None))
    }

    /// An element field at step `k`: `n_elements x components`.
    ///
    /// # Errors
    /// As [`SnapshotFile::read_nodal`].
    ///
    /// # Collective
    pub fn read_cell(&self, comm: &Comm, k: usize, name: &str) -> Result<Vec<f64>> {
        agree(comm, self.read(Support::Elements, k, name, None))
    }

    /// An integration-point field at step `k`: `n_points x components`, elements in local order, the points of an
    /// element together.
    ///
    /// # Errors
    /// As [`SnapshotFile::read_nodal`].
    ///
    /// # Collective
    pub fn read_point(&self, comm: &Comm, k: usize, name: &str) -> Result<Vec<f64>> {
        agree(comm, self.read(Support::Points, k, name, None))
    }

    /// As [`SnapshotFile::read_nodal`], into an array that is there already.
    ///
    /// # Errors
    /// As [`SnapshotFile::read_nodal`]; an array of the wrong length.
    ///
    /// # Collective
    pub fn read_nodal_into(&self, comm: &Comm, k: usize, name: &str, out: &mut [f64]) -> Result<()> {
        agree(comm, self.read(Support::Nodes, k, name, Some(out)).map(drop))
    }

    /// As [`SnapshotFile::read_point`], into an array that is there already.
    ///
    /// # Errors
    /// As [`SnapshotFile::read_nodal`]; an array of the wrong length.
    ///
    /// # Collective
    pub fn read_point_into(&self, comm: &Comm, k: usize, name: &str, out: &mut [f64]) -> Result<()> {
        agree(comm, self.read(Support::Points, k, name, Some(out)).map(drop))
    }

    fn read(&self, support: Support, k: usize, name: &str, out: Option<&mut [f64]>) -> Result<Vec<f64>> {
        let Some(time) = self.times.get(k) else {
            let problem = format!("has no step {k}");
            return Err(self.file.wrong(
                "",
                problem,
                &format!("there are {}, counted from 0", self.times.len()),
            ));
        };
        let (group, n) = match support {
            Support::Nodes => ("VTKHDF/PointData", self.placed.nodes.n_local()),
            Support::Elements => ("VTKHDF/CellData", self.placed.elements.n_local()),
            Support::Points => ("ferrom/points", self.placed.points.n_local()),
        };
        let field = find(&self.file, &self.placed, support, group, name)?;
        if support == Support::Nodes && name == "U" && field.components != 3 {
            return Err(field
                .table
                .wrong(format!("has {} components", field.components), "a displacement has 3"));
        }
        let start = self.start(support, k, name)?;
        let when = format!("time {time} (step {k})");
        let mut own = Vec::new();
        match out {
            Some(out) => field.read(&self.placed, k, start, &when, out)?,
            None => {
                own = vec![0.0; n * field.components];
                field.read(&self.placed, k, start, &when, &mut own)?;
            }
        }
        Ok(own)
    }

    /// First row of a step in a VTKHDF field: what the file says, else one block of rows per step.
    fn start(&self, support: Support, k: usize, name: &str) -> Result<usize> {
        let (offsets, rows) = match support {
            Support::Nodes => ("PointDataOffsets", self.placed.n_node_rows),
            Support::Elements => ("CellDataOffsets", self.placed.n_element_rows),
            Support::Points => return Ok(0),
        };
        let Some(table) = self.file.optional(&format!("VTKHDF/Steps/{offsets}/{}", encode(name)))? else {
            return Ok(k * rows);
        };
        table.expect(&[Some(self.times.len())])?;
        let start = table.some::<i64>(k..k + 1)?[0];
        usize::try_from(start)
            .map_err(|_| table.wrong(format!("holds {start} at step {k}"), "offsets are not negative"))
    }

    /// Number of reduced coordinates: 0 where the file has none.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn n_reduced(&self) -> Result<usize> {
        match self.file.optional("ferrom/reduced/coordinates")? {
            None => Ok(0),
            Some(table) => {
                table.expect(&[Some(self.times.len()), None])?;
                Ok(table.shape[1])
            }
        }
    }

    /// Reduced coordinates of all times, `n_times x n`, the same on every rank.
    ///
    /// # Errors
    /// The file has none or is damaged; the same on every rank.
    ///
    /// # Collective
    pub fn reduced_coordinates(&self, comm: &Comm) -> Result<Vec<f64>> {
        let read = self.n_reduced().and_then(|_| self.file.dataset("ferrom/reduced/coordinates")?.finite());
        agree(comm, read)
    }
}

/// A run that `ferrom online` wrote without `--rebuild`: reduced coordinates and no mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedRun {
    /// The stored times.
    pub times: Vec<f64>,
    /// Number of reduced coordinates.
    pub coordinates: usize,
}

impl ReducedRun {
    /// Reads what such a run holds; `None` where the file has fields on a mesh.
    ///
    /// # Errors
    /// It is not a store or run of ours, or damaged.
    pub fn find(path: &Path) -> Result<Option<ReducedRun>> {
        let (file, _) = open_checked(path, &[StoreKind::Snapshots, StoreKind::Run])?;
        if !is_reduced_only(&file)? {
            return Ok(None);
        }
        let times = read_times(&file)?;
        let table = file.dataset("ferrom/reduced/coordinates")?;
        table.expect(&[Some(times.len()), None])?;
        let coordinates = table.shape[1];
        Ok(Some(ReducedRun { times, coordinates }))
    }
}

/// Whether there are reduced coordinates and no mesh.
fn is_reduced_only(file: &Source) -> Result<bool> {
    if !file.has("ferrom/reduced/coordinates") {
        return Ok(false);
    }
    Ok(file.dataset("VTKHDF/NumberOfCells")?.all::<i64>()?.iter().all(|n| *n == 0))
}

fn without_fields(file: &Source) -> Error {
    file.wrong(
        "ferrom/reduced",
        "holds reduced coordinates only, no field on the mesh",
        "run 'ferrom online' again with --rebuild, for instance --rebuild U,sig",
    )
}

fn read_times(file: &Source) -> Result<Vec<f64>> {
    let table = file.dataset("VTKHDF/Steps/Values")?;
    table.expect(&[None])?;
    let times = table.finite()?;
    if times.is_empty() {
        return Err(table.wrong("holds no time", "store at least one"));
    }
    if let Some(k) = (1..times.len()).find(|&k| times[k] <= times[k - 1]) {
        let problem = format!("time {} at step {k} is not above time {}", times[k], times[k - 1]);
        return Err(table.wrong(problem, "times must grow"));
    }
    for name in ["PartOffsets", "PointOffsets", "CellOffsets", "ConnectivityIdOffsets"] {
        if let Some(table) = file.optional(&format!("VTKHDF/Steps/{name}"))?
            && table.all::<i64>()?.iter().any(|o| *o != 0)
        {
            return Err(
                table.wrong("is not zero: the mesh changes with time", "one mesh for all times is needed")
            );
        }
    }
    Ok(times)
}
