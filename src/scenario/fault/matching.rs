//! `match`: which callbacks something is about.

use crate::callback::body::Sender;

/// A text in which `*` stands for any letters, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// As it is written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether `text` is like this, from its first letter to its last.
    pub fn takes(&self, text: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(head) else { return false };
        let mut parts = rest.split('*');
        let tail = parts.next_back().unwrap_or_default();
        for part in parts {
            match text.find(part) {
                Some(at) => text = &text[at + part.len()..],
                None => return false,
            }
        }
        text.ends_with(tail)
    }
}

/// What callbacks, and their tasks, have to be like. Where nothing is said all are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// `stream_id`
    pub stream_id: Option<Pattern>,
    /// `task_id`
    pub task_id: Option<Pattern>,
    /// `to_url`
    pub to_url: Option<Pattern>,
    /// `source`: any of the task's source URLs.
    pub source: Option<Pattern>,
    /// `event`: the name of the callback.
    pub event: Option<Pattern>,
}

impl Matching {
    /// Whether everything is like this.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a callback that is called `event`, of the task of `sender`, is like this.
    pub fn takes(&self, event: &str, sender: &Sender<'_>) -> bool {
        let is = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.takes(text));
        is(&self.event, event)
            && is(&self.stream_id, &sender.stream_id)
            && is(&self.task_id, &sender.task_id)
            && is(&self.to_url, &sender.to_url)
            && (self.source.is_none() || sender.source_urls.iter().any(|url| is(&self.source, url)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters_or_none() {
        for (pattern, takes, refuses) in [
            ("show-1", &["show-1"][..], &["show-12", "a-show-1", ""][..]),
            ("show-*", &["show-", "show-12"], &["a-show-1", "sho"]),
            ("*", &["", "a"], &[]),
            ("*-1", &["-1", "show-1", "a-1-1"], &["show-12", "1"]),
            ("a*b*c", &["abc", "a1b2c", "abbcc", "a*b*c"], &["ac", "acb", "abcd", "bc"]),
            ("a**b", &["ab", "axb"], &["a"]),
            ("ab*ba", &["abba", "abxba"], &["aba"]),
            ("名*", &["名", "名前"], &["前名"]),
            ("", &[""], &["a"]),
        ] {
            let pattern = Pattern::new(pattern);
            assert!(takes.iter().all(|text| pattern.takes(text)), "{pattern:?}");
            assert!(!refuses.iter().any(|text| pattern.takes(text)), "{pattern:?}");
        }
    }
}
