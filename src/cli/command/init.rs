//! `pullpush list`, `show` and `init`: the scenarios that come with pullpush.

use std::fs::File;
use std::io::{ErrorKind, Write};

use super::output::{print, print_as_it_is};
use crate::cli::args::{InitArgs, ShowArgs};
use crate::exit_code::{Exit, Failure};
use crate::scenario::library::{LIBRARY, Shipped};
use crate::scenario::problem::did_you_mean;

/// Prints the names with what each teaches.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn list() -> Result<Exit, Failure> {
    let width = LIBRARY.iter().map(|shipped| shipped.name.len()).max().unwrap_or(0);
    let lines = LIBRARY.iter().map(|shipped| format!("{:width$}  {}\n", shipped.name, shipped.teaches()));
    print(&lines.collect::<String>())?;
    Ok(Exit::Success)
}

/// Prints one scenario.
///
/// # Errors
/// [`Failure`] if there is none of that name.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    print_as_it_is(find(&args.name)?.text)?;
    Ok(Exit::Success)
}

/// Writes a scenario to the current folder; never over a file that is there.
///
/// # Errors
/// [`Failure`] if there is none of that name, or the file cannot be written.
pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let shipped = find(&args.name)?;
    let path = format!("{}.toml", shipped.name);
    let written = File::create_new(&path).and_then(|mut file| file.write_all(shipped.text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::could_not_run(format!(
            "{path} is there already; it is left as it is: take another folder, or: pullpush show {} > other.toml",
            shipped.name
        )),
        _ => Failure::could_not_run(format!("cannot write {path}: {error}")),
    })?;
    print(&format!("wrote {path}; play it with: pullpush run {path} --sink\n"))?;
    Ok(Exit::Success)
}

fn find(name: &str) -> Result<&'static Shipped, Failure> {
    LIBRARY.iter().find(|shipped| shipped.name == name).ok_or_else(|| {
        let hint = match did_you_mean(name, LIBRARY.iter().map(|shipped| shipped.name)) {
            Some(known) => format!("did you mean {known}? "),
            None => String::new(),
        };
        Failure::usage(format!("no scenario is called {name}; {hint}`pullpush list` names them"))
    })
}
