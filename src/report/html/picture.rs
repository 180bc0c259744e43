//! The picture of one run: a fold over its events that keeps what a page shows, as far as there is room.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;

use super::model::{Attempt, Delivery, Drawn, Failure, Probe, ThreeLengths};
use super::sheet::Sheet;
use super::words::Room;
use crate::callback::Kind;
use crate::engine::event::{self, End, Event, Subject};
use crate::engine::judge::{Complaint, Topic};
use crate::engine::transport::Outcome;
use crate::report::lengths::Lengths;
use crate::report::ndjson::{faults_text, word};
use crate::report::summary::SummaryJson;
use crate::text::{escaped, one_line, without_passwords};
use crate::time::{UnixMillis, micros};

/// The most attempts of one delivery.
const MAX_ATTEMPTS: usize = 100;
/// The longest complaint, in characters.
const MAX_COMPLAINT: usize = 1_000;
/// How much is looked at of an answer, in bytes: a beginning is shown.
const MAX_ANSWER: usize = 2 * 1024;

/// A fold over the events of one run.
#[derive(Debug)]
pub struct Picture {
    facts: Facts,
    sheet: Sheet,
    /// Where a delivery is on the sheet, by the numbers of its task and its own.
    places: HashMap<Key, usize>,
    /// Requests on their way, and whether each is a duplicate: where to, and what they say.
    on_the_way: BTreeMap<(Key, bool), (String, Bytes)>,
    /// The last attempt that met something, and the last delivery that ended: a complaint that follows is about these.
    last: Option<Met>,
    last_end: Option<(Key, End)>,
    ended: u64,
    failures: Vec<Failure>,
    probes: Vec<Probe>,
    /// The place of the last probe.
    last_probe: Option<usize>,
    latency: Lengths,
    service_time: Lengths,
    start_delay: Lengths,
    /// Since the run began: the latest time that an event told of.
    reached: Duration,
}

/// The numbers of a task and of its delivery.
type Key = (u64, u64);

/// An attempt, and what it met.
#[derive(Debug)]
struct Met {
    attempt: event::Attempt,
    written: Attempt,
    outcome: Outcome,
    request: Option<(String, Bytes)>,
}

/// What is known before the run begins.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The scenario file as typed.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// Scenario time 0.
    pub epoch: UnixMillis,
    /// How many times as fast as the clock scenario time runs; none where nothing waits.
    pub speed: Option<f64>,
    /// Where callbacks go, for people.
    pub to: String,
}

impl Facts {
    /// As the page is told, with nothing in it yet.
    pub(super) fn drawn(self) -> Drawn {
        Drawn {
            name: escaped(&self.name).into_owned(),
            seed: self.seed,
            epoch_ms: self.epoch.0,
            speed: self.speed,
            to: escaped(&without_passwords(&self.to)).into_owned(),
            ..Drawn::default()
        }
    }
}

impl Picture {
    /// Of a run that has not begun, on a page with so much room left.
    pub fn new(facts: Facts, room: Room) -> Self {
        Self {
            facts,
            sheet: Sheet::new(room),
            places: HashMap::new(),
            on_the_way: BTreeMap::new(),
            last: None,
            last_end: None,
            ended: 0,
            failures: Vec::new(),
            probes: Vec::new(),
            last_probe: None,
            latency: Lengths::new(),
            service_time: Lengths::new(),
            start_delay: Lengths::new(),
            reached: Duration::ZERO,
        }
    }

