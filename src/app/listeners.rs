//! The listeners of a provider that ends TLS itself: the one for everybody, and the one where clients show certificates.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::anyhow;
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{DataDir, Services};
use crate::{
    config::MtlsUrl,
    domain::ambient::Ambient,
    http::{
        headers,
        server::{Asking, Clock, Tls, TlsConfig},
    },
};

/// TLS of each listener that has it.
pub(super) struct Listeners {
    /// `None`: a proxy in front ends TLS.
    pub(super) public: Option<Arc<Tls>>,
    pub(super) mutual: Option<Mutual>,
}

/// Where clients authenticate with certificates (RFC 8705).
pub(super) struct Mutual {
    pub(super) listen: SocketAddr,
    pub(super) url: MtlsUrl,
    pub(super) tls: Arc<Tls>,
}

impl Listeners {
    /// Reads the files that the configuration names.
    pub(super) fn load(data: &DataDir, ambient: &Ambient) -> anyhow::Result<Self> {
        let server = &data.config.server;
        let Some((certificate, key)) = server.tls() else { return Ok(Self { public: None, mutual: None }) };
        let load = |host: &str, asking: Asking| {
            let tls = Tls::load(TlsConfig {
                certificate: data.root.join(certificate),
                key: data.root.join(key),
                // The brackets of an IPv6 address belong to the URL.
                host: host.trim_matches(['[', ']']).to_owned(),
                asking,
                clock: clock(ambient),
                look_every: LOOK_EVERY,
            });
            tls.map(Arc::new).map_err(|error| anyhow!("the files of TLS in [server] do not hold: {error}"))
        };
        let public = load(&server.issuer.host(), Asking::Nobody)?;
        let mutual = match (server.mtls_listen, &server.mtls_url) {
            (Some(listen), Some(url)) => {
                let authorities = server.client_ca();
                let asking = Asking::Everybody { authorities: authorities.map(|file| data.root.join(file)) };
                Some(Mutual { listen, url: url.clone(), tls: load(url.host(), asking)? })
            }
            _ => None,
        };
        Ok(Self { public: Some(public), mutual })
    }
}

impl Mutual {
    pub(super) fn router(&self, router: Router, services: &Services) -> Router {
        at_alias(router, services, &self.url)
    }
}

impl Services {
    /// The provider as clients see it at `server.mtls_url`, where there is one.
    pub fn router_for_certificates(&self) -> Option<Router> {
        self.config.server.mtls_url.as_ref().map(|url| at_alias(self.router(), self, url))
    }
}

/// Only the endpoints that clients call themselves. A page would have its cookies and its user asked for a certificate.
fn at_alias(router: Router, services: &Services, url: &MtlsUrl) -> Router {
    let issuer = services.config.server.issuer.origin();
    let authority = |origin: &str| origin.trim_start_matches("https://").to_owned();
    let gate = Arc::new(Gate {
        own: authority(&url.origin()),
        issuer: HeaderValue::from_str(&authority(&issuer)).ok(),
        paths: back_channel(&services.provider.metadata(), &issuer),
    });
    router.layer(middleware::from_fn(move |request: Request, next: Next| Arc::clone(&gate).pass(request, next)))
}

/// What may come in by the listener for certificates.
struct Gate {
    own: String,
    /// What the provider's own site knows itself by.
    issuer: Option<HeaderValue>,
    paths: BTreeSet<String>,
}

impl Gate {
    async fn pass(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        if let Err(status) = self.admit(&mut request) {
            let mut refused = (status, format!("{status}\n")).into_response();
            headers::secure(&mut refused, true);
            return refused;
        }
        next.run(request).await
    }

    /// Makes a request to the alias one to the issuer, or refuses it.
    fn admit(&self, request: &mut Request) -> Result<(), StatusCode> {
        let header = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
        let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
        // RFC 9112 §3.2.2, as the shell does it: both must fit, and one must be there.
        let fits = [header, authority].into_iter().flatten().all(|host| self.is_own(host));
        let (true, Some(issuer)) = (fits && (header, authority) != (None, None), &self.issuer) else {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        };
        if !self.paths.contains(request.uri().path()) {
            return Err(StatusCode::NOT_FOUND);
        }
        let target = request.uri().path_and_query().cloned().map(Uri::from);
        *request.uri_mut() = target.ok_or(StatusCode::NOT_FOUND)?;
        request.headers_mut().insert(header::HOST, issuer.clone());
        Ok(())
    }

    fn is_own(&self, host: &str) -> bool {
        let same = |host: &str| host.eq_ignore_ascii_case(&self.own);
        same(host) || host.strip_suffix(":443").is_some_and(same)
    }
}

/// The paths that clients call themselves (RFC 8705 §5): every endpoint of the metadata but those that browsers are sent to.
fn back_channel(metadata: &str, issuer: &str) -> BTreeSet<String> {
    let metadata: Map<String, Value> = serde_json::from_str(metadata).unwrap_or_default();
    let endpoints = metadata.iter().filter(|(name, _)| name.ends_with("_endpoint"));
    let direct = endpoints.filter(|(name, _)| !OF_BROWSERS.contains(&name.as_str()));
    direct.filter_map(|(_, address)| Some(address.as_str()?.strip_prefix(issuer)?.to_owned())).collect()
}

fn clock(ambient: &Ambient) -> Clock {
    let ambient = ambient.clone();
    Clock::new(move || Duration::from_millis(ambient.now().0.try_into().unwrap_or(0)))
}

const OF_BROWSERS: [&str; 2] = ["authorization_endpoint", "end_session_endpoint"];
/// The longest that a renewed certificate waits; `default.toml` says so.
const LOOK_EVERY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_call_is_told_apart_from_what_browsers_are_sent_to() {
        let metadata = r#"{
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/authorize",
            "end_session_endpoint": "https://id.example/end-session",
            "token_endpoint": "https://id.example/token",
            "revocation_endpoint": null,
            "userinfo_endpoint": "https://id.example/userinfo",
            "mtls_endpoint_aliases": {},
            "jwks_uri": "https://id.example/jwks.json"
        }"#;
        assert_eq!(Vec::from_iter(back_channel(metadata, "https://id.example")), ["/token", "/userinfo"]);
    }

    #[test]
    fn only_requests_to_the_alias_pass_and_they_pass_as_requests_to_the_issuer() {
        let gate = Gate {
            own: "id.example:8444".to_owned(),
            issuer: Some(HeaderValue::from_static("id.example")),
            paths: BTreeSet::from(["/token".to_owned()]),
        };
        let admit = |target: &str, host: Option<&str>| {
            let mut request = Request::post(target);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            let mut request = request.body(axum::body::Body::empty()).unwrap();
            gate.admit(&mut request).map_err(|status| status.as_u16())?;
            assert_eq!(request.headers()[header::HOST], "id.example");
            Ok(request.uri().to_string())
        };
        assert_eq!(admit("/token?a=b", Some("ID.example:8444")).unwrap(), "/token?a=b");
        assert_eq!(admit("https://id.example:8444/token", Some("id.example:8444")).unwrap(), "/token");
        assert_eq!(admit("https://evil.example/token", Some("id.example:8444")), Err(421));
        assert_eq!(admit("/token", Some("id.example")), Err(421));
        assert_eq!(admit("/token", None), Err(421));
        for other in ["/", "/token/", "/authorize", "/%74oken", "/account"] {
            assert_eq!(admit(other, Some("id.example:8444")), Err(404), "{other}");
        }
    }
}
