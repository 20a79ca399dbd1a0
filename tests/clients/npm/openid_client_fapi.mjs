// openid-client as a bank's client (FAPI 2.0): it registers itself, signs what it is, pushes its request, binds its
// tokens to a key, and takes the answer signed.
import * as client from "openid-client";

import { say, settings, signIn, signOut } from "./protocol.mjs";

const ES256 = { name: "ECDSA", namedCurve: "P-256" };
const keys = await crypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
const public_key = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), use: "sig", alg: "ES256", kid: "own" };
delete public_key.key_ops;
delete public_key.ext;

const config = await client.dynamicClientRegistration(
  new URL(settings.issuer),
  {
    profile: "fapi2",
    client_name: "Forum of the bank",
    redirect_uris: [settings.redirect_uri],
    post_logout_redirect_uris: [settings.post_logout_redirect_uri],
    scope: settings.scope,
    token_endpoint_auth_method: "private_key_jwt",
    id_token_signed_response_alg: "PS256",
    authorization_signed_response_alg: "PS256",
    jwks: { keys: [public_key] },
  },
  client.PrivateKeyJwt({ key: keys.privateKey, kid: "own" }, { [client.modifyAssertion]: audienceAlone }),
  {
    initialAccessToken: settings.initial_access_token,
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks, client.useJwtResponseMode],
  },
);
const registered = config.clientMetadata();
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

const checks = {
  pkceCodeVerifier: client.randomPKCECodeVerifier(),
  expectedState: client.randomState(),
  expectedNonce: client.randomNonce(),
};
const url = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: settings.redirect_uri,
    scope: settings.scope,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  },
  { DPoP },
);
const tokens = await signIn(url, ({ address }) =>
  client.authorizationCodeGrant(config, address, { ...checks, idTokenExpected: true }, undefined, { DPoP }),
);

const first = await told(tokens);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const second = await told(refreshed);
// A stolen token is worth nothing without the key.
const stolen = await fetch(`${settings.issuer}/userinfo`, { headers: { authorization: `Bearer ${refreshed.access_token}` } });
const active = await client.tokenIntrospection(config, refreshed.access_token);
await client.tokenRevocation(config, refreshed.access_token);
const revoked = await client.tokenIntrospection(config, refreshed.access_token);

const back = { post_logout_redirect_uri: settings.post_logout_redirect_uri, state: client.randomState() };
const ended = await signOut(client.buildEndSessionUrl(config, { ...back, id_token_hint: refreshed.id_token }));

say({
  done: {
    ...first,
    client_id: registered.client_id,
    asked: Object.fromEntries(url.searchParams),
    token_type: tokens.token_type,
    refreshed: second,
    rotated: (refreshed.refresh_token ?? tokens.refresh_token) !== tokens.refresh_token,
    nonce: checks.expectedNonce,
    stolen: stolen.status,
    active,
    revoked,
    state_survived: ended.searchParams.get("state") === back.state,
  },
});

async function told(tokens) {
  const id_token = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, id_token.sub, { DPoP });
  return { id_token, userinfo };
}

// FAPI 2.0 Security Profile §5.3.3.1: the issuer, as one text.
function audienceAlone(header, payload) {
  payload.aud = config.serverMetadata().issuer;
}
