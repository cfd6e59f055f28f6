//! Writing `.frd` files as `ccx` does.

use super::{ElementType, Encoding};
use crate::error::{Error, Result};
use crate::formats::output::Output;
use crate::mesh::Mesh;
use std::path::Path;

/// A quantity at all nodes, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct NodalQuantity<'v> {
    /// `DISP`, `STRESS`, …: at most 8 characters.
    pub name: &'v str,
    /// Names of the components, at most 8 characters each: 1, 3 (vector) or 6 (symmetric tensor in our order, which is the
    /// format's too, plain shears).
    pub components: &'v [&'v str],
    /// `nodes x components`, in the order of the mesh.
    pub values: &'v [f64],
}

/// A file being written, increment by increment. It appears under its name when it is finished.
#[derive(Debug)]
pub struct FrdWriter {
    out: Output,
    path: std::path::PathBuf,
    encoding: Encoding,
    ids: Vec<u64>,
    states: u32,
    blocks: u32,
}

impl FrdWriter {
    /// Begins a file with the nodes and elements of a whole mesh, in their order. Text has labels of 10 columns and numbers
    /// of 6 digits.
    ///
    /// # Errors
    /// The file cannot be written; a label that the format cannot hold.
    pub fn create(path: &Path, mesh: &Mesh, encoding: Encoding) -> Result<FrdWriter> {
        let limit = match encoding {
            Encoding::Short => 99_999,
            Encoding::Long | Encoding::Single | Encoding::Double => i32::MAX as u64,
        };
        for (what, ids) in [("node", &mesh.node_ids), ("element", &mesh.element_ids)] {
            if let Some(id) = ids.iter().find(|&&id| id == 0 || id > limit) {
                let remedy = "number the mesh anew";
                let problem = format!("{what} {id} cannot be written: labels go from 1 to {limit}; {remedy}");
                return Err(Error::case(format!("{}: {problem}", path.display())));
            }
        }
        let out = Output::create(path)?;
        let ids = mesh.node_ids.clone();
        let mut writer = FrdWriter { out, path: path.to_owned(), encoding, ids, states: 0, blocks: 0 };
        writer.head(mesh)?;
        Ok(writer)
    }

    fn head(&mut self, mesh: &Mesh) -> Result<()> {
        let text = self.encoding.is_text();
        let key = i32::from(self.encoding == Encoding::Long);
        let version = env!("CARGO_PKG_VERSION");
        let (nodes, elements) = (mesh.n_nodes(), mesh.n_elements());
        // ccx writes binary nodes with 8 bytes a number (3) and binary elements under 2, whatever the values
        let (of_nodes, of_elements) = if text { (key, key) } else { (3, 2) };
        self.text(&format!(
            "    1C\n    1UPGM               ferrom\n    1UVERSION           Version {version}\n"
        ))?;
        self.text(&format!("    2C{:18}{nodes:12}{:37}{of_nodes}\n", "", ""))?;
        for (i, x) in mesh.points.iter().enumerate() {
            let encoding = if text { self.encoding } else { Encoding::Double };
            self.record(i, x, encoding)?;
        }
        self.end()?;
        self.text(&format!("    3C{:18}{elements:12}{:37}{of_elements}\n", "", ""))?;
        let (width, per_line) = if self.encoding == Encoding::Short { (5, 15) } else { (10, 10) };
        for (e, &kind) in mesh.kinds.iter().enumerate() {
            let (id, kind) = (mesh.element_ids[e], ElementType::of(kind));
            let nodes = mesh.nodes_of(e);
            let labels = kind.order().iter().map(|&i| self.ids[nodes[i] as usize]);
            if text {
                let mut lines = format!(" -1{id:width$}{:5}    0    1", kind.number());
                for (i, label) in labels.enumerate() {
                    let begin = if i % per_line == 0 { "\n -2" } else { "" };
                    lines.push_str(&format!("{begin}{label:width$}"));
                }
                self.text(&(lines + "\n"))?;
            } else {
                let words = [id, kind.number() as u64, 0, 1].into_iter().chain(labels);
                let bytes: Vec<u8> = words.flat_map(|w| (w as i32).to_le_bytes()).collect();
                self.out.write(&bytes)?;
            }
        }
        self.end()
    }

