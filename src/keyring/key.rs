//! One key as the process holds it: read from its file, told apart by its `kid`.

use std::{fmt, sync::Arc};

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek as ed25519;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    Purpose, Role,
    armour::{KeyFile, name},
    life::Dates,
    log,
    versions::derive,
    vrf::VrfKey,
};
use crate::{
    domain::ambient::Timestamp,
    wire::jose::{Algorithm, PublicKey, SignError, Signer, SigningKey},
};

/// One version of the key of one role, and for the issuer of one algorithm.
pub(super) struct Key {
    pub(super) role: Role,
    /// Of issuer keys.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) dates: Dates,
    pub(super) purpose: Purpose,
    /// Of issuer keys the thumbprint (RFC 7638), as in the JWKS, and of the keys of the public logs, as they stand there; of the
    /// others a value that is derived from the key and tells nothing of it.
    pub(super) kid: String,
    pub(super) material: Material,
}

pub(super) enum Material {
    Signer(Arc<Signer>),
    Master(Zeroizing<[u8; 32]>),
    /// Wipes itself.
    Log(Box<ed25519::SigningKey>),
}

impl Key {
    /// A new key, as its file will hold it.
    pub(super) fn generate(
        role: Role,
        algorithm: Option<Algorithm>,
        dates: Dates,
        purpose: Purpose,
        rng: &mut impl CryptoRng,
    ) -> Result<KeyFile, SignError> {
        let material = if let Some(algorithm) = algorithm {
            SigningKey::generate(algorithm, rng)?.to_bytes()?
        } else {
            let mut master = Zeroizing::new(vec![0; 32]);
            rng.fill_bytes(master.as_mut());
            master
        };
        let Dates { version, created, activates } = dates;
        Ok(KeyFile { role, algorithm, version, created, activates, purpose, material })
    }

    pub(super) fn from_file(file: &KeyFile) -> Result<Self, SignError> {
        let (kid, material) = if file.role == Role::Issuer {
            let algorithm = file.algorithm.ok_or(SignError::NotAKey(Algorithm::EdDSA))?;
            let signer = Signer::new(SigningKey::from_bytes(algorithm, &file.material)?)?;
            (signer.kid().to_owned(), Material::Signer(Arc::new(signer)))
        } else {
            let master = <[u8; 32]>::try_from(file.material.as_slice()).map_err(|_| SignError::NotAKey(FORM))?;
            from_master(file.role, Zeroizing::new(master)).ok_or(SignError::NotAKey(FORM))?
        };
        let dates = Dates { version: file.version, created: file.created, activates: file.activates };
        Ok(Self { role: file.role, algorithm: file.algorithm, dates, purpose: file.purpose, kid, material })
    }

    /// The same key that takes over at another time.
    pub(super) fn activating(&self, activates: Timestamp) -> Result<KeyFile, SignError> {
        let material = match &self.material {
            Material::Signer(signer) => signer.key().to_bytes()?,
            Material::Master(master) => Zeroizing::new(master.to_vec()),
            Material::Log(signing) => Zeroizing::new(signing.as_bytes().to_vec()),
        };
        let Dates { version, created, .. } = self.dates;
        Ok(KeyFile {
            role: self.role,
            algorithm: self.algorithm,
            version,
            created,
            activates,
            purpose: self.purpose,
            material,
        })
    }

    /// Of its file.
    pub(super) fn name(&self) -> String {
        name(self.role, self.algorithm, self.dates.version)
    }

    pub(super) fn signer(&self) -> Option<&Arc<Signer>> {
        match &self.material {
            Material::Signer(signer) => Some(signer),
            Material::Master(_) | Material::Log(_) => None,
        }
    }

    /// What others verify with.
    pub(super) fn public(&self) -> Option<PublicKey> {
        match &self.material {
            Material::Signer(signer) => Some(signer.public().key.clone()),
            Material::Log(signing) => PublicKey::ed25519(signing.verifying_key().as_bytes()).ok(),
            Material::Master(_) => None,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.name())
    }
}

/// The `kid` and the key of 32 bytes of a role. `None` for a key whose public part would not be one, which nobody will see.
fn from_master(role: Role, master: Zeroizing<[u8; 32]>) -> Option<(String, Material)> {
    Some(match role {
        Role::Log => {
            let signing = Box::new(ed25519::SigningKey::from_bytes(&master));
            (log::kid(&signing)?, Material::Log(signing))
        }
        Role::Vrf => (VrfKey::from_master(&master)?.kid(), Material::Master(master)),
        Role::Issuer | Role::Vault | Role::Pseudonym | Role::Token => {
            let id = derive(&master, &[b"kid/v1"]);
            (BASE64URL_NOPAD.encode(id.get(..16).unwrap_or_default()), Material::Master(master))
        }
    })
}

/// Named in the error of a file that holds something else than 32 bytes; files are refused for that before.
const FORM: Algorithm = Algorithm::EdDSA;
