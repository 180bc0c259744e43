//! `pullpush drift`

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::loaded::key_from;
use super::output::print;
use crate::cli::args::{DriftArgs, ListFormat};
use crate::exit_code::{Exit, Failure};
use crate::study::drift::text::{human, ndjson};
use crate::study::drift::{Captured, Drift};
use crate::study::replay::{ReadError, each};
use crate::text::{self, escaped};

/// Holds a capture against what pullpush would send.
///
/// # Errors
/// [`Failure`] if it cannot be read, or no callback is in it.
pub(super) fn drift(args: &DriftArgs) -> Result<Exit, Failure> {
    let key_env = args.key_env.as_deref();
    let key_of = |name| key_from(name, "leave --key-env out to verify nothing");
    let mut drift = Drift::new(key_env.map(key_of).transpose()?);
    let name = text::file(&args.file);
    let read =
        each(open(&args.file).map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?, |record| {
            drift.take(Captured {
                at: record.at,
                body: &record.body,
                parsed: record.parsed,
                user_agent: record.user_agent.as_deref(),
                content_type: record.content_type.as_deref(),
            });
        });
    match read {
        Ok(_) | Err(ReadError::Empty) => {}
        Err(error) => return Err(Failure::usage(format!("{name}: {error}"))),
    }
    let Some(findings) = drift.findings() else {
        let message = format!("{name}: no callback is in it, no POST with a `callback_event`");
        return Err(Failure { exit: Exit::NothingSelected, message });
    };
    print(&match args.format {
        ListFormat::Human => human(&escaped(&name), &findings, key_env),
        ListFormat::Json => ndjson(&name, &findings, key_env),
    })?;
    Ok(if findings.is_covered() { Exit::Success } else { Exit::ReceiverFailed })
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(if path == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(BufReader::new(File::open(path)?)) })
}
