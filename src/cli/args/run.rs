//! What was typed for `run`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use humantime::Duration;

use super::{ConnectArgs, Format, MisbehaviourArgs, ScenarioArgs};
use crate::engine::pace::Speed;

/// A report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// What is written.
    pub kind: ReportKind,
    /// Where.
    pub path: PathBuf,
}

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// JUnit's XML, as CI services read it.
    Junit,
    /// JSON.
    Json,
    /// A page to look at, in one file.
    Html,
}

/// `junit=FILE`
impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, path) = match text.split_once('=') {
            Some(("junit", path)) => (ReportKind::Junit, path),
            Some(("json", path)) => (ReportKind::Json, path),
            Some(("html", path)) => (ReportKind::Html, path),
            _ => return Err("write junit=FILE, json=FILE or html=FILE".to_owned()),
        };
        if path.is_empty() { Err("which file?".to_owned()) } else { Ok(Self { kind, path: path.into() }) }
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
    /// Stop at the first complaint about the receiver
    #[arg(long, env = "PULLPUSH_FAIL_FAST", value_parser = BoolishValueParser::new())]
    pub fail_fast: bool,
    /// Write a report to this file (repeatable); html is a page to look at
    #[arg(long, value_name = "junit=FILE|json=FILE|html=FILE")]
    pub report: Vec<ReportFile>,
    /// Write every event to this file as a line of JSON, what is sent before it is sent
    #[arg(long, value_name = "FILE", env = "PULLPUSH_JOURNAL")]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}

impl RunArgs {
    /// `--sink` and `--virtual` leave no room for some flags: an error if those are typed too, and what the environment
    /// says of them does not count.
    pub(super) fn settle(&mut self, matches: &ArgMatches) -> Result<(), String> {
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
