//! One delivery: attempts until the receiver acknowledges it or the retries are used up.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use super::Player;
use crate::callback::body::Moment;
use crate::callback::payload::Stamps;
use crate::event::{Attempt, End, Event, Subject};
use crate::fault::DuplicateAs;
use crate::plan::delivery::{Delivery, Due};
use crate::time::{Millis, UnixMillis};
use crate::transport::{Outcome, Request, Transport};

impl<T: Transport> Player<'_, T> {
    /// Delivers; gives the scenario time at which that was over.
    pub(super) async fn deliver(&self, delivery: Delivery, due: Millis) -> Millis {
        let subject = Arc::new(subject(&delivery, self.settings.epoch.plus(due)));
        let happened = match delivery.due {
            Due::Planned => delivery.happened,
            _ if delivery.is_duplicate() => delivery.happened,
            // When it was due, less what it was held up.
            Due::AfterSent(_) | Due::AfterAnswer(_) => due.minus(delivery.offset.minus(delivery.happened)),
        };
        if delivery.fate.dropped {
            self.tell(Event::Ended { subject, end: End::Dropped });
            return due;
        }
        if delivery.is_duplicate() {
            return self.once_more(&delivery, &subject, happened, due).await;
        }
        let mut due = due;
        let mut attempt = 1;
        let first_sent = OnceCell::new();
        let end = loop {
            let met = tokio::select! {
                biased;
                met = self.attempt(&delivery, &subject, attempt, (happened, &first_sent), due) => met,
                // The grace period is over: what is on its way is left to itself.
                () = self.stop.abandoned() => break End::Interrupted,
            };
            let Some((met, outcome)) = met else { break End::Interrupted };
            let ended_at = self.pace.now(due);
            let pause = self.pause_after(&outcome, attempt);
            let acknowledged = outcome.is_acknowledged();
            let spoilt = met.spoiling.is_spoilt();
            let done_at = self.settings.epoch.plus(ended_at);
            self.tell(Event::Met { done: self.pace.elapsed(), done_at, outcome, retry_in: pause, attempt: met });
            due = ended_at;
            let Some(pause) = pause else {
                break match (acknowledged, spoilt) {
                    (true, _) => End::Acknowledged,
                    (false, true) => End::Spoilt,
                    (false, false) => End::GivenUp,
                };
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

    /// The second of two: one attempt, which belongs to the delivery that was there before.
    async fn once_more(&self, delivery: &Delivery, subject: &Arc<Subject>, happened: Millis, due: Millis) -> Millis {
        let first_sent = OnceCell::new();
        let met = tokio::select! {
            biased;
            met = self.attempt(delivery, subject, 1, (happened, &first_sent), due) => met,
            () = self.stop.abandoned() => None,
        };
        if let Some((attempt, outcome)) = met {
            let done_at = self.settings.epoch.plus(self.pace.now(due));
            self.tell(Event::Met { done: self.pace.elapsed(), done_at, outcome, retry_in: None, attempt });
        }
        self.pace.now(due)
    }

    /// One POST; `None` if the run was stopped before it could be sent. `happened` comes with the time of the first attempt, which
    /// is told by the first of them.
    async fn attempt(
        &self,
        delivery: &Delivery,
        subject: &Arc<Subject>,
        number: u32,
        (happened, first_sent): (Millis, &OnceCell<Duration>),
        due: Millis,
    ) -> Option<(Attempt, Outcome)> {
        let permit = tokio::select! {
            biased;
            () = self.stop.requested() => None,
            permit = self.permits.acquire() => permit.ok(),
        };
        let _permit = permit?;
        let sent = self.pace.elapsed();
        let happened = (happened, self.happened_at(delivery, happened, *first_sent.get_or_init(|| sent)));
        let moment = self.moment(delivery, number, happened, due, sent);
        let spoiling = delivery.spoiling(number);
        let addresses = &self.settings.addresses;
        let url = addresses.of(&delivery.task).into_owned();
        let body = bytes::Bytes::from(delivery.body(&self.settings.payload, addresses.shown(), moment, spoiling));
        let attempt = Attempt {
            subject: Arc::clone(subject),
            number,
            duplicate: delivery.duplicates(),
            spoiling,
            due_at: self.settings.epoch.plus(due),
            sent_at: self.settings.epoch.plus(self.pace.now(due)),
            due: self.pace.real(due).unwrap_or(sent),
            sent,
        };
        let request = Request {
            content_type: spoiling.content_type(),
            manner: spoiling.manner(),
            ..Request::post(url.clone(), body.clone(), self.settings.timeout)
        };
        self.tell(Event::Sent { attempt: attempt.clone(), url, body });
        // Whoever could not write it down wants nothing sent.
        if self.stop.is_abandoned() {
            return None;
        }
        let outcome = self.transport.send(request).await;
        Some((attempt, outcome))
    }

    /// The times a body tells. What comes twice happened once; the same bytes once more tell the same times.
    fn moment(
        &self,
        delivery: &Delivery,
        number: u32,
        happened: (Millis, UnixMillis),
        due: Millis,
        sent: Duration,
    ) -> Moment {
        let key = (delivery.task.number, delivery.number);
        let now = self.moment_now(happened, due, sent);
        if let Some(duplicate) = delivery.duplicates() {
            let first = self.first_moments.borrow_mut().remove(&key).unwrap_or(now);
            return match duplicate {
                DuplicateAs::SameBytes => first,
                DuplicateAs::NewAttempt => Moment { happened: first.happened, ..now },
            };
        }
        if number == 1 && delivery.fate.duplicate.is_some() {
            self.first_moments.borrow_mut().insert(key, now);
        }
        now
    }

    /// `happened` is in scenario time and by the time of day.
    fn moment_now(&self, happened: (Millis, UnixMillis), due: Millis, sent: Duration) -> Moment {
        let settings = self.settings;
        match settings.payload.stamps {
            Stamps::Virtual => {
                Moment { happened: settings.epoch.plus(happened.0), attempted: settings.epoch.plus(due) }
            }
            Stamps::Real => Moment { happened: happened.1, attempted: self.wall(sent) },
        }
    }

    /// The time of day at which the thing happened: its planned time on the real clock.
    fn happened_at(&self, delivery: &Delivery, happened: Millis, first_sent: Duration) -> UnixMillis {
        let held_up = delivery.offset.minus(delivery.happened);
        // Where nothing waits no instant is planned: it happened as long before its first attempt as that was held up.
        let at_full_speed = || UnixMillis(self.wall(first_sent).0.saturating_sub(held_up.0));
        self.pace.real(happened).map_or_else(at_full_speed, |real| self.wall(real))
    }

    fn wall(&self, since_start: Duration) -> UnixMillis {
        self.settings.started_at.plus(Millis::from_duration(since_start))
    }

    fn pause_after(&self, outcome: &Outcome, attempt: u32) -> Option<Millis> {
        if outcome.is_acknowledged() || outcome.is_forbidden() {
            None
        } else {
            self.settings.retry.pause_after(attempt)
        }
    }
}

fn subject(delivery: &Delivery, due_at: UnixMillis) -> Subject {
    Subject {
        task: delivery.task.number,
        task_id: delivery.task.id().into_owned(),
        number: delivery.number,
        event: delivery.callback.name().to_owned(),
        callback: delivery.callback.to_string(),
        due_at,
        incident: delivery.cause,
        fate: delivery.fate,
        expect: delivery.expect.clone(),
    }
}
