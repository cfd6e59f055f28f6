//! Commands one by one: nodes and elements, selections, load steps; loads and materials go on to their own files.

use super::deck::Deck;
use super::history::LoadStep;
use super::reader::Reader;
use super::types::{ElementType, Use, routine};
use crate::error::Result;
use std::io::BufRead;

/// Commands that a case may not leave out, by their first four letters (all of a shorter name).
const MATTERS: [&str; 64] = [
    "CP", "CPIN", "CPLG", "CPNG", "CE", "CEIN", "CERI", "CECY", "RBE3", "NROT", "NANG", "BLOC", "BLC4",
    "BLC5", "CYL4", "CYL5", "CYLI", "SPHE", "CONE", "K", "L", "A", "V", "VEXT", "VDRA", "INIS", "ISTR",
    "LDRE", "DK", "DL", "DA", "DSYM", "FK", "SFA", "SFL", "SFGR", "SFFU", "SFBE", "BFK", "BFL", "BFA", "BFV",
    "DOME", "CMDO", "DCGO", "IRLF", "EKIL", "EALI", "PSTR", "CYCL", "LSRE", "LSSO", "LSWR", "IC", "MPAM",
    "EMOD", "FBLO", "DBLO", "BFEB", "BOLT", "SLOA", "PSCO", "CMAC", "GENP",
];
/// Of those, the ones that only matter with a value that is not 0.
const WITH_VALUE: [&str; 5] = ["DOME", "DCGO", "IRLF", "CMDO", "CMAC"];

/// What later commands refer to.
#[derive(Debug)]
pub(super) struct Now {
    pub system: i64,
    pub element_type: u32,
    pub material: u32,
    /// End of the load step, where `TIME` gives one.
    pub time: Option<f64>,
    /// Increments of a load step, or their length.
    pub substeps: Option<u32>,
    pub increment: Option<f64>,
    pub stepped: bool,
    pub analysis: Option<String>,
    pub temperatures: Vec<f64>,
    /// Material number of the table that `TBDATA` fills.
    pub table: Option<u32>,
    pub rotation_center: [f64; 3],
    pub late: Vec<usize>,
}

impl Default for Now {
    fn default() -> Now {
        Now {
            system: 0,
            element_type: 1,
            material: 1,
            time: None,
            substeps: None,
            increment: None,
            stepped: false,
            analysis: None,
            temperatures: Vec::new(),
            table: None,
            rotation_center: [0.0; 3],
            late: Vec::new(),
        }
    }
}