    /// Takes in one event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Sent { attempt, url, body } => self.sent(attempt, url, body),
            Event::AttemptFinished { attempt, done, outcome, retry_in, .. } => {
                self.latency.record(done.saturating_sub(attempt.due));
                self.service_time.record(done.saturating_sub(attempt.sent));
                self.reached = self.reached.max(*done);
                let written = Attempt {
                    done_us: Some(micros(*done)),
                    retry_in_ms: retry_in.map(|pause| pause.0),
                    ..self.written(attempt)
                };
                let request = self.on_the_way.remove(&(key(&attempt.subject), attempt.duplicate.is_some()));
                self.met(Met { attempt: attempt.clone(), written, outcome: outcome.clone(), request });
            }
            Event::HeldUp { .. } => {}
            Event::Ended { subject, end } => {
                self.ended += 1;
                self.last_end = Some((key(subject), *end));
                if let Some(place) = self.place(subject) {
                    self.sheet.deliveries[place].end = Some(word(*end));
                }
            }
            Event::Probed { at, .. } => {
                self.reached = self.reached.max(*at);
                self.last_probe = Room::take(&mut self.sheet.room.probes).then_some(self.probes.len());
                match self.last_probe {
                    Some(_) => self.probed(event),
                    None => self.sheet.left_out.probes += 1,
                }
            }
        }
    }

    /// Takes in what the judge has to say about the event before.
    pub fn complain(&mut self, complaint: &Complaint) {
        if !Room::take(&mut self.sheet.room.failures) {
            self.sheet.left_out.failures += 1;
            return;
        }
        let (delivery, probe) = match &complaint.about {
            Topic::Delivery(subject) => (self.failed(subject), None),
            Topic::Probe(..) => (None, self.last_probe),
        };
        let task = complaint.about.task().map(|(number, id)| self.sheet.lane(number, id));
        let text = one_line(&complaint.text, MAX_COMPLAINT);
        self.failures.push(Failure {
            about: escaped(&complaint.about.to_string()).into_owned(),
            text,
            task,
            delivery,
            probe,
        });
    }

    /// The run is over, and `again` does the same again, or the task with this number. Gives the room that is left, too.
    pub fn finish(mut self, summary: SummaryJson, again: impl Fn(Option<u64>) -> String) -> (Drawn, Room) {
        for lane in self.failures.iter().filter_map(|failure| failure.task) {
            self.sheet.again(lane, |number| again(Some(number)));
        }
        for ((key, _), (_, body)) in std::mem::take(&mut self.on_the_way) {
            if let Some(place) = self.places.get(&key) {
                self.keep_body(*place, &body, false);
            }
        }
        self.sheet.left_out.deliveries = self.ended.saturating_sub(self.sheet.deliveries.len() as u64);
        let lacks_body = |delivery: &&Delivery| delivery.body.is_none() && !delivery.attempts.is_empty();
        self.sheet.left_out.bodies = self.sheet.deliveries.iter().filter(lacks_body).count() as u64;
        let lengths = ThreeLengths {
            latency: self.latency.to_picture(),
            service_time: self.service_time.to_picture(),
            start_delay: self.start_delay.to_picture(),
        };
        self.sheet.finish(Drawn {
            again: Some(escaped(&again(None)).into_owned()),
            summary: Some(summary),
            lengths: Some(lengths),
            failures: self.failures,
            probes: self.probes,
            ..self.facts.drawn()
        })
    }

    fn sent(&mut self, attempt: &event::Attempt, url: &str, body: &Bytes) {
        self.reached = self.reached.max(attempt.sent);
        self.start_delay.record(attempt.start_delay());
        let key = (key(&attempt.subject), attempt.duplicate.is_some());
        self.on_the_way.insert(key, (url.to_owned(), body.clone()));
        if let Some(place) = self.place(&attempt.subject) {
            let written = self.written(attempt);
            self.add(place, written);
        }
    }

    fn met(&mut self, mut met: Met) {
        self.last = None;
        if let Some(place) = self.places.get(&key(&met.attempt.subject)).copied() {
            let is_acknowledged = met.outcome.is_acknowledged();
            self.tell(&mut met.written, &met.outcome, !is_acknowledged);
            self.add(place, met.written.clone());
            self.keep_request(place, met.request.as_ref(), !is_acknowledged);
        }
        self.last = Some(met);
    }

    /// What an attempt met, in words.
    fn tell(&mut self, attempt: &mut Attempt, outcome: &Outcome, of_failure: bool) {
        match outcome {
            Outcome::Answered(answer) => {
                attempt.status = Some(answer.status);
                attempt.detail = self.answered(&answer.body, of_failure);
            }
            Outcome::Failed(failure) => {
                attempt.failure = Some(failure.kind.word());
                attempt.detail = self.sheet.text(&failure.detail, true);
            }
        }
    }

    fn answered(&mut self, body: &[u8], of_failure: bool) -> Option<u32> {
        let beginning = String::from_utf8_lossy(&body[..body.len().min(MAX_ANSWER)]);
        (!body.is_empty()).then(|| self.sheet.text(&beginning, of_failure)).flatten()
    }

    /// Puts an attempt where it stands already, or after the others of its delivery; the last one is always told.
    fn add(&mut self, place: usize, attempt: Attempt) {
        let Sheet { deliveries, room, left_out, .. } = &mut self.sheet;
        let Delivery { attempts, attempts_left_out, .. } = &mut deliveries[place];
        let same = |other: &&mut Attempt| (other.number, other.duplicate) == (attempt.number, attempt.duplicate);
        if let Some(there) = attempts.iter_mut().rev().find(same) {
            *there = attempt;
        } else if attempts.len() < MAX_ATTEMPTS && Room::take(&mut room.attempts) {
            attempts.push(attempt);
        } else {
            *attempts_left_out += 1;
            left_out.attempts += 1;
            if let Some(last) = attempts.last_mut() {
                *last = attempt;
            }
        }
    }

    fn keep_request(&mut self, place: usize, request: Option<&(String, Bytes)>, of_failure: bool) {
        let Some((url, body)) = request else { return };
        if self.sheet.deliveries[place].url.is_none() {
            self.sheet.deliveries[place].url = self.sheet.url(url, of_failure);
        }
        self.keep_body(place, body, of_failure);
    }

    fn keep_body(&mut self, place: usize, body: &[u8], of_failure: bool) {
        if self.sheet.deliveries[place].body.is_none() {
            self.sheet.deliveries[place].body = self.sheet.body(body, of_failure);
        }
    }

    /// The place of a delivery that failed; the last attempt is told of it if nothing else is.
    fn failed(&mut self, subject: &Subject) -> Option<usize> {
        let was_there = self.places.contains_key(&key(subject));
        if !was_there && Room::take(&mut self.sheet.room.failed_deliveries) {
            self.sheet.room.deliveries += 1;
        }
        let place = self.place(subject)?;
        let Some(mut last) = self.last.take_if(|last| key(&last.attempt.subject) == key(subject)) else {
            return Some(place);
        };
        if !was_there {
            self.tell(&mut last.written, &last.outcome, true);
            self.sheet.room.attempts += 1;
            self.add(place, last.written);
            let delivery = &mut self.sheet.deliveries[place];
            delivery.attempts_left_out = u64::from(last.attempt.number - 1);
            delivery.end = self.last_end.filter(|(ended, _)| *ended == key(subject)).map(|(_, end)| word(end));
        }
        self.keep_request(place, last.request.as_ref(), true);
        Some(place)
    }

    /// The place of a delivery, if there is or was room for it.
    fn place(&mut self, subject: &Subject) -> Option<usize> {
        if let Some(place) = self.places.get(&key(subject)) {
            return Some(*place);
        }
        if !Room::take(&mut self.sheet.room.deliveries) {
            return None;
        }
        let at_ms = self.since_epoch(subject.due_at);
        let due = self.facts.speed.map(|times| Duration::from_millis(at_ms).div_f64(times));
        let delivery = Delivery {
            task: self.sheet.lane(subject.task, &subject.task_id),
            number: subject.number,
            event: Kind::by_name(&subject.event).map(|kind| kind as usize),
            says: self.sheet.text(&subject.callback, true),
            at_ms,
            due_us: micros(due.unwrap_or(self.reached)),
            incident: subject.incident.map(|incident| incident.name()),
            fault: faults_text(&subject.faults).and_then(|faults| self.sheet.text(&faults, true)),
            ..Delivery::default()
        };
        let place = self.sheet.deliveries.len();
        self.sheet.deliveries.push(delivery);
        self.places.insert(key(subject), place);
        Some(place)
    }

    fn written(&self, attempt: &event::Attempt) -> Attempt {
        Attempt {
            number: attempt.number,
            duplicate: attempt.duplicate.is_some(),
            spoilt: attempt.attempt_faults.is_spoilt(),
            at_ms: self.since_epoch(attempt.due_at),
            due_us: micros(attempt.due),
            sent_us: micros(attempt.sent),
            ..Attempt::default()
        }
    }

    fn probed(&mut self, event: &Event) {
        let Event::Probed { probe, about, at, took, tries, answer, failure, complaints, .. } = event else { return };
        let task = about.as_ref().map(|about| self.sheet.lane(about.task, &about.task_id));
        let detail = answer.as_ref().and_then(|answer| self.answered(&answer.body, !complaints.is_empty()));
        self.probes.push(Probe {
            title: probe.title(about.as_ref()),
            task,
            at_us: micros(*at),
            took_us: micros(*took),
            tries: *tries,
            as_expected: complaints.is_empty(),
            status: answer.as_ref().map(|answer| answer.status),
            failure: failure.map(|kind| kind.word()),
            detail,
        });
    }

    fn since_epoch(&self, at: UnixMillis) -> u64 {
        at.0.saturating_sub(self.facts.epoch.0)
    }
}

fn key(subject: &Subject) -> Key {
    (subject.task, subject.number)
}

#[cfg(test)]
mod tests;
