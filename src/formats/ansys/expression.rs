//! Parameters and arithmetic of a deck: numbers, names, `name(i,j,k)`, `+ - * / **`, functions.

use std::collections::HashMap;

/// Deepest nesting of parentheses and functions.
const DEEPEST: usize = 40;

/// Values of parameters by upper-case name; `None` where the deck defines one that is not known here.
#[derive(Debug, Default)]
pub(super) struct Parameters(HashMap<String, Option<f64>>);

impl Parameters {
    /// Sets a parameter.
    pub fn set(&mut self, name: &str, value: Option<f64>) {
        self.0.insert(name.trim().to_ascii_uppercase(), value);
    }

    /// Its value where it is known.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied().flatten()
    }

    /// Whether the deck has defined it.
    pub fn defines(&self, name: &str) -> bool {
        self.0.contains_key(&name.trim().to_ascii_uppercase())
    }
}

/// Key of an element of an array: indices that are left out are 1.
pub(super) fn element(name: &str, indices: &[f64]) -> String {
    let at = |k: usize| indices.get(k).map_or(1.0, |i| i.round());
    format!("{name}({},{},{})", at(0), at(1), at(2))
}

/// Functions of the mesh: name and arguments to a value.
pub(super) type Lookup<'a> = dyn FnMut(&str, &[f64]) -> Option<f64> + 'a;

/// Value of an expression; `None` where it is none, is not finite, or names something that is not known.
pub(super) fn evaluate(text: &str, parameters: &Parameters, lookup: &mut Lookup) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return Some(number)
            .filter(|x| x.is_finite() && !text.starts_with(|c: char| c.is_ascii_alphabetic()));
    }
    let mut parser = Parser { text: text.as_bytes(), at: 0, depth: 0, parameters, lookup };
    let value = parser.sum()?;
    parser.blanks();
    (parser.at == parser.text.len() && value.is_finite()).then_some(value)
}

struct Parser<'a, 'l> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    parameters: &'a Parameters,
    lookup: &'a mut Lookup<'l>,
}

impl Parser<'_, '_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, what: &[u8]) -> bool {
        self.blanks();
        let found = self.text[self.at..].starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.take(b"+") {
                value += self.product()?;
            } else if self.take(b"-") {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.power()?;
        loop {
            self.blanks();
            if self.text[self.at..].starts_with(b"**") {
                return None;
            } else if self.take(b"*") {
                value *= self.power()?;
            } else if self.take(b"/") {
                value /= self.power()?;
            } else {
                return Some(value);
            }
        }
    }

    fn power(&mut self) -> Option<f64> {
        if self.take(b"-") {
            return self.nested(Self::power).map(|x| -x);
        }
        if self.take(b"+") {
            return self.nested(Self::power);
        }
        let base = self.atom()?;
        if !self.take(b"**") {
            return Some(base);
        }
        let exponent = self.nested(Self::power)?;
        Some(base.powf(exponent))
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let value = if self.depth > DEEPEST { None } else { inner(self) };
        self.depth -= 1;
        value
    }

    fn atom(&mut self) -> Option<f64> {
        if self.take(b"(") {
            let value = self.nested(Self::sum)?;
            return self.take(b")").then_some(value);
        }
        self.blanks();
        let first = *self.text.get(self.at)?;
        if first.is_ascii_digit() || first == b'.' {
            return self.number();
        }
        let start = self.at;
        while self.text.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            self.at += 1;
        }
        let name = std::str::from_utf8(&self.text[start..self.at]).ok()?.to_ascii_uppercase();
        if name.is_empty() {
            return None;
        }
        if !self.take(b"(") {
            return self.parameters.get(&name);
        }
        let mut arguments = vec![self.nested(Self::sum)?];
        while self.take(b",") {
            arguments.push(self.nested(Self::sum)?);
        }
        if !self.take(b")") {
            return None;
        }
        let stored = self.parameters.get(&element(&name, &arguments));
        stored.or_else(|| function(&name, &arguments)).or_else(|| (self.lookup)(&name, &arguments))
    }

    fn number(&mut self) -> Option<f64> {
        let start = self.at;
        let digits = |p: &mut Self| {
            while p.text.get(p.at).is_some_and(|b| b.is_ascii_digit() || *b == b'.') {
                p.at += 1;
            }
        };
        digits(self);
        let mantissa = self.at;
        if self.text.get(self.at).is_some_and(|b| matches!(b, b'e' | b'E' | b'd' | b'D')) {
            self.at += 1;
            if self.text.get(self.at).is_some_and(|b| matches!(b, b'+' | b'-')) {
                self.at += 1;
            }
            let exponent = self.at;
            digits(self);
            if exponent == self.at {
                self.at = mantissa;
            }
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        text.replace(['d', 'D'], "e").parse().ok()
    }
}

fn function(name: &str, x: &[f64]) -> Option<f64> {
    Some(match (name, x) {
        ("SIN", [x]) => x.sin(),
        ("COS", [x]) => x.cos(),
        ("TAN", [x]) => x.tan(),
        ("ASIN", [x]) => x.asin(),
        ("ACOS", [x]) => x.acos(),
        ("ATAN", [x]) => x.atan(),
        ("EXP", [x]) => x.exp(),
        ("LOG", [x]) => x.ln(),
        ("LOG10", [x]) => x.log10(),
        ("SQRT", [x]) => x.sqrt(),
        ("ABS", [x]) => x.abs(),
        ("NINT", [x]) => x.round(),
        ("MOD", [x, y]) => x % y,
        ("SIGN", [x, y]) => x.abs().copysign(*y),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<f64> {
        let mut parameters = Parameters::default();
        parameters.set("e", Some(2.0));
        parameters.set("unknown", None);
        parameters.set("A(3,1,1)", Some(7.0));
        evaluate(text, &parameters, &mut |name, x| (name == "NX").then(|| x[0] + 0.5))
    }

    #[test]
    fn arithmetic_as_decks_have_it() {
        for (text, wanted) in [
            ("2.8e9*193/(193-2.8)", 2.8e9 * 193.0 / 190.2),
            ("1.1/311e6*62511e6", 1.1 / 311e6 * 62511e6),
            ("910/89*(2*e+1)", 910.0 / 89.0 * 5.0),
            ("-e**2", -4.0),
            ("2**-1", 0.5),
            ("1.5D+3", 1500.0),
            (" A( 3 ) - nx(4)", 2.5),
            ("SQRT(abs(-16))", 4.0),
            ("3-2-1", 0.0),
        ] {
            assert_eq!(value(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_has_none() {
        let deep = format!("{}1{}", "(".repeat(99), ")".repeat(99));
        for text in ["", "unknown", "1/0", "inf", "nan", "2 3", "(1", "1e", "A(4)", "'TEMP'", "2***3", &deep]
        {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!(value(&"-".repeat(100_000)), None);
    }
}
