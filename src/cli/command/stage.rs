//! Who receives, ready to be sent to: everything that can go wrong before anything is sent.

use reqwest::Url;

use super::connect::{addresses, admit, http};
use super::loaded::Loaded;
use super::run_options::{Receiver, RunOptions};
use super::wait;
use crate::engine::transport::guard::Guard;
use crate::engine::transport::http::HttpTransport;
use crate::exit_code::Failure;
use crate::sink::misbehaviour::Misbehaviour;

/// Who receives, and how to get there.
pub(super) enum Stage {
    /// The user's program.
    Theirs(HttpTransport),
    /// The built-in receiver, on a loopback port.
    Sink(HttpTransport, Misbehaviour),
    /// The built-in receiver, in memory and in virtual time.
    Memory(Misbehaviour),
}

/// A stage for each scenario, and none unless there is one for all.
///
/// # Errors
/// [`Failure`] if there is a scenario that cannot be sent anywhere, or may not be, or whose receiver does not listen.
pub(super) async fn set_up(scenarios: &[Loaded], options: &RunOptions) -> Result<Vec<Stage>, Failure> {
    let mut stages = Vec::new();
    let mut receivers: Vec<Url> = Vec::new();
    for loaded in scenarios {
        stages.push(match &options.receiver {
            Receiver::Theirs => {
                let transport = http(loaded, &options.connect)?;
                let urls = addresses(loaded)?;
                admit(&urls, &transport, options.wait_for.is_some()).await?;
                receivers.extend(urls);
                Stage::Theirs(transport)
            }
            Receiver::Sink(misbehaviour) => Stage::Sink(http(loaded, &options.connect)?, misbehaviour.clone()),
            Receiver::Memory(misbehaviour) => Stage::Memory(misbehaviour.clone()),
        });
    }
    if let Some(limit) = options.wait_for {
        let guard = Guard { allow_remote: options.connect.allow_remote };
        wait::until_accepting(&receivers, guard, limit).await?;
    }
    Ok(stages)
}
