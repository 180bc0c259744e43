//! From the errors of hyper, rustls and the operating system to a kind and one line for people.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter::successors;

use crate::engine::transport::guard::Forbidden;
use crate::engine::transport::{Failure, FailureKind};
use crate::text::{one_line, without_passwords_of_urls};

type Cause<'a> = &'a (dyn Error + 'static);

/// The longest detail, in characters: certificates can have long names.
const MAX_DETAIL: usize = 240;

/// How far the request had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Lookup,
    Connect,
    #[cfg(feature = "https")]
    Handshake,
    Exchange,
}

/// Classifies a connection that did not come about.
pub(super) fn of_connect(error: &io::Error) -> Failure {
    classify(Stage::Connect, Some(error))
}

/// Classifies a lookup that found nothing.
pub(super) fn of_lookup(error: &(dyn Error + Send + Sync + 'static)) -> Failure {
    classify(Stage::Lookup, Some(error))
}

/// Classifies a connection on which TLS was not agreed on.
#[cfg(feature = "https")]
pub(super) fn of_handshake(error: &io::Error) -> Failure {
    classify(Stage::Handshake, Some(error))
}

/// Classifies an exchange over a connection of hyper's.
pub(super) fn of_connection(error: &hyper::Error) -> Failure {
    classify(Stage::Exchange, Some(error))
}

fn classify(stage: Stage, first: Option<Cause<'_>>) -> Failure {
    let causes: Vec<Cause<'_>> = successors(first, |cause| inner(*cause)).collect();
    let (kind, detail) = clear_case(&causes).unwrap_or_else(|| {
        let detail = causes.last().map_or_else(|| "the request cannot be built".to_owned(), |cause| words(*cause));
        match stage {
            Stage::Lookup => (FailureKind::Dns, detail),
            #[cfg(feature = "https")]
            Stage::Handshake => (FailureKind::Tls, format!("in the TLS handshake: {detail}")),
            _ => (causes.iter().rev().find_map(|cause| kind_of(*cause)).unwrap_or(FailureKind::Network), detail),
        }
    });
    Failure { kind, detail: one_line(&without_passwords_of_urls(&detail), MAX_DETAIL) }
}

/// The error that `cause` holds. An `io::Error` around another error hides that one from `source`.
fn inner(cause: Cause<'_>) -> Option<Cause<'_>> {
    let held = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    held.map(|held| held as Cause<'_>).or_else(|| cause.source())
}

/// Causes that decide by themselves, wherever they stand.
fn clear_case(causes: &[Cause<'_>]) -> Option<(FailureKind, String)> {
    causes.iter().find_map(|cause| {
        if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
            return Some((FailureKind::Forbidden, forbidden.to_string()));
        }
        if let Some(advice) = cause.downcast_ref().and_then(exhausted) {
            return Some((FailureKind::Exhausted, format!("{}; {advice}", words(*cause))));
        }
        Some((FailureKind::Tls, tls(*cause)?))
    })
}

/// What to do when this machine has run out of something. Not all of this has an `ErrorKind`.
fn exhausted(error: &io::Error) -> Option<&'static str> {
    const EMFILE: i32 = if cfg!(windows) { 10024 } else { 24 };
    const ENFILE: i32 = 23;
    match error.raw_os_error() {
        Some(EMFILE) => Some("raise the limit of open files, `ulimit -n 65536`, or have less in flight"),
        Some(ENFILE) if cfg!(unix) => Some("the whole machine has no more; have less in flight"),
        _ if error.kind() == ErrorKind::AddrNotAvailable => {
            Some("no local port is free, or this machine has no such kind of address; have less in flight")
        }
        _ => None,
    }
}

/// What rustls found, and what to do about it where that is clear.
#[cfg(feature = "https")]
fn tls(cause: Cause<'_>) -> Option<String> {
    use rustls::{CertificateError, Error, InvalidMessage};

    let error = cause.downcast_ref()?;
    let advice = match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "; give its CA with --cacert, or use --insecure",
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "; does the receiver speak plain http there?",
        _ => "",
    };
    Some(format!("{error}{advice}"))
}

#[cfg(not(feature = "https"))]
fn tls(_: Cause<'_>) -> Option<String> {
    None
}

/// What one cause says about the kind, if it says anything.
fn kind_of(cause: Cause<'_>) -> Option<FailureKind> {
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return kind_of_hyper(error);
    }
    kind_of_io(cause.downcast_ref()?)
}

fn kind_of_hyper(error: &hyper::Error) -> Option<FailureKind> {
    if error.is_parse() {
        Some(FailureKind::InvalidAnswer)
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Some(FailureKind::Reset)
    } else if error.is_user() || error.source().is_some() {
        None
    } else {
        // Bytes that nobody had asked for; hyper has no question for this one.
        Some(FailureKind::InvalidAnswer)
    }
}

