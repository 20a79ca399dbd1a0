//! Every service of the provider, put together once, and the router over them.

use std::sync::Arc;

use anyhow::Context as _;
use axum::{Extension, Router};
use rand::Rng as _;

use super::{DataDir, Place};
use crate::{
    accounts::{self, Accounts, InviteCode, SessionLimits},
    attributes::Attributes,
    clients::{Admission, Clients, Outbound},
    config::{Config, Language, WorkstationKeys},
    consent::Consents,
    domain::{
        age::{LeapDay, LegalCalendar},
        ambient::Ambient,
        area::Areas,
        bracket::BracketTable,
    },
    http::{self, Lang, Site, SiteConfig, server::Limits},
    keyring::Keyring,
    proofing::{self, Proofing},
    provider::{Lifetimes, Mtls, Parts, Provider, logout::Logout},
    pseudonym::Pseudonyms,
    sampling::{self, Sampling},
    store::Store,
    tasks::{Keys, Tasks},
    transparency::{
        self, Institutions, Owners, Transparency,
        witnesses::{Mirror, Witness, WitnessSettings, Witnesses},
    },
    web,
    wire::tlog::leaf::Policy,
};

/// What an instance is made of.
#[derive(Clone)]
pub struct Assembly {
    pub config: Config,
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub ambient: Ambient,
}

/// The services of one running instance.
#[derive(Clone)]
pub struct Services {
    pub config: Config,
    pub store: Store,
    pub keyring: Arc<Keyring>,
    pub ambient: Ambient,
    pub calendar: LegalCalendar,
    pub transparency: Transparency,
    pub witnesses: Witnesses,
    pub owners: Owners,
    pub institutions: Institutions,
    pub accounts: Accounts,
    pub attributes: Attributes,
    pub clients: Clients,
    pub pseudonyms: Pseudonyms,
    pub consents: Consents,
    pub proofing: Proofing,
    pub sampling: Sampling,
    pub provider: Provider,
    pub logout: Logout,
    site: Arc<Site>,
}

impl Services {
    #[expect(clippy::too_many_lines, reason = "one service after the other, each given those before it")]
    pub fn assemble(Assembly { config, store, keyring, ambient }: Assembly) -> anyhow::Result<Self> {
        let territory = &config.territory;
        let calendar = LegalCalendar::new(&territory.zone, territory.leap_day_majority).context("territory.zone")?;
        let owners = Owners::new(Arc::clone(&keyring), ambient.clone());
        let institutions = Institutions::new(
            Arc::clone(&keyring),
            ambient.clone(),
            published_policy(&config)?,
            proofing::CUSTODIANS_KEY,
        );
        let transparency = logs(&config, &store, &keyring, &calendar, &ambient)?;
        let witnesses = witnesses(&config, &transparency)?;
        let attributes = attributes(&config, &store, &keyring, &calendar, &ambient)?;
        let accounts = Accounts::new(
            store.clone(),
            Arc::clone(&keyring),
            ambient.clone(),
            account_policy(&config),
            &config.server.issuer.origin().parse().context("server.issuer")?,
            &config.server.name,
        )?;
        let outbound = Outbound::new(&config.outbound, &config.server.issuer)?;
        let clients = registry(&config, &store, &ambient, outbound.clone(), institutions.clone());
        let pseudonyms = Pseudonyms::new(store.clone(), Arc::clone(&keyring), owners.clone(), ambient.clone());
        let consents = Consents::new(store.clone(), Arc::clone(&keyring), ambient.clone());
        let proofing = Proofing::new(
            store.clone(),
            Arc::clone(&keyring),
            accounts.clone(),
            attributes.clone(),
            owners.clone(),
            institutions.clone(),
            calendar.clone(),
            ambient.clone(),
            proofing_policy(&config),
        );
        let sampling = Sampling::new(sampling::Parts {
            store: store.clone(),
            keyring: Arc::clone(&keyring),
            accounts: accounts.clone(),
            attributes: attributes.clone(),
            owners: owners.clone(),
            ambient: ambient.clone(),
        });
        let provider = Provider::new(Parts {
            name: config.server.name.clone(),
            issuer: config.server.issuer.clone(),
            mtls: mtls(&config),
            store: store.clone(),
            keyring: Arc::clone(&keyring),
            clients: clients.clone(),
            pseudonyms: pseudonyms.clone(),
            consents: consents.clone(),
            attributes: attributes.clone(),
            transparency: transparency.clone(),
            owners: owners.clone(),
            institutions: institutions.clone(),
            lifetimes: lifetimes(&config),
            ambient: ambient.clone(),
        });
        let site = site(&config, &keyring, &ambient)?;
        let logout = Logout::new(provider.clone(), outbound);
        Ok(Self {
            config,
            store,
            keyring,
            ambient,
            calendar,
            transparency,
            witnesses,
            owners,
            institutions,
            accounts,
            attributes,
            clients,
            pseudonyms,
            consents,
            proofing,
            sampling,
            provider,
            logout,
            site,
        })
    }

