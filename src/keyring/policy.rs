//! `keys/policy.toml`, built in: what each key is for, how long it lives, what its loss and its theft mean.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::Role;

/// The policy of every role.
#[derive(Clone, Debug)]
pub struct Policy(BTreeMap<Role, RolePolicy>);

/// One table of the file. Texts are sentences for people.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolePolicy {
    pub purpose: String,
    pub algorithms: Vec<String>,
    pub rotation: String,
    pub loss: String,
    pub theft: String,
    lifetime_days: Option<u32>,
    publish_before_hours: u32,
    keep_after_days: Option<u32>,
}

/// The file does not say what it should. Cannot happen to a build whose tests passed.
#[derive(Debug, thiserror::Error)]
#[error("keys/policy.toml: {0}")]
pub struct PolicyError(String);

impl Policy {
    /// The file that the program was built with.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::parse(include_str!("../../keys/policy.toml"))
    }

    fn parse(text: &str) -> Result<Self, PolicyError> {
        let roles: BTreeMap<Role, RolePolicy> = toml::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
        match Role::ALL.into_iter().find(|role| !roles.contains_key(role)) {
            Some(role) => Err(PolicyError(format!("the role {role} is missing"))),
            None => Ok(Self(roles)),
        }
    }

    /// Every role is there, because it was looked for when the file was read.
    #[expect(clippy::indexing_slicing, reason = "`parse` has looked for every role")]
    pub fn of(&self, role: Role) -> &RolePolicy {
        &self.0[&role]
    }
}

impl RolePolicy {
    /// After this a new version is due.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime_days.map(days)
    }

    /// How long a new version is known before it is used; at least as long as anybody may cache the JWKS.
    pub fn publish_before(&self) -> Duration {
        Duration::from_secs(u64::from(self.publish_before_hours) * 3_600)
    }

    /// How long an old version verifies or opens after its successor took over; `None` is for ever.
    pub fn keep_after(&self) -> Option<Duration> {
        self.keep_after_days.map(days)
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_in_the_code_stands_in_the_policy_and_the_reverse() {
        let policy = Policy::embedded().unwrap();
        assert_eq!(policy.0.keys().copied().collect::<Vec<_>>(), Role::ALL);
        let readme = include_str!("../../keys/README.md");
        for (role, policy) in &policy.0 {
            assert_eq!(serde_json::from_value::<Role>(role.as_str().into()).unwrap(), *role);
            assert!(readme.contains(&format!("| `{role}` |")), "{role} is not in keys/README.md");
            for text in [&policy.purpose, &policy.rotation, &policy.loss, &policy.theft] {
                assert!(text.len() > 20, "{role}");
            }
            assert!(!policy.algorithms.is_empty());
        }
    }

    #[test]
    fn a_missing_or_unknown_role_is_noticed() {
        let text = include_str!("../../keys/policy.toml");
        assert!(Policy::parse(&text.replace("[vault]", "[other]")).unwrap_err().to_string().contains("other"));
        let without = text.split("[token]").next().unwrap();
        assert!(Policy::parse(without).unwrap_err().to_string().contains("token"));
    }

    #[test]
    fn keys_that_cannot_be_replaced_are_kept_for_ever() {
        let policy = Policy::embedded().unwrap();
        for role in [Role::Vault, Role::Pseudonym, Role::Vrf] {
            assert_eq!((policy.of(role).keep_after(), policy.of(role).lifetime()), (None, None), "{role}");
        }
        assert_eq!(policy.of(Role::Issuer).publish_before(), Duration::from_hours(24));
    }

    #[test]
    fn a_key_of_the_logs_changes_by_hand_and_everybody_has_a_week_to_learn_the_next() {
        let policy = Policy::embedded().unwrap();
        let log = policy.of(Role::Log);
        assert_eq!((log.lifetime(), log.publish_before()), (None, Duration::from_hours(168)));
        assert_eq!(log.keep_after(), Some(Duration::from_hours(30 * 24)));
    }
}
