//! What was typed for `load` and `merge`.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use humantime::{Duration, Timestamp};

use super::{ConnectArgs, ListFormat, ScenarioArgs};

/// `pullpush load`
#[derive(Debug, Args)]
#[command(
    after_help = "Arrivals follow the plan and never wait for answers; latency counts from the time when a callback was due.

Examples:
  pullpush load playlist.toml --to http://127.0.0.1:8080/callback --rate 500
  pullpush load playlist.toml --sink --rate 500 --threshold 'p99<250ms'
  pullpush load playlist.toml --sink --rate max --duration 5s"
)]
pub struct LoadArgs {
    /// Scenario file: its tasks, again and again
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub scenario: ScenarioArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub load: OfferedArgs,
    /// Send to the built-in receiver on a free loopback port
    #[arg(long)]
    pub sink: bool,
    /// How fast the tasks of unit task go: 1x, 60x [default: 1x]
    #[arg(long, value_name = "SPEED", value_parser = times)]
    pub speed: Option<f64>,
    /// At most so many requests [default: 100000000]
    #[arg(long, value_name = "N")]
    pub max_requests: Option<u64>,
    /// This machine's part of the load, i/n from 0; auto takes it from the environment of a Kubernetes or SLURM array job
    #[arg(long, value_name = "i/n|auto")]
    pub shard: Option<String>,
    /// Begin at this time, on every machine
    #[arg(long, value_name = "TIME")]
    pub start_at: Option<Timestamp>,
    /// Write the result as JSON to this file; `pullpush merge` adds several up
    #[arg(long, value_name = "json=FILE", value_parser = json_file)]
    pub report: Option<PathBuf>,
    /// Write the latencies as an HdrHistogram log to this file
    #[arg(long, value_name = "FILE")]
    pub hdr: Option<PathBuf>,
    /// Wait until the receiver accepts connections, at most so long
    #[arg(long, value_name = "TIME", env = "PULLPUSH_WAIT_FOR")]
    pub wait_for: Option<Duration>,
    /// How the result is written
    #[arg(long, value_enum, default_value = "human")]
    pub format: ListFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}

impl LoadArgs {
    /// `--sink` leaves no room for `--to`: an error if that is typed too, and what the environment says of it does not count.
    pub(super) fn settle(&mut self, matches: &ArgMatches) -> Result<(), String> {
        if self.sink && matches.value_source("to") == Some(ValueSource::CommandLine) {
            return Err("the argument '--sink' cannot be used with '--to <URL>'".to_owned());
        }
        if self.sink {
            self.scenario.to = None;
        }
        Ok(())
    }
}

/// What is offered: each flag stands for a key of `[load]`.
#[derive(Debug, Clone, Args)]
pub struct OfferedArgs {
    /// Arrivals a second, or max: as many as the receiver answers
    #[arg(long, value_name = "N|max")]
    pub rate: Option<String>,
    /// How long [default: 10s]
    #[arg(long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Ramps: 30s@50,1m@200 goes to 50 a second, then to 200
    #[arg(long, value_name = "STAGES")]
    pub stages: Option<String>,
    /// Evenly or at random [default: constant]
    #[arg(long, value_name = "constant|poisson")]
    pub arrivals: Option<String>,
    /// Callbacks of many tasks in turn, or whole tasks in their own time [default: callback]
    #[arg(long, value_name = "callback|task")]
    pub unit: Option<String>,
    /// The most requests on their way at once [default: 1000; with --rate max 64]
    #[arg(long, value_name = "N")]
    pub max_in_flight: Option<String>,
    /// What happens to a callback when that many are [default: drop]
    #[arg(long, value_name = "drop|queue")]
    pub on_saturation: Option<String>,
    /// Do not measure the beginning
    #[arg(long, value_name = "TIME")]
    pub warm_up: Option<String>,
    /// What must hold in the end: p99<250ms, errors<1%, dropped==0 (repeatable)
    #[arg(long, value_name = "THRESHOLD")]
    pub threshold: Vec<String>,
}

impl OfferedArgs {
    /// What was typed: flags and their values.
    pub fn typed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let flags = [
            ("--rate", &self.rate),
            ("--duration", &self.duration),
            ("--stages", &self.stages),
            ("--arrivals", &self.arrivals),
            ("--unit", &self.unit),
            ("--max-in-flight", &self.max_in_flight),
            ("--on-saturation", &self.on_saturation),
            ("--warm-up", &self.warm_up),
        ];
        let typed = flags.into_iter().filter_map(|(flag, value)| Some((flag, value.as_deref()?)));
        typed.chain(self.threshold.iter().map(|threshold| ("--threshold", threshold.as_str())))
    }

    /// The overrides that these flags stand for.
    pub fn overrides(&self) -> Vec<String> {
        let quoted = |text: &str| format!("{text:?}");
        let number = |text: &str| if text.parse::<f64>().is_ok() { text.to_owned() } else { quoted(text) };
        let keys = [
            ("rate", self.rate.as_deref().map(number)),
            ("duration", self.duration.as_deref().map(quoted)),
            ("stages", self.stages.as_deref().map(quoted)),
            ("arrivals", self.arrivals.as_deref().map(quoted)),
            ("unit", self.unit.as_deref().map(quoted)),
            ("max_in_flight", self.max_in_flight.as_deref().map(number)),
            ("on_saturation", self.on_saturation.as_deref().map(quoted)),
            ("warm_up", self.warm_up.as_deref().map(quoted)),
        ];
        let thresholds: Vec<_> = self.threshold.iter().map(|text| quoted(text)).collect();
        let thresholds = (!thresholds.is_empty()).then(|| format!("load.thresholds=[{}]", thresholds.join(", ")));
        let keys = keys.into_iter().filter_map(|(key, value)| Some(format!("load.{key}={}", value?)));
        keys.chain(thresholds).collect()
    }
}

/// `pullpush merge`
#[derive(Debug, Args)]
#[command(after_help = "Example:
  pullpush merge shard-0.json shard-1.json")]
pub struct MergeArgs {
    /// Results of `pullpush load --report json=FILE`, of the same load
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the sum as JSON to this file
    #[arg(long, value_name = "json=FILE", value_parser = json_file)]
    pub report: Option<PathBuf>,
    /// How the sum is written
    #[arg(long, value_enum, default_value = "human")]
    pub format: ListFormat,
}

fn json_file(text: &str) -> Result<PathBuf, String> {
    match text.strip_prefix("json=") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => Err("write json=FILE".to_owned()),
    }
}

fn times(text: &str) -> Result<f64, String> {
    match text.strip_suffix('x').unwrap_or(text).parse::<f64>() {
        Ok(times) if (0.001..=1_000_000.0).contains(&times) => Ok(times),
        _ => Err("write it like 60x or 0.5x".to_owned()),
    }
}
