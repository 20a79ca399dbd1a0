-- What the leaves of the public logs are made with: see specs/log.md, "Owners".

-- The secret from which the tags and salts of a person's leaves are made, how many tags were used, and which of them is that of
-- the enrolment that counts. Without the row nobody finds the person's leaves or opens what they commit to; the logs stay.
CREATE TABLE log_secrets (
    person_id BYTEA NOT NULL PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    leaves BIGINT NOT NULL,
    enrolment BIGINT NOT NULL
);

-- How many tokens were logged under a pseudonym.
ALTER TABLE pseudonyms ADD COLUMN leaves BIGINT NOT NULL DEFAULT 0;

-- What the registry says of an institution, a key or a rule at present: the SHA-256 of its last leaf, but for the hour.
CREATE TABLE log_subjects (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    said BYTEA NOT NULL
);
