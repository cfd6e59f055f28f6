//! A computation, whether it lies in one file or in the parts of a distributed run: mesh, displacements and fields at
//! integration points, in global axes and our orders.

use super::points::{from_corners, rotate, rotate_tensor, rotation};
use super::{ElementRecord, NodalKind, Rst, StoredRecord};
use crate::error::{Error, Result};
use crate::formats::ansys::Deck;
use crate::formats::ids::IdMap;
use crate::mesh::{ElementKind, Mesh};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Fields at integration points that can be had back from those at corners: name, components.
const QUANTITIES: [(&str, usize, ElementRecord); 3] =
    [("sig", 6, ElementRecord::Ens), ("p", 1, ElementRecord::Enl), ("evp", 6, ElementRecord::Epl)];
/// Values per corner of the nonlinear items, and the place of the accumulated plastic strain among them.
const NONLINEAR: (usize, usize) = (10, 3);

/// The results of a computation, open.
#[derive(Debug)]
pub struct RstResults {
    parts: Vec<Rst>,
    /// Position of each node in the list of its part.
    nodes: Vec<IdMap>,
    /// Position of each element in the list of its part.
    elements: Vec<IdMap>,
}

impl RstResults {
    /// Opens `file.rst`, or the parts `file0.rst`, `file1.rst`, … of a distributed run for `file0.rst` or for a `file.rst`
    /// that is not there.
    ///
    /// # Errors
    /// As [`Rst::open`]; a part that is missing or is of another run.
    pub fn open(path: &Path) -> Result<RstResults> {
        let numbered = |stem: &str, i: usize| path.with_file_name(format!("{stem}{i}.rst"));
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let start = if path.exists() { path.to_owned() } else { numbered(&stem, 0) };
        if !start.exists() {
            let problem = format!("does not exist, nor does {}", start.display());
            return Err(Error::input(path, "", problem, "check its path"));
        }
        let first = Rst::open(&start)?;
        let stem = if start == path { stem } else { format!("{stem}0") };
        let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (own, all) = (first.header.n_nodes, first.header.global_nodes);
        let part = digits > 0 && first.header.sectors <= 1 && all > own as u64;
        let mut parts = vec![first];
        if part || start != path {
            let Some(base) = stem.strip_suffix('0') else {
                let problem = format!("is a part of a distributed run, with {own} of {all} nodes");
                let base = &stem[..stem.len() - digits];
                return Err(Error::input(path, "", problem, format!("name the first part, {base}0.rst")));
            };
            let others: Vec<PathBuf> = (1..).map(|i| numbered(base, i)).take_while(|p| p.exists()).collect();
            for other in others {
                parts.push(Rst::open(&other)?);
            }
        }
        let results = RstResults::of_parts(parts)?;
        results.check_parts()?;
        Ok(results)
    }

    /// From files that are open.
    ///
    /// # Errors
    /// A number that appears twice in a list.
    pub fn of_parts(parts: Vec<Rst>) -> Result<RstResults> {
        let (mut nodes, mut elements) = (Vec::new(), Vec::new());
        for part in &parts {
            for (maps, list, what) in
                [(&mut nodes, &part.nodes, "node"), (&mut elements, &part.elements, "element")]
            {
                let ids: Vec<u64> = list.iter().map(|&n| n.into()).collect();
                maps.push(IdMap::new(&ids).map_err(|(a, b)| {
                    let problem = format!("lists {what} {} twice, at {} and {}", ids[a], a + 1, b + 1);
                    Error::input(part.path(), "", problem, "the file is damaged: copy or write it again")
                })?);
            }
        }
        Ok(RstResults { parts, nodes, elements })
    }

    /// Whether the parts are all there and of one run.
    fn check_parts(&self) -> Result<()> {
        let first = &self.parts[0];
        for part in &self.parts[1..] {
            if part.sets.len() != first.sets.len()
                || part
                    .sets
                    .iter()
                    .zip(&first.sets)
                    .any(|(a, b)| (a.time, a.load_step) != (b.time, b.load_step))
            {
                let problem = format!("has not the sets of {}", first.path().display());
                return Err(Error::input(
                    part.path(),
                    "",
                    problem,
                    "put the parts of one and the same run together",
                ));
            }
        }
        let all = first.nodes_of_all_parts()?.unwrap_or_default();
        match all.iter().find(|&&n| self.nodes.iter().all(|map| map.get(n.into()).is_none())) {
            Some(node) => {
                let problem = format!("node {node} is in none of the {} parts there are", self.parts.len());
                Err(Error::input(first.path(), "", problem, "put all parts into one folder"))
            }
            None => Ok(()),
        }
    }

