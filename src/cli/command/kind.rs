//! What makes two failures the same.

use crate::engine::judge::{Complaint, Topic};

/// About what a failure is, and in which words, ids and times apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind(String);

impl Kind {
    /// Of a complaint.
    pub(super) fn of(complaint: &Complaint) -> Self {
        let about = match &complaint.about {
            Topic::Delivery(subject) => subject.event.clone(),
            Topic::Probe(probe, _) => probe.name.clone(),
        };
        // Ids and times differ from run to run and are long; a status is neither.
        let mut text = format!("{about} ");
        for word in complaint.text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let is_length = digits > 0
                && ["ms", "s"]
                    .iter()
                    .any(|unit| word.trim_end_matches(|last: char| !last.is_alphanumeric()).ends_with(unit));
            text.push_str(if digits > 3 || is_length { "…" } else { word });
        }
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::callback::Kind as Event;
    use crate::scenario::expect::Expectation;
    use crate::scenario::probe::{Probe, When};

    fn kind(text: &str) -> Kind {
        let probe = Probe {
            name: "state".to_owned(),
            when: When::After(Event::TaskExit),
            method: reqwest::Method::GET,
            url: String::new(),
            send: None,
            expectation: Expectation::default(),
            eventually: std::time::Duration::ZERO,
        };
        Kind::of(&Complaint { about: Topic::Probe(Arc::new(probe), None), text: text.to_owned(), answer: None })
    }

    #[test]
    fn statuses_make_a_difference_and_ids_and_times_do_not() {
        assert_ne!(kind("expected status 200, got 500"), kind("expected status 200, got 404"));
        assert_eq!(kind("task=86998779: expected 1, got 2"), kind("task=10000001: expected 1, got 2"));
        assert_eq!(kind("expected within 2s, it took 2017ms"), kind("expected within 2s, it took 3ms"));
        assert_ne!(kind("starts: expected 1, got 2"), kind("starts: expected 1, got 3"));
    }
}
