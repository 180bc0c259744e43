//! `pullpush plan`

use std::time::Duration;

use super::loaded::{Loaded, load};
use super::output::{Output, note, print_as_it_is};
use crate::cli::args::{PlanArgs, PlanFormat};
use crate::exit_code::{Exit, Failure};
use crate::plan::Plan;
use crate::plan::arrivals::{Part, Timed};
use crate::plan::delivery::Delivery;
use crate::plan::profile::Profile;
use crate::report::html::{self, Facts, PlanPicture};
use crate::report::plan::{self as written, Planned};
use crate::scenario::load::Shard;

/// Deliveries in the order they are sent in; of a load with their times.
type Deliveries = Box<dyn Iterator<Item = (Option<Duration>, Delivery)>>;

/// What is planned: the scenario's own times, or the arrivals of its load.
fn deliveries(args: &PlanArgs, plan: &Plan) -> Result<Deliveries, Failure> {
    if !args.load {
        return Ok(Box::new(plan.deliveries().map(|delivery| (None, delivery))));
    }
    let spec = plan.scenario().load.clone();
    let spec =
        spec.ok_or_else(|| Failure::usage("there is no [load]: add --set load.rate=500 --set load.duration=10s"))?;
    let shard = super::load::shard(args.shard.as_deref(), &spec)?;
    let part = Part { shard, worker: Shard::WHOLE };
    let profile = Profile::new(&spec, plan.dice())
        .ok_or_else(|| Failure::usage("a load at rate max has no plan: its times are what the receiver makes of it"))?;
    let timed = Timed::new(plan, &spec, &profile, part, 1.0).take_while(move |arrival| arrival.due < spec.duration);
    Ok(Box::new(timed.map(|arrival| (Some(arrival.due), arrival.delivery))))
}

/// Prints what would be sent, and when.
///
/// # Errors
/// [`Failure`] if the scenario is not valid or the plan cannot be written.
pub(super) fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let loaded = load(&args.file, &args.scenario)?;
    note(&format!("seed {}  epoch {}", loaded.plan.seed(), loaded.epoch));
    match args.format {
        PlanFormat::Table => lines(args, &loaded, written::table, Output::for_people())?,
        PlanFormat::Ndjson => lines(args, &loaded, written::ndjson, Output::for_programs())?,
        PlanFormat::Curl => lines(args, &loaded, written::curl, Output::as_it_is())?,
        PlanFormat::Html => page(args, &loaded)?,
    }
    Ok(Exit::Success)
}

/// One delivery after the other, as long as somebody reads.
fn lines(
    args: &PlanArgs,
    loaded: &Loaded,
    write: impl Fn(&Planned<'_>, &mut String),
    output: Output,
) -> Result<(), Failure> {
    let mut line = String::new();
    for (due, delivery) in deliveries(args, &loaded.plan)? {
        line.clear();
        write(&planned(loaded, &delivery, due), &mut line);
        output.write(&line)?;
        if output.is_closed() {
            break;
        }
    }
    output.finish()
}

/// All of them in one picture.
fn page(args: &PlanArgs, loaded: &Loaded) -> Result<(), Failure> {
    let mut picture = PlanPicture::new(Facts {
        name: loaded.name.clone(),
        seed: loaded.plan.seed(),
        epoch: loaded.epoch,
        speed: Some(1.0),
        to: loaded.addresses.shown().to_owned(),
    });
    for (due, delivery) in deliveries(args, &loaded.plan)? {
        if !picture.take(&planned(loaded, &delivery, due)) {
            break;
        }
    }
    print_as_it_is(&html::page(html::Kind::Plan, &[picture.finish()]))
}

fn planned<'a>(loaded: &'a Loaded, delivery: &'a Delivery, due: Option<Duration>) -> Planned<'a> {
    let Loaded { plan, epoch, addresses, .. } = loaded;
    Planned { delivery, payload: &plan.scenario().payload, epoch: *epoch, addresses, due }
}
