-- The first schema. Times are milliseconds since 1970, and rounded wherever a row leads to a person, because a forum knows
-- to the minute when its member came and an exact time would join this database with the forum's: an act at a counter to
-- the day (persons.changed_at, by which nodes find what is new, to the minute); what somebody does at a screen to the
-- month, and what has to be known finer is in what is sealed. Exact are the times of institutions, and of rows that name
-- nobody without the keys (ceremonies, throttles; sessions to the hour).
-- Tables keyed by random bytes are WITHOUT ROWID, so that the order of insertion does not show.
-- specs/data-classes.toml gives the class of every column.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE registrars (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    area TEXT NOT NULL,
    created_on INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE persons (
    id BLOB NOT NULL PRIMARY KEY,
    registrar_id BLOB NOT NULL REFERENCES registrars (id),
    enrolled_on INTEGER NOT NULL,
    renew_by INTEGER NOT NULL,
    departed_on INTEGER,
    facts BLOB NOT NULL,
    identity BLOB NOT NULL,
    version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX persons_changed ON persons (changed_at);

CREATE TABLE twins (
    tag BLOB NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX twins_person ON twins (person_id);

CREATE TABLE alikes (
    tag BLOB NOT NULL,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alikes_person ON alikes (person_id);

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('citizen', 'officer', 'auditor', 'custodian', 'administrator')),
    person_id BLOB UNIQUE REFERENCES persons (id) ON DELETE CASCADE,
    registrar_id BLOB REFERENCES registrars (id),
    login TEXT NOT NULL UNIQUE,
    created_on INTEGER NOT NULL,
    disabled_at INTEGER,
    CHECK ((kind = 'citizen') = (person_id IS NOT NULL)),
    CHECK ((kind = 'officer') = (registrar_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE invites (
    code_hash BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('activate', 'recover')),
    created_on INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invites_account ON invites (account_id);

CREATE TABLE passkeys (
    credential BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_account ON passkeys (account_id);

CREATE TABLE passphrases (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    changed_on INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    code_hash BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_on INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_codes_account ON recovery_codes (account_id);

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    account_tag BLOB NOT NULL,
    sealed BLOB NOT NULL,
    remove_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account_tag);
CREATE INDEX sessions_remove ON sessions (remove_after);

CREATE TABLE ceremonies (
    id BLOB NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at);

CREATE TABLE throttles (
    tag BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_last ON throttles (last_at);

CREATE TABLE sectors (
    sector TEXT NOT NULL PRIMARY KEY,
    heteronyms_per_person INTEGER NOT NULL CHECK (heteronyms_per_person BETWEEN 1 AND 100),
    created_on INTEGER NOT NULL
) STRICT;

-- One row for every place a person may have in a sector: a pseudonym refers to one, so the policy is a constraint.
CREATE TABLE slots (
    sector TEXT NOT NULL REFERENCES sectors (sector),
    slot INTEGER NOT NULL CHECK (slot >= 0),
    PRIMARY KEY (sector, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    sector TEXT NOT NULL REFERENCES sectors (sector),
    metadata TEXT NOT NULL,
    secret_hash BLOB,
    version INTEGER NOT NULL,
    created_on INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE pseudonyms (
    id BLOB NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id),
    sector TEXT NOT NULL,
    slot INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL,
    retired_on INTEGER,
    UNIQUE (person_id, sector, slot),
    FOREIGN KEY (sector, slot) REFERENCES slots (sector, slot)
) STRICT, WITHOUT ROWID;

-- A name that was ever taken in a sector stays its owner's: the row is never removed.
CREATE TABLE names (
    sector TEXT NOT NULL,
    tag BLOB NOT NULL,
    pseudonym_id BLOB NOT NULL REFERENCES pseudonyms (id),
    released_on INTEGER,
    PRIMARY KEY (sector, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX names_pseudonym ON names (pseudonym_id);

CREATE TABLE consents (
    id BLOB NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id),
    pseudonym_id BLOB NOT NULL REFERENCES pseudonyms (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    sealed BLOB NOT NULL,
    withdrawn BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX consents_live ON consents (pseudonym_id, client_id) WHERE withdrawn IS NULL;
CREATE INDEX consents_person ON consents (person_id);

-- A spent authorization code and what was issued from it. Inserting the row is the redemption.
CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    consent_id BLOB NOT NULL REFERENCES consents (id),
    client_id TEXT NOT NULL,
    session_tag BLOB NOT NULL,
    sealed BLOB NOT NULL,
    remove_after INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_consent ON grants (consent_id);
CREATE INDEX grants_session ON grants (session_tag);
CREATE INDEX grants_remove ON grants (remove_after);

CREATE TABLE families (
    id BLOB NOT NULL PRIMARY KEY,
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    remove_after INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX families_grant ON families (grant_id);

CREATE TABLE refresh_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    family_id BLOB NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    used BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
