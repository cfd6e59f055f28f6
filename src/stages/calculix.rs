//! Results of CalculiX on any number of ranks: rank 0 reads the mesh, every rank its nodes and elements. What lies at the
//! integration points is in the `.dat` beside the `.frd`, where it was printed.

use super::mesh::{of_file, share_mesh, share_quantities};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::formats::calculix::dat::Dat;
use crate::formats::calculix::frd::{Frd, State};
use crate::formats::calculix::{Deck, Prints, is_deck};
use crate::mesh::{Mesh, Subdomain};
use crate::parallel::{Comm, agree};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// Results of CalculiX, open on every rank.
pub(super) struct CalculixResults {
    pub sub: Subdomain,
    pub times: Vec<f64>,
    /// Quantities printed at all integration points, with their components.
    pub quantities: Vec<(String, usize)>,
    frd: Frd,
    /// The block of displacements of each time.
    blocks: Vec<usize>,
    nodal: Vec<Nodal>,
    /// The block of values at nodes that was read last: several quantities may be in it.
    last: RefCell<Option<(usize, Vec<f64>)>>,
    prints: Option<Prints>,
}

/// What is stored at the nodes at every time. All but temperatures CalculiX has carried from the integration points to the
/// nodes of each element, and averaged over the elements there.
struct Nodal {
    name: String,
    components: usize,
    /// Its first component in the blocks.
    column: usize,
    /// The block of each time.
    blocks: Vec<usize>,
}

/// Our names of values at nodes, CalculiX' blocks, their components. State variables come besides.
const NODAL: [(&str, &str, usize); 4] =
    [("temperature", "NDTEMP", 1), ("sig", "STRESS", 6), ("eto", "TOSTRAIN", 6), ("p", "PE", 1)];

impl CalculixResults {
    /// Opens `file.frd`; the mesh is that of `file.inp` where it is beside it: it alone tells integration rules and sets.
    ///
    /// # Errors
    /// The files are damaged; two increments at one time.
    ///
    /// # Collective
    pub fn open(comm: &Comm, path: &Path) -> Result<CalculixResults> {
        let frd = agree(comm, Frd::open(path))?;
        let with_displacement = |s: State| frd.find(&s, "DISP").map(|block| (s, block));
        let (states, blocks): (Vec<State>, Vec<usize>) =
            frd.states().into_iter().filter_map(with_displacement).unzip();
        let times: Vec<f64> = states.iter().map(|s| s.time).collect();
        if let Some(w) = times.windows(2).find(|w| w[1] <= w[0]) {
            let problem = format!("time {} comes after {}", w[1], w[0]);
            return Err(Error::input(path, "", problem, "give the results of one analysis in time"));
        }
        let dat = path.with_extension("dat");
        let printed = dat.metadata().is_ok_and(|m| m.len() > 0);
        let prints = agree(comm, printed.then(|| Prints::open(&dat, &times)).transpose())?;
        let found = || {
            let mesh = mesh(path, &frd)?;
            let quantities = prints.as_ref().map_or(Ok(Vec::new()), |p| p.complete(&mesh))?;
            Ok(Some((mesh, quantities)))
        };
        let (whole, quantities) = agree(comm, if comm.is_root() { found() } else { Ok(None) })?.unzip();
        let quantities = share_quantities(comm, quantities.unwrap_or_default());
        let sub = share_mesh(comm, whole, None).map_err(|e| of_file(e, path))?;
        let nodal = nodal(&frd, &states);
        Ok(CalculixResults { sub, times, quantities, frd, blocks, nodal, last: RefCell::default(), prints })
    }

    /// Displacement of the local nodes at a time, `3 n_nodes`.
    ///
    /// # Collective
    pub fn displacement(&self, comm: &Comm, step: usize) -> Result<Vec<f64>> {
        let block = self.blocks[step];
        let values = self.frd.read_at(block, &self.sub.mesh.node_ids).and_then(|values| {
            if self.frd.blocks[block].components.len() == 3 {
                return Ok(values);
            }
            let problem = "DISP has not three components";
            Err(Error::input(self.frd.path(), "", problem, "write the file again"))
        });
        agree(comm, values)
    }
}

impl CalculixResults {
    /// A quantity at the local integration points.
    ///
    /// # Collective
    pub fn points(&self, comm: &Comm, step: usize, name: &str) -> Result<Vec<f64>> {
        let mesh = &self.sub.mesh;
        let read = |p: &Prints| p.points(step, name, &mesh.element_ids, &mesh.kinds);
        agree(comm, self.prints.as_ref().map_or(Ok(Vec::new()), read))
    }

    /// What is stored at the nodes besides the displacement, with its components.
    pub fn nodal_names(&self) -> Vec<(String, usize)> {
        self.nodal.iter().map(|n| (n.name.clone(), n.components)).collect()
    }

