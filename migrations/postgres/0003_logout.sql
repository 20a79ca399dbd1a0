-- Logout tokens that wait for their forum (OpenID Connect Back-Channel Logout §2.5). Which forum, which pseudonym and which
-- session is sealed: in clear is that something is to be told, how often that was tried, and when it is tried next. The row
-- leads to nobody, and is gone when the forum has answered. See specs/logout.md.

CREATE TABLE logout_deliveries (
    id BYTEA NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
CREATE INDEX logout_deliveries_due ON logout_deliveries (due_at);
