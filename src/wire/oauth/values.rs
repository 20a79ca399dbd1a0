//! The small values of an authorization request: `scope`, `response_type`, `response_mode`, `prompt`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A set of scope tokens in the order given (RFC 6749 §3.3): at most 50, each of 1 to 100 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Vec<String>);

#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("scope is not a list of at most 50 words of visible ASCII, divided by single spaces")]
pub struct ScopeError;

impl Scope {
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|own| own == token)
    }

    /// Whether nothing is in it that is not in `wider`.
    pub fn is_within(&self, wider: &Self) -> bool {
        self.0.iter().all(|token| wider.contains(token))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of its tokens that `keep` says.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|token| keep(token)).cloned().collect())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut tokens: Vec<String> = Vec::new();
        for token in text.split(' ').filter(|_| !text.is_empty()) {
            let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
            if !(1..=100).contains(&token.len()) || !token.bytes().all(allowed) || tokens.len() == 50 {
                return Err(ScopeError);
            }
            if !tokens.iter().any(|known| known == token) {
                tokens.push(token.to_owned());
            }
        }
        Ok(Self(tokens))
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0.join(" ")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// A value outside the few that are served here.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the value of {0} is not one that this server knows")]
pub struct UnknownValue(pub(super) &'static str);

/// Only the code flow exists (RFC 9700 §2.1.2): neither implicit nor hybrid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    Code,
}

impl FromStr for ResponseType {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        if text == "code" { Ok(Self::Code) } else { Err(UnknownValue("response_type")) }
    }
}

/// How the answer travels to the client: in the query (OAuth 2.0 Multiple Response Types §2.1) or in a form that the
/// browser posts (OAuth 2.0 Form Post Response Mode); plain, or as one signed token (JARM §2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    #[default]
    #[serde(rename = "query")]
    Query,
    #[serde(rename = "form_post")]
    FormPost,
    /// The default of the response type, signed: for the code, the query (JARM §2.3.4).
    #[serde(rename = "jwt")]
    Jwt,
    #[serde(rename = "query.jwt")]
    QueryJwt,
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    pub const ALL: [Self; 5] = [Self::Query, Self::FormPost, Self::Jwt, Self::QueryJwt, Self::FormPostJwt];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// Whether the answer is one token signed by us, in the parameter `response`.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Jwt | Self::QueryJwt | Self::FormPostJwt)
    }

    /// Whether the browser posts it; otherwise it goes in the query.
    pub const fn is_posted(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }
}

impl FromStr for ResponseMode {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(UnknownValue("response_mode"))
    }
}

/// What the client wants the person to be asked (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// The `prompt` parameter. Words that are not known here are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompts(Vec<Prompt>);

#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("prompt says none together with something else: leave one of them out")]
pub struct PromptsError;

impl Prompts {
    pub fn contains(&self, prompt: Prompt) -> bool {
        self.0.contains(&prompt)
    }
}

impl FromStr for Prompts {
    type Err = PromptsError;

    fn from_str(text: &str) -> Result<Self, PromptsError> {
        let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
        if words.len() > 1 && words.contains(&"none") {
            return Err(PromptsError);
        }
        let known = words.into_iter().filter_map(|word| match word {
            "none" => Some(Prompt::None),
            "login" => Some(Prompt::Login),
            "consent" => Some(Prompt::Consent),
            "select_account" => Some(Prompt::SelectAccount),
            _ => None,
        });
        Ok(Self(known.collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scope_is_a_set_in_the_order_given() {
        let scope: Scope = "openid age residence age".parse().unwrap();
        assert_eq!(scope.to_string(), "openid age residence");
        assert!(scope.contains("age") && !scope.contains("ag"));
        assert!(scope.is_within(&"residence openid age sex".parse().unwrap()));
        assert!(!scope.is_within(&"openid".parse().unwrap()));
        assert_eq!(scope.filtered(|token| token != "age").to_string(), "openid residence");
        assert_eq!("".parse(), Ok(Scope::default()));
    }

    #[test]
    fn a_scope_with_strange_characters_or_spaces_is_refused() {
        let many: Vec<_> = (0..51).map(|number| number.to_string()).collect();
        for bad in
            [" ", "a  b", " a", "a ", "a\tb", "é", "a\"b", "a\\b", "a\u{200b}", &"x".repeat(101), &many.join(" ")]
        {
            assert_eq!(bad.parse::<Scope>(), Err(ScopeError), "{bad}");
        }
    }

    #[test]
    fn a19_a20_only_the_code_in_a_query_or_form_is_known() {
        assert_eq!("code".parse(), Ok(ResponseType::Code));
        for other in ["token", "id_token", "code id_token", "none", "CODE", ""] {
            assert_eq!(other.parse::<ResponseType>(), Err(UnknownValue("response_type")), "{other}");
        }
        assert_eq!("form_post".parse(), Ok(ResponseMode::FormPost));
        for other in ["fragment", "fragment.jwt", "web_message", "Query", "JWT", ""] {
            assert_eq!(other.parse::<ResponseMode>(), Err(UnknownValue("response_mode")), "{other}");
        }
    }

    #[test]
    fn a_signed_mode_is_told_from_a_plain_one_and_a_posted_from_a_query() {
        for mode in ResponseMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
            assert_eq!(mode.is_signed(), mode.as_str().ends_with("jwt"));
            assert_eq!(mode.is_posted(), mode.as_str().starts_with("form_post"));
        }
    }

    #[test]
    fn a22_prompt_none_stands_alone() {
        assert!("none".parse::<Prompts>().unwrap().contains(Prompt::None));
        let both: Prompts = "login consent shout".parse().unwrap();
        assert!(both.contains(Prompt::Login) && both.contains(Prompt::Consent) && !both.contains(Prompt::None));
        for bad in ["none login", "login none", "none shout"] {
            assert_eq!(bad.parse::<Prompts>(), Err(PromptsError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic_and_a_scope_survives_its_text(text in ".{0,60}") {
            let _ = (text.parse::<Prompts>(), text.parse::<ResponseMode>());
            if let Ok(scope) = text.parse::<Scope>() {
                prop_assert_eq!(scope.to_string().parse(), Ok(scope));
            }
        }
    }
}
