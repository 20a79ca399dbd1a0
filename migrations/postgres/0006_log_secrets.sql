-- The secret from which the tags and salts of a person's leaves in the public logs are made, and how many tags were used: see
-- specs/log.md, "Owners". Without the row nobody finds the person's leaves or opens what they commit to; the logs stay what they are.
CREATE TABLE log_secrets (
    person_id BYTEA NOT NULL PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    leaves BIGINT NOT NULL
);

-- How many tokens were logged under a pseudonym.
ALTER TABLE pseudonyms ADD COLUMN leaves BIGINT NOT NULL DEFAULT 0;
