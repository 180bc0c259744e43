//! One delivery: attempts until the receiver acknowledges it or the retries are used up.

use std::sync::Arc;
use std::time::Duration;

use super::Player;
use crate::callback::body::Moment;
use crate::callback::payload::Stamps;
use crate::event::{Attempt, End, Event, Subject};
use crate::plan::delivery::{Delivery, Due};
use crate::time::Millis;
use crate::transport::{FailureKind, Outcome, Request, Transport};

impl<T: Transport> Player<'_, T> {
    /// Delivers; gives the scenario time at which that was over.
    pub(super) async fn deliver(&self, delivery: Delivery, due: Millis) -> Millis {
        let subject = Arc::new(subject(&delivery));
        let happened = if delivery.due == Due::Planned { delivery.offset } else { due };
        let mut due = due;
        let mut attempt = 1;
        let end = loop {
            let met = tokio::select! {
                biased;
                met = self.attempt(&delivery, &subject, attempt, happened, due) => met,
                // The grace period is over: what is on its way is left to itself.
                () = self.stop.abandoned() => break End::Interrupted,
            };
            let Some((met, outcome)) = met else { break End::Interrupted };
            let ended_at = self.pace.now(due);
            let pause = self.pause_after(&outcome, attempt);
            let acknowledged = outcome.is_acknowledged();
            self.tell(Event::Met { done: self.pace.elapsed(), outcome, retry_in: pause, attempt: met });
            due = ended_at;
            let Some(pause) = pause else {
                break if acknowledged { End::Acknowledged } else { End::GivenUp };
            };
            due = due.plus(pause);
            tokio::select! {
                biased;
                () = self.stop.requested() => break End::Interrupted,
                () = self.pace.wait_until(due) => attempt += 1,
            }
        };
        self.tell(Event::Ended { subject, end });
        due
    }

    /// One POST; `None` if the run was stopped before it could be sent.
    async fn attempt(
        &self,
        delivery: &Delivery,
        subject: &Arc<Subject>,
        number: u32,
        happened: Millis,
        due: Millis,
    ) -> Option<(Attempt, Outcome)> {
        let permit = tokio::select! {
            biased;
            () = self.stop.requested() => None,
            permit = self.permits.acquire() => permit.ok(),
        };
        let _permit = permit?;
        let sent = self.pace.elapsed();
        let moment = self.moment(happened, due, sent);
        let addresses = &self.settings.addresses;
        let url = addresses.of(&delivery.task).into_owned();
        let body = bytes::Bytes::from(delivery.body(&self.settings.payload, addresses.shown(), moment));
        let due_at = self.settings.epoch.plus(due);
        let attempt =
            Attempt { subject: Arc::clone(subject), number, due_at, due: self.pace.real(due).unwrap_or(sent), sent };
        let request = Request { url: url.clone(), body: body.clone(), timeout: self.settings.timeout };
        self.tell(Event::Sent { attempt: attempt.clone(), url, body });
        let outcome = self.transport.post(request).await;
        Some((attempt, outcome))
    }

    /// The times a body tells.
    fn moment(&self, happened: Millis, due: Millis, sent: Duration) -> Moment {
        let settings = self.settings;
        match settings.payload.stamps {
            Stamps::Virtual => Moment { happened: settings.epoch.plus(happened), attempted: settings.epoch.plus(due) },
            Stamps::Real => {
                let wall = |since_start: Duration| settings.started_at.plus(Millis::from_duration(since_start));
                Moment { happened: wall(self.pace.real(happened).unwrap_or(sent)), attempted: wall(sent) }
            }
        }
    }

    fn pause_after(&self, outcome: &Outcome, attempt: u32) -> Option<Millis> {
        let hopeless = matches!(outcome, Outcome::Failed(failure) if failure.kind == FailureKind::Forbidden);
        if outcome.is_acknowledged() || hopeless { None } else { self.settings.retry.pause_after(attempt) }
    }
}

fn subject(delivery: &Delivery) -> Subject {
    Subject {
        task: delivery.task.number,
        task_id: delivery.task.id().into_owned(),
        number: delivery.number,
        event: delivery.callback.name().to_owned(),
        callback: delivery.callback.to_string(),
        incident: delivery.cause,
    }
}
