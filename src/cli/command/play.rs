//! Plays loaded scenarios: joins plan, player, transport and reporter.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::advice::Advice;
use super::connect::destinations;
use super::descriptors;
use super::loaded::Loaded;
use super::output::note;
use super::progress::Meter;
use super::receive::{in_memory, remark};
use super::reporter::Reporter;
use super::run_options::{Receiver, RunOptions};
use super::signals::Signals;
use super::stage::{Stage, set_up};
use super::verdict::{Ending, conclude};
use crate::callback::payload::Stamps;
use crate::callback::sign::Key;
use crate::cli::args::Format;
use crate::engine::event::Event;
use crate::engine::judge::Judge;
use crate::engine::outputs::Outputs;
use crate::engine::pace::Speed;
use crate::engine::player::{Observer, Rest, play as play_plan};
use crate::engine::settings::{Addresses, Settings};
use crate::engine::stop::{Stopper, stop};
use crate::engine::transport::Transport;
use crate::engine::writer::Writer;
use crate::exit_code::{Exit, Failure};
use crate::report::ndjson::{self, Header};
use crate::report::style::{BAD, DIM, GOOD, NOTE};
use crate::report::summary::Summary;
use crate::scenario::probe::Probe;
use crate::sink::Sink;
use crate::sink::clock::Clock;
use crate::sink::misbehaviour::Misbehaviour;
use crate::sink::server::{Limits, listen, serve};
use crate::text::escaped;
use crate::time::{UnixMillis, wall_now};

/// The most deliveries that are counted beforehand, for the progress line.
const MAX_COUNTED: usize = 1_000_000;
/// How often it is looked how far a run is, and whether its output is stuck.
const TICK: Duration = Duration::from_millis(200);

/// Plays scenarios one after the other and writes what happens; gives the exit. Nothing is sent unless all can be.
///
/// # Errors
/// [`Failure`] if one could not be run at all, or its output could not be written.
pub(super) async fn play_all(scenarios: &mut [Loaded], options: &RunOptions) -> Result<Exit, Failure> {
    let mut signals = Signals::catch(scenarios.iter().map(|loaded| &loaded.plan));
    let stages = tokio::select! {
        stages = set_up(scenarios, options) => stages?,
        exit = signals.next() => {
            note("stopped before anything was sent");
            return Ok(exit);
        }
    };
    let exit = play_each(scenarios, stages, options, &mut signals).await;
    options.reports.borrow().close(exit.is_ok());
    exit
}

