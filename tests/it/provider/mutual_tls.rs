//! Certificates of clients in place of secrets and proofs (RFC 8705), over real sockets: the listener for everybody and the
//! one that asks for certificates, as `serve` opens them, in front of one provider.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use data_encoding::BASE64URL_NOPAD;
use heteronym::{
    clients::{Draft, Profile},
    http::server::{self, Asking, ClientCertificate, Clock, Limits, Tls, TlsConfig},
    wire::{
        jose::{Algorithm, Jwk, PublicKey},
        oauth::AuthMethod,
    },
};
use rcgen::{Issuer, KeyPair};
use rustls::{ClientConfig, crypto::aws_lc_rs};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, spawn},
};
use tokio_rustls::TlsConnector;

use crate::{
    harness::{Browser, Choices, Forum, ISSUER, Request, Service},
    http_tls::{Issued, authority, roots},
};

const HOST: &str = "id.example";
const ALIAS: &str = "mtls.id.example";
const SCOPE: &str = "openid offline_access";

/// A listener with TLS. It ends when it is dropped.
struct Listener {
    address: SocketAddr,
    serving: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct House {
    service: Service,
    browser: Browser,
    issued: Issued,
    signing: Issuer<'static, KeyPair>,
    public: Listener,
    mutual: Listener,
}

impl House {
    async fn open() -> Self {
        let service = Service::start_at(ISSUER, CONFIGURATION, 1).await;
        let issued = Issued::by_itself(&[HOST, ALIAS]);
        issued.write(service.dir.path());
        let (ca, signing) = authority("Trusted");
        let authorities = service.dir.path().join("authorities.pem");
        std::fs::write(&authorities, ca.certificate.pem()).unwrap();
        let public = listen(&service, HOST, Asking::Nobody, service.router()).await;
        let router = service.services.router_for_certificates().unwrap();
        let mutual = listen(&service, ALIAS, Asking::Everybody { authorities: Some(authorities) }, router).await;
        let citizen = service.arnaud().await;
        let mut browser = service.browser();
        browser.sign_in(&service, &citizen).await;
        Self { service, browser, issued, signing, public, mutual }
    }

    /// A forum that shows this certificate: known by its key, or by the name that an authority vouches for.
    async fn forum(&self, host: &str, method: AuthMethod, profile: Profile) -> (Forum, Issued) {
        let by_key = method == AuthMethod::SelfSignedTlsClientAuth;
        let own = if by_key { Issued::by_itself(&[host]) } else { Issued::signed_by(&[host], &self.signing, |_| {}) };
        let draft = Draft {
            name: format!("Forum of {host}"),
            redirect_uris: vec![format!("https://{host}/callback")],
            auth_method: method,
            jwks: by_key.then(|| jwks(&own)),
            tls_client_auth_san_dns: (!by_key).then(|| host.to_owned()),
            tls_client_certificate_bound_access_tokens: true,
            scope: SCOPE.to_owned(),
            ..Draft::of_profile(profile)
        };
        let (client, secret) = self.service.services.clients.register(draft).await.unwrap();
        assert!(secret.is_none() && !client.metadata.dpop_bound_access_tokens);
        (Forum { client, secret, key: None, dpop: None, certificate: None }, own)
    }

