//! Fields of a computation: `.node` and `.integ` beside a `.ut`, read by name.
//!
//! Both are big-endian 32-bit floats without any header: `.node` is time, component, node; `.integ` is time, element,
//! component, integration point. Sizes are checked when the files are opened, values when they are read.

use super::layout::Layout;
use super::runs::{Run, runs};
use super::ut::UtIndex;
use crate::error::{Error, Result, nearest};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Components of a symmetric tensor, in Z-set's order and ours.
pub const TENSOR: [&str; 6] = ["11", "22", "33", "12", "23", "31"];

/// The results of one computation, or of one sub-domain of it. Reading needs no lock: ranks and threads may share it.
#[derive(Debug)]
pub struct Results {
    /// Which fields and states there are.
    pub index: UtIndex,
    layout: Layout,
    node: Option<Binary>,
    integ: Option<Binary>,
}

#[derive(Debug)]
pub(super) struct Binary {
    pub path: PathBuf,
    file: File,
    size: u64,
}

impl Binary {
    /// Opens a file; `None` when there is none.
    pub fn open(path: &Path) -> Result<Option<Binary>> {
        let cannot =
            |e: std::io::Error| Error::input(path, "", format!("cannot be read ({e})"), "check its path");
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(cannot(e)),
        };
        let found = file.metadata().map_err(cannot)?;
        if found.is_dir() {
            return Err(Error::input(path, "", "is a folder, not a file", "put the results in its place"));
        }
        let size = found.len();
        Ok(Some(Binary { path: path.to_owned(), file, size }))
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads `count` values from the `first`-th on, into `values`.
    pub fn read(&self, first: u64, count: usize, bytes: &mut Vec<u8>, values: &mut Vec<f32>) -> Result<()> {
        bytes.resize(4 * count, 0);
        self.file.read_exact_at(bytes, 4 * first).map_err(|e| {
            let place = format!("bytes {} to {}", 4 * first, 4 * (first + count as u64));
            Error::input(
                &self.path,
                place,
                format!("cannot be read ({e})"),
                "the file changed since it was opened",
            )
        })?;
        values.clear();
        values.extend(bytes.chunks_exact(4).map(|b| f32::from_be_bytes([b[0], b[1], b[2], b[3]])));
        Ok(())
    }

    /// Compares the size with that of `states` states of `names` fields of `items` values each.
    fn check(&self, states: usize, names: usize, items: u64, item: &str) -> Result<()> {
        let (states, names) = (states as u64, names as u64);
        let bytes =
            states.checked_mul(names).and_then(|n| n.checked_mul(items)).and_then(|n| n.checked_mul(4));
        if bytes == Some(self.size) {
            return Ok(());
        }
        let expected = bytes.map_or("more than 2^64".to_owned(), |b| b.to_string());
        let state = (4 * names).saturating_mul(items);
        let field = (4 * states).saturating_mul(items);
        let per_pair = (4 * states).saturating_mul(names);
        let hint = if self.size > 0 && self.size.is_multiple_of(state) {
            format!("it holds {} complete states where the .ut lists {states}", self.size / state)
        } else if self.size > 0 && self.size.is_multiple_of(field) {
            format!("it holds {} fields where the .ut names {names}", self.size / field)
        } else if self.size > 0 && self.size.is_multiple_of(per_pair) {
            format!("it holds {} {item} where the mesh has {items}: is this its mesh?", self.size / per_pair)
        } else {
            "it is truncated, or not of this .ut".to_owned()
        };
        Err(Error::input(
            &self.path,
            "",
            format!(
                "{expected} bytes were expected ({states} states x {names} fields x {items} {item} x 4), {} found",
                self.size
            ),
            format!("{hint}; write or copy the results again"),
        ))
    }
}

impl Results {
    /// Opens the files of a `.ut`. `layout`: of the mesh that it names ([`UtIndex::mesh_path`]).
    ///
    /// A computation may have kept its displacements only: a missing `.integ` is said in a warning here, and is an error
    /// when it is read from.
    ///
    /// # Errors
    /// A missing `.node`; a file whose size is not exactly that of the states and fields of the index.
    pub fn open(index: UtIndex, layout: Layout) -> Result<Results> {
        let open = |extension: &str, names: &[String], items: u64, item: &str| -> Result<Option<Binary>> {
            if names.is_empty() {
                return Ok(None);
            }
            let binary = Binary::open(&index.sibling(extension))?;
            if let Some(b) = &binary {
                b.check(index.steps.len(), names.len(), items, item)?;
            }
            Ok(binary)
        };
        let node = open("node", &index.node_names, layout.n_nodes(), "nodes")?;
        if node.is_none() && !index.node_names.is_empty() {
            let bytes = 4 * index.steps.len() as u64 * index.node_names.len() as u64 * layout.n_nodes();
            return Err(missing(&index, "node", &index.node_names, bytes));
        }
        let integ = open("integ", &index.integ_names, layout.n_points(), "integration points")?;
        if integ.is_none() && !index.integ_names.is_empty() {
            log::warn!("{} does not exist: only nodal fields can be read", index.sibling("integ").display());
        }
        Ok(Results { index, layout, node, integ })
    }

