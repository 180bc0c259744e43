//! One line of what matters in an answer: the title of a page, what an error says, or the first sentence.

use serde_json::Value;

use super::one_line;

/// How many bytes of an answer are looked at.
pub const LOOKED_AT: usize = 4096;
/// The longest line, in characters.
const MOST: usize = 200;
/// Where JSON says what went wrong.
const REASONS: [&str; 6] = ["message", "error", "detail", "title", "reason", "msg"];

/// What matters in `body`, in one line that moves no cursor; nothing if it is empty.
pub fn gist(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('<') {
        return Some(one_line(&of_markup(text).unwrap_or_else(|| "a page without a title".to_owned()), MOST));
    }
    let words = collapsed(text);
    if words.chars().count() <= MOST && body.len() <= LOOKED_AT {
        return (!words.is_empty()).then(|| one_line(&words, MOST));
    }
    let reason = serde_json::from_slice::<Value>(body).ok().and_then(|body| of_json(&body));
    let line = reason.unwrap_or_else(|| {
        // JSON is one sentence.
        if text.starts_with(['{', '[']) { words } else { first_sentence(text.lines().next().unwrap_or_default()) }
    });
    Some(one_line(&line, MOST))
}

fn of_json(body: &Value) -> Option<String> {
    REASONS.iter().filter_map(|name| body.get(name)).find_map(|reason| match reason {
        Value::String(text) => Some(first_sentence(text)),
        other => of_json(other),
    })
}

/// The title of a page, else the first sentence that it shows.
fn of_markup(text: &str) -> Option<String> {
    let title = between(text, "<title", "</title").and_then(|title| title.split_once('>')).map(|(_, title)| title);
    let title = title.map(|title| collapsed(&plain(title))).filter(|title| !title.is_empty());
    title.or_else(|| Some(first_sentence(&plain(text))).filter(|shown| !shown.is_empty()))
}

/// What a page shows: without its tags, scripts and styles.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        shown.push_str(&rest[..open]);
        rest = &rest[open..];
        let end =
            [("<!--", "-->"), ("<script", "</script"), ("<style", "</style")].into_iter().find_map(|(begin, end)| {
                let is_one = rest.get(..begin.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(begin));
                is_one.then(|| position(rest, end).unwrap_or(rest.len()))
            });
        rest = &rest[end.unwrap_or(0)..];
        rest = rest.find('>').map_or("", |close| &rest[close + 1..]);
        shown.push(' ');
    }
    shown.push_str(rest);
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
        .into_iter()
        .fold(shown, |shown, (entity, letter)| shown.replace(entity, letter))
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let rest = &text[position(text, begin)? + begin.len()..];
    Some(&rest[..position(rest, end).unwrap_or(rest.len())])
}

/// Where `tag` is, in whichever case.
fn position(text: &str, tag: &str) -> Option<usize> {
    text.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

/// White space run together.
fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_sentence(text: &str) -> String {
    let words = collapsed(text);
    let end = words.match_indices(['.', '!', '?']).find(|(at, _)| words[at + 1..].starts_with(' '));
    end.map_or(words.as_str(), |(at, _)| &words[..=at]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_matters() {
        let long = "x ".repeat(3000);
        for (body, line) in [
            ("", None),
            (" \n ", None),
            ("no such task. Try again.\n", Some("no such task. Try again.")),
            ("{\n  \"error\": \"no\"\n}", Some("{ \"error\": \"no\" }")),
            ("a\u{1b}[31mb\u{202e}", Some("a\\u{1b}[31mb\\u{202e}")),
            (
                "<!DOCTYPE html><html><head><TITLE lang=\"en\">500\n Internal &lt;Error&gt;</TITLE></head>",
                Some("500 Internal <Error>"),
            ),
            (
                "<html><style>a { b }</style><script>x > y</script><!-- c > d --><h1>Bad gateway</h1><p>Try later. Or not.",
                Some("Bad gateway Try later."),
            ),
            ("<html></html>", Some("a page without a title")),
            ("<", Some("a page without a title")),
            ("<error><code>7</code><message>Too many</message></error>", Some("7 Too many")),
        ] {
            assert_eq!(gist(body.as_bytes()).as_deref(), line, "{body}");
        }
        for (body, line) in [
            (format!("It broke. {long}"), "It broke."),
            (format!("It broke\nat {long}"), "It broke"),
            (format!("{{\"error\":{{\"message\":\"It broke. See below\"}},\"trace\":\"{long}\"}}"), "It broke."),
            (format!("<title>{long}"), &format!("{}…", "x ".repeat(100))),
        ] {
            assert_eq!(gist(body.as_bytes()).unwrap(), line);
        }
    }
}
