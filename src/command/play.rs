//! Plays loaded scenarios: joins plan, player, transport and reporter.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::advice::Advice;
use super::again::Again;
use super::connect::destinations;
use super::descriptors;
use super::journal::Journal;
use super::loaded::Loaded;
use super::output::note;
use super::progress::Progress;
use super::receive::{in_memory, remark};
use super::reporter::{Message, Reporter, Scribe};
use super::reports::Reports;
use super::signals::Signals;
use super::stage::{Receiver, Stage, set_up};
use super::verdict::conclude;
use crate::callback::payload::Stamps;
use crate::callback::sign::Key;
use crate::cli::{ConnectArgs, Format};
use crate::error::{Exit, Failure};
use crate::event::Event;
use crate::judge::Judge;
use crate::probe::Probe;
use crate::report::ndjson::{self, Header};
use crate::report::style::{BAD, DIM, GOOD, NOTE};
use crate::report::summary::Summary;
use crate::run::pace::Speed;
use crate::run::settings::{Addresses, Settings};
use crate::run::stop::stop;
use crate::run::{Rest, play as play_plan};
use crate::shown::escaped;
use crate::sink::Sink;
use crate::sink::clock::Clock;
use crate::sink::misbehaviour::Misbehaviour;
use crate::sink::server::{Limits, listen, serve};
use crate::time::{UnixMillis, wall_now};
use crate::transport::{Answer, Outcome, Transport};

/// The most deliveries that are counted beforehand, for the progress line.
const MAX_COUNTED: usize = 1_000_000;

/// How a scenario is to be played.
#[derive(Debug)]
pub(super) struct Manner {
    /// Who receives.
    pub(super) receiver: Receiver,
    /// How fast.
    pub(super) speed: Speed,
    /// How long to wait for the receiver to accept connections.
    pub(super) wait_for: Option<Duration>,
    /// How everything is written.
    pub(super) format: Format,
    /// Whether the first delivery that is given up ends the run.
    pub(super) fail_fast: bool,
    /// Whom pullpush may send to, and how.
    pub(super) connect: ConnectArgs,
    /// How to do the same again.
    pub(super) again: Again,
    /// Where everything is written down.
    pub(super) journal: RefCell<Journal>,
    /// What is written in the end.
    pub(super) reports: RefCell<Reports>,
}

/// Plays scenarios one after the other and writes what happens; gives the exit. Nothing is sent unless all can be.
///
/// # Errors
/// [`Failure`] if one could not be run at all, or its output could not be written.
pub(super) async fn play_all(scenarios: &mut [Loaded], manner: &Manner) -> Result<Exit, Failure> {
    let mut signals = Signals::catch();
    let stages = tokio::select! {
        stages = set_up(scenarios, manner) => stages?,
        exit = signals.next() => {
            note("stopped before anything was sent");
            return Ok(exit);
        }
    };
    let exit = play_each(scenarios, stages, manner, &mut signals).await;
    manner.reports.borrow().close(exit.is_ok());
    exit
}

async fn play_each(
    scenarios: &mut [Loaded],
    stages: Vec<Stage>,
    manner: &Manner,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    let (mut played, mut failed) = (0, Vec::new());
    for (loaded, stage) in scenarios.iter_mut().zip(stages) {
        let this = play(loaded, manner, stage, signals).await?;
        played += 1;
        if this != Exit::Success {
            failed.push(escaped(&loaded.name).into_owned());
        }
        exit = exit.and(this);
        let stopped = matches!(exit, Exit::Interrupted | Exit::Terminated | Exit::CouldNotRun);
        if stopped || (manner.fail_fast && exit == Exit::ReceiverFailed) {
            break;
        }
    }
    if scenarios.len() > 1 && !matches!(exit, Exit::Interrupted | Exit::Terminated) {
        note(&total(scenarios.len(), played, &failed));
    }
    Ok(exit)
}

/// `38 scenarios: 36 passed, 2 failed: a.toml, b.toml`
fn total(all: usize, played: usize, failed: &[String]) -> String {
    let style = if failed.is_empty() { GOOD } else { BAD };
    let mut text =
        format!("{style}{all} scenarios: {} passed, {} failed{style:#}", played - failed.len(), failed.len());
    if played < all {
        text.push_str(&format!(", {} not played", all - played));
    }
    if !failed.is_empty() {
        text.push_str(&format!(": {}", failed.join(", ")));
    }
    text
}