    /// The files.
    pub fn parts(&self) -> &[Rst] {
        &self.parts
    }

    /// Nodes, elements, types, components and prescribed displacements, as a deck has them; [`Deck::mesh`] makes a mesh
    /// of it.
    ///
    /// # Errors
    /// A record is damaged; parts that do not fit together.
    pub fn deck(&self) -> Result<Deck> {
        let mut deck = super::mesh::deck(&self.parts)?;
        self.prescribed(&mut deck)?;
        Ok(deck)
    }

    /// Times of the sets.
    pub fn times(&self) -> Vec<f64> {
        self.parts[0].sets.iter().map(|s| s.time).collect()
    }

    /// Refuses results that are no history of real displacements.
    ///
    /// # Errors
    /// Modal, harmonic, complex or cyclic results; results without displacements.
    pub fn check_history(&self) -> Result<()> {
        let first = &self.parts[0];
        let h = &first.header;
        let refuse = |what: String| {
            Err(Error::input(first.path(), "", what, "give those of a static or transient analysis"))
        };
        match h.analysis {
            0 | 5 if !h.complex => {}
            2 => return refuse("holds modes, not the history of a load".into()),
            3 | 6 | 0 | 5 => return refuse("holds complex values of a harmonic analysis".into()),
            other => return refuse(format!("holds an analysis of kind {other}, which is not read")),
        }
        if h.sectors > 1 {
            return refuse(format!(
                "holds one of {} sectors of cyclic symmetry, which is not read",
                h.sectors
            ));
        }
        if let Some(at) = (1..first.sets.len()).find(|&k| first.sets[k].time <= first.sets[k - 1].time) {
            let problem = format!(
                "set {} is at t = {}, after one at t = {}",
                at + 1,
                first.sets[at].time,
                first.sets[at - 1].time
            );
            return refuse(problem);
        }
        Ok(())
    }

