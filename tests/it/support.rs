//! What several modules share: a run in virtual time against a scripted receiver.

use std::sync::Arc;
use std::time::Duration;

use pullpush::engine::event::{End, Event};
use pullpush::engine::judge::Judge;
use pullpush::engine::outputs::Outputs;
use pullpush::engine::pace::Speed;
use pullpush::engine::player::{Rest, play};
use pullpush::engine::settings::{Addresses, Settings};
use pullpush::engine::stop::stop;
use pullpush::engine::transport::Request;
use pullpush::engine::transport::memory::{MemoryTransport, Reply};
use pullpush::plan::Plan;
use pullpush::report::ndjson::word;
use pullpush::report::summary::Summary;
use pullpush::scenario::{Scenario, Source, check};
use pullpush::time::UnixMillis;

/// Scenario time 0.
pub(crate) const EPOCH: UnixMillis = UnixMillis(1_767_225_600_000);
/// Where callbacks go that name no address of their own.
pub(crate) const RECEIVER: &str = "http://receiver.test/";

/// The scenario in `source`, which has no errors.
#[track_caller]
pub(crate) fn valid(source: Source) -> Arc<Scenario> {
    let checked = check(source);
    let problems: Vec<_> = checked.problems.iter().map(|problem| problem.render(&checked.source, false)).collect();
    Arc::new(checked.scenario.unwrap_or_else(|| panic!("{}", problems.join("\n"))))
}

/// A run of `text`, a scenario without its version, against `receiver`.
pub(crate) fn run<F: FnMut(u32, &Request) -> Reply>(text: &str, receiver: F) -> Run<F> {
    Run::of(planned(text), receiver)
}

/// The plan of `text`, a scenario without its version.
#[track_caller]
pub(crate) fn planned(text: &str) -> Plan {
    Plan::new(valid(Source::new("test.toml", format!("version = 1\n{text}"))), 42)
}

/// A run in virtual time: plan, receiver, and what is typed beside it.
pub(crate) struct Run<F> {
    pub(crate) plan: Plan,
    pub(crate) receiver: F,
    pub(crate) speed: Speed,
    pub(crate) max_in_flight: usize,
    pub(crate) max_unfinished: usize,
    pub(crate) stop_after: Option<Duration>,
    /// From the stop on.
    pub(crate) abandon_after: Option<Duration>,
    pub(crate) outputs: Outputs,
}

impl<F: FnMut(u32, &Request) -> Reply> Run<F> {
    /// A run against `receiver`, which is asked with the number of the request, from 1.
    pub(crate) fn of(plan: Plan, receiver: F) -> Self {
        Self {
            plan,
            receiver,
            speed: Speed::REAL,
            max_in_flight: 1000,
            max_unfinished: Settings::MAX_UNFINISHED,
            stop_after: None,
            abandon_after: None,
            outputs: Outputs::default(),
        }
    }

    /// What happened, and what was left.
    pub(crate) fn play(mut self) -> (Vec<Event>, Rest) {
        let scenario = self.plan.scenario();
        let settings = Settings {
            speed: self.speed,
            max_in_flight: self.max_in_flight,
            outputs: self.outputs.clone(),
            max_unfinished: self.max_unfinished,
            ..Settings::of(scenario, Addresses::new(None, RECEIVER.to_owned()), EPOCH)
        };
        let mut requests = 0;
        let transport = MemoryTransport::new(|request: &Request| {
            requests += 1;
            (self.receiver)(requests, request)
        });
        let mut events = Vec::new();
        let mut observer = |event| events.push(event);
        let (stopper, stop) = stop();
        let stopping = async {
            tokio::time::sleep(self.stop_after.unwrap_or(Duration::MAX)).await;
            stopper.stop();
            tokio::time::sleep(self.abandon_after.unwrap_or(Duration::MAX)).await;
            stopper.abandon();
            std::future::pending().await
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let rest = runtime.block_on(async {
            tokio::select! {
                rest = play(self.plan.deliveries(), &transport, &settings, &stop, &mut observer) => rest,
                () = stopping => unreachable!(),
            }
        });
        (events, rest)
    }
}

impl<F: FnMut(u32, &Request) -> Reply> Run<F> {
    /// What the judge says of what happened, as `about: text`; and the summary.
    pub(crate) fn judged(self) -> (Vec<String>, Summary) {
        let mut judge = Judge::new(self.plan.scenario().expectations.clone());
        let mut summary = Summary::new(self.plan.seed());
        let (events, rest) = self.play();
        let mut told = Vec::new();
        for event in &events {
            summary.take(event);
            for complaint in judge.take(event) {
                summary.complain(&complaint);
                told.push(format!("{}: {}", complaint.about, complaint.text));
            }
        }
        summary.finish(rest);
        (told, summary)
    }

    /// [`story`] of what happened.
    pub(crate) fn story(self) -> String {
        story(&self.play().0)
    }
}

/// `seconds callback #task.delivery.attempt` of everything sent, and how deliveries ended that were not acknowledged.
pub(crate) fn story(events: &[Event]) -> String {
    let short = |callback: &str| callback.replace("VodSourceFile", "File");
    let told = events.iter().filter_map(|event| match event {
        Event::Sent { attempt, .. } => {
            let again = if attempt.duplicate.is_some() { " again" } else { "" };
            let (seconds, subject) = (attempt.sent.as_secs_f64(), &attempt.subject);
            let callback = short(&subject.callback);
            Some(format!("{seconds} {callback} #{}.{}.{}{again}", subject.task, subject.number, attempt.number))
        }
        Event::Ended { subject, end } if *end != End::Acknowledged => {
            Some(format!("#{}.{} {}", subject.task, subject.number, word(*end)))
        }
        _ => None,
    });
    told.collect::<Vec<_>>().join(", ")
}

/// An answer that takes no time.
pub(crate) fn at_once(status: u16) -> Reply {
    Reply::status(status, Duration::ZERO)
}
