//! One delivery: attempts until the receiver acknowledges it or the retries are used up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;

use super::{Player, ROOM};
use crate::callback::body::Moment;
use crate::callback::payload::Stamps;
use crate::event::{Attempt, End, Event, Subject};
use crate::fault::DuplicateAs;
use crate::plan::delivery::{Delivery, Due};
use crate::time::{Millis, UnixMillis};
use crate::transport::{Outcome, Request, Transport};

/// What an attempt met, as far as it matters to what comes next.
enum Met {
    Acknowledged,
    Failed { is_spoilt: bool, retry_in: Option<Millis> },
}

impl Met {
    /// How a delivery ends of which this was the last attempt.
    fn end(&self) -> End {
        match self {
            Self::Acknowledged => End::Acknowledged,
            Self::Failed { is_spoilt: true, .. } => End::Spoilt,
            Self::Failed { is_spoilt: false, .. } => End::GivenUp,
        }
    }
}

impl<T: Transport> Player<'_, T> {
    /// Delivers; gives the scenario time at which that was over.
    ///
    /// Of those that wait for their turn or their retry there may be very many: what they hold is small.
    pub(super) async fn deliver(&self, delivery: Box<Delivery>, due: Millis) -> Millis {
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
        let mut due = due;
        let mut number = 1;
        let end = loop {
            let Some(permit) = self.permit(&delivery).await else { break End::Interrupted };
            let met = Box::pin(self.attempt(&delivery, &subject, number, happened, due)).await;
            drop(permit);
            let Some(met) = met else { break End::Interrupted };
            due = self.pace.now(due);
            let Met::Failed { retry_in: Some(pause), .. } = met else { break met.end() };
            due = due.plus(pause);
            tokio::select! {
                biased;
                () = self.stop.requested() => break End::Interrupted,
                () = self.pace.wait_until(due) => number += 1,
            }
        };
        // The second of two belongs to the delivery that was there before.
        if delivery.is_duplicate() {
            return self.pace.now(due);
        }
        self.tell(Event::Ended { subject, end });
        due
    }

    /// Leave to send a request, and room for its body; none once the run is to stop.
    async fn permit(&self, delivery: &Delivery) -> Option<[SemaphorePermit<'_>; 2]> {
        let weight = (delivery.weight() / 1024).clamp(1, ROOM);
        let room = u32::try_from(weight).unwrap_or(u32::MAX);
        tokio::select! {
            biased;
            () = self.stop.requested() => None,
            permit = self.permits.acquire() => Some([permit.ok()?, self.room.acquire_many(room).await.ok()?]),
        }
    }

    /// One POST and what it met; `None` if it was stopped.
    async fn attempt(
        &self,
        delivery: &Delivery,
        subject: &Arc<Subject>,
        number: u32,
        happened: Millis,
        due: Millis,
    ) -> Option<Met> {
        let (attempt, outcome) = tokio::select! {
            biased;
            met = self.post(delivery, subject, number, happened, due) => met?,
            // The grace period is over: what is on its way is left to itself.
            () = self.stop.abandoned() => return None,
        };
        let pause = if delivery.is_duplicate() { None } else { self.pause_after(&outcome, number) };
        let met = match (outcome.is_acknowledged(), attempt.spoiling.is_spoilt()) {
            (true, _) => Met::Acknowledged,
            (false, is_spoilt) => Met::Failed { is_spoilt, retry_in: pause },
        };
        let done_at = self.settings.epoch.plus(self.pace.now(due));
        self.tell(Event::Met { done: self.pace.elapsed(), done_at, outcome, retry_in: pause, attempt });
        Some(met)
    }

    async fn post(
        &self,
        delivery: &Delivery,
        subject: &Arc<Subject>,
        number: u32,
        happened: Millis,
        due: Millis,
    ) -> Option<(Attempt, Outcome)> {
        let sent = self.pace.elapsed();
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
    fn moment(&self, delivery: &Delivery, number: u32, happened: Millis, due: Millis, sent: Duration) -> Moment {
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

    fn moment_now(&self, happened: Millis, due: Millis, sent: Duration) -> Moment {
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
