//! Displacements of a CalculiX `.frd` on any number of ranks: rank 0 reads the mesh, every rank its nodes.

use super::mesh::{of_file, share_mesh};
use crate::config::Case;
use crate::error::{Error, Result};
use crate::formats::calculix::frd::Frd;
use crate::formats::calculix::{Deck, is_deck};
use crate::mesh::{Mesh, Subdomain};
use crate::parallel::{Comm, agree};
use std::path::Path;

/// Results of CalculiX, open on every rank.
pub(super) struct CalculixResults {
    pub sub: Subdomain,
    pub times: Vec<f64>,
    frd: Frd,
    /// The block of displacements of each time.
    blocks: Vec<usize>,
}

impl CalculixResults {
    /// Opens `file.frd`; the mesh is that of `file.inp` where it is beside it: it alone tells integration rules and sets.
    ///
    /// # Errors
    /// The files are damaged; two increments at one time.
    ///
    /// # Collective
    pub fn open(comm: &Comm, path: &Path) -> Result<CalculixResults> {
        let frd = agree(comm, Frd::open(path))?;
        let (mut times, mut blocks) = (Vec::new(), Vec::new());
        for state in frd.states() {
            if let Some(block) = frd.find(&state, "DISP") {
                times.push(state.time);
                blocks.push(block);
            }
        }
        if let Some(w) = times.windows(2).find(|w| w[1] <= w[0]) {
            let problem = format!("time {} comes after {}", w[1], w[0]);
            return Err(Error::input(path, "", problem, "give the results of one analysis in time"));
        }
        let whole = if comm.is_root() { mesh(path, &frd).map(Some) } else { Ok(None) };
        let whole = agree(comm, whole)?;
        let sub = share_mesh(comm, whole, None).map_err(|e| of_file(e, path))?;
        Ok(CalculixResults { sub, times, frd, blocks })
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
