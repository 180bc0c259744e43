//! TLS: rustls with ring, the system's roots and the user's, or no check at all.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::socket::Socket;
use super::{BuildError, HttpSettings, failure};
use crate::engine::transport::Failure;

/// What every connection begins with. The system's roots are read when they are first needed: there are many.
pub(super) struct Tls {
    insecure: bool,
    roots: Vec<CertificateDer<'static>>,
    connector: OnceLock<Result<TlsConnector, Error>>,
}

impl Tls {
    /// # Errors
    /// The user's certificates cannot be used.
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, BuildError> {
        let roots = certificates(&settings.ca_certificates)?;
        store(&roots).map_err(|error| BuildError::Certificates(error.to_string()))?;
        Ok(Self { insecure: settings.insecure, roots, connector: OnceLock::new() })
    }

    /// Reads the system's roots if that was not done yet.
    pub(super) fn prepare(&self) -> &Result<TlsConnector, Error> {
        self.connector.get_or_init(|| self.connector())
    }

    /// A machine without any root certificates, such as an empty container, still has the user's.
    fn connector(&self) -> Result<TlsConnector, Error> {
        let provider = Arc::new(ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let checked_by = |verifier| config.clone().dangerous().with_custom_certificate_verifier(verifier);
        let config = if self.insecure {
            checked_by(Arc::new(Anybody(provider)))
        } else {
            match Verifier::new_with_extra_roots(self.roots.iter().cloned(), provider) {
                Ok(verifier) => checked_by(Arc::new(verifier)),
                Err(_) => config.with_root_certificates(store(&self.roots)?),
            }
        };
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Agrees on TLS with `host`.
    ///
    /// # Errors
    /// There is no session.
    pub(super) async fn handshake(&self, host: &str, socket: Socket) -> Result<TlsStream<Socket>, Failure> {
        let session = async {
            let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
            let connector = self.prepare().as_ref().map_err(|error| io::Error::other(error.clone()))?;
            connector.connect(name, socket).await
        };
        session.await.map_err(|error| failure::of_handshake(&error))
    }
}

fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    roots.iter().try_for_each(|root| store.add(root.clone()))?;
    Ok(store)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let unusable = |why: &str| BuildError::Certificates(why.to_owned());
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let roots = roots.map_err(|_| unusable("they are not PEM"))?;
    if roots.is_empty() && !pem.is_empty() {
        return Err(unusable("there is none in the file"));
    }
    Ok(roots)
}

/// Takes any certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
