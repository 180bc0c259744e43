//! What the TOML parser complains of, as a problem of the scenario.

use toml::de::Error;

use crate::scenario::problem::Problem;

/// One complaint about `text`; none where it only follows from another one at the same place.
pub(super) fn problem(error: &Error, text: &str) -> Option<Problem> {
    let span = error.span().unwrap_or(text.len()..text.len());
    let message = error.message().lines().next().unwrap_or("not TOML");
    if message == "duplicate key" {
        let key = text.get(span.clone()).filter(|key| !key.is_empty())?;
        let problem = Problem::error(span, format!("duplicate key `{key}`"));
        return Some(problem.label("given already, further up").help("keep one of them"));
    }
    // "max recursion depth met", "recursion limit"
    if message.contains("recursion") {
        return Some(Problem::error(span, "nested too deeply").help("a scenario needs no more than five levels"));
    }
    let is_at_the_beginning = text.get(..span.start).is_some_and(|before| !before.trim_start().contains('\n'));
    let problem = Problem::error(span, message);
    Some(if is_at_the_beginning && !text.contains("version") {
        problem.help("a scenario begins with `version = 1`; `pullpush init` writes one to begin with")
    } else {
        problem
    })
}