    /// The layout it was opened with.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether fields at integration points can be read.
    pub fn has_integ(&self) -> bool {
        self.integ.is_some()
    }

    /// A nodal field at a state (from 0): of all nodes in file order, or of the nodes at these positions of it.
    ///
    /// # Errors
    /// No such field, state or node; a value that is not finite.
    pub fn nodal(&self, step: usize, name: &str, positions: Option<&[u64]>) -> Result<Vec<f64>> {
        let mut out = vec![0.0; positions.map_or(self.layout.n_nodes() as usize, <[u64]>::len)];
        self.nodal_into(step, name, positions, 1, 0, &mut out)?;
        Ok(out)
    }

    /// Nodal fields, interleaved: `nodes x names`. `["U1", "U2", "U3"]` gives a displacement as the solver has it.
    ///
    /// # Errors
    /// As [`Results::nodal`].
    pub fn nodal_vector(&self, step: usize, names: &[&str], positions: Option<&[u64]>) -> Result<Vec<f64>> {
        let n = positions.map_or(self.layout.n_nodes() as usize, <[u64]>::len);
        let mut out = vec![0.0; n * names.len()];
        for (c, name) in names.iter().enumerate() {
            self.nodal_into(step, name, positions, names.len(), c, &mut out)?;
        }
        Ok(out)
    }

    /// Writes a field to `out[stride * i + offset]`.
    pub(super) fn nodal_into(
        &self,
        step: usize,
        name: &str,
        positions: Option<&[u64]>,
        stride: usize,
        offset: usize,
        out: &mut [f64],
    ) -> Result<()> {
        let component = self.find(&self.index.node_names, "nodal field", name)?;
        let Some(file) = &self.node else {
            return Err(missing(&self.index, "node", &self.index.node_names, 0));
        };
        self.check_step(step)?;
        let n = self.layout.n_nodes();
        let start = (step as u64 * self.index.node_names.len() as u64 + component as u64) * n;
        let (mut bytes, mut values) = (Vec::new(), Vec::new());
        for run in selection(positions, n, 1024) {
            self.check_positions(&run, n, "node")?;
            file.read(start + run.start, run.len as usize, &mut bytes, &mut values)?;
            for (position, place) in run.wanted {
                let value = f64::from(values[(position - run.start) as usize]);
                if !value.is_finite() {
                    return Err(self.not_finite(file, step, name, value, position, None));
                }
                out[stride * place + offset] = value;
            }
        }
        Ok(())
    }

    /// Fields at integration points at a state (from 0), of all elements in file order or of the elements at these
    /// positions of it: `points x names`, the points of each element after those of the element before.
    ///
    /// # Errors
    /// No `.integ`; no such field, state or element; a value that is not finite.
    pub fn integ(&self, step: usize, names: &[&str], elements: Option<&[u64]>) -> Result<Vec<f64>> {
        let starts = self.point_starts(elements)?;
        let mut out = vec![0.0; starts.last().copied().unwrap_or(0) * names.len()];
        let columns: Vec<Option<usize>> = (0..names.len()).map(Some).collect();
        self.integ_into(step, names, &columns, elements, &starts, names.len(), &mut out)?;
        Ok(out)
    }

    /// Where the points of each element of a selection begin in an answer; one more entry than elements.
    pub(super) fn point_starts(&self, elements: Option<&[u64]>) -> Result<Vec<usize>> {
        let n = elements.map_or(self.layout.n_elements() as usize, <[u64]>::len);
        let mut starts = Vec::with_capacity(n + 1);
        let mut at = 0;
        starts.push(0);
        for i in 0..n {
            let e = elements.map_or(i as u64, |list| list[i]);
            let (_, points) = self
                .layout
                .points_of(e)
                .ok_or_else(|| self.no_such("element", e, self.layout.n_elements()))?;
            at += points;
            starts.push(at);
        }
        Ok(starts)
    }