    /// Everything the provider answers.
    pub fn router(&self) -> Router {
        let pages = Router::new()
            .merge(web::public::routes(self.attributes.areas().source()))
            .merge(web::public::log_routes(self.transparency.clone()))
            .merge(web::public::transparency_routes(web::public::Public {
                transparency: self.transparency.clone(),
                witnesses: self.witnesses.names().map(str::to_owned).collect(),
                quorum: self.witnesses.quorum(),
            }))
            .merge(web::connect::routes(self.provider.clone()))
            .merge(web::oidc::routes(self.provider.clone()))
            .merge(web::account::routes(web::account::State {
                attributes: self.attributes.clone(),
                clients: self.clients.clone(),
                consents: self.consents.clone(),
                pseudonyms: self.pseudonyms.clone(),
                transparency: self.transparency.clone(),
                owners: self.owners.clone(),
            }))
            .merge(web::registrar::routes(self.proofing.clone()))
            .merge(web::audit::routes(self.sampling.clone()))
            .layer(Extension(self.accounts.clone()))
            .layer(Extension(web::Farewells(self.logout.clone())))
            .layer(Extension(web::Destinations(self.provider.clone())));
        http::shell(pages, Arc::clone(&self.site))
    }

    /// The work that comes round by itself, for whoever serves this instance.
    pub fn tasks(&self) -> Tasks {
        let keys =
            Keys { keyring: Arc::clone(&self.keyring), clients: self.clients.clone(), rotate: self.config.keys.rotate };
        Tasks {
            store: self.store.clone(),
            attributes: self.attributes.clone(),
            keys,
            logout: self.logout.clone(),
            transparency: self.transparency.clone(),
            institutions: self.institutions.clone(),
            sampling: self.sampling.clone(),
            ambient: self.ambient.clone(),
        }
    }

    /// The end of an instance: what was queued is written, and the last heads of the logs are remembered.
    pub async fn close(&self) {
        if let Err(error) = self.transparency.remember().await {
            tracing::warn!(error = %error, "the last heads of the logs are not remembered");
        }
        self.store.close().await;
    }

    /// Where an activation code is used. It stands behind `#`, which browsers keep to themselves.
    pub fn activation_url(&self, code: &InviteCode) -> String {
        self.config.server.issuer.at(&format!("{}#{}", web::paths::ACTIVATE, code.grouped()))
    }

    /// What a stranger may use.
    pub fn limits(&self) -> Limits {
        let server = &self.config.server;
        Limits {
            head_timeout: server.header_timeout,
            idle_timeout: server.idle_timeout,
            body_timeout: server.request_timeout,
            connections: server.max_connections,
            connections_per_address: server.max_connections_per_address,
            trusted_proxies: server.trusted_proxies.clone(),
            ..Limits::default()
        }
    }
}

/// Opens an installation for a command of the operator.
pub(super) async fn open(place: &Place) -> anyhow::Result<Services> {
    let ambient = Ambient::system();
    let data = DataDir::new(&place.data, Config::load(place.config.as_deref())?);
    let keyring = Arc::new(data.load_keys(&ambient)?);
    let store = data.open_store(&ambient).await?;
    Services::assemble(Assembly { config: data.config, store, keyring, ambient })
}

fn attributes(
    config: &Config,
    store: &Store,
    keyring: &Arc<Keyring>,
    calendar: &LegalCalendar,
    ambient: &Ambient,
) -> anyhow::Result<Attributes> {
    Ok(Attributes::new(
        store.clone(),
        Arc::clone(keyring),
        areas(config)?,
        calendar.clone(),
        BracketTable::default(),
        config.territory.smallest_crowd,
        ambient.clone(),
    ))
}

fn logs(
    config: &Config,
    store: &Store,
    keyring: &Arc<Keyring>,
    calendar: &LegalCalendar,
    ambient: &Ambient,
) -> anyhow::Result<Transparency> {
    Ok(Transparency::new(transparency::Parts {
        store: store.clone(),
        keyring: Arc::clone(keyring),
        ambient: ambient.clone(),
        calendar: calendar.clone(),
        issuer: config.server.issuer.clone(),
        rollback_file: config.log.rollback_file.clone(),
        policy: published_policy(config)?,
    }))
}

