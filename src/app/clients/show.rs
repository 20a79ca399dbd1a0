//! What was registered, as `heteronym clients show` prints it: first the settings that forum software asks for, then
//! whatever else is not as it is when nobody says anything.

use std::io::Write;

use serde_json::Value;

use super::Services;
use crate::{clients::Client, web::paths};

pub(super) async fn show(services: &Services, client: &Client, out: &mut impl Write) -> anyhow::Result<()> {
    let metadata = &client.metadata;
    writeln!(out, "{}{}", metadata.client_name, if client.is_disabled() { " (disabled)" } else { "" })?;
    writeln!(out, "issuer          {}", services.config.server.issuer)?;
    writeln!(out, "client_id       {}", client.id)?;
    writeln!(out, "scope           {}", metadata.scope)?;
    writeln!(out, "algorithm       {}", metadata.id_token_signed_response_alg)?;
    writeln!(out, "authentication  {}", metadata.token_endpoint_auth_method.as_str())?;
    writeln!(out, "profile         {}", metadata.profile)?;
    writeln!(out, "sector          {}", client.sector)?;
    for other in services.clients.sharing(client).await? {
        writeln!(out, "same members    {}", other.told())?;
    }
    for other in services.clients.resembling(client).await? {
        writeln!(out, "named like      {}: members could take one for the other", other.told())?;
    }
    writeln!(out, "residence       {}", metadata.residence_level)?;
    for uri in &metadata.redirect_uris {
        writeln!(out, "redirect_uri    {uri}")?;
    }
    for uri in &metadata.post_logout_redirect_uris {
        writeln!(out, "after sign-out  {uri}")?;
    }
    let connect = services.config.server.issuer.at(paths::CONNECT);
    writeln!(out, "what to paste   {connect}?client_id={}", client.id)?;
    if client.manages_itself() {
        writeln!(out, "manages itself  by its registration access token")?;
    }
    let Ok(Value::Object(members)) = serde_json::to_value(metadata) else { return Ok(()) };
    for (member, value) in members.iter().filter(|(member, _)| !SHOWN.contains(&member.as_str())) {
        rest(member, value, out)?;
    }
    Ok(())
}

/// One member, an item a line; keys by their names.
fn rest(member: &str, value: &Value, out: &mut impl Write) -> std::io::Result<()> {
    match (member, value) {
        ("application_type", Value::String(text)) if text == "web" => Ok(()),
        ("id_token_claims", Value::String(text)) if text == "userinfo" => Ok(()),
        ("jwks", set) => {
            let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            keys.iter().try_for_each(|key| {
                let named: Vec<_> = ["kty", "kid"].iter().filter_map(|name| key.get(name).map(plain)).collect();
                writeln!(out, "{member:<14}  {}", named.join(" "))
            })
        }
        (_, Value::Array(items)) => items.iter().try_for_each(|item| writeln!(out, "{member:<14}  {}", plain(item))),
        _ => writeln!(out, "{member:<14}  {}", plain(value)),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Members with a line of their own.
const SHOWN: [&str; 8] = [
    "client_name",
    "scope",
    "id_token_signed_response_alg",
    "token_endpoint_auth_method",
    "profile",
    "residence_level",
    "redirect_uris",
    "post_logout_redirect_uris",
];