async fn play(loaded: &mut Loaded, manner: &Manner, stage: Stage, signals: &mut Signals) -> Result<Exit, Failure> {
    let key = loaded.plan.scenario().payload.key.clone();
    match stage {
        Stage::Theirs(transport) => {
            let scribe = Scribe::on_a_thread(reporter(loaded, manner));
            let ending = conduct(loaded, manner, &transport, &scribe, signals).await;
            conclude(loaded, manner, scribe, &ending)
        }
        Stage::Sink(transport, misbehaviour) => {
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let no_socket = |error| Failure::could_not_run(format!("cannot listen on {free}: {error}"));
            let listener = listen(free).map_err(no_socket)?;
            let address = listener.local_addr().map_err(no_socket)?;
            loaded.addresses = Addresses::new(Some(format!("http://{address}/")), String::new());
            let scribe = Scribe::on_a_thread(reporter(loaded, manner));
            // At full speed scenario time is no matter of a clock.
            let times = if let Speed::Times(times) = manner.speed { times } else { 0.0 };
            let mut sink = sink(key, misbehaviour, loaded, wall_now(), times);
            let over = Notify::new();
            let limits = Limits { grace: Duration::from_millis(200), ..Limits::default() };
            let serving = serve(listener, &mut sink, limits, over.notified(), |reception| {
                remark(reception).into_iter().for_each(|remark| scribe.take(Message::Remark(remark)));
            });
            let conducting = async {
                let ending = conduct(loaded, manner, &transport, &scribe, signals).await;
                over.notify_one();
                ending
            };
            let ((), ending) = tokio::join!(serving, conducting);
            conclude(loaded, manner, scribe, &ending)
        }
        Stage::Memory(misbehaviour) => {
            let scribe = Scribe::here(reporter(loaded, manner));
            let transport = in_memory(Sink::new(key, misbehaviour), loaded.epoch, |reception| {
                remark(reception).into_iter().for_each(|remark| scribe.take(Message::Remark(remark)));
            });
            let ending = conduct(loaded, manner, &transport, &scribe, signals).await;
            drop(transport);
            conclude(loaded, manner, scribe, &ending)
        }
    }
}

/// The sink of a run in real time, whose time 0 is at `began`. What is stamped in scenario time is judged in scenario time.
pub(super) fn sink(
    key: Option<Key>,
    misbehaviour: Misbehaviour,
    loaded: &Loaded,
    began: UnixMillis,
    times: f64,
) -> Sink {
    let sink = Sink::new(key, misbehaviour);
    match loaded.plan.scenario().payload.stamps {
        Stamps::Real => sink,
        Stamps::Virtual => sink.with_clock(Clock { began, epoch: loaded.epoch, times }),
    }
}

/// How playing ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// What was not played.
    pub(super) rest: Rest,
    /// The signal that stopped it.
    pub(super) interrupted: Option<Exit>,
}

/// Plays the plan and tells the scribe, until it is over or a signal comes.
async fn conduct(
    loaded: &Loaded,
    manner: &Manner,
    transport: &impl Transport,
    scribe: &Scribe,
    signals: &mut Signals,
) -> Ending {
    let (stopper, stop) = stop();
    let interrupted = Cell::new(None);
    let mut judge = Judge::new(loaded.plan.scenario().expectations.clone());
    manner.journal.borrow_mut().begin(loaded);
    let speed = if let Speed::Times(times) = manner.speed { Some(times) } else { None };
    manner.reports.borrow_mut().begin(loaded, speed, &to(loaded, manner));
    let advice =
        matches!(manner.receiver, Receiver::Theirs).then(|| Advice::new(manner.speed, manner.wait_for.is_some()));
    let mut observer = |mut event: Event| {
        if !manner.journal.borrow_mut().take(&event) {
            // Nothing that goes out is missing from the journal: so nothing goes out any more.
            stopper.stop();
            stopper.abandon();
            if matches!(event, Event::Sent { .. }) {
                return;
            }
        }
        manner.reports.borrow_mut().take(&event);
        let complaints = judge.take(&event);
        for complaint in &complaints {
            manner.journal.borrow_mut().complain(complaint);
            manner.reports.borrow_mut().complain(complaint);
        }
        if event.is_forbidden() || (manner.fail_fast && !complaints.is_empty()) {
            stopper.stop();
        }
        lighten(&mut event, manner.format);
        let remark = match (&event, &advice) {
            (Event::Met { outcome, retry_in: Some(pause), .. }, Some(advice)) => advice.on(outcome, *pause),
            _ => None,
        };
        scribe.take(Message::Event(event));
        remark.into_iter().for_each(|remark| scribe.take(Message::Remark(remark)));
        complaints.into_iter().for_each(|complaint| scribe.take(Message::Complaint(complaint)));
    };
    let settings = settings(loaded, manner);
    let rest = tokio::select! {
        biased;
        // First, so that a signal from before the run lets nothing begin.
        () = signals.stop(&stopper, &interrupted) => Rest { not_started: 0, at_least: true },
        rest = play_plan(loaded.plan.deliveries(), transport, &settings, &stop, &mut observer) => rest,
    };
    Ending { rest, interrupted: interrupted.get() }
}

