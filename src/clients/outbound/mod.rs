//! The guard through which every request of this server to a stranger's address goes.
//!
//! Who registers an address chooses where our server connects to, from inside the operator's network (server-side request
//! forgery, OWASP ASVS 13.2.4). So each request is for one purpose, to https only; the name is looked up once, every address
//! it has must be public, and the connection goes to those addresses and no other; no redirect is followed, no proxy of the
//! environment used, no cookie kept, nothing unpacked, no connection used twice; and all of it has an end in time and size.
//!
//! Not guarded against: an address that is public and yet trusts this machine, such as a service of the operator's behind a
//! firewall that lets it in by its source. What must not be reached belongs behind authentication.

mod address;
mod error;
mod resolve;
mod target;

use std::{fs, io, net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, header, redirect, retry};
use tokio::time;
use url::Host;

pub use self::{
    error::{OutboundError, OutboundSetupError},
    resolve::Resolve,
    target::Target,
};
use self::{resolve::SystemResolver, target::Rules};
use crate::{config, domain::issuer::Issuer};

/// Requests to addresses that relying parties registered.
#[derive(Clone)]
pub struct Outbound {
    rules: Arc<Rules>,
    authorities: Arc<[Certificate]>,
    resolver: Arc<dyn Resolve>,
    limits: Limits,
}

/// What one request may take in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the look-up of the name to the last byte of the answer.
    pub time: Duration,
    /// Bytes of the answer's body.
    pub size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(5), size: 64 * 1024 }
    }
}

impl Outbound {
    /// Reads `[outbound]`; `issuer` is never called.
    pub fn new(config: &config::Outbound, issuer: &Issuer) -> Result<Self, OutboundSetupError> {
        // Says so once for the whole process; a second time is refused, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let outbound = Self {
            rules: Arc::new(Rules::new(&config.allow, issuer)?),
            authorities: authorities(config)?.into(),
            resolver: Arc::new(SystemResolver::default()),
            limits: Limits::default(),
        };
        // A certificate that is none shows here, and not at the first request.
        outbound.client().build().map_err(OutboundSetupError::Tls)?;
        Ok(outbound)
    }

    /// For tests that ask nobody.
    #[cfg(test)]
    pub(crate) fn unused() -> Self {
        let config = config::Outbound { allow: Vec::new(), extra_ca: std::path::PathBuf::new() };
        Self::new(&config, &Issuer::try_from("https://id.example".to_owned()).unwrap()).unwrap()
    }

    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    #[must_use]
    pub fn with_resolver(self, resolver: impl Resolve + 'static) -> Self {
        Self { resolver: Arc::new(resolver), ..self }
    }

    /// Whether an address may be asked for, as far as its text tells: nothing is looked up or connected to.
    pub fn check(&self, url: &str) -> Result<Target, OutboundError> {
        self.rules.check(url)
    }

    /// The body of the answer, whose status is 200.
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, OutboundError> {
        let target = self.check(url)?;
        self.in_time(async {
            let client = self.connecting_to(&target).await?;
            let response = send(client.get(target.url)).await?;
            match response.status() {
                StatusCode::OK => self.body(response).await,
                status => Err(OutboundError::Status(status.as_u16())),
            }
        })
        .await
    }

    /// Posts a form that is encoded already, and tells the status. The body of the answer is not waited for.
    pub async fn post_form(&self, url: &str, form: String) -> Result<u16, OutboundError> {
        let target = self.check(url)?;
        self.in_time(async {
            let client = self.connecting_to(&target).await?;
            let request = client.post(target.url).header(header::CONTENT_TYPE, FORM).body(form);
            Ok(send(request).await?.status().as_u16())
        })
        .await
    }

    async fn in_time<T>(&self, request: impl Future<Output = Result<T, OutboundError>>) -> Result<T, OutboundError> {
        time::timeout(self.limits.time, request).await.unwrap_or(Err(OutboundError::TooSlow))
    }

    /// A client for one request, which knows its host by the addresses that were checked, and no other host at all.
    async fn connecting_to(&self, target: &Target) -> Result<Client, OutboundError> {
        let client = self.client();
        let client = match &target.host {
            Host::Domain(name) => client.resolve_to_addrs(name, &self.addresses(target, name).await?),
            // Connected to as it stands; it was checked with the text.
            Host::Ipv4(_) | Host::Ipv6(_) => client,
        };
        client.build().map_err(|_| OutboundError::Unreachable)
    }

    /// The addresses of a name, when all of them are good: one that is not shows whose name it is.
    async fn addresses(&self, target: &Target, name: &str) -> Result<Vec<SocketAddr>, OutboundError> {
        let found = self.resolver.resolve(name).await.unwrap_or_default();
        if found.is_empty() || !found.iter().all(|address| target.may_be_at(*address)) {
            return Err(OutboundError::NoPublicAddress);
        }
        Ok(found.into_iter().take(MOST_ADDRESSES).map(|address| SocketAddr::new(address, target.port)).collect())
    }

    fn client(&self) -> reqwest::ClientBuilder {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .dns_resolver(Arc::new(NoOtherName))
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .pool_max_idle_per_host(0)
            // Shared by the addresses, so that a first one that is silent leaves time for the second.
            .connect_timeout(self.limits.time / 2)
            .user_agent("Heteronym");
        self.authorities.iter().cloned().fold(client, reqwest::ClientBuilder::add_root_certificate)
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, OutboundError> {
        let too_large = OutboundError::TooLarge(self.limits.size);
        if response.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(OutboundError::Compressed);
        }
        if response.content_length().is_some_and(|length| length > self.limits.size as u64) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| OutboundError::from_failed(&error))? {
            if body.len() + chunk.len() > self.limits.size {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

async fn send(request: RequestBuilder) -> Result<Response, OutboundError> {
    request.send().await.map_err(|error| OutboundError::from_failed(&error))
}

/// The certificates of `outbound.extra_ca`.
fn authorities(config: &config::Outbound) -> Result<Vec<Certificate>, OutboundSetupError> {
    let file = &config.extra_ca;
    if file.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let pem = fs::read(file).map_err(|error| OutboundSetupError::Unreadable(file.clone(), error))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(authorities) if !authorities.is_empty() => Ok(authorities),
        _ => Err(OutboundSetupError::NoCertificate(file.clone())),
    }
}

/// Answers the connection's own look-ups, of which there is none: the one host it has is pinned.
struct NoOtherName;

impl reqwest::dns::Resolve for NoOtherName {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err(io::Error::other("a name that was not checked").into()) })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
/// Of a name that has more, the first: whoever answers for a name does not make us knock on hundreds of doors.
const MOST_ADDRESSES: usize = 8;
