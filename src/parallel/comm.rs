//! The communicator: MPI where the process runs under it, or a single rank without MPI (unit tests, library use).

use super::Dd;
use super::traffic::Traffic;
use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// Elements per message piece: well below the 2^31 limit of MPI counts, in bytes too.
const PIECE: usize = 1 << 26;

/// Plain values that can travel: fixed size, any bit pattern allowed.
pub trait Wire: Equivalence + Copy + Default + 'static {}
impl Wire for f64 {}
impl Wire for f32 {}
impl Wire for u64 {}
impl Wire for u32 {}
impl Wire for i64 {}
impl Wire for i32 {}
impl Wire for u8 {}

/// A group of ranks. Cloning is not possible: it is passed by reference.
pub struct Comm {
    inner: Option<SimpleCommunicator>,
    rank: usize,
    size: usize,
    traffic: Traffic,
}

impl Comm {
    /// One rank, no MPI.
    pub fn serial() -> Comm {
        Comm { inner: None, rank: 0, size: 1, traffic: Traffic::default() }
    }

    /// All ranks of an MPI communicator.
    pub fn new(world: SimpleCommunicator) -> Comm {
        let (rank, size) = (world.rank() as usize, world.size() as usize);
        Comm { inner: Some(world), rank, size, traffic: Traffic::default() }
    }

    /// This rank, from 0.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether this is rank 0, the one that talks and writes.
    pub fn is_root(&self) -> bool {
        self.rank == 0
    }

    /// The raw MPI communicator, for PETSc; `None` without MPI.
    pub fn mpi(&self) -> Option<&SimpleCommunicator> {
        self.inner.as_ref()
    }

    /// Calls of MPI that carried values, and bytes that this rank brought to them: broadcasts count at their root.
    pub fn traffic(&self) -> (u64, u64) {
        self.traffic.total()
    }

    /// Waits for all ranks.
    ///
    /// # Collective
    pub fn barrier(&self) {
        if let Some(c) = self.several() {
            c.barrier();
        }
    }

    fn several(&self) -> Option<&SimpleCommunicator> {
        if self.size > 1 { self.inner.as_ref() } else { None }
    }

    fn all_reduce<T: Wire>(&self, values: &mut [T], op: SystemOperation) {
        if let Some(c) = self.several() {
            let mut out = vec![T::default(); values.len().min(PIECE)];
            for piece in values.chunks_mut(PIECE) {
                let out = &mut out[..piece.len()];
                self.traffic.count::<T>(piece.len());
                c.all_reduce_into(&piece[..], out, op);
                piece.copy_from_slice(out);
            }
        }
    }

    /// Sum over ranks, in place; every rank gets the same bits.
    ///
    /// # Collective
    /// `values` must have the same length on every rank.
    pub fn sum(&self, values: &mut [f64]) {
        self.all_reduce(values, SystemOperation::sum());
    }

    /// As [`Comm::sum`], into `out`, without allocation.
    ///
    /// # Collective
    pub fn sum_into(&self, values: &[f64], out: &mut [f64]) {
        match self.several() {
            Some(c) => {
                for (a, b) in values.chunks(PIECE).zip(out.chunks_mut(PIECE)) {
                    self.traffic.count::<f64>(a.len());
                    c.all_reduce_into(a, b, SystemOperation::sum());
                }
            }
            None => out.copy_from_slice(values),
        }
    }

    /// Sum of one number.
    ///
    /// # Collective
    pub fn sum1(&self, value: f64) -> f64 {
        let mut v = [value];
        self.sum(&mut v);
        v[0]
    }

    /// Sum of one count.
    ///
    /// # Collective
    pub fn sum_u64(&self, value: u64) -> u64 {
        let mut v = [value];
        self.all_reduce(&mut v, SystemOperation::sum());
        v[0]
    }

    /// Maximum over ranks, in place.
    ///
    /// # Collective
    pub fn max(&self, values: &mut [f64]) {
        self.all_reduce(values, SystemOperation::max());
    }

    /// Maximum of one number.
    ///
    /// # Collective
    pub fn max1(&self, value: f64) -> f64 {
        let mut v = [value];
        self.max(&mut v);
        v[0]
    }

    /// Minimum of one number.
    ///
    /// # Collective
    pub fn min1(&self, value: f64) -> f64 {
        -self.max1(-value)
    }

    /// Maximum of one count.
    ///
    /// # Collective
    pub fn max_u64(&self, value: u64) -> u64 {
        let mut v = [value];
        self.all_reduce(&mut v, SystemOperation::max());
        v[0]
    }

