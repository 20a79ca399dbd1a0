//! The keys of the public logs for an installation that is older than those: made at the first start that knows of them.

use std::path::Path;

use rand::CryptoRng;

use super::{
    KeyringError, Role, files,
    key::Key,
    life::Dates,
    live::{self, Desk},
    lock::Unlocker,
};
use crate::domain::ambient::Timestamp;

/// Makes both where there is neither, nor the mark of one that was revoked. Of several nodes that do it at once, whoever gets a file
/// name first makes that key.
pub(super) fn complete(
    directory: &Path,
    unlocker: Unlocker,
    rng: &mut impl CryptoRng,
    now: Timestamp,
) -> Result<Unlocker, KeyringError> {
    let mut desk = Desk::new(unlocker);
    let (keys, revoked) = live::read_first(directory, &mut desk)?;
    let mut roles = keys.iter().map(|key| key.role).chain(revoked.iter().map(|mark| mark.role));
    let purpose = keys.first().map(|key| key.purpose);
    let (Some(purpose), false) = (purpose, roles.any(|role| matches!(role, Role::Log | Role::Vrf))) else {
        return Ok(desk.unlocker);
    };
    for role in [Role::Vrf, Role::Log] {
        let dates = Dates { version: 1, created: now, activates: now };
        let file = Key::generate(role, None, dates, purpose, rng)?;
        let text = file.write(desk.unlocker.lock(), rng);
        match files::write(&directory.join(file.name()), &text, rng) {
            Ok(()) | Err(KeyringError::Exists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(desk.unlocker)
}
