//! What was typed.

mod contract;
mod drift;
mod explore;
mod load;
mod manual;
mod replay;
mod run;
pub mod shard;
mod signature;
mod sink;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::BoolishValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use humantime::Timestamp;

pub use self::contract::ContractArgs;
pub use self::drift::DriftArgs;
pub use self::explore::ExploreArgs;
pub use self::load::{LoadArgs, MergeArgs, OfferedArgs};
pub use self::manual::{CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
pub use self::replay::ReplayArgs;
pub use self::run::{ReportFile, ReportKind, RunArgs};
pub use self::signature::{SignArgs, VerifyArgs};
pub use self::sink::{MisbehaviourArgs, SinkArgs};
use crate::scenario::blot_override;
use crate::text::without_quoted_passwords;

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
4 a threshold of a load was crossed, 5 a load's numbers are void, 6 nothing selected, 130 interrupted, 143 terminated.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    /// What is to be said instead: why they cannot be meant, or the help that was asked for.
    pub fn read() -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        let Some((verb, matches)) = matches.subcommand() else { return Ok(cli) };
        let settled = match &mut cli.command {
            Command::Run(run) => run.settle(matches),
            Command::Load(load) => load.settle(matches),
            _ => Ok(()),
        };
        if let Err(contradiction) = settled {
            let verb = command.find_subcommand(verb).cloned();
            return Err(verb.unwrap_or(command).error(ErrorKind::ArgumentConflict, contradiction));
        }
        Ok(cli)
    }
}

/// A line of ours without the keys and passwords that it may repeat: those of addresses, and of what was typed.
pub fn without_secrets(text: &str) -> String {
    static TYPED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let of_environment = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PULLPUSH_"));
        let words = std::env::args_os().skip(1).chain(of_environment.map(|(_, value)| value));
        let hidden = |word: &str| (word.to_owned(), blot_override(word));
        let words = words.flat_map(|word| {
            let word = word.to_string_lossy();
            [Some(&*word), word.split_once('=').map(|(_, value)| value)]
                .into_iter()
                .flatten()
                .map(hidden)
                .collect::<Vec<_>>()
        });
        words.filter(|(word, hidden)| word != hidden).collect()
    });
    let text = TYPED.iter().fold(text.to_owned(), |text, (word, hidden)| text.replace(word, hidden));
    without_quoted_passwords(&text).into_owned()
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
    /// Load a receiver at a given rate, and measure its latencies
    Load(Box<LoadArgs>),
    /// Add up the results of several loads
    Merge(MergeArgs),
    /// Play a recording again: a journal, or a capture from elsewhere
    Replay(ReplayArgs),
    /// Hold captured callbacks against the payload profiles: which fits, what differs
    Drift(DriftArgs),
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
    /// Print a JSON Schema: of scenario files, for editors, or of reports
    Schema(SchemaArgs),
    /// Print what a shell needs to complete commands and flags
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    Man(ManArgs),
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
    /// A page to look at, in one file.
    Html,
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
    // A word alone can mean nothing else.
    match text.strip_prefix("task=").or_else(|| (!text.contains('=')).then_some(text)) {
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
  pullpush plan playlist.toml --format curl --to http://127.0.0.1:8080/callback
  pullpush plan playlist.toml --format html > plan.html")]
pub struct PlanArgs {
    /// Scenario file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub scenario: ScenarioArgs,
    /// The plan of a load: what arrives when, as `pullpush load` would send it
    #[arg(long)]
    pub load: bool,
    /// Of a load the part of one machine, i/n from 0
    #[arg(long, value_name = "i/n|auto", requires = "load")]
    pub shard: Option<String>,
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