    /// Adds a state. Steps are not known: every state is an increment of the first.
    ///
    /// # Errors
    /// A number that the format cannot hold (4 bytes but for [`Encoding::Double`]); the file cannot be written.
    ///
    /// # Panics
    /// Where an array has not `nodes x components` values.
    pub fn append(&mut self, time: f64, quantities: &[NodalQuantity]) -> Result<()> {
        self.states += 1;
        for q in quantities {
            self.blocks += 1;
            let n = q.components.len();
            assert_eq!(q.values.len(), n * self.ids.len(), "{} has another size", q.name);
            let format = match self.encoding {
                Encoding::Short => 0,
                Encoding::Long => 1,
                Encoding::Single => 2,
                Encoding::Double => 3,
            };
            let (state, block, nodes) = (self.states, self.blocks, self.ids.len());
            self.text(&format!("    1PSTEP{:14}{block:12}{state:12}{:12}\n", "", 1))?;
            let label = format!("{:>5}", u64::from(state) + 100);
            self.text(&format!(
                "  100CL{label}{}{nodes:12}{:20}{:2}{state:5}{:10}{format:2}\n",
                instant(time),
                "",
                0,
                ""
            ))?;
            self.text(&format!(" -4  {:<8}{:5}{:5}\n", q.name, n + usize::from(n == 3), 1))?;
            for (c, component) in q.components.iter().enumerate() {
                let (kind, row, column) = match n {
                    3 => (2, c + 1, 0),
                    6 => (4, [1, 2, 3, 1, 2, 3][c], [1, 2, 3, 2, 3, 1][c]),
                    _ => (1, 0, 0),
                };
                self.text(&format!(" -5  {component:<8}{:5}{kind:5}{row:5}{column:5}\n", 1))?;
            }
            if n == 3 {
                self.text(" -5  ALL         1    2    0    0    1ALL\n")?;
            }
            for (i, values) in q.values.chunks_exact(n).enumerate() {
                let fits = |x: &f64| if format == 3 { x.is_finite() } else { (*x as f32).is_finite() };
                if let Some(x) = values.iter().find(|x| !fits(x)) {
                    let problem = format!("{} of node {} is {x} at time {time}", q.name, self.ids[i]);
                    let remedy = "it does not fit into 4 bytes: write 8 (--encoding double)";
                    return Err(Error::run(format!("{}: {problem}; {remedy}", self.path.display())));
                }
                self.record(i, values, self.encoding)?;
            }
            self.end()?;
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.text(" 9999\n")?;
        self.out.finish()
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.out.write(text.as_bytes())
    }

    fn end(&mut self) -> Result<()> {
        if self.encoding.is_text() { self.text(" -3\n") } else { Ok(()) }
    }

    /// Label and values of local node `i`.
    fn record(&mut self, i: usize, values: &[f64], encoding: Encoding) -> Result<()> {
        let id = self.ids[i];
        let mut bytes = Vec::with_capacity(16 + 13 * values.len());
        if encoding.is_text() {
            let width = encoding.label();
            bytes.extend_from_slice(format!(" -1{id:width$}").as_bytes());
            for (c, &x) in values.iter().enumerate() {
                if c > 0 && c % 6 == 0 {
                    bytes.extend_from_slice(format!("\n -2{:width$}", "").as_bytes());
                }
                bytes.extend_from_slice(number(x).as_bytes());
            }
            bytes.push(b'\n');
        } else {
            bytes.extend_from_slice(&(id as i32).to_le_bytes());
            for &x in values {
                match encoding {
                    Encoding::Double => bytes.extend_from_slice(&x.to_le_bytes()),
                    _ => bytes.extend_from_slice(&(x as f32).to_le_bytes()),
                }
            }
        }
        self.out.write(&bytes)
    }
}

/// `%12.5E` of C; rounded to 4 bytes first, so that the exponent has two digits.
fn number(x: f64) -> String {
    let text = format!("{:.5E}", x as f32);
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
    format!("{:>12}", format!("{mantissa}E{sign}{digits:0>2}"))
}

/// A time in 12 columns, the first blank: with as many digits as fit.
fn instant(time: f64) -> String {
    let plain = (0..10).map(|digits| format!("{time:.digits$}"));
    let scientific = (0..7).map(|digits| format!("{time:.digits$E}"));
    let miss = |text: &String| text.parse().map_or(f64::INFINITY, |t: f64| (t - time).abs());
    let best = plain.chain(scientific).filter(|text| text.len() <= 11).min_by(|a, b| {
        // of equals the longer one, which is what ccx writes
        miss(a).total_cmp(&miss(b)).then(b.len().cmp(&a.len()))
    });
    format!("{:>12}", best.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_in_their_columns() {
        for (x, text) in [
            (0.0, " 0.00000E+00"),
            (-1.5e-3, "-1.50000E-03"),
            (123456.789, " 1.23457E+05"),
            (1e-300, " 0.00000E+00"),
        ] {
            assert_eq!(number(x), text);
        }
        for (time, text) in
            [(1.0, " 1.000000000"), (0.05, " 0.050000000"), (12.5, "12.50000000"), (1e-7, " 0.000000100")]
        {
            assert_eq!(instant(time).trim(), text.trim(), "{time}");
            assert_eq!(instant(time).trim().parse(), Ok(time));
        }
        for time in [1.0 / 3.0, 2e9 / 3.0, 1e-11 / 3.0, 86400.123456] {
            let found: f64 = instant(time).trim().parse().unwrap();
            assert!((found / time - 1.0).abs() < 1e-5, "{time} {found}");
            assert_eq!(instant(time).len(), 12);
        }
    }
}
