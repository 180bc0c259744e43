//! `pullpush sink`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::output::{Output, is_full, note};
use super::receive::misbehaviour;
use super::run::block_on;
use super::signals::Signals;
use super::signature;
use crate::cli::args::{Format, SinkArgs};
use crate::exit_code::{Exit, Failure};
use crate::report::ndjson;
use crate::sink::Sink;
use crate::sink::page::Page;
use crate::sink::server::{Limits, listen, serve_with_page};
use crate::time::wall_now;

/// Receives until it is interrupted.
///
/// # Errors
/// [`Failure`] if it cannot listen, or its output cannot be written.
pub(super) fn sink(args: &SinkArgs) -> Result<Exit, Failure> {
    let key = args.key.as_deref().map(signature::key).transpose()?;
    let mut sink = Sink::new(key, misbehaviour(&args.misbehaviour));
    if args.format == Format::Ndjson {
        sink = sink.recorded_unless(is_full);
    }
    let page = (!args.no_page).then(|| Arc::new(Page::new(&sink, wall_now())));
    block_on(false, async {
        let cannot = |error| Failure::could_not_run(format!("cannot listen on {}: {error}", args.listen));
        let listener = listen(args.listen).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let mut signals = Signals::catch([]);
        let watch = page.as_ref().map_or_else(String::new, |_| watch(address));
        note(&format!("listening on http://{address}/{watch}; Ctrl-C ends it"));
        let output = Output::for_people();
        let mut exit = Exit::Success;
        let shutdown = async { exit = signals.next().await };
        serve_with_page(listener, &mut sink, Limits::default(), page, shutdown, |reception| {
            match args.format {
                Format::Human => output.offer(&format!("{reception}\n")),
                // What finds no room was refused, and nothing was acknowledged that is not told.
                Format::Ndjson if reception.reaction.is_unrecorded => {}
                Format::Ndjson => output.push(&ndjson::json(reception)),
            }
        })
        .await;
        output.push(&match args.format {
            Format::Human => format!("\n{}\n", sink.tally()),
            Format::Ndjson => ndjson::json(sink.tally()),
        });
        output.finish()?;
        Ok(exit)
    })?
}

/// How to watch what comes to `address`, and who else can.
fn watch(address: SocketAddr) -> String {
    // Not every browser opens 0.0.0.0 or [::].
    let here = match address.ip() {
        ip if !ip.is_unspecified() => "it".to_owned(),
        IpAddr::V4(_) => format!("http://{}/", SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))),
        IpAddr::V6(_) => format!("http://{}/", SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()))),
    };
    let others = if address.ip().is_loopback() { "" } else { ", as others who reach this machine can" };
    format!(" (open {here} in a browser to watch{others})")
}
