//! `pullpush load` and `pullpush merge`

mod again;
mod merge;
mod result;
mod view;

pub(super) use merge::merge;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use self::again::again;
use self::result::{finish, header};
use self::view::View;
use super::connect::{addresses, admit, destinations, http};
use super::files::Files;
use super::loaded::{Loaded, load as load_scenario};
use super::output::note;
use super::run::block_on;
use super::signals::Signals;
use super::wait;
use crate::cli::args::{LoadArgs, shard};
use crate::engine::load::live::Live;
use crate::engine::load::{Halt, Load, generate};
use crate::engine::measure::Measurement;
use crate::engine::settings::Addresses;
use crate::engine::transport::guard::Guard;
use crate::engine::transport::http::HttpTransport;
use crate::exit_code::{Exit, Failure, panic_text};
use crate::report::style::{DIM, NOTE};
use crate::scenario::expect::Expectations;
use crate::scenario::extent::too_many;
use crate::scenario::load::{LoadSpec, Shard, Unit};
use crate::sink::misbehaviour::Misbehaviour;
use crate::sink::server::{Limits, listen, serve};
use crate::time::{Millis, UnixMillis, wall_now};

/// The most requests, unless it is said otherwise.
const MAX_REQUESTS: u64 = 100_000_000;
/// How long the workers have to get ready: on a busy machine a new thread has to wait for its turn, and the first callbacks would be late.
const START: Duration = Duration::from_millis(100);
/// How long requests on their way may take to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// Makes a load and measures it.
///
/// # Errors
/// [`Failure`] if it could not be made, or its result not written.
pub(super) fn load(args: &LoadArgs) -> Result<Exit, Failure> {
    let mut scenario = args.scenario.clone();
    scenario.set.extend(args.load.overrides());
    let mut loaded = load_scenario(&args.file, &scenario)?;
    let mut files = Files::default();
    files.connects(&args.connect);
    files.reads_scenario(&args.file, loaded.source.as_ref());
    files.writes("--report", args.report.as_deref())?;
    files.writes("--hdr", args.hdr.as_deref())?;
    let spec = loaded
        .plan
        .scenario()
        .load
        .clone()
        .ok_or_else(|| Failure::usage(format!("{} has no [load]: add --rate 500, or --rate max", loaded.name)))?;
    let shard = self::shard(args.shard.as_deref(), &spec)?;
    if shard != Shard::WHOLE && args.scenario.seed.is_none() && loaded.plan.scenario().seed.is_none() {
        return Err(Failure::usage("the shards of a load need the same seed, and this one is drawn: add --seed 1"));
    }
    if let Some(why) = too_many(&loaded.plan.scenario().tasks, &spec, args.speed.unwrap_or(1.0)) {
        return Err(Failure::usage(why));
    }
    block_on(false, async {
        let mut signals = Signals::catch([&loaded.plan]);
        let sink = if args.sink { Some(sink(&mut loaded, args)?) } else { None };
        let transport = tokio::select! {
            ready = set_up(args, &loaded) => ready?,
            exit = signals.next() => {
                note("stopped before anything was sent");
                return Ok(exit);
            }
        };
        let scenario = loaded.plan.scenario();
        if !scenario.probes.is_empty() || scenario.expectations != Expectations::default() {
            note(&format!(
                "{NOTE}note{NOTE:#}: a load asks no [[probe]] and judges no [expect]: an answer other than 200 is an error"
            ));
        }
        let mut load = of(args, &loaded, spec, shard);
        let header = header(args, &loaded, &load)?;
        spare_descriptors(args, &mut load);
        note(&format!(
            "{DIM}{}  seed {}  {}  {}{DIM:#}",
            loaded.name,
            header.seed,
            header.offered,
            destinations(&loaded)
        ));
        let (measured, interrupted) = make(args, &load, transport, &mut signals).await?;
        let exit = finish(args, header, (&loaded, &load), &measured)?;
        if let Some(sink) = sink.filter(JoinHandle::is_finished) {
            let reason = sink.join().map_or_else(|payload| panic_text(payload.as_ref()), |()| "it ended".to_owned());
            return Err(Failure::could_not_run(format!("the built-in receiver failed: {reason}; please report this")));
        }
        // Being interrupted is no failure to look into.
        if exit != Exit::Success && interrupted.is_none() {
            note(&format!("again: {}", again(args, &loaded)));
        }
        Ok(interrupted.unwrap_or(Exit::Success).and(exit))
    })?
}

