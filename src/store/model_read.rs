//! A reduced model out of a file: what the online stage needs, and the mesh-sized fields one by one.

use super::fields::{Support, find};
use super::hdf::{Source, Table};
use super::mesh_read::{Placed, read_mesh};
use super::model::{
    DualQuantity, FaceOperator, Lift, LoadOperators, ReducedModel, ReducedPoints, SmallTable,
};
use super::names::{StoreKind, decode, encode};
use super::reader::open_checked;
use crate::error::Result;
use crate::mesh::Subdomain;
use crate::parallel::{Comm, agree};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

impl ReducedModel {
    /// Reads what the online stage needs, no mesh-sized array among it. The reduced points are spread over the ranks in
    /// contiguous blocks (a rank may get none); everything else is complete on every rank.
    ///
    /// # Errors
    /// One sentence with file, dataset and remedy (exit code 3), the same on every rank.
    ///
    /// # Collective
    pub fn read_online(comm: &Comm, path: &Path) -> Result<ReducedModel> {
        agree(comm, open_checked(path, &[StoreKind::Model]).and_then(|(file, _)| read_model(comm, &file)))
    }

    /// Opens the mesh-sized fields of a model: see [`ModelFile`].
    ///
    /// # Errors
    /// As [`ReducedModel::read_online`]; more ranks than elements.
    ///
    /// # Collective
    pub fn read_fields(comm: &Comm, path: &Path) -> Result<ModelFile> {
        ModelFile::open(comm, path)
    }
}

fn count(file: &Source, name: &str) -> Result<usize> {
    let place = format!("ferrom/model, attribute {name}");
    let n = file.attribute::<u64>("ferrom/model", name)?;
    let n = n.ok_or_else(|| file.wrong(&place, "is missing", "see docs/store.md"))?;
    usize::try_from(n).map_err(|_| file.wrong(&place, format!("is {n}"), "the file is damaged"))
}

fn number(file: &Source, group: &str, name: &str) -> Result<f64> {
    let place = format!("{group}, attribute {name}");
    match file.attribute::<f64>(group, name)? {
        Some(v) if v.is_finite() => Ok(v),
        Some(v) => Err(file.wrong(&place, format!("is {v}"), "it must be finite")),
        None => Err(file.wrong(&place, "is missing", "see docs/store.md")),
    }
}

/// A dataset of finite numbers of that shape.
fn values(file: &Source, name: &str, shape: &[Option<usize>]) -> Result<Vec<f64>> {
    let table = file.dataset(&format!("ferrom/model/{name}"))?;
    table.expect(shape)?;
    table.finite()
}

fn read_model(comm: &Comm, file: &Source) -> Result<ReducedModel> {
    let n = count(file, "n_modes")?;
    let n_lifts = count(file, "n_lifts")?;
    let lifts: Vec<Lift> = serde_json::from_str(&file.text("ferrom/model/lifts")?).map_err(|e| {
        file.wrong("ferrom/model/lifts", format!("is not a list of lifts ({e})"), "write the model again")
    })?;
    if lifts.len() != n_lifts {
        let problem = format!("names {} lifts where {n_lifts} are due", lifts.len());
        return Err(file.wrong("ferrom/model/lifts", problem, "write the model again"));
    }
    let mut tolerances = BTreeMap::new();
    for link in file.members("ferrom/model/tolerances")? {
        tolerances.insert(decode(&link), values(file, &format!("tolerances/{link}"), &[Some(1)])?[0]);
    }
    let mut tables = BTreeMap::new();
    for link in file.members("ferrom/model/tables")? {
        let table = file.dataset(&format!("ferrom/model/tables/{link}"))?;
        table.expect(&[None, None])?;
        tables.insert(decode(&link), SmallTable { columns: table.shape[1], values: table.finite()? });
    }
    let n_nodes = file
        .attribute::<u64>("ferrom/mesh", "n_nodes")?
        .ok_or_else(|| file.wrong("ferrom/mesh, attribute n_nodes", "is missing", "write the model again"))?;
    let points = read_points(comm, file, n + n_lifts)?;
    let block = points.first as usize..points.first as usize + points.len();
    Ok(ReducedModel {
        n_modes: n,
        n_nodes,
        singular_values: values(file, "singular_values", &[None])?,
        lifts,
        duals: read_duals(file, points.n_global as usize, &block)?,
        points,
        loads: read_loads(file, n)?,
        materials: file.text("ferrom/model/materials")?,
        calibration: file.text("ferrom/model/calibration")?,
        case: file.text("ferrom/case")?,
        provenance: file.text("ferrom/provenance")?,
        tolerances,
        volume: number(file, "ferrom/model", "volume")?,
        tables,
    })
}

