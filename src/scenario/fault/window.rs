//! Windows: when, and to which callbacks, the chances of faults apply.

use super::Faults;
use super::chances::Chances;
use super::matching::Matching;
use crate::callback::Callback;
use crate::callback::body::Sender;
use crate::dice::Stream;
use crate::time::Millis;

/// One `[faults]` or `[[faults]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// How likely each fault is.
    pub chances: Chances,
    /// `from`: what happens at this scenario time or later.
    pub from: Millis,
    /// `until`: and before this one.
    pub until: Millis,
    /// `match`
    pub matching: Matching,
}

impl Window {
    /// Whether it is about everything at any time.
    fn is_whole(&self) -> bool {
        self.from == Millis::ZERO && self.until == Millis::FOREVER && self.matching.is_empty()
    }
}

/// All windows that concern a task: its own, then those of all tasks, each in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Windows(Vec<Window>);

impl Windows {
    /// In the order of the file.
    pub fn new(windows: Vec<Window>) -> Self {
        Self(windows)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.0.iter()
    }

    /// Whether nothing can happen.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|window| window.chances.is_empty())
    }

    /// These, and for what they do not say those of `general`.
    #[must_use]
    pub fn over(self, general: &Self) -> Self {
        match (self.0.as_slice(), general.0.as_slice()) {
            // Two without bounds are one; then `events`, too, is taken from where it is said.
            ([own], [all]) if own.is_whole() && all.is_whole() => {
                Self(vec![Window { chances: own.chances.clone().over(&all.chances), ..own.clone() }])
            }
            _ => Self(self.0.into_iter().chain(general.0.iter().cloned()).collect()),
        }
    }

    /// Settles what befalls one callback that happens `at` a time: of each fault as the first window says that is about this
    /// callback and says something about this fault. However many windows there are, they all read the same draws.
    pub fn settle<'a>(
        &self,
        callback: &Callback,
        at: Millis,
        sender: impl FnOnce() -> Sender<'a>,
        stream: &mut Stream,
    ) -> Faults {
        // Most have no `match`: then nobody needs to know how the body will name its task.
        let sender = self.0.iter().any(|window| !window.matching.is_empty()).then(sender);
        let concerned = self.0.iter().filter(|window| {
            (window.from..window.until).contains(&at)
                && window.chances.concern(callback.kind())
                && sender.as_ref().is_none_or(|sender| window.matching.takes(callback.name(), sender))
        });
        Chances::settle_first(concerned.map(|window| &window.chances), stream)
    }
}
