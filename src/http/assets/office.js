// The key of this workstation: made in this browser, kept in it, and never to be copied out of it. Two forms use it.
//
//   <form id="sign" data-office="…" data-sign-before="base64url" data-sign-after="…">        signs as soon as the page is there
//     <input type="hidden" name="key"> <input type="hidden" name="signature"> <button>…</button>
//   <form id="make-key" data-office="…"> <input type="hidden" name="public"> <button hidden>…</button>
//
// What is signed is `before`, the id of the key, and `after`: ECDSA on P-256 with SHA-256. Offices have a key each.
"use strict";

(() => {
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  const CURVE = { name: "ECDSA", namedCurve: "P-256" };

  const database = () => new Promise((resolve, reject) => {
    const request = indexedDB.open("workstation", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  // Answers when it is on the medium.
  const inKeys = async (mode, act) => {
    const opened = await database();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = opened.transaction("keys", mode, { durability: "strict" });
        const request = act(transaction.objectStore("keys"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      opened.close();
    }
  };

  const find = (office) => inKeys("readonly", (keys) => keys.get(office));

  const make = async (office) => {
    const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
    await inKeys("readwrite", (keys) => keys.put(pair, office));
    return pair;
  };

  const pointOf = (pair) => crypto.subtle.exportKey("raw", pair.publicKey);

  const idOf = async (pair) => toText((await crypto.subtle.digest("SHA-256", await pointOf(pair))).slice(0, 16));

  const sign = async (form) => {
    const pair = await find(form.dataset.office);
    document.getElementById("no-key").hidden = Boolean(pair);
    if (!pair) return;
    const id = await idOf(pair);
    const message = new Uint8Array([
      ...toBytes(form.dataset.signBefore),
      ...new TextEncoder().encode(id + form.dataset.signAfter),
    ]);
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, message);
    form.elements.key.value = id;
    form.elements.signature.value = toText(signature);
    HTMLFormElement.prototype.submit.call(form);
  };

  const signing = document.getElementById("sign");
  if (signing) {
    const failed = document.getElementById("sign-failed");
    const go = () => {
      failed.hidden = true;
      return sign(signing).catch(() => { failed.hidden = false; });
    };
    signing.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.name === "act") return;
      event.preventDefault();
      go();
    });
    go();
  }

  const show = (state, fingerprint) => {
    for (const part of document.querySelectorAll("[data-key-is]")) {
      part.hidden = part.dataset.keyIs !== state;
      for (const place of part.querySelectorAll("[data-key-fingerprint]")) place.textContent = fingerprint;
    }
    const button = document.getElementById("key-go");
    if (button) button.hidden = state === "waiting" || state === "accredited";
  };

  const known = document.getElementById("keys");
  if (known) {
    const look = async () => {
      const pair = await find(known.dataset.office);
      const line = pair && known.querySelector(`[data-key="${await idOf(pair)}"]`);
      show(line ? line.dataset.state : "none", line ? line.textContent : "");
      return line && line.dataset.state === "withdrawn" ? undefined : pair;
    };
    const form = document.getElementById("make-key");
    if (form) {
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        try {
          const pair = await look() || await make(known.dataset.office);
          form.elements.public.value = toText(await pointOf(pair));
          HTMLFormElement.prototype.submit.call(form);
        } catch {
          show("failed", "");
        }
      });
    }
    look().catch(() => show("failed", ""));
  }
})();