/// The shard that was typed, or that the environment tells of.
///
/// # Errors
/// [`Failure`] if there is no such shard, or the load cannot be divided so.
pub(super) fn shard(typed: Option<&str>, spec: &LoadSpec) -> Result<Shard, Failure> {
    #[expect(clippy::disallowed_methods, reason = "array jobs name their parts in variables that are not ours")]
    let environment = |name: &str| std::env::var(name).ok();
    let shard = shard::of(typed, environment).map_err(|why| Failure::usage(format!("--shard: {why}")))?;
    let Shard { count, .. } = shard;
    if spec.unit == Unit::Callback && !spec.tasks.is_multiple_of(count) {
        return Err(Failure::usage(format!(
            "{} tasks at once cannot be divided into {count} shards of whole tasks; add --set load.tasks={}",
            spec.tasks,
            spec.tasks.next_multiple_of(count)
        )));
    }
    if spec.max_in_flight < count {
        return Err(Failure::usage(format!(
            "{} requests at once cannot be divided into {count} shards; add --set load.max_in_flight={count}",
            spec.max_in_flight
        )));
    }
    Ok(shard)
}

/// Everything that can go wrong before anything is sent.
async fn set_up(args: &LoadArgs, loaded: &Loaded) -> Result<HttpTransport, Failure> {
    let transport = http(loaded, &args.connect)?;
    let urls = addresses(loaded)?;
    admit(&urls, &transport, args.wait_for.is_some()).await?;
    if let Some(limit) = args.wait_for {
        let guard = Guard { allow_remote: args.connect.allow_remote };
        wait::until_accepting(&urls, guard, *limit).await?;
    }
    Ok(transport)
}

fn of(args: &LoadArgs, loaded: &Loaded, spec: LoadSpec, shard: Shard) -> Load {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    // A worker needs a permit at least, and a task.
    let tasks = if spec.unit == Unit::Callback { shard.part_of(spec.tasks) } else { u64::MAX };
    let workers = cores.min(shard.part_of(spec.max_in_flight)).min(tasks).max(1);
    Load {
        plan: loaded.plan.clone(),
        shard,
        workers,
        speed: args.speed.unwrap_or(1.0),
        max_requests: args.max_requests.unwrap_or(MAX_REQUESTS),
        addresses: loaded.addresses.clone(),
        epoch: loaded.epoch,
        grace: GRACE,
        spec,
    }
}

/// Sees to it that every request has a descriptor for its socket; if the system does not give so many, has fewer at once.
fn spare_descriptors(args: &LoadArgs, load: &mut Load) {
    /// For standard streams, the runtimes, files.
    const OTHERS: u64 = 64;
    let wanted = load.shard.part_of(load.spec.max_in_flight);
    // What is sent badly on purpose has a connection of its own, beside the free ones; the sink has the other ends.
    let faults = load.plan.scenario().tasks.iter().any(|spec| spec.may_fail());
    let sockets = if faults { 2 } else { 1 } * if args.sink { 2 } else { 1 };
    let descriptors = super::descriptors::raised_to(wanted * sockets + OTHERS);
    let possible = (descriptors.saturating_sub(OTHERS) / sockets).max(1);
    if possible < wanted {
        load.spec.max_in_flight = possible * load.shard.count;
        note(&format!(
            "{NOTE}note{NOTE:#}: at most {possible} requests at once, not {wanted}: this process may open {descriptors} files only; \
             raise that, `ulimit -n {}`",
            wanted * sockets + OTHERS
        ));
    }
}

