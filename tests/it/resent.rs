//! A request that was sent once more because the receiver had closed the kept connection: which of its times count.

use std::time::Duration;

use bytes::Bytes;
use pullpush::engine::event::Event;
use pullpush::engine::judge::Judge;
use pullpush::engine::player::play;
use pullpush::engine::settings::{Addresses, Settings};
use pullpush::engine::stop::stop;
use pullpush::engine::transport::{Exchange, Outcome, Request, Transport};
use pullpush::scenario::expect::Answer;
use tokio::time::sleep;

use crate::support::{EPOCH, RECEIVER, planned};

/// Closes the connection after 3 s, and answers on the next one after `answers_in`.
struct Closing {
    answers_in: Duration,
}

const CLOSES_IN: Duration = Duration::from_secs(3);

impl Transport for Closing {
    async fn exchange(&self, _: Request) -> Exchange {
        sleep(CLOSES_IN + self.answers_in).await;
        let outcome = Outcome::Answered(Answer::new(200, Bytes::new()));
        Exchange { outcome, resent_after: Some(CLOSES_IN) }
    }
}

/// What happened and what was said of it, where an answer has to be there within a second.
async fn played(answers_in: Duration) -> (Vec<Event>, Vec<String>) {
    let probe = "[[probe]]\nafter = 'end'\nget = 'http://r.test/'\n";
    let plan = planned(&format!(
        "[expect]\nwithin = '1s'\n{probe}within = '1s'\n[[task]]\n[[task.step]]\nevent = 'TaskStart'\n"
    ));
    let scenario = plan.scenario();
    let settings = Settings::of(scenario, Addresses::new(None, RECEIVER.to_owned()), EPOCH);
    let mut judge = Judge::new(scenario.expectations.clone());
    let (mut events, mut told) = (Vec::new(), Vec::new());
    let mut observer = |event: Event| {
        told.extend(judge.take(&event).into_iter().map(|complaint| complaint.text));
        events.push(event);
    };
    let (_stopper, stop) = stop();
    play(plan.deliveries(), &Closing { answers_in }, &settings, &stop, &mut observer).await;
    (events, told)
}

#[tokio::test(start_paused = true)]
async fn the_second_sending_is_what_counts_for_within() {
    let (events, told) = played(Duration::from_millis(900)).await;
    assert_eq!(told, [""; 0]);
    let Some(Event::AttemptFinished { attempt, done, .. }) = events.get(1) else { panic!("{events:?}") };
    assert_eq!((attempt.due, attempt.sent, *done), (Duration::ZERO, CLOSES_IN, Duration::from_millis(3900)));
    // It was not we who were late.
    assert_eq!((attempt.start_delay(), attempt.resent_after), (Duration::ZERO, Some(CLOSES_IN)));
    assert!(matches!(events.last(), Some(Event::Probed { resent: 1, tries: 1, .. })), "{events:?}");

    let late = "expected an answer within 1s, it took 1100ms";
    assert_eq!(played(Duration::from_millis(1100)).await.1, [late, late]);
}
