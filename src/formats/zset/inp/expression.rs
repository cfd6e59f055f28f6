//! Times of temperature maps: an expression in the number of the cycle, such as `0.0+cycle*2.`.

/// A parsed expression, in postfix order.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(Vec<Item>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    Number(f64),
    Cycle,
    Apply(Operator),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Open,
}

impl Operator {
    fn rank(self) -> u8 {
        match self {
            Operator::Open => 0,
            Operator::Add | Operator::Subtract => 1,
            Operator::Multiply | Operator::Divide => 2,
            Operator::Negate => 3,
        }
    }
}

impl Expression {
    /// Parses numbers, `cycle`, `+ - * /` and parentheses.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Expression, String> {
        let (mut out, mut waiting) = (Vec::new(), Vec::new());
        let mut rest = text.trim_start();
        // Whether an operand comes next: tells a sign from a subtraction.
        let mut operand = true;
        while let Some(first) = rest.chars().next() {
            let length = if first.is_ascii_digit() || first == '.' {
                number_length(rest)
            } else if first.is_ascii_alphabetic() {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            rest = after.trim_start();
            let is_operand = first.is_ascii_alphanumeric() || first == '.' || first == '(';
            if is_operand != operand && !(operand && matches!(first, '-' | '+')) {
                return Err(format!("'{token}' is out of place in '{text}'"));
            }
            let operator = match first {
                '(' => Operator::Open,
                ')' => {
                    loop {
                        match waiting.pop() {
                            Some(Operator::Open) => break,
                            Some(o) => out.push(Item::Apply(o)),
                            None => return Err(format!("')' closes nothing in '{text}'")),
                        }
                    }
                    continue;
                }
                '+' if operand => continue,
                '-' if operand => Operator::Negate,
                '+' => Operator::Add,
                '-' => Operator::Subtract,
                '*' => Operator::Multiply,
                '/' => Operator::Divide,
                _ if token == "cycle" => {
                    out.push(Item::Cycle);
                    operand = false;
                    continue;
                }
                _ => {
                    let value = token.parse().map_err(|_| format!("'{token}' is not known in '{text}'"))?;
                    out.push(Item::Number(value));
                    operand = false;
                    continue;
                }
            };
            if !matches!(operator, Operator::Open | Operator::Negate) {
                while let Some(o) = waiting.pop_if(|o| o.rank() >= operator.rank()) {
                    out.push(Item::Apply(o));
                }
            }
            waiting.push(operator);
            operand = true;
        }
        if operand {
            return Err(format!("'{text}' is incomplete"));
        }
        while let Some(o) = waiting.pop() {
            if o == Operator::Open {
                return Err(format!("'(' is not closed in '{text}'"));
            }
            out.push(Item::Apply(o));
        }
        Ok(Expression(out))
    }

    /// Its value at a cycle, counted from 0.
    pub fn at(&self, cycle: f64) -> f64 {
        let mut stack: Vec<f64> = Vec::new();
        for item in &self.0 {
            let value = match *item {
                Item::Number(x) => x,
                Item::Cycle => cycle,
                Item::Apply(o) => {
                    // The parser leaves as many operands as operators need.
                    let b = stack.pop().unwrap_or(f64::NAN);
                    let mut a = || stack.pop().unwrap_or(f64::NAN);
                    match o {
                        Operator::Add => a() + b,
                        Operator::Subtract => a() - b,
                        Operator::Multiply => a() * b,
                        Operator::Divide => a() / b,
                        Operator::Negate | Operator::Open => -b,
                    }
                }
            };
            stack.push(value);
        }
        stack.pop().unwrap_or(f64::NAN)
    }
}

/// Length of the number that a text begins with, exponent included.
fn number_length(text: &str) -> usize {
    let b = text.as_bytes();
    let digits = |mut i: usize| {
        while b.get(i).is_some_and(|c| c.is_ascii_digit() || *c == b'.') {
            i += 1;
        }
        i
    };
    let end = digits(0);
    if b.get(end).is_some_and(|c| matches!(c, b'e' | b'E')) {
        let sign = usize::from(b.get(end + 1).is_some_and(|c| matches!(c, b'+' | b'-')));
        if b.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            return digits(end + 1 + sign);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_follow_the_usual_precedence() {
        for (text, value) in [
            ("0.0+cycle*2.", 6.0),
            ("2.0 + cycle * 0.4", 3.2),
            ("1.e-1*cycle-2", -1.7),
            ("-(cycle+1)/2*4", -8.0),
            ("10-4-3", 3.0),
            ("2*-cycle", -6.0),
            ("+5e2", 500.0),
        ] {
            assert_eq!(Expression::parse(text).unwrap().at(3.0), value, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "1+", "(1", "1)", "time*2", "1 2", "cycle cycle", "*2", "1..2", "é", "()", "2 cycle"]
        {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }
}
