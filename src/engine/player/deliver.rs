//! One delivery: attempts until the receiver acknowledges it or the retries are used up.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;

use super::{MAX_BODIES, Player};
use crate::callback::moment::Moment;
use crate::callback::payload::Stamps;
use crate::engine::event::{Attempt, End, Event, Subject};
use crate::engine::transport::{Exchange, MAX_COMPARED_BODY, Outcome, Request, Transport};
use crate::plan::delivery::{Delivery, Due};
use crate::plan::lane::Lane;
use crate::scenario::fault::DuplicateAs;
use crate::time::{Millis, UnixMillis};

/// A delivery that is under way: what its next attempt has to know.
pub(super) struct Job {
    pub(super) delivery: Delivery,
    subject: Arc<Subject>,
    happened: Millis,
    /// When its first attempt was due.
    pub(super) first_due: Millis,
    /// When its first attempt was sent, since the run began.
    first_sent: OnceCell<Duration>,
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

/// An attempt that is over, as far as it matters to what comes next.
struct Finished {
    /// How the delivery ends if this was its last.
    end: End,
    /// The pause before another one.
    retry_in: Option<Millis>,
}

impl<T: Transport> Player<'_, T> {
    /// A delivery before its first attempt, which is due at `due`.
    pub(super) fn job(&self, delivery: Delivery, due: Millis, lane: Option<Lane>) -> Box<Job> {
        let happened = match delivery.due {
            Due::Planned => delivery.happened,
            _ if delivery.is_duplicate() => delivery.happened,
            // When it was due, less what it was held up.
            Due::AfterSent(_) | Due::AfterAnswer(_) => due.minus(delivery.offset.minus(delivery.happened)),
        };
        let subject = Arc::new(self.subject(&delivery, self.settings.epoch.plus(due)));
        Box::new(Job {
            delivery,
            subject,
            happened,
            first_due: due,
            first_sent: OnceCell::new(),
            attempt: 1,
            due,
            lane,
        })
    }

    /// The next attempt of a delivery, if it is one that is sent; then its `due` is when that was over. Gives the pause before
    /// another attempt; `None`: the delivery is over.
    ///
    /// Of those that wait for leave to send there may be very many: what they hold is small.
    pub(super) async fn deliver(&self, job: &mut Job) -> Option<Millis> {
        if job.delivery.faults.dropped {
            self.tell(Event::Ended { subject: Arc::clone(&job.subject), end: End::Dropped });
            return None;
        }
        let Some(permit) = self.permit(&job.delivery).await else {
            self.interrupt(job);
            return None;
        };
        let finished = Box::pin(self.attempt(job)).await;
        drop(permit);
        let Some(Finished { end, retry_in }) = finished else {
            self.interrupt(job);
            return None;
        };
        job.due = self.pace.now(job.due);
        // The second of two belongs to the delivery that was there before.
        if retry_in.is_none() && !job.delivery.is_duplicate() {
            self.tell(Event::Ended { subject: Arc::clone(&job.subject), end });
        }
        retry_in
    }

    /// The run is stopped before a delivery is over.
    pub(super) fn interrupt(&self, job: &Job) {
        if !job.delivery.is_duplicate() {
            self.tell(Event::Ended { subject: Arc::clone(&job.subject), end: End::Interrupted });
        }
    }