    /// A quantity of [`CalculixResults::nodal_names`] at the local nodes, `n_nodes x components`.
    ///
    /// # Collective
    pub fn nodal(&self, comm: &Comm, step: usize, name: &str) -> Result<Vec<f64>> {
        let Some(found) = self.nodal.iter().find(|n| n.name == name) else { return Ok(Vec::new()) };
        let block = found.blocks[step];
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|l| l.0 != block) {
            *last = Some((block, agree(comm, self.frd.read_at(block, &self.sub.mesh.node_ids))?));
        }
        let all = last.as_ref().map_or(&[][..], |l| l.1.as_slice());
        let rows = all.chunks_exact(self.frd.blocks[block].components.len().max(1));
        Ok(rows.flat_map(|row| &row[found.column..found.column + found.components]).copied().collect())
    }
}

/// What the states of a file have at the nodes, each of them.
fn nodal(frd: &Frd, states: &[State]) -> Vec<Nodal> {
    let blocks_of = |theirs: &str, due: &dyn Fn(usize) -> bool| -> Option<Vec<usize>> {
        let block = |s| frd.find(s, theirs).filter(|&b| due(frd.blocks[b].components.len()));
        states.iter().map(block).collect()
    };
    let mut out = Vec::new();
    for (name, theirs, components) in NODAL {
        if let Some(blocks) = blocks_of(theirs, &|n| n == components) {
            out.push(Nodal { name: name.to_owned(), components, column: 0, blocks });
        }
    }
    if let Some(blocks) = blocks_of("SDV", &|n| n > 0) {
        let variables = blocks.iter().map(|&b| frd.blocks[b].components.len()).min().unwrap_or(0);
        out.extend((0..variables).map(|column| Nodal {
            name: format!("sdv{}", column + 1),
            components: 1,
            column,
            blocks: blocks.clone(),
        }));
    }
    out
}

/// What an `.frd` file holds.
///
/// # Errors
/// It is damaged.
pub(super) fn describe(path: &Path) -> Result<serde_json::Value> {
    let frd = Frd::open(path)?;
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    let elements = frd.elements()?;
    elements.types.iter().for_each(|t| *types.entry(t.name()).or_default() += 1);
    let mut blocks: BTreeMap<&str, &[String]> = BTreeMap::new();
    blocks.extend(frd.blocks.iter().map(|b| (b.name.as_str(), b.components.as_slice())));
    let states = frd.states();
    Ok(serde_json::json!({
        "kind": "CalculiX results", "nodes": frd.nodes()?.ids.len(), "elements": elements.ids.len(), "element_types": types,
        "blocks": blocks, "encoding": frd.blocks.first().map(|b| format!("{:?}", b.encoding).to_lowercase()),
        "times": states.iter().map(|s| s.time).collect::<Vec<_>>(),
        "increments": states.iter().map(|s| [s.step, s.increment]).collect::<Vec<_>>(), "cut": frd.cut,
        "deck": path.with_extension("inp").exists(), "prints": path.with_extension("dat").exists(),
    }))
}

/// What the prints of a `.dat` file are of; `None` where there are none.
///
/// # Errors
/// It cannot be read, or a title is damaged.
pub(super) fn describe_prints(path: &Path) -> Result<Option<serde_json::Value>> {
    let dat = Dat::open(path)?;
    let mut prints: BTreeMap<String, (usize, Vec<f64>)> = BTreeMap::new();
    for block in &dat.blocks {
        let of_set = prints.entry(format!("{} of {}", block.quantity, block.set)).or_default();
        of_set.0 = block.rows;
        of_set.1.push(block.time);
    }
    let prints: BTreeMap<String, serde_json::Value> = prints
        .into_iter()
        .map(|(name, (rows, times))| (name, serde_json::json!({"rows": rows, "times": times})))
        .collect();
    Ok((!prints.is_empty()).then(|| serde_json::json!({"kind": "CalculiX prints", "prints": prints})))
}

fn mesh(path: &Path, frd: &Frd) -> Result<Mesh> {
    let deck = path.with_extension("inp");
    if deck.exists() && is_deck(&deck) {
        return Deck::read(&deck)?.mesh();
    }
    log::warn!(
        "{}: there is no {} beside it: sets are not known, and integration rules are guessed from the shapes",
        path.display(),
        deck.display()
    );
    frd.mesh()
}

/// Times with the digits that a result file has rounded away: where the case has an increment that ends there.
pub(super) fn exact_times(times: &[f64], case: &Case) -> Vec<f64> {
    let ends = case.time.end_times();
    let exact = |&t: &f64| {
        let above = ends.partition_point(|e| *e < t);
        let near = ends[above.saturating_sub(1)..(above + 1).min(ends.len())].iter();
        let nearest = near.min_by(|a, b| (*a - t).abs().total_cmp(&(*b - t).abs()));
        nearest.copied().filter(|e| (e - t).abs() <= 1e-6 * case.time.end()).unwrap_or(t)
    };
    let out: Vec<f64> = times.iter().map(exact).collect();
    if out.windows(2).all(|w| w[0] < w[1]) { out } else { times.to_vec() }
}
