//! `pullpush send`: one callback, as a scenario of one task with one step.

use std::cell::RefCell;

use super::again::Again;
use super::journal::Journal;
use super::loaded::{Loaded, plan};
use super::output::print_as_it_is;
use super::play::play_all;
use super::reports::Reports;
use super::run::block_on;
use super::run_options::{Receiver, RunOptions};
use crate::callback::Kind;
use crate::callback::moment::Moment;
use crate::cli::args::{ScenarioArgs, SendArgs};
use crate::engine::pace::Speed;
use crate::exit_code::{Exit, Failure};
use crate::scenario::Source;
use crate::text::escaped;

/// Sends one callback, or prints its body if there is nowhere to send it.
///
/// # Errors
/// [`Failure`] if it cannot be made or sent.
pub(super) fn send(args: &SendArgs) -> Result<Exit, Failure> {
    let wrong_case = |kind: &Kind| kind.name() != args.event && kind.name().eq_ignore_ascii_case(&args.event);
    if let Some(meant) = Kind::ALL.into_iter().find(wrong_case) {
        let (typed, meant) = (escaped(&args.event), meant.name());
        return Err(Failure::usage(format!("no callback is called `{typed}`; did you mean `{meant}`?")));
    }
    let scenario =
        ScenarioArgs { to: args.to.clone(), seed: None, epoch: args.epoch, set: args.set.clone(), only: None };
    let source = Source::new("send", text(&args.event)).with_overrides(&args.set);
    let mut loaded = plan(source, &scenario)?;
    if args.to.is_none() {
        return show(&loaded);
    }
    let options = RunOptions {
        receiver: Receiver::Theirs,
        speed: Speed::REAL,
        wait_for: None,
        format: args.format,
        fail_fast: false,
        connect: args.connect.clone(),
        again: Again::of_send(args),
        reports: RefCell::new(Reports::default()),
        journal: Journal::open(None)?,
    };
    block_on(false, play_all(std::slice::from_mut(&mut loaded), &options))?
}

/// The scenario behind one callback: one attempt, at once.
fn text(event: &str) -> String {
    // JSON quotes a string as TOML does, but for one control character.
    let event = serde_json::Value::from(event).to_string().replace('\u{7f}', "\\u007f");
    format!(
        "version = 1\n\
         [receiver]\nretry = \"none\"\n\
         [payload]\n\
         [[task]]\nfiles = [{{ url = \"http://media.test/episode-1.m3u8\", duration = \"20m\" }}]\n\
         [[task.step]]\nevent = {event}\n"
    )
}

fn show(loaded: &Loaded) -> Result<Exit, Failure> {
    let moment = Moment::at(loaded.epoch);
    let payload = &loaded.plan.scenario().payload;
    for delivery in loaded.plan.deliveries() {
        let body = delivery.body(payload, loaded.addresses.shown(), moment, delivery.attempt_faults(1));
        print_as_it_is(&format!("{}\n", String::from_utf8_lossy(&body)))?;
    }
    Ok(Exit::Success)
}
