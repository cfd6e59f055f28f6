//! The candidates of a search: scores of this rank's points, and the pool of the best ones over all ranks.

use super::integrands::{Integrands, Products};
use crate::parallel::Comm;
use crate::rom::dense::blur;
use std::cmp::Ordering;
use std::collections::HashMap;

/// What every rank knows of the search: the augmented residual and the multiplier.
#[derive(Debug, Clone)]
pub struct Known {
    /// `b - G x`, last entry `alpha (V - sum x)`.
    pub r: Vec<f64>,
    /// Multiplier of the equality.
    pub multiplier: f64,
    /// Last entry of every augmented column.
    pub alpha: f64,
}

/// Score and global id of a candidate: the larger score comes first, then the lower id.
fn rank_of(a: &(f64, u64, u32), b: &(f64, u64, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// This rank's points as candidates.
pub struct Candidates<'a, I: Integrands> {
    integrands: &'a I,
    ids: &'a [u64],
    /// Dense index of each point's element on this rank.
    element: Vec<u32>,
    elements: usize,
    /// Norms of the augmented columns.
    norms: Vec<f64>,
    used: Vec<bool>,
    banned: Vec<bool>,
    bans: Vec<u32>,
    pool: Vec<u32>,
    subset: I::Subset,
    scores: Vec<f64>,
    best: Vec<(f64, u64, u32)>,
    work: Vec<f64>,
    /// Iterations since the pool was made.
    pub age: usize,
    /// Best score when the pool was made.
    pub best_at_refresh: f64,
}

impl<'a, I: Integrands> Candidates<'a, I> {
    /// `ids`, `elements`: global ids per local point; `norms`: of the augmented columns.
    pub fn new(integrands: &'a I, ids: &'a [u64], elements: &[u64], norms: Vec<f64>) -> Candidates<'a, I> {
        let mut index: HashMap<u64, u32> = HashMap::new();
        let element: Vec<u32> = elements
            .iter()
            .map(|e| {
                let next = index.len() as u32;
                *index.entry(*e).or_insert(next)
            })
            .collect();
        let n = ids.len();
        Candidates {
            integrands,
            ids,
            element,
            elements: index.len(),
            norms,
            used: vec![false; n],
            banned: vec![false; n],
            bans: Vec::new(),
            pool: Vec::new(),
            subset: I::Subset::default(),
            scores: vec![0.0; n],
            best: Vec::new(),
            work: Vec::new(),
            age: usize::MAX,
            best_at_refresh: f64::INFINITY,
        }
    }

    /// Norm of the augmented column of local point k.
    pub fn norm(&self, k: u32) -> f64 {
        self.norms[k as usize]
    }

    /// Marks a point as in use or not.
    pub fn set_used(&mut self, k: u32, used: bool) {
        self.used[k as usize] = used;
    }

    /// Leaves a point out until the next success.
    pub fn ban(&mut self, k: u32) {
        self.banned[k as usize] = true;
        self.bans.push(k);
    }

    /// Lifts the bans after a success.
    pub fn lift_bans(&mut self) {
        for k in self.bans.drain(..) {
            self.banned[k as usize] = false;
        }
    }

    fn score(&self, k: u32, product: f64, known: &Known) -> f64 {
        let augmented = known.alpha * known.r[known.r.len() - 1];
        blur((product + augmented - known.multiplier) / self.norms[k as usize])
    }

    fn open(&self, k: u32) -> bool {
        !self.used[k as usize] && !self.banned[k as usize]
    }

    /// Remakes the pool: the best point of each element, then the `size` best over all ranks; ties by global id.
    ///
    /// # Collective
    pub fn refresh(&mut self, comm: &Comm, known: &Known, size: usize) {
        let rows = self.integrands.rows();
        self.integrands.products(&known.r[..rows], &mut self.scores, &mut self.work);
        self.best.clear();
        self.best.resize(self.elements, (f64::NEG_INFINITY, u64::MAX, u32::MAX));
        for k in 0..self.ids.len() as u32 {
            if self.open(k) {
                let mine = (self.score(k, self.scores[k as usize], known), self.ids[k as usize], k);
                let best = &mut self.best[self.element[k as usize] as usize];
                if rank_of(&mine, best) == Ordering::Less {
                    *best = mine;
                }
            }
        }
        let mut best = std::mem::take(&mut self.best);
        best.retain(|c| c.0 > 0.0);
        shorten(&mut best, size);
        if comm.size() > 1 {
            let flat: Vec<u64> = best.iter().flat_map(|c| [c.0.to_bits(), c.1]).collect();
            let (all, _) = comm.all_gather(&flat);
            let mut all: Vec<(f64, u64, u32)> =
                all.chunks_exact(2).map(|c| (f64::from_bits(c[0]), c[1], 0)).collect();
            if all.len() > size {
                shorten(&mut all, size);
                if let Some(last) = all.iter().max_by(|a, b| rank_of(a, b)) {
                    best.retain(|c| rank_of(c, last) != Ordering::Greater);
                }
            }
        }
        self.pool.clear();
        self.pool.extend(best.iter().map(|c| c.2));
        self.pool.sort_unstable();
        self.best = best;
        self.integrands.subset(&self.pool, &mut self.subset);
        self.age = 0;
    }

    /// Best candidate of the pool: score, global id, owner, and local index on the owner (`u32::MAX` elsewhere).
    ///
    /// # Collective
    pub fn choose(&mut self, comm: &Comm, known: &Known) -> (f64, u64, usize, u32) {
        let rows = self.integrands.rows();
        let mut scores = std::mem::take(&mut self.scores);
        let products = &mut scores[..self.pool.len()];
        self.subset.products(&known.r[..rows], products, &mut self.work);
        let mut best = (f64::NEG_INFINITY, u64::MAX, u32::MAX);
        for (&k, &product) in self.pool.iter().zip(products.iter()) {
            if self.open(k) {
                let mine = (self.score(k, product, known), self.ids[k as usize], k);
                if rank_of(&mine, &best) == Ordering::Less {
                    best = mine;
                }
            }
        }
        self.scores = scores;
        let (score, id, owner) = comm.argmax(best.0, best.1);
        (score, id, owner, if comm.rank() == owner { best.2 } else { u32::MAX })
    }
}

/// Keeps the first `size` in the order of [`rank_of`], in no particular order.
fn shorten(list: &mut Vec<(f64, u64, u32)>, size: usize) {
    if list.len() > size {
        list.select_nth_unstable_by(size, rank_of);
        list.truncate(size);
    }
}
