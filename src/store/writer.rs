//! Writing snapshots and runs, one time at a time.

use super::mesh_write::{Layout, on_root, write_mesh, write_mesh_parts};
use super::names::{StoreKind, encode};
use super::output::Output;
use super::rows::{Blocks, to_root};
use crate::error::{Error, Result};
use crate::mesh::{Mesh, Subdomain};
use crate::parallel::{Comm, agree};
use std::path::{Path, PathBuf};

/// A field at one time, this rank's part of it.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name; any text.
    pub name: &'a str,
    /// Values per node, element or point.
    pub components: usize,
    /// `n x components`, in the order of the local nodes, elements or integration points (those of an element
    /// together).
    pub values: &'a [f64],
}

impl<'a> Field<'a> {
    /// A field.
    pub fn new(name: &'a str, components: usize, values: &'a [f64]) -> Field<'a> {
        Field { name, components, values }
    }
}

/// All that is stored of one time. The first time decides which fields there are; later ones must bring the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Step<'a> {
    /// The time, above the last one.
    pub time: f64,
    /// Nodal fields: `U` (displacement, 3 components), `temperature`, any other. Interface nodes hold the same value on
    /// each of their ranks.
    pub nodal: &'a [Field<'a>],
    /// Fields with one value per element.
    pub cells: &'a [Field<'a>],
    /// Fields at integration points.
    pub points: &'a [Field<'a>],
    /// Small rows, the same on every rank, one per time each: `coordinates` (reduced coordinates), and what else belongs
    /// to a reduced run.
    pub reduced: &'a [Field<'a>],
}

/// Where a field lives in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    name: String,
    components: usize,
    dataset: String,
    offsets: Option<String>,
}

impl Slot {
    fn new(name: &str, components: usize, data: &str, offsets: Option<&str>) -> Slot {
        let link = encode(name);
        Slot {
            name: name.to_owned(),
            components,
            dataset: format!("{data}/{link}"),
            offsets: offsets.map(|o| format!("VTKHDF/Steps/{o}/{link}")),
        }
    }

    /// A VTKHDF nodal field.
    pub fn point_data(name: &str, components: usize) -> Slot {
        Slot::new(name, components, "VTKHDF/PointData", Some("PointDataOffsets"))
    }
}

/// A snapshot store or run being written: a temporary file until [`SnapshotWriter::commit`].
///
/// Dropped before, it leaves nothing behind and the file that had the name before stays as it was.
///
/// ```
/// use ferrom::mesh::{ElementKind, Mesh, Subdomain};
/// use ferrom::parallel::Comm;
/// use ferrom::store::{Field, SnapshotFile, SnapshotWriter, Step, StoreKind};
///
/// # fn main() -> ferrom::Result<()> {
/// let comm = Comm::serial();
/// let mut mesh = Mesh { node_ids: vec![1, 2, 3, 4], ..Mesh::default() };
/// mesh.points = vec![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// mesh.push_element(1, ElementKind::C3d4, &[0, 1, 2, 3]);
/// mesh.close_whole();
/// let sub = Subdomain::new(&comm, mesh);
///
/// let path = std::env::temp_dir().join(format!("ferrom-doc-{}.h5", std::process::id()));
/// let mut writer = SnapshotWriter::create(&comm, &path, StoreKind::Snapshots, &sub, "", "")?;
/// for time in [0.5, 1.0] {
///     let u = [time; 12];
///     writer.append(&comm, &Step { time, nodal: &[Field::new("U", 3, &u)], ..Step::default() })?;
/// }
/// writer.commit(&comm)?;
///
/// let file = SnapshotFile::open(&comm, &path)?;
/// assert_eq!(file.times(), [0.5, 1.0]);
/// assert_eq!(file.read_nodal(&comm, 1, "U")?, [1.0; 12]);
/// # std::fs::remove_file(&path).ok();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SnapshotWriter {
    path: PathBuf,
    out: Option<Output>,
    layout: Layout,
    n_times: usize,
    last: f64,
    nodal: Vec<Slot>,
    cells: Vec<Slot>,
    points: Vec<Slot>,
    reduced: Vec<Slot>,
}