/// The rules as the logs tell them.
fn published_policy(config: &Config) -> anyhow::Result<Policy> {
    let territory = &config.territory;
    let leap_day = match territory.leap_day_majority {
        LeapDay::March1 => "march-1",
        LeapDay::February28 => "february-28",
    };
    let settings = [
        ("leap-day-majority", leap_day.to_owned()),
        ("renewal-years", config.accounts.renewal_years.to_string()),
        ("smallest-crowd", territory.smallest_crowd.to_string()),
        ("zone", territory.zone.clone()),
    ];
    transparency::policy(&BracketTable::default(), settings).context("territory")
}

fn witnesses(config: &Config, transparency: &Transparency) -> anyhow::Result<Witnesses> {
    let named = config.log.witnesses.iter().map(|text| text.parse::<Witness>()?.checked(&config.outbound.allow));
    let mirrors = config.log.mirrors.iter().map(|text| text.parse::<Mirror>()?.checked(&config.outbound.allow));
    let settings = WitnessSettings {
        witnesses: named.collect::<Result<_, _>>().context("log.witnesses")?,
        quorum: config.log.quorum,
        mirrors: mirrors.collect::<Result<_, _>>().context("log.mirrors")?,
        extra_ca: config.outbound.extra_ca.clone(),
    };
    Witnesses::new(transparency.clone(), settings).context("[log]")
}

fn mtls(config: &Config) -> Option<Mtls> {
    let url = config.server.mtls_url.as_ref()?;
    Some(Mtls { origin: url.origin(), authorities: config.server.client_ca().is_some() })
}

/// The embedded table, or that of another country. It lives as long as the process.
fn areas(config: &Config) -> anyhow::Result<&'static Areas> {
    let file = &config.territory.areas_file;
    if file.as_os_str().is_empty() {
        return Ok(Areas::france());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("territory.areas_file {}", file.display()))?;
    let areas = Areas::from_tsv(&text).with_context(|| format!("territory.areas_file {}", file.display()))?;
    Ok(Box::leak(Box::new(areas)))
}

fn registry(
    config: &Config,
    store: &Store,
    ambient: &Ambient,
    outbound: Outbound,
    institutions: Institutions,
) -> Clients {
    let admission = Admission {
        registration: config.clients.registration,
        per_day: config.clients.open_registrations_per_day,
        provider: config.server.name.clone(),
        local: !config.server.issuer.is_https(),
    };
    Clients::new(store.clone(), ambient.clone(), outbound, institutions).admitting(admission)
}

fn account_policy(config: &Config) -> accounts::Policy {
    let accounts = &config.accounts;
    accounts::Policy {
        citizen: SessionLimits { idle: accounts.session_idle, lifetime: accounts.session_lifetime },
        staff: SessionLimits { idle: accounts.staff_session_idle, lifetime: accounts.staff_session_lifetime },
        invite_lifetime: accounts.invite_lifetime,
        fresh_sign_in: accounts.fresh_sign_in,
        staff_passphrases: accounts.staff_passphrases,
    }
}

fn proofing_policy(config: &Config) -> proofing::Policy {
    let accounts = &config.accounts;
    proofing::Policy {
        renewal_years: accounts.renewal_years,
        officers_accredit: accounts.workstation_keys == WorkstationKeys::Officer,
        ..proofing::Policy::default()
    }
}

fn lifetimes(config: &Config) -> Lifetimes {
    let tokens = &config.tokens;
    Lifetimes {
        pushed: tokens.pushed_lifetime,
        code: tokens.code_lifetime,
        id_token: tokens.id_token_lifetime,
        access_token: tokens.access_token_lifetime,
        refresh: tokens.refresh_lifetime,
        refresh_race: tokens.refresh_race,
    }
}

fn site(config: &Config, keyring: &Keyring, ambient: &Ambient) -> anyhow::Result<Arc<Site>> {
    let ambient = ambient.clone();
    Ok(Site::new(SiteConfig {
        name: config.server.name.clone(),
        origin: config.server.issuer.origin(),
        default_lang: match config.server.language {
            Language::Fr => Lang::Fr,
            Language::En => Lang::En,
        },
        // The same on every node and after a restart, so that a form that is open stays valid.
        form_key: keyring.vault().tag("form-key", b""),
        cookie_prefix: String::new(),
        texts: web::texts()?,
        assets: &[],
        random: Box::new(move |buffer| ambient.rng().fill_bytes(buffer)),
    })?)
}