/// A block of finite numbers.
fn finite_block(table: &Table<'_>, ranges: &[Range<usize>]) -> Result<Vec<f64>> {
    let values = table.block::<f64>(ranges)?;
    match values.iter().find(|v| !v.is_finite()) {
        None => Ok(values),
        Some(v) => Err(table.wrong(format!("holds {v}"), "every value must be finite")),
    }
}

/// This rank's block of the reduced points.
fn read_points(comm: &Comm, file: &Source, columns: usize) -> Result<ReducedPoints> {
    let z = file.dataset("ferrom/model/points/element_id")?.rows();
    let block = z * comm.rank() / comm.size()..z * (comm.rank() + 1) / comm.size();
    let open = |name: &str, inner: &[usize]| {
        let table = file.dataset(&format!("ferrom/model/points/{name}"))?;
        let mut shape = vec![Some(z)];
        shape.extend(inner.iter().map(|n| Some(*n)));
        table.expect(&shape).map(|()| table)
    };
    let reals = |name: &str, inner: &[usize]| -> Result<Vec<f64>> {
        let table = open(name, inner)?;
        let mut ranges = vec![block.clone()];
        ranges.extend(inner.iter().map(|n| 0..*n));
        finite_block(&table, &ranges)
    };
    let offsets = file.dataset("ferrom/model/points/node_offsets")?;
    offsets.expect(&[Some(z + 1)])?;
    let starts = offsets.some::<u64>(block.start..block.end + 1)?;
    let bad = || offsets.wrong("does not grow", "the file is damaged: write it again");
    if !starts.is_sorted() {
        return Err(bad());
    }
    let as_row = |v: u64| usize::try_from(v).map_err(|_| bad());
    let ragged: Range<usize> = as_row(starts[0])?..as_row(starts[starts.len() - 1])?;
    let shapes = file.dataset("ferrom/model/points/shapes")?;
    shapes.expect(&[None])?;
    let shapes = finite_block(&shapes, std::slice::from_ref(&ragged))?;
    Ok(ReducedPoints {
        n_global: z as u64,
        first: block.start as u64,
        element_id: open("element_id", &[])?.some(block.clone())?,
        element_index: open("element_index", &[])?.some(block.clone())?,
        number: open("number", &[])?.some(block.clone())?,
        x: reals("x", &[3])?.chunks_exact(3).map(|x| [x[0], x[1], x[2]]).collect(),
        weight: reals("weight", &[])?,
        material: open("material", &[])?.some(block.clone())?,
        node_offsets: starts.iter().map(|s| s - starts[0]).collect(),
        nodes: file.dataset("ferrom/model/points/nodes")?.some(ragged)?,
        shapes,
        strain: reals("strain", &[columns, 6])?,
    })
}

fn read_duals(file: &Source, z: usize, block: &Range<usize>) -> Result<Vec<DualQuantity>> {
    let mut duals = Vec::new();
    for link in file.members("ferrom/model/dual")? {
        let group = format!("ferrom/model/dual/{link}");
        let rows = file.dataset(&format!("{group}/rows"))?;
        rows.expect(&[Some(z), None, None])?;
        let (components, m) = (rows.shape[1], rows.shape[2]);
        duals.push(DualQuantity {
            name: decode(&link),
            components,
            m,
            singular_values: values(file, &format!("dual/{link}/singular_values"), &[None])?,
            q_max: number(file, &group, "q_max")?,
            q_max_l2: number(file, &group, "q_max_l2")?,
            rows: finite_block(&rows, &[block.clone(), 0..components, 0..m])?,
        });
    }
    Ok(duals)
}

fn read_loads(file: &Source, n: usize) -> Result<LoadOperators> {
    let mut loads =
        LoadOperators { whole: values(file, "loads/whole", &[Some(n), Some(12)])?, ..Default::default() };
    for link in file.members("ferrom/model/loads/elements")? {
        let moments = values(file, &format!("loads/elements/{link}"), &[Some(n), Some(12)])?;
        loads.elements.insert(decode(&link), moments);
    }
    for link in file.members("ferrom/model/loads/nodes")? {
        loads.nodes.insert(decode(&link), values(file, &format!("loads/nodes/{link}"), &[Some(n), Some(3)])?);
    }
    for link in file.members("ferrom/model/loads/faces")? {
        let group = format!("loads/faces/{link}");
        let position = file.dataset(&format!("ferrom/model/{group}/position"))?;
        position.expect(&[None])?;
        let (faces, position) = (position.rows(), position.all::<u64>()?);
        let normal = values(file, &format!("{group}/normal"), &[Some(faces), Some(n)])?;
        let area = values(file, &format!("{group}/area"), &[Some(faces), Some(3), Some(n)])?;
        loads.faces.insert(decode(&link), FaceOperator { position, normal, area });
    }
    Ok(loads)
}

