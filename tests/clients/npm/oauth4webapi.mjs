// oauth4webapi: the same journey, every response handed to the check that the library has for it.
import * as oauth from "oauth4webapi";

import { say, settings, signIn, signOut } from "./protocol.mjs";

// The provider of the tests is on this machine, without TLS.
const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(settings.issuer);
const server = await oauth
  .discoveryRequest(issuer, insecure)
  .then((response) => oauth.processDiscoveryResponse(issuer, response));
const client = { client_id: settings.client_id, id_token_signed_response_alg: settings.alg };
const authentication = {
  client_secret_basic: () => oauth.ClientSecretBasic(settings.client_secret),
  client_secret_post: () => oauth.ClientSecretPost(settings.client_secret),
  none: () => oauth.None(),
}[settings.auth_method]();

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const url = new URL(server.authorization_endpoint);
url.search = new URLSearchParams({
  client_id: settings.client_id,
  redirect_uri: settings.redirect_uri,
  response_type: "code",
  scope: settings.scope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  max_age: "3600",
  state,
  nonce,
});
const tokens = await signIn(url, async ({ address }) => {
  const answer = oauth.validateAuthResponse(server, client, address, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, answer, settings.redirect_uri, verifier, insecure,
  );
  const checks = { expectedNonce: nonce, maxAge: 3600, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks);
  await unaltered(response);
  return tokens;
});
const first = await told(tokens);

const response = await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, insecure);
const refreshed = await oauth.processRefreshTokenResponse(server, client, response);
await unaltered(response);
const second = await told(refreshed);

const end = new URL(server.end_session_endpoint);
const back = oauth.generateRandomState();
end.search = new URLSearchParams({
  id_token_hint: refreshed.id_token,
  post_logout_redirect_uri: settings.post_logout_redirect_uri,
  state: back,
});
const ended = await signOut(end);
const afterwards = await oauth.userInfoRequest(server, client, refreshed.access_token, insecure);

say({
  done: {
    ...first,
    refreshed: second,
    rotated: refreshed.refresh_token !== tokens.refresh_token,
    nonce,
    scope: tokens.scope,
    state_survived: ended.searchParams.get("state") === back,
    userinfo_status_afterwards: afterwards.status,
  },
});

// The signature of the ID token, which in the code flow the library leaves to TLS unless it is asked.
function unaltered(response) {
  return oauth.validateApplicationLevelSignature(server, response, insecure);
}

async function told(tokens) {
  const id_token = oauth.getValidatedIdTokenClaims(tokens);
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, insecure);
  const userinfo = await oauth.processUserInfoResponse(server, client, id_token.sub, response);
  return { id_token, userinfo };
}
