//! What is to be pasted into a forum's software, under the names that the software itself gives its settings.

use super::software::Software;
use crate::{
    domain::{ids::ClientId, issuer::Issuer},
    provider::discovery::path,
    wire::{
        jose::Algorithm,
        oauth::{AuthMethod, Scope},
    },
};

/// What the settings are made of.
pub(super) struct Values<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) client_id: &'a ClientId,
    pub(super) scope: &'a Scope,
    pub(super) redirect: &'a str,
    pub(super) algorithm: Algorithm,
    pub(super) auth_method: AuthMethod,
}

/// One setting.
pub(super) struct Setting {
    /// As the software calls it.
    pub(super) name: &'static str,
    pub(super) value: Value,
}

pub(super) enum Value {
    Paste(String),
    /// The name of a text: to be switched on or off, or what only the operator of this service has.
    Say(&'static str),
}

/// A file to be laid into the software, for what it has no setting for.
pub(super) struct Snippet {
    pub(super) file: &'static str,
    pub(super) text: String,
}

impl Setting {
    fn paste(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: Value::Paste(value.into()) }
    }

    const fn on(name: &'static str) -> Self {
        Self { name, value: Value::Say("connect-on") }
    }

    const fn off(name: &'static str) -> Self {
        Self { name, value: Value::Say("connect-off") }
    }

    const fn empty(name: &'static str) -> Self {
        Self { name, value: Value::Say("connect-empty") }
    }
}

impl Values<'_> {
    /// The settings of this software, in the order of its own page.
    pub(super) fn settings(&self, software: Software) -> Vec<Setting> {
        match software {
            Software::Discourse => self.discourse(),
            Software::NodeBb => self.nodebb(),
            Software::WordPress => self.wordpress(),
            Software::Decidim => vec![
                Setting::paste("Gemfile", r#"gem "omniauth_openid_connect""#),
                self.secret("HETERONYM_CLIENT_SECRET"),
            ],
            // Of the software that stands between it and this service.
            Software::Lemmy | Software::Plain => self.plain(),
        }
    }

    /// The settings of what stands behind the software in between.
    pub(super) fn behind(software: Software) -> Vec<Setting> {
        match software {
            Software::Lemmy => vec![
                Setting::paste("Scopes", "openid email"),
                Setting::paste("ID claim", "sub"),
                Setting::on("Use PKCE"),
                Setting::on("Auto verify email"),
                Setting::off("Account linking enabled"),
            ],
            _ => Vec::new(),
        }
    }

    pub(super) fn snippet(&self, software: Software) -> Option<Snippet> {
        match software {
            Software::WordPress => {
                Some(Snippet { file: "wp-content/mu-plugins/heteronym-pkce.php", text: PKCE_FOR_WORDPRESS.to_owned() })
            }
            Software::Decidim => {
                Some(Snippet { file: "config/initializers/omniauth_heteronym.rb", text: self.initializer() })
            }
            _ => None,
        }
    }

    fn discourse(&self) -> Vec<Setting> {
        let mut settings = vec![
            Setting::on("openid_connect_enabled"),
            Setting::paste("openid_connect_discovery_document", self.at(path::DISCOVERY)),
            Setting::paste("openid_connect_client_id", self.client_id.as_str()),
            self.secret("openid_connect_client_secret"),
            Setting::paste("openid_connect_authorize_scope", self.scope.to_string()),
            Setting::on("openid_connect_use_pkce"),
            Setting::off("openid_connect_match_by_email"),
        ];
        settings.extend(self.has_groups().then(|| Setting::paste("openid_connect_groups_claim", "groups")));
        settings
    }

    fn nodebb(&self) -> Vec<Setting> {
        vec![
            Setting::paste("Name", "heteronym"),
            Setting::paste("Authorization URL", self.at(path::AUTHORIZE)),
            Setting::paste("Token URL", self.at(path::TOKEN)),
            Setting::paste("Client ID", self.client_id.as_str()),
            self.secret("Client Secret"),
            Setting::paste("User Info URL", self.at(path::USERINFO)),
            Setting::paste("Scope", self.scope.to_string()),
            Setting::on("Use PKCE (code_challenge)"),
            Setting::paste("Alternative id key", "sub"),
            Setting::off("Use email as username"),
        ]
    }

    fn wordpress(&self) -> Vec<Setting> {
        let named = self.scope.contains("profile");
        vec![
            Setting::paste("Client ID", self.client_id.as_str()),
            self.secret("Client Secret Key"),
            Setting::paste("OpenID Scope", self.scope.to_string()),
            Setting::paste("Login Endpoint URL", self.at(path::AUTHORIZE)),
            Setting::paste("Userinfo Endpoint URL", self.at(path::USERINFO)),
            Setting::paste("Token Validation Endpoint URL", self.at(path::TOKEN)),
            Setting::empty("End Session Endpoint URL"),
            Setting::paste("JWKS URI", self.at(path::JWKS)),
            Setting::paste("Identity Key", "sub"),
            Setting::paste("Nickname Key", if named { "preferred_username" } else { "sub" }),
            Setting::paste("Email Formatting", "{sub}@users.invalid"),
            Setting::paste("Display Name Formatting", if named { "{name}" } else { "{sub}" }),
            Setting::off("Identify with User Name"),
            Setting::off("Enable Refresh Token"),
            Setting::off("Link Existing Users"),
            Setting::on("Create user if does not exist"),
        ]
    }

    fn plain(&self) -> Vec<Setting> {
        vec![
            Setting::paste("Issuer", self.issuer.as_str()),
            Setting::paste("Discovery document", self.at(path::DISCOVERY)),
            Setting::paste("Client ID", self.client_id.as_str()),
            self.secret("Client secret"),
            Setting::paste("Scope", self.scope.to_string()),
            Setting::paste("Redirect URI", self.redirect),
            Setting::paste("Client authentication", self.auth_method.as_str()),
            Setting::paste("ID token signature", self.algorithm.to_string()),
            Setting::paste("PKCE", "S256"),
            Setting::paste("User identifier", "sub"),
        ]
    }

    fn initializer(&self) -> String {
        let scopes: Vec<_> = self.scope.iter().map(|scope| format!(":{scope}")).collect();
        INITIALIZER_FOR_DECIDIM
            .replace("ISSUER", self.issuer.as_str())
            .replace("SCOPES", &scopes.join(", "))
            .replace("\"CLIENT_ID\"", &format!("\"{}\"", self.client_id))
            .replace("\"REDIRECT\"", &format!("{:?}", self.redirect))
    }

    fn secret(&self, name: &'static str) -> Setting {
        let text = if self.auth_method.has_secret() { "connect-secret" } else { "connect-no-secret" };
        Setting { name, value: Value::Say(text) }
    }

    fn at(&self, path: &str) -> String {
        self.issuer.at(path)
    }

    fn has_groups(&self) -> bool {
        ["profile", "age", "residence", "roles"].iter().any(|scope| self.scope.contains(scope))
    }
}

const INITIALIZER_FOR_DECIDIM: &str = include_str!("decidim.rb");
const PKCE_FOR_WORDPRESS: &str = include_str!("wordpress.php");
