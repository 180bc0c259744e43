//! Asks the receiver what it made of the callbacks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::Player;
use crate::engine::event::Event;
use crate::engine::transport::{Exchange, MAX_COMPARED_BODY, Outcome, Request, Transport};
use crate::plan::task::Task;
use crate::scenario::probe::{Probe, When, address, is_elsewhere};

/// The pause before a probe is asked again: the first, and the longest; it doubles in between.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

impl<T: Transport> Player<'_, T> {
    /// The probes that `wanted` picks, about one task, one after the other.
    pub(super) async fn probe(&self, task: Option<&Task>, wanted: impl Fn(When) -> bool) {
        for probe in self.settings.probes.iter().filter(|probe| wanted(probe.when)) {
            self.ask(probe, task).await;
        }
    }

    /// The probes of a time that belongs to no task: about every task in turn, if they ask about one.
    pub(super) async fn probe_all(&self, tasks: impl Iterator<Item = Task> + Clone, wanted: impl Fn(When) -> bool) {
        for probe in self.settings.probes.iter().filter(|probe| wanted(probe.when)) {
            if probe.is_about_a_task() {
                for task in tasks.clone().take_while(|_| !self.stop.is_requested()) {
                    self.ask(probe, Some(&task)).await;
                }
            } else {
                self.ask(probe, None).await;
            }
        }
    }

    /// Asks until the answer is as expected, or its time is over, or the run is stopped.
    async fn ask(&self, probe: &Arc<Probe>, task: Option<&Task>) {
        let about = task.map(Task::about);
        let filled = about.as_ref().map_or_else(|| Probe::clone(probe), |about| about.filled(probe));
        let base = task.map_or(self.settings.addresses.shown().into(), |task| self.settings.addresses.of(task));
        let url = address(&filled.url, &base);
        let is_elsewhere = is_elsewhere(&url, &base);
        self.room().await;
        // What the run is held up by its own output is not the receiver's time.
        let now = || self.pace.elapsed().saturating_sub(self.pace.stopped());
        let began = now();
        let passed = || now().saturating_sub(began);
        let mut pause = PAUSES.0;
        let (mut tries, mut resent) = (0, 0);
        let (complaints, outcome) = loop {
            tries += 1;
            let left = probe.eventually.saturating_sub(passed()).max(Duration::from_millis(100));
            let timeout = if tries == 1 { self.settings.timeout } else { self.settings.timeout.min(left) };
            let asked = Instant::now();
            let request = request(&filled, url.clone(), is_elsewhere, timeout);
            let Exchange { outcome, resent_after } = tokio::select! {
                biased;
                () = self.stop.requested() => return,
                exchange = self.transport.exchange(request) => exchange,
            };
            resent += u32::from(resent_after.is_some());
            let answered_in = asked.elapsed().saturating_sub(resent_after.unwrap_or_default());
            let complaints = match &outcome {
                Outcome::Answered(answer) => filled.expectation.complaints(answer, answered_in),
                Outcome::Failed(failure) => vec![format!("{}: {}", failure.kind.word(), failure.detail)],
            };
            let left = probe.eventually.saturating_sub(passed());
            if complaints.is_empty() || left.is_zero() || outcome.is_forbidden() {
                break (complaints, outcome);
            }
            // The last try comes when the time is up, not before.
            tokio::select! {
                biased;
                () = self.stop.requested() => return,
                () = sleep(pause.min(left)) => {}
            }
            self.room().await;
            pause = (pause * 2).min(PAUSES.1);
        };
        let (at, took) = (self.pace.elapsed(), passed());
        let (answer, failure) = match outcome {
            Outcome::Answered(answer) => (Some(answer), None),
            Outcome::Failed(failure) => (None, Some(failure.kind)),
        };
        let probe = Arc::clone(probe);
        self.tell(Event::Probed { probe, about, url, at, took, tries, resent, answer, failure, complaints });
    }
}

fn request(probe: &Probe, url: String, is_elsewhere: bool, timeout: Duration) -> Request {
    let body = probe.send.as_ref().map_or_else(Bytes::new, |body| body.to_string().into());
    let method = probe.method.clone();
    Request { method, is_elsewhere, most: MAX_COMPARED_BODY, ..Request::post(url, body, timeout) }
}
