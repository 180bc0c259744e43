//! `pullpush completions`, `man` and `schema`: what pullpush says of itself to other programs.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::output::{note, print_as_it_is};
use crate::cli::args::{Cli, CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
use crate::exit_code::{Exit, Failure};
use crate::report;
use crate::scenario;
use crate::text;

/// Prints a JSON Schema.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn schema(args: &SchemaArgs) -> Result<Exit, Failure> {
    print_as_it_is(match args.of {
        SchemaOf::Scenario => scenario::SCHEMA,
        SchemaOf::Report => report::SCHEMA,
        SchemaOf::Load => report::LOAD_SCHEMA,
    })?;
    Ok(Exit::Success)
}

/// Prints the completion script of a shell.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pullpush", &mut script);
    print_as_it_is(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Prints the manual page of the program, or writes it and those of all verbs into a folder.
///
/// # Errors
/// [`Failure`] if something cannot be written.
pub(super) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = &args.out else {
        let page = page(&program).map_err(|error| Failure::could_not_run(error.to_string()))?;
        print_as_it_is(&page)?;
        return Ok(Exit::Success);
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| write_all(&program, folder));
    let written =
        written.map_err(|error| Failure::could_not_run(format!("cannot write {}: {error}", text::file(folder))));
    note(&format!("written: {} pages in {}", written?, text::file(folder)));
    Ok(Exit::Success)
}

/// Writes a page for the program and each verb; gives how many.
fn write_all(program: &Command, folder: &Path) -> io::Result<usize> {
    let commands: Vec<_> = std::iter::once(program).chain(program.get_subcommands()).collect();
    for command in &commands {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        std::fs::write(folder.join(format!("{name}.1")), page(command)?)?;
    }
    Ok(commands.len())
}

/// One page. What stands below the flags in `--help` gets headings of its own here.
fn page(command: &Command) -> io::Result<String> {
    let version = format!("pullpush {}", env!("CARGO_PKG_VERSION"));
    // Quotes, for without a date the version would be taken for one.
    let man = Man::new(command.clone()).date("\"\"").source(version).manual("pullpush");
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (headed, plain): (Vec<_>, Vec<_>) = after.split("\n\n").partition(|paragraph| heading(paragraph).is_some());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    for paragraph in plain {
        let mut more = Roff::new();
        more.control("PP", []).text([roman(paragraph)]);
        more.to_writer(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    for paragraph in headed {
        section(paragraph).to_writer(&mut page)?;
    }
    if !command.has_subcommands() {
        let mut also = Roff::new();
        also.control("SH", ["SEE ALSO"]).text([roman("pullpush(1)")]);
        also.to_writer(&mut page)?;
    }
    String::from_utf8(page).map_err(io::Error::other)
}

/// `Examples:` is a heading, and so is `Exit codes:`.
fn heading(paragraph: &str) -> Option<(&str, &str)> {
    paragraph.split_once(':').filter(|(heading, _)| heading.split(' ').count() <= 2)
}

/// A heading with the lines below it as they are, or with the text behind it.
fn section(paragraph: &str) -> Roff {
    let mut roff = Roff::new();
    let Some((heading, text)) = heading(paragraph) else { return roff };
    roff.control("SH", [heading.to_uppercase().as_str()]);
    let Some(lines) = text.strip_prefix('\n') else {
        roff.text([roman(text.trim_start())]);
        return roff;
    };
    roff.control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []);
    roff
}
