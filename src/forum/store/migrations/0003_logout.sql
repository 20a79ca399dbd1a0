-- The provider tells when a session there has ended (OpenID Connect Back-Channel Logout 1.0): it names it by its `sid`, of
-- which the hash is kept. A token that told so once is remembered, as a hash too, for as long as it could be told again.

ALTER TABLE sessions ADD COLUMN sid BLOB;
CREATE INDEX sessions_sid ON sessions (sid);

CREATE TABLE logout_tokens (
    jti     BLOB    PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX logout_tokens_ends_at ON logout_tokens (ends_at);
