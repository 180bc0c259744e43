//! What was typed for `contract`.

use clap::Args;
use humantime::Duration;

use super::{ConnectArgs, ListFormat};

/// `pullpush contract`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush contract --to http://127.0.0.1:8080/callback
  pullpush contract --to http://127.0.0.1:8080/callback --only alarms --only big-code
  pullpush contract --to http://127.0.0.1:8080/callback --state /tasks/{task_id}")]
pub struct ContractArgs {
    /// Where callbacks go
    #[arg(long, value_name = "URL", env = "PULLPUSH_TO", required_unless_present_any = ["list", "show"])]
    pub to: Option<String>,
    /// One rule only, by its name (repeatable)
    #[arg(long, value_name = "RULE")]
    pub only: Vec<String>,
    /// List the rules
    #[arg(long)]
    pub list: bool,
    /// Print the scenario of a rule, to be played with `pullpush run`
    #[arg(long, value_name = "RULE")]
    pub show: Option<String>,
    /// Where the receiver tells of a task: a URL, or a path at the callbacks' address, with {task_id} or {stream_id}
    #[arg(long, value_name = "URL")]
    pub state: Option<String>,
    /// A place in that answer that counts, as a JSON pointer (repeatable) [default: all of it]
    #[arg(long, value_name = "POINTER", requires = "state")]
    pub state_field: Vec<String>,
    /// The environment variable that holds the signing key, if the receiver demands signatures
    #[arg(long, value_name = "NAME")]
    pub key_env: Option<String>,
    /// The seed of the task ids [default: drawn]
    #[arg(long, value_name = "N", env = "PULLPUSH_SEED")]
    pub seed: Option<u64>,
    /// Wait until the receiver accepts connections, at most so long
    #[arg(long, value_name = "TIME", env = "PULLPUSH_WAIT_FOR")]
    pub wait_for: Option<Duration>,
    /// How the report card is written
    #[arg(long, value_enum, default_value = "human")]
    pub format: ListFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its own type is documented")]
    pub connect: ConnectArgs,
}
