//! The commands of a deck, one after the other: what is skipped, repeated or refused.

use super::deck::Deck;
use super::expression::{Parameters, element, evaluate};
use super::fields::{commands, fields_of_loop, nested};
use super::lines::Lines;
use super::select::{NodeIndex, Selection};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;
use std::path::Path;

/// Commands that change a mesh behind the blocks, by their first four letters.
const CHANGES: [&str; 24] = [
    "NUMM", "NUMC", "NGEN", "NSYM", "NSCA", "NMOD", "NDEL", "NREF", "EGEN", "ESYM", "ENGE", "ENSY", "EMOD",
    "EDEL", "EMID", "EREF", "ETCH", "ETDE", "MPCH", "VMES", "AMES", "VSWE", "UPCO", "EORI",
];
/// Deepest nesting of `*DO`.
const DEEPEST: usize = 10;

/// Reads a deck.
pub(super) fn read(path: &Path) -> Result<Deck> {
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    parse(path, Lines::open(path)?, size)
}

/// Reads a deck line by line; `size`: bytes of the file, which bound the work of its loops.
pub(super) fn parse<R: BufRead>(path: &Path, lines: Lines<'_, R>, size: u64) -> Result<Deck> {
    let deck = Deck { path: path.to_owned(), ..Deck::default() };
    let mut reader = Reader {
        path,
        lines,
        deck,
        parameters: Parameters::default(),
        branches: Vec::new(),
        loops: 0,
        created: false,
        post: false,
        ended: false,
        work: 200_000 + 50 * size,
        left_out: BTreeMap::new(),
        skipped: BTreeMap::new(),
        index: NodeIndex::default(),
        nodes: Selection::All,
        elements: Selection::All,
        now: super::commands::Now::default(),
    };
    while let Some(line) = reader.lines.next()? {
        if line.is_row() || line.is_iges() {
            continue;
        }
        let (number, text) = (line.number, line.text().into_owned());
        reader.line(number, &text)?;
        if reader.ended {
            break;
        }
    }
    reader.finish()
}

/// An open `*IF`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Branch {
    Taken,
    /// No branch taken yet.
    Waiting,
    /// A branch has been taken; or the whole is skipped.
    Over,
    /// Its condition is not known.
    Unknown,
}

pub(super) struct Reader<'p, R> {
    pub path: &'p Path,
    pub lines: Lines<'p, R>,
    pub deck: Deck,
    pub parameters: Parameters,
    branches: Vec<Branch>,
    /// Open `*DO`.
    loops: usize,
    /// Inside `*CREATE`.
    created: bool,
    /// In a postprocessor: nothing there acts.
    post: bool,
    ended: bool,
    /// What loops and selections may still do.
    work: u64,
    /// Files and macros that are not read: first line and count.
    pub left_out: BTreeMap<String, (usize, usize)>,
    /// Commands without effect here: first line and count.
    pub skipped: BTreeMap<String, (usize, usize)>,
    pub index: NodeIndex,
    pub nodes: Selection,
    pub elements: Selection,
    pub now: super::commands::Now,
}