    /// Leave to send a request: there is room for its body and for what is written of it. None once the run is to stop.
    async fn permit(&self, delivery: &Delivery) -> Option<SemaphorePermit<'_>> {
        let weight = (delivery.weight() / 1024).clamp(1, MAX_BODIES);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        tokio::select! {
            biased;
            () = self.stop.requested() => None,
            permit = async {
                let permit = self.bodies.acquire_many(weight).await.ok();
                self.room().await;
                permit
            } => permit,
        }
    }

    /// One POST and what came of it; `None` if it was stopped.
    async fn attempt(&self, job: &Job) -> Option<Finished> {
        let (attempt, outcome) = tokio::select! {
            biased;
            met = self.post(job) => met?,
            // The grace period is over: what is on its way is left to itself.
            () = self.stop.abandoned() => return None,
        };
        let retry_in = if job.delivery.is_duplicate() { None } else { self.pause_after(&outcome, job.attempt) };
        let end = match (outcome.is_acknowledged(), attempt.attempt_faults.is_spoilt()) {
            (true, _) => End::Acknowledged,
            (false, true) => End::Spoilt,
            (false, false) => End::GivenUp,
        };
        let done_at = self.settings.epoch.plus(self.pace.now(job.due));
        self.tell(Event::AttemptFinished { done: self.pace.elapsed(), done_at, outcome, retry_in, attempt });
        Some(Finished { end, retry_in })
    }

    /// One POST; `None` if it could not be written down.
    async fn post(&self, job: &Job) -> Option<(Attempt, Outcome)> {
        let Job { delivery, subject, happened, attempt: number, due, .. } = job;
        let (number, happened, due) = (*number, *happened, *due);
        let sent = self.pace.elapsed();
        let happened = (happened, self.happened_at(delivery, happened, *job.first_sent.get_or_init(|| sent)));
        let moment = self.moment(delivery, number, happened, due, sent);
        let attempt_faults = delivery.attempt_faults(number);
        let addresses = &self.settings.addresses;
        let url = addresses.of(&delivery.task).into_owned();
        let body = bytes::Bytes::from(delivery.body(&self.settings.payload, addresses.shown(), moment, attempt_faults));
        let attempt = || {
            let sent = self.pace.elapsed();
            Attempt {
                subject: Arc::clone(subject),
                number,
                duplicate: delivery.duplicates(),
                attempt_faults,
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
            content_type: attempt_faults.content_type(),
            connection: attempt_faults.connection,
            ..Request::post(url.clone(), body.clone(), self.settings.timeout)
        };
        let mut sending = attempt();
        if let Some(journal) = &self.settings.outputs.journal {
            let announced = Event::Sent { attempt: sending, url: url.clone(), body: body.clone() };
            self.observer.borrow_mut().announce(&announced);
            let is_written = tokio::select! {
                biased;
                is_written = self.written(journal) => is_written,
                // What is announced goes out even after a stop, unless the journal is stuck: then it tells of what never went.
                () = self.long_stopped() => false,
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
        if number == 1 && delivery.faults.duplicate.is_some() {
            self.first_moments.borrow_mut().insert(key, now);
        }
        now
    }

    /// `happened` is in scenario time, and by the clock that stamps are read from.
    fn moment_now(&self, happened: (Millis, UnixMillis), due: Millis, sent: Duration) -> Moment {
        let moments = self.settings.moments();
        match self.settings.payload.stamps {
            Stamps::Virtual => moments.moment(happened.0, due),
            Stamps::Real => Moment { happened: happened.1, ..moments.moment(happened.0, Millis::from_duration(sent)) },
        }
    }

    /// When the thing happened, by the clock: at its planned time.
    fn happened_at(&self, delivery: &Delivery, happened: Millis, first_sent: Duration) -> UnixMillis {
        let since_start = |time: Duration| {
            let time = Millis::from_duration(time);
            self.settings.moments().moment(time, time).happened
        };
        // Where nothing waits no instant is planned: it happened as long before its first attempt as that was held up.
        let held_up = delivery.offset.minus(delivery.happened);
        let at_full_speed = || UnixMillis(since_start(first_sent).0.saturating_sub(held_up.0));
        self.pace.real(happened).map_or_else(at_full_speed, since_start)
    }

    fn pause_after(&self, outcome: &Outcome, attempt: u32) -> Option<Millis> {
        if outcome.is_acknowledged() || outcome.is_forbidden() {
            None
        } else {
            self.settings.retry.pause_after(attempt)
        }
    }

    fn subject(&self, delivery: &Delivery, due_at: UnixMillis) -> Subject {
        let to = || self.settings.addresses.of(&delivery.task).into_owned();
        Subject {
            task: delivery.task.number,
            task_id: delivery.task.id().into_owned(),
            number: delivery.number,
            event: delivery.callback.name().to_owned(),
            callback: delivery.callback.to_string(),
            due_at,
            incident: delivery.cause,
            faults: delivery.faults,
            to: self.settings.goes_to_several.then(to),
            expect: delivery.expect.clone(),
        }
    }
}
