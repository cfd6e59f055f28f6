//! The mesh out of the file, on any number of ranks.

use super::hdf::Source;
use super::merge::merge_parts;
use super::rows::{RowMap, Run};
use super::sets;
use crate::error::Result;
use crate::mesh::{ElementKind, Mesh, Subdomain, distribute};
use crate::parallel::{Comm, agree};
use std::ops::Range;

/// The parts of the file and where their rows begin.
#[derive(Debug)]
pub(super) struct Header {
    /// First node row of each part; one more entry than parts.
    pub nodes: Vec<usize>,
    /// First element row.
    pub elements: Vec<usize>,
    /// First connectivity entry.
    pub connectivity: Vec<usize>,
    /// Element kind behind each code of `kinds`.
    pub kind_names: Vec<ElementKind>,
}

impl Header {
    /// Reads and checks the counts.
    pub fn read(file: &Source) -> Result<Header> {
        let starts = |name: &str, rows: &str, shape: &[Option<usize>], extra: bool| -> Result<Vec<usize>> {
            let table = file.dataset(&format!("VTKHDF/{name}"))?;
            let counts = table.all::<i64>()?;
            let mut starts = vec![0usize];
            for (p, n) in counts.iter().enumerate() {
                let next = usize::try_from(*n).ok().and_then(|n| n.checked_add(starts[p]));
                let next = next.ok_or_else(|| {
                    table.wrong(format!("holds {n} for part {p}"), "counts are not negative")
                })?;
                starts.push(next);
            }
            let total = starts[counts.len()] + if extra { counts.len() } else { 0 };
            let mut due = vec![Some(total)];
            due.extend_from_slice(shape);
            file.dataset(&format!("VTKHDF/{rows}"))?.expect(&due)?;
            Ok(starts)
        };
        let nodes = starts("NumberOfPoints", "Points", &[Some(3)], false)?;
        let elements = starts("NumberOfCells", "Types", &[], false)?;
        starts("NumberOfCells", "Offsets", &[], true)?;
        let connectivity = starts("NumberOfConnectivityIds", "Connectivity", &[], false)?;
        if nodes.len() != elements.len() || nodes.len() != connectivity.len() {
            let problem =
                "NumberOfPoints, NumberOfCells and NumberOfConnectivityIds name different numbers of parts";
            return Err(file.wrong("VTKHDF", problem, "give one entry per part in each"));
        }
        if elements[elements.len() - 1] == 0 {
            return Err(file.wrong(
                "VTKHDF/NumberOfCells",
                "the mesh has no elements",
                "a mesh needs at least one",
            ));
        }
        Ok(Header { nodes, elements, connectivity, kind_names: kind_names(file)? })
    }

