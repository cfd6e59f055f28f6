//! Writes small result files of Ansys, in every encoding that the reader knows.

use std::collections::BTreeMap;

/// How records are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Encoding {
    Plain,
    /// Sparse by windows; short integers, 32-bit reals of elements.
    Sparse,
}

/// A record of an element: so many zeros that are not stored, or values.
#[derive(Debug, Clone)]
pub enum Stored {
    Zeros(i32),
    Values(Vec<f32>),
}

/// A solution set.
#[derive(Debug, Clone, Default)]
pub struct Set {
    pub time: f64,
    pub dofs: Vec<i32>,
    /// `rows x dofs`.
    pub values: Vec<f64>,
    /// Positions of the rows in the list of nodes, from 1, where not every node has one.
    pub positions: Option<Vec<i32>>,
    /// Records of each element (in the order of the list), by their place from 0.
    pub records: Vec<BTreeMap<usize, Stored>>,
    /// Widths of the blocks of columns of the nodal solution, where it is stored by blocks.
    pub blocks: Option<Vec<usize>>,
}

/// A result file.
#[derive(Debug, Clone)]
pub struct Model {
    pub encoding: Encoding,
    /// Headers of 40 items and addresses of 32 bits, as version 13 writes them.
    pub old: bool,
    /// Number, coordinates and angles of each node.
    pub nodes: Vec<(i32, [f64; 3], [f64; 3])>,
    /// Order of the nodal results.
    pub order: Vec<i32>,
    /// Attributes of each element, and its nodes.
    pub elements: Vec<([i32; 10], Vec<i32>)>,
    /// Number, routine and key options of element types.
    pub types: Vec<(i32, i32, [i32; 12])>,
    /// Kind (1 nodes, 2 elements), name, numbers.
    pub components: Vec<(i32, &'static str, Vec<i32>)>,
    /// Analysis and sectors.
    pub analysis: i32,
    pub sectors: i32,
    pub extrapolation: i32,
    /// Nodes of all parts of a distributed run.
    pub all_nodes: Vec<i32>,
    pub sets: Vec<Set>,
}

/// Bytes of records, by words.
#[derive(Debug, Default)]
pub struct Words(pub Vec<u8>);

impl Words {
    pub fn len(&self) -> u64 {
        self.0.len() as u64 / 4
    }

    pub fn record(&mut self, flags: u8, payload: &[u8]) -> u64 {
        let at = self.len();
        let mut padded = payload.to_vec();
        padded.resize(payload.len().next_multiple_of(4), 0);
        let n = padded.len() as u32 / 4;
        self.0.extend(n.to_le_bytes());
        self.0.extend(u32::from(flags).wrapping_shl(24).to_le_bytes());
        self.0.extend(padded);
        self.0.extend(n.to_le_bytes());
        at
    }

    pub fn integers(&mut self, values: &[i32]) -> u64 {
        self.record(0x80, &bytes(values, |v| v.to_le_bytes()))
    }

    pub fn reals(&mut self, values: &[f64]) -> u64 {
        self.record(0x00, &bytes(values, |v| v.to_le_bytes()))
    }

    /// Writes item `item` of the record at word `at`.
    pub fn put(&mut self, at: u64, item: usize, value: i32) {
        let from = 4 * (at as usize + 1 + item);
        self.0[from..from + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub fn put_long(&mut self, at: u64, (low, high): (usize, usize), value: u64, old: bool) {
        self.put(at, low, value as u32 as i32);
        if !old {
            self.put(at, high, (value >> 32) as u32 as i32);
        }
    }
}

pub fn bytes<T: Copy, const N: usize>(values: &[T], to: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&v| to(v)).collect()
}

/// Windows over values: runs of what is not 0, a run of equal values stored once, a lone one without its length.
pub fn windows<T: Copy + PartialEq, const N: usize>(
    values: &[T],
    zero: T,
    to: impl Fn(T) -> [u8; N],
) -> Vec<u8> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, v) in values.iter().enumerate().filter(|(_, v)| **v != zero) {
        match runs.last_mut() {
            Some(run)
                if run.1 == i
                    && (values[run.0] == *v)
                        == (run.1 - run.0 == 1 || values[run.0] == values[run.0 + 1]) =>
            {
                run.1 += 1;
            }
            _ => runs.push((i, i + 1)),
        }
    }
    let mut out = (runs.len() as i32).to_le_bytes().to_vec();
    for (start, end) in runs {
        let n = (end - start) as i32;
        let equal = values[start..end].iter().all(|v| *v == values[start]);
        if n == 1 && start > 0 {
            out.extend((start as i32).to_le_bytes());
        } else {
            out.extend((-(start as i32)).to_le_bytes());
            out.extend((if equal { -n } else { n }).to_le_bytes());
        }
        let stored = if equal { &values[start..start + 1] } else { &values[start..end] };
        out.extend(stored.iter().flat_map(|&v| to(v)));
    }
    out
}

