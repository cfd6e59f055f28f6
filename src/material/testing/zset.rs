//! Strains, stresses and temperatures at the Gauss points of a Z-set result on c3d8 elements, for tests that drive a
//! law with them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A result: fields at all times at all points, element after element, xi fastest in an element.
pub(crate) struct Result {
    pub(crate) times: Vec<f64>,
    /// Elements of the mesh.
    pub(crate) elements: usize,
    names: Vec<String>,
    integ: Vec<f32>,
    ids: Vec<usize>,
    sets: HashMap<String, Vec<usize>>,
    temperatures: [Vec<f64>; 2],
}

/// The folder of the reference data, or a printed remark and `None`.
pub(crate) fn folder(case: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FERROM_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"), PathBuf::from);
    let folder = root.join("zset").join(case);
    if !folder.is_dir() {
        eprintln!("skipped: no reference data in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_be_bytes(*b)).collect()
}

impl Result {
    /// Reads `<name>.ut`, its mesh and `.integ`, and two temperature maps.
    pub(crate) fn read(folder: &Path, name: &str, maps: [&str; 2]) -> Result {
        let ut = std::fs::read_to_string(folder.join(format!("{name}.ut"))).unwrap();
        let mut result = Result {
            times: Vec::new(),
            elements: 0,
            names: Vec::new(),
            integ: floats(&folder.join(format!("{name}.integ"))),
            ids: Vec::new(),
            sets: HashMap::new(),
            temperatures: Default::default(),
        };
        let mut mesh = String::new();
        for line in ut.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("**meshfile") => mesh = words.next().unwrap().to_owned(),
                Some("**integ") => result.names = words.map(str::to_owned).collect(),
                Some(word) if !word.starts_with('*') => {
                    result.times.push(words.next_back().unwrap().parse().unwrap())
                }
                _ => {}
            }
        }
        let elements = result.read_mesh(&std::fs::read_to_string(folder.join(mesh)).unwrap());
        result.elements = elements.len();
        for (k, map) in maps.iter().enumerate() {
            let nodal = floats(&folder.join(format!("{map}.node")));
            result.temperatures[k] = elements
                .iter()
                .flat_map(|nodes| {
                    shape_functions().map(|n| (0..8).map(|a| n[a] * f64::from(nodal[nodes[a]])).sum())
                })
                .collect();
        }
        result
    }

    fn read_mesh(&mut self, text: &str) -> Vec<[usize; 8]> {
        let (mut section, mut set) = (String::new(), String::new());
        let (mut node_rank, mut elements) = (HashMap::new(), Vec::new());
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some(&first) = words.first() else { continue };
            if first.starts_with('*') {
                section = first.to_owned();
                set = words.get(1).unwrap_or(&"").to_string();
            } else if section == "**node" && words.len() == 4 {
                node_rank.insert(first.parse::<usize>().unwrap(), node_rank.len());
            } else if section == "**element" && words.len() == 10 {
                self.ids.push(first.parse().unwrap());
                elements.push(std::array::from_fn(|a| node_rank[&words[2 + a].parse::<usize>().unwrap()]));
            } else if section == "**elset" {
                self.sets
                    .entry(set.clone())
                    .or_default()
                    .extend(words.iter().map(|w| w.parse::<usize>().unwrap()));
            }
        }
        elements
    }

    /// Ranks of the elements of an elset.
    pub(crate) fn set(&self, name: &str) -> Vec<usize> {
        let ids = &self.sets[name];
        (0..self.elements).filter(|&e| ids.contains(&self.ids[e])).collect()
    }

    /// One named value at the points of some elements.
    pub(crate) fn scalar(&self, time: usize, elements: &[usize], name: &str) -> Vec<f64> {
        let c = self.names.iter().position(|n| n == name).unwrap();
        let nc = self.names.len();
        elements
            .iter()
            .flat_map(|e| (0..8).map(move |g| ((time * self.elements + e) * nc + c) * 8 + g))
            .map(|i| f64::from(self.integ[i]))
            .collect()
    }

    /// A tensor at the points of some elements, `n x 6`, shears times `shear`.
    pub(crate) fn tensor(&self, time: usize, elements: &[usize], name: &str, shear: f64) -> Vec<f64> {
        let mut all = vec![0.0; 48 * elements.len()];
        for (k, ij) in ["11", "22", "33", "12", "23", "31"].iter().enumerate() {
            let values = self.scalar(time, elements, &format!("{name}{ij}"));
            values.iter().enumerate().for_each(|(i, v)| all[6 * i + k] = v * if k < 3 { 1.0 } else { shear });
        }
        all
    }

    /// Temperature at the points of some elements: from the first map at t = 0 to the second at t = 1 and back.
    pub(crate) fn temperature(&self, time: usize, elements: &[usize]) -> Vec<f64> {
        let s = 1.0 - (self.times[time] - 1.0).abs();
        let at = |i: usize| self.temperatures[0][i] * (1.0 - s) + self.temperatures[1][i] * s;
        elements.iter().flat_map(|e| (8 * e..8 * e + 8).map(at)).collect()
    }
}

/// Shape functions of the trilinear hexahedron at its 2 x 2 x 2 Gauss points.
fn shape_functions() -> [[f64; 8]; 8] {
    let corner =
        [(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)];
    let at = |bit: usize| if bit == 0 { -1.0 / 3f64.sqrt() } else { 1.0 / 3f64.sqrt() };
    std::array::from_fn(|g| {
        let (x, y, z) = (at(g & 1), at(g >> 1 & 1), at(g >> 2));
        corner.map(|(a, b, c)| {
            0.125 * (1.0 + f64::from(a) * x) * (1.0 + f64::from(b) * y) * (1.0 + f64::from(c) * z)
        })
    })
}
