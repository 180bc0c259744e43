//! TLS: rustls with ring, the system's roots and the user's, or no check at all.

use reqwest::{Certificate, Client, ClientBuilder};
use rustls::{CertificateError, Error, InvalidMessage};

use super::client::BuildError;
use super::{HttpSettings, failure};

/// Builds the client that `plain` begins.
///
/// A machine without any root certificates, such as an empty container, still has plain http and the user's certificates.
pub(super) fn build(plain: impl Fn() -> ClientBuilder, settings: &HttpSettings) -> Result<Client, BuildError> {
    // An error means that the program around this library has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = certificates(&settings.ca_certificates)?;
    let checked = || plain().tls_danger_accept_invalid_certs(settings.insecure);
    checked()
        .tls_certs_merge(roots.clone())
        .build()
        .or_else(|_| checked().tls_certs_only(roots).build())
        .map_err(|error| BuildError::Certificates(failure::of(&error).detail))
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, BuildError> {
    let unusable = |why: &str| BuildError::Certificates(why.to_owned());
    let roots = Certificate::from_pem_bundle(pem).map_err(|_| unusable("they are not PEM"))?;
    if roots.is_empty() && !pem.is_empty() {
        return Err(unusable("there is none in the file"));
    }
    Ok(roots)
}

/// What rustls found, and what to do about it where that is clear.
pub(super) fn explain(error: &Error) -> String {
    let advice = match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "; give its CA with --cacert, or use --insecure",
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "; does the receiver speak plain http there?",
        _ => "",
    };
    format!("{error}{advice}")
}
