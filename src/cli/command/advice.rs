//! What a run says once to whoever watches it, when something stands in its way.

use std::cell::Cell;
use std::time::Duration;

use crate::engine::pace::Speed;
use crate::engine::transport::{FailureKind, Outcome};
use crate::time::Millis;

/// The shortest wait for an attempt that is worth a word.
const LONG: Duration = Duration::from_secs(10);

/// Advice that was not given yet.
pub(super) struct Advice {
    speed: Speed,
    /// Nobody listening is news.
    on_nobody: Cell<bool>,
    /// So is having to wait.
    on_waiting: Cell<bool>,
}

impl Advice {
    /// For a run at `speed`; `has_waited` for somebody to listen.
    pub(super) fn new(speed: Speed, has_waited: bool) -> Self {
        Self { speed, on_nobody: Cell::new(!has_waited), on_waiting: Cell::new(true) }
    }

    /// What there is to say of an attempt that met `outcome` and is made again in `pause`.
    pub(super) fn on(&self, outcome: &Outcome, pause: Millis) -> Option<String> {
        let is_refused = matches!(outcome, Outcome::Failed(failure) if failure.kind == FailureKind::Refused);
        if is_refused && self.on_nobody.take() {
            return Some("nobody listens there; is your program running? --wait-for 30s waits for it".to_owned());
        }
        let Speed::Times(times) = self.speed else { return None };
        let is_long = pause.to_duration().as_secs_f64() >= LONG.as_secs_f64() * times;
        (is_long && self.on_waiting.take())
            .then(|| format!("the next attempt is {pause} away, as the service has it; --speed max waits for nothing"))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::scenario::expect::Answer;

    const MINUTE: Millis = Millis(60_000);

    #[test]
    fn it_is_given_once_and_where_it_is_worth_it() {
        let refused = Outcome::failed(FailureKind::Refused, "Connection refused");
        let answered = Outcome::Answered(Answer::new(500, Bytes::new()));
        let said = |speed: &str, has_waited, outcome: &Outcome, pause| {
            let advice = Advice::new(speed.parse().unwrap(), has_waited);
            let first = advice.on(outcome, pause);
            // Nothing is said twice, though the other thing may be.
            assert!(first.is_none() || advice.on(outcome, pause) != first);
            first.unwrap_or_default()
        };
        assert!(said("max", false, &refused, MINUTE).starts_with("nobody listens there"));
        assert_eq!(said("max", true, &refused, MINUTE), "");
        assert_eq!(said("max", false, &answered, MINUTE), "");
        let waiting = "the next attempt is 1m away, as the service has it; --speed max waits for nothing";
        assert_eq!(said("1x", false, &answered, MINUTE), waiting);
        assert_eq!(said("6x", true, &refused, MINUTE), waiting);
        assert_eq!(said("7x", false, &answered, MINUTE), "");
    }
}
