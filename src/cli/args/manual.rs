//! What was typed for `completions`, `man` and `schema`: what pullpush says of itself to other programs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// `pullpush completions`
#[derive(Debug, Args)]
#[command(after_help = "Where the shells look for it; the folder has to be there, and zsh's in $fpath.

Examples:
  pullpush completions bash > ~/.local/share/bash-completion/completions/pullpush
  pullpush completions zsh > ~/.zfunc/_pullpush
  pullpush completions fish > ~/.config/fish/completions/pullpush.fish")]
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
