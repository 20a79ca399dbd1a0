//! What an operator chooses on the page, read from its address, and the registration that it makes.

use std::collections::BTreeSet;

use url::Url;

use super::software::Software;
use crate::{
    clients::{ClaimsIn, Draft, Metadata, RegistrationError},
    domain::{area::Level, bracket::AgeBracket, claim::Quality, ids::ClientId},
    wire::oauth::Scope,
};

/// The form, as it was sent. What an address holds besides is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// A client that is there, in place of everything below but the software.
    pub(super) client_id: Option<String>,
    /// None: not said.
    pub(super) software: Option<Software>,
    /// Of the forum, or its redirect URI where the software has none of its own.
    pub(super) address: String,
    pub(super) name: String,
    /// Scopes besides `openid`.
    pub(super) asked: BTreeSet<&'static str>,
    pub(super) level: Level,
    pub(super) brackets: Brackets,
    pub(super) required: BTreeSet<Quality>,
    pub(super) in_id_token: bool,
}

/// Tables of brackets that the page offers; a registration may have any other that is coarser than the published one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Brackets {
    #[default]
    Published,
    Four,
    Two,
}

/// A registration to be made.
pub(super) struct Plan {
    pub(super) draft: Draft,
    /// As it will be registered.
    pub(super) metadata: Metadata,
    pub(super) client_id: ClientId,
    /// The address is an example, because none was typed.
    pub(super) is_example: bool,
}

/// What would be registered, or why it cannot be.
type Checked = Result<Metadata, RegistrationError>;

/// What cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Address,
    Name,
    Choice,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            client_id: None,
            software: None,
            address: String::new(),
            name: String::new(),
            asked: BTreeSet::from(["profile", "age", "residence"]),
            level: Level::Department,
            brackets: Brackets::Published,
            required: BTreeSet::new(),
            in_id_token: false,
        }
    }
}

impl Choice {
    pub(super) fn read(query: &str) -> Self {
        let mut choice = Self::default();
        let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        if fields.iter().any(|(name, _)| name == "software") {
            // The form was sent: a box that is not named was not ticked.
            choice.asked.clear();
        }
        for (name, value) in &fields {
            choice.take(name, value);
        }
        choice
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "client_id" => self.client_id = Some(value.to_owned()),
            "software" => self.software = Software::named(value),
            "address" => value.trim().clone_into(&mut self.address),
            "name" => value.trim().clone_into(&mut self.name),
            "ask" => self.asked.extend(ASKED.into_iter().find(|scope| *scope == value)),
            "residence" => self.level = value.parse().unwrap_or(self.level),
            "brackets" => self.brackets = Brackets::named(value),
            "require" => self.required.extend(value.parse::<Quality>().ok()),
            "id_token" => self.in_id_token = value == "yes",
            _ => {}
        }
    }

    pub(super) fn software(&self) -> Software {
        self.software.unwrap_or_default()
    }

    pub(super) fn asks(&self, scope: &str) -> bool {
        self.scopes().contains(scope)
    }

    pub(super) fn requires(&self, quality: Quality) -> bool {
        self.required.contains(&quality)
    }

    /// The registration, as `check` allows it. `local`: the issuer is on a loopback address, and so may be the forum.
    pub(super) fn plan(&self, local: bool, check: impl Fn(&Draft) -> Checked) -> Result<Plan, Fault> {
        let is_example = self.address.is_empty();
        let redirect = self.redirect(if is_example { EXAMPLE } else { &self.address }, is_example);
        let redirect = redirect.ok_or(Fault::Address)?;
        let client_id = client_id(&redirect).ok_or(Fault::Address)?;
        let name = if self.name.is_empty() { host(&redirect).unwrap_or_default() } else { self.name.clone() };
        let draft = Draft {
            id: Some(client_id.clone()),
            name,
            redirect_uris: vec![redirect],
            auth_method: self.software().auth_method(),
            scope: self.scope(),
            residence_level: self.level,
            age_brackets: self.brackets.table().filter(|_| self.asks("age")),
            required: self.required.clone(),
            id_token_claims: if self.in_id_token { ClaimsIn::All } else { ClaimsIn::Userinfo },
            local,
            ..Draft::default()
        };
        let metadata = check(&draft).map_err(|refusal| match refusal {
            RegistrationError::RedirectUri(..) => Fault::Address,
            RegistrationError::Name | RegistrationError::MisleadingName => Fault::Name,
            _ => Fault::Choice,
        })?;
        Ok(Plan { draft, metadata, client_id, is_example })
    }

    /// What is asked for; what is required is asked for too.
    fn scopes(&self) -> BTreeSet<&'static str> {
        let required = self.required.iter().map(|quality| quality.scope());
        self.asked.iter().copied().chain(required).collect()
    }

    fn scope(&self) -> String {
        let scopes = self.scopes();
        let asked = ASKED.into_iter().filter(|scope| scopes.contains(scope));
        std::iter::once("openid").chain(asked).collect::<Vec<_>>().join(" ")
    }

    fn redirect(&self, address: &str, is_example: bool) -> Option<String> {
        let address = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
        let mut url = Url::parse(&address).ok().filter(Url::has_host)?;
        let Some(callback) = self.software().callback() else {
            if is_example {
                url.set_path("/callback");
            }
            return Some(url.to_string());
        };
        // Somebody may have pasted the redirect URI itself.
        if address.ends_with(callback) {
            return Some(url.to_string());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&path);
        Some([url.as_str().trim_end_matches('/'), callback].concat())
    }
}

