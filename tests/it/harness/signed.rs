//! What clients sign with keys of their own: assertions, proofs and, in the handshake, their certificates.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::http::HeaderValue;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    http::server::ClientCertificate,
    wire::jose::{Algorithm, Jwk, PublicKey, Signer, SigningKey, Typ},
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ISSUER, Service};

/// A private key of a client, and what it signs.
#[derive(Clone)]
pub(crate) struct ClientKey(Arc<Signer>);

impl ClientKey {
    /// One that nobody else has.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let mut rng = StdRng::seed_from_u64(count());
        Self(Arc::new(Signer::new(SigningKey::generate(algorithm, &mut rng).unwrap()).unwrap()))
    }

    /// The set that the client registers.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.0.public()] })
    }

    /// As in `jkt` (RFC 9449 §6.1).
    pub(crate) fn thumbprint(&self) -> String {
        self.0.public().key.thumbprint()
    }

    pub(crate) fn sign(&self, typ: Typ, claims: &Value) -> String {
        self.0.sign(typ, claims).unwrap()
    }

    /// A proof of who this client is (RFC 7523 §3), to be changed or sent.
    pub(crate) fn assertion(service: &Service, client: &str) -> Value {
        let now = service.services.ambient.now().seconds();
        json!({ "iss": client, "sub": client, "aud": ISSUER, "jti": fresh(), "iat": now, "exp": now + 60 })
    }

    /// The claims of a proof for this request (RFC 9449 §4.2), with a fresh nonce and, where one is shown, the hash of the
    /// access token.
    pub(crate) fn proof(service: &Service, method: &str, path: &str, access_token: Option<&str>) -> Value {
        let mut claims = json!({
            "jti": fresh(),
            "htm": method,
            "htu": format!("{ISSUER}{path}"),
            "iat": service.services.ambient.now().seconds(),
            "nonce": service.services.provider.dpop_nonce(),
        });
        if let Some(token) = access_token {
            claims["ath"] = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes())).into();
        }
        claims
    }

    /// A `DPoP` header with these claims.
    pub(crate) fn header(&self, claims: &Value) -> HeaderValue {
        HeaderValue::from_str(&self.sign(Typ::DpopProof, claims)).unwrap()
    }
}

/// A certificate of a client at this host, as the listener that asks for certificates hands it on, and the set with its
/// key. `verified`: an authority that is trusted stands behind it.
pub(crate) fn certificate(host: &str, verified: bool) -> (ClientCertificate, Value) {
    let key = rcgen::KeyPair::generate().unwrap();
    let der = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificate = ClientCertificate::from_der(der.der(), verified).unwrap();
    let public = PublicKey::from_spki(&certificate.public_key).unwrap();
    let jwks = json!({ "keys": [Jwk::new(public, Algorithm::ES256)] });
    (certificate, jwks)
}

/// A text for `jti`.
fn fresh() -> String {
    format!("jti-{}", count())
}

fn count() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
