//! `pullpush check`

use super::loaded::unreadable;
use super::output::{Output, complain};
use super::problems::{annotate_problems, show_problems};
use crate::cli::args::{CheckArgs, ListFormat};
use crate::exit_code::{Exit, Failure};
use crate::report::ndjson;
use crate::scenario::problem::Level;
use crate::scenario::{Source, check as check_scenario};
use crate::text;

/// Checks all files and says what is wrong with each.
///
/// # Errors
/// [`Failure`] if the result cannot be written.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    let output = Output::for_people();
    for path in &args.files {
        let source = match Source::read(path) {
            Ok(source) => source.with_overrides(&args.set),
            Err(error) => {
                complain(&unreadable(error).message);
                exit = exit.and(Exit::Usage);
                continue;
            }
        };
        let checked = check_scenario(source);
        let bad = checked.count(Level::Error) + if args.deny_warnings { checked.count(Level::Warning) } else { 0 };
        match args.format {
            ListFormat::Human => {
                show_problems(&checked);
                if bad == 0 {
                    output.write(&format!("{}: ok\n", text::file(path)))?;
                }
            }
            ListFormat::Json => {
                for problem in &checked.problems {
                    output.write(&ndjson::json(&problem.to_json(&checked.source)))?;
                }
                annotate_problems(&checked);
            }
        }
        if bad > 0 {
            exit = exit.and(Exit::Usage);
        }
    }
    output.finish()?;
    Ok(exit)
}
