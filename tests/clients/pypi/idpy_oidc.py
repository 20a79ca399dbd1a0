"""idpyoidc, which grew with the certification suite: every message is verified against its schema."""

from urllib.parse import parse_qsl, urlsplit

from idpyoidc.client.rp_handler import RPHandler

from protocol import say, settings, sign_in, sign_out

issuer = settings["issuer"]
handler = RPHandler(
    base_url=settings["redirect_uri"].rpartition("/")[0],
    client_configs={
        issuer: {
            "client_type": "oidc",
            "issuer": issuer,
            "client_id": settings["client_id"],
            "client_secret": settings["client_secret"],
            "redirect_uris": [settings["redirect_uri"]],
            "post_logout_redirect_uris": [settings["post_logout_redirect_uri"]],
            "response_types_supported": ["code"],
            "scopes_supported": settings["scope"].split(),
            "token_endpoint_auth_methods_supported": [settings["auth_method"]],
            "id_token_signing_alg_values_supported": [settings["alg"]],
            "client_authn_methods": ["client_secret_basic", "client_secret_post", "bearer_header"],
            "add_ons": {
                "pkce": {
                    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                },
            },
        },
    },
    services={
        "discovery": {"class": "idpyoidc.client.oidc.provider_info_discovery.ProviderInfoDiscovery"},
        "authorization": {"class": "idpyoidc.client.oidc.authorization.Authorization"},
        "access_token": {"class": "idpyoidc.client.oidc.access_token.AccessToken"},
        "refresh_access_token": {"class": "idpyoidc.client.oidc.refresh_access_token.RefreshAccessToken"},
        "userinfo": {"class": "idpyoidc.client.oidc.userinfo.UserInfo"},
        "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
    },
)


def come_back(address, _form):
    answer = dict(parse_qsl(urlsplit(address).query))
    result = handler.finalize(issuer, answer)
    if "error" in result:
        raise ValueError(result["error"])
    return result


def kept(state, *claims):
    return handler.get_client_from_session_key(state).get_context().cstate.get_set(state, claim=claims)


url = handler.begin(issuer, req_args={"scope": settings["scope"].split()})
result = sign_in(url, come_back)
state = result["state"]
before = kept(state, "refresh_token", "scope", "nonce")

refreshed = handler.refresh_access_token(state)
userinfo = handler.get_user_info(state, access_token=refreshed["access_token"])

request = handler.logout(state)
ended = sign_out(request["url"])
client = handler.get_client_from_session_key(state)
afterwards = client.httpc(
    "GET",
    client.get_context().provider_info["userinfo_endpoint"],
    headers={"Authorization": f"Bearer {refreshed['access_token']}"},
)

say({
    "done": {
        "id_token": result["id_token"].to_dict(),
        "userinfo": result["userinfo"].to_dict(),
        "nonce": before["nonce"],
        "scope": before["scope"],
        "refreshed": {
            "id_token": refreshed["__verified_id_token"].to_dict(),
            "userinfo": userinfo.to_dict(),
        },
        "rotated": refreshed["refresh_token"] != before["refresh_token"],
        "state_survived": dict(parse_qsl(urlsplit(ended).query)).get("state") == request["request"]["state"],
        "userinfo_status_afterwards": afterwards.status_code,
    },
})
