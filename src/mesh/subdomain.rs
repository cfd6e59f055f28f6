//! A subdomain on a rank: its mesh and the nodes that other ranks hold too.

use super::{Mesh, MeshError};
use crate::parallel::Comm;

/// Nodes shared with one other rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The other rank.
    pub rank: usize,
    /// Local nodes, in the order of their positions in the whole structure: the same order on both sides.
    pub nodes: Vec<u32>,
}

/// The mesh of this rank and how it meets the others. An interface node exists on each of its ranks.
#[derive(Debug, Clone)]
pub struct Subdomain {
    /// Local mesh.
    pub mesh: Mesh,
    /// Ranks that share nodes with this one, by rank.
    pub neighbours: Vec<Neighbour>,
    /// Number of ranks that hold each local node.
    pub multiplicity: Vec<u32>,
    /// Whether this rank owns the node: it is the lowest rank that holds it.
    pub owned: Vec<bool>,
    rank: usize,
    size: usize,
    /// Shared local nodes, sorted, and for each the contributing ranks' slots: see [`Subdomain::sum_shared`].
    shared: Vec<u32>,
    slots: Vec<Vec<(u32, u32)>>,
}

impl Subdomain {
    /// Finds the nodes that this rank's mesh shares with other ranks.
    ///
    /// # Collective
    pub fn new(comm: &Comm, mesh: Mesh) -> Subdomain {
        let (rank, size, n) = (comm.rank(), comm.size(), mesh.n_nodes());
        let mut sub = Subdomain {
            mesh,
            neighbours: Vec::new(),
            multiplicity: vec![1; n],
            owned: vec![true; n],
            rank,
            size,
            shared: Vec::new(),
            slots: Vec::new(),
        };
        if size == 1 {
            return sub;
        }
        // Rendezvous: rank i keeps the books of the i-th block of node positions.
        let block = sub.mesh.n_nodes_global.div_ceil(size as u64).max(1);
        let mut ask: Vec<Vec<u64>> = vec![Vec::new(); size];
        let mut asked: Vec<Vec<u32>> = vec![Vec::new(); size];
        for (local, &g) in sub.mesh.node_index.iter().enumerate() {
            let at = ((g / block) as usize).min(size - 1);
            ask[at].push(g);
            asked[at].push(local as u32);
        }
        let wanted = comm.all_to_all(&ask);
        let mut pairs: Vec<(u64, u32)> =
            wanted.iter().enumerate().flat_map(|(r, ids)| ids.iter().map(move |&g| (g, r as u32))).collect();
        pairs.sort_unstable();
        let holders = |g: u64| {
            let start = pairs.partition_point(|p| p.0 < g);
            pairs[start..].iter().take_while(move |p| p.0 == g).map(|p| p.1)
        };
        let answers: Vec<Vec<u32>> = wanted
            .iter()
            .map(|ids| {
                let mut out = Vec::new();
                for &g in ids {
                    let ranks: Vec<u32> = holders(g).collect();
                    out.push(ranks.len() as u32);
                    out.extend(ranks);
                }
                out
            })
            .collect();
        let answers = comm.all_to_all(&answers);
        let mut shared: Vec<(u64, u32, Vec<u32>)> = Vec::new();
        for (answer, locals) in answers.iter().zip(&asked) {
            let mut at = 0;
            for &local in locals {
                let n = answer[at] as usize;
                let ranks = &answer[at + 1..at + 1 + n];
                at += 1 + n;
                sub.multiplicity[local as usize] = n as u32;
                sub.owned[local as usize] = ranks.first().is_none_or(|&r| r as usize == rank);
                if n > 1 {
                    shared.push((sub.mesh.node_index[local as usize], local, ranks.to_vec()));
                }
            }
        }
        shared.sort_unstable();
        let mut by_rank: Vec<Vec<u32>> = vec![Vec::new(); size];
        for (_, local, ranks) in &shared {
            ranks.iter().filter(|r| **r as usize != rank).for_each(|&r| by_rank[r as usize].push(*local));
        }
        let mut neighbour_of = vec![u32::MAX; size];
        for (r, nodes) in by_rank.into_iter().enumerate().filter(|(_, nodes)| !nodes.is_empty()) {
            neighbour_of[r] = sub.neighbours.len() as u32;
            sub.neighbours.push(Neighbour { rank: r, nodes });
        }
        let mut used = vec![0u32; sub.neighbours.len()];
        for (_, local, ranks) in shared {
            sub.shared.push(local);
            let slots = ranks
                .iter()
                .map(|&r| {
                    if r as usize == rank {
                        return (u32::MAX, local);
                    }
                    let nb = neighbour_of[r as usize];
                    used[nb as usize] += 1;
                    (nb, used[nb as usize] - 1)
                })
                .collect();
            sub.slots.push(slots);
        }
        sub
    }

