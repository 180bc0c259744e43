//! What was typed.

mod contract;
mod explore;

pub use contract::ContractArgs;
pub use explore::ExploreArgs;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use humantime::{Duration, Timestamp};

use crate::run::pace::Speed;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Sends your program the callbacks of Tencent Cloud's relay tasks (CSS pull-push, event_type 314), from your own desk
///
/// A TOML scenario describes relay tasks; pullpush works out what the service would send and when, and POSTs it to your
/// URL: true to the byte, on time, with exits that are not final and retries that come late.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Begin here:
  pullpush init                               write a scenario to begin with
  pullpush run playlist.toml --sink           play it against the built-in receiver
  pullpush run playlist.toml --to http://127.0.0.1:8080/callback

Exit codes: 0 all well, 1 the receiver failed, 2 nothing was run (usage, scenario), 3 could not run,
6 nothing selected, 130 interrupted, 143 terminated.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line and the environment; if they cannot be meant, says why and ends the process.
    pub fn read() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
        if let (Command::Run(run), Some(matches)) = (&mut cli.command, matches.subcommand_matches("run"))
            && let Err(contradiction) = run.settle(matches)
        {
            let run = command.find_subcommand("run").cloned();
            run.unwrap_or(command).error(ErrorKind::ArgumentConflict, contradiction).exit();
        }
        cli
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play scenarios against a receiver
    Run(RunArgs),
    /// Find the smallest disorder, or the smallest cause, that a receiver cannot stand
    Explore(ExploreArgs),
    /// Hold a receiver against a few dozen rules, and print its report card
    Contract(ContractArgs),
    /// Check scenario files without any network
    Check(CheckArgs),
    /// Show what would be sent, and when, without any network
    Plan(PlanArgs),
    /// Send one callback now; without --to print its body
    Send(SendArgs),
    /// Be a receiver: answer 200 {"code":0}, show and check what comes
    Sink(SinkArgs),
    /// List the scenarios that come with pullpush
    #[command(after_help = "Example:\n  pullpush list | grep exit")]
    List,
    /// Print a scenario that comes with pullpush
    Show(ShowArgs),
    /// Write a scenario file to begin with
    Init(InitArgs),
    /// List the TaskExit codes and who says so
    Codes(CodesArgs),
    /// Sign an expiry by hand
    Sign(SignArgs),
    /// Verify a signature by hand
    Verify(VerifyArgs),
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object a line, for programs.
    Ndjson,
}

/// How lists and problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Human,
    /// One JSON object a line, for programs.
    Json,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people.
    Table,
    /// One delivery a line, for programs.
    Ndjson,
    /// A curl command for each delivery.
    Curl,
}

/// What decides a plan.
#[derive(Debug, Clone, Args)]
pub struct ScenarioArgs {
    /// Where callbacks go; wins over everything in the file
    #[arg(long, value_name = "URL", env = "PULLPUSH_TO")]
    pub to: Option<String>,
    /// The seed of everything that is left to chance [default: the file's, else drawn]
    #[arg(long, value_name = "N", env = "PULLPUSH_SEED")]
    pub seed: Option<u64>,
    /// The instant of scenario time 0 [default: the file's, else now]
    #[arg(long, value_name = "TIME", env = "PULLPUSH_EPOCH")]
    pub epoch: Option<Timestamp>,
    /// Set a value of the file: receiver.retry=none, task.1.count=20 (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// One task only: its number (from 1) or its task_id
    #[arg(long, value_name = "task=N", value_parser = only)]
    pub only: Option<String>,
}

fn only(text: &str) -> Result<String, String> {
    match text.strip_prefix("task=") {
        Some(task) if !task.is_empty() => Ok(task.to_owned()),
        _ => Err("write task=N, with a task's number (from 1) or its task_id".to_owned()),
    }
}

