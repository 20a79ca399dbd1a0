//! An authenticator and the browser around it, in software: does what the standard says, or whatever a test wants.
//!
//! Written from Web Authentication Level 3 §6 and CTAP 2.1 alone, so that the server is not checked by its own library.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A device with its keys.
pub(crate) struct Authenticator {
    credentials: Vec<Credential>,
    /// Whether its keys can be copied to other devices, and are.
    pub(crate) synced: bool,
    /// What it has counted; a synced one counts nothing.
    pub(crate) counter: u32,
}

struct Credential {
    id: Vec<u8>,
    user: Vec<u8>,
    key: EcdsaKeyPair,
}

/// What goes into an answer, for a test to change before it is signed.
pub(crate) struct Draft {
    pub(crate) id: Vec<u8>,
    pub(crate) client_data: String,
    pub(crate) relying_party: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    pub(crate) user: Option<Vec<u8>>,
    /// The public key as CBOR, at a registration.
    pub(crate) public_key: Vec<u8>,
    /// Bytes after everything else.
    pub(crate) trailing: Vec<u8>,
    pub(crate) format: &'static str,
}

pub(crate) const PRESENT: u8 = 1;
pub(crate) const VERIFIED: u8 = 1 << 2;
pub(crate) const ELIGIBLE: u8 = 1 << 3;
pub(crate) const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;

impl Authenticator {
    /// A security key.
    pub(crate) fn key() -> Self {
        Self { credentials: Vec::new(), synced: false, counter: 0 }
    }

    /// A telephone whose passkeys are on its owner's other devices too.
    pub(crate) fn phone() -> Self {
        Self { synced: true, ..Self::key() }
    }

    /// `navigator.credentials.create`.
    pub(crate) fn create(&mut self, options: &Value, origin: &str) -> Value {
        self.create_with(options, origin, |_| ())
    }

    pub(crate) fn create_with(&mut self, options: &Value, origin: &str, change: impl FnOnce(&mut Draft)) -> Value {
        let options = &options["publicKey"];
        let selection = &options["authenticatorSelection"];
        assert_eq!(
            (&selection["residentKey"], &selection["userVerification"]),
            (&json!("required"), &json!("required"))
        );
        let mine = |id: &Value| self.credentials.iter().any(|one| bytes(id) == one.id);
        let excluded = options["excludeCredentials"].as_array().into_iter().flatten().any(|one| mine(&one["id"]));
        assert!(!excluded, "InvalidStateError: this device is registered already");
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref()).unwrap();
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        let mut draft = Draft {
            public_key: cose(key.public_key().as_ref()),
            ..self.draft("webauthn.create", id, options, &options["rp"]["id"], origin)
        };
        draft.flags |= ATTESTED;
        change(&mut draft);
        let length = u16::try_from(draft.id.len()).unwrap().to_be_bytes();
        let data = [&draft.head(), &[0; 16][..], &length, &draft.id, &draft.public_key, &draft.trailing].concat();
        self.credentials.push(Credential { id: draft.id.clone(), user: bytes(&options["user"]["id"]), key });
        json!({
            "id": text(&draft.id), "rawId": text(&draft.id), "type": "public-key", "extensions": {},
            "response": {
                "clientDataJSON": text(draft.client_data.as_bytes()),
                "attestationObject": text(&attestation_object(draft.format, &data)),
                "transports": ["internal"],
            },
        })
    }

    /// `navigator.credentials.get`, with the newest key that is allowed.
    pub(crate) fn get(&mut self, options: &Value, origin: &str) -> Value {
        self.get_with(options, origin, |_| ())
    }

    pub(crate) fn get_with(&mut self, options: &Value, origin: &str, change: impl FnOnce(&mut Draft)) -> Value {
        let options = &options["publicKey"];
        let allowed: Vec<Vec<u8>> =
            options["allowCredentials"].as_array().into_iter().flatten().map(|one| bytes(&one["id"])).collect();
        let fits = |one: &&Credential| allowed.is_empty() || allowed.contains(&one.id);
        let credential = self.credentials.iter().rev().find(fits).expect("NotAllowedError: no key of this device fits");
        let (id, user) = (credential.id.clone(), credential.user.clone());
        if !self.synced {
            self.counter += 1;
        }
        let mut draft = self.draft("webauthn.get", id.clone(), options, &options["rpId"], origin);
        draft.user = Some(user);
        change(&mut draft);
        let data = [draft.head(), draft.trailing.clone()].concat();
        let signed = [&data[..], &Sha256::digest(&draft.client_data)].concat();
        let credential = self.credentials.iter().find(|one| one.id == id).unwrap();
        let signature = credential.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": text(&draft.id), "rawId": text(&draft.id), "type": "public-key", "extensions": {},
            "response": {
                "clientDataJSON": text(draft.client_data.as_bytes()),
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
                "userHandle": draft.user.as_deref().map(text),
            },
        })
    }

    fn draft(&self, kind: &str, id: Vec<u8>, options: &Value, relying_party: &Value, origin: &str) -> Draft {
        let client_data = json!({
            "type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": false,
        });
        Draft {
            id,
            client_data: client_data.to_string(),
            relying_party: relying_party.as_str().unwrap().to_owned(),
            flags: PRESENT | VERIFIED | if self.synced { ELIGIBLE | BACKED_UP } else { 0 },
            counter: self.counter,
            user: None,
            public_key: Vec::new(),
            trailing: Vec::new(),
            format: "none",
        }
    }
}

impl Draft {
    fn head(&self) -> Vec<u8> {
        [&Sha256::digest(&self.relying_party)[..], &[self.flags], &self.counter.to_be_bytes()].concat()
    }
}

/// A P-256 key as COSE, from its uncompressed point.
pub(crate) fn cose(point: &[u8]) -> Vec<u8> {
    let (x, y) = (&point[1..33], &point[33..]);
    [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], x, &[0x22, 0x58, 32], y].concat()
}

fn attestation_object(format: &str, data: &[u8]) -> Vec<u8> {
    let format = [&[0x60 | u8::try_from(format.len()).unwrap()], format.as_bytes()].concat();
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [b"\xa3\x63fmt", &format[..], b"\x67attStmt\xa0\x68authData\x59", &length, data].concat()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

pub(crate) fn bytes(text: &Value) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_str().unwrap().as_bytes()).unwrap()
}
