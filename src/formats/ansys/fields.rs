//! A line of a deck as commands and their fields.

/// The commands of a line, as fields. `!` begins a comment, `$` separates commands.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '\'';
        c == '!' && !quoted
    });
    let text = &text[..end.unwrap_or(text.len())];
    let one = text.starts_with(['/', ':', '*']);
    if one { vec![fields(text)] } else { text.split('$').map(fields).collect() }
}

/// Fields between commas outside parentheses; of an assignment `NAME(i)=value` its two sides after an `=`.
fn fields(text: &str) -> Vec<String> {
    let name = text.trim_start();
    let letters = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    let after = name[letters..].trim_start();
    let after = match after.strip_prefix('(') {
        Some(inside) => inside.split_once(')').map_or("", |s| s.1.trim_start()),
        None => after,
    };
    if letters > 0
        && let Some(value) = after.strip_prefix('=')
    {
        let target = name[..name.len() - after.len()].trim();
        return vec!["=".to_owned(), target.to_owned(), value.trim().to_owned()];
    }
    let mut out = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(text[start..i].trim().to_owned());
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(text[start..].trim().to_owned());
    out
}

/// Depth of `*DO` after a line.
pub(super) fn nested(depth: usize, text: &str) -> usize {
    let is = |word: &str| {
        let first = text.split(',').next().unwrap_or("").split('!').next().unwrap_or("");
        first.trim().eq_ignore_ascii_case(word)
    };
    if is("*DO") || is("*DOWHILE") {
        depth + 1
    } else if is("*ENDDO") {
        depth - 1
    } else {
        depth
    }
}

/// The fields of a line that begins a `*DO`.
pub(super) fn fields_of_loop(text: &str) -> Option<Vec<String>> {
    commands(text).into_iter().next().filter(|f| f[0].eq_ignore_ascii_case("*DO"))
}
