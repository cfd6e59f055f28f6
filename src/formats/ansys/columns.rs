//! The Fortran format line of a block, and the fields it cuts a line into. Fields may touch: they are never split on
//! blanks.

use super::lines::Line;
use crate::error::Result;

/// Most fields, and most columns of a field, that a format line may ask for.
const MOST: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    start: usize,
    end: usize,
    real: bool,
}

/// The columns of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// From a line such as `(3i9,6e21.13e3)`.
    pub fn read(line: Line) -> Result<Columns> {
        let text = line.text().to_ascii_lowercase();
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
        inner.and_then(Columns::parse).ok_or_else(|| {
            line.error(
                format!("'{text}' is not the format of a block"),
                "a line such as (3i9,6e21.13e3) belongs there",
            )
        })
    }

    fn parse(inner: &str) -> Option<Columns> {
        let mut columns = Vec::new();
        let mut at = 0;
        for item in inner.split(',') {
            let (repeat, rest) = leading_number(item.trim());
            // `6(pg20.9)`: a group of one field
            let rest = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')).unwrap_or(rest);
            // `1p6e16.9`: a scale, then the repeated field
            let (repeat, rest) = match rest.strip_prefix('p').map(leading_number) {
                Some((Some(again), rest)) => (Some(again), rest),
                Some((None, rest)) => (repeat, rest),
                None => (repeat, rest),
            };
            let mut rest = rest.chars();
            let real = match rest.next()? {
                'i' | 'a' => false,
                'e' | 'f' | 'g' | 'd' => true,
                _ => return None,
            };
            let (width, _) = leading_number(rest.as_str());
            let (repeat, width) = (repeat.unwrap_or(1), width?);
            if width == 0 || width > MOST || repeat > MOST || columns.len() + repeat > MOST {
                return None;
            }
            for _ in 0..repeat {
                columns.push(Column { start: at, end: at + width, real });
                at += width;
            }
        }
        Some(Columns(columns))
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Place of the first real number among the fields.
    pub fn first_real(&self) -> Option<usize> {
        self.0.iter().position(|c| c.real)
    }

    /// Text of field `k`; empty beyond the end of the line.
    pub fn text<'a>(&self, line: Line<'a>, k: usize) -> &'a [u8] {
        let Some(column) = self.0.get(k) else { return b"" };
        let end = column.end.min(line.bytes.len());
        line.bytes.get(column.start..end).unwrap_or(b"").trim_ascii()
    }

    /// Field `k` as a whole number; 0 where it is blank.
    pub fn integer(&self, line: Line, k: usize, what: &str) -> Result<i64> {
        match self.text(line, k) {
            b"" => Ok(0),
            text => std::str::from_utf8(text)
                .ok()
                .and_then(|t| t.parse().ok())
                .ok_or_else(|| self.wrong(line, k, what, "a whole number")),
        }
    }

    /// Field `k` as a whole number that is not negative; 0 where it is blank.
    pub fn label(&self, line: Line, k: usize, what: &str) -> Result<u64> {
        u64::try_from(self.integer(line, k, what)?)
            .map_err(|_| self.wrong(line, k, what, "a number that is not negative"))
    }

    /// Field `k` as a finite number; 0 where it is blank. Fortran's `D` exponents count as `E`.
    pub fn real(&self, line: Line, k: usize, what: &str) -> Result<f64> {
        match self.text(line, k) {
            b"" => Ok(0.0),
            text => std::str::from_utf8(text)
                .ok()
                .and_then(|t| t.parse().ok().or_else(|| t.replace(['d', 'D'], "e").parse().ok()))
                .filter(|x: &f64| x.is_finite())
                .ok_or_else(|| self.wrong(line, k, what, "a finite number")),
        }
    }

    fn wrong(&self, line: Line, k: usize, what: &str, wanted: &str) -> crate::error::Error {
        let text = String::from_utf8_lossy(self.text(line, k)).into_owned();
        let columns =
            self.0.get(k).map_or(String::new(), |c| format!(", columns {} to {}", c.start + 1, c.end));
        line.error(
            format!("'{text}' is not {what}{columns}"),
            format!("{wanted} belongs there: check the format line of the block"),
        )
    }
}

fn leading_number(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_as_decks_have_them() {
        let widths = |text: &str| {
            let columns = Columns::parse(text)?;
            Some((columns.len(), columns.first_real(), columns.0.last()?.end))
        };
        assert_eq!(widths("3i9,6e21.13e3"), Some((9, Some(3), 153)));
        assert_eq!(widths("1i9,3e20.9e3"), Some((4, Some(1), 69)));
        assert_eq!(widths("1i7,2i9,6e21.13"), Some((9, Some(3), 151)));
        assert_eq!(widths("3i8,1p6e16.9"), Some((9, Some(3), 120)));
        assert_eq!(widths("i9,i4,i4,6(pg20.9)"), Some((9, Some(3), 137)));
        assert_eq!(widths("2i9,19a9"), Some((21, None, 189)));
        for wrong in ["", "i", "3i0", "9999999i9", "i99999999999999999999", "3x9", "3i9,,"] {
            assert_eq!(widths(wrong), None, "{wrong}");
        }
    }
}
