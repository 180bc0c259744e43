//! What was typed for `sign` and `verify`.

use std::path::PathBuf;

use clap::Args;

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
  pullpush verify --key testkey --t 4102444800 --sign f74206245abdbfcacfd12ec124b3da91
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
    /// Take a signature that has expired, such as one of a recorded body
    #[arg(long)]
    pub ignore_expiry: bool,
    /// The signature
    #[arg(long, value_name = "HEX", requires = "t")]
    pub sign: Option<String>,
}
