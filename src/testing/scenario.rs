//! A scenario for a test: text or a file, checked.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::callback::sign::Key;
use crate::scenario::problem::Level;
use crate::scenario::{self, Source, check_with};

/// A scenario that has no errors: what `pullpush run` plays, as TOML.
#[derive(Clone)]
pub struct Scenario(pub(super) Arc<scenario::Scenario>);

/// Its name: there may be secrets in the rest.
impl fmt::Debug for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Scenario").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl Scenario {
    /// Reads a scenario from text. A key that it names with `key_env` is read from the environment.
    ///
    /// ```
    /// let error = pullpush::Scenario::parse("version = 1\n[[task]]\nsource = \"vood\"").unwrap_err();
    /// assert!(error.to_string().contains("scenario.toml:3:10"), "{error}");
    /// ```
    ///
    /// # Errors
    /// [`ScenarioError`] if it is not valid; it calls the text `scenario.toml`.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Self::of(Source::new("scenario.toml", text))
    }

    /// Reads a scenario file. A `body_file` that it names is looked for beside it.
    ///
    /// ```
    /// let scenario = pullpush::Scenario::read("scenarios/playlist.toml")?;
    /// # Ok::<(), pullpush::ScenarioError>(())
    /// ```
    ///
    /// # Errors
    /// [`ScenarioError`] if it cannot be read, or is not valid.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        Self::of(Source::read(path.as_ref()).map_err(|error| ScenarioError(error.to_string()))?)
    }

    fn of(source: Source) -> Result<Self, ScenarioError> {
        let checked = check_with(source, Some(Key::from_env));
        let errors = checked.problems.iter().filter(|problem| problem.level == Level::Error);
        let errors = errors.map(|problem| problem.render(&checked.source, false)).collect::<Vec<_>>().join("\n\n");
        Ok(Self(Arc::new(checked.scenario.ok_or(ScenarioError(errors))?)))
    }
}

/// As [`Scenario::parse`].
impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        Self::parse(text)
    }
}

/// Why there is no scenario: every error with file, line, column and the way out, as `pullpush check` prints them.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(String);

/// The text itself, for `unwrap` in a test.
impl fmt::Debug for ScenarioError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\n{}", self.0)
    }
}
