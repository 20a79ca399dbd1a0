//! Who may write where: a board or a poll asks for qualities, and a refusal says which one is missing and why.
//!
//! In the configuration a rule is `"anyone"`, `{ age = 18 }`, `{ residence = ["FR-38"] }`, `{ role = "agent" }`, or
//! `{ all = [ … ] }` and `{ any = [ … ] }` of those.

use serde::{Deserialize, Serialize};

use super::claims::Qualities;

/// What a person must have shared to write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Any member.
    #[default]
    Anyone,
    /// This age in years, or over.
    Age(u8),
    /// Lives in one of these areas (codes as in the claim `residence`).
    Residence(Vec<String>),
    /// Holds this role.
    Role(String),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

/// What is missing for a rule to be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// `shared` is the bracket the member has shared, if any.
    Age {
        years: u8,
        shared: Option<String>,
    },
    /// `shared` is the area the member has shared, if any: its label, or its code.
    Residence {
        codes: Vec<String>,
        shared: Option<String>,
    },
    /// `shared`: some role was shared, but not this one.
    Role {
        role: String,
        shared: bool,
    },
    All(Vec<Need>),
    Any(Vec<Need>),
}

impl Rule {
    /// `Ok` when the qualities meet the rule.
    pub(super) fn check(&self, of: &Qualities) -> Result<(), Need> {
        match self {
            Self::Anyone => Ok(()),
            Self::Age(years) if old_enough(of, *years) => Ok(()),
            Self::Age(years) => Err(Need::Age { years: *years, shared: of.age_bracket.clone() }),
            Self::Residence(codes) if codes.iter().any(|code| lives_in(of, code)) => Ok(()),
            Self::Residence(codes) => Err(Need::Residence { codes: codes.clone(), shared: of.residence_shown() }),
            Self::Role(role) if of.roles.contains(role) => Ok(()),
            Self::Role(role) => Err(Need::Role { role: role.clone(), shared: !of.roles.is_empty() }),
            Self::All(rules) => {
                let needs: Vec<Need> = rules.iter().filter_map(|rule| rule.check(of).err()).collect();
                if needs.is_empty() { Ok(()) } else { Err(Need::All(needs)) }
            }
            Self::Any(rules) => {
                let mut needs = Vec::new();
                for rule in rules {
                    match rule.check(of) {
                        Ok(()) => return Ok(()),
                        Err(need) => needs.push(need),
                    }
                }
                Err(Need::Any(needs))
            }
        }
    }

    /// Says what is wrong with a rule that came from a configuration.
    pub(super) fn validate(&self) -> Result<(), String> {
        self.validate_at(0)
    }

    fn validate_at(&self, depth: usize) -> Result<(), String> {
        match self {
            Self::Anyone => Ok(()),
            Self::Age(years) if (1..=99).contains(years) => Ok(()),
            Self::Age(years) => Err(format!("`age = {years}`: give a number of years from 1 to 99")),
            Self::Residence(codes) if codes.is_empty() => {
                Err("`residence` is empty: name at least one area".to_owned())
            }
            Self::Residence(codes) => match codes.iter().find(|code| !is_code(code)) {
                Some(code) => Err(format!("`residence` names {code:?}: write an area code such as FR-38 or cog:38563")),
                None => Ok(()),
            },
            Self::Role(role) if is_code(role) => Ok(()),
            Self::Role(role) => Err(format!("`role = {role:?}`: write a role such as agent")),
            Self::All(rules) | Self::Any(rules) if rules.is_empty() => {
                Err("`all` and `any` need at least one rule inside".to_owned())
            }
            Self::All(_) | Self::Any(_) if depth == MAX_DEPTH => Err(format!("rules nest deeper than {MAX_DEPTH}")),
            Self::All(rules) | Self::Any(rules) => rules.iter().try_for_each(|rule| rule.validate_at(depth + 1)),
        }
    }
}

impl Need {
    /// Whether sharing something that was not shared so far could help; otherwise nothing would.
    pub(super) fn could_be_shared(&self) -> bool {
        match self {
            Self::Age { shared, .. } | Self::Residence { shared, .. } => shared.is_none(),
            Self::Role { shared, .. } => !shared,
            Self::All(needs) => needs.iter().all(Self::could_be_shared),
            Self::Any(needs) => needs.iter().any(Self::could_be_shared),
        }
    }
}

/// A bracket counts the age reached in the calendar year, so at 18, where the law counts days, the bracket that begins
/// at 18 is not enough: only `age_over_18` says it, or a bracket above.
fn old_enough(of: &Qualities, years: u8) -> bool {
    let reached = of.age_bracket.as_deref().and_then(lower_bound);
    if years == 18 {
        of.age_over_18 == Some(true) || reached.is_some_and(|reached| reached > 18)
    } else {
        reached.is_some_and(|reached| reached >= years)
    }
}