/// The mesh-sized fields of a model, open for reading: this rank's subdomain, its rows of modes, lifts and dual bases.
#[derive(Debug)]
pub struct ModelFile {
    file: Source,
    placed: Placed,
    n_modes: usize,
    n_lifts: usize,
}

impl ModelFile {
    /// Opens a model; parts of the file are kept where there are at least as many as ranks.
    ///
    /// # Errors
    /// One sentence with file, dataset and remedy (exit code 3), the same on every rank; more ranks than elements
    /// (exit code 2).
    ///
    /// # Collective
    pub fn open(comm: &Comm, path: &Path) -> Result<ModelFile> {
        let opened = open_checked(path, &[StoreKind::Model])
            .and_then(|(file, _)| Ok((count(&file, "n_modes")?, count(&file, "n_lifts")?, file)));
        let (n_modes, n_lifts, file) = agree(comm, opened)?;
        let placed = read_mesh(comm, &file, true)?;
        Ok(ModelFile { file, placed, n_modes, n_lifts })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// This rank's part of the structure.
    pub fn subdomain(&self) -> &Subdomain {
        &self.placed.sub
    }

    /// Number of modes.
    pub fn n_modes(&self) -> usize {
        self.n_modes
    }

    /// Number of lifts.
    pub fn n_lifts(&self) -> usize {
        self.n_lifts
    }

    /// Mode `k` (from 0): `n_nodes x 3`, local nodes.
    ///
    /// # Errors
    /// No such mode, a damaged file (exit code 3); the same on every rank.
    ///
    /// # Collective
    pub fn mode(&self, comm: &Comm, k: usize) -> Result<Vec<f64>> {
        agree(comm, self.nodal("mode", k, self.n_modes))
    }

    /// Lift `k` (from 0): `n_nodes x 3`, local nodes.
    ///
    /// # Errors
    /// As [`ModelFile::mode`].
    ///
    /// # Collective
    pub fn lift(&self, comm: &Comm, k: usize) -> Result<Vec<f64>> {
        agree(comm, self.nodal("lift", k, self.n_lifts))
    }

    fn nodal(&self, name: &str, k: usize, n: usize) -> Result<Vec<f64>> {
        if k >= n {
            return Err(self.file.wrong(
                "",
                format!("has no {name} {k}"),
                &format!("there are {n}, counted from 0"),
            ));
        }
        let field = find(&self.file, &self.placed, Support::Nodes, "VTKHDF/PointData", name)?;
        if field.components != 3 {
            return Err(field
                .table
                .wrong(format!("has {} components", field.components), "a displacement has 3"));
        }
        let mut out = vec![0.0; 3 * self.placed.nodes.n_local()];
        field.read(&self.placed, k, k * self.placed.n_node_rows, &format!("{name} {k}"), &mut out)?;
        Ok(out)
    }

    /// Column `k` (from 0) of the basis of a dual quantity: `n_points x components`, local points.
    ///
    /// # Errors
    /// No such quantity or column, a damaged file (exit code 3); the same on every rank.
    ///
    /// # Collective
    pub fn dual(&self, comm: &Comm, name: &str, k: usize) -> Result<Vec<f64>> {
        agree(comm, self.dual_column(name, k))
    }

    fn dual_column(&self, name: &str, k: usize) -> Result<Vec<f64>> {
        let known: Vec<String> = self.file.members("ferrom/model/dual")?.iter().map(|l| decode(l)).collect();
        if !known.iter().any(|k| k == name) {
            let problem = format!("has no dual quantity '{name}'");
            return Err(self.file.wrong("", problem, &format!("there are {}", known.join(", "))));
        }
        let group = format!("ferrom/model/dual/{}", encode(name));
        let field = find(&self.file, &self.placed, Support::Points, &group, "basis")?;
        if k >= field.table.rows() {
            let problem = format!("has no column {k}");
            return Err(field
                .table
                .wrong(problem, &format!("there are {}, counted from 0", field.table.rows())));
        }
        let mut out = vec![0.0; field.components * self.placed.points.n_local()];
        field.read(&self.placed, k, 0, &format!("column {k}"), &mut out)?;
        Ok(out)
    }
}
