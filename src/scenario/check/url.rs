//! URLs of a scenario: where callbacks go, and what a relay pulls from and pushes to.

use crate::callback::template::Template;
use crate::scenario::problem::Problem;
use crate::scenario::section::{At, Section, list};

/// What the service can pull from (documented).
const PULLS_FROM: &[&str] = &["http", "https", "rtmp", "rtmps", "rtsp", "srt"];
/// What it can push to.
const PUSHES_TO: &[&str] = &["rtmp", "rtmps", "srt", "http", "https", "webrtc"];

/// A URL that is really called, by each of `copies` tasks: http or https, and whole.
pub(super) fn address(section: &mut Section<'_>, key: &'static str, copies: u64) -> Option<At<Template>> {
    let url = section.template(key)?;
    let Some((scheme, _)) = url.value.as_written().split_once("://") else {
        section.add(no_scheme(key, &url).help("write it whole, such as \"http://127.0.0.1:8080/callback\""));
        return None;
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        section.add(
            Problem::error(url.span, format!("`{key}` cannot begin with `{scheme}://`"))
                .help("callbacks go to http:// or https://"),
        );
        return None;
    }
    for copy in [1, copies] {
        let written = url.value.for_copy(copy);
        if let Err(error) = reqwest::Url::parse(&written) {
            let problem = Problem::error(url.span, format!("`{key}` is not a URL: {error}"))
                .help("write it whole, such as \"http://127.0.0.1:8080/callback\"");
            section.add(if url.value.varies() { problem.label(format!("copy {copy}: {written}")) } else { problem });
            return None;
        }
    }
    Some(url)
}

fn no_scheme(key: &str, url: &At<Template>) -> Problem {
    Problem::error(url.span.clone(), format!("`{key}` is not a URL: it begins with no scheme"))
}

/// A URL that is only told of: the source of a relay.
pub(super) fn source(section: &mut Section<'_>, key: &'static str) -> Option<At<Template>> {
    of_scheme(section, key, PULLS_FROM)
}

/// A URL that is only told of: the target of a relay.
pub(super) fn target(section: &mut Section<'_>, key: &'static str) -> Option<At<Template>> {
    of_scheme(section, key, PUSHES_TO)
}

/// Only the scheme is looked at: published URLs are masked with stars.
fn of_scheme(section: &mut Section<'_>, key: &'static str, schemes: &[&str]) -> Option<At<Template>> {
    let url = section.template(key)?;
    let problem = match url.value.as_written().split_once("://") {
        Some((scheme, rest)) if schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            if !rest.is_empty() {
                return Some(url);
            }
            Problem::error(url.span, format!("`{key}` ends after `{scheme}://`"))
                .help(format!("write it whole, such as \"{scheme}://media.test/show\""))
        }
        Some((scheme, _)) => Problem::error(url.span, format!("`{key}` cannot begin with `{scheme}://`"))
            .help(format!("the service knows {}", list(schemes.iter().copied()))),
        None => no_scheme(key, &url).help(format!("write it whole, such as \"{}://media.test/show\"", schemes[0])),
    };
    section.add(problem);
    None
}
