-- What a witness keeps: which keys it trusts for which logs, and of each log the newest head that it has cosigned. Nothing
-- about anybody. Times are seconds since 1970 (UTC), as cosignatures have them.

-- The identity that this database belongs to. Another key on the same memory, or the same key without it, could sign two
-- histories of one log.
CREATE TABLE identity (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    name       TEXT    NOT NULL,
    public_key BLOB    NOT NULL CHECK (length(public_key) = 32)
) STRICT;

-- scope 'log': name is an origin, key_name the name of the key. scope 'issuer': name is what stands before /log/ in the
-- origins of all logs of an issuer, which name their keys after themselves.
CREATE TABLE trusted_keys (
    scope      TEXT    NOT NULL CHECK (scope IN ('log', 'issuer')),
    name       TEXT    NOT NULL,
    key_name   TEXT    NOT NULL,
    public_key BLOB    NOT NULL CHECK (length(public_key) = 32),
    added_at   INTEGER NOT NULL,
    PRIMARY KEY (scope, name, key_name, public_key)
) STRICT;

-- Rows are never deleted: a log that is forgotten could come back with another history.
CREATE TABLE logs (
    origin      TEXT    PRIMARY KEY,
    issuer      TEXT,
    size        INTEGER NOT NULL CHECK (size >= 0),
    root        BLOB    NOT NULL CHECK (length(root) = 32),
    checkpoint  TEXT    NOT NULL,
    cosigned_at INTEGER NOT NULL
) STRICT;

CREATE INDEX logs_issuer ON logs (issuer);

-- Heads that the log has signed with the size, and not the root, of the one that was cosigned: proof of two histories.
CREATE TABLE forks (
    origin     TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    root       BLOB    NOT NULL,
    checkpoint TEXT    NOT NULL,
    seen_at    INTEGER NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT;
