//! What was typed for `replay`.

use std::path::PathBuf;

use clap::Args;

use super::{ConnectArgs, Format, ReportFile};
use crate::engine::pace::Speed;

/// `pullpush replay`
#[derive(Debug, Args)]
#[command(after_help = "A recording is a journal of pullpush, a HAR file, or lines of JSON such as
  {\"time\":\"2026-11-24T10:00:00Z\",\"body\":\"{\\\"appid\\\":…}\"}
`time` is RFC 3339 or milliseconds since 1970, `body` the text as it came; `url` may follow.

Examples:
  pullpush replay journal.ndjson --to http://127.0.0.1:8080/callback
  pullpush replay capture.har --to http://127.0.0.1:8080/callback --verbatim --speed max")]
pub struct ReplayArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where callbacks go [default: where they went]
    #[arg(long, value_name = "URL", env = "PULLPUSH_TO")]
    pub to: Option<String>,
    /// Send to the built-in receiver on a free loopback port
    #[arg(long, conflicts_with = "to")]
    pub sink: bool,
    /// The bytes as they were; otherwise their times are told anew, and they are signed anew
    #[arg(long)]
    pub verbatim: bool,
    /// Only what was not acknowledged
    #[arg(long)]
    pub failed: bool,
    /// One task only, by its task_id
    #[arg(long, value_name = "task=ID", value_parser = super::only)]
    pub only: Option<String>,
    /// The environment variable that holds the key to sign with
    #[arg(long, value_name = "NAME")]
    pub key_env: Option<String>,
    /// What follows a failed attempt: documented, none, or pauses such as 1s,5s
    #[arg(long, value_name = "RETRY", default_value = "documented")]
    pub retry: String,
    /// How fast the gaps pass: 1x, 60x, max
    #[arg(long, default_value = "1x", value_name = "SPEED", env = "PULLPUSH_SPEED")]
    pub speed: Speed,
    /// How the log and the summary are written
    #[arg(long, value_enum, default_value = "human", env = "PULLPUSH_FORMAT")]
    pub format: Format,
    /// Write every event to this file as a line of JSON, what is sent before it is sent
    #[arg(long, value_name = "FILE", env = "PULLPUSH_JOURNAL")]
    pub journal: Option<PathBuf>,
    /// Write a report to this file (repeatable); html is a page to look at
    #[arg(long, value_name = "junit=FILE|json=FILE|html=FILE")]
    pub report: Vec<ReportFile>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}
