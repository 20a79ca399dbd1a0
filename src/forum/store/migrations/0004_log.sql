-- What the forum knows of the provider's public log: institutions and heads, and nothing of who signed in. Heads that came
-- with sign-ins are kept until the next check, to the hour.

-- By which heads are believed. A key that has ended stays, so that it is not taken up again.
CREATE TABLE log_keys (
    kid        TEXT    PRIMARY KEY,
    public     BLOB    NOT NULL UNIQUE CHECK (length(public) = 32),
    known_by   TEXT    NOT NULL CHECK (known_by IN ('settings', 'discovery', 'registry')),
    ends_at    INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Heads that wait for the check: `note` is the signed text, the evidence should it turn out to be of another log.
CREATE TABLE log_heads (
    origin  TEXT    NOT NULL,
    size    INTEGER NOT NULL,
    root    BLOB    NOT NULL CHECK (length(root) = 32),
    note    TEXT    NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT, WITHOUT ROWID;

-- The last head of each log that held. Of the registry it is also how far its leaves were read.
CREATE TABLE log_checked (
    origin     TEXT    PRIMARY KEY,
    size       INTEGER NOT NULL,
    root       BLOB    NOT NULL CHECK (length(root) = 32),
    note       TEXT    NOT NULL,
    checked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the registry says that the log of a year has ended.
CREATE TABLE log_ends (
    origin TEXT    PRIMARY KEY,
    size   INTEGER NOT NULL,
    root   BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT, WITHOUT ROWID;

-- Heads that do not belong to one log. While one is not accepted by the operator, nobody signs in.
CREATE TABLE log_breaks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    found_at    INTEGER NOT NULL,
    origin      TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('smaller', 'forked', 'entries', 'tiles', 'grown', 'genesis')),
    earlier     TEXT    NOT NULL,
    later       TEXT    NOT NULL,
    accepted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX log_breaks_once ON log_breaks (earlier, later);

-- One row: when the log was first and last looked at, when it last held, and what kept it from being checked. `missing` counts tokens
-- that the provider has numbered for members and that did not come here.
CREATE TABLE log_state (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    began_at INTEGER,
    tried_at INTEGER,
    held_at  INTEGER,
    trouble  TEXT,
    missing  INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO log_state (one) VALUES (1);

-- The key in whose name a member's leaves stand, and the number of the last one: as hashes, for the key finds every
-- sign-in of the member in the public log, and the number would lead to the provider's row.
CREATE TABLE owners (
    member INTEGER PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    key    BLOB    NOT NULL,
    last   BLOB    NOT NULL
) STRICT;
