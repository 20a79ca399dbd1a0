-- The keys with which offices sign their enrolments: see specs/proofing.md, "Who signs". Only public keys are here.

-- A key is of one office. It counts from its accreditation to its withdrawal, and comes back never.
CREATE TABLE registrar_keys (
    id BYTEA NOT NULL PRIMARY KEY,
    registrar_id BYTEA NOT NULL REFERENCES registrars (id),
    public BYTEA NOT NULL,
    created_on BIGINT NOT NULL,
    accredited_at BIGINT,
    withdrawn_at BIGINT
);
CREATE INDEX registrar_keys_registrar ON registrar_keys (registrar_id);
