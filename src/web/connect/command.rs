//! The command with which the operator of this service registers a forum, as it is typed into a shell.

use super::choice::Plan;
use crate::{clients::ClaimsIn, domain::claim::Quality, wire::oauth::AuthMethod};

/// The command. What is as the program has it by itself is left out.
pub(super) fn command(plan: &Plan) -> String {
    let (draft, metadata) = (&plan.draft, &plan.metadata);
    let mut options = vec![
        option("name", &draft.name),
        option("client-id", plan.client_id.as_str()),
        option("redirect-uri", metadata.redirect_uris.first().map_or("", String::as_str)),
        option("scope", &draft.scope),
    ];
    if metadata.scope.contains("residence") {
        options.push(option("residence", draft.residence_level.as_str()));
    }
    if let Some(brackets) = &metadata.age_brackets {
        options.push(option("age-brackets", &list(brackets.iter().map(ToString::to_string))));
    }
    if !metadata.required.is_empty() {
        options.push(option("required", &list(metadata.required.iter().map(|quality: &Quality| quality.to_string()))));
    }
    if metadata.token_endpoint_auth_method != AuthMethod::ClientSecretBasic {
        options.push(option("auth-method", metadata.token_endpoint_auth_method.as_str()));
    }
    if metadata.id_token_claims == ClaimsIn::All {
        options.push("--claims-in-id-token".to_owned());
    }
    format!("heteronym clients add \\\n  {}", options.join(" \\\n  "))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

fn option(name: &str, value: &str) -> String {
    // A value that begins with a hyphen would be taken for the next option.
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("--{name}{between}{}", quoted(value))
}

/// As one word of a POSIX shell (IEEE Std 1003.1, Shell Command Language §2.2.2).
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::connect::choice::{Choice, tests::checked};

    #[test]
    fn a_word_stays_one_word_whatever_is_in_it() {
        for (value, word) in [
            ("https://a.example/cb", "https://a.example/cb"),
            ("openid age", "'openid age'"),
            ("l'eau; rm -rf $HOME `x`", r"'l'\''eau; rm -rf $HOME `x`'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(value), word);
        }
    }

    #[test]
    fn the_command_says_what_was_chosen() {
        let query = "software=nodebb&address=https://forum.example&name=L'agora&ask=age&require=residence&brackets=two&id_token=yes";
        let plan = Choice::read(query).plan(false, checked).unwrap();
        insta::assert_snapshot!(command(&plan), @r"
        heteronym clients add \
          --name 'L'\''agora' \
          --client-id c_forum-example \
          --redirect-uri https://forum.example/auth/heteronym/callback \
          --scope 'openid age residence' \
          --residence departement \
          --age-brackets Y_LT18,Y_GE18 \
          --required residence \
          --auth-method client_secret_post \
          --claims-in-id-token
        ");
    }
}