    /// Minimum of one count.
    ///
    /// # Collective
    pub fn min_u64(&self, value: u64) -> u64 {
        let mut v = [value];
        self.all_reduce(&mut v, SystemOperation::min());
        v[0]
    }

    /// Whether `yes` holds on any rank.
    ///
    /// # Collective
    pub fn any(&self, yes: bool) -> bool {
        self.max_u64(u64::from(yes)) == 1
    }

    /// Compensated sums over ranks: the rounded result does not depend on the number of ranks.
    ///
    /// # Collective
    pub fn sum_exact(&self, parts: &[Dd]) -> Vec<f64> {
        let flat: Vec<f64> = parts.iter().flat_map(|d| [d.hi, d.lo]).collect();
        let (all, _) = self.all_gather(&flat);
        let n = parts.len();
        let mut out = vec![Dd::default(); n];
        for rank in all.chunks_exact(2 * n.max(1)) {
            for (o, d) in out.iter_mut().zip(rank.chunks_exact(2)) {
                o.merge(Dd { hi: d[0], lo: d[1] });
            }
        }
        out.into_iter().map(Dd::value).collect()
    }

    /// Largest `value` over ranks, its `id` (lowest among equals) and the rank that holds it.
    /// A rank without a candidate gives `f64::NEG_INFINITY` and `u64::MAX`.
    ///
    /// # Collective
    pub fn argmax(&self, value: f64, id: u64) -> (f64, u64, usize) {
        let best = self.max1(value);
        let mine = if value == best { id } else { u64::MAX };
        let winner = self.min_u64(mine);
        let owner = self.min_u64(if mine == winner { self.rank as u64 } else { u64::MAX });
        (best, winner, owner as usize)
    }

    /// `values` of rank `root`, on every rank; lengths must agree.
    ///
    /// # Collective
    pub fn broadcast<T: Wire>(&self, values: &mut [T], root: usize) {
        if let Some(c) = self.several() {
            let mine = self.rank == root;
            let root = c.process_at_rank(root as i32);
            for piece in values.chunks_mut(PIECE) {
                self.traffic.count::<T>(if mine { piece.len() } else { 0 });
                root.broadcast_into(piece);
            }
        }
    }

    /// As [`Comm::broadcast`], for a vector whose length only `root` knows.
    ///
    /// # Collective
    pub fn broadcast_vec<T: Wire>(&self, values: &mut Vec<T>, root: usize) {
        let mut n = [values.len() as u64];
        self.broadcast(&mut n, root);
        values.resize(n[0] as usize, T::default());
        self.broadcast(values, root);
    }

    /// Concatenation over ranks in rank order, on rank `root` (empty elsewhere), and the length of each rank's part
    /// (on every rank).
    ///
    /// # Collective
    pub fn gather<T: Wire>(&self, mine: &[T], root: usize) -> (Vec<T>, Vec<usize>) {
        let counts = self.counts(mine.len());
        let Some(c) = self.several() else { return (mine.to_vec(), counts) };
        let mut all = Vec::new();
        if self.rank == root {
            all.reserve_exact(counts.iter().sum());
            for (r, &n) in counts.iter().enumerate() {
                if r == root {
                    all.extend_from_slice(mine);
                } else {
                    let start = all.len();
                    all.resize(start + n, T::default());
                    for piece in all[start..].chunks_mut(PIECE) {
                        c.process_at_rank(r as i32).receive_into(piece);
                    }
                }
            }
        } else {
            for piece in mine.chunks(PIECE) {
                self.traffic.count::<T>(piece.len());
                c.process_at_rank(root as i32).send(piece);
            }
        }
        (all, counts)
    }

    /// Concatenation over ranks in rank order, on every rank, and the length of each rank's part.
    ///
    /// # Collective
    pub fn all_gather<T: Wire>(&self, mine: &[T]) -> (Vec<T>, Vec<usize>) {
        let Some(c) = self.several() else { return (mine.to_vec(), vec![mine.len()]) };
        let counts = self.counts(mine.len());
        let total: usize = counts.iter().sum();
        let mut all = vec![T::default(); total];
        if total == 0 {
            return (all, counts);
        }
        // the address of an empty slice may be the number that MPI takes for MPI_IN_PLACE
        let nothing = [T::default()];
        let mine = if mine.is_empty() { &nothing[..0] } else { mine };
        if total < PIECE {
            let counts_i: Vec<i32> = counts.iter().map(|&n| n as i32).collect();
            let displs: Vec<i32> = counts_i
                .iter()
                .scan(0, |at, &n| {
                    let here = *at;
                    *at += n;
                    Some(here)
                })
                .collect();
            let mut parts = mpi::datatype::PartitionMut::new(&mut all[..], counts_i, &displs[..]);
            self.traffic.count::<T>(mine.len());
            c.all_gather_varcount_into(mine, &mut parts);
        } else {
            let (gathered, _) = self.gather(mine, 0);
            if self.is_root() {
                all = gathered;
            }
            self.broadcast(&mut all, 0);
        }
        (all, counts)
    }

