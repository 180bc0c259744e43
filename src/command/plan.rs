//! `pullpush plan`

use super::load::{Loaded, load};
use super::output::{Output, note};
use crate::cli::{PlanArgs, PlanFormat};
use crate::error::{Exit, Failure};
use crate::report::plan as written;

/// Prints what would be sent, and when.
///
/// # Errors
/// [`Failure`] if the scenario is not valid or the plan cannot be written.
pub(super) fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let Loaded { plan, epoch, addresses, .. } = load(&args.file, &args.scenario)?;
    let payload = &plan.scenario().payload;
    note(&format!("seed {}", plan.seed()));
    let mut output = match args.format {
        PlanFormat::Table => Output::for_people(),
        PlanFormat::Ndjson | PlanFormat::Curl => Output::for_programs(),
    };
    let mut line = String::new();
    for delivery in plan.deliveries() {
        line.clear();
        let planned = written::Planned { delivery: &delivery, payload, epoch, addresses: &addresses };
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