    /// Whether the first set has displacements.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn has_displacement(&self) -> Result<bool> {
        let first = &self.parts[0];
        if first.sets.is_empty() {
            return Ok(false);
        }
        let header = first.set_header(0)?;
        Ok(header.nodal[0] != 0 && (1..=3).all(|d| header.dofs.contains(&d)))
    }

    /// Displacements of these nodes in a set (from 0), `3 n`, in global axes; `angles`: those of the nodes whose system is
    /// not the global one, by their number.
    ///
    /// # Errors
    /// A node has no displacement in this set; a record is damaged.
    pub fn displacement(
        &self,
        set: usize,
        nodes: &[u64],
        angles: &HashMap<u64, [f64; 3]>,
    ) -> Result<Vec<f64>> {
        let mut out = vec![f64::NAN; 3 * nodes.len()];
        for (part, map) in self.parts.iter().zip(&self.nodes) {
            let Some(found) = part.nodal(set, NodalKind::Solution)? else { continue };
            let columns: [Option<usize>; 3] =
                std::array::from_fn(|c| found.dofs.iter().position(|&d| d == c as i32 + 1));
            let [Some(x), Some(y), Some(z)] = columns else { continue };
            let rows: Option<HashMap<u32, usize>> =
                found.positions.as_ref().map(|list| list.iter().enumerate().map(|(r, &p)| (p, r)).collect());
            for (id, out) in nodes.iter().zip(out.chunks_exact_mut(3)) {
                let Some(position) = map.get(*id).filter(|_| out[0].is_nan()) else { continue };
                let row = match &rows {
                    Some(rows) => rows.get(&position).copied(),
                    None => Some(position as usize),
                };
                let n = found.dofs.len();
                if let Some(row) = row.and_then(|r| found.values.get(r * n..(r + 1) * n)) {
                    let own = [row[x], row[y], row[z]];
                    let global = angles.get(id).map_or(own, |a| rotate(&rotation(*a), own));
                    out.copy_from_slice(&global);
                }
            }
        }
        match out.chunks_exact(3).position(|u| u.iter().any(|v| !v.is_finite())) {
            Some(n) => {
                let problem = format!("node {} has no displacement", nodes[n]);
                let place = format!("set {}", set.saturating_add(1));
                Err(Error::input(
                    self.parts[0].path(),
                    place,
                    problem,
                    "solve with OUTRES,NSOL,ALL for all nodes",
                ))
            }
            None => Ok(out),
        }
    }

    /// The quantities that can be had back at the integration points of a mesh of these results, with their components;
    /// says why there are none.
    ///
    /// Only elements with 2 x 2 x 2 points keep them: hexahedra of SOLID185 and of SOLID186 with reduced integration.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn point_quantities(&self, deck: &Deck, mesh: &Mesh) -> Result<Vec<(&'static str, usize)>> {
        let first = &self.parts[0];
        let Some(last) = first.sets.len().checked_sub(1) else { return Ok(Vec::new()) };
        let types: BTreeMap<u64, u32> =
            deck.elements.ids.iter().copied().zip(deck.elements.types.iter().copied()).collect();
        let exact = |(kind, id): (&ElementKind, &u64)| {
            let own = types.get(id).and_then(|t| deck.types.get(t));
            own.is_some_and(|t| match (kind, t.routine) {
                (ElementKind::C3d8, 185) => t.keyopt(2) != 1,
                (ElementKind::C3d20r, 186) => true,
                _ => false,
            })
        };
        let others = mesh.kinds.iter().zip(&mesh.element_ids).filter(|e| !exact(*e)).count();
        let mut found = Vec::new();
        for (name, components, record) in QUANTITIES {
            if self.stored(last, record)? && (record != ElementRecord::Ens || self.stored(0, record)?) {
                found.push((name, components));
            }
        }
        if others > 0 && !found.is_empty() {
            log::warn!(
                "{}: stresses are left out: {others} of {} elements do not keep those of their integration points (only \
                 hexahedra with 2 x 2 x 2 points do)",
                first.path().display(),
                mesh.n_elements()
            );
            found.clear();
        }
        if first.header.large_deflections && !found.is_empty() {
            log::warn!(
                "{}: large deflections were on (NLGEOM): its stresses and strains are those of the turned body; they agree \
                 with small strains where strains and rotations are small",
                first.path().display()
            );
        }
        Ok(found)
    }

    /// Whether an element has this record in a set.
    fn stored(&self, set: usize, record: ElementRecord) -> Result<bool> {
        let mut found = false;
        for part in &self.parts {
            if let Some(table) = part.element_table(set)? {
                part.visit_present(&table, |kind| found |= kind == record)?;
            }
        }
        Ok(found)
    }

    /// A quantity of [`RstResults::point_quantities`] at the 8 points of each of these elements, point-major: `sig` and
    /// `evp` (plastic strain, plain shears) with 6 components, `p` with one. Elements without a plastic record have none.
    ///
    /// # Errors
    /// An element without stresses in this set; a record is damaged or of another length.
    pub fn points(&self, set: usize, name: &str, elements: &[u64]) -> Result<Vec<f64>> {
        let Some(&(_, components, record)) = QUANTITIES.iter().find(|q| q.0 == name) else {
            return Err(Error::input(
                self.parts[0].path(),
                "",
                format!("holds no '{name}'"),
                "ask for sig, p or evp",
            ));
        };
        let mut out = vec![f64::NAN; 8 * components * elements.len()];
        let extrapolation = self.parts[0].set_header(set)?.extrapolation;
        for (part, map) in self.parts.iter().zip(&self.elements) {
            let Some(table) = part.element_table(set)? else { continue };
            let mut wanted: Vec<(usize, usize)> =
                (0..).zip(elements).filter_map(|(place, &id)| Some((map.get(id)? as usize, place))).collect();
            wanted.sort_unstable();
            let positions: Vec<usize> = wanted.iter().map(|w| w.0).collect();
            let mut places = wanted.iter().map(|w| w.1);
            let mut element = CornerValues::default();
            let kinds =
                [ElementRecord::Ecr, ElementRecord::Epl, ElementRecord::Enl, ElementRecord::Eul, record];
            part.visit_records(&table, Some(&positions), &kinds, |e, k, stored| {
                let told = || {
                    Error::input(
                        part.path(),
                        format!("set {}, element {}", set + 1, part.elements[e]),
                        format!("its {} does not hold the values of 8 corners", kinds[k].name()),
                        "solve with OUTRES,STRS,ALL (and EPPL, NLDAT), KEYOPT(3) = 0",
                    )
                };
                match k {
                    0 => element = CornerValues::default(),
                    3 => return element.turn(stored).ok_or_else(told),
                    _ => {}
                }
                if k < 3 {
                    element.inelastic |= matches!(stored, StoredRecord::Values(v) if nonlinear(kinds[k], v));
                    return Ok(());
                }
                element.take(record, part.header.stress_items, stored).ok_or_else(told)?;
                let copied = extrapolation == 0 || (extrapolation == 1 && element.inelastic);
                if let Some(place) = places.next() {
                    let out = &mut out[8 * components * place..8 * components * (place + 1)];
                    element.write(copied, components, out);
                }
                Ok(())
            })?;
        }
        match out.chunks_exact(8 * components).position(|v| v.iter().any(|x| !x.is_finite())) {
            Some(e) => {
                let problem = format!("element {} has no finite '{name}'", elements[e]);
                let place = format!("set {}", set.saturating_add(1));
                Err(Error::input(self.parts[0].path(), place, problem, "solve with OUTRES,ALL,ALL"))
            }
            None => Ok(out),
        }
    }
}

