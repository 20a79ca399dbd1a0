//! The reference forum: a relying party like any other.
//!
//! It learns of a person what the provider tells it over OpenID Connect, through the crate `openidconnect`, and nothing
//! else: it has its own database and shares no code with the provider but the pages' frame. It is here to be used, to show
//! what a forum can do with verified qualities, and to hold the provider to what any forum may expect of it.

mod ambient;
mod args;
mod claims;
mod config;
mod log;
mod oidc;
mod pages;
mod rules;
mod seed;
mod store;
mod text;

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use subtle::ConstantTimeEq;
use tokio::{net::TcpListener, sync::oneshot};

pub use self::{
    ambient::Ambient,
    args::{Args, ArgsError, Errand},
    config::{Board, ClientSecret, Config, ConfigError, Outbound, SigningAlgorithm},
    log::{InvalidLogKey, LogCheck, LogKey},
    oidc::{FetchError, ProviderError},
    rules::Rule,
    seed::{Sample, SeedError},
    store::StoreError,
};
use self::{log::Logs, oidc::Provider, store::Store};
use crate::http::{
    self, Lang, Site, SiteConfig, Texts,
    server::{self, Limits},
    site::OriginError,
    texts::TextsError,
};

/// A forum at work; clones are the same forum.
#[derive(Clone, Debug)]
pub struct Forum(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    ambient: Ambient,
    store: Store,
    provider: Provider,
    site: Arc<Site>,
    /// Makes the first moderator; there only while there is none.
    first_code: Mutex<Option<String>>,
}

/// A forum cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(transparent)]
    Texts(#[from] TextsError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a forum: checks its settings, makes or migrates its database. The provider need not be there yet.
pub async fn open(config: Config, ambient: Ambient) -> Result<Forum, OpenError> {
    config.validate()?;
    let store = Store::open(&config.database).await?;
    if config.require_log {
        store.settle_log_keys(&config.log_keys, &Logs::of(&config.issuer).registry()).await?;
    }
    let random = ambient.clone();
    let site = Site::new(SiteConfig {
        name: config.title.clone(),
        origin: config.base_url.clone(),
        default_lang: Lang::default(),
        form_key: store.form_key(ambient.bytes()).await?,
        cookie_prefix: format!("{}-", config.cookie),
        texts: Texts::load(&TEXTS)?,
        assets: &ASSETS,
        random: Box::new(move |buffer| random.fill(buffer)),
    })?;
    let provider = Provider::new(&config)?;
    let moderated = !config.moderators.is_empty() || store.has_moderator().await?;
    let first_code = Mutex::new((!moderated).then(|| ambient.token()));
    Ok(Forum(Arc::new(Inner { config, ambient, store, provider, site, first_code })))
}

impl Forum {
    /// Everything the forum answers, inside the shell that guards it.
    pub fn router(&self) -> Router {
        http::shell(pages::routes(self.clone()), Arc::clone(&self.0.site))
    }

    /// Answers until `shutdown` resolves, lets what is under way finish, and lets go of the database. Meanwhile the log is
    /// checked every night.
    pub async fn serve(&self, listener: TcpListener, limits: Limits, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = oneshot::channel::<()>();
        let watch = self.0.config.require_log.then(|| {
            tokio::spawn(self.clone().watch_log(async move {
                let _ = stopped.await;
            }))
        });
        server::serve(listener, self.router(), limits, shutdown).await;
        drop(stop);
        if let Some(watch) = watch
            && watch.await.is_err()
        {
            tracing::error!("the check of the public log panicked");
        }
        self.close().await;
    }

    /// Lets go of the database, where nothing was served.
    pub async fn close(&self) {
        self.0.store.close().await;
    }

    /// The code that makes whoever enters it at `/moderation` the first moderator: to print at the start. `None` once
    /// there is a moderator.
    pub fn first_moderator_code(&self) -> Option<String> {
        self.0.first_code.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }

    fn ambient(&self) -> &Ambient {
        &self.0.ambient
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn provider(&self) -> &Provider {
        &self.0.provider
    }

    fn first_code_waits(&self) -> bool {
        self.first_moderator_code().is_some()
    }

    /// Makes a member the first moderator if the code is right and nobody was before.
    async fn claim(&self, code: &str, member: i64, now: i64) -> Result<bool, StoreError> {
        let right =
            self.first_moderator_code().is_some_and(|right| bool::from(right.as_bytes().ct_eq(code.as_bytes())));
        if !right || !self.0.store.claim_moderation(member, now).await? {
            return Ok(false);
        }
        *self.0.first_code.lock().unwrap_or_else(PoisonError::into_inner) = None;
        tracing::info!(member, "the first moderator has claimed the code");
        Ok(true)
    }
}

const TEXTS: [(Lang, &str); 2] =
    [(Lang::Fr, include_str!("locales/fr.ftl")), (Lang::En, include_str!("locales/en.ftl"))];
static ASSETS: [(&str, &[u8]); 1] = [("forum.css", include_bytes!("pages/forum.css"))];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_sentence_of_the_forum_stands_in_both_languages() {
        let texts = Texts::load(&TEXTS).unwrap();
        let faults = texts.faults(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/forum"))).unwrap();
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn every_name_the_code_puts_together_has_its_sentence() {
        let texts = Texts::load(&TEXTS).unwrap();
        let actions = [
            "mute",
            "ban",
            "pardon",
            "settle",
            "hide-post",
            "show-post",
            "close-topic",
            "open-topic",
            "hide-topic",
            "show-topic",
        ];
        let mut names: Vec<String> = actions.iter().map(|action| format!("forum-action-{action}")).collect();
        names.extend(["mute", "ban", "pardon"].map(|action| format!("forum-was-{action}")));
        names.extend(["post", "topic", "member", "report"].map(|kind| format!("forum-target-{kind}")));
        names.extend(
            ["openid", "profile", "age", "residence", "sex", "roles", "other"]
                .map(|scope| format!("forum-about-scope-{scope}")),
        );
        names.extend(oidc::Refusal::ALL.map(|refusal| format!("forum-refusal-{}", refusal.as_str())));
        names.extend(log::Unlogged::ALL.map(|unlogged| format!("forum-refusal-{}", unlogged.as_str())));
        names.extend(log::BreakKind::ALL.map(|kind| format!("forum-log-break-{}", kind.as_str())));
        names.extend(["unreachable", "unsigned", "unreadable"].map(|trouble| format!("forum-log-{trouble}")));
        names.extend(["title", "text"].map(|part| format!("problem-forum-reason-{part}")));
        names.extend(["owner", "last"].map(|row| format!("forum-me-log-{row}-help")));
        let missing: Vec<_> = names.iter().filter(|name| !texts.has(Lang::En, name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
