//! Requests that are sent badly on purpose.

use std::io;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, Stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use reqwest::Url;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::address::{host, path_and_query};
use super::connector::Connector;
use super::failure;
use crate::engine::transport::Failure;
use crate::scenario::fault::{SLOW_PAUSE, SLOW_PIECES};

/// A body in pieces, each after a pause.
pub(super) fn slow(body: &Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    let length = body.len().div_ceil(SLOW_PIECES as usize).max(1);
    let pieces: Vec<Bytes> = body.chunks(length).map(Bytes::copy_from_slice).collect();
    streamed(stream::unfold(pieces.into_iter(), |mut pieces| async move {
        let piece = pieces.next()?;
        sleep(SLOW_PAUSE).await;
        Some((Ok(piece), pieces))
    }))
}

/// A body that breaks off in the middle; the client closes the connection then.
pub(super) fn cut(body: &Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    let half = body.slice(..body.len() / 2);
    let broken = || io::Error::other("cut on purpose");
    streamed(stream::unfold(Some(half), move |half| async move {
        match half {
            Some(half) => Some((Ok(half), None)),
            None => {
                // What was written has to leave before the connection goes.
                sleep(SLOW_PAUSE).await;
                Some((Err(broken()), None))
            }
        }
    }))
}

fn streamed(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> UnsyncBoxBody<Bytes, io::Error> {
    StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync()
}

/// Connects, sends half of the request, and resets the connection. Over TLS nothing is sent before.
///
/// # Errors
/// There is no connection to reset.
pub(super) async fn reset(connector: &Connector, url: &Url, body: &Bytes) -> Result<(), Failure> {
    let stream = connector.connect(url).await?;
    half_and_reset(stream, url, body).await.map_err(|error| failure::of_connect(&error))
}

async fn half_and_reset(mut stream: TcpStream, url: &Url, body: &Bytes) -> io::Result<()> {
    if url.scheme() == "http" {
        let (host, path) = (host(url), path_and_query(url));
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body[..length / 2]).await?;
        sleep(SLOW_PAUSE).await;
    }
    stream.set_zero_linger()
}
