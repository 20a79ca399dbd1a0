//! What a client's certificate says (RFC 5280 §4.1), for those who decide what it is worth.

use std::{fmt, net::IpAddr, sync::Arc};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::name::rfc4514;

/// A certificate whose key the client proved to hold in the handshake of this connection. A request extension, present only
/// on a listener that asks for certificates; no header is ever taken for one.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate itself.
    pub der: Arc<[u8]>,
    /// SHA-256 of it in base64url: the value of `x5t#S256` (RFC 8705 §3.1).
    pub thumbprint: String,
    /// It chains to an authority that this server trusts for clients, and was valid when the connection began. What it
    /// names is to be believed only then.
    pub verified: bool,
    /// The subject in the form of RFC 4514, as `openssl x509 -subject -nameopt RFC2253,-esc_msb` prints it.
    pub subject: String,
    pub alt_names: Vec<AltName>,
    /// Its public key as `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1.2.7).
    pub public_key: Arc<[u8]>,
}

/// A name in the certificate's subject alternative name (RFC 5280 §4.2.1.6) of one of the kinds of RFC 8705 §2.1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltName {
    /// In lower case.
    Dns(String),
    Uri(String),
    Ip(IpAddr),
    Email(String),
}

/// The bytes are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be read")]
pub struct CertificateError;

impl ClientCertificate {
    /// Reads a certificate; whether it is to be believed is for the caller to know.
    pub fn from_der(der: &[u8], verified: bool) -> Result<Self, CertificateError> {
        let (rest, read) = X509Certificate::from_der(der).map_err(|_| CertificateError)?;
        if !rest.is_empty() {
            return Err(CertificateError);
        }
        let alt_names = read.subject_alternative_name().map_err(|_| CertificateError)?;
        let alt_names = alt_names.map(|names| names.value.general_names.iter().filter_map(AltName::of).collect());
        Ok(Self {
            der: der.into(),
            thumbprint: BASE64URL_NOPAD.encode(&Sha256::digest(der)),
            verified,
            subject: rfc4514(read.subject()),
            alt_names: alt_names.unwrap_or_default(),
            public_key: read.public_key().raw.into(),
        })
    }
}

/// Names may be those of people, so they stay out of logs.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({}, verified: {})", self.thumbprint, self.verified)
    }
}

impl AltName {
    fn of(name: &GeneralName<'_>) -> Option<Self> {
        Some(match name {
            GeneralName::DNSName(name) => Self::Dns(name.to_ascii_lowercase()),
            GeneralName::URI(uri) => Self::Uri((*uri).to_owned()),
            GeneralName::RFC822Name(address) => Self::Email((*address).to_owned()),
            GeneralName::IPAddress(octets) => Self::Ip(match octets.len() {
                4 => <[u8; 4]>::try_from(*octets).ok()?.into(),
                _ => <[u8; 16]>::try_from(*octets).ok()?.into(),
            }),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(alter: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        alter(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_of_the_four_kinds_are_read_and_others_passed_over() {
        let der = certificate(|params| {
            params.distinguished_name.push(DnType::CommonName, "forum");
            params.subject_alt_names = vec![
                SanType::DnsName("Forum.Example".try_into().unwrap()),
                SanType::URI("https://forum.example/id".try_into().unwrap()),
                SanType::IpAddress("192.0.2.1".parse().unwrap()),
                SanType::IpAddress("2001:db8::1".parse().unwrap()),
                SanType::Rfc822Name("root@forum.example".try_into().unwrap()),
                SanType::OtherName((vec![1, 2, 3], "other".into())),
            ];
        });
        let read = ClientCertificate::from_der(&der, true).unwrap();
        assert_eq!(
            read.alt_names,
            [
                AltName::Dns("forum.example".to_owned()),
                AltName::Uri("https://forum.example/id".to_owned()),
                AltName::Ip("192.0.2.1".parse().unwrap()),
                AltName::Ip("2001:db8::1".parse().unwrap()),
                AltName::Email("root@forum.example".to_owned()),
            ]
        );
        assert_eq!((read.subject.as_str(), read.verified, &*read.der), ("CN=forum", true, der.as_slice()));
        assert_eq!(BASE64URL_NOPAD.decode(read.thumbprint.as_bytes()).unwrap(), Sha256::digest(&der).as_slice());
        assert!(!format!("{read:?}").contains("forum"), "{read:?}");
    }

    #[test]
    fn what_is_not_one_certificate_to_the_byte_is_refused() {
        let der = certificate(|_| {});
        assert_eq!(ClientCertificate::from_der(&der, false).unwrap().subject, "");
        for wrong in [&[][..], b"x", &der[..der.len() - 1], &[&der[..], b"\0"].concat()] {
            assert_eq!(ClientCertificate::from_der(wrong, false), Err(CertificateError));
        }
    }
}
