//! Failing on purpose, so that what the sender does about it can be watched.

use std::time::Duration;

/// How the sink fails on purpose. The default is not to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Misbehaviour {
    /// Only the first so many requests are treated badly; `None`: all of them.
    pub fail_first: Option<u64>,
    /// Answer with this status, 200 to 599. With `fail_first` and without a status it is 500.
    pub status: Option<u16>,
    /// Wait so long before the answer.
    pub delay: Duration,
    /// Close the connection instead of answering.
    pub drop_connection: bool,
}

/// How one request is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaction {
    /// The status to answer with instead of the right one.
    pub status: Option<u16>,
    /// How long to wait before the answer.
    pub delay: Duration,
    /// Close the connection instead of answering.
    pub drop_connection: bool,
    /// Refuse it because it cannot be written down.
    pub is_unrecorded: bool,
}

impl Reaction {
    /// What cannot be written down is to come again.
    pub const UNRECORDED: Self =
        Self { status: Some(503), delay: Duration::ZERO, drop_connection: false, is_unrecorded: true };
}

impl Misbehaviour {
    /// How the next request is treated.
    pub fn decide(&mut self) -> Reaction {
        let status = match &mut self.fail_first {
            Some(0) => return Reaction::default(),
            Some(left) => {
                *left -= 1;
                self.status.or(Some(500))
            }
            None => self.status,
        };
        Reaction { status, delay: self.delay, drop_connection: self.drop_connection, is_unrecorded: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_secs(3);

    fn reactions(misbehaviour: Misbehaviour) -> [Reaction; 4] {
        let mut misbehaviour = misbehaviour;
        std::array::from_fn(|_| misbehaviour.decide())
    }

    #[test]
    fn by_default_it_behaves() {
        assert_eq!(reactions(Misbehaviour::default()), [Reaction::default(); 4]);
    }

    #[test]
    fn without_a_number_it_lasts() {
        let misbehaviour = Misbehaviour { fail_first: None, status: Some(503), delay: DELAY, drop_connection: true };
        let reaction = Reaction { status: Some(503), delay: DELAY, drop_connection: true, ..Reaction::default() };
        assert_eq!(reactions(misbehaviour), [reaction; 4]);
    }

    #[test]
    fn the_first_ones_fail_with_500_unless_told_otherwise() {
        let well = Reaction::default();
        let statuses = |fail_first, status| {
            reactions(Misbehaviour { fail_first, status, ..Default::default() }).map(|reaction| reaction.status)
        };
        assert_eq!(statuses(Some(2), None), [Some(500), Some(500), None, None]);
        assert_eq!(statuses(Some(1), Some(204)), [Some(204), None, None, None]);
        assert_eq!(statuses(Some(0), Some(204)), [None; 4]);
        let slow_once = Misbehaviour { fail_first: Some(1), delay: DELAY, ..Default::default() };
        assert_eq!(reactions(slow_once)[1..], [well; 3]);
    }
}
