//! The runner of GitHub Actions, as far as its variables tell of it.

use std::path::Path;
use std::sync::LazyLock;

/// A variable of the runner, if there is anything in it.
#[expect(clippy::disallowed_methods, reason = "these variables are GitHub's, and no flag has them for a twin")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether this is one of its steps.
pub(super) fn is_here() -> bool {
    static HERE: LazyLock<bool> = LazyLock::new(|| variable("GITHUB_ACTIONS").as_deref() == Some("true"));
    *HERE
}

/// A path as the repository has it, if it is in one.
pub(super) fn path(name: &str) -> String {
    let relative = variable("GITHUB_WORKSPACE").and_then(|root| {
        let whole = std::path::absolute(name).ok()?;
        let inside = whole.strip_prefix(Path::new(&root)).ok()?;
        Some(inside.to_str()?.replace('\\', "/"))
    });
    relative.unwrap_or_else(|| name.to_owned())
}