    /// Sends a request to one of the listeners: status, and body as far as it is JSON.
    async fn send(&self, to: &Listener, own: Option<&Issued>, line: &str, headers: &str, body: &str) -> (u16, Value) {
        let host = if to.address == self.mutual.address { ALIAS } else { HOST };
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots(&self.issued));
        let config = match own {
            Some(own) => builder.with_client_auth_cert(own.chain(), own.private()).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let socket = TcpStream::connect(to.address).await.unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(host.try_into().unwrap(), socket).await.unwrap();
        let length = body.len();
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n");
        stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    async fn post(&self, to: &Listener, own: Option<&Issued>, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let media = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.send(to, own, &format!("POST {path}"), media, &body).await
    }

    async fn userinfo(&self, to: &Listener, own: Option<&Issued>, token: &str) -> (u16, Value) {
        self.send(to, own, "GET /userinfo", &format!("Authorization: Bearer {token}\r\n"), "").await
    }

    /// A request pushed at the alias, answered in the browser, with the form that redeems its code.
    async fn answered(&mut self, forum: &Forum, own: &Issued) -> Vec<(&'static str, String)> {
        let request = forum.request(SCOPE);
        let fields: Vec<_> = request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (status, pushed) = self.post(&self.mutual, Some(own), "/par", &fields).await;
        assert_eq!(status, 201, "{pushed}");
        let sent: Request = request.with_uri(forum.id(), pushed["request_uri"].as_str().unwrap());
        let answer = self.browser.authorize(&sent, &Choices::all("Genêt")).await;
        let mut fields = sent.redemption(answer.code(), forum.redirect()).to_vec();
        fields.push(("client_id", forum.id().to_owned()));
        fields
    }
}

async fn listen(service: &Service, host: &str, asking: Asking, router: Router) -> Listener {
    let ambient = service.services.ambient.clone();
    let tls = Tls::load(TlsConfig {
        certificate: service.dir.path().join("certificate.pem"),
        key: service.dir.path().join("key.pem"),
        host: host.to_owned(),
        asking,
        clock: Clock::new(move || Duration::from_millis(ambient.now().0.try_into().unwrap())),
        look_every: Duration::from_hours(1),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Arc::new(tls.unwrap());
    let serving = server::serve_tls(listener, router, Limits::default(), tls, std::future::pending());
    Listener { address, serving: spawn(serving).abort_handle() }
}

/// The set with the key of this certificate.
fn jwks(own: &Issued) -> Value {
    let read = ClientCertificate::from_der(own.der(), false).unwrap();
    json!({ "keys": [Jwk::new(PublicKey::from_spki(&read.public_key).unwrap(), Algorithm::ES256)] })
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn refused(code: &str) -> Value {
    json!({ "error": code })
}

const WAYS: [(AuthMethod, Profile); 4] = [
    (AuthMethod::SelfSignedTlsClientAuth, Profile::Strict),
    (AuthMethod::TlsClientAuth, Profile::Strict),
    (AuthMethod::SelfSignedTlsClientAuth, Profile::Fapi2),
    (AuthMethod::TlsClientAuth, Profile::Fapi2),
];

#[tokio::test]
async fn a_token_that_was_got_with_a_certificate_is_worth_nothing_without_it() {
    let mut house = House::open().await;
    for (number, (method, profile)) in WAYS.into_iter().enumerate() {
        let host = format!("forum{number}.example");
        let (forum, own) = house.forum(&host, method, profile).await;
        let fields = house.answered(&forum, &own).await;
        let (status, tokens) = house.post(&house.mutual, Some(&own), "/token", &borrowed(&fields)).await;
        assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")), "{method:?} {profile:?}: {tokens}");
        let token = tokens["access_token"].as_str().unwrap();

        let (status, told) = house.userinfo(&house.mutual, Some(&own), token).await;
        assert!(status == 200 && told["sub"].is_string(), "{told}");
        let stranger = Issued::signed_by(&[&host], &house.signing, |_| {});
        for (to, shown, what) in [
            (&house.mutual, None, "no certificate"),
            (&house.mutual, Some(&stranger), "another certificate of the same name"),
            (&house.public, None, "the listener that asks for none"),
            (&house.public, Some(&own), "the same, though the client has one"),
        ] {
            let (status, body) = house.userinfo(to, shown, token).await;
            assert_eq!((status, &body["error"]), (401, &json!("invalid_token")), "{method:?} {profile:?}: {what}");
        }

        let ask = [("client_id", forum.id()), ("token", token)];
        let (_, told) = house.post(&house.mutual, Some(&own), "/introspect", &ask).await;
        let thumbprint = BASE64URL_NOPAD.encode(&Sha256::digest(own.der()));
        assert_eq!((&told["active"], &told["cnf"]), (&json!(true), &json!({ "x5t#S256": thumbprint })), "{told}");

        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        let renew = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", forum.id())];
        let (status, _) = house.post(&house.mutual, None, "/token", &renew).await;
        assert_eq!(status, 401, "a refresh token without the certificate");
        let (status, renewed) = house.post(&house.mutual, Some(&own), "/token", &renew).await;
        assert_eq!(status, 200, "{renewed}");
        let renewed = renewed["access_token"].as_str().unwrap();
        assert_eq!(house.userinfo(&house.mutual, Some(&own), renewed).await.0, 200);
        assert_eq!(house.userinfo(&house.mutual, None, renewed).await.0, 401, "what came of it is bound as well");

        let (status, _) = house.post(&house.mutual, Some(&own), "/revoke", &ask).await;
        assert_eq!(status, 200);
        assert_eq!(house.userinfo(&house.mutual, Some(&own), token).await.0, 401, "revoked");
    }
}

#[tokio::test]
async fn a_client_that_is_known_by_its_certificate_is_nobody_with_another() {
    let mut house = House::open().await;
    let (_, foreign) = authority("Foreign");
    for (number, (method, profile)) in WAYS.into_iter().enumerate() {
        let host = format!("forum{number}.example");
        let (forum, own) = house.forum(&host, method, profile).await;
        let fields = house.answered(&forum, &own).await;
        let strangers = [
            (Issued::by_itself(&[&host]), "signed by itself, with another key"),
            (Issued::signed_by(&[&host], &foreign, |_| {}), "of an authority that is not trusted"),
            (Issued::signed_by(&["other.example"], &house.signing, |_| {}), "of another name"),
        ];
        let shown = strangers.iter().map(|(shown, what)| (&house.mutual, Some(shown), *what));
        let bare = [
            (&house.mutual, None, "without one"),
            (&house.public, None, "where none is asked for"),
            (&house.public, Some(&own), "where none is asked for, though it has it"),
        ];
        for (to, shown, what) in shown.chain(bare) {
            for path in ["/token", "/par", "/introspect", "/revoke"] {
                let mut asked = fields.clone();
                asked.push(("token", "x".to_owned()));
                let (status, mut body) = house.post(to, shown, path, &borrowed(&asked)).await;
                body.as_object_mut().unwrap().remove("error_description");
                assert_eq!((status, body), (401, refused("invalid_client")), "{method:?} {profile:?} {path}: {what}");
            }
        }
        let (status, _) = house.post(&house.mutual, Some(&own), "/token", &borrowed(&fields)).await;
        assert_eq!(status, 200, "none of them spent the code");
    }
}

#[tokio::test]
async fn at_the_alias_there_is_nothing_for_browsers_and_the_document_names_what_there_is() {
    let house = House::open().await;
    let (_, document) = house.send(&house.public, None, "GET /.well-known/openid-configuration", "", "").await;
    let aliases = document["mtls_endpoint_aliases"].as_object().unwrap();
    for (member, alias) in aliases {
        let path = alias.as_str().unwrap().strip_prefix("https://mtls.id.example").unwrap();
        let (status, _) = house.post(&house.mutual, None, path, &[("client_id", "c_nobody"), ("token", "x")]).await;
        assert!([400, 401].contains(&status), "{member} is not served at {path}: {status}");
    }
    assert_eq!(aliases.len(), 5);
    for of_browsers in ["/", "/authorize", "/sign-in", "/end-session", "/account", "/jwks.json"] {
        let (status, _) = house.send(&house.mutual, None, &format!("GET {of_browsers}"), "", "").await;
        assert_eq!(status, 404, "{of_browsers}");
    }
}

const CONFIGURATION: &str = "
    tls_certificate = 'certificate.pem'
    tls_key = 'key.pem'
    mtls_listen = '127.0.0.1:8444'
    mtls_url = 'https://mtls.id.example'
    client_ca = 'authorities.pem'
";
