//! Meshes and results as Z-set writes them: to be looked at, or read back, by its own tools.

use super::elements::{element_order, face_order, to_zset};
use super::layout::Layout;
use super::ut::{Step, UtIndex};
use crate::error::{Error, Result};
use crate::formats::output::Output;
use crate::mesh::Mesh;
use std::fmt::Write;
use std::path::Path;

/// Labels of a set on a line, as in Z-set's own files.
const LABELS_PER_LINE: usize = 21;

/// Writes a `.geof` mesh.
///
/// # Errors
/// A file that cannot be written; a set whose name the format cannot hold.
pub fn write_geof(mesh: &Mesh, path: &Path) -> Result<()> {
    let mut out = Output::create(path)?;
    let mut text = format!("***geometry\n**node\n{} 3\n", mesh.n_nodes());
    let flush = |out: &mut Output, text: &mut String, limit: usize| -> Result<()> {
        if text.len() > limit {
            out.write(text.as_bytes())?;
            text.clear();
        }
        Ok(())
    };
    for (id, x) in mesh.node_ids.iter().zip(&mesh.points) {
        let [x, y, z] = x.map(coordinate);
        add(&mut text, format_args!("{id} {x} {y} {z}\n"));
        flush(&mut out, &mut text, 1 << 16)?;
    }
    add(&mut text, format_args!("**element\n{}\n", mesh.n_elements()));
    let mut nodes = [0; 20];
    for (e, kind) in mesh.kinds.iter().enumerate() {
        to_zset(element_order(*kind), mesh.nodes_of(e), &mut nodes);
        add(&mut text, format_args!("{} {kind}", mesh.element_ids[e]));
        nodes[..kind.n_nodes()]
            .iter()
            .for_each(|&n| add(&mut text, format_args!(" {}", mesh.node_ids[n as usize])));
        text.push('\n');
        flush(&mut out, &mut text, 1 << 16)?;
    }
    text.push_str("***group\n");
    for (keyword, sets, ids) in
        [("nset", &mesh.node_sets, &mesh.node_ids), ("elset", &mesh.element_sets, &mesh.element_ids)]
    {
        for (name, set) in sets {
            add(&mut text, format_args!("**{keyword} {}\n", set_name(path, name)?));
            if set.is_empty() {
                text.push('\n');
            }
            for line in set.chunks(LABELS_PER_LINE) {
                line.iter().for_each(|&i| add(&mut text, format_args!(" {}", ids[i as usize])));
                text.push('\n');
                flush(&mut out, &mut text, 1 << 16)?;
            }
        }
    }
    for (name, set) in &mesh.face_sets {
        add(&mut text, format_args!("**faset {}\n", set_name(path, name)?));
        if set.is_empty() {
            text.push('\n');
        }
        for face in set {
            to_zset(face_order(face.kind), face.nodes(), &mut nodes);
            add(&mut text, format_args!("{} ", face.kind.name()));
            let n = face.kind.n_nodes();
            nodes[..n].iter().for_each(|&n| add(&mut text, format_args!(" {}", mesh.node_ids[n as usize])));
            text.push('\n');
            flush(&mut out, &mut text, 1 << 16)?;
        }
    }
    text.push_str("***return\n");
    flush(&mut out, &mut text, 0)?;
    out.finish()
}

/// Adds to a text, which cannot fail.
fn add(text: &mut String, what: std::fmt::Arguments) {
    let _ = text.write_fmt(what);
}

fn set_name<'n>(path: &Path, name: &'n str) -> Result<&'n str> {
    if name.is_empty() || name.starts_with('*') || name.contains(|c: char| c.is_whitespace() || c == '%') {
        let remedy = "rename the set: no blank, no %, and no * at its start";
        return Err(Error::case(format!(
            "{}: set name '{name}' cannot be written; {remedy}",
            path.display()
        )));
    }
    Ok(name)
}

