//! From flags and scenario to a transport, and whether it may go where it is to go.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use reqwest::Url;

use super::loaded::{Loaded, check_address};
use crate::cli::ConnectArgs;
use crate::error::Failure;
use crate::shown;
use crate::transport::guard::Guard;
use crate::transport::http::{Headers, HttpSettings, HttpTransport, SystemResolver};

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
            .map_err(|error| Failure::usage(format!("--cacert: cannot read {}: {error}", shown::file(path))))?;
        if pem.is_empty() {
            return Err(Failure::usage(format!("--cacert: {} is empty", shown::file(path))));
        }
    }
    Ok(pem)
}

/// The addresses that callbacks of the plan go to; of the copies of a task the first stands for all.
///
/// # Errors
/// [`Failure`] if there is a task whose callbacks go nowhere, or an address that cannot be called.
pub(super) fn addresses(loaded: &Loaded) -> Result<Vec<Url>, Failure> {
    let scenario = loaded.plan.scenario();
    let (addresses, file) = (&loaded.addresses, &loaded.name);
    let mut urls: Vec<Url> = Vec::new();
    for spec in &scenario.tasks {
        let own = spec.callback_url.as_ref().map(|url| url.for_copy(1));
        let Some(url) = addresses.to().or(own.as_deref()).or(scenario.receiver.url.as_deref()) else {
            return Err(Failure::usage(format!(
                "{file} does not say where callbacks go: add --to URL, or --sink to try it with the built-in receiver"
            )));
        };
        let url = check_address(file, url)?;
        HttpTransport::supports(&url).map_err(|error| Failure::usage(error.to_string()))?;
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    // Of the tasks that probes ask about the first stands for all; every request is judged all the same.
    let about = loaded.plan.tasks().next().map(|task| task.about());
    for probe in &scenario.probes {
        let url = about.as_ref().map_or(Cow::Borrowed(&*probe.url), |about| about.fill_url(&probe.url));
        let Ok(url) = Url::parse(&url) else { continue };
        HttpTransport::supports(&url).map_err(|error| Failure::usage(error.to_string()))?;
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    Ok(urls)
}

/// Whether pullpush may send there; asked before anything is sent, and again at every connection.
///
/// # Errors
/// [`Failure`] if it may not.
pub(super) async fn admit(urls: &[Url], transport: &HttpTransport) -> Result<(), Failure> {
    for url in urls {
        transport.preflight(url).await.map_err(|error| Failure::usage(error.to_string()))?;
    }
    Ok(())
}
