//! Forum software: where it waits for the answer, what it calls its settings, and how it proves who it is. Which version
//! of each was read, and where: `specs/connect.md`.

use crate::wire::oauth::AuthMethod;

/// Software that a forum may run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Software {
    #[default]
    Discourse,
    NodeBb,
    Lemmy,
    Decidim,
    WordPress,
    /// Any other that speaks OpenID Connect.
    Plain,
}

/// Whether members of the forum can do without an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithoutEmail {
    Yes,
    /// The software itself asks each member for one.
    Asks,
    /// Not without something in between.
    No,
}

impl Software {
    pub(super) const ALL: [Self; 6] =
        [Self::Discourse, Self::NodeBb, Self::Lemmy, Self::Decidim, Self::WordPress, Self::Plain];

    /// In addresses and in the names of texts.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Discourse => "discourse",
            Self::NodeBb => "nodebb",
            Self::Lemmy => "lemmy",
            Self::Decidim => "decidim",
            Self::WordPress => "wordpress",
            Self::Plain => "plain",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|software| software.as_str() == name)
    }

    /// What the redirect URI has after the forum's address. None: its operator knows the whole of it.
    pub(super) const fn callback(self) -> Option<&'static str> {
        match self {
            Self::Discourse => Some("/auth/oidc/callback"),
            // The last but one part is the name that the strategy is given.
            Self::NodeBb => Some("/auth/heteronym/callback"),
            Self::Decidim => Some("/users/auth/openid_connect/callback"),
            Self::WordPress => Some("/wp-admin/admin-ajax.php?action=openid-connect-authorize"),
            Self::Lemmy | Self::Plain => None,
        }
    }

    /// The software that waits at this redirect URI.
    pub(super) fn at(redirect: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|software| software.callback().is_some_and(|end| redirect.ends_with(end)))
    }

    /// How it sends its secret.
    pub(super) const fn auth_method(self) -> AuthMethod {
        match self {
            Self::NodeBb | Self::WordPress => AuthMethod::ClientSecretPost,
            Self::Discourse | Self::Lemmy | Self::Decidim | Self::Plain => AuthMethod::ClientSecretBasic,
        }
    }

    pub(super) const fn without_email(self) -> WithoutEmail {
        match self {
            Self::NodeBb | Self::WordPress | Self::Plain => WithoutEmail::Yes,
            Self::Discourse | Self::Decidim => WithoutEmail::Asks,
            Self::Lemmy => WithoutEmail::No,
        }
    }
}

impl WithoutEmail {
    /// The colour of its badge, and the end of its text.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "good",
            Self::Asks => "warn",
            Self::No => "bad",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Lang;

    #[test]
    fn every_software_is_explained_in_both_languages() {
        let texts = crate::web::texts().unwrap();
        for software in Software::ALL {
            for text in ["connect-software-", "connect-where-", "connect-reads-", "connect-email-"] {
                let key = format!("{text}{}", software.as_str());
                assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
            }
            let key = format!("connect-verdict-{}", software.without_email().as_str());
            assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
            assert_eq!(Software::named(software.as_str()), Some(software));
        }
    }

    #[test]
    fn a_redirect_uri_tells_the_software_behind_it() {
        assert_eq!(Software::at("https://forum.example/auth/oidc/callback"), Some(Software::Discourse));
        let wordpress = "https://a.example/blog/wp-admin/admin-ajax.php?action=openid-connect-authorize";
        assert_eq!(Software::at(wordpress), Some(Software::WordPress));
        assert_eq!(Software::at("https://forum.example/callback"), None);
    }
}