/// Drops what nobody behind reads, for many may wait to be written: the judge has read the answer, and people see how one
/// begins that is no acknowledgement.
fn lighten(event: &mut Event, format: Format) {
    match event {
        Event::Met { outcome: Outcome::Answered(answer), .. } if answer.status == 200 => {
            *answer = Answer::new(answer.status, Bytes::new());
        }
        Event::Met { outcome: Outcome::Answered(answer), .. } => *answer = answer.beginning(),
        Event::Sent { body, .. } if format == Format::Human => *body = Bytes::new(),
        _ => {}
    }
}

/// What the receiver is asked. The built-in one remembers nothing that it could be asked about.
fn probes(loaded: &Loaded, manner: &Manner) -> Vec<Arc<Probe>> {
    let probes = &loaded.plan.scenario().probes;
    if matches!(manner.receiver, Receiver::Theirs) {
        return probes.clone();
    }
    if !probes.is_empty() {
        note(&format!("{NOTE}note{NOTE:#}: no [[probe]] is asked: the built-in receiver keeps nothing to ask about"));
    }
    Vec::new()
}

fn settings(loaded: &Loaded, manner: &Manner) -> Settings {
    let scenario = loaded.plan.scenario();
    Settings {
        speed: manner.speed,
        started_at: if matches!(manner.receiver, Receiver::Memory(_)) { loaded.epoch } else { wall_now() },
        probes: probes(loaded, manner),
        max_in_flight: max_in_flight(manner),
        ..Settings::of(scenario, loaded.addresses.clone(), loaded.epoch)
    }
}

/// How many requests may be on their way at once.
fn max_in_flight(manner: &Manner) -> usize {
    /// Ten thousand tasks at once, with some to spare.
    const MOST: u64 = 12_000;
    /// Nothing spreads the load at full speed: enough to keep a receiver busy, not enough to overrun its backlog.
    const MOST_AT_FULL_SPEED: u64 = 64;
    /// For standard streams, the runtime, files.
    const OTHERS: u64 = 64;
    let most = if manner.speed == Speed::Max { MOST_AT_FULL_SPEED } else { MOST };
    // What is sent badly on purpose has a connection of its own, beside the free ones. The sink has their other ends.
    let sockets = if matches!(manner.receiver, Receiver::Sink(_)) { 4 } else { 2 };
    let descriptors = descriptors::raised_to(most * sockets + OTHERS);
    usize::try_from((descriptors.saturating_sub(OTHERS) / sockets).clamp(1, most)).unwrap_or(1)
}

fn reporter(loaded: &Loaded, manner: &Manner) -> Reporter {
    let seed = loaded.plan.seed();
    let in_memory = matches!(manner.receiver, Receiver::Memory(_));
    let progress = if in_memory { Progress::none() } else { Progress::new(planned(loaded)) };
    let mut reporter = Reporter::new(manner.format, Summary::new(seed), progress);
    reporter.write(&match manner.format {
        Format::Human => {
            format!("{DIM}{}  seed {seed}  {}{DIM:#}\n", loaded.name, to(loaded, manner))
        }
        Format::Ndjson => ndjson::json(&Header::new(&loaded.name, seed, loaded.epoch)),
    });
    reporter
}

/// Where callbacks go, for people.
fn to(loaded: &Loaded, manner: &Manner) -> String {
    if matches!(manner.receiver, Receiver::Memory(_)) {
        return "in virtual time, nothing is sent".into();
    }
    destinations(loaded)
}

/// How many deliveries there are, if that is soon counted.
fn planned(loaded: &Loaded) -> Option<u64> {
    let counted = loaded.plan.count(MAX_COUNTED);
    (counted < MAX_COUNTED).then_some(counted as u64)
}
