// oidc-client-ts in a page without a server behind it, as its documentation shows it. `window.told` holds what it was told,
// and #state where it is: the test reads both.
const settings = await (await fetch("/settings.json")).json();
const manager = new oidc.UserManager({
  authority: settings.issuer,
  client_id: settings.client_id,
  redirect_uri: settings.redirect_uri,
  post_logout_redirect_uri: settings.post_logout_redirect_uri,
  response_type: "code",
  scope: settings.scope,
  loadUserInfo: true,
  automaticSilentRenew: false,
});

const pages = {
  "/": async () => ((await manager.getUser()) ? "signed in" : "signed out"),
  "/callback": async () => {
    tell(await manager.signinRedirectCallback());
    return "signed in";
  },
  "/bye": async () => {
    await manager.signoutRedirectCallback();
    return (await manager.getUser()) ? "signed in" : "signed out";
  },
};

on("sign-in", () => manager.signinRedirect());
on("refresh", async () => {
  tell(await manager.signinSilent());
  show("refreshed");
});
on("sign-out", () => manager.signoutRedirect());
run(async () => show(await pages[location.pathname]()));

function tell({ profile, scope, access_token, refresh_token }) {
  window.told = { profile, scope, access_token, refresh_token };
}

function on(id, action) {
  document.getElementById(id).addEventListener("click", () => run(action));
}

function run(action) {
  action().catch((error) => show(`failed: ${error}`));
}

function show(state) {
  document.getElementById("state").textContent = state;
}
