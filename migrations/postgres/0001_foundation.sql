-- The first schema. Times are milliseconds since 1970, and rounded wherever a row leads to a person, because a forum knows
-- to the minute when its member came and an exact time would join this database with the forum's: an act at a counter to
-- the day (persons.changed_at, by which nodes find what is new, to the minute); what somebody does at a screen to the
-- month, and what has to be known finer is in what is sealed. Exact are the times of institutions, and of rows that name
-- nobody without the keys (ceremonies, throttles; sessions to the hour).
-- Texts are compared byte by byte, as SQLite does.
-- specs/data-classes.toml gives the class of every column.

CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE registrars (
    id BYTEA NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    area TEXT COLLATE "C" NOT NULL,
    created_on BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE persons (
    id BYTEA NOT NULL PRIMARY KEY,
    registrar_id BYTEA NOT NULL REFERENCES registrars (id),
    enrolled_on BIGINT NOT NULL,
    renew_by BIGINT NOT NULL,
    departed_on BIGINT,
    facts BYTEA NOT NULL,
    identity BYTEA NOT NULL,
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX persons_changed ON persons (changed_at);

CREATE TABLE twins (
    tag BYTEA NOT NULL PRIMARY KEY,
    person_id BYTEA NOT NULL REFERENCES persons (id) ON DELETE CASCADE
);
CREATE INDEX twins_person ON twins (person_id);

CREATE TABLE alikes (
    tag BYTEA NOT NULL,
    person_id BYTEA NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, person_id)
);
CREATE INDEX alikes_person ON alikes (person_id);

CREATE TABLE accounts (
    id BYTEA NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('citizen', 'officer', 'auditor', 'custodian', 'administrator')),
    person_id BYTEA UNIQUE REFERENCES persons (id) ON DELETE CASCADE,
    registrar_id BYTEA REFERENCES registrars (id),
    login TEXT COLLATE "C" NOT NULL UNIQUE,
    created_on BIGINT NOT NULL,
    disabled_at BIGINT,
    CHECK ((kind = 'citizen') = (person_id IS NOT NULL)),
    CHECK ((kind = 'officer') = (registrar_id IS NOT NULL))
);

CREATE TABLE invites (
    code_hash BYTEA NOT NULL PRIMARY KEY,
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('activate', 'recover')),
    created_on BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX invites_account ON invites (account_id);

CREATE TABLE passkeys (
    credential BYTEA NOT NULL PRIMARY KEY,
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX passkeys_account ON passkeys (account_id);

CREATE TABLE passphrases (
    account_id BYTEA NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    changed_on BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    code_hash BYTEA NOT NULL PRIMARY KEY,
    account_id BYTEA NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_on BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX recovery_codes_account ON recovery_codes (account_id);

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    account_tag BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    remove_after BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_tag);
CREATE INDEX sessions_remove ON sessions (remove_after);

CREATE TABLE ceremonies (
    id BYTEA NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at);

CREATE TABLE throttles (
    tag BYTEA NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX throttles_last ON throttles (last_at);

CREATE TABLE sectors (
    sector TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    heteronyms_per_person BIGINT NOT NULL CHECK (heteronyms_per_person BETWEEN 1 AND 100),
    created_on BIGINT NOT NULL
);

-- One row for every place a person may have in a sector: a pseudonym refers to one, so the policy is a constraint.
CREATE TABLE slots (
    sector TEXT COLLATE "C" NOT NULL REFERENCES sectors (sector),
    slot BIGINT NOT NULL CHECK (slot >= 0),
    PRIMARY KEY (sector, slot)
);

CREATE TABLE clients (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sector TEXT COLLATE "C" NOT NULL REFERENCES sectors (sector),
    metadata TEXT COLLATE "C" NOT NULL,
    secret_hash BYTEA,
    version BIGINT NOT NULL,
    created_on BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE pseudonyms (
    id BYTEA NOT NULL PRIMARY KEY,
    person_id BYTEA NOT NULL REFERENCES persons (id),
    sector TEXT COLLATE "C" NOT NULL,
    slot BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    key_version BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    version BIGINT NOT NULL,
    retired_on BIGINT,
    UNIQUE (person_id, sector, slot),
    FOREIGN KEY (sector, slot) REFERENCES slots (sector, slot)
);

-- A name that was ever taken in a sector stays its owner's: the row is never removed.
CREATE TABLE names (
    sector TEXT COLLATE "C" NOT NULL,
    tag BYTEA NOT NULL,
    pseudonym_id BYTEA NOT NULL REFERENCES pseudonyms (id),
    released_on BIGINT,
    PRIMARY KEY (sector, tag)
);
CREATE INDEX names_pseudonym ON names (pseudonym_id);

CREATE TABLE consents (
    id BYTEA NOT NULL PRIMARY KEY,
    person_id BYTEA NOT NULL REFERENCES persons (id),
    pseudonym_id BYTEA NOT NULL REFERENCES pseudonyms (id),
    client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
    sealed BYTEA NOT NULL,
    withdrawn BYTEA
);
CREATE UNIQUE INDEX consents_live ON consents (pseudonym_id, client_id) WHERE withdrawn IS NULL;
CREATE INDEX consents_person ON consents (person_id);

-- A spent authorization code and what was issued from it. Inserting the row is the redemption.
CREATE TABLE grants (
    id BYTEA NOT NULL PRIMARY KEY,
    consent_id BYTEA NOT NULL REFERENCES consents (id),
    client_id TEXT COLLATE "C" NOT NULL,
    session_tag BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    remove_after BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX grants_consent ON grants (consent_id);
CREATE INDEX grants_session ON grants (session_tag);
CREATE INDEX grants_remove ON grants (remove_after);

CREATE TABLE families (
    id BYTEA NOT NULL PRIMARY KEY,
    grant_id BYTEA NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    remove_after BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX families_grant ON families (grant_id);

CREATE TABLE refresh_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    family_id BYTEA NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    used BYTEA
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
