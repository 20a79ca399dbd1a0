-- Sampled audits: see specs/log.md §13. Most of what is here stands in the registry as well; the openings are the auditor's alone.

-- Who may have leaves opened: the holders of auditors' accounts, under the names that the registry gives them.
CREATE TABLE auditors (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id),
    name TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- An audit from its commitment on. A nonce that somebody has seen draws nothing again, so that no hash of one comes twice.
CREATE TABLE audits (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES auditors (account_id),
    log TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    root BLOB NOT NULL,
    draws INTEGER NOT NULL CHECK (draws > 0),
    nonce_hash BLOB NOT NULL UNIQUE,
    begun_on INTEGER NOT NULL,
    nonce BLOB,
    openings BLOB,
    opened INTEGER,
    withheld INTEGER,
    opened_on INTEGER,
    faults INTEGER,
    report BLOB,
    ended_on INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audits_running ON audits (account_id) WHERE ended_on IS NULL;

-- What was opened of each leaf that was drawn; nothing where it could not be. Removed when the audit ends.
CREATE TABLE audit_openings (
    audit_id BLOB NOT NULL REFERENCES audits (id),
    place INTEGER NOT NULL CHECK (place >= 0),
    leaf INTEGER NOT NULL CHECK (leaf >= 0),
    sealed BLOB,
    PRIMARY KEY (audit_id, place)
) STRICT, WITHOUT ROWID;
