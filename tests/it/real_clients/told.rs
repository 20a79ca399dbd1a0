//! What every client has to have been told in the end.

use serde_json::Value;

use super::town::{SCOPE, Town};
use crate::harness::{Choices, Forum};

/// The name and residence that the citizen picks on the way.
pub(super) fn choices() -> Choices {
    Choices::all("Genêt").at("departement")
}

/// Who the person is, what was agreed to, that a refresh changes neither, and that the browser came back from signing out.
pub(super) fn assert_told(told: &Value, town: &Town, forum: &Forum) {
    let (id_token, userinfo) = (&told["id_token"], &told["userinfo"]);
    assert_identity(id_token, town, forum);
    assert!(told["nonce"].as_str().is_some_and(|nonce| nonce.len() >= 16), "{told}");
    assert_eq!(id_token["nonce"], told["nonce"]);
    assert_claims(userinfo, id_token);

    let refreshed = &told["refreshed"];
    assert_identity(&refreshed["id_token"], town, forum);
    assert_eq!(refreshed["id_token"]["sub"], id_token["sub"]);
    assert!(refreshed["id_token"].get("nonce").is_none_or(Value::is_null), "{refreshed}");
    assert_claims(&refreshed["userinfo"], id_token);
    assert_eq!(told["rotated"], true, "the refresh token");

    assert_eq!(told["scope"], SCOPE);
    assert_eq!(told["state_survived"], true, "of the sign-out");
    // What was given for offline access outlives the session (OpenID Connect Core §11).
    assert_eq!(told["userinfo_status_afterwards"], 200);
}

fn assert_identity(id_token: &Value, town: &Town, forum: &Forum) {
    assert_eq!(id_token["iss"], town.issuer(), "{id_token}");
    let audience = &id_token["aud"];
    assert!(audience == forum.id() || *audience == Value::from(vec![forum.id()]), "{id_token}");
    assert!(id_token["sub"].as_str().is_some_and(|sub| sub.len() == 43), "{id_token}");
    assert!(id_token["at_hash"].is_string() && id_token["sid"].is_string(), "{id_token}");
    assert_eq!(id_token["amr"], serde_json::json!(["pwd"]), "{id_token}");
}

/// What the citizen agreed to, and nothing that was not asked for.
pub(super) fn assert_claims(userinfo: &Value, id_token: &Value) {
    assert_eq!(userinfo["sub"], id_token["sub"]);
    for (claim, value) in [
        ("name", "Genêt"),
        ("preferred_username", "Genêt"),
        ("name_assurance", "chosen"),
        ("age_bracket", "Y30-39"),
        ("residence", "FR-38"),
        ("residence_label", "Isère"),
    ] {
        assert_eq!(userinfo[claim], value, "{userinfo}");
    }
    assert_eq!(userinfo["age_over_18"], true, "{userinfo}");
    for absent in ["sex", "roles", "email", "birthdate"] {
        assert!(userinfo.get(absent).is_none_or(Value::is_null), "{absent} in {userinfo}");
    }
}
