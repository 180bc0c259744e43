//! The files of the page, each with the header fields that keep it to itself.

use std::sync::LazyLock;

use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, VARY,
};
use hyper::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{Response, StatusCode};

use crate::callback;
use crate::page::{self, Module, modules};

/// The first is the one that begins.
const SCRIPTS: &[Module] =
    &modules!["sink/page/page.js", "sink/page/bytes.js", "sink/page/detail.js", "sink/page/list.js"];

/// Name, type, text.
static FILES: LazyLock<[(&str, &str, String); 4]> = LazyLock::new(|| {
    let html = include_str!("page.html").replace("/* events */", &callback::pages::events().to_string());
    [
        ("page.html", "text/html; charset=utf-8", html),
        ("page.css", "text/css; charset=utf-8", [page::STYLE, include_str!("page.css")].concat()),
        ("page.js", "text/javascript; charset=utf-8", page::script(SCRIPTS)),
        ("icon.svg", "image/svg+xml", include_str!("icon.svg").to_owned()),
    ]
});

/// Only files of the page's own act, nothing is fetched from elsewhere or sent elsewhere, and no text can become a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const REFUSAL: &str = "This page is shown only under an address or as localhost: whoever owns a name could read callbacks under it.\n\
     Open it as http://127.0.0.1:PORT/, or with the address of the machine that pullpush runs on.\n";

/// The file of that name.
pub(super) fn file(name: &str) -> Response<Bytes> {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, text)) => response(StatusCode::OK, kind, text),
        None => response(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "The page has no such file.\n"),
    }
}

/// The answer to whom it is not shown.
pub(super) fn refusal() -> Response<Bytes> {
    response(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", REFUSAL)
}

fn response(status: StatusCode, kind: &'static str, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    keep_to_itself(&mut response, kind);
    response
}

/// What every answer of the page says of itself.
pub(super) fn keep_to_itself<B>(response: &mut Response<B>, kind: &'static str) {
    for (name, value) in [
        (CONTENT_TYPE, kind),
        // `/` is a page or a hint, and the page is another one after an update.
        (VARY, "accept"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_the_page_can_be_made() {
        let (.., script) = &FILES[2];
        assert!(!script.starts_with("throw new Error"), "{script}");
    }
}
