//! URLs of a scenario: where callbacks go, and what a relay pulls from and pushes to.

use crate::callback::template::Template;
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section, list};

/// What the service can pull from (documented).
const PULLS_FROM: &[&str] = &["http", "https", "rtmp", "rtmps", "rtsp", "srt"];
/// What it can push to.
const PUSHES_TO: &[&str] = &["rtmp", "rtmps", "srt", "http", "https", "webrtc"];

/// A URL that is really called: http or https, and whole.
pub(super) fn address(section: &mut Section<'_>, key: &'static str) -> Option<At<Template>> {
    let url = section.template(key)?;
    let parsed = reqwest::Url::parse(&url.value.for_copy(1));
    let problem = match parsed {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => return Some(url),
        Ok(parsed) => Problem::error(url.span, format!("`{key}` cannot be a {}: address", parsed.scheme()))
            .help("callbacks go to http:// or https://"),
        Err(error) => Problem::error(url.span, format!("`{key}` is not a URL: {error}"))
            .help("write it whole, such as \"http://127.0.0.1:8080/callback\""),
    };
    section.add(problem);
    None
}

/// A URL that is only told of: the source of a relay.
pub(super) fn source(section: &mut Section<'_>, key: &'static str) -> Option<At<Template>> {
    told(section, key, PULLS_FROM)
}

/// A URL that is only told of: the target of a relay.
pub(super) fn target(section: &mut Section<'_>, key: &'static str) -> Option<At<Template>> {
    told(section, key, PUSHES_TO)
}

/// Only the scheme is looked at: published URLs are masked with stars.
fn told(section: &mut Section<'_>, key: &'static str, schemes: &[&str]) -> Option<At<Template>> {
    let url = section.template(key)?;
    let problem = match url.value.as_written().split_once("://") {
        Some((scheme, rest)) if schemes.contains(&scheme) && !rest.is_empty() => return Some(url),
        Some((scheme, _)) => Problem::error(url.span, format!("`{key}` cannot begin with `{scheme}://`"))
            .help(format!("the service knows {}", list(schemes.iter().copied()))),
        None => Problem::error(url.span, format!("`{key}` is not a URL: it has no scheme"))
            .help(format!("write it whole, such as \"{}://media.test/show\"", schemes[0])),
    };
    section.add(problem);
    None
}
