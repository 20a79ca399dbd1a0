-- The public logs: see specs/log.md. What is in these tables is published as it stands, but for two columns by which a leaf is
-- found: the hash of a token and the tag of an owner, which stand in the leaf as well. No time stands beside a leaf.

-- The newest tree of each log, with its signed checkpoint. A frozen log takes no more leaves.
CREATE TABLE log_heads (
    log TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL,
    checkpoint TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    frozen_at INTEGER
) STRICT;

-- The leaves, counted from zero in each log. A token is logged once, and every leaf of an owner has a tag of its own.
CREATE TABLE log_entries (
    log TEXT NOT NULL,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    leaf BLOB NOT NULL,
    token BLOB,
    owner BLOB,
    PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX log_entries_token ON log_entries (token) WHERE token IS NOT NULL;
CREATE UNIQUE INDEX log_entries_owner ON log_entries (owner) WHERE owner IS NOT NULL;

-- The tiles that are full: 256 hashes each, and the one that stands for them a level above.
CREATE TABLE log_tiles (
    log TEXT NOT NULL,
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    root BLOB NOT NULL,
    PRIMARY KEY (log, level, idx)
) STRICT, WITHOUT ROWID;
