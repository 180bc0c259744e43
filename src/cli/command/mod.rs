//! One file per verb: joins the stages, and is the only place that builds clocks, dice and transports.

mod advice;
mod again;
mod alike;
mod check;
mod codes;
mod connect;
mod contract;
mod descriptors;
mod drift;
mod explore;
mod files;
mod github;
mod init;
mod journal;
mod kind;
mod load;
mod loaded;
mod manual;
mod output;
mod plan;
mod play;
mod problems;
mod progress;
mod receive;
mod replay;
mod reporter;
mod reports;
mod run;
mod run_options;
mod runner;
mod saved;
mod send;
mod shrink;
mod signals;
mod signature;
mod sink;
mod stage;
mod trial;
mod verdict;
mod wait;

use std::io::Write;

use crate::cli::args::{Cli, Command, without_secrets};
use crate::exit_code::{Exit, Failure};
use output::tell;

/// Reads what was typed, and does it.
pub fn main() -> Exit {
    let done = match Cli::read() {
        Ok(cli) => descriptors::make_sure(&cli.command).and_then(|()| execute(cli.command)),
        Err(instead) => say(&instead),
    };
    let exit = done.unwrap_or_else(|failure| {
        tell(&failure);
        failure.exit
    });
    // What was cut off is no success, even if all else was over when the signal came.
    if output::finish() { signals::first().map_or(exit, |signal| exit.and(signal)) } else { exit }
}

/// Says what is wrong with what was typed, or the help that was asked for.
fn say(instead: &clap::Error) -> Result<Exit, Failure> {
    if instead.use_stderr() {
        // There is nowhere to report that it could not be written.
        let _ = anstream::stderr().write_all(without_secrets(&instead.render().ansi().to_string()).as_bytes());
        return Ok(Exit::Usage);
    }
    output::print(&instead.render().ansi().to_string())?;
    Ok(Exit::Success)
}

fn execute(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Explore(args) => explore::explore(&args),
        Command::Contract(args) => contract::contract(&args),
        Command::Load(args) => load::load(&args),
        Command::Merge(args) => load::merge(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Drift(args) => drift::drift(&args),
        Command::Check(args) => check::check(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Send(args) => send::send(&args),
        Command::Sink(args) => sink::sink(&args),
        Command::List => init::list(),
        Command::Show(args) => init::show(&args),
        Command::Init(args) => init::init(&args),
        Command::Codes(args) => codes::codes(&args),
        Command::Sign(args) => signature::sign(&args),
        Command::Verify(args) => signature::verify(&args),
        Command::Schema(args) => manual::schema(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    }
}
