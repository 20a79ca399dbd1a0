// What a client and the test that started it say to each other: one JSON object a line. `tests/it/real_clients/script.rs`
// is the other end.
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

// Node.js 18 has it under another name only.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function heard() {
  const { value, done } = await lines.next();
  if (done) throw new Error("the test has ended");
  return JSON.parse(value);
}

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function ask(message) {
  say(message);
  return heard();
}

// The first line: where the provider is, and what the client is registered with.
export const settings = await heard();

// What the citizen's browser brings back from the authorization endpoint: an address, or what it would post there.
function brought({ callback, form }) {
  const address = new URL(callback);
  return { address, form: form && new URLSearchParams(form) };
}

// Sends the browser to `url`; `take` gets what comes back, until there is one that it believes.
export async function signIn(url, take) {
  let answer = await ask({ authorize: String(url) });
  for (;;) {
    let refused;
    try {
      return await take(brought(answer));
    } catch (error) {
      refused = error;
    }
    if (answer.genuine) throw refused;
    answer = await ask({ refused: `${refused.message}: ${refused.cause?.message ?? ""}` });
  }
}

// Sends the browser to the end-session endpoint; gives the address at which it ends.
export async function signOut(url) {
  const { ended } = await ask({ end_session: String(url) });
  return new URL(ended);
}
