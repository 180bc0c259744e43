//! All integration tests, linked once.
#![expect(clippy::unwrap_used, reason = "clippy allows it in tests, and not in their helpers")]

mod bad;
#[cfg(unix)] // its tests type lines into a shell
mod cli;
mod expect;
mod faults;
mod hostile;
#[cfg(feature = "https")]
mod https;
mod layers;
mod library_api;
mod load;
mod ordering;
mod player;
mod probe;
mod properties;
mod provider;
#[cfg(unix)]
mod receivers;
mod resent;
mod samples;
mod scenarios;
mod schema;
mod sink;
mod support;
