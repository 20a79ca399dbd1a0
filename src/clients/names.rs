//! The name of a client, as people read it on the consent page, and whether it can be taken for another one.

use unicode_normalization::UnicodeNormalization as _;

use super::{Client, RegistrationError};
use crate::{
    domain::name::{ChosenName, Skeletons},
    store::{StoreError, Tx, clients as rows},
};

/// A name without controls, change of direction, second line or markup, and of one script (UTS 39 §5.1).
pub(super) fn checked_name(name: &str) -> Result<String, RegistrationError> {
    let name = name.trim();
    let hidden =
        |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let visible = |c: char| !c.is_control() && !hidden(c);
    let fits = (1..=80).contains(&name.chars().count()) && name.chars().all(visible);
    if !fits {
        return Err(RegistrationError::Name);
    }
    if name.contains(['<', '>']) || !unicode_security::MixedScript::is_single_script(name) {
        return Err(RegistrationError::MisleadingName);
    }
    Ok(name.to_owned())
}

/// Whether people could take one name for the other: same letters in another case, another spacing or another script that
/// looks alike (UTS 39 §4).
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    let (one, other) = (skeletons(one), skeletons(other));
    one.meet(&other)
}

fn skeletons(name: &str) -> Skeletons {
    ChosenName::from_row(name.nfkc().collect()).skeletons()
}

impl Client {
    /// Whether members of one could take it for the other. Clients that know their members by the same `sub` are one house.
    pub fn could_be_taken_for(&self, other: &Self) -> bool {
        let others = self.id != other.id && self.sector != other.sector && !other.is_disabled();
        others && look_alike(&self.metadata.client_name, &other.metadata.client_name)
    }
}

/// Refuses a name that is, or looks like, that of a live client of another sector, or that of this provider. The caller
/// holds [`rows::hold_names`], so that of two that come at once one sees the other.
pub(super) async fn is_free(tx: &mut Tx, client: &Client, provider: &str) -> Result<(), RegistrationError> {
    if look_alike(&client.metadata.client_name, provider) {
        return Err(RegistrationError::NameTaken("this provider".to_owned()));
    }
    for row in rows::list(tx).await? {
        let other = Client::read(row)?;
        if client.could_be_taken_for(&other) {
            return Err(RegistrationError::NameTaken(other.told()));
        }
    }
    Ok(())
}

/// The same, for an operator to be told.
pub(super) async fn resembling(tx: &mut Tx, client: &Client) -> Result<Vec<Client>, StoreError> {
    let others = rows::list(tx).await?.into_iter().map(Client::read).collect::<Result<Vec<_>, _>>()?;
    Ok(others.into_iter().filter(|other| client.could_be_taken_for(other)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g13_a_name_that_can_be_read_two_ways_is_refused() {
        for name in [
            "",
            " ",
            "\u{200b}",
            "a\nb",
            "Forum\u{202e}gpj",
            "\u{2066}Forum",
            "a\0",
            &"x".repeat(81),
            &"x".repeat(10_240),
        ] {
            assert!(matches!(checked_name(name), Err(RegistrationError::Name)), "{name}");
        }
        for name in ["<b>Forum</b>", "Forum >", "Fоrum", "Forυm"] {
            assert!(matches!(checked_name(name), Err(RegistrationError::MisleadingName)), "{name}");
        }
        for name in ["Budget participatif", "Café de l’Isère", "Форум", "フォーラム"] {
            assert_eq!(checked_name(name).unwrap(), name);
        }
    }

    #[test]
    fn g13_a_name_looks_like_another_in_other_letters_case_and_spacing() {
        for alike in ["Forum Voiron", "forum voiron", "FORUM-VOIRON", "ForumVoiron", "Forum Voiron!", "Ｆorum Voiron"]
        {
            assert!(look_alike("Forum Voiron", alike), "{alike}");
        }
        assert!(look_alike("Forum Isère", "Forum lsère"), "a small l for a capital I");
        for other in ["Forum Voreppe", "Forum", "Voiron Forum"] {
            assert!(!look_alike("Forum Voiron", other), "{other}");
        }
        assert!(look_alike("Paypal", "Раураl"));
    }
}