    /// Adds up the contributions of all ranks at shared nodes: on return every rank that holds a node has the same
    /// value there, bit for bit. `values`: `n_nodes x components`.
    ///
    /// # Collective
    pub fn sum_shared(&self, comm: &Comm, values: &mut [f64], components: usize) {
        if self.size == 1 {
            return;
        }
        let received = self.exchange(comm, values, components);
        let mut total = vec![0.0; components];
        for (&local, slots) in self.shared.iter().zip(&self.slots) {
            total.fill(0.0);
            for &(neighbour, place) in slots {
                let from = if neighbour == u32::MAX { &*values } else { &received[neighbour as usize] };
                let start = place as usize * components;
                total.iter_mut().zip(&from[start..start + components]).for_each(|(t, v)| *t += v);
            }
            let start = local as usize * components;
            values[start..start + components].copy_from_slice(&total);
        }
    }

    /// Sends this rank's values at shared nodes to every neighbour; what each neighbour sent, in its list's order.
    fn exchange(&self, comm: &Comm, values: &[f64], components: usize) -> Vec<Vec<f64>> {
        let ranks: Vec<usize> = self.neighbours.iter().map(|nb| nb.rank).collect();
        let send: Vec<Vec<f64>> = self
            .neighbours
            .iter()
            .map(|nb| {
                let at = nb.nodes.iter().flat_map(|&n| {
                    let start = n as usize * components;
                    values[start..start + components].iter().copied()
                });
                at.collect()
            })
            .collect();
        let mut received: Vec<Vec<f64>> = send.iter().map(|s| vec![0.0; s.len()]).collect();
        comm.exchange(&ranks, &send, &mut received);
        received
    }

    /// Copies the owner's values to every rank that holds a node. `values`: `n_nodes x components`.
    ///
    /// # Collective
    pub fn copy_from_owner(&self, comm: &Comm, values: &mut [f64], components: usize) {
        if self.size == 1 {
            return;
        }
        for (n, _) in self.owned.iter().enumerate().filter(|(_, owned)| !**owned) {
            values[n * components..(n + 1) * components].fill(0.0);
        }
        self.sum_shared(comm, values, components);
    }

    /// Local nodes of a node set, or of the faces or elements of a set of that name: the nodes that this rank holds,
    /// also where another rank holds the face or element.
    ///
    /// # Errors
    /// No set has that name; the same on every rank.
    ///
    /// # Collective
    pub fn node_set(&self, comm: &Comm, name: &str) -> Result<Vec<u32>, MeshError> {
        let local = self.mesh.node_set(name)?;
        if self.mesh.node_sets.contains_key(name) {
            return Ok(local);
        }
        let mut mask = vec![0.0; self.mesh.n_nodes()];
        local.iter().for_each(|&n| mask[n as usize] = 1.0);
        self.sum_shared(comm, &mut mask, 1);
        Ok((0..mask.len() as u32).filter(|&n| mask[n as usize] > 0.0).collect())
    }

    /// This rank.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of nodes that this rank owns.
    pub fn n_owned(&self) -> usize {
        self.owned.iter().filter(|o| **o).count()
    }
}