impl SnapshotWriter {
    /// Starts a file: mesh and sets are written at once. `case` and `provenance` are texts kept as they are (TOML,
    /// JSON; empty where there is none).
    ///
    /// # Errors
    /// The file cannot be written (exit code 1), the same on every rank.
    ///
    /// # Collective
    pub fn create(
        comm: &Comm,
        path: &Path,
        kind: StoreKind,
        sub: &Subdomain,
        case: &str,
        provenance: &str,
    ) -> Result<SnapshotWriter> {
        let opened = if comm.is_root() { Output::create(path, kind).map(Some) } else { Ok(None) };
        let mut out = agree(comm, opened)?;
        let layout = Layout::new(comm, &sub.mesh);
        write_mesh(comm, &mut out, &sub.mesh, &layout)?;
        on_root(comm, &mut out, |out| {
            out.text("ferrom/case", case)?;
            out.text("ferrom/provenance", provenance)?;
            write_steps(out)
        })?;
        Ok(SnapshotWriter {
            path: path.to_path_buf(),
            out,
            layout,
            n_times: 0,
            last: f64::NEG_INFINITY,
            nodal: Vec::new(),
            cells: Vec::new(),
            points: Vec::new(),
            reduced: Vec::new(),
        })
    }

    /// Number of times written so far.
    pub fn n_times(&self) -> usize {
        self.n_times
    }

