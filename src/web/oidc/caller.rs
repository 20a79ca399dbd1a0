//! The software on the other side of a request: its headers, and the certificate of its connection.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
};

use crate::{
    clients::Certificate,
    http::server::{AltName, ClientCertificate},
    provider::client::Credentials,
    wire::jose::PublicKey,
};

/// An extractor. Nothing in a header stands for a certificate: what a proxy says of one is not believed.
pub(super) struct Caller {
    pub(super) headers: HeaderMap,
    certificate: Option<Certificate>,
}

impl Caller {
    /// All values of a header.
    pub(super) fn values(&self, name: &HeaderName) -> Vec<&[u8]> {
        self.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
    }

    pub(super) fn credentials<'a>(&'a self, authorization: &'a [&'a [u8]], dpop: &'a [&'a [u8]]) -> Credentials<'a> {
        Credentials { authorization, dpop, certificate: self.certificate.as_ref() }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let certificate = parts.extensions.get::<ClientCertificate>().map(certificate);
        Ok(Self { headers: parts.headers.clone(), certificate })
    }
}

fn certificate(shown: &ClientCertificate) -> Certificate {
    let mut certificate = Certificate {
        thumbprint: shown.thumbprint.clone(),
        key: PublicKey::from_spki(&shown.public_key).ok(),
        verified: shown.verified,
        subject: shown.subject.clone(),
        dns: Vec::new(),
        uris: Vec::new(),
        ips: Vec::new(),
        emails: Vec::new(),
    };
    for name in &shown.alt_names {
        match name {
            AltName::Dns(name) => certificate.dns.push(name.clone()),
            AltName::Uri(uri) => certificate.uris.push(uri.clone()),
            AltName::Ip(address) => certificate.ips.push(*address),
            AltName::Email(address) => certificate.emails.push(address.clone()),
        }
    }
    certificate
}
