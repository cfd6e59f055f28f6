//! Commands that load the structure.

use super::columns::Columns;
use super::history::{Rotation, change};
use super::reader::Reader;
use super::select::Selection;
use super::types::{Cell, Use};
use crate::error::Result;
use std::io::BufRead;

/// Corners of the faces of a brick, in the numbers of its faces from 1: places of I…P.
const BRICK_FACES: [[usize; 4]; 6] =
    [[1, 0, 3, 2], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7], [4, 5, 6, 7]];
/// The same of a tetrahedron.
const TET_FACES: [[usize; 3]; 4] = [[1, 0, 2], [0, 1, 3], [1, 2, 3], [2, 0, 3]];

/// Node numbers of the corners of a face of an element, without those that coincide; `None` where it has no such face.
pub(super) fn corners(usage: &Use, surface: bool, nodes: &[u64], face: u8) -> Option<Vec<u64>> {
    let at = usize::from(face).checked_sub(1)?;
    let places: &[usize] = match usage {
        Use::Volume(Cell::Hex8 { .. } | Cell::Hex20 { .. }) => BRICK_FACES.get(at)?,
        Use::Volume(Cell::Tet4 | Cell::Tet10) => TET_FACES.get(at)?,
        Use::LeftOut if surface && at == 0 => &[0, 1, 2, 3],
        _ => return None,
    };
    let mut out: Vec<u64> = Vec::with_capacity(4);
    for &place in places {
        match nodes.get(place) {
            Some(&node) if node != 0 && !out.contains(&node) => out.push(node),
            Some(_) => {}
            None if surface => {}
            None => return None,
        }
    }
    (out.len() >= 3).then_some(out)
}

