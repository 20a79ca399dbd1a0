//! `heteronym clients add`: the options, in the groups of their help, and the member of the registration that each is.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::Value;

use crate::{
    clients::{ClaimsIn, Draft, Profile, RegistrationError},
    domain::{area::Level, authentication::Acr, bracket::AgeBracket, claim::Quality, ids::ClientId},
    wire::{
        jose::Algorithm,
        oauth::{ApplicationType, AuthMethod},
    },
};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::doc_markdown, reason = "these comments are read at a terminal")]
pub(super) struct Add {
    /// The forum's name, as citizens read it before they agree.
    #[arg(long)]
    name: String,
    /// Where answers go: an https address, byte for byte. May be given several times.
    #[arg(long = "redirect-uri", required = true)]
    redirect_uris: Vec<String>,
    /// Where the browser may return after signing out. May be given several times.
    #[arg(long = "post-logout-redirect-uri")]
    post_logout_redirect_uris: Vec<String>,
    /// A name of your choice for the `client_id`: c_ and 1 to 62 of a-z, 0-9, _ and -.
    #[arg(long)]
    client_id: Option<ClientId>,
    /// strict: PKCE always, for software that has it. openid: as any OpenID Connect library does it. fapi2: pushed requests,
    /// a key in place of a secret, bound tokens.
    #[arg(long, default_value_t, value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::as_str)).try_map(|text| text.parse::<Profile>()))]
    profile: Profile,
    /// A native application, which may use http on 127.0.0.1 with any port. Its pseudonyms belong to its client_id.
    #[arg(long)]
    native: bool,
    #[command(flatten)]
    asks: Asks,
    #[command(flatten)]
    sector: InSector,
    #[command(flatten)]
    proof: Proof,
    #[command(flatten)]
    signatures: Signatures,
    #[command(flatten)]
    requests: Requests,
    #[command(flatten)]
    sign_out: SignOut,
    #[command(flatten)]
    told: Told,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What it learns")]
#[expect(clippy::doc_markdown, reason = "these comments are read at a terminal")]
pub(super) struct Asks {
    /// What it may ask for; with offline_access it may refresh. `openid profile age residence` if nothing is said.
    #[arg(long)]
    scope: Option<String>,
    /// How fine a residence it asks for: country, region, departement (if nothing is said), epci or commune.
    #[arg(long)]
    residence: Option<Level>,
    /// Coarser age brackets than the published ones, such as Y_LT18,Y18-49,Y_GE50.
    #[arg(long, value_delimiter = ',')]
    age_brackets: Vec<AgeBracket>,
    /// Qualities without which nobody gets in, such as age_over_18. Citizens cannot decline these one by one.
    #[arg(long, value_delimiter = ',')]
    required: Vec<Quality>,
    /// Put the claims into the ID token as well, for software that reads only that.
    #[arg(long)]
    claims_in_id_token: bool,
    /// A protected resource that it may ask access tokens for, and whose tokens it may introspect. May be given several times.
    #[arg(long = "resource")]
    resources: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Whose members it knows")]
struct InSector {
    /// Heteronyms that each person may have: 1 is one person, one voice. Cannot be changed later.
    #[arg(long, default_value_t = 1)]
    heteronyms: u8,
    /// The host that pseudonyms belong to, when the redirect URIs have several; or a sector to join.
    #[arg(long)]
    sector: Option<String>,
    /// Share pseudonyms with the clients that have this sector already: all of them will know each member by the same sub.
    /// Their operators have to agree to it, and members have to be told.
    #[arg(long)]
    join_sector: bool,
    /// The address of the list of all redirect URIs, at the host that pseudonyms belong to. It is fetched now, once.
    #[arg(long)]
    sector_identifier_uri: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How it proves who it is")]
#[expect(clippy::doc_markdown, reason = "these comments are read at a terminal")]
pub(super) struct Proof {
    /// client_secret_basic, or private_key_jwt with the profile fapi2; `none` is for software that can keep no secret.
    #[arg(long, value_parser = PossibleValuesParser::new(AuthMethod::ALL.map(AuthMethod::as_str)).try_map(|text| text.parse::<AuthMethod>()))]
    auth_method: Option<AuthMethod>,
    /// The one signature of its assertions; any of its profile without it.
    #[arg(long)]
    auth_alg: Option<Algorithm>,
    /// A file with its public keys (a JSON Web Key Set).
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Where it publishes its keys.
    #[arg(long)]
    jwks_uri: Option<String>,
    /// What its certificate says, for tls_client_auth: the subject (RFC 4514).
    #[arg(long)]
    tls_subject_dn: Option<String>,
    /// Or one of its alternative names: of DNS.
    #[arg(long)]
    tls_san_dns: Option<String>,
    /// Or a URI.
    #[arg(long)]
    tls_san_uri: Option<String>,
    /// Or an address.
    #[arg(long)]
    tls_san_ip: Option<String>,
    /// Or an e-mail address.
    #[arg(long)]
    tls_san_email: Option<String>,
    /// Bind its access tokens to a key of its own in each request (DPoP).
    #[arg(long)]
    dpop: bool,
    /// Bind its access tokens to the certificate of its connection.
    #[arg(long)]
    certificate_bound: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is signed for it: RS256, PS256, ES256 or EdDSA")]
pub(super) struct Signatures {
    /// ID tokens. RS256; ES256 with the profile fapi2.
    #[arg(long)]
    algorithm: Option<Algorithm>,
    /// Answers of the UserInfo endpoint, which are JSON without it.
    #[arg(long)]
    userinfo_alg: Option<Algorithm>,
    /// Answers to authorization requests in a mode that signs them.
    #[arg(long)]
    authorization_alg: Option<Algorithm>,
    /// Answers of the introspection endpoint, when it asks for signed ones.
    #[arg(long)]
    introspection_alg: Option<Algorithm>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Its requests")]
pub(super) struct Requests {
    /// Take its requests only when it pushed them (RFC 9126). Always so with the profile fapi2.
    #[arg(long)]
    require_par: bool,
    /// Take its requests only when it signed them (RFC 9101).
    #[arg(long)]
    require_signed_request: bool,
    /// The one signature of its request objects.
    #[arg(long)]
    request_object_alg: Option<Algorithm>,
    /// Where its request objects may be fetched. May be given several times.
    #[arg(long = "request-uri")]
    request_uris: Vec<String>,
    /// Seconds after which a sign-in has to be repeated, when a request says nothing else.
    #[arg(long)]
    default_max_age: Option<u32>,
    /// Always tell when the person signed in.
    #[arg(long)]
    require_auth_time: bool,
    /// How strongly people are to sign in when a request says nothing else. May be given several times, best first.
    #[arg(long)]
    default_acr: Vec<Acr>,
    /// Where a sign-in that begins here may send the browser (OpenID Connect Core §4).
    #[arg(long)]
    initiate_login_uri: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Being told of sign-outs")]
pub(super) struct SignOut {
    /// Where this server posts a logout token.
    #[arg(long)]
    backchannel_logout_uri: Option<String>,
    /// Say which session it was.
    #[arg(long, requires = "backchannel_logout_uri")]
    backchannel_logout_session: bool,
    /// What the browser loads in a frame, at the origin of a redirect URI.
    #[arg(long)]
    frontchannel_logout_uri: Option<String>,
    /// Say which session it was.
    #[arg(long, requires = "frontchannel_logout_uri")]
    frontchannel_logout_session: bool,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What people are told of it")]
pub(super) struct Told {
    /// Its home page.
    #[arg(long)]
    client_uri: Option<String>,
    /// Its privacy policy.
    #[arg(long)]
    policy_uri: Option<String>,
    /// Its terms.
    #[arg(long)]
    tos_uri: Option<String>,
    /// Its logo. Kept for whoever asks, never fetched and never shown.
    #[arg(long)]
    logo_uri: Option<String>,
    /// How its operator is reached. May be given several times.
    #[arg(long = "contact")]
    contacts: Vec<String>,
}

impl Add {
    /// What is asked; `local`: the issuer is on a loopback address.
    pub(super) fn draft(self, local: bool) -> anyhow::Result<Draft> {
        let draft = Draft {
            id: self.client_id,
            name: self.name,
            application_type: if self.native { ApplicationType::Native } else { ApplicationType::Web },
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            local,
            ..Draft::of_profile(self.profile)
        };
        let draft = self.requests.on(self.signatures.on(self.proof.on(draft)?));
        Ok(self.asks.on(self.sector.on(self.sign_out.on(self.told.on(draft)))))
    }
}

// What an option says stands in place of what was there; where it says nothing, that stays.

impl Asks {
    pub(super) fn on(self, draft: Draft) -> Draft {
        let all = self.claims_in_id_token;
        Draft {
            scope: self.scope.unwrap_or(draft.scope),
            residence_level: self.residence.unwrap_or(draft.residence_level),
            age_brackets: said(self.age_brackets).or(draft.age_brackets),
            required: said(self.required).map_or(draft.required, |said| said.into_iter().collect::<BTreeSet<_>>()),
            id_token_claims: if all { ClaimsIn::All } else { draft.id_token_claims },
            resources: said(self.resources).unwrap_or(draft.resources),
            ..draft
        }
    }
}

impl InSector {
    fn on(self, draft: Draft) -> Draft {
        Draft {
            heteronyms_per_person: self.heteronyms,
            sector: self.sector,
            join_sector: self.join_sector,
            sector_identifier_uri: self.sector_identifier_uri,
            ..draft
        }
    }
}

impl Proof {
    pub(super) fn on(self, mut draft: Draft) -> anyhow::Result<Draft> {
        let jwks = self.jwks.as_ref().map(|file| {
            let text = fs::read_to_string(file).with_context(|| format!("--jwks {}", file.display()))?;
            serde_json::from_str::<Value>(&text).with_context(|| format!("--jwks {} is not JSON", file.display()))
        });
        let jwks = jwks.transpose()?;
        // Of either there is one: the one that is said.
        if jwks.is_some() || self.jwks_uri.is_some() {
            (draft.jwks, draft.jwks_uri) = (jwks, self.jwks_uri);
        }
        let names = [&self.tls_subject_dn, &self.tls_san_dns, &self.tls_san_uri, &self.tls_san_ip, &self.tls_san_email];
        if names.into_iter().any(Option::is_some) {
            draft.tls_client_auth_subject_dn = self.tls_subject_dn;
            draft.tls_client_auth_san_dns = self.tls_san_dns;
            draft.tls_client_auth_san_uri = self.tls_san_uri;
            draft.tls_client_auth_san_ip = self.tls_san_ip;
            draft.tls_client_auth_san_email = self.tls_san_email;
        }
        Ok(Draft {
            auth_method: self.auth_method.unwrap_or(draft.auth_method),
            token_endpoint_auth_signing_alg: self.auth_alg.or(draft.token_endpoint_auth_signing_alg),
            dpop_bound_access_tokens: self.dpop || draft.dpop_bound_access_tokens,
            tls_client_certificate_bound_access_tokens: self.certificate_bound
                || draft.tls_client_certificate_bound_access_tokens,
            ..draft
        })
    }
}

impl Signatures {
    pub(super) fn on(&self, draft: Draft) -> Draft {
        Draft {
            id_token_alg: self.algorithm.unwrap_or(draft.id_token_alg),
            userinfo_signed_response_alg: self.userinfo_alg.or(draft.userinfo_signed_response_alg),
            authorization_signed_response_alg: self.authorization_alg.or(draft.authorization_signed_response_alg),
            introspection_signed_response_alg: self.introspection_alg.or(draft.introspection_signed_response_alg),
            ..draft
        }
    }
}

impl Requests {
    pub(super) fn on(self, draft: Draft) -> Draft {
        let acr = said(self.default_acr).map(|said| said.iter().map(|acr| acr.as_str().to_owned()).collect());
        Draft {
            require_pushed_authorization_requests: self.require_par || draft.require_pushed_authorization_requests,
            require_signed_request_object: self.require_signed_request || draft.require_signed_request_object,
            request_object_signing_alg: self.request_object_alg.or(draft.request_object_signing_alg),
            request_uris: said(self.request_uris).unwrap_or(draft.request_uris),
            default_max_age: self.default_max_age.or(draft.default_max_age),
            require_auth_time: self.require_auth_time || draft.require_auth_time,
            default_acr_values: acr.unwrap_or(draft.default_acr_values),
            initiate_login_uri: self.initiate_login_uri.or(draft.initiate_login_uri),
            ..draft
        }
    }
}

impl SignOut {
    pub(super) fn on(self, draft: Draft) -> Draft {
        Draft {
            backchannel_logout_uri: self.backchannel_logout_uri.or(draft.backchannel_logout_uri),
            backchannel_logout_session_required: self.backchannel_logout_session
                || draft.backchannel_logout_session_required,
            frontchannel_logout_uri: self.frontchannel_logout_uri.or(draft.frontchannel_logout_uri),
            frontchannel_logout_session_required: self.frontchannel_logout_session
                || draft.frontchannel_logout_session_required,
            ..draft
        }
    }
}

impl Told {
    pub(super) fn on(self, draft: Draft) -> Draft {
        Draft {
            client_uri: self.client_uri.or(draft.client_uri),
            policy_uri: self.policy_uri.or(draft.policy_uri),
            tos_uri: self.tos_uri.or(draft.tos_uri),
            logo_uri: self.logo_uri.or(draft.logo_uri),
            contacts: said(self.contacts).unwrap_or(draft.contacts),
            ..draft
        }
    }
}

/// What stands in a list of options, if any was given.
pub(super) fn said<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

/// The refusal with the option that was typed, which seldom has the member's name.
pub(super) fn told(refusal: RegistrationError) -> anyhow::Error {
    let option = refusal.member().and_then(|member| OPTIONS.iter().find(|(known, _)| *known == member));
    match option {
        Some((_, option)) => anyhow::anyhow!("{refusal} (option --{option})"),
        None => refusal.into(),
    }
}

const EXAMPLES: &str = "\
Examples:
  heteronym clients add --name 'Budget participatif' --redirect-uri https://forum.example/auth/oidc/callback
  heteronym clients add --name 'Conseil des jeunes' --redirect-uri https://jeunes.example/cb --required residence \\
      --residence commune --age-brackets Y_LT18,Y18-24,Y_GE25 --algorithm EdDSA
  heteronym clients add --name 'Wiki du budget' --redirect-uri https://wiki.example/cb --sector forum.example --join-sector
  heteronym clients add --name 'Archives' --redirect-uri https://archives.example/cb --profile fapi2 \\
      --jwks-uri https://archives.example/jwks.json --backchannel-logout-uri https://archives.example/logout

specs/clients.md says what each member means.";

/// Members whose option is called otherwise than they are.
const OPTIONS: [(&str, &str); 27] = [
    ("client_name", "name"),
    ("redirect_uris", "redirect-uri"),
    ("post_logout_redirect_uris", "post-logout-redirect-uri"),
    ("client_id", "client-id"),
    ("scope", "scope"),
    ("age_brackets", "age-brackets"),
    ("required", "required"),
    ("resources", "resource"),
    ("heteronyms_per_person", "heteronyms"),
    ("sector", "sector"),
    ("join_sector", "join-sector"),
    ("sector_identifier_uri", "sector-identifier-uri"),
    ("token_endpoint_auth_method", "auth-method"),
    ("token_endpoint_auth_signing_alg", "auth-alg"),
    ("jwks", "jwks"),
    ("jwks_uri", "jwks-uri"),
    ("tls_client_auth_subject_dn", "tls-subject-dn"),
    ("id_token_signed_response_alg", "algorithm"),
    ("userinfo_signed_response_alg", "userinfo-alg"),
    ("authorization_signed_response_alg", "authorization-alg"),
    ("introspection_signed_response_alg", "introspection-alg"),
    ("request_object_signing_alg", "request-object-alg"),
    ("request_uris", "request-uri"),
    ("initiate_login_uri", "initiate-login-uri"),
    ("backchannel_logout_uri", "backchannel-logout-uri"),
    ("frontchannel_logout_uri", "frontchannel-logout-uri"),
    ("contacts", "contact"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_an_option_that_there_is() {
        let command = <Add as clap::Args>::augment_args(clap::Command::new("add"));
        for (member, option) in OPTIONS {
            assert!(command.get_arguments().any(|known| known.get_long() == Some(option)), "{member}: {option}");
        }
        let refusal = told(RegistrationError::Address("client_uri")).to_string();
        assert!(refusal.starts_with("client_uri has to be an https address"), "{refusal}");
        assert_eq!(
            told(RegistrationError::NoKeys).to_string(),
            "jwks or jwks_uri has to be there: the client signs something (option --jwks)"
        );
    }
}
