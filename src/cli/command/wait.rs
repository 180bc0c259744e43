//! `--wait-for`: until the receiver accepts connections.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Url;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use super::output::note;
use crate::engine::stop::Stop;
use crate::engine::transport::guard::Guard;
use crate::exit_code::Failure;

/// How long one connection may take.
const CONNECT: Duration = Duration::from_secs(20);
/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until every one of `urls` accepts a connection.
///
/// # Errors
/// [`Failure`] if one still does not after `limit`.
pub(super) async fn until_accepting(urls: &[Url], guard: Guard, limit: Duration) -> Result<(), Failure> {
    let all = async {
        for url in urls {
            let mut is_announced = false;
            while !accepts(url, guard).await {
                if !std::mem::replace(&mut is_announced, true) {
                    note(&format!("waiting for {}", place(url)));
                }
                sleep(PAUSE).await;
            }
        }
    };
    timeout(limit, all).await.map_err(|_| {
        let urls = urls.iter().map(place).collect::<Vec<_>>().join(", ");
        let limit = humantime::format_duration(limit);
        Failure::could_not_run(format!(
            "nobody accepted connections at {urls} within {limit}; is the receiver running?"
        ))
    })
}

/// Makes sure that somebody is there, or waits for them if there is a `limit`.
///
/// # Errors
/// [`Failure`] if nobody accepts a connection at one of `urls`.
pub(super) async fn somebody_there(
    urls: &[Url],
    guard: Guard,
    limit: Option<Duration>,
    stop: &Stop,
) -> Result<(), Failure> {
    let accepting = async {
        match limit {
            Some(limit) => until_accepting(urls, guard, limit).await,
            None => accepting_now(urls, guard).await,
        }
    };
    tokio::select! {
        biased;
        () = stop.requested() => Ok(()),
        accepting = accepting => accepting,
    }
}

async fn accepting_now(urls: &[Url], guard: Guard) -> Result<(), Failure> {
    for url in urls {
        if !timeout(CONNECT, accepts(url, guard)).await.unwrap_or(false) {
            let place = place(url);
            return Err(Failure::could_not_run(format!(
                "nobody accepts connections at {place}; is the receiver running? --wait-for 30s waits for it"
            )));
        }
    }
    Ok(())
}

/// Whether somebody accepts a connection there; only addresses that may be hit are tried.
async fn accepts(url: &Url, guard: Guard) -> bool {
    let Some(host) = url.host_str() else { return false };
    let port = url.port_or_known_default().unwrap_or(80);
    let Ok(found) = lookup_host((host.trim_matches(['[', ']']), port)).await else { return false };
    let allowed: Vec<SocketAddr> = guard.sift(host, found).unwrap_or_default();
    TcpStream::connect(allowed.as_slice()).await.is_ok()
}

/// Host and port only: a URL may hold a password.
fn place(url: &Url) -> String {
    let port = url.port_or_known_default().map_or(String::new(), |port| format!(":{port}"));
    format!("{}{port}", url.host_str().unwrap_or("?"))
}