impl Brackets {
    pub(super) const ALL: [Self; 3] = [Self::Published, Self::Four, Self::Two];

    /// In addresses and in the names of texts.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Four => "four",
            Self::Two => "two",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|brackets| brackets.as_str() == name).unwrap_or_default()
    }

    /// None: the published one.
    fn table(self) -> Option<Vec<AgeBracket>> {
        let brackets: &[&str] = match self {
            Self::Published => return None,
            Self::Four => &["Y_LT18", "Y18-29", "Y30-59", "Y_GE60"],
            Self::Two => &["Y_LT18", "Y_GE18"],
        };
        Some(brackets.iter().filter_map(|bracket| bracket.parse().ok()).collect())
    }
}

/// The qualities that a scope asks for.
pub(super) fn qualities(scope: &Scope) -> BTreeSet<Quality> {
    Quality::ALL.into_iter().filter(|quality| scope.contains(quality.scope())).collect()
}

/// A `client_id` that tells the forum, so that what is to be pasted is known before it is registered.
fn client_id(redirect: &str) -> Option<ClientId> {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let name: String = host(redirect)?.chars().map(plain).take(62).collect();
    format!("c_{name}").parse().ok()
}

/// With a port that is not the usual one.
fn host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Scopes that can be ticked, in the order in which they are asked for.
pub(super) const ASKED: [&str; 5] = ["profile", "age", "residence", "sex", "roles"];
const EXAMPLE: &str = "https://forum.example";

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::clients::Outbound;

    /// As a service checks it that may reach nothing.
    pub(in super::super) fn checked(draft: &Draft) -> Checked {
        draft.check(&Outbound::unused())
    }

    fn redirect(query: &str) -> Result<String, Fault> {
        Choice::read(query).plan(false, checked).map(|plan| plan.metadata.redirect_uris[0].clone())
    }

    #[test]
    fn the_redirect_uri_is_the_address_with_the_path_of_the_software() {
        for (query, expected) in [
            ("software=discourse&address=https://forum.example", "https://forum.example/auth/oidc/callback"),
            ("software=discourse&address=forum.example/", "https://forum.example/auth/oidc/callback"),
            (
                "software=discourse&address=https://forum.example/auth/oidc/callback",
                "https://forum.example/auth/oidc/callback",
            ),
            (
                "software=nodebb&address=https://a.example/talk/?x=1%23y",
                "https://a.example/talk/auth/heteronym/callback",
            ),
            (
                "software=wordpress&address=https://a.example",
                "https://a.example/wp-admin/admin-ajax.php?action=openid-connect-authorize",
            ),
            ("software=plain&address=https://a.example/cb?x=1", "https://a.example/cb?x=1"),
            ("software=plain", "https://forum.example/callback"),
        ] {
            assert_eq!(redirect(query).as_deref(), Ok(expected), "{query}");
        }
        for address in
            ["http://forum.example", "javascript:alert(1)", "https://", "https://u:p@forum.example", "https://a b"]
        {
            assert_eq!(redirect(&format!("software=discourse&address={address}")), Err(Fault::Address), "{address}");
        }
        assert!(Choice::read("software=discourse&address=http://localhost:3000").plan(true, checked).is_ok());
    }

    #[test]
    fn what_was_not_ticked_is_not_asked_for_and_what_is_required_is() {
        assert_eq!(Choice::read("").scope(), "openid profile age residence");
        assert_eq!(Choice::read("software=plain").scope(), "openid");
        let choice = Choice::read("software=plain&ask=roles&ask=profile&ask=email&require=residence&require=shoe");
        assert_eq!(choice.scope(), "openid profile residence roles");
        assert_eq!(choice.plan(false, checked).unwrap().metadata.required, BTreeSet::from([Quality::Residence]));
    }

    #[test]
    fn every_table_that_is_offered_can_be_registered() {
        for brackets in Brackets::ALL {
            let choice = Choice { brackets, ..Choice::default() };
            let table = choice.plan(false, checked).unwrap().metadata.age_brackets;
            assert_eq!(table.map(|table| table.len()), brackets.table().map(|table| table.len()));
        }
        assert_eq!(Brackets::Four.table().map(|table| table.len()), Some(4));
    }

    #[test]
    fn a_name_that_cannot_be_registered_is_named() {
        for name in ["<b>", "a%0ab", "%D0%B0dmin"] {
            assert_eq!(redirect(&format!("software=plain&name={name}")), Err(Fault::Name), "{name}");
        }
    }
}
