//! `pullpush load` and `pullpush merge`

mod merge;
mod result;
mod view;

pub(super) use merge::merge;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::result::{finish, header};
use self::view::View;
use super::connect::{addresses, admit, http, settings};
use super::loaded::{Loaded, load as load_scenario};
use super::output::note;
use super::run::block_on;
use super::signals::Signals;
use super::wait;
use crate::cli::{LoadArgs, shard};
use crate::error::{Exit, Failure};
use crate::generator::live::Live;
use crate::generator::{Halt, Load, generate};
use crate::load::{LoadSpec, Shard, Unit};
use crate::measure::Measurement;
use crate::run::settings::Addresses;
use crate::sink::Sink;
use crate::sink::misbehaviour::Misbehaviour;
use crate::sink::server::{Limits, listen, serve};
use crate::time::{UnixMillis, wall_now};
use crate::transport::direct::DirectTransport;
use crate::transport::guard::Guard;
use crate::transport::http::{Connector, HttpTransport, SystemResolver};

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
    let spec = loaded
        .plan
        .scenario()
        .load
        .clone()
        .ok_or_else(|| Failure::usage(format!("{} has no [load]: add --rate 500, or --rate max", loaded.name)))?;
    let shard = self::shard(args.shard.as_deref())?;
    if spec.unit == Unit::Callback && spec.tasks % shard.count != 0 {
        return Err(Failure::usage(format!(
            "{} tasks at once cannot be divided into {} shards of whole tasks; add --set load.tasks={}",
            spec.tasks,
            shard.count,
            spec.tasks.next_multiple_of(shard.count)
        )));
    }
    block_on(false, async {
        let mut signals = Signals::catch();
        let sink = if args.sink { Some(sink(&mut loaded)?) } else { None };
        let ready = tokio::select! {
            ready = set_up(args, &loaded) => ready?,
            exit = signals.next() => return Ok(exit),
        };
        let load = of(args, &loaded, spec, shard);
        let header = header(args, &loaded, &load)?;
        let (measured, interrupted) = make(args, &loaded, &load, ready, &mut signals).await?;
        drop(sink);
        let exit = finish(args, header, &load, &measured)?;
        Ok(interrupted.unwrap_or(Exit::Success).and(exit))
    })?
}

/// The shard that was typed, or that the environment tells of.
///
/// # Errors
/// [`Failure`] if there is no such shard.
pub(super) fn shard(typed: Option<&str>) -> Result<Shard, Failure> {
    #[expect(clippy::disallowed_methods, reason = "array jobs name their parts in variables that are not ours")]
    let environment = |name: &str| std::env::var(name).ok();
    shard::of(typed, environment).map_err(|why| Failure::usage(format!("--shard: {why}")))
}

/// Whether all callbacks go over plain http, where the lean transport can be used.
struct Ready {
    is_plain: bool,
}

/// Everything that can go wrong before anything is sent.
async fn set_up(args: &LoadArgs, loaded: &Loaded) -> Result<Ready, Failure> {
    let transport = http(loaded, &args.connect)?;
    let urls = addresses(loaded)?;
    admit(&urls, &transport).await?;
    if let Some(limit) = args.wait_for {
        let guard = Guard { allow_remote: args.connect.allow_remote };
        wait::until_accepting(&urls, guard, *limit).await?;
    }
    let is_plain = urls.iter().all(|url: &Url| url.scheme() == "http");
    let faults = loaded.plan.scenario().tasks.iter().any(|spec| spec.may_fail());
    Ok(Ready { is_plain: is_plain && !faults })
}

fn of(args: &LoadArgs, loaded: &Loaded, spec: LoadSpec, shard: Shard) -> Load {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    // A worker needs a permit at least.
    let workers = cores.min(shard.part_of(spec.max_in_flight)).max(1);
    Load {
        plan: loaded.plan.clone(),
        shard,
        workers,
        speed: args.speed,
        max_requests: args.max_requests,
        addresses: loaded.addresses.clone(),
        epoch: loaded.epoch,
        grace: GRACE,
        spec,
    }
}

async fn make(
    args: &LoadArgs,
    loaded: &Loaded,
    load: &Load,
    ready: Ready,
    signals: &mut Signals,
) -> Result<(Measurement, Option<Exit>), Failure> {
    super::play::descriptors(load.spec.max_in_flight * if args.sink { 4 } else { 2 } + 64);
    let http = settings(loaded, &args.connect)?;
    let whole = super::connect::http(loaded, &args.connect)?;
    let live: Arc<Vec<Live>> = Arc::new((0..load.workers).map(|_| Live::default()).collect());
    let halt = Halt::default();
    let began = began(args);
    let (done, mut measured) = oneshot::channel();
    let generator = {
        let (load, live, halt) = (load.clone(), Arc::clone(&live), halt.clone());
        move || {
            let measured = if ready.is_plain {
                let lean = || {
                    let connector = Connector::new(http.guard, Arc::new(SystemResolver));
                    DirectTransport::new(connector, &http.headers)
                };
                generate(&load, began, lean, &live, &halt)
            } else {
                // A client's connections belong to a runtime: each worker has a client of its own.
                generate(
                    &load,
                    began,
                    || HttpTransport::new(&http, Arc::new(SystemResolver)).unwrap_or_else(|_| whole.clone()),
                    &live,
                    &halt,
                )
            };
            // Nobody waits any more only if the process is ending.
            let _ = done.send(measured);
        }
    };
    std::thread::spawn(generator);
    let mut view = View::new(load, began);
    let mut interrupted = None;
    loop {
        tokio::select! {
            biased;
            result = &mut measured => {
                view.clear();
                let measured = result.map_err(|_| Failure::could_not_run("the generator failed"))?;
                return Ok((measured, interrupted));
            }
            exit = signals.next() => {
                if interrupted.replace(exit).is_none() {
                    note("stopping: what is on its way may end; once more to end at once");
                }
                halt.halt();
            }
            () = view.tick() => view.show(&live),
        }
    }
}

/// The load's time 0.
fn began(args: &LoadArgs) -> Instant {
    let wanted = args.start_at.map(|at| UnixMillis::from(*at).0.saturating_sub(wall_now().0));
    Instant::now() + Duration::from_millis(wanted.unwrap_or(0)).max(Duration::from_millis(20))
}

/// The built-in receiver, on a thread of its own; it ends with the process.
fn sink(loaded: &mut Loaded) -> Result<std::thread::JoinHandle<()>, Failure> {
    let (tell, address) = std::sync::mpsc::channel();
    let key = loaded.plan.scenario().payload.key.clone();
    let thread = std::thread::spawn(move || {
        // The other end hears of a failure by the closed channel.
        let _ = block_on(false, async {
            let Ok(listener) = listen((std::net::Ipv4Addr::LOCALHOST, 0).into()) else { return };
            let Ok(address) = listener.local_addr() else { return };
            let _ = tell.send(address);
            let mut sink = Sink::new(key, Misbehaviour::default());
            serve(listener, &mut sink, Limits::default(), std::future::pending(), |_| {}).await;
        });
    });
    let address = address.recv().map_err(|_| Failure::could_not_run("cannot listen on a loopback port"))?;
    loaded.addresses = Addresses::new(Some(format!("http://{address}/")), String::new());
    Ok(thread)
}