    /// Number of parts.
    pub fn n_parts(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Consecutive parts for each rank, balanced by elements; `None` where a rank would get no element.
    fn groups(&self, ranks: usize) -> Option<Vec<Range<usize>>> {
        let total = self.elements[self.n_parts()];
        let mut cuts = vec![0];
        for r in 1..ranks {
            let due = (total as f64 * r as f64 / ranks as f64).round() as usize;
            let after = self.elements.partition_point(|s| *s < due).min(self.n_parts());
            let before = after.saturating_sub(1);
            let nearer = if due.abs_diff(self.elements[before]) < due.abs_diff(self.elements[after]) {
                before
            } else {
                after
            };
            // Leave enough parts for the ranks that follow.
            cuts.push(nearer.max(cuts[r - 1] + 1).min((self.n_parts() + r).saturating_sub(ranks)));
        }
        cuts.push(self.n_parts());
        let groups: Vec<Range<usize>> = cuts.windows(2).map(|w| w[0]..w[1].max(w[0])).collect();
        groups.iter().all(|g| self.elements[g.start] < self.elements[g.end]).then_some(groups)
    }

    /// Kinds of some elements, by file row.
    pub fn kinds(&self, file: &Source, rows: Range<usize>) -> Result<Vec<ElementKind>> {
        let types = file.dataset("VTKHDF/Types")?;
        let cell_types = types.some::<u8>(rows.clone())?;
        let Some(table) = file.optional("ferrom/mesh/kinds")? else {
            let kind = |(e, t): (usize, &u8)| {
                ElementKind::from_vtk_type(*t).ok_or_else(|| {
                    let problem = format!("element row {} has VTK cell type {t}", rows.start + e);
                    types.wrong(problem, "supported are 10, 12, 13, 24, 25, 26")
                })
            };
            return cell_types.iter().enumerate().map(kind).collect();
        };
        let codes = table.some::<u8>(rows.clone())?;
        let kind = |(e, (code, cell)): (usize, (&u8, &u8))| match self.kind_names.get(usize::from(*code)) {
            Some(kind) if kind.vtk_type() == *cell => Ok(*kind),
            Some(kind) => {
                let problem =
                    format!("element row {} is {kind} but has VTK cell type {cell}", rows.start + e);
                Err(table.wrong(problem, "make kinds and VTKHDF/Types agree"))
            }
            None => {
                let problem = format!("element row {} has code {code}", rows.start + e);
                Err(table.wrong(problem, "codes are positions in the attribute kind_names of ferrom/mesh"))
            }
        };
        codes.iter().zip(&cell_types).enumerate().map(kind).collect()
    }
}

fn kind_names(file: &Source) -> Result<Vec<ElementKind>> {
    let Some(text) = file.attribute_text("ferrom/mesh", "kind_names")? else {
        return Ok(ElementKind::ALL.to_vec());
    };
    let place = "ferrom/mesh, attribute kind_names";
    text.split_whitespace().map(|n| n.parse().map_err(|e| file.wrong(place, e, ""))).collect()
}

/// A mesh on this rank and where its rows lie in the file.
#[derive(Debug)]
pub(super) struct Placed {
    /// This rank's part of the structure.
    pub sub: Subdomain,
    /// File row of each node.
    pub nodes: RowMap,
    /// File row of each element.
    pub elements: RowMap,
    /// File row of each integration point.
    pub points: RowMap,
    /// Node rows of the file.
    pub n_node_rows: usize,
    /// Element rows of the file.
    pub n_element_rows: usize,
    /// Integration points of the file.
    pub n_point_rows: usize,
}

/// Reads the mesh and spreads it over the ranks: whole parts of the file where `keep` and there are enough of them,
/// else a new partition.
///
/// # Errors
/// What is wrong in the file; more ranks than elements. The same on every rank.
///
/// # Collective
pub(super) fn read_mesh(comm: &Comm, file: &Source, keep: bool) -> Result<Placed> {
    let header = agree(comm, Header::read(file))?;
    let mesh = match header.groups(comm.size()).filter(|_| keep || comm.size() == 1) {
        Some(groups) => {
            let merged = agree(comm, merge_parts(file, &header, groups[comm.rank()].clone()))?;
            let mut mesh = merged;
            sets::read(comm, file, &mut mesh)?;
            mesh
        }
        None => {
            let whole = if comm.is_root() {
                let alone = Comm::serial();
                let whole = merge_parts(file, &header, 0..header.n_parts());
                whole.and_then(|mut m| sets::read(&alone, file, &mut m).map(|()| Some(m)))
            } else {
                Ok(None)
            };
            distribute(comm, agree(comm, whole)?, None).map_err(|e| e.while_doing(file.path.display()))?
        }
    };
    let maps = agree(comm, locate(file, &header, &mesh))?;
    let sub = Subdomain::new(comm, mesh);
    let (n_node_rows, n_element_rows) = (header.nodes[header.n_parts()], header.elements[header.n_parts()]);
    Ok(Placed {
        sub,
        nodes: maps.nodes,
        elements: maps.elements,
        points: maps.points,
        n_node_rows,
        n_element_rows,
        n_point_rows: maps.n_points,
    })
}

struct Maps {
    nodes: RowMap,
    elements: RowMap,
    points: RowMap,
    n_points: usize,
}

/// Finds the rows of this rank's nodes, elements and points by going once through the file's labels.
fn locate(file: &Source, header: &Header, mesh: &Mesh) -> Result<Maps> {
    let n_parts = header.n_parts();
    let find = |name: &str, total: usize, index: &[u64]| -> Result<Vec<u64>> {
        let mut rows = vec![u64::MAX; index.len()];
        match file.optional(name)? {
            // Without the labels the row is the position.
            None => rows.copy_from_slice(index),
            Some(table) => {
                table.expect(&[Some(total)])?;
                table.pieces::<u64>(|first, piece| {
                    for (i, g) in piece.iter().enumerate() {
                        if let Ok(at) = index.binary_search(g) {
                            rows[at] = rows[at].min((first + i) as u64);
                        }
                    }
                    Ok(())
                })?;
            }
        }
        Ok(rows)
    };
    let nodes = find("ferrom/mesh/node_index", header.nodes[n_parts], &mesh.node_index)?;
    let elements = find("ferrom/mesh/element_index", header.elements[n_parts], &mesh.element_index)?;
    // First point of every element of the file that is here.
    let mut wanted: Vec<(u64, usize)> = elements.iter().copied().zip(0..).collect();
    wanted.sort_unstable();
    let mut first_point = vec![0u64; elements.len()];
    let mut next = wanted.iter().peekable();
    let (mut at, mut row, total) = (0u64, 0usize, header.elements[n_parts]);
    while row < total {
        let end = (row + (1 << 22)).min(total);
        for kind in header.kinds(file, row..end)? {
            while let Some((_, e)) = next.next_if(|w| w.0 == row as u64) {
                first_point[*e] = at;
            }
            at += kind.n_points() as u64;
            row += 1;
        }
    }
    let mut local = 0u64;
    let runs = mesh.kinds.iter().zip(&first_point).map(|(kind, &file)| {
        let len = kind.n_points() as u64;
        local += len;
        Run { file, len, local: local - len }
    });
    Ok(Maps {
        points: RowMap::new(runs.collect()),
        nodes: RowMap::from_rows(nodes.into_iter()),
        elements: RowMap::from_rows(elements.into_iter()),
        n_points: at as usize,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cells: &[usize]) -> Header {
        let mut elements = vec![0];
        cells.iter().for_each(|n| elements.push(elements[elements.len() - 1] + n));
        let nodes = vec![0; elements.len()];
        Header { connectivity: nodes.clone(), nodes, elements, kind_names: Vec::new() }
    }

    #[test]
    fn parts_are_grouped_whole_and_balanced() {
        assert_eq!(header(&[10, 10, 10, 10]).groups(2), Some(vec![0..2, 2..4]));
        assert_eq!(header(&[10, 10, 10]).groups(3), Some(vec![0..1, 1..2, 2..3]));
        assert_eq!(header(&[30, 1, 1]).groups(3), Some(vec![0..1, 1..2, 2..3]));
        assert_eq!(header(&[1, 1, 30]).groups(3), Some(vec![0..1, 1..2, 2..3]));
        assert_eq!(header(&[1, 1, 1, 30]).groups(2), Some(vec![0..3, 3..4]));
        assert_eq!(header(&[5]).groups(1), Some(vec![0..1]));
        // Too few parts, or empty ones: partitioned anew.
        assert_eq!(header(&[5, 5]).groups(3), None);
        assert_eq!(header(&[5, 0]).groups(2), None);
    }
}
