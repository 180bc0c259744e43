//! What was typed for `sink`, and how a built-in receiver misbehaves anywhere.

use std::net::SocketAddr;

use clap::Args;
use humantime::Duration;

use super::Format;

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

/// `pullpush sink`
#[derive(Debug, Args)]
#[command(after_help = "A browser that opens its address shows what comes, live, to whoever can reach it.

Examples:
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
    /// No page for a browser, and nothing kept for it
    #[arg(long)]
    pub no_page: bool,
    /// How callbacks are shown
    #[arg(long, value_enum, default_value = "human", env = "PULLPUSH_FORMAT")]
    pub format: Format,
}
