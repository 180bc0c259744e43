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
mod progress;
mod receive;
mod replay;
mod reporter;
mod reports;
mod run;
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

use crate::cli::{Cli, Command};
use crate::error::Exit;
use output::tell;

/// Does what was typed.
pub fn execute(cli: Cli) -> Exit {
    let done = descriptors::make_sure(&cli.command).and_then(|()| match cli.command {
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
    });
    let exit = done.unwrap_or_else(|failure| {
        tell(&failure);
        failure.exit
    });
    // What was played may have been over; what came of it was not told.
    let cut_off_by = if output::finish() { None } else { signals::first() };
    cut_off_by.map_or(exit, |by| exit.and(by))
}
