//! The library for tests in Rust: plays a scenario against a program, in process or over a socket.

mod report;
mod scenario;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Url;

pub use self::report::{Complaint, Report};
pub use self::scenario::{Scenario, ScenarioError};
pub use self::transport::{Http, InProcess, Transport};
use crate::dice::Dice;
use crate::engine::event::Event;
use crate::engine::judge::Judge;
use crate::engine::pace::Speed;
use crate::engine::player::play;
use crate::engine::settings::{Addresses, Settings};
use crate::engine::stop::stop;
use crate::engine::transport::http::Headers;
use crate::plan::Plan;
use crate::report::plan::Planned;
use crate::time::{UnixMillis, wall_now};

/// The most requests on their way at once; at full speed nothing else spreads them.
const MAX_IN_FLIGHT: usize = 1000;
const MAX_IN_FLIGHT_AT_FULL_SPEED: usize = 64;

/// Plays a scenario against the program under test, as `pullpush run` does. See the [crate](crate) for an example.
#[derive(Clone)]
pub struct Emitter {
    scenario: Scenario,
    seed: u64,
    epoch: UnixMillis,
    to: Option<String>,
    speed: Speed,
}

impl Emitter {
    /// With the seed and the epoch of the scenario, or else a drawn seed and the time of day; the [`Report`] tells both.
    pub fn new(scenario: Scenario) -> Self {
        let seed = scenario.0.seed.unwrap_or_else(Dice::draw_seed);
        let epoch = scenario.0.payload.epoch.unwrap_or_else(wall_now);
        Self { scenario, seed, epoch, to: None, speed: Speed::REAL }
    }

    /// Draws everything that is drawn from this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The time that scenario time 0 is told as in bodies. There is no other clock to choose: time passes as tokio's does.
    #[must_use]
    pub fn epoch(mut self, epoch: SystemTime) -> Self {
        self.epoch = epoch.into();
        self
    }

    /// Where callbacks go, whatever the scenario says. In process it is what the program is told as the URL.
    #[must_use]
    pub fn to(mut self, url: impl Into<String>) -> Self {
        self.to = Some(url.into());
        self
    }

    /// How fast scenario time passes on tokio's clock.
    #[must_use]
    pub fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// What would be sent, in order of time, if everything is acknowledged at once. The same seed and epoch, the same bytes.
    /// It is made as it is asked for; of a task that is never over it has no end.
    ///
    /// ```
    /// use pullpush::{Emitter, Scenario};
    ///
    /// let emitter = Emitter::new(Scenario::read("scenarios/playlist.toml")?).seed(7);
    /// let first = emitter.plan().next().expect("a task starts");
    /// assert_eq!((first.callback(), first.task_id()), ("TaskStart", "86998779"));
    /// # Ok::<(), pullpush::ScenarioError>(())
    /// ```
    pub fn plan(&self) -> impl Iterator<Item = PlannedCallback> + use<> {
        let (addresses, epoch, scenario) = (self.addresses(), self.epoch, Arc::clone(&self.scenario.0));
        let sent = self.planned().deliveries().filter(|delivery| !delivery.faults.dropped);
        sent.map(move |delivery| {
            let planned =
                Planned { delivery: &delivery, payload: &scenario.payload, epoch, addresses: &addresses, due: None };
            PlannedCallback {
                offset: delivery.offset.to_duration(),
                task_id: delivery.task.id().into_owned(),
                callback: delivery.callback.name().to_owned(),
                body: planned.body(),
            }
        })
    }

    /// Plays it to its end. A task that is never over, such as an endless loop, has none.
    ///
    /// The future stays on its thread: await it in the test itself, not in `tokio::spawn`.
    ///
    /// # Panics
    /// If it is not awaited on a tokio runtime with its clock (`enable_all`, as tests have it).
    pub async fn run<T: Transport>(&self, transport: &T) -> Report {
        let mut report = Report::of(self.seed, self.epoch);
        let opened = self.headers().and_then(|headers| transport.open(headers));
        let checked = self.check(T::GOES_OUT).map_err(str::to_owned);
        let transport = match checked.and(opened) {
            Ok(transport) => transport,
            Err(reason) => {
                report.not_run = Some(reason);
                return report;
            }
        };
        let (stopper, stop) = stop();
        let mut judge = Judge::new(self.scenario.0.expectations.clone());
        let mut observer = |event: Event| {
            report.summary.take(&event);
            judge.take(&event).iter().for_each(|complaint| report.complain(complaint));
            if event.is_forbidden() {
                stopper.stop();
            }
        };
        let settings = self.settings(T::GOES_OUT);
        let rest = play(self.planned().deliveries(), &transport, &settings, &stop, &mut observer).await;
        report.summary.finish(rest);
        report
    }

    fn planned(&self) -> Plan {
        Plan::new(Arc::clone(&self.scenario.0), self.seed)
    }

    fn addresses(&self) -> Addresses {
        let default = self.scenario.0.receiver.url.clone();
        Addresses::new(self.to.clone(), default.unwrap_or_else(|| Addresses::NOWHERE.to_owned()))
    }

    fn check(&self, goes_out: bool) -> Result<(), &'static str> {
        if !self.speed.is_possible() {
            return Err("`speed` is outside 0.001 to 1000000 times");
        }
        match self.to.as_deref().map(Url::parse) {
            Some(Ok(url)) if matches!(url.scheme(), "http" | "https") => Ok(()),
            Some(_) => Err("`to` is no URL that can be called; write it whole, such as http://127.0.0.1:8080/callback"),
            None if goes_out && !self.has_addresses() => {
                Err("it is nowhere said where callbacks go: call `to`, or write `url` into [receiver]")
            }
            None => Ok(()),
        }
    }

    /// Whether the scenario says of every callback where it goes.
    fn has_addresses(&self) -> bool {
        let Scenario(scenario) = &self.scenario;
        scenario.receiver.url.is_some() || scenario.tasks.iter().all(|task| task.callback_url.is_some())
    }

    fn headers(&self) -> Result<Headers, String> {
        let receiver = &self.scenario.0.receiver;
        Headers::of(receiver.user_agent.as_deref(), &receiver.headers).map_err(|error| format!("[receiver]: {error}"))
    }

    fn settings(&self, goes_out: bool) -> Settings {
        let full = self.speed == Speed::Max;
        Settings {
            speed: self.speed,
            // Whoever is elsewhere has the time of day.
            started_at: if goes_out { wall_now() } else { self.epoch },
            max_in_flight: if full { MAX_IN_FLIGHT_AT_FULL_SPEED } else { MAX_IN_FLIGHT },
            ..Settings::of(&self.scenario.0, self.addresses(), self.epoch)
        }
    }
}

/// Without what may be secret: addresses and headers.
impl fmt::Debug for Emitter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, epoch, speed, .. } = self;
        out.debug_struct("Emitter")
            .field("seed", seed)
            .field("epoch", epoch)
            .field("speed", speed)
            .finish_non_exhaustive()
    }
}

/// A callback as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCallback {
    offset: Duration,
    task_id: String,
    callback: String,
    body: Vec<u8>,
}

impl PlannedCallback {
    /// Scenario time at which it is due.
    pub fn offset(&self) -> Duration {
        self.offset
    }

    /// Whose it is.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// Its name, such as `TaskStart`: what a body calls `callback_event`.
    pub fn callback(&self) -> &str {
        &self.callback
    }

    /// The exact body of the first attempt.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
