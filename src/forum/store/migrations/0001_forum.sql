-- What a forum keeps. No address of a computer, no e-mail, no token. Times are milliseconds since 1970 (UTC), rounded down,
-- because an exact time joins two forums' databases: those of a member's visits (members, sessions) to the day; those of
-- what everybody reads (messages) and of what moderators answer for to the minute, which the pages show and by which
-- messages are counted; a sign-in under way, which names nobody, to the minute, for half an hour.

CREATE TABLE members (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    sub                   TEXT    NOT NULL UNIQUE,
    name                  TEXT    NOT NULL,
    name_assurance        TEXT,
    name_audience         TEXT    NOT NULL CHECK (name_audience IN ('members', 'public')),
    indexable             INTEGER NOT NULL,
    age_bracket           TEXT,
    age_over_18           INTEGER,
    residence             TEXT,
    residence_label       TEXT,
    sex                   TEXT,
    roles                 TEXT    NOT NULL,
    claim_groups          TEXT    NOT NULL,
    heteronyms_per_person INTEGER,
    claims_as_of          INTEGER,
    joined_on             INTEGER NOT NULL,
    signed_in_on          INTEGER NOT NULL,
    moderator_since       INTEGER
) STRICT;

CREATE TABLE sessions (
    hash     BLOB    PRIMARY KEY,
    member   INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    seen_at  INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_member ON sessions (member);

-- A sign-in that has left for the provider and not come back: one row each, taken away by its first answer.
CREATE TABLE sign_ins (
    state    BLOB    PRIMARY KEY,
    browser  BLOB    NOT NULL,
    nonce    TEXT    NOT NULL,
    verifier TEXT    NOT NULL,
    goal     TEXT    NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_ends_at ON sign_ins (ends_at);

CREATE TABLE topics (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    board      TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    author     INTEGER REFERENCES members (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    closed_at  INTEGER,
    hidden_at  INTEGER
) STRICT;
CREATE INDEX topics_board ON topics (board, last_at);
CREATE INDEX topics_author ON topics (author);

CREATE TABLE posts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    topic      INTEGER NOT NULL REFERENCES topics (id),
    author     INTEGER REFERENCES members (id) ON DELETE SET NULL,
    body       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    edited_at  INTEGER,
    hidden_at  INTEGER
) STRICT;
CREATE INDEX posts_topic ON posts (topic, id);
CREATE INDEX posts_author ON posts (author, created_at);

CREATE TABLE polls (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    topic     INTEGER NOT NULL UNIQUE REFERENCES topics (id),
    question  TEXT    NOT NULL,
    rule      TEXT    NOT NULL,
    closes_at INTEGER
) STRICT;

CREATE TABLE poll_options (
    poll     INTEGER NOT NULL REFERENCES polls (id),
    position INTEGER NOT NULL,
    label    TEXT    NOT NULL,
    votes    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (poll, position)
) STRICT, WITHOUT ROWID;

-- Who has voted, apart from what: `voice` is a hash of the poll and the `sub`, so the same person cannot vote again after
-- leaving and coming back, and the row does not name a member who has left. The order of the rows is that of the hashes.
CREATE TABLE voices (
    poll  INTEGER NOT NULL REFERENCES polls (id),
    voice BLOB    NOT NULL,
    PRIMARY KEY (poll, voice)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    post       INTEGER NOT NULL REFERENCES posts (id),
    reporter   INTEGER REFERENCES members (id) ON DELETE SET NULL,
    reason     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX reports_open ON reports (settled_at, at);
CREATE UNIQUE INDEX reports_once ON reports (post, reporter);

-- `subject` is a hash of the `sub`: it holds a banned person who leaves and comes back, and names nobody.
CREATE TABLE sanctions (
    subject BLOB    PRIMARY KEY,
    kind    TEXT    NOT NULL CHECK (kind IN ('mute', 'ban')),
    until   INTEGER,
    reason  TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    actor  INTEGER REFERENCES members (id) ON DELETE SET NULL,
    action TEXT    NOT NULL,
    target TEXT    NOT NULL,
    reason TEXT    NOT NULL
) STRICT;
