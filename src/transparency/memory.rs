//! The file that remembers the last heads outside the database, so that an older copy of it is noticed.
//!
//! ```text
//! file   one signed note (C2SP tlog-checkpoint) a log, each followed by an empty line
//! ```
//!
//! Notes of other origins are left alone: whoever began again under another issuer may have them.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{fault::Divergence, seal::Seal};
use crate::{
    domain::log::LogName,
    store::log::Head,
    wire::tlog::{Hash, SignedCheckpoint},
};

/// A head that was signed once.
pub(super) struct Remembered {
    pub(super) log: LogName,
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// What the file remembers; nothing, when there is none.
pub(super) async fn read(file: &Path, seal: &Seal) -> Result<Vec<Remembered>, Divergence> {
    let unreadable = |reason: String| Divergence::Unreadable { file: file.to_owned(), reason };
    let text = match tokio::fs::read_to_string(file).await {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut heads = Vec::new();
    for note in notes(&text) {
        let signed = SignedCheckpoint::parse(note.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
        let head = signed.checkpoint();
        if let Some(log) = seal.log(head.origin()) {
            heads.push(Remembered { log, size: head.size(), root: head.root() });
        }
    }
    Ok(heads)
}

/// What the file is to say of these heads.
pub(super) fn text(heads: &[Head]) -> String {
    heads.iter().filter(|head| head.size > 0).flat_map(|head| [head.checkpoint.as_str(), "\n"]).collect()
}

/// Replaces the file: afterwards it is the new one, on the disk, whatever happens to the machine.
pub(super) async fn write(file: PathBuf, text: String) -> io::Result<()> {
    let written = tokio::task::spawn_blocking(move || {
        let beside = file.with_extension("new");
        let mut new = fs::File::create(&beside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::rename(&beside, &file)?;
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(directory)?.sync_all()
    });
    written.await.unwrap_or_else(|_| Err(io::Error::other("panicked")))
}

/// Each note with its signature lines, which are all that follows its empty line.
fn notes(text: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let (mut note, mut signed) = (String::new(), false);
    for line in text.lines() {
        let signature = line.starts_with("— ");
        if signed && !signature {
            notes.push(std::mem::take(&mut note));
        }
        signed = signature;
        if !(note.is_empty() && line.is_empty()) {
            note.push_str(line);
            note.push('\n');
        }
    }
    if !note.is_empty() {
        notes.push(note);
    }
    notes
}
