//! `pullpush plan`

use std::time::Duration;

use super::loaded::{Loaded, load};
use super::output::{Output, note};
use crate::cli::{PlanArgs, PlanFormat};
use crate::error::{Exit, Failure};
use crate::load::Shard;
use crate::load::profile::Profile;
use crate::plan::Plan;
use crate::plan::arrivals::{Part, Timed};
use crate::plan::delivery::Delivery;
use crate::report::plan as written;

/// Deliveries in the order they are sent in; of a load with their times.
type Deliveries = Box<dyn Iterator<Item = (Option<Duration>, Delivery)>>;

/// What is planned: the scenario's own times, or the arrivals of its load.
fn deliveries(args: &PlanArgs, plan: &Plan) -> Result<Deliveries, Failure> {
    if !args.load {
        return Ok(Box::new(plan.deliveries().map(|delivery| (None, delivery))));
    }
    let spec = plan.scenario().load.clone();
    let spec = spec.ok_or_else(|| Failure::usage("there is no [load]: add --set load.rate=500"))?;
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
    let Loaded { plan, epoch, addresses, .. } = load(&args.file, &args.scenario)?;
    let payload = &plan.scenario().payload;
    note(&format!("seed {}  epoch {epoch}", plan.seed()));
    let mut output = match args.format {
        PlanFormat::Table => Output::for_people(),
        PlanFormat::Ndjson | PlanFormat::Curl => Output::for_programs(),
    };
    let mut line = String::new();
    for (due, delivery) in deliveries(args, &plan)? {
        line.clear();
        let planned = written::Planned { delivery: &delivery, payload, epoch, addresses: &addresses, due };
        match args.format {
            PlanFormat::Table => written::table(&planned, &mut line),
            PlanFormat::Ndjson => written::ndjson(&planned, &mut line),
            PlanFormat::Curl => written::curl(&planned, &mut line),
        }
        output.write(&line)?;
        if output.is_closed() {
            break;
        }
    }
    output.flush()?;
    Ok(Exit::Success)
}
