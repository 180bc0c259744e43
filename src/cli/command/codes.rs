//! `pullpush codes`

use std::fmt::Write;

use serde::Serialize;

use super::output::print;
use crate::callback::codes::CODES;
use crate::cli::args::{CodesArgs, ListFormat};
use crate::exit_code::{Exit, Failure};
use crate::report::ndjson;

#[derive(Serialize)]
struct Row {
    schema_version: u32,
    name: &'static str,
    alias: Option<&'static str>,
    code: i64,
    message: &'static str,
    when: &'static str,
    origin: &'static str,
}

/// Prints the table of exit codes.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn codes(args: &CodesArgs) -> Result<Exit, Failure> {
    let mut text = String::new();
    let width = CODES.iter().map(|code| code.name.len()).max().unwrap_or(0);
    if args.format == ListFormat::Human {
        let _ = writeln!(text, "{:>11}  {:<width$}  {:<11}  MESSAGE", "CODE", "NAME", "ORIGIN");
    }
    for code in CODES {
        let origin = code.origin.word();
        match args.format {
            ListFormat::Human => {
                let _ = writeln!(text, "{:>11}  {:<width$}  {origin:<11}  {}", code.code, code.name, code.message);
            }
            ListFormat::Json => text.push_str(&ndjson::json(&Row {
                schema_version: ndjson::SCHEMA_VERSION,
                name: code.name,
                alias: code.alias,
                code: code.code,
                message: code.message,
                when: code.when,
                origin,
            })),
        }
    }
    if args.format == ListFormat::Human {
        text.push_str(
            "\ndocumented: published by Tencent. guess: FFmpeg's and Linux's, which the service seems to pass on.\n",
        );
    }
    print(&text)?;
    Ok(Exit::Success)
}
