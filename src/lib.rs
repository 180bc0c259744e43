//! A local simulator of Tencent Cloud's relay-task (pull-push) callbacks: a command, and a library for tests written in Rust.
//!
//! An [`Emitter`] plays a [`Scenario`] against the program under test and gives a [`Report`]. A program that is a
//! [`tower`](https://docs.rs/tower) service, such as an axum router, is called in process, without a socket. On a runtime that
//! was started paused, tokio's clock is virtual: it jumps to the next thing that is due, and retries over an hour take milliseconds.
//!
//! ```
//! use axum::{Router, routing::post};
//! use pullpush::{Emitter, InProcess, Scenario};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), pullpush::ScenarioError> {
//! // In a test: #[tokio::test(start_paused = true)]
//! let scenario = Scenario::parse(
//!     r#"
//!     version = 1
//!     [[task]]
//!     source = "live"
//!     url = "rtmp://origin.test/live/a"
//!     end = "24h"
//!     "#,
//! )?;
//! let app = Router::new().route("/callback", post(|| async { "ok" }));
//! let emitter = Emitter::new(scenario).to("http://app.test/callback").seed(7);
//! let report = emitter.run(&InProcess::service(app)).await;
//! report.assert();
//! assert_eq!(report.acknowledged(), 2); // TaskStart, and a day later TaskExit
//! # Ok(())
//! # }
//! ```
//!
//! Over sockets it is [`Http`], on an ordinary runtime: a paused clock does not wait for the network. Use [`Speed`] there.
//!
//! As a dev-dependency take it with `default-features = false`. The features are `cli`, the command, which a library does without,
//! and `https`: it needs a C compiler, turns on TLS of the one reqwest that a program has, and makes ring its provider.
//!
//! What is documented here follows semantic versioning. Everything else in this crate is hidden, there for the command and
//! its own tests, and may change at any time.

mod testing;

#[doc(inline)]
pub use engine::pace::Speed;
pub use testing::{Complaint, Emitter, Http, InProcess, PlannedCallback, Report, Scenario, ScenarioError, Transport};

#[doc(hidden)]
pub mod callback;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod dice;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod exit_code;
#[doc(hidden)]
pub mod page;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod scenario;
#[doc(hidden)]
pub mod service;
#[doc(hidden)]
pub mod sink;
#[doc(hidden)]
pub mod study;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod time;