/// The provider lists every coarser area it may tell as a group `res:CODE`; the forum itself knows no map.
fn lives_in(of: &Qualities, code: &str) -> bool {
    of.residence.as_deref() == Some(code)
        || of.groups.iter().any(|group| group.strip_prefix("res:").is_some_and(|area| area == code))
}

/// The first age of a bracket: `Y30-39` → 30, `Y_GE80` → 80, `Y_LT18` → 0.
pub(super) fn lower_bound(bracket: &str) -> Option<u8> {
    let rest = bracket.strip_prefix('Y')?;
    if rest.starts_with("_LT") {
        return Some(0);
    }
    rest.strip_prefix("_GE").unwrap_or(rest).split('-').next()?.parse().ok()
}

fn is_code(text: &str) -> bool {
    (2..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'_'))
}

const MAX_DEPTH: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> Qualities {
        Qualities {
            age_bracket: Some("Y30-39".into()),
            age_over_18: Some(true),
            residence: Some("cog:38563".into()),
            residence_label: Some("Voiron".into()),
            groups: vec!["age:30-39".into(), "res:cog:38563".into(), "res:FR-38".into(), "one-voice".into()],
            ..Qualities::default()
        }
    }

    fn isere_adults() -> Rule {
        Rule::All(vec![Rule::Residence(vec!["FR-38".into()]), Rule::Age(18)])
    }

    #[test]
    fn a_resident_of_a_commune_meets_a_rule_for_its_departement() {
        assert_eq!(isere_adults().check(&somebody()), Ok(()));
    }

    #[test]
    fn a_resident_of_elsewhere_is_told_the_area_that_was_shared() {
        let mut of = somebody();
        of.residence = Some("FR-69".into());
        of.residence_label = Some("Rhône".into());
        of.groups = vec!["res:FR-69".into()];
        let need = isere_adults().check(&of).unwrap_err();
        assert_eq!(
            need,
            Need::All(vec![Need::Residence { codes: vec!["FR-38".into()], shared: Some("Rhône".into()) }])
        );
        assert!(!need.could_be_shared());
    }

    #[test]
    fn a_member_who_shared_nothing_is_told_that_sharing_would_help() {
        let need = isere_adults().check(&Qualities::default()).unwrap_err();
        assert!(need.could_be_shared());
        assert!(matches!(need, Need::All(needs) if needs.len() == 2));
    }

    #[test]
    fn the_bracket_that_begins_at_18_does_not_prove_the_majority() {
        let mut of = Qualities { age_bracket: Some("Y18-24".into()), ..Qualities::default() };
        assert!(Rule::Age(18).check(&of).is_err());
        of.age_over_18 = Some(true);
        assert!(Rule::Age(18).check(&of).is_ok());
        of = Qualities { age_bracket: Some("Y25-29".into()), ..Qualities::default() };
        assert!(Rule::Age(18).check(&of).is_ok());
        assert!(Rule::Age(30).check(&of).is_err());
    }

    #[test]
    fn one_of_several_qualities_is_enough_for_any() {
        let rule = Rule::Any(vec![Rule::Role("agent".into()), Rule::Age(60)]);
        let of = Qualities { roles: vec!["agent".into()], ..Qualities::default() };
        assert!(rule.check(&of).is_ok());
        assert!(rule.check(&somebody()).is_err());
    }

    #[test]
    fn a_group_that_only_begins_like_the_code_does_not_count() {
        let of = Qualities { groups: vec!["res:FR-380".into(), "xres:FR-38".into()], ..Qualities::default() };
        assert!(Rule::Residence(vec!["FR-38".into()]).check(&of).is_err());
    }

    #[test]
    fn a_rule_reads_from_toml() {
        #[derive(Deserialize)]
        struct File {
            rule: Rule,
        }
        let read = |text: &str| toml::from_str::<File>(text).unwrap().rule;
        assert_eq!(read(r#"rule = "anyone""#), Rule::Anyone);
        assert_eq!(read(r#"rule = { all = [{ residence = ["FR-38"] }, { age = 18 }] }"#), isere_adults());
    }

    #[test]
    fn a_rule_that_nobody_could_meet_is_refused_with_its_reason() {
        for (rule, says) in [
            (Rule::Age(0), "years"),
            (Rule::Residence(vec![]), "empty"),
            (Rule::Residence(vec!["l'Isère".into()]), "area code"),
            (Rule::All(vec![]), "at least one"),
            (Rule::Role(String::new()), "role"),
        ] {
            assert!(rule.validate().unwrap_err().contains(says), "{rule:?}");
        }
        let deep = (0..6).fold(Rule::Age(18), |inner, _| Rule::All(vec![inner]));
        assert!(deep.validate().is_err());
    }

    #[test]
    fn brackets_have_lower_bounds() {
        for (bracket, bound) in
            [("Y30-39", Some(30)), ("Y_GE80", Some(80)), ("Y_LT18", Some(0)), ("30-39", None), ("Y", None)]
        {
            assert_eq!(lower_bound(bracket), bound, "{bracket}");
        }
    }
}
