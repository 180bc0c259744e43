//! What was typed for `explore`.

use std::path::PathBuf;

use clap::Args;
use humantime::Duration;

use super::{ConnectArgs, ScenarioArgs};

/// `pullpush explore`
#[derive(Debug, Args)]
#[command(after_help = "Without --reset-cmd or --reset-url every run is about new task ids, if the file gives none.

Examples:
  pullpush explore push-broken.toml --to http://127.0.0.1:8080/callback --swaps 2
  pullpush explore bad-evening.toml --to http://127.0.0.1:8080/callback --shrink")]
pub struct ExploreArgs {
    /// Scenario file: a short sequence, or with --shrink any scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub scenario: ScenarioArgs,
    /// At most so many callbacks never arrive: whatever is expected has to hold without them
    #[arg(long, default_value = "0", value_name = "N", value_parser = clap::value_parser!(u32).range(0..=4))]
    pub drops: u32,
    /// At most so many callbacks arrive twice
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u32).range(0..=4))]
    pub dups: u32,
    /// At most so many swaps of neighbours
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u32).range(0..=8))]
    pub swaps: u32,
    /// Instead: play the file as it is, and find the smallest part of its faults and incidents that still fails
    #[arg(long, conflicts_with_all = ["drops", "dups", "swaps"])]
    pub shrink: bool,
    /// Write the smallest failure as a scenario file [default with --shrink: NAME-shrunk.toml]
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// A shell command that makes the receiver forget everything, before every run
    #[arg(long, value_name = "COMMAND", conflicts_with = "reset_url")]
    pub reset_cmd: Option<String>,
    /// A URL that does it, by POST
    #[arg(long, value_name = "URL")]
    pub reset_url: Option<String>,
    /// At most so many runs
    #[arg(long, default_value = "10000", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_runs: u64,
    /// Wait until the receiver accepts connections, at most so long
    #[arg(long, value_name = "TIME", env = "PULLPUSH_WAIT_FOR")]
    pub wait_for: Option<Duration>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}