/// Whom pullpush may send to, and how.
#[derive(Debug, Clone, Args)]
pub struct ConnectArgs {
    /// Allow addresses that are neither loopback nor private
    #[arg(long, env = "PULLPUSH_ALLOW_REMOTE", value_parser = BoolishValueParser::new())]
    pub allow_remote: bool,
    /// Take any TLS certificate
    #[arg(long, short = 'k', env = "PULLPUSH_INSECURE", value_parser = BoolishValueParser::new())]
    pub insecure: bool,
    /// Trust the certificates in this PEM file too
    #[arg(long, value_name = "FILE", env = "PULLPUSH_CACERT")]
    pub cacert: Option<PathBuf>,
}

/// How the built-in receiver misbehaves.
#[derive(Debug, Clone, Copy, Args)]
pub struct MisbehaviourArgs {
    /// The built-in receiver fails the first N requests, then behaves
    #[arg(long, value_name = "N")]
    pub fail_first: Option<u64>,
    /// The status it fails with [default: 500 with --fail-first]; without --fail-first for every request
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=599))]
    pub status: Option<u16>,
    /// It waits before it answers
    #[arg(long, value_name = "TIME")]
    pub delay: Option<Duration>,
    /// It closes the connection without an answer
    #[arg(long)]
    pub drop_connection: bool,
}

impl MisbehaviourArgs {
    /// Whether anything was typed.
    pub fn any(&self) -> bool {
        self.fail_first.is_some() || self.status.is_some() || self.delay.is_some() || self.drop_connection
    }
}

/// `pullpush run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush run playlist.toml --to http://127.0.0.1:8080/callback
  pullpush run playlist.toml --sink --speed 60x
  pullpush run day.toml --virtual --seed 7")]
pub struct RunArgs {
    /// Scenario files, played one after the other
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub scenario: ScenarioArgs,
    /// Send to the built-in receiver on a free loopback port
    #[arg(long, conflicts_with = "in_virtual_time")]
    pub sink: bool,
    /// Play in virtual time against a receiver in memory: a day in milliseconds, nothing is sent
    #[arg(long = "virtual", id = "in_virtual_time")]
    pub in_virtual_time: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub misbehaviour: MisbehaviourArgs,
    /// How fast scenario time runs: 1x, 60x, max; retry pauses too, timeouts not
    #[arg(long, default_value = "1x", value_name = "SPEED", env = "PULLPUSH_SPEED")]
    pub speed: Speed,
    /// Wait until the receiver accepts connections, at most so long
    #[arg(long, value_name = "TIME", env = "PULLPUSH_WAIT_FOR")]
    pub wait_for: Option<Duration>,
    /// How the log and the summary are written
    #[arg(long, value_enum, default_value = "human", env = "PULLPUSH_FORMAT")]
    pub format: Format,
    /// Stop at the first delivery that is given up
    #[arg(long, env = "PULLPUSH_FAIL_FAST", value_parser = BoolishValueParser::new())]
    pub fail_fast: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}

impl RunArgs {
    /// `--sink` and `--virtual` leave no room for some flags: an error if those are typed too, and what the environment
    /// says of them does not count.
    fn settle(&mut self, matches: &ArgMatches) -> Result<(), String> {
        let contradictions = [
            (self.sink, "to", "'--sink' cannot be used with '--to <URL>'"),
            (self.in_virtual_time, "speed", "'--virtual' cannot be used with '--speed <SPEED>'"),
            (self.in_virtual_time, "wait_for", "'--virtual' cannot be used with '--wait-for <TIME>'"),
        ];
        for (given, other, words) in contradictions {
            if given && matches.value_source(other) == Some(ValueSource::CommandLine) {
                return Err(format!("the argument {words}"));
            }
        }
        if self.sink {
            self.scenario.to = None;
        }
        if self.in_virtual_time {
            (self.speed, self.wait_for) = (Speed::REAL, None);
        }
        Ok(())
    }
}