/// A number as C's `%.{digits}e` prints it.
fn scientific(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Sixteen digits as in Z-set's files, or the seventeenth where it is needed to read the same number back.
fn coordinate(x: f64) -> String {
    let text = scientific(x, 15);
    if text.parse() == Ok(x) { text } else { scientific(x, 16) }
}

/// Writes an index to its path.
///
/// # Errors
/// A file that cannot be written.
pub fn write_ut(index: &UtIndex) -> Result<()> {
    let mut text = format!("**meshfile {}\n", index.mesh_file.display());
    for (keyword, names) in
        [("node", &index.node_names), ("integ", &index.integ_names), ("element", &index.element_names)]
    {
        add(&mut text, format_args!("**{keyword}"));
        names.iter().for_each(|n| add(&mut text, format_args!(" {n}")));
        text.push('\n');
    }
    for s in &index.steps {
        let time = scientific(s.time, 15);
        add(&mut text, format_args!("{} {} {} {} {time}\n", s.rank, s.cycle, s.sequence, s.increment));
    }
    let mut out = Output::create(&index.path)?;
    out.write(text.as_bytes())?;
    out.finish()
}

/// Writes `.ut`, `.node`, `.integ` and, where it is given, `.ctnod` state by state. The `.ut` appears last, when the others are complete.
#[derive(Debug)]
pub struct ResultWriter {
    index: UtIndex,
    layout: Layout,
    node: Option<Output>,
    integ: Option<Output>,
    /// Values of the integration points carried to the nodes, and the number of states in it.
    ctnod: Option<(Output, usize)>,
}

impl ResultWriter {
    /// Begins results beside `ut`. `mesh_file`: as the index names it, relative to its folder; `layout`: of that mesh.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn create(
        ut: &Path,
        mesh_file: &Path,
        layout: Layout,
        node_names: &[&str],
        integ_names: &[&str],
    ) -> Result<ResultWriter> {
        let names = |list: &[&str]| list.iter().map(|&n| n.to_owned()).collect();
        let index = UtIndex {
            path: ut.to_owned(),
            mesh_file: mesh_file.to_owned(),
            node_names: names(node_names),
            integ_names: names(integ_names),
            element_names: Vec::new(),
            steps: Vec::new(),
        };
        let open = |extension, names: &[&str]| {
            (!names.is_empty()).then(|| Output::create(&index.sibling(extension))).transpose()
        };
        let (node, integ) = (open("node", node_names)?, open("integ", integ_names)?);
        Ok(ResultWriter { index, layout, node, integ, ctnod: None })
    }

    /// Adds a state. `nodal`: `nodes x names`; `integ`: `points x names`; both as Z-set stores them, strains with tensor
    /// shears. `cycle` and `sequence` from 1, `increment` 0 for the initial state.
    ///
    /// # Errors
    /// Arrays of another size; a number that 32 bits cannot hold; a time that does not come after the last; a file that
    /// cannot be written.
    pub fn append(
        &mut self,
        cycle: u64,
        sequence: u64,
        increment: u64,
        time: f64,
        nodal: &[f64],
        integ: &[f64],
    ) -> Result<()> {
        let (nc, ic) = (self.index.node_names.len(), self.index.integ_names.len());
        let rank = self.index.steps.len() as u64 + 1;
        let refuse = |problem: String| {
            Err(Error::run(format!("{}: state {rank}: {problem}", self.index.path.display())))
        };
        for (what, found, items, names) in [
            ("nodal", nodal.len(), self.layout.n_nodes(), nc),
            ("integration-point", integ.len(), self.layout.n_points(), ic),
        ] {
            if found as u64 != items * names as u64 {
                return refuse(format!("{found} {what} values instead of {items} x {names}"));
            }
        }
        if !time.is_finite() || self.index.steps.last().is_some_and(|s| time <= s.time) {
            return refuse(format!("time {time} does not come after the last"));
        }
        if let Some(x) = nodal.iter().chain(integ).find(|x| !(**x as f32).is_finite()) {
            return refuse(format!("the value {x} does not fit into 32 bits"));
        }
        if let Some(out) = &mut self.node {
            let mut bytes = Vec::new();
            for c in 0..nc {
                bytes.clear();
                bytes.extend(nodal.iter().skip(c).step_by(nc).flat_map(|x| (*x as f32).to_be_bytes()));
                out.write(&bytes)?;
            }
        }
        if let Some(out) = &mut self.integ {
            let mut bytes = Vec::new();
            for e in 0..self.layout.n_elements() {
                let Some((start, points)) = self.layout.points_of(e) else { break };
                let element = &integ[start as usize * ic..(start as usize + points) * ic];
                bytes.clear();
                for c in 0..ic {
                    bytes.extend(element.iter().skip(c).step_by(ic).flat_map(|x| (*x as f32).to_be_bytes()));
                }
                out.write(&bytes)?;
            }
        }
        self.index.steps.push(Step { rank, cycle, sequence, increment, time });
        Ok(())
    }

    /// Adds the values of the integration points carried to the nodes, `nodes x names`, to the state that was appended last.
    ///
    /// # Errors
    /// Arrays of another size; a state that has them already, or not all states have; a file that cannot be written.
    pub fn append_at_nodes(&mut self, values: &[f64]) -> Result<()> {
        let names = self.index.integ_names.len();
        if self.ctnod.is_none() {
            self.ctnod = Some((Output::create(&self.index.sibling("ctnod"))?, 0));
        }
        let Some((out, states)) = &mut self.ctnod else { return Ok(()) };
        *states += 1;
        if *states != self.index.steps.len() || values.len() as u64 != self.layout.n_nodes() * names as u64 {
            let problem = format!("{} values at nodes for state {states}", values.len());
            return Err(Error::run(format!("{}: {problem} do not fit", self.index.path.display())));
        }
        let mut bytes = Vec::new();
        for c in 0..names {
            bytes.clear();
            bytes.extend(values.iter().skip(c).step_by(names).flat_map(|x| (*x as f32).to_be_bytes()));
            out.write(&bytes)?;
        }
        Ok(())
    }

    /// Completes the files.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<()> {
        self.ctnod.map_or(Ok(()), |(out, _)| out.finish())?;
        self.node.map_or(Ok(()), Output::finish)?;
        self.integ.map_or(Ok(()), Output::finish)?;
        write_ut(&self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_c_does() {
        for (x, text) in
            [(0.0, "0.000e+00"), (-2.5e-5, "-2.500e-05"), (1e120, "1.000e+120"), (12.0, "1.200e+01")]
        {
            assert_eq!(scientific(x, 3), text);
        }
        for x in [0.1, 1.0 / 3.0, 2.0f64.sqrt() * 1e-7] {
            assert_eq!(coordinate(x).parse(), Ok(x));
        }
    }
}
