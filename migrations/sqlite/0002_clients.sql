-- What is used once (a client assertion, a DPoP proof, a pushed request), and clients that register themselves.
-- A row of `spent` is a keyed tag: it tells a replay and nothing else.

CREATE TABLE spent (
    tag BLOB NOT NULL PRIMARY KEY,
    remove_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_remove ON spent (remove_after);

-- An initial access token (RFC 7591 §3): with one, one client registers itself.
CREATE TABLE registration_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    created_on INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

-- With it a client reads and changes its own registration (RFC 7592).
ALTER TABLE clients ADD COLUMN registration_hash BLOB;
