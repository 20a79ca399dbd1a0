// openid-client: discovery, sign-in, claims, refresh, sign-out, as its documentation shows them.
import * as client from "openid-client";

import { say, settings, signIn, signOut } from "./protocol.mjs";

const authentication = {
  client_secret_basic: () => client.ClientSecretBasic(settings.client_secret),
  client_secret_post: () => client.ClientSecretPost(settings.client_secret),
  none: () => client.None(),
}[settings.auth_method]();
const metadata = { id_token_signed_response_alg: settings.alg };
const config = await client.discovery(new URL(settings.issuer), settings.client_id, metadata, authentication, {
  // The provider of the tests is on this machine, without TLS.
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
});

const checks = {
  pkceCodeVerifier: client.randomPKCECodeVerifier(),
  expectedState: client.randomState(),
  expectedNonce: client.randomNonce(),
};
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: settings.redirect_uri,
  scope: settings.scope,
  code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: "S256",
  state: checks.expectedState,
  nonce: checks.expectedNonce,
  ...(settings.response_mode && { response_mode: settings.response_mode }),
});
const tokens = await signIn(url, ({ address, form }) => {
  const answer = form ? new Request(address, { method: "POST", body: form }) : address;
  return client.authorizationCodeGrant(config, answer, { ...checks, idTokenExpected: true });
});

const first = await told(tokens);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const second = await told(refreshed);

const back = { post_logout_redirect_uri: settings.post_logout_redirect_uri, state: client.randomState() };
const ended = await signOut(
  client.buildEndSessionUrl(config, { ...back, id_token_hint: refreshed.id_token }),
);
const afterwards = await client.fetchUserInfo(config, refreshed.access_token, second.id_token.sub).catch((error) => error);

say({
  done: {
    ...first,
    refreshed: second,
    rotated: refreshed.refresh_token !== tokens.refresh_token,
    nonce: checks.expectedNonce,
    scope: tokens.scope,
    state_survived: ended.searchParams.get("state") === back.state,
    userinfo_status_afterwards: afterwards.status ?? 200,
  },
});

async function told(tokens) {
  const id_token = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, id_token.sub);
  return { id_token, userinfo };
}
