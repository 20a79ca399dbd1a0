-- Sampled audits: see specs/log.md §13. Most of what is here stands in the registry as well; the openings are the auditor's alone.

-- Who may have leaves opened: the holders of auditors' accounts, under the names that the registry gives them.
CREATE TABLE auditors (
    account_id BYTEA NOT NULL PRIMARY KEY REFERENCES accounts (id),
    name TEXT COLLATE "C" NOT NULL UNIQUE
);

-- An audit from its commitment on. A nonce that somebody has seen draws nothing again, so that no hash of one comes twice.
CREATE TABLE audits (
    id BYTEA NOT NULL PRIMARY KEY,
    account_id BYTEA NOT NULL REFERENCES auditors (account_id),
    log TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL CHECK (size > 0),
    root BYTEA NOT NULL,
    draws BIGINT NOT NULL CHECK (draws > 0),
    nonce_hash BYTEA NOT NULL UNIQUE,
    begun_on BIGINT NOT NULL,
    nonce BYTEA,
    openings BYTEA,
    opened BIGINT,
    withheld BIGINT,
    opened_on BIGINT,
    faults BIGINT,
    report BYTEA,
    ended_on BIGINT
);
CREATE UNIQUE INDEX audits_running ON audits (account_id) WHERE ended_on IS NULL;

-- What was opened of each leaf that was drawn; nothing where it could not be. Removed when the audit ends.
CREATE TABLE audit_openings (
    audit_id BYTEA NOT NULL REFERENCES audits (id),
    place BIGINT NOT NULL CHECK (place >= 0),
    leaf BIGINT NOT NULL CHECK (leaf >= 0),
    sealed BYTEA,
    PRIMARY KEY (audit_id, place)
);
