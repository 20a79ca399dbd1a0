//! Clients that send one `code_challenge` or `nonce` for everybody (RFC 9700 §2.1.1): whoever has learnt the verifier once can
//! redeem every code of theirs, and an answer can be given to another sign-in than its own.
//!
//! It is noticed where codes are redeemed, so that a page which is loaded again counts once, and told to the operator. What
//! is kept is a hash a client, in memory: each node looks for itself.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

use crate::{domain::ids::ClientId, wire::oauth::CodeChallenge};

/// What each client sent last. Only registered ones redeem codes, so strangers cannot make it grow.
#[derive(Default)]
pub(super) struct Repeats(Mutex<HashMap<ClientId, Sent>>);

#[derive(Default)]
struct Sent {
    challenge: Last,
    nonce: Last,
}

/// A value, and in how many grants in a row it came.
#[derive(Default)]
struct Last {
    hash: [u8; 32],
    times: u32,
}

impl Repeats {
    /// Takes note of what came with a grant, and says in the log what does not change any more.
    pub(super) fn note(&self, client: &ClientId, challenge: Option<CodeChallenge>, nonce: Option<&str>) {
        for parameter in self.noticed(client, challenge.map(String::from).as_deref(), nonce) {
            let why = "a client sends the same value again and again: its sign-ins are not protected by it";
            tracing::warn!(target: "audit", %client, parameter, "{why}");
        }
    }

    /// The parameters whose value has just come once too often.
    fn noticed(&self, client: &ClientId, challenge: Option<&str>, nonce: Option<&str>) -> Vec<&'static str> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = sent.entry(client.clone()).or_default();
        let parameters = [("code_challenge", challenge, &mut sent.challenge), ("nonce", nonce, &mut sent.nonce)];
        let mut noticed = Vec::new();
        for (name, value, last) in parameters {
            if value.is_some_and(|value| last.count(value) == TOO_OFTEN) {
                noticed.push(name);
            }
        }
        noticed
    }
}

impl Last {
    fn count(&mut self, value: &str) -> u32 {
        let hash = Sha256::digest(value.as_bytes()).into();
        let again = hash == self.hash;
        *self = Self { hash, times: if again { self.times.saturating_add(1) } else { 1 } };
        self.times
    }
}

/// Twice may be somebody who went back in the browser's history.
const TOO_OFTEN: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_three_times_in_a_row_from_one_client_is_noticed_once() {
        let repeats = Repeats::default();
        let [one, other] = ["c_one", "c_other"].map(|id| id.parse::<ClientId>().unwrap());
        let note = |client, challenge, nonce| repeats.noticed(client, challenge, nonce);
        let nothing: [&str; 0] = [];
        for _ in 0..2 {
            assert_eq!(note(&one, Some("c"), Some("n")), nothing);
        }
        assert_eq!(note(&other, Some("c"), Some("n")), nothing, "each for itself");
        assert_eq!(note(&one, Some("c"), Some("m")), ["code_challenge"]);
        assert_eq!(note(&one, Some("c"), Some("m")), nothing, "said already");
        assert_eq!(note(&one, None, Some("m")), ["nonce"], "also without a challenge");
        assert_eq!(note(&one, Some("d"), None), nothing);
        assert_eq!(note(&one, Some("c"), None), nothing, "it begins anew");
    }
}