    /// Where the file will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one time.
    ///
    /// # Errors
    /// A time that is not above the last one, other fields than before, a wrong length; the file cannot be written.
    /// The same on every rank; the writer is then of no more use than to be dropped.
    ///
    /// # Collective
    pub fn append(&mut self, comm: &Comm, step: &Step<'_>) -> Result<()> {
        let first = self.n_times == 0;
        agree(comm, self.check(step))?;
        if first {
            self.declare(comm, step)?;
        }
        let k = self.n_times;
        for (slots, fields, blocks) in
            [(&self.nodal, step.nodal, &self.layout.nodes), (&self.cells, step.cells, &self.layout.elements)]
        {
            for (slot, field) in slots.iter().zip(fields) {
                write_rows(comm, &mut self.out, slot, blocks, k, field.values)?;
            }
        }
        for (slot, field) in self.points.iter().zip(step.points) {
            let width = slot.components;
            let out = &mut self.out;
            to_root(comm, &self.layout.points, width, field.values, |rows, values| match out {
                Some(out) => out.write(&slot.dataset, &[k..k + 1, rows, 0..width], values),
                None => Ok(()),
            })?;
        }
        let (time, n_parts) = (step.time, comm.size() as i64);
        let (slots, fields) = (&self.reduced, step.reduced);
        on_root(comm, &mut self.out, |out| {
            for (slot, field) in slots.iter().zip(fields) {
                out.write(&slot.dataset, &[k..k + 1, 0..slot.components], field.values)?;
            }
            write_step(out, k, time, n_parts)
        })?;
        self.n_times += 1;
        self.last = step.time;
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// The file cannot be written (exit code 1), the same on every rank; what had the name before is still there.
    ///
    /// # Collective
    pub fn commit(mut self, comm: &Comm) -> Result<()> {
        let n = self.n_times as i64;
        on_root(comm, &mut self.out, |out| out.attribute("VTKHDF/Steps", "NSteps", &[n]))?;
        agree(comm, self.out.take().map_or(Ok(()), Output::commit))
    }

    fn check(&self, step: &Step<'_>) -> Result<()> {
        let fail = |what: String| Err(Error::run(format!("{}: {what}", self.path.display())));
        if !step.time.is_finite() || step.time <= self.last {
            return fail(format!(
                "time {} cannot be stored after time {}; times must grow",
                step.time, self.last
            ));
        }
        let all = step.nodal.iter().chain(step.cells).chain(step.points).chain(step.reduced);
        if let Some(empty) = all.into_iter().find(|f| f.components == 0 || f.name.is_empty()) {
            return fail(format!("field '{}' needs a name and at least one component", empty.name));
        }
        if self.n_times > 0 {
            let same = |slots: &[Slot], fields: &[Field<'_>]| {
                slots.len() == fields.len()
                    && slots.iter().zip(fields).all(|(s, f)| s.name == f.name && s.components == f.components)
            };
            let all = same(&self.nodal, step.nodal)
                && same(&self.cells, step.cells)
                && same(&self.points, step.points)
                && same(&self.reduced, step.reduced);
            if !all {
                return fail(format!("the fields at time {} are not those of the first time", step.time));
            }
        }
        Ok(())
    }

    /// Creates the datasets of the fields that the first time brings.
    fn declare(&mut self, comm: &Comm, step: &Step<'_>) -> Result<()> {
        let slots = |fields: &[Field<'_>], data: &str, offsets: Option<&str>| -> Vec<Slot> {
            fields.iter().map(|f| Slot::new(f.name, f.components, data, offsets)).collect()
        };
        self.nodal = slots(step.nodal, "VTKHDF/PointData", Some("PointDataOffsets"));
        self.cells = slots(step.cells, "VTKHDF/CellData", Some("CellDataOffsets"));
        self.points = slots(step.points, "ferrom/points", None);
        self.reduced = slots(step.reduced, "ferrom/reduced", None);
        let told = format!("{:?} {:?} {:?} {:?}", self.nodal, self.cells, self.points, self.reduced);
        let mut others = told.clone().into_bytes();
        comm.broadcast_vec(&mut others, 0);
        let same = if others == told.as_bytes() {
            Ok(())
        } else {
            Err(Error::run(format!(
                "{}: rank {} stores other fields than rank 0",
                self.path.display(),
                comm.rank()
            )))
        };
        agree(comm, same)?;
        let (nodal, cells, points, reduced) = (&self.nodal, &self.cells, &self.points, &self.reduced);
        let (n_nodes, n_elements, n_points) =
            (self.layout.nodes.total(), self.layout.elements.total(), self.layout.points.total());
        on_root(comm, &mut self.out, |out| {
            out.group("VTKHDF/PointData")?;
            out.group("VTKHDF/CellData")?;
            out.group("ferrom/points")?;
            for (slots, rows) in [(nodal, n_nodes), (cells, n_elements)] {
                slots.iter().try_for_each(|slot| declare_rows(out, slot, rows))?;
            }
            for slot in points {
                out.dataset::<f64>(&slot.dataset, &[0, n_points, slot.components], true, 1)?;
            }
            if !reduced.is_empty() {
                out.group("ferrom/reduced")?;
            }
            for slot in reduced {
                out.dataset::<f64>(&slot.dataset, &[0, slot.components], true, 1)?;
            }
            Ok(())
        })
    }
}

/// Writes a mesh in parts, without times: `whole` gives the sets, `parts` its subdomains. The work of one rank.
///
/// # Errors
/// The file cannot be written (exit code 1).
pub fn write_parts(path: &Path, whole: &Mesh, parts: &[Mesh]) -> Result<()> {
    let comm = Comm::serial();
    let mut out = Some(Output::create(path, StoreKind::Snapshots)?);
    write_mesh_parts(&comm, &mut out, parts, whole, &Layout::of_parts(&comm, parts))?;
    on_root(&comm, &mut out, |out| {
        out.text("ferrom/case", "")?;
        out.text("ferrom/provenance", "")?;
        write_steps(out)?;
        out.attribute("VTKHDF/Steps", "NSteps", &[0i64])
    })?;
    out.take().map_or(Ok(()), Output::commit)
}

/// The `Steps` group and its growing tables.
pub(super) fn write_steps(out: &mut Output) -> Result<()> {
    for group in ["VTKHDF/Steps", "VTKHDF/Steps/PointDataOffsets", "VTKHDF/Steps/CellDataOffsets"] {
        out.group(group)?;
    }
    out.dataset::<f64>("VTKHDF/Steps/Values", &[0], true, 1)?;
    for name in ["NumberOfParts", "PartOffsets", "PointOffsets", "CellOffsets", "ConnectivityIdOffsets"] {
        out.dataset::<i64>(&format!("VTKHDF/Steps/{name}"), &[0], true, 1)?;
    }
    Ok(())
}

/// The row of step `k`: the mesh is the same at all of them.
pub(super) fn write_step(out: &mut Output, k: usize, time: f64, n_parts: i64) -> Result<()> {
    out.write("VTKHDF/Steps/Values", &[k..k + 1], &[time])?;
    out.write("VTKHDF/Steps/NumberOfParts", &[k..k + 1], &[n_parts])?;
    for name in ["PartOffsets", "PointOffsets", "CellOffsets", "ConnectivityIdOffsets"] {
        out.write(&format!("VTKHDF/Steps/{name}"), &[k..k + 1], &[0i64])?;
    }
    Ok(())
}

pub(super) fn declare_rows(out: &mut Output, slot: &Slot, rows: usize) -> Result<()> {
    let shape = if slot.components == 1 { vec![0] } else { vec![0, slot.components] };
    out.dataset::<f64>(&slot.dataset, &shape, true, rows)?;
    match &slot.offsets {
        Some(offsets) => out.dataset::<i64>(offsets, &[0], true, 1),
        None => Ok(()),
    }
}

/// Appends a VTKHDF field: the rows of all steps follow each other.
pub(super) fn write_rows(
    comm: &Comm,
    out: &mut Option<Output>,
    slot: &Slot,
    blocks: &Blocks,
    k: usize,
    values: &[f64],
) -> Result<()> {
    let start = k * blocks.total();
    let width = slot.components;
    to_root(comm, blocks, width, values, |rows, values| match out {
        Some(out) if width == 1 => out.write(&slot.dataset, &[start + rows.start..start + rows.end], values),
        Some(out) => out.write(&slot.dataset, &[start + rows.start..start + rows.end, 0..width], values),
        None => Ok(()),
    })?;
    on_root(comm, out, |out| match &slot.offsets {
        Some(offsets) => out.write(offsets, &[k..k + 1], &[start as i64]),
        None => Ok(()),
    })
}
