//! What was typed for `completions`, `man` and `schema`: what pullpush says of itself to other programs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// `pullpush completions`
#[derive(Debug, Args)]
#[command(
    after_help = "Bash looks for it in ~/.local/share/bash-completion/completions/pullpush, zsh in a folder of $fpath
under the name _pullpush, fish in ~/.config/fish/completions/pullpush.fish.

Examples:
  pullpush completions bash > pullpush
  pullpush completions zsh > _pullpush"
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `pullpush man`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pullpush man | man -l -
  pullpush man --out man1")]
pub struct ManArgs {
    /// Write the page of the program and one for each verb into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `pullpush schema`
#[derive(Debug, Args)]
#[command(after_help = "For editors with Taplo in them (Even Better TOML), name it in the first line of a scenario:
#:schema ./pullpush.schema.json

Examples:
  pullpush schema > pullpush.schema.json
  pullpush schema report > report.schema.json")]
pub struct SchemaArgs {
    /// What it describes
    #[arg(value_enum, default_value = "scenario")]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Scenario files.
    Scenario,
    /// What run --report json=FILE writes.
    Report,
    /// What load --report json=FILE writes.
    Load,
}
