//! The HTTP transport over TLS, with certificates made on the spot.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pullpush::engine::transport::http::{BuildError, HttpSettings, HttpTransport, SystemResolver};
use pullpush::engine::transport::{FailureKind, Outcome, Transport};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::hostile::server::Server;
use crate::hostile::{assert_answered, assert_failed, assert_kind, request};

const PATIENT: Duration = Duration::from_secs(20);

/// A certificate authority that nobody knows yet.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Starts a server with a certificate for `host`, as `change` wants it. It answers one request a connection with 200.
    pub(crate) fn serve(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        change(&mut params);
        let chain = vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()];
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap();
        thread::spawn(move || accept(&listener, &Arc::new(config)));
        authority.to_string()
    }

    fn settings(&self) -> HttpSettings {
        HttpSettings { ca_certificates: self.pem.clone().into(), ..HttpSettings::default() }
    }
}

fn accept(listener: &TcpListener, config: &Arc<ServerConfig>) {
    for stream in listener.incoming() {
        // What goes wrong here shows at the client.
        let _ = answer(stream.unwrap(), Arc::clone(config));
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENT))?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
    }
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret")?;
    reader.get_mut().flush()
}

async fn post(settings: &HttpSettings, url: &str) -> Outcome {
    let transport = HttpTransport::new(settings, Arc::new(SystemResolver)).unwrap();
    transport.send(request(url, PATIENT)).await
}

#[tokio::test]
async fn a_certificate_must_be_vouched_for() {
    let authority = Authority::new();
    let url = format!("https://{}/", authority.serve("127.0.0.1", |_| ()));

    let unknown = "invalid peer certificate: UnknownIssuer; give its CA with --cacert, or use --insecure";
    assert_failed(&post(&HttpSettings::default(), &url).await, FailureKind::Tls, unknown);
    assert_kind(&post(&Authority::new().settings(), &url).await, FailureKind::Tls);
    assert_answered(&post(&authority.settings(), &url).await, 200, "secret");
    let insecure = HttpSettings { insecure: true, ..HttpSettings::default() };
    assert_answered(&post(&insecure, &url).await, 200, "secret");
}

#[tokio::test]
async fn a_certificate_must_be_for_that_host() {
    let authority = Authority::new();
    let url = format!("https://{}/", authority.serve("other.test", |_| ()));
    assert_kind(&post(&authority.settings(), &url).await, FailureKind::Tls);
    let insecure = HttpSettings { insecure: true, ..HttpSettings::default() };
    assert_answered(&post(&insecure, &url).await, 200, "secret");
}

#[tokio::test]
async fn a_certificate_must_be_in_date() {
    let authority = Authority::new();
    let address = authority.serve("127.0.0.1", |params| params.not_after = date_time_ymd(2001, 1, 1));
    assert_kind(&post(&authority.settings(), &format!("https://{address}/")).await, FailureKind::Tls);
}

#[tokio::test]
async fn tls_and_plain_http_do_not_meet() {
    let plain = Server::start(|mut connection| async move {
        connection.anything().await?;
        connection.send("HTTP/1.1 400 Bad Request\r\n\r\n").await
    });
    let why = "received corrupt message of type InvalidContentType; does the receiver speak plain http there?";
    let url = plain.url.replace("http:", "https:");
    assert_failed(&post(&HttpSettings::default(), &url).await, FailureKind::Tls, why);

    let secure = Authority::new().serve("127.0.0.1", |_| ());
    assert_kind(&post(&HttpSettings::default(), &format!("http://{secure}/")).await, FailureKind::InvalidAnswer);
}

#[tokio::test]
async fn a_handshake_that_breaks_is_a_tls_failure() {
    let closing = Server::start(|mut connection| async move { connection.anything().await });
    let resetting = Server::start(|mut connection| async move {
        connection.anything().await?;
        connection.reset()
    });
    for (server, why) in [(closing, "tls handshake eof"), (resetting, "Connection reset by peer")] {
        let url = server.url.replace("http:", "https:");
        let detail = format!("in the TLS handshake: {why}");
        assert_failed(&post(&HttpSettings::default(), &url).await, FailureKind::Tls, &detail);
    }
}

#[tokio::test]
async fn https_to_a_port_where_nobody_listens_is_refused_too() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_kind(&post(&HttpSettings::default(), &format!("https://127.0.0.1:{port}/")).await, FailureKind::Refused);
}

#[test]
fn ca_certificates_must_be_some() {
    for (pem, why) in [
        (&b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"[..], "they are not PEM"),
        (b"hello", "there is none in the file"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "invalid peer certificate: BadEncoding"),
    ] {
        let settings = HttpSettings { ca_certificates: pem.into(), ..HttpSettings::default() };
        let error = HttpTransport::new(&settings, Arc::new(SystemResolver)).unwrap_err();
        assert_eq!(error, BuildError::Certificates(why.into()));
    }
}
