//! From flags and scenario to a transport, and whether it may go where it is to go.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Url;

use super::loaded::{Loaded, check_address};
use crate::cli::args::ConnectArgs;
use crate::engine::transport::guard::Guard;
use crate::engine::transport::http::{Headers, HttpSettings, HttpTransport, Refusal, SystemResolver};
use crate::exit_code::Failure;
use crate::text::{self, without_passwords};

/// The largest file of certificates, in bytes.
const MAX_CERTIFICATES: u64 = 16 * 1024 * 1024;

/// A transport for the scenario's receiver.
///
/// # Errors
/// [`Failure`] if a header or the certificates cannot be used.
pub(super) fn http(loaded: &Loaded, args: &ConnectArgs) -> Result<HttpTransport, Failure> {
    let settings = settings(loaded, args)?;
    HttpTransport::new(&settings, Arc::new(SystemResolver)).map_err(|error| Failure::usage(error.to_string()))
}

/// How to speak to the scenario's receiver.
///
/// # Errors
/// [`Failure`] if a header or the certificates cannot be used.
pub(super) fn settings(loaded: &Loaded, args: &ConnectArgs) -> Result<HttpSettings, Failure> {
    let receiver = &loaded.plan.scenario().receiver;
    let headers = Headers::of(receiver.user_agent.as_deref(), &receiver.headers)
        .map_err(|error| Failure::usage(format!("[receiver]: {error}")))?;
    Ok(HttpSettings {
        headers,
        insecure: args.insecure,
        ca_certificates: certificates(args)?,
        guard: Guard { allow_remote: args.allow_remote },
    })
}

fn certificates(args: &ConnectArgs) -> Result<Vec<u8>, Failure> {
    let mut pem = Vec::new();
    if let Some(path) = &args.cacert {
        File::open(path)
            .and_then(|file| file.take(MAX_CERTIFICATES).read_to_end(&mut pem))
            .map_err(|error| Failure::usage(format!("--cacert: cannot read {}: {error}", text::file(path))))?;
        if pem.is_empty() {
            return Err(Failure::usage(format!("--cacert: {} is empty", text::file(path))));
        }
    }
    Ok(pem)
}

/// How many tasks are asked for their addresses before anything is sent; those of the others are judged when they are called.
const MAX_ASKED: usize = 1000;

/// The addresses that callbacks of the plan and its probes go to, one for each host.
///
/// # Errors
/// [`Failure`] if there is a task whose callbacks go nowhere, or an address that cannot be called.
pub(super) fn addresses(loaded: &Loaded) -> Result<Vec<Url>, Failure> {
    let scenario = loaded.plan.scenario();
    let (addresses, file) = (&loaded.addresses, &loaded.name);
    let mut hosts = Hosts::default();
    // Those of every `[[task]]`, however many copies there are of the one before it.
    for spec in &scenario.tasks {
        let own = spec.callback_url.as_ref().map(|url| url.for_copy(1));
        let Some(url) = addresses.to().or(own.as_deref()).or(scenario.receiver.url.as_deref()) else {
            return Err(Failure::usage(format!(
                "{file} does not say where callbacks go: add --to URL, or --sink to try it with the built-in receiver"
            )));
        };
        let url = check_address(file, url)?;
        if loaded.only.is_none() {
            hosts.add(url)?;
        }
    }
    for task in loaded.plan.tasks().take(MAX_ASKED) {
        hosts.add(check_address(file, &addresses.of(&task))?)?;
        let about = task.about();
        for probe in &scenario.probes {
            // A path alone is one at the address of the callbacks.
            if let Ok(url) = Url::parse(&about.fill_url(&probe.url)) {
                hosts.add(url)?;
            }
        }
    }
    Ok(hosts.urls)
}

/// Where the plan's callbacks go, for people: the one address, or the first two of several.
pub(super) fn destinations(loaded: &Loaded) -> String {
    if !loaded.addresses.are_several(loaded.plan.scenario()) {
        let first = loaded.plan.tasks().next();
        let only = first.as_ref().map_or(loaded.addresses.shown().into(), |task| loaded.addresses.of(task));
        return without_passwords(&only).into_owned();
    }
    let all = loaded.addresses.all(loaded.plan.tasks().take(MAX_ASKED));
    let named: Vec<_> = all.iter().take(2).map(|address| without_passwords(address)).collect();
    let more = match all.len() - named.len() {
        0 => String::new(),
        more if loaded.plan.tasks().nth(MAX_ASKED).is_some() => format!(" and at least {more} more"),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

/// A URL for each scheme, host and port.
#[derive(Default)]
struct Hosts {
    seen: HashSet<String>,
    urls: Vec<Url>,
}

impl Hosts {
    fn add(&mut self, url: Url) -> Result<(), Failure> {
        if self.seen.insert(url.origin().ascii_serialization()) {
            HttpTransport::supports(&url).map_err(|error| Failure::usage(error.to_string()))?;
            self.urls.push(url);
        }
        Ok(())
    }
}

/// How many names are looked up at once.
const LOOKUPS: usize = 16;

/// Whether pullpush may send there, and whether there is such a place: asked before anything is sent. Whoever `waits` may find the
/// name later.
///
/// # Errors
/// [`Failure`] if it may not, or a name has no address.
pub(super) async fn admit(urls: &[Url], transport: &HttpTransport, waits: bool) -> Result<(), Failure> {
    let mut refusals = stream::iter(urls).map(|url| transport.preflight(url)).buffered(LOOKUPS);
    while let Some(asked) = refusals.next().await {
        match asked {
            Err(refusal @ Refusal::Forbidden(_)) => return Err(Failure::usage(refusal.to_string())),
            Err(refusal @ Refusal::Unknown { .. }) if !waits => {
                return Err(Failure::could_not_run(refusal.to_string()));
            }
            _ => {}
        }
    }
    Ok(())
}
