//! What the provider says of a member, as the forum keeps it: a name that was chosen, and brackets.
//!
//! The claims are flat members of the `UserInfo` answer (OpenID Connect Core 1.0 §5.3.2); `specs/claims.md` lists them.
//! Whatever else an answer holds is not read and not kept.

use std::fmt;

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};

use super::text;

/// The claims beyond the standard ones, as they come.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Extra {
    #[serde(default)]
    pub(super) name_assurance: Option<String>,
    #[serde(default)]
    pub(super) name_audience: Option<String>,
    #[serde(default)]
    pub(super) indexable: Option<bool>,
    #[serde(default)]
    pub(super) age_bracket: Option<String>,
    #[serde(default)]
    pub(super) age_over_18: Option<bool>,
    #[serde(default)]
    pub(super) residence: Option<String>,
    #[serde(default)]
    pub(super) residence_label: Option<String>,
    #[serde(default)]
    pub(super) sex: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) roles: Option<Vec<String>>,
    #[serde(default)]
    pub(super) groups: Option<Vec<String>>,
    #[serde(default)]
    pub(super) heteronyms_per_person: Option<i64>,
    #[serde(default)]
    pub(super) claims_as_of: Option<i64>,
}

impl AdditionalClaims for Extra {}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extra(…)")
    }
}

/// What is known of one member.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Qualities {
    /// The display name; empty when none was shared.
    pub(super) name: String,
    /// `chosen` or `partial` (derived from the verified name).
    pub(super) name_assurance: Option<String>,
    pub(super) audience: Audience,
    /// Whether search engines may see the name.
    pub(super) indexable: bool,
    pub(super) age_bracket: Option<String>,
    pub(super) age_over_18: Option<bool>,
    pub(super) residence: Option<String>,
    pub(super) residence_label: Option<String>,
    pub(super) sex: Option<String>,
    pub(super) roles: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) heteronyms_per_person: Option<i64>,
    /// The year in which the claims were true.
    pub(super) claims_as_of: Option<i64>,
}

/// Who may see a member's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Audience {
    /// Members of this forum: the narrower one, so it is what holds when nothing is said.
    #[default]
    Members,
    Public,
}

impl Audience {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Public => "public",
        }
    }

    pub(super) fn read(text: &str) -> Self {
        if text == "public" { Self::Public } else { Self::Members }
    }
}

impl fmt::Debug for Qualities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Qualities(…)")
    }
}

impl Qualities {
    /// Takes what the forum keeps, each text cleaned and bounded.
    pub(super) fn new(name: Option<&str>, extra: Extra) -> Self {
        Self {
            name: name.and_then(short).unwrap_or_default(),
            name_assurance: extra.name_assurance.as_deref().and_then(short),
            audience: extra.name_audience.as_deref().map(Audience::read).unwrap_or_default(),
            indexable: extra.indexable.unwrap_or(false),
            age_bracket: extra.age_bracket.as_deref().and_then(short),
            age_over_18: extra.age_over_18,
            residence: extra.residence.as_deref().and_then(short),
            residence_label: extra.residence_label.as_deref().and_then(short),
            sex: extra.sex.as_ref().and_then(sex),
            roles: list(extra.roles),
            groups: list(extra.groups),
            heteronyms_per_person: extra.heteronyms_per_person,
            claims_as_of: extra.claims_as_of,
        }
    }

    /// One person has one pseudonym here, so one voice: the provider's registration of this forum says so.
    pub(super) fn one_voice(&self) -> bool {
        self.heteronyms_per_person == Some(1) || self.groups.iter().any(|group| group == "one-voice")
    }

    /// The area as people call it, or its code.
    pub(super) fn residence_shown(&self) -> Option<String> {
        self.residence_label.clone().or_else(|| self.residence.clone())
    }

    /// Whether the name may stand on a page that search engines keep.
    pub(super) fn name_may_be_indexed(&self) -> bool {
        self.audience == Audience::Public && self.indexable
    }
}

fn short(text: &str) -> Option<String> {
    text::line(text, MAX_TEXT).ok()
}

/// ISO 5218 codes come as a number or as its digit.
fn sex(value: &serde_json::Value) -> Option<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    short(&text).filter(|text| !text.is_empty() && text != "null")
}

fn list(values: Option<Vec<String>>) -> Vec<String> {
    values.unwrap_or_default().iter().filter_map(|value| short(value)).take(MAX_LIST).collect()
}

const MAX_TEXT: usize = 120;
const MAX_LIST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn extra(json: serde_json::Value) -> Extra {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_name_without_an_audience_is_for_members_and_not_for_search_engines() {
        let of = Qualities::new(Some("Genêt"), extra(serde_json::json!({})));
        assert_eq!((of.audience, of.indexable, of.name_may_be_indexed()), (Audience::Members, false, false));
        let of = Qualities::new(None, extra(serde_json::json!({"name_audience": "everyone", "indexable": true})));
        assert_eq!((of.audience, of.name_may_be_indexed()), (Audience::Members, false));
    }

    #[test]
    fn a_name_that_would_reorder_the_page_is_cleaned() {
        assert_eq!(Qualities::new(Some("Ana\u{202E}tset\n"), Extra::default()).name, "Anatset");
    }

    #[test]
    fn an_overlong_text_is_not_kept() {
        let of = Qualities::new(Some(&"x".repeat(121)), extra(serde_json::json!({"roles": vec!["r"; 100]})));
        assert_eq!((of.name.as_str(), of.roles.len()), ("", 64));
    }

    #[test]
    fn nothing_is_printed_by_debug() {
        let of = Qualities::new(Some("Genêt"), extra(serde_json::json!({"residence": "FR-38"})));
        assert_eq!(format!("{of:?}"), "Qualities(…)");
        assert_eq!(format!("{:?}", extra(serde_json::json!({"residence": "FR-38"}))), "Extra(…)");
    }
}
