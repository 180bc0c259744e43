//! Keys and passwords in the text of a scenario, blotted out before anything of it is shown.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::text::{AT, in_prose, in_value, names_a_secret};

/// Stars for what looks like a key or a password, byte for byte as long.
///
/// Works on text, not on values: a file that cannot be parsed must not show them either.
pub(super) fn blot(text: &str) -> String {
    let mut secrets = keys(text);
    secrets.extend(passwords(text));
    let (parsed, _) = DeTable::parse_recoverable(text);
    in_table(parsed.get_ref(), false, &mut secrets);
    cover(text, &secrets)
}

/// The same of a `path=value` override, or of anything else that was typed.
pub fn blot_override(text: &str) -> String {
    // A word alone, such as the name of a file, is no key.
    let mut secrets = if text.contains(['=', ':', ' ']) { keys(text) } else { Vec::new() };
    secrets.extend(passwords(text));
    let is_path = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "._- ".contains(letter));
    let offset = text.split_once('=').filter(|(path, _)| is_path(path)).map_or(0, |(path, _)| path.len() + 1);
    if let Ok(parsed) = DeValue::parse(&text[offset..]) {
        let mut found = Vec::new();
        in_values(&parsed, false, &mut found);
        secrets.extend(moved(found, offset));
    }
    let start = text.len() - text[offset..].trim_start_matches([' ', '"', '\'']).len();
    secrets.extend(moved(in_written(&text[start..]), start));
    cover(text, &secrets)
}

/// Stars in these places. What is neither letter nor digit stays in a key, so that quotes and lines do.
fn cover(text: &str, secrets: &[Range<usize>]) -> String {
    let mut bytes = vec![false; text.len()];
    secrets.iter().for_each(|range| bytes[range.clone()].fill(true));
    let mut covered = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let (cover, times) = if bytes[at] && letter.is_alphanumeric() { ('*', letter.len_utf8()) } else { (letter, 1) };
        covered.extend(std::iter::repeat_n(cover, times));
    }
    covered
}

fn moved(ranges: Vec<Range<usize>>, offset: usize) -> impl Iterator<Item = Range<usize>> {
    ranges.into_iter().map(move |range| range.start + offset..range.end + offset)
}

/// What follows `key =` or the like, to the end of the line; a multi-line string to its end.
fn keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut closing: Option<&str> = None;
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let start = begin;
        begin += line.len();
        let from = if closing.is_some() { Some(0) } else { key_value(line) };
        let Some(from) = from else { continue };
        let secret = &line[from..];
        found.push(start + from..begin);
        let rest = match closing {
            Some(quotes) => secret.split_once(quotes).map(|(_, rest)| rest),
            None => Some(secret),
        };
        let opens = |rest: &str| {
            let quotes = QUOTES.into_iter().find(|quotes| rest.matches(quotes).count() == 1);
            let bracket = || {
                [('[', "]"), ('{', "}")].into_iter().find(|(open, close)| rest.contains(*open) && !rest.contains(close))
            };
            quotes.or_else(|| bracket().map(|(_, close)| close))
        };
        closing = rest.map_or(closing, opens);
    }
    found
}

/// Of strings over many lines.
const QUOTES: [&str; 2] = ["\"\"\"", "'''"];

/// Names and passwords of URLs, in strings and outside of them.
fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !text.contains(AT) && !text.contains('\\') {
        return found;
    }
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        found.extend(moved(in_prose(line), begin));
        // Outside of quotes nothing tells where a value ends, but for a comment.
        for part in line.split_inclusive(" #") {
            let value = part.find('=').map(|mark| mark + 1);
            let broken = value.filter(|value| !is_whole(part[*value..].trim()));
            let start = |value| part.len() - part[value..].trim_start_matches([' ', '"', '\'']).len();
            found.extend(
                broken.map(start).into_iter().flat_map(|value| moved(in_written(&part[value..]), begin + value)),
            );
            begin += part.len();
        }
    }
    for (literal, inside) in literals(text) {
        let written = &text[inside.clone()];
        match DeValue::parse(&text[literal.clone()]).map(Spanned::into_inner) {
            // Behind an escape nothing is where it was.
            Ok(DeValue::String(value)) if value != written => {
                found.extend((!in_value(&value).is_empty()).then_some(inside));
            }
            _ => found.extend(moved(in_written(written), inside.start)),
        }
    }
    found
}

/// Whether a value begins with a string that ends where one may.
fn is_whole(value: &str) -> bool {
    let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote));
    let rest = quote.and_then(|quote| value[1..].split_once(quote)).map(|(_, rest)| rest.trim_start());
    rest.map_or(DeValue::parse(value).is_ok(), |rest| rest.is_empty() || rest.starts_with([',', '}', ']', '#']))
}

