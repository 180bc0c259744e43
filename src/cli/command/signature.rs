//! `pullpush sign` and `pullpush verify`

use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use super::output::print;
use crate::callback::payload::Payload;
use crate::callback::sign::Key;
use crate::cli::args::{SignArgs, VerifyArgs};
use crate::exit_code::{Exit, Failure};
use crate::text;
use crate::time::wall_now;

/// The largest body that is verified, in bytes.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// A key from the command line or the environment.
pub(super) fn key(key: &str) -> Result<Key, Failure> {
    Key::new(key).map_err(|error| Failure::usage(format!("--key: {error}")))
}

/// Prints `t` and its signature.
///
/// # Errors
/// [`Failure`] if the key cannot be one.
pub(super) fn sign(args: &SignArgs) -> Result<Exit, Failure> {
    let key = key(&args.key)?;
    let t = args.t.unwrap_or_else(|| wall_now().plus(Payload::default().sign_for).seconds());
    print(&format!("{{\"sign\":\"{}\",\"t\":{t}}}\n", key.sign(t)))?;
    Ok(Exit::Success)
}

/// Says whether a signature belongs to its expiry, and whether that has passed.
///
/// # Errors
/// [`Failure`] if there is nothing to verify.
pub(super) fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let key = key(&args.key)?;
    let (t, sign) = match (&args.body, args.t, &args.sign) {
        (Some(body), ..) => signature_of(body)?,
        (None, Some(t), Some(sign)) => (t, sign.clone()),
        _ => return Err(Failure::usage("give --t and --sign, or a body that carries them")),
    };
    if !key.verify(t, &sign) {
        print("wrong: this signature does not belong to this key and t\n")?;
        return Ok(Exit::ReceiverFailed);
    }
    let has_expired = t < wall_now().seconds();
    print(match (has_expired, args.ignore_expiry) {
        (false, _) => "right\n",
        (true, true) => "right; it has expired\n",
        (true, false) => "expired: right otherwise; --ignore-expiry takes it\n",
    })?;
    Ok(if has_expired && !args.ignore_expiry { Exit::ReceiverFailed } else { Exit::Success })
}

fn signature_of(path: &Path) -> Result<(u64, String), Failure> {
    let name = text::file(path);
    let text = read(path).map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    let body: Value =
        serde_json::from_slice(&text).map_err(|error| Failure::usage(format!("{name} is not JSON: {error}")))?;
    let t = body.get("t").and_then(|t| t.as_u64().or_else(|| t.as_str()?.parse().ok()));
    let sign = body.get("sign").and_then(Value::as_str);
    match (t, sign) {
        (Some(t), Some(sign)) => Ok((t, sign.to_owned())),
        _ => Err(Failure::usage(format!("{name} carries no `t` and `sign`: it is not signed"))),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(std::fs::File::open(path)?) };
    let mut bytes = Vec::new();
    source.take(MAX_BODY).read_to_end(&mut bytes)?;
    Ok(bytes)
}