/// `pullpush check`
#[derive(Debug, Args)]
#[command(after_help = "Example:
  pullpush check scenarios/*.toml --deny-warnings")]
pub struct CheckArgs {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Set a value of the file: receiver.retry=none, task.1.count=20 (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Warnings fail the check too
    #[arg(long, env = "PULLPUSH_DENY_WARNINGS", value_parser = BoolishValueParser::new())]
    pub deny_warnings: bool,
    /// How problems are written
    #[arg(long, value_enum, default_value = "human")]
    pub format: ListFormat,
}

/// `pullpush plan`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush plan playlist.toml
  pullpush plan playlist.toml --seed 42 --format ndjson | jq .body
  pullpush plan playlist.toml --format curl --to http://127.0.0.1:8080/callback")]
pub struct PlanArgs {
    /// Scenario file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub scenario: ScenarioArgs,
    /// How the plan is written
    #[arg(long, value_enum, default_value = "table")]
    pub format: PlanFormat,
}

/// `pullpush send`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush send TaskExit --set task.step.msg.code=-22
  pullpush send TaskStart --to http://127.0.0.1:8080/callback --set payload.profile=complete")]
pub struct SendArgs {
    /// The callback: TaskStart, VodSourceFileStart, VodSourceFileFinish, TaskExit, TaskAlarm, ResetTaskConfig
    #[arg(value_name = "EVENT")]
    pub event: String,
    /// Where it goes; without it the body is printed
    #[arg(long, value_name = "URL", env = "PULLPUSH_TO")]
    pub to: Option<String>,
    /// Set a value of the scenario behind it: one task with one step (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// The time in its stamps [default: now]
    #[arg(long, value_name = "TIME", env = "PULLPUSH_EPOCH")]
    pub epoch: Option<Timestamp>,
    /// How the log and the summary are written
    #[arg(long, value_enum, default_value = "human", env = "PULLPUSH_FORMAT")]
    pub format: Format,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}

/// `pullpush sink`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush sink
  pullpush sink --listen 127.0.0.1:8080 --fail-first 3 --status 503")]
pub struct SinkArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3140", value_name = "ADDR", env = "PULLPUSH_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub misbehaviour: MisbehaviourArgs,
    /// The signing key: every callback must be signed with it
    #[arg(long, env = "PULLPUSH_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// How callbacks are shown
    #[arg(long, value_enum, default_value = "human", env = "PULLPUSH_FORMAT")]
    pub format: Format,
}

/// `pullpush show`
#[derive(Debug, Args)]
#[command(after_help = "Example:
  pullpush show push-broken")]
pub struct ShowArgs {
    /// The scenario's name; see `pullpush list`
    pub name: String,
}

/// `pullpush init`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush init
  pullpush init push-broken")]
pub struct InitArgs {
    /// The scenario to begin with; see `pullpush list`
    #[arg(default_value = "playlist")]
    pub name: String,
}

/// `pullpush codes`
#[derive(Debug, Args)]
#[command(after_help = "Example:
  pullpush codes --format json | jq -r 'select(.origin == \"documented\").name'")]
pub struct CodesArgs {
    /// How the table is written
    #[arg(long, value_enum, default_value = "human")]
    pub format: ListFormat,
}

/// `pullpush sign`
#[derive(Debug, Args)]
#[command(after_help = "Example:
  pullpush sign --key testkey --t 1703732078")]
pub struct SignArgs {
    /// The signing key
    #[arg(long, env = "PULLPUSH_KEY", hide_env_values = true)]
    pub key: String,
    /// The expiry, in UNIX seconds [default: in ten minutes]
    #[arg(long, value_name = "SECONDS")]
    pub t: Option<u64>,
}

/// `pullpush verify`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush verify --key testkey --t 1703732078 --sign 7e686adf6045c49cee873dc7d8eb05af
  pullpush verify --key testkey body.json")]
pub struct VerifyArgs {
    /// The signing key
    #[arg(long, env = "PULLPUSH_KEY", hide_env_values = true)]
    pub key: String,
    /// A body that carries `t` and `sign`; - for standard input
    #[arg(value_name = "BODY", required_unless_present_all = ["t", "sign"], conflicts_with_all = ["t", "sign"])]
    pub body: Option<PathBuf>,
    /// The expiry, in UNIX seconds
    #[arg(long, value_name = "SECONDS", requires = "sign")]
    pub t: Option<u64>,
    /// The signature
    #[arg(long, value_name = "HEX", requires = "t")]
    pub sign: Option<String>,
}
