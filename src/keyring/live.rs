//! How a process keeps up with its directory: it looks again every few seconds, reads what changed, and exchanges the snapshot
//! that everybody works with for the next one, whole.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, MutexGuard, PoisonError},
};

use super::{
    Keyring, KeyringError,
    armour::KeyFile,
    files::{self, Listed, Stamp},
    key::Key,
    lock::Unlocker,
    revocation::{REVOKED, Revocation},
    snapshot::{KeyInfo, Snapshot},
};
use crate::domain::ambient::Timestamp;

/// What was read, so that it need not be read again; and what opens it. One at a time works with it.
pub(super) struct Desk {
    pub(super) unlocker: Unlocker,
    /// The directory at the last look that found no fault.
    listing: Vec<Listed>,
    read: HashMap<String, (Stamp, File)>,
}

#[derive(Clone)]
enum File {
    Key(Arc<Key>),
    Revocation(Revocation),
}

/// What another look at the directory brought.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// Whether anything is another than before.
    pub changed: bool,
    /// Keys that were revoked since the last look.
    pub revoked: Vec<KeyInfo>,
    /// Names of the files of revoked keys that came back, and are not believed.
    pub restored: Vec<String>,
    /// The first file that could not be read: what was known under its name stays in use.
    pub fault: Option<KeyringError>,
}

impl Desk {
    pub(super) fn new(unlocker: Unlocker) -> Self {
        Self { unlocker, listing: Vec::new(), read: HashMap::new() }
    }
}

impl Keyring {
    /// Looks at the directory again, and takes up keys that were made, retired or revoked by anybody meanwhile; costs a few
    /// system calls when nothing was. A file that cannot be read keeps no other from being taken up: what was known under
    /// its name stays in use, and the answer names the fault.
    pub fn refresh(&self, now: Timestamp) -> Result<Refreshed, KeyringError> {
        let mut desk = self.desk();
        let before = self.snapshot();
        let listing = files::list(&self.directory)?;
        if listing == desk.listing && before.turns.is_none_or(|at| now < at) {
            return Ok(Refreshed::default());
        }
        let (snapshot, fault) = self.look(&mut desk, listing, now)?;
        let new = snapshot.revoked.iter().filter(|mark| !before.revoked.contains(mark));
        let revoked = new.map(KeyInfo::of_revoked).collect();
        Ok(Refreshed { changed: true, revoked, restored: snapshot.restored.clone(), fault })
    }

    /// Looks at the directory as [`Keyring::refresh`] does, and refuses any file that is not as it should be.
    pub(super) fn look_strictly(&self, desk: &mut Desk, now: Timestamp) -> Result<Arc<Snapshot>, KeyringError> {
        let listing = files::list(&self.directory)?;
        let (snapshot, fault) = self.look(desk, listing, now)?;
        fault.map_or(Ok(snapshot), Err)
    }

    /// Reads what changed, and makes the snapshot of it the one that everybody gets. Beside it the first fault that was met.
    fn look(
        &self,
        desk: &mut Desk,
        listing: Vec<Listed>,
        now: Timestamp,
    ) -> Result<(Arc<Snapshot>, Option<KeyringError>), KeyringError> {
        let (keys, revoked, fault) = read_all(desk, &listing);
        // What cannot be read explains why something is missing; so it is said first.
        let snapshot = match (Snapshot::assemble(&self.directory, &self.policy, keys, revoked, now), fault) {
            (Ok(snapshot), fault) => (Arc::new(snapshot), fault),
            (Err(_), Some(fault)) | (Err(fault), None) => return Err(fault),
        };
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&snapshot.0);
        desk.listing = if snapshot.1.is_none() { listing } else { Vec::new() };
        Ok(snapshot)
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys and revocations of a directory that nobody has looked at before; refuses any fault.
pub(super) fn read_first(directory: &Path, desk: &mut Desk) -> Result<(Vec<Arc<Key>>, Vec<Revocation>), KeyringError> {
    let listing = files::list(directory)?;
    let (keys, revoked, fault) = read_all(desk, &listing);
    desk.listing = listing;
    fault.map_or(Ok((keys, revoked)), Err)
}

fn read_all(desk: &mut Desk, listing: &[Listed]) -> (Vec<Arc<Key>>, Vec<Revocation>, Option<KeyringError>) {
    let mut before = std::mem::take(&mut desk.read);
    let (mut keys, mut revoked, mut fault) = (Vec::new(), Vec::new(), None);
    for listed in listing {
        let known = before.remove(&listed.name);
        let (stamp, file) = match known {
            Some((stamp, file)) if stamp == listed.stamp => (stamp, file),
            known => match read(listed, &mut desk.unlocker) {
                Ok(Some(file)) => (listed.stamp, file),
                Ok(None) => continue,
                Err(error) => {
                    fault.get_or_insert(error);
                    let Some(known) = known else { continue };
                    known
                }
            },
        };
        match &file {
            File::Key(key) => keys.push(Arc::clone(key)),
            File::Revocation(mark) => revoked.push(mark.clone()),
        }
        desk.read.insert(listed.name.clone(), (stamp, file));
    }
    (keys, revoked, fault)
}

/// `None` when the file is gone meanwhile.
fn read(listed: &Listed, unlocker: &mut Unlocker) -> Result<Option<File>, KeyringError> {
    let Some(text) = files::read(&listed.path)? else { return Ok(None) };
    let refused = |reason: String| files::refused(&listed.path, reason);
    let (file, name) = if listed.name.ends_with(REVOKED) {
        let damaged =
            || refused("the mark of a revoked key is damaged: restore it from another node or a backup".to_owned());
        let mark = Revocation::read(&text).ok_or_else(damaged)?;
        let name = mark.name();
        (File::Revocation(mark), name)
    } else {
        let file = KeyFile::read(&text, unlocker).map_err(|reason| refused(reason.to_string()))?;
        let key = Key::from_file(&file)?;
        let name = key.name();
        (File::Key(Arc::new(key)), name)
    };
    if listed.name != name {
        return Err(refused(format!("the file holds the key {name}: give it its name back")));
    }
    Ok(Some(file))
}