impl<R: BufRead> Reader<'_, R> {
    /// A command of the model or of the solution.
    pub(super) fn model_command(&mut self, number: usize, keyword: &str, fields: &[String]) -> Result<()> {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let key = keyword.get(..4).unwrap_or(keyword);
        match keyword {
            "N" => return self.node(number, fields),
            "E" => return self.element(number, &fields[1..], None),
            "EN" => {
                let id = self.whole(field(1)).and_then(|n| u64::try_from(n).ok());
                return self.element(number, fields.get(2..).unwrap_or(&[]), id);
            }
            "D" | "F" => return self.nodal_load(number, keyword == "F", fields),
            "SF" => return self.surface_load(number, fields),
            "SFE" => return self.face_load(number, fields),
            "BF" => return self.nodal_temperature(number, fields),
            "CM" => return self.component_of_selection(number, field(1), field(2)),
            "MP" => self.property(number, fields),
            "TB" => self.table(number, fields),
            "MAT" => self.now.material = self.count(field(1)).unwrap_or(self.now.material),
            "TYPE" => self.now.element_type = self.count(field(1)).unwrap_or(self.now.element_type),
            "KBC" => self.now.stepped = self.whole(field(1)) == Some(1),
            "TIME" => {
                let time = self.number(field(1));
                if time.is_none() {
                    self.refuse(number, "TIME without a value that is known");
                }
                self.now.time = time.filter(|t| *t > 0.0);
            }
            "ETCON" => self.deck.best_options = field(1).eq_ignore_ascii_case("set"),
            "BFE" => return self.element_temperature(number, fields),
            _ => match key {
                "EMOR" => return self.more_nodes(number, &fields[1..]),
                "SFEB" => return self.face_block(number, fields),
                "BFBL" => return self.temperature_block(number, fields),
                "NSEL" | "ESEL" | "CMSE" | "NSLE" | "ESLN" | "ALLS" => {
                    return self.select(number, key, fields);
                }
                "CSYS" => self.now.system = self.whole(field(1)).unwrap_or(-1),
                "MPTE" => self.property_temperatures(fields),
                "MPDA" => self.property_data(number, fields),
                "TBTE" => self.table_temperature(number, field(1)),
                "TBDA" => self.table_data(number, fields),
                "TBPT" => self.table_point(number, fields),
                "TBFI" if field(1).eq_ignore_ascii_case("temp") => self.table_temperature(number, field(2)),
                "TBFI" => self.refuse(number, "TBFIELD other than of TEMP"),
                "TREF" => self.deck.history.reference = self.number(field(1)).unwrap_or(0.0),
                "TUNI" => self.uniform_temperature(number, field(1)),
                "BFUN" if field(1).to_ascii_uppercase().starts_with("TEMP") => {
                    self.uniform_temperature(number, field(2));
                }
                "OMEG" | "CGOM" | "CMOM" => self.rotation(number, key, fields),
                "CGLO" => {
                    self.now.rotation_center =
                        std::array::from_fn(|c| self.number(field(c + 1)).unwrap_or(0.0));
                }
                "ACEL" => self.acceleration(number, fields),
                "ANTY" => self.now.analysis = Some(field(1).to_ascii_uppercase()),
                "NLGE" if field(1).eq_ignore_ascii_case("on") || field(1) == "1" => {
                    self.deck.large_strains = Some(number);
                }
                "NLGE" => {}
                "NSUB" => {
                    self.now.substeps = self.count(field(1)).filter(|n| *n > 0);
                    self.now.increment = None;
                }
                "DELT" => {
                    self.now.increment = self.number(field(1)).filter(|d| *d > 0.0);
                    self.now.substeps = None;
                }
                "SOLV" => return self.solve(number),
                "DDEL" | "FDEL" | "SFED" | "SFDE" | "BFDE" => self.refuse(number, keyword),
                _ if MATTERS.contains(&key) => {
                    let zero = |r: &mut Self, f: &String| f.is_empty() || r.number(f) == Some(0.0);
                    let nothing = fields[1..].iter().all(|f| zero(self, f));
                    if !(nothing && WITH_VALUE.contains(&key)) {
                        self.refuse(number, keyword);
                    }
                }
                _ => self.skipped.entry(keyword.to_owned()).or_insert((number, 0)).1 += 1,
            },
        }
        Ok(())
    }

    /// `N,number,x,y,z,θxy,θyz,θzx`
    fn node(&mut self, line: usize, fields: &[String]) -> Result<()> {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        if field(2).eq_ignore_ascii_case("loc") {
            return Ok(());
        }
        let next = self.deck.node_ids.last().map_or(1, |n| n.saturating_add(1));
        let id = if field(1).is_empty() { Some(next as i64) } else { self.whole(field(1)) };
        let mut values = [0.0; 6];
        for (k, value) in values.iter_mut().enumerate() {
            let text = field(k + 2);
            *value = match if text.is_empty() { Some(0.0) } else { self.number(text) } {
                Some(x) => x,
                None => return Err(self.error(line, format!("'{text}' is no number"), "correct N")),
            };
        }
        let Some(id) = id.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0) else {
            return Err(self.error(line, format!("'{}' is not a node number", field(1)), "correct N"));
        };
        if self.now.system != 0 {
            return Err(self.error(line, "N in another system than CSYS,0", "give Cartesian coordinates"));
        }
        let [x, y, z, angles @ ..] = values;
        if angles != [0.0; 3] {
            self.deck.angles.insert(self.deck.node_ids.len(), angles);
        }
        self.deck.node_ids.push(id);
        self.deck.points.push([x, y, z]);
        Ok(())
    }

    /// `E,i,j,…`, `EN,number,i,j,…`
    fn element(&mut self, line: usize, nodes: &[String], id: Option<u64>) -> Result<()> {
        let (kind, material) = (self.now.element_type, self.now.material);
        let next = self.deck.elements.ids.last().map_or(1, |n| n.saturating_add(1));
        let elements = &mut self.deck.elements;
        elements.ids.push(id.unwrap_or(next));
        elements.types.push(kind);
        elements.materials.push(material);
        elements.lines.push(line);
        elements.ends.push(elements.nodes.len());
        self.more_nodes(line, nodes)
    }

    fn more_nodes(&mut self, line: usize, nodes: &[String]) -> Result<()> {
        for node in nodes.iter().take(20) {
            let id = if node.is_empty() { Some(0) } else { self.whole(node) };
            let Some(id) = id.and_then(|n| u64::try_from(n).ok()) else {
                return Err(self.error(
                    line,
                    format!("'{node}' is not a node number"),
                    "correct the element",
                ));
            };
            if self.deck.elements.ends.is_empty() {
                return Err(self.error(line, "EMORE without an element before", "write E first"));
            }
            self.deck.elements.nodes.push(id);
        }
        let end = self.deck.elements.nodes.len();
        if let Some(last) = self.deck.elements.ends.last_mut() {
            *last = end;
        }
        Ok(())
    }

    /// `ET,id,name,KEYOPT(1),…,KEYOPT(6)`
    pub(super) fn element_type(&mut self, number: usize, fields: &[String]) -> Result<()> {
        let (id, name) = match fields {
            [_, id, name, ..] => (self.count(id), self.count(name).or_else(|| routine(name))),
            _ => (None, None),
        };
        let (Some(id), Some(routine)) = (id, name) else {
            return Err(self.error(
                number,
                format!("'{}' does not tell which element type it defines", fields.join(",")),
                "write numbers, or parameters that *SET gives a number",
            ));
        };
        let options = fields[3..].iter().take(6).zip(1..);
        let keyopts = options.filter_map(|(f, k)| Some((k, self.whole(f)?))).filter(|o| o.1 != 0).collect();
        self.deck.types.insert(id, ElementType { routine, keyopts });
        Ok(())
    }

    /// `KEYOPT,id,number,value`
    pub(super) fn key_option(&mut self, line: usize, id: &str, key: &str, value: &str) -> Result<()> {
        let parsed = if value.is_empty() { Some(0) } else { self.whole(value) };
        let (key_number, id_number) = (self.count(key), self.count(id));
        let known = id_number.and_then(|id| self.deck.types.get_mut(&id));
        match (known, key_number, parsed) {
            (Some(kind), Some(key), Some(value)) => {
                kind.keyopts.insert(key, value);
                kind.keyopts.retain(|_, v| *v != 0);
                Ok(())
            }
            // Key options of elements without volume do not matter here.
            (Some(kind), ..) if kind.usage() == Use::LeftOut => Ok(()),
            _ => Err(self.error(
                line,
                format!("KEYOPT,{id},{key},{value} cannot be told: its type or its value is not known here"),
                "write numbers, after ET",
            )),
        }
    }

    /// Ends a load step.
    fn solve(&mut self, line: usize) -> Result<()> {
        if let Some(kind) = &self.now.analysis
            && !(kind.is_empty() || kind.starts_with("STAT") || kind == "0")
        {
            let what = format!("ANTYPE,{kind}, an analysis that is not static,");
            self.refuse(line, &what);
        }
        let last = self.deck.history.steps.last().map_or(0.0, |s| s.end);
        let end = self.now.time.unwrap_or(last + 1.0);
        if end <= last {
            if end < last * (1.0 - 1e-12) {
                self.refuse(line, "SOLVE at a time before the end of the load step before");
                return Ok(());
            }
            // two load steps with one end share the time from the end before them
            let steps = &mut self.deck.history.steps;
            let from = steps.len().checked_sub(2).map_or(0.0, |i| steps[i].end);
            if let Some(before) = steps.last_mut() {
                before.end = 0.5 * (from + last);
            }
            self.now.late.push(line);
        }
        let last = self.deck.history.steps.last().map_or(0.0, |s| s.end);
        if end <= last {
            self.refuse(line, "SOLVE of a load step without length");
            return Ok(());
        }
        let substeps = match (self.now.substeps, self.now.increment) {
            (Some(n), _) => f64::from(n),
            (None, Some(d)) => ((end - last) / d * (1.0 - 1e-9)).ceil(),
            _ => 1.0,
        };
        if substeps > 1e6 {
            self.refuse(line, "SOLVE with more than a million increments");
        }
        self.now.time = None;
        let substeps = substeps.clamp(1.0, 1e6) as u32;
        self.deck.history.steps.push(LoadStep { end, substeps, stepped: self.now.stepped, line });
        Ok(())
    }

    /// What is left to do and to say at the end.
    pub(super) fn finish(mut self) -> Result<Deck> {
        if self.deck.best_options {
            // seen in a result: the KEYOPT(2) = 1 of its deck was not what was computed
            for kind in self.deck.types.values_mut().filter(|t| t.routine == 186) {
                kind.keyopts.remove(&2);
            }
        }
        if self.deck.history.steps.is_empty() {
            self.solve(0)?;
        }
        self.deck.find_temperature_fields();
        let path = self.path.display();
        for (command, (line, count)) in &self.left_out {
            log::warn!(
                "{path}, line {line}: {command} is not read ({count} times): what it defines is left out"
            );
        }
        if let Some(first) = self.now.late.first() {
            log::warn!(
                "{path}, line {first}: {} load steps end when the one before does: each pair shares its time in equal halves",
                self.now.late.len()
            );
        }
        self.deck.skipped = std::mem::take(&mut self.skipped).into_keys().collect();
        Ok(self.deck)
    }
}