    fn counts(&self, n: usize) -> Vec<usize> {
        match self.several() {
            None => vec![n],
            Some(c) => {
                let mut all = vec![0u64; self.size];
                self.traffic.count::<u64>(1);
                c.all_gather_into(&(n as u64), &mut all[..]);
                all.into_iter().map(|n| n as usize).collect()
            }
        }
    }

    /// Rank `root` gives one vector per rank; each rank gets its own. Others pass an empty slice.
    ///
    /// # Collective
    pub fn scatter<T: Wire>(&self, parts: &[Vec<T>], root: usize) -> Vec<T> {
        let Some(c) = self.several() else { return parts[0].clone() };
        if self.rank == root {
            for (r, part) in parts.iter().enumerate().filter(|(r, _)| *r != root) {
                c.process_at_rank(r as i32).send(&(part.len() as u64));
                for piece in part.chunks(PIECE) {
                    c.process_at_rank(r as i32).send(piece);
                }
            }
            parts[root].clone()
        } else {
            let (n, _) = c.process_at_rank(root as i32).receive::<u64>();
            let mut mine = vec![T::default(); n as usize];
            for piece in mine.chunks_mut(PIECE) {
                c.process_at_rank(root as i32).receive_into(piece);
            }
            mine
        }
    }

    /// Exchanges with some ranks: `send[i]` goes to `ranks[i]`, whose values for this rank land in `receive[i]`
    /// (lengths must fit those of the other side).
    ///
    /// # Collective
    /// Among the ranks concerned: the relation must be symmetric.
    pub fn exchange(&self, ranks: &[usize], send: &[Vec<f64>], receive: &mut [Vec<f64>]) {
        let Some(c) = self.several() else { return };
        mpi::request::scope(|scope| {
            let mut open = Vec::with_capacity(ranks.len());
            for (&r, buffer) in ranks.iter().zip(receive.iter_mut()) {
                open.push(c.process_at_rank(r as i32).immediate_receive_into(scope, &mut buffer[..]));
            }
            let sent: Vec<_> = ranks
                .iter()
                .zip(send)
                .map(|(&r, values)| {
                    self.traffic.count::<f64>(values.len());
                    c.process_at_rank(r as i32).immediate_send(scope, &values[..])
                })
                .collect();
            open.into_iter().for_each(|request| {
                request.wait();
            });
            sent.into_iter().for_each(|request| {
                request.wait();
            });
        });
    }

    /// Sends `parts[r]` to every rank `r`; returns what each rank sent here, by rank.
    ///
    /// # Collective
    pub fn all_to_all<T: Wire>(&self, parts: &[Vec<T>]) -> Vec<Vec<T>> {
        let Some(c) = self.several() else { return parts.to_vec() };
        let sizes: Vec<u64> = parts.iter().map(|p| p.len() as u64).collect();
        let mut sizes_in = vec![0u64; self.size];
        c.all_to_all_into(&sizes[..], &mut sizes_in[..]);
        let mut out: Vec<Vec<T>> = sizes_in.iter().map(|&n| vec![T::default(); n as usize]).collect();
        out[self.rank].copy_from_slice(&parts[self.rank]);
        for shift in 1..self.size {
            let to = (self.rank + shift) % self.size;
            let from = (self.rank + self.size - shift) % self.size;
            // both sides of a message must know that there is one: each count is that of its own direction
            let (sent, received) = (parts[to].len().div_ceil(PIECE), out[from].len().div_ceil(PIECE));
            let (to_rank, from_rank) = (c.process_at_rank(to as i32), c.process_at_rank(from as i32));
            for p in 0..sent.max(received) {
                let send = piece_of(&parts[to], p);
                self.traffic.count::<T>(send.len());
                let n = out[from].len();
                let receive = &mut out[from][(p * PIECE).min(n)..((p + 1) * PIECE).min(n)];
                match (p < sent, p < received) {
                    (true, true) => {
                        mpi::point_to_point::send_receive_into(send, &to_rank, receive, &from_rank);
                    }
                    (true, false) => to_rank.send(send),
                    (false, _) => {
                        from_rank.receive_into(receive);
                    }
                }
            }
        }
        out
    }
}

fn piece_of<T>(v: &[T], p: usize) -> &[T] {
    &v[(p * PIECE).min(v.len())..((p + 1) * PIECE).min(v.len())]
}