/// Names and passwords in a value that may be none of TOML: an `@` may be written as an escape in it.
fn in_written(value: &str) -> Vec<Range<usize>> {
    in_value(&value.replace("\\u0040", "@xxxxx").replace("\\U00000040", "@xxxxxxxxx"))
}

/// Where strings stand, with their quotes and without; one that does not end goes to the end of the line, or of the text.
fn literals(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find(['"', '\'']).map(|quote| at + quote) {
        let rest = &text[begin..];
        let (quotes, whole) = match QUOTES.into_iter().find(|quotes| rest.starts_with(quotes)) {
            Some(quotes) => (quotes, rest),
            None => (&rest[..1], rest.split('\n').next().unwrap_or_default()),
        };
        let start = begin + quotes.len();
        let (mut end, mut after) = (begin + whole.len(), begin + whole.len());
        for (length, _) in whole[quotes.len()..].match_indices(quotes) {
            // A quote behind a backslash is a letter, unless the backslash is one.
            let before = &text[start..start + length];
            let backslashes = before.len() - before.trim_end_matches('\\').len();
            if quotes.starts_with('\'') || backslashes.is_multiple_of(2) {
                (end, after) = (start + length, start + length + quotes.len());
                break;
            }
        }
        found.push((begin..after, start..end.max(start)));
        at = after;
    }
    found
}

fn in_table(table: &DeTable<'_>, is_secret: bool, found: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        in_values(value, is_secret || names_a_secret(key.get_ref()), found);
    }
}

/// Values of keys that are written with escapes, or whose value begins on another line.
fn in_values(value: &Spanned<DeValue<'_>>, is_secret: bool, found: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => in_table(table, is_secret, found),
        DeValue::Array(items) => items.iter().for_each(|item| in_values(item, is_secret, found)),
        _ if is_secret => found.push(value.span()),
        _ => {}
    }
}

/// Where in `line` the value of a key begins whose name speaks of a secret; `key: …` and `key …` are mistyped `key = …`.
fn key_value(line: &str) -> Option<usize> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let names = |path: &str| path.split('.').any(names_a_secret);
    let first = line.trim_start().trim_start_matches(|letter| is_word(letter) || letter == '.');
    let first_ends = line.len() - first.len();
    if names(line[..first_ends].trim_start()) {
        return Some(first_ends);
    }
    line.match_indices(['=', ':']).map(|(mark, _)| mark).find_map(|mark| {
        let name = line[..mark].trim_end().trim_end_matches(['"', '\'']);
        let word = name.rsplit(|letter| !is_word(letter)).next().unwrap_or("");
        (names_a_secret(word) || unescaped(&line[..mark]).is_some_and(|name| names_a_secret(&name))).then_some(mark + 1)
    })
}

/// The name between the quotes at the end of `text`, if it is written with escapes.
fn unescaped(text: &str) -> Option<String> {
    let name = text.trim_end().strip_suffix('"')?;
    let begin = name.rfind('"').filter(|begin| name[*begin..].contains('\\'))?;
    match DeValue::parse(text[begin..].trim_end()).ok()?.into_inner() {
        DeValue::String(name) => Some(name.into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_blotted_out_and_nothing_moves() {
        for (text, shown) in [
            ("[payload]\nkye = \"SEKRET\"", "[payload]\nkye = \"******\""),
            ("payload.key.x = \"SEKRET\"", "payload.key.x = \"******\""),
            ("key = \"s3cret\" # x\nname = \"a\"", "key = \"******\" # *\nname = \"a\""),
            ("payload = { profile = \"complete\", key = 'ab' }", "payload = { profile = \"complete\", key = '**' }"),
            ("payload.key=abc", "payload.key=***"),
            ("sign_key = \"abc", "sign_key = \"***"),
            ("key = \"\"\"\nab\n\"\"\"\nseed = 1", "key = \"\"\"\n**\n\"\"\"\nseed = 1"),
            ("key_env = \"NAME\"", "key_env = \"NAME\""),
            ("  key: \"s3cret\"", "  key: \"******\""),
            ("key \"s3cret\"", "key \"******\""),
            ("Authorization = \"Bearer a\"", "Authorization = \"****** *\""),
            ("headers = { \"X-Api-Key\" = \"a\" }", "headers = { \"X-Api-Key\" = \"*\" }"),
            ("to_url = \"rtmp://a.test/b?txSecret=c1\"", "to_url = \"rtmp://a.test/b?txSecret=**\""),
        ] {
            assert_eq!(blot(text), shown);
        }
        assert_eq!(blot("key = \"名\"").len(), "key = \"名\"".len());
    }
}