async fn play_each(
    scenarios: &mut [Loaded],
    stages: Vec<Stage>,
    options: &RunOptions,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    let (mut played, mut failed) = (0, Vec::new());
    for (loaded, stage) in scenarios.iter_mut().zip(stages) {
        let this = play(loaded, options, stage, signals).await?;
        played += 1;
        if this != Exit::Success {
            failed.push(escaped(&loaded.name).into_owned());
        }
        exit = exit.and(this);
        let stopped = matches!(exit, Exit::Interrupted | Exit::Terminated | Exit::CouldNotRun);
        if stopped || (options.fail_fast && exit == Exit::ReceiverFailed) {
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

async fn play(loaded: &mut Loaded, options: &RunOptions, stage: Stage, signals: &mut Signals) -> Result<Exit, Failure> {
    let key = loaded.plan.scenario().payload.key.clone();
    match stage {
        Stage::Theirs(transport) => {
            let reporter = reporter(loaded, options);
            let ending = conduct(loaded, options, &transport, &reporter, signals).await;
            conclude(loaded, options, reporter, &ending)
        }
        Stage::Sink(transport, misbehaviour) => {
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let no_socket = |error| Failure::could_not_run(format!("cannot listen on {free}: {error}"));
            let listener = listen(free).map_err(no_socket)?;
            let address = listener.local_addr().map_err(no_socket)?;
            loaded.addresses = Addresses::new(Some(format!("http://{address}/")), String::new());
            let reporter = reporter(loaded, options);
            // At full speed scenario time is no matter of a clock.
            let times = if let Speed::Times(times) = options.speed { times } else { 0.0 };
            let mut sink = sink(key, misbehaviour, loaded, wall_now(), times);
            let over = Notify::new();
            let limits = Limits { grace: Duration::from_millis(200), ..Limits::default() };
            let serving = serve(listener, &mut sink, limits, over.notified(), |reception| {
                remark(reception).into_iter().for_each(|remark| reporter.borrow().remark(&remark));
            });
            let conducting = async {
                let ending = conduct(loaded, options, &transport, &reporter, signals).await;
                over.notify_one();
                ending
            };
            let ((), ending) = tokio::join!(serving, conducting);
            conclude(loaded, options, reporter, &ending)
        }
        Stage::Memory(misbehaviour) => {
            let reporter = reporter(loaded, options);
            let transport = in_memory(Sink::new(key, misbehaviour), loaded.epoch, |reception| {
                remark(reception).into_iter().for_each(|remark| reporter.borrow().remark(&remark));
            });
            let ending = conduct(loaded, options, &transport, &reporter, signals).await;
            drop(transport);
            conclude(loaded, options, reporter, &ending)
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

/// Plays the plan and tells the reporter, until it is over or a signal comes.
async fn conduct(
    loaded: &Loaded,
    options: &RunOptions,
    transport: &impl Transport,
    reporter: &RefCell<Reporter>,
    signals: &mut Signals,
) -> Ending {
    let (stopper, stop) = stop();
    let interrupted = Cell::new(None);
    options.journal.begin(loaded);
    let speed = if let Speed::Times(times) = options.speed { Some(times) } else { None };
    options.reports.borrow_mut().begin(loaded, speed, &to(loaded, options));
    let outputs = Outputs {
        complete: reporter.borrow().complete().into_iter().collect(),
        journal: options.journal.writer().filter(|_| !options.is_virtual()).cloned(),
    };
    let mut watcher = Watcher {
        options,
        judge: Judge::new(loaded.plan.scenario().expectations.clone()),
        reporter,
        stopper: &stopper,
        advice: matches!(options.receiver, Receiver::Theirs)
            .then(|| Advice::new(options.speed, options.wait_for.is_some())),
    };
    let settings = Settings { outputs, ..settings(loaded, options) };
    let rest = tokio::select! {
        biased;
        // First, so that a signal from before the run lets nothing begin.
        () = signals.stop(&stopper, &interrupted) => Rest { not_started: 0, at_least: true, stopped: Duration::ZERO },
        () = stop_without(options.journal.writer(), &stopper) => unreachable!("it never ends"),
        rest = play_plan(loaded.plan.deliveries(), transport, &settings, &stop, &mut watcher) => rest,
        () = look(loaded, options, reporter, &settings.outputs) => unreachable!("it never ends"),
    };
    Ending { rest, interrupted: interrupted.get().or_else(|| signals.unseen()) }
}

/// Hears of everything that happens, and hands it to all who want to know.
struct Watcher<'a> {
    options: &'a RunOptions,
    judge: Judge,
    reporter: &'a RefCell<Reporter>,
    stopper: &'a Stopper,
    advice: Option<Advice>,
}

impl Observer for Watcher<'_> {
    fn take(&mut self, event: Event) {
        let Self { options, judge, advice, .. } = self;
        // What went out is in the journal already; in virtual time nothing goes out.
        if options.is_virtual() || !matches!(event, Event::Sent { .. }) {
            options.journal.take(&event);
        }
        options.reports.borrow_mut().take(&event);
        let complaints = judge.take(&event);
        if event.is_forbidden() || (options.fail_fast && !complaints.is_empty()) {
            self.stopper.stop();
        }
        let mut reporter = self.reporter.borrow_mut();
        reporter.take(&event);
        if let (Event::AttemptFinished { outcome, retry_in: Some(pause), .. }, Some(advice)) = (&event, advice) {
            advice.on(outcome, *pause).into_iter().for_each(|advice| reporter.remark(&advice));
        }
        for complaint in &complaints {
            options.journal.complain(complaint);
            options.reports.borrow_mut().complain(complaint);
            reporter.complain(complaint);
        }
        if options.is_virtual() {
            options.journal.writer().into_iter().for_each(Writer::wait_for_room);
        }
    }

    fn announce(&mut self, sent: &Event) {
        self.options.journal.take(sent);
    }
}

/// Nothing goes out that the journal does not tell of: once it cannot be written, nothing goes out any more.
async fn stop_without(journal: Option<&Writer>, stopper: &Stopper) {
    if let Some(journal) = journal {
        journal.ended().await;
        stopper.stop();
        stopper.abandon();
    }
    std::future::pending().await
}

/// Shows how far a run is, and says it if its own output holds it up. In virtual time neither is for long.
async fn look(loaded: &Loaded, options: &RunOptions, reporter: &RefCell<Reporter>, outputs: &Outputs) {
    if options.is_virtual() {
        return std::future::pending().await;
    }
    let (meter, planned) = (Meter::new(), planned(loaded));
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut is_told = false;
    loop {
        ticks.tick().await;
        meter.show_run(reporter.borrow().summary(), planned);
        if !is_told && outputs.are_in_the_way() {
            is_told = true;
            note(&format!(
                "{NOTE}note{NOTE:#}: the schedule stands still until its {} is read or written; that time is in no figure of the receiver",
                if options.format == Format::Ndjson { "output" } else { "journal" }
            ));
        }
    }
}

/// What the receiver is asked. The built-in one remembers nothing that it could be asked about.
fn probes(loaded: &Loaded, options: &RunOptions) -> Vec<Arc<Probe>> {
    let probes = &loaded.plan.scenario().probes;
    if matches!(options.receiver, Receiver::Theirs) {
        return probes.clone();
    }
    if !probes.is_empty() {
        note(&format!("{NOTE}note{NOTE:#}: no [[probe]] is asked: the built-in receiver keeps nothing to ask about"));
    }
    Vec::new()
}

fn settings(loaded: &Loaded, options: &RunOptions) -> Settings {
    let scenario = loaded.plan.scenario();
    Settings {
        speed: options.speed,
        started_at: if options.is_virtual() { loaded.epoch } else { wall_now() },
        probes: probes(loaded, options),
        max_in_flight: max_in_flight(options),
        ..Settings::of(scenario, loaded.addresses.clone(), loaded.epoch)
    }
}

/// How many requests may be on their way at once.
fn max_in_flight(options: &RunOptions) -> usize {
    /// Ten thousand tasks at once, with some to spare.
    const MOST: u64 = 12_000;
    /// Nothing spreads the load at full speed: enough to keep a receiver busy, not enough to overrun its backlog.
    const MOST_AT_FULL_SPEED: u64 = 64;
    /// For standard streams, the runtime, files.
    const OTHERS: u64 = 64;
    let most = if options.speed == Speed::Max { MOST_AT_FULL_SPEED } else { MOST };
    // What is sent badly on purpose has a connection of its own, beside the free ones. The sink has their other ends.
    let sockets = if matches!(options.receiver, Receiver::Sink(_)) { 4 } else { 2 };
    let descriptors = descriptors::raised_to(most * sockets + OTHERS);
    usize::try_from((descriptors.saturating_sub(OTHERS) / sockets).clamp(1, most)).unwrap_or(1)
}

fn reporter(loaded: &Loaded, options: &RunOptions) -> RefCell<Reporter> {
    let seed = loaded.plan.seed();
    let reporter = Reporter::new(options.format, options.is_virtual(), Summary::new(seed));
    reporter.write(&match options.format {
        Format::Human => {
            format!("{DIM}{}  seed {seed}  {}{DIM:#}\n", loaded.name, to(loaded, options))
        }
        Format::Ndjson => ndjson::json(&Header::new(&loaded.name, seed, loaded.epoch)),
    });
    RefCell::new(reporter)
}

/// Where callbacks go, for people.
fn to(loaded: &Loaded, options: &RunOptions) -> String {
    if options.is_virtual() {
        return "in virtual time, nothing is sent".into();
    }
    destinations(loaded)
}

/// How many deliveries there are, if that is soon counted.
fn planned(loaded: &Loaded) -> Option<u64> {
    let counted = loaded.plan.count(MAX_COUNTED);
    (counted < MAX_COUNTED).then_some(counted as u64)
}