impl<R: BufRead> Reader<'_, R> {
    fn line(&mut self, number: usize, text: &str) -> Result<()> {
        for fields in commands(text) {
            if fields[0].eq_ignore_ascii_case("*DO") && self.acts() && !self.post {
                let body = self.body()?;
                self.repeat(number, &fields, &body)?;
            } else {
                self.command(number, &fields)?;
            }
        }
        Ok(())
    }

    /// Whether commands are carried out here.
    fn acts(&self) -> bool {
        !self.created && self.branches.iter().all(|b| matches!(b, Branch::Taken | Branch::Unknown))
    }

    /// The lines up to the `*ENDDO` of the `*DO` before.
    fn body(&mut self) -> Result<Vec<(usize, String)>> {
        let (mut body, mut depth) = (Vec::new(), 1);
        while depth > 0 {
            let line = self.lines.inside("*DO")?;
            let (number, text) = (line.number, line.text().into_owned());
            depth = nested(depth, &text);
            body.push((number, text));
        }
        body.pop();
        Ok(body)
    }

    /// `*DO,name,from,to,by`
    fn repeat(&mut self, number: usize, fields: &[String], body: &[(usize, String)]) -> Result<()> {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let by = if field(4).is_empty() { Some(1.0) } else { self.number(field(4)) };
        let (Some(from), Some(to), Some(by)) = (self.number(field(2)), self.number(field(3)), by) else {
            self.refuse(number, "*DO over bounds that are not known");
            return Ok(());
        };
        if by == 0.0 || self.loops >= DEEPEST {
            return Err(self.error(number, "*DO does not end", "write the loop out"));
        }
        self.loops += 1;
        let mut value = from;
        while (by > 0.0 && value <= to) || (by < 0.0 && value >= to) {
            self.parameters.set(field(1), Some(value));
            let mut k = 0;
            while k < body.len() && !self.ended {
                let (number, text) = &body[k];
                k += 1;
                self.spend(*number, 1)?;
                let inner = fields_of_loop(text).filter(|_| self.acts());
                if let Some(inner) = inner {
                    let (start, mut depth) = (k, 1);
                    while k < body.len() && depth > 0 {
                        depth = nested(depth, &body[k].1);
                        k += 1;
                    }
                    let end = if depth == 0 { k - 1 } else { k };
                    self.repeat(*number, &inner, &body[start..end])?;
                } else {
                    self.line_of_loop(*number, text)?;
                }
            }
            self.spend(number, 1)?;
            value += by;
        }
        self.loops -= 1;
        Ok(())
    }

    fn line_of_loop(&mut self, number: usize, text: &str) -> Result<()> {
        if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return Ok(());
        }
        commands(text).iter().try_for_each(|fields| self.command(number, fields))
    }

    /// Counts work: a deck may not ask for more than its size justifies.
    pub(super) fn spend(&mut self, number: usize, work: usize) -> Result<()> {
        match self.work.checked_sub(work as u64) {
            Some(left) => {
                self.work = left;
                Ok(())
            }
            None => Err(self.error(
                number,
                "its loops and selections ask for more than a file of this size is given",
                "write the deck with CDWRITE, or with less to repeat",
            )),
        }
    }

    fn command(&mut self, number: usize, fields: &[String]) -> Result<()> {
        let keyword = fields[0].to_ascii_uppercase();
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let key = keyword.get(..4).unwrap_or(&keyword);
        let of_mesh = matches!(key, "NBLO" | "EBLO" | "ETBL" | "CMBL" | "ET");
        if of_mesh && (!self.branches.is_empty() || self.loops > 0 || self.created) {
            return Err(self.error(
                number,
                format!("{keyword} stands inside an *IF, *DO or *CREATE, which are not evaluated"),
                "write the deck with CDWRITE from the finished model",
            ));
        }
        match keyword.as_str() {
            "*CREATE" => self.created = true,
            "*END" => self.created = false,
            "*IF" | "*ELSEIF" | "*ELSE" | "*ENDIF" if !self.created => self.branch(number, &keyword, fields),
            _ if !self.acts() => {}
            "=" => self.set(field(1), field(2)),
            "*SET" => self.set(field(1), field(2)),
            "*GET" => {
                let batch = field(2).eq_ignore_ascii_case("active") && field(4).eq_ignore_ascii_case("int");
                self.parameters.set(field(1), batch.then_some(0.0));
            }
            "/UNITS" => self.deck.units = Some(field(1).to_owned()),
            "/EOF" => self.ended = true,
            "/PREP7" | "/SOLU" | "/SOLUTION" => self.post = false,
            "/POST1" | "/POST26" | "/AUX15" | "/AUX2" | "/OPT" => self.post = true,
            "/CLEAR" => self.refuse(number, "/CLEAR"),
            "*DOWHILE" | "*GO" | "*MOPER" | "*VREAD" | "*TREAD" | "*AFUN" | "*ASK" if !self.post => {
                self.refuse(number, &keyword);
            }
            "/INPUT" | "*USE" => {
                self.left_out.entry(keyword.clone()).or_insert((number, 0)).1 += 1;
                self.refuse(number, &keyword);
            }
            _ if keyword.starts_with(['*', '/', '(', ':', '\'']) || keyword.is_empty() => {}
            "KEYW" | "C***" => {}
            _ if self.post => {}
            _ if self.branches.contains(&Branch::Unknown) => {
                self.refuse(number, &format!("{keyword} inside an *IF whose condition is not known"));
            }
            _ => match key {
                "NBLO" => self.nodes(field(4).parse().ok())?,
                "EBLO" => {
                    self.elements(field(2).to_ascii_uppercase().starts_with("SOL"), field(4).parse().ok())?
                }
                "ETBL" => self.element_types()?,
                "CMBL" => self.component(number, field(1), field(2), field(3))?,
                "ET" => self.element_type(number, fields)?,
                "KEYO" => self.key_option(number, field(1), field(2), field(3))?,
                _ if CHANGES.contains(&key) => {
                    return Err(self.error(
                        number,
                        format!("{keyword} changes the mesh, and is not read"),
                        "write the deck with CDWRITE from the finished model",
                    ));
                }
                _ => self.model_command(number, &keyword, fields)?,
            },
        }
        Ok(())
    }

    fn branch(&mut self, number: usize, keyword: &str, fields: &[String]) {
        let skipped = !self.acts();
        match keyword {
            "*IF" if fields.iter().any(|f| f.eq_ignore_ascii_case("then")) => {
                let branch = if skipped || self.post { Branch::Over } else { self.condition(fields) };
                // the branches of a condition that is not known are all looked at
                self.branches.push(branch);
            }
            "*IF" => {
                if !skipped && !self.post && self.condition(fields) != Branch::Waiting {
                    self.refuse(number, "*IF without THEN");
                }
            }
            "*ENDIF" => {
                self.branches.pop();
            }
            _ => {
                let next = match self.branches.last() {
                    Some(Branch::Waiting) if keyword == "*ELSE" => Branch::Taken,
                    Some(Branch::Waiting) => self.condition(fields),
                    Some(Branch::Unknown) => Branch::Unknown,
                    _ => Branch::Over,
                };
                if let Some(last) = self.branches.last_mut() {
                    *last = next;
                }
            }
        }
    }

    /// `a,EQ,b`; parameters that nothing defines are 0.
    fn condition(&mut self, fields: &[String]) -> Branch {
        let field = |k: usize| fields.get(k).map_or("", String::as_str);
        let mut value = |text: &str| {
            let name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let undefined = name && !text.starts_with(|c: char| c.is_ascii_digit());
            if undefined && !self.parameters.defines(text) { Some(0.0) } else { self.number(text) }
        };
        let (Some(a), Some(b)) = (value(field(1)), value(field(3))) else { return Branch::Unknown };
        let more = !field(4).is_empty() && !field(4).eq_ignore_ascii_case("then");
        let holds = match field(2).to_ascii_uppercase().as_str() {
            _ if more && fields.len() > 5 => return Branch::Unknown,
            "EQ" => a == b,
            "NE" => a != b,
            "LT" => a < b,
            "GT" => a > b,
            "LE" => a <= b,
            "GE" => a >= b,
            _ => return Branch::Unknown,
        };
        if holds { Branch::Taken } else { Branch::Waiting }
    }

    fn set(&mut self, name: &str, value: &str) {
        let value = self.number(value);
        let name = name.trim().to_ascii_uppercase();
        let key = match name.split_once('(').and_then(|(n, rest)| Some((n, rest.strip_suffix(')')?))) {
            Some((array, indices)) => {
                let indices: Option<Vec<f64>> = indices.split(',').take(3).map(|i| self.number(i)).collect();
                let Some(indices) = indices else { return };
                element(array.trim(), &indices)
            }
            None => name,
        };
        self.parameters.set(&key, value);
    }

    /// A number, or the value of an expression.
    pub(super) fn number(&mut self, text: &str) -> Option<f64> {
        let (deck, index) = (&self.deck, &mut self.index);
        evaluate(text, &self.parameters, &mut |name, x| {
            let axis = ["NX", "NY", "NZ"].iter().position(|n| *n == name)?;
            let id = x.first().filter(|x| x.fract() == 0.0 && **x > 0.0)?;
            deck.points.get(index.get(deck, *id as u64)?).map(|p| p[axis])
        })
    }

    pub(super) fn whole(&mut self, text: &str) -> Option<i64> {
        self.number(text).filter(|x| x.fract() == 0.0 && x.abs() < 1e15).map(|x| x as i64)
    }

    pub(super) fn count(&mut self, text: &str) -> Option<u32> {
        self.whole(text).and_then(|n| u32::try_from(n).ok())
    }

    /// Something that a case may not leave out: the first one is told where the deck is read as a case.
    pub(super) fn refuse(&mut self, number: usize, what: &str) {
        if self.deck.refused.is_none() {
            self.deck.refused = Some((number, what.to_owned()));
        }
    }

    pub(super) fn error(&self, line: usize, problem: impl fmt::Display, remedy: impl fmt::Display) -> Error {
        Error::input(self.path, format!("line {line}"), problem, remedy)
    }
}