impl<R: BufRead> Reader<'_, R> {
    fn step(&self) -> usize {
        self.deck.history.steps.len()
    }

    /// Nodes that a field names: a number, `ALL` (the selected ones), a component.
    pub(super) fn named_nodes(
        &mut self,
        line: usize,
        fields: &[String],
        last: usize,
    ) -> Result<Option<Vec<u64>>> {
        let name = fields.get(1).map_or("", String::as_str);
        if let Some(first) = self.whole(name) {
            let end = fields.get(last).map_or("", String::as_str);
            let by = fields.get(last + 1).map_or("", String::as_str);
            let end = if end.is_empty() { Some(first) } else { self.whole(end) };
            let by = if by.is_empty() { Some(1) } else { self.whole(by) };
            let (Ok(first), Some(Ok(end)), Some(Ok(by))) =
                (u64::try_from(first), end.map(u64::try_from), by.map(usize::try_from))
            else {
                return Ok(None);
            };
            self.spend(
                line,
                usize::try_from(end.saturating_sub(first) / by.max(1) as u64).unwrap_or(usize::MAX),
            )?;
            return Ok(Some((first..=end).step_by(by.max(1)).collect()));
        }
        let ids = &self.deck.node_ids;
        let list: Vec<u64> = if name.eq_ignore_ascii_case("all") {
            if let Selection::Unknown(why) = &self.nodes {
                let why = format!("a load on what {why} selects");
                self.refuse(line, &why);
                return Ok(Some(Vec::new()));
            }
            (0..ids.len()).filter(|&i| self.nodes.has(i)).map(|i| ids[i]).collect()
        } else {
            let all = &self.deck.node_components;
            let found = all.iter().find(|(component, _)| component.eq_ignore_ascii_case(name));
            let Some((_, component)) = found else { return Ok(None) };
            ids.iter().copied().filter(|&id| component.contains(id)).collect()
        };
        self.spend(line, list.len())?;
        Ok(Some(list))
    }

    /// `D,node,label,value,,end,by,label…` and `F,node,label,value,,end,by`
    pub(super) fn nodal_load(&mut self, line: usize, force: bool, fields: &[String]) -> Result<()> {
        let command = fields[..fields.len().min(4)].join(",");
        let value = fields.get(3).map_or("", String::as_str);
        let value = if value.is_empty() { Some(0.0) } else { self.number(value) };
        let (Some(nodes), Some(value)) = (self.named_nodes(line, fields, 5)?, value) else {
            self.refuse(line, &command);
            return Ok(());
        };
        let step = self.step();
        let labels =
            [2, 7, 8, 9, 10, 11].into_iter().filter_map(|k| fields.get(k)).map(|l| l.to_ascii_uppercase());
        for label in labels.filter(|l| !l.is_empty()) {
            let components = match (force, label.as_str()) {
                (false, "ALL") => 0..3,
                (false, "UX") | (true, "FX") => 0..1,
                (false, "UY") | (true, "FY") => 1..2,
                (false, "UZ") | (true, "FZ") => 2..3,
                (false, "ROTX" | "ROTY" | "ROTZ") => continue,
                _ => {
                    self.refuse(line, &command);
                    return Ok(());
                }
            };
            self.spend(line, components.len() * nodes.len())?;
            for &node in &nodes {
                for component in components.clone() {
                    if !force && step > 0 && !self.deck.history.fixed.contains_key(&(node, component)) {
                        self.refuse(line, "D on a displacement that was free in a load step before");
                    }
                    let history = &mut self.deck.history;
                    let all = if force { &mut history.forces } else { &mut history.fixed };
                    change(all.entry((node, component)).or_default(), step, value);
                }
            }
        }
        Ok(())
    }

    /// `SF,nodes,PRES,value`: on all faces of selected elements whose nodes are all meant.
    pub(super) fn surface_load(&mut self, line: usize, fields: &[String]) -> Result<()> {
        let is_pressure = fields.get(2).is_some_and(|l| l.to_ascii_uppercase().starts_with("PRES"));
        let value = fields.get(3).and_then(|v| self.number(v));
        let (Some(nodes), Some(value)) = (self.named_nodes(line, fields, 99)?, value.filter(|_| is_pressure))
        else {
            self.refuse(line, &fields[..fields.len().min(4)].join(","));
            return Ok(());
        };
        if let Selection::Unknown(why) = &self.elements {
            let why = format!("SF on what {why} selects");
            self.refuse(line, &why);
            return Ok(());
        }
        self.spend(line, self.deck.elements.ids.len())?;
        let nodes: std::collections::HashSet<u64> = nodes.into_iter().collect();
        let step = self.step();
        for e in (0..self.deck.elements.ids.len()).filter(|&e| self.elements.has(e)) {
            let Some(kind) = self.deck.types.get(&self.deck.elements.types[e]) else { continue };
            let (usage, surface) = (kind.usage(), kind.is_surface());
            for face in 1..=6 {
                let found = corners(&usage, surface, self.deck.elements.nodes_of(e), face);
                if found.is_some_and(|c| c.iter().all(|n| nodes.contains(n))) {
                    let key = (self.deck.elements.ids[e], face);
                    change(self.deck.history.pressures.entry(key).or_default(), step, value);
                }
            }
        }
        Ok(())
    }

    /// `SFE,element,face,PRES,key,v1,v2,v3,v4`
    pub(super) fn face_load(&mut self, line: usize, fields: &[String]) -> Result<()> {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        if field(2).eq_ignore_ascii_case("loc") {
            return Ok(());
        }
        let is_pressure = field(3).to_ascii_uppercase().starts_with("PRES");
        let imaginary = self.whole(field(4)) == Some(2);
        let values: Vec<Option<f64>> =
            fields.iter().skip(5).take(4).take_while(|f| !f.is_empty()).map(|f| self.number(f)).collect();
        let values: Option<Vec<f64>> = values.into_iter().collect();
        let (element, face) = (self.whole(field(1)), self.whole(field(2)));
        let key = element.and_then(|e| u64::try_from(e).ok()).zip(face.and_then(|f| u8::try_from(f).ok()));
        match (key, values) {
            (Some(key), Some(values)) if is_pressure && !imaginary => self.pressure(line, key, &values),
            (Some(_), Some(values)) if is_pressure && values.iter().all(|v| *v == 0.0) => {}
            _ => self.refuse(line, &fields[..fields.len().min(6)].join(",")),
        }
        Ok(())
    }

    /// Pressures at the corners of a face: they must be equal.
    fn pressure(&mut self, line: usize, key: (u64, u8), values: &[f64]) {
        let first = values.first().copied().unwrap_or(0.0);
        if values.iter().any(|v| (v - first).abs() > 1e-9 * first.abs()) {
            self.refuse(line, "a pressure that varies over a face");
        }
        let step = self.step();
        change(self.deck.history.pressures.entry(key).or_default(), step, first);
    }

    /// Rows of element, face, 1 (real) or 2 (imaginary), values at the corners; `SFE,end` closes them.
    pub(super) fn face_block(&mut self, number: usize, fields: &[String]) -> Result<()> {
        let is_pressure = fields.get(2).is_some_and(|l| l.to_ascii_uppercase().starts_with("PRES"));
        let columns = Columns::read(self.lines.inside("SFEBLOCK")?)?;
        let Some(first) = columns.first_real().filter(|&f| f >= 2) else {
            return Err(self.error(
                number,
                "SFEBLOCK has no columns for element, face and values",
                "check its format",
            ));
        };
        loop {
            let line = self.lines.inside("SFEBLOCK")?;
            if !line.is_row() {
                let text = line.text().to_ascii_uppercase();
                if text.starts_with("SFE") {
                    return Ok(());
                }
                return Err(line.error("a command stands inside SFEBLOCK", "SFE,end closes the block"));
            }
            let element = columns.integer(line, 0, "an element number")?;
            if element == -1 {
                return Ok(());
            }
            let at = line.number;
            let element = columns.label(line, 0, "an element number")?;
            let face = columns.label(line, 1, "the number of a face")?;
            let imaginary = first > 2 && columns.integer(line, 2, "1 or 2")? == 2;
            let mut values = Vec::with_capacity(4);
            for k in (first..columns.len()).take(4).take_while(|&k| !columns.text(line, k).is_empty()) {
                values.push(columns.real(line, k, "a pressure")?);
            }
            match u8::try_from(face) {
                Ok(face) if is_pressure && !imaginary => self.pressure(at, (element, face), &values),
                Ok(_) if values.iter().all(|v| *v == 0.0) => {}
                _ => self.refuse(at, "SFEBLOCK of something that is not a real pressure"),
            }
        }
    }

    /// `OMEGA,x,y,z`, `CGOMGA,x,y,z`, `CMOMEGA,component,x,y,z,x1,y1,z1,x2,y2,z2`
    pub(super) fn rotation(&mut self, line: usize, key: &str, fields: &[String]) {
        let from = if key == "CMOM" { 2 } else { 1 };
        let mut vector = |first: usize| -> Option<[f64; 3]> {
            let mut out = [0.0; 3];
            for (c, x) in out.iter_mut().enumerate() {
                let text = fields.get(first + c).map_or("", String::as_str);
                *x = if text.is_empty() { 0.0 } else { self.number(text)? };
            }
            Some(out)
        };
        let (Some(omega), Some(a), Some(b)) = (vector(from), vector(5), vector(8)) else {
            self.refuse(line, &fields.join(","));
            return;
        };
        let norm = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let component = (key == "CMOM").then(|| fields.get(1).cloned().unwrap_or_default());
        let two_points = fields.get(8).is_some_and(|f| !f.is_empty());
        let (center, axis, speed) = match key {
            "CMOM" if two_points => {
                let d: [f64; 3] = std::array::from_fn(|c| b[c] - a[c]);
                (a, d.map(|x| x / norm(d)), omega[0])
            }
            "CMOM" => (a, omega.map(|x| x / norm(omega)), norm(omega)),
            "CGOM" => (self.now.rotation_center, omega.map(|x| x / norm(omega)), norm(omega)),
            _ => ([0.0; 3], omega.map(|x| x / norm(omega)), norm(omega)),
        };
        let step = self.step();
        let rotations = &mut self.deck.history.rotations;
        let same_command = |r: &Rotation| r.component == component && r.center == center;
        if speed == 0.0 {
            rotations.iter_mut().filter(|r| same_command(r)).for_each(|r| change(&mut r.changes, step, 0.0));
            return;
        }
        let same_axis = |r: &Rotation| r.axis.iter().zip(axis).all(|(x, y)| (x - y).abs() < 1e-12);
        match rotations.iter_mut().find(|r| r.component == component) {
            Some(r) if r.center == center && same_axis(r) => change(&mut r.changes, step, speed),
            Some(_) => self.refuse(line, "a rotation about a second axis"),
            None => rotations.push(Rotation { component, center, axis, changes: vec![(step, speed)] }),
        }
    }

    /// `ACEL,x,y,z`
    pub(super) fn acceleration(&mut self, line: usize, fields: &[String]) {
        let step = self.step();
        for c in 0..3 {
            let text = fields.get(c + 1).map_or("", String::as_str);
            match if text.is_empty() { Some(0.0) } else { self.number(text) } {
                Some(0.0) if self.deck.history.acceleration[c].is_empty() => {}
                Some(value) => change(&mut self.deck.history.acceleration[c], step, value),
                None => self.refuse(line, &fields.join(",")),
            }
        }
    }
}