async fn make(
    args: &LoadArgs,
    load: &Load,
    transport: HttpTransport,
    signals: &mut Signals,
) -> Result<(Measurement, Option<Exit>), Failure> {
    let live: Arc<Vec<Live>> = Arc::new((0..load.workers).map(|_| Live::default()).collect());
    let halt = Halt::default();
    let began = Instant::now() + pause(args);
    let (done, mut measured) = oneshot::channel();
    let generator = {
        let (load, live, halt) = (load.clone(), Arc::clone(&live), halt.clone());
        move || {
            // Connections belong to a runtime: each worker has its own.
            let measured = generate(&load, began, || transport.another(), &live, &halt);
            // Nobody waits any more only if the process is ending.
            let _ = done.send(measured);
        }
    };
    std::thread::Builder::new().spawn(generator).map_err(|error| cannot_start(&error))?;
    let mut view = View::new(load, began);
    let mut interrupted = None;
    loop {
        tokio::select! {
            biased;
            result = &mut measured => {
                let measured = result.map_err(|_| Failure::could_not_run("the generator failed; please report this"))?;
                let measured = measured.map_err(|error| cannot_start(&error))?;
                if load.plan.cutoff().is_cut() {
                    note("not all that was planned has been counted: planned and not started are at least so many");
                }
                return Ok((measured, interrupted.or_else(|| signals.unseen())));
            }
            exit = signals.next() => {
                if interrupted.is_some() {
                    halt.abandon();
                } else {
                    interrupted = Some(exit);
                    note("stopping: what is on its way may end; once more to end at once");
                    halt.halt();
                }
            }
            () = view.tick() => view.show(&live),
        }
    }
}

fn cannot_start(error: &std::io::Error) -> Failure {
    Failure::could_not_run(format!(
        "the load cannot be started: {error}. Each worker needs two threads and a few files: see `ulimit -u` and `ulimit -n`"
    ))
}

/// How long it is until the load's time 0.
fn pause(args: &LoadArgs) -> Duration {
    let wanted = args.start_at.map(|at| UnixMillis::from(*at).0.saturating_sub(wall_now().0));
    Duration::from_millis(wanted.unwrap_or(0)).max(START)
}

/// The built-in receiver, on a thread of its own; it ends with the process.
fn sink(loaded: &mut Loaded, args: &LoadArgs) -> Result<JoinHandle<()>, Failure> {
    let cannot = |why: String| Failure::could_not_run(format!("the built-in receiver cannot be started: {why}"));
    let (tell, address) = std::sync::mpsc::channel::<Result<std::net::SocketAddr, String>>();
    let key = loaded.plan.scenario().payload.key.clone();
    let began = wall_now().plus(Millis::from_duration(pause(args)));
    let mut sink = super::play::sink(key, Misbehaviour::default(), loaded, began, 1.0);
    let serving = std::thread::Builder::new().spawn(move || {
        let served = block_on(false, async {
            let listening = listen((std::net::Ipv4Addr::LOCALHOST, 0).into());
            match listening.and_then(|listener| Ok((listener.local_addr()?, listener))) {
                Ok((address, listener)) => {
                    let _ = tell.send(Ok(address));
                    serve(listener, &mut sink, Limits::default(), std::future::pending(), |_| {}).await;
                }
                Err(error) => drop(tell.send(Err(format!("cannot listen on a loopback port: {error}")))),
            }
        });
        if let Err(failure) = served {
            let _ = tell.send(Err(failure.message));
        }
    });
    let serving = serving.map_err(|error| cannot(error.to_string()))?;
    // It says one or the other, unless it panics.
    let address = address.recv().map_err(|_| cannot("it failed".to_owned()))?.map_err(cannot)?;
    loaded.addresses = Addresses::new(Some(format!("http://{address}/")), String::new());
    Ok(serving)
}