    /// As [`Results::integ`], into `out[stride * point + column]` where the points of selected element `i` begin at
    /// `starts[i]`. A name whose column is `None` is not read.
    pub(super) fn integ_into(
        &self,
        step: usize,
        names: &[&str],
        columns: &[Option<usize>],
        elements: Option<&[u64]>,
        starts: &[usize],
        stride: usize,
        out: &mut [f64],
    ) -> Result<()> {
        let mut wanted = Vec::with_capacity(names.len());
        for (name, column) in names.iter().zip(columns) {
            if let Some(column) = column {
                let component = self.find(&self.index.integ_names, "field at integration points", name)?;
                wanted.push((component, *column, *name));
            }
        }
        let nc = self.index.integ_names.len();
        let Some(file) = &self.integ else {
            let bytes = 4 * self.index.steps.len() as u64 * nc as u64 * self.layout.n_points();
            return Err(missing(&self.index, "integ", &self.index.integ_names, bytes));
        };
        self.check_step(step)?;
        let (Some(low), Some(high)) = (wanted.iter().map(|w| w.0).min(), wanted.iter().map(|w| w.0).max())
        else {
            return Ok(());
        };
        let n = self.layout.n_elements();
        let base = step as u64 * nc as u64 * self.layout.n_points();
        let (mut bytes, mut values) = (Vec::new(), Vec::new());
        for run in selection(elements, n, 2) {
            self.check_positions(&run, n, "element")?;
            // Bounded pieces: an element may have tens of fields at tens of points.
            for piece in run.wanted.chunk_by(|a, b| a.0 / 1024 == b.0 / 1024) {
                let (Some(first), Some(last)) = (piece.first(), piece.last()) else { continue };
                let (Some((p0, g0)), Some((p1, g1))) =
                    (self.layout.points_of(first.0), self.layout.points_of(last.0))
                else {
                    continue;
                };
                let from = base + p0 * nc as u64 + (low * g0) as u64;
                let to = base + p1 * nc as u64 + ((high + 1) * g1) as u64;
                file.read(from, (to - from) as usize, &mut bytes, &mut values)?;
                for &(e, place) in piece {
                    let Some((p, g)) = self.layout.points_of(e) else { continue };
                    let block = (base + p * nc as u64) as i64 - from as i64;
                    for &(component, column, name) in &wanted {
                        let at = (block + (component * g) as i64) as usize;
                        for (k, &value) in values[at..at + g].iter().enumerate() {
                            if !value.is_finite() {
                                return Err(self.not_finite(file, step, name, value.into(), e, Some(k)));
                            }
                            out[stride * (starts[place] + k) + column] = value.into();
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn find(&self, names: &[String], what: &str, name: &str) -> Result<usize> {
        names.iter().position(|n| n == name).ok_or_else(|| no_field(&self.index.path, what, name, names))
    }

    fn check_step(&self, step: usize) -> Result<()> {
        if step < self.index.steps.len() {
            return Ok(());
        }
        let problem = format!("state {} was asked for, of {}", step + 1, self.index.steps.len());
        Err(Error::input(&self.index.path, "", problem, "ask for a state that is stored"))
    }

    fn check_positions(&self, run: &Run, n: u64, what: &str) -> Result<()> {
        match run.wanted.last() {
            Some(&(last, _)) if last >= n => Err(self.no_such(what, last, n)),
            _ => Ok(()),
        }
    }

    fn no_such(&self, what: &str, position: u64, n: u64) -> Error {
        let problem = format!("{what} number {} was asked for, of {n}", position.saturating_add(1));
        Error::input(&self.index.path, "", problem, "use the mesh that the .ut names")
    }

    fn not_finite(
        &self,
        file: &Binary,
        step: usize,
        name: &str,
        value: f64,
        position: u64,
        point: Option<usize>,
    ) -> Error {
        // Only now is the label worth reading the mesh for.
        let mesh = super::read_mesh(&self.index.mesh_path()).ok();
        let ids = mesh.as_ref().map(|m| if point.is_some() { &m.element_ids } else { &m.node_ids });
        let id = ids
            .and_then(|ids| ids.get(position as usize))
            .map_or(String::new(), |id| format!(" (label {id})"));
        let item = match point {
            Some(k) => format!("integration point {} of element number {}{id}", k + 1, position + 1),
            None => format!("node number {}{id}", position + 1),
        };
        let state = self.index.steps[step];
        Error::input(
            &file.path,
            format!("state {} (time {}), field {name}, {item}", state.rank, state.time),
            format!("the value is {value}"),
            "the computation diverged or the file is damaged: leave this state out or run it again",
        )
    }
}

/// Runs of a selection; of all `n` items when there is none.
fn selection(positions: Option<&[u64]>, n: u64, gap: u64) -> Vec<Run> {
    match positions {
        Some(list) => runs(list, gap),
        None => runs(&(0..n).collect::<Vec<u64>>(), gap),
    }
}

pub(super) fn no_field(path: &Path, what: &str, name: &str, names: &[String]) -> Error {
    let remedy = match nearest(name, names.iter().map(String::as_str)) {
        Some(n) => format!("the nearest name is '{n}'"),
        None => format!("there are {}", names.join(", ")),
    };
    Error::input(path, "", format!("there is no {what} '{name}'"), remedy)
}

fn missing(index: &UtIndex, extension: &str, names: &[String], bytes: u64) -> Error {
    let problem = format!("does not exist, while the .ut names {} fields in it ({bytes} bytes)", names.len());
    Error::input(&index.sibling(extension), "", problem, "copy it beside the .ut")
}