impl Model {
    /// A unit cube of one hexahedron (SOLID185), of two elements with `wedge`; one set per time with the displacement
    /// `u = t (x, 2 y, 3 z)` and stresses at the corners.
    pub fn cube(encoding: Encoding, times: &[f64]) -> Model {
        let corners =
            [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]];
        let nodes: Vec<(i32, [f64; 3], [f64; 3])> =
            (11..).zip(corners).map(|(n, x)| (n, x.map(f64::from), [0.0; 3])).collect();
        let order = vec![18, 11, 17, 12, 16, 13, 15, 14];
        let at = |n: i32| nodes[(n - 11) as usize].1;
        let sets = times.iter().map(|&t| Set {
            time: t,
            dofs: vec![1, 2, 3],
            values: order
                .iter()
                .flat_map(|&n| {
                    let x = at(n);
                    [t * x[0], 2.0 * t * x[1], 3.0 * t * x[2]]
                })
                .collect(),
            records: vec![BTreeMap::from([
                (
                    2,
                    Stored::Values(
                        (0..8)
                            .flat_map(|c| (0..6).map(move |k| (t * f64::from(10 * c + k)) as f32))
                            .collect(),
                    ),
                ),
                (6, Stored::Zeros(56)),
                (9, Stored::Zeros(3)),
            ])],
            ..Set::default()
        });
        let sets = sets.collect();
        Model {
            encoding,
            old: false,
            elements: vec![([1, 1, 1, 1, 0, 0, 0, 0, 5, 0], (11..=18).collect())],
            types: vec![(1, 185, [0; 12])],
            components: vec![(1, "FOOT", vec![11, -14]), (2, "BODY", vec![5])],
            analysis: 0,
            sectors: 1,
            extrapolation: 0,
            all_nodes: Vec::new(),
            order,
            nodes,
            sets,
        }
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        let sets: Vec<Vec<u8>> = self.sets.iter().map(|s| self.set(s)).collect();
        let mut addresses = vec![0; sets.len()];
        // the head is as long whatever the addresses are
        let mut at = self.head(&addresses).len() as u64 / 4;
        for (address, set) in addresses.iter_mut().zip(&sets) {
            *address = at;
            at += set.len() as u64 / 4;
        }
        let mut out = self.head(&addresses);
        sets.iter().for_each(|s| out.extend(s));
        out
    }

    fn ints(&self, out: &mut Words, values: &[i32]) -> u64 {
        match self.encoding {
            Encoding::Plain => out.integers(values),
            Encoding::Sparse => {
                let mut payload = (values.len() as i32).to_le_bytes().to_vec();
                payload.extend(windows(values, 0, i32::to_le_bytes));
                out.record(0x90, &payload)
            }
        }
    }

    fn doubles(&self, out: &mut Words, values: &[f64]) -> u64 {
        match self.encoding {
            Encoding::Plain => out.reals(values),
            Encoding::Sparse if values.len() <= 32 => {
                let mut payload = (values.len() as i32).to_le_bytes().to_vec();
                let mask = (0..values.len()).fold(0u32, |m, i| m | u32::from(values[i] != 0.0) << i);
                payload.extend(mask.to_le_bytes());
                payload.extend(values.iter().filter(|v| **v != 0.0).flat_map(|v| v.to_le_bytes()));
                out.record(0x08, &payload)
            }
            Encoding::Sparse => {
                let mut payload = (values.len() as i32).to_le_bytes().to_vec();
                payload.extend(windows(values, 0.0, f64::to_le_bytes));
                out.record(0x10, &payload)
            }
        }
    }

    /// All that is before the sets, whose addresses (words) are given.
    pub fn head(&self, addresses: &[u64]) -> Vec<u8> {
        let mut out = Words::default();
        let mut standard = vec![0; 100];
        (standard[0], standard[1], standard[9]) = (12, -1, i32::from_be_bytes(*b"25.1"));
        out.integers(&standard);
        let items = if self.old { 40 } else { 80 };
        let header = out.integers(&vec![0; items]);
        let capacity = addresses.len().max(3);
        let counts = [
            (3, self.order.len()),
            (4, capacity),
            (7, self.elements.len()),
            (9, addresses.len()),
            (8, self.analysis as usize),
            (21, self.sectors as usize),
        ];
        counts.iter().for_each(|&(item, n)| out.put(header, item, n as i32));
        out.put(header, 40, 1);
        if !self.old {
            let all = self.all_nodes.len().max(self.order.len());
            out.put(header, 49, all as i32);
        }
        let low_high: Vec<i32> = (0..2 * capacity)
            .map(|i| addresses.get(i % capacity).map_or(0, |a| (a >> (32 * (i / capacity))) as u32 as i32))
            .collect();
        let at = out.integers(&low_high);
        out.put_long(header, (11, 41), at, self.old);
        let at = self.doubles(&mut out, &self.sets.iter().map(|s| s.time).collect::<Vec<_>>());
        out.put_long(header, (12, 42), at, self.old);
        let steps: Vec<i32> = (1..).take(self.sets.len()).flat_map(|k| [1, k, k]).collect();
        let at = self.ints(&mut out, &steps);
        out.put_long(header, (13, 43), at, self.old);
        let at = self.ints(&mut out, &self.elements.iter().map(|e| e.0[8]).collect::<Vec<_>>());
        out.put_long(header, (14, 45), at, self.old);
        let at = self.ints(&mut out, &self.order);
        out.put_long(header, (15, 46), at, self.old);
        if !self.all_nodes.is_empty() {
            let at = self.ints(&mut out, &self.all_nodes);
            out.put_long(header, (50, 51), at, self.old);
        }
        let at = self.geometry(&mut out);
        out.put_long(header, (16, 47), at, self.old);
        out.0
    }

    fn geometry(&self, out: &mut Words) -> u64 {
        let at = out.integers(&vec![0; if self.old { 40 } else { 80 }]);
        out.put(at, 4, self.nodes.len() as i32);
        out.put(at, 5, self.elements.len() as i32);
        let most = self.types.iter().map(|t| t.0).max().unwrap_or(0) as usize;
        let mapped = !self.old;
        let types = if mapped {
            out.put(at, 65, 1);
            let list = out.integers(&self.types.iter().map(|t| t.0).collect::<Vec<_>>());
            (list, out.integers(&vec![0; self.types.len()]))
        } else {
            let list = out.integers(&vec![0; most]);
            (list, list)
        };
        for (k, (number, routine, keyopts)) in self.types.iter().enumerate() {
            let mut items = vec![0; 100];
            (items[0], items[1]) = (*number, *routine);
            items[2..14].copy_from_slice(keyopts);
            let here = self.ints(out, &items);
            out.put(types.1, if mapped { k + 1 } else { *number as usize }, (here - types.0) as i32);
        }
        out.put_long(at, (21, 22), types.0, self.old);
        let first = out.len();
        for (number, x, angles) in &self.nodes {
            let mut values = vec![f64::from(*number)];
            values.extend(x);
            values.extend(angles);
            self.doubles(out, &values);
        }
        out.put_long(at, (27, 28), first, self.old);
        let table = out.integers(&vec![0; 2 * self.elements.len()]);
        for (e, (attributes, nodes)) in self.elements.iter().enumerate() {
            let items = [attributes.as_slice(), nodes].concat();
            let here = self.ints(out, &items);
            out.put(table, 2 * e + 1, (here - table) as i32);
        }
        out.put_long(at, (29, 30), table, self.old);
        if !self.old {
            out.put(at, 49, self.components.len() as i32);
            out.put_long(at, (51, 52), out.len(), false);
            for (kind, name, numbers) in &self.components {
                let text = format!("{name:<32}");
                let mut items = vec![*kind];
                items.extend(
                    text.as_bytes().chunks_exact(4).map(|c| i32::from_be_bytes([c[0], c[1], c[2], c[3]])),
                );
                items.extend(numbers);
                out.integers(&items);
            }
        }
        at
    }

    /// The bytes of a set; nothing in them depends on where they lie.
    pub fn set(&self, set: &Set) -> Vec<u8> {
        let mut out = Words::default();
        let header = out.integers(&vec![0; 200]);
        out.put(header, 16, self.extrapolation);
        out.put(header, 20, set.dofs.len() as i32);
        set.dofs.iter().enumerate().for_each(|(k, &d)| out.put(header, 21 + k, d));
        let mut second = vec![0.0; 100];
        second[0] = set.time;
        self.doubles(&mut out, &second);
        out.integers(&[0; 200]);
        let nodal = match &set.blocks {
            None => self.doubles(&mut out, &set.values),
            Some(widths) => {
                let columns = set.dofs.len();
                let mut payload = bytes(&[set.values.len() as i32, widths.len() as i32], i32::to_le_bytes);
                payload.extend(widths.iter().flat_map(|&w| (w as i32).to_le_bytes()));
                let mut first = 0;
                for &width in widths {
                    let rows = set.values.chunks_exact(columns);
                    let block: Vec<f64> = rows.flat_map(|row| row[first..first + width].to_vec()).collect();
                    payload.extend(windows(&block, 0.0, f64::to_le_bytes));
                    first += width;
                }
                out.record(0x18, &payload)
            }
        };
        if self.old {
            out.put(header, 11, nodal as i32);
        } else {
            out.put_long(header, (105, 106), nodal, false);
        }
        if let Some(positions) = &set.positions {
            out.integers(positions);
        }
        if !set.records.is_empty() {
            let table = out.integers(&vec![0; 2 * set.records.len()]);
            out.put_long(header, if self.old { (12, 12) } else { (119, 120) }, table, self.old);
            for (e, records) in set.records.iter().enumerate() {
                let mut index = vec![0; 25];
                // the index is as long whatever it says: its length is known only when it has been written once
                let mut body = Words::default();
                let length = 25 + 3;
                for (place, stored) in records {
                    index[*place] = match stored {
                        Stored::Zeros(n) => -n,
                        Stored::Values(values) => {
                            let here = length + body.len() as i32;
                            body.record(0x40, &bytes(values, f32::to_le_bytes));
                            here
                        }
                    };
                }
                let here = out.integers(&index);
                out.put(table, 2 * e + 1, (here - table) as i32);
                out.0.extend(body.0);
            }
        }
        out.0
    }
}
