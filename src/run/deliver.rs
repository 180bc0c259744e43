//! One delivery: attempts until the receiver acknowledges it or the retries are used up.

use std::sync::Arc;
use std::time::Duration;

use super::Player;
use crate::callback::body::Moment;
use crate::callback::payload::Stamps;
use crate::event::{Attempt, End, Event, Subject};
use crate::fault::DuplicateAs;
use crate::plan::delivery::{Delivery, Due};
use crate::plan::lane::Lane;
use crate::time::{Millis, UnixMillis};
use crate::transport::{Exchange, MAX_COMPARED_BODY, Outcome, Request, Transport};

/// A delivery that is under way: what its next attempt has to know.
pub(super) struct Job {
    pub(super) delivery: Delivery,
    subject: Arc<Subject>,
    happened: Millis,
    /// When its first attempt was due.
    pub(super) first_due: Millis,
    /// The number of the next attempt, from 1.
    pub(super) attempt: u32,
    /// When that is due.
    pub(super) due: Millis,
    /// Its task's lane, if that waits for it.
    pub(super) lane: Option<Lane>,
}

impl Job {
    /// Its place among all that wait for another attempt.
    pub(super) fn place(&self) -> (Millis, u64, u64) {
        (self.due, self.delivery.task.number, self.delivery.number)
    }
}

impl<T: Transport> Player<'_, T> {
    /// A delivery before its first attempt, which is due at `due`.
    pub(super) fn job(&self, delivery: Delivery, due: Millis, lane: Option<Lane>) -> Job {
        let happened = match delivery.due {
            Due::Planned => delivery.happened,
            _ if delivery.is_duplicate() => delivery.happened,
            // When it was due, less what it was held up.
            Due::AfterSent(_) | Due::AfterAnswer(_) => due.minus(delivery.offset.minus(delivery.happened)),
        };
        let subject = Arc::new(subject(&delivery, self.settings.epoch.plus(due)));
        Job { delivery, subject, happened, first_due: due, attempt: 1, due, lane }
    }

    /// The next attempt of a delivery, if it is one that is sent; then its `due` is when that was over. Gives the pause before
    /// another attempt; `None`: the delivery is over.
    pub(super) async fn deliver(&self, job: &mut Job) -> Option<Millis> {
        let Job { delivery, subject, happened, attempt, due, .. } = job;
        if delivery.fate.dropped {
            self.tell(Event::Ended { subject: Arc::clone(subject), end: End::Dropped });
            return None;
        }
        if delivery.is_duplicate() {
            *due = self.once_more(delivery, subject, *happened, *due).await;
            return None;
        }
        let met = tokio::select! {
            biased;
            met = self.attempt(delivery, subject, *attempt, *happened, *due) => met,
            // The grace period is over: what is on its way is left to itself.
            () = self.stop.abandoned() => None,
        };
        let Some((met, outcome)) = met else {
            self.interrupt(job);
            return None;
        };
        let ended_at = self.pace.now(*due);
        let pause = self.pause_after(&outcome, *attempt);
        let end = match (outcome.is_acknowledged(), met.spoiling.is_spoilt()) {
            (true, _) => End::Acknowledged,
            (false, true) => End::Spoilt,
            (false, false) => End::GivenUp,
        };
        let done_at = self.settings.epoch.plus(ended_at);
        self.tell(Event::Met { done: self.pace.elapsed(), done_at, outcome, retry_in: pause, attempt: met });
        *due = ended_at;
        if pause.is_none() {
            self.tell(Event::Ended { subject: Arc::clone(subject), end });
        }
        pause
    }

    /// The run is stopped before a delivery is over.
    pub(super) fn interrupt(&self, job: &Job) {
        self.tell(Event::Ended { subject: Arc::clone(&job.subject), end: End::Interrupted });
    }

    /// The second of two: one attempt, which belongs to the delivery that was there before.
    async fn once_more(&self, delivery: &Delivery, subject: &Arc<Subject>, happened: Millis, due: Millis) -> Millis {
        let met = tokio::select! {
            biased;
            met = self.attempt(delivery, subject, 1, happened, due) => met,
            () = self.stop.abandoned() => None,
        };
        if let Some((attempt, outcome)) = met {
            let done_at = self.settings.epoch.plus(self.pace.now(due));
            self.tell(Event::Met { done: self.pace.elapsed(), done_at, outcome, retry_in: None, attempt });
        }
        self.pace.now(due)
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
            permit = async {
                let permit = self.permits.acquire().await.ok();
                self.room().await;
                permit
            } => permit,
        };
        let _permit = permit?;
        let moment = self.moment(delivery, number, happened, due, self.pace.elapsed());
        let spoiling = delivery.spoiling(number);
        let addresses = &self.settings.addresses;
        let url = addresses.of(&delivery.task).into_owned();
        let body = bytes::Bytes::from(delivery.body(&self.settings.payload, addresses.shown(), moment, spoiling));
        let attempt = || {
            let sent = self.pace.elapsed();
            Attempt {
                subject: Arc::clone(subject),
                number,
                duplicate: delivery.duplicates(),
                spoiling,
                due_at: self.settings.epoch.plus(due),
                sent_at: self.settings.epoch.plus(self.pace.now(due)),
                due: self.pace.real(due).unwrap_or(sent),
                sent,
                resent_after: None,
            }
        };
        let compares = delivery.expect.as_ref().is_some_and(|expected| expected.reads_body());
        let request = Request {
            most: if compares { MAX_COMPARED_BODY } else { self.settings.kept },
            content_type: spoiling.content_type(),
            manner: spoiling.manner(),
            ..Request::post(url.clone(), body.clone(), self.settings.timeout)
        };
        let mut sending = attempt();
        if let Some(journal) = &self.settings.outputs.journal {
            let announced = Event::Sent { attempt: sending, url: url.clone(), body: body.clone() };
            self.observer.borrow_mut().announce(&announced);
            let is_written = tokio::select! {
                biased;
                is_written = self.written(journal) => is_written,
                () = self.stop.requested() => false,
            };
            // Nothing goes out that is not in the journal, and whoever plays stops a run that has none.
            if !is_written {
                self.stop.requested().await;
                return None;
            }
            // The time it took to write is not the receiver's.
            sending = attempt();
        }
        self.tell(Event::Sent { attempt: sending.clone(), url, body });
        let Exchange { outcome, resent_after } = self.transport.exchange(request).await;
        Some((sending.resent(resent_after), outcome))
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