/// Whether a record tells that a body has crept or yielded.
fn nonlinear(kind: ElementRecord, values: &[f64]) -> bool {
    match kind {
        ElementRecord::Enl => values.chunks_exact(NONLINEAR.0).any(|v| v[NONLINEAR.1] != 0.0),
        _ => values.iter().any(|v| *v != 0.0),
    }
}

/// What is being gathered of an element.
#[derive(Default)]
struct CornerValues {
    inelastic: bool,
    turn: Option<[[f64; 3]; 3]>,
    corners: [[f64; 6]; 8],
}

impl CornerValues {
    /// Takes the angles of the element system; `None` where they are too few.
    fn turn(&mut self, stored: StoredRecord<'_>) -> Option<()> {
        if let StoredRecord::Values(values) = stored {
            let angles: [f64; 3] = values.get(..3)?.try_into().ok()?;
            self.turn = (angles != [0.0; 3]).then(|| rotation(angles));
        }
        Some(())
    }

    /// Takes the values of the corners; `None` where they are not those of 8 corners.
    fn take(&mut self, record: ElementRecord, stress_items: usize, stored: StoredRecord<'_>) -> Option<()> {
        let stride = match record {
            ElementRecord::Ens => stress_items,
            ElementRecord::Enl => NONLINEAR.0,
            _ => 7,
        };
        for (c, corner) in self.corners.iter_mut().enumerate() {
            let row = match stored {
                StoredRecord::Absent if record == ElementRecord::Ens => return None,
                StoredRecord::Absent => None,
                _ => stored.row(c, stride)?,
            };
            let Some(row) = row else { continue };
            *corner = match record {
                ElementRecord::Enl => [row[NONLINEAR.1], 0.0, 0.0, 0.0, 0.0, 0.0],
                ElementRecord::Ens => std::array::from_fn(|k| row[k]),
                // engineering shears become plain ones
                _ => std::array::from_fn(|k| if k < 3 { row[k] } else { 0.5 * row[k] }),
            };
        }
        Some(())
    }

    /// Writes the values at the points.
    fn write(&self, copied: bool, components: usize, out: &mut [f64]) {
        for (point, out) in from_corners(&self.corners, copied).iter().zip(out.chunks_exact_mut(components)) {
            let value = match &self.turn {
                Some(q) if components == 6 => rotate_tensor(q, *point),
                _ => *point,
            };
            out.copy_from_slice(&value[..components]);
        }
    }
}
