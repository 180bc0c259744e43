//! The command line of pullpush.

use std::process::ExitCode;

use pullpush::cli::Cli;
use pullpush::command;

fn main() -> ExitCode {
    command::execute(Cli::read()).into()
}
