// Passkeys, the one thing a page cannot do without script. A form says what it wants:
//
//   <form method="post" action="…" data-passkey="create|get" data-options-url="/…">
//     <input type="hidden" name="csrf" …> <input type="hidden" name="credential">
//     <p class="error" data-passkey-failed hidden>…</p> <button>…</button>
//   </form>
//
// On submit the options are asked for (POST, JSON, the form's token in X-CSRF-Token, and its field "opened" if there is
// one), the browser's dialogue is opened, and the form is sent with the credential as JSON. With data-passkey="get" and
// data-conditional the passkeys are offered as soon as the field with autocomplete="webauthn" is focused.
"use strict";

(() => {
  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const withIds = (list) => (list || []).map((entry) => ({ ...entry, id: toBytes(entry.id) }));

  const decode = (options) => {
    const decoded = { ...options, challenge: toBytes(options.challenge) };
    if (options.user) decoded.user = { ...options.user, id: toBytes(options.user.id) };
    if (options.excludeCredentials) decoded.excludeCredentials = withIds(options.excludeCredentials);
    if (options.allowCredentials) decoded.allowCredentials = withIds(options.allowCredentials);
    return decoded;
  };

  const encode = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = toText(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      response,
      extensions: credential.getClientExtensionResults(),
    };
  };

  const optionsOf = async (form) => {
    const { csrf, opened } = form.elements;
    const answer = await fetch(form.dataset.optionsUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf.value },
      body: JSON.stringify(opened ? { opened: opened.value } : {}),
    });
    if (!answer.ok) throw new Error(`options: ${answer.status}`);
    return answer.json();
  };

  const failed = (form, shown) => {
    const message = form.querySelector("[data-passkey-failed]");
    if (message) message.hidden = !shown;
  };

  let waiting = new AbortController();

  const run = async (form, mediation) => {
    waiting.abort();
    waiting = new AbortController();
    const options = await optionsOf(form);
    const request = { publicKey: decode(options.publicKey || options), signal: waiting.signal };
    if (mediation) request.mediation = mediation;
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create(request)
      : await navigator.credentials.get(request);
    form.elements.credential.value = JSON.stringify(encode(credential));
    HTMLFormElement.prototype.submit.call(form);
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) {
      failed(form, true);
      continue;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed(form, false);
      const button = event.submitter;
      if (button) button.disabled = true;
      try {
        await run(form);
      } catch (error) {
        if (error.name !== "AbortError") failed(form, true);
      } finally {
        if (button) button.disabled = false;
      }
    });
    if ("conditional" in form.dataset && PublicKeyCredential.isConditionalMediationAvailable) {
      PublicKeyCredential.isConditionalMediationAvailable()
        .then((available) => available && run(form, "conditional"))
        .catch(() => {});
    }
  }
})();