fn kind_of_io(error: &io::Error) -> Option<FailureKind> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(FailureKind::Refused),
        ErrorKind::TimedOut => Some(FailureKind::Timeout),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some(FailureKind::Reset),
        // From hyper this is broken chunked coding; from the operating system it would be about our call.
        ErrorKind::InvalidData | ErrorKind::InvalidInput if error.raw_os_error().is_none() => {
            Some(FailureKind::InvalidAnswer)
        }
        ErrorKind::Other => None,
        _ => Some(FailureKind::Network),
    }
}

/// The text of one cause, without the number that Rust puts behind the operating system's words.
fn words(cause: Cause<'_>) -> String {
    let text = cause.to_string();
    match text.rfind(" (os error ") {
        Some(end) if cause.is::<io::Error>() => text[..end].to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::net::IpAddr;

    use super::*;
    use crate::engine::transport::guard::Guard;

    fn failure(stage: Stage, error: impl Into<Box<dyn Error + Send + Sync>>) -> (FailureKind, String) {
        let error = error.into();
        let failure = classify(stage, Some(&*error));
        (failure.kind, failure.detail)
    }

    /// The middle of a chain.
    #[derive(Debug, thiserror::Error)]
    #[error("tcp connect error\nfor example")]
    struct Around<E: Error + 'static>(#[source] E);

    #[test]
    fn the_operating_system_is_understood() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, FailureKind::Refused),
            (ErrorKind::TimedOut, FailureKind::Timeout),
            (ErrorKind::ConnectionReset, FailureKind::Reset),
            (ErrorKind::BrokenPipe, FailureKind::Reset),
            (ErrorKind::UnexpectedEof, FailureKind::Reset),
            (ErrorKind::NetworkUnreachable, FailureKind::Network),
            (ErrorKind::HostUnreachable, FailureKind::Network),
            (ErrorKind::PermissionDenied, FailureKind::Network),
        ] {
            assert_eq!(failure(Stage::Connect, Around(io::Error::from(kind))).0, expected, "{kind:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_machine_at_its_limits_is_told_what_to_do() {
        for (code, advice) in [
            (24, "Too many open files; raise the limit of open files, `ulimit -n 65536`, or have less in flight"),
            (23, "Too many open files in system; the whole machine has no more; have less in flight"),
        ] {
            for stage in [Stage::Lookup, Stage::Connect] {
                let error = io::Error::from_raw_os_error(code);
                assert_eq!(failure(stage, Around(error)), (FailureKind::Exhausted, advice.to_owned()));
            }
        }
        let (kind, detail) = failure(Stage::Connect, io::Error::from(ErrorKind::AddrNotAvailable));
        assert_eq!(kind, FailureKind::Exhausted);
        assert!(
            detail
                .ends_with("; no local port is free, or this machine has no such kind of address; have less in flight"),
            "{detail}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_bad_call_of_ours_is_no_fault_of_the_answer() {
        const EINVAL: i32 = 22;
        let error = io::Error::from_raw_os_error(EINVAL);
        assert_eq!(failure(Stage::Connect, error), (FailureKind::Network, "Invalid argument".to_owned()));
        let error = io::Error::new(ErrorKind::InvalidInput, "Invalid chunk end");
        assert_eq!(failure(Stage::Exchange, error), (FailureKind::InvalidAnswer, "Invalid chunk end".to_owned()));
    }

    #[test]
    fn a_refusal_is_found_in_any_depth() {
        let address: IpAddr = "8.8.8.8".parse().unwrap();
        let forbidden = Guard::default().check_address("callback.example", address).unwrap_err();
        let detail = forbidden.to_string();
        let error = Around(io::Error::other(Around(forbidden)));
        assert_eq!(failure(Stage::Lookup, error), (FailureKind::Forbidden, detail));
    }

    #[cfg(feature = "https")]
    #[test]
    fn what_breaks_in_a_handshake_is_about_tls() {
        let reset = || io::Error::from(ErrorKind::ConnectionReset);
        let detail = "in the TLS handshake: connection reset".to_owned();
        assert_eq!(failure(Stage::Handshake, Around(reset())), (FailureKind::Tls, detail));
        assert_eq!(failure(Stage::Exchange, Around(reset())).0, FailureKind::Reset);
    }

    #[test]
    fn a_detail_is_one_line() {
        assert_eq!(failure(Stage::Lookup, "no\r\nsuch\tname").1, "no\\r\\nsuch\\tname");
        assert_eq!(failure(Stage::Lookup, "x".repeat(1000)).1.chars().count(), MAX_DETAIL + 1);
    }
}
