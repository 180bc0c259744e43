//! What was typed for `drift`.

use std::path::PathBuf;

use clap::Args;

use super::ListFormat;

/// `pullpush drift`
#[derive(Debug, Args)]
#[command(after_help = "A capture is a HAR file, a journal of pullpush, or lines of JSON such as
  {\"time\":\"2026-11-24T10:00:00Z\",\"body\":\"{\\\"appid\\\":…}\"}
`time` is RFC 3339 or milliseconds since 1970, `body` the text as it came; `headers` may follow.
Bodies alone, one a line, will do: they tell of no pauses.

Exit codes: 0 with the settings that are printed pullpush sends the like of all of it,
1 something differs that no setting covers, 6 there is no callback in it.

Examples:
  pullpush drift capture.har
  pullpush drift journal.ndjson --key-env CALLBACK_KEY --format json | jq .kinds")]
pub struct DriftArgs {
    /// The capture; - for standard input
    #[arg(value_name = "CAPTURE")]
    pub file: PathBuf,
    /// The environment variable that holds the key to verify signatures with
    #[arg(long, value_name = "NAME")]
    pub key_env: Option<String>,
    /// How the result is written
    #[arg(long, value_enum, default_value = "human")]
    pub format: ListFormat,
}
